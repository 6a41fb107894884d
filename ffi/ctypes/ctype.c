/* ctype.c: types that are made from types, and arguments as a type wants them.
 *
 * The invariant: there is one POINTER(t) and one t * n for each t and n as long as anyone holds it,
 * so that "is it an instance" is a comparison of addresses. A derived type holds the one that it is
 * made of; that one knows its derived types without holding them.
 *
 * CPython: Modules/_ctypes/_ctypes.c; Modules/_ctypes/callproc.c, ConvParam().
 */
#include "ctypes.h"

#include <limits.h>

/* ---- Types -----------------------------------------------------------------------------------*/

Type CData_Type = {TYPE("_ctypes._CData", NULL)};
Type Simple_Type = {TYPE("_ctypes._SimpleCData", &CData_Type)};
Type Pointer_Type = {TYPE("_ctypes._Pointer", &CData_Type)};
Type Array_Type = {TYPE("_ctypes.Array", &CData_Type)};
Type Struct_Type = {TYPE("_ctypes.Structure", &CData_Type)};
Type Union_Type = {TYPE("_ctypes.Union", &CData_Type)};
Type CFuncPtr_Type = {TYPE("_ctypes.CFuncPtr", &CData_Type)};

void ctype_dealloc(Object *op) {
    CType *self = (CType *)op;
    if (self->proto) {
        CType **at = &self->proto->derived;
        while (*at != self)
            at = &(*at)->next;
        *at = self->next;
        decref(self->proto);
    }
    structure_clear(self);
    for (ssize_t i = 0; self->argtypes && i < self->nargtypes; i++)
        decref(self->argtypes[i]);
    xdecref(self->restype);
    if (self->type.base->ob.type != &Type_Type) decref(self->type.base);
    free(self->argtypes);
    free(self->ffi);
    free((char *)self->type.name);
    free(self);
}

int ctype_repr(Object *op, FILE *out) {
    fprintf(out, "<class '%s'>", ((CType *)op)->type.name);
    return 0;
}

#define METATYPE(name)                                                                             \
    { TYPE(name, &Type_Type), .dealloc = ctype_dealloc, .repr = ctype_repr, .call = ctype_call }
Type PyCSimpleType_Type = METATYPE("_ctypes.PyCSimpleType");
Type PyCPointerType_Type = METATYPE("_ctypes.PyCPointerType");
Type PyCArrayType_Type = METATYPE("_ctypes.PyCArrayType");
Type PyCStructType_Type = METATYPE("_ctypes.PyCStructType");
Type UnionType_Type = METATYPE("_ctypes.UnionType");

CType *ctype_new(Type *metatype, Type *base, Kind kind, const char *name) {
    CType *self = object_new(metatype, sizeof *self);
    if (!self) return NULL;
    char *copy = malloc(strlen(name) + 1);
    if (!copy) {
        free(self);
        return error_no_memory();
    }
    self->type.name = strcpy(copy, name);
    self->type.base = base;
    self->type.dealloc = cdata_dealloc;
    self->kind = kind;
    self->pack = NO_PACK;
    return self;
}

static int simple_repr(Object *op, FILE *out) {
    Object *value = cdata_get_attr(op, "value");
    if (!value) return -1;
    fprintf(out, "%s(", op->type->name);
    int status = object_write_repr(value, out);
    decref(value);
    fputc(')', out);
    return status;
}

CType *ctype_simple(char code) {
    static CType simple[32];
    // Where two integer types are of one size, they are one class, by the longer's name or the first's.
    if (sizeof(int) == sizeof(long) && (code == 'i' || code == 'I')) code = code == 'i' ? 'l' : 'L';
    if (sizeof(long long) == sizeof(long) && (code == 'q' || code == 'Q'))
        code = code == 'q' ? 'l' : 'L';
    if (sizeof(long double) == sizeof(double) && code == 'g') code = 'd';
    const FieldDesc *desc = field_desc(code);
    if (!desc || !code) {
        error_set(ValueError, "_type_ '%c' not supported", code);
        return NULL;
    }
    CType *self = &simple[desc - field_descs];
    if (!self->desc) {
        *self = (CType){
            .type = {{1, &PyCSimpleType_Type},
                     desc->name,
                     &Simple_Type,
                     cdata_dealloc,
                     simple_repr,
                     NULL},
            .kind = KIND_SIMPLE,
            .flags = desc->kind == C_POINTER ? TYPEFLAG_ISPOINTER : 0,
            .size = desc->size,
            .align = desc->align,
            .desc = desc,
        };
    }
    return self;
}

CType *ctype_by_name(const char *name) {
    for (const FieldDesc *desc = field_descs; desc->code; desc++) {
        if (strcmp(desc->name, name) == 0 || strcmp(desc->c_name, name) == 0)
            return ctype_simple(desc->code);
    }
    return NULL;
}

/* Puts it among the types that are made of `proto`. */
static CType *derive(CType *self, CType *proto) {
    if (!self) return NULL;
    incref(proto);
    self->proto = proto;
    self->next = proto->derived;
    proto->derived = self;
    return self;
}

static CType *derived_of(CType *proto, Kind kind, ssize_t length) {
    for (CType *type = proto->derived; type; type = type->next) {
        if (type->kind == kind && (kind == KIND_POINTER || type->length == length)) {
            incref(type);
            return type;
        }
    }
    return NULL;
}

/* A new type whose name is one around another's. */
static CType *ctype_new_named(Type *metatype, Type *base, Kind kind, const char *format,
                              const CType *proto, ssize_t length) {
    char name[200];
    snprintf(name, sizeof name, format, proto->type.name, length);
    return ctype_new(metatype, base, kind, name);
}

CType *ctype_pointer(CType *to) {
    CType *self = derived_of(to, KIND_POINTER, 0);
    if (self) return self;
    self = ctype_new_named(&PyCPointerType_Type, &Pointer_Type, KIND_POINTER, "LP_%s", to, 0);
    if (!self) return NULL;
    self->flags = TYPEFLAG_ISPOINTER;
    self->size = field_desc('P')->size;
    self->align = field_desc('P')->align;
    return derive(self, to);
}

CType *ctype_array(CType *item, ssize_t length) {
    if (length < 0) {
        error_set(ValueError, "Array length must be >= 0, not %zd", length);
        return NULL;
    }
    if (length && item->size > (size_t)(PTRDIFF_MAX / length)) {
        error_set(OverflowError, "array too large");
        return NULL;
    }
    CType *self = derived_of(item, KIND_ARRAY, length);
    if (self) return self;
    self =
        ctype_new_named(&PyCArrayType_Type, &Array_Type, KIND_ARRAY, "%s_Array_%zd", item, length);
    if (!self) return NULL;
    if (item->flags & (TYPEFLAG_ISPOINTER | TYPEFLAG_HASPOINTER))
        self->flags |= TYPEFLAG_HASPOINTER;
    self->size = item->size * (size_t)length;
    self->align = item->align;
    self->length = length;
    return derive(self, item);
}

static CType *aggregate_new(Type *metatype, Type *all, Kind kind, const char *name, CType *base,
                            int pack) {
    CType *self = ctype_new(metatype, base ? &base->type : all, kind, name);
    if (!self) return NULL;
    self->pack = pack == NO_PACK && base ? base->pack : pack; // an attribute, and so inherited
    if (base) { // as large, until it has fields of its own
        incref(base);
        self->size = base->size;
        self->align = base->align;
        self->flags = base->flags & ~(unsigned)DICTFLAG_FINAL;
        base->flags |= DICTFLAG_FINAL;
    }
    if (kind == KIND_UNION) self->flags |= TYPEFLAG_HASUNION;
    return self;
}

CType *structure_new(const char *name, CType *base, int pack) {
    return aggregate_new(&PyCStructType_Type, &Struct_Type, KIND_STRUCTURE, name, base, pack);
}

CType *union_new(const char *name, CType *base, int pack) {
    return aggregate_new(&UnionType_Type, &Union_Type, KIND_UNION, name, base, pack);
}

/* ---- Arguments -------------------------------------------------------------------------------*/

void extend_error(ErrorType type, const char *format, ...) {
    Error error = error_fetch();
    char prefix[200];
    va_list args;
    va_start(args, format);
    vsnprintf(prefix, sizeof prefix, format, args);
    va_end(args);
    error_set(type, "%s%s: %s", prefix, error_name(error.type), error.message);
}

static void carg_dealloc(Object *op) {
    decref(((CArg *)op)->obj);
    free(op);
}
Type CArg_Type = {TYPE("CArgObject", NULL), .dealloc = carg_dealloc};

Object *cdata_byref(Object *obj, ssize_t offset) {
    if (!cdata_check(obj)) {
        error_set(TypeError, "byref() argument must be a ctypes instance, not '%s'",
                  obj->type->name);
        return NULL;
    }
    CArg *self = object_new(&CArg_Type, sizeof *self);
    if (!self) return NULL;
    self->address = (char *)((CData *)obj)->ptr + offset;
    self->obj = new_ref(obj);
    return OBJECT(self);
}

static int pass_address(void *address, Object *keep, Argument *argument) {
    argument->desc = field_desc('P');
    argument->value.p = address;
    argument->keep = keep;
    return 0;
}

/* Memory with a type, as its own type is handed over. CPython: the paramfunc of each metaclass. */
static int pass_cdata(CData *data, Argument *argument) {
    const CType *type = ctype_of(OBJECT(data));
    if (type->kind == KIND_SIMPLE) {
        argument->desc = type->desc;
        memcpy(&argument->value, data->ptr, data->size);
        argument->keep = new_ref(data);
        return 0;
    }
    if (type->kind == KIND_ARRAY) return pass_address(data->ptr, new_ref(data), argument);
    if (type->kind == KIND_POINTER || type->kind == KIND_FUNCTION) {
        void *address;
        memcpy(&address, data->ptr, sizeof address);
        return pass_address(address, new_ref(data), argument);
    }
    pass_address(data->ptr, new_ref(data), argument);
    argument->type = ctype_of(OBJECT(data));
    return 0;
}

int convert_param(Object *value, ssize_t index, Argument *argument) {
    argument->type = NULL;
    argument->keep = NULL;
    if (value == None) return pass_address(NULL, NULL, argument);
    if (int_check(value)) { // a C int: of a larger one the lowest bits, but only up to a long's
        const Int *self = (const Int *)value;
        bool fits = self->negative ? self->magnitude <= (uint64_t)LONG_MAX + 1
                                   : self->magnitude <= ULONG_MAX;
        if (!fits) return error_set(OverflowError, "int too long to convert");
        argument->desc = field_desc('i');
        argument->value.i = (int)(self->negative ? -self->magnitude : self->magnitude);
        return 0;
    }
    if (value->type == &Bytes_Type)
        return pass_address(((Bytes *)value)->data, new_ref(value), argument);
    if (value->type == &Str_Type) {
        const FieldDesc *wide = field_desc('Z');
        argument->keep = wide->setfunc(&argument->value, value, 0);
        argument->desc = wide;
        return argument->keep ? 0 : -1;
    }
    if (value->type == &CArg_Type)
        return pass_address(((CArg *)value)->address, new_ref(value), argument);
    if (cdata_check(value)) return pass_cdata((CData *)value, argument);
    return error_set(TypeError, "Don't know how to convert parameter %zd", index);
}

/* Whether a value is an array of, or points to, these characters: 'c' or 'u'. */
static bool leads_to(Object *value, char code) {
    if (value->type == &CArg_Type) {
        value = ((CArg *)value)->obj;
        return ctype_of(value)->kind == KIND_SIMPLE && ctype_of(value)->desc->code == code;
    }
    if (!cdata_check(value)) return false;
    const CType *type = ctype_of(value);
    return (type->kind == KIND_ARRAY || type->kind == KIND_POINTER) && type->proto->desc &&
           type->proto->desc->code == code;
}

/* Whether c_void_p takes it: any address. CPython: c_void_p_from_param(). */
static bool is_address(Object *value) {
    if (value->type == &Bytes_Type || value->type == &Str_Type || value->type == &CArg_Type)
        return true;
    if (!cdata_check(value)) return false;
    const CType *type = ctype_of(value);
    if (type->kind == KIND_SIMPLE) return type->desc->code == 'z' || type->desc->code == 'Z';
    return type->kind == KIND_ARRAY || type->kind == KIND_POINTER || type->kind == KIND_FUNCTION;
}

/* CPython: PyCSimpleType_from_param(), and those of the three address types. */
static int simple_from_param(CType *type, Object *value, ssize_t index, Argument *argument) {
    char code = type->desc->code;
    bool direct = object_is(value, &type->type);
    if (code == 'z' || code == 'Z') {
        Type *text = code == 'z' ? &Bytes_Type : &Str_Type;
        direct = direct || value == None || value->type == text ||
                 leads_to(value, code == 'z' ? 'c' : 'u');
    } else if (code == 'P') {
        direct = direct || value == None || is_address(value);
    }
    if (direct) return convert_param(value, index, argument);
    if (code != 'z' && code != 'Z') {
        argument->keep = type->desc->setfunc(&argument->value, value, 0);
        argument->desc = type->desc;
        if (argument->keep || error_matches(MemoryError)) return argument->keep ? 0 : -1;
    }
    return error_set(TypeError, "wrong type");
}

int ctype_from_param(CType *type, Object *value, ssize_t index, Argument *argument) {
    argument->type = NULL;
    argument->keep = NULL;
    if (type->kind == KIND_SIMPLE) return simple_from_param(type, value, index, argument);
    if (object_is(value, &type->type)) return convert_param(value, index, argument);
    if (type->kind == KIND_POINTER) {
        if (value == None) return convert_param(value, index, argument);
        if (object_is(value, &type->proto->type)) {
            return pass_address(((CData *)value)->ptr, new_ref(value),
                                argument); // as byref() would
        }
        const CType *own = cdata_check(value) ? ctype_of(value) : NULL;
        if (own && (own->kind == KIND_ARRAY || own->kind == KIND_POINTER) &&
            type_is_subtype(&own->proto->type, &type->proto->type)) {
            return convert_param(value, index, argument);
        }
    }
    if (value->type == &CArg_Type) {
        const Object *obj = ((CArg *)value)->obj;
        if (type->proto && object_is(obj, &type->proto->type))
            return convert_param(value, index, argument);
        return error_set(TypeError, "expected %s instance instead of pointer to %s",
                         type->type.name, obj->type->name);
    }
    return error_set(TypeError, "expected %s instance instead of %s", type->type.name,
                     value->type->name);
}
