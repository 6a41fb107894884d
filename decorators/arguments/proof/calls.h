/* calls.h: calls from their text, "1, 'a', (2, None), x=1.5", and what an arguments' proof looks
 * at: the ring of a cache, and whether ring and table belong together.
 */
#ifndef CALLS_H
#define CALLS_H

#include "../factory.h"
#include "../lru_cache.h"

#include <ctype.h>

enum { CALL_MAX = 8 };

static inline Object *value_from_text(const char **text);

/* "(...)" behind the bracket. */
static inline Object *tuple_from_text(const char **text) {
    Object *items[CALL_MAX];
    ssize_t size = 0;
    while (*(*text += strspn(*text, ", ")) != ')')
        items[size++] = value_from_text(text);
    ++*text;
    Tuple *tuple = error_occurred() ? NULL : tuple_from_array(items, size);
    while (size > 0)
        xdecref(items[--size]);
    return OBJECT(tuple);
}

/* The value that the text begins with: new reference; moves on behind it. NULL with MemoryError. */
static inline Object *value_from_text(const char **text) {
    static const struct {
        const char *name;
        void *value;
    } known[] = {{"None", &none_object},          {"True", &true_object},
                 {"False", &false_object},        {"OSError", &OSError_Type},
                 {"Exception", &Exception_Type},  {"int", &Int_Type},
                 {"ValueError", &ValueError_Type}};
    const char *start = *text;
    if (*start == '(') return ++*text, tuple_from_text(text);
    if (*start == '{') return *text += 2, OBJECT(dict_new());
    if (*start == '\'') {
        *text = strchr(start + 1, '\'') + 1;
        return str_from_utf8(start + 1, *text - start - 2);
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t length = strlen(known[i].name);
        if (strncmp(start, known[i].name, length) != 0) continue;
        *text += length;
        return new_ref(known[i].value);
    }
    *text += strspn(start, "-0123456789.");
    bool whole = !memchr(start, '.', (size_t)(*text - start));
    return whole ? int_from_long(strtol(start, NULL, 10)) : float_from_double(strtod(start, NULL));
}

/* callable(text): new reference, or NULL with an error set. */
static inline Object *call_text(Object *callable, const char *text) {
    Object *args[CALL_MAX], *names[CALL_MAX], *result = NULL;
    ssize_t all = 0, nnames = 0;
    while (*(text += strspn(text, ", "))) {
        size_t length = 0;
        while (isalpha((unsigned char)text[length]))
            length++;
        if (length && text[length] == '=') {
            char name[16] = "";
            memcpy(name, text, length);
            names[nnames++] = OBJECT(str_intern(name));
            text += length + 1;
        }
        args[all++] = value_from_text(&text);
    }
    Tuple *kwnames = nnames && !error_occurred() ? tuple_from_array(names, nnames) : NULL;
    if (!error_occurred()) result = object_vectorcall(callable, args, all - nnames, kwnames);
    while (all > 0)
        xdecref(args[--all]);
    xdecref(kwnames);
    return result;
}

/* What is wrong with a cache between two calls, or NULL: the ring is one ring; each of its links is
 * named by the table under its key, but for orphans; and the table names nothing else. */
static inline const char *cache_fault(const LruCache *self, ssize_t *orphans) {
    ssize_t links = 0, named = 0;
    for (const Link *link = &self->root; links <= self->cache.used + 1000; link = link->next) {
        if (link->next->prev != link) return "a link that its neighbour does not know";
        if (link->next == &self->root) break;
        links++;
    }
    for (ssize_t i = 0; i < self->cache.used && self->maxsize > 0; i++) {
        const Entry *entry = &self->cache.entries[i];
        const Link *link = (const Link *)entry->value;
        if (link->hash != entry->hash || link->key != entry->key) return "a link under another key";
        const Link *in_ring = self->root.next;
        while (in_ring != link && in_ring != &self->root)
            in_ring = in_ring->next;
        if (in_ring != link) return "a link of the table that is not in the ring";
        named++;
    }
    if (self->maxsize > 0 && self->cache.used > self->maxsize + 1000) return "more than maxsize";
    *orphans = links - named;
    return NULL;
}

#endif
