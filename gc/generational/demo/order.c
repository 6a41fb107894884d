/* order.c: weak references, finalizers, and one that comes back: what runs when. */
#include "../../refcounting/refcounting.h"
#include "scenes.h"

static const char *const fields[] = {"name", "other", "ref", NULL};
enum { NAME, OTHER, REF };
static Object *saved; // what a finalizer keeps

static void finalize(Object *self);
static const Type Patient_Type = INSTANCE_TYPE("Patient", fields, 3, finalize);

static char name_of(const Object *patient) {
    return (char)((const Int *)FIELD(patient, NAME))->value;
}

/* A weak reference that a finalizer or callback looks through. */
static const char *seen_through(const WeakRef *ref) {
    return ref->object ? "leads to it" : "is dead";
}

static Object *watchers[2]; // without callback: to x and y, or to z

static void finalize(Object *self) {
    bool saves = name_of(self) == 'y';
    const WeakRef *watcher = (WeakRef *)watchers[saves];
    printf("    __del__ of %c: it is whole%s; a weak reference %s%s\n", name_of(self),
           FIELD(self, OTHER) ? ", and so is the other" : "", seen_through(watcher),
           saves ? ";" : "");
    if (!saves) return;
    puts("                  it stores itself in a variable");
    saved = new_ref(self);
}

static Object *callback(Object *text, Object *ref) {
    printf("    callback %c: its weak reference %s\n", (char)((Int *)text)->value,
           seen_through((WeakRef *)ref));
    return new_ref(None);
}

static Object *patient(char name) {
    Object *self = need(instance_new(&Patient_Type));
    FIELD(self, NAME) = need(int_from_long(name));
    return self;
}

/* weakref.ref(op, callback), the callback named by a letter. */
static Object *watch(Object *op, char letter) {
    Object *text = need(int_from_long(letter));
    Object *function = need(function_new("callback", callback, text));
    Object *ref = need(weakref_new(op, function));
    decref(text);
    decref(function);
    return ref;
}

static void by_count(void) {
    Object *z = patient('z'), *ref = watch(z, 'A');
    watchers[0] = need(weakref_new(z, NULL));
    puts("z is referred to by a variable, and by a weak reference with a callback, A.\n\n"
         "  del z: the count falls to 0");
    decref(z);
    clear_ref(watchers[0]);
    decref(ref);
}

static void by_collection(void) {
    size_t blocks = heap.blocks;
    Object *x = patient('x'), *y = patient('y');
    refer(x, OTHER, y);
    refer(y, OTHER, x);
    Object *first = watch(x, 'B'), *second = watch(y, 'C');
    FIELD(x, REF) = watch(y, 'D');
    watchers[0] = need(weakref_new(x, NULL));
    watchers[1] = need(weakref_new(y, NULL));
    decref(x);
    decref(y);
    puts("\nx and y refer to each other. Callbacks: B of a weak reference to x, C of one to\n"
         "y, and D of one to y that x itself holds, so that it is garbage with them.");
    step("which of B, C, D and the two __del__ run, and in which order?");
    puts("\n  gc.collect()");
    printf("    objects found: %zd\n", gc_collect(2));
    printf("    x and y live: y by the variable, x by y; a weak reference to y %s\n",
           seen_through((WeakRef *)watchers[1]));
    step("the variable goes, and a second collection comes: what runs now?");
    puts("\n  the variable is emptied; gc.collect()");
    clear_ref(saved);
    printf("    objects found: %zd (x, y, and D with its callback)\n", gc_collect(2));
    clear_ref(watchers[0]);
    clear_ref(watchers[1]);
    decref(first);
    decref(second);
    printf("    blocks left of all this: %zu\n", heap.blocks - blocks);
}

void scene_order(void) {
    begin();
    by_count();
    by_collection();
    puts("\nIn a collection the weak references end first, so that no callback gets hold of\n"
         "what is about to be cleared; D, garbage too, is never called. Then every __del__\n"
         "runs, on objects that are whole. Then it is looked again at who is reachable: y\n"
         "saved itself and, by its reference, x. A __del__ runs once in a life.");
}
