/* ring.c */
#include "multiprocessing.h"

typedef int ring_to_come;
