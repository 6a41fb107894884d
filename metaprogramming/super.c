/* super.c: super(), and the cell by which a method knows the class it was written in.
 *
 * super().x begins the search of x behind that class in the MRO of the object's type: so it needs
 * both. The class does not exist yet when its methods are made; they get a cell, which type_new()
 * fills.
 *
 * Parts from the other topics' slices. CPython: Objects/cellobject.c; Objects/typeobject.c,
 * super_getattro().
 */
#include "type.h"

/* ---- The cell that holds __class__ ------------------------------------------------------------*/

Object *cell_new(Object *ref) {
    Cell *self = (Cell *)type_generic_alloc(&Cell_Type);
    if (self && ref) self->ref = new_ref(ref);
    return OBJECT(self);
}

static void cell_dealloc(Object *op) {
    xdecref(((Cell *)op)->ref);
    object_free(op);
}

static Object *cell_repr(Object *op) {
    const Object *ref = ((Cell *)op)->ref;
    if (!ref) return str_from_format("<cell at %p: empty>", (void *)op);
    return str_from_format("<cell at %p: %.80s object at %p>", (void *)op, ref->type->name,
                           (const void *)ref);
}

Type Cell_Type = {STATIC_TYPE("cell", Cell), .repr = cell_repr, .dealloc = cell_dealloc};

Object *super_from_cell(Object *cell, Object *obj) {
    if (!cell || cell->type != &Cell_Type) {
        error_set(RuntimeError, "super(): __class__ cell not found");
        return NULL;
    }
    Object *type = ((Cell *)cell)->ref;
    if (!type) {
        error_set(RuntimeError, "super(): empty __class__ cell");
        return NULL;
    }
    if (type_check(type)) return super_new((Type *)type, obj);
    error_set(RuntimeError, "super(): __class__ is not a type (%s)", type->type->name);
    return NULL;
}

/* ---- super ------------------------------------------------------------------------------------*/

/* The class whose MRO is searched: obj itself, its type, or the class that it says it has, as a
 * proxy may. New reference, or NULL with an error set. CPython: supercheck(). */
static Type *supercheck(Type *type, Object *obj) {
    if (type_check(obj) && type_is_subtype((Type *)obj, type)) return (Type *)new_ref(obj);
    if (type_is_subtype(obj->type, type)) return (Type *)new_ref(obj->type);
    Object *claimed;
    if (object_lookup_attr(obj, id.class_, &claimed) < 0) return NULL;
    if (claimed && type_check(claimed) && type_is_subtype((Type *)claimed, type))
        return (Type *)claimed;
    xdecref(claimed);
    error_set(TypeError, "super(type, obj): obj must be an instance or subtype of type");
    return NULL;
}

/* Of None it is unbound, and finds what every object has. CPython: super_init_impl(). Simplified:
 * an unbound one does not bind later, as a descriptor. */
Object *super_new(Type *type, Object *obj) {
    Type *obj_type = obj == None ? NULL : supercheck(type, obj);
    Super *self = obj_type || obj == None ? (Super *)type_generic_alloc(&Super_Type) : NULL;
    if (!self) {
        xdecref(obj_type);
        return NULL;
    }
    self->type = (Type *)new_ref(type);
    self->obj = obj_type ? new_ref(obj) : NULL;
    self->obj_type = obj_type; // taken over
    return OBJECT(self);
}

static void super_dealloc(Object *op) {
    Super *self = (Super *)op;
    decref(self->type);
    xdecref(self->obj);
    xdecref(self->obj_type);
    object_free(op);
}

static Object *super_repr(Object *op) {
    const Super *self = (Super *)op;
    if (!self->obj) return str_from_format("<super: <class '%s'>, NULL>", self->type->name);
    return str_from_format("<super: <class '%s'>, <%s object>>", self->type->name,
                           self->obj_type->name);
}

/* Searches the MRO of the object's class from behind `type` on: so what comes next is decided by
 * the object, and not by the class whose code says super(). */
static Object *super_getattro(Object *op, Str *name) {
    Super *self = (Super *)op;
    Tuple *mro = self->obj_type ? self->obj_type->mro : NULL;
    ssize_t i = 0, n = strcmp(name->text, "__class__") == 0 || !mro ? 0 : mro->size;
    while (i < n && (Type *)mro->items[i] != self->type)
        i++;
    for (i++; i < n; i++) {
        Object *found = dict_get_item(((Type *)mro->items[i])->dict, name);
        if (!found) continue;
        if (!found->type->descr_get) return new_ref(found);
        Object *obj = self->obj == OBJECT(self->obj_type) ? NULL : self->obj;
        incref(found);
        Object *result = found->type->descr_get(found, obj, OBJECT(self->obj_type));
        decref(found);
        return result;
    }
    return object_generic_getattr(op, name);
}

Type Super_Type = {
    STATIC_TYPE("super", Super),
    .repr = super_repr,
    .getattro = super_getattro,
    .dealloc = super_dealloc,
};
