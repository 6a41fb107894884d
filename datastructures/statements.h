/* statements.h: a demo's --interactive: a read-eval-print loop that knows one variable, `it`, which is
 * the room's, and literals of int, float, str, True, False, None, tuple and list.
 *
 * A value is printed as Python would, an error as the last line of its traceback; the object is drawn
 * when it has changed. With --python each statement is run in python3, too, and what it said and the
 * memory that it left are compared. What reads a literal and fails returns NULL with `bad` set, or
 * with an error set (OverflowError, MemoryError).
 */
#ifndef STATEMENTS_H
#define STATEMENTS_H

#include "../common/both.h"
#include "../common/demo.h"
#include "list/list.h"

#include <ctype.h>

typedef struct Statements Statements;

typedef struct {
    const char *at;         // the next character; the text ends with a NUL
    const Statements *room; // whose statement it is,
    Object *it;             // and about what
    int depth;              // of brackets open
    const char *bad;        // what is wrong; NULL: nothing yet
    const char *from;       // where
    Object *result;         // what the statement came to; NULL: nothing
    bool of_the_demo;       // no statement of Python's
} Scanner;

/* What a room adds. The two that run a statement return whether `it` is to be drawn. */
struct Statements {
    const char *name, *start;        // its variable, and the statement that makes it
    const char *can_be_typed;        // lines for `help`
    Object *(*read)(Scanner *in);    // an operand; NULL: a literal
    bool (*run)(Scanner *in);        // what begins with its name, which has been read
    bool (*run_delete)(Scanner *in); // after `del` and its name; NULL: there is none
    ssize_t (*size)(Object *it);
    int (*contains)(Object *it, Object *value); // 1, 0 or -1; shows how it is looked for
    void (*draw)(Object *it);
    const char *script;                         // for common/both.h, as the next
    void (*write_facts)(Object *it, FILE *out); // but for its length and its repr
};

enum { DEPTH_MAX = 200 }; // CPython: Parser/tokenizer.h, MAXLEVEL

/* ---- Reading literals ------------------------------------------------------------------------*/

static inline void skip_space(Scanner *in) {
    while (*in->at == ' ' || *in->at == '\t')
        in->at++;
}

static inline Object *bad_syntax(Scanner *in, const char *what) {
    if (!in->bad) in->from = in->at;
    if (!in->bad) in->bad = what;
    return NULL;
}

static inline Object *no_sense(Scanner *in) {
    return bad_syntax(in, *in->at ? "cannot make sense of" : "something is missing at the end");
}

static inline Object *no_sense_at(Scanner *in, const char *start) {
    in->at = start;
    return no_sense(in);
}

/* Takes `text` if it comes next; a word only where it ends. */
static inline bool take(Scanner *in, const char *text) {
    skip_space(in);
    size_t length = strlen(text);
    if (strncmp(in->at, text, length) != 0) return false;
    unsigned char last = (unsigned char)text[length - 1], after = (unsigned char)in->at[length];
    if (isalpha(last) && (isalnum(after) || after == '_' || after >= 0x80)) return false;
    in->at += length;
    return true;
}

static inline Object *read_value(Scanner *in);

static inline Object *read_number(Scanner *in) {
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

static inline void put_char(Literal *out, unsigned long c) {
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
static inline void put_typed(Scanner *in, Literal *out) {
    if (strncmp(in->at, "\xEF\xBF\xBD", 3) == 0) {
        put_char(out, 0xFFFD);
        in->at += 3;
    } else {
        writer_write(&out->utf8, in->at++, 1);
    }
}

static inline Object *literal_str(Literal *text) {
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
static inline bool read_hex(Scanner *in, int digits, Literal *out) {
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

static inline bool read_escape(Scanner *in, Literal *out) {
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

static inline Object *read_string(Scanner *in) {
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

/* The items after a bracket, up to `close`, in a tuple or a list; (x) is x itself. */
static inline Object *read_sequence(Scanner *in, const char *close) {
    bool tuple = *close != ']';
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
    if (ok && *close == ')' && list_size(items) == 1 && !any_comma)
        result = new_ref(items->items[0]);
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
static inline Object *read_value(Scanner *in) {
    if (take(in, "True")) return new_ref(True);
    if (take(in, "False")) return new_ref(False);
    if (take(in, "None")) return new_ref(None);
    skip_space(in);
    char c = *in->at;
    if (c == '(' || c == '[') return read_sequence(in, c == '(' ? ")" : "]");
    if (c == '\'' || c == '"') return read_string(in);
    return read_number(in);
}

static inline bool at_end(Scanner *in) {
    skip_space(in);
    if (*in->at == '\0' || *in->at == '#') return true;
    no_sense(in);
    return false;
}

/* ---- Statements ------------------------------------------------------------------------------*/

static inline Object *read_operand(Scanner *in) {
    return in->room->read ? in->room->read(in) : read_value(in);
}

/* The operands in the brackets of a call, at least `least` and up to `most`, and the end of the line.
 * Returns how many there are; -1, and then none, with `bad` or an error set. */
static inline int read_arguments(Scanner *in, Object **values, int least, int most) {
    int count = 0;
    if (!take(in, "(")) no_sense(in);
    for (skip_space(in); !in->bad && count < most && (count < least || *in->at != ')'); count++) {
        if (count > 0 && !take(in, ",")) no_sense(in);
        values[count] = in->bad ? NULL : read_operand(in);
        if (!values[count]) break;
        skip_space(in);
    }
    if (!in->bad && !error_occurred() && !take(in, ")")) no_sense(in);
    if (!in->bad && !error_occurred() && at_end(in)) return count;
    while (count > 0)
        decref(values[--count]);
    return -1;
}

/* A bare value, or `value in it`, `value not in it`. */
static inline void run_value(Scanner *in) {
    Object *value = read_operand(in);
    if (!value) return;
    bool negated = take(in, "not"), asked = take(in, "in");
    if (asked ? !take(in, in->room->name) : negated) {
        no_sense(in);
    } else if (at_end(in) && asked) {
        int answer = in->room->contains(in->it, value);
        if (answer >= 0) in->result = new_ref((answer == 1) != negated ? True : False);
    } else if (!in->bad) {
        in->result = new_ref(value);
    }
    decref(value);
}

/* Runs a line; returns whether `it` is to be drawn. */
static inline bool statements_line(const Statements *room, Scanner *in, Object *it) {
    in->room = room;
    in->it = it;
    bool show = take(in, "show");
    if (show || take(in, "help") || take(in, "?")) {
        in->of_the_demo = true;
        if (!at_end(in)) return false;
        if (!show) fputs(room->can_be_typed, stdout);
        return show;
    }
    if (room->run_delete && take(in, "del")) {
        if (take(in, room->name)) return room->run_delete(in);
        return no_sense(in);
    }
    if (take(in, room->name)) return room->run(in);
    if (!take(in, "len")) {
        run_value(in);
    } else if (!take(in, "(") || !take(in, room->name) || !take(in, ")")) {
        no_sense(in);
    } else if (at_end(in)) {
        in->result = int_from_long(room->size(it));
    }
    return false;
}

/* What a statement said, as the prompt shows it: None is not shown. */
static inline void write_said(const Scanner *in, FILE *out) {
    bool shown = in->result && in->result != None && object_print(in->result, out, false) == 0;
    if (shown || !error_occurred()) return;
    const char *colon = *error_message() ? ": " : "";
    fprintf(out, "%s%s%s", error_name(error_occurred()), colon, error_message());
}

/* ---- The loop --------------------------------------------------------------------------------*/

/* Prints what a statement said, draws what has changed, and has both compared with Python's. */
static inline void statements_tell(const Statements *room, const Scanner *in, Object *it,
                                   bool changed, const char *statement, Both *both) {
    static const char label[] = "says: ";
    char *facts = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&facts, &size);
    if (!out) need(error_no_memory());
    fputs(label, out);
    write_said(in, out);
    fflush(out);
    if (size > strlen(label)) puts(facts + strlen(label));
    bool limits = error_matches(OverflowError) || error_matches(MemoryError);
    error_clear();
    if (changed) room->draw(it);
    fputc('\n', out);
    if (both->pid > 0) {
        fprintf(out, "len: %zd\nrepr: ", room->size(it));
        must(object_print(it, out, false));
        fputc('\n', out);
        room->write_facts(it, out);
    }
    if (fclose(out) != 0) need(error_no_memory());
    if (both->pid > 0 && limits) {
        puts("    not asked of Python, whose ints and memory have other limits");
    } else if (changed || !in->of_the_demo) {
        both_compare(both, in->of_the_demo ? "" : statement, facts, stdout);
    }
    free(facts);
}

/* One line of input: runs it and tells what came of it. False: quit. */
static inline bool statements_run(const Statements *room, char *line, size_t length, Object *it,
                                  Both *both) {
    Scanner in = {.at = line};
    while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
        line[--length] = '\0';
    skip_space(&in);
    const char *statement = in.at;
    if (*in.at == '#' || (*in.at == '\0' && strlen(line) == length)) return true;
    if (take(&in, "quit")) return false;
    bool changed = false;
    if (strlen(line) != length) {
        in.at = line + strlen(line);
        bad_syntax(&in, "a line ends where a null byte is");
    } else {
        changed = statements_line(room, &in, it);
    }
    if (in.bad) {
        error_clear();
        usage_error(telling.demo->program, *in.from ? "%s '%.34s'; type:" : "%s; type:", in.bad,
                    in.from);
        fputs(room->can_be_typed, stderr);
    } else {
        statements_tell(room, &in, it, changed, statement, both);
    }
    xdecref(in.result);
    return true;
}

/* Reads statements from stdin up to its end or `quit`; returns the exit status. */
static inline int statements_loop(const Statements *room, Object *it, bool python) {
    bool prompt = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    Both both = {0};
    if (python) both_start(&both, telling.demo->program, room->script);
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    if (prompt) printf("%s    type:\n%s", room->start, room->can_be_typed);
    do {
        if (prompt) printf(">>> ");
        fflush(stdout);
        errno = 0;
        length = getline(&line, &capacity, stdin);
    } while (length >= 0 && statements_run(room, line, (size_t)length, it, &both));
    int status = 0;
    if (length < 0 && (ferror(stdin) || errno == ENOMEM)) { // of a line too long
        status = usage_error(telling.demo->program, "cannot read '-': %s", strerror(errno));
    }
    if (prompt && length < 0) putchar('\n');
    free(line);
    both_end(&both);
    return status;
}

#endif
