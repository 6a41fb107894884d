/* managers.h: four managers that hold something real: a file's replacement, a lock, a directory, a
 * transaction. Each is a type with the two cells, made by one function and entered by with_enter().
 *
 *     atomic_file_new(path)        a new content beside the old one; which stays is decided on leaving
 *     file_lock_new(path)          a lock between processes
 *     temporary_directory_new()    gone on leaving, with all that is in it
 *     transaction_new(store)       changes that are undone when the block fails
 *
 * All of these return a new reference, or NULL with MemoryError; OSError for a path too long. None
 * can be entered while it is entered (RuntimeError); all can be entered again afterwards. One that
 * dies while it is entered, which with_enter() and with_leave() never let happen, gives up: it
 * undoes what it did.
 */
#ifndef MANAGERS_H
#define MANAGERS_H

#include "with.h"

/* Raises OSError, or FileNotFoundError or PermissionError, as errno says: "[Errno 2] No such file
 * or directory: 'x'". -1. CPython: Python/errors.c, PyErr_SetFromErrnoWithFilename(). */
int error_from_errno(const char *filename);

/* For enter: refuses what is entered already: NULL with RuntimeError. */
Object *manager_entered_already(const Object *self);
/* Keeps a path in a field of PATH_MAX bytes: 0, or -1 with OSError. */
int manager_keep_path(char *field, const char *path);

/* ---- A file replaced atomically: atomic.c ----------------------------------------------------*/

/* `with atomic file as f`: f, the manager itself, takes the new content by atomic_file_write(). On
 * leaving without an exception path becomes the new file, with one in one step back to the old one:
 * whoever opens path, whenever, and after a crash, finds one of the two, whole. A symbolic link
 * stays one and what it leads to is replaced; mode and owner are kept (not kept: ACLs and other
 * attributes; other hard links stay with the old file). OSError if that cannot be done, or if a
 * write failed, even if the block forgot about it; then path is the old file. The one exception:
 * when the directory could not be written through to the disk, it is the new file by then. CPython
 * has none: os.replace() is the step in the middle. */
Object *atomic_file_new(const char *path);

/* Adds to the new content: 0, or -1 with OSError. */
int atomic_file_write(Object *self, const void *bytes, size_t size);

/* From here on a signal that ends the process, and exit(), first removes the files that are not
 * finished; once for the whole program. Signals that are caught or ignored are left as they are.
 * What remains is SIGKILL, _exit() and a stack that overflows. 0, or -1 with OSError. */
int atomic_files_catch_signals(void);

/* What it then does, for a program with signal handlers of its own: async-signal-safe. */
void atomic_files_remove(void);

/* ---- Managers of one page each: managers.c ---------------------------------------------------*/

/* Waits for the lock on the file at path, which is made if need be and stays; the entered value is
 * True. The kernel gives the lock back when the process ends, however it does. OSError.
 * CPython: Modules/fcntlmodule.c, fcntl_flock_impl(); as a manager threading.Lock,
 * Modules/_threadmodule.c. */
Object *file_lock_new(const char *path);

/* A new directory below $TMPDIR or /tmp; the entered value is its path, a Str. On leaving it is
 * removed with all that is in it, no link followed; that it is gone already is no error. OSError.
 * CPython: Lib/tempfile.py, TemporaryDirectory. */
Object *temporary_directory_new(void);

/* Keys and values in memory, and a log of what the open transactions changed.
 * New reference, MemoryError. */
Object *store_new(void);
/* Borrowed, or NULL: there is none, which is no error. */
Object *store_get(const Object *store, const char *key);
/* Sets it, or removes it if value, which is borrowed, is NULL. 0, or -1 with MemoryError. */
int store_set(Object *store, const char *key, Object *value);

/* Keeps what was set in the block, or, with an exception, undoes it, which cannot fail; the entered
 * value is the store. Can be nested: what the inner one kept, the outer one may still undo.
 * CPython: Modules/_sqlite/connection.c, pysqlite_connection_exit_impl(). */
Object *transaction_new(Object *store);

#endif
