/* pool.c: the pool alone, as in the other tests every block is malloc's. SEED=n replays a run. */
#include "../../../common/proof/testing.h"

#include "../../pool.h"

#define UNUSED __attribute__((unused))

static struct {
    unsigned char *at, byte;
    size_t size;
} blocks[3000];

static void free_block(size_t i) {
    for (size_t k = 0; k < blocks[i].size; k++)
        assert_int_equal(blocks[i].at[k], blocks[i].byte);
    pool_free(blocks[i].at);
    blocks[i].at = NULL;
}

/* Blocks do not overlap, are aligned, and keep what is written into them. */
static void test_pool(UNUSED void **state) {
    uint64_t random = testing_seed();
    for (long step = 0; step < 200000; step++) {
        size_t i = testing_random(&random, 3000);
        if (blocks[i].at) {
            free_block(i);
        } else {
            blocks[i].size = 1 + testing_random(&random, step / 40000 % 2 ? 64 : 512);
            blocks[i].at = pool_alloc(blocks[i].size);
            blocks[i].byte = (unsigned char)step;
            assert_int_equal((uintptr_t)blocks[i].at % POOL_ALIGNMENT, 0);
            memset(blocks[i].at, blocks[i].byte, blocks[i].size);
        }
    }
    for (size_t i = 0; i < 3000; i++)
        if (blocks[i].at) free_block(i);
}

/* Where all have died, in whatever order, the next ones lie in the order of their addresses again; and
 * as nothing is lost, there is no need for more memory. */
static void test_pool_is_in_order_again(UNUSED void **state) {
    unsigned char *all[3000];
    uint64_t random = testing_seed();
    long before = 0;
    for (int round = 0; round < 5; round++) {
        int backwards = 0;
        for (int i = 0; i < 3000; i++) {
            all[i] = pool_alloc(64);
            backwards += i > 0 && all[i] != all[i - 1] + 64;
        }
        assert_true(backwards <= 3000 * 64 / POOL_SIZE + 1);
        assert_true(round == 0 || testing_blocks() == before);
        before = testing_blocks();
        for (size_t left = 3000; left > 0; left--) {
            size_t i = round % 2 ? left - 1 : testing_random(&random, left);
            pool_free(all[i]);
            all[i] = all[left - 1];
        }
    }
    testing_fail_at(0);
    while (!testing_has_failed())
        if (pool_alloc(512)) before++; // kept for ever
    testing_fail(NULL, 0, 0);
    assert_non_null(pool_alloc(512));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pool),
        cmocka_unit_test(test_pool_is_in_order_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
