/* twin.c: class statements whose every hook says that it is called, and what is made of them. See
 * twin.py, the same program; what it shares with differential.c is in programs.h. */
#include "programs.h"

static void programs(void) {
    for (uint32_t seed = 0; seed < 60; seed++) {
        fprintf(out, "-- %u\n", (unsigned)seed);
        random_program(seed);
    }
}

int main(void) {
    static const struct {
        const char *name;
        void (*play)(void);
    } parts[] = {{"programs", programs}};
    out = stdout;
    if (types_init() < 0 || metaclass_init() < 0) sure(NULL);
    programs_init();
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        fprintf(out, "==== %s\n", parts[i].name);
        parts[i].play();
    }
    types_clear();
    return finish_output("metaclass_twin", 0);
}
