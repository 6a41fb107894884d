/* draw.c: pictures of a table. Everything shown is read from the table; nothing is remembered. */
#include "parts.h"

#include <inttypes.h>

enum { SLOTS_A_ROW = 16 };

/* The numbers in one line, or in two if they are long; the bytes are those of CPython. */
static void draw_shape(const Dict *d) {
    const DictKeys *keys = d->keys;
    if (keys == dict_empty_keys) {
        puts("    no table of its own yet: the one that all empty dicts share");
        return;
    }
    size_t slots = dict_slots(keys), width = ((size_t)1 << keys->log2_index_bytes) / slots;
    size_t usable = (size_t)dict_usable_fraction(slots), each = dict_entry_bytes(keys);
    printf(
        "    %s%s%s: used %zd, usable %zd, nentries %zd%sgetsizeof %zu + %zu*%zu + %zu*%zu = %zu\n",
        color("1"), keys->kind == DICT_KEYS_UNICODE ? "unicode" : "general", color("0"), d->used,
        keys->usable, keys->nentries, slots > DRAW_SLOTS_MAX ? "\n    " : "; ",
        draw_getsizeof(d) - slots * width - usable * each, slots, width, usable, each,
        draw_getsizeof(d));
}

/* One border of a row of boxes, each three columns wide. */
static void border(size_t cells, const char *left, const char *middle, const char *right) {
    printf("             %s", left);
    for (size_t i = 0; i < cells; i++)
        printf("───%s", i + 1 < cells ? middle : right);
    putchar('\n');
}

static void draw_index(ssize_t ix) {
    if (ix == DKIX_EMPTY) {
        printf("   ");
    } else if (ix == DKIX_DUMMY) {
        printf("%s D %s", color("31"), color("0"));
    } else {
        printf("%s%2zd %s", color("32"), ix, color("0"));
    }
}

static void draw_indices(const DictKeys *keys) {
    size_t cells = dict_slots(keys) < SLOTS_A_ROW ? dict_slots(keys) : SLOTS_A_ROW;
    for (size_t start = 0; start < dict_slots(keys); start += cells) {
        printf("    %s     ", start ? "    " : "slot");
        for (size_t i = 0; i < cells; i++)
            printf("%s%2zu", i ? "  " : " ", start + i);
        putchar('\n');
        border(cells, "┌", "┬", "┐");
        printf("    %s  │", start ? "       " : "indices");
        for (size_t i = 0; i < cells; i++) {
            draw_index(dict_get_index(keys, start + i));
            printf("│");
        }
        putchar('\n');
        border(cells, "└", "┴", "┘");
    }
}

static void draw_entry(const DictKeys *keys, ssize_t ix) {
    enum { KEY = 14, VALUE = 16 };
    DictEntry entry = dict_entry(keys, ix);
    printf("    %s %2zd │ ", ix == 0 ? "entries" : "       ", ix);
    if (!entry.key) {
        printf("%sdeleted%s\n", color("31"), color("0"));
        return;
    }
    printf("%20" PRId64 " │ %4zu │ ", entry.hash, (size_t)entry.hash & (dict_slots(keys) - 1));
    int missing = draw_repr(entry.key, KEY, false);
    printf("%*s │ ", missing, "");
    draw_repr(entry.value, VALUE, false);
    putchar('\n');
}

void draw_table(const Dict *d) {
    const DictKeys *keys = d->keys;
    if (keys != dict_empty_keys && dict_slots(keys) <= DRAW_SLOTS_MAX) {
        draw_indices(keys);
        printf("               │ %20s │ slot │ key            │ value\n",
               keys->kind == DICT_KEYS_UNICODE ? "hash (in the str)" : "hash");
        for (ssize_t ix = 0; ix < keys->nentries && ix < DRAW_ENTRIES_MAX; ix++)
            draw_entry(keys, ix);
        if (keys->nentries > DRAW_ENTRIES_MAX) {
            printf("           ... │ and %zd more\n", keys->nentries - DRAW_ENTRIES_MAX);
        }
    }
    draw_shape(d);
}

size_t draw_probes(const DictKeys *keys, hash_t hash, ssize_t ix) {
    size_t mask = dict_slots(keys) - 1, perturb = (size_t)hash, slot = perturb & mask, probes = 1;
    for (; dict_get_index(keys, slot) != ix; probes++)
        slot = dict_next_slot(slot, &perturb, mask);
    return probes;
}

/* What a slot of the search says; true where the search ends. */
static bool explain_slot(const DictKeys *keys, size_t slot, Object *key, hash_t hash) {
    enum { KEY = 11 };
    ssize_t ix = dict_get_index(keys, slot);
    if (ix == DKIX_EMPTY) {
        puts("empty: not in the table");
        return true;
    }
    if (ix == DKIX_DUMMY) {
        puts("dummy: was deleted, search on");
        return false;
    }
    DictEntry entry = dict_entry(keys, ix);
    printf("entry %zd, ", ix);
    draw_repr(entry.key, KEY, false);
    bool found = entry.key == key || (entry.hash == hash && object_rich_equal(entry.key, key) == 1);
    puts(found ? ": found" : entry.hash == hash ? ": same hash" : ": another hash");
    return found;
}

void draw_search(const Dict *d, Object *key) {
    enum { KEY = 24, FORMULA = 26 };
    const DictKeys *keys = d->keys;
    hash_t hash = object_hash(key);
    error_clear();
    if (hash == -1) return;
    size_t mask = dict_slots(keys) - 1, perturb = (size_t)hash, slot = perturb & mask;
    char formula[96];
    snprintf(formula, sizeof formula, "hash & %zu", mask);
    printf("    looking for ");
    draw_repr(key, KEY, false);
    printf(", hash %#" PRIx64 ":\n", (uint64_t)hash);
    for (;;) {
        printf("      slot %2zu = %-*s ", slot, FORMULA, formula);
        if (strlen(formula) > FORMULA) printf("\n%43s", ""); // a large table's is on two lines
        if (explain_slot(keys, slot, key, hash)) break;
        size_t from = slot;
        slot = dict_next_slot(slot, &perturb, mask);
        // Of a perturb of many digits the last four: the mask leaves no more of it.
        snprintf(formula, sizeof formula, "(5*%zu + %s%zx + 1) & %zu", from,
                 perturb > 0xFFFF ? "0x…"
                 : perturb        ? "0x"
                                  : "",
                 perturb > 0xFFFF && mask <= 0xFFFF ? perturb & 0xFFFF : perturb, mask);
    }
}

/* ---- Graphviz --------------------------------------------------------------------------------*/

static void dot_text(Object *op, FILE *out) { // escaped for an HTML-like label
    Writer text = {0};
    if (object_write_repr(op, &text) == 0) {
        for (size_t i = 0; i < text.length; i++) {
            char c = text.bytes[i];
            if (c == '&' || c == '<' || c == '>') {
                fprintf(out, "&#%d;", c);
            } else {
                fputc(c, out);
            }
        }
    }
    writer_free(&text);
}

static void dot_indices(const DictKeys *keys, FILE *out) {
    fprintf(out,
            "  indices [label=<<table border=\"0\" cellborder=\"1\" cellspacing=\"0\" "
            "cellpadding=\"6\"><tr><td border=\"0\">slot</td><td border=\"0\">indices</td></tr>");
    for (size_t slot = 0; slot < dict_slots(keys); slot++) {
        ssize_t ix = dict_get_index(keys, slot);
        fprintf(out, "<tr><td border=\"0\">%zu</td><td port=\"s%zu\" width=\"60\"%s>", slot, slot,
                ix == DKIX_EMPTY   ? ""
                : ix == DKIX_DUMMY ? " bgcolor=\"#f8514940\""
                                   : " bgcolor=\"#2f81f740\"");
        if (ix >= 0) {
            fprintf(out, "%zd", ix);
        } else {
            fprintf(out, ix == DKIX_DUMMY ? "<i>dummy</i>" : " ");
        }
        fprintf(out, "</td></tr>");
    }
    fprintf(out, "</table>>];\n");
}

static void dot_entries(const DictKeys *keys, FILE *out) {
    fprintf(out, "  entries [label=<<table border=\"0\" cellborder=\"1\" cellspacing=\"0\" "
                 "cellpadding=\"6\"><tr><td border=\"0\">entry</td><td border=\"0\">hash</td>"
                 "<td border=\"0\">key</td><td border=\"0\">value</td></tr>");
    for (ssize_t ix = 0; ix < keys->usable + keys->nentries; ix++) {
        fprintf(out, "<tr><td border=\"0\" port=\"e%zd\">%zd</td>", ix, ix);
        DictEntry entry = ix < keys->nentries ? dict_entry(keys, ix) : (DictEntry){0, NULL, NULL};
        if (entry.key) {
            fprintf(out, "<td bgcolor=\"#2f81f740\">%" PRId64 "</td><td bgcolor=\"#2f81f740\">",
                    entry.hash);
            dot_text(entry.key, out);
            fprintf(out, "</td><td bgcolor=\"#2f81f740\">");
            dot_text(entry.value, out);
            fprintf(out, "</td></tr>");
        } else {
            fprintf(out, "<td colspan=\"3\"%s</i></td></tr>",
                    ix < keys->nentries ? " bgcolor=\"#f8514940\"><i>deleted" : "><i>usable");
        }
    }
    fprintf(out, "</table>>];\n");
}

void draw_dot(const Dict *d, FILE *out) {
    const DictKeys *keys = d->keys;
    fprintf(out, "digraph dict {\n  rankdir=LR; bgcolor=transparent; ranksep=1.2;\n"
                 "  node [shape=plain fontname=\"sans-serif\" fontsize=13];\n"
                 "  edge [arrowsize=0.7];\n");
    dot_indices(keys, out);
    dot_entries(keys, out);
    for (size_t slot = 0; slot < dict_slots(keys); slot++) {
        ssize_t ix = dict_get_index(keys, slot);
        if (ix >= 0) fprintf(out, "  indices:s%zu:e -> entries:e%zd:w;\n", slot, ix);
    }
    fprintf(out, "}\n");
}
