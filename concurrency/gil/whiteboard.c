/* whiteboard.c: the GIL, as one can write it from memory: a flag, a polite request, a hand-over. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; // protects these, for moments only
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER, switch_cond = PTHREAD_COND_INITIALIZER;
static int locked, last_holder, switch_number;
static atomic_int drop_request; // looked at by the holder, between two instructions

// Waits on cond for at most the switch interval, 5 ms; not 0 if it has passed.
static int wait_interval(void) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 5000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    return pthread_cond_timedwait(&cond, &mutex, &until);
}

// Takes the GIL; after an interval in which nobody switched, asks its holder to let go.
static void take_gil(int me) {
    pthread_mutex_lock(&mutex);
    while (locked) {
        int before = switch_number;
        if (wait_interval() && locked && before == switch_number) drop_request = 1;
    }
    switch_number += last_holder != me;
    locked = 1, last_holder = me, drop_request = 0;
    pthread_cond_broadcast(&switch_cond); // whoever was forced out may go on
    pthread_mutex_unlock(&mutex);
}

// Lets go of it; if it was asked to, waits until another has had it.
static void drop_gil(int me) {
    pthread_mutex_lock(&mutex);
    locked = 0;
    pthread_cond_signal(&cond);
    while (drop_request && last_holder == me)
        pthread_cond_wait(&switch_cond, &mutex);
    pthread_mutex_unlock(&mutex);
}

// One look at the eval breaker, between two instructions: lets go and takes it again if asked to.
static void look(int me) {
    if (!drop_request) return;
    drop_gil(me);
    take_gil(me);
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

static long counter, sum, mistakes; // plain: the GIL protects them
static atomic_int holders;

static void *run(void *me) {
    long i = 0;
    for (take_gil(*(int *)me); i < 100000 || switch_number < 12; i++) {
        mistakes += ++holders != 1;
        counter++; // an instruction
        --holders;
        int before = switch_number, asked = drop_request;
        look(*(int *)me);
        mistakes += asked && switch_number < before + 2; // away to another, and back
    }
    sum += i;
    return drop_gil(*(int *)me), NULL;
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double began, waited; // of another thread that wants the GIL
static atomic_int begun;

static void *take_and_drop(void *unused) {
    began = seconds(), begun = 1;
    take_gil(9);
    waited = seconds() - began;
    return drop_gil(9), unused;
}

int main(void) {
    take_gil(1);
    check("a free GIL is taken", locked, 1);
    drop_gil(1);
    check("and let go of", locked, 0);
    int switches = switch_number;
    take_gil(1), drop_gil(1);
    check("taken again by the same thread it is no switch", switch_number - switches, 0);

    double soonest = 9, asked;
    int requests = 0, others = 0, left = 0;
    for (int round = 0; round < 5; round++) { // on a busy machine one may come late
        take_gil(1);
        pthread_t other;
        begun = 0;
        waited = 0;
        if (pthread_create(&other, NULL, take_and_drop, NULL) != 0) return 1;
        while (!begun || (!drop_request && seconds() < began + 0.5))
            continue;
        asked = seconds() - began;
        if (asked < soonest) soonest = asked;
        requests += drop_request;
        look(1);
        others += waited > 0;
        left += drop_request;
        drop_gil(1);
        pthread_join(other, NULL);
    }
    check("who waits asks for it, 5 times of 5", requests, 5);
    check("not before the interval is over", soonest >= 0.005, 1);
    check("asked, the holder lets the other have it", others, 5);
    check("and the request is done with", left, 0);

    int ids[] = {1, 2, 3}, started = 0;
    pthread_t threads[3];
    while (started < 3 && !pthread_create(&threads[started], NULL, run, &ids[started]))
        started++;
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    check("3 threads count under it, and none gets lost", counter - sum, 0);
    check("one at a time, each switch to another thread", mistakes, 0);
    check("at the end it is free", locked, 0);
    return broken;
}
