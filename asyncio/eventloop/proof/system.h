/* system.h: what the tests of this room share: the system calls that fail, are interrupted or do less
 * than they were asked to. Every program that is linked with the tested mechanism includes it, once,
 * in place of testing.h.
 *
 *     testing_fail("accept4", 0, EMFILE);   the next one fails, as testing.h says
 *     system_storm = true;                  half of the calls that can be interrupted are
 *     system_most = 1;                      recv() and send() move a byte at a time
 */
#ifndef SYSTEM_H
#define SYSTEM_H

#include "../../../common/proof/testing.h"

#include <poll.h>
#include <pthread.h>
#include <sys/select.h>
#include <sys/socket.h>
#ifdef __linux__
#include <sys/epoll.h>
#include <sys/syscall.h>
#endif

static atomic_bool system_storm;
static atomic_int system_most; // bytes; 0: no limit

static inline bool system_interrupts(void) {
    static atomic_uint calls;
    if (!system_storm || atomic_fetch_add(&calls, 1) * 2654435761U >> 31) return false;
    errno = EINTR;
    return true;
}

static inline size_t system_part(size_t size) {
    size_t most = (size_t)system_most;
    return most && most < size ? most : size;
}

/* One that may be interrupted. */
#define SYSTEM_CALL(result, name, parameters, arguments)                                           \
    result testing_##name parameters;                                                              \
    result testing_##name parameters {                                                             \
        if (system_interrupts() || testing_fails_now(#name)) return -1;                            \
        return name arguments;                                                                     \
    }

SYSTEM_CALL(ssize_t, recv, (int fd, void *data, size_t size, int flags),
            (fd, data, system_part(size), flags))
SYSTEM_CALL(ssize_t, send, (int fd, const void *data, size_t size, int flags),
            (fd, data, system_part(size), flags))
SYSTEM_CALL(int, poll, (struct pollfd * fds, nfds_t count, int timeout), (fds, count, timeout))
SYSTEM_CALL(int, select,
            (int count, fd_set *readers, fd_set *writers, fd_set *others, struct timeval *timeout),
            (count, readers, writers, others, timeout))
TESTING_CALL(int, connect, (int fd, const struct sockaddr *address, socklen_t size),
             (fd, address, size), -1)
TESTING_CALL(int, socket, (int family, int type, int protocol), (family, type, protocol), -1)
TESTING_CALL(int, socketpair, (int family, int type, int protocol, int pair[2]),
             (family, type, protocol, pair), -1)
TESTING_CALL(int, pthread_create,
             (pthread_t * thread, const pthread_attr_t *attributes, void *(*start)(void *),
              void *argument),
             (thread, attributes, start, argument), errno)
#ifdef __linux__
/* In place of the C library's, whose declaration does not bear another name. */
int accept4(int fd, struct sockaddr *address, socklen_t *size, int flags);
int accept4(int fd, struct sockaddr *address, socklen_t *size, int flags) {
    if (system_interrupts() || testing_fails_now("accept4")) return -1;
    return (int)syscall(SYS_accept4, fd, address, size, flags);
}
SYSTEM_CALL(int, epoll_wait, (int fd, struct epoll_event *events, int size, int timeout),
            (fd, events, size, timeout))
TESTING_CALL(int, epoll_create1, (int flags), (flags), -1)
TESTING_CALL(int, epoll_ctl, (int fd, int change, int which, struct epoll_event *event),
             (fd, change, which, event), -1)
#endif

/* A test over each back end, which is told its name. kqueue's would stand here, too. */
#ifdef __linux__
#define EACH(test)                                                                                 \
    {#test "/select", test, NULL, NULL, "select"}, {#test "/poll", test, NULL, NULL, "poll"}, {    \
#test "/epoll", test, NULL, NULL, "epoll"                                                  \
    }
#else
#define EACH(test)                                                                                 \
    {#test "/select", test, NULL, NULL, "select"}, {                                               \
#test "/poll", test, NULL, NULL, "poll"                                                    \
    }
#endif

#endif
