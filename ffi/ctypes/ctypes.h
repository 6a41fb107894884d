/* ctypes.h: the table of contents of ctypes in small: C types as objects, memory with a type,
 * calls.
 *
 * The invariant: a CData is memory, and its type tells how to read and write it. `ptr` points to
 * the bytes, which are its own, a part of another CData (base, which lives as long), or C's. What a
 * pointer among these bytes points to is kept alive by `objects`, of the outermost CData: so
 * assigning bytes to a c_char_p field is safe, and storing an address there by hand is not.
 *
 *   cfield.c    a value into bytes and out again, by type code
 *   layout.c    where the fields of a structure are, by ctypes' rules and by the C compiler's
 *   cdata.c     making, reading and assigning memory with a type; what keeps what alive
 *   ctype.c     simple types, pointers, arrays, function pointers; conversion of arguments
 *   cdll.c      dlopen(), dlsym(), and what they say when it goes wrong
 *   call.c      the call, by libffi
 *   callback.c  a C function that calls ours, by a closure of libffi
 *   byhand.h    the call without libffi: what goes into which register
 *
 * Nothing above cdll.c needs libffi.
 *
 * CPython: Modules/_ctypes/ctypes.h, _ctypes.c, stgdict.c, cfield.c, callproc.c, callbacks.c.
 */
#ifndef CTYPES_H
#define CTYPES_H

#include "../object.h"

typedef struct CType CType;
typedef struct CData CData;

/* ---- Type codes: cfield.c --------------------------------------------------------------------*/

/* Stores a value at ptr: a new reference to what must be kept alive for it, None if nothing; NULL
 * with TypeError, ValueError. Reads one: a new reference, or NULL with an error. `size` is the
 * field's, as in CField. CPython: SETFUNC, GETFUNC. */
typedef Object *(*SetFunc)(void *ptr, Object *value, ssize_t size);
typedef Object *(*GetFunc)(void *ptr, ssize_t size);

typedef enum { C_SIGNED, C_UNSIGNED, C_FLOATING, C_POINTER } CClass; // how it is handed over

/* CPython: struct fielddesc. */
typedef struct {
    char code;          // 'i'
    const char *name;   // "c_int"
    const char *c_name; // "int"
    CClass kind;
    uint8_t size, align;
    SetFunc setfunc;
    GetFunc getfunc;
} FieldDesc;

/* All codes, in the order of ctypes: c b B h H i I l L q Q f d g ? P z Z u O; ends with code 0. */
extern const FieldDesc field_descs[];
/* The entry of a code, NULL if there is none. CPython: _ctypes_get_fielddesc(). */
const FieldDesc *field_desc(char code);
/* Of a char array, which is read and assigned as bytes, and a wchar_t array, as str; `size` is in
 * bytes. CPython: s_set(), s_get(), U_set(), U_get(). */
Object *s_set(void *ptr, Object *value, ssize_t size);
Object *s_get(void *ptr, ssize_t size);
Object *U_set(void *ptr, Object *value, ssize_t size);
Object *U_get(void *ptr, ssize_t size);

/* A field's size: in bytes, or of a bit field the number of bits << 16 and the lowest bit's number,
 * counted in an integer of the field's type at its offset. CPython: LOW_BIT(), NUM_BITS(). */
#define LOW_BIT(size)  ((size)&0xFFFF)
#define NUM_BITS(size) ((size) >> 16)

/* ---- Types -----------------------------------------------------------------------------------*/

typedef enum {
    KIND_SIMPLE,
    KIND_POINTER,
    KIND_ARRAY,
    KIND_STRUCTURE,
    KIND_UNION,
    KIND_FUNCTION
} Kind;

/* CPython: CFieldObject, that a class has for each field. */
typedef struct {
    const char *name;
    CType *type;
    ssize_t index, offset, size;
    SetFunc setfunc; // of an array of characters; else NULL, and the type's are used
    GetFunc getfunc;
} CField;

enum { // CPython's names and values
    FUNCFLAG_CDECL = 0x1,
    FUNCFLAG_USE_ERRNO = 0x8,
    TYPEFLAG_ISPOINTER = 0x100,
    TYPEFLAG_HASPOINTER = 0x200,
    TYPEFLAG_HASUNION = 0x400,
    TYPEFLAG_HASBITFIELD = 0x800,
    DICTFLAG_FINAL = 0x1000, // _fields_ cannot be set any more
};

/* A class of ctypes: c_int, POINTER(c_int), c_int * 3, a Structure. CPython: StgDictObject and the
 * class it is the dict of; type.ob.type tells the metaclass, as there. */
struct CType {
    Type
        type; // its base is ctypes' Simple, _Pointer, Array, Structure, Union, _CFuncPtr or a structure
    Kind kind;
    unsigned flags;
    size_t size, align;
    ssize_t length;        // fields of its own, or items
    CType *proto;          // POINTER, ARRAY: of what; owned
    const FieldDesc *desc; // SIMPLE
    CField *fields;        // STRUCTURE, UNION: those of its own; one block with their names
    int pack;              // _pack_, NO_PACK if it has none
    CType *restype;        // FUNCTION: owned; NULL is None, void
    CType **argtypes;      // FUNCTION: owned, nargtypes of them; NULL if not set
    ssize_t nargtypes;
    CType *derived, *next; // pointers and arrays made of it, borrowed: there is one of each
    void *ffi;             // what libffi needs to know of it; made at the first call: call.c
};
enum { NO_PACK = -1 };

extern Type PyCSimpleType_Type, PyCPointerType_Type, PyCArrayType_Type; // metaclasses
extern Type PyCStructType_Type, UnionType_Type, PyCFuncPtrType_Type;
extern Type CData_Type, Simple_Type, Pointer_Type, Array_Type, Struct_Type, Union_Type,
    CFuncPtr_Type;
extern Type CArg_Type;

static inline CType *ctype_of(const Object *op) { // its type, if cdata_check()
    return (CType *)op->type;
}
/* Whether it is memory with a type. CPython: CDataObject_Check(). */
static inline bool cdata_check(const Object *op) {
    return object_is(op, &CData_Type);
}

/* For these files: a new class of that metaclass, kind and name, its size still to be set; `base`
 * is not counted. How a class dies and shows itself; how an instance dies that has nothing but its
 * memory. */
CType *ctype_new(Type *metatype, Type *base, Kind kind, const char *name);
void ctype_dealloc(Object *op);
int ctype_repr(Object *op, FILE *out);
void cdata_dealloc(Object *op);

/* The class of a code, borrowed: c_int of 'i'. Where int is as wide as long, that is c_long, as in
 * Python. NULL with ValueError. CPython: PyCSimpleType_new(); Lib/ctypes/__init__.py. */
CType *ctype_simple(char code);
/* By name: "c_int", or as C spells it: "unsigned int", "char*". Borrowed, NULL without an error. */
CType *ctype_by_name(const char *name);
/* POINTER(to), item * length: new references, one class for each; NULL with MemoryError,
 * ValueError, OverflowError ("array too large"). CPython: PyCPointerType_new(),
 * PyCArrayType_new(). */
CType *ctype_pointer(CType *to);
CType *ctype_array(CType *item, ssize_t length);
/* ---- Structures: layout.c --------------------------------------------------------------------*/

/* A pair or triple of _fields_; bits 0 stands for a pair. */
typedef struct {
    const char *name;
    CType *type;
    int bits;
} FieldSpec;

/* class name(Structure), without fields yet, so that a field can point to it; or (Union). `base` is
 * NULL or a structure that it goes on after; pack is _pack_ or NO_PACK. New reference. CPython:
 * StructUnionType_new(). */
CType *structure_new(const char *name, CType *base, int pack);
CType *union_new(const char *name, CType *base, int pack);
/* name._fields_ = fields: 0, or -1 with AttributeError, TypeError, ValueError, MemoryError, and
 * then as it was. CPython: PyCStructUnionType_update_stgdict(), PyCField_FromDesc(). Simplified: no
 * _anonymous_, no _swappedbytes_. */
int structure_set_fields(CType *self, const FieldSpec *fields, ssize_t nfields);
/* Drops its fields. A structure with a pointer to itself holds itself through that field; CPython's
 * collector finds that, here its maker must call this when all its instances are gone, while he
 * holds it. */
void structure_clear(CType *self);
/* The field of that name, of the class or its bases; NULL without an error. */
const CField *structure_find(const CType *self, const char *name);
/* <Field type=c_int, ofs=0:3, bits=4>. CPython: PyCField_repr(). */
void field_write_repr(const CField *self, FILE *out);

/* The same fields as the C compiler places them (gcc and clang on ELF platforms, pack as #pragma
 * pack(n)): ctypes' bit fields are not always there. */
typedef struct {
    size_t bit,
        bits; // from the structure's first bit; on a little-endian machine bit 0 is the lowest of byte 0
} GccField;
/* Fills places[length], size and align. What is nested is as the compiler has it, too. Cannot fail.
 * gcc: stor-layout.cc, place_field(). */
void structure_gcc_layout(const CType *self, GccField *places, size_t *size, size_t *align);

/* ---- Memory with a type: cdata.c -------------------------------------------------------------*/

/* What must live as long as an outermost CData, each under the address for whose sake; a later one
 * under the same address takes its place. CPython: b_objects, a dict whose keys are the path to the
 * field. */
typedef struct {
    Object ob;
    ssize_t used, allocated;
    struct {
        const char *key;
        Object *value;
    } * entries;
} Keeps;

/* CPython: CDataObject: b_ptr, b_base, b_size, b_objects, b_value. */
struct CData {
    Object ob;
    char *ptr;
    CData *base;    // whose memory it is a part of, or NULL
    Keeps *objects; // or NULL
    size_t size;
    bool needsfree; // ptr is its own block
    union {
        char bytes[16];
        void *pointer;
        double floating;
        long double longest;
    } value; // where ptr points if it is as small
};

/* type(): zeros. A view of memory that is not its own: `base` lives as long, or NULL. A copy of
 * memory. New references. CPython: GenericPyCData_new(), PyCData_FromBaseObj(),
 * PyCData_AtAddress(). */
Object *cdata_new(CType *type);
Object *cdata_at(CType *type, CData *base, void *address);
Object *cdata_copy(CType *type, const void *data);
/* type(*args, **kwargs): c_int(5), Point(1, 2), Point(x=1), (c_int * 3)(1, 2, 3),
 * POINTER(c_int)(n), a function pointer of an address or of a callable. New reference.
 * object_call() of a CType is this. CPython: Simple_init(), Struct_init(), Array_init(),
 * Pointer_init(), PyCFuncPtr_new(). */
Object *ctype_call(Object *type, Object *const *args, ssize_t nargs, Object *kwnames);

/* As _fields_ name it, self.x and self.x = value; new reference. AttributeError; ValueError of a
 * bit field that ctypes lays outside (CPython: reads and writes there). Of a c_int `value`, of a
 * pointer `contents`, of an array of characters `value` and `raw`. 0 or -1. CPython:
 * PyCField_get(), Simple_get_value(), Pointer_get_contents(), CharArray_get_value(),
 * CharArray_get_raw(). */
Object *cdata_get_attr(Object *self, const char *name);
int cdata_set_attr(Object *self, const char *name, Object *value);
/* self[i], self[i] = value, of arrays (-1 is the last) and pointers: IndexError ("invalid index"),
 * ValueError ("NULL pointer access"). len(). CPython: Array_subscript(), Pointer_item(). */
Object *cdata_get_item(Object *self, ssize_t index);
int cdata_set_item(Object *self, ssize_t index, Object *value);
ssize_t cdata_length(Object *self);

/* Stores a value of `type` at ptr, inside self or where self points: 0 or -1; reads it. CPython:
 * PyCData_set(), PyCData_get(). */
int cdata_set(CData *self, CType *type, SetFunc setfunc, Object *value, ssize_t size, char *ptr);
Object *cdata_get(CType *type, GetFunc getfunc, CData *self, ssize_t size, char *ptr);

/* pointer(obj), addressof(obj), cast(obj, type), string_at(address, size or -1), sizeof and
 * alignment are ctype_of(obj)->size and ->align. New references; TypeError. create_string_buffer()
 * takes bytes or a size. CPython: pointer(), addressof(), cast(), string_at();
 * Lib/ctypes/__init__.py. */
Object *cdata_pointer(Object *obj);
Object *cdata_addressof(Object *obj);
Object *cdata_cast(Object *obj, CType *type);
Object *cdata_string_at(const void *address, ssize_t size);
Object *cdata_string_buffer(Object *init, ssize_t size);

/* ---- Arguments: ctype.c ----------------------------------------------------------------------*/

typedef union {
    signed char b;
    unsigned char B;
    short h;
    unsigned short H;
    int i;
    unsigned int I;
    long l;
    unsigned long L;
    long long q;
    unsigned long long Q;
    float f;
    double d;
    long double g;
    void *p;
    bool t;
} CValue;

/* One argument, converted. CPython: struct argument. */
typedef struct {
    const FieldDesc *desc; // how it is handed over
    CType *type;           // of a structure by value, at value.p; else NULL
    CValue value;
    Object *keep; // owned; or NULL
} Argument;

/* byref(obj, offset): what from_param() of a pointer makes, too. New reference; TypeError.
 * CPython: PyCArgObject, byref(). */
typedef struct {
    Object ob;
    void *address;
    Object *obj;
} CArg;
Object *cdata_byref(Object *obj, ssize_t offset);

/* Converts an argument as its argtype says: 0, or -1 with TypeError ("wrong type", "expected
 * LP_c_int instance instead of int"). CPython: the from_param() methods, then ConvParam().
 * Simplified: no object between the two, and no _as_parameter_. */
int ctype_from_param(CType *type, Object *value, ssize_t index, Argument *argument);
/* Converts one without: None, int (a C int, whatever its value), bytes, str, and what is ctypes'
 * own. CPython: Modules/_ctypes/callproc.c, ConvParam(). */
int convert_param(Object *value, ssize_t index, Argument *argument);
/* The pending error becomes another: "argument 1: TypeError: wrong type".
 * CPython: _ctypes_extend_error(). */
PRINTF_LIKE void extend_error(ErrorType type, const char *format, ...);

/* ---- Functions: cdll.c, call.c, callback.c ----------------------------------------------------*/

enum { CTYPES_MAX_ARGCOUNT = 1024 };

/* CFUNCTYPE(restype, *argtypes, use_errno=...): new reference. restype NULL is None; argtypes NULL:
 * none set, as for the functions of a CDLL. object_call() of it makes a function pointer: of an
 * address, or of a callable. CPython: make_funcptrtype_dict(), PyCFuncPtr_new(). Simplified: a new
 * class each time. */
CType *ctype_function(CType *restype, CType *const *argtypes, ssize_t nargtypes, bool use_errno);

/* CPython: PyCFuncPtrObject: restype, argtypes, errcheck, thunk. */
typedef struct {
    CData data;       // whose bytes are the address
    CType *restype;   // owned; NULL is None, if it was set here; else the class's is used
    CType **argtypes; // owned, if set here
    ssize_t nargtypes;
    bool has_restype, has_argtypes;
    Object *errcheck; // or NULL
    Object *owner;    // what must live as long: the CDLL, the thunk of a callback; or NULL
    char *name;       // __name__, or NULL
    void *prepared;   // for its argtypes; NULL until the first call
} FuncPtr;

/* CDLL(name, use_errno): new reference; NULL with OSError in dlopen()'s words. name NULL: the
 * program itself. ("libm.so.6", or "./libsample.so".) CPython: py_dl_open();
 * Lib/ctypes/__init__.py, CDLL. */
typedef struct {
    Object ob;
    void *handle;
    CType *functype;
    char name[];
} CDLL;
extern Type CDLL_Type;
Object *cdll_open(const char *name, bool use_errno);
/* cdll.name: new reference each time, NULL with AttributeError in dlsym()'s words. Of a type of
 * your own. in_dll(): a variable. CPython: PyCFuncPtr_FromDll(), CDataType_in_dll(). */
Object *cdll_function(Object *cdll, const char *name);
Object *cdll_function_typed(Object *cdll, const char *name, CType *type);
Object *cdll_variable(Object *cdll, const char *name, CType *type); // ValueError

/* func.argtypes = ..., func.restype = ... (NULL: None), func.errcheck = ... (NULL: none). 0 or -1.
 * CPython: PyCFuncPtr_set_argtypes(), PyCFuncPtr_set_restype(), PyCFuncPtr_set_errcheck(). */
int funcptr_set_argtypes(Object *func, CType *const *argtypes, ssize_t nargtypes);
int funcptr_set_restype(Object *func, CType *restype);
int funcptr_set_errcheck(Object *func, Object *errcheck);
/* type(address): new reference. CPython: PyCFuncPtr_new(). */
Object *funcptr_from_address(CType *type, void (*address)(void));

/* func(*args): new reference. ArgumentError, TypeError ("this function takes at least 1 argument
 * (0 given)"). object_call() of a FuncPtr is this. CPython: PyCFuncPtr_call(),
 * _ctypes_callproc(). Simplified: no GIL to release around the call; no paramflags; restype is a
 * ctypes class or None. */
Object *funcptr_call(Object *func, Object *const *args, ssize_t nargs, Object *kwnames);

/* The errno that ctypes keeps for this thread, which functions of a use_errno library find and
 * leave. CPython: get_errno(), set_errno(). */
int ctypes_get_errno(void);
int ctypes_set_errno(int value); // returns the one before

/* CFUNCTYPE(...)(callable): a C function that calls ours. It is gone with the last reference to it,
 * whoever still has its address. New reference; TypeError ("invalid result type for callback
 * function"). CPython: Modules/_ctypes/callbacks.c, _ctypes_alloc_callback(). */
Object *callback_new(CType *type, Object *callable);
/* What becomes of an error in a callback, for which there is no caller: by default a line on
 * stderr, as sys.unraisablehook writes. `where` is "on calling ctypes callback function". The error
 * is pending, and cleared afterwards. */
extern void (*unraisable_hook)(const char *where, Object *callable);

/* For call.c and callback.c: the ffi_type * of a class, NULL being void. NULL with MemoryError. It
 * is the class's. */

struct _ffi_type *ctype_ffi(CType *type);

#endif
