/* doors.c: add() called from C, in the three ways that bench.c has for it: apart, as byhand.h knows
 * nothing of objects. */
#include "../../ctypes/byhand.h"

#if __has_include(<ffi.h>)
#include <ffi.h>
#define HAVE_FFI 1
#else
#define HAVE_FFI 0
#endif

int add(int a, int b); // ctypes/add.c
uint64_t call_directly(size_t n, size_t repeats, const void *argument);
uint64_t call_by_hand(size_t n, size_t repeats, const void *argument);
uint64_t call_by_libffi(size_t n, size_t repeats, const void *argument);

uint64_t call_directly(size_t n, size_t repeats, const void *argument) {
    (void)argument;
    int (*volatile function)(int, int) = add; // an address, as of a library's function
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++)
        function(1000, 2000);
    return clock_now() - start;
}

uint64_t call_by_hand(size_t n, size_t repeats, const void *argument) {
    (void)argument;
    ByhandValue args[] = {{.i = 1000}, {.i = 2000}}, result;
    if (!byhand_abi) return 0;
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++) {
        if (byhand_call((void (*)(void))add, "i(ii)", args, &result) < 0) abort();
    }
    return clock_now() - start;
}

uint64_t call_by_libffi(size_t n, size_t repeats, const void *argument) {
    (void)argument;
#if HAVE_FFI
    ffi_cif cif;
    ffi_type *types[] = {&ffi_type_sint, &ffi_type_sint};
    int a = 1000, b = 2000;
    void *args[] = {&a, &b};
    ffi_arg result;
    if (ffi_prep_cif(&cif, FFI_DEFAULT_ABI, 2, &ffi_type_sint, types) != FFI_OK) abort();
    uint64_t start = clock_now();
    for (size_t i = 0; i < n * repeats; i++)
        ffi_call(&cif, FFI_FN(add), &result, args);
    return clock_now() - start;
#else
    return (void)n, (void)repeats, 0;
#endif
}
