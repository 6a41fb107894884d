/* pool_bench.c: the pool's part of bench.c. */
int pool_bench(int argc, char **argv);

int pool_bench(int argc, char **argv) {
    (void)argc;
    (void)argv;
    return 0;
}
