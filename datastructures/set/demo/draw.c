/* draw.c: a set's table and the path of a search through it, on the terminal and for Graphviz. */
#include "parts.h"

#include <inttypes.h>

/* ---- Drawing a table -------------------------------------------------------------------------*/

static Cell cell_of(const void *it, ssize_t slot) {
    Object *key = ((const Set *)it)->table[slot].key;
    if (key == SET_DUMMY) return (Cell){.word = "dummy", .on = color("31")};
    return (Cell){.item = key, .word = "", .on = key ? color("32") : ""};
}

void draw(const Set *s) {
    printf("      used %zd", s->used);
    if (s->fill > s->used) printf(" (fill %zd, with dummies)", s->fill);
    printf(" of %zd slots %s, %zu bytes\n", s->mask + 1,
           s->table == s->smalltable ? "inside the object" : "outside the object", set_sizeof(s));
    draw_cells(s->mask + 1, s, cell_of);
    putchar('\n');
}

/* ---- Following a search ----------------------------------------------------------------------*/

size_t probe_path(const Set *s, Object *key, size_t *path, size_t limit) {
    hash_t hash = object_hash(key);
    uint64_t perturb = (uint64_t)hash;
    size_t mask = (size_t)s->mask, i = (size_t)hash & mask, count = 0;
    for (;;) {
        size_t run = i + LINEAR_PROBES <= mask ? LINEAR_PROBES : 0;
        for (size_t slot = i; slot <= i + run; slot++) {
            if (count < limit) path[count] = slot;
            count++;
            const SetEntry *entry = &s->table[slot];
            if (!entry->key) return count;
            if (entry->hash == hash && object_rich_equal(entry->key, key) == 1) return count;
        }
        perturb >>= PERTURB_SHIFT;
        i = (size_t)(i * 5 + 1 + perturb) & mask;
    }
}

void tell_search(Set *s, int64_t number) {
    enum { SHOWN = 12 };
    size_t path[SHOWN];
    Object *key = need(int_from_long(number));
    size_t count = probe_path(s, key, path, SHOWN);
    printf("      %4" PRId64 " in s: looks at slot%s", number, count > 1 ? "s" : " ");
    for (size_t i = 0; i < count && i < SHOWN; i++)
        printf("%s %zu", i > 0 ? "," : "", path[i]);
    int answer = set_contains(s, key);
    must(answer);
    printf(" -> %s\n", answer ? "True" : "False: that one is empty");
    decref(key);
}

void tell_key(const Set *s, Object *key) {
    enum { SHOWN = 12 };
    size_t path[SHOWN], count = probe_path(s, key, path, SHOWN);
    printf("      looks at slot%s", count > 1 ? "s" : "");
    for (size_t i = 0; i < count && i < SHOWN; i++)
        printf("%s %zu", i > 0 ? "," : "", path[i]);
    puts(count > SHOWN ? ", ..." : "");
}

/* ---- For the pictures ------------------------------------------------------------------------*/

void draw_dot(const Set *s) {
    enum { SHOWN = 12 };
    puts("digraph set {\n    rankdir=LR; ranksep=0.9; node [shape=plain]; edge [arrowsize=0.7];");
    printf("    table [label=<<table border=\"0\" cellborder=\"1\" cellspacing=\"0\" "
           "cellpadding=\"5\"><tr><td border=\"0\">slot</td><td border=\"0\">hash</td>"
           "<td border=\"0\">key</td></tr>");
    for (ssize_t i = 0; i < SHOWN; i++) {
        const SetEntry *entry = &s->table[i];
        printf("<tr><td border=\"0\">%zd</td><td width=\"50\">", i);
        if (entry->key) printf("%" PRId64, entry->hash);
        printf("</td><td port=\"k%zd\" width=\"60\">%s</td></tr>\n", i,
               entry->key == SET_DUMMY ? "dummy" : " ");
    }
    printf("<tr><td border=\"0\" colspan=\"3\">... to slot %zd; fill %zd, used %zd</td></tr>"
           "</table>>];\n",
           s->mask, s->fill, s->used);
    for (ssize_t i = 0; i < SHOWN; i++) {
        if (!s->table[i].key || s->table[i].key == SET_DUMMY) continue;
        printf("    o%zd [shape=ellipse, label=\"int ", i);
        must(object_print(s->table[i].key, stdout, false));
        printf("\"];\n    table:k%zd:e -> o%zd;\n", i, i);
    }
    puts("}");
}
