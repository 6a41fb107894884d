/* twin.c: what tasks do, on a virtual clock: scenes written by hand, then programs made up at
 * random. twin.py does the same on CPython's asyncio; the two print the same bytes. */
#include "stage.h"

enum { PROGRAMS = 30 };
static const uint64_t found[] = {149, 1083, 1591,
                                 197377887}; // each of these has found a mistake of ours

int main(void) {
    sink = stdout;
    for (const Scene *scene = scenes; scene->name; scene++)
        play(scene->name, scene_coroutine(scene), NULL);
    for (uint64_t seed = 1; seed <= PROGRAMS; seed++)
        program_play(seed, false);
    for (size_t i = 0; i < sizeof found / sizeof *found; i++)
        program_play(found[i], false);
    return finish_output("coroutines_twin", 0);
}
