/* whiteboard.c: the GIL, as one can write it from memory: a flag, a polite request, a hand-over. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; // protects these, for moments only
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER, switch_cond = PTHREAD_COND_INITIALIZER;
static int locked, last_holder, switch_number;
static atomic_int drop_request; // looked at by the holder, between two instructions
static void take_gil(int me) {
    pthread_mutex_lock(&mutex);
    while (locked) {
        int before = switch_number;
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 5000000; // 5 ms that the holder may have before it is asked
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        if (pthread_cond_timedwait(&cond, &mutex, &until) && locked && before == switch_number)
            drop_request = 1;
    }
    switch_number += last_holder != me;
    locked = 1, last_holder = me, drop_request = 0;
    pthread_cond_broadcast(&switch_cond); // whoever was forced out may go on
    pthread_mutex_unlock(&mutex);
}

static void drop_gil(int me) {
    pthread_mutex_lock(&mutex);
    locked = 0;
    pthread_cond_signal(&cond);
    while (drop_request && last_holder == me) // let another have it first
        pthread_cond_wait(&switch_cond, &mutex);
    pthread_mutex_unlock(&mutex);
}
static long counter, sum, mistakes; // plain: the GIL protects them
static void *run(void *me) {
    long i = 0;
    for (take_gil(*(int *)me); i < 1000000 || switch_number < 12; i++) {
        counter++;                   // an instruction
        if (!drop_request) continue; // the look at the eval breaker
        int before = switch_number;
        drop_gil(*(int *)me);
        take_gil(*(int *)me);
        mistakes += switch_number < before + 2; // away to another, and back
    }
    sum += i;
    return drop_gil(*(int *)me), NULL;
}

int main(void) {
    int ids[] = {1, 2, 3}, started = 0;
    pthread_t threads[3];
    while (started < 3 && !pthread_create(&threads[started], NULL, run, &ids[started]))
        started++;
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    int ok = started == 3 && counter == sum && counter >= 3000000 && !mistakes && !locked;
    return puts(ok ? "gil whiteboard: ok" : "gil whiteboard: FAILED"), !ok;
}
