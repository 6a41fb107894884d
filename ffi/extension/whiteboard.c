/* whiteboard.c: a METH_O function with every error path right, and its caller. */
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

typedef enum { NOTHING, INT, LIST, STR } Type;
typedef struct Object {
    long refcnt;
    Type type;  // NOTHING: it is not alive
    long value; // of an int; of a list, how many items it has
    struct Object *items[4];
} Object;
typedef Object *(*CFunction)(Object *module, Object *arg);

static const char *error;                         // the pending error's type, or NULL
static Object *object_new(Type type, long value); // one reference, the caller's; or MemoryError
static long as_long(const Object *o);             // -1 with TypeError; the user's code runs first

static Object *raise_error(const char *type) {
    error = type;
    return NULL;
}

// Drops a reference. With the last one the object dies, and drops those that it holds.
static void decref(Object *o) {
    if (--o->refcnt > 0) return;
    for (long i = 0; o->type == LIST && i < o->value; i++)
        decref(o->items[i]);
    o->type = NOTHING;
}

// total(list), METH_O: the sum, a new int; NULL with TypeError, OverflowError, MemoryError.
static Object *total(Object *module, Object *arg) {
    long sum = 0;
    (void)module;
    if (arg->type != LIST) return raise_error("TypeError");
    for (long i = 0; i < arg->value; i++) { // asked anew: the user's code may have changed it
        Object *item = arg->items[i];
        item->refcnt++; // ours: the list may drop its own meanwhile
        long value = as_long(item);
        decref(item); // on every way out
        if (value == -1 && error) return NULL;
        if (__builtin_add_overflow(sum, value, &sum)) return raise_error("OverflowError");
    }
    return object_new(INT, sum);
}

// The call: exactly one argument; a result or an error, else SystemError and no result.
static Object *call_one(CFunction function, Object *const *args, long nargs) {
    if (nargs != 1) return raise_error("TypeError");
    Object *result = function(NULL, args[0]);
    if (!result && !error) return raise_error("SystemError");
    if (result && error) {
        decref(result);
        return raise_error("SystemError");
    }
    return result;
}

// ---- the check: one line for each promise; status 1 if one is broken
static Object pool[16];
static int room = 16;      // so many objects may be alive at once
static void (*hook)(void); // the user's code: runs when an object is asked for its value

static Object *object_new(Type type, long value) {
    for (Object *o = pool; o < pool + room; o++) {
        if (o->type != NOTHING) continue;
        *o = (Object){1, type, value, {NULL}};
        return o;
    }
    return raise_error("MemoryError");
}

static long as_long(const Object *o) {
    if (hook) hook();
    if (o->type == INT) return o->value;
    raise_error("TypeError");
    return -1;
}

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

static int alive(void) {
    int count = 0;
    for (int i = 0; i < 16; i++)
        count += pool[i].type != NOTHING;
    return count;
}

static Object *list; // of the ints a, b; what as_long finds is b's
static void begin(long a, long b) {
    memset(pool, 0, sizeof pool);
    room = 16, hook = NULL, error = NULL;
    list = &pool[0];
    pool[0] = (Object){1, LIST, 2, {&pool[1], &pool[2]}};
    pool[1] = (Object){1, INT, a, {NULL}};
    pool[2] = (Object){1, INT, b, {NULL}};
}

/* total(list)'s value; -99 for NULL. What it made is gone again. */
static long sum_of(void) {
    Object *result = call_one(total, &list, 1);
    long value = result ? result->value : -99;
    if (result) decref(result);
    return value;
}

static bool is(const char *type) {
    return error && strcmp(error, type) == 0;
}

/* The list drops both its items, and is shorter. */
static void clear_list(void) {
    hook = NULL;
    list->value = 0;
    decref(list->items[0]);
    decref(list->items[1]);
}

static Object *neither(Object *module, Object *arg) {
    (void)module, (void)arg;
    return NULL;
}
static Object *both(Object *module, Object *arg) {
    (void)module;
    raise_error("ValueError");
    arg->refcnt++;
    return arg;
}
static Object *itself(Object *module, Object *arg) {
    (void)module;
    arg->refcnt++;
    return arg;
}

int main(void) {
    begin(2, 3);
    check("the sum", sum_of(), 5);
    check("nothing is pending", error == NULL, true);
    check("as many are alive as before", alive(), 3);
    check("the references are as before",
          pool[0].refcnt * 100 + pool[1].refcnt * 10 + pool[2].refcnt, 111);
    begin(2, 3);
    Object *result = call_one(total, &list, 1);
    check("the result has one reference, the caller's", result ? result->refcnt : -1, 1);
    begin(-1, 3);
    check("-1 is a value, too", sum_of(), 2);
    begin(2, 3);
    pool[1].type = STR;
    check("no int among them: NULL", sum_of(), -99);
    check("with TypeError", is("TypeError"), true);
    check("and the item is not held any more", pool[1].refcnt, 1);
    begin(LONG_MAX, 1);
    check("too large: NULL", sum_of(), -99);
    check("with OverflowError", is("OverflowError"), true);
    begin(2, 3);
    room = 3;
    check("no room for the result: NULL", sum_of(), -99);
    check("with MemoryError", is("MemoryError"), true);
    check("and the references are as before", pool[1].refcnt * 10 + pool[2].refcnt, 11);
    begin(2, 3);
    pool[0].type = STR;
    check("no list: NULL", sum_of(), -99);
    check("with TypeError", is("TypeError"), true);
    begin(2, 3);
    hook = clear_list;
    check("the user's code empties the list meanwhile: what was held counts", sum_of(), 2);
    check("and both items are gone", alive(), 1);
    begin(2, 3);
    Object *two[] = {list, list};
    check("two arguments: NULL", call_one(total, two, 2) == NULL && is("TypeError"), true);
    begin(2, 3);
    check("none: NULL", call_one(total, two, 0) == NULL && is("TypeError"), true);
    begin(2, 3);
    check("the function's own result comes back", call_one(itself, &list, 1) == list, true);
    check("NULL and no error: SystemError",
          call_one(neither, &list, 1) == NULL && is("SystemError"), true);
    begin(2, 3);
    check("a result and an error: NULL", call_one(both, &list, 1) == NULL, true);
    check("with SystemError", is("SystemError"), true);
    check("and the result is dropped", list->refcnt, 1);
    begin(2, 3);
    decref(list);
    check("a list takes its items along", alive(), 0);
    return broken;
}
