/* scratch.h: for the tests of managers: system calls that fail, and a directory to work in. */
#ifndef SCRATCH_H
#define SCRATCH_H

#include "../../../common/proof/testing.h"

#include "../managers.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

// Those that have another name inside the C library where an off_t is wide are not among them: open, fstat.
TESTING_CALL(int, fsync, (int fd), (fd), -1)
TESTING_CALL(int, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to), -1)
TESTING_CALL(int, unlinkat, (int fd, const char *name, int flags), (fd, name, flags), -1)
TESTING_CALL(int, fchmod, (int fd, mode_t mode), (fd, mode), -1)
TESTING_CALL(int, fchown, (int fd, uid_t user, gid_t group), (fd, user, group), -1)
TESTING_CALL(int, flock, (int fd, int operation), (fd, operation), -1)
TESTING_CALL(DIR *, fdopendir, (int fd), (fd), NULL)

static size_t write_at_most = SIZE_MAX; // of one call

ssize_t testing_write(int fd, const void *bytes, size_t size);
ssize_t testing_write(int fd, const void *bytes, size_t size) {
    if (testing_fails_now("write")) return -1;
    return write(fd, bytes, size < write_at_most ? size : write_at_most);
}

/* It closes even if it fails, as Linux does. */
int testing_close(int fd);
int testing_close(int fd) {
    int number = errno;
    int status = close(fd);
    if (status == 0) errno = number;
    return testing_fails_now("close") ? -1 : status;
}

/* ---- A directory to work in -------------------------------------------------------------------*/

static char scratch[] = "/tmp/with-test-XXXXXX";

/* Removes all in it, one level of directories deep. */
static inline void scratch_empty(void) {
    assert_int_equal(chdir(scratch), 0);
    assert_int_equal(system("chmod -R u+rwx . && rm -rf ./* ./.with-*"), 0);
}

/* How many files there are whose names begin so. */
static inline int files_like(const char *directory, const char *prefix) {
    DIR *entries = opendir(directory);
    assert_non_null(entries);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(entries));)
        count += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
    closedir(entries);
    return count;
}

static inline void put_file(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

#define assert_file(path, expected)                                                                \
    do {                                                                                           \
        char file_text[256] = "";                                                                  \
        FILE *file_opened = fopen((path), "r");                                                    \
        assert_non_null(file_opened);                                                              \
        file_text[fread(file_text, 1, sizeof file_text - 1, file_opened)] = '\0';                  \
        fclose(file_opened);                                                                       \
        assert_string_equal(file_text, expected);                                                  \
    } while (0)

/* Asserts that the pending exception is what errno stands for, and clears it. The words are the C
 * library's; a path may have been cut. */
static inline void assert_os_error(int number, const char *path) {
    char message[10000];
    snprintf(message, sizeof message, "[Errno %d] %s: '%s'", number, strerror(number), path);
    message[sizeof error_indicator.message - 1] = '\0';
    const char *type = number == ENOENT                      ? "FileNotFoundError"
                       : number == EACCES || number == EPERM ? "PermissionError"
                                                             : "OSError";
    assert_error(type, message);
}

static inline int descriptors(void) {
    int count = 0;
    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static int descriptors_before;

static inline int set_up(void **state) {
    (void)state;
    scratch_empty();
    descriptors_before = descriptors();
    return 0;
}

static inline int tear_down(void **state) {
    (void)state;
    assert_false(error_occurred());
    assert_null(exception_handled());
    assert_int_equal(testing_blocks(), 0);
    assert_int_equal(descriptors(), descriptors_before);
    return 0;
}

static inline int scratch_make(void **state) {
    (void)state;
    return mkdtemp(scratch) ? chdir(scratch) : -1;
}

static inline int scratch_remove(void **state) {
    (void)state;
    scratch_empty();
    return rmdir(scratch);
}

/* Runs a function in a child; returns its wait status. */
static inline int in_child(void (*function)(void *), void *argument) {
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        function(argument);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

#endif
