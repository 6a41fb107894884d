/* pipe.c: the self-pipe, and the signals that come through it.
 *
 * A signal may come between any two instructions. All that its handler does is to write the signal's
 * number into the pipe, which POSIX allows there. So callbacks never run in the middle of anything.
 */
#include "pipe.h"

#include "handle.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

static volatile sig_atomic_t wakeup_fd = -1; // CPython: Modules/signalmodule.c, wakeup.fd
static Loop *wakeup_loop;                    // whose it is

int loop_set_flags(int fd) {
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
        return error_set_from_errno(errno);
    return 0;
}

static void loop_handle_signal(Loop *loop, int sig) {
    Handle *handle = sig < LOOP_SIGNALS ? loop->signal_handlers[sig] : NULL;
    if (!handle) return; // it was removed in the meantime
    if (handle->cancelled) {
        if (loop_remove_signal_handler(loop, sig) < 0) error_clear();
        return;
    }
    // Simplified: signals of one number that came before the callback ran are one call, as they are
    // for the kernel while they are pending. CPython calls as often as there are bytes.
    loop_add_callback(loop, handle);
}

/* CPython: Lib/asyncio/selector_events.py, _read_from_self(). */
static void loop_read_from_self(void *arg) {
    Loop *loop = arg;
    unsigned char data[256];
    for (;;) {
        ssize_t got = recv(loop->ssock, data, sizeof data, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        for (ssize_t i = 0; i < got; i++)
            if (data[i] != 0) loop_handle_signal(loop, data[i]);
    }
}

int loop_make_self_pipe(Loop *loop) {
    int pair[2];
    loop->ssock = loop->csock = -1;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0) return error_set_from_errno(errno);
    loop->ssock = pair[0];
    loop->csock = pair[1];
    if (loop_set_flags(pair[0]) < 0 || loop_set_flags(pair[1]) < 0) return -1;
    return loop_add_reader(loop, pair[0], loop_read_from_self, loop) ? 0 : -1;
}

void loop_close_self_pipe(Loop *loop) {
    if (loop->ssock < 0) return;
    loop_remove_reader(loop, loop->ssock);
    close(loop->ssock);
    close(loop->csock);
    loop->ssock = loop->csock = -1;
}

void loop_write_to_self(Loop *loop) {
    while (send(loop->csock, "", 1, MSG_NOSIGNAL) < 0 && errno == EINTR)
        continue;
}

/* ---- Signals ----------------------------------------------------------------------------------*/

/* In the middle of anything. CPython: Modules/signalmodule.c, trip_signal(). */
static void on_signal(int sig) {
    int saved = errno, fd = wakeup_fd;
    unsigned char byte = (unsigned char)sig;
    if (fd >= 0) (void)!write(fd, &byte, 1); // full: then a byte that wakes is there
    errno = saved;
}

/* CPython: Lib/asyncio/unix_events.py, _check_signal(). */
static int check_signal(int sig) {
    if (sig > 0 && sig < LOOP_SIGNALS) return 0;
    return error_set(ValueError, "invalid signal number %d", sig);
}

int loop_add_signal_handler(Loop *loop, int sig, Callback callback, void *arg) {
    if (check_signal(sig) < 0) return -1;
    if (wakeup_loop && wakeup_loop != loop)
        return error_set(RuntimeError, "another loop handles signals");
    Handle *handle = handle_new_persistent(loop, callback, arg);
    if (!handle) return -1;
    wakeup_loop = loop;
    wakeup_fd = loop->csock;
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    if (sigaction(sig, &action, NULL) < 0) {
        if (loop->nsignal_handlers == 0) {
            wakeup_fd = -1;
            wakeup_loop = NULL;
        }
        handle_decref(handle);
        return errno == EINVAL ? error_set(RuntimeError, "sig %d cannot be caught", sig)
                               : error_set_from_errno(errno);
    }
    Handle *before = loop->signal_handlers[sig];
    loop->signal_handlers[sig] = handle;
    if (!before) loop->nsignal_handlers++;
    handle_cancel(before);
    handle_decref(before);
    return 0;
}

int loop_remove_signal_handler(Loop *loop, int sig) {
    if (check_signal(sig) < 0) return -1;
    Handle *handle = loop->signal_handlers[sig];
    if (!handle) return 0;
    signal(sig, SIG_DFL);
    loop->signal_handlers[sig] = NULL;
    if (--loop->nsignal_handlers == 0) {
        wakeup_fd = -1;
        wakeup_loop = NULL;
    }
    handle_cancel(handle);
    handle_decref(handle);
    return 1;
}
