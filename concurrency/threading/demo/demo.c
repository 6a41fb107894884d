/* demo.c: the story of threads that wait for one another, told by a run.
 *
 * Where threads meet, each waits until the other has done its step: the output does not depend on
 * luck. The scenes `race` and `timeline` are measurements, and do.
 */
#include "demo.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

Thread *start(ThreadTarget target, void *arg) {
    Thread *thread = need(thread_new(NULL, target, arg));
    must(thread_start(thread));
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
    printf("  %-22s ", what);
    if (status == 0) {
        puts("None");
        return;
    }
    fputs(color("33"), stdout);
    error_print(stdout);
    fputs(color("0"), stdout);
}

void show_bool(const char *what, int status) {
    if (status < 0) {
        show(what, status);
    } else {
        printf("  %-22s %s\n", what, truth(status));
    }
}

/* ---- Two actors, in turn ---------------------------------------------------------------------*/

void act(const Actor *self, const char *format, ...) {
    enum { RIGHT_COLUMN = 32 };
    va_list args;
    va_start(args, format);
    printf("  %2d  %*s", ++self->stage->lines, self->me ? RIGHT_COLUMN : 0, "");
    vprintf(format, args);
    putchar('\n');
    va_end(args);
}

void wait_turn(const Actor *self) {
    semaphore_acquire(&self->stage->turn[self->me], true, FOREVER);
}

void pass_turn(const Actor *self) {
    semaphore_release(&self->stage->turn[1 - self->me], 1);
}

void let_the_other(const Actor *self) {
    pass_turn(self);
    wait_turn(self);
}

int play(bool careful, const char *titles, ThreadTarget left, ThreadTarget right) {
    Stage stage = {.careful = careful};
    Actor actors[] = {{&stage, 0}, {&stage, 1}};
    semaphore_init(&stage.turn[0], 1);
    semaphore_init(&stage.turn[1], 0);
    condition_init_lock(&stage.changed, &stage.lock);
    puts(titles);
    Thread *threads[] = {start(left, &actors[0]), start(right, &actors[1])};
    join(threads[0]);
    join(threads[1]);
    return stage.counter;
}

/* ---- life ------------------------------------------------------------------------------------*/

static int wait_for_event(void *event) {
    return event_wait(event, FOREVER) < 0 ? -1 : 0;
}

static void describe(Thread *thread) {
    printf("  %-15s is_alive() %-5s  ident %-8s  active_count() %zu\n", thread_name(thread),
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
    puts("One thread, and everything that is refused on its way. Look at when it is alive.\n");
    Event event;
    event_init(&event);
    Thread *thread = need(thread_new("worker", TARGET(wait_for_event), &event));
    describe(thread);
    show("join()", thread_join(thread, FOREVER));
    must(thread_start(thread));
    show("start()", 0);
    describe(thread);
    show("start()", thread_start(thread));
    show("daemon = True", thread_set_daemon(thread, true));
    step("its time runs out: how does join() say so?");
    show("join(timeout=0.01)", thread_join(thread, 0.01));
    puts("  ...which says nothing: only is_alive() tells whether it ended or the time did");
    describe(thread);
    event_set(&event);
    show("join()", thread_join(thread, FOREVER));
    describe(thread);
    show("start()", thread_start(thread));
    show("join() of oneself", thread_join(threading_current_thread(), FOREVER));
    thread_decref(thread);
    threading_set_excepthook(tell);
    thread = need(thread_new("unlucky", TARGET(unlucky), NULL));
    must(thread_start(thread));
    thread_join(thread, FOREVER);
    threading_set_excepthook(NULL);
    show("its join()", thread_join(thread, FOREVER));
    thread_decref(thread);
    puts("\nA thread is started once, and an error that ends it is told to excepthook, not\n"
         "to whoever joins it: join() returned None.");
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
    const ThreadTarget targets[] = {TARGET(work_on), TARGET(wait_for_event)};
    for (int daemon = 1; daemon >= 0; daemon--) {
        Thread *thread = need(thread_new(daemon ? "daemon" : "worker", targets[daemon], &never));
        thread_set_daemon(thread, daemon);
        must(thread_start(thread));
        printf("  main: started %s, daemon %s%s\n", thread_name(thread), truth(daemon),
               daemon ? ", which waits forever" : "");
        thread_decref(thread);
    }
    puts("  main: ends");
    threading_shutdown();
    return finish_output(telling.demo->program, 0);
}

static void scene_exit(void) {
    puts("A program of its own, with one thread that is a daemon and one that is not.\n");
    step("which of them does the program's end wait for?");
    fflush(stdout);
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); // whoever kills the demo kills this, too
        if (getppid() != parent) _exit(1);
        exit(program());
    }
    if (child < 0) must(error_set(OSError, "cannot fork: %s", strerror(errno)));
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    printf("  exit status %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    if (status != 0) must(error_set(RuntimeError, "the program failed"));
    puts("\nThe end of main joins all threads but the daemons; these are cut off wherever\n"
         "they are, without a finally. A daemon must not hold what needs tidying up.");
}

/* ---- The program -----------------------------------------------------------------------------*/

int main(int argc, char **argv) {
    static const Scene scenes[] = {
        {"life", "From Thread() to join()", scene_life},
        {"lost", "Two additions, one of them lost", scene_lost,
         .look = "what the second write overwrites"},
        {"race", "How often it happens unforced, measured", scene_race, .varies = true},
        {"deadlock", "Waiting for oneself, and for each other", scene_deadlock},
        {"wakeup", "How a wake-up is lost, and how not", scene_wakeup},
        {"late", "A notification after the time ran out", scene_late},
        {"condition", "A signal among many waiters", scene_condition},
        {"queue", "Producers and consumers", scene_queue},
        {"gun", "An Event starts them all", scene_gun},
        {"semaphore", "No more than two at once", scene_semaphore},
        {"timeline", "Who waited for whom, measured", scene_timeline, .varies = true},
        {"exit", "Who is waited for at the end", scene_exit},
        {0},
    };
    static const Scene data[] = {
        {"trace", "when each of four threads wants, gets and gives a lock", trace_csv},
        {0},
    };
    static const Demo demo = {
        .program = "threading_demo",
        .about = "With files (- is stdin) it counts their lines, words and bytes, in threads.",
        .operands = "FILE...",
        .scenes = scenes,
        .data = data,
        .options = file_options,
        .work = count_files,
    };
    return demo_main(&demo, argc, argv);
}
