/* words.c: dict_demo FILE...: what a dict is used for most, counting.
 *
 * The rule: a word is a run of ASCII letters, digits and bytes of 0x80 and up; ASCII is lowered.
 */
#include "parts.h"

#include <ctype.h>

static int count_word(Dict *counts, Writer *word) {
    Object *key = str_from_bytes(word->bytes, (ssize_t)word->length), *one = NULL;
    word->length = 0;
    if (!key) return -1;
    Object *count = dict_get_item_with_error(counts, key);
    one = error_occurred() ? NULL : int_from_long(count ? ((Int *)count)->value + 1 : 1);
    int status = one ? dict_set_item(counts, key, one) : -1;
    xdecref(one);
    decref(key);
    return status;
}

/* Counts the words of a stream: 0, -1 with an error set, or 1 if reading failed (errno). */
static int count_words(Dict *counts, FILE *in) {
    Writer word = {0};
    int status = 0, c;
    do {
        c = getc(in);
        if (c != EOF && (c >= 0x80 || isalnum(c))) {
            char lowered = c < 0x80 ? (char)tolower(c) : (char)c;
            status = writer_write(&word, &lowered, 1);
        } else if (word.length > 0) {
            status = count_word(counts, &word);
        }
    } while (status == 0 && c != EOF);
    writer_free(&word);
    return status == 0 && ferror(in) ? 1 : status;
}

static int64_t count_of(Object *value) {
    return ((Int *)value)->value;
}

/* The ten largest counts; equal ones in the order in which the words were first seen. */
static void print_top(Dict *counts) {
    enum { TOP = 10, WIDTH = 68 };
    struct {
        Object *word;
        int64_t count;
    } top[TOP + 1];
    int n = 0;
    ssize_t pos = 0;
    Object *key, *value;
    while (dict_next(counts, &pos, &key, &value)) {
        int place = n;
        for (; place > 0 && top[place - 1].count < count_of(value); place--)
            top[place] = top[place - 1];
        if (place == TOP) continue;
        top[place].word = key;
        top[place].count = count_of(value);
        if (n < TOP) n++;
    }
    for (int i = 0; i < n; i++) {
        printf("  %8lld  ", (long long)top[i].count);
        draw_repr(top[i].word, WIDTH, true);
        putchar('\n');
    }
}

static void print_shape(Dict *counts) {
    const DictKeys *keys = counts->keys;
    int64_t words = 0;
    size_t probes = 0, longest = 0;
    for (ssize_t ix = 0; ix < keys->nentries; ix++) { // nothing was deleted
        DictEntry entry = dict_entry(keys, ix);
        size_t path = draw_probes(keys, entry.hash, ix);
        words += count_of(entry.value);
        probes += path;
        if (path > longest) longest = path;
    }
    printf("\n%lld words, %zd different\n", (long long)words, counts->used);
    if (counts->used == 0) return;
    double used = (double)counts->used;
    printf("%zu slots, load %.2f, %.2f probes a lookup, %zu at most\n", dict_slots(keys),
           used / (double)dict_slots(keys), (double)probes / used, longest);
    printf("%zu bytes by sys.getsizeof, %.1f a word\n", draw_getsizeof(counts),
           (double)draw_getsizeof(counts) / used);
}

static int count_file(Dict *counts, const char *name) {
    const char *program = telling.demo->program;
    bool is_stdin = strcmp(name, "-") == 0;
    FILE *in = is_stdin ? stdin : fopen(name, "rb");
    if (!in) return usage_error(program, "cannot open '%s': %s", name, strerror(errno));
    int status = count_words(counts, in), reason = errno;
    if (!is_stdin) fclose(in);
    if (status > 0) return usage_error(program, "cannot read '%s': %s", name, strerror(reason));
    must(status);
    return 0;
}

int demo_words(int count, char **names) {
    Dict *counts = need(dict_new());
    int status = 0;
    for (int i = 0; i < count && status == 0; i++)
        status = count_file(counts, names[i]);
    if (status == 0) {
        print_top(counts);
        print_shape(counts);
    }
    decref(counts);
    return status;
}
