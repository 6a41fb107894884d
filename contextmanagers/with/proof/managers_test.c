/* Tests of the lock, the temporary directory and the transaction. */
#include "scratch.h"

/* A manager that cannot be entered. */
static Object *refuse(Object *self) {
    (void)self;
    error_raise(&ValueError_Type, "refused");
    return NULL;
}

static Object *never(Object *self, Object *type, Object *value, Object *traceback) {
    (void)type, (void)value, (void)traceback;
    fail();
    return new_ref(self);
}

static Type Refuses_Type = {TYPE("Refuses", NULL), .enter = refuse, .exit = never};
static Object refuses = {1, &Refuses_Type};

/* ---- The lock --------------------------------------------------------------------------------*/

/* Whether somebody holds it. */
static bool locked(const char *path) {
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    bool held = flock(fd, LOCK_EX | LOCK_NB) < 0;
    close(fd);
    return held;
}

static void test_lock(void **state) {
    (void)state;
    Object *lock = file_lock_new("lock"), *entered;
    With w;
    assert_int_equal(with_enter(&w, lock, &entered), 0);
    assert_ptr_equal(entered, True);
    decref(entered);
    assert_true(locked("lock"));
    With again;
    assert_int_equal(with_enter(&again, lock, NULL), -1);
    assert_error("RuntimeError", "'FileLock' object is entered already");
    assert_true(locked("lock"));
    assert_int_equal(with_leave(&w), 0);
    assert_false(locked("lock"));
    assert_null(lock->type->exit(lock, None, None, None));
    assert_error("RuntimeError", "release unlocked lock");

    // Held while another is entered, which fails; given back then.
    bool reached = false;
    WITH(v, lock, NULL) {
        assert_true(locked("lock"));
        WITH(u, &refuses, NULL) {
            reached = true;
        }
        assert_true(error_occurred() && locked("lock"));
    }
    assert_error("ValueError", "refused");
    assert_false(reached || locked("lock"));

    decref(lock->type->enter(lock)); // by hand, and it dies
    assert_true(locked("lock"));
    decref(lock);
    assert_false(locked("lock"));
}

static void test_lock_fails(void **state) {
    (void)state;
    With w;
    Object *lock = file_lock_new("none/lock");
    assert_int_equal(with_enter(&w, lock, NULL), -1);
    assert_os_error(ENOENT, "none/lock");
    decref(lock);
    lock = file_lock_new("lock");
    testing_fail("flock", 0, EINTR); // once more
    assert_int_equal(with_enter(&w, lock, NULL), 0);
    assert_true(locked("lock"));
    assert_int_equal(with_leave(&w), 0);
    testing_fail("flock", 0, ENOLCK);
    assert_int_equal(with_enter(&w, lock, NULL), -1);
    assert_os_error(ENOLCK, "lock");
    testing_fail_at(0);
    assert_null(file_lock_new("lock"));
    assert_error(MemoryError, "");
    testing_fail(NULL, 0, 0);
    char path[9000];
    memset(path, '/', sizeof path);
    path[sizeof path - 1] = '\0';
    assert_null(file_lock_new(path));
    assert_os_error(ENAMETOOLONG, path);
    decref(lock);
}

/* Four processes add to a number in a file, each some steps; none is lost. */
static void add(void *unused) {
    (void)unused;
    Object *lock = file_lock_new("lock");
    for (int i = 0; i < 50; i++) {
        WITH(w, lock, NULL) {
            int number = -1;
            FILE *file = fopen("number", "r");
            if (!file || fscanf(file, "%d", &number) != 1) _exit(2);
            fclose(file);
            file = fopen("number", "w");
            fprintf(file, "%d\n", number + 1);
            fclose(file);
        }
    }
    decref(lock);
}

static void test_lock_processes(void **state) {
    (void)state;
    put_file("number", "0\n");
    pid_t children[4];
    for (int i = 0; i < 4; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            add(NULL);
            _exit(0);
        }
    }
    for (int i = 0; i < 4; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_file("number", "200\n");
}

static void lock_and_die(void *unused) {
    (void)unused;
    Object *lock = file_lock_new("lock");
    With w;
    (void)with_enter(&w, lock, NULL);
    kill(getpid(), SIGKILL);
}

static void test_lock_killed(void **state) {
    (void)state;
    assert_int_equal(WTERMSIG(in_child(lock_and_die, NULL)), SIGKILL);
    assert_false(locked("lock"));
}

/* ---- The temporary directory -----------------------------------------------------------------*/

static void test_directory(void **state) {
    (void)state;
    assert_int_equal(mkdir("kept", 0777), 0);
    put_file("kept/file", "kept");
    Object *manager = temporary_directory_new(), *path;
    With w;
    for (int raises = 0; raises < 2; raises++) {
        assert_int_equal(with_enter(&w, manager, &path), 0);
        const char *name = ((Str *)path)->text;
        assert_int_equal(strncmp(name, scratch, strlen(scratch)), 0); // $TMPDIR
        struct stat info;
        assert_int_equal(stat(name, &info), 0);
        assert_int_equal(info.st_mode & 07777, 0700);
        With again;
        assert_int_equal(with_enter(&again, manager, NULL), -1);
        assert_error("RuntimeError", "'TemporaryDirectory' object is entered already");

        assert_int_equal(chdir(name), 0);
        assert_int_equal(system("mkdir -p a/b/c d; touch a/x a/b/y .hidden; ln -s ../kept link;"
                                "ln -s none dangling; ln -s ../../kept a/b/link; mkfifo pipe"),
                         0);
        assert_int_equal(chdir(scratch), 0);
        if (raises) error_raise(&ValueError_Type, "body");
        assert_int_equal(with_leave(&w), raises ? -1 : 0);
        if (raises) assert_error("ValueError", "body");
        assert_int_equal(access(name, F_OK), -1);
        assert_file("kept/file", "kept"); // no link was followed
        decref(path);
    }
    // Gone already; and one that is entered by hand and dies.
    assert_int_equal(with_enter(&w, manager, &path), 0);
    assert_int_equal(rmdir(((Str *)path)->text), 0);
    assert_int_equal(with_leave(&w), 0);
    decref(path);
    decref(manager->type->enter(manager));
    assert_int_equal(files_like(".", "with-"), 1);
    decref(manager);
    assert_int_equal(files_like(".", "with-"), 0);
}

static void test_directory_fails(void **state) {
    (void)state;
    Object *manager = temporary_directory_new(), *path;
    With w;
    setenv("TMPDIR", "/none", 1);
    assert_int_equal(with_enter(&w, manager, NULL), -1);
    assert_true(error_matches(FileNotFoundError_Type.name));
    error_clear();
    setenv("TMPDIR", scratch, 1);
    for (long n = 0;; n++) {
        testing_fail_at(n);
        int status = with_enter(&w, manager, NULL);
        bool failed = testing_has_failed();
        testing_fail(NULL, 0, 0);
        assert_int_equal(status, failed ? -1 : 0);
        assert_int_equal(files_like(".", "with-"), failed ? 0 : 1);
        if (!failed) break;
        assert_error(MemoryError, "");
    }
    assert_int_equal(with_leave(&w), 0);

    // A link that cannot be removed is not followed for that.
    assert_int_equal(mkdir("kept", 0777), 0);
    put_file("kept/file", "kept");
    assert_int_equal(with_enter(&w, manager, &path), 0);
    char link[100];
    snprintf(link, sizeof link, "%s/link", ((Str *)path)->text);
    assert_int_equal(symlink("../kept", link), 0);
    testing_fail("unlinkat", 1, EACCES);
    assert_int_equal(with_leave(&w), -1);
    testing_fail(NULL, 0, 0);
    assert_true(error_matches(PermissionError_Type.name));
    error_clear();
    assert_file("kept/file", "kept");
    decref(path);

    // What cannot be removed: an exception of the exit's, which remembers the block's.
    static const char *const calls[] = {"unlinkat", "unlinkat", "unlinkat", "fdopendir"};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(with_enter(&w, manager, &path), 0);
        char file[100];
        snprintf(file, sizeof file, "%s/file", ((Str *)path)->text);
        put_file(file, "text");
        error_raise(&ValueError_Type, "body");
        // The first unlinkat() is tried on the directory, and fails anyway.
        if (i < 3)
            testing_fail_from(calls[i], i, EACCES);
        else
            testing_fail(calls[i], 0, EACCES);
        assert_int_equal(with_leave(&w), -1);
        testing_fail(NULL, 0, 0);
        Exception *exc = exception_fetch();
        assert_true(exception_matches(exc, &PermissionError_Type));
        assert_string_equal(exception_str(exc->context), "body");
        decref(exc);
        assert_int_equal(descriptors(), descriptors_before);
        assert_int_equal(access(((Str *)path)->text, F_OK), 0);
        decref(path);
    }
    decref(manager);
}

/* ---- The transaction -------------------------------------------------------------------------*/

/* All keys from a to h with their values: "a1 c3". */
static const char *contents(const Object *store) {
    static char text[100];
    text[0] = '\0';
    for (char key[] = "a"; *key <= 'h'; ++*key) {
        size_t length = strlen(text);
        Object *value = store_get(store, key);
        if (value)
            snprintf(text + length, sizeof text - length, "%s%s%d", length ? " " : "", key,
                     (int)((Int *)value)->value);
    }
    return text;
}

/* Takes a value of its own; 0 removes. */
static int set(Object *store, const char *key, int number) {
    Object *value = number ? int_from_long(number) : NULL;
    int status = number && !value ? -1 : store_set(store, key, value);
    xdecref(value);
    return status;
}

static void test_transaction(void **state) {
    (void)state;
    Object *store = store_new(), *entered;
    assert_null(store_get(store, "a"));
    assert_int_equal(set(store, "a", 1) | set(store, "b", 2), 0);
    Object *outer = transaction_new(store), *inner = transaction_new(store);
    for (int fails = 0; fails < 8; fails++) { // inner, behind it, outer
        WITH(v, outer, &entered) {
            assert_ptr_equal(entered, store);
            decref(entered);
            set(store, "a", 10);
            set(store, "c", 3);
            WITH(w, inner, NULL) {
                set(store, "a", 0);
                set(store, "b", 20);
                set(store, "d", 4);
                set(store, "b", 21);
                assert_string_equal(contents(store), "b21 c3 d4");
                With again;
                assert_int_equal(with_enter(&again, inner, NULL), -1);
                error_clear();
                if (fails & 1) error_raise(&ValueError_Type, "inner");
            }
            assert_string_equal(contents(store), fails & 1 ? "a10 b2 c3" : "b21 c3 d4");
            error_clear();
            if (fails & 2) set(store, "e", 5);
            if (fails & 4) error_raise(&ValueError_Type, "outer");
        }
        error_clear();
        static const char *const expected[] = {"b21 c3 d4", "a10 b2 c3", "b21 c3 d4 e5",
                                               "a10 b2 c3 e5"};
        assert_string_equal(contents(store), fails & 4 ? "a1 b2" : expected[fails & 3]);
        const char *keys[] = {"c", "d", "e"};
        set(store, "a", 1);
        set(store, "b", 2);
        for (int i = 0; i < 3; i++)
            set(store, keys[i], 0);
        assert_string_equal(contents(store), "a1 b2");
    }
    // By hand: left without being entered, and one that dies in the middle.
    decref(inner->type->exit(inner, None, None, None));
    decref(outer->type->enter(outer));
    set(store, "a", 7);
    decref(outer);
    assert_string_equal(contents(store), "a1 b2");
    decref(inner);
    decref(store);
}

/* A value whose death changes the store. */
static Object *changed_by_death;

static void change_store(Object *self) {
    testing_free(self);
    if (changed_by_death) set(changed_by_death, "g", 9);
}

static Type Deadly_Type = {TYPE("Deadly", &Int_Type), .dealloc = change_store};

static Int *deadly_new(void) {
    Int *value = object_new(&Deadly_Type, sizeof *value);
    value->value = 8;
    return value;
}

static void test_transaction_callbacks(void **state) {
    (void)state;
    for (int fails = 0; fails < 2; fails++) {
        for (int before = 0; before < 2; before++) { // it is the old value, or the new one
            Object *store = store_new(), *transaction = transaction_new(store);
            Int *deadly = deadly_new();
            changed_by_death = store;
            if (before) store_set(store, "a", OBJECT(deadly));
            WITH(w, transaction, NULL) {
                if (before)
                    set(store, "a", 1);
                else
                    store_set(store, "a", OBJECT(deadly));
                decref(deadly);
                for (char key[] = "b"; *key < 'g'; ++*key)
                    set(store, key, 2);
                if (fails) error_raise(&ValueError_Type, "body");
            }
            error_clear();
            assert_string_equal(contents(store), fails    ? before ? "a8" : ""
                                                 : before ? "a1 b2 c2 d2 e2 f2 g9"
                                                          : "a8 b2 c2 d2 e2 f2");
            changed_by_death = NULL;
            decref(transaction);
            decref(store);
        }
    }
}

/* Each allocation fails in turn: all or nothing. */
static void test_transaction_memory(void **state) {
    (void)state;
    bool failed = true;
    for (long n = 0; failed; n++) {
        testing_fail_at(n);
        Object *store = store_new();
        if (store && set(store, "a", 1) == 0) {
            Object *transaction = transaction_new(store);
            if (transaction) {
                WITH(w, transaction, NULL) {
                    if (set(store, "a", 2) == 0 && set(store, "b", 3) == 0) set(store, "a", 0);
                }
                assert_string_equal(contents(store), error_occurred() ? "a1" : "b3");
            }
            xdecref(transaction);
        }
        failed = testing_has_failed();
        testing_fail(NULL, 0, 0);
        assert_int_equal(failed, error_matches(MemoryError));
        error_clear();
        xdecref(store);
        assert_int_equal(testing_blocks(), 0);
    }
}

static int set_up_temporary(void **state) {
    set_up(state);
    return setenv("TMPDIR", scratch, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lock, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lock_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lock_processes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lock_killed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_directory, set_up_temporary, tear_down),
        cmocka_unit_test_setup_teardown(test_directory_fails, set_up_temporary, tear_down),
        cmocka_unit_test_setup_teardown(test_transaction, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_transaction_callbacks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_transaction_memory, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
