/* process.c: the process object: forking, waiting, asking. See process.h for its states.
 *
 * What CPython does with two pipes is done here without a descriptor: wait for the child by
 * waitid(), or, if a timeout or a poll() is wanted, by a pidfd opened then; and tell a child that
 * its parent has died by PR_SET_PDEATHSIG and getppid(). So a child inherits no end of anybody's
 * pipe, and a thousand children cost no descriptors. On another POSIX system than Linux use
 * CPython's pipes: the child holds one end each, and the system closes it however the process ends.
 *
 *     children --> Process-1 --> Process-2 --> Process-4        started here and not yet waited for
 *
 * The rule that keeps pids safe: a pid is ours until waitpid() has returned it, then the system may
 * give it to anybody. So waitpid() is called in one place, under children_lock, and whoever signals
 * a pid holds the lock and has seen that the child has not been reaped.
 */
#define _GNU_SOURCE // ppoll
#include "process.h"
#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio_ext.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define LONGEST_WAIT 1e6  // seconds: a time_t of any size holds it; then once more
#define LOOK_AGAIN   1e-3 // seconds, where there is no sentinel to wait for

struct Process {
    ProcessTarget target;
    void *args;     // our copy of the caller's block
    char *name;     // CPython: _name
    char *identity; // "1:2" for the second child of the first child. CPython: _identity
    pid_t parent_pid;
    pid_t pid;      // 0 until started
    int sentinel;   // a pidfd, opened when first asked for; or -1
    int returncode; // once it has ended. CPython: _popen.returncode
    bool daemon, started, ended, closed;
    bool forgotten; // process_free()d while running: freed by the one who reaps it
    Process *next;  // in the list of children, oldest first
};

static char main_name[] = "MainProcess", no_identity[] = "";
static Process main_process = {.name = main_name, .identity = no_identity, .sentinel = -1};
static Process parent;                   // of a child: what parent_process() returns
static Process *current = &main_process; // CPython: _current_process
static atomic_uint process_counter;      // CPython: _process_counter
static atomic_bool at_exit_registered;
static pthread_mutex_t children_lock = PTHREAD_MUTEX_INITIALIZER;
static Process *children; // CPython: Lib/multiprocessing/process.py, _children (a set: no order)

Process *current_process(void) {
    return current;
}

Process *parent_process(void) {
    return current == &main_process ? NULL : &parent;
}

/* ---- Making one ------------------------------------------------------------------------------*/

static char *join_text(const char *a, const char *b, const char *c) {
    size_t size = strlen(a) + strlen(b) + strlen(c) + 1;
    char *text = malloc(size);
    if (text) snprintf(text, size, "%s%s%s", a, b, c);
    return text;
}

/* Whether this process made the object, or it is its own view of its parent: in a child the copies
 * of its parent's objects are not, and their sentinels' numbers may be other files' by now. */
static bool is_mine(const Process *self) {
    return self->parent_pid == getpid() || self == &parent;
}

static void close_sentinel(Process *self) {
    if (self->sentinel >= 0 && is_mine(self)) {
        close_on_fork_forget(self->sentinel);
        close(self->sentinel);
    }
    self->sentinel = -1;
}

static void destroy(Process *self) {
    close_sentinel(self);
    free(self->name);
    free(self->identity);
    free(self->args);
    free(self);
}

Process *process_new(ProcessTarget target, const void *args, size_t size, const char *name) {
    Process *self = calloc(1, sizeof *self);
    if (!self) return error_no_memory();
    char count[16];
    snprintf(count, sizeof count, "%u", ++process_counter);
    const char *colon = *current->identity ? ":" : "";
    self->identity = join_text(current->identity, colon, count);
    if (self->identity) {
        self->name = name ? join_text(name, "", "") : join_text("Process-", self->identity, "");
    }
    self->args = malloc(size ? size : 1);
    self->sentinel = -1;
    if (!self->name || !self->args) {
        destroy(self);
        return error_no_memory();
    }
    if (size) memcpy(self->args, args, size);
    self->target = target;
    self->parent_pid = getpid();
    self->daemon = current->daemon;
    return self;
}

/* ---- The children ----------------------------------------------------------------------------*/

/* Adds a started child to the list. Under the lock. */
static void add_child(Process *child) {
    Process **end = &children;
    while (*end)
        end = &(*end)->next;
    child->next = NULL;
    *end = child;
}

/* Whether the child has ended, without waiting: then it is off the list and its return code is set.
 * Under the lock. CPython: Lib/multiprocessing/popen_fork.py, Popen.poll(). */
static bool poll_child(Process *child) {
    if (!child->started || child->ended) return child->ended;
    int status;
    pid_t pid = waitpid(child->pid, &status, WNOHANG);
    if (pid == 0) return false;
    // Simplified: a child that somebody else has waited for (SIGCHLD ignored, a wait() in the
    // program) counts as ended with 255, asyncio's choice; CPython's Popen.poll() says that it runs.
    if (pid < 0) {
        child->returncode = 255;
    } else {
        child->returncode = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
    }
    Process **link = &children;
    while (*link && *link != child)
        link = &(*link)->next;
    if (*link) *link = child->next;
    return child->ended = true;
}

/* Looks at each child, and frees the forgotten that have ended. Under the lock. CPython:
 * Lib/multiprocessing/process.py, _cleanup(). */
static void reap_children(void) {
    // A child made by a bare fork() inherits the list, but the processes on it are its siblings.
    while (children && children->parent_pid != getpid())
        children = children->next;
    for (Process *child = children, *next; child; child = next) {
        next = child->next;
        if (poll_child(child) && child->forgotten) destroy(child);
    }
}

static bool has_ended(Process *self) {
    pthread_mutex_lock(&children_lock);
    bool ended = poll_child(self);
    pthread_mutex_unlock(&children_lock);
    return ended;
}

void process_free(Process *self) {
    if (!self) return;
    pthread_mutex_lock(&children_lock);
    self->forgotten = is_mine(self) && self->started && !poll_child(self);
    bool forgotten = self->forgotten;
    pthread_mutex_unlock(&children_lock);
    if (!forgotten) destroy(self);
}

Process **active_children(size_t *count) {
    pthread_mutex_lock(&children_lock);
    reap_children();
    *count = 0;
    for (Process *child = children; child; child = child->next)
        ++*count;
    Process **list = malloc((*count + 1) * sizeof *list);
    size_t i = 0;
    for (Process *child = children; list && child; child = child->next)
        list[i++] = child;
    pthread_mutex_unlock(&children_lock);
    return list ? list : error_no_memory();
}

/* Waits until the child has ended, however long; it is not reaped. Not under the lock. */
static void wait_for(pid_t pid) {
    siginfo_t info; // WNOWAIT: whoever else waits for it shall wake as well
    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
        continue;
}

/* Terminates the daemonic children and waits for all. CPython: Lib/multiprocessing/util.py,
 * _exit_function(). */
static void end_children(void) {
    pthread_mutex_lock(&children_lock);
    reap_children();
    for (Process *child = children; child; child = child->next)
        if (child->daemon) kill(child->pid, SIGTERM);
    while (children) {
        pid_t pid = children->pid;
        pthread_mutex_unlock(&children_lock);
        wait_for(pid);
        pthread_mutex_lock(&children_lock);
        reap_children();
    }
    pthread_mutex_unlock(&children_lock);
}

/* ---- Starting --------------------------------------------------------------------------------*/

static int closed_error(void) {
    return error_set(ValueError, "process object is closed");
}

/* Around fork(): takes the locks, so that the child's copies of the lists are whole. */
static void before_fork(void) {
    pthread_mutex_lock(&children_lock);
    reap_children(); // first: what it frees may have a sentinel to take off the descriptors' list
    descriptors_before_fork();
}

/* Lets go, on both sides. The child has no children yet. */
static void after_fork(bool in_child) {
    if (in_child) children = NULL;
    descriptors_after_fork(in_child);
    pthread_mutex_unlock(&children_lock);
}

/* A thread of a daemonic child: ends it when the parent has ended. */
static void *watch_parent(void *descriptor) {
    struct pollfd end = {.fd = (int)(intptr_t)descriptor, .events = POLLIN};
    while (poll(&end, 1, -1) < 0)
        continue;
    kill(getpid(), SIGKILL);
    return NULL;
}

/* Makes this child die when its parent does. PR_SET_PDEATHSIG asks for the end of the thread that
 * forked, which is the end of the process if it was the main thread; else a thread watches. */
static void die_with_parent(pid_t parent_pid, bool by_main_thread) {
    sigset_t all, before;
    pthread_t thread;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); // inherited: signals are for the target's threads
    int end = by_main_thread ? -1 : descriptor_of_process(parent_pid);
    if (end >= 0 && pthread_create(&thread, NULL, watch_parent, (void *)(intptr_t)end) == 0) {
        pthread_detach(thread);
    } else {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (getppid() != parent_pid) _exit(1); // it died before we asked
}

/* The child's whole life. CPython: Lib/multiprocessing/process.py, BaseProcess._bootstrap(). */
static _Noreturn void bootstrap(Process *self, bool by_main_thread) {
    after_fork(true);
    if (self->daemon) die_with_parent(self->parent_pid, by_main_thread);
    parent = (Process){
        .name = current->name, .identity = no_identity, .pid = self->parent_pid, .sentinel = -1};
    current = self;
    process_counter = 0;
    error_clear();
    __fpurge(stdout); // empty, unless the parent could not write: then it is the parent's to report
    __fpurge(stderr);
    descriptors_close_stdin();

    int status = self->target ? self->target(self->args) : 0;
    if (error_occurred() && status == -1) {
        fprintf(stderr, "Process %s:\n", self->name);
        error_print(stderr);
        status = 1;
    }
    end_children();
    fflush(stdout);
    fflush(stderr);
    _exit(status);
}

int process_start(Process *self) {
    if (self->closed) return closed_error();
    if (self->started) return error_set(AssertionError, "cannot start a process twice");
    if (self->parent_pid != getpid()) {
        return error_set(AssertionError,
                         "can only start a process object created by current process");
    }
    if (current->daemon) {
        return error_set(AssertionError, "daemonic processes are not allowed to have children");
    }
    if (!atomic_exchange(&at_exit_registered, true)) atexit(end_children);
    bool by_main_thread = syscall(SYS_gettid) == getpid();
    fflush(stdout); // else the child would have, and write, a copy of what waits there
    fflush(stderr);
    before_fork();
    pid_t pid = fork();
    if (pid == 0) bootstrap(self, by_main_thread);
    if (pid > 0) {
        self->pid = pid;
        self->started = true;
        add_child(self);
    }
    int saved = errno;
    after_fork(false);
    errno = saved;
    return pid > 0 ? 0 : os_error();
}

/* ---- Waiting ---------------------------------------------------------------------------------*/

/* A descriptor that is readable once the process has ended. */
static int open_sentinel(Process *self) {
    // Reaped, the pid may be anybody's: then something that is always readable.
    int fd = self->ended ? -1 : descriptor_of_process(self->pid);
    bool other = self == &parent && getppid() != self->pid;
    if (fd >= 0 && !other) return fd;
    if (fd >= 0) close(fd);
    return self->ended || other ? above_standard(open("/dev/null", O_RDONLY | O_CLOEXEC)) : -1;
}

int process_sentinel(Process *self) {
    if (self->closed) return closed_error();
    if (!self->started && self != &parent) return error_set(ValueError, "process not started");
    if (!is_mine(self)) return error_set(AssertionError, "can only test a child process");
    pthread_mutex_lock(&children_lock);
    if (self->sentinel < 0) {
        int fd = open_sentinel(self);
        if (fd < 0) {
            os_error();
        } else if (close_on_fork(fd) < 0) {
            close(fd);
        } else {
            self->sentinel = fd;
        }
    }
    int sentinel = self->sentinel;
    pthread_mutex_unlock(&children_lock);
    return sentinel;
}

/* Waits until the sentinel is readable, or the time has come. */
static int wait_sentinel(Process *self, double timeout) {
    int sentinel = process_sentinel(self);
    bool none = sentinel < 0 && errno == ENOSYS; // Linux before 5.3, Valgrind: look time and again
    if (sentinel < 0 && !none) return -1;
    if (none) error_clear();
    struct pollfd end = {.fd = sentinel, .events = POLLIN};
    double deadline = (double)clock_now() * 1e-9 + timeout;
    for (double left = timeout; left > 0; left = deadline - (double)clock_now() * 1e-9) {
        if (left > LONGEST_WAIT) left = LONGEST_WAIT;
        if (none && left > LOOK_AGAIN) left = LOOK_AGAIN;
        struct timespec span = {(time_t)left, (long)((left - (double)(time_t)left) * 1e9)};
        if (ppoll(&end, none ? 0 : 1, &span, NULL) > 0 || (none && !process_is_alive(self))) break;
    }
    return 0;
}

int process_join(Process *self, double timeout) {
    if (self->closed) return closed_error();
    if (self == &parent) {
        return process_is_alive(self) && timeout > 0 ? wait_sentinel(self, timeout) : 0;
    }
    if (self->parent_pid != getpid()) {
        return error_set(AssertionError, "can only join a child process");
    }
    if (!self->started) return error_set(AssertionError, "can only join a started process");
    if (timeout >= FOREVER) {
        if (!has_ended(self)) wait_for(self->pid);
    } else if (timeout > 0 && !has_ended(self) && wait_sentinel(self, timeout) < 0) {
        return -1;
    }
    has_ended(self);
    return 0;
}

int process_is_alive(Process *self) {
    if (self->closed) return closed_error();
    if (self == current) return 1;
    if (self == &parent) return getppid() == self->pid;
    if (self->parent_pid != getpid()) {
        return error_set(AssertionError, "can only test a child process");
    }
    return self->started && !has_ended(self);
}

/* CPython: Lib/multiprocessing/popen_fork.py, Popen._send_signal(). */
static int send_signal(Process *self, int number, const char *method) {
    if (self->closed) return closed_error();
    if (!self->started) {
        return error_set(AttributeError, "'NoneType' object has no attribute '%s'", method);
    }
    pthread_mutex_lock(&children_lock);
    if (!self->ended) kill(self->pid, number);
    pthread_mutex_unlock(&children_lock);
    return 0;
}

int process_terminate(Process *self) {
    return send_signal(self, SIGTERM, "terminate");
}

int process_kill(Process *self) {
    return send_signal(self, SIGKILL, "kill");
}

int process_close(Process *self) {
    if (self->started && !self->closed && !has_ended(self)) {
        return error_set(ValueError, "Cannot close a process while it is still running. "
                                     "You should first call join() or terminate().");
    }
    close_sentinel(self);
    self->closed = self != &main_process;
    return 0;
}

/* ---- Asking ----------------------------------------------------------------------------------*/

int process_exitcode(Process *self, int *exitcode) {
    if (self->closed) return closed_error();
    if (!is_mine(self) || !has_ended(self)) return 0;
    *exitcode = self->returncode;
    return 1;
}

pid_t process_pid(Process *self) {
    if (self->closed) return closed_error();
    return self == current ? getpid() : self->pid;
}

const char *process_name(const Process *self) {
    return self->name;
}

int process_set_name(Process *self, const char *name) {
    char *copy = join_text(name, "", "");
    if (!copy) return error_set(MemoryError, "%s", "");
    if (self->name != main_name) free(self->name);
    self->name = copy;
    return 0;
}

bool process_daemon(const Process *self) {
    return self->daemon;
}

int process_set_daemon(Process *self, bool daemon) {
    if (self->started) return error_set(AssertionError, "process has already started");
    self->daemon = daemon;
    return 0;
}

/* The name of a signal without its SIG, or NULL. Of two names for one number the one that CPython
 * takes. CPython: Lib/multiprocessing/process.py, _exitcode_to_name. */
static const char *signal_name(int number) {
    static const char *const names[] = {
        [SIGHUP] = "HUP",       [SIGINT] = "INT",       [SIGQUIT] = "QUIT", [SIGILL] = "ILL",
        [SIGTRAP] = "TRAP",     [SIGABRT] = "ABRT",     [SIGBUS] = "BUS",   [SIGFPE] = "FPE",
        [SIGKILL] = "KILL",     [SIGUSR1] = "USR1",     [SIGSEGV] = "SEGV", [SIGUSR2] = "USR2",
        [SIGPIPE] = "PIPE",     [SIGALRM] = "ALRM",     [SIGTERM] = "TERM", [SIGCHLD] = "CHLD",
        [SIGCONT] = "CONT",     [SIGSTOP] = "STOP",     [SIGTSTP] = "TSTP", [SIGTTIN] = "TTIN",
        [SIGTTOU] = "TTOU",     [SIGURG] = "URG",       [SIGXCPU] = "XCPU", [SIGXFSZ] = "XFSZ",
        [SIGPROF] = "PROF",     [SIGVTALRM] = "VTALRM", [SIGPOLL] = "POLL", [SIGWINCH] = "WINCH",
        [SIGPWR] = "PWR",       [SIGSYS] = "SYS",
#ifdef SIGSTKFLT // not on every processor
        [SIGSTKFLT] = "STKFLT",
#endif
    };
    if (number == SIGRTMIN) return "RTMIN";
    if (number == SIGRTMAX) return "RTMAX";
    return number < (int)(sizeof names / sizeof *names) ? names[number] : NULL;
}

void process_repr(Process *self, char *text, size_t size) {
    const char *status = "unknown";
    char pid[24] = "", exitcode[32] = "";
    int code = 0;
    if (self == current) {
        status = "started";
    } else if (self->closed) {
        status = "closed";
    } else if (self->parent_pid == getpid()) {
        int ended = process_exitcode(self, &code);
        status = !self->started ? "initial" : ended ? "stopped" : "started";
        const char *name = ended && code < 0 ? signal_name(-code) : NULL;
        if (name) {
            snprintf(exitcode, sizeof exitcode, " exitcode=-SIG%s", name);
        } else if (ended) {
            snprintf(exitcode, sizeof exitcode, " exitcode=%d", code);
        }
    }
    if (self->started && !self->closed) snprintf(pid, sizeof pid, " pid=%d", (int)self->pid);
    snprintf(text, size, "<Process name='%s'%s parent=%d %s%s%s>", self->name, pid,
             (int)self->parent_pid, status, exitcode, self->daemon ? " daemon" : "");
}
