/* edit.c: edit distance.
 *
 * D[i][j] is the distance of the first i characters of `a` to the first j of b. Neighbours in the
 * table differ by at most one: so a column can be kept as two bits for each row, "one more than the
 * row above" and "one less", and 64 rows are worked out at once by the carry of one addition
 * (next_column()). A longer `a` takes several words, each handing to the next what its last row
 * did.
 *
 * G. Myers, A fast bit-vector algorithm for approximate string matching based on dynamic
 * programming, J. ACM 46 (1999); the formulas are those of H. Hyyro, A bit-vector algorithm for
 * computing Levenshtein and Damerau edit distances (2003).
 */
#include "edit.h"

#include <string.h>

/* 64 rows, one column further. `same` are the rows whose character is b's; `above` is how the row
 * above them changed from this column to the next: 1, 0 or -1. Returns how row `last` did. */
static inline int next_column(uint64_t *more, uint64_t *less, uint64_t same, int above,
                              size_t last) {
    same |= above < 0;
    uint64_t diagonal = (((same & *more) + *more) ^ *more) | same | *less;
    uint64_t right_more = *less | ~(diagonal | *more), right_less = diagonal & *more;
    int below = (int)(right_more >> last & 1) - (int)(right_less >> last & 1);
    right_more = right_more << 1 | (above > 0);
    right_less = right_less << 1 | (above < 0);
    *more = right_less | ~(diagonal | right_more);
    *less = diagonal & right_more;
    return below;
}

/* Which of the characters of `a`, 64 at most, are this one, a bit each: without a table. */
static uint64_t matches_of(const uint32_t *a, size_t na, uint32_t c) {
    uint64_t bits = 0;
    for (size_t i = 0; i < na; i++)
        bits |= (uint64_t)(a[i] == c) << i;
    return bits;
}

size_t edit_short(const uint32_t *a, size_t na, const uint32_t *b, size_t nb) {
    if (na == 0) return nb;
    uint64_t latin1[256]; // matches_of() of the characters below 256
    // Only what b will ask for must be clear: for short words less than the whole table.
    for (size_t j = 0; j < nb; j++)
        latin1[b[j] & 255] = 0;
    for (size_t i = 0; i < na; i++)
        latin1[a[i] & 255] = 0;
    for (size_t i = 0; i < na; i++)
        latin1[a[i] & 255] |= (uint64_t)(a[i] < 256) << i;
    uint64_t more = ~UINT64_C(0), less = 0;
    size_t distance = na;
    for (size_t j = 0; j < nb; j++) {
        uint64_t same = b[j] < 256 ? latin1[b[j]] : matches_of(a, na, b[j]);
        distance += (size_t)next_column(&more, &less, same, 1, na - 1);
    }
    return distance;
}

/* ---- Longer ones -----------------------------------------------------------------------------*/

static size_t words_of(size_t na) {
    return (na + EDIT_WORD - 1) / EDIT_WORD;
}

size_t edit_size(size_t na, size_t nb) { // more and less, and a table for each word
    return nb <= EDIT_WORD ? 0 : words_of(na) * (2 + 256) * sizeof(uint64_t);
}

size_t edit_begin(Edit *self, const uint32_t *a, size_t na, const uint32_t *b, size_t nb) {
    if (na > nb) {
        const uint32_t *text = a;
        size_t size = na;
        a = b, na = nb;
        b = text, nb = size;
    }
    while (na && a[0] == b[0])
        a++, b++, na--, nb--;
    while (na && a[na - 1] == b[nb - 1])
        na--, nb--;
    *self = (Edit){a, b, na, nb, 0, NULL, na};
    return edit_size(na, nb);
}

static void clear_bits(Edit *self) {
    size_t words = words_of(self->na);
    uint64_t *latin1 = self->bits + 2 * words;
    memset(self->bits, 0xFF, words * sizeof(uint64_t));
    memset(self->bits + words, 0, words * (1 + 256) * sizeof(uint64_t));
    for (size_t i = 0; i < self->na; i++) {
        if (self->a[i] < 256)
            latin1[i / EDIT_WORD * 256 + self->a[i]] |= UINT64_C(1) << i % EDIT_WORD;
    }
}

/* All rows, one column further: returns about how many steps that took. */
static size_t go_on(Edit *self) {
    size_t words = words_of(self->na);
    uint64_t *more = self->bits, *less = more + words, *latin1 = less + words;
    uint32_t c = self->b[self->done++];
    int change = 1; // above the first row is b's own beginning, which grew
    for (size_t w = 0; w < words; w++) {
        const uint32_t *a = self->a + w * EDIT_WORD;
        size_t na = w + 1 < words ? EDIT_WORD : self->na - w * EDIT_WORD;
        uint64_t same = c < 256 ? latin1[w * 256 + c] : matches_of(a, na, c);
        change = next_column(&more[w], &less[w], same, change, na - 1);
    }
    self->distance += (size_t)change;
    return c < 256 ? words : self->na;
}

int edit_go_on(Edit *self, size_t budget) {
    if (edit_size(self->na, self->nb) == 0) {
        self->distance = edit_short(self->a, self->na, self->b, self->nb);
        return 1;
    }
    if (self->done == 0) clear_bits(self);
    for (size_t spent = 0; self->done < self->nb && spent <= budget;)
        spent += go_on(self);
    return self->done == self->nb;
}
