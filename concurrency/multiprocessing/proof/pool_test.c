/* pool_test.c: the pool: its answers, its errors, and workers that die. */
#include "test_common.h"

#include <errno.h>
#include <sys/resource.h>

static long number_of(const void *item) {
    long number;
    memcpy(&number, item, sizeof number);
    return number;
}

static int echo(const void *item, size_t size, Block *result) {
    *result = (Block){malloc(size + 1), size};
    if (!result->data) return error_set(MemoryError, "%s", "");
    if (size) memcpy(result->data, item, size);
    return 0;
}

static int square(const void *item, size_t size, Block *result) {
    long number = number_of(item) * number_of(item);
    return echo(&number, size, result);
}

static int fails_on_odd(const void *item, size_t size, Block *result) {
    long number = number_of(item);
    return number % 2 ? error_set(ValueError, "odd: %ld", number) : square(item, size, result);
}

/* Item 3 kills its worker. */
static int kills_itself(const void *item, size_t size, Block *result) {
    if (number_of(item) == 3) raise(SIGKILL);
    return square(item, size, result);
}

static atomic_int *shared_flag; // in memory that all processes share

/* The first to come kills its worker, the second does not. */
static int kills_itself_once(const void *item, size_t size, Block *result) {
    if (number_of(item) == 3 && (*shared_flag)++ == 0) raise(SIGKILL);
    return square(item, size, result);
}

static int worker_pid(const void *item, size_t size, Block *result) {
    (void)item, (void)size;
    pid_t pid = getpid();
    return echo(&pid, sizeof pid, result);
}

/* Waits until the parent writes 1 into shared memory. */
static int waits(const void *item, size_t size, Block *result) {
    (void)item, (void)size, (void)result;
    while (*shared_flag == 0)
        sched_yield();
    return 0;
}

enum { MANY = 1000 };
static long numbers[MANY];
static Block items[MANY];

static void make_items(void) {
    for (long i = 0; i < MANY; i++) {
        numbers[i] = i;
        items[i] = (Block){&numbers[i], sizeof numbers[i]};
    }
}

static Pool *made(int processes, int maxtasks) {
    Pool *pool = pool_new(processes, maxtasks);
    assert_non_null(pool);
    return pool;
}

static void check_squares(const Block *results, size_t count) {
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(results[i].size, sizeof(long));
        assert_int_equal(*(long *)results[i].data, (long)(i * i));
    }
}

TEST(test_map) {
    const size_t counts[] = {0, 1, 7, 8, 9, MANY}, chunks[] = {0, 1, 3, MANY, 2 * MANY};
    Pool *pool = made(3, POOL_NONE);
    for (size_t c = 0; c < 6; c++)
        for (size_t k = 0; k < 5; k++) {
            Block *results = pool_map(pool, square, items, counts[c], chunks[k]);
            assert_non_null(results);
            check_squares(results, counts[c]);
            blocks_free(results, counts[c]);
        }
    pool_free(pool);
}

TEST(test_sizes) {
    const size_t sizes[] = {0, 1, 15, 16, 17, 65535, 65536, 200000, 5 << 20};
    Pool *pool = made(2, POOL_NONE);
    for (size_t s = 0; s < 9; s++) {
        Block big[6], *results;
        for (int i = 0; i < 6; i++) {
            big[i] = (Block){malloc(sizes[s] + 1), sizes[s]};
            memset(big[i].data, 'a' + i, sizes[s] + 1);
        }
        results = pool_map(pool, echo, big, 6, 1);
        assert_non_null(results);
        for (int i = 0; i < 6; i++) {
            assert_int_equal(results[i].size, sizes[s]);
            assert_memory_equal(results[i].data, big[i].data, sizes[s]);
            free(big[i].data);
        }
        blocks_free(results, 6);
    }
    pool_free(pool);
}

TEST(test_errors) {
    assert_none(pool_new(1, 0), ValueError, "maxtasksperchild must be a positive int or None");
    Pool *pool = made(2, POOL_NONE);
    assert_none(pool_map(pool, fails_on_odd, items + 2, 50, 7), ValueError, "odd: 3");
    assert_int_equal(pool_failed_item(pool), 1);
    pool_free(pool);
}

/* Takes what is next of a call, with its index; a square is looked at. Returns the status. */
static int take(AsyncResult *call, size_t *index) {
    Block block = {NULL, 0};
    int status = async_next(call, 60, &block, index);
    if (status > 0) assert_int_equal(*(long *)block.data, (long)(*index * *index));
    testing_free(block.data);
    return status;
}

TEST(test_async) {
    *shared_flag = 0;
    Pool *pool = made(1, POOL_NONE);
    AsyncResult *result = pool_apply_async(pool, waits, items[0]);
    char words[128];
    assert_false(async_ready(result));
    assert_none(async_get(result, 0.001), TimeoutError, "");
    assert_int_equal(async_successful(result), -1);
    snprintf(words, sizeof words, "<multiprocessing.pool.ApplyResult object at %p> not ready",
             (void *)result);
    assert_error(ValueError, words);
    *shared_flag = 1;
    assert_non_null(async_get(result, FOREVER));
    assert_int_equal(async_successful(result), 1);
    async_free(result);
    AsyncResult *freed = pool_map_async(pool, square, items, 100, 1); // and dropped while it runs
    async_ready(freed);
    async_free(freed);
    Block one;
    assert_int_equal(pool_apply(pool, square, items[9], &one), 0);
    assert_int_equal(*(long *)one.data, 81);
    testing_free(one.data);
    AsyncResult *late = pool_map_async(pool, square, items, 100, 1);
    pool_close(pool);
    assert_int_equal(pool_join(pool), 0); // does what was begun
    pool_free(pool);
    check_squares(async_get(late, 0), 100);
    async_free(late);
}

TEST(test_imap) {
    Pool *pool = made(3, POOL_NONE);
    for (size_t chunksize = 1; chunksize < 5; chunksize++) {
        AsyncResult *calls[] = {pool_imap_unordered(pool, fails_on_odd, items, 101, chunksize),
                                pool_imap(pool, fails_on_odd, items, 101, chunksize)};
        for (int ordered = 0; ordered < 2; ordered++) {
            bool seen[101] = {false};
            size_t index = 1000;
            for (size_t i = 0; i < 101; i++) {
                int status = take(calls[ordered], &index);
                assert_in_range(index, ordered ? i : 0, ordered ? i : 100);
                assert_false(seen[index]);
                seen[index] = true;
                assert_int_equal(status, index % 2 ? -1 : 1);
                error_clear();
            }
            assert_int_equal(take(calls[ordered], &index), 0);
            async_free(calls[ordered]);
        }
    }
    pool_free(pool);
}

TEST(test_maxtasksperchild) {
    Pool *pool = made(1, 3);
    Block *results = pool_map(pool, worker_pid, items, 10, 1);
    assert_non_null(results);
    for (int i = 0; i < 9; i++) {
        bool same = *(pid_t *)results[i].data == *(pid_t *)results[i + 1].data;
        assert_int_equal(same, i % 3 != 2);
    }
    blocks_free(results, 10);
    pool_free(pool);
}

TEST(test_terminate) {
    *shared_flag = 0;
    Pool *pool = made(2, POOL_NONE);
    AsyncResult *result = pool_map_async(pool, waits, items, 10, 1);
    async_ready(result);
    pool_terminate(pool);
    assert_none(async_get(result, FOREVER), RuntimeError, "Pool terminated");
    assert_int_equal(pool_join(pool), 0);
    async_free(result);
    pool_free(pool);
}

/* ---- Death -----------------------------------------------------------------------------------*/

TEST(test_killed_in_a_task) {
    Pool *pool = made(2, POOL_NONE);
    for (int round = 0; round < 10; round++) {
        assert_null(pool_map(pool, kills_itself, items, 40, 1));
        assert_int_equal(error_occurred(), RuntimeError);
        assert_non_null(strstr(error_message(), "ForkPoolWorker-"));
        assert_non_null(strstr(error_message(), " died with exit code -9 while it ran item 3"));
        assert_int_equal(pool_failed_item(pool), 3);
        error_clear();
    }
    AsyncResult *rest = pool_imap(pool, kills_itself, items, 40, 1);
    for (size_t i = 0, index; i < 40; i++) { // all but that one are done
        assert_int_equal(take(rest, &index), i == 3 ? -1 : 1);
        error_clear();
    }
    async_free(rest);
    pool_free(pool);
}

TEST(test_retries) {
    *shared_flag = 0;
    Pool *pool = made(2, POOL_NONE);
    pool_set_retries(pool, 1);
    Block *results = pool_map(pool, kills_itself_once, items, 40, 2);
    assert_non_null(results);
    check_squares(results, 40);
    blocks_free(results, 40);
    assert_null(pool_map(pool, kills_itself, items, 40, 1)); // twice is once too often
    error_clear();
    pool_free(pool);
}

/* Workers are killed at random while they work; what was not lost is right. */
TEST(test_a_thousand_kills) {
    uint64_t random = testing_seed();
    int kills = 0, wanted = on_valgrind() ? 20 : SANITIZED ? 200 : 1000;
    size_t arrived = 0, lost = 0;
    Pool *pool = made(2, POOL_NONE);
    pid_t last = 0;
    while (kills < wanted) {
        AsyncResult *call = pool_imap_unordered(pool, square, items, 200, 1);
        for (size_t i = 0; i < 200; i++) {
            size_t index;
            if (take(call, &index) > 0) {
                arrived++;
            } else {
                assert_int_equal(error_occurred(), RuntimeError);
                error_clear();
                lost++;
            }
            pid_t pid = pool_worker_pid(pool, (int)testing_random(&random, 2));
            if (testing_random(&random, 20) == 0 && pid && pid != last) {
                kill(pid, SIGKILL); // ours and not yet waited for
                last = pid;
                kills++;
            }
        }
        async_free(call);
    }
    print_message("%d kills, %zu results, %zu lost\n", kills, arrived, lost);
    assert_true(lost <= (size_t)kills);
    pool_free(pool);
}

/* The parent is killed: its workers, one of them busy, close the pipe that they hold. */
TEST(test_no_orphans) {
    int ends[2];
    *shared_flag = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        Pool *pool = pool_new(2, POOL_NONE);
        AsyncResult *result = pool_apply_async(pool, waits, items[0]);
        async_ready(result);
        write_byte(ends[1]);
        for (;;)
            pause();
    }
    close(ends[1]);
    assert_int_equal(read_byte(ends[0]), '.');
    kill(child, SIGKILL);
    assert_int_equal(read_byte(ends[0]), '!'); // the end of file: nobody holds the other end
    close(ends[0]);
    waitpid(child, NULL, 0);
}

/* All calls that wait, with timeouts and without, and workers that die and are replaced. */
TEST(test_storm) {
    storm_begin();
    *shared_flag = 0;
    Pool *pool = made(2, 20);
    for (int round = 0; round < 20; round++) {
        Block result, *results = pool_map(pool, square, items, MANY, 0);
        assert_non_null(results);
        check_squares(results, MANY);
        blocks_free(results, MANY);
        if (round % 4) continue;
        assert_int_equal(pool_apply(pool, square, items[9], &result), 0);
        assert_int_equal(*(long *)result.data, 81);
        testing_free(result.data);
        AsyncResult *walk = pool_imap_unordered(pool, square, items, 100, 1);
        bool seen[100] = {false};
        size_t index;
        for (int i = 0; i < 100; i++) {
            assert_int_equal(take(walk, &index), 1);
            assert_false(seen[index]);
            seen[index] = true;
        }
        assert_int_equal(take(walk, &index), 0);
        async_free(walk);
        assert_null(pool_map(pool, kills_itself, items, 10, 1)); // item 3: its worker dies
        assert_int_equal(error_occurred(), RuntimeError);
        error_clear();
        assert_int_equal(pool_failed_item(pool), 3);
    }
    AsyncResult *result = pool_map_async(pool, waits, items, 1, 1);
    assert_none(async_get(result, 0.05), TimeoutError, ""); // signals do not make it longer
    *shared_flag = 1;
    async_wait(result, FOREVER);
    assert_int_equal(async_successful(result), 1);
    async_free(result);
    pool_close(pool);
    assert_int_equal(pool_join(pool), 0);
    pool_free(pool);
    storm_end();
}

TEST(test_failing_fork) {
    for (int n = 0; n < 3; n++) {
        testing_fail("fork", n, EAGAIN);
        assert_none(pool_new(3, POOL_NONE), OSError, "[Errno 11] Resource temporarily unavailable");
    }
    Pool *pool = made(1, POOL_NONE);
    testing_fail("fork", 0, EAGAIN); // the replacement cannot be had: what waits fails, no hang
    assert_null(pool_map(pool, kills_itself, items + 3, 5, 1));
    assert_int_equal(error_occurred(), RuntimeError);
    error_clear();
    Block *results = pool_map(pool, square, items, 5, 1); // and then it can
    assert_non_null(results);
    blocks_free(results, 5);
    pool_free(pool);
    pool = made(2, POOL_NONE);
    kill(pool_worker_pid(pool, 0), SIGKILL); // with one of two all goes on, and no error is left
    testing_fail("fork", 0, EAGAIN);
    while (!testing_has_failed()) {
        results = pool_map(pool, square, items, MANY, 1);
        assert_non_null(results);
        check_squares(results, MANY);
        assert_int_equal(error_occurred(), NoError);
        blocks_free(results, MANY);
    }
    pool_free(pool);
}

TEST(test_no_descriptors) {
    if (on_valgrind()) skip(); // its socketpair() succeeds beyond the limit set here
    struct rlimit before, low;
    getrlimit(RLIMIT_NOFILE, &before);
    for (rlim_t more = 0; more < 4; more++) {
        low = before;
        low.rlim_cur = (rlim_t)dup(0) + more;
        close((int)(low.rlim_cur - more));
        setrlimit(RLIMIT_NOFILE, &low);
        Pool *pool = pool_new(3, POOL_NONE);
        setrlimit(RLIMIT_NOFILE, &before);
        assert_none(pool, OSError, "[Errno 24] Too many open files");
    }
}

TEST(test_no_memory) {
    for (long n = 0;; n++) { // making a pool
        testing_fail_at(n);
        Pool *pool = pool_new(2, POOL_NONE);
        bool failed = testing_has_failed();
        testing_fail_at(-1);
        if (pool) pool_free(pool);
        if (!failed) break;
        assert_none(pool, MemoryError, "");
    }
    Pool *pool = made(1, POOL_NONE);
    for (long n = 0;; n++) { // a call: it fails, or another worker does it
        testing_fail_at(n);
        Block *results = pool_map(pool, square, items, 5, 2);
        bool failed = testing_has_failed();
        testing_fail_at(-1);
        if (results) {
            check_squares(results, 5);
            blocks_free(results, 5);
        } else {
            assert_error(MemoryError, "");
        }
        if (!failed) break;
    }
    pool_free(pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ENTRY(test_map),          ENTRY(test_sizes),
        ENTRY(test_errors),       ENTRY(test_async),
        ENTRY(test_imap),         ENTRY(test_maxtasksperchild),
        ENTRY(test_terminate),    ENTRY(test_killed_in_a_task),
        ENTRY(test_retries),      ENTRY(test_a_thousand_kills),
        ENTRY(test_no_orphans),   ENTRY(test_storm),
        ENTRY(test_failing_fork), ENTRY(test_no_descriptors),
        ENTRY(test_no_memory),
    };
    make_items();
    shared_flag = shared_memory(sizeof *shared_flag);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
