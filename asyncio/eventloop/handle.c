/* handle.c: a callback in line, and what is said when it fails.
 *
 * A Handle lives as long as somebody has a reference to it. Its argument is let go of earlier: as soon
 * as it is certain that the callback will not be called (again).
 */
#include "handle.h"

enum { HANDLE_MAXFREELIST = 131072 }; // for speed only: so many free handles a loop keeps, 10 MB

/* ---- Handles ----------------------------------------------------------------------------------*/

Handle *handle_new(Loop *loop, Callback callback, void *arg) {
    if (loop->closed) {
        error_set(RuntimeError, "Event loop is closed");
        return NULL;
    }
    if (loop->debug && loop->running && !pthread_equal(loop->thread, pthread_self())) {
        error_set(RuntimeError, "Non-thread-safe operation invoked on an event loop other than the "
                                "current one");
        return NULL;
    }
    Handle *handle = loop->free_handles;
    if (handle) {
        loop->free_handles = handle->next;
        loop->nfree_handles--;
    } else {
        handle = malloc(sizeof *handle);
        if (!handle) return error_no_memory();
    }
    *handle = (Handle){.callback = callback, .arg = arg, .loop = loop, .refcnt = 1};
    return handle;
}

Handle *handle_new_persistent(Loop *loop, Callback callback, void *arg) {
    Handle *handle = handle_new(loop, callback, arg);
    if (handle) handle->persistent = true;
    return handle;
}

Handle *handle_new_foreign(Loop *loop, Callback callback, void *arg, Callback drop) {
    Handle *handle = malloc(sizeof *handle); // the free ones belong to the loop's thread
    if (!handle) return error_no_memory();
    *handle = (Handle){.callback = callback, .arg = arg, .drop = drop, .loop = loop, .refcnt = 1};
    return handle;
}

void handle_clear(Handle *handle) {
    Callback drop = handle->drop;
    handle->callback = NULL;
    handle->drop = NULL;
    if (drop) drop(handle->arg);
}

Handle *handle_incref(Handle *handle) {
    if (handle) handle->refcnt++;
    return handle;
}

void handle_decref(Handle *handle) {
    if (!handle || --handle->refcnt > 0) return;
    handle->refcnt = 1; // while somebody may look at it from `drop`
    handle_clear(handle);
    Loop *loop = handle->loop;
    if (loop->nfree_handles == HANDLE_MAXFREELIST) {
        free(handle);
        return;
    }
    handle->next = loop->free_handles;
    loop->free_handles = handle;
    loop->nfree_handles++;
}

void handle_cancel(Handle *handle) {
    if (!handle || handle->cancelled) return;
    handle->cancelled = true;
    if (handle->scheduled) handle->loop->timer_cancelled_count++;
    if (handle != handle->loop->current_handle) handle_clear(handle); // else it is using it
}

Handle *handle_own(Handle *handle, Callback drop) {
    if (handle) handle->drop = drop;
    return handle;
}

Handle *handle_name(Handle *handle, const char *name) {
    if (handle) handle->name = name;
    return handle;
}

/* ---- What went wrong --------------------------------------------------------------------------*/

void loop_log(Loop *loop, const char *format, ...) {
    char line[512];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    loop->log(loop, line);
}

void loop_set_exception_handler(Loop *loop, ExceptionHandler handler, void *arg) {
    loop->exception_handler = handler;
    loop->exception_handler_arg = arg;
}

void loop_default_exception_handler(Loop *loop, const ExceptionContext *context, void *arg) {
    (void)arg;
    loop_log(loop, "%s", context->message ? context->message : "Unhandled exception in event loop");
    if (!context->exception) return;
    const char *colon = *context->exception->message ? ": " : "";
    loop_log(loop, "%s%s%s", error_name(context->exception->type), colon,
             context->exception->message);
}

void loop_call_exception_handler(Loop *loop, const ExceptionContext *context) {
    Error pending = error_fetch();
    if (!loop->exception_handler) {
        loop_default_exception_handler(loop, context, NULL);
        error_restore(pending);
        return;
    }
    loop->exception_handler(loop, context, loop->exception_handler_arg);
    if (error_matches(KeyboardInterrupt) || error_matches(SystemExit)) {
        if (pending.value) pending.drop(pending.value);
        return; // it ends the run
    }
    if (error_occurred()) {
        Error error = error_fetch();
        ExceptionContext again = {"Unhandled error in exception handler", &error, NULL, NULL, NULL};
        loop_default_exception_handler(loop, &again, NULL);
        if (error.value) error.drop(error.value);
    }
    error_restore(pending);
}

void loop_report(Loop *loop, const char *message, const char *what, void *object) {
    Error error = error_fetch();
    loop_call_exception_handler(loop, &(ExceptionContext){message, &error, NULL, what, object});
    if (error.value) error.drop(error.value);
}
