/* whiteboard.c: obj.x with two hooks, __getattribute__ and __getattr__; len(obj) asks neither. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
enum { MAX = 8 };
static const char AttributeError[] = "AttributeError", *error; // what is raised; NULL: nothing
typedef struct Object *(*Hook)(struct Object *self, const char *name); // NULL with an error
typedef struct Object {                                                // a class is an object, too
    struct Object *type;
    const char *names[MAX]; // of its own attributes, up to a NULL, and their values
    struct Object *values[MAX];
    struct Object *base;        // of a class; NULL: none
    Hook getattribute, getattr; // of a class: its own hooks, or NULL
    Hook cell;                  // of a class: what obj.x calls
    struct Object *(*get)(struct Object *self, struct Object *obj); // of a descriptor's class
    bool data;                                                      // it has a set, too
} Object;
// The object's own attribute of that name, or NULL.
static Object *get_item(const Object *in, const char *name) {
    for (int i = 0; in->names[i]; i++)
        if (!strcmp(in->names[i], name)) return in->values[i];
    return NULL;
}
// What the class or one above it has under that name, or NULL.
static Object *lookup(const Object *cls, const char *name) {
    Object *found = cls ? get_item(cls, name) : NULL;
    return found || !cls ? found : lookup(cls->base, name);
}
// object.__getattribute__: data descriptor, the instance's own, the rest of the class, or AttributeError.
static Object *generic_getattr(Object *obj, const char *name) {
    Object *found = lookup(obj->type, name), *own = get_item(obj, name);
    bool asked = found && found->type->get;
    if (asked && found->type->data) return found->type->get(found, obj);
    if (own) return own;
    if (!found) error = AttributeError;
    return asked ? found->type->get(found, obj) : found;
}
// The cell of a class with a hook: __getattribute__ always; __getattr__ when that raised AttributeError.
static Object *slot_getattr_hook(Object *obj, const char *name) {
    Hook first = NULL, second = NULL;
    for (const Object *cls = obj->type; cls; cls = cls->base) {
        if (!first) first = cls->getattribute;
        if (!second) second = cls->getattr;
    }
    Object *result = first ? first(obj, name) : generic_getattr(obj, name);
    if (result || error != AttributeError || !second) return result;
    error = NULL;
    return second(obj, name);
}
// The end of a class statement: fills the cell, by what the class or one above it has.
static void fill_cell(Object *cls) {
    bool hooked =
        cls->getattribute || cls->getattr || (cls->base && cls->base->cell == slot_getattr_hook);
    cls->cell = hooked ? slot_getattr_hook : generic_getattr;
}
// The special method that an operation such as len(obj) calls: past the instance and past its hooks.
static Object *special(Object *obj, const char *name) {
    Object *found = lookup(obj->type, name);
    return found && found->type->get ? found->type->get(found, obj) : found;
}
// ---- the check: one line for each promise; status 1 if one is broken
static int broken;

static void check(const char *promise, const char *got, const char *expected) {
    if (strcmp(got, expected) == 0) {
        printf("ok     %s\n", promise);
    } else {
        printf("wrong  %s: %s, expected %s\n", promise, got, expected);
        broken = 1;
    }
    fflush(stdout); // before a crash
}

static Object text; // the class of plain values
static Object computed = {.type = &text}, in_class = {.type = &text}, in_obj = {.type = &text},
              made_up = {.type = &text};
static const char ValueError[] = "ValueError";
static char called[40]; // who was, in order
static const char *to_raise;

static Object *told(const char *who, Object *result) {
    if (strlen(called) < sizeof called - 3) strcat(called, who);
    if (to_raise && result == &computed) error = to_raise;
    return error ? NULL : result;
}

static Object *compute(Object *self, Object *obj) {
    (void)self, (void)obj;
    return told("g", &computed);
}

static Object *answer(Object *self, const char *name) {
    (void)self, (void)name;
    return told(error ? "still raised" : "a", &made_up);
}

static Object *pass_on(Object *self, const char *name) {
    strcat(called, "p");
    return generic_getattr(self, name);
}

static Object *refuse(Object *self, const char *name) {
    (void)self, (void)name;
    strcat(called, "r");
    error = to_raise;
    return NULL;
}

static Object function = {.get = compute}, property = {.get = compute, .data = true};
static Object method = {.type = &function}, getter = {.type = &property};
static Object base, cls, obj;

static void put(Object *in, Object *value) {
    in->names[0] = value ? "x" : NULL, in->values[0] = value;
}

/* Makes class base, class cls(base) and an instance: x in each, or NULL. */
static void make(Object *x_in_base, Object *x_in_class, Object *x_in_obj) {
    base = cls = obj = (Object){.type = NULL};
    cls.base = &base, obj.type = &cls;
    put(&base, x_in_base), put(&cls, x_in_class), put(&obj, x_in_obj);
    *called = '\0', error = to_raise = NULL;
}

/* Who was called, and what came of it. */
static const char *say(const Object *got) {
    static char said[80];
    snprintf(said, sizeof said, "%s%s%s", called, *called ? " " : "",
             got == &computed   ? "computed"
             : got == &in_class ? "class's"
             : got == &in_obj   ? "own"
             : got == &made_up  ? "made up"
             : got == &method   ? "a function as it is"
             : got              ? "something else"
             : error            ? error
                                : "nothing raised");
    return said;
}

static const char *get(void) {
    fill_cell(&base), fill_cell(&cls);
    return say(cls.cell ? cls.cell(&obj, "x") : NULL);
}

static void check_places(void) {
    make(NULL, NULL, NULL);
    check("x nowhere", get(), "AttributeError");
    make(&in_class, NULL, NULL);
    check("a value in the base", get(), "class's");
    make(&getter, &in_class, NULL);
    check("the class hides its base", get(), "class's");
    make(&in_class, NULL, &in_obj);
    check("the instance's own hides a value", get(), "own");
    make(NULL, &method, &in_obj);
    check("and a function", get(), "own");
    make(NULL, &method, NULL);
    check("a function is asked", get(), "g computed");
    make(NULL, &getter, &in_obj);
    check("a property is asked before the instance", get(), "g computed");
    make(NULL, NULL, &method);
    check("a function of the instance is not asked", get(), "a function as it is");
}

static void check_hooks(void) {
    make(NULL, NULL, NULL), cls.getattr = answer;
    check("x nowhere, and a __getattr__", get(), "a made up");
    make(NULL, NULL, NULL), base.getattr = answer;
    check("a __getattr__ of the base", get(), "a made up");
    make(NULL, &in_class, NULL), cls.getattr = answer;
    check("x found: no __getattr__", get(), "class's");
    make(NULL, NULL, &in_obj), cls.getattribute = pass_on;
    check("__getattribute__ is always called", get(), "p own");
    make(NULL, NULL, &in_obj), base.getattribute = pass_on, cls.getattr = answer;
    check("both, x found", get(), "p own");
    make(NULL, NULL, NULL), cls.getattribute = pass_on, base.getattr = answer;
    check("both, x nowhere", get(), "pa made up");
    make(NULL, NULL, NULL), cls.getattribute = pass_on;
    check("x nowhere, and nobody to ask", get(), "p AttributeError");
    make(NULL, NULL, &in_obj), base.getattribute = refuse, cls.getattribute = pass_on;
    check("the nearest class's hook", get(), "p own");
    make(NULL, NULL, &in_obj), cls.getattribute = refuse, cls.getattr = answer,
                               to_raise = AttributeError;
    check("__getattribute__ refuses: __getattr__", get(), "ra made up");
    make(NULL, NULL, &in_obj), cls.getattribute = refuse, cls.getattr = answer,
                               to_raise = ValueError;
    check("another error comes through", get(), "r ValueError");
    make(NULL, &getter, NULL), cls.getattr = answer, to_raise = AttributeError;
    check("a property's AttributeError: the trap", get(), "ga made up");
    make(NULL, &getter, NULL), cls.getattr = answer, to_raise = ValueError;
    check("a property's other error", get(), "g ValueError");
}

int main(void) {
    check_places();
    if (broken) return broken;
    check_hooks();
    make(NULL, NULL, NULL), get();
    check("a class without hooks does not pay for them",
          cls.cell == generic_getattr ? "generic" : "hooked", "generic");
    make(&method, NULL, &in_obj), cls.getattribute = refuse, cls.getattr = answer, get(),
                                  *called = '\0', error = NULL;
    check("len(obj): the class's, bound; no hook, no instance", say(special(&obj, "x")),
          "g computed");
    make(NULL, NULL, &method), cls.getattr = answer;
    check("len(obj): only the instance has it", say(special(&obj, "x")), "nothing raised");
    return broken;
}
