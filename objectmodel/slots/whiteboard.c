/* whiteboard.c: __slots__: a name becomes an offset, and a descriptor in the class knows it. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *name;
    size_t offset; // in bytes, from the start of an instance
} Member;

typedef struct Class {
    const struct Class *base; // NULL: this is object
    size_t basicsize;         // of an instance, in bytes
    int count;
    Member members[8]; // its own slots, by offset
} Class;

typedef const Class *Instance; // its first word; its slots follow

static const Class object = {NULL, sizeof(Instance), 0, {{0}}};

// Makes a class of these sorted names; each gets a place behind all that the base has.
static void class_init(Class *self, const Class *base, int count, const char *const *names) {
    *self = (Class){base, base->basicsize, count, {{0}}};
    for (int i = 0; i < count; i++) {
        self->members[i] = (Member){names[i], self->basicsize};
        self->basicsize += sizeof(void *);
    }
}

// The descriptor of a name in the class or, if it has none, in its bases; NULL if nobody has.
static const Member *lookup(const Class *self, const char *name) {
    for (; self; self = self->base)
        for (int i = 0; i < self->count; i++)
            if (strcmp(self->members[i].name, name) == 0) return &self->members[i];
    return NULL;
}

// Where the value lies in obj; NULL if the name is no slot of its class: there is no dict.
static const char **field(Instance *obj, const char *name) {
    const Member *member = lookup(*obj, name);
    return member ? (const char **)(void *)((char *)obj + member->offset) : NULL;
}

// The class that last added a slot: that is what memory is about.
static const Class *solid(const Class *self) {
    while (self->base && self->basicsize == self->base->basicsize)
        self = self->base;
    return self;
}

// Whether one class may have both bases: an instance must begin as an instance of each does.
static bool fits(const Class *a, const Class *b) {
    const Class *longer = a->basicsize > b->basicsize ? a : b, *other = longer == a ? b : a;
    while (longer && longer != solid(other))
        longer = longer->base;
    return longer != NULL;
}

// ---- the check: one line for each promise; status 1 if one is broken
static int broken;

static void check(const char *promise, long got, long expected) {
    if (got == expected) {
        printf("ok     %s\n", promise);
    } else {
        printf("wrong  %s: %ld, expected %ld\n", promise, got, expected);
        broken = 1;
    }
    fflush(stdout); // before a crash
}

static Instance *make(const Class *class) {
    Instance *self = calloc(1, class->basicsize);
    if (!self) exit(1);
    *self = class;
    return self;
}

static void set(Instance *self, const char *name, const char *value) {
    const char **place = field(self, name);
    if (place) *place = value;
}

static const char *get(Instance *self, const char *name) {
    const char **place = field(self, name);
    return place && *place ? *place : "AttributeError";
}

int main(void) {
    const long word = sizeof(void *);
    Class point, point3, same, other, empty, plain;
    class_init(&point, &object, 2, (const char *const[]){"x", "y"});
    class_init(&point3, &point, 2, (const char *const[]){"x", "z"});
    class_init(&same, &point, 0, NULL);
    class_init(&other, &object, 1, (const char *const[]){"w"});
    class_init(&empty, &object, 0, NULL);
    class_init(&plain, &other, 0, NULL);
    check("an instance of two slots has three words", (long)point.basicsize, 3 * word);
    check("two more lie behind them", (long)point3.basicsize, 5 * word);
    check("no more, no longer", (long)same.basicsize, 3 * word);

    Instance *p = make(&point), *q = make(&point3);
    check("a slot that was never set", strcmp(get(p, "x"), "AttributeError"), 0);
    set(p, "x", "one");
    set(p, "y", "two");
    check("a slot that was", strcmp(get(p, "x"), "one"), 0);
    check("and its neighbour", strcmp(get(p, "y"), "two"), 0);
    check("a typo has no place", field(p, "colour") == NULL, true);
    set(q, "x", "three");
    set(q, "y", "four");
    set(q, "z", "five");
    check("a subclass has the base's slots", strcmp(get(q, "y"), "four"), 0);
    check("and its own", strcmp(get(q, "z"), "five"), 0);
    check("of the same name it is the subclass's", (char *)field(q, "x") - (char *)q, 3 * word);
    check("the base's descriptor reads a subclass's instance", (long)lookup(&point, "y")->offset,
          (char *)field(q, "y") - (char *)q);
    free(p);
    free(q);

    check("a base and its subclass fit", fits(&point, &point3), true);
    check("in either order", fits(&point3, &same), true);
    check("two with slots of their own do not", fits(&point, &other), false);
    check("nor do classes below them", fits(&same, &plain), false);
    check("one without slots fits any", fits(&empty, &other), true);
    return broken;
}
