/* whiteboard.c: in which order a class searches its bases (C3), and where obj.x comes from. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
enum { MAX = 12 };
typedef struct Object { // a class is an object, too; every list here ends with a NULL
    struct Object *type;
    const char *names[MAX]; // of its own attributes, and their values
    struct Object *values[MAX];
    struct Object *bases[MAX], *mro[MAX];                           // of a class
    struct Object *(*get)(struct Object *self, struct Object *obj); // of a descriptor's class
    bool data;                                                      // it has a set, too
} Object;
// The object's own attribute of that name, or NULL.
static Object *get_item(const Object *in, const char *name) {
    for (int i = 0; in->names[i]; i++)
        if (!strcmp(in->names[i], name)) return in->values[i];
    return NULL;
}
// Whether a class stands in a list behind its head; the list may be empty.
static bool in_tail(Object *const *list, const Object *cls) {
    for (int i = 1; list[0] && list[i]; i++)
        if (list[i] == cls) return true;
    return false;
}
// Fills in cls->mro: cls, then its bases' mro and its bases, merged by C3. false: there is no order.
static bool merge(Object *cls) {
    Object *const *lists[MAX], *taken = cls;
    int n = 0, count = 0, left;
    for (; cls->bases[n]; n++)
        lists[n] = cls->bases[n]->mro;
    for (lists[n++] = cls->bases; taken;) {
        cls->mro[count++] = taken, taken = NULL, left = 0;
        for (int i = 0; i < n; i++)
            if (*lists[i] == cls->mro[count - 1]) lists[i]++;
        for (int i = 0, j; i < n && !taken; i++) {
            for (j = 0; j < n && !in_tail(lists[j], *lists[i]);)
                j++;
            if (j == n) taken = *lists[i]; // an empty list has a NULL there
            left += *lists[i] != NULL;
        }
    }
    return left == 0;
}
// What the class or, in the order of its mro, one above it says of a name; or NULL.
static Object *lookup(const Object *cls, const char *name) {
    Object *found = NULL;
    for (int i = 0; cls->mro[i] && !found; i++)
        found = get_item(cls->mro[i], name);
    return found;
}
// obj.name, or NULL for an AttributeError.
static Object *get_attr(Object *obj, const char *name) {
    Object *found = lookup(obj->type, name), *own = get_item(obj, name);
    bool asked = found && found->type->get;
    if (own && !(asked && found->type->data)) return own;
    return asked ? found->type->get(found, obj) : found;
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

static Object of[128]; // a class for each letter

/* Makes a class with these bases; its mro as letters, or "none". */
static const char *order(char name, const char *bases) {
    static char letters[MAX + 1];
    Object *cls = &of[(int)name];
    for (int i = 0; bases[i]; i++)
        cls->bases[i] = &of[(int)bases[i]];
    if (!merge(cls)) return "none";
    int n = 0;
    for (; n < MAX && cls->mro[n]; n++)
        letters[n] = (char)(cls->mro[n] - of);
    letters[n] = '\0';
    return letters;
}

static void check_orders(void) {
    check("object is its own mro", order('o', ""), "o");
    check("A(object)", order('A', "o"), "Ao");
    order('B', "A"), order('C', "A");
    check("D(B, C), both from A: A comes after both", order('D', "BC"), "DBCAo");
    check("E(C, B): the other way round", order('E', "CB"), "ECBAo");
    check("X(A, B), B from A: there is no order", order('X', "AB"), "none");
    check("Y(B, A) has one", order('Y', "BA"), "YBAo");
    check("Z(D, E): D has B first, E has C", order('Z', "DE"), "none");
    order('P', "o"), order('Q', "P"), order('R', "o"), order('S', "R");
    check("T(Q, S): all above Q, then all above S", order('T', "QS"), "TQPSRo");
    check("U(T, D)", order('U', "TD"), "UTQPSRDBCAo");
}

static Object text = {.names = {NULL}}; // the class of plain values
static Object computed = {.type = &text}, of_class = {.type = &text}, of_obj = {.type = &text};
static Object *asked_about;

static Object *compute(Object *self, Object *obj) {
    (void)self;
    asked_about = obj;
    return &computed;
}

static Object function = {.get = compute}, property = {.get = compute, .data = true};
static Object method = {.type = &function}, getter = {.type = &property};

static void check_attribute(const char *promise, Object *in_class, Object *in_obj,
                            const char *expected) {
    Object *base = &of['A'], *obj = &(Object){.type = &of['D']};
    base->names[0] = in_class ? "x" : NULL, base->values[0] = in_class;
    if (in_obj) obj->names[0] = "x", obj->values[0] = in_obj;
    asked_about = NULL;
    const Object *got = get_attr(obj, "x");
    const char *said = got == &computed && asked_about == obj ? "asked"
                       : got == &computed                     ? "asked about another object"
                       : got == &of_class                     ? "the class's"
                       : got == &of_obj                       ? "the object's"
                       : got == &method                       ? "a function as it is"
                       : got                                  ? "something else"
                                                              : "AttributeError";
    check(promise, said, expected);
}

int main(void) {
    check_orders();
    if (broken) return broken;
    check_attribute("x nowhere", NULL, NULL, "AttributeError");
    check_attribute("x in a class far above", &of_class, NULL, "the class's");
    check_attribute("x in the object", NULL, &of_obj, "the object's");
    check_attribute("a value in the class and one in the object", &of_class, &of_obj,
                    "the object's");
    check_attribute("a function in the class", &method, NULL, "asked");
    check_attribute("a function in the class and a value in the object", &method, &of_obj,
                    "the object's");
    check_attribute("a property in the class", &getter, NULL, "asked");
    check_attribute("a property in the class and a value in the object", &getter, &of_obj, "asked");
    check_attribute("a function in the object: no method", NULL, &method, "a function as it is");
    Object *nearer = &of['C'];
    nearer->names[0] = "x", nearer->values[0] = &of_class;
    check_attribute("C's x before A's, for a D(B, C)", &getter, NULL, "the class's");
    return broken;
}
