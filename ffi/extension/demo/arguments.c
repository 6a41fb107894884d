/* arguments.c: values from words, the call with them, and what came of it. */
#include "demo.h"

const char *repr(Object *op, size_t room) { // valid for the next few
    static char texts[8][200];
    static int turn;
    char *to = texts[turn++ % 8];
    FILE *out = fmemopen(to, sizeof *texts, "w");
    if (!out || object_write_repr(op, out) < 0) need(NULL);
    fclose(out);
    to[sizeof *texts - 1] = '\0';
    if (strlen(to) > room) strcpy(to + room - 3, "...");
    return to;
}

/* None, True, False, a number, 'quoted' with \0 for a NUL, b'bytes'; any other word is a str. NULL
 * with an error. */
static Object *value_from(const char *word) {
    static const struct {
        const char *name;
        Object *value;
    } constants[] = {{"None", None}, {"True", True}, {"False", False}};
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++) {
        if (strcmp(word, constants[i].name) == 0) return new_ref(constants[i].value);
    }
    const char *text = word + (*word == 'b' && word[1] == '\'');
    size_t length = strlen(text);
    if (length >= 2 && *text == '\'' && text[length - 1] == '\'') {
        char bytes[length], *to = bytes;
        for (const char *c = text + 1; c < text + length - 1; c++) {
            bool nul = c[0] == '\\' && c[1] == '0';
            *to++ = nul ? '\0' : *c;
            c += nul;
        }
        return text > word ? bytes_from_data(bytes, to - bytes) : str_from_utf8(bytes, to - bytes);
    }
    if (!strchr("+-.0123456789", *word)) return str_from_string(word);
    if (!strpbrk(word, ".eE") || strncmp(word, "0x", 2) == 0) return int_from_string(word);
    char *end;
    double number = strtod(word, &end);
    if (!*end && end > word) return float_from_double(number);
    error_set(ValueError, "could not convert string to float: '%s'", word);
    return NULL;
}

void arguments_drop(Arguments *self) {
    while (self->count > 0)
        decref(self->values[--self->count]);
    clear_ref(self->kwnames);
}

int arguments_from(Arguments *self, int count, char **words) {
    Object *names[32];
    ssize_t named = 0;
    *self = (Arguments){0};
    for (int i = 0; i < count && i < 32; i++) {
        size_t length = strspn(words[i], "abcdefghijklmnopqrstuvwxyz_ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        bool by_name = length > 0 && words[i][length] == '=';
        if (named && !by_name) {
            error_set(TypeError, "positional argument follows keyword argument: %s", words[i]);
            break;
        }
        if (by_name) names[named++] = need(str_from_utf8(words[i], (ssize_t)length));
        Object *value = value_from(words[i] + (by_name ? length + 1 : 0));
        if (!value) break;
        self->values[self->count++] = value;
        self->nargs += !by_name;
    }
    if (count > 32) error_set(TypeError, "more than 32 arguments");
    if (named && !error_occurred()) self->kwnames = tuple_from_array(names, named);
    while (named > 0)
        decref(names[--named]);
    if (!error_occurred()) return 0;
    Error error = error_fetch();
    arguments_drop(self);
    error_restore(error);
    return -1;
}

void print_error(int at, int column) {
    char text[300];
    snprintf(text, sizeof text, "%s: %s", error_name(error_occurred()), error_message());
    error_clear();
    char *rest = text;
    if (at > 6 && column + (int)strlen(text) > 80) printf("\n%*s", column = 6, "");
    if (column > at) printf("%*s", column - at, "");
    while (column + (int)strlen(rest) > 80) { // a line is full: the rest goes below
        char *blank = rest + 80 - column;
        while (*blank != ' ')
            blank--;
        printf("%.*s\n%*s", (int)(blank - rest), rest, column = 6, "");
        rest = blank + 1;
    }
    puts(rest);
}

void print_outcome(Object *result) {
    if (!result) {
        print_error(4, 4);
        return;
    }
    puts(repr(result, 70));
    decref(result);
}

void arguments_of(Arguments *self, const char *line) {
    char copy[100], *words[8];
    int count = 0;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        words[count++] = word;
    must(arguments_from(self, count, words));
}

Object *call(Object *module, const char *name, const char *words) {
    Arguments args;
    Object *function = module_get_attr(module, name);
    if (!function) return NULL;
    arguments_of(&args, words);
    Object *result = object_vectorcall(function, args.values, args.nargs, args.kwnames);
    arguments_drop(&args);
    decref(function);
    return result;
}
