/* interactive.c: dict_demo --interactive: a read-eval-print loop that knows one variable, `d`, and
 * literals of int, float, str, True, False, None, tuple and list.
 *
 * A value is printed as Python would, an error as the last line of its traceback. A lookup shows its
 * path; the table is drawn when it has changed.
 */
#include "parts.h"

#include <ctype.h>

static const char can_be_typed[] =
    "  d['a'] = 1   d['a']   del d['a']   'a' in d   'a' not in d   len(d)   d\n"
    "  with keys and values like  7  -2.5  'text'  True  None  (1, 'x')  [1, 2]\n"
    "  show draws the table, help or ? says this, quit ends\n";

typedef struct {
    const char *at;   // the next character; the text ends with a NUL
    int depth;        // of brackets open
    const char *bad;  // what is wrong; NULL: nothing yet
    const char *from; // where
} Scanner;

enum { DEPTH_MAX = 200 }; // CPython: Parser/tokenizer.h, MAXLEVEL

/* ---- Reading literals ------------------------------------------------------------------------*/

static void skip_space(Scanner *in) {
    while (*in->at == ' ' || *in->at == '\t')
        in->at++;
}

static Object *bad_syntax(Scanner *in, const char *what) {
    if (!in->bad) in->from = in->at;
    if (!in->bad) in->bad = what;
    return NULL;
}

static Object *no_sense(Scanner *in) {
    return bad_syntax(in, *in->at ? "cannot make sense of" : "something is missing at the end");
}

static Object *no_sense_at(Scanner *in, const char *start) {
    in->at = start;
    return no_sense(in);
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
    if (!isdigit((unsigned char)*in->at) && *in->at != '.') return no_sense(in);
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
    if (word || padded || length >= sizeof text) return no_sense_at(in, start);
    memcpy(text, start, length);
    text[length] = '\0';
    if (!real) return int_from_string(text);
    char *end;
    double value = strtod(text, &end);
    return *end ? no_sense_at(in, start) : float_from_double(value);
}

/* A str literal while it is read. UTF-8 cannot spell a lone surrogate, as '\ud800' is: U+FFFD stands
 * for it until the str is made, and `replaced` has, for each U+FFFD in turn, what it is in truth. */
typedef struct {
    Writer utf8;
    Writer replaced; // 2 bytes each
} Literal;

static void put_char(Literal *out, unsigned long c) {
    uint16_t truth = (uint16_t)c;
    bool surrogate = 0xD800 <= c && c <= 0xDFFF;
    if (surrogate || c == 0xFFFD) writer_write(&out->replaced, (char *)&truth, sizeof truth);
    if (surrogate) c = 0xFFFD;
    char bytes[4];
    size_t length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = length; i-- > 1; c >>= 6)
        bytes[i] = (char)(0x80 | (c & 0x3F));
    bytes[0] = (char)(lead[length] | c);
    writer_write(&out->utf8, bytes, length);
}

/* What was typed as it is, which may be no UTF-8 at all. */
static void put_typed(Scanner *in, Literal *out) {
    if (strncmp(in->at, "\xEF\xBF\xBD", 3) == 0) {
        put_char(out, 0xFFFD);
        in->at += 3;
    } else {
        writer_write(&out->utf8, in->at++, 1);
    }
}

static Object *literal_str(Literal *text) {
    if (text->utf8.failed || text->replaced.failed) return NULL;
    Writer *utf8 = &text->utf8;
    Str *str = (Str *)str_from_bytes(utf8->bytes ? utf8->bytes : "", (ssize_t)utf8->length);
    const char *truth = text->replaced.bytes;
    for (ssize_t i = 0; str && str->kind > 1 && i < str->length; i++) {
        uint16_t *narrow = (uint16_t *)(void *)str->data + i, was = 0;
        uint32_t *wide = (uint32_t *)(void *)str->data + i;
        if ((str->kind == 2 ? *narrow : *wide) != 0xFFFD) continue;
        memcpy(&was, truth, sizeof was);
        truth += sizeof was;
        if (str->kind == 2) {
            *narrow = was;
        } else {
            *wide = was;
        }
    }
    return OBJECT(str);
}

/* \xhh, \uhhhh, \Uhhhhhhhh: false if malformed. */
static bool read_hex(Scanner *in, int digits, Literal *out) {
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

static bool read_escape(Scanner *in, Literal *out) {
    static const char letters[] = "abfnrtv\\'\"", meanings[] = "\a\b\f\n\r\t\v\\'\"";
    char c = *in->at++;
    const char *letter = c ? strchr(letters, c) : NULL;
    if (letter) {
        put_char(out, (unsigned char)meanings[letter - letters]);
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
        put_char(out, '\\'); // unknown: Python keeps the backslash
    }
    return true;
}

static Object *read_string(Scanner *in) {
    char quote = *in->at++;
    Literal text = {0};
    Object *str = NULL;
    while (!in->bad && *in->at && *in->at != quote) {
        const char *start = in->at;
        if (start[0] != '\\' || !start[1]) {
            put_typed(in, &text);
        } else if (in->at++, !read_escape(in, &text)) {
            no_sense_at(in, start);
        }
    }
    if (in->bad) {
        in->at += strlen(in->at);
    } else if (*in->at != quote) {
        bad_syntax(in, "the closing quote is missing");
    } else {
        in->at++;
        str = literal_str(&text);
    }
    writer_free(&text.utf8);
    writer_free(&text.replaced);
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
        Object *item = comma ? read_value(in) : no_sense(in);
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
    no_sense(in);
    return false;
}

static Object *read_key(Scanner *in) {
    Object *key = read_value(in);
    if (key && take(in, "]")) return key;
    if (key) no_sense(in);
    xdecref(key);
    return NULL;
}

/* As Python's prompt does: None is not shown. Consumes the value. */
static void show_value(Object *value) {
    if (value && value != None && object_print(value, stdout, false) == 0) putchar('\n');
    xdecref(value);
}

/* What follows returns whether the table has changed. */

/* After `d[`: reading or assigning. */
static bool run_subscript(Scanner *in, Dict *d) {
    Object *key = read_key(in), *value = NULL;
    bool changed = false;
    if (key && take(in, "=")) {
        value = read_value(in);
        changed = value && at_end(in) && dict_set_item(d, key, value) == 0;
    } else if (key && at_end(in)) {
        draw_search(d, key);
        show_value(dict_subscript(d, key));
    }
    xdecref(key);
    xdecref(value);
    return changed;
}

static bool run_delete(Scanner *in, Dict *d) {
    if (!take(in, "d") || !take(in, "[")) return no_sense(in);
    Object *key = read_key(in);
    bool changed = key && at_end(in) && dict_del_item(d, key) == 0;
    xdecref(key);
    return changed;
}

/* A bare value, or `value in d`, `value not in d`. */
static void run_value(Scanner *in, Dict *d) {
    Object *value = read_value(in);
    if (!value) return;
    bool negated = take(in, "not");
    if (take(in, "in")) {
        if (!take(in, "d")) {
            no_sense(in);
        } else if (at_end(in)) {
            draw_search(d, value);
            int answer = dict_contains(d, value);
            if (answer >= 0) show_value(new_ref((answer == 1) != negated ? True : False));
        }
    } else if (negated) {
        no_sense(in);
    } else if (at_end(in)) {
        show_value(new_ref(value));
    }
    decref(value);
}

static bool run_line(Scanner *in, Dict *d) {
    if (take(in, "del")) return run_delete(in, d);
    if (take(in, "show")) return at_end(in);
    if (take(in, "help") || take(in, "?")) {
        if (at_end(in)) fputs(can_be_typed, stdout);
    } else if (take(in, "len")) {
        if (!take(in, "(") || !take(in, "d") || !take(in, ")")) {
            no_sense(in);
        } else if (at_end(in)) {
            show_value(int_from_long(dict_size(d)));
        }
    } else if (take(in, "d")) {
        if (take(in, "[")) return run_subscript(in, d);
        if (at_end(in)) show_value(new_ref(d));
    } else {
        run_value(in, d);
    }
    return false;
}

/* One line of input: runs it, prints what it says, draws a table that has changed. False: quit. */
static bool run(char *line, size_t length, Dict *d) {
    Scanner in = {.at = line};
    while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
        line[--length] = '\0';
    skip_space(&in);
    if (*in.at == '#' || (*in.at == '\0' && strlen(line) == length)) return true;
    if (take(&in, "quit")) return false;
    bool changed = false;
    if (strlen(line) != length) {
        in.at = line + strlen(line);
        bad_syntax(&in, "a line ends where a null byte is");
    } else {
        changed = run_line(&in, d);
    }
    if (in.bad) {
        error_clear();
        usage_error(telling.demo->program, *in.from ? "%s '%.34s'; type:" : "%s; type:", in.bad,
                    in.from);
        fputs(can_be_typed, stderr);
    } else if (error_occurred()) {
        error_print(stdout);
    }
    if (changed) draw_table(d);
    return true;
}

int demo_interactive(void) {
    bool prompt = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    Dict *d = need(dict_new());
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    if (prompt) printf("d = {}    type:\n%s", can_be_typed);
    do {
        if (prompt) printf(">>> ");
        fflush(stdout);
        errno = 0;
        length = getline(&line, &capacity, stdin);
    } while (length >= 0 && run(line, (size_t)length, d));
    int status = 0;
    if (length < 0 && (ferror(stdin) || errno == ENOMEM)) { // of a line too long
        status = usage_error(telling.demo->program, "cannot read '-': %s", strerror(errno));
    }
    if (prompt && length < 0) putchar('\n');
    free(line);
    dict_clear(d);
    decref(d);
    return status;
}
