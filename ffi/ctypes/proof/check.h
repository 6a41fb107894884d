/* check.h: what the tests of calls share: libffi's functions that fail on demand, blocks counted, a
 * function of ours. */
#ifndef CHECK_H
#define CHECK_H

#include "../../../common/proof/testing.h"

#include "../ctypes.h"

#include <ffi.h>

TESTING_CALL(void *, ffi_closure_alloc, (size_t size, void **code), (size, code), NULL)
TESTING_CALL(ffi_status, ffi_prep_cif,
             (ffi_cif * cif, ffi_abi abi, unsigned nargs, ffi_type *rtype, ffi_type **atypes),
             (cif, abi, nargs, rtype, atypes), FFI_BAD_TYPEDEF)
TESTING_CALL(ffi_status, ffi_prep_closure_loc,
             (ffi_closure * closure, ffi_cif *cif, void (*fun)(ffi_cif *, void *, void **, void *),
              void *data, void *code),
             (closure, cif, fun, data, code), FFI_BAD_ABI)

static long blocks;

static int remember_blocks(void **unused) {
    (void)unused;
    blocks = testing_blocks();
    return 0;
}
static int no_block_more(void **unused) {
    (void)unused;
    testing_fail(NULL, 0, 0);
    return testing_blocks() == blocks && !error_occurred() ? 0 : -1;
}

typedef void (*Any)(void);

/* A function of ours, of a type that is dropped with it. */
static inline Object *function_at(Any address, CType *restype, CType *const *argtypes, ssize_t n) {
    CType *type = ctype_function(restype, argtypes, n, false);
    Object *func = type ? funcptr_from_address(type, address) : NULL;
    xdecref(type);
    return func;
}
static inline CType *code(char which) {
    return ctype_simple(which);
}
static inline int64_t got(Object *value) {
    long long plain = 0;
    assert_non_null(value);
    assert_int_equal(int_as_longlong(value, &plain), 0);
    decref(value);
    return plain;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, remember_blocks, no_block_more)

#endif
