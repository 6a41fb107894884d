/* epoll.c: Linux. The kernel keeps the list, and a queue of those that became ready: a call costs as
 * much as is ready, however many are idle. That is what lets one thread wait for ten thousand.
 *
 * Each change of the list is a system call. The kernel watches what is open, not its number: a
 * descriptor that is closed leaves the list by itself, unless a copy of it is open somewhere.
 */
#include "selector.h"

#ifdef __linux__

#include <errno.h>
#include <sys/epoll.h>

typedef struct {
    int fd;
    int size;
    struct epoll_event events[]; // what a call fills: never more than are registered
} Epoll;

static int epoll_open(Selector *selector) {
    enum { FIRST = 64 };
    Epoll *state = malloc(sizeof *state + FIRST * sizeof *state->events);
    if (!state) return error_no_memory(), -1;
    state->size = FIRST;
    state->fd = epoll_create1(EPOLL_CLOEXEC);
    if (state->fd < 0) {
        free(state);
        return error_set_from_errno(errno);
    }
    selector->state = state;
    return 0;
}

static void epoll_close(Selector *selector) {
    Epoll *state = selector->state;
    close(state->fd);
    free(state);
}

static int epoll_control(Selector *selector, int fd, unsigned was, unsigned events) {
    Epoll *state = selector->state;
    if (selector->nkeys >= state->size) {
        size_t size = 2 * (size_t)state->size;
        Epoll *larger = realloc(state, sizeof *state + size * sizeof *state->events);
        if (!larger) return error_no_memory(), -1;
        larger->size = (int)size;
        selector->state = state = larger;
    }
    struct epoll_event event = {.events = (events & EVENT_READ ? (uint32_t)EPOLLIN : 0) |
                                          (events & EVENT_WRITE ? (uint32_t)EPOLLOUT : 0),
                                .data = {.fd = fd}};
    int change = was == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
    if (epoll_ctl(state->fd, change, fd, &event) < 0 && events != 0)
        return error_set_from_errno(errno);
    return 0;
}

/* CPython: Lib/selectors.py, EpollSelector.select(). */
static int epoll_wait_ready(Selector *selector, double timeout) {
    Epoll *state = selector->state;
    int count = epoll_wait(state->fd, state->events, state->size, selector_milliseconds(timeout));
    if (count < 0) return errno == EINTR ? 0 : error_set_from_errno(errno);
    for (int i = 0; i < count; i++) {
        uint32_t event = state->events[i].events;
        selector_found(selector, state->events[i].data.fd,
                       (event & ~(uint32_t)EPOLLIN ? (unsigned)EVENT_WRITE : 0) |
                           (event & ~(uint32_t)EPOLLOUT ? (unsigned)EVENT_READ : 0));
    }
    return 0;
}

static const SelectorType type = {"epoll", epoll_open, epoll_control, epoll_wait_ready,
                                  epoll_close};
const SelectorType *const epoll_selector = &type;

#else

const SelectorType *const epoll_selector = NULL;

#endif
