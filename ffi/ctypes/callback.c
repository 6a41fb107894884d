/* callback.c: a C function that calls ours.
 *
 * C wants an address to jump to, and at that address nothing may stand but code; yet the code must
 * know which of our functions to call. So each callback has a piece of code of its own, a closure:
 * it loads the address of its thunk and jumps to what all share (closure_fcn()). libffi makes it,
 * in memory that may be executed; `exec` is where it can be called, `write` where it can be written
 * to, two addresses of the same page.
 *
 * The invariant: the code lives exactly as long as the thunk, and the thunk as long as the function
 * pointer object. C holds no reference: a library that keeps the address longer jumps into nothing.
 *
 * CPython: Modules/_ctypes/callbacks.c; Modules/_ctypes/malloc_closure.c.
 */
#include "ctypes.h"

#include <errno.h>
#include <ffi.h>

/* CPython: CThunkObject: pcl_write, pcl_exec, cif, callable, restype, converters. */
typedef struct {
    Object ob;
    ffi_closure *write;
    void *exec;
    ffi_cif cif;
    CType *type; // owned; its restype and argtypes do not change
    Object *callable;
    Object *kept; // what the last result points to
    ffi_type *atypes[];
} Thunk;

static void thunk_dealloc(Object *op) {
    Thunk *self = (Thunk *)op;
    if (self->write) ffi_closure_free(self->write);
    decref(self->type);
    decref(self->callable);
    xdecref(self->kept);
    free(self);
}
static Type Thunk_Type = {TYPE("_ctypes.CThunkObject", NULL), .dealloc = thunk_dealloc};

/* CPython: Python/errors.c, write_unraisable_exc(). Simplified: no traceback. */
static void write_unraisable(const char *where, Object *callable) {
    Error error = error_fetch();
    fprintf(stderr, "Exception ignored %s: ", where);
    object_write_repr(callable, stderr);
    fputc('\n', stderr);
    error_restore(error);
    error_print(stderr);
}
void (*unraisable_hook)(const char *where, Object *callable) = write_unraisable;

static void unraisable(const Thunk *self, const char *where) {
    unraisable_hook(where, self->callable);
    error_clear();
}

static void swap_errno(void) {
    errno = ctypes_set_errno(errno);
}

/* Stores what ours gave where C will find it. What that points to is kept until the next call
 * (CPython: for ever, with a RuntimeWarning, "memory leak in callback function."). */
static void store_result(Thunk *self, Object *value, char *result) {
    CType *restype = self->type->restype;
    if (!restype) return;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    if (restype->desc->kind != C_FLOATING && restype->size < sizeof(ffi_arg))
        result += sizeof(ffi_arg) - restype->size;
#endif
    Object *keep = restype->desc->setfunc(result, value, 0);
    if (!keep) {
        unraisable(self, "on converting result of ctypes callback function");
        return;
    }
    if (restype->desc->code == 'O') return; // the reference is given to C, which gives it on
    Object *before = self->kept;
    self->kept = keep;
    xdecref(before);
}

/* CPython: _CallPythonObject(). Simplified: no GIL to take. */
static void call_ours(Thunk *self, char *result, void **values) {
    CType *type = self->type;
    ssize_t nargs = type->nargtypes, made = 0;
    Object *args[nargs + 1], *value = NULL;
    for (; made < nargs; made++) {
        CType *argtype = type->argtypes[made];
        args[made] = argtype->kind == KIND_SIMPLE
                         ? argtype->desc->getfunc(values[made], (ssize_t)argtype->size)
                         : cdata_copy(argtype, values[made]);
        if (!args[made]) break;
    }
    if (made == nargs) {
        if (type->flags & FUNCFLAG_USE_ERRNO) swap_errno();
        value = object_call(self->callable, args, nargs);
        if (type->flags & FUNCFLAG_USE_ERRNO) swap_errno();
    }
    if (value) {
        store_result(self, value, result);
        decref(value);
    } else {
        unraisable(self, "on calling ctypes callback function");
    }
    while (made-- > 0)
        decref(args[made]);
}

/* An error that is pending where C was called is none of the callback's. After one of its own C is
 * given zeros (CPython: whatever stood there). */
static void closure_fcn(ffi_cif *cif, void *result, void **values, void *userdata) {
    Thunk *self = userdata;
    Error pending;
    bool is_pending = error_occurred() != NoError; // the usual case is none: an Error is large
    if (is_pending) pending = error_fetch();
    incref(self); // it may drop the last other reference
    if (cif->rtype != &ffi_type_void) {
        size_t size = cif->rtype->size;
        memset(result, 0, size < sizeof(ffi_arg) ? sizeof(ffi_arg) : size);
    }
    call_ours(self, result, values);
    decref(self);
    if (is_pending) error_restore(pending);
}

static Thunk *thunk_new(CType *type, Object *callable) {
    Thunk *self =
        object_new(&Thunk_Type, sizeof *self + (size_t)type->nargtypes * sizeof(ffi_type *));
    if (!self) return NULL;
    self->type = (CType *)new_ref(type);
    self->callable = new_ref(callable);
    for (ssize_t i = 0; i < type->nargtypes; i++) {
        self->atypes[i] = ctype_ffi(type->argtypes[i]);
        if (!self->atypes[i]) goto error;
    }
    self->write = ffi_closure_alloc(sizeof(ffi_closure), &self->exec);
    if (!self->write) {
        error_no_memory();
        goto error;
    }
    ffi_status status = ffi_prep_cif(&self->cif, FFI_DEFAULT_ABI, (unsigned)type->nargtypes,
                                     ctype_ffi(type->restype), self->atypes);
    if (status != FFI_OK) {
        error_set(RuntimeError, "ffi_prep_cif failed with %d", (int)status);
        goto error;
    }
    status = ffi_prep_closure_loc(self->write, &self->cif, closure_fcn, self, self->exec);
    if (status != FFI_OK) {
        error_set(RuntimeError, "ffi_prep_closure failed with %d", (int)status);
        goto error;
    }
    return self;
error:
    decref(self);
    return NULL;
}

Object *callback_new(CType *type, Object *callable) {
    if (type->restype && type->restype->kind != KIND_SIMPLE) {
        error_set(TypeError, "invalid result type for callback function");
        return NULL;
    }
    if (!type->argtypes) {
        error_set(TypeError, "cannot construct instance of this class: no argtypes");
        return NULL;
    }
    Thunk *thunk = thunk_new(type, callable);
    if (!thunk) return NULL;
    void (*function)(void);
    memcpy(&function, &thunk->exec, sizeof function);
    FuncPtr *self = (FuncPtr *)funcptr_from_address(type, function);
    if (self) {
        self->owner = OBJECT(thunk);
    } else {
        decref(thunk);
    }
    return OBJECT(self);
}
