/* queue.c: messages between processes that may die at any instant.
 *
 *     producers: a lock, a mark           consumers: a lock, a mark
 *                how far they have put               how far they have taken
 *
 * Each side has a mutex and a mark, as CPython's queue has _wlock and _rlock. Whoever holds the
 * mutex may write where nothing counts, beyond its side's mark; then one store of the mark, count
 * and place in 64 bits, makes it count. So a process killed before that store has done nothing, one
 * killed after it has done all: there is nothing to repair. The mutex is robust: the kernel unlocks
 * it when its owner dies, and the next one goes on from the mark.
 *
 * Who must wait (no message, no room) sleeps on the other side's mark, by futex, holding its own
 * mutex, on which the others of its side wait in turn. So there is one sleeper a side, and if that
 * one is killed, its successor looks before it sleeps: no wake-up is lost with it. (A
 * process-shared pthread_cond_t would not do: in glibc a killed waiter is never taken out of its
 * group, and can swallow the signal meant for another, or block all.) One instant nobody guards:
 * killed between the store and the wake. Therefore nobody sleeps longer than RECHECK without
 * looking.
 */
#define _GNU_SOURCE // pthread_mutex_clocklock
#include "queue.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* ---- The rings -------------------------------------------------------------------------------
 * Where in the queue's memory a message goes. Arithmetic only: nothing is read or written.
 *
 *     ring 0          ring 1                     ring 2                           ... ring 6
 *     |-- 1 MiB ------|-- 3 MiB -----------------|-- 12 MiB ----------------------... -- 3 GiB --|
 *          head --->  jump . . . . . . . . . . >  message message  tail
 *
 * A message lies in one piece. The next one goes behind it; or, where the ring ends, to the ring's
 * beginning, if that is free already; or into a larger ring. The place left carries a jump, which
 * consumers follow. The memory is reserved addresses: it costs nothing until it is written to.
 * Once the queue is empty, the next message goes back to the smallest ring that holds it, whose
 * pages are there already, and likely in the cache.
 *
 * What is occupied, if anything is: from head to tail, following the jumps. Jumps lead to the start
 * of the same ring or to a larger ring; to a smaller one only from an empty queue. Hence three
 * rules: in the tail's ring, if head is there too, free is what is not between head and tail; if
 * head is elsewhere, the messages of the tail's ring begin at its start: free is what is behind the
 * tail; a ring larger than the tail's is free, unless head is there. The unit at the tail stays free
 * for a jump: no message reaches the ring's end, or the head.
 */
enum {
    RING_UNIT = 16,       // places are counted in units, so that 32 bits hold 64 GiB
    RING_FIRST = 1 << 16, // units of ring 0: 1 MiB holds many small messages and fits an L2 cache
    RING_GROWTH = 4, // ring k ends at RING_FIRST * 4^k: few rings, and few jumps to a large one
    // 4 GiB: as much as a queue can hold if the machine can; 256 MiB of a 32-bit process.
    RING_COUNT_MAX = sizeof(void *) > 4 ? 7 : 5,
};

/* How far one side has come: how many messages it has moved (modulo 2^32), and the unit where its
 * next one begins. */
typedef struct {
    uint32_t count, where;
} Mark;

/* The first unit of a ring, which is also the end of the one before. */
static uint32_t ring_start(int ring) {
    uint32_t start = ring ? RING_FIRST : 0;
    while (--ring > 0)
        start *= RING_GROWTH;
    return start;
}

/* The ring that a unit is in. */
static int ring_of(uint32_t where) {
    int ring = 0;
    for (uint32_t end = RING_FIRST; where >= end; end *= RING_GROWTH)
        ring++;
    return ring;
}

/* Whether a message of `units` fits into the ring at all. */
static bool ring_fits(int ring, uint32_t units) {
    return units < ring_start(ring + 1) - ring_start(ring);
}

/* Finds the place of a message of `units`, between the marks of the producers and the consumers, in
 * the first `rings` rings. False if there is no room until a message is taken. The consumers' mark
 * may be an old one: then there is more room than we know. */
static bool ring_place(Mark tail, Mark head, uint32_t units, int rings, uint32_t *place) {
    int ring = ring_of(tail.where), head_ring = ring_of(head.where);
    bool empty = tail.count == head.count;
    for (int smaller = 0; empty && smaller < ring; smaller++) {
        if (!ring_fits(smaller, units)) continue;
        *place = ring_start(smaller);
        return true;
    }
    uint32_t start = ring_start(ring), end = ring_start(ring + 1);
    bool wrapped = head_ring == ring && tail.where < head.where; // never equal, but when empty
    uint32_t free_end = wrapped ? head.where : end;
    if (units < free_end - tail.where) {
        *place = tail.where;
        return true;
    }
    if (head_ring == ring && !wrapped && units < head.where - start) {
        *place = start;
        return true;
    }
    for (int larger = ring + 1; larger < rings; larger++) {
        if (larger == head_ring || !ring_fits(larger, units)) continue;
        *place = ring_start(larger);
        return true;
    }
    return false;
}

/* ---- The shared memory ------------------------------------------------------------------------*/

// A mark in one word: count in the low half, where in the high half.
typedef _Atomic uint64_t SharedMark;

enum {
    CACHE_LINE = 64,    // what one side writes often stays off the lines that the other reads
    SHARED_SIZE = 4096, // the fields below; the rings begin on the next page
    RING_KEPT = 3,      // this ring and larger ones, from 48 MiB, give their pages back when done
    SPINS = 10,         // bursts before sleeping: some microseconds, what a sleep and a wake cost
    SPIN_BURST = 20,    // looks
};
// Nanoseconds: how late a message can be whose sender was killed; what a put gives consumers to make
// room before the queue grows; how often who may not wait looks whether the lock's holder waits.
#define RECHECK  UINT64_C(50000000)
#define GRACE    UINT64_C(1000000)
#define PATIENCE UINT64_C(1000000)
#define NEVER    UINT64_MAX          // a deadline
#define JUMP     (UINT64_C(1) << 63) // in a message's size: the message is at that unit instead

typedef struct {
    _Alignas(CACHE_LINE) pthread_mutex_t lock; // held by who moves the mark
    SharedMark seen;                           // the other side's mark, when last looked at
    _Alignas(CACHE_LINE) SharedMark mark;
    _Alignas(CACHE_LINE) _Atomic uint32_t sleeps; // the lock's holder waits for the other side
} Side;

typedef struct {
    Side producers, consumers;
    uint32_t maxsize;
    int rings, spins;
} Shared;

struct Queue {
    Shared *shared; // the same memory in each process, at the same address
    size_t mapped;
    _Atomic bool closed; // by this process
};

static Mark unpack(uint64_t word) {
    return (Mark){(uint32_t)word, (uint32_t)(word >> 32)};
}

static uint64_t pack(Mark mark) {
    return (uint64_t)mark.where << 32 | mark.count;
}

static Mark mark_of(const Side *side) {
    return unpack(atomic_load(&side->mark));
}

/* The other side's mark as the holder of this side's lock saw it last; and a new look at it. The
 * old one spares us the cache line that the other side writes all the time. */
static Mark seen_by(const Side *side) {
    return unpack(atomic_load_explicit(&side->seen, memory_order_relaxed));
}

static Mark look_at(Side *side, const Side *other) {
    Mark mark = mark_of(other);
    atomic_store_explicit(&side->seen, pack(mark), memory_order_relaxed);
    return mark;
}

/* ---- Waiting ---------------------------------------------------------------------------------*/

static uint64_t deadline_in(double timeout) {
    if (timeout >= 1e9) return NEVER; // thirty years
    return timeout > 0 ? clock_now() + (uint64_t)(timeout * 1e9) : 0;
}

static bool is_past(uint64_t deadline) {
    return deadline != NEVER && (deadline == 0 || clock_now() >= deadline);
}

/* The count's half of a mark is the futex. */
static uint32_t *futex_of(Side *side) {
    return (uint32_t *)&side->mark + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
}

static void spin_once(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

/* Sleeps for `span` ns at most, unless the other side has moved on from `seen` already. Returns
 * early on a signal. */
static void sleep_on(Side *mine, Side *other, uint32_t seen, uint64_t span) {
    const long left[2] = {(long)(span / 1000000000), (long)(span % 1000000000)}; // the kernel's
    atomic_store(&mine->sleeps, 1); // before the futex looks; who moves the mark looks at it after
    syscall(SYS_futex, futex_of(other), FUTEX_WAIT, seen, left, NULL, 0);
    atomic_store(&mine->sleeps, 0);
}

/* Waits until the other side has moved on from `seen`; false if the deadline has come first. */
static bool wait_for(Side *mine, Side *other, uint32_t seen, uint64_t deadline, int spins) {
    while (mark_of(other).count == seen) {
        uint64_t now = deadline == NEVER ? 0 : clock_now();
        if (deadline <= now) return false;
        if (spins-- > 0) {
            for (int i = 0; i < SPIN_BURST && mark_of(other).count == seen; i++)
                spin_once();
        } else {
            sleep_on(mine, other, seen, deadline - now < RECHECK ? deadline - now : RECHECK);
        }
    }
    return true;
}

/* Makes what the lock's holder has done count, and wakes the other side's sleeper. */
static void publish(Side *mine, Side *other, Mark mark) {
    atomic_store(&mine->mark, pack(mark)); // the store
    if (atomic_load(&other->sleeps) && atomic_exchange(&other->sleeps, 0)) {
        syscall(SYS_futex, futex_of(mine), FUTEX_WAKE, 1, NULL, NULL, 0);
    }
}

static int recovered(Side *side, int error) {
    if (error != EOWNERDEAD) return error;
    return pthread_mutex_consistent(&side->lock); // the owner died: see above why that is all
}

static int lock_until(Side *side, uint64_t deadline) {
#ifdef __GLIBC__
    struct timespec until = {(time_t)(deadline / 1000000000), (long)(deadline % 1000000000)};
    return pthread_mutex_clocklock(&side->lock, CLOCK_MONOTONIC, &until);
#else // musl has only the clock that can be set: a wait is longer if somebody sets it back
    uint64_t now = clock_now(), left = deadline > now ? deadline - now : 0;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    left += (uint64_t)until.tv_nsec;
    until.tv_sec += (time_t)(left / 1000000000);
    until.tv_nsec = (long)(left % 1000000000);
    return pthread_mutex_timedlock(&side->lock, &until);
#endif
}

/* Takes the side's lock; false if the deadline has come first. Who may not wait waits all the same
 * while the holder copies a message, but not while the holder waits. */
static bool lock_side(Side *side, uint64_t deadline) {
    int error = recovered(side, pthread_mutex_trylock(&side->lock));
    while (error == EBUSY || error == ETIMEDOUT) {
        bool late = is_past(deadline);
        if (late && (deadline || atomic_load(&side->sleeps))) return false;
        if (deadline == NEVER) {
            error = recovered(side, pthread_mutex_lock(&side->lock));
        } else {
            error = recovered(side, lock_until(side, late ? clock_now() + PATIENCE : deadline));
        }
    }
    return error == 0;
}

/* ---- Making one ------------------------------------------------------------------------------*/

static int make_lock(pthread_mutex_t *lock) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    int error = pthread_mutex_init(lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
    return error;
}

Queue *queue_new(int maxsize) {
    Queue *self = calloc(1, sizeof *self);
    if (!self) return error_no_memory();
    // Addresses, not memory: pages come when first written to. Where even addresses are rationed
    // (ulimit -v), there are fewer rings.
    void *memory = MAP_FAILED;
    int rings = RING_COUNT_MAX;
    for (; rings > 0 && memory == MAP_FAILED; rings--) {
        self->mapped = SHARED_SIZE + (size_t)ring_start(rings) * RING_UNIT;
        memory = mmap(NULL, self->mapped, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    }
    if (memory == MAP_FAILED) {
        os_error();
        free(self);
        return NULL;
    }
    self->shared = memory;
    self->shared->rings = rings + 1;
    self->shared->maxsize = maxsize > 0 ? (uint32_t)maxsize : INT32_MAX; // CPython: SEM_VALUE_MAX
    self->shared->spins = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? SPINS : 0;
    make_lock(&self->shared->producers.lock);
    make_lock(&self->shared->consumers.lock);
    return self;
}

void queue_free(Queue *self) {
    if (!self) return;
    munmap(self->shared, self->mapped);
    free(self);
}

void queue_close(Queue *self) {
    self->closed = true;
}

static int closed_error(const Queue *self) {
    return error_set(ValueError, "Queue <Queue object at %p> is closed", (const void *)self);
}

/* ---- Messages --------------------------------------------------------------------------------*/

static char *at(Shared *shared, uint32_t where) {
    return (char *)shared + SHARED_SIZE + (size_t)where * RING_UNIT;
}

/* A message is its size and its bytes. */
static uint64_t units_of(size_t size) {
    return (sizeof(uint64_t) + (uint64_t)size + RING_UNIT - 1) / RING_UNIT;
}

static void write_size(Shared *shared, uint32_t where, uint64_t size) {
    memcpy(at(shared, where), &size, sizeof size);
}

/* Finds room for a message, with a new look at the consumers' mark if the old one does not do. */
static bool find_room(Shared *shared, uint32_t units, bool grow, uint32_t *place) {
    Side *mine = &shared->producers;
    Mark tail = mark_of(mine), head = seen_by(mine);
    for (int look = 0; look < 2; look++) {
        if (tail.count - head.count < shared->maxsize &&
            ring_place(tail, head, units, grow ? shared->rings : 0, place)) {
            return true;
        }
        head = look_at(mine, &shared->consumers);
    }
    return false;
}

/* Waits for room. New pages cost more than a consumer that is at work needs to make room in the old
 * ones: so it gets GRACE to do so before the queue grows. */
static bool wait_for_room(Shared *shared, uint32_t units, uint64_t deadline, uint32_t *place) {
    Side *mine = &shared->producers, *other = &shared->consumers;
    if (find_room(shared, units, false, place)) return true;
    Mark tail = mark_of(mine);
    bool hope = seen_by(mine).count != tail.count && ring_fits(ring_of(tail.where), units);
    uint64_t grace = hope && deadline ? clock_now() + GRACE : 0;
    if (grace > deadline) grace = deadline;
    while (wait_for(mine, other, seen_by(mine).count, grace, shared->spins))
        if (find_room(shared, units, false, place)) return true;
    while (!find_room(shared, units, true, place))
        if (!wait_for(mine, other, seen_by(mine).count, deadline, shared->spins)) return false;
    return true;
}

int queue_put(Queue *self, const void *message, size_t size, double timeout) {
    if (self->closed) return closed_error(self);
    Shared *shared = self->shared;
    Side *mine = &shared->producers, *other = &shared->consumers;
    size_t limit =
        (size_t)(ring_start(shared->rings) - ring_start(shared->rings - 1) - 2) * RING_UNIT;
    if (size > limit) {
        return error_set(ValueError, "message of %zu bytes: the queue can hold %zu", size, limit);
    }
    uint32_t units = (uint32_t)units_of(size), place;
    uint64_t deadline = deadline_in(timeout);
    if (!lock_side(mine, deadline)) return error_set(Full, "%s", "");
    if (!wait_for_room(shared, units, deadline, &place)) {
        pthread_mutex_unlock(&mine->lock);
        return error_set(Full, "%s", "");
    }
    Mark tail = mark_of(mine);
    if (place != tail.where) write_size(shared, tail.where, JUMP | place);
    write_size(shared, place, size);
    if (size) memcpy(at(shared, place) + sizeof(uint64_t), message, size);
    publish(mine, other, (Mark){tail.count + 1, place + units});
    pthread_mutex_unlock(&mine->lock);
    return 0;
}

/* Gives the pages of a large ring back to the system, but for the page with the jump out of it that
 * is at `kept`. */
static void give_back(Shared *shared, int ring, uint32_t kept) {
    if (ring < RING_KEPT) return;
    const uint32_t page = 4096 / RING_UNIT;
    uint32_t start = ring_start(ring), end = ring_start(ring + 1), hole = kept / page * page;
    madvise(at(shared, start), (size_t)(hole - start) * RING_UNIT, MADV_REMOVE);
    hole += page;
    madvise(at(shared, hole), (size_t)(end - hole) * RING_UNIT, MADV_REMOVE);
}

/* The size of the message at *where, following a jump. The ring that is left is free then, as soon
 * as the consumers' mark has left it too. */
static uint64_t find_message(Shared *shared, uint32_t *where) {
    uint64_t size;
    memcpy(&size, at(shared, *where), sizeof size);
    if (!(size & JUMP)) return size;
    uint32_t place = (uint32_t)size;
    if (ring_of(place) != ring_of(*where)) give_back(shared, ring_of(*where), *where);
    *where = place;
    memcpy(&size, at(shared, place), sizeof size);
    return size;
}

/* The same for the ring in which an empty queue stands, if nobody is putting right now. */
static void give_back_if_empty(Shared *shared, Mark head) {
    int ring = ring_of(head.where);
    Side *producers = &shared->producers;
    if (ring < RING_KEPT || mark_of(producers).count != head.count) return;
    if (recovered(producers, pthread_mutex_trylock(&producers->lock)) != 0) return;
    if (mark_of(producers).count == head.count) give_back(shared, ring, head.where);
    pthread_mutex_unlock(&producers->lock);
}

void *queue_get(Queue *self, size_t *size, double timeout) {
    if (self->closed) {
        closed_error(self);
        return NULL;
    }
    Shared *shared = self->shared;
    Side *mine = &shared->consumers, *other = &shared->producers;
    uint64_t deadline = deadline_in(timeout);
    if (!lock_side(mine, deadline)) {
        error_set(Empty, "%s", "");
        return NULL;
    }
    Mark head = mark_of(mine);
    if (seen_by(mine).count == head.count) {
        if (!wait_for(mine, other, head.count, deadline, shared->spins)) {
            pthread_mutex_unlock(&mine->lock);
            error_set(Empty, "%s", "");
            return NULL;
        }
        look_at(mine, other);
    }
    size_t length = (size_t)find_message(shared, &head.where);
    char *message = malloc(length + 1);
    if (!message) {
        pthread_mutex_unlock(&mine->lock);
        return error_no_memory();
    }
    memcpy(message, at(shared, head.where) + sizeof(uint64_t), length);
    message[length] = '\0';
    head = (Mark){head.count + 1, head.where + (uint32_t)units_of(length)};
    publish(mine, other, head);
    give_back_if_empty(shared, head);
    pthread_mutex_unlock(&mine->lock);
    if (size) *size = length;
    return message;
}

/* ---- Looking ---------------------------------------------------------------------------------*/

int queue_qsize(const Queue *self) {
    uint32_t taken = mark_of(&self->shared->consumers).count; // first: never more than was put
    return (int)(mark_of(&self->shared->producers).count - taken);
}

bool queue_empty(const Queue *self) {
    return queue_qsize(self) == 0;
}

bool queue_full(const Queue *self) {
    return (uint32_t)queue_qsize(self) >= self->shared->maxsize;
}
