/* slots.c: __slots__: names that become fields of the instance.
 *
 * A class statement with `__slots__ = ('x', 'y')` makes instances two pointers longer, and puts two
 * descriptors, `x` and `y`, into the class. A descriptor knows an offset; reading the attribute is
 * reading the pointer there. Because it is a data descriptor, it is asked first, and the instance
 * needs no dict, so it gets none unless `__dict__` is among the names or a base has one.
 *
 * The invariant: the slots of one class lie side by side behind all that its base has, sorted by
 * name. So an instance of a subclass is also an instance of the base, at the same offsets; and two
 * bases can be combined only if one of them added nothing (type_best_base()).
 *
 * CPython: Objects/typeobject.c, type_new_slots() and its parts; Objects/descrobject.c,
 * member_get(); Python/structmember.c, PyMember_GetOne().
 */
#include "slots.h"

/* ---- The descriptor ---------------------------------------------------------------------------*/

/* New reference; NULL with MemoryError. CPython: PyDescr_NewMember(). */
static Object *member_new(Type *type, Str *name, ssize_t offset) {
    Member *self = (Member *)type_generic_alloc(&Member_Type, 0);
    if (!self) return NULL;
    self->type = (Type *)new_ref(type);
    self->name = name;
    self->offset = offset;
    return OBJECT(self);
}

static void member_dealloc(Object *op) {
    decref(((Member *)op)->type);
    op->type->free(op);
}

static Object *member_repr(Object *op) {
    return str_from_format("<member '%s' of '%s' objects>", ((Member *)op)->name->text,
                           ((Member *)op)->type->name);
}

/* The field in obj; NULL with TypeError if obj is no instance of the class: `C.x.__get__(other)`
 * would read whatever lies at that offset. CPython: descr_check(). */
static Object **member_field(const Member *self, Object *obj) {
    if (obj->type != self->type && !object_is_instance(obj, self->type)) {
        error_set(TypeError,
                  "descriptor '%s' for '%.100s' objects doesn't apply to a '%.100s' object",
                  self->name->text, self->type->name, obj->type->name);
        return NULL;
    }
    return (Object **)(void *)((char *)obj + self->offset);
}

__attribute__((noinline)) static Object *member_get_checked(Object *op, Object *obj) {
    if (!obj) return new_ref(op);
    Object **field = member_field((Member *)op, obj);
    if (!field) return NULL;
    if (*field) return new_ref(*field);
    error_set(AttributeError, "'%.200s' object has no attribute '%s'", obj->type->name,
              ((Member *)op)->name->text);
    return NULL;
}

/* The usual case first: an instance of this very class, and the slot is set.
 * CPython: member_get(), PyMember_GetOne(). */
static Object *member_descr_get(Object *op, Object *obj, Object *type) {
    const Member *self = (Member *)op;
    (void)type;
    Object *value = NULL;
    if (obj && obj->type == self->type) value = *(Object **)(void *)((char *)obj + self->offset);
    return value ? new_ref(value) : member_get_checked(op, obj);
}

/* CPython: member_set(), PyMember_SetOne(). */
static int member_descr_set(Object *op, Object *obj, Object *value) {
    Object **field = member_field((Member *)op, obj);
    if (!field) return -1;
    Object *old = *field;
    if (!value && !old) return error_set(AttributeError, "%s", ((Member *)op)->name->text);
    *field = value ? new_ref(value) : NULL;
    xdecref(old); // last: it may, dying, run code that looks at the slot
    return 0;
}

Type Member_Type = {
    STATIC_TYPE("member_descriptor", Member),
    .flags = PLAIN_DATA,
    .repr = member_repr,
    .descr_get = member_descr_get,
    .descr_set = member_descr_set,
    .dealloc = member_dealloc,
};

int slots_init(void) {
    return type_ready(&Member_Type);
}

/* One descriptor for each slot; of a name that is there twice the first. Called when the class knows
 * its base and its slots, and before its methods become cells.
 * CPython: type_new_descriptors(), type_add_members(). */
static int add_members(Type *type) {
    for (ssize_t i = 0; type->ht_slots && i < type->ht_slots->size; i++) {
        Str *name = (Str *)type->ht_slots->items[i];
        if (dict_get_item(type->dict, name)) continue;
        ssize_t offset = type->base->basicsize + i * (ssize_t)sizeof(Object *);
        if (type_add(type, name->text, member_new(type, name, offset)) < 0) return -1;
    }
    return 0;
}

/* ---- The names --------------------------------------------------------------------------------*/

/* Simplified: any character that is not ASCII will do; CPython asks Unicode. */
static bool is_identifier(const char *text) {
    if (!*text || (*text >= '0' && *text <= '9')) return false;
    for (; *text; text++) {
        bool letter = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z');
        bool other = (*text >= '0' && *text <= '9') || *text == '_' || (unsigned char)*text >= 0x80;
        if (!letter && !other) return false;
    }
    return true;
}

/* CPython: valid_identifier(). */
static int check_name(const Object *name) {
    if (!object_is_instance(name, &Str_Type)) {
        return error_set(TypeError, "__slots__ items must be strings, not '%.200s'",
                         name->type->name);
    }
    if (is_identifier(((const Str *)name)->text)) return 0;
    return error_set(TypeError, "__slots__ must be identifiers");
}

/* What a private name becomes in a class: `__x` in Point is `_Point__x`. Borrowed, interned; NULL
 * with MemoryError. CPython: Python/compile.c, _Py_Mangle(). */
static Str *mangle(const Str *class_name, const char *text) {
    size_t length = strlen(text);
    const char *class_text = class_name->text + strspn(class_name->text, "_");
    bool is_private = strncmp(text, "__", 2) == 0 && !(strcmp(text + length - 2, "__") == 0);
    if (!is_private || !*class_text) return str_intern(text);
    Object *mangled = str_from_format("_%s%s", class_text, text);
    Str *name = mangled ? str_intern(((Str *)mangled)->text) : NULL;
    xdecref(mangled);
    return name;
}

/* Which of the two places a class may add that its base has not. CPython: may_add_dict,
 * may_add_weak of type_new_ctx. */
static bool may_add_dict(const TypeNew *ctx) {
    return ctx->base->dictoffset == 0;
}
static bool may_add_weak(const TypeNew *ctx) {
    return ctx->base->weaklistoffset == 0 && ctx->base->itemsize == 0;
}

/* Checks the names and takes note of __dict__ and __weakref__, which are places and no slots.
 * CPython: type_new_visit_slots(). */
static int visit_slots(TypeNew *ctx, const Tuple *names) {
    for (ssize_t i = 0; i < names->size; i++) {
        if (check_name(names->items[i]) < 0) return -1;
        const char *text = ((Str *)names->items[i])->text;
        if (strcmp(text, "__dict__") == 0) {
            if (!may_add_dict(ctx) || ctx->add_dict)
                return error_set(TypeError, "__dict__ slot disallowed: we already got one");
            ctx->add_dict = true;
        }
        if (strcmp(text, "__weakref__") == 0) {
            if (!may_add_weak(ctx) || ctx->add_weak) {
                return error_set(TypeError, "__weakref__ slot disallowed: either we already got "
                                            "one, or __itemsize__ != 0");
            }
            ctx->add_weak = true;
        }
    }
    return 0;
}

/* Puts a name where it belongs among the first n. Sorted names are what lets two classes with the
 * same slots be exchanged by `obj.__class__ = ...`. */
static void insert_sorted(Tuple *slots, ssize_t n, Str *name) {
    for (; n > 0 && strcmp(((Str *)slots->items[n - 1])->text, name->text) > 0; n--)
        slots->items[n] = slots->items[n - 1];
    slots->items[n] = new_ref(name);
}

/* The names as they stand in the class: mangled, sorted. NULL with ValueError or MemoryError.
 * CPython: type_new_copy_slots(). */
static Tuple *copy_slots(const TypeNew *ctx, const Tuple *names) {
    Tuple *slots = tuple_new(names->size - ctx->add_dict - ctx->add_weak);
    for (ssize_t i = 0, n = 0; slots && i < names->size; i++) {
        const char *text = ((Str *)names->items[i])->text;
        if (strcmp(text, "__dict__") == 0 || strcmp(text, "__weakref__") == 0) continue;
        Str *name = mangle(ctx->name, text);
        if (name && dict_get_item(ctx->dict, name)) {
            error_set(ValueError, "'%s' in __slots__ conflicts with class variable", name->text);
            name = NULL;
        }
        if (name)
            insert_sorted(slots, n++, name);
        else
            clear_ref(slots);
    }
    return slots;
}

/* A base that is not the one whose memory is extended may have a dict, or weak references: then its
 * methods count on them. CPython: type_new_slots_bases(). */
static void slots_bases(TypeNew *ctx) {
    for (ssize_t i = 0; i < ctx->bases->size; i++) {
        Type *base = (Type *)ctx->bases->items[i];
        if (base == ctx->base) continue;
        if (may_add_dict(ctx) && base->dictoffset != 0) ctx->add_dict = true;
        if (may_add_weak(ctx) && base->weaklistoffset != 0) ctx->add_weak = true;
    }
}

/* CPython: type_new_slots_impl(). */
static int slots_impl(TypeNew *ctx, const Tuple *names) {
    if (names->size > 0 && ctx->base->itemsize != 0) {
        return error_set(TypeError, "nonempty __slots__ not supported for subtype of '%s'",
                         ctx->base->name);
    }
    if (visit_slots(ctx, names) < 0) return -1;
    ctx->slots = copy_slots(ctx, names);
    if (!ctx->slots) return -1;
    slots_bases(ctx);
    return 0;
}

/* Says what an instance has. Simplified: any other iterable would do, too; a dict's values would be
 * the slots' docstrings. CPython: type_new_get_slots(), type_new_slots(). */
static int type_new_slots(TypeNew *ctx) {
    Str *name = str_intern("__slots__");
    Object *slots = name ? dict_get_item(ctx->dict, name) : NULL;
    if (!slots) return name ? type_new_no_slots(ctx) : -1;
    if (object_is_instance(slots, &Tuple_Type)) return slots_impl(ctx, (Tuple *)slots);
    if (!object_is_instance(slots, &Str_Type))
        return error_set(TypeError, "'%.200s' object is not iterable", slots->type->name);
    Object *one = tuple_pack(1, slots);
    int status = one ? slots_impl(ctx, (Tuple *)one) : -1;
    xdecref(one);
    return status;
}

Type *slots_type_new(Type *metatype, const char *name, Tuple *bases, Dict *dict,
                     const Layout *layout) {
    TypeNew ctx = {.metatype = metatype,
                   .name = str_intern(name),
                   .bases = bases,
                   .layout = layout,
                   .add_members = add_members};
    if (!ctx.name) return NULL;
    Type *type = NULL;
    if (type_new_get_bases(&ctx) == 0 && (ctx.dict = dict ? dict_copy(dict) : dict_new()) &&
        type_new_slots(&ctx) == 0)
        type = type_new_impl(&ctx);
    type_new_finish(&ctx);
    return type;
}
