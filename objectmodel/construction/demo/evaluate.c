/* evaluate.c: construction expressions, `Point(1, Hex('ff')).x`: read, evaluated, traced.
 *
 * One function for each rule of the grammar; with `check` they read without evaluating, so that a
 * command line with a mistake in it runs nothing:
 *
 *     expression: atom { "." NAME | "(" [ expression { "," expression } ] ")" }
 *     atom: NUMBER | TEXT | NAME | "(" ")" | "(" expression ")" | "(" expression "," ... ")"
 */
#include "demo.h"

#include "../../../common/both.h"

#include <ctype.h>

enum { NESTED_MAX = 50, ARGUMENTS_MAX = 20, DIGITS_MAX = 18, WORD_MAX = 60 };

typedef struct {
    const char *at, *start;
    bool check;  // only the syntax
    bool broken; // and it is wrong
    int nested;
} Reader;

static Object *read_expression(Reader *in);

/* Wrong syntax: says so once. */
static Object *no_sense(Reader *in, const char *why) {
    if (!in->broken)
        usage_error(telling.demo->program, "'%.60s': %s at '%.20s'", in->start, why, in->at);
    in->broken = true;
    return NULL;
}

static bool take(Reader *in, char c) {
    while (*in->at == ' ')
        in->at++;
    if (*in->at != c) return false;
    in->at++;
    return true;
}

static Object *read_number(Reader *in) {
    bool negative = take(in, '-');
    size_t digits = strspn(in->at, "0123456789");
    if (digits == 0) return no_sense(in, "no number");
    if (digits > DIGITS_MAX) return no_sense(in, "too large a number");
    if (digits > 1 && *in->at == '0') return no_sense(in, "a number that begins with 0");
    long long value = strtoll(in->at, NULL, 10);
    in->at += digits;
    if (isalpha((unsigned char)*in->at) || *in->at == '_') return no_sense(in, "no number");
    return need(int_from_long(negative ? -value : value));
}

static Object *read_text(Reader *in, char quote) {
    const char *end = ++in->at;
    while (*end && *end != quote && *end != '\\' && *end != '\'' && (unsigned char)*end >= ' ' &&
           *end != 0x7F)
        end++;
    if (*end != quote) return no_sense(in, "a text without escapes ends otherwise");
    Object *text = need(str_from_format("%.*s", (int)(end - in->at), in->at));
    in->at = end + 1;
    return text;
}

/* A name; NULL after a complaint. It may hold letters, digits and _. */
static const char *read_word(Reader *in, char word[WORD_MAX]) {
    while (*in->at == ' ')
        in->at++;
    size_t length = 0;
    while (isalnum((unsigned char)in->at[length]) || in->at[length] == '_')
        length++;
    if (length == 0 || length >= WORD_MAX || isdigit((unsigned char)*in->at)) {
        no_sense(in, "no name");
        return NULL;
    }
    memcpy(word, in->at, length);
    word[length] = '\0';
    in->at += length;
    return word;
}

static Object *read_name(Reader *in) {
    char word[WORD_MAX];
    if (!read_word(in, word)) return NULL;
    Object *found = in->check ? None : classes_find(word);
    return found ? new_ref(found) : NULL;
}

/* What stands between parentheses, the first of which is read: a tuple. *comma: there was one. */
static Tuple *read_items(Reader *in, bool *comma) {
    Object *items[ARGUMENTS_MAX];
    ssize_t size = 0;
    bool failed = false;
    *comma = false;
    while (!failed && !take(in, ')')) {
        if (size == ARGUMENTS_MAX) {
            no_sense(in, "too many");
            failed = true;
        } else if (size > 0 && !*comma) {
            no_sense(in, "no comma and no )");
            failed = true;
        } else if ((items[size] = read_expression(in))) {
            size++;
            *comma = take(in, ',');
        } else {
            failed = true;
        }
    }
    Tuple *tuple = failed ? NULL : need(tuple_new(size));
    for (ssize_t i = 0; i < size; i++) {
        if (tuple)
            tuple->items[i] = items[i];
        else
            decref(items[i]);
    }
    return tuple;
}

static Object *read_atom(Reader *in) {
    if (take(in, '(')) {
        bool comma;
        Tuple *items = read_items(in, &comma);
        if (!items || items->size != 1 || comma) return OBJECT(items);
        Object *one = new_ref(items->items[0]);
        decref(items);
        return one;
    }
    if (isdigit((unsigned char)*in->at) || *in->at == '-') return read_number(in);
    if (*in->at == '\'' || *in->at == '"') return read_text(in, *in->at);
    return read_name(in);
}

static Object *call(Object *function, const Tuple *args) {
    Object *result = trace_call(function, args->items, args->size);
    decref(function);
    decref(args);
    return result;
}

static Object *read_expression(Reader *in) {
    if (++in->nested > NESTED_MAX) return no_sense(in, "nested too deep");
    Object *value = read_atom(in);
    for (;;) {
        char word[WORD_MAX];
        if (value && take(in, '.')) {
            Object *of = value;
            value = !read_word(in, word) ? NULL
                    : in->check          ? new_ref(None)
                                         : object_getattr_string(of, word);
            decref(of);
        } else if (value && take(in, '(')) {
            bool comma;
            Tuple *args = read_items(in, &comma);
            if (args && !in->check) {
                value = call(value, args);
                continue;
            }
            decref(value);
            value = args ? new_ref(None) : NULL;
            xdecref(args);
        } else {
            break;
        }
    }
    in->nested--;
    return value;
}

/* All of it: the value; NULL with an error set, or after a complaint. */
static Object *read_all(Reader *in) {
    Object *value = read_expression(in);
    while (*in->at == ' ')
        in->at++;
    if (!value || !*in->at) return value;
    decref(value);
    return no_sense(in, "no sense");
}

static void print_value(Object *value, FILE *out) {
    if (value)
        trace_object(value, out);
    else
        fprintf(out, "%s: %s", error_name(error_occurred()), error_message());
}

/* ---- The same in python3 ---------------------------------------------------------------------*/

/* What the room's child does: common/both.h. It tells objects as we do, and which functions of the
 * classes have run. */
static const char script_begin[] =
    "def show(x):\n"
    "    if isinstance(x, type): return x.__name__\n"
    "    t, parts = type(x), []\n"
    "    if x is None: return 'None'\n"
    "    if isinstance(x, int): parts = [int.__repr__(x)]\n"
    "    if isinstance(x, str): parts = [\"'\" + str.__str__(x) + \"'\"]\n"
    "    if isinstance(x, tuple):\n"
    "        parts = ['(' + ', '.join(map(show, x)) + (',)' if len(x) == 1 else ')')]\n"
    "    if t in (int, str, tuple): return parts[0]\n"
    "    parts += [k + '=' + show(v) for k, v in getattr(x, '__dict__', {}).items()]\n"
    "    return '<' + ' '.join([t.__name__, *parts]) + '>'\n"
    "\n"
    "repr = show\n"
    "calls = []\n"
    "def profile(frame, event, argument):\n"
    "    code = frame.f_code\n"
    "    if event != 'call' or code.co_filename != 'classes': return\n"
    "    while frame and frame.f_code.co_filename != 'typed': frame = frame.f_back\n"
    "    if frame: calls.append(code.co_qualname)\n"
    "\n"
    "def memory(it):\n"
    "    for number, name in enumerate(calls): yield 'call %d' % number, name\n"
    "    calls.clear()\n"
    "\n"
    "source = '''\n";
static const char script_end[] = "'''\n"
                                 "start = 'it = []\\nexec(compile(%a, \"classes\", \"exec\"))'\n"
                                 "if known: sys.setprofile(profile)\n"
                                 "main('it', start % source, memory)\n";

static bool start_python(Both *both) {
    size_t size = sizeof script_begin + strlen(classes_source) + sizeof script_end;
    char *script = need(malloc(size));
    snprintf(script, size, "%s%s%s", script_begin, classes_source, script_end);
    bool started = both_start(both, telling.demo->program, script);
    free(script);
    return started;
}

static void compare(Both *both, const char *expression, Object *value) {
    char *facts = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&facts, &size);
    if (!out) return;
    fputs("says: ", out);
    if (value != None) print_value(value, out);
    fputs("\nlen: 0\nrepr: <list>\n", out);
    int number = 0;
    for (char *name = strtok(trace_called, "\n"); name; name = strtok(NULL, "\n"))
        fprintf(out, "call %d: %s\n", number++, name);
    if (fclose(out) == 0) both_compare(both, expression, facts, stdout);
    free(facts);
}

/* ---- Expressions -----------------------------------------------------------------------------*/

bool evaluate_check(const char *expression) {
    Reader reader = {.at = expression, .start = expression, .check = true};
    Object *value = read_all(&reader);
    xdecref(value);
    return !reader.broken;
}

static void evaluate_with(const char *expression, Both *both) {
    *trace_called = '\0';
    if (!trace_rows) printf("%s%s%s\n", color("1"), expression, color("0"));
    Object *value = read_all(&(Reader){.at = expression, .start = expression});
    if (!trace_rows) {
        bool wide = !value && strlen(error_message()) > 60;
        printf(wide ? "  = %s:\n    %s" : "  = ", error_name(error_occurred()), error_message());
        if (!wide) print_value(value, stdout);
        putchar('\n');
    }
    if (both) compare(both, expression, value);
    xdecref(value);
    error_clear();
}

void evaluate(const char *expression) {
    evaluate_with(expression, NULL);
}

int evaluate_all(int count, char **expressions, bool python) {
    for (int i = 0; i < count; i++)
        if (!evaluate_check(expressions[i])) return 2;
    Both both = {0};
    if (python) python = start_python(&both);
    for (int i = 0; i < count; i++)
        evaluate_with(expressions[i], python ? &both : NULL);
    both_end(&both);
    return 0;
}
