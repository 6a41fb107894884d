/* demo.c: the story of threads that wait for one another, told by a run.
 *
 *     threading_demo                    every scene
 *     threading_demo --scene NAME       one of them
 *     threading_demo --files FILE...    counts lines, words and bytes, in threads
 *     threading_demo --csv trace        the data of the picture
 *
 * Where threads meet, each waits until the other has done its step: the output does not depend on
 * luck. The scenes `race` and `timeline` are measurements, and do.
 */
#include "demo.h"

#include <errno.h>
#include <sched.h>
#include <sys/wait.h>

void *need(void *op) {
    if (op) return op;
    fflush(stdout);
    fprintf(stderr, "%s: ", PROGRAM);
    error_print(stderr);
    exit(1);
}

Thread *start(ThreadTarget target, void *arg) {
    Thread *thread = need(thread_new(NULL, target, arg));
    if (thread_start(thread) < 0) need(NULL);
    return thread;
}

void join(Thread *thread) {
    thread_join(thread, FOREVER);
    thread_decref(thread);
}

void until_waiting(Condition *condition, size_t count) {
    for (size_t waiting = count + 1; waiting != count; sched_yield()) {
        condition_acquire(condition, true, -1);
        waiting = condition_waiters(condition);
        condition_release(condition);
    }
}

const char *truth(int value) {
    return value ? "True" : "False";
}

void show(const char *what, int status) {
    printf("  %-34s ", what);
    if (status == 0) {
        puts("None");
        return;
    }
    printf("%s%s: %s%s\n", color("33"), error_name(error_occurred()), error_message(), color("0"));
    error_clear();
}

void show_bool(const char *what, int status) {
    printf("  %-34s %s\n", what, truth(status));
}

/* ---- Two actors, in turn ---------------------------------------------------------------------*/

static int step;

void act(const Actor *self, const char *what) {
    enum { RIGHT_COLUMN = 32 };
    printf("  %2d  %*s%s\n", ++step, self->me ? RIGHT_COLUMN : 0, "", what);
}

void wait_turn(const Actor *self) {
    semaphore_acquire(&self->stage->turn[self->me], true, FOREVER);
}

void pass_turn(const Actor *self) {
    semaphore_release(&self->stage->turn[1 - self->me], 1);
}

void play(ThreadTarget left, ThreadTarget right, const char *titles, Stage *stage) {
    Actor actors[] = {{stage, 0}, {stage, 1}};
    semaphore_init(&stage->turn[0], 1);
    semaphore_init(&stage->turn[1], 0);
    condition_init_lock(&stage->changed, &stage->lock);
    step = 0;
    puts(titles);
    Thread *threads[] = {start(left, &actors[0]), start(right, &actors[1])};
    join(threads[0]);
    join(threads[1]);
}

/* ---- life ------------------------------------------------------------------------------------*/

static int wait_for_event(void *event) {
    return event_wait(event, FOREVER) < 0 ? -1 : 0;
}

static void describe(Thread *thread) {
    printf("  %-34s is_alive() %-5s  ident %-8s  active_count() %zu\n", thread_name(thread),
           truth(thread_is_alive(thread)), thread_ident(thread) ? "a number" : "None",
           threading_active_count());
}

static int unlucky(void *arg) {
    (void)arg;
    return error_set(ZeroDivisionError, "division by zero");
}

static void tell(Thread *thread, const Error *error) {
    printf("  excepthook, in %s: %s: %s\n", thread_name(thread), error_name(error->type),
           error->message);
}

static void scene_life(void) {
    heading("life: from Thread() to join()");
    puts("One thread, and everything that is refused on its way. Look at when it is alive.\n");
    Event event;
    event_init(&event);
    Thread *thread = need(thread_new("worker", TARGET(wait_for_event), &event));
    describe(thread);
    show("join()", thread_join(thread, FOREVER));
    show("start()", thread_start(thread));
    describe(thread);
    show("start()", thread_start(thread));
    show("daemon = True", thread_set_daemon(thread, true));
    show("join(timeout=0.01)", thread_join(thread, 0.01));
    puts("  ...which says nothing: only is_alive() tells whether it ended or the time did");
    describe(thread);
    event_set(&event);
    show("join()", thread_join(thread, FOREVER));
    describe(thread);
    show("start()", thread_start(thread));
    show("current_thread().join()", thread_join(threading_current_thread(), FOREVER));
    thread_decref(thread);
    threading_set_excepthook(tell);
    thread = need(thread_new("unlucky", TARGET(unlucky), NULL));
    thread_start(thread);
    thread_join(thread, FOREVER);
    threading_set_excepthook(NULL);
    show("its join()", thread_join(thread, FOREVER));
    thread_decref(thread);
    puts("\nA thread is started once, and an error that ends it is told to excepthook, not to "
         "whoever\n"
         "joins it: join() returned None.");
}

/* ---- exit ------------------------------------------------------------------------------------*/

static int work_on(void *arg) {
    (void)arg;
    thread_join(threading_main_thread(), FOREVER);
    puts("  worker: the main thread has ended, I have not");
    puts("  worker: now I have");
    return 0;
}

/* A program of its own, in a child process: how it ends is what is to be seen. */
static int program(void) {
    static Event never;
    event_init(&never);
    Thread *daemon = need(thread_new("daemon", TARGET(wait_for_event), &never));
    thread_set_daemon(daemon, true);
    thread_start(daemon);
    printf("  main: started %s, daemon %s, which waits forever\n", thread_name(daemon),
           truth(thread_daemon(daemon)));
    Thread *worker = need(thread_new("worker", TARGET(work_on), NULL));
    thread_start(worker);
    printf("  main: started %s, daemon %s\n", thread_name(worker), truth(thread_daemon(worker)));
    thread_decref(daemon);
    thread_decref(worker);
    puts("  main: ends");
    threading_shutdown();
    return finish_output(PROGRAM, 0);
}

static void scene_exit(void) {
    heading("exit: who is waited for at the end");
    puts("A program of its own, with one thread that is a daemon and one that is not.\n");
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) exit(program());
    if (child < 0) {
        error_set(OSError, "cannot fork: %s", strerror(errno));
        need(NULL);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    printf("  exit status %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    puts("\nThe end of main joins all threads but the daemons; these are cut off wherever they "
         "are,\n"
         "without a finally. A daemon must not hold anything that needs tidying up.");
}

/* ---- The program -----------------------------------------------------------------------------*/

static const struct {
    const char *name;
    void (*run)(void);
} scenes[] = {
    {"life", scene_life},           {"lost", scene_lost},         {"race", scene_race},
    {"deadlock", scene_deadlock},   {"wakeup", scene_wakeup},     {"late", scene_late},
    {"condition", scene_condition}, {"queue", scene_queue},       {"gun", scene_gun},
    {"semaphore", scene_semaphore}, {"timeline", scene_timeline}, {"exit", scene_exit},
};
enum { SCENES = sizeof scenes / sizeof scenes[0] };

static int help(void) {
    puts("usage: threading_demo [--scene NAME | --csv trace]\n"
         "       threading_demo [--threads N] [--open N] --files FILE...\n\n"
         "Without arguments it plays every scene. With files (- is stdin) it counts their lines, "
         "words\n"
         "and bytes, in 4 threads with at most 2 files open at once, or as many as said.\n");
    printf("scenes:");
    for (size_t i = 0; i < SCENES; i++)
        printf(" %s", scenes[i].name);
    putchar('\n');
    return 0;
}

static int play_scene(const char *name) {
    for (size_t i = 0; i < SCENES; i++) {
        if (strcmp(scenes[i].name, name) != 0) continue;
        scenes[i].run();
        return 0;
    }
    return usage_error(PROGRAM, "no scene '%s'; see --help", name);
}

/* A number from 1 to 1000, or 0. */
static size_t small_number(const char *text) {
    char *end;
    long number = strtol(text, &end, 10);
    return *text && !*end && number >= 1 && number <= 1000 ? (size_t)number : 0;
}

static int run(int argc, char **argv) {
    size_t threads = 4, open = 2;
    for (int i = 1; i < argc; i++) {
        bool last = i + 1 == argc;
        if (strcmp(argv[i], "--help") == 0) return help();
        if (strcmp(argv[i], "--files") == 0) {
            if (last) return usage_error(PROGRAM, "--files takes the names of files");
            return count_files(argv + i + 1, (size_t)(argc - i - 1), threads, (ssize_t)open);
        }
        if (last)
            return usage_error(PROGRAM, "'%s' is not complete, or no option; see --help", argv[i]);
        const char *option = argv[i++];
        if (strcmp(option, "--scene") == 0) return play_scene(argv[i]);
        if (strcmp(option, "--csv") == 0) {
            if (strcmp(argv[i], "trace") == 0) return trace_csv();
            return usage_error(PROGRAM, "no data '%s'; there is: trace", argv[i]);
        }
        size_t *number = strcmp(option, "--threads") == 0 ? &threads
                         : strcmp(option, "--open") == 0  ? &open
                                                          : NULL;
        if (!number) return usage_error(PROGRAM, "unknown option '%s'; see --help", option);
        *number = small_number(argv[i]);
        if (!*number) return usage_error(PROGRAM, "%s takes a number from 1 to 1000", option);
    }
    if (argc > 1) return usage_error(PROGRAM, "--threads and --open go with --files");
    for (size_t i = 0; i < SCENES; i++)
        scenes[i].run();
    return 0;
}

int main(int argc, char **argv) {
    int status = run(argc, argv);
    threading_shutdown();
    return finish_output(PROGRAM, status);
}
