/* get.c: many pages at once, in the shape of one page after the other.
 *
 *     gather ---> fetch ---> semaphore: at most `limit` go on from here
 *                              try_page, under wait_for: once more, later, if that is any use
 *                                fetch_page: connect, ask, read, parse
 *
 * Nobody here knows of the others: who waits, waits in its own coroutine. http_parser reads the
 * answers.
 */
#include "real.h"

#include "../../../common/demo.h"
#include "../locks.h"
#include "../runners.h"
#include "../streams.h"

#ifdef HAVE_HTTP_PARSER
#include <http_parser.h>
#include <strings.h>

enum { BLOCK = 64 * 1024, BAR_WIDTH = 40 };

typedef struct {
    const char *url;
    char host[256], port[8], path[2048];
    http_parser parser;
    bool complete, done;
    uint64_t size;     // of the body, so far
    char outcome[200]; // what its line says in place of status and size; or ""
} Page;

static const GetOptions *wanted;
static Page *pages;
static int page_count;

/* ---- URLs ------------------------------------------------------------------------------------*/

/* Copies a part of the URL; false if it does not fit. */
static bool copy_part(char *to, size_t size, const char *url, const struct http_parser_url *parts,
                      enum http_parser_url_fields field) {
    int length = parts->field_data[field].len;
    return (size_t)snprintf(to, size, "%.*s", length, url + parts->field_data[field].off) < size;
}

/* What is wrong with it, or NULL. */
static const char *parse_url(Page *page, const char *url) {
    struct http_parser_url parts;
    http_parser_url_init(&parts);
    page->url = url;
    size_t length = strcspn(url, "#"); // what is behind it is not for the server
    if (http_parser_parse_url(url, length, false, &parts) != 0) return "no URL";
    char scheme[8];
    if (!copy_part(scheme, sizeof scheme, url, &parts, UF_SCHEMA) ||
        strcasecmp(scheme, "http") != 0)
        return "only http:// is spoken here";
    if (parts.field_set & 1 << UF_USERINFO) return "user and password are not sent";
    if (!copy_part(page->host, sizeof page->host, url, &parts, UF_HOST) ||
        !copy_part(page->port, sizeof page->port, url, &parts, UF_PORT))
        return "host too long";
    if (!page->port[0]) strcpy(page->port, "80");
    size_t path = strlen("http://") + strcspn(url + strlen("http://"), "/?#");
    length -= path;
    if (length + 2 > sizeof page->path) return "path too long";
    snprintf(page->path, sizeof page->path, "%s%.*s", url[path] == '/' ? "" : "/", (int)length,
             url + path);
    return NULL;
}

/* ---- One page --------------------------------------------------------------------------------*/

static int on_body(http_parser *parser, const char *data, size_t size) {
    (void)data;
    ((Page *)parser->data)->size += size;
    return 0;
}

static int on_message_complete(http_parser *parser) {
    Page *page = parser->data;
    page->complete = parser->status_code >= 200;      // 1xx: the answer is still to come
    if (page->complete) http_parser_pause(parser, 1); // what comes behind it is no answer of ours
    return 0;
}

/* The next bytes of an answer; none: the end of the connection. -1 with ValueError. */
static int parse(Page *page, const Str *bytes) {
    static const http_parser_settings settings = {.on_body = on_body,
                                                  .on_message_complete = on_message_complete};
    size_t size = (size_t)bytes->size;
    http_parser_execute(&page->parser, &settings, bytes->text, size);
    enum http_errno error = HTTP_PARSER_ERRNO(&page->parser);
    if (!page->complete && error == HPE_OK && size == 0) error = HPE_INVALID_EOF_STATE;
    if (page->complete || error == HPE_OK) return 0;
    return error_raise(&ValueError_Type, "%s", http_errno_description(error));
}

typedef struct {
    Object *reader, *writer;
    Page *page;
} FetchPage;

/* async def fetch_page(page) */
static Object *fetch_page_run(Coroutine *self, Object *sent) {
    BEGIN(FetchPage);
    local->page->complete = false;
    local->page->size = 0;
    http_parser_init(&local->page->parser, HTTP_RESPONSE);
    local->page->parser.data = local->page;
    AWAIT(asyncio_open_connection(local->page->host, local->page->port, 0));
    local->reader = new_ref(((Tuple *)sent)->items[0]);
    local->writer = new_ref(((Tuple *)sent)->items[1]);
    TRY {
        bool six = strchr(local->page->host, ':') != NULL;
        if (writer_printf(local->writer,
                          "GET %s HTTP/1.1\r\nHost: %s%s%s:%s\r\nConnection: close\r\n"
                          "User-Agent: coroutines_demo\r\nAccept: */*\r\n\r\n",
                          local->page->path, six ? "[" : "", local->page->host, six ? "]" : "",
                          local->page->port) < 0)
            return NULL;
        while (!local->page->complete) {
            AWAIT(reader_read(local->reader, BLOCK));
            if (parse(local->page, (const Str *)sent) < 0) return NULL;
        }
    }
    FINALLY {
        writer_close(local->writer);
    }
    END_FINALLY;
    END;
}

static Object *fetch_page(Page *page) {
    static const Code code = {"fetch_page", fetch_page_run, sizeof(FetchPage), 2, 1};
    return coroutine_new(&code, &(FetchPage){.page = page});
}

typedef struct {
    Object *semaphore;
    Page *page;
    long attempt;
} Fetch;

/* What has gone wrong, for the page's line. */
static void note_failure(Page *page, const Exception *exc) {
    FILE *out = fmemopen(page->outcome, sizeof page->outcome, "w");
    if (!out) return;
    exception_write_str(exc, out);
    fclose(out);
}

/* async def fetch(semaphore, page): tried again, each time after twice as long, what may go better
 * then: no connection, no answer in time, and what the server itself calls its own fault. */
static Object *fetch_run(Coroutine *self, Object *sent) {
    BEGIN(Fetch);
    ASYNC_WITH(local->semaphore) {
        while (!local->page->done) {
            TRY {
                AWAIT(asyncio_wait_for(fetch_page(local->page), (double)wanted->timeout));
                local->page->outcome[0] = '\0';
                local->page->done = local->page->parser.status_code < 500;
            }
            EXCEPT(TimeoutError) {
                snprintf(local->page->outcome, sizeof local->page->outcome,
                         "no answer within %ld s", wanted->timeout);
            }
            EXCEPT(OSError) {
                note_failure(local->page, frame_exception(self));
            }
            EXCEPT(ValueError) { // no HTTP: that will not change
                note_failure(local->page, frame_exception(self));
                local->page->done = true;
            }
            END_TRY;
            if (local->attempt++ == wanted->retries) local->page->done = true;
            if (!local->page->done)
                AWAIT(asyncio_sleep(0.1 * (double)(1L << local->attempt), NULL));
        }
    }
    END_ASYNC_WITH(local->semaphore);
    END;
}

static Object *fetch(Object *semaphore, Page *page) {
    static const Code code = {"fetch", fetch_run, sizeof(Fetch), 1, 2};
    return coroutine_new(&code, &(Fetch){.semaphore = semaphore, .page = page});
}

/* ---- All of them -----------------------------------------------------------------------------*/

static void draw_bar(void) {
    int done = 0;
    uint64_t size = 0;
    for (int i = 0; i < page_count; i++) {
        done += pages[i].done;
        size += pages[i].size;
    }
    fprintf(stderr, "\r[");
    for (int i = 0; i < BAR_WIDTH; i++)
        putc(i < BAR_WIDTH * done / page_count ? '#' : '.', stderr);
    fprintf(stderr, "] %d of %d, %llu bytes ", done, page_count, (unsigned long long)size);
}

/* async def show_progress(): until it is cancelled. */
static Object *show_progress_run(Coroutine *self, Object *sent) {
    BEGIN(void); // no locals
    for (;;) {
        draw_bar();
        AWAIT(asyncio_sleep(0.1, NULL));
    }
    END;
}

typedef struct {
    Object *semaphore, *progress;
} GetAll;

/* gather(*[fetch(semaphore, page) for page in pages]): NULL with MemoryError. */
static Object *gather_pages(Object *semaphore) {
    Object **fetches = malloc((size_t)page_count * sizeof *fetches);
    if (!fetches) return error_no_memory();
    for (int i = 0; i < page_count; i++)
        fetches[i] = fetch(semaphore, &pages[i]);
    Object *all = asyncio_gather(fetches, page_count, false);
    free(fetches);
    return all;
}

/* async def get_all() */
static Object *get_all_run(Coroutine *self, Object *sent) {
    static const Code show_progress = {"show_progress", show_progress_run, 0, 0, 0};
    BEGIN(GetAll);
    local->semaphore = semaphore_new(wanted->limit);
    if (!local->semaphore) return NULL;
    if (isatty(STDERR_FILENO)) {
        local->progress = asyncio_create_task(coroutine_new(&show_progress, NULL));
        if (!local->progress) return NULL;
    }
    TRY {
        AWAIT(gather_pages(local->semaphore));
    }
    FINALLY {
        if (local->progress) {
            draw_bar();
            putc('\n', stderr);
            if (future_cancel(local->progress, NULL) < 0) return NULL;
        }
    }
    END_FINALLY;
    END;
}

/* Prints a page's line; whether it could be had. */
static bool report(const Page *page) {
    unsigned status = page->parser.status_code;
    bool had = page->done && !page->outcome[0] && status < 400;
    if (page->done && !page->outcome[0]) {
        printf("%u %-12s %9llu bytes  ", status, http_status_str(status),
               (unsigned long long)page->size);
    } else {
        write_visible(stdout, page->done ? page->outcome : "not fetched");
        fputs(": ", stdout);
    }
    write_visible(stdout, page->url);
    putchar('\n');
    return had;
}

int get_pages(int count, char **urls, const GetOptions *options) {
    static const Code get_all = {"get_all", get_all_run, sizeof(GetAll), 2, 1};
    wanted = options;
    page_count = count;
    pages = need(calloc((size_t)count, sizeof *pages));
    for (int i = 0; i < count; i++) {
        const char *wrong = parse_url(&pages[i], urls[i]);
        if (wrong) return usage_error("coroutines_demo", "%s: '%s'", wrong, urls[i]);
    }
    Object *result = asyncio_run(NULL, coroutine_new(&get_all, &(GetAll){0}));
    Exception *exc = result ? NULL : exception_fetch();
    int had = 0;
    for (int i = 0; i < count; i++)
        had += report(&pages[i]);
    fflush(stdout);
    int status = had == count ? 0 : 1;
    if (exc) {
        fprintf(stderr, "coroutines_demo: %s\n", exc->ob.type->name);
        status = exception_matches(exc, &KeyboardInterrupt_Type) ? 130 : 1;
        decref(exc);
    }
    xdecref(result);
    free(pages);
    return status;
}

#else

int get_pages(int count, char **urls, const GetOptions *options) {
    (void)count, (void)urls, (void)options;
    fputs("coroutines_demo: built without http_parser (libhttp-parser-dev)\n", stderr);
    return 1;
}

#endif
