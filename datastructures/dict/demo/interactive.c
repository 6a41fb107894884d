/* interactive.c: dict_demo --interactive: a read-eval-print loop that knows one variable, `d`.
 *
 *     d['a'] = 1    d['a']    del d['a']    'a' in d    'a' not in d    len(d)    d    show    quit
 *
 * with literals of int, float, str, True, False, None, tuple and list. A value is printed as Python
 * would, an error as the last line of its traceback; then the table is drawn.
 */
#include "demo.h"

#include "draw.h"

#include <ctype.h>
#include <errno.h>

typedef struct {
    const char *at;  // the next character; the text ends with a NUL
    int depth;       // of brackets open
    const char *bad; // what is wrong with the syntax; NULL: nothing yet
} Scanner;

enum { DEPTH_MAX = 200 }; // CPython: Parser/tokenizer.h, MAXLEVEL

/* ---- Reading literals ------------------------------------------------------------------------*/

static void skip_space(Scanner *in) {
    while (*in->at == ' ' || *in->at == '\t')
        in->at++;
}

static Object *bad_syntax(Scanner *in, const char *what) {
    if (!in->bad) in->bad = what;
    return NULL;
}

/* Takes `text` if it comes next; a word only where it ends. */
static bool take(Scanner *in, const char *text) {
    skip_space(in);
    size_t length = strlen(text);
    if (strncmp(in->at, text, length) != 0) return false;
    unsigned char last = (unsigned char)text[length - 1], after = (unsigned char)in->at[length];
    if (isalpha(last) && (isalnum(after) || after == '_' || after >= 0x80)) return false;
    in->at += length;
    return true;
}

static Object *read_value(Scanner *in);

static Object *read_number(Scanner *in) {
    const char *start = in->at;
    bool real = false;
    if (*in->at == '-' || *in->at == '+') in->at++;
    if (!isdigit((unsigned char)*in->at) && *in->at != '.') return bad_syntax(in, "invalid syntax");
    const char *digits = in->at;
    for (; isdigit((unsigned char)*in->at) || *in->at == '.' || *in->at == 'e' || *in->at == 'E';
         in->at++) {
        real |= !isdigit((unsigned char)*in->at);
        if ((*in->at == 'e' || *in->at == 'E') && (in->at[1] == '-' || in->at[1] == '+')) in->at++;
    }
    char text[400];
    size_t length = (size_t)(in->at - start);
    bool word = isalnum((unsigned char)*in->at) || *in->at == '_';
    bool padded = !real && digits[0] == '0' && in->at - digits > 1;
    if (word || padded || length >= sizeof text) return bad_syntax(in, "invalid decimal literal");
    memcpy(text, start, length);
    text[length] = '\0';
    if (!real) return int_from_string(text);
    char *end;
    double value = strtod(text, &end);
    return *end ? bad_syntax(in, "invalid decimal literal") : float_from_double(value);
}

/* Appends a code point as UTF-8. */
static void put_char(Writer *out, unsigned long c) {
    char bytes[4];
    size_t length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = length; i-- > 1; c >>= 6)
        bytes[i] = (char)(0x80 | (c & 0x3F));
    bytes[0] = (char)(lead[length] | c);
    writer_write(out, bytes, length);
}

/* \xhh, \uhhhh, \Uhhhhhhhh: false if malformed. */
static bool read_hex(Scanner *in, int digits, Writer *out) {
    unsigned long c = 0;
    for (int i = 0; i < digits; i++, in->at++) {
        if (!isxdigit((unsigned char)*in->at)) return false;
        int digit = isdigit((unsigned char)*in->at) ? *in->at - '0' : tolower(*in->at) - 'a' + 10;
        c = c * 16 + (unsigned long)digit;
    }
    if (c > 0x10FFFF) return false;
    put_char(out, c);
    return true;
}

static bool read_escape(Scanner *in, Writer *out) {
    static const char letters[] = "abfnrtv\\'\"", meanings[] = "\a\b\f\n\r\t\v\\'\"";
    char c = *in->at++;
    const char *letter = c ? strchr(letters, c) : NULL;
    if (letter) {
        writer_write(out, &meanings[letter - letters], 1);
        return true;
    }
    if (c == 'x') return read_hex(in, 2, out);
    if (c == 'u') return read_hex(in, 4, out);
    if (c == 'U') return read_hex(in, 8, out);
    in->at--;
    if ('0' <= c && c <= '7') {
        unsigned long code = 0;
        for (int i = 0; i < 3 && '0' <= *in->at && *in->at <= '7'; i++)
            code = code * 8 + (unsigned long)(*in->at++ - '0');
        put_char(out, code);
    } else {
        writer_puts(out, "\\"); // unknown: Python keeps the backslash
    }
    return true;
}

static Object *read_string(Scanner *in) {
    char quote = *in->at++;
    Writer text = {0};
    Object *str = NULL;
    while (*in->at && *in->at != quote) {
        if (*in->at == '\\' && in->at[1]) {
            in->at++;
            if (read_escape(in, &text)) continue;
            writer_free(&text);
            return bad_syntax(in, "(unicode error) malformed escape");
        }
        writer_write(&text, in->at++, 1);
    }
    if (*in->at != quote) {
        bad_syntax(in, "unterminated string literal");
    } else if (in->at++, !text.failed) {
        str = str_from_bytes(text.bytes ? text.bytes : "", (ssize_t)text.length);
    }
    writer_free(&text);
    return str;
}

/* The items up to `close`, in a tuple or list as the bracket says; (x) is x itself. */
static Object *read_sequence(Scanner *in, bool tuple) {
    const char *close = tuple ? ")" : "]";
    in->at++;
    if (++in->depth > DEPTH_MAX) return bad_syntax(in, "too many nested parentheses");
    List *items = list_new(0);
    bool comma = true, any_comma = false, ok = items != NULL;
    while (ok && !take(in, close)) {
        Object *item =
            comma ? read_value(in) : bad_syntax(in, "invalid syntax. Perhaps you forgot a comma?");
        ok = item && list_append(items, item) == 0;
        xdecref(item);
        comma = ok && take(in, ",");
        any_comma |= comma;
    }
    in->depth--;
    Object *result = NULL;
    if (ok && !tuple) result = new_ref(items);
    if (ok && tuple && list_size(items) == 1 && !any_comma) result = new_ref(items->items[0]);
    if (ok && tuple && !result) {
        Tuple *made = tuple_new(list_size(items));
        for (ssize_t i = 0; made && i < made->size; i++)
            made->items[i] = new_ref(items->items[i]);
        result = OBJECT(made);
    }
    xdecref(items);
    return result;
}

/* New reference; NULL with `bad` set, or with an error set (OverflowError, MemoryError). */
static Object *read_value(Scanner *in) {
    if (take(in, "True")) return new_ref(True);
    if (take(in, "False")) return new_ref(False);
    if (take(in, "None")) return new_ref(None);
    skip_space(in);
    char c = *in->at;
    if (c == '(' || c == '[') return read_sequence(in, c == '(');
    if (c == '\'' || c == '"') return read_string(in);
    return read_number(in);
}

/* ---- Statements ------------------------------------------------------------------------------*/

static bool at_end(Scanner *in) {
    skip_space(in);
    if (*in->at == '\0' || *in->at == '#') return true;
    bad_syntax(in, "invalid syntax");
    return false;
}

static Object *read_key(Scanner *in) {
    Object *key = read_value(in);
    if (key && take(in, "]")) return key;
    if (key) bad_syntax(in, "'[' was never closed");
    xdecref(key);
    return NULL;
}

/* As Python's prompt does: None is not shown. Consumes the value. */
static void show_value(Object *value) {
    if (value && value != None && object_print(value, stdout, false) == 0) putchar('\n');
    xdecref(value);
}

/* After `d[`: reading or assigning. */
static void run_subscript(Scanner *in, Dict *d) {
    Object *key = read_key(in);
    if (!key) return;
    if (take(in, "=")) {
        Object *value = read_value(in);
        if (value && at_end(in)) dict_set_item(d, key, value);
        xdecref(value);
    } else if (at_end(in)) {
        show_value(dict_subscript(d, key));
    }
    decref(key);
}

static void run_delete(Scanner *in, Dict *d) {
    if (!take(in, "d") || !take(in, "[")) {
        bad_syntax(in, "invalid syntax");
        return;
    }
    Object *key = read_key(in);
    if (key && at_end(in)) dict_del_item(d, key);
    xdecref(key);
}

/* A bare value, or `value in d`, `value not in d`. */
static void run_value(Scanner *in, Dict *d) {
    Object *value = read_value(in);
    if (!value) return;
    bool negated = take(in, "not");
    if (take(in, "in")) {
        if (take(in, "d") && at_end(in)) {
            int answer = dict_contains(d, value);
            if (answer >= 0) show_value(new_ref((answer == 1) != negated ? True : False));
        } else {
            bad_syntax(in, "invalid syntax");
        }
    } else if (negated) {
        bad_syntax(in, "invalid syntax");
    } else if (at_end(in)) {
        show_value(new_ref(value));
    }
    decref(value);
}

static void run_line(Scanner *in, Dict *d) {
    if (take(in, "del")) {
        run_delete(in, d);
    } else if (take(in, "len")) {
        if (take(in, "(") && take(in, "d") && take(in, ")")) {
            if (at_end(in)) show_value(int_from_long(dict_size(d)));
        } else {
            bad_syntax(in, "invalid syntax");
        }
    } else if (take(in, "show")) {
        at_end(in);
    } else if (take(in, "d")) {
        if (take(in, "[")) {
            run_subscript(in, d);
        } else if (at_end(in)) {
            show_value(new_ref(d));
        }
    } else {
        run_value(in, d);
    }
}

/* One line of input: runs it, prints what it says, draws the table. False: quit. */
static bool run(const char *program, char *line, size_t length, Dict *d) {
    Scanner in = {.at = line};
    while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
        line[--length] = '\0';
    skip_space(&in);
    if (*in.at == '#' || (*in.at == '\0' && strlen(line) == length)) return true;
    if (take(&in, "quit")) return false;
    if (strlen(line) != length) {
        bad_syntax(&in, "source code cannot contain null bytes");
    } else {
        run_line(&in, d);
    }
    if (in.bad) {
        error_clear();
        usage_error(program, "SyntaxError: %s", in.bad);
        return true;
    }
    if (error_occurred()) error_print(stdout);
    draw_table(d);
    return true;
}

int demo_interactive(const char *program) {
    bool prompt = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    Dict *d = dict_new();
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    if (!d) return 1;
    if (prompt)
        puts("d = {}    try: d['a'] = 1   d['a']   del d['a']   'a' in d   len(d)   show   quit");
    do {
        if (prompt) printf(">>> ");
        fflush(stdout);
        errno = 0;
        length = getline(&line, &capacity, stdin);
    } while (length >= 0 && run(program, line, (size_t)length, d));
    int status = length < 0 && ferror(stdin)
                     ? usage_error(program, "cannot read '-': %s", strerror(errno))
                     : 0;
    if (prompt && length < 0) putchar('\n');
    free(line);
    dict_clear(d);
    decref(d);
    return status;
}
