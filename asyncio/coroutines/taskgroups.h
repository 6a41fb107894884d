/* taskgroups.h: async with TaskGroup() as group: the block is left when all its tasks are done.
 *
 * The invariant: no task of the group outlives its block. When one fails, the others and the task
 * that runs the block are cancelled, and what failed comes out together, as an ExceptionGroup.
 * CPython: Lib/asyncio/taskgroups.py.
 */
#ifndef TASKGROUPS_H
#define TASKGROUPS_H

#include "task.h"

/* TaskGroup(): a new asynchronous context manager; NULL with MemoryError. */
Object *taskgroup_new(void);

/* group.create_task(coro, name=name): a new reference to the Task; steals coro; NULL name: one
 * by number. NULL with RuntimeError before the block is entered, when it is finished or shutting
 * down. */
Object *taskgroup_create_task(Object *self, Object *coro, const char *name);

#endif
