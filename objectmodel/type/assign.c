/* assign.c: obj.__class__ = type and type.__bases__ = bases.
 *
 * Both swap what an object is under its feet, so the bytes must fit: the new class or base has to
 * put its fields where the old one did. And both are all or nothing: a new base gives a new MRO to
 * the class and to every class below, one of which may have none; then all of them get the old back.
 *
 * CPython: Objects/typeobject.c, object_set_class(), type_set_bases(), compatible_for_assignment().
 */
#include "type.h"

static bool same_slot_names(const Tuple *a, const Tuple *b) {
    if (a->size != b->size) return false;
    for (ssize_t i = 0; i < a->size; i++) {
        if (a->items[i] != b->items[i]) return false; // interned, sorted
    }
    return true;
}

static bool compatible_with_base(const Type *child) {
    const Type *parent = child->base;
    return parent && child->basicsize == parent->basicsize && child->itemsize == parent->itemsize &&
           child->dictoffset == parent->dictoffset &&
           child->weaklistoffset == parent->weaklistoffset &&
           (child->flags & HAVE_GC) == (parent->flags & HAVE_GC) &&
           (child->flags & HEAPTYPE || child->dealloc == parent->dealloc);
}

/* Whether two classes add the same to one base: a dict, weak references, or slots of the same names.
 * As in CPython 3.11, the places are looked for right behind the base only: so two classes that have
 * both slots and weak references are never the same. */
static bool same_slots_added(const Type *a, const Type *b) {
    const ssize_t pointer = sizeof(void *);
    ssize_t size = a->base->basicsize;
    if (a->dictoffset == size && b->dictoffset == size) size += pointer;
    if (a->weaklistoffset == size && b->weaklistoffset == size) size += pointer;
    if (!(a->flags & HEAPTYPE) || !(b->flags & HEAPTYPE)) return false;
    if (a->ht_slots && b->ht_slots) {
        if (!same_slot_names(a->ht_slots, b->ht_slots)) return false;
        size += pointer * a->ht_slots->size;
    }
    return size == a->basicsize && size == b->basicsize;
}

/* CPython frees instances of all layouts by one function. */
static bool same_free(const Type *a, const Type *b) {
    bool a_own = a->layout && a->layout->free, b_own = b->layout && b->layout->free;
    return (a_own ? object_gc_del : a->free) == (b_own ? object_gc_del : b->free);
}

/* Climbs from both to the first class that added fields, and compares what those added. */
static int compatible_for_assignment(const Type *old, const Type *new, const char *attribute) {
    const Type *oldbase = old, *newbase = new;
    if (!same_free(new, old)) {
        return error_set(TypeError, "%s assignment: '%s' deallocator differs from '%s'", attribute,
                         new->name, old->name);
    }
    while (compatible_with_base(newbase))
        newbase = newbase->base;
    while (compatible_with_base(oldbase))
        oldbase = oldbase->base;
    bool same = newbase == oldbase ||
                (newbase->base == oldbase->base && same_slots_added(newbase, oldbase));
    if (same && old->layout == new->layout) return 0;
    return error_set(TypeError, "%s assignment: '%s' object layout differs from '%s'", attribute,
                     new->name, old->name);
}

int object_set_class(Object *self, Object *value) {
    if (!value) return error_set(TypeError, "can't delete __class__ attribute");
    if (!type_check(value)) {
        return error_set(TypeError, "__class__ must be set to a class, not '%s' object",
                         value->type->name);
    }
    Type *old = self->type, *new = (Type *)value;
    if (!(new->flags &HEAPTYPE) || !(old->flags & HEAPTYPE)) {
        return error_set(TypeError, "__class__ assignment only supported for mutable types or "
                                    "ModuleType subclasses");
    }
    if (compatible_for_assignment(old, new, "__class__") < 0) return -1;
    /* Values that lie by the old class's names become a dict first. */
    if (old->layout && !old->layout->dict(self)) return -1;
    incref(new);
    self->type = new;
    decref(old);
    return 0;
}

/* ---- type.__bases__ = bases -------------------------------------------------------------------*/

/* A class that has got a new MRO, so that it can be undone. */
typedef struct Change {
    struct Change *previous;
    Type *type;
    Tuple *old;
} Change;

/* Computes the MRO of a class and of all below it anew. -1 with an error set. */
static int mro_hierarchy(Type *type, Change **changes) {
    if (!type->mro) return 0; // cleared: it would be a cycle again
    Change *change = malloc(sizeof *change);
    Tuple *mro = change ? type_mro(type, type->bases, NULL, NULL) : error_no_memory();
    if (!mro) {
        free(change);
        return -1;
    }
    *change = (Change){*changes, type, type->mro};
    *changes = change;
    type->mro = mro;
    type_modified(type);
    for (ssize_t i = 0; i < type->nsubclasses; i++) {
        if (mro_hierarchy(type->subclasses[i]->referent, changes) < 0) return -1;
    }
    return 0;
}

static void end_changes(Change *changes, bool undo) {
    while (changes) {
        Change *change = changes;
        changes = change->previous;
        Tuple *dropped = change->old;
        if (undo) {
            dropped = change->type->mro;
            change->type->mro = change->old;
        }
        decref(dropped);
        free(change);
    }
}

static int check_bases(Type *type, Object *value) {
    if (!(type->flags & HEAPTYPE)) {
        return error_set(TypeError, "cannot set '__bases__' attribute of immutable type '%s'",
                         type->name);
    }
    if (!value) {
        return error_set(TypeError, "cannot delete '__bases__' attribute of immutable type '%s'",
                         type->name); // CPython's words, though the type is none
    }
    if (!type_is_subtype(value->type, &Tuple_Type)) {
        return error_set(TypeError, "can only assign tuple to %s.__bases__, not %s", type->name,
                         value->type->name);
    }
    Tuple *bases = (Tuple *)value;
    if (bases->size == 0) {
        return error_set(TypeError, "can only assign non-empty tuple to %s.__bases__, not ()",
                         type->name);
    }
    for (ssize_t i = 0; i < bases->size; i++) {
        if (!type_check(bases->items[i])) {
            return error_set(TypeError, "%s.__bases__ must be tuple of classes, not '%s'",
                             type->name, bases->items[i]->type->name);
        }
        if (type_is_subtype((Type *)bases->items[i], type))
            return error_set(TypeError, "a __bases__ item causes an inheritance cycle");
    }
    return 0;
}

/* Entering the class in the lists of its new bases can fail, leaving the old ones cannot: so that is
 * done in this order. A base that stays one has the class twice in between, and keeps the new entry,
 * at the end. */
int type_set_bases(Type *type, Object *value) {
    if (check_bases(type, value) < 0) return -1;
    Tuple *bases = (Tuple *)value, *old_bases = type->bases;
    Type *base = type_best_base(bases), *old_base = type->base;
    if (!base || compatible_for_assignment(old_base, base, "__bases__") < 0) return -1;

    ssize_t entered = 0;
    while (entered < bases->size && type_add_subclass((Type *)bases->items[entered], type) == 0)
        entered++;
    type->bases = bases;
    type->base = base;
    Change *changes = NULL;
    int status = entered == bases->size ? mro_hierarchy(type, &changes) : -1;
    end_changes(changes, status < 0);
    if (status < 0) {
        type->bases = old_bases;
        type->base = old_base;
        while (entered-- > 0)
            type_remove_subclass((Type *)bases->items[entered], type, false);
        return -1;
    }
    incref(bases);
    incref(base);
    for (ssize_t i = 0; i < old_bases->size; i++)
        type_remove_subclass((Type *)old_bases->items[i], type, true);
    update_all_slots(type);
    decref(old_bases);
    decref(old_base);
    return 0;
}
