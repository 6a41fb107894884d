/* whiteboard.c: a metaclass that registers: classes, how one is called, and a call that enters it. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

typedef struct Object Object;
typedef struct Class Class;
struct Object {
    Class *type;
};
struct Class { // is an object: its type is its metaclass
    Object ob;
    const char *name;
    Class *base;
    Object *(*call)(Class *self, const char *name, Class *base); // C(), for C of this type
    Object *(*new)(Class *type, const char *name, Class *base);
    int (*init)(Object *self); // -1: failed
};
static Class Type, made[100], *registry[100]; // the usual metaclass; all classes; the registered
static int nmade, registered;

// Whether a is b or derived from it.
static bool is_subclass(const Class *a, const Class *b) {
    while (a && a != b)
        a = a->base;
    return a != NULL;
}

// type.__call__: new, then init if that gave an instance of cls; NULL if one failed.
static Object *type_call(Class *cls, const char *name, Class *base) {
    Object *obj = cls->new (cls, name, base);
    if (!obj || !is_subclass(obj->type, cls)) return obj;
    return cls->init(obj) < 0 ? NULL : obj;
}

// type.__new__: a class of this metaclass; what instances of it do is as for its base.
static Object *type_new(Class *meta, const char *name, Class *base) {
    Class *cls = memcpy(&made[nmade++], base, sizeof *base);
    cls->ob.type = meta;
    cls->name = name;
    cls->base = base;
    return &cls->ob;
}

// class name(base, metaclass=asked): the more derived metaclass is called; NULL if neither is.
static Class *build_class(const char *name, Class *base, Class *asked) {
    Class *meta = base->ob.type;
    if (asked && is_subclass(asked, meta)) meta = asked;
    if (asked && !is_subclass(meta, asked)) return NULL;
    return (Class *)meta->ob.type->call(meta, name, base);
}

// Registering.__init__(cls): enters the class under its name; -1 if that is taken.
static int registering_init(Object *self) {
    for (int i = 0; i < registered; i++)
        if (strcmp(registry[i]->name, ((Class *)self)->name) == 0) return -1;
    registry[registered++] = (Class *)self;
    return 0;
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

static int inits, calls;

static int nothing(Object *self) {
    (void)self;
    inits++;
    return 0;
}

static Object *object_new(Class *type, const char *name, Class *base) {
    (void)name, (void)base;
    static Object objects[10];
    static int n;
    objects[n].type = type;
    return &objects[n++];
}

static Object *counting_call(Class *cls, const char *name, Class *base) {
    calls++;
    return type_call(cls, name, base);
}

static Object *other_new(Class *type, const char *name, Class *base) {
    static Object other;
    (void)type, (void)name, (void)base;
    other.type = &Type;
    return &other;
}

static Object *no_new(Class *type, const char *name, Class *base) {
    (void)type, (void)name, (void)base;
    return NULL;
}

static Class Base = {{&Type}, "object", NULL, NULL, object_new, nothing};
static Class Type = {{&Type}, "type", &Base, type_call, type_new, nothing};

static Object *make(Class *cls) {
    return cls->ob.type->call(cls, NULL, NULL);
}

int main(void) {
    Class *meta = build_class("Registering", &Type, NULL);
    if (!meta) return check("a metaclass is made", 0, 1), broken;
    check("its metaclass is type", meta->ob.type == &Type, true);
    check("it is derived from type", is_subclass(meta, &Type), true);
    check("and type not from it", is_subclass(&Type, meta), false);
    check("a class is derived from itself", is_subclass(meta, meta), true);
    meta->init = registering_init;
    meta->call = counting_call;
    check("nothing is registered yet", registered, 0);
    Class *csv = build_class("Csv", &Base, meta);
    if (!csv) return check("a class of it is made", 0, 1), broken;
    check("a class is of the metaclass asked for", csv->ob.type == meta, true);
    check("it has its name", strcmp(csv->name, "Csv"), 0);
    check("and its base", csv->base == &Base, true);
    check("and is registered", registered == 1 && registry[0] == csv, true);
    check("making it does not ask the metaclass's own call", calls, 0);
    inits = 0;
    Object *obj = make(csv);
    check("making an instance does", calls, 1);
    check("the instance is of the class", obj && obj->type == csv, true);
    check("and was initialised once", inits, 1);
    check("and is no class, as for its base", obj != &made[nmade - 1].ob, true);
    check("an instance is not registered", registered, 1);
    Class *below = build_class("Json", csv, NULL);
    check("below it nobody asks for a metaclass: the same", below && below->ob.type == meta, true);
    check("and it is registered, too", registered, 2);
    below = build_class("Xml", csv, &Type);
    check("asking for type below it: the more derived wins", below && below->ob.type == meta, true);
    check("the name twice: no class", build_class("Csv", &Base, meta) == NULL, true);
    check("and none is registered", registered, 3);
    Class *other = build_class("Other", &Type, NULL);
    check("another metaclass below it: a conflict", build_class("C", csv, other) == NULL, true);
    check("which nobody was called for", registered, 3);
    inits = 0;
    csv->new = other_new;
    check("new gives something else: handed on", make(csv) != NULL, true);
    check("and not initialised", inits, 0);
    csv->new = no_new;
    check("new fails: nothing", make(csv) == NULL, true);
    return broken;
}
