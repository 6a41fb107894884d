/* files.h: the files below a directory, for those who are not to see anything else.
 *
 * The invariant: a path is walked name by name from the directory's descriptor, no name begins with a
 * dot, and no symbolic link is followed. So nothing that stands in a request or is changed during the
 * walk leads out of the directory: it cannot be said, so it need not be detected. The directory itself
 * may be a link. Hidden files are not served either.
 *
 * What was found is kept for a second: the contents of a small file, the descriptor of a large one.
 * A change is seen after that.
 */
#ifndef FILES_H
#define FILES_H

#include <sys/types.h>

#include "selector.h"

enum { FILE_BODY_MAX = 32768 }; // a file up to this size is small

typedef struct Files Files;

/* A file that was found. Who keeps it counts as one; file_decref(). */
typedef struct {
    unsigned refcnt;
    int fd;           // of a large file; else -1
    size_t size;      // bytes, when it was looked at
    time_t modified;  // seconds since 1970
    const char *type; // "text/html; charset=utf-8"
    double looked;    // when
    char *path;       // as it was asked for
    char body[];      // of a small file
} File;

/* The files below a directory; NULL with OSError. */
Files *files_new(const char *directory);

/* Frees it; files that somebody has a reference to stay. NULL is allowed. */
void files_free(Files *files);

/* Looks up the path of a request, "/a%20b/", which names index.html in a directory if it ends in a
 * slash; `now` is in seconds. Returns a status of HTTP: 200 with *file borrowed until the next call,
 * 301 for a directory without the slash, 400 for a path that is none, 404, or 503 if there is no
 * memory or no descriptor for it. No error is set. */
int files_get(Files *files, const char *path, size_t length, double now, File **file);

void file_decref(File *file);

#endif
