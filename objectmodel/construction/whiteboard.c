/* whiteboard.c: what C(...) does: two steps, the second one only for an instance of C. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Type Type;
typedef struct {
    int refcnt;
    Type *type;
    long value;
} Object;
struct Type { // args end with a 0
    Type *base;
    Object *(*make)(Type *type, const long *args); // the cell `new`: NULL with error set
    bool (*init)(Object *self, const long *args);  // false with error set
    bool python;                                   // make calls a __new__ of Python's
};
static const char *error;
static Object *allocate(Type *type); // zeroed, refcnt 1; given below, as is the next
static void decref(Object *self);
static bool object_init(Object *self, const long *args);

// Whether a is b, or derived from it.
static bool is_subtype(const Type *a, const Type *b) {
    while (a && a != b)
        a = a->base;
    return a;
}

// type(*args): make, then the init of what came, if it is one of type's; NULL if either fails.
static Object *type_call(Type *type, const long *args) {
    Object *self = type->make(type, args);
    if (!self || !is_subtype(self->type, type)) return self;
    if (self->type->init(self, args)) return self;
    return decref(self), NULL;
}

// object.__new__: arguments are too many if make is overridden, or if init is not.
static Object *object_new(Type *type, const long *args) {
    if (!*args || (type->make == object_new && type->init != object_init)) return allocate(type);
    return error = "arguments", NULL;
}

// object.__init__: the same the other way round.
static bool object_init(Object *self, const long *args) {
    const Type *type = self->type;
    if (!*args || (type->init == object_init && type->make != object_new)) return true;
    return error = "arguments", false;
}

// base.__new__(type, *args): only if the nearest class above type that is not `python` has base's.
static Object *new_by_hand(const Type *base, Type *type, const long *args) {
    const Type *nearest = type;
    while (nearest->python)
        nearest = nearest->base;
    if (is_subtype(type, base) && nearest->make == base->make) return base->make(type, args);
    return error = "not safe", NULL;
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

static int inits, live; // calls, objects
static const long none[] = {0}, three[] = {3, 0}, two[] = {3, 4, 0};

static Object *int_new(Type *type, const long *args) {
    Object *self = allocate(type);
    if (self) self->value = args[0];
    return self;
}
static Object *celsius_new(Type *type, const long *args);
static bool stores(Object *self, const long *args) {
    inits++;
    for (; *args; args++)
        self->value = 10 * self->value + *args;
    return true;
}
static bool stores_doubled(Object *self, const long *args) {
    inits++;
    self->value = 2 * args[0];
    return true;
}
static bool fails(Object *self, const long *args) {
    (void)self, (void)args;
    return error = "no", false;
}
static Object *no_new(Type *type, const long *args) {
    (void)type, (void)args;
    return error = "no", NULL;
}

static Type object = {NULL, object_new, object_init, false};
static Type integer = {&object, int_new, object_init, false};
static Type plain = {&object, object_new, object_init, false};
static Type point = {&object, object_new, stores, false};
static Type broken_type = {&object, object_new, fails, false};
static Type never = {&object, no_new, stores, true};
static Type celsius = {&integer, celsius_new, stores_doubled, true};
static Type kelvin = {&celsius, celsius_new, object_init, true};

static Object *celsius_new(Type *type, const long *args) {
    return new_by_hand(&integer, type, args);
}
static Object *gives_point(Type *type, const long *args) {
    (void)type, (void)args;
    return allocate(&point);
}
static Type echo = {&object, gives_point, stores, true};
static Object *gives_square(Type *type, const long *args);
static Type shape = {&object, gives_square, stores, true};
static Type square = {&shape, gives_square, stores_doubled, true};
static Object *gives_square(Type *type, const long *args) {
    (void)type, (void)args;
    return new_by_hand(&object, &square, none);
}
static Object *passes(Type *type, const long *args) {
    return new_by_hand(&object, type, args);
}
static Type both = {&object, passes, stores, true};

static Object *allocate(Type *type) {
    Object *self = calloc(1, sizeof *self);
    if (self) *self = (Object){1, type, 0}, live++;
    return self;
}
static void decref(Object *self) {
    if (--self->refcnt == 0) free(self), live--;
}

/* The value of what the call gives, -1 for an error; and that it is of this type. */
static long value(Object *self, const Type *type) {
    if (!self) return -1;
    long got = self->type == type ? self->value : -2;
    decref(self);
    return got;
}

int main(void) {
    check("a class is derived from itself and from its base",
          is_subtype(&square, &square) && is_subtype(&square, &shape), true);
    check("and not from one derived from it", is_subtype(&shape, &square), false);
    check("Point(3, 4): both steps get both arguments", value(type_call(&point, two), &point), 34);
    check("Plain() needs no arguments", value(type_call(&plain, none), &plain), 0);
    check("Plain(3): nobody wants the argument", value(type_call(&plain, three), &plain), -1);
    check("int(3): the first step alone", value(type_call(&integer, three), &integer), 3);
    check("Celsius(3): an int's memory, its own init", value(type_call(&celsius, three), &celsius),
          6);
    check("Kelvin(3): init lets pass what new has taken", value(type_call(&kelvin, three), &kelvin),
          3);
    check("Both(3) hands its argument on to object", value(type_call(&both, three), &both), -1);
    inits = 0;
    check("Echo(3) gives a point, which is no Echo", value(type_call(&echo, three), &point), 0);
    check("so no init is called", inits, 0);
    check("Shape(3) makes a Square, whose own init is called",
          value(type_call(&shape, three), &square), 6);
    error = NULL, inits = 0;
    check("new fails: the error comes through", value(type_call(&never, three), &never), -1);
    check("and no init is called", inits || !error, 0);
    check("init fails: the error comes through", value(type_call(&broken_type, none), &broken_type),
          -1);
    check("object.__new__(Point) is no init", value(new_by_hand(&object, &point, none), &point), 0);
    check("object.__new__(Celsius) is not safe",
          value(new_by_hand(&object, &celsius, none), &celsius), -1);
    check("int.__new__(Kelvin, 3), two classes below, is",
          value(new_by_hand(&integer, &kelvin, three), &kelvin), 3);
    check("int.__new__(Point): not a subtype", value(new_by_hand(&integer, &point, none), &point),
          -1);
    check("Point.__new__(Plain): no subtype, though both are object's",
          value(new_by_hand(&point, &plain, none), &plain), -1);
    Object *by_both = allocate(&both), *by_init = allocate(&point), *by_new = allocate(&plain),
           *number = allocate(&integer);
    if (!by_both || !by_init || !by_new || !number) return 1;
    check("object.__init__(a point, 3): its own init is elsewhere", object_init(by_init, three),
          false);
    check("object.__init__(a Plain, 3): new did not want it either", object_init(by_new, three),
          false);
    check("object.__init__(an int, 3): new did", object_init(number, three), true);
    check("object.__init__(a Both, 3): neither step is object's", object_init(by_both, three),
          false);
    decref(by_both), decref(by_init), decref(by_new), decref(number);
    check("nothing is left", live, 0);
    return broken;
}
