/* demo.h: a demo's command line, and how it tells its scenes; every demo's is the same.
 *
 *     demo                     plays every scene
 *     demo --scene NAME        one of them; --list names them, a line each
 *     demo --step ...          waits after each step: Enter goes on, b a step back, q ends
 *     demo --tour              the one scene that ./run shows of it, stepping
 *     demo --csv NAME          data for a plot
 *     demo [OPTIONS] OPERANDS  the demo's own work, from its table of options
 *
 * A scene prints and calls step() where a reader should look before it goes on; on a terminal with
 * --step that waits, elsewhere it is nothing. What a scene needs and cannot have ends the demo
 * through need() or must(), with status 1.
 */
#ifndef DEMO_H
#define DEMO_H

#include "common.h"

#include <errno.h>
#include <fcntl.h>

/* What --tour tells ./run besides 0: the reader left, or wants the room before this one. */
enum { DEMO_LEFT = 3, DEMO_BACK = 4 };

typedef struct {
    const char *name;
    const char *about; // one line: the scene's heading, and what --help says
    void (*play)(void);
    const char *look; // for the one scene that the tour plays: what to look at; else NULL
    bool varies;      // from run to run: timing is its subject
} Scene;

/* An option of one demo's own. At most one of the pointers is set: where it leaves its value. */
typedef struct {
    const char *name;  // "--threads"
    const char *takes; // what follows it, as --help writes it: "N"; NULL: nothing does
    const char *about;
    bool *flag;              // set to true
    const char **text;       // the word that follows
    long *number, low, high; // a whole number in these bounds
    bool scenes;             // goes with anything; any other option is for the demo's own work
    const char *mode;        // NULL: what demo.h's own options are for
} Option;

typedef struct {
    const char *program;   // "dict_demo", which begins every complaint
    const char *about;     // lines for --help: what the demo's own work is; or NULL
    const char *operands;  // "FILE..."; NULL: none are taken
    const Scene *scenes;   // in the order of the story, up to one without a name
    const Scene *data;     // for --csv, likewise; or NULL
    const Option *options; // likewise; or NULL
    int (*work)(int count, char **operands); // returns the exit status; or NULL
} Demo;

/* One object in all of a demo's sources, as error_indicator is. */
__attribute__((weak)) struct {
    const Demo *demo;
    char **argv;
    bool stepping, tour;
    long at, from; // steps done; the one that is shown first, after going back
    int terminal;  // what stdout was, while nothing is shown
} telling;

/* An ANSI escape such as "1" (bold) or "31" (red) where stdout is a terminal that is not dumb and
 * NO_COLOR is unset, "" elsewhere: printf("%shot%s", color("31"), color("0")). `code` must be a
 * string literal. */
#define color(code) (color_wanted() ? "\033[" code "m" : "")
static inline bool color_wanted(void) {
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    return !(no && *no) && term && strcmp(term, "dumb") != 0 && isatty(STDOUT_FILENO);
}

/* A title, underlined, after an empty line. */
static inline void heading(const char *title) {
    printf("\n%s%s%s\n", color("1"), title, color("0"));
    for (const char *c = title; *c; c++)
        if (((unsigned char)*c & 0xC0) != 0x80) putchar('-'); // one dash a character, not a byte
    putchar('\n');
}

/* The result of a call that a demo cannot go on without: ends it if NULL, with the pending error. */
static inline void *need(void *result) {
    if (result) return result;
    fflush(stdout);
    fprintf(stderr, "%s: ", telling.demo->program);
    error_print(stderr);
    exit(1);
}

/* The same for a call that returns -1. */
static inline void must(int status) {
    if (status < 0) need(NULL);
}

/* Where a reader looks before the scene goes on. `question`, or NULL, is asked in the meantime. It
 * goes a step back by playing the program again from its start, with nothing shown up to there. */
static inline void step(const char *question) {
    if (!telling.stepping) return;
    telling.at++;
    if (telling.at == telling.from - 1) { // what follows is to be seen again
        fflush(stdout);
        dup2(telling.terminal, STDOUT_FILENO);
    }
    if (telling.at < telling.from) return;
    printf("%s[%s%sEnter, b, q]%s ", color("7"), question ? question : "", question ? " " : "",
           color("0"));
    fflush(stdout);
    int answer = getchar(), c = answer;
    while (c != '\n' && c != EOF)
        c = getchar();
    if (answer == 'q' || answer == EOF)
        exit(finish_output(telling.demo->program, telling.tour ? DEMO_LEFT : 0));
    if (answer != 'b') return;
    if (telling.tour && telling.at == 1) exit(DEMO_BACK);
    char from[24];
    snprintf(from, sizeof from, "%ld", telling.at - 1);
    setenv("STEP_FROM", from, 1);
    execvp(telling.argv[0], telling.argv);
}

static inline void demo_begin_steps(void) {
    telling.stepping = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    const char *from = getenv("STEP_FROM");
    telling.from = from ? strtol(from, NULL, 10) : 0;
    unsetenv("STEP_FROM");
    int nowhere = telling.from > 1 ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;
    if (nowhere < 0) return;
    telling.terminal = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0); // going back again opens anew
    dup2(nowhere, STDOUT_FILENO);
    close(nowhere);
}

static inline void demo_list(const Scene *scenes) {
    for (const Scene *scene = scenes; scene->name; scene++)
        printf("  %-11s %s%s\n", scene->name, scene->about, scene->varies ? " (varies)" : "");
}

static inline int demo_help(const Demo *demo) {
    printf("usage: %s [--scene NAME] [--step]\n", demo->program);
    if (demo->data) printf("       %s --csv NAME\n", demo->program);
    if (demo->work)
        printf("       %s%s%s%s\n", demo->program, demo->options ? " [OPTIONS]" : "",
               demo->operands ? " " : "", demo->operands ? demo->operands : "");
    if (demo->about) printf("\n%s\n", demo->about);
    for (const Option *option = demo->options; option && option->name; option++) {
        char name[40];
        snprintf(name, sizeof name, "%s %s", option->name, option->takes ? option->takes : "");
        printf("%s  %-19s %s\n", option == demo->options ? "\noptions:\n" : "", name,
               option->about);
    }
    puts("\nscenes, all of them without arguments:");
    demo_list(demo->scenes);
    if (demo->data) puts("\ndata, for --csv:");
    if (demo->data) demo_list(demo->data);
    puts("\n  --step waits after each step; --list names the scenes; -- ends the options");
    return 0;
}

static inline int demo_play(const Scene *scenes, const char *name, bool titled) {
    bool found = false;
    for (const Scene *scene = scenes; scene->name; scene++) {
        if (name && strcmp(scene->name, name) != 0) continue;
        if (found) step(NULL);
        found = true;
        if (titled) heading(scene->about);
        if (titled && telling.stepping && scene->look) printf("Look at %s.\n\n", scene->look);
        scene->play();
    }
    const char *program = telling.demo->program;
    return found ? 0
                 : usage_error(program, "no %s '%s'; see --help", titled ? "scene" : "data", name);
}

/* Leaves what an option says where its table wants it; 0, or 2 after a complaint. */
static inline int demo_take(const char *program, const Option *option, const char *word) {
    if (option->flag) *option->flag = true;
    if (option->text) *option->text = word;
    if (!option->number) return 0;
    char *end = NULL;
    errno = 0;
    *option->number = strtol(word, &end, 10);
    bool digits =
        *word && strspn(word + (*word == '-'), "0123456789") == strlen(word + (*word == '-'));
    if (digits && !*end && errno == 0 && *option->number >= option->low &&
        *option->number <= option->high)
        return 0;
    return usage_error(program, "%s takes a whole number from %ld to %ld, not '%s'", option->name,
                       option->low, option->high, word);
}

static inline const Option *demo_option(const Option *table, const char *name) {
    for (const Option *option = table; option && option->name; option++)
        if (strcmp(option->name, name) == 0) return option;
    return NULL;
}

static inline int demo_run(const Demo *demo, int argc, char **argv) {
    static const char *scene, *data;
    static bool help, list, stepping, tour;
    static const Option common[] = {
        {.name = "--scene", .takes = "NAME", .text = &scene, .mode = "scene"},
        {.name = "--csv", .takes = "NAME", .text = &data, .mode = "data"},
        {.name = "--list", .flag = &list, .mode = "list"},
        {.name = "--tour", .flag = &tour, .mode = "scene"},
        {.name = "--step", .flag = &stepping, .scenes = true},
        {.name = "--help", .flag = &help, .scenes = true},
        {.name = "-h", .flag = &help, .scenes = true},
        {0},
    };
    const char *mode = NULL, *first = NULL; // what is to be done, and the word that said so
    int count = 0;                          // of operands, which move to the front of argv + 1
    bool ended = false;                     // by --
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i], *its_mode = "work";
        if (!ended && strcmp(word, "--") == 0) {
            ended = true;
            continue;
        }
        if (ended || word[0] != '-' || word[1] == '\0') {
            if (!demo->operands)
                return usage_error(demo->program, "an argument too many: '%s'; see --help", word);
            argv[++count] = argv[i];
        } else {
            const Option *option = demo_option(demo->options, word);
            if (!option) option = demo_option(common, word);
            if (!option || (option->text == &data && !demo->data))
                return usage_error(demo->program, "unknown option '%s'; see --help", word);
            if (option->takes && i + 1 == argc)
                return usage_error(demo->program, "%s takes %s; see --help", word, option->takes);
            if (demo_take(demo->program, option, option->takes ? argv[++i] : NULL)) return 2;
            if (option->scenes) continue;
            if (option->mode) its_mode = option->mode;
        }
        if (mode && strcmp(mode, its_mode) != 0)
            return usage_error(demo->program, "'%s' and '%s' exclude each other", first, word);
        if (!mode) first = word;
        mode = its_mode;
    }
    if (help) return demo_help(demo);
    if (list) {
        demo_list(demo->scenes);
        return 0;
    }
    if (data) return demo_play(demo->data, data, false);
    if (mode && !scene && !tour) return demo->work(count, argv + 1);
    telling.tour = tour;
    for (const Scene *stop = demo->scenes; tour && stop->name; stop++)
        if (stop->look) scene = stop->name;
    if (stepping || tour) demo_begin_steps();
    int status = demo_play(demo->scenes, scene, true);
    if (tour) step(NULL);
    return status;
}

/* All of a demo's main(): returns its exit status. Needs argv as main() got it, and changes it. */
/* A program that was started without one of the descriptors 0 to 2 gets one that fails as none does:
 * else its first file or socket would get the number, and what is printed. */
static inline void demo_fill_descriptors(void) {
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0) open("/dev/null", fd ? O_RDONLY : O_WRONLY);
}

static inline int demo_main(const Demo *demo, int argc, char **argv) {
    demo_fill_descriptors();
    telling.demo = demo;
    char *again[argc + 1];
    memcpy(again, argv, sizeof again);
    telling.argv = again;
    return finish_output(demo->program, demo_run(demo, argc, argv));
}

#endif
