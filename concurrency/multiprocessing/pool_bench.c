/* pool_bench.c: the pool's rows of bench.c. */
#include "multiprocessing.h"

#include "../../common/benchmark.h"

extern const BenchmarkRow pool_rows[];
extern const size_t pool_row_count;

const BenchmarkRow pool_rows[1] = {{0}};
const size_t pool_row_count = 0;
