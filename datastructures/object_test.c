/* object_test.c: ints, floats, strs, tuples: hash, equality, repr. The expected values are CPython
 * 3.11's, printed by `PYTHONHASHSEED=0 python3`. */
#include "object.h"

#include "../common/testing.h"

static void test_small_ints_are_singletons(void **state) {
    (void)state;
    Object *a = int_from_long(256), *b = int_from_long(256);
    assert_ptr_equal(a, b);
    decref(a);
    decref(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_ints_are_singletons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
