/* registers.c: a call by hand: which register gets what. Links no libffi, so byhand_demo runs under qemu-user, too. */
#include "../../../common/demo.h"
#include "../byhand.h"

void scene_registers(void);
void dot_registers(void);

/* Ten numbers of both kinds; more integers than there are registers for on x86-64. */
static double weigh(int a, double b, long c, float d, int e, int f, int g, long h, int i, int j) {
    return a + 10 * b + 100.0 * (double)c + 1000.0 * (double)d + e + f + g + (double)h + 2 * i +
           3 * j;
}
static const char types[] = "d(idlfiiilii)";
static const char *const texts[] = {"1", "2.5", "3", "4.5", "5", "6", "7", "8", "9", "10"};
static const ByhandValue values[] = {{.i = 1}, {.d = 2.5}, {.i = 3}, {.f = 4.5F}, {.i = 5},
                                     {.i = 6}, {.i = 7},   {.i = 8}, {.i = 9},    {.i = 10}};
enum { COUNT = sizeof values / sizeof *values };

static const char *place(int index) {
    static char text[40];
    int slot = 0;
    const char *name = byhand_where(types, index, &slot);
    if (name) {
        snprintf(text, sizeof text, "%s", name);
    } else {
        snprintf(text, sizeof text, "stack + %d", 8 * slot);
    }
    return text;
}

void scene_registers(void) {
    if (!byhand_abi) {
        puts("No call by hand is written for this processor; the scene goes on elsewhere.");
        return;
    }
    printf("%s: weigh(1, 2.5, 3, 4.5f, 5, 6, 7, 8, 9, 10), as %s\n", byhand_abi, types);
    step("Where does the second argument go: the second register?");
    for (int i = 0; i < COUNT; i++)
        printf("  argument %2d  %c  %4s  in  %s\n", i + 1, types[2 + i], texts[i], place(i));
    puts("Two rows of registers, each used in order; what finds its row used up goes\n"
         "onto the stack. The list of types alone decides.");
    step(NULL);
    ByhandValue result = {0};
    must(byhand_call((void (*)(void))weigh, types, values, &result));
    printf("by hand %.1f, by the compiler %.1f\n", result.d,
           weigh(1, 2.5, 3, 4.5F, 5, 6, 7, 8, 9, 10));
}

void dot_registers(void) {
    puts(
        "digraph call {\n  node [shape=plain fontname=\"sans-serif\"]\n  n [label=<<table border=\"0\" "
        "cellborder=\"1\" cellspacing=\"0\" cellpadding=\"5\">\n"
        "<tr><td><b>argument</b></td><td><b>type</b></td><td><b>value</b></td><td><b>where</b></td></tr>");
    for (int i = 0; byhand_abi && i < COUNT; i++)
        printf("<tr><td>%d</td><td>%c</td><td>%s</td><td>%s</td></tr>\n", i + 1, types[2 + i],
               texts[i], place(i));
    puts("</table>>]\n}");
}
