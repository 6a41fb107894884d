/* loop.c: the event loop. The turn, loop_run_once(), is its heart; all else puts callbacks in line.
 *
 * `ready` is a list through the handles themselves: to put one there cannot fail. A handle is in it at
 * most once, and each list holds a reference to what is in it: `ready` and the heap to their handles,
 * the selector's table to readers and writers, signal_handlers to theirs.
 */
#include "loop.h"

#include "executor.h"
#include "handle.h"
#include "heapq.h"
#include "pipe.h"

enum {
    MIN_SCHEDULED_TIMER_HANDLES = 100,  // below, the cancelled ones are not worth a clean-up
    MAXIMUM_SELECT_TIMEOUT = 24 * 3600, // seconds: some systems refuse to wait for longer
};
#define MIN_CANCELLED_TIMER_HANDLES_FRACTION 0.5

static _Thread_local Loop *running_loop;

/* ---- The line of those that are ready ----------------------------------------------------------*/

void loop_append(Loop *loop, Handle *handle) {
    handle->next = NULL;
    handle->queued = true;
    *loop->ready_end = handle;
    loop->ready_end = &handle->next;
    loop->nready++;
}

static Handle *loop_popleft(Loop *loop) {
    Handle *handle = loop->ready;
    loop->ready = handle->next;
    if (!loop->ready) loop->ready_end = &loop->ready;
    loop->nready--;
    handle->queued = false;
    return handle;
}

/* CPython: Lib/asyncio/base_events.py, _add_callback(). */
void loop_add_callback(Loop *loop, Handle *handle) {
    if (!handle->cancelled && !handle->queued) loop_append(loop, handle_incref(handle));
}

/* ---- From other threads -----------------------------------------------------------------------
 * They push on a stack, which the loop takes as a whole: no lock, and nobody is lost. */

int loop_call_soon_threadsafe(Loop *loop, Callback callback, void *arg, Callback drop) {
    if (loop->closed) return error_set(RuntimeError, "Event loop is closed");
    Handle *handle = handle_new_foreign(loop, callback, arg, drop);
    if (!handle) return -1;
    loop_push(loop, handle);
    return 0;
}

void loop_push(Loop *loop, Handle *handle) {
    handle->next = atomic_load(&loop->incoming);
    while (!atomic_compare_exchange_weak(&loop->incoming, &handle->next, handle))
        continue; // `next` is now the one that came in between
    loop_write_to_self(loop);
}

/* In the order in which they came, behind those that are ready. */
static void loop_take_incoming(Loop *loop) {
    if (!atomic_load_explicit(&loop->incoming, memory_order_relaxed)) return;
    Handle *latest = atomic_exchange(&loop->incoming, NULL), *first = NULL;
    while (latest) {
        Handle *next = latest->next;
        latest->next = first;
        first = latest;
        latest = next;
    }
    while (first) {
        Handle *next = first->next;
        loop_append(loop, first);
        first = next;
    }
}

/* ---- Life -------------------------------------------------------------------------------------*/

static double loop_monotonic(void *arg) {
    (void)arg;
    return (double)clock_now() * 1e-9;
}

static void loop_log_to_stderr(Loop *loop, const char *line) {
    (void)loop;
    fprintf(stderr, "%s\n", line);
}

Loop *loop_new(Selector *selector) {
    if (!selector) selector = selector_new(selector_default());
    if (!selector) return NULL;
    Loop *loop = calloc(1, sizeof *loop);
    if (!loop) {
        selector_free(selector);
        return error_no_memory();
    }
    loop->selector = selector;
    loop->ready_end = &loop->ready;
    loop_set_clock(loop, loop_monotonic, NULL, 1e-9); // clock_getres() of Linux says so
    loop->slow_callback_duration = 0.1;
    loop->log = loop_log_to_stderr;
    if (loop_make_self_pipe(loop) < 0) {
        Error error = error_fetch();
        loop_free(loop);
        error_restore(error);
        return NULL;
    }
    return loop;
}

void loop_set_clock(Loop *loop, double (*clock)(void *arg), void *arg, double resolution) {
    loop->clock = clock;
    loop->clock_arg = arg;
    loop->clock_resolution = resolution;
}

/* The list's reference, without a call. */
static void loop_discard(Handle *handle) {
    if (!handle) return;
    handle->scheduled = false;
    handle_cancel(handle);
    handle_decref(handle);
}

static void loop_clear_queues(Loop *loop) {
    loop_take_incoming(loop);
    while (loop->ready)
        loop_discard(loop_popleft(loop));
    Timer *scheduled = loop->scheduled;
    size_t count = loop->nscheduled;
    loop->scheduled = NULL;
    loop->nscheduled = loop->scheduled_size = loop->timer_cancelled_count = 0;
    for (size_t i = 0; i < count; i++)
        loop_discard(scheduled[i].handle);
    free(scheduled);
    Selector *selector = loop->selector;
    loop->selector = NULL;
    for (int fd = 0; fd <= selector->maxfd; fd++) {
        SelectorData data = selector->keys[fd].data;
        loop_discard(data.reader);
        loop_discard(data.writer);
    }
    selector_free(selector);
}

int loop_close(Loop *loop) {
    if (loop->running) return error_set(RuntimeError, "Cannot close a running event loop");
    if (loop->closed) return 0;
    Error pending = error_fetch(); // what goes now may not disturb
    while (loop->resources) {
        Resource *resource = loop->resources;
        loop_remove_resource(resource);
        resource->abandon(resource);
    }
    for (int sig = 1; loop->nsignal_handlers > 0 && sig < LOOP_SIGNALS; sig++)
        loop_remove_signal_handler(loop, sig);
    if (loop->default_executor) executor_free(loop->default_executor, false);
    loop->default_executor = NULL;
    loop_close_self_pipe(loop);
    loop->closed = true;
    loop_clear_queues(loop);
    error_restore(pending);
    return 0;
}

void loop_free(Loop *loop) {
    if (!loop) return;
    loop_close(loop);
    while (loop->free_handles) {
        Handle *handle = loop->free_handles;
        loop->free_handles = handle->next;
        free(handle);
    }
    free(loop->read_buffer);
    free(loop);
}

void loop_set_debug(Loop *loop, bool enabled) {
    loop->debug = enabled;
}

Loop *loop_get_running(void) {
    return running_loop;
}

void loop_add_resource(Loop *loop, Resource *resource) {
    resource->next = loop->resources;
    resource->link = &loop->resources;
    if (resource->next) resource->next->link = &resource->next;
    loop->resources = resource;
}

void loop_remove_resource(Resource *resource) {
    if (!resource->link) return;
    *resource->link = resource->next;
    if (resource->next) resource->next->link = resource->link;
    resource->link = NULL;
}

/* ---- Callbacks --------------------------------------------------------------------------------*/

/* CPython: Lib/asyncio/base_events.py, call_soon(). */
Handle *loop_call_soon(Loop *loop, Callback callback, void *arg) {
    Handle *handle = handle_new(loop, callback, arg);
    if (!handle) return NULL;
    loop_take_incoming(loop); // they came before
    loop_append(loop, handle);
    return handle;
}

/* CPython: Lib/asyncio/base_events.py, call_later(). */
Handle *loop_call_later(Loop *loop, double delay, Callback callback, void *arg) {
    return loop_call_at(loop, loop_time(loop) + delay, callback, arg);
}

/* CPython: Lib/asyncio/base_events.py, call_at(). */
Handle *loop_call_at(Loop *loop, double when, Callback callback, void *arg) {
    Handle *handle = handle_new(loop, callback, arg);
    if (!handle) return NULL;
    if (loop->nscheduled == loop->scheduled_size) {
        size_t size = loop->scheduled_size ? 2 * loop->scheduled_size : 64;
        Timer *scheduled = realloc(loop->scheduled, size * sizeof *scheduled);
        if (!scheduled) {
            handle_decref(handle);
            return error_no_memory();
        }
        loop->scheduled = scheduled;
        loop->scheduled_size = size;
    }
    handle->when = when;
    handle->scheduled = true;
    heap_push(loop->scheduled, loop->nscheduled++, (Timer){when, handle});
    return handle;
}

/* ---- Descriptors ------------------------------------------------------------------------------*/

/* Puts a new handle in one of the places of a key, `event` saying which. */
static Handle *loop_add(Loop *loop, int fd, unsigned event, Callback callback, void *arg) {
    Handle *handle = handle_new_persistent(loop, callback, arg);
    if (!handle) return NULL;
    const SelectorKey *key = selector_get_key(loop->selector, fd);
    SelectorData data = key ? key->data : (SelectorData){0};
    void **place = event == EVENT_READ ? &data.reader : &data.writer;
    Handle *before = *place;
    *place = handle;
    if (key ? selector_modify(loop->selector, fd, key->events | event, data)
            : selector_register(loop->selector, fd, event, data)) {
        handle_decref(handle);
        return NULL;
    }
    loop_discard(before);
    return handle;
}

static bool loop_remove(Loop *loop, int fd, unsigned event) {
    const SelectorKey *key = loop->closed ? NULL : selector_get_key(loop->selector, fd);
    if (!key) return false;
    SelectorData data = key->data;
    void **place = event == EVENT_READ ? &data.reader : &data.writer;
    Handle *before = *place;
    *place = NULL;
    unsigned events = key->events & ~event;
    if (events == 0 || selector_modify(loop->selector, fd, events, data) < 0) {
        if (events != 0) { // the kernel would not change it: then nobody is told, rather than both
            error_clear();
            loop_discard(event == EVENT_READ ? data.writer : data.reader);
        }
        selector_unregister(loop->selector, fd);
    }
    loop_discard(before);
    return before != NULL;
}

Handle *loop_add_reader(Loop *loop, int fd, Callback callback, void *arg) {
    return loop_add(loop, fd, EVENT_READ, callback, arg);
}

Handle *loop_add_writer(Loop *loop, int fd, Callback callback, void *arg) {
    return loop_add(loop, fd, EVENT_WRITE, callback, arg);
}

bool loop_remove_reader(Loop *loop, int fd) {
    return loop_remove(loop, fd, EVENT_READ);
}

bool loop_remove_writer(Loop *loop, int fd) {
    return loop_remove(loop, fd, EVENT_WRITE);
}

/* CPython: Lib/asyncio/selector_events.py, _process_events(). */
static void loop_process_events(Loop *loop, int count) {
    const SelectorEvent *event = loop->selector->ready;
    for (; count > 0; count--, event++) {
        const SelectorKey *key = selector_get_key(loop->selector, event->fd);
        Handle *reader = key->data.reader, *writer = key->data.writer;
        bool reads = event->events & EVENT_READ && reader,
             stale_reader = reads && reader->cancelled;
        bool writes = event->events & EVENT_WRITE && writer;
        bool stale_writer = writes && writer->cancelled;
        if (reads) loop_add_callback(loop, reader);
        if (writes) loop_add_callback(loop, writer);
        if (stale_reader) loop_remove_reader(loop, event->fd); // cancelled, and not removed
        if (stale_writer) loop_remove_writer(loop, event->fd);
    }
}

/* ---- The turn ---------------------------------------------------------------------------------*/

/* Throws cancelled timers out: those at the head always; all of them, when there are many. */
static void loop_clean_scheduled(Loop *loop) {
    Timer *heap = loop->scheduled;
    size_t count = loop->nscheduled, kept = 0;
    if (count > MIN_SCHEDULED_TIMER_HANDLES && (double)loop->timer_cancelled_count / (double)count >
                                                   MIN_CANCELLED_TIMER_HANDLES_FRACTION) {
        for (size_t i = 0; i < count; i++) {
            if (!heap[i].handle->cancelled) {
                heap[kept++] = heap[i];
                continue;
            }
            heap[i].handle->scheduled = false;
            handle_decref(heap[i].handle); // its argument is dropped already
        }
        heap_heapify(heap, kept);
        loop->nscheduled = kept;
        loop->timer_cancelled_count = 0;
        return;
    }
    while (loop->nscheduled > 0 && heap[0].handle->cancelled) {
        Handle *handle = heap_pop(heap, loop->nscheduled--).handle;
        loop->timer_cancelled_count--;
        handle->scheduled = false;
        handle_decref(handle);
    }
}

/* For how long there is nothing to do unless a descriptor or another thread says so. */
static double loop_timeout(Loop *loop) {
    if (loop->ready || loop->stopping) return 0;
    if (loop->nscheduled == 0) return FOREVER;
    double timeout = loop->scheduled[0].when - loop_time(loop);
    if (!(timeout > 0)) return 0;
    return timeout < MAXIMUM_SELECT_TIMEOUT ? timeout : MAXIMUM_SELECT_TIMEOUT;
}

static void loop_ready_timers(Loop *loop) {
    if (loop->nscheduled == 0) return;
    double end_time = loop_time(loop) + loop->clock_resolution;
    while (loop->nscheduled > 0 && !(loop->scheduled[0].when >= end_time)) {
        Handle *handle = heap_pop(loop->scheduled, loop->nscheduled--).handle;
        handle->scheduled = false;
        // timer_cancelled_count stays as it is also if it was cancelled: so in CPython
        loop_append(loop, handle);
    }
}

/* Calls one that is due; an ordinary error is the handler's. */
static void loop_call_handle(Loop *loop, Handle *handle) {
    handle->callback(handle->arg);
    if (!error_is_ordinary()) return;
    Error error = error_fetch();
    char message[160];
    snprintf(message, sizeof message, "Exception in callback%s%.100s", handle->name ? " " : "",
             handle->name ? handle->name : "");
    loop_call_exception_handler(loop, &(ExceptionContext){message, &error, handle, NULL, NULL});
    if (error.value) error.drop(error.value);
}

/* The same, with what goes around it. -1 with an error that ends the run. CPython:
 * Lib/asyncio/events.py, Handle._run(). */
static int loop_run_handle(Loop *loop, Handle *handle) {
    loop->current_handle = handle;
    if (loop->debug) {
        double began = loop_time(loop);
        loop_call_handle(loop, handle);
        double took = loop_time(loop) - began;
        if (took >= loop->slow_callback_duration && !error_occurred())
            loop_log(loop, "Executing <Handle %s> took %.3f seconds",
                     handle->name ? handle->name : "", took);
    } else {
        loop_call_handle(loop, handle);
    }
    loop->current_handle = NULL;
    if (!handle->persistent || handle->cancelled) handle_clear(handle);
    return error_occurred() ? -1 : 0;
}

int loop_run_once(Loop *loop) {
    if (loop->closed) return error_set(RuntimeError, "Event loop is closed");
    loop->turns++;
    loop_take_incoming(loop);
    loop_clean_scheduled(loop);
    int found = selector_select(loop->selector, loop_timeout(loop));
    if (found < 0) return -1;
    loop_take_incoming(loop);
    loop_process_events(loop, found);
    loop_ready_timers(loop);
    int status = 0;
    for (size_t todo = loop->nready; todo > 0 && status == 0; todo--) { // not those they add
        Handle *handle = loop_popleft(loop);
        if (!handle->cancelled) status = loop_run_handle(loop, handle);
        handle_decref(handle);
    }
    return status;
}

static int loop_run(Loop *loop, const bool *done) {
    if (loop->closed) return error_set(RuntimeError, "Event loop is closed");
    if (loop->running) return error_set(RuntimeError, "This event loop is already running");
    if (running_loop)
        return error_set(RuntimeError, "Cannot run the event loop while another loop is running");
    running_loop = loop;
    loop->running = true;
    loop->thread = pthread_self();
    int status;
    do
        status = loop_run_once(loop);
    while (status == 0 && !loop->stopping && !(done && *done));
    loop->stopping = loop->running = false;
    running_loop = NULL;
    return status;
}

int loop_run_forever(Loop *loop) {
    return loop_run(loop, NULL);
}

int loop_run_until(Loop *loop, const bool *done) {
    if (loop_run(loop, done) < 0) return -1;
    if (*done) return 0;
    return error_set(RuntimeError, "Event loop stopped before Future completed.");
}

void loop_stop(Loop *loop) {
    loop->stopping = true;
}
