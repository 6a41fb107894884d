/* executor.c: a queue of jobs, and threads that take from it.
 *
 * `mutex` guards the executor and the state of its jobs. What a thread needs to tell the loop that a
 * job is done is allocated when the job is taken on: so a job that was begun can always be delivered.
 */
#include "executor.h"

#include <unistd.h>

#include "handle.h"

struct Job {
    Callback work, done, drop;
    void *arg;
    Executor *executor;
    Handle *handle; // delivers it; the loop's, once it is in line
    Error error;    // what work left
    bool begun;
    Job *next;
};

struct Executor {
    pthread_mutex_t mutex;
    pthread_cond_t changed; // the queue, or `shutdown`
    Job *queue, **queue_end;
    int idle; // threads without a job, less those that a job in the queue counts on
    int nthreads, max_workers;
    bool shutdown, detached; // detached: nobody is told of results any more
    pthread_t threads[];
};

Executor *executor_new(int max_workers) {
    if (max_workers < 0) {
        error_set(ValueError, "max_workers must be greater than 0");
        return NULL;
    }
    if (max_workers == 0) {
        long processors = sysconf(_SC_NPROCESSORS_ONLN);
        max_workers = processors > 28 ? 32 : (int)processors + 4;
        if (max_workers < 5) max_workers = 5;
    }
    Executor *executor =
        calloc(1, sizeof *executor + (size_t)max_workers * sizeof *executor->threads);
    if (!executor) return error_no_memory();
    pthread_mutex_init(&executor->mutex, NULL);
    pthread_cond_init(&executor->changed, NULL);
    executor->queue_end = &executor->queue;
    executor->max_workers = max_workers;
    return executor;
}

static void executor_destroy(Executor *executor) {
    pthread_cond_destroy(&executor->changed);
    pthread_mutex_destroy(&executor->mutex);
    free(executor);
}

/* ---- A job ------------------------------------------------------------------------------------*/

/* The end of a job whose `done` was not called. */
static void job_forget(Job *job) {
    if (job->drop) job->drop(job->arg);
    if (job->error.value) job->error.drop(job->error.value);
    free(job);
}

/* In the loop. The handle owns the job until here. */
static void job_deliver(void *arg) {
    Job *job = arg;
    Callback done = job->done;
    void *its = job->arg;
    error_restore(job->error);
    job->handle->drop = NULL;
    free(job);
    done(its);
}

static void job_dropped(void *arg) { // the loop closes with the job in line
    job_forget(arg);
}

/* What was never in line. */
static void job_free_handle(Job *job) {
    free(job->handle);
    job->handle = NULL;
}

/* ---- The threads ------------------------------------------------------------------------------*/

/* Does one job, called and returning with the mutex held. */
static void executor_work(Executor *executor) {
    Job *job = executor->queue;
    executor->queue = job->next;
    if (!executor->queue) executor->queue_end = &executor->queue;
    job->begun = true;
    pthread_mutex_unlock(&executor->mutex);
    error_clear();
    job->work(job->arg);
    job->error = error_fetch();
    pthread_mutex_lock(&executor->mutex);
    if (!executor->detached) {
        loop_push(job->handle->loop, job->handle); // with the mutex: the loop cannot close now
        return;
    }
    pthread_mutex_unlock(&executor->mutex);
    job_free_handle(job);
    job_forget(job);
    pthread_mutex_lock(&executor->mutex);
}

/* CPython: Lib/concurrent/futures/thread.py, _worker(). */
static void *executor_thread(void *arg) {
    Executor *executor = arg;
    pthread_mutex_lock(&executor->mutex);
    for (;;) {
        if (executor->queue) {
            executor_work(executor);
            executor->idle++;
        } else if (executor->shutdown) {
            break;
        } else {
            pthread_cond_wait(&executor->changed, &executor->mutex);
        }
    }
    bool last = --executor->nthreads == 0 && executor->detached;
    pthread_mutex_unlock(&executor->mutex);
    if (last) executor_destroy(executor);
    return NULL;
}

/* Starts a thread that no signal is delivered to: they are for the loop's. CPython:
 * Lib/concurrent/futures/thread.py, _adjust_thread_count(). */
static bool executor_start_thread(Executor *executor) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed =
        pthread_create(&executor->threads[executor->nthreads], NULL, executor_thread, executor);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) return false;
    executor->nthreads++;
    return true;
}

void executor_free(Executor *executor, bool wait) {
    if (!executor) return;
    pthread_mutex_lock(&executor->mutex);
    executor->shutdown = true;
    executor->detached = !wait;
    Job *forgotten = NULL;
    if (!wait) {
        forgotten = executor->queue;
        executor->queue = NULL;
        executor->queue_end = &executor->queue;
    }
    int nthreads = executor->nthreads;
    for (int i = 0; i < nthreads && !wait; i++)
        pthread_detach(executor->threads[i]);
    pthread_cond_broadcast(&executor->changed);
    pthread_mutex_unlock(&executor->mutex);
    for (int i = 0; i < nthreads && wait; i++)
        pthread_join(executor->threads[i], NULL);
    if (wait || nthreads == 0) executor_destroy(executor); // else the last thread does it
    while (forgotten) {
        Job *job = forgotten;
        forgotten = job->next;
        job_free_handle(job);
        job_forget(job);
    }
}

/* ---- For the loop -----------------------------------------------------------------------------*/

/* Puts a job in the queue, and sees that a thread comes for it. CPython:
 * Lib/concurrent/futures/thread.py, submit(). */
static int executor_submit(Executor *executor, Job *job) {
    pthread_mutex_lock(&executor->mutex);
    if (executor->idle > 0)
        executor->idle--;
    else if (executor->nthreads < executor->max_workers && !executor_start_thread(executor) &&
             executor->nthreads == 0) {
        pthread_mutex_unlock(&executor->mutex);
        return error_set(RuntimeError, "can't start new thread");
    }
    *executor->queue_end = job;
    executor->queue_end = &job->next;
    pthread_cond_signal(&executor->changed);
    pthread_mutex_unlock(&executor->mutex);
    return 0;
}

Job *loop_run_in_executor(Loop *loop, Executor *executor, Callback work, Callback done, void *arg,
                          Callback drop) {
    if (loop->closed || (!executor && loop->executor_shutdown_called)) {
        error_set(RuntimeError,
                  loop->closed ? "Event loop is closed" : "Executor shutdown has been called");
        return NULL;
    }
    if (!executor && !loop->default_executor) loop->default_executor = executor_new(0);
    if (!executor) executor = loop->default_executor;
    Job *job = executor ? malloc(sizeof *job) : NULL;
    Handle *handle = job ? handle_new_foreign(loop, job_deliver, job, job_dropped) : NULL;
    if (!handle) {
        free(job);
        return error_no_memory();
    }
    *job = (Job){.work = work,
                 .done = done,
                 .drop = drop,
                 .arg = arg,
                 .executor = executor,
                 .handle = handle};
    if (executor_submit(executor, job) == 0) return job;
    free(handle);
    free(job);
    return NULL;
}

bool job_cancel(Job *job) {
    Executor *executor = job->executor;
    pthread_mutex_lock(&executor->mutex);
    Job **link = &executor->queue;
    while (!job->begun && *link && *link != job)
        link = &(*link)->next;
    bool found = !job->begun && *link == job;
    if (found) {
        *link = job->next;
        if (!job->next) executor->queue_end = link;
    }
    pthread_mutex_unlock(&executor->mutex);
    if (!found) return false;
    job_free_handle(job);
    job_forget(job);
    return true;
}

void loop_shutdown_default_executor(Loop *loop) {
    loop->executor_shutdown_called = true;
    executor_free(loop->default_executor, true);
    loop->default_executor = NULL;
}
