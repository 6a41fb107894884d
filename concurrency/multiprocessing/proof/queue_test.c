/* queue_test.c: the queue's rings against a model, its messages of all sizes, under a storm of
 * signals, and with processes killed at every instruction of put and get, and at a thousand random
 * instants. What twin.c compares with CPython (order, Full, Empty, closed) is not repeated here. */
#include "../queue.c" // for its rings, which no header shows

#include "test_common.h"

#include <pthread.h>
#include <sys/ptrace.h>
#include <sys/resource.h>

/* ---- The rings -------------------------------------------------------------------------------*/

TEST(test_ring_borders) {
    const uint32_t mib = (1 << 20) / RING_UNIT;
    const uint32_t starts[] = {0, mib, 4 * mib, 16 * mib, 64 * mib, 256 * mib};
    for (int ring = 0; ring < 6; ring++) {
        assert_int_equal(ring_start(ring), starts[ring]);
        assert_int_equal(ring_of(starts[ring]), ring);
        if (ring) assert_int_equal(ring_of(starts[ring] - 1), ring - 1);
    }
    assert_true(ring_fits(0, mib - 1));
    assert_false(ring_fits(0, mib)); // a unit is for the jump
    assert_true(ring_fits(1, 3 * mib - 1));
    assert_false(ring_fits(1, 3 * mib));
    // Behind the tail up to the last unit but one, which is for the jump.
    const Mark tail = {1, 200}, head = {0, 100};
    uint32_t place;
    assert_true(ring_place(tail, head, mib - 201, 1, &place));
    assert_int_equal(place, 200);
    assert_false(ring_place(tail, head, mib - 200, 1, &place));
    // Before the head up to the last unit but one; then the ring is full.
    assert_false(ring_place((Mark){1, mib - 2}, head, 100, 1, &place));
    assert_true(ring_place((Mark){1, mib - 2}, head, 99, 1, &place));
    assert_int_equal(place, 0);
    assert_false(ring_place((Mark){2, 99}, head, 1, 1, &place));
    // Into a larger ring, but not into the one where the head still is.
    assert_true(ring_place((Mark){1, mib - 2}, (Mark){0, mib + 9}, 100, 3, &place));
    assert_int_equal(place, 4 * mib);
    assert_false(ring_place((Mark){1, mib - 2}, (Mark){0, mib + 9}, 100, 2, &place));
}

typedef struct {
    uint32_t from, units; // of a message, or of a jump: from here, one unit
    uint32_t count;       // the consumers' count that frees it
} Piece;

static void assert_apart(Piece a, Piece b) {
    assert_true(a.from + a.units <= b.from || b.from + b.units <= a.from);
}

/* Puts and takes at random, with marks that may be old, and looks whether a place that is given, or
 * that of the jump to it, overlaps anything that is not taken yet. */
TEST(test_ring_against_model) {
    uint64_t seed = testing_seed();
    static Piece pieces[1 << 16];
    size_t first = 0, last = 0; // of the pieces that are occupied
    Mark tail = {0, 0}, head = {0, 0}, seen = {0, 0};
    uint32_t refused = 0, wrapped = 0, grown = 0, shrunk = 0;
    uint32_t ends[1 << 16]; // where message number i ends, which is where head is after it
    for (uint32_t step = 0; step < 60000; step++) {
        uint32_t phase = step / 5000 % 3; // more puts than gets, as many, fewer
        if (testing_random(&seed, 10) < 6 - 2 * phase || tail.count == head.count) {
            uint32_t units =
                1 + (uint32_t)testing_random(&seed, testing_random(&seed, 9) ? 3000 : 90000);
            if (testing_random(&seed, 4) == 0) seen = head;
            uint32_t place;
            if (!ring_place(tail, seen, units, 4, &place)) {
                refused++;
                seen = head;
                continue;
            }
            assert_true(place + units < ring_start(ring_of(place) + 1));
            Piece jump = {tail.where, 1, tail.count + 1}, new = {place, units, tail.count + 1};
            for (size_t i = first; i < last; i++) {
                assert_apart(pieces[i % (1 << 16)], jump);
                assert_apart(pieces[i % (1 << 16)], new);
            }
            if (place != tail.where) {
                int from = ring_of(tail.where), to = ring_of(place);
                wrapped += from == to;
                grown += from < to;
                shrunk += from > to;
                pieces[last++ % (1 << 16)] = jump;
            }
            pieces[last++ % (1 << 16)] = new;
            tail = (Mark){tail.count + 1, place + units};
            ends[tail.count % (1 << 16)] = tail.where;
        } else {
            head.count++;
            head.where = ends[head.count % (1 << 16)];
            while (first < last && (int32_t)(pieces[first % (1 << 16)].count - head.count) <= 0)
                first++;
        }
    }
    assert_true(refused > 0 && wrapped > 100 && grown > 10 && shrunk > 10);
}

/* ---- One process -----------------------------------------------------------------------------*/

static void put_text(Queue *queue, const char *text) {
    assert_int_equal(queue_put(queue, text, strlen(text), FOREVER), 0);
}

static void assert_get(Queue *queue, const char *expected) {
    size_t size = 99;
    char *text = queue_get(queue, &size, FOREVER);
    assert_non_null(text);
    assert_string_equal(text, expected);
    assert_int_equal(size, strlen(expected));
    testing_free(text);
}

/* Asserts that a call ends with this error, Full or Empty, and how long it took at least. */
#define assert_late(call, type, nanoseconds)                                                       \
    do {                                                                                           \
        uint64_t start = clock_now();                                                              \
        assert_true(call);                                                                         \
        assert_error(type, "");                                                                    \
        assert_true((double)(clock_now() - start) >= (double)(nanoseconds));                       \
    } while (0)

/* A byte that tells message and place. */
static char pattern(size_t size, size_t i) {
    return (char)(size * 31 + i * 7 + (i >> 8));
}

static void fill_pattern(char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        bytes[i] = pattern(size, i);
}

/* Takes the next message, which must be the pattern of so many bytes. */
static void assert_get_pattern(Queue *queue, size_t size) {
    size_t got = 0, i = 0;
    char *bytes = queue_get(queue, &got, FOREVER);
    assert_non_null(bytes);
    assert_int_equal(got, size);
    while (i < size && bytes[i] == pattern(size, i))
        i++;
    assert_int_equal(i, size);
    assert_int_equal(bytes[size], 0);
    testing_free(bytes);
}

/* All sizes around the borders of units, pages and rings; nobody takes any until all are in. */
TEST(test_sizes) {
    static const size_t around[] = {0, 8, 24, 4096, 65536, 1 << 20, 3 << 20};
    static size_t sizes[7 * 80];
    int count = 0;
    for (size_t a = 0; a < 7; a++)
        for (size_t size = around[a] > 40 ? around[a] - 40 : 0; size < around[a] + 40; size++)
            if (around[a] <= 65536 || size % 8 <= 1) sizes[count++] = size;
    Queue *queue = queue_new(0);
    char *bytes = malloc(4 << 20);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < count; i++) {
            fill_pattern(bytes, sizes[i]);
            assert_int_equal(queue_put(queue, bytes, sizes[i], 0), 0);
        }
        assert_int_equal(queue_qsize(queue), count);
        for (int i = 0; i < count; i++)
            assert_get_pattern(queue, sizes[i]);
    }
    free(bytes);
    queue_free(queue);
    queue_free(NULL);
}

/* A ring filled from its start up to the head, and one message more, which goes to a larger ring:
 * the jump there must not take the head's place. */
TEST(test_full_to_the_head) {
    const size_t mib = 1 << 20;
    Queue *queue = queue_new(0);
    char *bytes = malloc(mib);
    fill_pattern(bytes, mib);
    for (size_t gap = 0; gap <= 4 * RING_UNIT; gap += 8) {
        const size_t sizes[] = {20000, mib - 30000, 20000 - gap, 500};
        for (int i = 0; i < 4; i++) {
            fill_pattern(bytes, sizes[i]);
            assert_int_equal(queue_put(queue, bytes, sizes[i], 0), 0);
            if (i == 1) assert_get_pattern(queue, sizes[0]);
        }
        for (int i = 1; i < 4; i++)
            assert_get_pattern(queue, sizes[i]);
    }
    free(bytes);
    queue_free(queue);
}

/* What a child runs on a queue; each argument block begins with the queue. */
typedef struct {
    Queue *queue;
    ProcessTarget target;
    _Alignas(8) char args[64]; // begins with the queue, too
} Task;

/* Lets go of the queue before the end: Valgrind looks for leaks in all that is mapped, 4 GiB. */
static int run_task(void *args) {
    Task *task = args;
    int status = task->target(task->args);
    queue_free(task->queue);
    return status;
}

static Process *started_on(ProcessTarget target, const void *args, size_t size) {
    Task task = {.queue = *(Queue *const *)args, .target = target};
    assert_true(size <= sizeof task.args);
    memcpy(task.args, args, size);
    return started(run_task, &task, sizeof task);
}

/* Kilobytes of shared memory that this process has mapped and touched. */
static long shared_kilobytes(void) {
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    long kilobytes = -1;
    while (fgets(line, sizeof line, status))
        sscanf(line, "RssShmem: %ld", &kilobytes);
    fclose(status);
    return kilobytes;
}

/* Every byte is looked at, which sanitizers and Valgrind make slow: there enough for ring 3. */
static size_t large(void) {
    return (size_t)(SANITIZED || on_valgrind() ? 13 : 100) << 20;
}

static int put_large(void *args) {
    char *bytes = malloc(large());
    fill_pattern(bytes, large());
    int status = queue_put(*(Queue **)args, bytes, large(), FOREVER);
    free(bytes);
    return status;
}

TEST(test_large_message) {
    Queue *queue = queue_new(0);
    long before = shared_kilobytes();
    for (int round = 0; round < 2; round++) {
        put_text(queue, "before");
        Process *process = started_on(put_large, &queue, sizeof(Queue *));
        assert_get(queue, "before");
        assert_get_pattern(queue, large());
        put_text(queue, "after");
        assert_get(queue, "after");
        assert_int_equal(finished(process), 0);
        assert_true(shared_kilobytes() < before + 2048); // the pages were given back
    }
    char expected[100];
    snprintf(expected, sizeof expected, "message of %zu bytes: the queue can hold %u", SIZE_MAX / 2,
             sizeof(size_t) > 4 ? 3221225440U : 201326560U); // the largest ring, less two units
    assert_refused(queue_put(queue, "", SIZE_MAX / 2, FOREVER), ValueError, expected);
    queue_free(queue);
}

/* A backlog through several rings, left by jumps, is given back as well. */
TEST(test_backlog_is_given_back) {
    Queue *queue = queue_new(0);
    long before = shared_kilobytes();
    size_t size = 4 << 20;
    char *bytes = malloc(size);
    fill_pattern(bytes, size);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 40; i++)
            assert_int_equal(queue_put(queue, bytes, size, 0), 0);
        for (int i = 0; i < 40; i++)
            assert_get_pattern(queue, size);
        put_text(queue, "small");
        assert_get(queue, "small");
        assert_true(shared_kilobytes() < before + 17 * 1024); // rings 0, 1 and 2 are kept
    }
    free(bytes);
    queue_free(queue);
}

/* ---- Several processes -----------------------------------------------------------------------*/

enum { PRODUCERS = 3, CONSUMERS = 3, MESSAGES = 3000 };

/* How many each producer puts. */
static uint32_t messages(void) {
    return on_valgrind() ? 100 : MESSAGES;
}

typedef struct {
    uint32_t producer, number;
} Label;

typedef struct {
    Queue *queue;
    uint32_t producer;
    _Atomic unsigned char (*got)[MESSAGES];
} Work;

static int produce(void *args) {
    Work *work = args;
    char bytes[2000];
    for (uint32_t number = 0; number < messages(); number++) {
        size_t size = sizeof(Label) + number * 37 % 1900;
        memset(bytes, (char)number, sizeof bytes);
        *(Label *)(void *)bytes = (Label){work->producer, number};
        if (queue_put(work->queue, bytes, size, FOREVER) < 0) return 1;
    }
    return 0;
}

/* Takes until a message of no bytes comes. Each producer's numbers must rise. */
static int consume(void *args) {
    Work *work = args;
    int64_t last[PRODUCERS] = {-1, -1, -1};
    for (;;) {
        size_t size;
        char *message = queue_get(work->queue, &size, FOREVER);
        if (!message) return 1;
        if (size == 0) {
            testing_free(message);
            return 0;
        }
        Label label = *(Label *)(void *)message;
        if (size != sizeof(Label) + label.number * 37 % 1900) return 2;
        for (size_t i = sizeof(Label); i < size; i++)
            if (message[i] != (char)label.number) return 3;
        if (label.number <= last[label.producer]) return 4;
        last[label.producer] = label.number;
        work->got[label.producer][label.number]++;
        testing_free(message);
    }
}

static void assert_all_got_once(Work *work) {
    for (int producer = 0; producer < PRODUCERS; producer++)
        for (uint32_t number = 0; number < messages(); number++)
            assert_int_equal(work->got[producer][number], 1);
}

static void many_to_many(int maxsize) {
    Work work = {queue_new(maxsize), 0, shared_memory(PRODUCERS * MESSAGES)};
    Process *processes[CONSUMERS + PRODUCERS]; // the consumers first
    for (int i = 0; i < CONSUMERS; i++)
        processes[i] = started_on(consume, &work, sizeof work);
    for (; work.producer < PRODUCERS; work.producer++)
        processes[CONSUMERS + work.producer] = started_on(produce, &work, sizeof work);
    for (int i = CONSUMERS; i < CONSUMERS + PRODUCERS; i++)
        assert_int_equal(finished(processes[i]), 0);
    for (int i = 0; i < CONSUMERS; i++)
        put_text(work.queue, "");
    for (int i = 0; i < CONSUMERS; i++)
        assert_int_equal(finished(processes[i]), 0);
    assert_all_got_once(&work);
    assert_true(queue_empty(work.queue));
    munmap((void *)work.got, PRODUCERS * MESSAGES);
    queue_free(work.queue);
}

TEST(test_many_to_many) {
    many_to_many(0);
    many_to_many(1);
    many_to_many(7);
}

static void *produce_in_thread(void *args) {
    return (void *)(intptr_t)produce(args);
}

static void *consume_in_thread(void *args) {
    return (void *)(intptr_t)consume(args);
}

static void assert_join(pthread_t thread) {
    void *result;
    pthread_join(thread, &result);
    assert_null(result);
}

/* The same with threads of one process, for the thread sanitizer to see. */
TEST(test_threads) {
    Work works[PRODUCERS] = {{queue_new(50), 0, shared_memory(PRODUCERS * MESSAGES)}};
    pthread_t producers[PRODUCERS], consumers[CONSUMERS];
    for (uint32_t i = 1; i < PRODUCERS; i++)
        works[i] = (Work){works[0].queue, i, works[0].got};
    for (int i = 0; i < CONSUMERS; i++)
        pthread_create(&consumers[i], NULL, consume_in_thread, &works[0]);
    for (int i = 0; i < PRODUCERS; i++)
        pthread_create(&producers[i], NULL, produce_in_thread, &works[i]);
    for (int i = 0; i < PRODUCERS; i++)
        assert_join(producers[i]);
    for (int i = 0; i < CONSUMERS; i++)
        put_text(works[0].queue, "");
    for (int i = 0; i < CONSUMERS; i++)
        assert_join(consumers[i]);
    assert_all_got_once(works);
    munmap((void *)works[0].got, PRODUCERS * MESSAGES);
    queue_free(works[0].queue);
}

static int get_one(void *args) {
    char *message = queue_get(*(Queue **)args, NULL, FOREVER);
    int first = message ? message[0] : 255;
    testing_free(message);
    return first;
}

static int put_one(void *args) {
    return queue_put(*(Queue **)args, "p", 1, FOREVER);
}

/* Whether the process sleeps in a futex, which is where put and get wait. */
static bool is_asleep(Process *process) {
    char path[64], line[256] = "";
    snprintf(path, sizeof path, "/proc/%d/wchan", (int)process_pid(process));
    FILE *file = fopen(path, "r");
    if (!file || !fgets(line, sizeof line, file)) line[0] = '\0';
    if (file) fclose(file);
    return strstr(line, "futex") != NULL;
}

static void wait_until_asleep(Process *process) {
    while (!is_asleep(process))
        sched_yield();
}

/* Others that wait are no reason for a call that does not wait to wait. */
TEST(test_not_waiting_behind_who_waits) {
    Queue *queue = queue_new(1);
    Process *getters[2];
    for (int i = 0; i < 2; i++)
        getters[i] = started_on(get_one, &queue, sizeof(Queue *));
    for (int i = 0; i < 2; i++)
        wait_until_asleep(getters[i]);
    assert_late(!queue_get(queue, NULL, 0), Empty, 0);
    assert_late(!queue_get(queue, NULL, 0.005), Empty, 5000000);
    killed(getters[0]); // of the two that wait; the message is for the other
    put_text(queue, "x");
    assert_int_equal(finished(getters[1]), 'x');

    put_text(queue, "1");
    Process *putter = started_on(put_one, &queue, sizeof(Queue *));
    wait_until_asleep(putter);
    assert_late(queue_put(queue, "2", 1, 0) < 0, Full, 0);
    assert_late(queue_put(queue, "2", 1, 0.005) < 0, Full, 5000000);
    assert_get(queue, "1");
    assert_get(queue, "p");
    assert_int_equal(finished(putter), 0);
    queue_free(queue);
}

/* ---- What can fail ---------------------------------------------------------------------------*/

typedef struct {
    Queue *queue;
    _Atomic long *count;
} Storm;

static int put_after_storm(void *args) {
    Storm *storm = args;
    for (int i = 0; i < 5; i++) {
        storm_wait(storm->count, 100);
        if (queue_put(storm->queue, "x", 1, FOREVER) < 0) return 1;
    }
    return 0;
}

static int get_after_storm(void *args) {
    Storm *storm = args;
    for (int i = 0; i < 5; i++) {
        storm_wait(storm->count, 100);
        char *message = queue_get(storm->queue, NULL, FOREVER);
        if (!message) return 1;
        testing_free(message);
    }
    return 0;
}

TEST(test_storm) {
    Storm storm = {queue_new(1), storm_begin()};
    Process *process = started_on(put_after_storm, &storm, sizeof storm);
    for (int i = 0; i < 5; i++)
        assert_get(storm.queue, "x");
    assert_int_equal(finished(process), 0);
    put_text(storm.queue, "first");
    process = started_on(get_after_storm, &storm, sizeof storm);
    for (int i = 0; i < 5; i++)
        assert_int_equal(queue_put(storm.queue, "x", 1, 60), 0);
    assert_int_equal(finished(process), 0);
    assert_get(storm.queue, "x");
    assert_late(!queue_get(storm.queue, NULL, 0.02), Empty, 20000000);
    // Behind another process that waits: in the lock instead of the futex.
    process = started_on(get_one, &storm.queue, sizeof(Queue *));
    wait_until_asleep(process);
    assert_late(!queue_get(storm.queue, NULL, 0.02), Empty, 20000000);
    put_text(storm.queue, "y");
    assert_int_equal(finished(process), 'y');
    queue_free(storm.queue);
    storm_end();
}

TEST(test_no_more_memory) {
    testing_fail_at(0);
    assert_none(queue_new(0), MemoryError, "");
    testing_fail_at(-1);
    Queue *queue = queue_new(0);
    put_text(queue, "kept");
    testing_fail_at(0);
    assert_none(queue_get(queue, NULL, FOREVER), MemoryError, "");
    testing_fail_at(-1);
    assert_int_equal(queue_qsize(queue), 1);
    assert_get(queue, "kept");
    queue_free(queue);
}

/* How much address space this process has, in bytes. */
static rlim_t address_space(void) {
    long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    if (fscanf(statm, "%ld", &pages) != 1) pages = 0;
    fclose(statm);
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

static int with_few_addresses(void *args) {
    (void)args;
    rlim_t now = address_space();
    setrlimit(RLIMIT_AS, &(struct rlimit){now + (512 << 10), RLIM_INFINITY});
    Queue *queue = queue_new(0);
    if (queue || strcmp(error_message(), "[Errno 12] Cannot allocate memory") != 0) return 1;
    error_clear();
    setrlimit(RLIMIT_AS, &(struct rlimit){now + (20 << 20), RLIM_INFINITY});
    queue = queue_new(0); // rings 0 to 2
    if (!queue) return 2;
    static char bytes[3 << 20];
    int count = 0;
    while (queue_put(queue, bytes, sizeof bytes, 0) == 0)
        count++;
    bool full = error_matches(Full);
    error_clear();
    if (count != 3 || !full) return 3; // in ring 2, of 12 MiB less a unit
    testing_free(queue_get(queue, NULL, 0));
    if (queue_put(queue, bytes, sizeof bytes - RING_UNIT, 0) < 0) return 4; // all but the jump's
    queue_free(queue);
    return 0;
}

TEST(test_few_addresses) {
    if (SANITIZED || on_valgrind()) skip(); // they need terabytes themselves
    assert_int_equal(finished(started(with_few_addresses, NULL, 0)), 0);
}

/* ---- Killed at every instruction -------------------------------------------------------------*/

/* Runs `operation` on the queue in a new process, kills it after `steps` instructions, and returns
 * whether it had come to its end by then. */
static bool killed_after(long steps, int (*operation)(void *), Queue *queue) {
    _Atomic bool *done = shared_memory(sizeof *done);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
        operation(&queue);
        *done = true;
        pause();
        _exit(0);
    }
    int status;
    waitpid(pid, &status, 0);
    for (long i = 0; i < steps && WIFSTOPPED(status) && !*done; i++) {
        if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) < 0) break;
        waitpid(pid, &status, 0);
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    bool was_done = *done;
    munmap((void *)done, sizeof *done);
    return was_done;
}

/* A put that is killed anywhere has put its message or has not; a get has taken it or has not. In
 * either case the next put and get go on from there. */
static void kill_one(bool putter, long start, long stride, Queue *queue) {
    int done = 0, nothing = 0;
    bool ended = false;
    for (long steps = start; !ended; steps += stride) {
        put_text(queue, "first");
        if (!putter) put_text(queue, "second");
        ended = killed_after(steps, putter ? put_one : get_one, queue);
        bool two = queue_qsize(queue) == 2;
        done += two == putter;
        nothing += two != putter;
        put_text(queue, "after");
        if (two || putter) assert_get(queue, "first");
        if (two || !putter) assert_get(queue, putter ? "p" : "second");
        assert_get(queue, "after");
        assert_true(queue_empty(queue));
    }
    assert_true(done > 0 && nothing > 0);
}

/* Somebody sleeps in get() when the putter is killed; what it has put arrives without help. */
static void kill_wakers(long start, long stride, Queue *queue) {
    int arrived = 0;
    bool done = false;
    for (long steps = start; !done; steps += stride) {
        Process *getter = started_on(get_one, &queue, sizeof(Queue *));
        wait_until_asleep(getter);
        done = killed_after(steps, put_one, queue);
        // Nothing was put if the getter sleeps on although the queue is empty. (Asked in this
        // order: a getter that has taken a message no longer sleeps.)
        bool put = true;
        while (put && process_is_alive(getter))
            put = !(queue_empty(queue) && is_asleep(getter));
        if (!put) put_text(queue, "q");
        assert_int_equal(finished(getter), put ? 'p' : 'q');
        arrived += put;
        assert_true(queue_empty(queue));
    }
    assert_true(arrived > 0);
}

/* The same where the put jumps to the ring's beginning, and the get follows the jump. */
static void kill_jumpers(long start, long stride) {
    static char bytes[65534 * RING_UNIT - sizeof(uint64_t)]; // of 65536 units in ring 0
    int put = 0, taken = 0;
    bool done = false;
    for (long steps = start; !done; steps += stride) {
        Queue *queue = queue_new(0);
        assert_int_equal(queue_put(queue, bytes, sizeof bytes, FOREVER), 0);
        put_text(queue, "z"); // ends before the last unit, which is for the jump
        testing_free(queue_get(queue, NULL, FOREVER));
        done = killed_after(steps, put_one, queue);
        bool there = queue_qsize(queue) == 2;
        put += there;
        if (!there) put_text(queue, "p");
        assert_get(queue, "z");
        done &= killed_after(steps, get_one, queue);
        there = queue_qsize(queue) == 1;
        taken += !there;
        put_text(queue, "after");
        if (there) assert_get(queue, "p");
        assert_get(queue, "after");
        assert_true(queue_empty(queue));
        queue_free(queue);
    }
    assert_true(put > 0 && taken > 0);
}

/* With EVERY=1 in the environment after each instruction; else after each `stride`th, from a random
 * one on, so that some runs cover all in a second or two. */
TEST(test_killed_at_every_instruction) {
    // Not our instructions would be counted; the thread sanitizer's timed lock does not know
    // EOWNERDEAD.
    if (on_valgrind() || THREAD_SANITIZER) skip();
    uint64_t seed = testing_seed();
    long stride = getenv("EVERY") ? 1 : SANITIZED ? 499 : 7;
    long start = (long)testing_random(&seed, (uint64_t)stride);
    Queue *queue = queue_new(0);
    kill_one(true, start, stride, queue);
    kill_one(false, start, stride, queue);
    kill_wakers(start, stride, queue);
    queue_free(queue);
    kill_jumpers(start, stride);
}

/* ---- A thousand kills ------------------------------------------------------------------------*/

enum { SLOTS = 4, KILLS = 1000, NUMBERS = 4096, LIVES = KILLS + SLOTS };

typedef struct {
    _Atomic bool stop, drain;
    _Atomic uint32_t puts[LIVES]; // how many puts of this producer have returned
    _Atomic unsigned char got[LIVES][NUMBERS];
} Ledger;

typedef struct {
    Queue *queue;
    Ledger *ledger;
    uint32_t life;
} Life;

static size_t size_of(Label label) {
    uint32_t mixed = label.producer * 2654435761U + label.number * 40503U;
    return sizeof(Label) + (mixed % 50 == 0 ? mixed % 200000 : mixed % 900);
}

static int live_by_putting(void *args) {
    Life *life = args;
    char *bytes = calloc(1, 200100);
    for (uint32_t number = 0; number < NUMBERS && !life->ledger->stop; number++) {
        Label label = {life->life, number};
        size_t size = size_of(label);
        fill_pattern(bytes, size);
        memcpy(bytes, &label, sizeof label);
        if (queue_put(life->queue, bytes, size, FOREVER) < 0) return 1;
        life->ledger->puts[life->life] = number + 1;
    }
    free(bytes);
    return 0;
}

static int live_by_getting(void *args) {
    Life *life = args;
    static uint32_t next[LIVES]; // the least number that may come from each producer
    memset(next, 0, sizeof next);
    for (;;) {
        size_t size;
        char *bytes = queue_get(life->queue, &size, life->ledger->drain ? 0 : 0.01);
        if (!bytes) {
            if (!error_matches(Empty)) return 1;
            error_clear();
            if (life->ledger->drain) return 0;
            continue;
        }
        Label label;
        memcpy(&label, bytes, sizeof label);
        if (size != size_of(label)) return 2;
        for (size_t i = sizeof label; i < size; i++)
            if (bytes[i] != pattern(size, i)) return 3;
        if (label.number < next[label.producer]) return 4;
        next[label.producer] = label.number + 1;
        life->ledger->got[label.producer][label.number]++;
        testing_free(bytes);
    }
}

static bool puts_in(uint32_t slot) {
    return slot % 2 == 0;
}

static Process *begin_life(Queue *queue, Ledger *ledger, uint32_t slot, uint32_t number) {
    Life life = {queue, ledger, number};
    return started_on(puts_in(slot) ? live_by_putting : live_by_getting, &life, sizeof life);
}

TEST(test_thousand_kills) {
    if (THREAD_SANITIZER) skip(); // its timed lock does not know EOWNERDEAD
    uint64_t seed = testing_seed();
    uint32_t kills = on_valgrind() ? 20 : SANITIZED ? 200 : KILLS, lives = 0, killed_getters = 0;
    Ledger *ledger = shared_memory(sizeof *ledger);
    Queue *queue = queue_new(100);
    Process *slots[SLOTS];
    for (uint32_t slot = 0; slot < SLOTS; slot++)
        slots[slot] = begin_life(queue, ledger, slot, lives++);
    for (uint32_t kill = 0; kill < kills; kill++) {
        uint32_t slot = (uint32_t)testing_random(&seed, SLOTS);
        for (uint64_t end = clock_now() + testing_random(&seed, 600000); clock_now() < end;)
            sched_yield();
        process_kill(slots[slot]);
        int code = finished(slots[slot]);
        assert_true(code == -SIGKILL || (code == 0 && puts_in(slot)));
        killed_getters += !puts_in(slot);
        slots[slot] = begin_life(queue, ledger, slot, lives++);
    }
    ledger->stop = true;
    for (uint32_t slot = 0; slot < SLOTS; slot += 2)
        assert_int_equal(finished(slots[slot]), 0);
    ledger->drain = true;
    for (uint32_t slot = 1; slot < SLOTS; slot += 2)
        assert_int_equal(finished(slots[slot]), 0);
    assert_int_equal(queue_qsize(queue), 0);

    uint32_t lost = 0, total = 0;
    for (uint32_t life = 0; life < lives; life++) {
        for (uint32_t number = 0; number < NUMBERS; number++) {
            assert_true(ledger->got[life][number] <= 1);
            total += ledger->got[life][number];
            if (number < ledger->puts[life]) lost += !ledger->got[life][number];
        }
    }
    print_message("%u kills, %u of getters: %u messages arrived, %u were lost\n", kills,
                  killed_getters, total, lost);
    assert_true(lost <= killed_getters); // each its own
    assert_true(total > kills);
    put_text(queue, "still here");
    assert_get(queue, "still here");
    queue_free(queue);
    munmap((void *)ledger, sizeof *ledger);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ring_borders),
        cmocka_unit_test(test_ring_against_model),
        ENTRY(test_sizes),
        ENTRY(test_full_to_the_head),
        ENTRY(test_large_message),
        ENTRY(test_backlog_is_given_back),
        ENTRY(test_many_to_many),
        ENTRY(test_not_waiting_behind_who_waits),
        ENTRY(test_storm),
        ENTRY(test_no_more_memory),
        ENTRY(test_few_addresses),
        ENTRY(test_killed_at_every_instruction),
        ENTRY(test_thousand_kills),
        ENTRY(test_threads), // last: a child forked later seems to Valgrind to leak their stacks
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
