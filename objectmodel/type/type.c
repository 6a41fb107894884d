/* type.c: how a class is made and dropped, and the knot of `type` and `object`.
 *
 * The knot: type is an instance of itself and derived from object; object is an instance of type.
 * Neither can be made first, so both are static structs that point at each other, and type_ready()
 * ties the rest. A class statement ends here too: type_new() fills a fresh Type and readies it.
 *
 * What decides whether classes may be combined is memory, not meaning: an instance must begin as an
 * instance of each base does. solid_base() is the class that last added fields; of all bases' solid
 * ones, one must extend all others.
 *
 * CPython: Objects/typeobject.c, type_new(), type_ready(), best_base(), subtype_dealloc().
 */
#include "type.h"

#include "../pool.h"

enum { UNWIND_LEVEL = 50 }; // CPython: Objects/object.c, _PyTrash_UNWIND_LEVEL

/* ---- Instances --------------------------------------------------------------------------------*/

Object *type_generic_alloc(Type *type, ssize_t nitems) {
    size_t size = (size_t)type_var_size(type, type->itemsize ? nitems + 1 : 0); // and a sentinel
    Object *self = pool_alloc(size);
    if (!self) return NULL;
    self->refcnt = 1;
    self->type = type;
    if (type->itemsize) ((Tuple *)self)->size = nitems;
    if (type->flags & HEAPTYPE) incref(type);
    return self;
}

/* Two names for one function: CPython's collector has a head before its objects, so what frees them
 * differs, and that forbids assignments to __class__ and __bases__. */
void object_del(void *memory) {
    const Type *type = ((Object *)memory)->type;
    ssize_t nitems = type->itemsize ? ((Tuple *)memory)->size + 1 : 0;
    pool_free(memory, (size_t)type_var_size(type, nitems));
}
void object_gc_del(void *memory) {
    object_del(memory);
}

/* The fields that __slots__ made, of a class and of all its bases that a class statement made. */
static void clear_slots(Type *type, Object *self) {
    ssize_t nslots = type->ht_slots ? type->ht_slots->size : 0;
    Object **slots = (Object **)(void *)((char *)self + type->base->basicsize);
    for (ssize_t i = 0; i < nslots; i++)
        clear_ref(slots[i]);
}

static void subtype_dealloc(Object *self);

static void subtype_dealloc_now(Object *self) {
    Type *type = self->type, *base = type;
    for (; base->dealloc == subtype_dealloc; base = base->base)
        clear_slots(base, self);
    if (type->layout && !base->dictoffset) type->layout->clear(self);
    base->dealloc(self);
    decref(type); // last: it was needed to free its instance
}

/* A chain of instances, tuples and dicts, a million long, would free itself by a million nested
 * calls. Below UNWIND_LEVEL the dying object is put on a pile instead (its refcnt, no longer needed,
 * is the link), and the outermost call frees the pile in a loop. CPython calls this the trashcan.
 * CPython: subtype_dealloc(); Objects/object.c, _PyTrash_begin(). */
static int dealloc_depth;
static Object *dealloc_pile;

static void free_pile(void) {
    dealloc_depth = 1;
    while (dealloc_pile) {
        Object *next = dealloc_pile;
        dealloc_pile = (Object *)(intptr_t)next->refcnt;
        next->refcnt = 0;
        next->type->dealloc(next);
    }
    dealloc_depth = 0;
}

void dealloc_nested(Object *self, void (*dealloc_now)(Object *)) {
    if (dealloc_depth >= UNWIND_LEVEL) {
        self->refcnt = (ssize_t)(intptr_t)dealloc_pile;
        dealloc_pile = self;
        return;
    }
    dealloc_depth++;
    dealloc_now(self);
    if (--dealloc_depth == 0 && dealloc_pile) free_pile();
}

static void subtype_dealloc(Object *self) {
    dealloc_nested(self, subtype_dealloc_now);
}

/* ---- Which base, which metaclass --------------------------------------------------------------*/

static bool is_subtype_by_base(const Type *a, const Type *b) {
    for (; a; a = a->base) {
        if (a == b) return true;
    }
    return b == &Object_Type;
}

bool type_is_subtype(const Type *a, const Type *b) {
    if (a == b) return true;
    if (!a->mro) return is_subtype_by_base(a, b); // not yet made, or cleared
    for (ssize_t i = 0; i < a->mro->size; i++) {
        if ((Type *)a->mro->items[i] == b) return true;
    }
    return false;
}

Type *type_calculate_metaclass(Type *metatype, const Tuple *bases) {
    Type *winner = metatype;
    for (ssize_t i = 0; i < bases->size; i++) {
        Type *candidate = bases->items[i]->type;
        if (type_is_subtype(winner, candidate)) continue;
        if (!type_is_subtype(candidate, winner)) {
            error_set(TypeError, "metaclass conflict: the metaclass of a derived class must be a "
                                 "(non-strict) subclass of the metaclasses of all its bases");
            return NULL;
        }
        winner = candidate;
    }
    return winner;
}

/* Whether `type` has fields that its base has not; a dict or list of weak references that a class
 * statement added at the end does not count. */
static bool extra_ivars(const Type *type, const Type *base) {
    ssize_t size = type->basicsize;
    if (type->itemsize || base->itemsize)
        return size != base->basicsize || type->itemsize != base->itemsize;
    const ssize_t pointer = sizeof(void *);
    bool heap = type->flags & HEAPTYPE;
    for (int twice = 0; twice < 2; twice++) { // they may stand in either order
        if (heap && type->weaklistoffset && !base->weaklistoffset &&
            type->weaklistoffset + pointer == size)
            size -= pointer;
        if (heap && type->dictoffset && !base->dictoffset && type->dictoffset + pointer == size)
            size -= pointer;
    }
    return size != base->basicsize;
}

static const Type *solid_base(const Type *type) {
    const Type *base = type->base ? solid_base(type->base) : &Object_Type;
    return extra_ivars(type, base) ? type : base;
}

Type *type_best_base(const Tuple *bases) {
    Type *base = NULL;
    const Type *winner = NULL;
    for (ssize_t i = 0; i < bases->size; i++) {
        if (!type_check(bases->items[i])) {
            error_set(TypeError, "bases must be types");
            return NULL;
        }
        Type *candidate = (Type *)bases->items[i];
        if (!(candidate->flags & BASETYPE)) {
            error_set(TypeError, "type '%.100s' is not an acceptable base type", candidate->name);
            return NULL;
        }
        const Type *solid = solid_base(candidate);
        if (winner && type_is_subtype(winner, solid)) continue;
        if (winner && !type_is_subtype(solid, winner)) {
            error_set(TypeError, "multiple bases have instance lay-out conflict");
            return NULL;
        }
        winner = solid;
        base = candidate;
    }
    return base;
}

/* ---- Subclasses, known by weak references ----------------------------------------------------*/

/* Simplified: an array in order of creation; CPython's is a dict by address, so that a class leaves
 * it at once. */
int type_add_subclass(Type *base, Type *type) {
    WeakRef *ref = weakref_new(type);
    if (!ref) return -1;
    size_t n = (size_t)base->nsubclasses;
    if ((n & (n - 1)) == 0) { // full at each power of two
        WeakRef **grown = realloc(base->subclasses, (n ? n * 2 : 1) * sizeof(WeakRef *));
        if (!grown) {
            decref(ref);
            error_no_memory();
            return -1;
        }
        base->subclasses = grown;
    }
    base->subclasses[base->nsubclasses++] = ref;
    return 0;
}

/* From the end it is soon found, as what was made last dies first. */
void type_remove_subclass(Type *base, const Type *type, bool first) {
    ssize_t n = base->nsubclasses, i = first ? 0 : n - 1, step = first ? 1 : -1;
    while (i >= 0 && i < n && base->subclasses[i]->referent != type)
        i += step;
    if (i < 0 || i == n) return;
    decref(base->subclasses[i]);
    base->nsubclasses--;
    memmove(&base->subclasses[i], &base->subclasses[i + 1],
            (size_t)(base->nsubclasses - i) * sizeof(WeakRef *));
    if (base->nsubclasses == 0) {
        free(base->subclasses);
        base->subclasses = NULL;
    }
}

static void remove_all_subclasses(const Type *type, const Tuple *bases) {
    for (ssize_t i = 0; i < bases->size; i++)
        type_remove_subclass((Type *)bases->items[i], type, false);
}

/* What fails half way is undone when the type dies. */
static int add_all_subclasses(Type *type, const Tuple *bases) {
    for (ssize_t i = 0; i < bases->size; i++) {
        if (type_add_subclass((Type *)bases->items[i], type) < 0) return -1;
    }
    return 0;
}

Object *type_subclasses(const Type *type) {
    Tuple *result = tuple_new(type->nsubclasses);
    for (ssize_t i = 0; result && i < type->nsubclasses; i++)
        result->items[i] = new_ref(type->subclasses[i]->referent);
    return OBJECT(result);
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
    if (!type->mro && !(type->mro = type_mro(type, type->bases, NULL, NULL))) return -1;
    if (add_operators(type) < 0) return -1;
    for (ssize_t i = 1; i < type->mro->size; i++)
        inherit_slots(type, (Type *)type->mro->items[i]);
    Type *base = type->base;
    if (base) {
        /* A static type directly below object has its own way to be made, or none: object's would
         * leave its fields empty. CPython: type_ready_set_new(). */
        if (!type->new && (base != &Object_Type || type->flags & HEAPTYPE)) type->new = base->new;
        if (!type->basicsize) type->basicsize = base->basicsize;
        if (!type->itemsize) type->itemsize = base->itemsize;
        if (!type->dictoffset) type->dictoffset = base->dictoffset;
        if (!type->weaklistoffset) type->weaklistoffset = base->weaklistoffset;
        if (!type->layout) type->layout = base->layout;
    }
    if (add_all_subclasses(type, type->bases) < 0) return -1;
    type->flags |= READY;
    return 0;
}

/* ---- type(name, bases, dict) ------------------------------------------------------------------*/

int type_new_get_bases(TypeNew *ctx) {
    if (ctx->bases && ctx->bases->size > 0)
        incref(ctx->bases);
    else if (!(ctx->bases = (Tuple *)tuple_pack(1, &Object_Type)))
        return -1;
    ctx->metatype =
        type_calculate_metaclass(ctx->metatype ? ctx->metatype : &Type_Type, ctx->bases);
    if (ctx->metatype) ctx->base = type_best_base(ctx->bases);
    return ctx->base ? 0 : -1;
}

int type_new_no_slots(TypeNew *ctx) {
    ctx->add_dict = ctx->base->dictoffset == 0;
    ctx->add_weak = ctx->base->weaklistoffset == 0 && ctx->base->itemsize == 0;
    return 0;
}

/* Where in an instance things lie: the base's fields, the slots, the dict, the weak references.
 * CPython: type_new_descriptors(), where 3.11's dict lies before the instance. */
static void type_new_offsets(const TypeNew *ctx, Type *type) {
    const ssize_t pointer = sizeof(void *);
    const Type *base = ctx->base;
    ssize_t offset = base->basicsize + (type->ht_slots ? type->ht_slots->size : 0) * pointer;
    type->layout = base->layout;
    if (ctx->add_dict) {
        type->layout = base->itemsize || !ctx->layout ? &dict_layout : ctx->layout;
        if (base->itemsize)
            type->dictoffset = -pointer;
        else
            type->dictoffset = type->layout->inside ? offset : MANAGED_DICT;
        offset += type->layout->inside;
    }
    if (ctx->add_weak) {
        type->weaklistoffset = offset;
        offset += pointer;
    }
    type->basicsize = offset;
    type->itemsize = base->itemsize;
    bool own = type->layout && type->layout->alloc;
    type->alloc = own ? type->layout->alloc : type_generic_alloc;
    type->free = own ? type->layout->free : object_gc_del;
}

/* The dict, borrowed, or NULL with an error set. An assignment to __bases__ may have put a class with
 * a dict above one that has no place for it. */
static Dict *subtype_get_dict(Object *self) {
    if (self->type->layout) return self->type->layout->dict(self);
    error_set(AttributeError, "This object has no __dict__");
    return NULL;
}

static Object *subtype_dict(Object *self) {
    Dict *dict = subtype_get_dict(self);
    return dict ? new_ref(dict) : NULL;
}

/* Simplified: no subclass of dict. */
static int subtype_setdict(Object *self, Object *value) {
    if (value && value->type != &Dict_Type) {
        return error_set(TypeError, "__dict__ must be set to a dictionary, not a '%.200s'",
                         value->type->name);
    }
    if (!subtype_get_dict(self)) return -1; // what lies elsewhere moves into the old dict
    Dict **cell = object_dict_pointer(self);
    Object *old = OBJECT(*cell);
    *cell = value ? (Dict *)new_ref(value) : NULL;
    xdecref(old);
    return 0;
}

int type_add(Type *type, const char *name, Object *value) {
    Str *interned = value ? str_intern(name) : NULL;
    type_modified(type); // what it had there may be in the method cache, and dies now
    int status = interned ? dict_set_item(type->dict, interned, value) : -1;
    xdecref(value);
    return status;
}

/* What the class gets besides what it was given. */
static int type_new_set_attrs(const TypeNew *ctx, Type *type) {
    Str *name_new = str_intern("__new__");
    if (!name_new) return -1;
    Object *func = dict_get_item(type->dict, name_new);
    if (func && func->type == &Function_Type && // it is called with a class, not with an instance
        type_add(type, "__new__", staticmethod_new(func)) < 0)
        return -1;
    if (ctx->add_members && ctx->add_members(type) < 0) return -1;
    if (!ctx->add_dict) return 0;
    return type_add(type, "__dict__", getset_new(type, "__dict__", subtype_dict, subtype_setdict));
}

/* Tells each attribute that wants to know under which name it stands in which class. From a copy, as
 * what is called may change the class. An error in it is wrapped up to 3.11. */
static int type_new_set_names(Type *type) {
    Str *set_name = str_intern("__set_name__");
    Dict *names = set_name ? dict_copy(type->dict) : NULL;
    int status = names ? 0 : -1;
    ssize_t pos = 0;
    Str *name;
    Object *value;
    while (status == 0 && dict_next(names, &pos, &name, &value)) {
        if (!type_lookup(value->type, set_name)) continue;
        Object *result =
            object_call_method(set_name, (Object *[]){value, OBJECT(type), OBJECT(name)}, 3);
        if (!result) {
            status = error_set(RuntimeError,
                               "Error calling __set_name__ on '%.100s' instance '%s' in '%.100s'",
                               value->type->name, name->text, type->name);
        }
        xdecref(result);
    }
    xdecref(names);
    return status;
}

Type *type_new_impl(TypeNew *ctx) {
    Type *type = (Type *)ctx->metatype->alloc(ctx->metatype, 0);
    if (!type) return NULL;
    type->flags = HEAPTYPE | BASETYPE | HAVE_GC;
    type->ht_name = ctx->name;
    type->name = ctx->name->text;
    type->bases = (Tuple *)new_ref(ctx->bases);
    type->base = (Type *)new_ref(ctx->base);
    type->dict = ctx->dict; // taken over
    ctx->dict = NULL;
    type->ht_slots = ctx->slots;
    ctx->slots = NULL;
    type->dealloc = subtype_dealloc;
    type_new_offsets(ctx, type);

    if (type_new_set_attrs(ctx, type) == 0 && type_ready(type) == 0) {
        fixup_slot_dispatchers(type);
        if (type_new_set_names(type) == 0) return type;
    }
    Error error = error_fetch();
    type_clear(type);
    decref(type);
    error_restore(error);
    return NULL;
}

void type_new_finish(TypeNew *ctx) {
    xdecref(ctx->bases);
    xdecref(ctx->dict);
    xdecref(ctx->slots);
}

Type *type_new(Type *metatype, const char *name, Tuple *bases, Dict *dict) {
    TypeNew ctx = {.metatype = metatype, .bases = bases, .name = str_intern(name)};
    if (!ctx.name) return NULL;
    Type *type = NULL;
    if (type_new_get_bases(&ctx) == 0 && (ctx.dict = dict ? dict_copy(dict) : dict_new()) &&
        type_new_no_slots(&ctx) == 0)
        type = type_new_impl(&ctx);
    type_new_finish(&ctx);
    return type;
}

/* ---- The end of a class -----------------------------------------------------------------------*/

void type_clear(Type *type) {
    type_modified(type);
    clear_ref(type->mro);
    if (type->dict) dict_clear(type->dict);
}

void type_dealloc(Object *op) {
    Type *type = (Type *)op;
    Error error = error_fetch();
    type_modified(type);
    if (type->bases) remove_all_subclasses(type, type->bases);
    if (type->weaklist) type->weaklist->referent = NULL;
    xdecref(type->base);
    xdecref(type->dict);
    xdecref(type->bases);
    xdecref(type->mro);
    xdecref(type->ht_slots);
    keys_decref(type->cached_keys);
    free(type->subclasses);
    op->type->free(op);
    error_restore(error);
}

/* From the last, as each takes itself out of the list when it dies. */
static void clear_below(Type *type) {
    for (ssize_t i = type->nsubclasses; i-- > 0;) {
        if (i >= type->nsubclasses) continue;
        Type *subclass = (Type *)new_ref(type->subclasses[i]->referent);
        clear_below(subclass);
        if (subclass->flags & HEAPTYPE) type_clear(subclass);
        decref(subclass);
    }
}

void types_clear(void) {
    clear_below(&Object_Type);
}
