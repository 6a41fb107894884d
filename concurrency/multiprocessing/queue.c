/* queue.c */
#include "multiprocessing.h"

typedef int queue_to_come;
