/* function.c: how a function is made and called.
 *
 * A call binds arguments to parameters and runs the body. Nearly always as many came as the code has
 * parameters, and none by name: then the caller's array is the locals, and nothing is copied. All
 * else, defaults, names, *args and **kwargs and what can be wrong, is bind_arguments(). CPython:
 * Objects/funcobject.c, Objects/cellobject.c; Objects/call.c, _PyFunction_Vectorcall();
 * Python/ceval.c, initialize_locals().
 */
#include "function.h"

enum { FAST_LOCALS = 12 }; // parameters that are bound on the C stack

static ssize_t count_names(const char *const *names) {
    ssize_t n = 0;
    while (names && names[n])
        n++;
    return n;
}

/* ---- Cells ------------------------------------------------------------------------------------*/

Cell *make_cell(Object *value) {
    Cell *self = object_new(&Cell_Type, 0);
    if (self && value) self->ref = new_ref(value);
    return self;
}

static void cell_dealloc_now(Object *op) {
    Object *ref = ((Cell *)op)->ref;
    object_free(op);
    xdecref(ref);
}

static void cell_dealloc(Object *self) {
    dealloc_nested(self, cell_dealloc_now);
}

/* CPython: Objects/cellobject.c, cell_get_contents(). */
static Object *cell_get_contents(Object *self) {
    Object *ref = ((Cell *)self)->ref;
    if (ref) return new_ref(ref);
    error_set(ValueError, "Cell is empty");
    return NULL;
}

static int cell_set_contents(Object *op, Object *value) {
    Cell *self = (Cell *)op;
    Object *old = self->ref;
    self->ref = value ? new_ref(value) : NULL;
    xdecref(old);
    return 0;
}

static int cell_repr(Object *self, Writer *out) {
    const Object *ref = ((Cell *)self)->ref;
    char text[160];
    snprintf(text, sizeof text, "<cell at %p: ", (void *)self);
    writer_puts(out, text);
    snprintf(text, sizeof text, "%s object at %p>", ref ? ref->type->name : "", (const void *)ref);
    return writer_puts(out, ref ? text : "empty>");
}

/* By what they hold, and so they have no hash. CPython: cell_richcompare(). */
static int cell_equal(Object *self, Object *other) {
    if (other->type != &Cell_Type) return NOT_IMPLEMENTED;
    Object *a = ((Cell *)self)->ref, *b = ((Cell *)other)->ref;
    return a && b ? object_rich_equal(a, b) : a == b;
}

static const GetSet cell_getset[] = {{"cell_contents", cell_get_contents, cell_set_contents}, {0}};
Type Cell_Type = {TYPE("cell", Cell), .dealloc = cell_dealloc, .repr = cell_repr,
                  .equal = cell_equal, .getset = cell_getset};

/* Simplified: a function that has replaced its own __code__ while it runs is told the new one's name. */
Object *load_deref(Function *self, ssize_t i) {
    Object *value = ((Cell *)self->closure->items[i])->ref;
    if (value) return new_ref(value);
    error_set(NameError,
              "cannot access free variable '%s' where it is not associated with a value in "
              "enclosing scope",
              self->code->freevars[i]);
    return NULL;
}

int store_deref(Function *self, ssize_t i, Object *value) {
    if (!value) return -1;
    int status = cell_set_contents(self->closure->items[i], value);
    decref(value);
    return status;
}

Object *load_global(Function *self, const char *name) {
    Str *interned = str_intern(name);
    Object *value = interned ? dict_get_item(self->globals, interned) : NULL;
    if (value) return new_ref(value);
    if (interned) error_set(NameError, "name '%s' is not defined", name);
    return NULL;
}

/* ---- Code -------------------------------------------------------------------------------------*/

static Object *names_tuple(const char *const *names, ssize_t size) {
    Tuple *tuple = tuple_new(size);
    for (ssize_t i = 0; tuple && i < size; i++) {
        Str *name = str_intern(names[i]);
        if (name)
            tuple->items[i] = new_ref(name);
        else
            clear_ref(tuple);
    }
    return OBJECT(tuple);
}

static Object *code_get_name(Object *self) {
    return str_from_string(((Code *)self)->name);
}
static Object *code_get_argcount(Object *self) {
    return int_from_long(((Code *)self)->argcount);
}
static Object *code_get_varnames(Object *self) {
    return names_tuple(((Code *)self)->varnames, count_names(((Code *)self)->varnames));
}
static Object *code_get_freevars(Object *self) {
    return names_tuple(((Code *)self)->freevars, count_names(((Code *)self)->freevars));
}
static Object *code_get_cellvars(Object *self) {
    return names_tuple(((Code *)self)->cellvars, count_names(((Code *)self)->cellvars));
}

static const GetSet code_getset[] = {
    {"co_name", code_get_name, readonly},     {"co_argcount", code_get_argcount, readonly},
    {"co_varnames", code_get_varnames, NULL}, {"co_freevars", code_get_freevars, NULL},
    {"co_cellvars", code_get_cellvars, NULL}, {0}};
Type Code_Type = {TYPE("code", Code), .getset = code_getset};

/* ---- Making one -------------------------------------------------------------------------------*/

static int function_init(Function *self, Dict *globals) {
    const Code *code = self->code;
    Str *module_name = str_intern("__name__");
    Str *name = str_intern(code->name);
    Str *qualname = str_intern(code->qualname ? code->qualname : code->name);
    Object *doc = code->doc ? str_from_string(code->doc) : new_ref(None);
    if (!module_name || !name || !qualname || !doc) {
        xdecref(doc);
        return -1;
    }
    Object *module = globals ? dict_get_item(globals, module_name) : NULL;
    self->globals = globals ? (Dict *)new_ref(globals) : NULL;
    self->name = (Str *)new_ref(name);
    self->qualname = (Str *)new_ref(qualname);
    self->doc = doc;
    self->module = new_ref(module ? module : None);
    return 0;
}

Object *function_make(Code *code, Dict *globals, Tuple *defaults, Dict *kwdefaults,
                      Tuple *closure) {
    Function *self = error_occurred() ? NULL : object_new(&Function_Type, 0);
    if (!self) {
        xdecref(defaults);
        xdecref(kwdefaults);
        xdecref(closure);
        return NULL;
    }
    self->code = code;
    self->defaults = defaults;
    self->kwdefaults = kwdefaults;
    self->closure = closure;
    if (function_init(self, globals) < 0) clear_ref(self);
    return OBJECT(self);
}

static void function_dealloc_now(Object *op) {
    Function self = *(Function *)op;
    object_free(op);
    xdecref(self.globals);
    xdecref(self.name);
    xdecref(self.qualname);
    xdecref(self.doc);
    xdecref(self.module);
    xdecref(self.defaults);
    xdecref(self.kwdefaults);
    xdecref(self.closure);
    xdecref(self.dict);
    xdecref(self.annotations);
}

static void function_dealloc(Object *self) {
    dealloc_nested(self, function_dealloc_now);
}

static int function_repr(Object *op, Writer *out) {
    char address[32];
    snprintf(address, sizeof address, " at %p>", (void *)op);
    writer_puts(out, "<function ");
    writer_puts(out, ((Function *)op)->qualname->text);
    return writer_puts(out, address);
}

/* Through an instance a function is a method: the instance becomes its first argument. CPython:
 * Objects/funcobject.c, func_descr_get(). */
static Object *function_descr_get(Object *self, Object *obj, Type *type) {
    (void)type;
    return obj ? method_new(self, obj) : new_ref(self);
}

/* ---- Binding arguments to parameters ----------------------------------------------------------*/

/* "'a', 'b', and 'c'": the parameters from `first` up to `end` that have no value. */
static void name_missing(const Code *code, Object *const *locals, ssize_t first, ssize_t end,
                         ssize_t missing, Writer *out) {
    for (ssize_t i = first, left = missing; i < end; i++) {
        if (locals[i]) continue;
        if (left < missing) writer_puts(out, left > 1 ? ", " : missing > 2 ? ", and " : " and ");
        writer_puts(out, "'");
        writer_puts(out, code->varnames[i]);
        writer_puts(out, "'");
        left--;
    }
}

/* CPython: Python/ceval.c, missing_arguments(), format_missing(). */
static int missing_arguments(const Function *self, Object *const *locals, ssize_t first,
                             ssize_t end, const char *kind) {
    ssize_t missing = 0;
    for (ssize_t i = first; i < end; i++)
        missing += !locals[i];
    if (missing == 0) return 0;
    Writer names = {0};
    name_missing(self->code, locals, first, end, missing, &names);
    if (!names.failed)
        error_set(TypeError, "%s() missing %zd required %s argument%s: %.*s", self->qualname->text,
                  missing, kind, missing == 1 ? "" : "s", (int)names.length, names.bytes);
    writer_free(&names);
    return -1;
}

/* CPython: Python/ceval.c, too_many_positional(). */
static int too_many_positional(const Function *self, Object *const *locals, ssize_t given) {
    const Code *code = self->code;
    ssize_t most = code->argcount, kwonly = 0;
    ssize_t least = most - (self->defaults ? self->defaults->size : 0);
    for (ssize_t i = most; i < most + code->kwonlyargcount; i++)
        kwonly += locals[i] != NULL;
    char takes[64], also[96] = "";
    if (least < most)
        snprintf(takes, sizeof takes, "from %zd to %zd", least, most);
    else
        snprintf(takes, sizeof takes, "%zd", most);
    if (kwonly)
        snprintf(also, sizeof also, " positional argument%s (and %zd keyword-only argument%s)",
                 given != 1 ? "s" : "", kwonly, kwonly != 1 ? "s" : "");
    return error_set(TypeError, "%s() takes %s positional argument%s but %zd%s %s given",
                     self->qualname->text, takes, least < most || most != 1 ? "s" : "", given, also,
                     given == 1 && !kwonly ? "was" : "were");
}

/* "a, b": the parameters before the / that were given by name. Whether there is one. CPython:
 * Python/ceval.c, positional_only_passed_as_keyword(). */
static bool positional_only_passed(const Function *self, const Tuple *kwnames) {
    Writer names = {0};
    bool passed = false;
    for (int j = 0; j < self->code->posonlyargcount; j++) {
        for (ssize_t i = 0; i < kwnames->size; i++) {
            if (strcmp(((Str *)kwnames->items[i])->text, self->code->varnames[j]) != 0) continue;
            writer_puts(&names, passed ? ", " : "");
            writer_puts(&names, self->code->varnames[j]);
            passed = true;
        }
    }
    if (passed && !names.failed)
        error_set(TypeError,
                  "%s() got some positional-only arguments passed as keyword arguments: '%.*s'",
                  self->qualname->text, (int)names.length, names.bytes);
    writer_free(&names);
    return passed;
}

/* Arguments with a name go to the parameter of that name, or into **kwargs. */
static int bind_keywords(const Function *self, Object **locals, Object *const *values,
                         const Tuple *kwnames, Dict *kwdict) {
    const Code *code = self->code;
    for (ssize_t i = 0; i < kwnames->size; i++) {
        Str *keyword = (Str *)kwnames->items[i];
        ssize_t j = code->posonlyargcount, total = code->argcount + code->kwonlyargcount;
        while (j < total && strcmp(code->varnames[j], keyword->text) != 0)
            j++;
        if (j == total && kwdict) {
            if (dict_set_item(kwdict, keyword, values[i]) < 0) return -1;
        } else if (j == total) {
            if (positional_only_passed(self, kwnames)) return -1;
            return error_set(TypeError, "%s() got an unexpected keyword argument '%s'",
                             self->qualname->text, keyword->text);
        } else if (locals[j]) {
            return error_set(TypeError, "%s() got multiple values for argument '%s'",
                             self->qualname->text, keyword->text);
        } else {
            locals[j] = new_ref(values[i]);
        }
    }
    return 0;
}

/* What got no value takes its default. */
static int bind_defaults(const Function *self, Object **locals) {
    const Code *code = self->code;
    ssize_t total = code->argcount + code->kwonlyargcount;
    ssize_t first = code->argcount - (self->defaults ? self->defaults->size : 0);
    if (missing_arguments(self, locals, 0, first, "positional") < 0) return -1;
    for (ssize_t i = first > 0 ? first : 0; i < code->argcount;
         i++) { // __defaults__ may be too many
        if (!locals[i]) locals[i] = new_ref(self->defaults->items[i - first]);
    }
    for (ssize_t i = code->argcount; self->kwdefaults && i < total; i++) {
        Str *name = locals[i] ? NULL : str_intern(code->varnames[i]);
        Object *value = name ? dict_get_item(self->kwdefaults, name) : NULL;
        if (value) locals[i] = new_ref(value);
    }
    return missing_arguments(self, locals, code->argcount, total, "keyword-only");
}

/* Fills locals, all NULL, with new references; 0, or -1 with TypeError. */
static int bind_arguments(const Function *self, Object **locals, Object *const *args, ssize_t nargs,
                          const Tuple *kwnames) {
    const Code *code = self->code;
    ssize_t next = code->argcount + code->kwonlyargcount;
    ssize_t positional = nargs < code->argcount ? nargs : code->argcount;
    Dict *kwdict = NULL;
    for (ssize_t i = 0; i < positional; i++)
        locals[i] = new_ref(args[i]);
    if (code->flags & CO_VARARGS) {
        Tuple *rest = tuple_from_array(args + positional, nargs - positional);
        if (!(locals[next++] = OBJECT(rest))) return -1;
    }
    if (code->flags & CO_VARKEYWORDS) {
        kwdict = dict_new();
        if (!(locals[next] = OBJECT(kwdict))) return -1;
    }
    if (kwnames && bind_keywords(self, locals, args + nargs, kwnames, kwdict) < 0) return -1;
    if (nargs > positional && !(code->flags & CO_VARARGS))
        return too_many_positional(self, locals, nargs);
    bool all = positional == code->argcount && !code->kwonlyargcount;
    return all ? 0 : bind_defaults(self, locals);
}

/* ---- The call ---------------------------------------------------------------------------------*/

/* Not inlined: the plain call needs none of its stack. */
__attribute__((noinline)) static Object *call_bound(Function *self, Object *const *args,
                                                    ssize_t nargs, Tuple *kwnames) {
    const Code *code = self->code;
    ssize_t size = code->argcount + code->kwonlyargcount + 2; // *args, **kwargs
    Object *small[FAST_LOCALS], *result = NULL;
    Object **locals = size <= FAST_LOCALS ? small : malloc((size_t)size * sizeof *locals);
    if (!locals) return error_no_memory();
    for (ssize_t i = 0; i < size; i++)
        locals[i] = NULL;
    if (bind_arguments(self, locals, args, nargs, kwnames) == 0) result = code->body(self, locals);
    for (ssize_t i = 0; i < size; i++)
        xdecref(locals[i]);
    if (locals != small) free(locals);
    return result;
}

static Object *function_vectorcall(Object *op, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    Function *self = (Function *)op;
    const Code *code = self->code;
    if (recursion_enter("") < 0) return NULL;
    incref(self); // its body may drop the last reference to it
    bool plain = nargs == code->argcount && !kwnames && !code->flags && !code->kwonlyargcount;
    Object *result = plain ? code->body(self, args) : call_bound(self, args, nargs, kwnames);
    decref(self);
    recursion_leave();
    return result;
}

/* ---- Attributes -------------------------------------------------------------------------------*/

static Object *or_none(void *op) {
    return new_ref(op ? OBJECT(op) : None);
}

/* Puts a new value into a field, NULL for none, and drops the old one last. */
#define REPLACE(field, kind, value)                                                                \
    do {                                                                                           \
        Object *replaced = OBJECT(field);                                                          \
        (field) = (value) ? (kind)new_ref(value) : NULL;                                           \
        xdecref(replaced);                                                                         \
    } while (0)

#define GETTER(field)                                                                              \
    static Object *get_##field(Object *self) {                                                     \
        return or_none(((Function *)self)->field);                                                 \
    }
GETTER(name)
GETTER(qualname)
GETTER(doc)
GETTER(module)
GETTER(defaults)
GETTER(kwdefaults)
GETTER(closure)
GETTER(globals)
GETTER(code)

/* CPython: Objects/funcobject.c, func_set_name(), func_set_qualname(). */
static int set_name(Object *self, Object *value) {
    if (!value || value->type != &Str_Type)
        return error_set(TypeError, "__name__ must be set to a string object");
    REPLACE(((Function *)self)->name, Str *, value);
    return 0;
}
static int set_qualname(Object *self, Object *value) {
    if (!value || value->type != &Str_Type)
        return error_set(TypeError, "__qualname__ must be set to a string object");
    REPLACE(((Function *)self)->qualname, Str *, value);
    return 0;
}

static int set_doc(Object *self, Object *value) {
    REPLACE(((Function *)self)->doc, Object *, value);
    return 0;
}
static int set_module(Object *self, Object *value) {
    REPLACE(((Function *)self)->module, Object *, value);
    return 0;
}

static int set_defaults(Object *self, Object *value) {
    if (value == None) value = NULL;
    if (value && value->type != &Tuple_Type)
        return error_set(TypeError, "__defaults__ must be set to a tuple object");
    REPLACE(((Function *)self)->defaults, Tuple *, value);
    return 0;
}
static int set_kwdefaults(Object *self, Object *value) {
    if (value == None) value = NULL;
    if (value && value->type != &Dict_Type)
        return error_set(TypeError, "__kwdefaults__ must be set to a dict object");
    REPLACE(((Function *)self)->kwdefaults, Dict *, value);
    return 0;
}

static Object *get_annotations(Object *op) {
    Function *self = (Function *)op;
    if (!self->annotations) self->annotations = OBJECT(dict_new());
    return self->annotations ? new_ref(self->annotations) : NULL;
}
static int set_annotations(Object *self, Object *value) {
    if (value == None) value = NULL;
    if (value && value->type != &Dict_Type)
        return error_set(TypeError, "__annotations__ must be set to a dict object");
    REPLACE(((Function *)self)->annotations, Object *, value);
    return 0;
}

/* A function takes the place of another's code if it needs as many cells. CPython: func_set_code(). */
static int set_code(Object *op, Object *value) {
    Function *self = (Function *)op;
    if (!value || value->type != &Code_Type)
        return error_set(TypeError, "__code__ must be set to a code object");
    ssize_t free = count_names(((Code *)value)->freevars);
    ssize_t cells = self->closure ? self->closure->size : 0;
    if (free != cells)
        return error_set(ValueError, "%s() requires a code object with %zd free vars, not %zd",
                         self->name->text, cells, free);
    self->code = (Code *)value;
    return 0;
}

static const GetSet function_getset[] = {
    {"__name__", get_name, set_name},
    {"__qualname__", get_qualname, set_qualname},
    {"__doc__", get_doc, set_doc},
    {"__module__", get_module, set_module},
    {"__defaults__", get_defaults, set_defaults},
    {"__kwdefaults__", get_kwdefaults, set_kwdefaults},
    {"__annotations__", get_annotations, set_annotations},
    {"__closure__", get_closure, readonly},
    {"__globals__", get_globals, readonly},
    {"__code__", get_code, set_code},
    {0},
};

Type Function_Type = {
    TYPE("function", Function),
    .flags = METHOD_DESCRIPTOR,
    .dictoffset = offsetof(Function, dict),
    .dealloc = function_dealloc,
    .repr = function_repr,
    .vectorcall = function_vectorcall,
    .descr_get = function_descr_get,
    .getset = function_getset,
};
