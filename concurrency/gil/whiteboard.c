/* whiteboard.c: the GIL, as one can write it from memory: a flag, a polite request, a hand-over. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; // protects what follows, briefly
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER, switch_cond = PTHREAD_COND_INITIALIZER;
static bool locked;
static int last_holder;
static atomic_bool drop_request; // also read by the holder, between two instructions

static void take_gil(int me) {
    pthread_mutex_lock(&mutex);
    while (locked) {
        int holder = last_holder;
        struct timespec until; // 5 ms: what the holder may have without being asked
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 5000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        bool late = pthread_cond_timedwait(&cond, &mutex, &until) != 0;
        if (late && locked && holder == last_holder) atomic_store(&drop_request, true);
    }
    locked = true;
    last_holder = me;
    atomic_store(&drop_request, false);
    pthread_cond_broadcast(&switch_cond); // whoever was forced out may go on
    pthread_mutex_unlock(&mutex);
}

static void drop_gil(int me) {
    pthread_mutex_lock(&mutex);
    locked = false;
    pthread_cond_signal(&cond);
    while (atomic_load(&drop_request) && last_holder == me) // let another one have it first
        pthread_cond_wait(&switch_cond, &mutex);
    pthread_mutex_unlock(&mutex);
}

static long counter, switches, mistakes; // plain: the GIL protects them

static void *run(void *argument) {
    int me = *(int *)argument;
    take_gil(me);
    for (int i = 0; i < 20000000; i++) {
        counter++; // an "instruction"
        if (!atomic_load_explicit(&drop_request, memory_order_relaxed)) continue;
        drop_gil(me); // the eval breaker was set
        mistakes += last_holder == me;
        take_gil(me);
        switches++;
    }
    drop_gil(me);
    return NULL;
}

int main(void) {
    pthread_t threads[3];
    int ids[] = {1, 2, 3}, started = 0;
    while (started < 3 && !pthread_create(&threads[started], NULL, run, &ids[started]))
        started++;
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    bool ok = started == 3 && counter == 60000000 && mistakes == 0 && !locked;
    puts(ok ? "gil whiteboard: ok" : "gil whiteboard: FAILED");
    return !ok;
}
