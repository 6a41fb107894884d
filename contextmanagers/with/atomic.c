/* atomic.c: a file replaced in one step.
 *
 * The new content is written to a file of its own beside the old one, and brought to the disk; then
 * rename() puts it in the old one's place, which the kernel does in one step; then the directory is
 * brought to the disk. So at every instant the name leads to one of two whole files.
 *
 * The invariant that keeps the directory clean: a temporary file that exists is on the list
 * `present`. It is made and noted with all signals blocked, so no handler runs in between; it is
 * taken off the list after it is gone, as a name that leads to nothing harms nobody. Simplified: in
 * one thread; another one's signals would not be blocked.
 */
#include "managers.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>

typedef struct AtomicFile {
    Object ob;
    char path[PATH_MAX];     // as it was given
    char target[PATH_MAX];   // the end of the links
    const char *name;        // in target: its last part
    char temporary[40];      // beside it
    int directory;           // of both; -1: not entered
    int fd;                  // of the temporary file; -1: closed
    int failed;              // the errno of a write that failed, or 0
    pid_t owner;             // the process that made the temporary file
    struct AtomicFile *next; // in `present`
} AtomicFile;

static AtomicFile *volatile present;

/* A signal that is caught makes a system call stop with EINTR: it is made again. */
#define RETRY(result, call)                                                                        \
    do {                                                                                           \
        result = (call);                                                                           \
    } while (result < 0 && errno == EINTR)

static void present_remove(const AtomicFile *self) {
    AtomicFile *first = present;
    if (first == self) {
        present = self->next;
        return;
    }
    while (first && first->next != self)
        first = first->next;
    if (first) first->next = self->next;
}

/* ---- The way in ------------------------------------------------------------------------------*/

/* Follows links at the end of the path; those on the way there are the kernel's business. The last
 * may lead to nothing yet. */
static int follow_links(char target[PATH_MAX]) {
    enum { LINKS_MAX = 40 }; // as Linux has it
    for (int links = 0;; links++) {
        char link[PATH_MAX];
        ssize_t length = readlink(target, link, sizeof link);
        if (length < 0) return errno == EINVAL || errno == ENOENT ? 0 : -1;
        char *slash = link[0] == '/' ? NULL : strrchr(target, '/');
        size_t directory = slash ? (size_t)(slash + 1 - target) : 0;
        if (links == LINKS_MAX || directory + (size_t)length >= PATH_MAX) {
            errno = links == LINKS_MAX ? ELOOP : ENAMETOOLONG;
            return -1;
        }
        memcpy(target + directory, link, (size_t)length);
        target[directory + (size_t)length] = '\0';
    }
}

/* Sets target, name and directory. Simplified: one must be able to read the directory, not only
 * write to it, as fsync() wants a descriptor of it. */
static int open_directory(AtomicFile *self) {
    strcpy(self->target, self->path);
    if (follow_links(self->target) < 0) return -1;
    char *slash = strrchr(self->target, '/');
    self->name = slash ? slash + 1 : self->target;
    if (!*self->name) {
        errno = *self->target ? EISDIR : ENOENT;
        return -1;
    }
    char kept = *self->name; // "/tmp/x" becomes "/tmp/" for a moment
    if (slash) slash[1] = '\0';
    RETRY(self->directory, open(slash ? self->target : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (slash) slash[1] = kept;
    return self->directory < 0 ? -1 : 0;
}

/* Makes the temporary file, and notes it. Its name is short: the target's may be as long as a name
 * can be. O_EXCL: nobody else's file, and no link that somebody put there, is written to. */
static int create(AtomicFile *self, mode_t mode) {
    static unsigned count;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    self->owner = getpid();
    for (int attempts = 0; attempts < 100; attempts++) {
        snprintf(self->temporary, sizeof self->temporary, ".with-%lx-%x.tmp", (long)self->owner,
                 (unsigned)clock_now() + count++);
        RETRY(self->fd, openat(self->directory, self->temporary,
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
        if (self->fd >= 0 || errno != EEXIST) break;
    }
    if (self->fd >= 0) {
        self->next = present;
        present = self;
    }
    int number = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = number;
    return self->fd < 0 ? -1 : 0;
}

/* A file that is replaced keeps its owner and mode, in this order, as chown() takes the set-user-ID
 * bit away; nobody else reads what is secret in between. A new one gets its mode from the umask. */
static int begin(AtomicFile *self) {
    struct stat old;
    bool exists = fstatat(self->directory, self->name, &old, AT_SYMLINK_NOFOLLOW) == 0;
    if (!exists && errno != ENOENT) return -1;
    if (exists && !S_ISREG(old.st_mode)) {
        errno = S_ISDIR(old.st_mode) ? EISDIR : EINVAL; // a device or a pipe is not replaced
        return -1;
    }
    if (create(self, exists ? 0600 : 0666) < 0 || !exists) return self->fd < 0 ? -1 : 0;
    struct stat new;
    if (fstat(self->fd, &new) < 0) return -1;
    if ((new.st_uid != old.st_uid || new.st_gid != old.st_gid) &&
        fchown(self->fd, old.st_uid, old.st_gid) < 0)
        return -1;
    return fchmod(self->fd, old.st_mode & 07777);
}

/* ---- The way out -----------------------------------------------------------------------------*/

/* Ends the temporary file's life under that name: as the target, or as nothing. */
static int end_temporary(AtomicFile *self, bool keep) {
    int status = keep ? renameat(self->directory, self->temporary, self->directory, self->name)
                      : unlinkat(self->directory, self->temporary, 0);
    if (status == 0 || !keep) present_remove(self);
    return status;
}

/* Closed, removed, forgotten; errno stays as it is. That something fails now changes nothing: there
 * is an error already. */
static void give_up(AtomicFile *self) {
    int number = errno;
    if (self->fd >= 0) {
        close(self->fd);
        self->fd = -1;
    }
    if (*self->temporary) end_temporary(self, false);
    *self->temporary = '\0';
    if (self->directory >= 0) close(self->directory);
    self->directory = -1;
    errno = number;
}

/* close() is the last that can tell of a write that failed; interrupted it has closed all the
 * same. */
static int finish(AtomicFile *self) {
    int status, fd = self->fd;
    errno = self->failed;
    if (self->failed) return -1;
    RETRY(status, fsync(fd));
    if (status < 0) return -1;
    self->fd = -1;
    if (close(fd) < 0 && errno != EINTR) return -1;
    if (end_temporary(self, true) < 0) return -1;
    *self->temporary = '\0';
    RETRY(status, fsync(self->directory));
    return status < 0 && errno != EINVAL ? -1 : 0; // EINVAL: a file system that has no need of it
}

/* ---- The manager -----------------------------------------------------------------------------*/

static Object *atomic_file_enter(Object *op) {
    AtomicFile *self = (AtomicFile *)op;
    if (self->directory >= 0) return manager_entered_already(op);
    self->failed = 0;
    if (open_directory(self) < 0 || begin(self) < 0) {
        give_up(self);
        error_from_errno(self->path);
        return NULL;
    }
    return new_ref(self);
}

static Object *atomic_file_exit(Object *op, Object *type, Object *value, Object *traceback) {
    (void)value, (void)traceback;
    AtomicFile *self = (AtomicFile *)op;
    if (self->directory < 0) return new_ref(False); // left by hand in the block
    int status = type == None ? finish(self) : 0;
    give_up(self);
    if (status == 0) return new_ref(False);
    error_from_errno(self->path);
    return NULL;
}

static void atomic_file_dealloc(Object *op) {
    give_up((AtomicFile *)op);
    free(op);
}

static Type AtomicFile_Type = {TYPE("AtomicFile", NULL), .dealloc = atomic_file_dealloc,
                               .enter = atomic_file_enter, .exit = atomic_file_exit};

Object *atomic_file_new(const char *path) {
    AtomicFile *self = object_new(&AtomicFile_Type, sizeof *self);
    if (!self) return NULL;
    self->directory = self->fd = -1;
    if (manager_keep_path(self->path, path) < 0) clear_ref(self);
    return OBJECT(self);
}

/* The kernel may take less than it is given, and say only at the next call why. */
int atomic_file_write(Object *op, const void *bytes, size_t size) {
    AtomicFile *self = (AtomicFile *)op;
    const char *next = bytes;
    while (size > 0) {
        ssize_t written;
        RETRY(written, write(self->fd, next, size));
        if (written < 0) {
            self->failed = errno;
            return error_from_errno(self->path);
        }
        next += written;
        size -= (size_t)written;
    }
    return 0;
}

/* ---- When the process is ended ----------------------------------------------------------------*/

/* A child has a copy of the list, but the files are its parent's. */
void atomic_files_remove(void) {
    pid_t self = getpid();
    for (AtomicFile *file = present; file; file = file->next) {
        if (file->owner == self) unlinkat(file->directory, file->temporary, 0);
    }
}

/* By then the signal's own action is back, and it is blocked: it ends the process on return. */
static void remove_and_die(int signal) {
    atomic_files_remove();
    raise(signal);
}

int atomic_files_catch_signals(void) {
    static bool done;
    if (done) return 0;
    done = true;
    static const int harmless[] = {
        SIGKILL,  SIGSTOP, SIGCHLD, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG,
#ifdef SIGWINCH
        SIGWINCH,
#endif
#ifdef SIGINFO
        SIGINFO,
#endif
    };
    struct sigaction ours = {.sa_handler = remove_and_die, .sa_flags = (int)SA_RESETHAND};
    sigfillset(&ours.sa_mask);
    for (int signal = 1; signal < NSIG; signal++) {
        bool skip = false;
        for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
            skip |= signal == harmless[i];
        struct sigaction old;
        if (!skip && sigaction(signal, NULL, &old) == 0 && old.sa_handler == SIG_DFL)
            sigaction(signal, &ours, NULL); // two are the C library's own, and refused
    }
    errno = ENOMEM; // the one reason
    return atexit(atomic_files_remove) == 0 ? 0 : error_from_errno("atexit");
}
