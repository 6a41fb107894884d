/* demo_test.c: the demo as a stranger meets it: command lines, programs, a machine that refuses
 * processes or descriptors, and a kill at any moment. */
#include "../../../common/proof/testing.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#define TEST(name)   static void name(__attribute__((unused)) void **state)
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum { ARGS_MAX = 12, NOT_EXECUTED = 99 };
static char demo[4096]; // its path: it is built beside this program

/* A demo on its way: `line` is cut into its arguments at spaces, `prepare` runs before it. */
static pid_t start(const char *line, const int streams[3], void (*prepare)(void)) {
    pid_t child = fork();
    assert_int_not_equal(child, -1);
    if (child) return child;
    char words[400], *args[ARGS_MAX] = {demo}, *rest = words;
    snprintf(words, sizeof words, "%s", line);
    for (int i = 1; i < ARGS_MAX - 1 && (args[i] = strtok_r(i == 1 ? words : NULL, " ", &rest));
         i++)
        continue;
    for (int fd = 0; fd <= 2; fd++)
        dup2(streams[fd], fd);
    for (int fd = 3; fd < 20; fd++)
        close(fd);
    if (prepare) prepare();
    execv(demo, args);
    _exit(NOT_EXECUTED);
}

static int status_of(pid_t child) {
    int status;
    while (waitpid(child, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static char out[1 << 16], err[4096]; // what the last one printed

static int run(const char *line, const char *input, void (*prepare)(void)) {
    FILE *files[3];
    int streams[3];
    for (int i = 0; i < 3; i++) {
        files[i] = tmpfile();
        if (!files[i]) abort();
        streams[i] = fileno(files[i]);
    }
    fputs(input, files[0]);
    rewind(files[0]);
    int status = status_of(start(line, streams, prepare));
    rewind(files[1]);
    rewind(files[2]);
    out[fread(out, 1, sizeof out - 1, files[1])] = '\0';
    err[fread(err, 1, sizeof err - 1, files[2])] = '\0';
    for (int i = 0; i < 3; i++)
        fclose(files[i]);
    return status;
}

static void assert_has(const char *text, const char *part) {
    if (!strstr(text, part)) fail_msg("no '%s' in: %s", part, text);
}

TEST(test_bad_calls) {
    const struct {
        const char *line, *complaint;
    } cases[] = {
        {"--foo", "unknown option '--foo'; see --help"},
        {"--fo\x1bo", "unknown option '--fo\\x1bo'; see --help"},
        {"word", "an argument too many: 'word'; see --help"},
        {"--scene nothing", "no scene 'nothing'; see --help"},
        {"--csv nothing", "no data 'nothing'; see --help"},
        {"--run", "--run takes FILE; see --help"},
        {"--threads 3", "nothing to run: --run FILE is missing; see --help"},
        {"--run - --scene look", "'--run' and '--scene' exclude each other"},
        {"--run - --threads 0", "--threads takes a whole number from 1 to 16, not '0'"},
        {"--run - --threads 1.9", "--threads takes a whole number from 1 to 16, not '1.9'"},
        {"--run - --ticks 0x10", "--ticks takes a whole number from 1 to 1000000000, not '0x10'"},
        {"--run - --interval 0", "--interval takes seconds from 1e-9 to 1e9, not '0'"},
        {"--run - --interval nan", "--interval takes seconds from 1e-9 to 1e9, not 'nan'"},
        {"--run - --interval 0x1", "--interval takes seconds from 1e-9 to 1e9, not '0x1'"},
        {"--run - --checks 3.8", "--checks takes 3.9 or 3.11, not '3.8'"},
        {"--run - --interval 1 --ticks 2", "'--interval' and '--ticks' exclude each other"},
        {"--run - --no-gil --ticks 2", "'--no-gil' and '--ticks' exclude each other"},
        {"--run /nowhere/at/all", "cannot read '/nowhere/at/all': No such file or directory"},
        {"--run /", "cannot read '/': Is a directory"},
        {"--run -", "<stdin>: no function 'main' and no thread"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char expected[400];
        snprintf(expected, sizeof expected, "gil_demo: %s\n", cases[i].complaint);
        assert_int_equal(run(cases[i].line, "", NULL), 2);
        assert_string_equal(err, expected);
        assert_string_equal(out, "");
    }
}

#define LOAD_RANGE " LOAD_GLOBAL range\n LOAD_CONST 5\n CALL 1\n"

TEST(test_programs) {
    const struct {
        const char *line, *input;
        int status;
        const char *output;
    } cases[] = {
        {"--run -", "global r 7\nfunction main\n" LOAD_RANGE " RETURN_VALUE\n", 0,
         "thread 0: main() returned range(0, 5)\nthread 1: main() returned range(0, 5)\nr = 7\n"},
        {"--run - --threads 1",
         "global r\nglobal f\nfunction main n\n" LOAD_RANGE " STORE_GLOBAL r\n"
         " LOAD_GLOBAL main\n STORE_GLOBAL f\n LOAD_CONST None\n RETURN_VALUE\n",
         0, "thread 0: main(0) returned None\nr = range(0, 5)\nf = <function main>\n"},
        {"--run - --threads 1 --no-gil --timeline",
         "function main\n LOAD_GLOBAL main\n RETURN_VALUE\n", 0,
         "thread 0: main() returned a function\n\nno events: nobody needed the GIL\n"},
        {"--run - --threads 1 --checks 3.9",
         "function main\n LOAD_CONST 1\n LOAD_CONST 0\n BINARY_OP //\n RETURN_VALUE\n", 1,
         "thread 0: main() raised ZeroDivisionError: integer division or modulo by zero\n"},
        // The callee of the second CALL is range, whatever was loaded for its argument.
        {"--run - --threads 1 --dis",
         "function a_name_of_31_bytes_____________\n LOAD_CONST 1\n RETURN_VALUE\n"
         "function main\n LOAD_GLOBAL range\n LOAD_GLOBAL a_name_of_31_bytes_____________\n"
         " CALL 0\n CALL 1\n RETURN_VALUE\n",
         0,
         "a_name_of_31_bytes_____________          3.11  3.9\n"
         "    0  LOAD_CONST                 1\n"
         "    1  RETURN_VALUE                                 *\n\n"
         "main                                     3.11  3.9\n"
         "    0  LOAD_GLOBAL                range             *\n"
         "    1  LOAD_GLOBAL                a_name_of_31_bytes_____________     *\n"
         "    2  CALL                       0                 *\n"
         "    3  CALL                       1            *    *\n"
         "    4  RETURN_VALUE                                 *\n\n"
         "thread 0: main() returned range(0, 1)\n"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(run(cases[i].line, cases[i].input, NULL), cases[i].status);
        assert_string_equal(err, "");
        assert_string_equal(out, cases[i].output);
    }
}

/* More events than there is room for: those past it are added up, too. */
TEST(test_a_timeline_counts_every_event) {
    assert_int_equal(run("--run - --ticks 1 --timeline",
                         "function main\n LOAD_CONST 40000\n STORE_FAST n\nnext:\n LOAD_FAST n\n"
                         " LOAD_CONST 1\n BINARY_OP -\n STORE_FAST n\n LOAD_FAST n\n"
                         " POP_JUMP_BACKWARD_IF_TRUE next\n LOAD_CONST None\n RETURN_VALUE\n",
                         NULL),
                     0);
    unsigned long taken, asked, forced, drawn, all;
    const char *totals = strstr(out, "taken ");
    assert_non_null(totals);
    assert_int_equal(sscanf(totals,
                            "taken %lu times, asked for %lu times, dropped on request %lu times\n"
                            "(drawn and added up: the first %lu of %lu events)",
                            &taken, &asked, &forced, &drawn, &all),
                     5);
    assert_int_equal(drawn, 50000);
    assert_true(taken > 70000 && asked == forced);
    // A wait for each take; and the two ends, of which one may have been asked for.
    assert_in_range(all - asked - forced - 2 * taken, 1, 2);
}

TEST(test_eighty_columns) {
    const char *const lines[] = {"--help", "--scene look", "--scene lost", "--scene lock",
                                 "--scene timeline"};
    for (size_t i = 0; i < COUNT(lines); i++) {
        assert_int_equal(run(lines[i], "", NULL), 0);
        for (char *line = out; *line; line += strcspn(line, "\n") + 1)
            if (strcspn(line, "\n") > 80) fail_msg("%s: %.100s", lines[i], line);
    }
}

/* ---- A machine that refuses ------------------------------------------------------------------*/

static rlim_t processes;

/* The limit is not for root: the demo runs as nobody, whose processes these are. */
static void few_processes(void) {
    struct rlimit limit = {processes, processes};
    if (setrlimit(RLIMIT_NPROC, &limit) < 0 || setgid(65534) < 0 || setuid(65534) < 0) {
        _exit(NOT_EXECUTED);
    }
}
static void few_descriptors(void) {
    struct rlimit limit = {4, 4}; // one is for the linker; a pipe has two
    setrlimit(RLIMIT_NOFILE, &limit);
}
static void no_path(void) {
    setenv("PATH", "/nowhere", 1);
}
static void no_stdin(void) {
    close(0);
}
static void no_stdout(void) {
    close(1);
}
static void no_streams(void) {
    for (int fd = 0; fd <= 2; fd++)
        close(fd);
}

/* A scene that cannot have its processes says so; no number is printed that they are not in. */
TEST(test_processes_refused) {
    if (geteuid() != 0) skip();
    int status = 1;
    bool executed = false; // not where nobody may not, or has processes of other programs
    for (processes = 1; status != 0 && processes < 20; processes++) {
        status = run("--scene io", "", few_processes);
        if (status == NOT_EXECUTED) continue;
        executed = true;
        for (rlim_t n = 1; n <= 4; n *= 2) {
            char row[16];
            snprintf(row, sizeof row, "\n%9d  ", (int)n); // of n processes with two threads each
            if (processes < 1 + 2 * n) assert_null(strstr(out, row));
        }
        assert_true(status == 0 || (status == 1 && strncmp(err, "gil_demo: ", 10) == 0));
    }
    if (!executed) skip();
    assert_int_equal(status, 0);
}

TEST(test_no_python_only_if_there_is_none) {
    const char *const lines[] = {"--scene race", "--scene convoy"};
    for (size_t i = 0; i < COUNT(lines); i++) {
        assert_int_equal(run(lines[i], "", no_path), 0);
        assert_has(out, i == 0 ? "(no python3 here to compare with)" : " -       -\n");
        assert_int_equal(run(lines[i], "", few_descriptors), 1);
        assert_string_equal(err, "gil_demo: OSError: [Errno 24] Too many open files\n");
        assert_null(strstr(out, "no python3"));
    }
}

TEST(test_closed_descriptors) {
    assert_int_equal(run("--scene lost", "", no_stdin), 0);
    assert_int_equal(run("--run -", "", no_stdin), 2);
    assert_string_equal(err, "gil_demo: cannot read '-': Bad file descriptor\n");
    assert_int_equal(run("--scene lost", "", no_stdout), 1);
    assert_string_equal(err, "gil_demo: cannot write the output\n");
    assert_int_equal(run("--scene race", "", no_streams), 1);
    // What is opened next is not descriptor 1: there is a device in its place, empty to read.
    assert_int_equal(run("--run /dev/fd/1", "", no_stdout), 2);
    assert_string_equal(err, "gil_demo: /dev/fd/1: no function 'main' and no thread\n");
}

/* ---- A kill ----------------------------------------------------------------------------------*/

#ifdef __linux__

/* Children of a process, up to `most`, in `pids`; how many. */
static int children_of(pid_t parent, pid_t *pids, int most) {
    char path[80];
    int count = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)parent, (int)parent);
    FILE *file = fopen(path, "r");
    while (file && count < most && fscanf(file, "%d", &pids[count]) == 1)
        count++;
    if (file) fclose(file);
    return count;
}

/* Starts a scene and kills it as soon as it has a child, or `later` microseconds after; nobody may
 * be left. Whether it had one. */
static bool kill_with_children(const char *line, unsigned later, void (*prepare)(void)) {
    int null = open("/dev/null", O_RDWR), streams[3] = {null, null, null};
    pid_t pids[16], scene = start(line, streams, prepare), ended;
    close(null);
    while ((ended = waitpid(scene, NULL, WNOHANG)) == 0 && !children_of(scene, pids, 16))
        usleep(50);
    if (ended) return false;
    usleep(later);
    kill(scene, SIGKILL);
    int left = 1;
    for (int patience = 2000; patience > 0 && left; patience--) {
        while ((ended = waitpid(-1, NULL, WNOHANG)) > 0)
            continue; // the scene, and those who came to us when it died
        left = ended == 0;
        if (left) usleep(1000);
    }
    for (int i = children_of(getpid(), pids, 16); i > 0; i--)
        kill(pids[i - 1], SIGKILL);
    if (left) fail_msg("%s: killed after %u us, and a child is left", line, later);
    return true;
}

/* Whatever its scenes have begun ends with the demo, at whatever instant that is killed. */
TEST(test_a_killed_demo_leaves_nobody) {
    static char list[sizeof out];
    pid_t self;
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) skip();
    self = fork();
    if (self == 0) {
        sleep(1);
        _exit(0);
    }
    bool visible = children_of(getpid(), &(pid_t){0}, 1) == 1;
    kill(self, SIGKILL);
    status_of(self);
    if (!visible) skip(); // a kernel without that file
    assert_int_equal(run("--list", "", NULL), 0);
    memcpy(list, out, sizeof list);
    int kills = 0;
    for (char *rest, *scene = strtok_r(list, "\n", &rest); scene;
         scene = strtok_r(NULL, "\n", &rest)) {
        char line[40], name[20];
        assert_int_equal(sscanf(scene, "%19s", name), 1);
        snprintf(line, sizeof line, "--scene %s", name);
        for (unsigned attempt = 0; attempt < 4; attempt++) {
            void (*prepare)(void) = attempt % 2 ? no_streams : NULL;
            if (!kill_with_children(line, attempt / 2 * 3000, prepare)) break;
            kills++;
        }
    }
    assert_true(kills >= 4 * 4); // cpu, io, race, convoy
    assert_true(kill_with_children("--csv convoy", 0, NULL));
}

#else
TEST(test_a_killed_demo_leaves_nobody) {
    skip();
}
#endif

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_calls),
        cmocka_unit_test(test_programs),
        cmocka_unit_test(test_a_timeline_counts_every_event),
        cmocka_unit_test(test_eighty_columns),
        cmocka_unit_test(test_processes_refused),
        cmocka_unit_test(test_no_python_only_if_there_is_none),
        cmocka_unit_test(test_closed_descriptors),
        cmocka_unit_test(test_a_killed_demo_leaves_nobody),
    };
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    snprintf(demo, sizeof demo, "%.*s/gil_demo", slash ? (int)(slash - argv[0]) : 1,
             slash ? argv[0] : ".");
    if (run("--list", "", NULL) != 0) return 77; // not built, or for another machine: skipped
    return cmocka_run_group_tests(tests, NULL, NULL);
}
