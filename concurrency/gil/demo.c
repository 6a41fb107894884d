#include "ceval.h"
int main(int argc, char **argv) {
    (void)argc;
    return finish_output(argv[0], 0);
}
