/* edit.c: edit distance.
 *
 * D[i][j] is the distance of the first i characters of `a` to the first j of b. Neighbours in the table differ by at most
 * one: so a column can be kept as two bits for each row, "one more than the row above" and "one less", and 64 rows are
 * worked out at once by the carry of one addition (edit_short()). Longer texts go row by row (edit_go_on()).
 *
 * G. Myers, A fast bit-vector algorithm for approximate string matching based on dynamic programming, J. ACM 46 (1999).
 */
#include "edit.h"

#include <string.h>

/* Which characters of `a` are this one, a bit each. Those below 256 have a table; another one is looked for. */
typedef struct {
    uint64_t latin1[256];
    const uint32_t *a;
    size_t na;
} Matches;

static uint64_t matches_of(const Matches *self, uint32_t c) {
    if (c < 256) return self->latin1[c];
    uint64_t bits = 0;
    for (size_t i = 0; i < self->na; i++)
        bits |= (uint64_t)(self->a[i] == c) << i;
    return bits;
}

size_t edit_short(const uint32_t *a, size_t na, const uint32_t *b, size_t nb) {
    if (na == 0) return nb;
    Matches matches;
    matches.a = a;
    matches.na = na;
    // Only what b will ask for must be clear: for short words less than the whole table.
    for (size_t j = 0; j < nb; j++)
        matches.latin1[b[j] & 255] = 0;
    for (size_t i = 0; i < na; i++)
        matches.latin1[a[i] & 255] = 0;
    for (size_t i = 0; i < na; i++)
        matches.latin1[a[i] & 255] |= (uint64_t)(a[i] < 256) << i;

    uint64_t more = ~UINT64_C(0), less = 0, last = UINT64_C(1) << (na - 1);
    size_t distance = na;
    for (size_t j = 0; j < nb; j++) {
        uint64_t same = matches_of(&matches, b[j]);
        uint64_t diagonal = (((same & more) + more) ^ more) | same | less;
        uint64_t right_more = less | ~(diagonal | more), right_less = diagonal & more;
        distance += (right_more & last) != 0;
        distance -= (right_less & last) != 0;
        right_more = right_more << 1 | 1;
        right_less <<= 1;
        more = right_less | ~(diagonal | right_more);
        less = diagonal & right_more;
    }
    return distance;
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
    *self = (Edit){a, b, na, nb, 0, NULL, 0};
    return na <= EDIT_WORD ? 0 : (na + 1) * sizeof(size_t);
}

/* One row of the table over the one before. */
static void next_row(Edit *self) {
    size_t *row = self->row, diagonal = row[0];
    uint32_t c = self->b[self->done++];
    row[0] = self->done;
    for (size_t i = 0; i < self->na; i++) {
        size_t replace = diagonal + (self->a[i] != c);
        diagonal = row[i + 1];
        size_t least = (row[i] < diagonal ? row[i] : diagonal) + 1;
        row[i + 1] = replace < least ? replace : least;
    }
}

int edit_go_on(Edit *self, size_t budget) {
    if (self->na <= EDIT_WORD) {
        self->distance = edit_short(self->a, self->na, self->b, self->nb);
        return 1;
    }
    if (self->done == 0) {
        for (size_t i = 0; i <= self->na; i++)
            self->row[i] = i;
    }
    for (size_t spent = 0; self->done < self->nb && spent <= budget; spent += self->na)
        next_row(self);
    self->distance = self->row[self->na];
    return self->done == self->nb;
}
