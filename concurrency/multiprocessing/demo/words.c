/* words.c: multiprocessing_demo FILE...: counts words in all cores.
 *
 * A word is a run of letters, digits and bytes beyond ASCII (so that UTF-8 letters stay in their
 * words); ASCII letters are lowered; whatever is between the words is dropped.
 *
 * The files are read before the pool is made, so the workers, being forks, have the bytes already:
 * what is sent to them is where to begin and where to end. What they send back is their counts.
 */
#include "work.h"

static long top = 10;
static bool by_workers;

const Option words_options[] = {
    {.name = "--top",
     .takes = "N",
     .about = "so many words, 10 if not said",
     .number = &top,
     .low = 0,
     .high = 1000000},
    {.name = "--times",
     .about = "with 1 worker, 2, ... one a core; the times on stderr",
     .flag = &by_workers},
    {0},
};

/* ---- Counting --------------------------------------------------------------------------------*/

typedef struct {
    const char *word; // not ended by a NUL
    uint32_t length;
    uint32_t count;
} Entry;

/* A hash table of words, with as many slots as a power of two; grown when half full. */
typedef struct {
    Entry *entries;
    size_t slots, used;
} Counts;

static uint64_t hash_word(const char *word, size_t length) {
    uint64_t hash = UINT64_C(14695981039346656037); // FNV-1a
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)word[i]) * UINT64_C(1099511628211);
    return hash ^ hash >> 32;
}

static Entry *find(const Counts *self, const char *word, uint32_t length) {
    size_t slot = (size_t)hash_word(word, length) & (self->slots - 1);
    while (self->entries[slot].word && (self->entries[slot].length != length ||
                                        memcmp(self->entries[slot].word, word, length) != 0)) {
        slot = (slot + 1) & (self->slots - 1);
    }
    return &self->entries[slot];
}

/* Adds to a word's count. 0, or -1 with MemoryError. */
static int add(Counts *self, const char *word, uint32_t length, uint32_t count) {
    if (self->used * 2 >= self->slots) {
        Counts grown = {NULL, self->slots ? self->slots * 2 : 1024, self->used};
        grown.entries = calloc(grown.slots, sizeof *grown.entries);
        if (!grown.entries) {
            error_no_memory();
            return -1;
        }
        for (size_t i = 0; i < self->slots; i++) {
            const Entry *old = &self->entries[i];
            if (old->word) *find(&grown, old->word, old->length) = *old;
        }
        free(self->entries);
        *self = grown;
    }
    Entry *entry = find(self, word, length);
    if (!entry->word) {
        *entry = (Entry){word, length, 0};
        self->used++;
    }
    entry->count += count;
    return 0;
}

static bool in_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

/* ---- In a worker -----------------------------------------------------------------------------*/

static char *all_text; // all files, one after the other; the workers inherit it
static size_t text_size;

typedef struct {
    size_t begin, end;
} Part;

/* Counts a part; the result is, for each word, its count, its length and its bytes. */
static int count_part(const void *item, size_t size, Block *result) {
    (void)size;
    Part part;
    memcpy(&part, item, sizeof part);
    Counts counts = {0};
    int status = 0;
    for (size_t at = part.begin; at < part.end && status == 0;) {
        size_t begin = at;
        while (at < part.end && in_word(all_text[at]))
            at++;
        if (at > begin) status = add(&counts, all_text + begin, (uint32_t)(at - begin), 1);
        while (at < part.end && !in_word(all_text[at]))
            at++;
    }
    size_t total = 0;
    for (size_t i = 0; i < counts.slots; i++)
        if (counts.entries[i].word) total += 2 * sizeof(uint32_t) + counts.entries[i].length;
    char *out = status == 0 ? malloc(total ? total : 1) : NULL;
    if (status == 0 && !out) {
        error_no_memory();
        status = -1;
    }
    *result = (Block){out, out ? total : 0};
    for (size_t i = 0; out && i < counts.slots; i++) {
        const Entry *entry = &counts.entries[i];
        if (!entry->word) continue;
        const uint32_t head[] = {entry->count, entry->length};
        memcpy(out, head, sizeof head);
        memcpy(out + sizeof head, entry->word, entry->length);
        out += sizeof head + entry->length;
    }
    free(counts.entries);
    return status;
}

/* ---- In the parent ---------------------------------------------------------------------------*/

/* Memory that the program cannot go on without. */
static void *needed(void *block) {
    return need(block ? block : error_no_memory());
}

/* Appends a file to the text, its letters lowered. 0, or the status to end with. */
static int read_file(const char *name) {
    const char *program = telling.demo->program;
    FILE *in = strcmp(name, "-") == 0 ? stdin : fopen(name, "rb");
    if (!in) return usage_error(program, "cannot open '%s': %s", name, strerror(errno));
    size_t got = 0, room = 1 << 16;
    do {
        all_text = needed(realloc(all_text, text_size + room + 1));
        got = fread(all_text + text_size, 1, room, in); // of a directory: EISDIR
        for (size_t end = text_size + got; text_size < end; text_size++)
            if (all_text[text_size] >= 'A' && all_text[text_size] <= 'Z')
                all_text[text_size] += 'a' - 'A';
        if (room < (64 << 20)) room *= 2;
    } while (got > 0);
    bool failed = ferror(in);
    int reason = errno;
    if (in != stdin) fclose(in);
    if (failed) return usage_error(program, "cannot read '%s': %s", name, strerror(reason));
    all_text[text_size++] = '\n'; // files do not run into each other
    return 0;
}

/* Cuts the text into parts of about this many bytes, each to the end of a word. */
static Block *cut(size_t bytes, size_t *count) {
    size_t room = text_size / bytes + 2;
    Block *items = needed(calloc(room, sizeof *items));
    Part *parts = needed(calloc(room, sizeof *parts));
    *count = 0;
    for (size_t at = 0; at < text_size;) {
        size_t begin = at;
        at = text_size - at > bytes ? at + bytes : text_size;
        while (at < text_size && in_word(all_text[at]))
            at++;
        parts[*count] = (Part){begin, at};
        items[*count] = (Block){&parts[*count], sizeof *parts};
        ++*count;
    }
    return items;
}

/* A bar on the terminal, on stderr, if that is one. */
static void show_progress(size_t done, size_t all) {
    if (!isatty(STDERR_FILENO)) return;
    char bar[41];
    for (size_t i = 0; i < 40; i++)
        bar[i] = i < done * 40 / all ? '#' : '.';
    bar[40] = '\0';
    fprintf(stderr, "\r[%s] %3zu %%%s", bar, done * 100 / all, done == all ? "\r\033[K" : "");
}

/* Takes a worker's counts into ours; `block` must stay. */
static void merge(Counts *counts, Block block) {
    const char *at = block.data, *end = at + block.size;
    while (at && at < end) {
        uint32_t head[2];
        memcpy(head, at, sizeof head);
        must(add(counts, at + sizeof head, head[1], head[0]));
        at += sizeof head + head[1];
    }
}

/* Counts with so many workers; the results that the counts point into go to *results. */
static Counts count_words(Pool *pool, Block *items, size_t count, Block *results) {
    Counts counts = {0};
    AsyncResult *walk = need(pool_imap_unordered(pool, count_part, items, count, 1));
    for (size_t done = 0; done < count; done++) {
        size_t index;
        Block result;
        must(async_next(walk, FOREVER, &result, &index));
        results[index] = result;
        merge(&counts, result);
        show_progress(done + 1, count);
    }
    async_free(walk);
    return counts;
}

/* More often first; of as many the one that comes first in the alphabet. */
static int compare(const void *a, const void *b) {
    const Entry *x = a, *y = b;
    if (x->count != y->count) return x->count < y->count ? 1 : -1;
    size_t shorter = x->length < y->length ? x->length : y->length;
    int order = memcmp(x->word, y->word, shorter);
    return order ? order : (x->length > y->length) - (x->length < y->length);
}

static void print_top(Counts *counts) {
    size_t filled = 0;
    uint64_t words = 0;
    for (size_t i = 0; i < counts->slots; i++) {
        if (!counts->entries[i].word) continue;
        words += counts->entries[i].count;
        counts->entries[filled++] = counts->entries[i];
    }
    if (filled) qsort(counts->entries, filled, sizeof *counts->entries, compare);
    printf("%llu words, %zu different\n", (unsigned long long)words, filled);
    for (size_t i = 0; i < filled && i < (size_t)top; i++) {
        const Entry *entry = &counts->entries[i];
        printf("%9u  ", entry->count);
        fwrite(entry->word, 1, entry->length, stdout);
        putchar('\n');
    }
}

int words_count(int count, char **names) {
    if (count == 0) return usage_error(telling.demo->program, "no file is named; see --help");
    for (int i = 0; i < count; i++) {
        int status = read_file(names[i]);
        if (status) return status;
    }
    int cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
    size_t parts, bytes = text_size / (size_t)(16 * cores) + 1; // 16 a worker, of 64 KiB at least
    Block *items = cut(bytes > (64 << 10) ? bytes : (64 << 10), &parts);
    Block *results = needed(calloc(parts, sizeof *results));
    double first = 0;
    for (int workers = by_workers ? 1 : cores; workers <= cores; workers++) {
        Pool *pool = need(pool_new(workers, POOL_NONE));
        uint64_t start = clock_now();
        Counts counts = count_words(pool, items, parts, results);
        double seconds = (double)(clock_now() - start) * 1e-9;
        if (workers == 1) first = seconds;
        if (workers == cores) print_top(&counts);
        if (by_workers) {
            fprintf(stderr, "%d worker%s  %7.3f s  %5.2fx\n", workers, workers > 1 ? "s" : " ",
                    seconds, first / seconds);
        }
        free(counts.entries);
        for (size_t i = 0; i < parts; i++)
            free(results[i].data);
        pool_free(pool);
    }
    free(results);
    free(items[0].data); // all parts
    free(items);
    free(all_text);
    return 0;
}
