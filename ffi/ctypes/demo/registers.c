/* registers.c: a call by hand: which register gets what. Links no libffi, so byhand_demo runs under
 * qemu-user, too. */
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

static const char *type_name(char code) {
    return code == 'd' ? "double" : code == 'f' ? "float" : code == 'l' ? "long" : "int";
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

/* A row of places, the registers' or the stack's, and which of the arguments is in each. */
static void dot_places(const char *title, const char *color, const char *const *names) {
    printf("<tr><td border=\"0\" colspan=\"2\"><b>%s</b></td></tr>\n", title);
    for (int at = 0; names ? names[at] != NULL : at < 2; at++) {
        char name[40];
        if (names) {
            snprintf(name, sizeof name, "%s", names[at]);
        } else {
            snprintf(name, sizeof name, "stack + %d", 8 * at);
        }
        int index = 0;
        while (index < COUNT && strcmp(place(index), name) != 0)
            index++;
        const char *text = index < COUNT ? texts[index] : " ";
        printf("<tr><td port=\"%s\">%s</td><td bgcolor=\"%s\" width=\"40\">%s</td></tr>\n", name,
               name, index < COUNT ? color : "transparent", text);
    }
}

void dot_registers(void) {
    puts("digraph call {\n  rankdir=LR\n  node [shape=plain fontname=\"sans-serif\"]\n"
         "  edge [arrowsize=0.6]\n  arguments [label=<<table border=\"0\" cellborder=\"1\" "
         "cellspacing=\"3\" cellpadding=\"5\"><tr><td border=\"0\"><b>arguments</b></td></tr>");
    if (!byhand_abi) puts("<tr><td>no call by hand here</td></tr></table>>]\n}");
    if (!byhand_abi) return;
    for (int i = 0; i < COUNT; i++)
        printf("<tr><td port=\"a%d\">%s %s</td></tr>\n", i, type_name(types[2 + i]), texts[i]);
    puts("</table>>]\n  places [label=<<table border=\"0\" cellborder=\"1\" cellspacing=\"0\" "
         "cellpadding=\"4\">");
    dot_places("general registers", "#2f81f733", byhand_general);
    dot_places("vector registers", "#d2992233", byhand_vector);
    dot_places("stack", "#3fb95033", NULL);
    puts("</table>>]");
    for (int i = 0; i < COUNT; i++) {
        bool vector = types[2 + i] == 'd' || types[2 + i] == 'f';
        const char *where = place(i);
        const char *color = strncmp(where, "stack", 5) == 0 ? "#3fb950"
                            : vector                        ? "#d29922"
                                                            : "#2f81f7";
        printf("  arguments:a%d:e -> places:\"%s\":w [color=\"%s\"]\n", i, where, color);
    }
    puts("}");
}
