/* byhand.c: the scene `registers` as a program of its own, without libffi: byhand_demo. */
#include "../../../common/demo.h"

void scene_registers(void);

int main(int argc, char **argv) {
    static const Scene scenes[] = {
        {"registers", "Which register gets what", scene_registers, NULL, false}, {0}};
    static const Demo demo = {.program = "byhand_demo", .scenes = scenes};
    return demo_main(&demo, argc, argv);
}
