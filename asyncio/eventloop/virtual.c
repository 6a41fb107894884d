/* virtual.c: the loop of virtual.h. All of it is a selector whose waiting is an addition. */
#include "virtual.h"

static int virtual_open(Selector *selector) {
    double *now = calloc(1, sizeof *now);
    if (!now) return error_no_memory(), -1;
    selector->state = now;
    return 0;
}

static void virtual_close(Selector *selector) {
    free(selector->state);
}

static int virtual_control(Selector *selector, int fd, unsigned was, unsigned events) {
    (void)selector, (void)fd, (void)was, (void)events;
    return 0;
}

static int virtual_wait(Selector *selector, double timeout) {
    if (timeout == FOREVER) return error_set(RuntimeError, "deadlock");
    *(double *)selector->state += timeout;
    return 0;
}

static double virtual_time(void *arg) {
    return *(const double *)arg;
}

static const SelectorType type = {"virtual", virtual_open, virtual_control, virtual_wait,
                                  virtual_close};

Loop *virtual_loop_new(void) {
    Selector *selector = selector_new(&type);
    Loop *loop = selector ? loop_new(selector) : NULL;
    if (loop) loop_set_clock(loop, virtual_time, selector->state, 1e-9);
    return loop;
}
