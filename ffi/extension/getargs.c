/* getargs.c: arguments by format string.
 *
 * The invariant: format and addresses are walked together, one character and one address for each
 * argument, also past the arguments that were not given: their addresses are skipped and what is
 * there stays. The compiler checks neither: a format that does not fit its variables writes past
 * them.
 *
 * CPython: Python/getargs.c, vgetargs1_impl(), vgetargskeywords(), convertsimple(), skipitem().
 */
#include "plugin.h"

#include <limits.h>

typedef struct {
    va_list list; // in a structure, so that a function can take from its caller's
} Addresses;

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static const char *type_name(const Object *arg) {
    return arg == None ? "None" : arg->type->name;
}

/* What is said of an argument that does not fit: the function's name, a message instead of all;
 * either may be NULL. */
typedef struct {
    const char *name, *message;
    ssize_t number; // from 1 on
} Words;

/* Sets an error of an argument, unless one is set: -1. CPython: seterror(). */
PRINTF_LIKE static int argument_error(const Words *words, const char *format, ...) {
    char text[128];
    if (error_occurred()) return -1;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ErrorType type = text[0] == '(' ? SystemError : TypeError;
    if (words->message) return error_set(type, "%s", words->message);
    return error_set(type, "%.200s%sargument %zd %s", words->name ? words->name : "",
                     words->name ? "() " : "", words->number, text);
}

static int must_be(const Words *words, const char *expected, const Object *arg) {
    return argument_error(words, "must be %.50s, not %.50s", expected, type_name(arg));
}

static int convert_int(Object *arg, int *to) {
    long value;
    if (int_as_long(arg, &value) < 0) return -1;
    if (value > INT_MAX) return error_set(OverflowError, "signed integer is greater than maximum");
    if (value < INT_MIN) return error_set(OverflowError, "signed integer is less than minimum");
    *to = (int)value;
    return 0;
}

/* CPython: convertsimple(), case 's'. */
static int convert_text(Object *arg, const char **to) {
    const Str *text = (const Str *)arg;
    if (strlen(text->utf8) != (size_t)text->size)
        return error_set(ValueError, "embedded null character");
    *to = text->utf8;
    return 0;
}

static int store_if(bool right, const Words *words, const char *expected, Object *arg,
                    Object **to) {
    if (!right) return must_be(words, expected, arg);
    *to = arg;
    return 0;
}

/* Converts an argument as the format says and moves on in it: 0 or -1. CPython: convertsimple(). */
static int convert(Object *arg, const char **format, Addresses *to, const Words *words) {
    char c = *(*format)++;
    double number;
    switch (c) {
    case 'i':
        return convert_int(arg, va_arg(to->list, int *));
    case 'l':
        return int_as_long(arg, va_arg(to->list, long *));
    case 'L':
        return int_as_longlong(arg, va_arg(to->list, long long *));
    case 'n':
        return int_as_ssize(arg, va_arg(to->list, ssize_t *));
    case 'd':
        return float_as_double(arg, va_arg(to->list, double *));
    case 'f':
        if (float_as_double(arg, &number) < 0) return -1;
        *va_arg(to->list, float *) = (float)number;
        return 0;
    case 'p':
        *va_arg(to->list, int *) = object_is_true(arg);
        return 0;
    case 's':
    case 'z': {
        const char **text = va_arg(to->list, const char **);
        if (arg->type == &Str_Type) return convert_text(arg, text);
        if (c == 's' || arg != None) return must_be(words, c == 's' ? "str" : "str or None", arg);
        *text = NULL;
        return 0;
    }
    case 'U':
        return store_if(arg->type == &Str_Type, words, "str", arg, va_arg(to->list, Object **));
    case 'S':
        return store_if(arg->type == &Bytes_Type, words, "bytes", arg, va_arg(to->list, Object **));
    case 'O': {
        const Type *type = **format == '!' ? va_arg(to->list, const Type *) : NULL;
        *format += type != NULL;
        return store_if(!type || object_is(arg, type), words, type ? type->name : "", arg,
                        va_arg(to->list, Object **));
    }
    default:
        return argument_error(words, "(impossible<bad format char>)");
    }
}

/* Moves on past an argument that was not given: 0, or -1 with SystemError. CPython: skipitem(). */
static int skip(const char **format, Addresses *to) {
    char c = *(*format)++;
    if (!c || !strchr("ilLndfpszUSO", c)) {
        return error_set(SystemError, "impossible<bad format char>: '%s'", *format - 1);
    }
    if (c == 'O' && **format == '!') {
        ++*format;
        (void)va_arg(to->list, const Type *);
    }
    (void)va_arg(to->list, void *);
    return 0;
}

/* ---- By position -----------------------------------------------------------------------------*/

/* CPython: vgetargs1_impl(). */
static int parse_positional(Object *const *args, ssize_t nargs, const char *format, Addresses *to) {
    int min = -1, max = 0;
    const char *name = NULL, *message = NULL, *end = format;
    for (; *end && *end != ':' && *end != ';'; end++) {
        if (*end == '|') min = max;
        max += is_letter(*end);
    }
    if (*end == ':') name = end + 1;
    if (*end == ';') message = end + 1;
    if (min < 0) min = max;
    if (nargs < min || max < nargs) {
        if (message) return error_set(TypeError, "%s", message);
        int bound = nargs < min ? min : max;
        return error_set(TypeError, "%.150s%s takes %s %d argument%s (%zd given)",
                         name ? name : "function", name ? "()" : "",
                         min == max    ? "exactly"
                         : nargs < min ? "at least"
                                       : "at most",
                         bound, bound == 1 ? "" : "s", nargs);
    }
    const char *at = format;
    for (ssize_t i = 0; i < nargs; i++) {
        if (*at == '|') at++;
        if (convert(args[i], &at, to, &(Words){name, message, i + 1}) < 0) return -1;
    }
    if (*at && !is_letter(*at) && !strchr("|:;", *at)) {
        return error_set(SystemError, "bad format string: %.200s", format);
    }
    return 0;
}

int arg_parse_stack(Object *const *args, ssize_t nargs, const char *format, ...) {
    Addresses to;
    va_start(to.list, format);
    int status = parse_positional(args, nargs, format, &to);
    va_end(to.list);
    return status == 0;
}

int arg_parse_tuple(Object *args, const char *format, ...) {
    Addresses to;
    if (args->type != &Tuple_Type) {
        error_set(SystemError, "new style getargs format but argument is not a tuple");
        return 0;
    }
    va_start(to.list, format);
    int status = parse_positional(((Tuple *)args)->items, ((Tuple *)args)->size, format, &to);
    va_end(to.list);
    return status == 0;
}

/* ---- By position and by name -----------------------------------------------------------------*/

typedef struct {
    const Tuple *args;
    const Dict *kwargs; // or NULL
    const char *format, *name, *message;
    const char *const *names;
    int count, pos; // parameters; of these by position only, whose names are empty, so many
} Call;

static const char *name_of(const Call *call) {
    return call->name ? call->name : "function";
}
static const char *name_here(const Call *call) {
    return call->name ? call->name : "this function";
}
static const char *brackets(const Call *call) {
    return call->name ? "()" : "";
}

static Object *by_name(const Call *call, int index) {
    return call->kwargs ? dict_get_item_string(OBJECT(call->kwargs), call->names[index]) : NULL;
}

/* What is left in kwargs has no parameter, or one that was given by position. CPython: the end of
 * vgetargskeywords(). */
static int complain_about_keywords(const Call *call) {
    for (int i = call->pos; i < call->args->size; i++) {
        if (by_name(call, i)) {
            return error_set(TypeError,
                             "argument for %.200s%s given by name ('%s') and position (%d)",
                             name_of(call), brackets(call), call->names[i], i + 1);
        }
    }
    for (ssize_t k = 0; k < call->kwargs->used; k++) {
        const char *key = ((Str *)call->kwargs->entries[k].key)->utf8;
        bool match = false;
        for (int i = call->pos; i < call->count; i++)
            match = match || strcmp(key, call->names[i]) == 0;
        if (!match) {
            return error_set(TypeError, "'%s' is an invalid keyword argument for %.200s%s", key,
                             name_here(call), brackets(call));
        }
    }
    return error_set(TypeError, "invalid keyword argument for %.200s%s", name_here(call),
                     brackets(call));
}

static int too_many_positional(const Call *call, int min, int max) {
    if (max == 0) {
        return error_set(TypeError, "%.200s%s takes no positional arguments", name_of(call),
                         brackets(call));
    }
    return error_set(TypeError, "%.200s%s takes %s %d positional argument%s (%zd given)",
                     name_of(call), brackets(call), min != INT_MAX ? "at most" : "exactly", max,
                     max == 1 ? "" : "s", call->args->size);
}

static int too_few_positional(const Call *call, int min, int reached) {
    int least = call->pos < min ? call->pos : min;
    return error_set(TypeError, "%.200s%s takes %s %d positional argument%s (%zd given)",
                     name_of(call), brackets(call), least < reached ? "at least" : "exactly", least,
                     least == 1 ? "" : "s", call->args->size);
}

/* Counts, and refuses more arguments than parameters. */
static int begin(Call *call) {
    const char *end = call->format + strcspn(call->format, ":;");
    if (*end == ':') call->name = end + 1;
    if (*end == ';') call->message = end + 1;
    while (call->names[call->pos] && !*call->names[call->pos])
        call->pos++;
    for (call->count = call->pos; call->names[call->count]; call->count++) {
        if (!*call->names[call->count])
            return error_set(SystemError, "Empty keyword parameter name");
    }
    ssize_t nargs = call->args->size, given = nargs + (call->kwargs ? call->kwargs->used : 0);
    if (given > call->count) {
        return error_set(TypeError, "%.200s%s takes at most %d %sargument%s (%zd given)",
                         name_of(call), brackets(call), call->count, nargs == 0 ? "keyword " : "",
                         call->count == 1 ? "" : "s", given);
    }
    return 0;
}

/* Arguments and names in one loop, along the parameters. CPython: vgetargskeywords(). */
static int parse_keywords(Call *call, Addresses *to) {
    if (begin(call) < 0) return -1;
    int min = INT_MAX, max = INT_MAX, i;
    bool skipping = false; // too few by position: how many it should be is seen further on
    const char *at = call->format;
    ssize_t nargs = call->args->size, left = call->kwargs ? call->kwargs->used : 0;
    for (i = 0; i < call->count; i++) {
        if (*at == '|') {
            if (min != INT_MAX)
                return error_set(SystemError, "Invalid format string (| specified twice)");
            if (max != INT_MAX) return error_set(SystemError, "Invalid format string ($ before |)");
            min = i;
            at++;
        }
        if (*at == '$') {
            if (max != INT_MAX)
                return error_set(SystemError, "Invalid format string ($ specified twice)");
            max = i;
            at++;
            if (max < call->pos) return error_set(SystemError, "Empty parameter name after $");
            if (skipping) break;
            if (max < nargs) return too_many_positional(call, min, max);
        }
        if (!*at || *at == ':' || *at == ';') {
            return error_set(SystemError,
                             "More keyword list entries (%d) than format specifiers (%d)",
                             call->count, i);
        }
        if (!skipping) {
            Object *arg = i < nargs                ? call->args->items[i]
                          : left && i >= call->pos ? by_name(call, i)
                                                   : NULL;
            left -= arg && i >= nargs;
            if (arg) {
                const Words words = {call->name, call->message, i + 1};
                if (convert(arg, &at, to, &words) < 0) return -1;
                continue;
            }
            if (i < min && i >= call->pos) {
                return error_set(TypeError, "%.200s%s missing required argument '%s' (pos %d)",
                                 name_of(call), brackets(call), call->names[i], i + 1);
            }
            skipping = i < min;
            if (!left && !skipping) return 0; // the rest is optional and was not given
        }
        if (skip(&at, to) < 0) return -1;
    }
    if (skipping) return too_few_positional(call, min, i);
    if (*at && !strchr(":;|$", *at)) {
        return error_set(
            SystemError,
            "more argument specifiers than keyword list entries (remaining format:'%s')", at);
    }
    return left > 0 ? complain_about_keywords(call) : 0;
}

int arg_parse_tuple_and_keywords(Object *args, Object *kwargs, const char *format,
                                 const char *const *names, ...) {
    Call call = {.args = (Tuple *)args, .kwargs = (Dict *)kwargs, .format = format, .names = names};
    Addresses to;
    va_start(to.list, names);
    int status = parse_keywords(&call, &to);
    va_end(to.list);
    return status == 0;
}
