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

static bool release(RLock *lock) { // false: "cannot release un-acquired lock"
    if (atomic_load(&lock->owner) != me()) return false;
    if (--lock->count > 0) return true;
    atomic_store(&lock->owner, 0); // and taken away before it is not
    pthread_mutex_unlock(&lock->block);
    return true;
}

static RLock lock = {.block = PTHREAD_MUTEX_INITIALIZER};
static long total; // guarded by lock
static void *add(void *failures) {
    for (int i = 0; i < 20000; i++) {
        if (!acquire(&lock, true) || !acquire(&lock, true)) ++*(int *)failures;
        total++;
        if (!release(&lock) || !release(&lock)) ++*(int *)failures;
    }
    return NULL;
}

int main(void) {
    pthread_t threads[4];
    int failures[4] = {0}, failed = 0, started = 0;
    while (started < 4 && !pthread_create(&threads[started], NULL, add, &failures[started]))
        started++;
    for (int i = 0; i < started; i++)
        failed += pthread_join(threads[i], NULL) != 0 || failures[i] != 0;
    bool ok = started == 4 && failed == 0 && total == 80000 && acquire(&lock, false);
    ok = ok && release(&lock) && !release(&lock);
    puts(ok ? "RLock whiteboard: ok" : "RLock whiteboard: FAILED");
    return !ok;
}
