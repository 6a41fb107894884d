/* select.c: the oldest way. Three sets of bits go into the kernel, which writes over them, at each
 * call; it looks at every bit up to the highest descriptor, and so does who reads the answer.
 *
 * A set has FD_SETSIZE bits, 1024. FD_SET of a higher one would write beside it: here, as in Python,
 * that is an error.
 */
#include "selector.h"

#include <errno.h>
#include <sys/select.h>

typedef struct {
    fd_set readers, writers;
} Sets;

static int select_open(Selector *selector) {
    Sets *sets = malloc(sizeof *sets);
    if (!sets) return error_no_memory(), -1;
    FD_ZERO(&sets->readers);
    FD_ZERO(&sets->writers);
    selector->state = sets;
    return 0;
}

static void select_close(Selector *selector) {
    free(selector->state);
}

static void set_bit(fd_set *set, int fd, bool on) {
    unsigned bit = (unsigned)fd; // musl's macros compute with unsigned numbers
    if (on)
        FD_SET(bit, set);
    else
        FD_CLR(bit, set);
}

/* CPython: Lib/selectors.py, SelectSelector.register(), unregister(); Modules/selectmodule.c,
 * seq2set() has the error, at the next select(). */
static int select_control(Selector *selector, int fd, unsigned was, unsigned events) {
    (void)was;
    Sets *sets = selector->state;
    if (fd >= FD_SETSIZE) return error_set(ValueError, "filedescriptor out of range in select()");
    set_bit(&sets->readers, fd, events & EVENT_READ);
    set_bit(&sets->writers, fd, events & EVENT_WRITE);
    return 0;
}

/* CPython: Lib/selectors.py, SelectSelector.select(). */
static int select_wait(Selector *selector, double timeout) {
    Sets ready = *(Sets *)selector->state;
    struct timeval limit = {0, 0};
    if (timeout > 0 && timeout < FOREVER) {
        double most = timeout < 1e8 ? timeout : 1e8; // some systems refuse more
        limit.tv_sec = (time_t)most;
        limit.tv_usec = (suseconds_t)ceil((most - (double)limit.tv_sec) * 1e6);
        if (limit.tv_usec >= 1000000) limit = (struct timeval){limit.tv_sec + 1, 0};
    }
    int left = select(selector->maxfd + 1, &ready.readers, &ready.writers, NULL,
                      timeout == FOREVER ? NULL : &limit);
    if (left < 0) return errno == EINTR ? 0 : error_set_from_errno(errno);
    for (int fd = 0; left > 0 && fd <= selector->maxfd; fd++) {
        unsigned bit = (unsigned)fd;
        bool reads = FD_ISSET(bit, &ready.readers), writes = FD_ISSET(bit, &ready.writers);
        selector_found(selector, fd,
                       (reads ? (unsigned)EVENT_READ : 0) | (writes ? (unsigned)EVENT_WRITE : 0));
        left -= reads + writes; // the rest of the sets is empty
    }
    return 0;
}

const SelectorType select_selector = {"select", select_open, select_control, select_wait,
                                      select_close};
