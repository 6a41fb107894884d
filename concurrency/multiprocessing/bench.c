/* bench.c: our processes, queues and pools beside multiprocessing's and beside bare system calls.
 */
#include "multiprocessing.h"

int pool_bench(int argc, char **argv);

int main(int argc, char **argv) {
    return pool_bench(argc, argv);
}
