/* edit.h: the edit distance of two texts, in plain C: how many characters must be inserted, removed
 * or replaced to turn the one into the other. It knows nothing of Python, so it may run without the
 * GIL.
 *
 * The work can be cut into pieces, so that somebody may look in between whether Ctrl-C was pressed.
 */
#ifndef EDIT_H
#define EDIT_H

#include <stddef.h>
#include <stdint.h>

enum { EDIT_WORD = 64 }; // a text of at most so many characters fits in the bits of one word

typedef struct {
    const uint32_t *a, *b; // code points, borrowed; a is the shorter
    size_t na, nb, done;   // characters of b that are done
    uint64_t *bits;        // NULL: both fit in a word
    size_t distance;       // of a to what is done of b
} Edit;

/* The distance of two texts of which `a` fits in a word. */
size_t edit_short(const uint32_t *a, size_t na, const uint32_t *b, size_t nb);

/* How many bytes a comparison needs of texts of so many characters, the first the shorter: 0 if
 * both fit in a word or one is empty, else about 33 for each character of the shorter. */
size_t edit_size(size_t na, size_t nb);
/* Begins: what both texts begin and end with is left off. Returns edit_size() of what remains; the
 * caller lets `bits` point to so many. */
size_t edit_begin(Edit *self, const uint32_t *a, size_t na, const uint32_t *b, size_t nb);
/* Goes on for about `budget` steps of the innermost loop; returns 1 when it is done, 0 if not
 * yet. */
int edit_go_on(Edit *self, size_t budget);

#endif
