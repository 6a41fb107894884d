/* whiteboard.c: a decorator that is an object, in a function's place: it is called, and it is bound. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Object Object;
typedef struct {
    Object *(*call)(Object *self, Object **args, int nargs); // __call__, or NULL
    Object *(*get)(Object *self, Object *obj); // __get__, or NULL; obj NULL: asked of the class
    bool data;                                 // there is a __set__, too
    Object *attr;                              // what the class has, or NULL; one name is enough
} Type;
struct Object {
    Type *type;
    Object *func, *self;                       // method: both; CountCalls: func
    Object *(*code)(Object **args, int nargs); // function
    Object *attr;                              // what the instance has, or NULL
    int calls;                                 // CountCalls
};
enum { NARGS = 8 };
static const char *error; // of the last call that returned NULL
// op(*args): the type says whether, and how.
static Object *call(Object *op, Object **args, int nargs) {
    if (op->type->call) return op->type->call(op, args, nargs);
    error = "not callable";
    return NULL;
}

// A method's __call__: its self, then the arguments.
static Object *method_call(Object *method, Object **args, int nargs) {
    Object *all[NARGS + 1] = {method->self};
    for (int i = 0; i < nargs; i++)
        all[i + 1] = args[i];
    return call(method->func, all, nargs + 1);
}
static Type method_type = {.call = method_call};

// __get__ of whatever is called with self: op itself from the class, a new method from an instance.
static Object *bind(Object *op, Object *obj) {
    if (!obj) return op;
    Object *method = calloc(1, sizeof *method);
    if (method) *method = (Object){.type = &method_type, .func = op, .self = obj};
    return method;
}

// CountCalls.__call__.
static Object *count_call(Object *self, Object **args, int nargs) {
    self->calls++;
    return call(self->func, args, nargs);
}
static Type count_type = {.call = count_call, .get = bind};

// obj.attr: a data descriptor of the class, the instance's own, what else the class has.
static Object *getattr(Object *obj) {
    Object *found = obj->type->attr;
    bool asks = found && found->type->get;
    if (obj->attr && !(asks && found->type->data)) return obj->attr;
    return asks ? found->type->get(found, obj) : found;
}

// ---- the check: one line for each promise; status 1 if one is broken
static int broken;

static void check(const char *promise, bool kept) {
    printf("%s %s\n", kept ? "ok    " : "wrong ", promise);
    fflush(stdout); // before a crash
    if (!kept) broken = 1;
}

static Object *seen[NARGS + 1], *result;
static int nseen;

static Object *body(Object **args, int nargs) {
    for (nseen = 0; nseen < nargs; nseen++)
        seen[nseen] = args[nseen];
    return result;
}
static Object *function_call(Object *self, Object **args, int nargs) {
    return self->code(args, nargs);
}
static Object *property_get(Object *self, Object *obj) {
    return obj ? call(self->func, &obj, 1) : self;
}

static Type function_type = {.call = function_call, .get = bind}, plain_type;
static Type property_type = {.get = property_get, .data = true};
static Type cached_type = {.get = property_get};

static void drop(Object *op) {
    if (op && op->type == &method_type) free(op);
}

static bool saw(int nargs, const Object *first, const Object *second) {
    return nseen == nargs && (nargs < 1 || seen[0] == first) && (nargs < 2 || seen[1] == second);
}

int main(void) {
    Object value = {.type = &plain_type}, other = {.type = &plain_type};
    Object f = {.type = &function_type, .code = body}, counted = {.type = &count_type, .func = &f};
    Object twice = {.type = &count_type, .func = &counted};
    Type class = {.attr = NULL};
    Object obj = {.type = &class}, *args[] = {&value, &other}, *got;
    result = &other;

    check("a call gives what the function returns", call(&counted, args, 1) == &other);
    check("which got the argument", saw(1, &value, NULL));
    check("and the call was counted", counted.calls == 1);
    call(&counted, args, 2);
    check("two arguments, in their order", saw(2, &value, &other) && counted.calls == 2);
    call(&twice, args, 1);
    check("two of them on top of one another: each counts", twice.calls == 1 && counted.calls == 3);
    error = NULL;
    check("a value cannot be called: NULL", !call(&value, args, 1) && error);
    result = NULL;
    check("a function that fails: NULL, counted all the same",
          !call(&counted, args, 1) && counted.calls == 4);
    result = &other;

    check("nothing has the attribute: NULL", getattr(&obj) == NULL);
    class.attr = &counted;
    got = getattr(&obj);
    check("obj.attr is a method", got && got->type == &method_type);
    check("of the decorator, not of the function", got && got->func == &counted);
    if (got) call(got, args, 1);
    check("its call puts obj in front", saw(2, &obj, &value));
    check("and is counted", counted.calls == 5);
    if (got) call(got, args, 0);
    check("without an argument: obj alone", saw(1, &obj, NULL));
    if (got) call(got, args, 1);
    check("and the method can be called again", saw(2, &obj, &value));
    check("asked of the class: itself", bind(&counted, NULL) == &counted);
    drop(got);

    obj.attr = &value;
    got = getattr(&obj);
    check("the instance's own comes before it", got == &value);
    drop(got);
    Object property = {.type = &property_type, .func = &f};
    class.attr = &property;
    nseen = -1;
    check("but not before a property", getattr(&obj) == &other && saw(1, &obj, NULL));
    class.attr = &(Object){.type = &cached_type, .func = &f};
    check("without __set__ it does", getattr(&obj) == &value);
    obj.attr = NULL;
    check("and if there is none it is asked", getattr(&obj) == &other);
    class.attr = &value;
    check("what has no __get__ is handed out as it is", getattr(&obj) == &value);
    obj.attr = &other;
    check("after the instance's own", getattr(&obj) == &other);
    return broken;
}
