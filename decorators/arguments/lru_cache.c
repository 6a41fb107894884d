/* lru_cache.c: the cache. The invariant, and the drawing, are in lru_cache.h.
 *
 * A call is one of three wrappers: uncached, infinite, bounded. The bounded one is the lesson. It
 * touches the table four times: 1 is it there, 2 did the function put it there meanwhile, 3 the
 * oldest out, 4 the newest in; 1, 2 and 4 may run a key's __eq__, and the function itself may run
 * anything, the cache included. CPython: Modules/_functoolsmodule.c, where a comment says the same
 * at length.
 */
#include "lru_cache.h"

#include "../pool.h"

/* ---- The key ----------------------------------------------------------------------------------*/

static Object kwd_mark = {1, &Object_Type}; // between arguments and names; equal only to itself

Object *lru_cache_make_key(Object *const *args, ssize_t nargs, const Tuple *kwnames, bool typed) {
    ssize_t named = kwnames ? kwnames->size : 0, at = nargs;
    if (!typed && named == 0) {
        if (nargs == 1 && (args[0]->type == &Str_Type || args[0]->type == &Int_Type))
            return new_ref(args[0]);
        return OBJECT(tuple_from_array(args, nargs));
    }
    Tuple *key = tuple_new(nargs + (named ? 1 + 2 * named : 0) + (typed ? nargs + named : 0));
    if (!key) return NULL;
    for (ssize_t i = 0; i < nargs; i++)
        key->items[i] = new_ref(args[i]);
    if (named) key->items[at++] = new_ref(&kwd_mark);
    for (ssize_t i = 0; i < named; i++) {
        key->items[at++] = new_ref(kwnames->items[i]);
        key->items[at++] = new_ref(args[nargs + i]);
    }
    for (ssize_t i = 0; typed && i < nargs + named; i++)
        key->items[at++] = new_ref(args[i]->type);
    return OBJECT(key);
}

/* ---- The ring ---------------------------------------------------------------------------------*/

static void extract_link(Link *link) {
    link->prev->next = link->next;
    link->next->prev = link->prev;
}

/* As the newest. */
static void append_link(LruCache *self, Link *link) {
    Link *root = &self->root, *last = root->prev;
    last->next = root->prev = link;
    link->prev = last;
    link->next = root;
}

static void link_dealloc(Object *op) {
    Link *self = (Link *)op;
    Object *key = self->key, *result = self->result;
    object_free(self);
    decref(key);
    decref(result);
}

Type Link_Type = {TYPE("functools._lru_list_elem", Link), .dealloc = link_dealloc};

/* ---- The three wrappers -----------------------------------------------------------------------*/

/* CPython: uncached_lru_cache_wrapper(). */
static Object *call_uncached(LruCache *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    self->misses++;
    return object_vectorcall(self->func, args, nargs, kwnames);
}

/* What the table has at the key: 1 and the value, borrowed, in *value; 0: nothing; -1 with an
 * error. */
static int look_up(LruCache *self, Object *key, hash_t hash, Object **value) {
    *value = table_get(&self->cache, key, hash);
    if (*value) return 1;
    return error_occurred() ? -1 : 0;
}

/* CPython: infinite_lru_cache_wrapper(). */
static Object *call_infinite(LruCache *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    Object *key = lru_cache_make_key(args, nargs, kwnames, self->typed), *result = NULL;
    hash_t hash = key ? object_hash(key) : -1;
    int there = hash == -1 ? -1 : look_up(self, key, hash, &result);
    if (there > 0) {
        self->hits++;
        incref(result);
    } else if (there == 0) {
        self->misses++;
        result = object_vectorcall(self->func, args, nargs, kwnames);
        if (result && table_set(&self->cache, key, hash, result) < 0) clear_ref(result);
    }
    xdecref(key);
    return there < 0 ? NULL : result;
}

/* Room is left: a new link. Borrows all; 0, or -1 with an error and nothing changed. An __eq__ that
 * adds the same key while table_set() looks for its place has made a link that the table then names
 * no more: an orphan, which stays in the ring until it is the oldest. */
static int add_link(LruCache *self, Object *key, hash_t hash, Object *result) {
    Link *link = object_new(&Link_Type, 0);
    if (!link) return -1;
    link->hash = hash;
    link->key = new_ref(key);
    link->result = new_ref(result);
    if (table_set(&self->cache, key, hash, OBJECT(link)) < 0) {
        decref(link);
        return -1;
    }
    append_link(self, link); // which takes the reference of object_new()
    return 0;
}

/* The cache is full: the oldest link leaves the ring and the table, and comes back with the new key
 * and result. It is of nobody's concern meanwhile, so what fails costs one link and nothing else.
 * CPython's removal may compare the key with others of its hash while the link is out of the ring
 * and still in the dict, where an __eq__ finds it; here nothing is compared. */
static int reuse_oldest(LruCache *self, Object *key, hash_t hash, Object *result) {
    Link *link = self->root.next;
    Object *table_key, *popped;
    extract_link(link);
    popped = table_pop_identical(&self->cache, link->key, link->hash, &table_key);
    if (!popped) { // the table has its key no more
        decref(link);
        return 0;
    }
    Object *old_key = link->key, *old_result = link->result;
    link->hash = hash;
    link->key = new_ref(key);
    link->result = new_ref(result);
    int status = table_set(&self->cache, key, hash, OBJECT(link));
    if (status == 0)
        append_link(self, link);
    else
        decref(link);
    decref(popped);
    decref(table_key);
    decref(old_key);
    decref(old_result);
    return status;
}

/* CPython: bounded_lru_cache_wrapper(). */
static Object *call_bounded(LruCache *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    Object *key = lru_cache_make_key(args, nargs, kwnames, self->typed), *found, *result = NULL;
    hash_t hash = key ? object_hash(key) : -1;
    int there = hash == -1 ? -1 : look_up(self, key, hash, &found);
    if (there > 0) {
        Link *link = (Link *)found;
        extract_link(link);
        append_link(self, link);
        self->hits++;
        result = new_ref(link->result);
    } else if (there == 0) {
        self->misses++;
        result = object_vectorcall(self->func, args, nargs, kwnames);
        // The function may have called the cache for the same key: then that is the newest already.
        there = result ? look_up(self, key, hash, &found) : 1;
        if (there == 0) {
            bool room = self->cache.used < self->maxsize || self->root.next == &self->root;
            there =
                room ? add_link(self, key, hash, result) : reuse_oldest(self, key, hash, result);
        }
        if (there < 0) clear_ref(result);
    }
    xdecref(key);
    return result;
}

/* For speed only: an int or str that is the very object of an entry runs nobody's code and makes no
 * key. The result, borrowed; NULL: go the long way, which finds it, too. */
static Object *quick_hit(LruCache *self, Object *key) {
    bool is_int = key->type == &Int_Type;
    if (!is_int && (key->type != &Str_Type || ((Str *)key)->hash == -1)) return NULL;
    hash_t hash = is_int ? int_hash(((Int *)key)->value) : ((Str *)key)->hash;
    Object *found = table_get_identical(&self->cache, key, hash);
    if (!found) return NULL;
    self->hits++;
    if (self->maxsize < 0) return found;
    extract_link((Link *)found);
    append_link(self, (Link *)found);
    return ((Link *)found)->result;
}

static Object *lru_cache_vectorcall(Object *op, Object *const *args, ssize_t nargs,
                                    Tuple *kwnames) {
    LruCache *self = (LruCache *)op;
    if (kwnames && kwnames->size == 0) kwnames = NULL;
    Object *found = nargs == 1 && !kwnames && !self->typed ? quick_hit(self, args[0]) : NULL;
    if (found) return new_ref(found);
    if (recursion_enter(" while calling a Python object") < 0) return NULL;
    incref(self); // the function may drop the last reference to it
    Object *result = self->wrapper(self, args, nargs, kwnames);
    decref(self);
    recursion_leave();
    return result;
}

/* ---- Making, emptying, asking -----------------------------------------------------------------*/

Object *lru_cache_new(Object *func, ssize_t maxsize, bool typed) {
    if (!object_is_callable(func)) {
        error_set(TypeError, "the first argument must be callable");
        return NULL;
    }
    LruCache *self = object_new(&LruCache_Type, 0);
    if (!self) return NULL;
    self->root.prev = self->root.next = &self->root;
    self->wrapper = maxsize < 0 ? call_infinite : maxsize == 0 ? call_uncached : call_bounded;
    self->typed = typed;
    self->maxsize = maxsize;
    self->func = new_ref(func);
    return OBJECT(self);
}

/* The ring is taken away whole, before what dies can look at it. CPython: lru_cache_unlink_list(),
 * lru_cache_clear_list(). */
void lru_cache_clear(LruCache *self) {
    Link *link = self->root.next, *last = self->root.prev;
    self->root.prev = self->root.next = &self->root;
    self->hits = self->misses = 0;
    last->next = NULL; // of the root itself, if the ring is empty
    if (link == &self->root) {
        link = NULL;
        self->root.next = &self->root;
    }
    table_clear(&self->cache);
    while (link) {
        Link *next = link->next;
        decref(link);
        link = next;
    }
}

CacheInfo lru_cache_info(const LruCache *self) {
    return (CacheInfo){
        {1, &CacheInfo_Type}, self->hits, self->misses, self->maxsize, self->cache.used};
}

static void lru_cache_dealloc_now(Object *op) {
    LruCache *self = (LruCache *)op;
    Object *func = self->func;
    Dict *dict = self->dict;
    lru_cache_clear(self);
    object_free(self);
    decref(func);
    xdecref(dict);
}

static void lru_cache_dealloc(Object *self) {
    dealloc_nested(self, lru_cache_dealloc_now);
}

/* A cached function in a class is a method as others are, the instance being part of the key.
 * CPython: lru_cache_descr_get(). */
static Object *lru_cache_descr_get(Object *self, Object *obj, Type *type) {
    (void)type;
    return obj && obj != None ? method_new(self, obj) : new_ref(self);
}

static int lru_cache_repr(Object *op, Writer *out) {
    char address[32];
    snprintf(address, sizeof address, " at %p>", (void *)op);
    writer_puts(out, "<functools._lru_cache_wrapper object");
    return writer_puts(out, address);
}

/* CPython: METH_NOARGS, Objects/descrobject.c, method_vectorcall_NOARGS(). */
static int no_arguments(const char *name, ssize_t nargs, const Tuple *kwnames) {
    if (kwnames && kwnames->size)
        return error_set(TypeError, "_lru_cache_wrapper.%s() takes no keyword arguments", name);
    if (nargs == 0) return 0;
    return error_set(TypeError, "_lru_cache_wrapper.%s() takes no arguments (%zd given)", name,
                     nargs);
}

static Object *cache_info(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)args;
    if (no_arguments("cache_info", nargs, kwnames) < 0) return NULL;
    CacheInfo *info = object_new(&CacheInfo_Type, 0);
    if (info) *info = lru_cache_info((LruCache *)self);
    return OBJECT(info);
}

static Object *cache_clear(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)args;
    if (no_arguments("cache_clear", nargs, kwnames) < 0) return NULL;
    lru_cache_clear((LruCache *)self);
    return new_ref(None);
}

static const MethodDef lru_cache_methods[] = {
    {"cache_info", cache_info}, {"cache_clear", cache_clear}, {0}};

Type LruCache_Type = {
    TYPE("functools._lru_cache_wrapper", LruCache),
    .flags = METHOD_DESCRIPTOR,
    .dictoffset = offsetof(LruCache, dict),
    .dealloc = lru_cache_dealloc,
    .repr = lru_cache_repr,
    .vectorcall = lru_cache_vectorcall,
    .descr_get = lru_cache_descr_get,
    .methods = lru_cache_methods,
};

/* ---- CacheInfo --------------------------------------------------------------------------------*/

static int cache_info_repr(Object *op, Writer *out) {
    CacheInfo *self = (CacheInfo *)op;
    char text[160], maxsize[24] = "None";
    if (self->maxsize >= 0) snprintf(maxsize, sizeof maxsize, "%zd", self->maxsize);
    snprintf(text, sizeof text, "CacheInfo(hits=%zd, misses=%zd, maxsize=%s, currsize=%zd)",
             self->hits, self->misses, maxsize, self->currsize);
    return writer_puts(out, text);
}

static Object *get_hits(Object *self) {
    return int_from_long(((CacheInfo *)self)->hits);
}
static Object *get_misses(Object *self) {
    return int_from_long(((CacheInfo *)self)->misses);
}
static Object *get_maxsize(Object *self) {
    ssize_t maxsize = ((CacheInfo *)self)->maxsize;
    return maxsize < 0 ? new_ref(None) : int_from_long(maxsize);
}
static Object *get_currsize(Object *self) {
    return int_from_long(((CacheInfo *)self)->currsize);
}

static const GetSet cache_info_getset[] = {{"hits", get_hits, NULL},
                                           {"misses", get_misses, NULL},
                                           {"maxsize", get_maxsize, NULL},
                                           {"currsize", get_currsize, NULL},
                                           {0}};

Type CacheInfo_Type = {
    TYPE("CacheInfo", CacheInfo),
    .dealloc = (void (*)(Object *))object_free,
    .repr = cache_info_repr,
    .getset = cache_info_getset,
};

/* ---- The decorator ----------------------------------------------------------------------------*/

/* {'maxsize': maxsize, 'typed': typed}. self: a tuple of the two. */
static Object *cache_parameters(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)args;
    if (builtin_check_args("cache_parameters", nargs, kwnames, 0, 0) < 0) return NULL;
    Dict *dict = dict_new();
    for (int i = 0; dict && i < 2; i++) {
        Str *name = str_intern(i ? "typed" : "maxsize");
        if (!name || dict_set_item(dict, name, ((Tuple *)self)->items[i]) < 0) clear_ref(dict);
    }
    return OBJECT(dict);
}

/* The cache, told its parameters and made to look like func. self: (maxsize, typed), which the
 * factory was called with. CPython: Lib/functools.py, lru_cache().decorating_function(). */
static Object *decorating_function(Object *self, Object *const *args, ssize_t nargs,
                                   Tuple *kwnames) {
    if (builtin_check_args("decorating_function", nargs, kwnames, 1, 1) < 0) return NULL;
    Object *const *parameters = ((Tuple *)self)->items;
    ssize_t maxsize = parameters[0] == None ? -1 : (ssize_t)((Int *)parameters[0])->value;
    Object *cache = lru_cache_new(args[0], maxsize, object_is_true(parameters[1]));
    Object *told = cache ? builtin_new("cache_parameters", cache_parameters, self) : NULL;
    if (!told || object_setattr_string(cache, "cache_parameters", told) < 0 ||
        update_wrapper(cache, args[0], NULL) < 0)
        clear_ref(cache);
    xdecref(told);
    return cache;
}

/* lru_cache(maxsize, typed), both borrowed, or NULL with MemoryError. */
static Object *decorator_new(Object *maxsize, Object *typed) {
    Object *parameters = maxsize ? tuple_pack(2, maxsize, typed) : NULL;
    Object *decorator =
        parameters ? builtin_new("decorating_function", decorating_function, parameters) : NULL;
    xdecref(parameters);
    return decorator;
}

/* The same, applied to func at once. */
static Object *decorate(Object *func, Object *maxsize, Object *typed) {
    Object *decorator = decorator_new(maxsize, typed);
    Object *cache = decorator ? object_vectorcall(decorator, &func, 1, NULL) : NULL;
    xdecref(decorator);
    return cache;
}

/* maxsize and typed from the arguments of a call: 0, or -1 with TypeError. */
static int parse(Object *const *args, ssize_t nargs, Tuple *kwnames, Object **maxsize,
                 Object **typed) {
    ssize_t all = nargs + (kwnames ? kwnames->size : 0);
    if (nargs > 2)
        return error_set(TypeError,
                         "lru_cache() takes from 0 to 2 positional arguments but %zd were given",
                         nargs);
    for (ssize_t i = 0; i < all; i++) {
        const char *name = i >= nargs ? ((Str *)kwnames->items[i - nargs])->text
                           : i        ? "typed"
                                      : "maxsize";
        Object **place = strcmp(name, "maxsize") == 0 ? maxsize
                         : strcmp(name, "typed") == 0 ? typed
                                                      : NULL;
        if (!place)
            return error_set(TypeError, "lru_cache() got an unexpected keyword argument '%s'",
                             name);
        if (*place)
            return error_set(TypeError, "lru_cache() got multiple values for argument '%s'", name);
        *place = args[i];
    }
    return 0;
}

static Int default_maxsize = {{1, &Int_Type}, 128};

static Object *lru_cache_call(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    Object *maxsize = NULL, *typed = NULL;
    (void)self;
    if (parse(args, nargs, kwnames, &maxsize, &typed) < 0) return NULL;
    if (!typed) typed = False;
    bool is_int = maxsize && (maxsize->type == &Int_Type || maxsize->type == &Bool_Type);
    if (maxsize && !is_int && maxsize != None) {
        if (object_is_callable(maxsize) && typed->type == &Bool_Type) // without parentheses
            return decorate(maxsize, OBJECT(&default_maxsize), typed);
        error_set(TypeError, "Expected first argument to be an integer, a callable, or None");
        return NULL;
    }
    Object *bound = maxsize ? new_ref(maxsize) : new_ref(&default_maxsize);
    if (is_int && ((Int *)bound)->value < 0) {
        decref(bound);
        bound = int_from_long(0);
    }
    Object *decorator = decorator_new(bound, typed);
    decref(bound);
    return decorator;
}

/* CPython: Lib/functools.py, cache(). */
static Object *cache_call(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self;
    if (builtin_check_args("cache", nargs, kwnames, 1, 1) < 0) return NULL;
    return decorate(args[0], None, False);
}

Builtin lru_cache_builtin = {{1, &Builtin_Type}, "lru_cache", lru_cache_call, NULL};
Builtin cache_builtin = {{1, &Builtin_Type}, "cache", cache_call, NULL};
