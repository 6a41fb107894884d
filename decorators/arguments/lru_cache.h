/* lru_cache.h: a function that remembers its results, the last `maxsize` of them.
 *
 * A table finds a call's link by its key; a ring of links, through a root that is none, keeps them
 * in the order of their last use: root.next is the oldest, root.prev the newest. The invariant that
 * matters, as keys have an __eq__ and dying objects a __del__ that may call the cache again: the
 * ring and the table are whole whenever anybody's code can run, so references are dropped last, and
 * a link that is changed is out of both meanwhile.
 *
 *     root <-> oldest <-> ... <-> newest <-> root       table: key -> link {prev, next, hash, key, result}
 *
 * Like CPython's it has no lock of its own: it relies on one thread running at a time, which is
 * what the GIL makes sure of. CPython: Modules/_functoolsmodule.c, lru_cache_object;
 * Lib/functools.py, lru_cache().
 */
#ifndef LRU_CACHE_H
#define LRU_CACHE_H

#include "../simple/function.h"
#include "table.h"

/* CPython: lru_list_elem. It is held twice: by the table, and by the ring it is in. */
typedef struct Link {
    Object ob;
    struct Link *prev, *next;
    hash_t hash;
    Object *key, *result;
} Link;

/* CPython: lru_cache_object. root is the ring's; of its fields only prev and next mean anything. */
typedef struct LruCache {
    Link root;
    Object *(*wrapper)(struct LruCache *self, Object *const *args, ssize_t nargs, Tuple *kwnames);
    bool typed;
    Table cache;                   // key to Link, or, where nothing is ever evicted, to the result
    ssize_t hits, misses, maxsize; // maxsize -1: None, no bound
    Object *func;
    Dict *dict;
} LruCache;

/* What cache_info() returns. CPython: Lib/functools.py, _CacheInfo, a namedtuple. */
typedef struct {
    Object ob;
    ssize_t hits, misses, maxsize, currsize; // maxsize -1: None
} CacheInfo;

extern Type LruCache_Type, Link_Type, CacheInfo_Type;

/* _lru_cache_wrapper(func, maxsize, typed): a new cache in front of func; maxsize -1 is None, 0
 * none at all. NULL with TypeError ("the first argument must be callable") or MemoryError. CPython:
 * lru_cache_new(). Its methods are cache_info() and cache_clear(); the decorator below gives it
 * cache_parameters(), __wrapped__ and what else wraps() sets. */
Object *lru_cache_new(Object *func, ssize_t maxsize, bool typed);

/* functools.lru_cache(maxsize=128, typed=False) as a program calls it, with arguments or directly
 * as a decorator; functools.cache. Static builtins. TypeError "Expected first argument to be an
 * integer, a callable, or None". CPython: Lib/functools.py, lru_cache(), cache(). */
extern Builtin lru_cache_builtin, cache_builtin;

/* The key of a call: new reference; NULL with MemoryError. The argument itself if there is one, an
 * int or a str, and nothing by name; else a tuple: the arguments, a mark, name and value of each
 * that has a name, and, if typed, the types of them all. CPython: lru_cache_make_key(). */
Object *lru_cache_make_key(Object *const *args, ssize_t nargs, const Tuple *kwnames, bool typed);

/* cache_clear(), and what cache_info() shows. CPython: lru_cache_cache_clear(), _cache_info(). */
void lru_cache_clear(LruCache *self);
CacheInfo lru_cache_info(const LruCache *self);

#endif
