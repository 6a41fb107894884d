/* descriptors.c: which numbers descriptors get, and which of them a child shall not have. See
 * descriptors.h. */
#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio_ext.h>
#include <sys/syscall.h>

int above_standard(int fd) {
    if (fd < 0 || fd > STDERR_FILENO) return fd;
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1), saved = errno;
    close(fd);
    errno = saved;
    return moved;
}

int descriptor_of_process(pid_t pid) {
#ifdef SYS_pidfd_open // glibc has a function for it since 2.36, musl has none
    return above_standard((int)syscall(SYS_pidfd_open, pid, 0));
#else
    (void)pid;
    errno = ENOSYS;
    return -1;
#endif
}

void descriptors_close_stdin(void) {
    int null = open("/dev/null", O_RDONLY);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        if (null != STDIN_FILENO) close(null);
    } else {
        close(STDIN_FILENO);
    }
    __fpurge(stdin); // what was read ahead is the parent's; closing stdin could move its offset
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int *descriptors; // close_on_fork(), no order; NULL when there are none
static size_t count, allocated;

int close_on_fork(int fd) {
    pthread_mutex_lock(&lock);
    if (count == allocated) {
        size_t wanted = allocated * 2 + 8;
        int *moved = realloc(descriptors, wanted * sizeof *descriptors);
        if (!moved) {
            pthread_mutex_unlock(&lock);
            error_no_memory();
            return -1;
        }
        descriptors = moved;
        allocated = wanted;
    }
    descriptors[count++] = fd;
    pthread_mutex_unlock(&lock);
    return 0;
}

static void drop(void) {
    free(descriptors);
    descriptors = NULL;
    count = allocated = 0;
}

void close_on_fork_forget(int fd) {
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < count; i++) {
        if (descriptors[i] != fd) continue;
        descriptors[i] = descriptors[--count];
        break;
    }
    if (count == 0) drop();
    pthread_mutex_unlock(&lock);
}

void descriptors_before_fork(void) {
    pthread_mutex_lock(&lock);
}

void descriptors_after_fork(bool in_child) {
    if (in_child) {
        for (size_t i = 0; i < count; i++)
            close(descriptors[i]);
        drop();
    }
    pthread_mutex_unlock(&lock);
}
