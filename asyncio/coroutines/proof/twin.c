/* twin.c: what tasks do, on a virtual clock: scenes written by hand, then programs made up at random.
 * twin.py does the same on CPython's asyncio; the two print the same bytes. */
#include "stage.h"

enum { PROGRAMS = 30 };

int main(void) {
    sink = stdout;
    for (const Scene *scene = scenes; scene->name; scene++)
        play(scene->name, scene_coroutine(scene), NULL);
    for (uint64_t seed = 1; seed <= PROGRAMS; seed++)
        program_play(seed, false);
    return finish_output("coroutines_twin", 0);
}
