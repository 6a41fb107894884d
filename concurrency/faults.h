/* faults.h: system calls that fail on demand, for this topic's tests.
 *
 * As testing.h does with malloc: meson.build renames the calls while it compiles the mechanism for
 * the tests. Include it in the one source of a test program that includes testing.h. */
#ifndef FAULTS_H
#define FAULTS_H

#include <pthread.h>
#include <stdatomic.h>

#undef pthread_create
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*function)(void *),
                   void *arg);
int testing_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                           void *(*function)(void *), void *arg);

static atomic_int testing_pthread_create_errno; // what it is to fail with; 0: it succeeds

int testing_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                           void *(*function)(void *), void *arg) {
    int error = atomic_load(&testing_pthread_create_errno);
    return error ? error : pthread_create(thread, attributes, function, arg);
}

#endif
