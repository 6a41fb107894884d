/* call.c: the call, by libffi: values of Python become what the processor's calling convention
 * wants.
 *
 * The invariant: whatever an argument points to is held (Argument.keep) until the call is over.
 * After that nobody holds it for C's sake: a library that goes on using an address must be given
 * memory that its caller keeps.
 *
 * libffi is told the types first (ffi_prep_cif(), which sorts out registers and stack) and given
 * the values then (ffi_call()). CPython prepares anew for each call; here a function whose argtypes
 * are set is prepared once, which is half of why this is faster. The other half: no tuple, and no
 * object between from_param() and the value.
 *
 * CPython: Modules/_ctypes/callproc.c, _ctypes_callproc(), _call_function_pointer(), GetResult();
 * Modules/_ctypes/_ctypes.c, PyCFuncPtr_call().
 */
#include "ctypes.h"

#include <errno.h>
#include <ffi.h>
#include <stddef.h>

/* ---- What libffi knows of a type -------------------------------------------------------------*/

static ffi_type *scalar(CClass kind, size_t size) {
    static ffi_type *const integers[] = {&ffi_type_uint8,  &ffi_type_sint8,  &ffi_type_uint16,
                                         &ffi_type_sint16, &ffi_type_uint32, &ffi_type_sint32,
                                         &ffi_type_uint64, &ffi_type_sint64};
    if (kind == C_POINTER) return &ffi_type_pointer;
    if (kind == C_FLOATING) {
        return size == sizeof(float)    ? &ffi_type_float
               : size == sizeof(double) ? &ffi_type_double
                                        : &ffi_type_longdouble;
    }
    int log = size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : 3;
    return integers[2 * log + (kind == C_SIGNED)];
}

/* An array in a structure: as a structure of so many items. But an array that cannot be passed in
 * registers anyway, as any in a structure of more than four long doubles, may as well be taken for
 * a pointer: only the structure's size counts then. CPython: does so above 16 bytes, and so passes
 * struct { double xyz[3]; } wrongly on AArch64; see MAX_STRUCT_SIZE in stgdict.c. */
enum { MAX_STRUCT_SIZE = 64 };

static ffi_type *member(CType *type, size_t whole) {
    if (type->kind != KIND_ARRAY) return ctype_ffi(type);
    if (whole > MAX_STRUCT_SIZE) return &ffi_type_pointer;
    if (type->ffi) return type->ffi;
    ffi_type *item = member(type->proto, whole);
    size_t length = type->size ? (size_t)type->length : 0; // any number of empty ones is nothing
    ffi_type *self = item ? malloc(sizeof *self + (length + 1) * sizeof(ffi_type *)) : NULL;
    if (!self) return error_no_memory();
    ffi_type **elements = (ffi_type **)(self + 1);
    for (size_t i = 0; i < length; i++)
        elements[i] = item;
    elements[length] = NULL;
    *self = (ffi_type){type->size, (unsigned short)type->align, FFI_TYPE_STRUCT, elements};
    return type->ffi = self;
}

/* Size and alignment are given, so that libffi does not work them out: it knows no bit fields, no
 * unions and no _pack_. It goes by the elements alone when it chooses registers; so what is passed
 * by value must have none of these. */
static ffi_type *aggregate(CType *type) {
    if (type->ffi) return type->ffi;
    if (type->size == 0 && !(type->flags & DICTFLAG_FINAL)) { // it may still get fields
        error_set(RuntimeError, "ffi_prep_cif failed");
        return NULL;
    }
    type->flags |= DICTFLAG_FINAL; // what libffi was told stays so
    CType *base = type->type.base->ob.type == &Type_Type ? NULL : (CType *)type->type.base;
    ffi_type *self = malloc(sizeof *self + ((size_t)type->length + 2) * sizeof(ffi_type *));
    if (!self) return error_no_memory();
    ffi_type **elements = (ffi_type **)(self + 1);
    size_t n = 0;
    if (base && base->size) elements[n++] = ctype_ffi(base);
    for (ssize_t i = 0; i < type->length && (n == 0 || elements[n - 1]); i++) {
        if (n == 0 && type->fields[i].type->size == 0)
            continue; // libffi takes the first for a sample
        elements[n++] = member(type->fields[i].type, type->size);
    }
    if (n && !elements[n - 1]) {
        free(self);
        return NULL;
    }
    elements[n] = NULL;
    *self = (ffi_type){type->size, (unsigned short)type->align, FFI_TYPE_STRUCT, elements};
    return type->ffi = self;
}

ffi_type *ctype_ffi(CType *type) {
    if (!type) return &ffi_type_void;
    if (type->kind == KIND_SIMPLE) return scalar(type->desc->kind, type->desc->size);
    if (type->kind == KIND_STRUCTURE || type->kind == KIND_UNION) return aggregate(type);
    return &ffi_type_pointer;
}

/* ---- Function pointers -----------------------------------------------------------------------*/

/* What libffi was told. The function holds one of these, and each call that runs one more: a
 * callback may set argtypes. */
typedef struct {
    int holders;
    ffi_cif cif;
    ffi_type *atypes[];
} Prepared;

static void prepared_release(Prepared *self) {
    if (self && --self->holders == 0) free(self);
}

static void forget_prepared(FuncPtr *self) {
    Prepared *prepared = self->prepared;
    self->prepared = NULL;
    prepared_release(prepared);
}

static void drop_argtypes(FuncPtr *self) {
    for (ssize_t i = 0; self->has_argtypes && i < self->nargtypes; i++)
        decref(self->argtypes[i]);
    free(self->argtypes);
    self->argtypes = NULL;
    self->has_argtypes = false;
}

static void funcptr_dealloc(Object *op) {
    FuncPtr *self = (FuncPtr *)op;
    drop_argtypes(self);
    xdecref(self->restype);
    xdecref(self->errcheck);
    xdecref(self->owner);
    free(self->name);
    forget_prepared(self);
    cdata_dealloc(op);
}

/* type(address), type(callable). CPython: PyCFuncPtr_new(). */
static Object *functype_call(Object *type, Object *const *args, ssize_t nargs, Object *kwnames) {
    uint64_t address = 0;
    (void)kwnames;
    if (nargs == 0) return cdata_new((CType *)type); // NULL
    if (int_check(args[0])) {
        void (*function)(void);
        int_as_mask(args[0], &address);
        uintptr_t plain = (uintptr_t)address;
        memcpy(&function, &plain, sizeof function);
        return funcptr_from_address((CType *)type, function);
    }
    if (args[0]->type->call) return callback_new((CType *)type, args[0]);
    error_set(TypeError, "argument must be callable or integer function address");
    return NULL;
}

Type PyCFuncPtrType_Type = {TYPE("_ctypes.PyCFuncPtrType", &Type_Type), .dealloc = ctype_dealloc,
                            .repr = ctype_repr, .call = functype_call};

CType *ctype_function(CType *restype, CType *const *argtypes, ssize_t nargtypes, bool use_errno) {
    CType *self = ctype_new(&PyCFuncPtrType_Type, &CFuncPtr_Type, KIND_FUNCTION, "CFunctionType");
    if (!self) return NULL;
    self->type.dealloc = funcptr_dealloc;
    self->type.call = funcptr_call;
    self->flags = FUNCFLAG_CDECL | TYPEFLAG_ISPOINTER | (use_errno ? FUNCFLAG_USE_ERRNO : 0);
    self->size = field_desc('P')->size;
    self->align = field_desc('P')->align;
    self->nargtypes = nargtypes;
    if (argtypes) {
        self->argtypes = malloc(((size_t)nargtypes + 1) * sizeof *argtypes);
        if (!self->argtypes) {
            decref(self);
            return error_no_memory();
        }
        for (ssize_t i = 0; i < nargtypes; i++)
            self->argtypes[i] = (CType *)new_ref(argtypes[i]);
    }
    if (restype) self->restype = (CType *)new_ref(restype);
    return self;
}

Object *funcptr_from_address(CType *type, void (*address)(void)) {
    CData *self = (CData *)cdata_new(type);
    if (self) memcpy(self->ptr, &address, sizeof address);
    return OBJECT(self);
}

int funcptr_set_argtypes(Object *func, CType *const *argtypes, ssize_t nargtypes) {
    FuncPtr *self = (FuncPtr *)func;
    CType **copy = malloc(((size_t)nargtypes + 1) * sizeof *copy);
    if (!copy) {
        error_no_memory();
        return -1;
    }
    for (ssize_t i = 0; i < nargtypes; i++)
        copy[i] = (CType *)new_ref(argtypes[i]);
    drop_argtypes(self);
    self->argtypes = copy;
    self->nargtypes = nargtypes;
    self->has_argtypes = true;
    forget_prepared(self);
    return 0;
}

int funcptr_set_restype(Object *func, CType *restype) {
    FuncPtr *self = (FuncPtr *)func;
    CType *old = self->restype; // which may be the same
    self->restype = restype ? (CType *)new_ref(restype) : NULL;
    xdecref(old);
    self->has_restype = true;
    forget_prepared(self);
    return 0;
}

int funcptr_set_errcheck(Object *func, Object *errcheck) {
    FuncPtr *self = (FuncPtr *)func;
    if (errcheck && !errcheck->type->call) {
        return error_set(TypeError, "the errcheck attribute must be callable");
    }
    if (errcheck) incref(errcheck);
    xdecref(self->errcheck);
    self->errcheck = errcheck;
    return 0;
}

/* ---- The call --------------------------------------------------------------------------------*/

static _Thread_local int ctypes_errno;

int ctypes_get_errno(void) {
    return ctypes_errno;
}

int ctypes_set_errno(int value) {
    int before = ctypes_errno;
    ctypes_errno = value;
    return before;
}

static void swap_errno(void) {
    int temp = ctypes_errno;
    ctypes_errno = errno;
    errno = temp;
}

/* What is called, and as what. */
typedef struct {
    FuncPtr *func;
    CType *restype;
    CType *const *argtypes;
    ssize_t nargtypes; // 0 without argtypes, too
    unsigned flags;
} Callee;

static int prepare(ffi_cif *cif, const Callee *callee, ssize_t nargs, ffi_type **atypes) {
    ffi_type *rtype = ctype_ffi(callee->restype);
    if (!rtype) return -1;
    if (callee->nargtypes && nargs > callee->nargtypes) { // ... of a variadic function
        if (ffi_prep_cif_var(cif, FFI_DEFAULT_ABI, (unsigned)callee->nargtypes, (unsigned)nargs,
                             rtype, atypes) == FFI_OK)
            return 0;
        return error_set(RuntimeError, "ffi_prep_cif_var failed");
    }
    if (ffi_prep_cif(cif, FFI_DEFAULT_ABI, (unsigned)nargs, rtype, atypes) == FFI_OK) return 0;
    return error_set(RuntimeError, "ffi_prep_cif failed");
}

/* Prepares for as many arguments as argtypes says, once; NULL where that failed, without an error:
 * each call then tries for itself. */
static Prepared *prepared_for(const Callee *callee) {
    FuncPtr *self = callee->func;
    if (self->prepared) return self->prepared;
    Prepared *prepared = malloc(sizeof *prepared + (size_t)callee->nargtypes * sizeof(ffi_type *));
    bool good = prepared != NULL;
    for (ssize_t i = 0; good && i < callee->nargtypes; i++)
        good = (prepared->atypes[i] = ctype_ffi(callee->argtypes[i])) != NULL;
    if (!good || prepare(&prepared->cif, callee, callee->nargtypes, prepared->atypes) < 0) {
        free(prepared);
        error_clear();
        return NULL;
    }
    prepared->holders = 1;
    return self->prepared = prepared;
}

/* What came back, as an object. CPython: GetResult(). */
static Object *get_result(CType *restype, char *result) {
    if (!restype) return new_ref(None);
    if (restype->kind != KIND_SIMPLE) return cdata_copy(restype, result);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    if (restype->desc->kind != C_FLOATING && restype->size < sizeof(ffi_arg))
        result += sizeof(ffi_arg) - restype->size;
#endif
    Object *value = restype->desc->getfunc(result, (ssize_t)restype->size);
    if (value && restype->desc->code == 'O') decref(value); // C gave us its reference
    return value;
}

static Object *call_prepared(const Callee *callee, ffi_cif *cif, void **values) {
    size_t size = callee->restype ? callee->restype->size : 0;
    max_align_t result[(size < sizeof(ffi_arg) ? sizeof(ffi_arg) : size) / sizeof(max_align_t) + 1];
    void (*function)(void);
    memcpy(&function, callee->func->data.ptr, sizeof function);
    if (callee->flags & FUNCFLAG_USE_ERRNO) swap_errno();
    ffi_call(cif, function, result, values);
    if (callee->flags & FUNCFLAG_USE_ERRNO) swap_errno();
    return get_result(callee->restype, (char *)result);
}

/* Whether an argument came out as its argtype promised. An instance of a subclass is of its own
 * type. */
static bool as_declared(const Argument *argument, const CType *type) {
    if (argument->type) return argument->type == type;
    if (argument->desc->kind == C_POINTER) return !type->desc || type->desc->kind == C_POINTER;
    return argument->desc == type->desc;
}

/* The arguments are converted: libffi gets their addresses, and their types, if it has not got them
 * before. */
static Object *call_converted(const Callee *callee, Argument *arguments, ssize_t nargs) {
    void *values[nargs + 1];
    bool same = nargs && nargs == callee->nargtypes;
    for (ssize_t i = 0; i < nargs; i++) {
        values[i] = arguments[i].type ? arguments[i].value.p : &arguments[i].value;
        same = same && as_declared(&arguments[i], callee->argtypes[i]);
    }
    Prepared *prepared = same ? prepared_for(callee) : NULL;
    if (prepared) {
        prepared->holders++;
        Object *result = call_prepared(callee, &prepared->cif, values);
        prepared_release(prepared);
        return result;
    }
    ffi_type *atypes[nargs + 1];
    for (ssize_t i = 0; i < nargs; i++) {
        atypes[i] = arguments[i].type ? ctype_ffi(arguments[i].type)
                                      : scalar(arguments[i].desc->kind, arguments[i].desc->size);
        if (!atypes[i]) return NULL;
    }
    ffi_cif cif;
    if (prepare(&cif, callee, nargs, atypes) < 0) return NULL;
    return call_prepared(callee, &cif, values);
}

/* CPython: _ctypes_callproc(). */
static Object *callproc(const Callee *callee, Object *const *args, ssize_t nargs) {
    Argument arguments[nargs + 1];
    Object *result = NULL;
    ssize_t converted = 0;
    for (; converted < nargs; converted++) {
        Argument *argument = &arguments[converted];
        int status = converted < callee->nargtypes
                         ? ctype_from_param(callee->argtypes[converted], args[converted],
                                            converted + 1, argument)
                         : convert_param(args[converted], converted + 1, argument);
        if (status < 0) {
            extend_error(ArgumentError, "argument %zd: ", converted + 1);
            goto done;
        }
    }
    result = call_converted(callee, arguments, nargs);
done:
    while (converted-- > 0)
        xdecref(arguments[converted].keep);
    return result;
}

/* errcheck(result, func, args): what it gives takes the result's place, unless it gives back the
 * args. Steals the result. */
static Object *check_result(FuncPtr *self, Object *result, Object *const *args, ssize_t nargs) {
    Object *callargs = tuple_from_array(args, nargs), *value = NULL;
    Object *errcheck = new_ref(self->errcheck); // which it may change
    if (callargs) value = object_call(errcheck, (Object *[]){result, OBJECT(self), callargs}, 3);
    if (value && value == callargs) {
        decref(value);
        value = new_ref(result);
    }
    decref(errcheck);
    xdecref(callargs);
    decref(result);
    return value;
}

Object *funcptr_call(Object *op, Object *const *args, ssize_t nargs, Object *kwnames) {
    (void)kwnames; // CPython without paramflags looks at none either
    FuncPtr *self = (FuncPtr *)op;
    const CType *type = ctype_of(op);
    Callee callee = {self, self->has_restype ? self->restype : type->restype,
                     self->has_argtypes ? self->argtypes : type->argtypes,
                     self->has_argtypes ? self->nargtypes
                     : type->argtypes   ? type->nargtypes
                                        : 0,
                     type->flags};
    if (nargs < callee.nargtypes) { // more are allowed: C calls that variadic
        error_set(TypeError, "this function takes at least %zd argument%s (%zd given)",
                  callee.nargtypes, callee.nargtypes == 1 ? "" : "s", nargs);
        return NULL;
    }
    if (nargs > CTYPES_MAX_ARGCOUNT) {
        error_set(ArgumentError, "too many arguments (%zd), maximum is %d", nargs,
                  CTYPES_MAX_ARGCOUNT);
        return NULL;
    }
    incref(self); // a callback may drop it, or set its restype
    if (callee.restype) incref(callee.restype);
    Object *result = callproc(&callee, args, nargs);
    xdecref(callee.restype);
    if (result && self->errcheck) result = check_result(self, result, args, nargs);
    decref(self);
    return result;
}
