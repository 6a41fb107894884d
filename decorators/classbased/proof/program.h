/* program.h: a small Python, so that a proof's program is text that python3 runs, too.
 *
 *     line       = statement {";" statement}                         one expression: its value is the line's
 *     statement  = "def" NAME "(" parameters ")" ["->" value] ":" line | "class" NAME ["(" NAME ")"] ":" line | "pass"
 *                | "del" target | "return" value | "raise" NAME "(" value ")" | target "=" value | value {"," value}
 *     parameters = {["*" | "**"] NAME [":" value] ["=" value] ","}
 *     value      = atom {"." NAME | "(" {[NAME "="] value ","} ")"}
 *     atom       = NAME | number | 'string' | "(" {value ","} ")"
 *
 * Text is executed while it is read; a function keeps the text of its body. A wrong line is a fault
 * of the proof: abort(). Functions have the names of the module and their parameters, nothing
 * between.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include "../callable.h"
#include "../descr.h"
#include "../dispatch.h"

#include <ctype.h>

enum { PROGRAM_ARGS = 8 };

/* A function that a program made. */
typedef struct ProgramCode {
    Code code;
    const char *body; // up to the end of the line
    const char *names[PROGRAM_ARGS + 1];
    struct ProgramCode *next;
    char text[]; // the line, then the names
} ProgramCode;

static struct {
    Dict *names; // of the module
    FILE *out;   // where say() writes
    ProgramCode *codes;
} program;

/* Who reads: a line of the module, of a class (names not NULL) or of a function. */
typedef struct {
    const char *at;
    Dict *names;
    const Code *code;
    Object *const *locals;
    bool returned;
} Reader;

static Object *read_target(Reader *self, Str **target);
static Object *read_line(Reader *self);
static Object *read_value(Reader *self) {
    return read_target(self, NULL);
}

/* ---- Words ------------------------------------------------------------------------------------*/

static bool take(Reader *self, const char *token) {
    size_t n = strlen(token);
    while (*self->at == ' ')
        self->at++;
    bool word = isalpha((unsigned char)*token);
    if (strncmp(self->at, token, n) != 0 ||
        (word && (isalnum((unsigned char)self->at[n]) || self->at[n] == '_')))
        return false;
    self->at += n;
    return true;
}

static void expect(Reader *self, const char *token) {
    if (take(self, token)) return;
    fprintf(stderr, "program: %s expected at: %s\n", token, self->at);
    abort();
}

static bool at_name(Reader *self) {
    take(self, "");
    return isalpha((unsigned char)*self->at) || *self->at == '_';
}

/* Borrowed; NULL with MemoryError. */
static Str *read_name(Reader *self) {
    char text[64];
    size_t n = 0;
    if (!at_name(self)) expect(self, "a name");
    while (n < sizeof text - 1 && (isalnum((unsigned char)self->at[n]) || self->at[n] == '_')) {
        text[n] = self->at[n];
        n++;
    }
    text[n] = '\0';
    self->at += n;
    return str_intern(text);
}

/* ---- Expressions ------------------------------------------------------------------------------*/

static Object *load_name(const Reader *self, const Str *name) {
    for (int i = 0; self->code && self->code->varnames[i]; i++) {
        if (strcmp(self->code->varnames[i], name->text) == 0) return new_ref(self->locals[i]);
    }
    Object *found = self->names ? dict_get_item(self->names, name) : NULL;
    if (!found) found = dict_get_item(program.names, name);
    if (found) return new_ref(found);
    error_set(NameError, "name '%s' is not defined", name->text);
    return NULL;
}

/* Up to ")": the values, and the names of the last. -1 with an error; what was read is in args. */
static int read_arguments(Reader *self, Object **args, ssize_t *nargs, Tuple **kwnames) {
    Str *names[PROGRAM_ARGS];
    ssize_t nkw = 0;
    *nargs = 0;
    *kwnames = NULL;
    while (!take(self, ")")) {
        Reader before = *self;
        Str *name = at_name(self) ? read_name(self) : NULL;
        if (name && take(self, "=")) {
            names[nkw++] = name;
        } else {
            *self = before;
        }
        if (error_occurred() || !(args[*nargs] = read_value(self))) return -1;
        ++*nargs;
        take(self, ",");
    }
    if (nkw == 0) return 0;
    if (!(*kwnames = tuple_new(nkw))) return -1;
    for (ssize_t i = 0; i < nkw; i++)
        (*kwnames)->items[i] = new_ref(names[i]);
    *nargs -= nkw;
    return 0;
}

static Object *read_call(Reader *self, Object *func) { // steals
    Object *args[PROGRAM_ARGS], *result = NULL;
    ssize_t nargs;
    Tuple *kwnames;
    if (read_arguments(self, args, &nargs, &kwnames) == 0)
        result = object_vectorcall(func, args, nargs, kwnames);
    nargs += kwnames ? kwnames->size : 0;
    while (nargs > 0)
        decref(args[--nargs]);
    xdecref(kwnames);
    decref(func);
    return result;
}

static Object *read_atom(Reader *self) {
    if (at_name(self)) {
        Str *name = read_name(self);
        return name ? load_name(self, name) : NULL;
    }
    if (take(self, "'")) {
        const char *end = strchr(self->at, '\'');
        Object *text = str_from_utf8(self->at, end - self->at);
        self->at = end + 1;
        return text;
    }
    if (take(self, "(")) {
        Object *items[PROGRAM_ARGS];
        ssize_t n;
        Tuple *none, *tuple = NULL;
        if (read_arguments(self, items, &n, &none) == 0) tuple = tuple_from_array(items, n);
        while (n > 0)
            decref(items[--n]);
        return OBJECT(tuple);
    }
    char *end;
    int64_t integer = strtoll(self->at, &end, 10);
    Object *number =
        *end == '.' ? float_from_double(strtod(self->at, &end)) : int_from_long(integer);
    if (end == self->at) expect(self, "a value");
    self->at = end;
    return number;
}

/* Stops before the last ".name" if that is what is assigned to or deleted: its name is in
 * *target. */
static Object *read_target(Reader *self, Str **target) {
    Object *value = read_atom(self);
    while (value) {
        if (take(self, "(")) {
            value = read_call(self, value);
        } else if (take(self, ".")) {
            Str *name = read_name(self);
            if (target && name) {
                Reader next = *self;
                if (!take(&next, ".") && !take(&next, "(")) {
                    *target = name;
                    return value;
                }
            }
            Object *result = name ? object_getattr(value, name) : NULL;
            decref(value);
            value = result;
        } else {
            return value;
        }
    }
    return NULL;
}

/* ---- Functions and classes --------------------------------------------------------------------*/

static Object *program_body(Function *self, Object *const *locals) {
    const ProgramCode *made = (const ProgramCode *)self->code;
    Reader body = {.at = made->body, .code = self->code, .locals = locals};
    Object *value = read_line(&body);
    if (!value || body.returned) return value;
    decref(value);
    return new_ref(None);
}

static ProgramCode *code_new(const Reader *self, const Str *name) {
    ProgramCode *made = calloc(1, sizeof *made + strlen(self->at) + 1);
    if (!made) return error_no_memory();
    strcpy(made->text, self->at);
    made->code = (Code){CODE(name->text), .varnames = made->names, .body = program_body};
    made->next = program.codes;
    program.codes = made;
    return made;
}

static int read_annotation(Reader *self, Dict **annotations, Str *name) {
    Object *value = read_value(self);
    if (value && !*annotations) *annotations = dict_new();
    int status = value && name && *annotations ? dict_set_item(*annotations, name, value) : -1;
    xdecref(value);
    return status;
}

static int read_default(Reader *self, Tuple **defaults) {
    Object *value = read_value(self), *items[PROGRAM_ARGS];
    ssize_t n = *defaults ? (*defaults)->size : 0;
    for (ssize_t i = 0; i < n; i++)
        items[i] = (*defaults)->items[i];
    items[n] = value;
    Tuple *more = value ? tuple_from_array(items, n + 1) : NULL;
    xdecref(value);
    if (!more) return -1;
    xdecref(*defaults);
    *defaults = more;
    return 0;
}

static Object *read_def(Reader *self, const Str *name) {
    ProgramCode *made = code_new(self, name);
    Tuple *defaults = NULL;
    Dict *annotations = NULL;
    int status = made ? 0 : -1;
    expect(self, "(");
    for (int n = 0; status == 0 && !take(self, ")"); n++) {
        unsigned flag = take(self, "**") ? CO_VARKEYWORDS : take(self, "*") ? CO_VARARGS : 0;
        Str *parameter = read_name(self);
        status = parameter ? 0 : -1;
        if (parameter && take(self, ":")) status = read_annotation(self, &annotations, parameter);
        if (status == 0 && take(self, "=")) status = read_default(self, &defaults);
        if (status < 0) break;
        made->names[n] = parameter->text; // interned
        made->code.argcount += !flag;
        made->code.flags |= flag;
        take(self, ",");
    }
    Object *function = NULL, *doc = NULL;
    if (status == 0 && take(self, "->"))
        status = read_annotation(self, &annotations, str_intern("return"));
    if (status == 0) {
        expect(self, ":");
        made->body = made->text + strlen(made->text) - strlen(self->at);
        Reader body = {.at = made->body};
        if (take(&body, "'") && !(doc = read_atom(&(Reader){.at = made->body}))) status = -1;
        self->at += strlen(self->at);
    }
    if (status == 0)
        function = function_make(&made->code, program.names, defaults, NULL, NULL);
    else
        xdecref(defaults);
    if (function && ((doc && object_setattr_string(function, "__doc__", doc) < 0) ||
                     (annotations &&
                      object_setattr_string(function, "__annotations__", OBJECT(annotations)) < 0)))
        clear_ref(function);
    xdecref(doc);
    xdecref(annotations);
    return function;
}

static Object *read_class(Reader *self, const Str *name) {
    Object *base = new_ref(&Object_Type), *value = NULL;
    Dict *names = dict_new();
    if (take(self, "(")) {
        Str *base_name = read_name(self);
        expect(self, ")");
        decref(base);
        base = base_name ? load_name(self, base_name) : NULL;
    }
    expect(self, ":");
    Reader body = {.at = self->at, .names = names, .code = self->code, .locals = self->locals};
    if (names && base) value = read_line(&body);
    self->at += strlen(self->at);
    Type *type = value ? type_new(name->text, (Type *)base, names) : NULL;
    xdecref(value);
    xdecref(names);
    xdecref(base);
    return OBJECT(type);
}

/* ---- Statements -------------------------------------------------------------------------------*/

static Object *done(int status) {
    return status < 0 ? NULL : new_ref(None);
}

static Object *store(const Reader *self, Str *name, Object *value) { // steals the value
    int status = value ? dict_set_item(self->names ? self->names : program.names, name, value) : -1;
    xdecref(value);
    return done(status);
}

static Object *read_raise(Reader *self) {
    Str *name = read_name(self);
    Object *type = name ? load_name(self, name) : NULL;
    Object *text = type ? read_atom(self) : NULL; // a tuple of one
    if (text) error_set(((Type *)type)->name, "%s", ((Str *)((Tuple *)text)->items[0])->text);
    xdecref(type);
    xdecref(text);
    return NULL;
}

/* "a, b": the rest of a tuple without parentheses, if it is one; steals what was read. */
static Object *read_more(Reader *self, Object *value) {
    Object *items[PROGRAM_ARGS] = {value}, *result = value;
    if (!value || !take(self, ",")) return value;
    ssize_t n = 1;
    do {
        result = items[n] = read_value(self);
    } while (items[n++] && take(self, ","));
    if (result) result = OBJECT(tuple_from_array(items, n));
    while (n > 0)
        xdecref(items[--n]);
    return result;
}

/* Assignment, deletion, or an expression. */
static Object *read_simple(Reader *self, bool del) {
    Reader start = *self;
    Str *name = !del && at_name(self) ? read_name(self) : NULL;
    if (name && take(self, "=")) return store(self, name, read_value(self));
    *self = start;
    if (error_occurred()) return NULL;
    Str *target = NULL;
    Object *owner = read_target(self, &target);
    if (!owner) return NULL;
    int status = 0;
    if (del && target) {
        status = object_setattr(owner, target, NULL);
    } else if (target && take(self, "=")) {
        Object *value = read_value(self);
        status = value ? object_setattr(owner, target, value) : -1;
        xdecref(value);
    } else { // neither
        Object *value = target ? object_getattr(owner, target) : new_ref(owner);
        decref(owner);
        return read_more(self, value);
    }
    decref(owner);
    return done(status);
}

static Object *read_statement(Reader *self) {
    bool def = take(self, "def");
    if (def || take(self, "class")) {
        Str *name = read_name(self);
        if (!name) return NULL;
        return store(self, name, def ? read_def(self, name) : read_class(self, name));
    }
    if (take(self, "pass")) return new_ref(None);
    if (take(self, "raise")) return read_raise(self);
    if (take(self, "return")) {
        self->returned = true;
        return read_value(self);
    }
    return read_simple(self, take(self, "del"));
}

static Object *read_line(Reader *self) {
    Object *value = NULL;
    do {
        xdecref(value);
        value = read_statement(self);
        if (!value || self->returned) return value;
    } while (take(self, ";"));
    if (*self->at) expect(self, "the end");
    return value;
}

/* ---- What a program finds ---------------------------------------------------------------------*/

/* Prints the text, without the address that a repr may have. */
static void say_text(const char *text) {
    const char *address;
    while ((address = strstr(text, " at 0x"))) {
        fwrite(text, 1, (size_t)(address - text), program.out);
        for (text = address + 6; isxdigit((unsigned char)*text);)
            text++;
    }
    fputs(text, program.out);
}

static int say_object(Object *self, bool raw) {
    Writer text = {0};
    int status = raw ? object_write_str(self, &text) : object_write_repr(self, &text);
    if (status == 0) status = writer_write(&text, "", 1);
    if (status == 0) say_text(text.bytes);
    writer_free(&text);
    return status;
}

static Object *call_say(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self, (void)kwnames;
    for (ssize_t i = 0; i < nargs; i++) {
        fputs(i ? " " : "    | ", program.out);
        if (say_object(args[i], true) < 0) return NULL;
    }
    fputc('\n', program.out);
    return new_ref(None);
}

static Object *call_same(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self, (void)nargs, (void)kwnames;
    return new_ref(args[0] == args[1] ? True : False);
}

static Object *call_callable(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self, (void)nargs, (void)kwnames;
    return new_ref(object_is_callable(args[0]) ? True : False);
}

static Object *call_cached(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self, (void)nargs, (void)kwnames;
    return int_from_long((int64_t)((SingleDispatch *)args[0])->cache.used);
}

static Object *call_registry(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self, (void)nargs, (void)kwnames;
    return object_getattr_string(args[0], "registry");
}

static const struct {
    const char *name;
    BuiltinCode code;
} program_functions[] = {{"say", call_say},
                         {"same", call_same},
                         {"callable", call_callable},
                         {"cached", call_cached},
                         {"registry", call_registry}};

static const struct {
    const char *name;
    Object *value;
} program_values[] = {
    {"None", &none_object},
    {"True", OBJECT(&true_object)},
    {"False", OBJECT(&false_object)},
    {"object", OBJECT(&Object_Type)},
    {"type", OBJECT(&Type_Type)},
    {"int", OBJECT(&Int_Type)},
    {"bool", OBJECT(&Bool_Type)},
    {"float", OBJECT(&Float_Type)},
    {"str", OBJECT(&Str_Type)},
    {"tuple", OBJECT(&Tuple_Type)},
    {"partial", OBJECT(&Partial_Type)},
    {"property", OBJECT(&Property_Type)},
    {"staticmethod", OBJECT(&StaticMethod_Type)},
    {"classmethod", OBJECT(&ClassMethod_Type)},
    {"cached_property", OBJECT(&CachedProperty_Type)},
    {"singledispatch", OBJECT(&singledispatch_builtin)},
    {"ValueError", OBJECT(&ValueError_Type)},
    {"AttributeError", OBJECT(&AttributeError_Type)},
};

/* Ends the program: nothing that it made is left. */
static inline void program_end(void) {
    while (program.names && program.names->size > 0) // whatever looks at the names meanwhile
        dict_del_item(program.names, program.names->items[program.names->size - 1].name);
    clear_ref(program.names);
    while (program.codes) {
        ProgramCode *next = program.codes->next;
        free(program.codes);
        program.codes = next;
    }
}

/* Begins one: 0, or -1 with MemoryError. CountCalls binds, Plain does not. */
static inline int program_begin(FILE *out) {
    program.out = out;
    Dict *names = program.names = dict_new();
    if (!names || class_define(names, "__name__", str_from_string("__main__")) < 0) return -1;
    for (size_t i = 0; i < sizeof program_functions / sizeof *program_functions; i++) {
        const char *name = program_functions[i].name;
        if (class_define(names, name, builtin_new(name, program_functions[i].code, NULL)) < 0)
            return -1;
    }
    for (size_t i = 0; i < sizeof program_values / sizeof *program_values; i++) {
        if (class_define(names, program_values[i].name, new_ref(program_values[i].value)) < 0)
            return -1;
    }
    if (class_define(names, "CountCalls", OBJECT(count_calls_make(names, true))) < 0) return -1;
    return class_define(names, "Plain", OBJECT(count_calls_make(names, false)));
}

/* Executes a line: its value, a new reference, or NULL with an error. */
static inline Object *program_execute(const char *line) {
    Reader reader = {.at = line};
    return read_line(&reader);
}

/* Executes a line and says what comes of it: the value, if it is not None, or the error. */
static inline void program_line(const char *line) {
    Object *value = program_execute(line);
    if (value && value != None && say_object(value, false) == 0) fputc('\n', program.out);
    xdecref(value);
    if (error_occurred()) {
        fprintf(program.out, "%s: ", error_name(error_occurred()));
        say_text(error_message());
        fputc('\n', program.out);
        error_clear();
    }
}

#endif
