/* dict.c: a container whose iterator notices that it was changed.
 *
 * A list's iterator keeps an index, which means something in a list of any size. A dict's keeps one
 * too, but the entries move together when the dict grows, and then the index means another entry.
 * So the iterator remembers how many keys there were, and refuses to go on when that is no longer
 * so. CPython: Objects/dictobject.c, dictiterobject.
 */
#include "dict.h"

enum {
    DICT_MINSIZE = 8, // CPython: PyDict_MINSIZE, slots of the smallest table
    GROWTH_RATE = 3,  // CPython: GROWTH_RATE(), slots of the next one for each key in use
};

Dict *dict_new(void) {
    Dict *self = object_new(&Dict_Type, sizeof *self);
    if (!self) return NULL;
    self->used = self->nentries = self->usable = 0;
    self->entries = NULL;
    return self;
}

static void dict_dealloc(Object *op) {
    Dict *self = (Dict *)op;
    for (ssize_t i = 0; i < self->nentries; i++) {
        xdecref(self->entries[i].key);
        xdecref(self->entries[i].value);
    }
    free(self->entries);
    free(self);
}

/* Where the key is; the number of entries if it is nowhere, -1 with an error. A comparison may run
 * anything: the key it looks at is held, and if that is not where it was, the search begins again.
 * CPython: dictkeys_generic_lookup(), DKIX_KEY_CHANGED. */
static ssize_t lookup(Dict *self, Object *key) {
    for (ssize_t i = 0; i < self->nentries; i++) {
        Object *candidate = self->entries[i].key;
        if (!candidate) continue;
        incref(candidate);
        int equal = object_rich_equal(candidate, key);
        bool moved = i >= self->nentries || self->entries[i].key != candidate;
        decref(candidate);
        if (equal < 0) return -1;
        if (moved) {
            i = -1;
        } else if (equal) {
            return i;
        }
    }
    return self->nentries;
}

/* Room for two thirds of as many slots as CPython's next table has; the holes go. The smallest size
 * is ORed in, as in CPython, so that 2 keys times 3 make 14, and 16 slots, where a maximum would
 * make 8. CPython: insertion_resize(), calculate_log2_keysize(), USABLE_FRACTION(). */
static int grow(Dict *self) {
    size_t minimum = ((size_t)self->used * GROWTH_RATE) | DICT_MINSIZE, slots = DICT_MINSIZE;
    while (slots < minimum)
        slots *= 2;
    size_t usable = slots * 2 / 3;
    DictEntry *entries = malloc(usable * sizeof *entries);
    if (!entries) {
        error_no_memory();
        return -1;
    }
    ssize_t filled = 0;
    for (ssize_t i = 0; i < self->nentries; i++) {
        if (self->entries[i].key) entries[filled++] = self->entries[i];
    }
    free(self->entries);
    self->entries = entries;
    self->nentries = filled;
    self->usable = (ssize_t)usable - filled;
    return 0;
}

int dict_set_item(Dict *self, Object *key, Object *value) {
    ssize_t i = lookup(self, key);
    if (i < 0) return -1;
    if (i < self->nentries) {
        Object *old = self->entries[i].value;
        self->entries[i].value = new_ref(value);
        decref(old);
        return 0;
    }
    if (self->usable == 0 && grow(self) < 0) return -1;
    self->entries[self->nentries++] = (DictEntry){new_ref(key), new_ref(value)};
    self->usable--;
    self->used++;
    return 0;
}

Object *dict_get_item(Dict *self, Object *key) {
    ssize_t i = lookup(self, key);
    return 0 <= i && i < self->nentries ? self->entries[i].value : NULL;
}

int dict_del_item(Dict *self, Object *key) {
    ssize_t i = lookup(self, key);
    if (i < 0) return -1;
    if (i == self->nentries) {
        Writer out = {0};
        if (object_write_repr(key, &out) == 0) {
            error_set(KeyError, "%.*s", (int)out.length, out.bytes ? out.bytes : "");
        }
        writer_free(&out);
        return -1;
    }
    DictEntry old = self->entries[i];
    self->entries[i] = (DictEntry){NULL, NULL};
    self->used--;
    decref(old.key);
    decref(old.value);
    return 0;
}

static ssize_t dict_length(Object *op) {
    return ((Dict *)op)->used;
}

static int write_entries(const Dict *self, Writer *out) {
    const char *before = "{";
    for (ssize_t i = 0; i < self->nentries; i++) {
        DictEntry entry = self->entries[i];
        if (!entry.key) continue;
        incref(entry.key); // held, as a repr may run anything
        incref(entry.value);
        writer_puts(out, before);
        int status = object_write_repr(entry.key, out);
        writer_puts(out, ": ");
        if (status == 0) status = object_write_repr(entry.value, out);
        decref(entry.key);
        decref(entry.value);
        if (status < 0) return -1;
        before = ", ";
    }
    return writer_puts(out, *before == '{' ? "{}" : "}");
}

/* A dict within itself is {...}. */
static int dict_repr(Object *op, Writer *out) {
    int inside = repr_enter(op);
    if (inside != 0) return inside < 0 ? -1 : writer_puts(out, "{...}");
    int status = write_entries((Dict *)op, out);
    repr_leave(op);
    return status;
}

/* ---- Its iterator ----------------------------------------------------------------------------*/

/* CPython: Objects/dictobject.c, dictiterobject. */
typedef struct {
    Object ob;
    Dict *dict;        // NULL when exhausted
    ssize_t used;      // how many keys there were; -1 once it was found changed
    ssize_t position;  // the next entry
    ssize_t remaining; // keys still to come. CPython: len
} DictIter;

static void dict_iter_dealloc(Object *op) {
    xdecref(((DictIter *)op)->dict);
    free(op);
}

/* Two checks. The first notices keys added or removed; it makes `used` a number that no dict has,
 * so that the iterator complains for ever, even if the dict is put back as it was. The second
 * notices a key added for each one removed, at the first that is one too many.
 * CPython: Objects/dictobject.c, dictiter_iternextkey(). */
static Object *dict_iter_next(Object *op) {
    DictIter *self = (DictIter *)op;
    Dict *dict = self->dict;
    if (!dict) return NULL;
    if (self->used != dict->used) {
        error_set(RuntimeError, "dictionary changed size during iteration");
        self->used = -1;
        return NULL;
    }
    ssize_t i = self->position;
    while (i < dict->nentries && !dict->entries[i].key)
        i++;
    if (i < dict->nentries && self->remaining > 0) {
        self->position = i + 1;
        self->remaining--;
        return new_ref(dict->entries[i].key);
    }
    if (i < dict->nentries) error_set(RuntimeError, "dictionary keys changed during iteration");
    clear_ref(self->dict);
    return NULL;
}

static const Type DictIter_Type = {
    .name = "dict_keyiterator",
    .dealloc = dict_iter_dealloc,
    .iter = object_self_iter,
    .iternext = dict_iter_next,
};

static Object *dict_iter(Object *op) {
    DictIter *self = object_new(&DictIter_Type, sizeof *self);
    if (!self) return NULL;
    self->dict = (Dict *)new_ref(op);
    self->used = self->remaining = ((Dict *)op)->used;
    self->position = 0;
    return OBJECT(self);
}

const Type Dict_Type = {
    .name = "dict",
    .dealloc = dict_dealloc,
    .repr = dict_repr,
    .iter = dict_iter,
    .length = dict_length,
};
