/* slots.h: what an instance weighs: fields at fixed offsets, or one of four ways to keep attributes.
 *
 * Read slots.c first (__slots__: names become fields), then layouts.c (instances without slots).
 * slots_demo --scene memory draws the memory of each.
 *
 * One rule explains both: a name must become a place in memory. With __slots__ the class knows the
 * place once for all, and a descriptor holds it as an offset. Without, each instance has a dict
 * that finds the place by hashing; and everything that CPython has invented since 3.3 is a way to
 * keep the names once in the class and only the values in the instance.
 */
#ifndef SLOTS_H
#define SLOTS_H

#include "../type/type.h"

/* The attribute that stands for one slot: where in an instance its value lies. A slot that was never
 * set, or was deleted, is NULL there. CPython: Objects/descrobject.c, PyMemberDescrObject; its
 * d_member->type is T_OBJECT_EX. */
typedef struct {
    Object ob;
    Type *type;
    Str *name;
    ssize_t offset; // in bytes, from the start of the instance
} Member;
extern Type Member_Type;

/* Readies Member_Type; after types_init(). 0, or -1 with MemoryError. */
int slots_init(void);

/* type_new() for a class whose dict may have "__slots__", a str or a tuple of strs. Where instances
 * get a place for other attributes, and no base says how they keep them, they keep them as `layout`
 * says. New reference, or NULL with what type_new() raises or, of the names: TypeError ("__slots__
 * must be identifiers" and others), ValueError ("'x' in __slots__ conflicts with class variable").
 * CPython: Objects/typeobject.c, type_new(), type_new_slots(). */
Type *slots_type_new(Type *metatype, const char *name, Tuple *bases, Dict *dict,
                     const Layout *layout);

/* How instances keep attributes, by the version of CPython that did it so; dict_layout (a dict of
 * its own for each, up to 3.2) is in type.h. */
extern const Layout shared_layout; // 3.3 to 3.10: a dict each, whose keys they share (PEP 412)
extern const Layout values_layout; // 3.11, 3.12: a block of values, no dict until it is asked for
extern const Layout inline_layout; // from 3.13: the values lie in the instance

/* ---- What lies where: for layouts.c, and for who draws it -------------------------------------*/

/* 3.11: two words before the instance, one of which is always NULL. `values` points between the
 * prefix of its block and the values:
 *
 *     order of insertion, a byte each | padding | how many | room for how many || value | value ...
 *
 * Simplified: CPython's last byte says how long the prefix is, from which the room cannot be told.
 * CPython: Include/internal/pycore_object.h, _PyObject_ValuesPointer(); Objects/dictobject.c,
 * new_values(). */
typedef struct {
    Object **values;
    Dict *dict;
} PreHeader;

/* 3.13: one word, the dict, before the instance, and this behind it; the order of insertion follows
 * the values. CPython: Include/internal/pycore_dict.h, struct _dictvalues, of 3.13. */
typedef struct {
    uint8_t capacity, size, embedded, valid; // not valid: they have moved into a dict
    Object *values[];
} InlineValues;

static inline PreHeader *pre_header(const Object *self) {
    return (PreHeader *)(intptr_t)self - 1;
}
static inline InlineValues *inline_values(const Object *self) {
    return (InlineValues *)((intptr_t)self + self->type->basicsize);
}

/* ---- What it weighs ---------------------------------------------------------------------------*/

/* Bytes before an instance of the class: what its layout keeps there. Without the collector's head. */
ssize_t type_pre_header_size(const Type *type);

/* What sys.getsizeof() says of an instance: its fields, what stands before them, and the head of
 * CPython's collector (COLLECTOR_HEAD), which is counted here though this topic has none.
 * CPython: Python/sysmodule.c, _PySys_GetSizeOf(). */
ssize_t object_sizeof(const Object *self);
enum { COLLECTOR_HEAD = 2 * (int)sizeof(void *) };

/* All that this instance alone takes, in bytes as asked for: that, its block of values, its dict
 * with its values and, unless they are shared, its keys. */
ssize_t object_footprint(const Object *self);

/* How many values the instance has room for outside a dict; -1: they are in a dict, or it has slots
 * only. CPython: shared_keys_usable_size(), when the instance was made. */
ssize_t object_values_capacity(const Object *self);

#endif
