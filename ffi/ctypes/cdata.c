/* cdata.c: memory with a type: made, looked at, assigned, pointed to.
 *
 * The invariant: `ptr` is good as long as the CData lives. A view (a nested structure, an item,
 * what a pointer points to) holds the CData that it was got from. And what a stored address needs
 * alive is in the `objects` of the outermost one, under the address where it is stored: not in the
 * view, which may die first.
 *
 * Nothing here knows whether an address that came from C is good: *p reads what is there.
 *
 * CPython: Modules/_ctypes/_ctypes.c.
 */
#include "ctypes.h"

/* ---- What keeps what alive -------------------------------------------------------------------*/

static void keeps_dealloc(Object *op) {
    Keeps *self = (Keeps *)op;
    for (ssize_t i = 0; i < self->used; i++)
        decref(self->entries[i].value);
    free(self->entries);
    free(self);
}
static Type Keeps_Type = {TYPE("_ctypes.keeps", NULL), .dealloc = keeps_dealloc};

/* Makes room for one more: 0, or -1 with MemoryError. */
static int keeps_reserve(Keeps *self) {
    if (self->used < self->allocated) return 0;
    ssize_t room = self->allocated * 2 + 4;
    void *entries = realloc(self->entries, (size_t)room * sizeof *self->entries);
    if (!entries) {
        error_no_memory();
        return -1;
    }
    self->entries = entries;
    self->allocated = room;
    return 0;
}

/* Steals `value`, also when it fails: 0, or -1 with MemoryError. */
static int keeps_put(Keeps *self, const char *key, Object *value) {
    for (ssize_t i = 0; i < self->used; i++) {
        if (self->entries[i].key != key) continue;
        Object *old = self->entries[i].value;
        self->entries[i].value = value;
        decref(old);
        return 0;
    }
    if (keeps_reserve(self) < 0) {
        decref(value);
        return -1;
    }
    self->entries[self->used].key = key;
    self->entries[self->used++].value = value;
    return 0;
}

/* CPython: PyCData_GetContainer(). */
static CData *outermost(CData *self) {
    while (self->base)
        self = self->base;
    return self;
}

/* The outermost's, with room for one more; NULL with MemoryError. */
static Keeps *keeps_of(CData *self) {
    self = outermost(self);
    if (!self->objects) self->objects = object_new(&Keeps_Type, sizeof(Keeps));
    return self->objects && keeps_reserve(self->objects) == 0 ? self->objects : NULL;
}

/* Keeps `value`, stolen, for the sake of an address: 0, or -1 with MemoryError. CPython:
 * KeepRef(). */
static int keep_ref(CData *self, const char *key, Object *value) {
    if (value == None) {
        decref(value);
        return 0;
    }
    Keeps *keeps = keeps_of(self);
    if (keeps) return keeps_put(keeps, key, value);
    decref(value);
    return -1;
}

/* What must be kept where a copy of its bytes goes to: all that its outermost keeps, or, where the
 * copy goes to another part of the same (which cannot hold itself), what is kept for these bytes.
 * New reference. CPython: GetKeepedObjects(); the collector frees there what holds itself. */
static Object *kept_for(CData *self, const CData *goes_to) {
    CData *from = outermost(self);
    if (!from->objects) return new_ref(None);
    if (!goes_to || from->objects != outermost((CData *)(uintptr_t)goes_to)->objects)
        return new_ref(from->objects);
    Keeps *copy = object_new(&Keeps_Type, sizeof *copy);
    for (ssize_t i = 0; copy && i < from->objects->used; i++) {
        const char *key = from->objects->entries[i].key;
        if (key < self->ptr || key >= self->ptr + self->size) continue;
        if (keeps_put(copy, key, new_ref(from->objects->entries[i].value)) < 0) clear_ref(copy);
    }
    return OBJECT(copy);
}

/* ---- Birth and death -------------------------------------------------------------------------*/

void cdata_dealloc(Object *op) {
    CData *self = (CData *)op;
    Type *type = op->type;
    xdecref(self->objects);
    xdecref(self->base);
    if (self->needsfree) free(self->ptr);
    free(self);
    decref(type);
}

static size_t instance_size(const CType *type) {
    return type->kind == KIND_FUNCTION ? sizeof(FuncPtr) : sizeof(CData);
}

/* With no memory yet. */
static CData *cdata_alloc(CType *type) {
    CData *self = object_new(&type->type, instance_size(type));
    if (!self) return NULL;
    incref(type);
    type->flags |= DICTFLAG_FINAL;
    self->size = type->size;
    return self;
}

Object *cdata_new(CType *type) {
    CData *self = cdata_alloc(type);
    if (!self) return NULL;
    self->ptr = self->value.bytes;
    if (self->size > sizeof self->value) {
        self->ptr = calloc(1, self->size);
        self->needsfree = true;
        if (!self->ptr) {
            decref(self);
            return error_no_memory();
        }
    }
    return OBJECT(self);
}

Object *cdata_at(CType *type, CData *base, void *address) {
    CData *self = cdata_alloc(type);
    if (!self) return NULL;
    self->ptr = address;
    if (base) self->base = (CData *)new_ref(base);
    return OBJECT(self);
}

Object *cdata_copy(CType *type, const void *data) {
    Object *self = cdata_new(type);
    if (self && type->size) memcpy(((CData *)self)->ptr, data, type->size);
    return self;
}

/* ---- A value of a type, in memory ------------------------------------------------------------*/

Object *cdata_get(CType *type, GetFunc getfunc, CData *self, ssize_t size, char *ptr) {
    if (getfunc) return getfunc(ptr, size);
    if (type->kind == KIND_SIMPLE) return type->desc->getfunc(ptr, size);
    return cdata_at(type, self, ptr);
}

/* Stores the value and returns what to keep for it. CPython: _PyCData_set(). */
static Object *store(CData *self, CType *type, SetFunc setfunc, Object *value, ssize_t size,
                     char *ptr) {
    if (setfunc) return setfunc(ptr, value, size);
    if (!cdata_check(value)) {
        if (type->kind == KIND_SIMPLE) return type->desc->setfunc(ptr, value, size);
        if (value->type == &Tuple_Type) { // a structure's fields
            Object *made =
                ctype_call(OBJECT(type), ((Tuple *)value)->items, ((Tuple *)value)->size, NULL);
            if (!made) {
                extend_error(RuntimeError, "(%s) ", type->type.name);
                return NULL;
            }
            Object *keep = store(self, type, NULL, made, size, ptr);
            decref(made);
            return keep;
        }
        if (value == None && type->kind == KIND_POINTER) {
            memset(ptr, 0, sizeof(void *));
            return new_ref(None);
        }
        error_set(TypeError, "expected %s instance, got %s", type->type.name, value->type->name);
        return NULL;
    }
    CData *from = (CData *)value;
    const CType *own = ctype_of(value);
    if (object_is(value, &type->type)) {
        Object *keep = kept_for(from, self);
        if (keep) memmove(ptr, from->ptr, (size_t)size); // may be the same memory
        return keep;
    }
    if (type->kind == KIND_POINTER && own->kind == KIND_ARRAY && own->proto == type->proto) {
        Object *keep[] = {kept_for(from, self), value}, *both = NULL;
        if (keep[0]) {
            both = tuple_from_array(keep, 2);
            decref(keep[0]);
        }
        if (both) memcpy(ptr, &from->ptr, sizeof from->ptr);
        return both;
    }
    error_set(TypeError, "incompatible types, %s instance instead of %s instance",
              value->type->name, type->type.name);
    return NULL;
}

int cdata_set(CData *self, CType *type, SetFunc setfunc, Object *value, ssize_t size, char *ptr) {
    // What an address needs must have its place before the address is stored, or it might not live.
    bool addresses = type->flags & (TYPEFLAG_ISPOINTER | TYPEFLAG_HASPOINTER);
    if (addresses && !keeps_of(self)) return -1;
    Object *keep = store(self, type, setfunc, value, size, ptr);
    return keep ? keep_ref(self, ptr, keep) : -1;
}

/* ---- Pointers and arrays ---------------------------------------------------------------------*/

static char *target(const CData *self) {
    char *address;
    memcpy(&address, self->ptr, sizeof address);
    return address;
}

static Object *pointer_get_contents(CData *self) {
    if (target(self)) return cdata_at(ctype_of(OBJECT(self))->proto, self, target(self));
    error_set(ValueError, "NULL pointer access");
    return NULL;
}

/* CPython: Pointer_set_contents(), which takes any ctypes instance, of whatever type. */
static int pointer_set_contents(CData *self, Object *value) {
    if (!cdata_check(value)) {
        return error_set(TypeError, "expected %s instead of %s",
                         ctype_of(OBJECT(self))->proto->type.name, value->type->name);
    }
    // Both what it points to and what that needs: under two addresses, of which only the first is of a pointer.
    Object *keep = kept_for((CData *)value, self);
    if (!keep || keep_ref(self, self->ptr + 1, new_ref(value)) < 0) {
        xdecref(keep);
        return -1;
    }
    memcpy(self->ptr, &((CData *)value)->ptr, sizeof(char *));
    return keep_ref(self, self->ptr, keep);
}

/* Where item `index` is; NULL with an error. */
static char *item_at(CData *self, ssize_t index) {
    const CType *type = ctype_of(OBJECT(self));
    if (type->kind == KIND_ARRAY) {
        if (index < 0) index += type->length;
        if (index < 0 || index >= type->length) {
            error_set(IndexError, "invalid index");
            return NULL;
        }
        // As large as the item was when the array type was made: a structure may have got fields since. CPython
        // reads and writes behind it.
        size_t size = type->proto->size;
        if (size && ((size_t)index + 1) > type->size / size) {
            error_set(ValueError, "item %zd is not within '%s'", index, type->type.name);
            return NULL;
        }
        return self->ptr + (size_t)index * size;
    } else if (type->kind != KIND_POINTER) {
        error_set(TypeError, "'%s' object is not subscriptable", type->type.name);
    } else if (target(self)) {
        return target(self) + index * (ssize_t)type->proto->size; // nobody knows how many there are
    } else {
        error_set(ValueError, "NULL pointer access");
    }
    return NULL;
}

Object *cdata_get_item(Object *op, ssize_t index) {
    char *at = item_at((CData *)op, index);
    CType *item = ctype_of(op)->proto;
    return at ? cdata_get(item, NULL, (CData *)op, (ssize_t)item->size, at) : NULL;
}

int cdata_set_item(Object *op, ssize_t index, Object *value) {
    char *at = item_at((CData *)op, index);
    CType *item = ctype_of(op)->proto;
    return at ? cdata_set((CData *)op, item, NULL, value, (ssize_t)item->size, at) : -1;
}

ssize_t cdata_length(Object *op) {
    if (ctype_of(op)->kind == KIND_ARRAY) return ctype_of(op)->length;
    return error_set(TypeError, "object of type '%s' has no len()", op->type->name);
}

/* ---- Attributes ------------------------------------------------------------------------------*/

/* 'c' or 'u' of an array of these, else 0. */
static char characters(const CType *type) {
    const FieldDesc *item = type->kind == KIND_ARRAY ? type->proto->desc : NULL;
    return item && (item->code == 'c' || item->code == 'u') ? item->code : '\0';
}

static int no_attribute(Object *op, const char *name) {
    return error_set(AttributeError, "'%s' object has no attribute '%s'", op->type->name, name);
}

/* ctypes may lay a bit field before the beginning of a union (layout.c): CPython reads and writes
 * there. 0 or -1. */
static int check_inside(Object *op, const CField *field) {
    ssize_t end = field->offset + (ssize_t)field->type->size;
    if (field->offset >= 0 && end <= (ssize_t)((CData *)op)->size) return 0;
    return error_set(ValueError, "field '%s' is not within '%s'", field->name, op->type->name);
}

Object *cdata_get_attr(Object *op, const char *name) {
    CData *self = (CData *)op;
    const CType *type = ctype_of(op);
    const CField *field = structure_find(type, name);
    if (field && check_inside(op, field) < 0) return NULL;
    if (field)
        return cdata_get(field->type, field->getfunc, self, field->size, self->ptr + field->offset);
    ssize_t size = (ssize_t)self->size;
    if (strcmp(name, "value") == 0) {
        if (type->kind == KIND_SIMPLE) return type->desc->getfunc(self->ptr, size);
        if (characters(type))
            return characters(type) == 'c' ? s_get(self->ptr, size) : U_get(self->ptr, size);
    }
    if (strcmp(name, "raw") == 0 && characters(type) == 'c')
        return bytes_from_data(self->ptr, size);
    if (strcmp(name, "contents") == 0 && type->kind == KIND_POINTER)
        return pointer_get_contents(self);
    no_attribute(op, name);
    return NULL;
}

/* CPython: CharArray_set_value(), CharArray_set_raw(), WCharArray_set_value(). */
static int set_characters(CData *self, char code, bool raw, Object *value) {
    if (code == 'u') {
        if (value->type != &Str_Type) {
            return error_set(TypeError, "unicode string expected instead of %s instance",
                             value->type->name);
        }
        ssize_t room = (ssize_t)(self->size / sizeof(wchar_t));
        if (str_as_wide((Str *)value, NULL, 0) > room)
            return error_set(ValueError, "string too long");
        str_as_wide((Str *)value, (wchar_t *)(void *)self->ptr, room);
        return 0;
    }
    const Bytes *bytes = (const Bytes *)value;
    if (value->type != &Bytes_Type) {
        return raw ? error_set(TypeError, "a bytes-like object is required, not '%s'",
                               value->type->name)
                   : error_set(TypeError, "bytes expected instead of %s instance",
                               value->type->name);
    }
    if ((size_t)bytes->size > self->size) return error_set(ValueError, "byte string too long");
    bool terminated = !raw && (size_t)bytes->size < self->size;
    memcpy(self->ptr, bytes->data, (size_t)bytes->size + terminated);
    return 0;
}

int cdata_set_attr(Object *op, const char *name, Object *value) {
    CData *self = (CData *)op;
    CType *type = ctype_of(op);
    const CField *field = structure_find(type, name);
    if (field && check_inside(op, field) < 0) return -1;
    if (field) {
        return cdata_set(self, field->type, field->setfunc, value, field->size,
                         self->ptr + field->offset);
    }
    bool is_value = strcmp(name, "value") == 0, raw = strcmp(name, "raw") == 0;
    if (type->kind == KIND_SIMPLE && is_value) {
        return cdata_set(self, type, type->desc->setfunc, value, (ssize_t)self->size, self->ptr);
    }
    char code = characters(type);
    if (code && (is_value || (raw && code == 'c'))) return set_characters(self, code, raw, value);
    if (type->kind == KIND_POINTER && strcmp(name, "contents") == 0)
        return pointer_set_contents(self, value);
    return no_attribute(op, name);
}

/* ---- Calling a type --------------------------------------------------------------------------*/

/* The fields by position, those of the bases first: how many there were values for, or -1.
 * CPython: _init_pos_args(). */
static ssize_t init_by_position(Object *self, CType *type, Object *const *args, ssize_t nargs,
                                Object *kwnames) {
    ssize_t index = 0;
    if (type->type.base->ob.type != &Type_Type) {
        index = init_by_position(self, (CType *)type->type.base, args, nargs, kwnames);
        if (index < 0) return -1;
    }
    for (ssize_t i = 0; i < type->length && index < nargs; i++, index++) {
        const char *name = type->fields[i].name;
        for (ssize_t k = 0; kwnames && k < ((Tuple *)kwnames)->size; k++) {
            if (strcmp(((Str *)((Tuple *)kwnames)->items[k])->utf8, name) == 0) {
                return error_set(TypeError, "duplicate values for field '%s'", name);
            }
        }
        if (cdata_set_attr(self, name, args[index]) < 0) return -1;
    }
    return index;
}

static int init_structure(Object *self, Object *const *args, ssize_t nargs, Object *kwnames) {
    ssize_t used = init_by_position(self, ctype_of(self), args, nargs, kwnames);
    if (used < 0) return -1;
    if (used < nargs) return error_set(TypeError, "too many initializers");
    for (ssize_t k = 0; kwnames && k < ((Tuple *)kwnames)->size; k++) {
        const char *name = ((Str *)((Tuple *)kwnames)->items[k])->utf8;
        if (cdata_set_attr(self, name, args[nargs + k]) < 0) return -1;
    }
    return 0;
}

static int init(Object *self, Object *const *args, ssize_t nargs, Object *kwnames) {
    CType *type = ctype_of(self);
    switch (type->kind) {
    case KIND_STRUCTURE:
    case KIND_UNION:
        return init_structure(self, args, nargs, kwnames);
    case KIND_ARRAY:
        for (ssize_t i = 0; i < nargs; i++) {
            if (cdata_set_item(self, i, args[i]) < 0) return -1;
        }
        return 0;
    default:
        if (nargs == 0) return 0;
        if (nargs > 1) {
            const char *name = type->kind == KIND_POINTER ? "POINTER" : "__init__";
            return error_set(TypeError, "%s expected at most 1 argument, got %zd", name, nargs);
        }
        return cdata_set_attr(self, type->kind == KIND_POINTER ? "contents" : "value", args[0]);
    }
}

Object *ctype_call(Object *type, Object *const *args, ssize_t nargs, Object *kwnames) {
    Object *self = cdata_new((CType *)type);
    if (self && init(self, args, nargs, kwnames) < 0) clear_ref(self);
    return self;
}

/* ---- Functions of the module ctypes ----------------------------------------------------------*/

static int expect_cdata(Object *obj, const char *what) {
    return cdata_check(obj) ? 0 : error_set(TypeError, "%s", what);
}

Object *cdata_pointer(Object *obj) {
    if (expect_cdata(obj, "_type_ must have storage info") < 0) return NULL;
    CType *type = ctype_pointer(ctype_of(obj));
    if (!type) return NULL;
    Object *self = ctype_call(OBJECT(type), &obj, 1, NULL);
    decref(type);
    return self;
}

Object *cdata_addressof(Object *obj) {
    if (expect_cdata(obj, "invalid type") < 0) return NULL;
    return int_from_unsigned((uintptr_t)((CData *)obj)->ptr);
}

/* The result keeps what obj keeps, and obj. CPython: cast(), cast_check_pointertype(). */
Object *cdata_cast(Object *obj, CType *type) {
    bool pointer = type->kind == KIND_POINTER || type->kind == KIND_FUNCTION ||
                   (type->desc && type->desc->kind == C_POINTER);
    if (!pointer) {
        error_set(TypeError, "cast() argument 2 must be a pointer type, not %s", type->type.name);
        return NULL;
    }
    Argument argument;
    if (ctype_from_param(ctype_simple('P'), obj, 1, &argument) < 0) {
        extend_error(ArgumentError, "argument 1: ");
        return NULL;
    }
    CData *self = (CData *)cdata_new(type);
    if (self) memcpy(self->ptr, &argument.value.p, sizeof argument.value.p);
    Object *keep = self && cdata_check(obj) ? kept_for((CData *)obj, NULL) : NULL;
    if (keep && keep_ref(self, self->ptr, keep) < 0) clear_ref(self);
    if (self && keep_ref(self, self->ptr + 1, new_ref(obj)) < 0) clear_ref(self);
    if (self && argument.keep && keep_ref(self, self->ptr + 2, new_ref(argument.keep)) < 0)
        clear_ref(self);
    xdecref(argument.keep);
    return OBJECT(self);
}

Object *cdata_string_at(const void *address, ssize_t size) {
    return bytes_from_data(address, size < 0 ? (ssize_t)strlen(address) : size);
}

Object *cdata_string_buffer(Object *init_value, ssize_t size) {
    if (init_value && init_value->type != &Bytes_Type) {
        bool text = init_value->type == &Str_Type; // TypeError(init): the value is all it says
        error_set(TypeError, "%s", text ? ((Str *)init_value)->utf8 : init_value->type->name);
        return NULL;
    }
    if (init_value && size < 0) size = ((Bytes *)init_value)->size + 1;
    CType *type = ctype_array(ctype_simple('c'), size);
    if (!type) return NULL;
    Object *self = cdata_new(type);
    decref(type);
    if (self && init_value && cdata_set_attr(self, "value", init_value) < 0) clear_ref(self);
    return self;
}
