/* cells.h: what a container holds, drawn: a repr in so many columns, a table in rows of eight. */
#ifndef CELLS_H
#define CELLS_H

#include "../common/both.h"
#include "../common/demo.h"
#include "object.h"

enum {
    CELLS_DRAWN_MAX = 64, // of a larger table only the numbers are legible
    CELLS_ROW = 8,
    CELLS_WIDTH = 7,
};

typedef struct {
    Object *item;     // its repr is shown; NULL: the word is
    const char *word; // "" or what stands there and is no item
    const char *on;   // what color() said
} Cell;

static inline BothFact repr_of(Object *op, Writer *text) {
    if (object_write_repr(op, text) < 0) {
        error_clear();
        writer_free(text);
        writer_puts(text, "?");
    }
    return (BothFact){.value = text->bytes, .value_length = text->length};
}

/* Prints repr(op), cut to `width` characters; returns how many fewer it was. Of a str, without its
 * quotes if `bare`. */
static inline int draw_repr(Object *op, int width, bool bare) {
    Writer text = {0};
    BothFact repr = repr_of(op, &text);
    if (bare && op->type == &Str_Type && repr.value_length >= 2) {
        repr.value++;
        repr.value_length -= 2;
    }
    width = both_put(&repr, 0, width, stdout);
    writer_free(&text);
    return width;
}

static inline void draw_cell(Cell cell) {
    Writer text = {0};
    BothFact shown = {.value = cell.word};
    if (cell.item) {
        shown = repr_of(cell.item, &text);
    } else {
        shown.value_length = strlen(cell.word);
    }
    int length = 0;
    for (size_t i = 0; i < shown.value_length && length < CELLS_WIDTH; i++)
        length += ((unsigned char)shown.value[i] & 0xC0) != 0x80;
    int left = (CELLS_WIDTH - length) / 2;
    printf("|%*s%s", left, "", cell.on);
    both_put(&shown, 0, CELLS_WIDTH, stdout);
    printf("%s%*s", *cell.on ? color("0") : "", CELLS_WIDTH - length - left, "");
    writer_free(&text);
}

/* Draws cells 0 to count - 1, of which cell(it, i) tells what is in them. */
static inline void draw_cells(ssize_t count, const void *it,
                              Cell (*cell)(const void *it, ssize_t i)) {
    static const char rule[] = "+-------+-------+-------+-------+-------+-------+-------+-------+";
    ssize_t above = count < CELLS_ROW ? count : CELLS_ROW;
    for (ssize_t start = 0; start < count; start += above) {
        printf("      %.*s\n %4zd ", (int)above * (CELLS_WIDTH + 1) + 1, rule, start);
        above = count - start < CELLS_ROW ? count - start : CELLS_ROW;
        for (ssize_t i = start; i < start + above; i++)
            draw_cell(cell(it, i));
        puts("|");
    }
    if (count > 0) printf("      %.*s\n", (int)above * (CELLS_WIDTH + 1) + 1, rule);
}

#endif
