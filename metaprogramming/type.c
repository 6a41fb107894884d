/* type.c: how a class is made and dropped.
 *
 * A class statement ends in type_new(): it copies the namespace, fills a fresh Type and readies it,
 * and then calls out: to __set_name__ of each attribute, to __init_subclass__ of the next class above.
 * The invariant: whatever is called out to sees a class that is whole. So all that could be half done
 * comes before, and what these hooks do to the class is kept, even if one of them fails and somebody
 * has got hold of the class meanwhile.
 *
 * CPython: Objects/typeobject.c, type_new(), type_new_impl(), type_ready().
 */
#include "type.h"

void (*class_watcher)(const ClassStep *step);

/* ---- Subclasses -------------------------------------------------------------------------------*/

/* Enters a class at the end of a base's list: 0, or -1 with MemoryError. CPython: add_subclass(),
 * where it is a dict of weak references. */
static int add_subclass(Type *base, Type *type) {
    size_t n = (size_t)base->nsubclasses;
    if ((n & (n - 1)) == 0) { // full at each power of two
        Type **grown = realloc(base->subclasses, (n ? n * 2 : 1) * sizeof *grown);
        if (!grown) {
            error_no_memory();
            return -1;
        }
        base->subclasses = grown;
    }
    base->subclasses[base->nsubclasses++] = type;
    return 0;
}

/* From the end it is soon found, as what was made last dies first. */
static void remove_subclass(Type *base, const Type *type) {
    ssize_t i = base->nsubclasses - 1;
    while (i >= 0 && base->subclasses[i] != type)
        i--;
    if (i < 0) return;
    base->nsubclasses--;
    memmove(&base->subclasses[i], &base->subclasses[i + 1],
            (size_t)(base->nsubclasses - i) * sizeof(Type *));
    if (base->nsubclasses == 0) {
        free(base->subclasses);
        base->subclasses = NULL;
    }
}

/* What fails half way is undone when the type dies. */
static int add_all_subclasses(Type *type, const Tuple *bases) {
    for (ssize_t i = 0; i < bases->size; i++) {
        if (add_subclass((Type *)bases->items[i], type) < 0) return -1;
    }
    return 0;
}

Object *type_subclasses(const Type *type) {
    return OBJECT(tuple_from_array((Object **)type->subclasses, type->nsubclasses));
}

/* ---- Ready ------------------------------------------------------------------------------------*/

/* The order matters: the MRO needs the bases, inheriting needs the MRO; the bases learn of the type
 * last, when nothing can fail any more. */
int type_ready(Type *type) {
    if (type->flags & READY) return 0;
    if (!type->base && type != &Object_Type) type->base = &Object_Type;
    if (type->base && type_ready(type->base) < 0) return -1;
    if (!type->dict && !(type->dict = dict_new())) return -1;
    if (!type->bases && !(type->bases = (Tuple *)tuple_pack(type->base ? 1 : 0, type->base)))
        return -1;
    if (!type->mro && !(type->mro = type_mro(type, type->bases))) return -1;
    if (add_operators(type) < 0) return -1;
    for (ssize_t i = 1; i < type->mro->size; i++)
        inherit_slots(type, (Type *)type->mro->items[i]);
    Type *base = type->base;
    if (base) {
        /* A static type directly below object has its own way to be made, or none: object's would
         * leave its fields empty. CPython: type_ready_set_new(). */
        if (!type->new && (base != &Object_Type || type->flags & HEAPTYPE)) type->new = base->new;
        if (!type->basicsize) type->basicsize = base->basicsize;
        type->flags |= base->flags & (MANAGED_DICT | TYPE_SUBCLASS);
    }
    if (add_all_subclasses(type, type->bases) < 0) return -1;
    type->flags |= READY;
    return 0;
}

/* ---- type.__new__(metatype, name, bases, dict) ------------------------------------------------*/

/* What type_new() knows so far of the class that it makes. CPython: type_new_ctx. */
typedef struct {
    Type *metatype;
    Object *const *args;
    const Tuple *kwnames; // and nargs is 3
    Str *name;            // interned
    Tuple *bases;         // as given, or with object in place of none
    Type *base;           // by type_best_base()
    Dict *dict;           // the copy: the class's own
    Tuple *slots;         // of __slots__, sorted, or NULL
    bool add_dict;
} TypeNew;

static const char WHO[] = "type.__new__";

/* The metaclass is computed a second time, as whoever called may have passed anything. If another
 * wins that has a __new__ of its own, that one makes the class: *type. 1 then, else 0, or -1. */
static int type_new_get_bases(TypeNew *ctx, Object **type) {
    if (ctx->bases->size == 0) {
        ctx->base = &Object_Type;
        ctx->bases = (Tuple *)tuple_pack(1, &Object_Type);
        return ctx->bases ? 0 : -1;
    }
    bool all_types = true;
    for (ssize_t i = 0; all_types && i < ctx->bases->size; i++) {
        Object *base = ctx->bases->items[i], *method;
        if (type_check(base)) continue;
        int found = object_lookup_attr(base, id.mro_entries, &method);
        xdecref(method);
        if (found > 0)
            error_set(TypeError, "type() doesn't support MRO entry resolution; use "
                                 "types.new_class()");
        if (found != 0) all_types = false;
    }
    incref(ctx->bases);
    if (!all_types) return -1;

    Type *winner = type_calculate_metaclass(ctx->metatype, ctx->bases);
    if (!winner) return -1;
    class_watch(CLASS_DOES, WHO, "metaclass", OBJECT(ctx->metatype), OBJECT(winner));
    if (winner != ctx->metatype && winner->new != type_new) {
        *type = winner->new (winner, ctx->args, 3, ctx->kwnames);
        return *type ? 1 : -1;
    }
    ctx->metatype = winner;
    ctx->base = type_best_base(ctx->bases);
    return ctx->base ? 0 : -1;
}

/* CPython: valid_identifier(). Simplified: ASCII. */
static bool valid_identifier(const Str *name) {
    const char *c = name->text;
    bool valid = *c && !(*c >= '0' && *c <= '9');
    for (; *c; c++) {
        bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || *c == '_';
        valid &= letter || (*c >= '0' && *c <= '9') || (unsigned char)*c >= 0x80;
    }
    return valid;
}

/* Puts one name of __slots__ into its place of ctx->slots, of which `n` are filled; how many are then,
 * or -1. Simplified: no name mangling; "__weakref__" means nothing here. */
static ssize_t add_slot(TypeNew *ctx, ssize_t n, Object *slot, bool may_add_dict) {
    if (!str_check(slot)) {
        return error_set(TypeError, "__slots__ items must be strings, not '%.200s'",
                         slot->type->name);
    }
    Str *name = str_interned((Str *)slot);
    if (!name) return -1;
    if (!valid_identifier(name)) return error_set(TypeError, "__slots__ must be identifiers");
    if (strcmp(name->text, "__dict__") == 0) {
        if (!may_add_dict || ctx->add_dict)
            return error_set(TypeError, "__dict__ slot disallowed: we already got one");
        ctx->add_dict = true;
        return n;
    }
    if (dict_get_item(ctx->dict, name)) {
        return error_set(ValueError, "'%s' in __slots__ conflicts with class variable", name->text);
    }
    ssize_t at = n;
    for (; at > 0 && strcmp(((Str *)ctx->slots->items[at - 1])->text, name->text) > 0; at--)
        ctx->slots->items[at] = ctx->slots->items[at - 1];
    ctx->slots->items[at] = new_ref(name);
    return n + 1;
}

/* A base that is not the one whose layout is extended may still give attributes of their own.
 * CPython: type_new_slots_bases(). */
static bool other_base_has_dict(const TypeNew *ctx) {
    bool has = false;
    for (ssize_t i = 0; i < ctx->bases->size; i++) {
        const Type *base = (Type *)ctx->bases->items[i];
        has |= base != ctx->base && base->flags & MANAGED_DICT;
    }
    return has;
}

/* What instances get besides what the base's have: fields by __slots__, or attributes of their own.
 * CPython: type_new_slots(). */
static int type_new_slots(TypeNew *ctx) {
    Object *slots = dict_get_item(ctx->dict, id.slots);
    bool may_add_dict = !(ctx->base->flags & (MANAGED_DICT | TYPE_SUBCLASS));
    if (!slots) {
        ctx->add_dict = may_add_dict;
        return 0;
    }
    Tuple *names = (Tuple *)(str_check(slots) ? tuple_pack(1, slots) : new_ref(slots));
    if (!names) return -1;
    ssize_t n = 0;
    if (names->ob.type != &Tuple_Type)
        n = error_set(TypeError, "'%.200s' object is not iterable", slots->type->name);
    else if (names->size > 0 && ctx->base->flags & TYPE_SUBCLASS)
        n = error_set(TypeError, "nonempty __slots__ not supported for subtype of '%s'",
                      ctx->base->name);
    else if (!(ctx->slots = tuple_new(names->size)))
        n = -1;
    for (ssize_t i = 0; n >= 0 && i < names->size; i++)
        n = add_slot(ctx, n, names->items[i], may_add_dict);
    if (n >= 0) ctx->slots->size = n; // without "__dict__"
    if (may_add_dict && other_base_has_dict(ctx)) ctx->add_dict = true;
    decref(names);
    return n < 0 ? -1 : 0;
}

/* Steals value, which may be NULL. */
static int type_add_name(Type *type, Str *name, Object *value) {
    type_modified(type); // what it had there may be in the method cache, and dies now
    int status = value ? dict_set_item(type->dict, name, value) : -1;
    xdecref(value);
    return status;
}

int type_add(Type *type, const char *name, Object *value) {
    Str *interned = value ? str_intern(name) : NULL;
    if (interned) return type_add_name(type, interned, value);
    xdecref(value);
    return -1;
}

static Object *subtype_dict(Object *self) {
    Dict *dict = object_get_dict(self);
    return dict ? new_ref(dict) : NULL;
}

/* A plain function of that name becomes what `wrap` makes of it: it is called with a class, and not
 * with an instance. CPython: type_new_staticmethod(), type_new_classmethod(). */
static int wrap_function(Type *type, Str *name, Object *(*wrap)(Object *)) {
    Object *func = dict_get_item(type->dict, name);
    if (!func || func->type != &Function_Type) return 0;
    return type_add_name(type, name, wrap(func));
}

/* __qualname__ is the class's own business, and leaves its dict. Simplified: __module__ is what the
 * body says, or "__main__"; no __doc__. CPython: type_new_set_ht_name(), type_new_set_module(). */
static int type_new_set_ht_name(Type *type) {
    if (!dict_get_item(type->dict, id.module) &&
        type_add_name(type, id.module, new_ref(id.main)) < 0)
        return -1;
    type->ht_qualname = type->ht_name;
    Object *qualname = dict_get_item(type->dict, id.qualname);
    if (!qualname) return 0;
    if (!str_check(qualname)) {
        return error_set(TypeError, "type __qualname__ must be a str, not %s",
                         qualname->type->name);
    }
    type->ht_qualname = str_interned((Str *)qualname);
    return type->ht_qualname ? dict_del_item(type->dict, id.qualname) : -1;
}

/* The cell from which methods know the class that they are written in: filled, and out of the dict.
 * Who makes a namespace of his own and does not pass it on breaks super(). */
static int type_new_set_classcell(Type *type) {
    Object *cell = dict_get_item(type->dict, id.classcell);
    if (!cell) return 0;
    if (cell->type != &Cell_Type) {
        Object *repr = object_repr(OBJECT(cell->type));
        if (repr)
            error_set(TypeError, "__classcell__ must be a nonlocal cell, not %.200s",
                      str_text(repr));
        xdecref(repr);
        return -1;
    }
    class_watch(CLASS_DOES, WHO, "__classcell__", cell, OBJECT(type));
    Object *old = ((Cell *)cell)->ref;
    ((Cell *)cell)->ref = new_ref(type);
    xdecref(old);
    return dict_del_item(type->dict, id.classcell);
}

/* What the class gets besides what it was given. CPython: type_new_set_attrs(),
 * type_new_descriptors(). */
static int type_new_set_attrs(const TypeNew *ctx, Type *type) {
    if (type_new_set_ht_name(type) < 0 || wrap_function(type, id.new, staticmethod_new) < 0 ||
        wrap_function(type, id.init_subclass, classmethod_new) < 0 ||
        wrap_function(type, id.class_getitem, classmethod_new) < 0)
        return -1;
    for (ssize_t i = 0; type->ht_slots && i < type->ht_slots->size; i++) {
        Str *name = (Str *)type->ht_slots->items[i];
        ssize_t offset = ctx->base->basicsize + i * (ssize_t)sizeof(Object *);
        if (type_add_name(type, name, member_new(type, name, offset)) < 0) return -1;
    }
    if (ctx->add_dict && !dict_get_item(type->dict, id.dict) &&
        type_add_name(type, id.dict, getset_new(type, "__dict__", subtype_dict, NULL)) < 0)
        return -1;
    return type_new_set_classcell(type);
}

/* Tells each attribute that wants to know under which name it stands in which class. From a copy, as
 * what is called may change the class. An error in it is wrapped up to 3.11. */
static int type_new_set_names(Type *type) {
    Dict *names = dict_copy(type->dict);
    int status = names ? 0 : -1;
    ssize_t pos = 0;
    Str *name;
    Object *value;
    while (status == 0 && dict_next(names, &pos, &name, &value)) {
        Object *method = object_lookup_special(value, id.set_name);
        if (!method) {
            if (error_occurred()) status = -1;
            continue;
        }
        class_watch(CLASS_CALLS, WHO, "__set_name__", value, OBJECT(name));
        Object *result = object_call(method, (Object *[]){OBJECT(type), OBJECT(name)}, 2, NULL);
        class_watch_result(WHO, "__set_name__", value, result);
        if (!result) {
            status = error_set(RuntimeError,
                               "Error calling __set_name__ on '%.100s' instance '%s' in '%.100s'",
                               value->type->name, name->text, type->name);
        }
        xdecref(result);
        decref(method);
    }
    xdecref(names);
    return status;
}

/* super(type, type).__init_subclass__(**keywords): what is above, not the class itself. */
static int type_new_init_subclass(Type *type, const TypeNew *ctx) {
    Object *super = super_new(type, OBJECT(type));
    Object *func = super ? object_getattr(super, id.init_subclass) : NULL;
    xdecref(super);
    if (!func) return -1;
    class_watch(CLASS_CALLS, WHO, "__init_subclass__", OBJECT(type), NULL);
    Object *result = object_call(func, ctx->args + 3, 0, ctx->kwnames);
    class_watch_result(WHO, "__init_subclass__", OBJECT(type), result);
    decref(func);
    xdecref(result);
    return result ? 0 : -1;
}

/* The references to a class that come from itself: its mro, its slots, its __dict__. */
static ssize_t own_references(const Type *type) {
    ssize_t count = type->mro ? 1 : 0, pos = 0;
    Str *name;
    Object *value;
    while (dict_next(type->dict, &pos, &name, &value)) {
        count += value->type == &Member_Type && ((Member *)value)->type == type;
        count += value->type == &GetSet_Type && ((GetSet *)value)->type == type;
    }
    return count;
}

/* The fields of a fresh type, from which on it can be dropped. CPython: type_new_init(). */
static Type *type_new_init(TypeNew *ctx) {
    Type *type = (Type *)type_generic_alloc(ctx->metatype);
    if (!type) return NULL;
    type->flags = HEAPTYPE | BASETYPE | (ctx->add_dict ? MANAGED_DICT : 0);
    type->ht_name = ctx->name;
    type->name = ctx->name->text;
    type->bases = (Tuple *)new_ref(ctx->bases);
    type->base = (Type *)new_ref(ctx->base);
    type->dict = ctx->dict; // taken over
    ctx->dict = NULL;
    type->ht_slots = ctx->slots;
    ctx->slots = NULL;
    type->basicsize = ctx->base->basicsize;
    if (type->ht_slots) type->basicsize += type->ht_slots->size * (ssize_t)sizeof(Object *);
    type->dealloc = subtype_dealloc;
    return type;
}

static Type *type_new_impl(TypeNew *ctx) {
    Type *type = type_new_init(ctx);
    if (!type) return NULL;
    if (type_new_set_attrs(ctx, type) == 0 && type_ready(type) == 0) {
        fixup_slot_dispatchers(type);
        class_watch(CLASS_DOES, WHO, "class", OBJECT(type), NULL);
        if (type_new_set_names(type) == 0 && type_new_init_subclass(type, ctx) == 0) return type;
    }
    Error error = error_fetch();
    bool unknown = !(type->flags & READY) || type->ob.refcnt == 1 + own_references(type);
    if (unknown) type_clear(type);
    decref(type);
    error_restore(error);
    return NULL;
}

/* CPython: type_new(), PyArg_ParseTuple() with "UO!O!:type.__new__". */
static int type_new_parse(TypeNew *ctx, ssize_t nargs) {
    static const char *const wanted[] = {"str", "tuple", "dict"};
    const Type *const types[] = {&Str_Type, &Tuple_Type, &Dict_Type};
    if (nargs != 3)
        return error_set(TypeError, "type.__new__() takes exactly 3 arguments (%zd given)", nargs);
    for (int i = 0; i < 3; i++) {
        if (type_is_subtype(ctx->args[i]->type, types[i])) continue;
        return error_set(TypeError, "type.__new__() argument %d must be %s, not %.50s", i + 1,
                         wanted[i], ctx->args[i] == None ? "None" : ctx->args[i]->type->name);
    }
    ctx->name = str_interned((Str *)ctx->args[0]);
    ctx->bases = (Tuple *)ctx->args[1];
    return ctx->name ? 0 : -1;
}

Object *type_new(Type *metatype, Object *const *args, ssize_t nargs, const Tuple *kwnames) {
    TypeNew ctx = {.metatype = metatype, .args = args, .kwnames = kwnames};
    if (type_new_parse(&ctx, nargs) < 0) return NULL;
    Object *type = NULL;
    if (type_new_get_bases(&ctx, &type) == 0 && (ctx.dict = dict_copy((Dict *)args[2]))) {
        class_watch(CLASS_DOES, WHO, "copy", args[2], OBJECT(ctx.dict));
        if (type_new_slots(&ctx) == 0) type = OBJECT(type_new_impl(&ctx));
    }
    xdecref(ctx.bases);
    xdecref(ctx.dict);
    xdecref(ctx.slots);
    return type;
}

/* ---- The end of a class -----------------------------------------------------------------------*/

void type_clear(Type *type) {
    type_modified(type);
    clear_ref(type->mro);
    if (type->dict) dict_clear(type->dict);
}

static void remove_all_subclasses(const Type *type, const Tuple *bases) {
    for (ssize_t i = 0; i < bases->size; i++)
        if (type_check(bases->items[i])) remove_subclass((Type *)bases->items[i], type);
}

void type_dealloc(Object *op) {
    Type *type = (Type *)op;
    Error error = error_fetch();
    type_modified(type);
    if (type->bases) remove_all_subclasses(type, type->bases);
    xdecref(type->base);
    xdecref(type->dict);
    xdecref(type->bases);
    xdecref(type->mro);
    xdecref(type->ht_slots);
    keys_decref(type->cached_keys);
    free(type->subclasses);
    object_free(op);
    error_restore(error);
}

/* From the last, as each takes itself out of the list when it dies. */
static void clear_below(Type *type) {
    for (ssize_t i = type->nsubclasses; i-- > 0;) {
        if (i >= type->nsubclasses) continue;
        Type *subclass = (Type *)new_ref(type->subclasses[i]);
        clear_below(subclass);
        if (subclass->flags & HEAPTYPE) type_clear(subclass);
        decref(subclass);
    }
}

void types_clear(void) {
    clear_below(&Object_Type);
}
