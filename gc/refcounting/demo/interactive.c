/* interactive.c: refcounting_demo --interactive: lines from stdin, each run, told, drawn and, with
 * --python, compared; and the same for a scene's statements. */
#include "statements.h"

enum { SAID = 320 }; // bytes: an error's message has 256 at most

/* What a statement came to, as the prompt shows it, and lets go of it. */
static void say(Scanner *in, char said[SAID]) {
    char label[LABEL_SIZE];
    *said = '\0';
    if (in->result && in->result != None)
        snprintf(said, SAID, "%s", world_label(in->result, label));
    if (error_occurred())
        snprintf(said, SAID, "%s%s%s", error_name(error_occurred()), *error_message() ? ": " : "",
                 error_message());
    if (*said && !world.quiet) puts(said);
    clear_ref(in->result);
    error_clear();
}

/* Has both compared with Python's. */
static void compare(const char *statement, const char *said, const char *happened, Both *both) {
    char *facts = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&facts, &size);
    if (!out) need(error_no_memory());
    fprintf(out, "says: %s\nhappened: %s\n", said, happened);
    both_write_names(out);
    if (fclose(out) != 0) need(error_no_memory());
    both_compare(both, statement, facts, stdout);
    free(facts);
}

static void complain(const Scanner *in) {
    usage_error(telling.demo->program, *in->from ? "%s '%.34s'; type:" : "%s; type:", in->bad,
                in->from);
    fputs(can_be_typed, stderr);
}

/* Runs a line that makes sense, unless it turns out that it does not. */
static void run(const char *statement, Both *both) {
    Scanner in = {.at = statement};
    char *happened = NULL, said[SAID];
    size_t size = 0;
    world_begin_statement();
    world.happened = open_memstream(&happened, &size);
    if (!world.happened) need(error_no_memory());
    statement_run(&in);
    if (in.bad) complain(&in);
    if (in.bad) error_clear();
    say(&in, said);
    if (fclose(world.happened) != 0) need(error_no_memory());
    world.happened = NULL;
    world_settle();
    if (in.changed && !world.quiet) draw_world();
    if (!in.bad && !in.of_the_demo && both->pid > 0) compare(statement, said, happened, both);
    free(happened);
}

/* One line of input. False: quit. */
static bool run_line(char *line, size_t length, Both *both) {
    Scanner dry = {.at = line, .dry = true};
    while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
        line[--length] = '\0';
    skip_space(&dry);
    const char *statement = dry.at;
    bool whole = strlen(line) == length;
    if (*statement == '#' || (*statement == '\0' && whole)) return true;
    if (whole && take(&dry, "quit")) {
        if (at_end(&dry)) return false;
    } else if (whole) {
        statement_run(&dry);
    } else {
        bad_syntax(&dry, "a line ends where a null byte is", "");
    }
    clear_ref(dry.result);
    error_clear();
    if (dry.bad)
        complain(&dry);
    else
        run(statement, both);
    return true;
}

void demo_type(const char *statement) {
    Both alone = {0};
    static bool drawn = true; // a line separates this from what stands above
    printf("%s  %s%s%s\n", drawn ? "\n" : "", color("36"), statement, color("0"));
    run(statement, &alone);
    drawn = !world.quiet;
}

int demo_interactive(bool python, bool dot) {
    bool prompt = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && !dot;
    Both both = {0};
    if (python) both_start(&both, telling.demo->program, both_names_script);
    world_begin();
    world.quiet = dot;
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    if (prompt) fputs(can_be_typed, stdout);
    do {
        if (prompt) printf(">>> ");
        fflush(stdout);
        errno = 0;
        length = getline(&line, &capacity, stdin);
    } while (length >= 0 && run_line(line, (size_t)length, &both));
    int status = 0;
    if (length < 0 && (ferror(stdin) || errno == ENOMEM)) { // of a line too long
        status = usage_error(telling.demo->program, "cannot read '-': %s", strerror(errno));
    }
    if (prompt && length < 0) putchar('\n');
    if (dot && status == 0) draw_dot(stdout);
    free(line);
    world_end();
    both_end(&both);
    return status;
}
