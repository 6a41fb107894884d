/* selector.h: which of these descriptors can be read or written now? One question, several answers.
 *
 *     Selector      the table of what is registered, the same for all (selector.c)
 *        |
 *     SelectorType  how the kernel is asked: select, poll, epoll, kqueue (a file of a hundred lines each)
 *
 * The invariant: a descriptor is in the kernel's list exactly if its key in the table has events.
 * A call that fails leaves both as they were.
 *
 * A descriptor is asked about by its number, and the kernel watches what is open under it: whoever
 * closes one unregisters it first. A Selector belongs to one thread.
 */
#ifndef SELECTOR_H
#define SELECTOR_H

#include <math.h>

#include "../../common/common.h"

/* The errors that this room raises. Those of the system are of a type by their number, as Python's
 * subclasses of OSError are. */
ERROR_TYPE(BlockingIOError);
ERROR_TYPE(BrokenPipeError);
ERROR_TYPE(ConnectionAbortedError);
ERROR_TYPE(ConnectionRefusedError);
ERROR_TYPE(ConnectionResetError);
ERROR_TYPE(FileExistsError);
ERROR_TYPE(FileNotFoundError);
ERROR_TYPE(InterruptedError);
ERROR_TYPE(IsADirectoryError);
ERROR_TYPE(KeyError);
ERROR_TYPE(KeyboardInterrupt);
ERROR_TYPE(NotADirectoryError);
ERROR_TYPE(OSError);
ERROR_TYPE(PermissionError);
ERROR_TYPE(RuntimeError);
ERROR_TYPE(SystemExit);
ERROR_TYPE(TimeoutError);
ERROR_TYPE(ValueError);
ERROR_TYPE(gaierror);

/* Sets the error of a system call, "[Errno 24] Too many open files"; returns -1. CPython:
 * Objects/exceptions.c, oserror_use_init() and OSError_str(). */
int error_set_from_errno(int number);

/* Whether an error is OSError or a subclass of it. */
bool error_is_os(ErrorType type);

/* What can be asked about a descriptor. CPython: Lib/selectors.py, EVENT_READ. */
enum { EVENT_READ = 1, EVENT_WRITE = 2 };

#define FOREVER ((double)INFINITY) // timeout=None

/* What its user keeps with a descriptor: the loop keeps a Handle for each direction. */
typedef struct {
    void *reader, *writer;
} SelectorData;

/* What is known about a descriptor. CPython: Lib/selectors.py, SelectorKey. */
typedef struct {
    int fd;
    unsigned events; // what it is asked about; 0: not registered
    SelectorData data;
} SelectorKey;

/* A descriptor that is ready, and for which of the events it was registered with. */
typedef struct {
    int fd;
    unsigned events;
} SelectorEvent;

typedef struct Selector Selector;

/* A back end: four functions. Each returns -1 with an error, having changed nothing. */
typedef struct {
    const char *name;
    int (*open)(Selector *selector);
    /* Tells the kernel that `fd` was asked about `was` and is now about `events`; either may be 0,
     * not both. With `events` 0 it cannot fail: the descriptor may be closed already. */
    int (*control)(Selector *selector, int fd, unsigned was, unsigned events);
    /* Waits, and calls selector_found() for each that is ready. A signal ends it with none. */
    int (*wait)(Selector *selector, double timeout);
    void (*close)(Selector *selector);
} SelectorType;

struct Selector {
    const SelectorType *type;
    SelectorKey *keys; // by descriptor; CPython: _fd_to_key
    int size;          // of keys
    int nkeys;         // how many are registered
    int maxfd;         // no descriptor above this one is; it may be too high
    SelectorEvent *ready;
    int nready, ready_size;
    void *state; // the back end's own
};

/* The back ends. One that this system does not have is NULL. */
extern const SelectorType select_selector, poll_selector;
extern const SelectorType *const epoll_selector, *const kqueue_selector;

/* The best one that is there: kqueue or epoll, then poll, then select. CPython: Lib/selectors.py,
 * DefaultSelector. */
const SelectorType *selector_default(void);

/* The one with this name, "epoll"; NULL with ValueError if this system does not have it. */
const SelectorType *selector_named(const char *name);

/* A new selector; NULL with an error. */
Selector *selector_new(const SelectorType *type);

/* Closes and frees it. What is registered stays open. NULL is allowed. CPython: close(). */
void selector_free(Selector *selector);

/* Asks about `fd` from now on. -1 with ValueError for events or a descriptor that make no sense,
 * KeyError if it is registered, OSError if the kernel refuses: epoll a regular file (EPERM), select
 * one above 1023 ("filedescriptor out of range in select()", ValueError). */
int selector_register(Selector *selector, int fd, unsigned events, SelectorData data);

/* Changes what is asked, or only the data. -1 with KeyError if it is not registered. */
int selector_modify(Selector *selector, int fd, unsigned events, SelectorData data);

/* Asks no more. -1 with KeyError if it is not registered, ValueError if it is no descriptor; never
 * fails otherwise. */
int selector_unregister(Selector *selector, int fd);

/* The key of a descriptor, until the next call that registers one; NULL, and no error, if it is not
 * registered. CPython: get_key(), which raises KeyError. */
static inline const SelectorKey *selector_get_key(const Selector *selector, int fd) {
    if (fd < 0 || fd >= selector->size || selector->keys[fd].events == 0) return NULL;
    return &selector->keys[fd];
}

/* Waits until a descriptor is ready, `timeout` seconds have passed (0: does not wait, FOREVER: no
 * limit) or a signal came. Returns how many are ready; they are in selector->ready until the next
 * call. An error or a hang-up counts as both events. -1 with an error. CPython: select(). */
int selector_select(Selector *selector, double timeout);

/* ---- For back ends ----------------------------------------------------------------------------*/

/* Notes that `fd` is ready. What was not asked for is left out. */
void selector_found(Selector *selector, int fd, unsigned events);

/* A timeout in milliseconds, rounded up so that at least so much time passes; -1 for FOREVER.
 * CPython: Lib/selectors.py, EpollSelector.select(). */
int selector_milliseconds(double timeout);

#endif
