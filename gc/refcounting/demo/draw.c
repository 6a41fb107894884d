/* draw.c: names, objects, counts and arrows. All is read from the objects; nothing is remembered. */
#include "parts.h"

enum { NAMES = 12, LABEL = 11, COLUMNS = 79 };

/* The names bound to an object, "a, b", cut to a column's width; returns how wide that is. */
static int names_of(const Object *op, char text[NAMES + 4]) {
    char all[256] = "";
    for (size_t i = 0; i < world.nnames; i++) {
        size_t length = strlen(all);
        if (world.names[i].value == op)
            snprintf(all + length, sizeof all - length, "%s%s", length ? ", " : "",
                     world.names[i].text);
    }
    bool cut = strlen(all) > NAMES;
    snprintf(text, NAMES + 4, "%.*s%s", cut ? NAMES - 1 : NAMES, all, cut ? "…" : "");
    return cut ? NAMES : (int)strlen(all);
}

static void draw_edges(const Object *op, int column) {
    const int start = column;
    ssize_t shown = 0, edges = world_edges(op);
    for (ssize_t i = 0; i < edges; i++) {
        Edge edge = world_edge(op, i);
        char to[LABEL_SIZE] = "nothing";
        if (!edge.to && edge.counts) continue;
        if (shown++ == EDGES_DRAWN_MAX) {
            printf("  and %zd more", edges - i);
            break;
        }
        if (edge.to) world_label(edge.to, to);
        int width = (int)(strlen(edge.place) + strlen(to)) + (*edge.place ? 6 : 5);
        if (column + width > COLUMNS) {
            printf("\n%*s", start, "");
            column = start;
        }
        printf("  %s%s%s▶ %s", edge.place, *edge.place ? " " : "", edge.counts ? "─" : "┄", to);
        column += width;
    }
}

static void draw_object(const Known *it) {
    char names[NAMES + 4], label[LABEL_SIZE], count[32];
    int width = names_of(it->op, names);
    printf("    %s", names);
    if (width) {
        printf(" ");
        for (; width < NAMES; width++)
            printf("─");
        printf("─▶ ");
    } else {
        printf("%s%-*s%s", color("31"), NAMES + 4, it->reached ? "" : "(no name)", color("0"));
    }
    world_label(it->op, label);
    snprintf(count, sizeof count, "count %zd", it->op->refcnt);
    printf("%-*s %s%s%s", LABEL, label, color("1"), count, color("0"));
    draw_edges(it->op, 4 + NAMES + 4 + LABEL + 1 + (int)strlen(count));
    putchar('\n');
}

void draw_world(void) {
    size_t lost_bytes, lost = world_mark(&lost_bytes), bytes = 0, count = 0;
    for (size_t i = 0; i < world.nobjects; i++) {
        const Known *it = &world.objects[i];
        if (!it->op) continue;
        if (count++ < OBJECTS_DRAWN_MAX) draw_object(it);
        bytes += world_bytes(it->op);
    }
    if (count > OBJECTS_DRAWN_MAX) printf("    and %zu more\n", count - OBJECTS_DRAWN_MAX);
    char names[NAMES + 4];
    if (names_of(None, names)) printf("    %s: None\n", names);
    printf("    %zu object%s, %zu bytes", count, count == 1 ? "" : "s", bytes);
    if (lost) printf("; no name leads to %zu of them, %zu bytes", lost, lost_bytes);
    putchar('\n');
}

/* ---- Who holds it ----------------------------------------------------------------------------*/

/* Prints the owners of `op` whose references count, or the others; returns how many. */
static ssize_t print_owners(const Object *op, bool counts) {
    ssize_t found = 0;
    for (size_t i = 0; i < world.nobjects; i++) {
        const Object *owner = world.objects[i].op;
        for (ssize_t k = 0, edges = owner ? world_edges(owner) : 0; k < edges; k++) {
            Edge edge = world_edge(owner, k);
            char label[LABEL_SIZE];
            if (edge.to != op || edge.counts != counts) continue;
            found++;
            world_label(owner, label);
            if (counts)
                printf("      %s%s%s\n", label, *edge.place == '[' ? "" : ".", edge.place);
            else
                printf("      besides, %s refers to it and does not count\n", label);
        }
    }
    return found;
}

void draw_who(const Object *op, ssize_t not_counted) {
    char label[LABEL_SIZE];
    ssize_t found = 0, refcnt = op->refcnt - not_counted;
    if (op == None) {
        puts("    None: held by everybody, and not looked at here");
        return;
    }
    printf("    %s: count %zd\n", world_label(op, label), refcnt);
    for (size_t i = 0; i < world.nnames; i++) {
        if (world.names[i].value != op) continue;
        printf("      the name %s\n", world.names[i].text);
        found++;
    }
    found += print_owners(op, true);
    print_owners(op, false);
    if (found != refcnt)
        printf("      %s%zd more that nobody here owns: a leak%s\n", color("31"), refcnt - found,
               color("0"));
}

/* ---- Graphviz --------------------------------------------------------------------------------*/

static void dot_object(const Known *it, FILE *out) {
    char label[LABEL_SIZE];
    const char *fill = it->reached ? "#2f81f740" : "#f8514940";
    fprintf(
        out,
        "  o%d [label=<<table border=\"0\" cellborder=\"1\" cellspacing=\"0\" cellpadding=\"6\">"
        "<tr><td bgcolor=\"%s\"><b>%s</b></td><td bgcolor=\"%s\">count %zd</td></tr>",
        it->number, fill, world_label(it->op, label), fill, it->op->refcnt);
    for (ssize_t i = 0, edges = world_edges(it->op); i < edges; i++) {
        Edge edge = world_edge(it->op, i);
        if (edge.to)
            fprintf(out, "<tr><td colspan=\"2\" port=\"e%zd\">%s</td></tr>", i,
                    *edge.place ? edge.place : "<i>does not count</i>");
    }
    fprintf(out, "</table>>];\n");
}

static void dot_arrow(const char *from, const Object *to, const char *style, FILE *out) {
    for (size_t i = 0; i < world.nobjects; i++)
        if (world.objects[i].op == to)
            fprintf(out, "  %s -> o%d%s;\n", from, world.objects[i].number, style);
}

void draw_dot(FILE *out) {
    size_t bytes;
    world_mark(&bytes);
    fprintf(out, "digraph objects {\n  rankdir=LR; bgcolor=transparent; ranksep=0.9;\n"
                 "  node [shape=plain fontname=\"sans-serif\" fontsize=13];\n"
                 "  edge [arrowsize=0.7];\n");
    for (size_t i = 0; i < world.nobjects; i++)
        if (world.objects[i].op) dot_object(&world.objects[i], out);
    for (size_t i = 0; i < world.nnames; i++) {
        char from[NAME_MAX_LENGTH + 8];
        snprintf(from, sizeof from, "\"name %s\"", world.names[i].text);
        fprintf(out, "  %s [label=\"%s\"];\n", from, world.names[i].text);
        dot_arrow(from, world.names[i].value, "", out);
    }
    for (size_t i = 0; i < world.nobjects; i++) {
        const Known *it = &world.objects[i];
        for (ssize_t k = 0, edges = it->op ? world_edges(it->op) : 0; k < edges; k++) {
            char from[40];
            Edge edge = world_edge(it->op, k);
            snprintf(from, sizeof from, "o%d:e%zd", it->number, k);
            if (edge.to) dot_arrow(from, edge.to, edge.counts ? "" : " [style=dashed]", out);
        }
    }
    fprintf(out, "}\n");
}
