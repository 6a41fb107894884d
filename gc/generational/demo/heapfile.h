/* heapfile.h: a heap written down, an object a line: `id type size refcount: referents`. */
#ifndef HEAPFILE_H
#define HEAPFILE_H

#include "../../../common/demo.h"

#include "../gc.h"

typedef struct {
    int64_t id, refcount;
    uint64_t size;
    const char *type; // as it stands there: "dict", "function(main)"; in the file's text
    long line;
    ssize_t first, count; // its referents: a slice of HeapFile.referents
    int64_t internal;     // references to it from the file
    bool garbage;         // what the collector says
    ssize_t component;    // which cycle it is in; set by components()
} Entry;

typedef struct {
    const char *name;
    char *text;
    Entry *entries;
    int64_t *ids;       // while reading: what is referred to, by id
    ssize_t *referents; // then: by entry
    ssize_t count, referent_count;
} HeapFile;

/* Reads a file ("-": standard input): 0; 2 after a complaint that names the line, or 1 for want of
 * memory. */
int heap_file_read(HeapFile *self, const char *name);
void heap_file_free(HeapFile *self);

/* The entry with an id, or -1. */
ssize_t heap_file_find(const HeapFile *self, int64_t id);

/* generational_demo --heap NAME [--why ID]: what is garbage, and what holds the rest. -1: no
 * --why. */
int demo_heap(const char *name, long why);

#endif
