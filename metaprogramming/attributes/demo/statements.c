/* statements.c: lines of Python about classes and attributes: read, and run on this room's objects.
 *
 *     class C(B, metaclass=M): x = 1; __getattr__ = lambda self, name: name
 *     o = C()      o.x = 1      del o.x      o.x      o.__dict__['x']      len(o)
 *
 * A line is read twice: first dry, when nothing is run and every value is None, to see whether it makes
 * sense. The invariant: a Scanner that is dry changes nothing but itself. A lambda keeps the text of
 * its body, and runs it by reading it once more.
 */
#include "demo.h"

#include <ctype.h>

ERROR_TYPE(NameError);

const char can_be_typed[] =
    "  class C(B): x = 1; y = property(lambda self: self.x); __getattr__ = lambda self, n: n\n"
    "  o = C()   o.x   o.x = 2   del o.x   o.__dict__['x'] = 3   len(o)   type(o)\n"
    "  with  'text'  7  None  True  ()  {}  object  type  property  staticmethod  classmethod\n"
    "  super  len  repr  str  getattr  setattr  delattr  names(o): dir() without dunders\n"
    "  fail('why') raises AttributeError; help or ? says this, quit ends\n";

typedef struct {
    const char *at; // the text ends with a NUL
    bool dry;
    const char *bad, *from; // what does not make sense, and where
    int depth;              // of brackets and lambdas open
    const char *class_name; // in a class body, and its namespace and __class__ cell; else NULL
    Object *ns, *cell;      // cell: also in a lambda of a class
    const Tuple *params;    // in a lambda: their names,
    Object *const *args;    // and values
} Scanner;

/* What a line ends with that can be assigned to: obj.name, obj[key], or, without obj, a name. */
typedef struct {
    Object *obj, *key;
    Str *name;
} Target;

static Object *read_expression(Scanner *in);

/* ---- Words ------------------------------------------------------------------------------------*/

static void *no_sense(Scanner *in, const char *what) {
    if (!in->bad) in->from = in->at;
    if (!in->bad)
        in->bad = what      ? what
                  : *in->at ? "cannot make sense of"
                            : "something is missing at the end";
    return NULL;
}

static void skip_space(Scanner *in) {
    while (*in->at == ' ' || *in->at == '\t')
        in->at++;
}

static bool in_word(char c) {
    return isalnum((unsigned char)c) || c == '_';
}

/* Takes `text` if it comes next; a word only where it ends. */
static bool take(Scanner *in, const char *text) {
    skip_space(in);
    size_t length = strlen(text);
    if (strncmp(in->at, text, length) != 0) return false;
    if (in_word(text[length - 1]) && in_word(in->at[length])) return false;
    if (strcmp(text, "=") == 0 && in->at[1] == '=') return false;
    in->at += length;
    return true;
}

static bool expect(Scanner *in, const char *text) {
    return take(in, text) || no_sense(in, NULL);
}

static bool at_end(Scanner *in) {
    skip_space(in);
    return !*in->at || no_sense(in, NULL);
}

/* A name that is no keyword: borrowed, interned. */
static Str *read_word(Scanner *in) {
    static const char *const keywords[] = {"class", "lambda", "del", "def",  "return",
                                           "if",    "else",   "for", "in",   "is",
                                           "not",   "and",    "or",  "pass", "import"};
    skip_space(in);
    size_t n = 0;
    while (in_word(in->at[n]))
        n++;
    char word[100];
    if (n == 0 || n >= sizeof word || isdigit((unsigned char)*in->at)) return no_sense(in, NULL);
    memcpy(word, in->at, n);
    word[n] = '\0';
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
        if (strcmp(word, keywords[i]) == 0) return no_sense(in, NULL);
    in->at += n;
    return need(str_intern(word));
}

/* ---- Values -----------------------------------------------------------------------------------*/

static Object *load_name(Scanner *in, Str *name) {
    if (in->dry) return new_ref(None);
    for (ssize_t i = 0; in->params && i < in->params->size; i++)
        if (in->params->items[i] == OBJECT(name)) return new_ref(in->args[i]);
    if (in->ns) {
        Object *value = namespace_load(in->ns, name->text);
        if (value || !error_matches(KeyError)) return value;
        error_clear();
    }
    Object *value = dict_get_item(world.names, name);
    if (value) return new_ref(value);
    error_set(NameError, "name '%s' is not defined", name->text);
    return NULL;
}

static Object *read_string(Scanner *in) {
    char quote = *in->at;
    const char *start = in->at + 1, *end = start;
    while (*end && *end != quote && *end != '\\' && (unsigned char)*end >= ' ')
        end++;
    if (*end != quote)
        return no_sense(in, *end == '\\' ? "a text without backslashes is taken, not"
                                         : "a text does not end:");
    in->at = end + 1;
    return in->dry ? new_ref(None) : str_from_string_and_size(start, (size_t)(end - start));
}

static Object *read_number(Scanner *in) {
    char *end;
    errno = 0;
    long long value = strtoll(in->at, &end, 10);
    bool zeros = (*in->at == '0' || (*in->at == '-' && in->at[1] == '0')) && value != 0;
    if (errno || in_word(*end) || *end == '.' || zeros)
        return no_sense(in, "a number of 64 bits is taken, not");
    in->at = end;
    return int_from_long(value);
}

/* Values up to `close`, which is taken; `*comma`: the last of them had one behind it. */
static Tuple *read_values(Scanner *in, const char *close, bool *comma) {
    enum { MAX = 8 };
    Object *items[MAX];
    ssize_t n = 0;
    bool ok = true;
    *comma = false;
    while (ok && !take(in, close)) {
        ok = n == 0 || *comma || no_sense(in, NULL);
        ok = ok && (n < MAX || no_sense(in, "no more than eight values are taken, not"));
        ok = ok && (items[n] = read_expression(in));
        if (ok) n++;
        *comma = ok && take(in, ",");
    }
    Tuple *values = ok ? tuple_from_array(items, n) : NULL;
    while (n > 0)
        decref(items[--n]);
    return values;
}

/* After `lambda`: a function whose closure is the names, the text of the body, where it stands, and the
 * __class__ cell or None. */
static Object *lambda_code(Object *closure, Object *const *args, ssize_t nargs);

static Object *read_lambda(Scanner *in) {
    if (in->params) return no_sense(in, "no lambda in a lambda is taken, not 'lambda");
    Tuple *params = need(tuple_new(8));
    for (params->size = 0; !in->bad && !take(in, ":");) {
        if (params->size == 8) no_sense(in, NULL);
        if (params->size > 0) expect(in, ",");
        Str *name = in->bad ? NULL : read_word(in);
        if (name) params->items[params->size++] = new_ref(name);
    }
    skip_space(in);
    Scanner body = {.at = in->at, .dry = true, .depth = in->depth, .params = params};
    xdecref(in->bad ? NULL : read_expression(&body));
    if (!in->bad) in->bad = body.bad, in->from = body.from;
    Object *function = NULL, *text = str_from_string_and_size(in->at, (size_t)(body.at - in->at));
    in->at = body.at;
    if (!in->bad && in->dry) function = new_ref(None);
    if (!in->bad && !in->dry) {
        char name[120];
        snprintf(name, sizeof name, "%s%s<lambda>", in->class_name ? in->class_name : "",
                 in->class_name ? "." : "");
        Object *line = need(int_from_long(world.line)), *qualname = need(str_from_string(name));
        Object *closure =
            need(tuple_pack(5, params, need(text), line, qualname, in->cell ? in->cell : None));
        function = need(function_new(name, lambda_code, closure));
        decref(line), decref(qualname), decref(closure);
    }
    xdecref(text);
    decref(params);
    return function;
}

/* The arguments are as many as the parameters, or TypeError in CPython's words. */
static int check_arguments(const char *name, const Tuple *params, ssize_t nargs) {
    ssize_t missing = params->size - nargs;
    if (missing < 0)
        return error_set(TypeError, "%s() takes %zd positional argument%s but %zd %s given", name,
                         params->size, params->size == 1 ? "" : "s", nargs,
                         nargs == 1 ? "was" : "were");
    char list[200] = "";
    for (ssize_t i = nargs; i < params->size; i++) {
        size_t used = strlen(list);
        const char *between = i == nargs             ? ""
                              : i + 1 < params->size ? ", "
                              : missing == 2         ? " and "
                                                     : ", and ";
        snprintf(list + used, sizeof list - used, "%s'%s'", between, str_text(params->items[i]));
    }
    return missing == 0
               ? 0
               : error_set(TypeError, "%s() missing %zd required positional argument%s: %s", name,
                           missing, missing == 1 ? "" : "s", list);
}

static Object *lambda_code(Object *closure, Object *const *args, ssize_t nargs) {
    Object **parts = ((Tuple *)closure)->items;
    const Tuple *params = (Tuple *)parts[0];
    if (check_arguments(str_text(parts[3]), params, nargs) < 0) return NULL;
    if (world.calls && world.ncalls++ < CALLS_MAX) {
        fprintf(world.calls, "%d(", (int)((Int *)parts[2])->value);
        for (ssize_t i = 0; i < params->size; i++)
            fprintf(world.calls, "%s%s", i ? ", " : "", str_text(params->items[i]));
        fputs(") ", world.calls);
    }
    incref(closure); // the body may delete the function that it is of
    Scanner body = {.at = str_text(parts[1]),
                    .params = params,
                    .args = args,
                    .cell = parts[4] == None ? NULL : parts[4]};
    Object *result = read_expression(&body);
    decref(closure);
    return result;
}

/* ---- Calls ------------------------------------------------------------------------------------*/

/* What the interpreter's types make when they are called; the mechanism has C functions for it. */
static Object *call(Scanner *in, Object *func, Object *const *args, ssize_t nargs) {
    if (func == OBJECT(&Property_Type) && nargs <= 3) {
        Object *parts[3] = {NULL, NULL, NULL};
        for (ssize_t i = 0; i < nargs; i++)
            parts[i] = args[i] == None ? NULL : args[i];
        return property_new(parts[0], parts[1], parts[2]);
    }
    if (func == OBJECT(&StaticMethod_Type) && nargs == 1) return staticmethod_new(args[0]);
    if (func == OBJECT(&ClassMethod_Type) && nargs == 1) return classmethod_new(args[0]);
    if (func == OBJECT(&Str_Type) && nargs == 1) return object_str(args[0]);
    if (func == OBJECT(&Super_Type) && nargs == 2 && type_check(args[0]))
        return super_new((Type *)args[0], args[1]);
    if (func == OBJECT(&Super_Type) && nargs == 0) {
        if (in->params && in->params->size > 0) return super_from_cell(in->cell, in->args[0]);
        error_set(RuntimeError, "super(): no arguments");
        return NULL;
    }
    return object_call(func, args, nargs, NULL);
}

/* ---- Expressions ------------------------------------------------------------------------------*/

static bool more(Scanner *in) {
    skip_space(in);
    return *in->at == '.' || *in->at == '(' || *in->at == '[';
}

static Object *read_atom(Scanner *in, Target *last) {
    skip_space(in);
    bool comma;
    if (*in->at == '\'' || *in->at == '"') return read_string(in);
    if (isdigit((unsigned char)*in->at) || *in->at == '-') return read_number(in);
    if (take(in, "{")) return expect(in, "}") ? OBJECT(dict_new()) : NULL;
    if (take(in, "(")) {
        Tuple *values = read_values(in, ")", &comma);
        if (!values || values->size != 1 || comma) return OBJECT(values);
        Object *value = new_ref(values->items[0]);
        decref(values);
        return value;
    }
    if (take(in, "lambda")) return read_lambda(in);
    if (take(in, "None")) return new_ref(None);
    if (take(in, "True")) return new_ref(True);
    if (take(in, "False")) return new_ref(False);
    Str *name = read_word(in);
    if (!name) return NULL;
    if (!last || more(in)) return load_name(in, name);
    last->name = name;
    return new_ref(None);
}

/* What follows a value: takes it over. With `last`, the final .name or [key] is left there. */
static Object *read_trailer(Scanner *in, Object *value, Target *last) {
    Object *result = NULL;
    bool comma;
    if (take(in, ".")) {
        Str *name = read_word(in);
        if (name && last && !more(in)) {
            *last = (Target){.obj = value, .name = name};
            return new_ref(None);
        }
        if (name) result = in->dry ? new_ref(None) : object_getattr(value, name);
    } else if (take(in, "[")) {
        Object *key = read_expression(in);
        if (key && !expect(in, "]")) clear_ref(key);
        if (key && last && !more(in)) {
            *last = (Target){.obj = value, .key = key};
            return new_ref(None);
        }
        if (key) result = in->dry ? new_ref(None) : object_getitem(value, key);
        xdecref(key);
    } else if (take(in, "(")) {
        Tuple *args = read_values(in, ")", &comma);
        if (args) result = in->dry ? new_ref(None) : call(in, value, args->items, args->size);
        xdecref(args);
    }
    decref(value);
    return result;
}

static Object *read_operand(Scanner *in, Target *last) {
    if (in->depth >= 50) return no_sense(in, "too deeply nested:");
    in->depth++;
    Object *value = read_atom(in, last);
    while (value && !(last && last->obj) && more(in))
        value = read_trailer(in, value, last);
    in->depth--;
    return value;
}

static Object *read_expression(Scanner *in) {
    return read_operand(in, NULL);
}

/* ---- class ------------------------------------------------------------------------------------*/

/* name = value; name = value. The namespace is used as the compiler's code would. */
static Object *class_body(void *arg, Object *ns) {
    Scanner *in = arg;
    bool super = strstr(in->at, "super(") != NULL;
    in->ns = ns;
    in->cell = super ? need(cell_new(NULL)) : NULL;
    bool ok = in->dry || body_begin(ns, in->class_name) == 0;
    do {
        if (take(in, "pass")) continue;
        Str *name = ok ? read_word(in) : NULL;
        Object *value = name && expect(in, "=") ? read_expression(in) : NULL;
        ok = value && (in->dry || namespace_store(ns, name->text, value) == 0);
        xdecref(value);
    } while (ok && take(in, ";"));
    ok = ok && at_end(in) &&
         (in->dry || !super || namespace_store(ns, "__classcell__", in->cell) == 0);
    if (!ok) clear_ref(in->cell);
    return !ok ? NULL : in->cell ? in->cell : new_ref(None);
}

static Tuple *read_bases(Scanner *in, Dict *keywords) {
    Object *bases[8];
    ssize_t n = 0;
    bool ok = true;
    for (bool first = true; ok && !take(in, ")"); first = false) {
        ok = (first || expect(in, ",")) && (n < 8 || no_sense(in, NULL));
        const char *start = in->at;
        bool keyword = ok && take(in, "metaclass") && take(in, "=");
        if (!keyword) in->at = start;
        if (keyword && keywords->used > 0) ok = no_sense(in, NULL);
        Object *value = ok ? read_expression(in) : NULL;
        ok = value != NULL;
        if (ok && keyword) must(dict_set_item(keywords, need(str_intern("metaclass")), value));
        if (ok && !keyword) bases[n++] = new_ref(value);
        xdecref(value);
    }
    Tuple *result = ok ? tuple_from_array(bases, n) : NULL;
    while (n > 0)
        decref(bases[--n]);
    return result;
}

static Object *read_class(Scanner *in) {
    Str *name = read_word(in);
    Dict *keywords = need(dict_new());
    Tuple *bases = !name ? NULL : take(in, "(") ? read_bases(in, keywords) : need(tuple_new(0));
    Object *cls = NULL;
    if (bases && expect(in, ":")) {
        in->class_name = name->text;
        cls = in->dry ? class_body(in, OBJECT(keywords))
                      : build_class(class_body, in, name, bases, keywords);
        if (in->dry && in->cell) in->cell = NULL;
    }
    if (cls && !in->dry) must(dict_set_item(world.names, name, cls));
    decref(keywords);
    xdecref(bases);
    xdecref(cls);
    return cls ? new_ref(None) : NULL;
}

/* ---- Statements -------------------------------------------------------------------------------*/

/* target = value, or del target for NULL. */
static int assign(const Target *target, Object *value) {
    if (target->key) return object_setitem(target->obj, target->key, value);
    if (target->obj) return tell_set(target->obj, target->name, value);
    if (value) return dict_set_item(world.names, target->name, value);
    if (dict_get_item(world.names, target->name)) return dict_del_item(world.names, target->name);
    return error_set(NameError, "name '%s' is not defined", target->name->text);
}

static Object *read_target(const Target *target, Scanner *in) {
    if (target->key) return object_getitem(target->obj, target->key);
    return target->obj ? tell_get(target->obj, target->name) : load_name(in, target->name);
}

/* Python has the value of an assignment before its target, so the target is read over first. */
static Object *read_assignment(Scanner *in, const char *start, bool delete) {
    Scanner dry = *in;
    dry.dry = true;
    Target target = {NULL, NULL, NULL};
    xdecref(read_operand(&dry, &target));
    bool assigns = !delete &&take(&dry, "=");
    xdecref(target.obj);
    xdecref(target.key);
    Object *value = NULL, *result = NULL;
    if (assigns) {
        in->at = dry.at;
        value = read_expression(in);
        if (!value || !at_end(in)) return NULL;
        in->at = start;
    }
    target = (Target){NULL, NULL, NULL};
    Object *read = read_operand(in, &target);
    bool place = target.obj || target.name;
    if (read && (assigns || delete) && !place) no_sense(in, "nothing can be assigned to");
    bool ok = read && !in->bad && (assigns || at_end(in));
    if (ok && (in->dry || !place))
        result = new_ref(read);
    else if (ok && (assigns || delete))
        result = assign(&target, value) < 0 ? NULL : new_ref(None);
    else if (ok)
        result = read_target(&target, in);
    xdecref(read);
    xdecref(target.obj);
    xdecref(target.key);
    xdecref(value);
    return result;
}

static Object *read_statement(Scanner *in) {
    if (take(in, "class")) return read_class(in);
    bool delete = take(in, "del");
    skip_space(in);
    return read_assignment(in, in->at, delete);
}

bool statement_check(const char *line) {
    Scanner in = {.at = line, .dry = true};
    xdecref(read_statement(&in));
    if (!in.bad) return true;
    usage_error(telling.demo->program, *in.from ? "%s '%.40s'; type:" : "%s; type:", in.bad,
                in.from);
    fputs(can_be_typed, stderr);
    return false;
}

Object *statement_run(const char *line) {
    return read_statement(&(Scanner){.at = line});
}
