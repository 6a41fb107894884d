/* typed.h: what a test types into refcounting_demo --interactive, and what that prints; for the two
 * tests that include the demo's sources. */
#ifndef TYPED_H
#define TYPED_H

static char typed_out[1 << 20], typed_err[1 << 13]; // what has been printed, each with a NUL
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

/* Types a line; false if that ends the session. */
static inline bool typed_run(const char *line, Both *both) {
    char text[600];
    snprintf(text, sizeof text, "%s\n", line);
    return run_line(text, strlen(text), both);
}

#endif
