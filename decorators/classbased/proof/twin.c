/* twin.c: classes that decorate, line by line of program.inc, on our mechanism; twin.py has python3
 * read the same lines. */
#include "program.h"

static const char *const lines[] = {
#include "program.inc"
};

int main(void) {
    if (program_begin(stdout) < 0) abort();
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        bool title = strncmp(lines[i], "--", 2) == 0;
        printf("%s%s\n", title ? "" : ">>> ", lines[i]);
        if (!title) program_line(lines[i]);
    }
    program_end();
    return finish_output("classbased_twin", 0);
}
