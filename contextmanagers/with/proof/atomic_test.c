/* Tests of the file that is replaced atomically. Files are called old or new by their content; whatever
 * happens, one of the two is there, whole, and no temporary file. What kills is in kill_test.c. */
#include "scratch.h"

#include <sys/resource.h>

#define assert_no_temporary() assert_int_equal(files_like(".", ".with-"), 0)

/* with atomic_file(path) as f: f.write(text); 0, or -1 with an exception pending. */
static int replace(const char *path, const char *text) {
    Object *file = atomic_file_new(path);
    if (!file) return -1;
    WITH(w, file, NULL) {
        atomic_file_write(file, text, strlen(text));
    }
    decref(file);
    return error_occurred() ? -1 : 0;
}

/* The same, and the block fails. */
static void replace_and_fail(const char *path) {
    Object *file = atomic_file_new(path);
    WITH(w, file, NULL) {
        atomic_file_write(file, "new", 3);
        error_raise(&ValueError_Type, "body");
    }
    decref(file);
}

static void assert_fails(const char *path, int number) {
    assert_int_equal(replace(path, "new"), -1);
    assert_os_error(number, path);
    assert_no_temporary();
}

/* ---- What is kept ----------------------------------------------------------------------------*/

static void test_replaces(void **state) {
    (void)state;
    struct stat file, again;
    mode_t mask = umask(027);
    assert_int_equal(replace("file", "old"), 0);
    umask(mask);
    assert_int_equal(stat("file", &file), 0);
    assert_int_equal(file.st_mode & 07777, 0640);

    static const mode_t modes[] = {0600, 0644, 04751, 01777, 0400};
    for (size_t i = 0; i < 5; i++) {
        bool other = getuid() == 0 && i % 2; // somebody else's
        if (other) assert_int_equal(chown("file", 1234, 5678), 0);
        assert_int_equal(chmod("file", modes[i]), 0);
        assert_int_equal(stat("file", &file), 0);
        assert_int_equal(replace("file", "new"), 0);
        assert_int_equal(stat("file", &again), 0);
        assert_int_equal(again.st_mode & 07777, modes[i]);
        assert_int_equal(again.st_uid, file.st_uid);
        assert_int_equal(again.st_gid, file.st_gid);
        assert_true(again.st_ino != file.st_ino);
    }
    assert_file("file", "new");
    put_file("file2", "old");
    replace_and_fail("file2");
    assert_error("ValueError", "body");
    assert_file("file2", "old");
    replace_and_fail("none");
    assert_error("ValueError", "body");
    assert_int_equal(access("none", F_OK), -1);
    assert_no_temporary();
}

/* While it is written the name leads to the old file, and what is secret is nobody else's to read. */
static void test_meanwhile(void **state) {
    (void)state;
    put_file("file", "old");
    chmod("file", 0600);
    Object *file = atomic_file_new("file"), *entered;
    With w;
    assert_int_equal(with_enter(&w, file, &entered), 0);
    assert_ptr_equal(entered, file);
    decref(entered);
    assert_int_equal(atomic_file_write(file, "new", 3), 0);
    assert_file("file", "old");
    assert_int_equal(files_like(".", ".with-"), 1);
    assert_int_equal(system("test \"$(ls -l .with-* | cut -c1-10)\" = -rw-------"), 0);

    // It is entered: not twice.
    With again;
    assert_int_equal(with_enter(&again, file, NULL), -1);
    assert_error("RuntimeError", "'AtomicFile' object is entered already");
    assert_int_equal(with_leave(&w), 0);
    assert_file("file", "new");
    assert_int_equal(with_enter(&w, file, NULL), 0); // but again
    decref(file);
    assert_int_equal(with_leave(&w), 0);
    assert_file("file", "");
    assert_no_temporary();

    // One that is entered by hand and dies, left by nobody.
    file = atomic_file_new("file");
    decref(file->type->enter(file));
    assert_int_equal(files_like(".", ".with-"), 1);
    decref(file);
    assert_no_temporary();

    // Two at once.
    put_file("file", "old");
    Object *one = atomic_file_new("file"), *two = atomic_file_new("file");
    WITH(v, one, NULL) {
        WITH(u, two, NULL) {
            atomic_file_write(two, "two", 3);
            atomic_file_write(one, "one", 3);
            assert_int_equal(files_like(".", ".with-"), 2);
        }
        assert_file("file", "two");
    }
    assert_file("file", "one");
    assert_no_temporary();
    decref(one);
    decref(two);
}

static void test_links(void **state) {
    (void)state;
    assert_int_equal(mkdir("deep", 0777), 0);
    assert_int_equal(symlink("deep/b", "a"), 0);
    assert_int_equal(symlink("../c", "deep/b"), 0);
    char absolute[64];
    snprintf(absolute, sizeof absolute, "%s/deep/d", scratch);
    assert_int_equal(symlink(absolute, "c"), 0);
    for (int i = 0; i < 2; i++) { // the first time it leads to nothing
        assert_int_equal(replace("a", i ? "new" : "old"), 0);
        assert_file("deep/d", i ? "new" : "old");
        struct stat link;
        assert_int_equal(lstat("a", &link), 0);
        assert_true(S_ISLNK(link.st_mode));
        assert_int_equal(lstat("c", &link), 0);
        assert_true(S_ISLNK(link.st_mode));
        assert_int_equal(lstat("deep/d", &link), 0);
        assert_true(S_ISREG(link.st_mode));
    }
    assert_int_equal(files_like("deep", ".with-"), 0);
    replace_and_fail("a");
    assert_error("ValueError", "body");
    assert_file("deep/d", "new");

    // 40 in a row, and one more; and a ring.
    put_file("0", "old");
    for (int i = 1; i <= 41; i++) {
        char to[8], from[8];
        snprintf(to, sizeof to, "%d", i - 1);
        snprintf(from, sizeof from, "%d", i);
        assert_int_equal(symlink(to, from), 0);
    }
    assert_int_equal(replace("40", "new"), 0);
    assert_file("0", "new");
    assert_fails("41", ELOOP);
    assert_int_equal(symlink("ring", "ring"), 0);
    assert_fails("ring", ELOOP);
}

/* The directory is held by a descriptor, so it may be moved, and the process may go elsewhere. */
static void test_moves(void **state) {
    (void)state;
    assert_int_equal(mkdir("here", 0777), 0);
    put_file("here/file", "old");
    Object *file = atomic_file_new("here/file");
    WITH(w, file, NULL) {
        atomic_file_write(file, "new", 3);
        assert_int_equal(rename("here", "there"), 0);
        assert_int_equal(chdir("there"), 0);
    }
    assert_file("file", "new");
    assert_int_equal(chdir(".."), 0);
    assert_int_equal(files_like("there", ".with-"), 0);
    decref(file);

    // Gone with all that was in it.
    file = atomic_file_new("there/file");
    WITH(w, file, NULL) {
        assert_int_equal(system("rm -r there"), 0);
        assert_int_equal(atomic_file_write(file, "new", 3), 0);
    }
    decref(file);
    assert_os_error(ENOENT, "there/file");

    // A directory came in its place.
    file = atomic_file_new("file");
    WITH(w, file, NULL) {
        assert_int_equal(mkdir("file", 0777), 0);
    }
    decref(file);
    assert_os_error(EISDIR, "file");
    assert_no_temporary();
}

/* ---- What is refused -------------------------------------------------------------------------*/

static void be_nobody(void *directory) {
    if (getuid() == 0 && setuid(65534) < 0) _exit(2);
    Object *file = atomic_file_new(directory);
    With w;
    if (with_enter(&w, file, NULL) == 0) _exit(3);
    bool refused = strcmp(error_occurred(), "PermissionError") == 0;
    error_clear();
    decref(file);
    _exit(refused ? 0 : 4);
}

static void test_refuses(void **state) {
    (void)state;
    assert_fails("", ENOENT);
    assert_fails("none/file", ENOENT);
    assert_fails(".", EISDIR);
    assert_fails("./", EISDIR);
    assert_fails("/", EISDIR);
    put_file("file", "old");
    assert_fails("file/x", ENOTDIR);
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_fails("pipe", EINVAL);
    assert_fails("/dev/null", EINVAL);

    char name[5000] = "";
    memset(name, 'n', 255); // as long as a name can be: the temporary one is shorter
    assert_int_equal(replace(name, "new"), 0);
    assert_file(name, "new");
    name[255] = 'n';
    assert_int_equal(replace(name, "new"), -1);
    assert_os_error(ENAMETOOLONG, name);
    for (size_t i = 0; i < sizeof name - 1; i++)
        name[i] = i % 2 ? '/' : '.';
    assert_null(atomic_file_new(name));
    assert_os_error(ENAMETOOLONG, name);

    assert_int_equal(mkdir("shut", 0555), 0);
    assert_int_equal(chmod(".", 0755), 0);
    assert_int_equal(in_child(be_nobody, (char[]){"shut/file"}), 0);
    assert_int_equal(files_like("shut", ".with-"), 0);
}

/* ---- Every call that can fail does -------------------------------------------------------------*/

static void test_faults(void **state) {
    (void)state;
    static const struct {
        const char *call;
        int fallible, calls; // those whose failing is told come first
    } faults[] = {{"write", 1, 1},  {"fsync", 2, 2},  {"renameat", 1, 1},
                  {"fchmod", 1, 1}, {"fchown", 1, 1}, {"close", 1, 2}};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        bool owner = strcmp(faults[i].call, "fchown") == 0;
        if (owner && getuid() != 0) continue;
        for (int n = 0;; n++) {
            put_file("file", "old");
            if (owner) assert_int_equal(chown("file", 1234, 5678), 0);
            testing_fail(faults[i].call, n, EIO);
            int status = replace("file", "new");
            bool failed = testing_has_failed();
            testing_fail(NULL, 0, 0);
            assert_int_equal(failed, n < faults[i].calls);
            assert_int_equal(status, n < faults[i].fallible ? -1 : 0);
            // After renameat() it is the new one, even if the directory is not on the disk for sure.
            bool renamed = status == 0 || (strcmp(faults[i].call, "fsync") == 0 && n == 1);
            assert_file("file", renamed ? "new" : "old");
            if (status < 0) assert_os_error(EIO, "file");
            assert_no_temporary();
            assert_int_equal(descriptors(), descriptors_before);
            if (!failed) break;
        }
    }
    testing_fail("fsync", 1, EINVAL); // a directory on a file system that needs none
    assert_int_equal(replace("file", "new"), 0);
    testing_fail("write", 0, ENOSPC);
    assert_fails("file", ENOSPC);
    if (getuid() == 0) { // an owner that cannot be kept
        assert_int_equal(chown("file", 1234, 5678), 0);
        testing_fail("fchown", 0, EPERM);
        assert_fails("file", EPERM);
    }
    testing_fail(NULL, 0, 0);
}

/* What is interrupted is done again; what is done in part is completed. */
static void test_interrupted(void **state) {
    (void)state;
    static const char *const calls[] = {"write", "fsync", "close"};
    for (size_t i = 0; i < 3; i++) {
        for (int n = 0; n < 2; n++) {
            put_file("file", "old");
            testing_fail(calls[i], n, EINTR);
            assert_int_equal(replace("file", "new"), 0);
            assert_file("file", "new");
        }
    }
    testing_fail(NULL, 0, 0);
    for (write_at_most = 1; write_at_most <= 12; write_at_most++) {
        for (int n = 0; n < 3; n++) {
            testing_fail(n < 2 ? "write" : NULL, n, EINTR);
            assert_int_equal(replace("file", "0123456789"), 0);
            assert_file("file", "0123456789");
        }
    }
    write_at_most = 1; // the disk is full in the middle
    testing_fail("write", 2, ENOSPC);
    assert_fails("file", ENOSPC);
    assert_file("file", "0123456789");
    write_at_most = SIZE_MAX;
    testing_fail(NULL, 0, 0);
    assert_no_temporary();
}

/* A write that failed is not forgotten, though the block does; the next time is another time. */
static void test_not_forgotten(void **state) {
    (void)state;
    put_file("file", "old");
    Object *file = atomic_file_new("file");
    testing_fail("write", 0, ENOSPC);
    for (int time = 0; time < 2; time++) {
        WITH(w, file, NULL) {
            int status = atomic_file_write(file, "first", 5);
            assert_int_equal(status, time ? 0 : -1);
            error_clear();
            assert_int_equal(atomic_file_write(file, " second", 7), 0);
        }
        if (time == 0) assert_os_error(ENOSPC, "file");
        assert_file("file", time ? "first second" : "old");
        assert_no_temporary();
    }
    decref(file);
    testing_fail(NULL, 0, 0);
}

/* That the temporary file cannot be removed changes nothing about the exception. */
static void test_cannot_remove(void **state) {
    (void)state;
    put_file("file", "old");
    testing_fail("unlinkat", 0, EROFS);
    replace_and_fail("file");
    testing_fail(NULL, 0, 0);
    assert_error("ValueError", "body");
    assert_file("file", "old");
    assert_int_equal(files_like(".", ".with-"), 1);
}

/* An exit that fails behind an exception remembers it. Nothing of this needs memory but the manager. */
static void test_memory(void **state) {
    (void)state;
    put_file("file", "old");
    bool failed = true;
    for (long n = 0; failed; n++) {
        testing_fail_at(n);
        int status = replace("none/file", "new");
        failed = testing_has_failed();
        testing_fail(NULL, 0, 0);
        assert_int_equal(status, -1);
        assert_string_equal(error_occurred(), failed ? "MemoryError" : "FileNotFoundError");
        error_clear();
    }
    testing_fail_at(1);
    assert_int_equal(replace("file", "new"), 0);
    assert_false(testing_has_failed());
    testing_fail(NULL, 0, 0);
}

/* Without descriptors, first without any, then with one. */
static void test_descriptors(void **state) {
    (void)state;
    put_file("file", "old");
    struct rlimit before, limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int next = dup(0);
    close(next);
    for (int more = 0; more <= 2; more++) {
        limit = before;
        limit.rlim_cur = (rlim_t)(next + more);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        int status = replace("file", "new");
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_int_equal(status, more < 2 ? -1 : 0);
        assert_file("file", more < 2 ? "old" : "new");
        if (more < 2) assert_os_error(EMFILE, "file");
        assert_no_temporary();
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_replaces, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_meanwhile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_links, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_moves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_faults, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_interrupted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_not_forgotten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cannot_remove, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_descriptors, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
