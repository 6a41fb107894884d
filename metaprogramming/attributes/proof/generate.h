/* generate.h: random programs of class creation and attribute operations, a line at a time.
 *
 * A line is chosen as an Op and then written as text, so the model in random.c can work on what it
 * means and the differential on what it says. Classes are C0, C1, ...; objects o0, o1, ...; of
 * attributes there are three, so that they meet. `wide` has more than the model knows: slots,
 * metaclasses, properties, proxies, and hooks that change the class they are called for.
 */
#ifndef GENERATE_H
#define GENERATE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { GENERATE_CLASSES = 8, GENERATE_OBJECTS = 6, GENERATE_NAMES = 3 };

/* What both sides are told first. */
static const char *const generate_setup[] = {
    "def take(self, label): object.__setattr__(self, 'label', label)",
    "def get(self, obj, cls): say('get', self.label); return self.label",
    "def set_to(self, obj, value): say('set', self.label)",
    "def delete(self, obj): say('delete', self.label)",
    "class NonData: __init__ = take; __get__ = get",
    "class Data(NonData): __set__ = set_to; __delete__ = delete",
    "class SetOnly: __init__ = take; __set__ = set_to",
    "def answer(self, name): say('getattr', name); return name",
    "def passes(self, name): say('getattribute', name); return object.__getattribute__(self, name)",
    "def refuse(self, name): say('refused', name); raise AttributeError(name)",
    "def set_it(self, name, value): say('setattr', name); object.__setattr__(self, name, value)",
    "def del_it(self, name): say('delattr', name); object.__delattr__(self, name)",
    "def wrong(self): return self.gone",
    "def tell(self): say('tell'); return self.b",
    "def put(self, value): say('put', value); self.b = value",
    "def three(self): say('len'); return 3",
    "def fail(self, name): say('failed', name); raise ValueError(name)",
    "def unhook(self, name): say('unhook'); del type(self).__getattr__; return name",
    "def define(self, name): say('define'); type(self).a = Data('late'); return name",
    "def swap(self, name): say('swap'); type(self).__getattr__ = answer; return self.b",
    "def swap_all(self, name): say('swap'); type(self).__getattribute__ = passes; return self.a",
    "def vanish(self, obj, cls): say('vanish'); del type(obj).a; return 'vanished'",
    "class Once: __get__ = vanish",
    "def log(name): say('log', name)",
    "class M(type): pass",
};

/* What a class may have under one of the names. The first four are the model's. */
typedef enum { VALUE, DATA, NON_DATA, SET_ONLY, MODEL_VALUES, VALUES = MODEL_VALUES + 5 } ValueKind;
static const char *const generate_values[VALUES] = {
    "'v%d'",          "Data('d%d')",         "NonData('n%d')", "SetOnly('s%d')", "property(wrong)",
    "property(tell)", "property(tell, put)", "answer",         "Once()"};

/* The hooks, and which name they go by. The first six are the model's. */
typedef enum { GETATTR, GETATTRIBUTE, SETATTR, DELATTR, LEN, HOOK_NAMES } HookName;
static const char *const generate_hook_names[HOOK_NAMES] = {
    "__getattr__", "__getattribute__", "__setattr__", "__delattr__", "__len__"};
typedef enum {
    ANSWER,
    REFUSE_GETATTR,
    PASS_ON,
    REFUSE,
    SET_IT,
    DEL_IT,
    MODEL_HOOKS,
    HOOKS = MODEL_HOOKS + 6
} Hook;
static const struct {
    HookName name;
    const char *text;
} generate_hooks[HOOKS] = {
    {GETATTR, "answer"}, {GETATTR, "refuse"}, {GETATTRIBUTE, "passes"},   {GETATTRIBUTE, "refuse"},
    {SETATTR, "set_it"}, {DELATTR, "del_it"}, {GETATTR, "fail"},          {GETATTR, "unhook"},
    {GETATTR, "define"}, {GETATTR, "swap"},   {GETATTRIBUTE, "swap_all"}, {LEN, "three"},
};

typedef enum {
    NEW_CLASS,  // cls, with bases `base` and `other`, or -1
    NEW_OBJECT, // obj of cls
    SET_CLASS,  // cls.name = a value of kind `what`, number `value`
    DEL_CLASS,
    SET_HOOK, // cls.hook = ...
    DEL_HOOK,
    SET_OBJECT, // obj.name = 'v`value`'
    DEL_OBJECT,
    OWN, // past all hooks
    READ,
    READ_CLASS,
    READ_PAST, // object.__getattribute__(obj, name)
    MODEL_OPS,
    NEW_SLOTS = MODEL_OPS,
    NEW_PROXY,
    READ_SUPER,
    LENGTH_OF,
    NAMES_OF,
    OPS
} OpKind;
typedef struct {
    OpKind kind;
    int cls, obj, base, other, name, what, value;
} Op;

typedef struct {
    uint64_t random;
    bool wide;
    int classes, objects, values; // made so far
} Generator;

static int generate_below(Generator *self, int limit) {
    uint64_t z = (self->random += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (int)((z ^ (z >> 31)) % (uint64_t)limit);
}

/* The next line. Half of them read. */
static inline Op generate_op(Generator *self) {
    Op op = {.base = -1, .other = -1};
    int limit = self->wide ? OPS : MODEL_OPS;
    op.kind = (OpKind)generate_below(self, limit);
    if (generate_below(self, 2)) op.kind = generate_below(self, 4) ? READ : READ_CLASS;
    bool make = op.kind == NEW_CLASS || op.kind == NEW_SLOTS;
    if (self->classes == 0 || (make && self->classes == GENERATE_CLASSES))
        make = self->classes == 0, op.kind = make ? NEW_CLASS : SET_CLASS;
    if (!make && self->objects == 0) op.kind = NEW_OBJECT;
    if (op.kind == NEW_PROXY && self->objects == GENERATE_OBJECTS) op.kind = READ;
    op.cls = make ? self->classes : generate_below(self, self->classes);
    op.what = generate_below(self, self->wide ? VALUES : MODEL_VALUES);
    if (op.kind == SET_HOOK || op.kind == DEL_HOOK)
        op.what = generate_below(self, self->wide ? HOOKS : MODEL_HOOKS);
    if (make && self->classes && generate_below(self, 4))
        op.base = generate_below(self, self->classes);
    if (op.base >= 0 && generate_below(self, 3) == 0)
        op.other = generate_below(self, self->classes);
    if (op.kind == NEW_OBJECT || op.kind == NEW_PROXY) {
        op.obj = self->objects < GENERATE_OBJECTS ? self->objects
                                                  : generate_below(self, GENERATE_OBJECTS);
    } else if (self->objects) {
        op.obj = generate_below(self, self->objects);
    }
    if (op.kind == NEW_PROXY) op.other = generate_below(self, self->objects);
    op.name = generate_below(self, GENERATE_NAMES);
    op.value = self->values++;
    return op;
}

/* What it says. A class may be refused (its bases); the caller counts what was made:
 * generate_made(). */
static inline void generate_text(const Op *op, bool wide, char *text, size_t size) {
    static const char *const proxies[] = {"Bare(o%d)", "Plain(o%d)", "Transparent(o%d)",
                                          "Logging(o%d, log)", "ReadOnly(o%d)"};
    char name = (char)('a' + op->name), value[40];
    int n = 0;
    switch (op->kind) {
    case NEW_CLASS:
    case NEW_SLOTS:
        n = snprintf(text, size, "class C%d", op->cls);
        if (op->base >= 0) n += snprintf(text + n, size - (size_t)n, "(C%d", op->base);
        if (op->other >= 0) n += snprintf(text + n, size - (size_t)n, ", C%d", op->other);
        if (wide && op->value % 4 == 0)
            n += snprintf(text + n, size - (size_t)n, "%smetaclass=M)", op->base >= 0 ? ", " : "(");
        else if (op->base >= 0)
            n += snprintf(text + n, size - (size_t)n, ")");
        if (op->kind == NEW_CLASS)
            snprintf(text + n, size - (size_t)n, ": pass");
        else
            snprintf(text + n, size - (size_t)n, ": __slots__ = '%c'", name);
        break;
    case NEW_OBJECT:
        snprintf(text, size, "o%d = C%d()", op->obj, op->cls);
        break;
    case NEW_PROXY:
        n = snprintf(text, size, "o%d = ", op->obj);
        n += snprintf(text + n, size - (size_t)n, proxies[op->what % 5], op->other);
        break;
    case SET_CLASS:
        snprintf(value, sizeof value, generate_values[op->what], op->value);
        if (wide && op->value % 8 == 0)
            snprintf(text, size, "M.%c = %s", name, value);
        else
            snprintf(text, size, "C%d.%c = %s", op->cls, name, value);
        break;
    case DEL_CLASS:
        if (wide && op->value % 8 == 0)
            snprintf(text, size, "del M.%c", name);
        else
            snprintf(text, size, "del C%d.%c", op->cls, name);
        break;
    case SET_HOOK:
        snprintf(text, size, "C%d.%s = %s", op->cls,
                 generate_hook_names[generate_hooks[op->what].name], generate_hooks[op->what].text);
        break;
    case DEL_HOOK:
        snprintf(text, size, "del C%d.%s", op->cls,
                 generate_hook_names[generate_hooks[op->what].name]);
        break;
    case SET_OBJECT:
        snprintf(text, size, "o%d.%c = 'v%d'", op->obj, name, op->value);
        break;
    case DEL_OBJECT:
        snprintf(text, size, "del o%d.%c", op->obj, name);
        break;
    case OWN:
        snprintf(text, size, "own(o%d, '%c', 'v%d')", op->obj, name, op->value);
        break;
    case READ:
        snprintf(text, size, "o%d.%c", op->obj, name);
        break;
    case READ_CLASS:
        snprintf(text, size, "C%d.%c", op->cls, name);
        break;
    case READ_PAST:
        snprintf(text, size, "object.__getattribute__(o%d, '%c')", op->obj, name);
        break;
    case READ_SUPER:
        snprintf(text, size, "super(C%d, o%d).%c", op->cls, op->obj, name);
        break;
    case LENGTH_OF:
        snprintf(text, size, "len(o%d)", op->obj);
        break;
    case NAMES_OF:
        if (op->value % 2)
            snprintf(text, size, "names(o%d)", op->obj);
        else
            snprintf(text, size, "names(C%d)", op->cls);
        break;
    case OPS:
        break;
    }
}

/* To be called when the line has been run, with what came of it. */
static inline void generate_made(Generator *self, const Op *op, const char *result) {
    bool good = strcmp(result, "None") == 0;
    if ((op->kind == NEW_CLASS || op->kind == NEW_SLOTS) && good) self->classes++;
    if ((op->kind == NEW_OBJECT || op->kind == NEW_PROXY) && good && op->obj == self->objects)
        self->objects++;
}

#endif
