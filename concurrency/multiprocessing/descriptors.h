/* descriptors.h: which descriptors a child shall not have.
 *
 * fork() copies them all. A sentinel or a pool's end of a socket that lived on in a child would keep
 * the other side from ever seeing an end of file. So what is this process's own is on a list, and a
 * child closes it first of all.
 */
#ifndef DESCRIPTORS_H
#define DESCRIPTORS_H

#include "../../common/common.h"

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
