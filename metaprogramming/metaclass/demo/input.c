/* input.c: filters that nobody listed, and records of a CSV file.
 *
 * FILTER stands where a plugin would have a file of its own: what it defines runs before main(), as a
 * module's body runs when it is imported, and leaves a class statement to be executed. Nothing below
 * names a filter again: the metaclass does the listing.
 */
#include "demo.h"

ERROR_TYPE(StopIteration); // from a filter that wants no more lines

typedef struct Module {
    const char *name, *help;
    const MethodDef *methods;
    struct Module *next;
} Module;
static Module *modules;

/* Into the list, in the order of their names: in which they are imported, nobody knows. */
static void import(Module *module) {
    Module **at = &modules;
    while (*at && strcmp((*at)->name, module->name) < 0)
        at = &(*at)->next;
    module->next = *at;
    *at = module;
}

#define FILTER(name, help, ...)                                                                    \
    __attribute__((constructor)) static void import_##name(void) {                                 \
        static const MethodDef methods[] = {__VA_ARGS__, {NULL, NULL, NULL, false}};               \
        static Module module = {#name, help, methods, NULL};                                       \
        import(&module);                                                                           \
    }
#define LINE ((const Str *)args[1])

/* ---- The filters: line(self, line) gives a line or None --------------------------------------*/

static Object *upper_line(ARGS) {
    Str *line = (Str *)str_from_string_and_size(LINE->text, (size_t)LINE->length);
    for (ssize_t i = 0; line && i < line->length; i++)
        if (line->text[i] >= 'a' && line->text[i] <= 'z')
            line->text[i] = (char)(line->text[i] - 32);
    return OBJECT(line);
}
FILTER(Upper, "a to z become A to Z", PLAIN("line", upper_line))

static Object *grep_line(ARGS) {
    Object *text = object_getattr_string(args[0], "text");
    bool found = text && strstr(LINE->text, str_text(text));
    xdecref(text);
    return text ? new_ref(found ? args[1] : None) : NULL;
}

/* __init__(self, text) */
static Object *grep_init(ARGS) {
    if (nargs == 2) return object_setattr_string(args[0], "text", args[1]) ? NULL : new_ref(None);
    error_set(TypeError, "=TEXT is missing");
    return NULL;
}
FILTER(Grep, "=TEXT: lines with TEXT in them", PLAIN("__init__", grep_init),
       PLAIN("line", grep_line))

/* self.n = n, which is stolen; and self.n += more. */
static Object *set_n(Object *self, Object *n) {
    int status = n ? object_setattr_string(self, "n", n) : -1;
    xdecref(n);
    return status < 0 ? NULL : new_ref(None);
}
static int64_t add_n(Object *self, int64_t more) {
    Object *old = need(object_getattr_string(self, "n"));
    int64_t n = ((Int *)old)->value + more;
    decref(old);
    decref(need(set_n(self, int_from_long(n))));
    return n;
}

static Object *number_init(ARGS) {
    return set_n(args[0], int_from_long(0));
}
static Object *number_line(ARGS) {
    return str_from_format("%6lld  %s", (long long)add_n(args[0], 1), LINE->text);
}
FILTER(Number, "a number before each line", PLAIN("__init__", number_init),
       PLAIN("line", number_line))

static Object *head_init(ARGS) {
    const char *text = nargs == 2 ? str_text(args[1]) : "";
    return set_n(args[0], field_convert(FIELD_INT, text, strlen(text)));
}
static Object *head_line(ARGS) {
    if (add_n(args[0], -1) >= 0) return new_ref(args[1]);
    error_set(StopIteration, "%s", "");
    return NULL;
}
FILTER(Head, "=N: the first N lines", PLAIN("__init__", head_init), PLAIN("line", head_line))

/* ---- The pipeline ----------------------------------------------------------------------------*/

/* Executes the class statements that were left. What the registry then has: new reference. */
static Dict *import_filters(void) {
    Dict *registry = need(dict_new());
    Type *root = own(CLASS("Filter", .meta = own(registering_metaclass(registry))));
    for (const Module *m = modules; m; m = m->next)
        own(CLASS(m->name, .base = root, .attribute = "help", .value = str_from_string(m->help),
                  .methods = m->methods));
    return registry;
}

char *filters_help(void) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out) need(error_no_memory());
    fputs("Filters, each a class that its metaclass has registered:\n", out);
    Dict *registry = own(import_filters());
    ssize_t pos = 0;
    Str *name;
    for (Object *cls; dict_next(registry, &pos, &name, &cls);)
        fprintf(out, "  %-8s %s\n", name->text, str_text(own(object_getattr_string(cls, "help"))));
    fputs("--csv FILE: the first row says name:kind,...; kinds are str, int, float.", out);
    if (fclose(out) != 0) need(error_no_memory());
    return text;
}

/* "grep=TEXT": registry["grep"]("TEXT"), or NULL with an error set. */
static Object *filter_new(const Dict *registry, const char *word) {
    const char *equals = strchr(word, '=');
    char name[64];
    snprintf(name, sizeof name, "%.*s", equals ? (int)(equals - word) : 63, word);
    Object *cls = dict_get_item(registry, need(str_intern(name)));
    if (!cls) {
        error_set(KeyError, "there is no such filter; see --help");
        return NULL;
    }
    return object_call(cls, (Object *[]){equals ? own(str_from_string(equals + 1)) : NULL},
                       equals ? 1 : 0, NULL);
}

/* A line through all filters, and out: 0, or -1 with an error set. Steals line. */
static int push(Object **filters, int count, Object *line) {
    Str *name = str_intern("line");
    for (int i = 0; line && line != None && i < count; i++) {
        Object *args[] = {filters[i], line};
        Object *next = name ? object_call_method(name, args, 2) : NULL;
        decref(line);
        line = next;
    }
    if (line && line != None) {
        fwrite(str_text(line), 1, (size_t)((Str *)line)->length, stdout);
        putchar('\n');
    }
    xdecref(line);
    return line ? 0 : -1;
}

/* 0, or 2 after a complaint. */
static int complain(const char *what) {
    char text[400];
    snprintf(text, sizeof text, "%s: %s", error_name(error_occurred()), error_message());
    error_clear();
    return usage_error(telling.demo->program, "%s: %s", what, text);
}

int demo_filters(int count, char **words) {
    Dict *registry = own(import_filters());
    Object *filters[count + 1];
    for (int i = 0; i < count; i++) {
        if (!(filters[i] = filter_new(registry, words[i]))) return complain(words[i]);
        own(filters[i]);
    }
    char *text = NULL;
    size_t size = 0;
    int status = 0;
    for (ssize_t n; status == 0 && (n = getline(&text, &size, stdin)) >= 0;) {
        n -= n > 0 && text[n - 1] == '\n';
        status = push(filters, count, need(str_from_string_and_size(text, (size_t)n)));
    }
    free(text);
    if (status < 0 && error_matches(StopIteration))
        error_clear();
    else if (status < 0)
        return complain("a filter");
    else if (!feof(stdin))
        return usage_error(telling.demo->program, "standard input: %s", strerror(errno));
    return 0;
}

/* ---- --csv FILE ------------------------------------------------------------------------------*/

/* The whole file, "-" for standard input; NULL with errno set. */
static char *read_whole(const char *path, size_t *length) {
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    char *text = NULL, *grown;
    for (size_t size = 4096; file && (grown = realloc(text, size)); size *= 2) {
        text = grown;
        *length += fread(text + *length, 1, size - *length, file);
        if (*length < size) break;
    }
    int error = errno;
    bool ok = file && feof(file) && !ferror(file);
    if (file) fclose(file);
    if (!ok) free(text);
    errno = error;
    return ok ? text : NULL;
}

/* FILE:LINE:COLUMN: NAME: what is wrong; as compilers say it. */
static void report(const char *path, const Records *records) {
    fflush(stdout);
    write_visible(stderr, path);
    fprintf(stderr, ":%zu:", records->line);
    if (records->column) fprintf(stderr, "%zu:", records->column);
    fprintf(stderr, " %s%s", records->field ? records->field : "", records->field ? ": " : "");
    write_visible(stderr, *error_message() ? error_message() : error_name(error_occurred()));
    fputc('\n', stderr);
    error_clear();
}

int demo_csv(const char *path) {
    size_t length = 0;
    char *text = read_whole(path, &length);
    if (!text) return usage_error(telling.demo->program, "%s: %s", path, strerror(errno));
    size_t mark = length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0; // as Excel writes it
    Records records;
    int bad = 0,
        status = records_init(&records, own(record_metaclass()), "Row", text + mark, length - mark);
    if (status < 0) report(path, &records);
    for (Object *record; status == 0;) {
        if ((record = records_next(&records))) {
            Object *repr = need(object_repr(record));
            puts(str_text(repr));
            decref(repr);
            decref(record);
        } else if (error_matches(ValueError)) {
            report(path, &records);
            bad++;
        } else {
            must(error_occurred() ? -1 : 0);
            break;
        }
    }
    records_fini(&records);
    free(text);
    return status < 0 ? 2 : bad > 0;
}
