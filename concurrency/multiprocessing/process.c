/* process.c */
#include "multiprocessing.h"

typedef int process_to_come;
