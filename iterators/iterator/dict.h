/* dict.h: as much of a dict as its iterator needs: keys in the order in which they came.
 *
 *     entries    | 'a' | 'b' |     | 'd' |     |
 *                   0     1     2     3     4
 *
 * A deleted key leaves a hole, and new ones go at the end; when no room is left there, the others
 * move together.
 *
 * Simplified: a key is found by looking through all entries; CPython's table of indices is what the
 * datastructures topic is about. The entries, their holes, and when they move, are CPython's, since
 * that is what an iterator sees. CPython: Objects/dictobject.c.
 */
#ifndef DICT_H
#define DICT_H

#include "iterator.h"

typedef struct {
    Object *key; // NULL: a hole
    Object *value;
} DictEntry;

typedef struct {
    Object ob;
    ssize_t used;     // len(dict). CPython: ma_used
    ssize_t nentries; // entries used or left behind. CPython: dk_nentries
    ssize_t usable;   // entries still free behind those. CPython: dk_usable
    DictEntry *entries;
} Dict;

extern const Type Dict_Type;

/* New empty dict; NULL with MemoryError. CPython: Objects/dictobject.c, PyDict_New(). */
Dict *dict_new(void);

/* dict[key] = value. 0, or -1 with MemoryError or what a comparison raised, and nothing changed.
 * CPython: Objects/dictobject.c, PyDict_SetItem(), insertdict(). */
int dict_set_item(Dict *self, Object *key, Object *value);

/* dict[key], borrowed; NULL without an error if it is not there.
 * CPython: Objects/dictobject.c, PyDict_GetItemWithError(). */
Object *dict_get_item(Dict *self, Object *key);

/* del dict[key]. 0, or -1 with KeyError or what a comparison raised.
 * CPython: Objects/dictobject.c, PyDict_DelItem(). */
int dict_del_item(Dict *self, Object *key);

#endif
