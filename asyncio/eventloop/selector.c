/* selector.c: the table of what is registered, and which back ends there are.
 *
 * The table grows before the kernel is told of a descriptor, and so does the list of those that are
 * ready: waiting never allocates.
 */
#include "selector.h"

#include <errno.h>
#include <limits.h>

/* CPython: Objects/exceptions.c, _PyExc_InitState(), which fills a dict of these. */
static ErrorType os_error_type(int number) {
    switch (number) {
    case EAGAIN:
    case EALREADY:
    case EINPROGRESS:
        return BlockingIOError;
    case EPIPE:
    case ESHUTDOWN:
        return BrokenPipeError;
    case ECONNABORTED:
        return ConnectionAbortedError;
    case ECONNREFUSED:
        return ConnectionRefusedError;
    case ECONNRESET:
        return ConnectionResetError;
    case EEXIST:
        return FileExistsError;
    case ENOENT:
        return FileNotFoundError;
    case EINTR:
        return InterruptedError;
    case EISDIR:
        return IsADirectoryError;
    case ENOTDIR:
        return NotADirectoryError;
    case EACCES:
    case EPERM:
        return PermissionError;
    case ETIMEDOUT:
        return TimeoutError;
    default:
        return OSError;
    }
}

int error_set_from_errno(int number) {
    if (number == ENOMEM) { // CPython has OSError for it; for us it is one error wherever it arises
        error_no_memory();
        return -1;
    }
    return error_set(os_error_type(number), "[Errno %d] %s", number, strerror(number));
}

bool error_is_os(ErrorType type) {
    static const int numbers[] = {EAGAIN, EPIPE, ECONNABORTED, ECONNREFUSED, ECONNRESET, EEXIST,
                                  ENOENT, EINTR, EISDIR,       ENOTDIR,      EACCES,     ETIMEDOUT};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (type == os_error_type(numbers[i])) return true;
    return type == OSError || type == gaierror;
}

/* ---- The back ends ----------------------------------------------------------------------------*/

const SelectorType *selector_default(void) {
    if (kqueue_selector) return kqueue_selector;
    return epoll_selector ? epoll_selector : &poll_selector;
}

const SelectorType *selector_named(const char *name) {
    const SelectorType *types[] = {&select_selector, &poll_selector, epoll_selector,
                                   kqueue_selector};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i] && strcmp(types[i]->name, name) == 0) return types[i];
    error_set(ValueError, "this system has no selector '%s'", name);
    return NULL;
}

Selector *selector_new(const SelectorType *type) {
    Selector *selector = calloc(1, sizeof *selector);
    if (!selector) return error_no_memory();
    selector->type = type;
    selector->maxfd = -1;
    if (type->open(selector) < 0) {
        free(selector);
        return NULL;
    }
    return selector;
}

void selector_free(Selector *selector) {
    if (!selector) return;
    selector->type->close(selector);
    free(selector->keys);
    free(selector->ready);
    free(selector);
}

/* ---- The table --------------------------------------------------------------------------------*/

/* Makes room for one more key, with this descriptor. */
static int selector_reserve(Selector *selector, int fd) {
    if (selector->nkeys == selector->ready_size) {
        int size = selector->ready_size ? 2 * selector->ready_size : 16;
        SelectorEvent *ready = realloc(selector->ready, (size_t)size * sizeof *ready);
        if (!ready) return error_no_memory(), -1;
        selector->ready = ready;
        selector->ready_size = size;
    }
    if (fd < selector->size) return 0;
    size_t size = selector->size ? 2 * (size_t)selector->size : 16;
    if (size <= (size_t)fd) size = (size_t)fd + 1;
    if (size > INT_MAX) size = INT_MAX;
    SelectorKey *keys = realloc(selector->keys, size * sizeof *keys);
    if (!keys) return error_no_memory(), -1;
    memset(keys + selector->size, 0, (size - (size_t)selector->size) * sizeof *keys);
    selector->keys = keys;
    selector->size = (int)size;
    return 0;
}

/* CPython: Lib/selectors.py, _fileobj_to_fd(), and _BaseSelectorImpl.register(). */
static int selector_check(int fd, unsigned events) {
    if (events == 0 || events & ~(unsigned)(EVENT_READ | EVENT_WRITE))
        return error_set(ValueError, "Invalid events: %u", events);
    if (fd < 0 || fd == INT_MAX) return error_set(ValueError, "Invalid file descriptor: %d", fd);
    return 0;
}

int selector_register(Selector *selector, int fd, unsigned events, SelectorData data) {
    if (selector_check(fd, events) < 0) return -1;
    if (selector_get_key(selector, fd))
        return error_set(KeyError, "'%d (FD %d) is already registered'", fd, fd);
    if (selector_reserve(selector, fd) < 0) return -1;
    if (selector->type->control(selector, fd, 0, events) < 0) return -1;
    selector->keys[fd] = (SelectorKey){fd, events, data};
    selector->nkeys++;
    if (fd > selector->maxfd) selector->maxfd = fd;
    return 0;
}

static int selector_not_registered(int fd) {
    return error_set(KeyError, "'%d is not registered'", fd);
}

int selector_modify(Selector *selector, int fd, unsigned events, SelectorData data) {
    if (selector_check(fd, events) < 0) return -1;
    if (!selector_get_key(selector, fd)) return selector_not_registered(fd);
    SelectorKey *key = &selector->keys[fd];
    if (events != key->events && selector->type->control(selector, fd, key->events, events) < 0)
        return -1; // CPython forgets the key; here both sides are as they were
    key->events = events;
    key->data = data;
    return 0;
}

int selector_unregister(Selector *selector, int fd) {
    if (selector_check(fd, EVENT_READ) < 0) return -1;
    if (!selector_get_key(selector, fd)) return selector_not_registered(fd);
    unsigned was = selector->keys[fd].events;
    selector->keys[fd] = (SelectorKey){0};
    selector->nkeys--;
    if (fd == selector->maxfd) // the highest of the rest
        while (selector->maxfd >= 0 && selector->keys[selector->maxfd].events == 0)
            selector->maxfd--;
    selector->type->control(selector, fd, was, 0);
    return 0;
}

/* ---- Waiting ----------------------------------------------------------------------------------*/

int selector_select(Selector *selector, double timeout) {
    selector->nready = 0;
    if (selector->type->wait(selector, timeout) < 0) return -1;
    return selector->nready;
}

void selector_found(Selector *selector, int fd, unsigned events) {
    const SelectorKey *key = selector_get_key(selector, fd);
    if (selector->nready == selector->ready_size) return; // a number stood twice in epoll's list
    if (key && events & key->events)
        selector->ready[selector->nready++] = (SelectorEvent){fd, events & key->events};
}

int selector_milliseconds(double timeout) {
    if (timeout == FOREVER) return -1;
    if (!(timeout > 0)) return 0;
    double milliseconds = ceil(timeout * 1e3);
    return milliseconds < INT_MAX ? (int)milliseconds : INT_MAX;
}
