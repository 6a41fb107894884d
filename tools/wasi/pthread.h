/* pthread.h: WASI has one thread: what the event loop asks of it. */
#ifndef WASI_PTHREAD_H
#define WASI_PTHREAD_H

typedef int pthread_t;
#define pthread_self()      0
#define pthread_equal(a, b) ((a) == (b))

#endif
