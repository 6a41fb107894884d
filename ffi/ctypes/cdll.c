/* cdll.c: a shared library, its functions and its variables, by name.
 *
 * Nothing of a library says how a function is called: dlsym() gives an address, and whoever asked
 * must know the rest. A library is never closed, as ctypes never closes one: addresses in it may be
 * anywhere by then.
 *
 * CPython: Modules/_ctypes/callproc.c, py_dl_open(); Modules/_ctypes/_ctypes.c,
 * PyCFuncPtr_FromDll(); Lib/ctypes/__init__.py.
 */
#include "ctypes.h"

#include <dlfcn.h>

static void cdll_dealloc(Object *op) {
    decref(((CDLL *)op)->functype);
    free(op);
}

static int cdll_repr(Object *op, FILE *out) {
    fprintf(out, "<CDLL '%s'>", ((CDLL *)op)->name); // CPython: and its handle and address
    return 0;
}

Type CDLL_Type = {TYPE("CDLL", NULL), .dealloc = cdll_dealloc, .repr = cdll_repr};

Object *cdll_open(const char *name, bool use_errno) {
    CDLL *self = object_new(&CDLL_Type, sizeof *self + (name ? strlen(name) : 0) + 1);
    if (!self) return NULL;
    if (name) strcpy(self->name, name);
    self->functype = ctype_function(ctype_simple('i'), NULL, 0, use_errno);
    if (!self->functype) {
        free(self);
        return NULL;
    }
    self->handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!self->handle) {
        const char *words = dlerror();
        error_set(OSError, "%s", words ? words : "dlopen() error");
        clear_ref(self);
    }
    return OBJECT(self);
}

/* The symbol's address, in a void * as dlsym() has it; NULL with an error of that type. */
static void *find(const CDLL *self, const char *name, ErrorType error) {
    dlerror();
    void *address = dlsym(self->handle, name);
    if (address) return address;
    const char *words = dlerror();
    error_set(error, "%s", words ? words : "symbol not found");
    return NULL;
}

Object *cdll_function_typed(Object *cdll, const char *name, CType *type) {
    void (*function)(void);
    void *address = find((CDLL *)cdll, name, AttributeError);
    if (!address) return NULL;
    memcpy(&function, &address,
           sizeof function); // C knows no cast from the one to the other; POSIX says it works
    FuncPtr *self = (FuncPtr *)funcptr_from_address(type, function);
    if (!self) return NULL;
    self->owner = new_ref(cdll);
    self->name = malloc(strlen(name) + 1);
    if (!self->name) {
        decref(self);
        return error_no_memory();
    }
    strcpy(self->name, name);
    return OBJECT(self);
}

Object *cdll_function(Object *cdll, const char *name) {
    return cdll_function_typed(cdll, name, ((CDLL *)cdll)->functype);
}

Object *cdll_variable(Object *cdll, const char *name, CType *type) {
    void *address = find((CDLL *)cdll, name, ValueError);
    return address ? cdata_at(type, NULL, address) : NULL;
}
