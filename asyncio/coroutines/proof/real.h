/* real.h: what the tests on a real loop share. */
#ifndef REAL_H
#define REAL_H

#include "../../eventloop/proof/system.h"

#include "../runners.h"
#include "../streams.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

typedef struct {
    Object *server, *reader, *writer, *a, *b;
    char port[8];
    int64_t n;
} Locals;

enum { LOCALS = 5 };

typedef Object *(*Run)(Coroutine *self, Object *sent);

/* ---- What is the same in every test ------------------------------------------------------------*/

static long blocks;
static int descriptors;

static int count_descriptors(void) {
    struct rlimit limit;
    int count = 0;
    getrlimit(RLIMIT_NOFILE, &limit);
    for (int fd = 0; fd < (int)limit.rlim_cur && fd < 4096; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void be_quiet(Loop *loop, const ExceptionContext *context, void *arg) {
    (void)loop, (void)context, (void)arg;
}
static void no_warning(const Type *category, const char *message) {
    (void)category, (void)message;
}
static void no_unraisable(Exception *exc, const Object *where) {
    (void)exc, (void)where;
}

static inline Object *run_main(Run run) {
    static Code code;
    code = (Code){"main", run, sizeof(Locals), LOCALS, 2};
    Loop *loop = loop_new(NULL);
    if (!loop) return NULL;
    loop_set_exception_handler(loop, be_quiet, NULL);
    Object *result = asyncio_run(loop, coroutine_new(&code, &(Locals){0}));
    loop_free(loop);
    return result;
}

static inline void run_to_none(Run run) {
    Object *result = run_main(run);
    if (!result) error_print(stderr);
    assert_ptr_equal(result, None);
}

/* A test: that coroutine comes to its end. */
#define RUNS(main)                                                                                 \
    static void test_##main(void **state) {                                                        \
        (void)state;                                                                               \
        run_to_none(main);                                                                         \
    }

static int setup(void **state) {
    (void)state;
    alarm(60);
    warning_hook = no_warning;
    unraisable_hook = no_unraisable;
    blocks = testing_blocks();
    descriptors = count_descriptors();
    return 0;
}

/* A thread that was not waited for may still be on its way out. */
static bool nothing_is_left(void) {
    for (int i = 0; i < 2000 && testing_blocks() != blocks; i++)
        usleep(1000);
    return testing_blocks() == blocks && count_descriptors() == descriptors;
}

static int teardown(void **state) {
    (void)state;
    alarm(0);
    return nothing_is_left() && !error_occurred() ? 0 : -1;
}

/* What threads do: one more than `arg`; an exception. */
static atomic_int worked;

static inline Object *work(Object *arg) {
    worked++;
    return int_from_long(arg ? ((Int *)arg)->value + 1 : 0);
}

static inline Object *work_in_vain(Object *arg) {
    (void)arg;
    worked++;
    error_raise(&ValueError_Type, "from a thread");
    return NULL;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
