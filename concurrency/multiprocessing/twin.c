/* twin.c: the twin of twin.py: the same programs on our processes, queues and pools. */
#include "multiprocessing.h"

void pool_twin(void);

int main(void) {
    printf("processes\n");
    pool_twin();
    return finish_output("multiprocessing_twin", 0);
}
