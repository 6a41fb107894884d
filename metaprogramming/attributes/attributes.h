/* attributes.h: where `obj.name` comes from, told step by step, and proxies built on its hooks.
 *
 * The lookup itself is ../lookup.c, and the hooks' part of it ../slotdefs.c,
 * slot_tp_getattr_hook(): read those first. Then attributes.c (a lookup that is watched; dir()),
 * proxy.c (objects that stand for another) and inline_cache.h with inline_cache.c (how 3.11 saves
 * the lookup).
 */
#ifndef ATTRIBUTES_H
#define ATTRIBUTES_H

#include "../metaclass/metaclass.h"

/* Gives object and type their __dir__; after metaclass_init(). 0, or -1 with MemoryError. */
int attributes_init(void);

/* obj.name; each step is told to `tell`, with how deep it is inside hooks and descriptors that
 * look up attributes themselves. What is told may not be changed. New reference, or NULL with what
 * obj.name raises. One at a time. */
typedef void (*AttributeTell)(const AttributeStep *step, int depth, void *arg);
Object *attribute_explain(Object *self, Str *name, AttributeTell tell, void *arg);
/* The same for obj.name = value, or del obj.name for NULL: 0, or -1. */
int attribute_explain_set(Object *self, Str *name, Object *value, AttributeTell tell, void *arg);

/* What a lookup has done, for the edges of a graph: how many came to each step. */
typedef struct {
    uint64_t lookups; // that reached object.__getattribute__
    uint64_t data, own, other,
        missing;                    // ended by a data descriptor, the instance, the type, nowhere
    uint64_t getattribute, getattr; // calls of hooks
} AttributeCounts;
/* Counts into *counts from now on; NULL stops it. One at a time, and not while something is
 * explained. */
void attribute_count(AttributeCounts *counts);

/* dir(obj): what its __dir__ gives, sorted: a new tuple of Strs, or NULL with TypeError or what it
 * raised. Simplified: CPython's is a list, and takes any iterable.
 * CPython: Objects/object.c, PyObject_Dir(); Objects/typeobject.c, object___dir___impl(),
 * type___dir___impl(). */
Tuple *object_dir(Object *self);

/* ---- Proxies: proxy.c ------------------------------------------------------------------------*/

/* Objects that stand for another. Each kind is a class, made at first use, and each is called with
 * its target (LAZY: with a function that makes it; LOGGING and COUNTING: see there). */
typedef enum {
    PROXY_BARE,        // __getattr__ forwards, and nothing else: len(proxy) fails
    PROXY_PLAIN,       // Bare, and the special methods that the interpreter looks for on the type
    PROXY_TRANSPARENT, // __getattribute__ forwards all, also what object has, such as __class__
    PROXY_LOGGING,     // (target, log): calls log(name) for each name, then goes on; not for "_..."
    PROXY_COUNTING,    // (target, counts): counts[name] += 1 in that dict for what it forwards
    PROXY_LAZY,        // (make): target = make() at the first attribute that needs it
    PROXY_READONLY,    // assigning and deleting is AttributeError "'x' is read-only"
    PROXY_KINDS
} ProxyKind;
extern const char *const proxy_names[PROXY_KINDS]; // of the classes: "Bare", "Plain", ...

/* The class of a kind: borrowed, as it lives until types_clear(); NULL with an error set. All but
 * Bare are derived from Plain, which is derived from Bare. */
Type *proxy_type(ProxyKind kind);
/* A new proxy: kind(*args). New reference, or NULL with an error set. */
Object *proxy_new(ProxyKind kind, Object *const *args, ssize_t nargs);
/* The target, as the hooks see it: self._target. New reference; LAZY makes it. */
Object *proxy_target(Object *self);
/* Forgets the classes; before types_clear(). */
void proxies_clear(void);

#endif
