/* multiprocessing.h: the room's three mechanisms: a process, a queue between processes, a pool of
 * them. */
#ifndef MULTIPROCESSING_H
#define MULTIPROCESSING_H

#include "process.h"
#include "pool.h"
#include "queue.h"

#endif
