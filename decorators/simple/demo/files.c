/* files.c: simple_demo FILE...: decorators over functions that read real files.
 *
 *     def read(path): ...          @log
 *     def lines(text): ...         @count      above each of the four, as far as the options ask
 *     def words(text): ...         @timed
 *     def report(path):
 *         text = read(path)                  each of these names is looked up in the globals when
 *         return path, lines(text), words(text)       report runs: it finds the decorated one
 */
#include "demo.h"

#include <ctype.h>
#include <signal.h>

/* ---- The functions ---------------------------------------------------------------------------*/

static Object *no_file(const char *path) {
    error_set(errno == ENOENT ? FileNotFoundError : OSError, "[Errno %d] %s: '%s'", errno,
              strerror(errno), path);
    return NULL;
}

/* open(path, 'rb').read() */
static Object *read_body(Function *self, Object *const *locals) {
    (void)self;
    const char *path = ((Str *)locals[0])->text;
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return no_file(path);
    char buffer[65536];
    Writer out = {0};
    ssize_t size;
    while ((size = read(fd, buffer, sizeof buffer)) > 0 || (size < 0 && errno == EINTR)) {
        if (size > 0 && writer_write(&out, buffer, (size_t)size) < 0) break;
    }
    Object *result = size < 0 ? no_file(path) : NULL;
    if (size == 0) result = str_from_utf8(out.bytes, (ssize_t)out.length);
    writer_free(&out);
    if (!standard) close(fd);
    return result;
}

static Object *lines_body(Function *self, Object *const *locals) {
    (void)self;
    const Str *given = (Str *)locals[0];
    int64_t lines = 0;
    for (ssize_t i = 0; i < given->size; i++)
        lines += given->text[i] == '\n';
    return int_from_long(lines);
}

static Object *words_body(Function *self, Object *const *locals) {
    (void)self;
    const Str *given = (Str *)locals[0];
    int64_t words = 0;
    bool inside = false;
    for (ssize_t i = 0; i < given->size; i++) {
        bool space = isspace((unsigned char)given->text[i]);
        words += !space && !inside;
        inside = !space;
    }
    return int_from_long(words);
}

static Object *call_global(Function *self, const char *name, Object *argument) {
    Object *f = load_global(self, name);
    Object *result = f ? object_call_args(f, 1, argument) : NULL;
    xdecref(f);
    return result;
}

static Object *report_body(Function *self, Object *const *locals) {
    Object *content = call_global(self, "read", locals[0]);
    Object *lines = content ? call_global(self, "lines", content) : NULL;
    Object *words = lines ? call_global(self, "words", content) : NULL;
    Object *result = words ? tuple_pack(2, lines, words) : NULL;
    xdecref(content);
    xdecref(lines);
    xdecref(words);
    return result;
}

static Code codes[] = {
    {CODE("read"), .argcount = 1, .varnames = NAMES("path"), .body = read_body},
    {CODE("lines"), .argcount = 1, .varnames = NAMES("text"), .body = lines_body},
    {CODE("words"), .argcount = 1, .varnames = NAMES("text"), .body = words_body},
    {CODE("report"), .argcount = 1, .varnames = NAMES("path"), .body = report_body},
};
enum { FUNCTIONS = sizeof codes / sizeof *codes };

/* ---- The decorators --------------------------------------------------------------------------*/

/* repr() of an argument or a result, of a long text how it begins. */
static void print_short(Object *op) {
    enum { SHOWN = 24 };
    const Str *given = (Str *)op;
    bool cut = op->type == &Str_Type && given->size > SHOWN;
    ssize_t size = SHOWN;
    while (cut && size > 0 && ((unsigned char)given->text[size] & 0xC0) == 0x80)
        size--; // not inside a character
    Object *shown = cut ? need(str_from_utf8(given->text, size)) : new_ref(op);
    Object *repr = need(object_repr(shown));
    write_visible(stdout, ((Str *)repr)->text);
    if (cut) printf("... of %zd bytes", given->size);
    decref(repr);
    decref(shown);
}

static int depth; // of logged calls

/*     def wrapper(*args, **kwargs):
 *         print(func.__name__, args)
 *         try: result = func(*args, **kwargs)
 *         except Exception as exc: print('raised', type(exc)); raise
 *         print(result); return result */
static Object *log_body(Function *self, Object *const *locals) {
    printf("%*s%s(", 2 * depth, "", self->name->text);
    const Tuple *args = (Tuple *)locals[0];
    for (ssize_t i = 0; i < args->size; i++) {
        if (i) printf(", ");
        print_short(args->items[i]);
    }
    puts(")");
    depth++;
    Object *result = pass_on(self, locals);
    depth--;
    printf("%*s= ", 2 * depth + 2, "");
    if (result)
        print_short(result);
    else
        printf("raised %s", error_name(error_occurred()));
    putchar('\n');
    return result;
}

enum { CALLS = 1, RAISED, NANOSECONDS = 1 }; // free variables behind func

static int64_t variable(const Function *self, int i) {
    return ((Int *)((Cell *)load_closure(self, i))->ref)->value;
}

/* nonlocal name; name += more. What is pending stays pending. */
static void add_to(Function *self, int i, int64_t more) {
    Error pending = error_fetch();
    must(store_deref(self, i, int_from_long(variable(self, i) + more)));
    error_restore(pending);
}

static Object *count_body(Function *self, Object *const *locals) {
    add_to(self, CALLS, 1);
    Object *result = pass_on(self, locals);
    if (!result) add_to(self, RAISED, 1);
    return result;
}

static Object *timed_body(Function *self, Object *const *locals) {
    uint64_t start = clock_now();
    Object *result = pass_on(self, locals);
    add_to(self, NANOSECONDS, (int64_t)(clock_now() - start));
    return result;
}

#define WRAPPER(body_, ...)                                                                        \
    {                                                                                              \
        CODE("wrapper"), .flags = CO_VARARGS | CO_VARKEYWORDS,                                     \
                         .varnames = NAMES("args", "kwargs"), .freevars = NAMES(__VA_ARGS__),      \
                         .body = body_                                                             \
    }
static Code log_code = WRAPPER(log_body, "func");
static Code count_code = WRAPPER(count_body, "func", "calls", "raised");
static Code timed_code = WRAPPER(timed_body, "func", "nanoseconds");

/* name = d(name), with wraps: so the names that log prints are those of the functions. */
static void decorate(const char *name, Code *code, int counters) {
    Object *func = bound(name), *wrapper = wrapper_make(code, func, counters);
    must(update_wrapper(wrapper, func, NULL));
    bind(name, wrapper);
}

/* The wrapper that has this code, among those on the way from a name back to its function. */
static const Function *find_wrapper(const char *name, const Code *code) {
    const Function *f = (Function *)bound(name);
    while (f->code != code)
        f = (Function *)((Cell *)load_closure(f, 0))->ref; // func
    return f;
}

/* ---- The program -----------------------------------------------------------------------------*/

static void summary(bool timed, bool counted) {
    printf("\n%-8s%s%s\n", "", counted ? "   calls  raised" : "", timed ? "          ms" : "");
    for (int i = 0; i < FUNCTIONS; i++) {
        printf("%-8s", codes[i].name);
        if (counted) {
            const Function *f = find_wrapper(codes[i].name, &count_code);
            printf("%8lld%8lld", (long long)variable(f, CALLS), (long long)variable(f, RAISED));
        }
        if (timed)
            printf("%12.3f",
                   (double)variable(find_wrapper(codes[i].name, &timed_code), NANOSECONDS) / 1e6);
        putchar('\n');
    }
}

/* Opens something in the place of standard input, output or error if that is closed, so that no
 * file of ours comes to be it; what reads or writes there fails as it would have. */
static void reserve_standard_descriptors(void) {
    int taken;
    while ((taken = open("/dev/null", fcntl(0, F_GETFD) < 0 ? O_WRONLY : O_RDONLY)) >= 0) {
        if (taken <= STDERR_FILENO) continue;
        close(taken);
        break;
    }
}

/* What a file's report came to, or why there is none: status 0, or 2; 1 if it is no file's fault. */
static int print_report(const char *path) {
    Object *name = text(path), *result = object_call_args(bound("report"), 1, name);
    decref(name);
    if (result) {
        const Tuple *both = (Tuple *)result;
        printf("%8lld %8lld  ", (long long)((Int *)both->items[0])->value,
               (long long)((Int *)both->items[1])->value);
        write_visible(stdout, path);
        putchar('\n');
        decref(result);
        return 0;
    }
    bool memory = error_matches(MemoryError);
    usage_error(telling.demo->program, "%s", memory ? "out of memory" : error_message());
    error_clear();
    return memory ? 1 : 2;
}

int demo_files(int count, char **names, bool log, bool timed, bool counted) {
    signal(SIGPIPE, SIG_DFL); // the reader went away: ends quietly, as `... | head` should
    reserve_standard_descriptors();
    for (int i = 0; i < FUNCTIONS; i++) {
        bind(codes[i].name, make(&codes[i], NULL));
        if (timed) decorate(codes[i].name, &timed_code, 1);
        if (counted) decorate(codes[i].name, &count_code, 2);
        if (log) decorate(codes[i].name, &log_code, 0);
    }
    int status = 0;
    for (int i = 0; i < count; i++) {
        int its = print_report(names[i]);
        if (its > status) status = its;
    }
    if (timed || counted) summary(timed, counted);
    return status;
}
