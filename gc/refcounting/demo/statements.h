/* statements.h: how refcounting_demo reads a line: what is left of it, and what came of it.
 *
 *     NAME = value    value.x = value    value[0] = value    del NAME    del value.x
 *     value    value.append(value)    value.clear()    getrefcount(value)    leak(value)
 *     value: NAME  None  [value, ...]  Node()  Loud()  Phoenix()  closure()  ref(value[, tell])
 *            value.x  value[0]  value()
 *
 * A line is read twice: first `dry`, to know that all of it makes sense, then to run it. What reads a
 * value and fails returns NULL with `bad` set (it is no statement) or with an error set (it is one,
 * and Python's answer to it).
 */
#ifndef STATEMENTS_H
#define STATEMENTS_H

#include "parts.h"

#include <ctype.h>

typedef struct {
    const char *at;   // the next character; the text ends with a NUL
    bool dry;         // nothing is run
    int depth;        // of brackets open
    const char *bad;  // what is wrong; NULL: nothing yet
    const char *from; // where
    Object *result;   // what the statement came to; NULL: nothing
    bool changed;     // the world is to be drawn
    bool of_the_demo; // no statement of Python's
} Scanner;

enum { DEPTH_MAX = 200 }; // CPython: Parser/tokenizer.h, MAXLEVEL

typedef struct { // what may follow a value
    enum { NONE, FIELD, ITEM, CALL } kind;
    char field[NAME_MAX_LENGTH + 1];
    ssize_t index;
} Postfix;

/* statements.c: runs a line, or finds out whether it could be run. */
void statement_run(Scanner *in);
extern const char can_be_typed[];

/* ---- Reading ---------------------------------------------------------------------------------*/

static inline Object *bad_syntax(Scanner *in, const char *what, const char *from) {
    if (!in->bad) in->from = from;
    if (!in->bad) in->bad = what;
    return NULL;
}

static inline Object *no_sense(Scanner *in) {
    return bad_syntax(in, *in->at ? "cannot make sense of" : "something is missing at the end",
                      in->at);
}

static inline void skip_space(Scanner *in) {
    while (*in->at == ' ' || *in->at == '\t')
        in->at++;
}

/* Takes `text` if it comes next; a word only where it ends. */
static inline bool take(Scanner *in, const char *text) {
    skip_space(in);
    size_t length = strlen(text);
    if (strncmp(in->at, text, length) != 0) return false;
    unsigned char last = (unsigned char)text[length - 1], after = (unsigned char)in->at[length];
    if (isalpha(last) && (isalnum(after) || after == '_' || after >= 0x80)) return false;
    in->at += length;
    return true;
}

static inline bool at_end(Scanner *in) {
    skip_space(in);
    if (*in->at == '\0' || *in->at == '#') return true;
    no_sense(in);
    return false;
}

/* A name of letters of ASCII, of which none begins or ends with _. */
static inline bool read_word(Scanner *in, char word[NAME_MAX_LENGTH + 1]) {
    static const char *const keywords[] = {
        "and",    "as",   "assert", "async",  "await",   "break",    "class", "continue", "def",
        "del",    "elif", "else",   "except", "finally", "for",      "from",  "global",   "if",
        "import", "in",   "is",     "lambda", "not",     "nonlocal", "or",    "pass",     "raise",
        "return", "try",  "while",  "with",   "yield",   "True",     "False"};
    skip_space(in);
    const char *start = in->at, *end = start;
    while (isalnum((unsigned char)*end) || *end == '_')
        end++;
    size_t length = (size_t)(end - start);
    bool fits = isalpha((unsigned char)*start) && end[-1] != '_' && (unsigned char)*end < 0x80;
    if (fits && length > NAME_MAX_LENGTH)
        return bad_syntax(in, "a name of more than 20 letters:", start);
    if (fits) snprintf(word, NAME_MAX_LENGTH + 1, "%.*s", (int)length, start);
    for (size_t i = 0; fits && i < sizeof keywords / sizeof keywords[0]; i++)
        fits = strcmp(word, keywords[i]) != 0;
    if (!fits) return no_sense(in);
    in->at = end;
    return true;
}

/* The names that keep their meaning. */
static inline bool is_given(const char *word) {
    static const char *const given[] = {"None",    "Node", "Loud", "Phoenix",    "ref",
                                        "closure", "tell", "leak", "getrefcount"};
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++)
        if (strcmp(word, given[i]) == 0) return true;
    return false;
}

/* The field, item or call that follows; NONE if nothing does. A method is none of these. */
static inline Postfix read_postfix(Scanner *in) {
    Postfix it = {.kind = NONE};
    if (take(in, ".")) {
        it.kind = read_word(in, it.field) ? FIELD : NONE;
    } else if (take(in, "[")) {
        skip_space(in);
        char *end;
        const char *digits = in->at + (*in->at == '-');
        it.index = strtol(in->at, &end, 10);
        bool number = isdigit((unsigned char)*digits) && end - digits < 10 &&
                      (*digits != '0' || end - digits == 1);
        if (number) in->at = end;
        if (!number || !take(in, "]")) no_sense(in);
        it.kind = ITEM;
    } else if (take(in, "(")) {
        if (!take(in, ")")) no_sense(in);
        it.kind = CALL;
    }
    return it;
}

#endif
