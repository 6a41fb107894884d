/* pool_twin.c: the pool's part of twin.c; its twin is pool_twin.py. */
#include "multiprocessing.h"

void pool_twin(void);

void pool_twin(void) {
}
