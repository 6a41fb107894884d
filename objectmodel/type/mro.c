/* mro.c: the method resolution order, by C3 linearisation.
 *
 * Two promises are kept at once: a class comes before its bases, and bases come in the order in
 * which each class names them. The lists to merge are the MROs of the bases and the bases
 * themselves; the next class is the first head that stands in no other list's tail, since whatever
 * stands in a tail has something that must come before it. When every head stands in a tail, the
 * promises contradict each other and there is no order.
 *
 * CPython: Objects/typeobject.c, mro_implementation(), pmerge().
 */
#include "type.h"

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
static ssize_t pmerge(Object **merged, const Tuple *const *lists, ssize_t *remain, ssize_t nlists,
                      void (*step)(const MergeStep *, void *), void *arg) {
    ssize_t total = 0, taken = 0, count = 0;
    for (ssize_t i = 0; i < nlists; i++)
        total += lists[i]->size;
    while (taken < total) {
        Object *chosen = choose(lists, remain, nlists);
        if (step) step(&(MergeStep){lists, remain, nlists, (Type *)chosen}, arg);
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
Tuple *type_mro(Type *type, const Tuple *bases, void (*step)(const MergeStep *, void *),
                void *arg) {
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
    ssize_t count = pmerge(merged, lists, remain, (ssize_t)n, step, arg);
    Tuple *mro = count < 0 ? NULL : tuple_new(count + 1);
    if (mro) {
        mro->items[0] = new_ref(type);
        for (ssize_t i = 0; i < count; i++)
            mro->items[i + 1] = new_ref(merged[i]);
    }
    free(lists);
    return mro;
}
