/* typed.h: what a test types into a demo's --interactive, and what that prints; for the tests that
 * include a room's demo/interactive.c, and for what its Python says to it. */
#ifndef TYPED_H
#define TYPED_H

static char typed_out[1 << 20], typed_err[1 << 12]; // what has been printed, each with a NUL
static FILE *typed_files[2];
static int typed_before[2];

/* From here to typed_end() what is printed goes to the two above. */
static inline void typed_begin(void) {
    fflush(stdout);
    for (int i = 0; i < 2; i++) {
        typed_files[i] = tmpfile();
        assert_non_null(typed_files[i]);
        typed_before[i] = dup(i + 1);
        assert_true(dup2(fileno(typed_files[i]), i + 1) >= 0);
    }
}

static inline void typed_end(void) {
    fflush(stdout);
    char *texts[] = {typed_out, typed_err};
    size_t sizes[] = {sizeof typed_out, sizeof typed_err};
    for (int i = 0; i < 2; i++) {
        dup2(typed_before[i], i + 1);
        close(typed_before[i]);
        rewind(typed_files[i]);
        texts[i][fread(texts[i], 1, sizes[i] - 1, typed_files[i])] = '\0';
        fclose(typed_files[i]);
    }
}

static inline void typed_run(const char *line, Object *it, Both *both) {
    char text[256];
    snprintf(text, sizeof text, "%s\n", line);
    statements_run(&statements, text, strlen(text), it, both);
}

/* The next number below `limit` of a sequence that is the same in every run (Knuth's MMIX LCG). */
static inline int typed_number(uint64_t *random, int limit) {
    *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int)(*random >> 33) % limit;
}

typedef struct {
    const char *typed;
    const char *repr; // of what it came to; NULL: nothing
    bool drawn;
    const char *bad, *from; // why it was not understood, and from where on; NULL: it was
} TypedLine;

/* Types the lines about `it`, which it consumes. */
static inline void typed_lines(const TypedLine *lines, size_t count, Object *it) {
    for (size_t i = 0; i < count; i++) {
        Scanner in = {.at = lines[i].typed};
        assert_int_equal(statements_line(&statements, &in, it), lines[i].drawn);
        assert_int_equal(in.bad != NULL, lines[i].bad != NULL);
        if (in.bad) assert_string_equal(in.bad, lines[i].bad);
        if (in.bad) assert_string_equal(in.from, lines[i].from);
        assert_int_equal(in.result != NULL, lines[i].repr != NULL);
        if (in.result) {
            Writer text = {0};
            assert_int_equal(object_write_repr(in.result, &text), 0);
            writer_write(&text, "", 1);
            assert_string_equal(text.bytes, lines[i].repr);
            writer_free(&text);
        }
        xdecref(in.result);
        error_clear();
    }
    decref(it);
}

/* Whether there is a Python whose memory can be compared with ours; says so if not. */
static inline bool typed_python(const char *program) {
    Both both = {0};
    typed_begin();
    both_start(&both, program, statements.script);
    both_end(&both);
    typed_end();
    if (!both.known) printf("skipped: no Python of 3.11 to 3.13, 64 bits\n%s", typed_err);
    return both.known;
}

/* Types the lines about `it`, which it consumes; all must be the same in both, and nobody complains.
 */
static inline void typed_same(const char *const *lines, size_t count, Object *it) {
    Both both = {0};
    typed_begin();
    both_start(&both, telling.demo->program, statements.script);
    for (size_t i = 0; i < count; i++)
        typed_run(lines[i], it, &both);
    both_end(&both);
    typed_end();
    decref(it);
    assert_string_equal(typed_err, "");
    const char *otherwise = strstr(typed_out, "    not the same");
    if (otherwise) print_error("%.800s", otherwise);
    assert_null(otherwise);
    size_t verdicts = 0;
    for (const char *at = typed_out; (at = strstr(at, "    the same in Python ")); at++)
        verdicts++;
    assert_int_equal(verdicts, count);
}

#endif
