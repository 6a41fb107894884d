/* poll.c: an array goes into the kernel at each call, an entry a descriptor, in any order and of any
 * size. Still the kernel looks at each, and so does who reads the answer.
 *
 * The array has no holes: the last entry moves into the place of one that goes. `place` knows where
 * each descriptor is.
 */
#include "selector.h"

#include <errno.h>
#include <poll.h>

typedef struct {
    struct pollfd *entries;
    int count, size;
    int *place; // by descriptor
    int place_size;
} Poll;

static int poll_open(Selector *selector) {
    selector->state = calloc(1, sizeof(Poll));
    return selector->state ? 0 : (error_no_memory(), -1);
}

static void poll_close(Selector *selector) {
    Poll *state = selector->state;
    free(state->entries);
    free(state->place);
    free(state);
}

static int poll_reserve(Poll *state, int fd) {
    if (state->count == state->size) {
        int size = state->size ? 2 * state->size : 16;
        struct pollfd *entries = realloc(state->entries, (size_t)size * sizeof *entries);
        if (!entries) return error_no_memory(), -1;
        state->entries = entries;
        state->size = size;
    }
    if (fd < state->place_size) return 0;
    size_t size = 2 * (size_t)fd + 16;
    int *place = realloc(state->place, size * sizeof *place);
    if (!place) return error_no_memory(), -1;
    state->place = place;
    state->place_size = (int)size;
    return 0;
}

static int poll_control(Selector *selector, int fd, unsigned was, unsigned events) {
    Poll *state = selector->state;
    if (events == 0) {
        struct pollfd last = state->entries[--state->count];
        state->entries[state->place[fd]] = last;
        state->place[last.fd] = state->place[fd];
        return 0;
    }
    if (was == 0) {
        if (poll_reserve(state, fd) < 0) return -1;
        state->place[fd] = state->count++;
    }
    short wanted =
        (short)((events & EVENT_READ ? POLLIN : 0) | (events & EVENT_WRITE ? POLLOUT : 0));
    state->entries[state->place[fd]] = (struct pollfd){fd, wanted, 0};
    return 0;
}

/* CPython: Lib/selectors.py, _PollLikeSelector.select(). */
static int poll_wait(Selector *selector, double timeout) {
    Poll *state = selector->state;
    int left = poll(state->entries, (nfds_t)state->count, selector_milliseconds(timeout));
    if (left < 0) return errno == EINTR ? 0 : error_set_from_errno(errno);
    for (int i = 0; left > 0 && i < state->count; i++) {
        short event = state->entries[i].revents;
        if (!event) continue;
        selector_found(selector, state->entries[i].fd,
                       (event & ~POLLIN ? (unsigned)EVENT_WRITE : 0) |
                           (event & ~POLLOUT ? (unsigned)EVENT_READ : 0));
        left--;
    }
    return 0;
}

const SelectorType poll_selector = {"poll", poll_open, poll_control, poll_wait, poll_close};
