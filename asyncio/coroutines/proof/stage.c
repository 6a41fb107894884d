/* stage.c: the virtual clock's stage; the Stage of twin.py is the same. */
#include "stage.h"

FILE *sink;
static FILE *late; // what comes last

/* ---- Saying ----------------------------------------------------------------------------------*/

void say(const char *format, ...) {
    Loop *loop = loop_get_running();
    FILE *out = loop || !late ? sink : late;
    if (loop) fprintf(out, "%.3f ", loop_time(loop));
    va_list args;
    va_start(args, format);
    vfprintf(out, format, args);
    va_end(args);
    fputc('\n', out);
}

enum { BUFFERS = 6, BUFFER = 1000 };

static char *next_buffer(void) {
    static char buffers[BUFFERS][BUFFER];
    static int next;
    return buffers[next++ % BUFFERS];
}

const char *repr(const void *op) {
    return object_repr(op ? op : None, next_buffer(), BUFFER);
}

const char *str(const void *exc) {
    char *buffer = next_buffer();
    FILE *out = fmemopen(buffer, BUFFER, "w");
    *buffer = '\0';
    if (!out) return buffer;
    exception_write_str(exc, out);
    fclose(out);
    return buffer;
}

const char *chain(const Exception *exc) {
    char *buffer = next_buffer();
    size_t length = 0;
    *buffer = '\0';
    for (int n = 0; exc && n < 6; n++) {
        length +=
            (size_t)snprintf(buffer + length, BUFFER - length, "%s%s", n ? " <- " : "", repr(exc));
        exc = exc->cause ? exc->cause : exc->context;
    }
    return buffer;
}

/* ---- What nobody is told by an error -----------------------------------------------------------*/

static void on_exception(Loop *loop, const ExceptionContext *context, void *arg) {
    (void)loop, (void)arg;
    fprintf(late, "handler: %s", context->message);
    if (context->exception) {
        Exception *exc = exception_from_error(context->exception);
        fprintf(late, " %s", repr(exc));
        decref(exc);
    }
    fputc('\n', late);
}

static void on_warning(const Type *category, const char *message) {
    fprintf(late, "warning: %s: %s\n", category->name, message);
}

static void on_unraisable(Exception *exc, const Object *where) {
    (void)where;
    fprintf(late, "unraisable: %s\n", repr(exc));
}

static int compare_lines(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void print_sorted(char *text) {
    enum { LINES = 1000 };
    char *lines[LINES], *rest = text;
    size_t count = 0;
    for (char *line; count < LINES && (line = strsep(&rest, "\n")) && rest;)
        lines[count++] = line;
    qsort(lines, count, sizeof *lines, compare_lines);
    for (size_t i = 0; i < count; i++)
        fprintf(sink, "%s\n", lines[i]);
}

/* ---- Playing -----------------------------------------------------------------------------------*/

static int play_in(Loop *loop, Object *main, void (*tidy)(void)) {
    loop_set_exception_handler(loop, on_exception, NULL);
    Object *result = asyncio_run(loop, main);
    Exception *raised = result ? NULL : exception_fetch();
    fprintf(sink, result ? "returned %s\n" : "raised %s\n", repr(result ? result : OBJECT(raised)));
    int status = raised && exception_matches(raised, &MemoryError_Type) ? -1 : 0;
    xdecref(result);
    xdecref(raised);
    if (tidy) tidy();
    task_destroy_pending(loop);
    loop_free(loop);
    return status;
}

int play(const char *name, Object *main, void (*tidy)(void)) {
    static char text[1 << 16];
    *text = '\0';
    late = fmemopen(text, sizeof text, "w");
    if (!late) abort();
    warning_hook = on_warning;
    unraisable_hook = on_unraisable;
    fprintf(sink, "== %s\n", name);
    Loop *loop = main ? virtual_loop_new() : NULL;
    int status = -1;
    if (loop) {
        status = play_in(loop, main, tidy);
    } else {
        xdecref(main);
        error_clear();
    }
    fclose(late);
    late = NULL;
    print_sorted(text);
    return status;
}
