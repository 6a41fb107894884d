/* twin.h: what can die in twin.c's program, and what runs when it does: the classes of twin.py. */
#ifndef TWIN_H
#define TWIN_H

#include "../refcounting.h"

#include <inttypes.h>

static Object *a, *b, *c, *d, *e, *f, *g, *h;
static Object **const names[] = {&a, &b, &c, &d, &e, &f, &g, &h};
enum { NAMES = 8, LABELS = 1200 };
static struct { int made, alive, callbacks; } counters;
static Object *witnesses[LABELS]; // the oldest weak reference to each Node: called when it is dead
static bool muted;

/* A line about what ran, under the statement that made it run. */
__attribute__((format(printf, 1, 2))) static void say(const char *format, ...) {
    if (muted) return;
    printf("    ");
    va_list args;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

enum { LABEL, LEFT, RIGHT };
#define FIELD(op, i) (((Instance *)(op))->fields[i])

static Object *none(void) {
    return new_ref(None);
}

static int label(Object *op) {
    return (int)((Int *)FIELD(op, LABEL))->value;
}

static bool is_node(Object *op) {
    return op->type->dealloc == instance_dealloc;
}

typedef struct {
    char text[40];
} Text;

/* What a value is, without an address. */
static Text describe(Object *op) {
    Text says;
    const char *kind = op->type->name;
    if (is_node(op)) {
        snprintf(says.text, sizeof says.text, "%s %d", kind, label(op));
    } else if (op->type == &WeakRef_Type) {
        Object *referent = weakref_get((WeakRef *)op);
        snprintf(says.text, sizeof says.text, "ref to %.32s", describe(referent).text);
        decref(referent);
    } else if (op->type == &List_Type || op->type == &Tuple_Type) {
        ssize_t size = op->type == &List_Type ? ((List *)op)->size : ((Tuple *)op)->size;
        snprintf(says.text, sizeof says.text, "%s of %zd", kind, size);
    } else {
        snprintf(says.text, sizeof says.text, "%s", op == None ? "None" : kind);
    }
    return says;
}

/* name = value, whose reference it takes. */
static void assign(Object **name, Object *value) {
    incref(value);
    set_ref(*name, value);
    decref(value);
}

/* op.left = value, or another field; takes the reference to the value. */
static void set_field(Object *op, int field, Object *value) {
    incref(op);
    incref(value);
    set_ref(FIELD(op, field), value);
    decref(value);
    decref(op);
}

/* A callback's number and what else it remembers are a tuple. */
static Object *call(Object *closure, Object *reference) {
    int number = (int)((Int *)((Tuple *)closure)->items[0])->value;
    say("callback %d: %s", number, describe(reference).text);
    if (number % 4 == 0) {
        assign(&d, none()); // that may have been the last one to another weak reference
    } else if (number % 4 == 1) {
        error_set(ValueError, "a callback that fails is no business of the dying");
        return NULL;
    }
    return none();
}

/* Call(closure), whose reference it takes; or NULL: Call(). */
static Object *call_new(Object *closure) {
    Object *number = int_from_long(++counters.callbacks);
    Object *both = tuple_pack(2, number, closure ? closure : None);
    Object *made = function_new("Call", call, both);
    decref(number);
    decref(both);
    xdecref(closure);
    return made;
}

/* ref(op, callback), whose reference it takes; or NULL: none. */
static Object *ref_new(Object *op, Object *callback) {
    Object *made = weakref_new(op, callback);
    xdecref(callback);
    return made;
}

static Object *dies(Object *closure, Object *witness) {
    (void)witness;
    counters.alive--;
    say("%" PRId64 " is dead", ((Int *)closure)->value);
    return none();
}

/* Numbered in the order in which they are made; each has a witness. */
static Object *make(const Type *type) {
    Object *op = instance_new(type);
    int number = ++counters.made;
    if (number >= LABELS) abort();
    counters.alive++;
    FIELD(op, LABEL) = int_from_long(number);
    FIELD(op, LEFT) = none();
    FIELD(op, RIGHT) = none();
    witnesses[number] = ref_new(op, function_new("Dies", dies, FIELD(op, LABEL)));
    return op;
}

#define MAKE(kind) make(&kind##_Type)

static void loud_finalize(Object *self) {
    say("__del__ of %d: left %s, right %s", label(self), describe(FIELD(self, LEFT)).text,
        describe(FIELD(self, RIGHT)).text);
}

/* Looks at who might be replacing or dropping it. */
static void looker_finalize(Object *self) {
    for (int i = 0; i < 2; i++) {
        Object *value = *names[i];
        say("__del__ of %d: %c is %s", label(self), 'a' + i, describe(value).text);
        if (is_node(value)) say("  its left is %s", describe(FIELD(value, LEFT)).text);
    }
}

static void phoenix_finalize(Object *self) {
    loud_finalize(self);
    assign(&b, new_ref(self));
}

static void clear(Object *list) {
    incref(list);
    list_clear((List *)list);
    decref(list);
}

/* list[index] = value, whose reference it takes. */
static void set_item(Object *list, ssize_t index, Object *value) {
    incref(list);
    incref(value);
    list_set_item((List *)list, index, value);
    decref(value);
    decref(list);
}

/* Empties whatever list has the name c, and lets go of all that it has. */
static void cutter_finalize(Object *self) {
    loud_finalize(self);
    if (c->type == &List_Type) clear(c);
    set_field(self, LEFT, none());
    set_field(self, RIGHT, none());
}

static const Type Loud_Type;

/* list.append(value), whose reference it takes. */
static void append(Object *list, Object *value) {
    list_append((List *)list, value);
    decref(value);
}

/* Puts a new object into whatever list has the name c. */
static void adder_finalize(Object *self) {
    loud_finalize(self);
    if (c->type != &List_Type) return;
    append(c, MAKE(Loud));
    say("c is %s", describe(c).text);
}

/* Makes weak references to the dying: one that nobody keeps, and one that has a name. */
static void maker_finalize(Object *self) {
    loud_finalize(self);
    decref(ref_new(self, call_new(NULL)));
    assign(&d, ref_new(self, call_new(NULL)));
}

static const char *const fields[] = {"label", "left", "right", NULL};
static const Type Node_Type = INSTANCE_TYPE("Node", fields, 3, NULL);
static const Type Loud_Type = INSTANCE_TYPE("Loud", fields, 3, loud_finalize);
static const Type Looker_Type = INSTANCE_TYPE("Looker", fields, 3, looker_finalize);
static const Type Phoenix_Type = INSTANCE_TYPE("Phoenix", fields, 3, phoenix_finalize);
static const Type Cutter_Type = INSTANCE_TYPE("Cutter", fields, 3, cutter_finalize);
static const Type Adder_Type = INSTANCE_TYPE("Adder", fields, 3, adder_finalize);
static const Type Maker_Type = INSTANCE_TYPE("Maker", fields, 3, maker_finalize);

#endif
