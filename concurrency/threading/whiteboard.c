/* whiteboard.c: an RLock made from a Lock, as one can write it from memory. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct {
    pthread_mutex_t block;   // the Lock
    _Atomic uintptr_t owner; // whose it is; 0: nobody's
    unsigned count;          // how often the owner has it; touched by the owner only
} RLock;

static uintptr_t me(void) {
    return (uintptr_t)pthread_self();
}

// Takes the lock, or once more if it is mine; false: not blocking, and another has it.
static bool acquire(RLock *lock, bool blocking) {
    if (atomic_load(&lock->owner) == me()) { // nobody else writes my name there
        lock->count++;
        return true;
    }
    if (!blocking && pthread_mutex_trylock(&lock->block) != 0) return false;
    if (blocking) pthread_mutex_lock(&lock->block);
    atomic_store(&lock->owner, me()); // after the lock is mine,
    lock->count = 1;
    return true;
}

// Undoes one acquire; false: it is not mine, "cannot release un-acquired lock".
static bool release(RLock *lock) {
    if (atomic_load(&lock->owner) != me()) return false;
    if (--lock->count > 0) return true;
    atomic_store(&lock->owner, 0); // and taken away before it is not
    pthread_mutex_unlock(&lock->block);
    return true;
}

// ---- the check: one line for each promise; status 1 if one is broken
static int broken;

static void check(const char *promise, long got, long expected) {
    if (got == expected) {
        printf("ok     %s\n", promise);
    } else {
        printf("wrong  %s: %ld, expected %ld\n", promise, got, expected);
        broken = 1;
    }
    fflush(stdout); // before a crash
}

static RLock lock = {.block = PTHREAD_MUTEX_INITIALIZER};
static long total; // guarded by lock

static void *add(void *failures) {
    for (int i = 0; i < 20000; i++) {
        *(long *)failures += !acquire(&lock, true) + !acquire(&lock, true);
        total++;
        *(long *)failures += !release(&lock) + !release(&lock);
    }
    return NULL;
}

static void *try_from_elsewhere(void *result) {
    bool *results = result;
    results[0] = acquire(&lock, false);
    if (results[0]) release(&lock);
    results[1] = release(&lock);
    return NULL;
}

/* What another thread gets that tries to take the lock (0) or to release it (1). */
static long elsewhere(int which) {
    pthread_t thread;
    bool results[2] = {0};
    if (pthread_create(&thread, NULL, try_from_elsewhere, results) != 0) return -1;
    pthread_join(thread, NULL);
    return results[which];
}

int main(void) {
    check("nobody's lock is not released", release(&lock), false);
    check("a free lock is taken", acquire(&lock, false), true);
    check("and a second time by its owner", acquire(&lock, true), true);
    check("but by no other thread", elsewhere(0), false);
    check("which cannot release it either", elsewhere(1), false);
    check("released once of twice", release(&lock), true);
    check("it is still mine", elsewhere(0), false);
    check("and mine alone to release", elsewhere(1), false);
    check("released twice", release(&lock), true);
    check("anybody can have it", elsewhere(0), true);
    check("and I can release it no more", release(&lock), false);
    pthread_t threads[4];
    long failures[4] = {0}, failed = 0;
    int started = 0;
    while (started < 4 && !pthread_create(&threads[started], NULL, add, &failures[started]))
        started++;
    for (int i = 0; i < started; i++)
        failed += pthread_join(threads[i], NULL) != 0 ? 1 : failures[i];
    check("4 threads take it 40000 times each, in pairs: failures", failed, 0);
    check("and what it guards is counted", total, 20000 * started);
    check("it is free at the end", atomic_load(&lock.owner) == 0 && elsewhere(0), true);
    return broken;
}
