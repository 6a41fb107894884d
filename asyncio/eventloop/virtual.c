/* virtual.c: the loop of virtual.h. All of it is a selector whose waiting is an addition. */
#include "virtual.h"

/* The time stands in the loop, which outlives its selector: loop_time() may be asked until it is
 * freed. */
static int virtual_open(Selector *selector) {
    (void)selector;
    return 0;
}

static void virtual_close(Selector *selector) {
    (void)selector;
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
    if (!loop) return NULL;
    selector->state = &loop->virtual_now;
    loop_set_clock(loop, virtual_time, &loop->virtual_now, 1e-9);
    return loop;
}
