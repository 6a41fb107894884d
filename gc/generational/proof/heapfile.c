/* heapfile.c: heaps that are written down: what is refused and in which words; and of random ones,
 * that our collector finds what a search from outside does not come to. */
#include "../../../common/proof/testing.h"

#include "../demo/heapfile.c"

#include "../demo/collected.c"

static char place[] = "/tmp/heap.XXXXXX";

static void write_file(const char *text, size_t size) {
    FILE *file = fopen(place, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* What heap_file_read() says about the file, into `words`, which it returns the status of. */
static int read_file(char *words, size_t room) {
    FILE *file = tmpfile();
    assert_non_null(file);
    fflush(stderr);
    int before = dup(2);
    assert_true(before >= 0 && dup2(fileno(file), 2) >= 0);
    int status = heap_file_read(&heap_file, place);
    dup2(before, 2);
    close(before);
    rewind(file);
    words[fread(words, 1, room - 1, file)] = '\0';
    fclose(file);
    entries = heap_file.entries;
    return status;
}

#define NUMBER "a whole number up to 10^18 is needed, not "
static const struct {
    const char *text, *said; // said: NULL: it is read
    ssize_t count;
} cases[] = {
    {"", NULL, 0},
    {"\n\r\n  \n# a remark: 1 2\n", NULL, 0},
    {"7 list 56 1: 7", NULL, 1},
    {"7 list 56 1: 7\r\n9  dict\t64 2 :7", "line 1: refcount 1, and 2 references to it in the file",
     0},
    {"7 list 56 1:\r\n9  dict\t64  2:  7 \r\n", NULL, 2},
    {"1000000000000000000 a 0 1000000000000000000:\n", NULL, 1},
    {"1000000000000000001 a 0 1:\n", "line 1: id: " NUMBER "'1000000000000000001'", 0},
    {"1 a 99999999999999999999999 1:\n", "line 1: size: " NUMBER "'99999999999999999999999'", 0},
    {"1 a 0 18446744073709551616:\n", "line 1: refcount: " NUMBER "'18446744073709551616'", 0},
    {"1 a -1 1:\n", "line 1: size: " NUMBER "'-1'", 0},
    {"1 a 0x10 1:\n", "line 1: size: " NUMBER "'0x10'", 0},
    {"a", "line 1: id: " NUMBER "'a'", 0},
    {"1", "line 1: no type and size after the id", 0},
    {"#\n1 a\n", "line 2: no type and size after the id", 0},
    {"1 a 5", "line 1: refcount: " NUMBER "''", 0},
    {"1 a 5 6", "line 1: no ':' after the refcount", 0},
    {"1 a 5 6: x", "line 1: a referent: " NUMBER "'x'", 0},
    {"1 a 5 1:\n1 b 6 1:", "line 2: id 1 is that of line 1, too", 0},
    {"1 a 5 1: 2", "line 1: refers to 2, and no line has this id", 0},
    {"2 a 5 9: 1 1\n1 a 5 1:", "line 2: refcount 1, and 2 references to it in the file", 0},
};

static void test_lines(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        long blocks = testing_blocks();
        char heard[300], expected[300] = "";
        if (cases[i].said)
            snprintf(expected, sizeof expected, "test: %s, %s\n", place, cases[i].said);
        write_file(cases[i].text, strlen(cases[i].text));
        int status = read_file(heard, sizeof heard);
        assert_string_equal(heard, expected);
        assert_int_equal(status, cases[i].said ? 2 : 0);
        if (status == 0) assert_int_equal(heap_file.count, cases[i].count);
        heap_file_free(&heap_file);
        assert_int_equal(testing_blocks(), blocks);
    }
    char heard[300];
    write_file("1 a 5 1:\n2 b\0 6 1:\n", 19);
    assert_int_equal(read_file(heard, sizeof heard), 2);
    assert_non_null(strstr(heard, "line 2: a NUL byte\n"));
    heap_file_free(&heap_file);
}

/* Without memory: heard so, status 1, and nothing is left behind. */
static void test_no_memory(void **state) {
    (void)state;
    char text[100000], heard[300];
    size_t size = 0;
    for (int i = 1; size < sizeof text - 60; i++)
        size += (size_t)sprintf(text + size, "%d list 56 1: %d\n", i, i);
    write_file(text, size);
    for (long n = 0;; n++) {
        long blocks = testing_blocks();
        testing_fail_at(n);
        int status = read_file(heard, sizeof heard);
        bool failed = testing_has_failed();
        testing_fail(NULL, 0, 0);
        heap_file_free(&heap_file);
        assert_int_equal(testing_blocks(), blocks);
        if (!failed) break;
        assert_int_equal(status, 1);
        assert_string_equal(heard, "test: out of memory\n");
    }
}

enum { MOST = 12 };

/* A random heap's text; which of its objects, by id, a search from outside comes to. */
static size_t random_heap(uint64_t *random, char *text, int n, bool *reached) {
    int referents[MOST][4], counts[MOST], refcounts[MOST] = {0};
    size_t size = 0;
    for (int i = 0; i < n; i++) {
        counts[i] = (int)testing_random(random, 4);
        for (int k = 0; k < counts[i]; k++) {
            referents[i][k] = (int)testing_random(random, (uint64_t)n);
            refcounts[referents[i][k]]++;
        }
    }
    for (int i = 0; i < n; i++) {
        reached[i] = testing_random(random, 4) == 0;
        refcounts[i] += reached[i];
        size += (size_t)sprintf(text + size, "%d t%d 1 %d:", i, i, refcounts[i]);
        for (int k = 0; k < counts[i]; k++)
            size += (size_t)sprintf(text + size, " %d", referents[i][k]);
        text[size++] = '\n';
    }
    for (bool more = true; more;) {
        more = false;
        for (int i = 0; i < n; i++) {
            for (int k = 0; reached[i] && k < counts[i]; k++) {
                more |= !reached[referents[i][k]];
                reached[referents[i][k]] = true;
            }
        }
    }
    return size;
}

/* Two are in one cycle if each leads to the other. */
static void check_components(void) {
    bool leads[MOST][MOST] = {{false}};
    ssize_t n = heap_file.count;
    for (ssize_t i = 0; i < n; i++)
        for (ssize_t k = 0; k < entries[i].count; k++)
            leads[i][heap_file.referents[entries[i].first + k]] = true;
    for (ssize_t by = 0; by < n; by++)
        for (ssize_t i = 0; i < n; i++)
            for (ssize_t j = 0; j < n; j++)
                leads[i][j] |= leads[i][by] && leads[by][j];
    for (ssize_t i = 0; i < n; i++) {
        for (ssize_t j = 0; j < n; j++) {
            bool together = entries[i].component && entries[i].component == entries[j].component;
            assert_int_equal(together, leads[i][j] && leads[j][i]);
        }
    }
}

static void test_random_heaps(void **state) {
    (void)state;
    uint64_t random = testing_seed();
    for (int round = 0; round < 1000; round++) {
        char text[MOST * 80], heard[300];
        bool reached[MOST];
        int n = 1 + (int)testing_random(&random, MOST), garbage = 0;
        long blocks = testing_blocks();
        write_file(text, random_heap(&random, text, n, reached));
        assert_int_equal(read_file(heard, sizeof heard), 0);
        ssize_t found = collect();
        for (int i = 0; i < n; i++) {
            assert_int_equal(entries[i].garbage, !reached[i]);
            garbage += !reached[i];
        }
        assert_int_equal(found, garbage);
        find_cycles();
        check_components();
        ssize_t *path = need(calloc((size_t)n + 1, sizeof *path));
        for (ssize_t i = 0; i < cycle_count; i++) { // each closes, and all of it is of one kind
            wanted = cycles[i].first;
            ssize_t length = find_path(is_wanted, refers_to_wanted, cycles[i].number, path);
            assert_in_range(length, 1, cycles[i].count);
            assert_int_equal(path[0], wanted);
            for (ssize_t k = 0; k < length; k++) {
                assert_int_equal(entries[path[k]].component, cycles[i].number);
                assert_int_equal(entries[path[k]].garbage, cycles[i].garbage);
                wanted = path[(k + 1) % length];
                assert_true(refers_to_wanted(path[k]));
            }
        }
        for (ssize_t i = 0; i < n; i++) {
            wanted = i;
            assert_int_equal(find_path(from_outside, is_wanted, 0, path) > 0, reached[i]);
        }
        free(path);
        free(cycles);
        cycle_count = 0;
        free_all();
        assert_int_equal(testing_blocks(), blocks);
    }
}

int main(void) {
    static const Demo demo = {.program = "test"};
    telling.demo = &demo;
    int file = mkstemp(place);
    if (file < 0 || close(file) < 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_random_heaps),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(place);
    return failed;
}
