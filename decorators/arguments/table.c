/* table.c: the hash table under lru_cache. The invariant is in table.h. */
#include "table.h"

enum { LOG2_MINSIZE = 3, LOG2_MAXSIZE = 30, EMPTY = -1 };

static size_t size_of(int log2_size) {
    return (size_t)1 << log2_size;
}

static ssize_t usable_of(int log2_size) {
    return (ssize_t)(size_of(log2_size) * 2 / 3);
}

/* Where the search for a hash begins. Multiplied by 2^64 divided by the golden ratio, its high bits are
 * far apart also for hashes that follow one another or share their low bits: slots are then searched one
 * after the other. CPython takes the low bits and jumps about (perturb). */
static size_t first_slot(const Table *self, hash_t hash) {
    return (size_t)((uint64_t)hash * UINT64_C(0x9E3779B97F4A7C15) >> (64 - self->log2_size));
}

static size_t next_slot(const Table *self, size_t slot) {
    return (slot + 1) & (size_of(self->log2_size) - 1);
}

/* The slot of the key, or the empty one where its search ends; -1 with what a comparison raised. */
static ssize_t find(Table *self, Object *key, hash_t hash) {
again:;
    uint64_t version = self->version;
    for (size_t slot = first_slot(self, hash);; slot = next_slot(self, slot)) {
        if (self->slots[slot] == EMPTY) return (ssize_t)slot;
        const Entry *entry = &self->entries[self->slots[slot]];
        if (entry->key == key) return (ssize_t)slot;
        if (entry->hash != hash) continue;
        int equal = object_equal_slow(entry->key, key); // holds both meanwhile
        if (equal < 0) return -1;
        if (version != self->version) goto again;
        if (equal) return (ssize_t)slot;
    }
}

/* The slot that names this entry. */
static size_t slot_of(const Table *self, ssize_t number) {
    size_t slot = first_slot(self, self->entries[number].hash);
    while (self->slots[slot] != number)
        slot = next_slot(self, slot);
    return slot;
}

static void put_slot(Table *self, ssize_t number) {
    size_t slot = first_slot(self, self->entries[number].hash);
    while (self->slots[slot] != EMPTY)
        slot = next_slot(self, slot);
    self->slots[slot] = (int32_t)number;
}

size_t table_bytes(const Table *self) {
    if (self->log2_size == 0) return 0;
    return size_of(self->log2_size) * sizeof(int32_t) +
           (size_t)usable_of(self->log2_size) * sizeof(Entry);
}

/* Twice as many slots. -1 with MemoryError and nothing changed. */
static int grow(Table *self) {
    Table new = {.log2_size = self->log2_size ? self->log2_size + 1 : LOG2_MINSIZE,
                 .used = self->used,
                 .version = self->version + 1};
    new.slots = new.log2_size <= LOG2_MAXSIZE ? malloc(table_bytes(&new)) : NULL;
    if (!new.slots) {
        error_no_memory();
        return -1;
    }
    new.usable = usable_of(new.log2_size);
    new.entries = (Entry *)(void *)(new.slots + size_of(new.log2_size));
    memset(new.slots, 0xFF, size_of(new.log2_size) * sizeof(int32_t));
    if (self->used) memcpy(new.entries, self->entries, (size_t)self->used * sizeof(Entry));
    for (ssize_t i = 0; i < new.used; i++)
        put_slot(&new, i);
    free(self->slots);
    *self = new;
    return 0;
}

Object *table_get(Table *self, Object *key, hash_t hash) {
    if (self->used == 0) return NULL;
    ssize_t slot = find(self, key, hash);
    if (slot < 0 || self->slots[slot] == EMPTY) return NULL;
    return self->entries[self->slots[slot]].value;
}

int table_set(Table *self, Object *key, hash_t hash, Object *value) {
    if (self->used == self->usable && grow(self) < 0) return -1;
    ssize_t slot = find(self, key, hash);
    if (slot < 0) return -1;
    // A comparison may have filled it meanwhile; then there is no room for one more.
    if (self->slots[slot] == EMPTY && self->used == self->usable)
        return table_set(self, key, hash, value);
    self->version++;
    if (self->slots[slot] != EMPTY) {
        Entry *entry = &self->entries[self->slots[slot]], old = *entry;
        *entry = (Entry){hash, new_ref(key), new_ref(value)};
        decref(old.key);
        decref(old.value);
        return 0;
    }
    self->entries[self->used] = (Entry){hash, new_ref(key), new_ref(value)};
    self->slots[slot] = (int32_t)self->used++;
    return 0;
}

/* Empties a slot, and moves up those behind it that a search would now miss. */
static void close_gap(Table *self, size_t gap) {
    size_t mask = size_of(self->log2_size) - 1;
    for (size_t slot = next_slot(self, gap); self->slots[slot] != EMPTY;
         slot = next_slot(self, slot)) {
        size_t first = first_slot(self, self->entries[self->slots[slot]].hash);
        if (((slot - first) & mask) < ((slot - gap) & mask)) continue; // it begins behind the gap
        self->slots[gap] = self->slots[slot];
        gap = slot;
    }
    self->slots[gap] = EMPTY;
}

Object *table_pop_identical(Table *self, const Object *key, hash_t hash, Object **old_key) {
    if (self->used == 0) return NULL;
    size_t slot = first_slot(self, hash);
    while (self->slots[slot] != EMPTY && self->entries[self->slots[slot]].key != key)
        slot = next_slot(self, slot);
    ssize_t number = self->slots[slot], last = self->used - 1;
    if (number == EMPTY) return NULL;
    Entry gone = self->entries[number];
    close_gap(self, slot);
    if (number != last) {
        size_t moved = slot_of(self, last);
        self->entries[number] = self->entries[last];
        self->slots[moved] = (int32_t)number;
    }
    self->used = last;
    self->version++;
    *old_key = gone.key;
    return gone.value;
}

void table_clear(Table *self) {
    Table gone = *self;
    *self = (Table){.version = gone.version + 1};
    for (ssize_t i = 0; i < gone.used; i++) {
        decref(gone.entries[i].key);
        decref(gone.entries[i].value);
    }
    free(gone.slots);
}
