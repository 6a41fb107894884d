/* resources.c: managers that hold something real; and --atomic, which replaces a file. */
#include "demo.h"

#include <dirent.h>
#include <sys/file.h>

/* ---- A place to play --------------------------------------------------------------------------*/

static void path_in(char path[200], const char *directory, const char *name) {
    snprintf(path, 200, "%s/%s", directory, name);
}

static void put(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0) {
        error_from_errno(path);
        need(NULL);
    }
}

/* What is in the file, and how many files are in its directory. */
static void look(const char *when, const char *directory) {
    char path[200], text[100] = "";
    path_in(path, directory, "config");
    FILE *file = fopen(path, "r");
    if (!file) {
        error_from_errno("config");
        need(NULL);
    }
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    int count = 0;
    DIR *entries = opendir(directory);
    for (struct dirent *entry; entries && (entry = readdir(entries));)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    if (entries) closedir(entries);
    printf("    %-34s config: %-12s files: %d\n", when, text, count);
}

/* ---- atomic ----------------------------------------------------------------------------------*/

/* with atomic as f: f.write("new"); f.write(" content"), and perhaps an exception in between. */
static int replace(Object *atomic, const char *directory, bool raises) {
    WITH(w, atomic, NULL) {
        atomic_file_write(atomic, "new", 3);
        look("in the block, after half of it", directory);
        if (raises) {
            error_raise(&ValueError_Type, "half way");
            break;
        }
        atomic_file_write(atomic, " content", 8);
    }
    return error_occurred() ? -1 : 0;
}

void scene_atomic(void) {
    puts("The new content goes to a file beside the old one; leaving the block renames it\n"
         "into its place, or removes it. In a temporary directory, a manager itself;\n"
         "`files` is how many there are in it:\n");
    Object *directory = need(temporary_directory_new()), *path;
    WITH(t, directory, &path) {
        const char *place = ((Str *)path)->text;
        char name[200], gone[200];
        path_in(name, place, "config");
        put(name, "old content");
        Object *atomic = need(atomic_file_new(name));
        look("before", place);
        step("the block raises half way: what is in config?");
        if (replace(atomic, place, true) < 0) print_pending();
        look("after the exception", place);
        step("the block ends: when does config change?");
        must(replace(atomic, place, false));
        look("after the block", place);
        decref(atomic);
        path_in(gone, place, "no/such/config");
        atomic = need(atomic_file_new(gone));
        puts("\n    and where there is no directory:");
        if (replace(atomic, place, false) < 0) {
            Exception *exc = exception_fetch();
            printf("    %s\n", exc->ob.type->name);
            decref(exc);
        }
        decref(atomic);
        xdecref(path);
    }
    must(error_occurred() ? -1 : 0);
    decref(directory);
    puts("\nA reader of config, at any instant, finds one of two whole contents.");
}

/* ---- held ------------------------------------------------------------------------------------*/

/* Another descriptor asks, as another process would. */
static const char *lock_state(const char *path) {
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return "there is no file yet";
    bool isfree = flock(fd, LOCK_EX | LOCK_NB) == 0;
    close(fd);
    return isfree ? "free" : "held";
}

static void print_store(const char *when, const Object *store) {
    const Int *a = (const Int *)store_get(store, "a"), *b = (const Int *)store_get(store, "b");
    printf("    %-34s a = %d, b = %d\n", when, (int)a->value, (int)b->value);
}

static void store_put(Object *store, const char *key, int value) {
    Object *number = need(int_from_long(value));
    must(store_set(store, key, number));
    decref(number);
}

/* with transaction: a -= 30; check; b += 30 */
static int transfer(Object *transaction, Object *store, bool fails) {
    WITH(w, transaction, NULL) {
        store_put(store, "a", 70);
        print_store("in the block, half way", store);
        if (fails) {
            error_raise(&ValueError_Type, "b is closed");
            break;
        }
        store_put(store, "b", 30);
    }
    return error_occurred() ? -1 : 0;
}

void scene_held(void) {
    puts("with lock, b: ...      b's __enter__ fails while the lock is held\n");
    Object *directory = need(temporary_directory_new()), *path;
    WITH(t, directory, &path) {
        char name[200];
        path_in(name, ((Str *)path)->text, "lock");
        Object *lock = need(file_lock_new(name)), *b = manager_new("b", LETS_GO, true);
        printf("    %-34s %s\n", "before", lock_state(name));
        WITH(outer, lock, NULL) {
            printf("    %-34s %s\n", "lock entered", lock_state(name));
            WITH(inner, b, NULL) {
                puts("never reached");
            }
        }
        step("entering b failed: is the lock still held?");
        print_pending();
        printf("    %-34s %s\n\n", "after", lock_state(name));
        decref(lock);
        decref(b);
        decref(path);
    }
    must(error_occurred() ? -1 : 0);
    decref(directory);
    puts("with transaction: a -= 30; check(); b += 30\n");
    Object *store = need(store_new()), *transaction = need(transaction_new(store));
    store_put(store, "a", 100);
    store_put(store, "b", 0);
    print_store("before", store);
    if (transfer(transaction, store, true) < 0) {
        step("the check raises: what is a?");
        print_pending();
    }
    print_store("after the exception", store);
    must(transfer(transaction, store, false));
    print_store("after a block that ends", store);
    puts("\nThe exit is told an exception, undoes, and lets it go on.");
    decref(transaction);
    decref(store);
}

/* ---- --atomic FILE ----------------------------------------------------------------------------*/

/* Opens something in the place of standard input, output or error if that is closed, so that no
 * file of ours comes to be it; what reads or writes there fails as it would have. */
static void reserve_standard_descriptors(void) {
    int taken;
    while ((taken = open("/dev/null", fcntl(0, F_GETFD) < 0 ? O_WRONLY : O_RDONLY)) >= 0) {
        if (taken <= STDERR_FILENO) continue;
        close(taken);
        break;
    }
}

/* with atomic as f: f.write(sys.stdin.read()), piece by piece */
static int replace_by_input(Object *atomic) {
    WITH(w, atomic, NULL) {
        char bytes[1 << 16];
        for (;;) {
            ssize_t size = read(STDIN_FILENO, bytes, sizeof bytes);
            if (size < 0 && errno == EINTR) continue;
            if (size < 0) error_from_errno("standard input");
            if (size <= 0 || atomic_file_write(atomic, bytes, (size_t)size) < 0) break;
        }
    }
    return error_occurred() ? -1 : 0;
}

int demo_atomic(const char *path) {
    reserve_standard_descriptors();
    Object *atomic = atomic_files_catch_signals() == 0 ? atomic_file_new(path) : NULL;
    int status = atomic ? replace_by_input(atomic) : -1;
    xdecref(atomic);
    if (status == 0) return 0;
    Exception *exc = exception_fetch();
    const char *text = exception_str(exc);
    usage_error(telling.demo->program, "%s", *text ? text : "out of memory"); // made visible
    decref(exc);
    return 1;
}
