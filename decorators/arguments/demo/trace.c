/* trace.c: arguments_demo --trace FILE: of a trace of keys, how many would a cache of each size
 * have had?
 *
 * Every key is one call of a cached function; there is a cache for each size 1, 2, 4, ... up to the
 * first that holds all the keys. A line is a key. One in the Common Log Format is not: there the
 * key is the path, the second word of the request, which stands in quotes behind the date:
 *
 *     127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET /apache.gif HTTP/1.0" 200 2326
 */
#include "demo.h"

enum { SIZES = 32, BAR = 50 };

typedef struct {
    Str **keys; // the same object for the same text
    size_t count, allocated;
    Table seen; // the keys that are different, each to itself
} Trace;

static void trace_add(Trace *self, const char *text, size_t size) {
    Object *key = need(str_from_utf8(text, (ssize_t)size));
    hash_t hash = object_hash(key);
    Object *known = table_get(&self->seen, key, hash);
    if (!known) must(table_set(&self->seen, key, hash, known = key));
    if (self->count == self->allocated) {
        size_t room = self->allocated ? self->allocated * 2 : 64;
        Str **keys = realloc(self->keys, room * sizeof *keys);
        if (!keys) need(error_no_memory());
        self->keys = keys;
        self->allocated = room;
    }
    self->keys[self->count++] = (Str *)known;
    decref(key);
}

static void trace_free(Trace *self) {
    table_clear(&self->seen);
    free(self->keys);
}

/* ---- Through the caches -----------------------------------------------------------------------*/

typedef struct {
    ssize_t size[SIZES], hits[SIZES];
    int n;
} Curve;

static Object *nothing(Object *self, Object *const *args, ssize_t nargs, Tuple *kwnames) {
    (void)self, (void)args, (void)nargs, (void)kwnames;
    return new_ref(None);
}

static Curve replay(const Trace *trace) {
    Curve curve = {.n = 0};
    Object *func = need(builtin_new("nothing", nothing, NULL));
    for (ssize_t size = 1;; size *= 2) {
        Object *cache = need(lru_cache_new(func, size, false));
        for (size_t i = 0; i < trace->count; i++) {
            Object *key = OBJECT(trace->keys[i]);
            decref(need(object_vectorcall(cache, &key, 1, NULL)));
        }
        curve.size[curve.n] = size;
        curve.hits[curve.n++] = lru_cache_info((LruCache *)cache).hits;
        decref(cache);
        if (size >= trace->seen.used) break;
    }
    decref(func);
    return curve;
}

static double ratio(const Trace *trace, ssize_t hits) {
    return (double)hits / (double)trace->count;
}

/* The last cache evicts nothing: what it misses, every cache of whatever kind does. */
static void draw_curve(const Trace *trace, const Curve *curve) {
    printf("  %zu calls, %zd different keys\n", trace->count, trace->seen.used);
    printf("  %-9s hits\n", "maxsize");
    for (int i = 0; i < curve->n; i++) {
        double of_one = ratio(trace, curve->hits[i]);
        printf("  %9zd %5.1f%% |", curve->size[i], 100 * of_one);
        for (int column = 0; column < (int)(of_one * BAR + 0.5); column++)
            putchar('#');
        putchar('\n');
    }
}

/* ---- As a picture ----------------------------------------------------------------------------*/

enum { LEFT = 60, TOP = 20, WIDE = 700, HIGH = 320 }; // of the plot

/* 0, or -1 if it cannot be written (errno). */
static int write_svg(const Trace *trace, const Curve *curve, const char *path) {
    FILE *out = fopen(path, "w");
    if (!out) return -1;
    int x[SIZES], y[SIZES];
    for (int i = 0; i < curve->n; i++) {
        x[i] = LEFT + (curve->n > 1 ? WIDE * i / (curve->n - 1) : 0);
        y[i] = TOP + HIGH - (int)(ratio(trace, curve->hits[i]) * HIGH + 0.5);
    }
    fputs(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 800 400\" font-family=\"sans-serif\""
        " font-size=\"13\" fill=\"#808890\">\n",
        out);
    for (int percent = 0; percent <= 100; percent += 25) {
        int at = TOP + HIGH - HIGH * percent / 100;
        fprintf(out,
                "<path d=\"M%d %dH%d\" stroke=\"#808890\" stroke-width=\"0.4\"/>\n"
                "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%d%%</text>\n",
                LEFT, at, LEFT + WIDE, LEFT - 8, at + 4, percent);
    }
    for (int i = 0; i<curve->n; i += curve->n> 11 ? 2 : 1)
        fprintf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%zd</text>\n", x[i],
                TOP + HIGH + 20, curve->size[i]);
    fprintf(
        out,
        "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">maxsize: hits of %zu calls, %zd different "
        "keys</text>\n<path fill=\"none\" stroke=\"#2f81f7\" stroke-width=\"2\" d=\"",
        LEFT + WIDE / 2, TOP + HIGH + 45, trace->count, trace->seen.used);
    for (int i = 0; i < curve->n; i++)
        fprintf(out, "%c%d %d", i ? 'L' : 'M', x[i], y[i]);
    fputs("\"/>\n", out);
    for (int i = 0; i < curve->n; i++)
        fprintf(out, "<circle cx=\"%d\" cy=\"%d\" r=\"3\" fill=\"#2f81f7\"/>\n", x[i], y[i]);
    fputs("</svg>\n", out);
    int failed = ferror(out) ? errno : 0;
    if (fclose(out) != 0 && !failed) failed = errno;
    errno = failed;
    return failed ? -1 : 0;
}

/* ---- A file ----------------------------------------------------------------------------------*/

/* The key of a line, as written above: where it begins, and its size. */
static const char *key_of(const char *line, size_t *size) {
    const char *request = strstr(line, "] \"");
    if (!request) return line;
    request += 3;
    size_t length = 0; // up to the quote that has no backslash before it
    while (request[length] && request[length] != '"')
        length += request[length] == '\\' && request[length + 1] ? 2 : 1;
    if (!request[length]) return line; // no such format after all
    const char *space = memchr(request, ' ', length), *path = space ? space + 1 : request;
    const char *end = memchr(path, ' ', length - (size_t)(path - request));
    *size = (size_t)((end ? end : request + length) - path);
    return path;
}

/* 0, or -1 if the file cannot be read (errno). */
static int read_trace(Trace *trace, FILE *in) {
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    while ((length = getline(&line, &room, in)) >= 0) {
        size_t size = (size_t)length;
        while (size > 0 && (line[size - 1] == '\n' || line[size - 1] == '\r'))
            line[--size] = '\0';
        if (size == 0) continue;
        const char *key = key_of(line, &size);
        trace_add(trace, key, size);
    }
    int failed = feof(in) ? 0 : errno;
    free(line);
    errno = failed;
    return failed ? -1 : 0;
}

int demo_trace(const char *name, const char *svg) {
    const char *program = telling.demo->program;
    if (!name) return usage_error(program, "--svg goes with --trace; see --help");
    bool is_stdin = strcmp(name, "-") == 0;
    FILE *in = is_stdin ? stdin : fopen(name, "r");
    if (!in) return usage_error(program, "cannot open '%s': %s", name, strerror(errno));
    Trace trace = {0};
    int status = read_trace(&trace, in), reason = errno;
    if (!is_stdin) fclose(in);
    if (status < 0)
        status = usage_error(program, "cannot read '%s': %s", name, strerror(reason));
    else if (trace.count == 0)
        status = usage_error(program, "no keys in '%s'", name);
    if (status == 0) {
        Curve curve = replay(&trace);
        if (svg && write_svg(&trace, &curve, svg) < 0)
            status = usage_error(program, "cannot write '%s': %s", svg, strerror(errno));
        else
            draw_curve(&trace, &curve);
    }
    trace_free(&trace);
    return status;
}

/* ---- Three traces that are made ----------------------------------------------------------------*/

enum { PAGES = 1000, CALLS = 40000 };
typedef enum { POPULAR, IN_TURN, BOTH } Kind;
static const char *const kinds[] = {"popular", "in turn", "both"};

static uint32_t seed;

static uint32_t random_below(uint32_t bound) {
    seed = seed * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)seed * bound >> 32);
}

/* Page k is asked for as often as 1/k says, as words in a text or pages of a site are; or all of
 * them in turn, as somebody does who copies the site; or now this, now that. */
static Trace make_trace(Kind kind) {
    static uint32_t upto[PAGES];
    Trace trace = {0};
    seed = 1;
    for (uint32_t k = 0, sum = 0; k < PAGES; k++)
        upto[k] = sum += 1000000 / (k + 1);
    for (int i = 0; i < CALLS; i++) {
        char text[40];
        int page = 0;
        bool in_turn = kind == IN_TURN || (kind == BOTH && i % 2);
        if (in_turn)
            page = (kind == BOTH ? i / 2 : i) % PAGES;
        else
            for (uint32_t point = random_below(upto[PAGES - 1]); upto[page] <= point;)
                page++;
        int size = snprintf(text, sizeof text, in_turn ? "/all/%d" : "/page/%d", page);
        trace_add(&trace, text, (size_t)size);
    }
    return trace;
}

void scene_curve(void) {
    static const char *const about[] = {
        "Popular pages: page k is asked for as often as 1/k says.",
        "A crawler: 1000 pages in turn, 40 times.",
        "Both on one server, call by call.",
    };
    static const char *const question[] = {
        "1000 pages in turn, 512 places: how many hits?",
        "visitors and the crawler share it: who pays?",
    };
    for (Kind kind = POPULAR; kind <= BOTH; kind++) {
        Trace trace = make_trace(kind);
        printf("%s\n", about[kind]);
        Curve curve = replay(&trace);
        draw_curve(&trace, &curve);
        trace_free(&trace);
        if (kind == BOTH) break;
        step(question[kind]);
        putchar('\n');
    }
    puts("\nIn turn is the worst case of \"the oldest goes\": what goes is wanted next. And\n"
         "the crawler pushes out what the visitors would have had.");
}

void data_hits(void) {
    puts("trace,maxsize,calls,hits");
    for (Kind kind = POPULAR; kind <= BOTH; kind++) {
        Trace trace = make_trace(kind);
        Curve curve = replay(&trace);
        for (int i = 0; i < curve.n; i++)
            printf("%s,%zd,%zu,%zd\n", kinds[kind], curve.size[i], trace.count, curve.hits[i]);
        trace_free(&trace);
    }
}
