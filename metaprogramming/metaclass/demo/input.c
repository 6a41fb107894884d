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

static Object *trim_line(ARGS) {
    size_t n = (size_t)LINE->length;
    while (n > 0 &&
           (LINE->text[n - 1] == ' ' || LINE->text[n - 1] == '\t' || LINE->text[n - 1] == '\r'))
        n--;
    return str_from_string_and_size(LINE->text, n);
}
FILTER(Trim, "no blanks at the end of a line", PLAIN("line", trim_line))

/* self.name = value, which is stolen; and what an __init__ says without its argument. */
static Object *set(Object *self, const char *name, Object *value) {
    int status = value ? object_setattr_string(self, name, value) : -1;
    xdecref(value);
    return status < 0 ? NULL : new_ref(None);
}
static Object *missing(const char *what) {
    error_set(TypeError, "%s is missing", what);
    return NULL;
}

static Object *grep_init(ARGS) {
    return nargs == 2 ? set(args[0], "text", new_ref(args[1])) : missing("=TEXT");
}

static Object *grep_line(ARGS) {
    Str *text = (Str *)object_getattr_string(args[0], "text");
    bool found = false;
    for (ssize_t i = 0; text && !found && i + text->length <= LINE->length; i++)
        found = memcmp(LINE->text + i, text->text, (size_t)text->length) == 0;
    xdecref(text);
    return text ? new_ref(found ? args[1] : None) : NULL;
}
FILTER(Grep, "=TEXT: lines with TEXT in them", PLAIN("__init__", grep_init),
       PLAIN("line", grep_line))

static Object *head_init(ARGS) {
    if (nargs != 2) return missing("=N");
    return set(args[0], "left",
               field_convert(FIELD_INT, str_text(args[1]), strlen(str_text(args[1]))));
}

static Object *head_line(ARGS) {
    Object *old = object_getattr_string(args[0], "left");
    int64_t left = old ? ((Int *)old)->value : 0;
    if (old && left <= 0) error_set(StopIteration, "%s", "");
    Object *none = left > 0 ? set(args[0], "left", int_from_long(left - 1)) : NULL;
    xdecref(old);
    xdecref(none);
    return none ? new_ref(args[1]) : NULL;
}
FILTER(Head, "=N: the first N lines", PLAIN("__init__", head_init), PLAIN("line", head_line))

/* ---- The pipeline ----------------------------------------------------------------------------*/

static Dict *registry;

/* Executes the class statements that were left. */
static void import_filters(void) {
    registry = own(dict_new());
    Type *root = own(CLASS("Filter", .meta = own(registering_metaclass(registry))));
    for (const Module *m = modules; m; m = m->next)
        own(CLASS(m->name, .base = root, .attribute = "help", .value = str_from_string(m->help),
                  .methods = m->methods));
}

char *filters_help(void) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out) need(error_no_memory());
    fputs("Filters, each a class that its metaclass has registered:\n", out);
    import_filters();
    ssize_t pos = 0;
    Str *name;
    for (Object *cls; dict_next(registry, &pos, &name, &cls);)
        fprintf(out, "  %-8s %s\n", name->text, str_text(own(object_getattr_string(cls, "help"))));
    fputs("--csv FILE: the first row says name:kind,...; kinds are str, int, float.", out);
    if (fclose(out) != 0) need(error_no_memory());
    return text;
}

/* "grep=TEXT": registry["grep"]("TEXT"), or NULL with an error set. */
static Object *filter_new(const char *word) {
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
    Object *filters[count + 1];
    for (int i = 0; i < count; i++) {
        if (!(filters[i] = filter_new(words[i]))) return complain(words[i]);
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
