/* collected.c: generational_demo --heap FILE: the heap of another program, collected by ours.
 *
 * Each line becomes an object with the references that stand there. References from what is not in
 * the file are only known as a number, the rest of the refcount; the collector needs no more. It is
 * run with DEBUG_SAVEALL, so that what it finds can be looked at. Cycles are then told apart as
 * strongly connected components, which the collector itself never needs to know.
 */
#include "heapfile.h"

#include <inttypes.h>

static HeapFile heap_file;
static Entry *entries; // its

/* ---- The collection --------------------------------------------------------------------------*/

typedef struct {
    Object ob;
    ssize_t entry;
} Node;

static Node **nodes; // by entry

static void node_traverse(Object *op, Visit visit, void *arg) {
    const Entry *entry = &entries[((Node *)op)->entry];
    for (ssize_t k = entry->first; k < entry->first + entry->count; k++)
        visit(OBJECT(nodes[heap_file.referents[k]]), arg);
}

static const Type Node_Type = {
    .name = "node", .basicsize = sizeof(Node), .gc = true, .traverse = node_traverse};

/* More than the references of any file; what does not fit the bits of gc_refs (an immortal object's
 * count, on 32 bits) is as much. */
enum { REFCOUNT_LIMIT = 1 << 28 };

/* Marks what is garbage; how many there are. */
static ssize_t collect(void) {
    gc_init();
    need(gc_garbage);
    gc.enabled = false; // while the objects are half made
    gc.debug |= DEBUG_SAVEALL;
    nodes = need(calloc((size_t)heap_file.count + 1, sizeof *nodes));
    for (ssize_t i = 0; i < heap_file.count; i++) {
        nodes[i] = need(object_new(&Node_Type, 0));
        nodes[i]->entry = i;
        int64_t refcount = entries[i].refcount;
        nodes[i]->ob.refcnt = (ssize_t)(refcount < REFCOUNT_LIMIT ? refcount : REFCOUNT_LIMIT);
    }
    for (ssize_t i = 0; i < heap_file.count; i++)
        gc_track(OBJECT(nodes[i]));
    ssize_t found = gc_collect(NUM_GENERATIONS - 1);
    for (ssize_t i = 0; i < gc_garbage->size; i++)
        entries[((Node *)gc_garbage->items[i])->entry].garbage = true;
    return found;
}

/* The objects refer to each other without having counted it one by one, so none may die by its
 * count. */
static void free_all(void) {
    heap_free(gc_garbage->items, (size_t)gc_garbage->allocated * sizeof(Object *));
    gc_garbage->items = NULL;
    gc_garbage->size = gc_garbage->allocated = 0;
    for (ssize_t i = 0; i < heap_file.count; i++)
        object_del(OBJECT(nodes[i]), 0);
    free(nodes);
    clear_ref(gc_garbage);
    heap_file_free(&heap_file);
}

/* ---- Cycles ----------------------------------------------------------------------------------*/

typedef struct {
    ssize_t entry, next; // where it has got to among its referents
} Visiting;

typedef struct {
    ssize_t number, first, count; // first: the lowest entry
    uint64_t size;
    bool garbage;
} Cycle;

static Cycle *cycles;
static ssize_t cycle_count;

static bool refers_to_itself(const Entry *entry) {
    for (ssize_t k = entry->first; k < entry->first + entry->count; k++)
        if (&entries[heap_file.referents[k]] == entry) return true;
    return false;
}

/* Tarjan's algorithm, with a stack of its own: a chain in a heap may be long. Each entry's
 * component is a cycle's number, or 0: in none. */
static void find_cycles(void) {
    size_t n = (size_t)heap_file.count + 1;
    ssize_t *index = need(calloc(n, sizeof *index)), *low = need(calloc(n, sizeof *low));
    ssize_t *open = need(calloc(n, sizeof *open)), opened = 0, seen = 0;
    Visiting *stack = need(calloc(n, sizeof *stack));
    cycles = need(calloc(n, sizeof *cycles));
    enum { OPEN = -1 }; // the component of what is on `open`
    for (ssize_t root = 0; root < heap_file.count; root++) {
        ssize_t depth = 0;
        if (index[root]) continue;
        stack[depth++] = (Visiting){root, 0};
        while (depth > 0) {
            Visiting *at = &stack[depth - 1];
            ssize_t i = at->entry;
            if (!index[i]) {
                index[i] = low[i] = ++seen;
                entries[i].component = OPEN;
                open[opened++] = i;
            }
            if (at->next < entries[i].count) {
                ssize_t to = heap_file.referents[entries[i].first + at->next++];
                if (!index[to])
                    stack[depth++] = (Visiting){to, 0};
                else if (entries[to].component == OPEN && index[to] < low[i])
                    low[i] = index[to];
                continue;
            }
            depth--;
            if (depth > 0 && low[i] < low[stack[depth - 1].entry])
                low[stack[depth - 1].entry] = low[i];
            if (low[i] != index[i]) continue;
            bool cyclic = open[opened - 1] != i || refers_to_itself(&entries[i]);
            Cycle *cycle = &cycles[cycle_count];
            cycle_count += cyclic;
            if (cyclic) *cycle = (Cycle){cycle_count, i, 0, 0, entries[i].garbage};
            ssize_t member;
            do {
                member = open[--opened];
                entries[member].component = cyclic ? cycle_count : 0;
                if (!cyclic) continue;
                cycle->count++;
                cycle->size += entries[member].size;
                if (member < cycle->first) cycle->first = member;
            } while (member != i);
        }
    }
    free(index);
    free(low);
    free(open);
    free(stack);
}

/* ---- Paths -----------------------------------------------------------------------------------*/

/* The shortest path from any of the entries that `begins` says to the first that `ends` says, by
 * breadth-first search through those of `within` (0: all). Into `path`, whose length is returned;
 * 0: none. */
static ssize_t find_path(bool (*begins)(ssize_t), bool (*ends)(ssize_t), ssize_t within,
                         ssize_t *path) {
    size_t n = (size_t)heap_file.count + 1;
    ssize_t *from = need(calloc(n, sizeof *from)), *queue = need(calloc(n, sizeof *queue));
    ssize_t filled = 0, length = 0, end = -1;
    for (ssize_t i = 0; i < heap_file.count; i++) {
        if (!begins(i)) continue;
        from[i] = -1;
        queue[filled++] = i;
    }
    for (ssize_t next = 0; next < filled && end < 0; next++) {
        const Entry *entry = &entries[queue[next]];
        if (ends(queue[next])) end = queue[next];
        for (ssize_t k = entry->first; k < entry->first + entry->count && end < 0; k++) {
            ssize_t to = heap_file.referents[k];
            if (from[to] || (within && entries[to].component != within)) continue;
            from[to] = queue[next] + 1;
            queue[filled++] = to;
        }
    }
    for (ssize_t i = end; i >= 0; i = from[i] - 1) {
        path[length++] = i;
        if (from[i] < 0) break;
    }
    for (ssize_t i = 0; i < length / 2; i++) {
        ssize_t swapped = path[i];
        path[i] = path[length - 1 - i];
        path[length - 1 - i] = swapped;
    }
    free(from);
    free(queue);
    return length;
}

static ssize_t wanted, member_of; // what the functions below ask for

static bool from_outside(ssize_t i) {
    return entries[i].refcount > entries[i].internal;
}
static bool is_wanted(ssize_t i) {
    return i == wanted;
}
static bool refers_to_wanted(ssize_t i) {
    for (ssize_t k = entries[i].first; k < entries[i].first + entries[i].count; k++)
        if (heap_file.referents[k] == wanted) return true;
    return false;
}
static bool is_member(ssize_t i) {
    return entries[i].component == member_of;
}

/* An entry as "17 dict", where `column` is; the column behind it. */
static int write_entry(ssize_t i, int column, const char *before) {
    char type[44], text[80];
    size_t length = strlen(entries[i].type);
    snprintf(type, sizeof type, "%.*s%s", length > 40 ? 37 : 40, entries[i].type,
             length > 40 ? "..." : "");
    int width = snprintf(text, sizeof text, "%s%" PRId64 " %s", before, entries[i].id, type);
    if (column + width > 78) column = printf("\n      ") - 1;
    write_visible(stdout, text);
    return column + width;
}

/* Those in the middle of a long path are left out. */
static void write_path(const char *first, const ssize_t *path, ssize_t length, bool round) {
    int column = printf("    %s", first);
    for (ssize_t i = 0; i < length; i++) {
        if (length > 12 && i >= 6 && i < length - 4) {
            if (i == 6) column += printf(" -> (%zd more)", length - 10);
            continue;
        }
        column = write_entry(path[i], column, i ? " -> " : "");
    }
    if (round) printf(" -> %" PRId64, entries[path[0]].id);
    putchar('\n');
}

/* ---- The report ------------------------------------------------------------------------------*/

typedef struct {
    const char *type;
    int length; // of its name, without what stands in parentheses
    ssize_t count;
    uint64_t size;
} Row;

static int by_name(const void *a, const void *b) {
    const Row *x = a, *y = b;
    int order = strncmp(x->type, y->type, (size_t)(x->length < y->length ? x->length : y->length));
    return order ? order : x->length - y->length;
}

static int by_bytes(const void *a, const void *b) {
    const Row *x = a, *y = b;
    return x->size != y->size ? (x->size < y->size) - (x->size > y->size) : by_name(a, b);
}

/* What garbage there is, by type. */
static void report_types(ssize_t found) {
    Row *rows = need(calloc((size_t)found, sizeof *rows));
    ssize_t filled = 0, count = 0;
    for (ssize_t i = 0; i < heap_file.count; i++) {
        if (!entries[i].garbage) continue;
        rows[filled++] =
            (Row){entries[i].type, (int)strcspn(entries[i].type, "("), 1, entries[i].size};
    }
    qsort(rows, (size_t)found, sizeof *rows, by_name);
    for (ssize_t i = 0; i < found; i++) {
        if (count > 0 && by_name(&rows[count - 1], &rows[i]) == 0) {
            rows[count - 1].count++;
            rows[count - 1].size += rows[i].size;
        } else {
            rows[count++] = rows[i];
        }
    }
    qsort(rows, (size_t)count, sizeof *rows, by_bytes);
    for (ssize_t i = 0; i < count && i < 6; i++) {
        char type[44];
        snprintf(type, sizeof type, "%.*s", rows[i].length > 40 ? 40 : rows[i].length,
                 rows[i].type);
        printf("  %8zd  %12" PRIu64 "  ", rows[i].count, rows[i].size);
        write_visible(stdout, type);
        putchar('\n');
    }
    if (count > 6) printf("  and of %zd other types\n", count - 6);
    free(rows);
}

static int larger(const void *a, const void *b) {
    const Cycle *x = a, *y = b;
    if (x->size != y->size) return (x->size < y->size) - (x->size > y->size);
    return (x->first > y->first) - (x->first < y->first);
}

/* One way round, through the lowest entry. */
static void write_round(const Cycle *cycle, ssize_t *path) {
    wanted = cycle->first;
    ssize_t length = find_path(is_wanted, refers_to_wanted, cycle->number, path);
    write_path("round:  ", path, length, true);
}

/* A garbage cycle may have another garbage object that refers to it; a living one has a path from
 * outside. */
static void write_holder(const Cycle *cycle, ssize_t *path) {
    member_of = cycle->number;
    if (!cycle->garbage) {
        write_path("held:   outside -> ", path, find_path(from_outside, is_member, 0, path), false);
        return;
    }
    for (ssize_t i = 0; i < heap_file.count; i++) {
        if (is_member(i)) continue;
        for (ssize_t k = entries[i].first; k < entries[i].first + entries[i].count; k++) {
            if (!is_member(heap_file.referents[k])) continue;
            write_path("held:   by garbage, ", (ssize_t[]){i, heap_file.referents[k]}, 2, false);
            return;
        }
    }
    puts("    held:   by itself alone");
}

static void report_cycles(bool garbage, ssize_t most, ssize_t *path) {
    ssize_t count = 0;
    for (ssize_t i = 0; i < cycle_count; i++)
        count += cycles[i].garbage == garbage;
    printf("\n%s: %zd cycle%s%s\n", garbage ? "among the garbage" : "alive", count,
           count == 1 ? "" : "s", count > most ? "; the largest:" : "");
    for (ssize_t i = 0, shown = 0; i < cycle_count && shown < most; i++) {
        if (cycles[i].garbage != garbage) continue;
        shown++;
        printf("\n  %zd object%s, %" PRIu64 " bytes\n", cycles[i].count,
               cycles[i].count == 1 ? "" : "s", cycles[i].size);
        write_round(&cycles[i], path);
        write_holder(&cycles[i], path);
    }
}

static int report_one(int64_t id, ssize_t *path) {
    wanted = heap_file_find(&heap_file, id);
    if (wanted < 0)
        return usage_error(telling.demo->program, "%s: no line has the id %" PRId64, heap_file.name,
                           id);
    ssize_t length = find_path(from_outside, is_wanted, 0, path);
    write_entry(wanted, 0, "");
    puts(length ? " is alive:" : " is garbage: no path leads to it from outside");
    if (length) write_path("outside -> ", path, length, false);
    return 0;
}

static void report(ssize_t *path) {
    ssize_t found = collect(), roots = 0;
    uint64_t size = 0, garbage = 0;
    for (ssize_t i = 0; i < heap_file.count; i++) {
        roots += from_outside(i);
        size += entries[i].size;
        if (entries[i].garbage) garbage += entries[i].size;
    }
    printf("%zd object%s, %" PRIu64 " bytes; %zd have references from outside\n", heap_file.count,
           heap_file.count == 1 ? "" : "s", size, roots);
    printf("garbage: %zd, of %" PRIu64 " bytes\n", found, garbage);
    if (found) report_types(found);
    find_cycles();
    qsort(cycles, (size_t)cycle_count, sizeof *cycles, larger);
    report_cycles(true, 4, path);
    report_cycles(false, 2, path);
    free(cycles);
    free_all();
}

int demo_heap(const char *name, long why) {
    int status = heap_file_read(&heap_file, name);
    entries = heap_file.entries;
    if (status) return status;
    ssize_t *path = need(calloc((size_t)heap_file.count + 1, sizeof *path));
    if (why >= 0)
        status = report_one(why, path);
    else
        report(path);
    free(path);
    return status;
}
