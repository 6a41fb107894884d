/* children.c */
#include "multiprocessing.h"

typedef int children_to_come;
