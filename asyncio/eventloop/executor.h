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

/* Has `work(arg)` called in a thread, then `done(arg)` in the loop: an error that work left is pending
 * there. NULL executor: the loop's default one. The Job is lent until done is called. If done is not
 * to be called, because the job was cancelled or the loop closed, `drop(arg)` is, if it is not NULL:
 * in the thread that finds it out. An executor of one's own is freed before its loop. NULL with an
 * error, and arg was not dropped. CPython: Lib/asyncio/base_events.py, run_in_executor(). */
Job *loop_run_in_executor(Loop *loop, Executor *executor, Callback work, Callback done, void *arg,
                          Callback drop);

/* Whether it had not begun: then it never will, and arg was dropped. For the loop's thread. CPython:
 * Lib/concurrent/futures/_base.py, Future.cancel(). */
bool job_cancel(Job *job);

/* Waits until the default executor, if there is one, has done all its jobs, and ends it; from now on
 * there is none. What is to be told of the jobs is in line. CPython: Lib/asyncio/base_events.py,
 * shutdown_default_executor(), which waits in a thread while the loop goes on. */
void loop_shutdown_default_executor(Loop *loop);

#endif
