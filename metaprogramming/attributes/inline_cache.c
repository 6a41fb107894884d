/* inline_cache.c: when a place is specialised, to what, and when it gives up.
 *
 * The invariant: a specialised place answers what object_generic_getattr() would. Its version
 * vouches for the class: no hook, no data descriptor of that name but the slot; any change of the
 * class or of one above it takes the version away. What is the instance's own it looks at each
 * time: whether the values are still there, whether the position is filled, whether the dict has
 * the name at the hint.
 *
 * CPython: Python/specialize.c; Python/ceval.c.
 */
#include "inline_cache.h"

const char *const load_attr_names[LOAD_ATTR_OPCODES] = {"LOAD_ATTR", "LOAD_ATTR_ADAPTIVE",
                                                        "LOAD_ATTR_INSTANCE_VALUE",
                                                        "LOAD_ATTR_WITH_HINT", "LOAD_ATTR_SLOT"};
const char *const spec_fail_names[SPEC_FAILS] = {"specialised",
                                                 "the class has a hook",
                                                 "a data descriptor",
                                                 "a property",
                                                 "a method",
                                                 "a descriptor of a mutable class",
                                                 "no attributes of its own",
                                                 "not among the instance's names",
                                                 "no version numbers left"};

/* ---- Counters ---------------------------------------------------------------------------------*/

static uint16_t adaptive_counter_bits(int backoff) {
    int value = (1 << backoff) - 1;
    return (uint16_t)(value << ADAPTIVE_BACKOFF_BITS | backoff);
}

static uint16_t adaptive_counter_start(void) {
    return adaptive_counter_bits(ADAPTIVE_BACKOFF_START);
}

/* Twice as long as last time. */
static uint16_t adaptive_counter_backoff(uint16_t counter) {
    int backoff = (counter & ((1 << ADAPTIVE_BACKOFF_BITS) - 1)) + 1;
    return adaptive_counter_bits(backoff > MAX_BACKOFF_VALUE ? MAX_BACKOFF_VALUE : backoff);
}

/* ---- Specialising -----------------------------------------------------------------------------*/

/* What the class says about the name: SPEC_OK if it leaves it to the instance; *slot is set if it
 * is one of the instance's slots. CPython: analyze_descriptor(). */
static SpecFail analyze_descriptor(Type *type, Str *name, const Member **slot) {
    if (type->getattro != object_generic_getattr) return SPEC_FAIL_OVERRIDDEN;
    const Object *descr = type_lookup(type, name);
    if (!descr) return SPEC_OK;
    const Type *desc_cls = descr->type;
    if (desc_cls->flags & HEAPTYPE) return SPEC_FAIL_ATTR_MUTABLE_CLASS;
    if (desc_cls == &Member_Type && type_is_subtype(type, ((const Member *)descr)->type)) {
        *slot = (const Member *)descr;
        return SPEC_OK;
    }
    if (desc_cls == &Property_Type) return SPEC_FAIL_ATTR_PROPERTY;
    if (desc_cls->descr_set) return SPEC_FAIL_ATTR_OVERRIDING_DESCRIPTOR;
    return desc_cls == &Function_Type ? SPEC_FAIL_ATTR_METHOD : SPEC_OK;
}

/* CPython: specialize_dict_access(). */
static SpecFail specialize_dict_access(LoadAttr *self, const Object *obj) {
    if (!(obj->type->flags & MANAGED_DICT)) return SPEC_FAIL_ATTR_NOT_MANAGED_DICT;
    const PreHeader *pre = pre_header(obj);
    const Keys *keys = pre->values ? obj->type->cached_keys : pre->dict ? pre->dict->keys : NULL;
    ssize_t index = keys ? keys_find(keys, self->name) : -1;
    if (index < 0 || index > UINT16_MAX) return SPEC_FAIL_OUT_OF_RANGE;
    self->index = (uint16_t)index;
    self->opcode = pre->values ? LOAD_ATTR_INSTANCE_VALUE : LOAD_ATTR_WITH_HINT;
    return SPEC_OK;
}

/* Rewrites the place for objects like this one, or lets it wait longer. CPython:
 * _Py_Specialize_LoadAttr(). */
static void specialize(LoadAttr *self, Object *obj) {
    Type *type = obj->type;
    const Member *slot = NULL;
    SpecFail why = analyze_descriptor(type, self->name, &slot);
    if (why == SPEC_OK && !assign_version_tag(type)) why = SPEC_FAIL_VERSIONS;
    if (why == SPEC_OK && slot) {
        if (slot->offset > UINT16_MAX) why = SPEC_FAIL_OUT_OF_RANGE;
        self->index = (uint16_t)slot->offset;
        if (why == SPEC_OK) self->opcode = LOAD_ATTR_SLOT;
    } else if (why == SPEC_OK) {
        why = specialize_dict_access(self, obj);
    }
    self->stats.why = why;
    if (why == SPEC_OK) {
        self->stats.success++;
        self->version = type->version_tag;
        self->counter = MISS_COUNTER_START;
    } else {
        self->stats.failure++;
        self->counter = adaptive_counter_backoff(self->counter);
    }
}

/* ---- What is not a hit ------------------------------------------------------------------------*/

/* The place is looked at before the lookup, which may run anything, also this place again. */
Object *load_attr_slow(LoadAttr *self, Object *obj) {
    switch ((LoadAttrOpcode)self->opcode) {
    case LOAD_ATTR:
        if (++self->warmup < WARMUP) break;
        self->opcode = LOAD_ATTR_ADAPTIVE; // and runs as that now
        return load_attr_slow(self, obj);
    case LOAD_ATTR_ADAPTIVE:
        if (load_attr_counter(self) > 0) {
            self->counter = (uint16_t)(self->counter - (1 << ADAPTIVE_BACKOFF_BITS));
            self->stats.deferred++;
        } else {
            specialize(self, obj);
            return load_attr(self, obj); // also if it failed: then this counts as deferred
        }
        break;
    case LOAD_ATTR_INSTANCE_VALUE:
    case LOAD_ATTR_WITH_HINT:
    case LOAD_ATTR_SLOT:
        self->stats.miss++;
        if (--self->counter > 0) break;
        self->opcode = LOAD_ATTR_ADAPTIVE;
        self->version = 0;
        self->counter = adaptive_counter_start();
        self->stats.deopt++;
        break;
    case LOAD_ATTR_OPCODES:
        break;
    }
    return object_getattr(obj, self->name);
}
