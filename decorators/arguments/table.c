/* table.c: the hash table under lru_cache. The invariant is in table.h. */
#include "table.h"

enum { LOG2_MINSIZE = 3, LOG2_MAXSIZE = 30, EMPTY = -1 }; // CPython: PyDict_LOG_MINSIZE, DKIX_EMPTY

static size_t size_of(int log2_size) {
    return (size_t)1 << log2_size;
}

static ssize_t usable_of(int log2_size) {
    return (ssize_t)(size_of(log2_size) * 2 / 3);
}

/* ---- Slots ------------------------------------------------------------------------------------*/

/* Bytes of one: the least that hold the number of every entry. */
static size_t slot_width(int log2_size) {
    return log2_size < 8 ? 1 : log2_size < 16 ? 2 : 4;
}

/* CPython: dictkeys_set_index(). */
static void slot_set(Table *self, size_t slot, ssize_t number) {
    if (self->log2_size < 8)
        ((int8_t *)self->slots)[slot] = (int8_t)number;
    else if (self->log2_size < 16)
        ((int16_t *)self->slots)[slot] = (int16_t)number;
    else
        ((int32_t *)self->slots)[slot] = (int32_t)number;
}

static size_t next_slot(const Table *self, size_t slot) {
    return (slot + 1) & (size_of(self->log2_size) - 1);
}

/* The slot that names this entry; with EMPTY the one where a search for the hash ends. */
static size_t slot_with(const Table *self, hash_t hash, ssize_t number) {
    size_t slot = table_first_slot(self, hash);
    while (table_slot(self, slot) != number)
        slot = next_slot(self, slot);
    return slot;
}

/* ---- Search and growth ------------------------------------------------------------------------*/

/* 1: *number is the key's entry; 0: there is none, and *slot is where the search ended, if there is a
 * table; -1 with what a comparison raised. */
static int find(Table *self, Object *key, hash_t hash, size_t *slot, ssize_t *number) {
again:
    if (self->log2_size == 0) return 0;
    for (*slot = table_first_slot(self, hash);; *slot = next_slot(self, *slot)) {
        *number = table_slot(self, *slot);
        if (*number == EMPTY) return 0;
        const Entry *entry = &self->entries[*number];
        if (entry->key == key) return 1;
        if (entry->hash != hash) continue;
        uint64_t moves = self->moves;
        int equal = object_equal_slow(entry->key, key); // holds both meanwhile
        if (equal < 0) return -1;
        if (moves != self->moves) goto again;
        if (equal) return 1;
    }
}

size_t table_bytes(const Table *self) {
    if (self->log2_size == 0) return 0;
    return size_of(self->log2_size) * slot_width(self->log2_size) +
           (size_t)usable_of(self->log2_size) * sizeof(Entry);
}

/* Twice as many slots. -1 with MemoryError and nothing changed. CPython: insertion_resize(). */
static int grow(Table *self) {
    Table new = {.log2_size = self->log2_size ? self->log2_size + 1 : LOG2_MINSIZE,
                 .used = self->used,
                 .moves = self->moves + 1};
    size_t size = size_of(new.log2_size), slots_bytes = size * slot_width(new.log2_size);
    new.slots = new.log2_size <= LOG2_MAXSIZE ? malloc(table_bytes(&new)) : NULL;
    if (!new.slots) {
        error_no_memory();
        return -1;
    }
    new.usable = usable_of(new.log2_size);
    new.entries = (Entry *)(void *)((char *)new.slots + slots_bytes);
    memset(new.slots, 0xFF, slots_bytes);
    if (self->used) memcpy(new.entries, self->entries, (size_t)self->used * sizeof(Entry));
    for (ssize_t i = 0; i < new.used; i++)
        slot_set(&new, slot_with(&new, new.entries[i].hash, EMPTY), i);
    free(self->slots);
    *self = new;
    return 0;
}

/* ---- What lru_cache asks of it ----------------------------------------------------------------*/

Object *table_get(Table *self, Object *key, hash_t hash) {
    size_t slot;
    ssize_t number;
    return find(self, key, hash, &slot, &number) > 0 ? self->entries[number].value : NULL;
}

int table_set(Table *self, Object *key, hash_t hash, Object *value) {
    size_t slot = 0;
    ssize_t number;
    int there = find(self, key, hash, &slot, &number);
    if (there < 0) return -1;
    if (there) {
        Entry old = self->entries[number];
        self->entries[number] = (Entry){hash, new_ref(key), new_ref(value)};
        decref(old.key);
        decref(old.value);
        return 0;
    }
    if (self->used == self->usable) { // looked at after the comparisons, which may have filled it
        if (grow(self) < 0) return -1;
        slot = slot_with(self, hash, EMPTY);
    }
    self->entries[self->used] = (Entry){hash, new_ref(key), new_ref(value)};
    slot_set(self, slot, self->used++);
    return 0;
}

/* Empties a slot, and moves up those behind it that a search would now miss. */
static void close_gap(Table *self, size_t gap) {
    size_t mask = size_of(self->log2_size) - 1;
    ssize_t number;
    for (size_t slot = next_slot(self, gap); (number = table_slot(self, slot)) != EMPTY;
         slot = next_slot(self, slot)) {
        size_t first = table_first_slot(self, self->entries[number].hash);
        if (((slot - first) & mask) < ((slot - gap) & mask)) continue; // it begins behind the gap
        slot_set(self, gap, number);
        gap = slot;
    }
    slot_set(self, gap, EMPTY);
}

Object *table_pop_identical(Table *self, const Object *key, hash_t hash, Object **old_key) {
    if (self->used == 0) return NULL;
    size_t slot = table_first_slot(self, hash);
    ssize_t number, last = self->used - 1;
    while ((number = table_slot(self, slot)) != EMPTY && self->entries[number].key != key)
        slot = next_slot(self, slot);
    if (number == EMPTY) return NULL;
    Entry gone = self->entries[number];
    close_gap(self, slot);
    if (number != last) {
        slot_set(self, slot_with(self, self->entries[last].hash, last), number);
        self->entries[number] = self->entries[last];
    }
    self->used = last;
    self->moves++;
    *old_key = gone.key;
    return gone.value;
}

void table_clear(Table *self) {
    Table gone = *self;
    *self = (Table){.moves = gone.moves + 1};
    for (ssize_t i = 0; i < gone.used; i++) {
        decref(gone.entries[i].key);
        decref(gone.entries[i].value);
    }
    free(gone.slots);
}
