/* kqueue.c: macOS and the BSDs. As epoll, the kernel keeps the list; reading and writing are two
 * entries (filters) of it, and the same call changes the list and waits.
 *
 * Simplified: a call asks for 256 events at most, and the rest comes with the next one.
 */
#include "selector.h"

#if defined __APPLE__ || defined __FreeBSD__ || defined __OpenBSD__ || defined __NetBSD__ ||       \
    defined __DragonFly__ || defined HAVE_KQUEUE

#include <errno.h>
#include <sys/types.h>

#include <sys/event.h>

enum { MOST = 256 };

typedef struct {
    int fd;
} Kqueue;

static int kqueue_open(Selector *selector) {
    Kqueue *state = malloc(sizeof *state);
    if (!state) return error_no_memory(), -1;
    state->fd = kqueue();
    if (state->fd < 0) {
        free(state);
        return error_set_from_errno(errno);
    }
    selector->state = state;
    return 0;
}

static void kqueue_close(Selector *selector) {
    Kqueue *state = selector->state;
    close(state->fd);
    free(state);
}

/* Adds or deletes the filter of one event, if it changes. */
static int kqueue_filter(Kqueue *state, int fd, short filter, bool was, bool is) {
    if (was == is) return 0;
    struct kevent change;
    EV_SET(&change, (uintptr_t)fd, filter, is ? EV_ADD : EV_DELETE, 0, 0, 0);
    return kevent(state->fd, &change, 1, NULL, 0, NULL);
}

/* CPython: Lib/selectors.py, KqueueSelector.register(), unregister(). */
static int kqueue_control(Selector *selector, int fd, unsigned was, unsigned events) {
    Kqueue *state = selector->state;
    bool read_was = was & EVENT_READ, reads = events & EVENT_READ;
    if (kqueue_filter(state, fd, EVFILT_READ, read_was, reads) < 0 && events != 0)
        return error_set_from_errno(errno);
    if (kqueue_filter(state, fd, EVFILT_WRITE, was & EVENT_WRITE, events & EVENT_WRITE) < 0 &&
        events != 0) {
        int number = errno;
        kqueue_filter(state, fd, EVFILT_READ, reads, read_was);
        return error_set_from_errno(number);
    }
    return 0;
}

/* A descriptor may come twice, once a filter: the loop looks at both. CPython: Lib/selectors.py,
 * KqueueSelector.select(). */
static int kqueue_wait(Selector *selector, double timeout) {
    struct kevent events[MOST];
    int most = selector->ready_size < MOST ? selector->ready_size : MOST;
    if (most == 0) most = 1; // with none the timeout would be ignored
    struct timespec limit = {0, 0};
    if (timeout > 0 && timeout < FOREVER) {
        double seconds = timeout < 1e8 ? timeout : 1e8;
        limit.tv_sec = (time_t)seconds;
        limit.tv_nsec = (long)((seconds - (double)limit.tv_sec) * 1e9);
    }
    Kqueue *state = selector->state;
    int count = kevent(state->fd, NULL, 0, events, most, timeout == FOREVER ? NULL : &limit);
    if (count < 0) return errno == EINTR ? 0 : error_set_from_errno(errno);
    for (int i = 0; i < count; i++) {
        if (events[i].filter == EVFILT_READ)
            selector_found(selector, (int)events[i].ident, EVENT_READ);
        if (events[i].filter == EVFILT_WRITE)
            selector_found(selector, (int)events[i].ident, EVENT_WRITE);
    }
    return 0;
}

static const SelectorType type = {"kqueue", kqueue_open, kqueue_control, kqueue_wait, kqueue_close};
const SelectorType *const kqueue_selector = &type;

#else

const SelectorType *const kqueue_selector = NULL;

#endif
