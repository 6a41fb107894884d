/* children.c: the children of this process, and the descriptors they shall not have. See children.h
 * for the rule that keeps pids safe. */
#include "children.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

pthread_mutex_t children_lock = PTHREAD_MUTEX_INITIALIZER;
static Process *children; // CPython: Lib/multiprocessing/process.py, _children (a set: no order)

void children_add(Process *child) {
    Process **end = &children;
    while (*end)
        end = &(*end)->next;
    child->next = NULL;
    *end = child;
}

/* Looks whether the child has ended; if so sets its return code. */
static bool has_ended(Process *child) {
    int status;
    pid_t pid = waitpid(child->pid, &status, WNOHANG);
    if (pid == 0) return false;
    // Simplified: a child that somebody else has waited for (SIGCHLD ignored, a wait() in the
    // program) counts as ended with 255, asyncio's choice; CPython's Popen.poll() says that it
    // runs.
    if (pid < 0) {
        child->returncode = 255;
    } else {
        child->returncode = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
    }
    return child->ended = true;
}

bool children_poll(Process *child) {
    if (!child->started || child->ended) return child->ended;
    if (!has_ended(child)) return false;
    Process **link = &children;
    while (*link && *link != child)
        link = &(*link)->next;
    if (*link) *link = child->next;
    return true;
}

void children_reap(void) {
    // A child made by a bare fork() inherits the list, but the processes on it are its siblings.
    while (children && children->parent_pid != getpid())
        children = children->next;
    for (Process *child = children, *next; child; child = next) {
        next = child->next;
        if (children_poll(child) && child->forgotten) process_destroy(child);
    }
}

static void wait_for(pid_t pid) {
    siginfo_t info; // WNOWAIT: whoever else waits for it shall wake as well
    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
        continue;
}

void children_wait(const Process *child) {
    pthread_mutex_lock(&children_lock);
    bool ended = child->ended;
    pthread_mutex_unlock(&children_lock);
    if (!ended) wait_for(child->pid);
}

Process **active_children(size_t *count) {
    pthread_mutex_lock(&children_lock);
    children_reap();
    *count = 0;
    for (Process *child = children; child; child = child->next)
        ++*count;
    Process **list = malloc((*count + 1) * sizeof *list);
    size_t i = 0;
    for (Process *child = children; list && child; child = child->next)
        list[i++] = child;
    pthread_mutex_unlock(&children_lock);
    return list ? list : error_no_memory();
}

void children_at_exit(void) {
    pthread_mutex_lock(&children_lock);
    children_reap();
    for (Process *child = children; child; child = child->next)
        if (child->daemon) kill(child->pid, SIGTERM);
    while (children) {
        pid_t pid = children->pid;
        pthread_mutex_unlock(&children_lock);
        wait_for(pid);
        pthread_mutex_lock(&children_lock);
        children_reap();
    }
    pthread_mutex_unlock(&children_lock);
}

/* ---- Descriptors -----------------------------------------------------------------------------*/

static pthread_mutex_t descriptors_lock = PTHREAD_MUTEX_INITIALIZER;
static int *descriptors; // close_on_fork(), no order; NULL when there are none
static size_t descriptors_count, descriptors_allocated;

int close_on_fork(int fd) {
    pthread_mutex_lock(&descriptors_lock);
    if (descriptors_count == descriptors_allocated) {
        size_t allocated = descriptors_allocated * 2 + 8;
        int *moved = realloc(descriptors, allocated * sizeof *descriptors);
        if (!moved) {
            pthread_mutex_unlock(&descriptors_lock);
            error_no_memory();
            return -1;
        }
        descriptors = moved;
        descriptors_allocated = allocated;
    }
    descriptors[descriptors_count++] = fd;
    pthread_mutex_unlock(&descriptors_lock);
    return 0;
}

static void descriptors_drop(void) {
    free(descriptors);
    descriptors = NULL;
    descriptors_count = descriptors_allocated = 0;
}

void close_on_fork_forget(int fd) {
    pthread_mutex_lock(&descriptors_lock);
    for (size_t i = 0; i < descriptors_count; i++) {
        if (descriptors[i] != fd) continue;
        descriptors[i] = descriptors[--descriptors_count];
        break;
    }
    if (descriptors_count == 0) descriptors_drop();
    pthread_mutex_unlock(&descriptors_lock);
}

void children_before_fork(void) {
    pthread_mutex_lock(&children_lock);
    pthread_mutex_lock(&descriptors_lock);
    children_reap();
}

void children_after_fork(bool in_child) {
    if (in_child) {
        children = NULL;
        for (size_t i = 0; i < descriptors_count; i++)
            close(descriptors[i]);
        descriptors_drop();
    }
    pthread_mutex_unlock(&descriptors_lock);
    pthread_mutex_unlock(&children_lock);
}
