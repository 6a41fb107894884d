/* process.h: multiprocessing.Process: a C function run in a forked child.
 *
 *     initial --start()--> started --its end is waited for--> stopped --close()--> closed
 *
 * A Process belongs to the process that made it (parent_pid): only that one may start, join or test
 * it. In a child the same memory is a copy that can be looked at: its state there is "unknown".
 * Every function may be called from any thread. Errors are CPython's, in its words.
 *
 * Timeouts are seconds on the monotonic clock; FOREVER is Python's None; 0 or less only looks.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include "../../common/common.h"

#include <errno.h>
#include <sys/types.h>

/* The errors that this room raises. */
ERROR_TYPE(AssertionError);
ERROR_TYPE(AttributeError);
ERROR_TYPE(Empty);
ERROR_TYPE(Full);
ERROR_TYPE(OSError);
ERROR_TYPE(RuntimeError);
ERROR_TYPE(StopIteration);
ERROR_TYPE(TimeoutError);
ERROR_TYPE(ValueError);

/* Sets OSError for the present errno; returns -1. */
static inline int os_error(void) {
    return error_set(OSError, "[Errno %d] %s", errno, strerror(errno));
}

#define FOREVER __builtin_inf() // the timeout None

/* What a child runs. `args` is the child's copy of the block given to process_new(). Returns the
 * exit status, 0 to 255, as sys.exit() takes it; or -1 with the error indicator set, which is the
 * exception that nobody caught: it is printed on stderr, and the status is 1. */
typedef int (*ProcessTarget)(void *args);

typedef struct Process Process;

/* ---- Life ------------------------------------------------------------------------------------*/

/* New process object, not started. `args` points to `size` bytes that are copied now; they may
 * contain pointers: after fork() those are as good in the child. `name` is copied; NULL means
 * "Process-1", numbered in each process from 1, with the parent's number in front in a child's
 * child: "Process-1:1". Free it with process_free(). NULL with MemoryError. CPython:
 * Lib/multiprocessing/process.py, BaseProcess.__init__(). */
Process *process_new(ProcessTarget target, const void *args, size_t size, const char *name);

/* Forgets the object, NULL allowed. A child that still runs goes on, is still among
 * active_children() and is still joined at exit, as in Python when the last variable goes. */
void process_free(Process *self);

/* Forks; the child runs the target and leaves by _exit(): no atexit handler runs there. Output that
 * waits in a FILE's buffer is written first, so it is neither doubled nor lost; the child's stdin
 * is /dev/null. 0, or -1 with AssertionError (started twice; not this process's; a daemon may have
 * no children), ValueError (closed) or OSError (no more processes). CPython:
 * Lib/multiprocessing/process.py, BaseProcess.start(); popen_fork.py, Popen._launch(). */
int process_start(Process *self);

/* Waits until the child has ended, at most `timeout` seconds; whether it has, process_exitcode()
 * tells. 0, or -1 with AssertionError, ValueError or, with a finite timeout, OSError (no
 * descriptor). CPython: Lib/multiprocessing/process.py, BaseProcess.join(). */
int process_join(Process *self, double timeout);

/* 1 while the child runs, 0 before and after, -1 with AssertionError or ValueError. The current
 * process is alive. CPython: Lib/multiprocessing/process.py, BaseProcess.is_alive(). */
int process_is_alive(Process *self);

/* Sends SIGTERM. 0, or -1 with ValueError (closed) or AttributeError (not started, and then the
 * words are Python's own). CPython: Lib/multiprocessing/process.py, BaseProcess.terminate(). */
int process_terminate(Process *self);

/* Sends SIGKILL, which no process can refuse. CPython: BaseProcess.kill(). */
int process_kill(Process *self);

/* Gives back the sentinel's descriptor; the object then answers "process object is closed". 0, or
 * -1 with ValueError while the child runs. CPython: BaseProcess.close(). */
int process_close(Process *self);

/* ---- What can be asked -----------------------------------------------------------------------*/

/* 1 and the code: 0, the child's status, or -N if signal N killed it; 0 for Python's None: not
 * started, or running; -1 with ValueError. CPython: BaseProcess.exitcode. */
int process_exitcode(Process *self, int *exitcode);

/* The child's pid, 0 for None, -1 with ValueError. CPython: BaseProcess.ident. */
pid_t process_pid(Process *self);

/* A descriptor, the object's own, that poll() finds readable once the child has ended; the same one
 * at each call. -1 with ValueError (not started, closed) or OSError. CPython: BaseProcess.sentinel.
 */
int process_sentinel(Process *self);

/* The name, as long as the object lives. CPython: BaseProcess.name. */
const char *process_name(const Process *self);

/* 0, or -1 with MemoryError. CPython: BaseProcess.name. */
int process_set_name(Process *self, const char *name);

/* A daemonic child is terminated when its parent exits, and killed when its parent dies otherwise;
 * the flag is inherited from the current process. CPython: BaseProcess.daemon. */
bool process_daemon(const Process *self);

/* 0, or -1 with AssertionError once started. CPython: BaseProcess.daemon. */
int process_set_daemon(Process *self, bool daemon);

/* Writes repr(self), "<Process name='Process-1' parent=7 initial>", cut at `size`. CPython:
 * BaseProcess.__repr__(). */
void process_repr(Process *self, char *text, size_t size);

/* ---- Around ----------------------------------------------------------------------------------*/

/* The process object of the running process, which nobody may free. CPython: current_process(). */
Process *current_process(void);

/* That of its parent, which can be joined, tested and named; NULL in the main process. CPython:
 * parent_process(). */
Process *parent_process(void);

/* New array, to be free()d, of the children that run, oldest first; reaps those that have ended.
 * NULL with MemoryError. CPython: active_children(). */
Process **active_children(size_t *count);

#endif
