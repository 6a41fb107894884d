/* descriptors.h: which numbers descriptors get, and which of them a child shall not have.
 *
 * A program may be started with its stdin, stdout or stderr closed. The next descriptor opened then
 * gets that number, and what is printed goes there: into a worker's socket, say. So whatever this
 * room opens goes through above_standard().
 *
 * fork() copies all descriptors. A sentinel or a pool's end of a socket that lived on in a child
 * would keep the other side from ever seeing an end of file. So what is this process's own is on a
 * list, and a child closes it first of all.
 */
#ifndef DESCRIPTORS_H
#define DESCRIPTORS_H

#include "../../common/common.h"

#include <sys/types.h>

/* Moves a descriptor that has the number 0, 1 or 2 to a free one above; -1 stays -1. -1 with errno
 * set, and the descriptor closed, if there is no number left. */
int above_standard(int fd);

/* A new descriptor, a pidfd, that poll() finds readable once the process has ended; -1 with errno,
 * ENOSYS on a system without them. */
int descriptor_of_process(pid_t pid);

/* In a child: its stdin is /dev/null. CPython: Lib/multiprocessing/util.py, _close_stdin(). */
void descriptors_close_stdin(void);

/* Makes `fd` this process's own: children that process_start() makes from now on close it. Each
 * sentinel is such a descriptor. 0, or -1 with MemoryError. CPython has no such thing: its forked
 * children hold everything that was open. */
int close_on_fork(int fd);

/* Takes `fd` off that list; to be called before closing it. Unknown ones are ignored. */
void close_on_fork_forget(int fd);

/* Around fork(): holds the list still; then, on both sides, lets go, and in the child closes what is
 * on it. */
void descriptors_before_fork(void);
void descriptors_after_fork(bool in_child);

#endif
