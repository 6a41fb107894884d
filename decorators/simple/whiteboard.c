/* whiteboard.c: a decorator with wraps: functions, the cell that a wrapper remembers by, and a call. */
#include <stdio.h>
#include <stdlib.h>

typedef struct Cell {
    int refcnt; // functions that have it
    void *ref;  // the value of one variable
} Cell;

typedef struct Function {
    const char *name, *doc;
    int (*body)(struct Function *self, int x);
    Cell *cell;               // of its free variable, or NULL
    struct Function *wrapped; // __wrapped__, or NULL
} Function;

// A new cell that nobody has yet, with this in it.
static Cell *make_cell(void *ref) {
    Cell *cell = malloc(sizeof *cell);
    if (cell) *cell = (Cell){0, ref};
    return cell;
}

// What `def` does: code, a name, the cell of the function around it, one owner more; or NULL.
static Function *make_function(const char *name, int (*body)(Function *, int), Cell *cell) {
    Function *self = malloc(sizeof *self);
    if (!self) return NULL;
    *self = (Function){name, NULL, body, cell, NULL};
    if (cell) cell->refcnt++;
    return self;
}

// The function goes; its cell goes with the last function that has it.
static void drop(Function *self) {
    if (self->cell && --self->cell->refcnt == 0) free(self->cell);
    free(self);
}

// def wrapper(x): return func(x) + 1. func is what the cell holds now.
static int wrapper_body(Function *self, int x) {
    Function *func = self->cell->ref;
    return func->body(func, x) + 1;
}

// @wraps(func): what people look at, and the way back. Returns the wrapper.
static Function *wraps(Function *wrapper, Function *func) {
    wrapper->name = func->name;
    wrapper->doc = func->doc;
    wrapper->wrapped = func;
    return wrapper;
}

// The decorator: def plus_one(func): @wraps(func) def wrapper...; return wrapper. NULL: no memory.
static Function *plus_one(Function *func) {
    Cell *cell = make_cell(func);
    Function *wrapper = cell ? make_function("wrapper", wrapper_body, cell) : NULL;
    if (!wrapper) free(cell);
    return wrapper ? wraps(wrapper, func) : NULL;
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

static int called; // how often a bare function ran

static int square(Function *self, int x) {
    (void)self;
    called++;
    return x * x;
}

static int minus(Function *self, int x) {
    (void)self;
    called++;
    return -x;
}

static int from_cell(Function *self, int x) {
    return *(int *)self->cell->ref * x;
}

int main(void) {
    Function f = {"square", "x times x", square, NULL, NULL},
             g = {"minus", NULL, minus, NULL, NULL};
    const char *name = f.name, *doc = f.doc;
    Function *once = plus_one(&f), *twice = plus_one(once), *other = plus_one(&g);
    if (!once || !twice || !other) return 1;
    check("decorating calls nothing", called, 0);
    check("the wrapper calls the function and adds one", once->body(once, 3), 10);
    check("once", called, 1);
    check("two around each other: applied from the inside", twice->body(twice, 3), 11);
    check("another wrapper has another function", other->body(other, 3), -2);
    check("the first still has its own", once->body(once, 2), 5);
    check("each decorated function has a cell of its own", once->cell != other->cell, 1);
    check("a cell has one owner", once->cell->refcnt, 1);
    check("wraps copies the name", twice->name == name, 1);
    check("and the docstring", once->doc == doc, 1);
    check("the way back is one step", twice->wrapped == once, 1);
    check("and another", once->wrapped == &f, 1);
    check("the function itself is as it was",
          f.name == name && f.body == square && !f.cell && !f.wrapped, 1);
    once->cell->ref = &g; // what `nonlocal func` could do
    check("the cell is looked at when it is called", once->body(once, 3), -2);
    check("__wrapped__ is no part of the call", once->wrapped == &f, 1);

    int i = 2;
    Cell *cell = make_cell(&i);
    Function *a = make_function("a", from_cell, cell), *b = make_function("b", from_cell, cell);
    if (!a || !b) return 1;
    check("two functions have the same cell", a->cell == b->cell, 1);
    check("and it knows of both", cell->refcnt, 2);
    int last = 5;
    cell->ref = &last;
    check("both see what the variable is now", a->body(a, 1) * 10 + b->body(b, 1), 55);
    drop(a);
    check("one goes, the other keeps the cell", b->cell->refcnt, 1);
    check("with what is in it", b->body(b, 2), 10);
    drop(b);
    drop(twice);
    drop(once);
    drop(other);
    return broken;
}
