/* executor.h: threads that do for a loop what would block it, such as getaddrinfo().
 *
 * The invariant: a job's `work` runs in a thread of the pool, its `done` in the loop, and between the
 * two nobody but the job's queue knows of it. So what they share needs no lock.
 */
#ifndef EXECUTOR_H
#define EXECUTOR_H

#include "loop.h"

typedef struct Executor Executor;
typedef struct Job Job;

/* A pool of at most `max_workers` threads, which are started when there is work for them and nobody
 * idle; 0: min(32, processors + 4). NULL with an error. CPython: Lib/concurrent/futures/thread.py,
 * ThreadPoolExecutor. */
Executor *executor_new(int max_workers);

/* Takes no more jobs. With `wait`, does all it has and ends its threads before it returns; `done`s of
 * what it did are in line in their loops. Without, returns at once: what has not begun is forgotten,
 * what has is finished by its thread, and nobody is told. NULL is allowed. CPython: shutdown(). */
void executor_free(Executor *executor, bool wait);

/* Has `work(arg)` called in a thread, then `done(arg)` in the loop; an error that work left is pending
 * when done is called. NULL executor: the loop's default one. The Job is lent until `done` has been
 * called. When the loop is closed before that, `drop(arg)`, or nothing if that is NULL, is called in
 * place of done; after a cancelled job, too. The loop must not be freed before an executor
 * of one's own is. NULL with an error. CPython: Lib/asyncio/base_events.py, run_in_executor(). */
Job *loop_run_in_executor(Loop *loop, Executor *executor, Callback work, Callback done, void *arg,
                          Callback drop);

/* Whether it had not begun: then it never will, and arg was dropped. In the loop's thread. CPython:
 * Lib/concurrent/futures/_base.py, Future.cancel(). */
bool job_cancel(Job *job);

#endif
