/* handle.h: what the files of the loop know of handles besides loop.h. */
#ifndef HANDLE_H
#define HANDLE_H

#include "loop.h"

/* A handle with one reference; NULL with MemoryError, or RuntimeError if the loop is closed or, in
 * debug mode, another thread's. CPython: Lib/asyncio/events.py, Handle.__init__();
 * Lib/asyncio/base_events.py, _check_closed(), _check_thread(). */
Handle *handle_new(Loop *loop, Callback callback, void *arg);

/* One that is called more than once. */
Handle *handle_new_persistent(Loop *loop, Callback callback, void *arg);

/* One that another thread makes; NULL with MemoryError. */
Handle *handle_new_foreign(Loop *loop, Callback callback, void *arg, Callback drop);

/* Whether an error is pending that is for the exception handler: not one that ends the run. */
static inline bool error_is_ordinary(void) {
    return error_occurred() && !error_matches(KeyboardInterrupt) && !error_matches(SystemExit);
}

/* Lets go of the argument, when the callback will not be called any more. */
void handle_clear(Handle *handle);

/* Puts a persistent handle in line, unless it is there or cancelled (loop.c). */
void loop_add_callback(Loop *loop, Handle *handle);

/* Puts a handle in line and takes over the reference; never fails (loop.c). */
void loop_append(Loop *loop, Handle *handle);

/* Puts a foreign handle in line, from any thread; never fails. Takes over the reference (loop.c). */
void loop_push(Loop *loop, Handle *handle);

#endif
