/* wasi.h: what WASI lacks and our programs name, included before each of their sources by cc, so
 * that those stay as they are. There are no processes, limits or signals: a call for one fails with
 * ENOSYS, and the program says what it says wherever that fails. There is one user and one process,
 * so what guards a file from others succeeds. */
#ifndef WASI_H
#define WASI_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

typedef unsigned long long rlim_t;
struct rlimit {
    rlim_t rlim_cur, rlim_max;
};
struct sigaction {
    void (*sa_handler)(int);
    sigset_t sa_mask;
    int sa_flags;
};
enum { F_DUPFD_CLOEXEC = 1030, WNOHANG = 1, SA_RESETHAND = 0 };
enum { ESHUTDOWN = 1001 }; // of sockets, of which there are none
enum { RLIMIT_CORE = 4, RLIMIT_STACK = 3, SIG_BLOCK = 0, SIG_SETMASK = 2 };
#define WIFSIGNALED(status) ((void)(status), 0)
#define WTERMSIG(status)    ((void)(status), 0)
#define WEXITSTATUS(status) ((void)(status), 0)

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wunused-parameter"
#define WASI_LACKS(name, ...)                                                                      \
    __attribute__((weak)) int name(__VA_ARGS__) {                                                  \
        errno = ENOSYS;                                                                            \
        return -1;                                                                                 \
    }
WASI_LACKS(fork, void)
WASI_LACKS(getppid, void)
WASI_LACKS(kill, int process, int number)
WASI_LACKS(waitpid, int process, int *status, int options)
WASI_LACKS(execvp, const char *file, char *const argv[])
WASI_LACKS(dup2, int from, int to)
WASI_LACKS(pipe, int ends[2])
WASI_LACKS(getrlimit, int what, struct rlimit *limit)
WASI_LACKS(setrlimit, int what, const struct rlimit *limit)
WASI_LACKS(sigaction, int number, const struct sigaction *now, struct sigaction *before)
WASI_LACKS(madvise, void *start, size_t length, int advice) // a hint, which may be refused

#define WASI_ALLOWS(name, ...)                                                                     \
    __attribute__((weak)) int name(__VA_ARGS__) {                                                  \
        return 0;                                                                                  \
    }
WASI_ALLOWS(flock, int file, int how)
WASI_ALLOWS(fchmod, int file, mode_t mode)
WASI_ALLOWS(fchown, int file, uid_t user, gid_t group)
WASI_ALLOWS(sigfillset, sigset_t *set)
WASI_ALLOWS(pthread_sigmask, int how, const sigset_t *set, sigset_t *before)
#pragma clang diagnostic pop

/* A directory of its own: where there is one process, a number will do for a name. */
__attribute__((weak)) char *mkdtemp(char *path) {
    for (int n = 0; n < 1000000; n++) {
        snprintf(path + strlen(path) - 6, 7, "%06d", n);
        if (mkdir(path, 0700) == 0) return path;
        if (errno != EEXIST) break;
    }
    return NULL;
}

#endif
