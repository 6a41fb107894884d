/* inline_cache.h: 3.11's LOAD_ATTR, which rewrites itself: the lookup's answer, kept where it is
 * asked.
 *
 * Most places in a program read one name from objects of one class. So each place has a cache of
 * its own: the version of the class that it saw last, and where in the instance the value lay. As
 * long as the version is the same, nothing has changed that the lookup would have to look at: no
 * descriptor of that name has come, no hook. Then `obj.name` is two comparisons and a load.
 *
 *     LOAD_ATTR            counts how often it has run; at the 8th time it becomes
 *     LOAD_ATTR_ADAPTIVE   when its counter is 0 it looks at the object and becomes one of
 *     _INSTANCE_VALUE      the instance's values, at a position (shared keys)
 *     _WITH_HINT           the instance's dict, at a position that is tried first
 *     _SLOT                a field of the instance, at an offset
 *
 * A specialised one that misses 53 times in all becomes adaptive again; one that cannot be
 * specialised counts twice as long before it tries again.
 *
 * CPython: Python/specialize.c, _Py_Specialize_LoadAttr(); Python/ceval.c,
 * LOAD_ATTR_INSTANCE_VALUE; Include/internal/pycore_code.h, adaptive_counter_start().
 */
#ifndef INLINE_CACHE_H
#define INLINE_CACHE_H

#include "../type.h"

typedef enum {
    LOAD_ATTR,
    LOAD_ATTR_ADAPTIVE,
    LOAD_ATTR_INSTANCE_VALUE,
    LOAD_ATTR_WITH_HINT,
    LOAD_ATTR_SLOT,
    LOAD_ATTR_OPCODES
} LoadAttrOpcode;
extern const char *const load_attr_names[LOAD_ATTR_OPCODES];

/* Why a place was not specialised. CPython: Python/specialize.c, SPEC_FAIL_ATTR_... */
typedef enum {
    SPEC_OK,
    SPEC_FAIL_OVERRIDDEN,                 // the class has a hook: __getattr__, __getattribute__
    SPEC_FAIL_ATTR_OVERRIDING_DESCRIPTOR, // a data descriptor that is no slot
    SPEC_FAIL_ATTR_PROPERTY,
    SPEC_FAIL_ATTR_METHOD,        // a function: LOAD_METHOD is for those
    SPEC_FAIL_ATTR_MUTABLE_CLASS, // a descriptor's class that may become a data descriptor's
    SPEC_FAIL_ATTR_NOT_MANAGED_DICT,
    SPEC_FAIL_OUT_OF_RANGE, // not among the instance's names: a class attribute, say
    SPEC_FAIL_VERSIONS,     // the version numbers have run out. Simplified: CPython keeps a 0
    SPEC_FAILS
} SpecFail;
extern const char *const spec_fail_names[SPEC_FAILS];

enum { WARMUP = 8, MISS_COUNTER_START = 53 };
enum { ADAPTIVE_BACKOFF_BITS = 4, ADAPTIVE_BACKOFF_START = 5, MAX_BACKOFF_VALUE = 12 };

/* An instruction with its cache, of one place in a program. `name` is what its oparg stands for.
 * Zeroed but for the name: it has never run. Simplified: in CPython the whole function warms up,
 * not the place. CPython: Include/internal/pycore_code.h, _PyAttrCache. */
typedef struct {
    Str *name;
    uint8_t opcode;   // of LoadAttrOpcode
    uint8_t warmup;   // runs of LOAD_ATTR
    uint16_t counter; // adaptive: backoff below, value above; specialised: misses that are left
    uint16_t index;   // of the value; for a slot its offset
    unsigned version; // of the type. Never 0 if specialised
    struct {
        uint32_t success, failure, deferred, miss, deopt; // as pystats counts them, but for hits
        SpecFail why;                                     // the last failure
    } stats;
} LoadAttr;

/* obj.name by the place's cache, or by the whole lookup, which may rewrite the place. New
 * reference, or NULL with what obj.name raises. The second is the part that is not a hit. */
Object *load_attr_slow(LoadAttr *self, Object *obj);
static inline Object *load_attr(LoadAttr *self, Object *obj) {
    const Type *type = obj->type;
    if (type->version_tag == self->version && self->version != 0) {
        if (self->opcode == LOAD_ATTR_INSTANCE_VALUE) {
            const Values *values = pre_header(obj)->values;
            Object *result = values ? values->items[self->index] : NULL;
            if (result) return new_ref(result);
        } else if (self->opcode == LOAD_ATTR_SLOT) {
            Object *result = *(Object **)(void *)((char *)obj + self->index);
            if (result) return new_ref(result);
        } else if (self->opcode == LOAD_ATTR_WITH_HINT) {
            const Dict *dict = pre_header(obj)->dict;
            if (dict && self->index < dict->keys->nentries &&
                dict->keys->names[self->index] == self->name && dict->values[self->index])
                return new_ref(dict->values[self->index]);
        }
    }
    return load_attr_slow(self, obj);
}

/* The value and the backoff of an adaptive place's counter. */
static inline int load_attr_counter(const LoadAttr *self) {
    return self->counter >> ADAPTIVE_BACKOFF_BITS;
}
static inline int load_attr_backoff(const LoadAttr *self) {
    return self->counter & ((1 << ADAPTIVE_BACKOFF_BITS) - 1);
}

#endif
