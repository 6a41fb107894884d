/* managers.c: a lock, a directory, a transaction: managers of one page each.
 *
 * Their common shape: enter makes what is held or fails and holds nothing; exit gives it back first and
 * complains then. CPython: Modules/fcntlmodule.c, Lib/tempfile.py, Modules/_sqlite/connection.c.
 */
#include "managers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>

int error_from_errno(const char *filename) {
    int number = errno;
    Type *type = number == ENOENT                      ? &FileNotFoundError_Type
                 : number == EACCES || number == EPERM ? &PermissionError_Type
                                                       : &OSError_Type; // Simplified: not all kinds
    return error_raise(type, "[Errno %d] %s: '%s'", number, strerror(number), filename);
}

Object *manager_entered_already(const Object *self) {
    error_raise(&RuntimeError_Type, "'%s' object is entered already", self->type->name);
    return NULL;
}

int manager_keep_path(char *field, const char *path) {
    if (strlen(path) < PATH_MAX) {
        strcpy(field, path);
        return 0;
    }
    errno = ENAMETOOLONG;
    return error_from_errno(path);
}

static void *failed(const char *path) {
    error_from_errno(path);
    return NULL;
}

/* ---- A lock between processes ----------------------------------------------------------------*/

typedef struct {
    Object ob;
    int fd; // holds the lock while it is open; -1: not entered
    char path[PATH_MAX];
} FileLock;

static Object *file_lock_enter(Object *op) {
    FileLock *self = (FileLock *)op;
    if (self->fd >= 0) return manager_entered_already(op);
    int fd = open(self->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666), status;
    if (fd < 0) return failed(self->path);
    do {
        status = flock(fd, LOCK_EX);
    } while (status < 0 && errno == EINTR);
    if (status < 0) {
        failed(self->path);
        close(fd);
        return NULL;
    }
    self->fd = fd;
    return new_ref(True);
}

static Object *file_lock_exit(Object *op, Object *type, Object *value, Object *traceback) {
    (void)type, (void)value, (void)traceback;
    FileLock *self = (FileLock *)op;
    if (self->fd < 0) {
        error_raise(&RuntimeError_Type, "release unlocked lock");
        return NULL;
    }
    close(self->fd); // and with it the lock
    self->fd = -1;
    return new_ref(None);
}

static void file_lock_dealloc(Object *op) {
    FileLock *self = (FileLock *)op;
    if (self->fd >= 0) close(self->fd);
    free(self);
}

static Type FileLock_Type = {TYPE("FileLock", NULL), .dealloc = file_lock_dealloc,
                             .enter = file_lock_enter, .exit = file_lock_exit};

Object *file_lock_new(const char *path) {
    FileLock *self = object_new(&FileLock_Type, sizeof *self);
    if (!self) return NULL;
    self->fd = -1;
    if (manager_keep_path(self->path, path) < 0) clear_ref(self);
    return OBJECT(self);
}

/* ---- A temporary directory -------------------------------------------------------------------*/

typedef struct {
    Object ob;
    Object *path; // Str; NULL: not entered
} TemporaryDirectory;

/* Removes `name` in `directory`, and all below; no link is followed. Simplified: as deep as there are
 * descriptors, as shutil.rmtree(). */
static int remove_tree(int directory, const char *name) {
    if (unlinkat(directory, name, 0) == 0 || errno == ENOENT) return 0;
    int unlinking = errno;
    int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        if (errno == ENOTDIR || errno == ELOOP) errno = unlinking; // it is none
        return -1;
    }
    DIR *entries = fdopendir(fd);
    if (!entries) {
        close(fd);
        return -1;
    }
    int status = 0;
    for (struct dirent *entry; status == 0 && (entry = readdir(entries));) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            status = remove_tree(dirfd(entries), entry->d_name);
    }
    int number = errno;
    closedir(entries);
    errno = number;
    return status < 0 ? -1 : unlinkat(directory, name, AT_REMOVEDIR);
}

static Object *temporary_directory_enter(Object *op) {
    TemporaryDirectory *self = (TemporaryDirectory *)op;
    if (self->path) return manager_entered_already(op);
    const char *below = getenv("TMPDIR");
    Object *path = str_from_format("%s/with-XXXXXX", below && *below ? below : "/tmp");
    if (!path) return NULL;
    if (!mkdtemp(((Str *)path)->text)) {
        failed(((Str *)path)->text);
        decref(path);
        return NULL;
    }
    self->path = path;
    return new_ref(path);
}

static Object *temporary_directory_exit(Object *op, Object *type, Object *value,
                                        Object *traceback) {
    (void)type, (void)value, (void)traceback;
    TemporaryDirectory *self = (TemporaryDirectory *)op;
    Object *path = self->path;
    if (!path) return new_ref(None);
    self->path = NULL;
    int status = remove_tree(AT_FDCWD, ((Str *)path)->text);
    if (status < 0) failed(((Str *)path)->text);
    decref(path);
    return status < 0 ? NULL : new_ref(None);
}

static void temporary_directory_dealloc(Object *op) {
    TemporaryDirectory *self = (TemporaryDirectory *)op;
    if (self->path) (void)remove_tree(AT_FDCWD, ((Str *)self->path)->text);
    xdecref(self->path);
    free(self);
}

static Type TemporaryDirectory_Type = {
    TYPE("TemporaryDirectory", NULL), .dealloc = temporary_directory_dealloc,
    .enter = temporary_directory_enter, .exit = temporary_directory_exit};

Object *temporary_directory_new(void) {
    return object_new(&TemporaryDirectory_Type, sizeof(TemporaryDirectory));
}

/* ---- A transaction ---------------------------------------------------------------------------
 * The log has for each change what was there before, so it is undone from its end, without allocating.
 * An entry is never taken out of the array: without a value it counts as none. */

typedef struct {
    char *key;
    Object *value; // or NULL
} Entry;

typedef struct {
    ssize_t entry;
    Object *old; // or NULL
} Change;

typedef struct {
    Object ob;
    Entry *entries;
    ssize_t nentries;
    Change *changes;
    ssize_t nchanges;
    ssize_t open; // transactions
} Store;

typedef struct {
    Object ob;
    Store *store;
    ssize_t mark; // the log's length when it was entered; -1: not entered
} Transaction;

/* Drops the reference last, as what dies may change the store. */
static void store_undo_to(Store *self, ssize_t mark) {
    while (self->nchanges > mark) {
        Change change = self->changes[--self->nchanges];
        Entry *entry = &self->entries[change.entry];
        Object *gone = entry->value;
        entry->value = change.old;
        xdecref(gone);
    }
}

static void store_forget_changes(Store *self) {
    while (self->nchanges > 0)
        xdecref(self->changes[--self->nchanges].old);
}

static void store_dealloc(Object *op) {
    Store *self = (Store *)op;
    store_forget_changes(self);
    for (ssize_t i = 0; i < self->nentries; i++) {
        free(self->entries[i].key);
        xdecref(self->entries[i].value);
    }
    free(self->entries);
    free(self->changes);
    free(self);
}

static Type Store_Type = {TYPE("Store", NULL), .dealloc = store_dealloc};

Object *store_new(void) {
    return object_new(&Store_Type, sizeof(Store));
}

/* Simplified: looked for one by one; datastructures/dict does better. */
static ssize_t store_find(const Store *self, const char *key) {
    ssize_t i = 0;
    while (i < self->nentries && strcmp(self->entries[i].key, key) != 0)
        i++;
    return i;
}

Object *store_get(const Object *op, const char *key) {
    const Store *self = (const Store *)op;
    ssize_t i = store_find(self, key);
    return i < self->nentries ? self->entries[i].value : NULL;
}

/* Adds an entry without a value. */
static int store_add(Store *self, const char *key) {
    Entry *entries = realloc(self->entries, (size_t)(self->nentries + 1) * sizeof *entries);
    if (entries) self->entries = entries;
    char *copy = entries ? malloc(strlen(key) + 1) : NULL;
    if (!copy) {
        error_no_memory();
        return -1;
    }
    strcpy(copy, key);
    self->entries[self->nentries++] = (Entry){copy, NULL};
    return 0;
}

int store_set(Object *op, const char *key, Object *value) {
    Store *self = (Store *)op;
    ssize_t i = store_find(self, key);
    if (i == self->nentries && store_add(self, key) < 0) return -1;
    Object *old = self->entries[i].value;
    if (self->open > 0) {
        Change *changes = realloc(self->changes, (size_t)(self->nchanges + 1) * sizeof *changes);
        if (!changes) {
            error_no_memory();
            return -1;
        }
        self->changes = changes;
        changes[self->nchanges++] = (Change){i, old};
        old = NULL; // the log has it
    }
    self->entries[i].value = value ? new_ref(value) : NULL;
    xdecref(old);
    return 0;
}

static Object *transaction_enter(Object *op) {
    Transaction *self = (Transaction *)op;
    if (self->mark >= 0) return manager_entered_already(op);
    self->mark = self->store->nchanges;
    self->store->open++;
    return new_ref(self->store);
}

static void transaction_end(Transaction *self, bool keep) {
    ssize_t mark = self->mark;
    self->mark = -1;
    if (!keep) store_undo_to(self->store, mark);
    if (--self->store->open == 0) store_forget_changes(self->store);
}

static Object *transaction_exit(Object *op, Object *type, Object *value, Object *traceback) {
    (void)value, (void)traceback;
    Transaction *self = (Transaction *)op;
    if (self->mark >= 0) transaction_end(self, type == None);
    return new_ref(False);
}

static void transaction_dealloc(Object *op) {
    Transaction *self = (Transaction *)op;
    if (self->mark >= 0) transaction_end(self, false);
    decref(self->store);
    free(self);
}

static Type Transaction_Type = {TYPE("Transaction", NULL), .dealloc = transaction_dealloc,
                                .enter = transaction_enter, .exit = transaction_exit};

Object *transaction_new(Object *store) {
    Transaction *self = object_new(&Transaction_Type, sizeof *self);
    if (!self) return NULL;
    self->store = (Store *)new_ref(store);
    self->mark = -1;
    return OBJECT(self);
}
