/* both.h: the statements typed into a demo, run in the reader's own Python, too, and compared.
 *
 * A demo that takes statements (--interactive) writes after each one what there is to know, a line
 * "label: value" for each fact: what the statement said, and the memory, slot by slot. A python3,
 * $PYTHON or the first on the PATH, runs the same statement on its own object, reads that object's
 * memory with ctypes and answers in the same lines, up to "end"; what differs is printed.
 *
 * Whatever that child does (is missing, dies, hangs, prints something else), the demo says so once
 * and goes on alone. It dies with the demo: its standard input ends, and on Linux the kernel kills
 * it.
 */
#ifndef BOTH_H
#define BOTH_H

#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

enum {
    BOTH_SECONDS = 30,          // to answer in; a machine under load takes its time to start Python
    BOTH_ANSWER_MAX = 1 << 26,  // bytes
    BOTH_DIFFERENCES_SHOWN = 8, // in lines
};

typedef struct {
    const char *demo;    // whose complaints these are
    const char *program; // the Python
    pid_t pid;           // 0: none, or none any more
    int to, from;        // its standard input and output
    bool known;          // whether it can read its own memory, which is laid out as ours
    char version[16];
    char *answer; // the last one, ending with a NUL
    size_t length, capacity;
    long seconds;   // to answer in; 0: BOTH_SECONDS
    size_t longest; // answer, in bytes; 0: BOTH_ANSWER_MAX
} Both;

typedef struct { // a line "label: value"; neither ends with a NUL
    const char *label, *value;
    size_t label_length, value_length;
} BothFact;

/* What all rooms' children do. A room appends its function memory(it), which yields labels and
 * values, and the call of main(). Runs on anything from 3.6 on; only of 3.11 to 3.13, 64 bits, with
 * the usual header of an object, is the memory read. */
static const char both_script[] =
    "import sys\n"
    "sys.path = [place for place in sys.path if place]  # not the directory that this is run in\n"
    "import re\n"
    "known = (sys.implementation.name == 'cpython' and object.__basicsize__ == 16\n"
    "         and (3, 11) <= sys.version_info[:2] <= (3, 13))\n"
    "try:\n"
    "    import ctypes\n"
    "except ImportError:\n"
    "    known = False\n"
    "\n"
    "def escaped(found):\n"
    "    # A byte that is no UTF-8 is a surrogate in a str; in the text of a program it may not stand.\n"
    "    text = found.group()\n"
    "    if text[-1] != '\\r' and not '\\udc80' <= text[-1] <= '\\udcff':\n"
    "        return text\n"
    "    return '\\\\\\\\' * (len(text) - 1) + '\\\\u%04x' % ord(text[-1])\n"
    "\n"
    "def run(statement, names):\n"
    "    # What the prompt would show, or the last line of the traceback.\n"
    "    try:\n"
    "        try:\n"
    "            code = compile(statement, 'typed', 'eval')\n"
    "        except SyntaxError:\n"
    "            exec(compile(statement, 'typed', 'exec'), names)\n"
    "            return ''\n"
    "        value = eval(code, names)\n"
    "        return '' if value is None else repr(value)\n"
    "    except Exception as error:\n"
    "        return type(error).__name__ + ': ' * bool(str(error)) + str(error).replace('\\n', ' ')\n"
    "\n"
    "def main(name, start, memory):\n"
    "    names = {}\n"
    "    exec(start, names)\n"
    "    out = open(1, 'w', encoding='utf-8', errors='backslashreplace', newline='\\n', closefd=False)\n"
    "    print('both', 'known' if known else 'unknown', sys.version.split()[0], file=out, flush=True)\n"
    "    for line in sys.stdin.buffer:\n"
    "        typed = line.decode('utf-8', 'surrogateescape').rstrip('\\n')\n"
    "        says = run(re.sub(r'\\\\.|[\\r\\udc80-\\udcff]', escaped, typed), names)\n"
    "        it = names[name]\n"
    "        rows = [('says', says), ('len', len(it)), ('repr', repr(it))]\n"
    "        rows += memory(it) if known else []\n"
    "        out.write(''.join('%s: %s\\n' % row for row in rows) + 'end\\n')\n"
    "        out.flush()\n"
    "\n";

/* ---- The child -------------------------------------------------------------------------------*/

/* The child is no more: why, in one line. */
PRINTF_LIKE static inline void both_alone(Both *self, const char *why, ...) {
    char text[256];
    va_list args;
    va_start(args, why);
    vsnprintf(text, sizeof text, why, args);
    va_end(args);
    usage_error(self->demo, "'%.60s' %s; going on alone", self->program, text);
}

/* Takes leave of the child and returns its wait status. */
static inline int both_reap(Both *self) {
    int status = 0;
    close(self->to);
    close(self->from);
    kill(self->pid, SIGKILL); // one that has ended already keeps its status
    while (waitpid(self->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    self->pid = 0;
    return status;
}

/* Ends the child, if there is one, and gives its memory back. */
static inline void both_end(Both *self) {
    if (self->pid > 0) both_reap(self);
    free(self->answer);
    self->answer = NULL;
    self->length = self->capacity = 0;
}

/* The answer has ended too early: waits a moment for the child to end by itself, to say how. */
static inline void both_died(Both *self) {
    int status = 0;
    pid_t gone = 0;
    for (int i = 0; i < 100 && (gone = waitpid(self->pid, &status, WNOHANG)) <= 0; i++)
        poll(NULL, 0, 10);
    if (gone <= 0) {
        both_reap(self);
        both_alone(self, "has stopped answering");
        return;
    }
    close(self->to);
    close(self->from);
    self->pid = 0;
    if (WIFSIGNALED(status)) {
        both_alone(self, "was killed by signal %d", WTERMSIG(status));
    } else if (WEXITSTATUS(status) == 127 && !*self->version) {
        both_alone(self, "cannot be run");
    } else {
        both_alone(self, "ended with status %d", WEXITSTATUS(status));
    }
}

/* A pipe whose ends are not 0, 1 or 2, whichever of those are closed. 0, or -1 with errno. */
static inline int both_pipe(int ends[2]) {
    int low[2];
    if (pipe(low) < 0) return -1;
    ends[0] = fcntl(low[0], F_DUPFD_CLOEXEC, 3);
    ends[1] = fcntl(low[1], F_DUPFD_CLOEXEC, 3);
    int number = errno;
    close(low[0]);
    close(low[1]);
    if (ends[0] >= 0 && ends[1] >= 0) return 0;
    if (ends[0] >= 0) close(ends[0]);
    if (ends[1] >= 0) close(ends[1]);
    errno = number;
    return -1;
}

/* In the child: becomes Python. -S: it needs no packages, and starts faster. */
static inline void both_become(const char *program, char *script, int in, int out, pid_t parent) {
#ifdef __linux__
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) _exit(126);
#endif
    if (getppid() != parent) _exit(126); // it has died before that call
    int nowhere = open("/dev/null", O_WRONLY);
    if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(nowhere, 2) < 0) _exit(126);
    char *name = (char *)(uintptr_t)program, dash_s[] = "-S", dash_w[] = "-Wignore",
         dash_c[] = "-c";
    char *const argv[] = {name, dash_s, dash_w, dash_c, script, NULL};
    execvp(name, argv);
    _exit(127);
}

/* Whether what has come of an answer may be the beginning of one: no control characters, as they
 * would reach the reader's terminal, and the first line as it must be. */
static inline bool both_plausible(const Both *self, const char *first, size_t checked) {
    size_t length = strlen(first) < self->length ? strlen(first) : self->length;
    if (memcmp(self->answer, first, length) != 0) return false;
    for (size_t i = checked; i < self->length; i++) {
        unsigned char c = (unsigned char)self->answer[i];
        if ((c < 0x20 && c != '\n') || c == 0x7F) return false;
    }
    return true;
}

/* Reads an answer that begins with `first` and ends with `last`. False if none came, which has been
 * said then. */
static inline bool both_read(Both *self, const char *first, const char *last) {
    uint64_t until = clock_now() + (uint64_t)self->seconds * UINT64_C(1000000000);
    size_t end = strlen(last);
    self->length = 0;
    for (;;) {
        if (self->capacity - self->length < 4096) {
            size_t capacity = self->capacity ? 2 * self->capacity : 8192;
            char *grown = capacity > self->longest ? NULL : realloc(self->answer, capacity);
            if (!grown) {
                both_reap(self);
                both_alone(self, "answers at too great a length");
                return false;
            }
            self->answer = grown;
            self->capacity = capacity;
        }
        uint64_t now = clock_now();
        struct pollfd ready = {.fd = self->from, .events = POLLIN};
        int count = now < until ? poll(&ready, 1, (int)((until - now) / 1000000) + 1) : 0;
        if (count < 0 && errno == EINTR) continue;
        if (count == 0) {
            both_reap(self);
            both_alone(self, "has not answered for %ld s", self->seconds);
            return false;
        }
        size_t space = self->capacity - self->length - 1;
        ssize_t got = read(self->from, self->answer + self->length, space);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) {
            both_died(self);
            return false;
        }
        size_t before = self->length;
        self->length += (size_t)got;
        self->answer[self->length] = '\0';
        if (!both_plausible(self, first, before)) {
            both_reap(self);
            both_alone(self, "does not answer as Python would");
            return false;
        }
        if (self->length >= end && strcmp(self->answer + self->length - end, last) == 0)
            return true;
    }
}

/* Starts the child with the room's part of the script; *self is zero but for its two limits.
 * False if there is no child, which has been said then. PYTHONHASHSEED is set to 0 for both, unless
 * it is a number already: two secrets would make two tables. To be called before the first hash is
 * computed. */
static inline bool both_start(Both *self, const char *demo, const char *room_script) {
    const char *seed = getenv("PYTHONHASHSEED"), *program = getenv("PYTHON");
    if (!seed || !*seed || strcmp(seed, "random") == 0) setenv("PYTHONHASHSEED", "0", 1);
    long seconds = self->seconds ? self->seconds : BOTH_SECONDS;
    size_t longest = self->longest ? self->longest : BOTH_ANSWER_MAX;
    *self = (Both){.demo = demo, .program = program && *program ? program : "python3"};
    self->seconds = seconds;
    self->longest = longest;
    size_t size = sizeof both_script + strlen(room_script);
    char *script = malloc(size);
    int to[2] = {-1, -1}, from[2];
    pid_t parent = getpid();
    if (!script || both_pipe(to) < 0 || both_pipe(from) < 0) {
        both_alone(self, "cannot be spoken to: %s", strerror(errno));
        if (to[0] >= 0) close(to[0]);
        if (to[1] >= 0) close(to[1]);
        free(script);
        return false;
    }
    snprintf(script, size, "%s%s", both_script, room_script);
    self->to = to[1];
    self->from = from[0];
    self->pid = fork();
    if (self->pid == 0) both_become(self->program, script, to[0], from[1], parent);
    int number = errno;
    free(script);
    close(to[0]);
    close(from[1]);
    if (self->pid < 0) {
        self->pid = 0;
        close(self->to);
        close(self->from);
        both_alone(self, "cannot be started: %s", strerror(number));
        return false;
    }
    char layout[8] = "";
    if (!both_read(self, "both ", "\n")) return false;
    if (sscanf(self->answer, "both %7s %15s", layout, self->version) != 2) {
        both_reap(self);
        both_alone(self, "does not answer as Python would");
        return false;
    }
    self->known = strcmp(layout, "known") == 0 && sizeof(void *) == 8;
    return true;
}

/* Sends a statement, a line without its end. False if the child is gone, which has been said. */
static inline bool both_send(Both *self, const char *statement) {
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    sigaction(SIGPIPE, &ignore, &before); // a dead child is EPIPE
    size_t length = strlen(statement) + 1;
    bool sent = true;
    for (size_t done = 0; sent && done < length;) {
        bool last = done == length - 1;
        ssize_t put = write(self->to, last ? "\n" : statement + done, last ? 1 : length - 1 - done);
        if (put > 0) done += (size_t)put;
        sent = put > 0 || errno == EINTR;
    }
    sigaction(SIGPIPE, &before, NULL);
    if (!sent) both_died(self);
    return sent;
}

/* ---- What differs ----------------------------------------------------------------------------*/

/* The fact in the line at *at, which moves to the next; false at the end. */
static inline bool both_fact(const char **at, BothFact *fact) {
    const char *line = *at, *end = strchr(line, '\n');
    if (!end) return false;
    *at = end + 1;
    const char *colon = strstr(line, ": ");
    if (!colon || colon > end) return false;
    *fact = (BothFact){line, colon + 2, (size_t)(colon - line), (size_t)(end - colon - 2)};
    return true;
}

/* Looks a label up in `facts`, from *at on and then from their beginning, as both sides tell theirs
 * in the same order. */
static inline bool both_find(const char *facts, const char **at, const BothFact *wanted,
                             BothFact *found) {
    for (const char *line = *at; both_fact(&line, found);)
        if (found->label_length == wanted->label_length &&
            memcmp(found->label, wanted->label, wanted->label_length) == 0) {
            *at = line;
            return true;
        }
    if (*at == facts) return false;
    *at = facts;
    return both_find(facts, at, wanted, found);
}

/* Our error messages end after so many bytes; Python's do not. */
static inline bool both_agree(const BothFact *ours, const BothFact *theirs) {
    enum { CUT = 250 };
    size_t length = ours->value_length;
    if (length > theirs->value_length) return false;
    return (length == theirs->value_length || length >= CUT) &&
           memcmp(ours->value, theirs->value, length) == 0;
}

/* Prints a value in up to `width` columns, from byte `from` on; returns how many fewer it was. */
static inline int both_put(const BothFact *fact, size_t from, int width, FILE *out) {
    const char *at = fact ? fact->value : "nothing", *end = at + strlen("nothing");
    if (fact) end = at + fact->value_length;
    if (fact && from < fact->value_length) at += from;
    if (fact && from > 0) fputs("…", out);
    width -= fact && from > 0;
    for (; at < end && width > 0; width--) {
        const char *start = at++;
        while (at < end && ((unsigned char)*at & 0xC0) == 0x80)
            at++;
        if (width == 1 && at < end) {
            fputs("…", out);
        } else {
            fwrite(start, 1, (size_t)(at - start), out);
        }
    }
    return width;
}

/* A line about one label; of long values what stands around the first difference. */
static inline void both_difference(const BothFact *ours, const BothFact *theirs, FILE *out) {
    enum { LABEL = 15, VALUE = 21, BEFORE = 5 };
    size_t from = 0;
    while (ours && theirs && from < ours->value_length && from < theirs->value_length &&
           ours->value[from] == theirs->value[from])
        from++;
    from = from < VALUE - 2 ? 0 : from - BEFORE;
    while (from > 0 && ((unsigned char)ours->value[from] & 0xC0) == 0x80)
        from--;
    const BothFact *either = ours ? ours : theirs;
    BothFact label = {.value = either->label, .value_length = either->label_length};
    fputs("      ", out);
    fprintf(out, "%*s ours ", both_put(&label, 0, LABEL, out), "");
    fprintf(out, "%*s  Python's ", both_put(ours, from, VALUE, out), "");
    both_put(theirs, from, VALUE, out);
    fputc('\n', out);
}

/* Prints up to `shown` of the facts of `one` that `other` has not, or has otherwise; returns how
 * many there are. `missing`: those that it has not, alone. */
static inline long both_differences(const Both *self, const char *one, const char *other,
                                    bool missing, long shown, FILE *out) {
    const char *place = other;
    BothFact fact, match;
    long count = 0;
    while (both_fact(&one, &fact)) {
        bool found = both_find(other, &place, &fact, &match);
        if (found ? missing || both_agree(&fact, &match) : !self->known) continue;
        if (count++ >= shown) continue;
        if (missing) {
            both_difference(NULL, &fact, out);
        } else {
            both_difference(&fact, found ? &match : NULL, out);
        }
    }
    return count;
}

/* Compares our facts with those of self->answer, and prints the verdict. */
static inline void both_judge(const Both *self, const char *ours, FILE *out) {
    char *text = NULL;
    size_t size = 0;
    FILE *lines = open_memstream(&text, &size);
    if (!lines) return;
    long shown = BOTH_DIFFERENCES_SHOWN;
    long count = both_differences(self, ours, self->answer, false, shown, lines);
    count +=
        both_differences(self, self->answer, ours, true, count < shown ? shown - count : 0, lines);
    if (fclose(lines) == 0 && count == 0) {
        fprintf(out, "    the same in Python %s%s\n", self->version,
                self->known ? "" : ", as far as the language shows it");
    } else if (text) {
        fprintf(out, "    not the same in Python %s:\n%s", self->version, text);
        if (count > shown) fprintf(out, "      and %ld more\n", count - shown);
    }
    free(text);
}

/* Runs a statement that has been run here in the child, too, and prints whether all is the same
 * there as `ours`, facts that end with a newline each. Without a child it does nothing. */
static inline void both_compare(Both *self, const char *statement, const char *ours, FILE *out) {
    if (self->pid > 0 && both_send(self, statement) && both_read(self, "says: ", "\nend\n"))
        both_judge(self, ours, out);
}

#endif
