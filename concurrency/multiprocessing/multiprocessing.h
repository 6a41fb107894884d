/* multiprocessing.h: the room's three mechanisms: a process, a queue between processes, a pool of
 * them. */
#ifndef MULTIPROCESSING_H
#define MULTIPROCESSING_H

#include "pool.h"
#include "process.h"
#include "queue.h"

#endif
