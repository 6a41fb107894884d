/* picture.c: the book's picture of a heap: lists, the names that refer to them, and a collection
 * step by step. What is drawn is read from the objects, and from the collector's heads where a step
 * says that they can be read.
 */
#include "../../../common/picture.h"

#include "../gc.h"

#include <ctype.h>

enum { OBJECTS_MAX = 40, NAMES_MAX = 26, NAME_SIZE = 8 };

static List *objects[OBJECTS_MAX]; // in the order of birth, borrowed; NULL: dead
static int nobjects;
static struct {
    char name[NAME_SIZE];
    List *value; // owned; NULL: a name that is not bound
} names[NAMES_MAX];
static int nnames;
static enum {
    RESTING,
    COUNTING,
    SPLIT
} stage; // COUNTING: prev holds gc_refs; SPLIT: flagged is garbage
static int collected_generation;

static int number_of(Object *op) {
    for (int i = 0; i < nobjects; i++)
        if (OBJECT(objects[i]) == op) return i;
    return -1;
}

static bool first_reference;

static void visit_write(Object *op, void *out) {
    int i = number_of(op);
    if (i < 0) return; // it is being destroyed
    fprintf(out, "%s%d", first_reference ? "" : ",", i);
    first_reference = false;
}

static int generation_of(GCHead *head) {
    for (int i = 0; i < NUM_GENERATIONS && stage == RESTING; i++) {
        GCHead *list = &gc.generations[i].head;
        for (GCHead *g = gc_next(list); g != list; g = gc_next(g))
            if (g == head) return i;
    }
    return -1;
}

static void picture_state(FILE *out) {
    fprintf(out, ",\"objects\":[");
    bool first = true;
    for (int i = 0; i < nobjects; i++) {
        if (!objects[i]) continue;
        GCHead *head = AS_GC(OBJECT(objects[i]));
        bool flagged = stage != RESTING && gc_is_collecting(head);
        fprintf(
            out,
            "%s{\"id\":%d,\"refcnt\":%zd,\"gc_refs\":%zd,\"garbage\":%s,\"generation\":%d,\"refers\":[",
            first ? "" : ",", i, objects[i]->ob.refcnt,
            flagged && stage == COUNTING ? gc_get_refs(head) : -1,
            flagged && stage == SPLIT ? "true" : "false", generation_of(head));
        first = false;
        first_reference = true;
        objects[i]->ob.type->traverse(OBJECT(objects[i]), visit_write, out);
        fprintf(out, "]}");
    }
    fprintf(out, "],\"names\":[");
    first = true;
    for (int i = 0; i < nnames; i++) {
        if (!names[i].value) continue;
        fprintf(out, "%s[\"%s\",%d]", first ? "" : ",", names[i].name,
                number_of(OBJECT(names[i].value)));
        first = false;
    }
    putc(']', out);
}

/* The heap tells of each block that dies; those of the objects begin with their heads. */
static void watch(void *block, size_t size, bool born) {
    (void)size;
    for (int i = 0; i < nobjects && !born; i++) {
        if (!objects[i] || (void *)AS_GC(OBJECT(objects[i])) != block) continue;
        objects[i] = NULL;
        frame("object %d is destroyed: nobody refers to it any more", i);
    }
}

static void tell_step(const char *step, GCHead *young, GCHead *unreachable) {
    (void)young;
    if (strcmp(step, "update_refs") == 0) {
        stage = COUNTING;
        frame("update_refs(): gc_refs = refcnt, for each object of generation %d and younger",
              collected_generation);
    } else if (strcmp(step, "subtract_refs") == 0) {
        frame(
            "subtract_refs(): each reference from one of them to another takes 1 away; what is left comes from outside");
    } else if (strcmp(step, "move_unreachable") == 0) {
        stage = SPLIT;
        gc_step = NULL; // it is asked once more after the finalizers, and there are none here
        frame(
            "move_unreachable(): what has more than 0, and what can be reached from there, stays: %zd unreachable",
            gc_list_size(unreachable));
    }
}

static void collect(int generation) {
    collected_generation = generation;
    gc_step = tell_step;
    ssize_t found = gc_collect(generation);
    gc_step = NULL;
    stage = RESTING;
    frame("gc.collect(%d) found %zd; what survived is in generation %d", generation, found,
          generation + 1 < NUM_GENERATIONS ? generation + 1 : generation);
}

/* ---- Statements ------------------------------------------------------------------------------*/

static bool take(const char **at, const char *text) {
    *at += strspn(*at, " ");
    size_t length = strlen(text);
    if (strncmp(*at, text, length) != 0) return false;
    *at += length;
    return true;
}

static bool at_end(const char **at) {
    return take(at, "") && !**at;
}

static bool read_name(const char **at, char name[NAME_SIZE]) {
    int length = 0;
    *at += strspn(*at, " ");
    if (sscanf(*at, "%7[A-Za-z0-9_]%n", name, &length) != 1 || isdigit((unsigned char)*name))
        return false;
    *at += length;
    return true;
}

/* The index of a name; -1 if there is none. */
static int find(const char *name) {
    for (int i = 0; i < nnames; i++)
        if (strcmp(names[i].name, name) == 0) return i;
    return -1;
}

/* What a name that is read refers to, borrowed. */
static List *read_value(const char **at, const char **wrong) {
    char name[NAME_SIZE];
    int i = read_name(at, name) ? find(name) : -1;
    if (i >= 0 && names[i].value) return names[i].value;
    *wrong = "NameError: there is no such name";
    return NULL;
}

/* "[b, c]", with the bracket read: a new reference. */
static List *read_list(const char **at, const char **wrong) {
    if (nobjects == OBJECTS_MAX) {
        *wrong = "forty objects are enough";
        return NULL;
    }
    List *list = list_new();
    while (list && !take(at, "]")) {
        List *item = read_value(at, wrong);
        if (item && list_append(list, OBJECT(item)) == 0 && (take(at, ",") || **at == ']'))
            continue;
        if (!*wrong) *wrong = "a list is [] or [a, b]";
        decref(list);
        return NULL;
    }
    if (list) objects[nobjects++] = list;
    return list;
}

static const char *assign(int i, const char *at) {
    const char *wrong = NULL;
    bool display = take(&at, "[");
    List *value = display ? read_list(&at, &wrong) : read_value(&at, &wrong);
    if (!value) return wrong ? wrong : "MemoryError";
    if (!display) incref(value);
    List *old = names[i].value;
    names[i].value = value;
    frame(display ? "%s = a new list, object %d" : "%s refers to object %d, too", names[i].name,
          number_of(OBJECT(value)));
    xdecref(old);
    if (old) frame("%s no longer refers to what it did", names[i].name);
    return at_end(&at) ? NULL : "there is more than a statement";
}

static const char *unbind(const char *at) {
    char name[NAME_SIZE];
    int i = read_name(&at, name) && at_end(&at) ? find(name) : -1;
    if (i < 0 || !names[i].value) return "NameError: there is no such name";
    List *old = names[i].value;
    names[i].value = NULL;
    int object = number_of(OBJECT(old));
    ssize_t left = old->ob.refcnt - 1;
    decref(old);
    frame("del %s: object %d has %zd left", name, object, left);
    return NULL;
}

static const char *append(List *list, const char *at) {
    const char *wrong = NULL;
    List *item = read_value(&at, &wrong);
    if (!item) return wrong;
    if (!take(&at, ")") || !at_end(&at)) return "type a.append(b)";
    if (list_append(list, OBJECT(item)) < 0) return "MemoryError";
    frame("object %d refers to object %d", number_of(OBJECT(list)), number_of(OBJECT(item)));
    return NULL;
}

static const char *picture_line(const char *line) {
    static const char can_be_typed[] =
        "type a = [], a = b, a.append(b), a.clear(), del a or gc.collect()";
    char name[NAME_SIZE];
    const char *at = line;
    if (!heap.watcher) {
        if (gc_init() < 0) return "MemoryError";
        heap.watcher = watch;
    }
    if (take(&at, "gc.collect(")) {
        int generation = isdigit((unsigned char)*at) ? *at++ - '0' : NUM_GENERATIONS - 1;
        if (!take(&at, ")") || !at_end(&at)) return can_be_typed;
        if (generation >= NUM_GENERATIONS) return "ValueError: invalid generation";
        collect(generation);
        return NULL;
    }
    if (take(&at, "del ")) return unbind(at);
    if (!read_name(&at, name)) return can_be_typed;
    int i = find(name);
    if (take(&at, "=")) {
        if (i < 0 && nnames == NAMES_MAX) return "as many names as letters are enough";
        if (i < 0) strcpy(names[i = nnames++].name, name);
        return assign(i, at);
    }
    if (i < 0 || !names[i].value)
        return take(&at, ".") ? "NameError: there is no such name" : can_be_typed;
    if (take(&at, ".append(")) return append(names[i].value, at);
    if (!take(&at, ".clear()") || !at_end(&at)) return can_be_typed;
    List *list = names[i].value;
    incref(list); // it may refer to itself alone
    list_clear(list);
    frame("object %d is empty", number_of(OBJECT(list)));
    decref(list);
    return NULL;
}
