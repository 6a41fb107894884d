/* faults.h: system calls that a test makes fail, as common/testing.h does with the allocator.
 *
 * A test program compiles the mechanism anew with some of the calls below renamed (`faults` in
 * meson.build). Include it in one source of a program, after common/testing.h.
 *
 *     fault_at(&fork_fault, 0, EAGAIN);   the next fork(), and only that one, fails with EAGAIN
 *     testing_pthread_create_errno = EAGAIN;   every pthread_create() fails, in any thread
 */
#ifndef FAULTS_H
#define FAULTS_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>
#include <unistd.h>

#undef fork
#undef pidfd_open
#undef pthread_create
pid_t fork(void);
int pidfd_open(pid_t pid, unsigned int flags);
pid_t testing_fork(void);
int testing_pidfd_open(pid_t pid, unsigned int flags);
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*function)(void *),
                   void *arg);
int testing_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                           void *(*function)(void *), void *arg);

typedef struct {
    long countdown; // calls still to succeed before the one that fails; 0 at rest and when done
    int number;     // the errno it fails with; 0: none is to fail
} Fault;

static Fault fork_fault, pidfd_open_fault;

static inline void fault_at(Fault *fault, long successes, int number) {
    *fault = (Fault){successes, number};
}

static inline bool fault_now(Fault *fault) {
    if (fault->number == 0 || fault->countdown-- > 0) return false;
    errno = fault->number;
    *fault = (Fault){0, 0};
    return true;
}

pid_t testing_fork(void) {
    return fault_now(&fork_fault) ? -1 : fork();
}

int testing_pidfd_open(pid_t pid, unsigned int flags) {
    return fault_now(&pidfd_open_fault) ? -1 : pidfd_open(pid, flags);
}

static atomic_int testing_pthread_create_errno; // what it is to fail with; 0: it succeeds

int testing_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                           void *(*function)(void *), void *arg) {
    int error = atomic_load(&testing_pthread_create_errno);
    return error ? error : pthread_create(thread, attributes, function, arg);
}

#endif
