/* children.h: what process.c and children.c share: the process object, and the list of children.
 *
 *     children --> Process-1 --> Process-2 --> Process-4        started here and not yet waited for
 *
 * The rule that keeps pids safe: a pid is ours until waitpid() has returned it, then the system may
 * give it to anybody. So waitpid() is called in one place, under children_lock, and whoever signals
 * a pid holds the lock and has seen that the child has not been reaped.
 */
#ifndef CHILDREN_H
#define CHILDREN_H

#include "process.h"

#include <pthread.h>

struct Process {
    ProcessTarget target;
    void *args;     // our copy of the caller's block
    char *name;     // CPython: _name
    char *identity; // "1:2" for the second child of the first child. CPython: _identity
    pid_t parent_pid;
    pid_t pid;      // 0 until started
    int sentinel;   // a pidfd, opened when first asked for; or -1
    int returncode; // once it has ended. CPython: _popen.returncode
    bool daemon, started, ended, closed;
    bool forgotten; // process_free()d while running: freed by the one who reaps it
    Process *next;  // in the list of children, oldest first
};

extern pthread_mutex_t children_lock;

/* Adds a started child to the list. Under the lock. */
void children_add(Process *child);

/* Whether the child has ended, without waiting: then its return code is set, and it is off the
 * list. Under the lock. CPython: Lib/multiprocessing/popen_fork.py, Popen.poll(). */
bool children_poll(Process *child);

/* Looks at each child, and frees the forgotten that have ended. Under the lock. CPython:
 * Lib/multiprocessing/process.py, _cleanup(). */
void children_reap(void);

/* Around fork(): takes the locks, so that the child's copy of the list is a whole one, and reaps;
 * then, on both sides, lets go. In the child the list becomes empty, and what is close_on_fork() is
 * closed. */
void children_before_fork(void);
void children_after_fork(bool in_child);

/* Terminates the daemonic children and waits for all. CPython: Lib/multiprocessing/util.py,
 * _exit_function(). */
void children_at_exit(void);

/* Waits until the child has ended, however long; it is not reaped. Not under the lock. */
void children_wait(const Process *child);

/* Gives back the object's memory and descriptor. */
void process_destroy(Process *self);

#endif
