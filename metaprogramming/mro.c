/* mro.c: which classes may be combined: their order (C3), their metaclasses, their memory.
 *
 * Three things must agree before a class can be made. Its bases need an order in which a class comes
 * before its bases and bases come as each class names them. Their metaclasses need one that is derived
 * from all of them, as the class has one type. And their instances need one memory layout: of the
 * classes that last added fields, one must extend all others. objectmodel tells the first and the
 * last at length.
 *
 * Parts from the other topics' slices, where a type has one base.
 *
 * CPython: Objects/typeobject.c, mro_implementation(), pmerge(), _PyType_CalculateMetaclass(),
 * best_base().
 */
#include "type.h"

/* ---- Which base, which metaclass --------------------------------------------------------------*/

static bool is_subtype_by_base(const Type *a, const Type *b) {
    for (; a; a = a->base) {
        if (a == b) return true;
    }
    return b == &Object_Type;
}

bool type_is_subtype(const Type *a, const Type *b) {
    if (a == b) return true;
    if (!a->mro) return is_subtype_by_base(a, b); // not yet made, or cleared
    for (ssize_t i = 0; i < a->mro->size; i++) {
        if ((Type *)a->mro->items[i] == b) return true;
    }
    return false;
}

Type *type_calculate_metaclass(Type *metatype, const Tuple *bases) {
    Type *winner = metatype;
    for (ssize_t i = 0; i < bases->size; i++) {
        Type *candidate = bases->items[i]->type;
        if (type_is_subtype(winner, candidate)) continue;
        if (!type_is_subtype(candidate, winner)) {
            error_set(TypeError, "metaclass conflict: the metaclass of a derived class must be a "
                                 "(non-strict) subclass of the metaclasses of all its bases");
            return NULL;
        }
        winner = candidate;
    }
    return winner;
}

/* Whether `type` has fields that its base has not: slots. What stands before the instance does not
 * count. */
static bool extra_ivars(const Type *type, const Type *base) {
    return type->basicsize != base->basicsize;
}

static const Type *solid_base(const Type *type) {
    const Type *base = type->base ? solid_base(type->base) : &Object_Type;
    return extra_ivars(type, base) ? type : base;
}

Type *type_best_base(const Tuple *bases) {
    Type *base = NULL;
    const Type *winner = NULL;
    for (ssize_t i = 0; i < bases->size; i++) {
        if (!type_check(bases->items[i])) {
            error_set(TypeError, "bases must be types");
            return NULL;
        }
        Type *candidate = (Type *)bases->items[i];
        if (!(candidate->flags & BASETYPE)) {
            error_set(TypeError, "type '%.100s' is not an acceptable base type", candidate->name);
            return NULL;
        }
        const Type *solid = solid_base(candidate);
        if (winner && type_is_subtype(winner, solid)) continue;
        if (winner && !type_is_subtype(solid, winner)) {
            error_set(TypeError, "multiple bases have instance lay-out conflict");
            return NULL;
        }
        winner = solid;
        base = candidate;
    }
    return base;
}

/* ---- The order of the bases -------------------------------------------------------------------*/

static bool tail_contains(const Tuple *list, ssize_t whence, const Object *type) {
    for (ssize_t i = whence + 1; i < list->size; i++) {
        if (list->items[i] == type) return true;
    }
    return false;
}

static int check_duplicates(const Tuple *bases) {
    for (ssize_t i = 0; i < bases->size; i++) {
        if (tail_contains(bases, i, bases->items[i]))
            return error_set(TypeError, "duplicate base class %s", ((Type *)bases->items[i])->name);
    }
    return 0;
}

/* Names the heads that are left, each once: the classes of which none could be the next. */
static void set_mro_error(const Tuple *const *lists, const ssize_t *remain, ssize_t nlists) {
    char names[200] = "";
    size_t length = 0;
    for (ssize_t i = 0; i < nlists; i++) {
        if (remain[i] >= lists[i]->size) continue;
        Object *head = lists[i]->items[remain[i]];
        bool named = false;
        for (ssize_t j = 0; j < i; j++)
            named |= remain[j] < lists[j]->size && lists[j]->items[remain[j]] == head;
        if (named || length >= sizeof names) continue;
        length += (size_t)snprintf(names + length, sizeof names - length, "%s %s",
                                   length ? "," : "", ((Type *)head)->name);
    }
    error_set(TypeError, "Cannot create a consistent method resolution\norder (MRO) for bases%s",
              names);
}

/* The first head that is in no tail, or NULL. Its own list is not asked, as that has it once. */
static Object *choose(const Tuple *const *lists, const ssize_t *remain, ssize_t nlists) {
    for (ssize_t i = 0; i < nlists; i++) {
        if (remain[i] >= lists[i]->size) continue;
        Object *candidate = lists[i]->items[remain[i]];
        ssize_t j = 0;
        while (j < nlists && (j == i || !tail_contains(lists[j], remain[j], candidate)))
            j++;
        if (j == nlists) return candidate;
    }
    return NULL;
}

/* Appends to `merged` until the lists are used up; how many, or -1 with an error set. */
static ssize_t pmerge(Object **merged, const Tuple *const *lists, ssize_t *remain, ssize_t nlists) {
    ssize_t total = 0, taken = 0, count = 0;
    for (ssize_t i = 0; i < nlists; i++)
        total += lists[i]->size;
    while (taken < total) {
        Object *chosen = choose(lists, remain, nlists);
        if (!chosen) {
            set_mro_error(lists, remain, nlists);
            return -1;
        }
        merged[count++] = chosen;
        for (ssize_t i = 0; i < nlists; i++) {
            if (remain[i] < lists[i]->size && lists[i]->items[remain[i]] == chosen) {
                remain[i]++;
                taken++;
            }
        }
    }
    return count;
}

/* Simplified: a metaclass cannot bring a mro() of its own. */
Tuple *type_mro(Type *type, const Tuple *bases) {
    size_t n = (size_t)bases->size + 1, total = (size_t)bases->size;
    for (ssize_t i = 0; i < bases->size; i++) {
        const Tuple *mro = ((Type *)bases->items[i])->mro;
        if (!mro) {
            error_set(TypeError, "Cannot extend an incomplete type '%.100s'",
                      ((Type *)bases->items[i])->name);
            return NULL;
        }
        total += (size_t)mro->size;
    }
    if (check_duplicates(bases) < 0) return NULL;

    const Tuple **lists =
        malloc(n * sizeof *lists + n * sizeof(ssize_t) + total * sizeof(Object *));
    if (!lists) return error_no_memory();
    ssize_t *remain = (ssize_t *)(lists + n);
    Object **merged = (Object **)(remain + n);
    for (size_t i = 0; i < n; i++) {
        lists[i] = i + 1 < n ? ((Type *)bases->items[i])->mro : bases;
        remain[i] = 0;
    }
    ssize_t count = pmerge(merged, lists, remain, (ssize_t)n);
    Tuple *mro = count < 0 ? NULL : tuple_new(count + 1);
    if (mro) {
        mro->items[0] = new_ref(type);
        for (ssize_t i = 0; i < count; i++)
            mro->items[i + 1] = new_ref(merged[i]);
    }
    free(lists);
    return mro;
}
