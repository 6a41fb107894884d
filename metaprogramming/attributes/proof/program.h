/* program.h: lines of Python that the twin, the tests and the differential run on this room's
 * mechanism.
 *
 * So that a program can be the same text for both, and be made at random: CPython executes the
 * line, and this header does. A line is one of
 *
 *     class C(B, metaclass=M): x = 1; __getattr__ = hook
 *     def hook(self, name): say(name); return name
 *     o.x = C(1).y['z']        del o.x        o.x        raise AttributeError(name)
 *
 * with names, strs without escapes, ints, tuples, attributes, calls and subscripts. It is a tool
 * of the proofs and holds no promise of its own: what it does not know is an abort().
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include "../attributes.h"
#include "../inline_cache.h"

#include <ctype.h>

ERROR_TYPE(NameError);

static Dict *program_globals, *program_locals; // locals: of the function that runs, or NULL
static char program_said[600];                 // what say() was called with
static LoadAttr *program_site; // or NULL. Else: every read of its name is this place's

static Object *program_expression(const char **at);
static Object *program_statement(const char *text, size_t length, bool *returns);

/* ---- Reading ----------------------------------------------------------------------------------*/

static bool program_skip(const char **at, const char *word) {
    size_t length = strlen(word);
    if (strncmp(*at, word, length) != 0) return false;
    *at += length;
    return true;
}

static void program_expect(const char **at, const char *word) {
    if (program_skip(at, word)) return;
    fprintf(stderr, "program.h: '%s' expected at '%s'\n", word, *at);
    abort();
}

/* A name: interned, borrowed; NULL with MemoryError. */
static Str *program_name(const char **at) {
    char name[64];
    size_t n = 0;
    while (isalnum((unsigned char)**at) || **at == '_') {
        if (n + 1 == sizeof name) abort();
        name[n++] = *(*at)++;
    }
    name[n] = '\0';
    if (n == 0) program_expect(at, "a name");
    return str_intern(name);
}

/* Where `word` stands outside of strs and brackets, or the end. */
static const char *program_find(const char *text, const char *end, const char *word) {
    int depth = 0;
    for (; text < end; text++) {
        if (depth == 0 && strncmp(text, word, strlen(word)) == 0) return text;
        if (*text == '\'') {
            for (text++; *text != '\''; text++)
                continue;
        }
        depth += (*text == '(' || *text == '[') - (*text == ')' || *text == ']');
    }
    return end;
}

/* ---- Expressions ------------------------------------------------------------------------------*/

static Object *program_lookup(const Str *name) {
    Object *value = program_locals ? dict_get_item(program_locals, name) : NULL;
    if (!value) value = dict_get_item(program_globals, name);
    if (value) return new_ref(value);
    error_set(NameError, "name '%s' is not defined", name->text);
    return NULL;
}

/* Arguments, behind the bracket: a new tuple. */
static Tuple *program_arguments(const char **at) {
    Tuple *args = tuple_new(8); // all of it is used up to size
    if (!args) return NULL;
    for (args->size = 0; !program_skip(at, ")"); program_skip(at, ", ")) {
        Object *value = program_expression(at);
        if (!value) {
            clear_ref(args);
            return NULL;
        }
        if (args->size == 8) abort();
        args->items[args->size++] = value;
    }
    return args;
}

static Object *program_atom(const char **at) {
    if (isdigit((unsigned char)**at)) {
        char *end;
        long value = strtol(*at, &end, 10);
        *at = end;
        return int_from_long(value);
    }
    if (program_skip(at, "'")) {
        const char *start = *at;
        while (**at != '\'')
            ++*at;
        Str *text = (Str *)str_from_string_and_size(start, (size_t)((*at)++ - start));
        return OBJECT(text);
    }
    if (program_skip(at, "(")) return OBJECT(program_arguments(at)); // a tuple
    const Str *name = program_name(at);
    return name ? program_lookup(name) : NULL;
}

static Object *program_read(Object *self, Str *name) {
    if (program_site && program_site->name == name) return load_attr(program_site, self);
    return object_getattr(self, name);
}

static bool program_more(const char *at) {
    return *at == '.' || *at == '(' || *at == '[';
}

/* What a target ends with, which is not read: a name of self, or a key; self is NULL for a bare
 * name. */
typedef struct {
    Object *self, *key;
    Str *name;
} Target;

static void program_drop(Target *target) {
    clear_ref(target->self);
    clear_ref(target->key);
}

/* Reads it, all of it or, for a target, up to the last of its parts. NULL with an error set; for a
 * target what is returned is in there, too. */
static Object *program_walk(const char **at, Target *target) {
    const char *start = *at;
    if (target && isalpha((unsigned char)*start)) {
        target->name = program_name(at);
        if (!program_more(*at)) return target->name ? None : NULL; // borrowed: nobody drops it
        *at = start;
    }
    Object *value = program_atom(at);
    while (value && program_more(*at)) {
        Object *self = value, *key = NULL;
        Tuple *args = NULL;
        Str *name = NULL;
        if (program_skip(at, ".")) {
            name = program_name(at);
        } else if (program_skip(at, "[")) {
            key = program_expression(at);
            if (key) program_expect(at, "]");
        } else {
            program_expect(at, "(");
            args = program_arguments(at);
        }
        if (target && (name || key) && !program_more(*at)) {
            *target = (Target){self, key, name};
            return self;
        }
        if (args)
            value = object_call(self, args->items, args->size, NULL);
        else if (name)
            value = program_read(self, name);
        else
            value = key ? object_getitem(self, key) : NULL;
        xdecref(key);
        xdecref(args);
        decref(self);
    }
    return value;
}

static Object *program_expression(const char **at) {
    return program_walk(at, NULL);
}

/* ---- Statements -------------------------------------------------------------------------------*/

/* target = value, or del target. */
static int program_store(const char *at, Object *value) {
    Target target = {NULL, NULL, NULL};
    if (!program_walk(&at, &target)) return -1;
    int status;
    Dict *names = program_locals ? program_locals : program_globals;
    if (target.key)
        status = object_setitem(target.self, target.key, value);
    else if (target.self)
        status = object_setattr(target.self, target.name, value);
    else
        status =
            value ? dict_set_item(names, target.name, value) : dict_del_item(names, target.name);
    program_drop(&target);
    return status;
}

/* class C(B, metaclass=M): x = 1; y = 2 */
static int program_class(const char *at, const char *end) {
    Str *name = program_name(&at);
    Tuple *bases = name ? tuple_new(8) : NULL;
    Dict *keywords = bases ? dict_new() : NULL, *attributes = keywords ? dict_new() : NULL;
    int status = attributes ? 0 : -1;
    if (bases) bases->size = 0;
    for (bool more = program_skip(&at, "("); status == 0 && more && !program_skip(&at, ")");) {
        const char *equals = program_find(at, end, "="), *comma = program_find(at, end, ", ");
        bool keyword = equals < program_find(at, end, ")") && equals < comma;
        Str *key = keyword ? program_name(&at) : NULL;
        if (keyword) program_expect(&at, "=");
        Object *value = program_expression(&at);
        if (!value || (keyword && (!key || dict_set_item(keywords, key, value) < 0))) status = -1;
        if (value && !keyword) bases->items[bases->size++] = new_ref(value);
        xdecref(value);
        program_skip(&at, ", ");
    }
    if (status == 0) program_expect(&at, ": ");
    while (status == 0 && at < end) {
        if (program_skip(&at, "pass")) {
            program_skip(&at, "; ");
            continue;
        }
        Str *key = program_name(&at);
        if (key) program_expect(&at, " = ");
        Object *value = key ? program_expression(&at) : NULL;
        status = value ? dict_set_item(attributes, key, value) : -1;
        xdecref(value);
        program_skip(&at, "; ");
    }
    Object *cls = NULL;
    if (status == 0)
        cls = class_statement(&(ClassStatement){
            .name = name->text, .bases = bases, .keywords = keywords, .attributes = attributes});
    if (cls) status = dict_set_item(program_globals, name, cls);
    xdecref(cls);
    xdecref(bases);
    xdecref(keywords);
    xdecref(attributes);
    return cls ? status : -1;
}

/* Runs a body, statement by statement: what it returns. */
static Object *program_body(const char *at, const char *end) {
    Object *result = new_ref(None);
    for (bool returns = false; result && !returns && at < end;) {
        const char *next = program_find(at, end, "; ");
        decref(result);
        result = program_statement(at, (size_t)(next - at), &returns);
        if (result && !returns && result != None) decref(result), result = new_ref(None);
        at = next < end ? next + 2 : end;
    }
    return result;
}

/* The closure is the text from the parameters on: "self, name): say(name); return name". */
static Object *program_function(Object *closure, Object *const *args, ssize_t nargs) {
    const char *at = str_text(closure), *end = at + strlen(at);
    Dict *outer = program_locals, *locals = dict_new();
    ssize_t n = 0;
    bool good = locals;
    for (; good && n < nargs && !program_skip(&at, "): "); n++) {
        Str *name = program_name(&at);
        good = name && dict_set_item(locals, name, args[n]) == 0;
        program_skip(&at, ", ");
    }
    Object *result = NULL;
    if (good && n == nargs && program_skip(&at, "): ")) {
        program_locals = locals;
        incref(closure); // as the function may be dropped by what it does
        result = program_body(at, end);
        decref(closure);
        program_locals = outer;
    } else if (good) {
        error_set(TypeError, "takes another number of arguments");
    }
    xdecref(locals);
    return result;
}

static int program_def(const char *at, const char *end) {
    Str *name = program_name(&at);
    if (!name) return -1;
    program_expect(&at, "(");
    Object *text = str_from_string_and_size(at, (size_t)(end - at));
    Object *function = text ? function_new(name->text, program_function, text) : NULL;
    int status = function ? dict_set_item(program_globals, name, function) : -1;
    xdecref(function);
    xdecref(text);
    return status;
}

static int program_raise(const char *at) {
    static const char *const types[] = {AttributeError, ValueError, KeyError};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (!program_skip(&at, types[i])) continue;
        program_expect(&at, "(");
        Object *message = program_expression(&at);
        if (message) error_set(types[i], "%s", str_text(message));
        xdecref(message);
        return -1;
    }
    abort();
}

/* What the statement is worth: None but for an expression and `return`. */
static Object *program_statement(const char *text, size_t length, bool *returns) {
    char line[700];
    if (length >= sizeof line) abort();
    memcpy(line, text, length);
    line[length] = '\0';
    const char *at = line, *end = line + length;
    int status = 0;
    if (program_skip(&at, "class ")) {
        status = program_class(at, end);
    } else if (program_skip(&at, "def ")) {
        status = program_def(at, end);
    } else if (program_skip(&at, "del ")) {
        status = program_store(at, NULL);
    } else if (program_skip(&at, "raise ")) {
        status = program_raise(at);
    } else {
        *returns = program_skip(&at, "return ");
        const char *equals = program_find(at, end, " = ");
        const char *value_at = equals < end ? equals + 3 : at;
        Object *value = program_expression(&value_at);
        if (!value || equals == end) return value;
        status = program_store(at, value);
        decref(value);
    }
    return status < 0 ? NULL : new_ref(None);
}

/* ---- Builtins ---------------------------------------------------------------------------------*/

static void program_add(char *out, size_t size, const char *format, const char *text) {
    size_t length = strlen(out);
    snprintf(out + length, size - length, format, text);
}

/* A class by its name, a simple value by its repr, anything else by its class; no address. */
static void program_describe(char *out, size_t size, Object *op) {
    const Type *type = op->type;
    if (type_check(op)) {
        program_add(out, size, "%s", ((Type *)op)->name);
    } else if (type == &Tuple_Type) {
        program_add(out, size, "%s", "(");
        for (ssize_t i = 0; i < ((Tuple *)op)->size; i++) {
            if (i) program_add(out, size, "%s", ", ");
            program_describe(out, size, ((Tuple *)op)->items[i]);
        }
        program_add(out, size, "%s", ")");
    } else if (type == &Str_Type) {
        char text[600];
        snprintf(text, sizeof text, "%s", str_text(op));
        char *address = strstr(text, " at 0x");
        if (address) strcpy(address, " at ...");
        program_add(out, size, "'%s'", text);
    } else if (type == &Int_Type) {
        char digits[24];
        snprintf(digits, sizeof digits, "%lld", (long long)((Int *)op)->value);
        program_add(out, size, "%s", digits);
    } else if (op == None || op == True || op == False) {
        program_add(out, size, "%s", op == None ? "None" : op == True ? "True" : "False");
    } else {
        program_add(out, size, "<%s>", type->name);
    }
}

static Object *program_say(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure;
    for (ssize_t i = 0; i < nargs; i++) {
        if (str_check(args[i]))
            program_add(program_said, sizeof program_said, "%s", str_text(args[i]));
        else
            program_describe(program_said, sizeof program_said, args[i]);
        program_add(program_said, sizeof program_said, "%s", i + 1 < nargs ? " " : ", ");
    }
    return new_ref(None);
}

#define PROGRAM_BUILTIN(function, expression)                                                      \
    static Object *function(Object *closure, Object *const *args, ssize_t nargs) {                 \
        (void)closure, (void)nargs;                                                                \
        return expression;                                                                         \
    }
PROGRAM_BUILTIN(program_repr, object_repr(args[0]))
PROGRAM_BUILTIN(program_str, object_str(args[0]))
PROGRAM_BUILTIN(program_staticmethod, staticmethod_new(args[0]))
PROGRAM_BUILTIN(program_classmethod, classmethod_new(args[0]))
PROGRAM_BUILTIN(program_super, super_new((Type *)args[0], args[1]))

static Object *program_len(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    ssize_t length = object_length(args[0]);
    return length < 0 ? NULL : int_from_long(length);
}

/* dir() without dunders: a str. */
static Object *program_names(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    Tuple *names = object_dir(args[0]);
    char text[600] = "";
    for (ssize_t i = 0; names && i < names->size; i++) {
        const char *name = str_text(names->items[i]);
        if (strncmp(name, "__", 2) == 0) continue;
        program_add(text, sizeof text, *text ? " %s" : "%s", name);
    }
    Object *result = names ? str_from_string(text) : NULL;
    xdecref(names);
    return result;
}

/* object.__getattribute__(self, '__dict__')[name] = value: past all hooks, and without making that
 * dict. */
static Object *program_own(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    Str *name = str_intern(str_text(args[1]));
    if (!name || (!(args[0]->type->flags & MANAGED_DICT) && !object_get_dict(args[0]))) return NULL;
    return object_store_attribute(args[0], name, args[2]) < 0 ? NULL : new_ref(None);
}

static Object *program_isinstance(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    int result = object_isinstance(args[0], args[1]);
    return result < 0 ? NULL : bool_from_long(result);
}

static Object *program_property(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure;
    return property_new(args[0], nargs > 1 ? args[1] : NULL, nargs > 2 ? args[2] : NULL);
}

/* ---- The whole --------------------------------------------------------------------------------*/

static int program_enter(const char *name, Object *value) { // steals
    Str *interned = value ? str_intern(name) : NULL;
    int status = interned ? dict_set_item(program_globals, interned, value) : -1;
    xdecref(value);
    return status;
}

/* The types and the names of builtins; again after program_end(). 0, or -1 with MemoryError. */
static inline int program_begin(void) {
    static const struct {
        const char *name;
        FunctionCode code;
    } functions[] = {{"say", program_say},
                     {"len", program_len},
                     {"repr", program_repr},
                     {"str", program_str},
                     {"names", program_names},
                     {"own", program_own},
                     {"isinstance", program_isinstance},
                     {"property", program_property},
                     {"staticmethod", program_staticmethod},
                     {"classmethod", program_classmethod},
                     {"super", program_super}};
    if (!program_globals && !(program_globals = dict_new())) return -1;
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        Object *function = function_new(functions[i].name, functions[i].code, NULL);
        if (program_enter(functions[i].name, function) < 0) return -1;
    }
    for (int kind = 0; kind < PROXY_KINDS; kind++) {
        Type *proxy = proxy_type((ProxyKind)kind);
        if (!proxy || program_enter(proxy_names[kind], new_ref(proxy)) < 0) return -1;
    }
    bool good = program_enter("None", new_ref(None)) == 0 &&
                program_enter("True", new_ref(True)) == 0 &&
                program_enter("object", new_ref(&Object_Type)) == 0 &&
                program_enter("type", new_ref(&Type_Type)) == 0 &&
                program_enter("dict", new_ref(&Dict_Type)) == 0;
    return good ? 0 : -1;
}

static inline void program_end(void) {
    clear_ref(program_globals);
    proxies_clear();
    types_clear();
}

/* Executes a line. "said, said, -> value"; of a RecursionError not how deep it went. */
static inline const char *program_run(const char *line) {
    static char text[1400];
    bool returns = false;
    *program_said = *text = '\0';
    Object *value = program_statement(line, strlen(line), &returns);
    if (!error_matches(RecursionError) && *program_said)
        snprintf(text, sizeof text, "%s-> ", program_said);
    if (value) {
        program_describe(text, sizeof text, value);
        decref(value);
        return text;
    }
    bool deep = error_matches(RecursionError);
    program_add(text, sizeof text, "%s", error_name(error_occurred()));
    if (!deep) program_add(text, sizeof text, ": %s", error_message());
    error_clear();
    return text;
}

#endif
