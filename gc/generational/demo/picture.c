/* picture.c: the book's picture of a heap: lists, the names that refer to them, and a collection
 * step by step. What is drawn is read from the objects, and from the collector's heads where a step
 * says that they can be read.
 */
#include "../../../common/picture.h"

#include "../gc.h"

#include <ctype.h>
#include <math.h>

static const char *const picture_about =
    "Lists and who refers to them; the number is the refcnt. Type a = [], b = [a], a.append(b), del a, a.clear(), gc.collect(0), or choose a named object and then the one it shall refer to.";
static const char *const picture_start =
    "a = []\nb = [a]\na.append(b)\nc = [b]\nd = []\nd.append(d)\ndel a\ndel b\ndel d\ngc.collect()\ndel c\ngc.collect()";
static const char *const picture_opens = "subtract_refs";

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

/* The index of a name; -1 if there is none. */
static int find(const char *name) {
    for (int i = 0; i < nnames; i++)
        if (strcmp(names[i].name, name) == 0) return i;
    return -1;
}

static int generation_of(GCHead *head) {
    for (int i = 0; i < NUM_GENERATIONS && stage == RESTING; i++) {
        GCHead *list = &gc.generations[i].head;
        for (GCHead *g = gc_next(list); g != list; g = gc_next(g))
            if (g == head) return i;
    }
    return -1;
}

/* ---- The drawing: objects in rows of three, and an arrow for each reference. -----------------*/

enum { APART = 115, RADIUS = 30 };

static double x_of(int i) {
    return APART * (i % 3 + 0.5);
}

static double y_of(int i) {
    return 66 + (APART + 15) * (i / 3);
}

static struct { int from, n; } references; // that an object is asked for: n so far

static void draw_arrow(Object *op, void *arg) {
    FILE *out = arg;
    int from = references.from, to = number_of(op);
    if (to < 0) return; // it is being destroyed
    double x1 = x_of(from), y1 = y_of(from), dx = x_of(to) - x1, dy = y_of(to) - y1;
    double length = hypot(dx, dy), bend = 26 + 8 * (references.n++ % 3);
    fputs("<path class='arrow' marker-end='url(#arrow)' d='", out);
    if (from == to) {
        fprintf(out, "M%g %g c 14 -30 44 -10 20 8'/>", x1 + 14, y1 - 24);
        return;
    }
    dx /= length;
    dy /= length;
    if (length > 1.5 * APART && dy == 0) bend = 62; // around the one between them
    fprintf(out, "M%.1f %.1fQ%.1f %.1f %.1f %.1f'/>", x1 + (RADIUS + 2) * dx,
            y1 + (RADIUS + 2) * dy, x1 + dx * length / 2 - bend * dy,
            y1 + dy * length / 2 + bend * dx, x1 + (length - 36) * dx - 6 * dy,
            y1 + (length - 36) * dy + 6 * dx);
}

static void write_reference(Object *op, void *out) {
    if (number_of(op) < 0) return;
    fprintf(out, "%s %d", references.n++ ? "," : "", number_of(op));
}

static void draw_object(FILE *out, int i) {
    GCHead *head = AS_GC(OBJECT(objects[i]));
    bool flagged = stage != RESTING && gc_is_collecting(head);
    bool garbage = flagged && stage == SPLIT;
    ssize_t refcnt = objects[i]->ob.refcnt;
    ssize_t gc_refs = flagged && stage == COUNTING ? gc_get_refs(head) : -1;
    char mine[NAMES_MAX * NAME_SIZE + 1] = "", below[32] = "";
    for (int n = 0; n < nnames; n++)
        if (names[n].value == objects[i]) strcat(strcat(mine, *mine ? " " : ""), names[n].name);
    int length = (int)strcspn(mine, " "); // of the name by which a click says what it refers to
    if (gc_refs >= 0)
        snprintf(below, sizeof below, "gc_refs %zd", gc_refs);
    else if (generation_of(head) >= 0)
        snprintf(below, sizeof below, "gen. %d", generation_of(head));
    else if (garbage)
        strcpy(below, "unreachable");
    fprintf(out, "<g class='object%s%s' transform='translate(%g %g)'>", garbage ? " garbage" : "",
            gc_refs > 0 ? " outside" : "", x_of(i), y_of(i));
    fprintf(out, "<g tabindex='0' role='button' data-key='object%d' aria-pressed='false'", i);
    if (*mine)
        fprintf(out, " data-from='%.*s' data-to='.append(%.*s)'", length, mine, length, mine);
    else
        fputs(" aria-disabled='true'", out);
    fprintf(out, " aria-label='object %d, refcnt %zd%s%s, %s%s, refers to", i, refcnt,
            *below ? ", " : "", below, *mine ? "named " : "no name", mine);
    references.n = 0;
    objects[i]->ob.type->traverse(OBJECT(objects[i]), write_reference, out);
    fprintf(out, "%s'><circle r='%d'/></g>", references.n ? "" : " nothing", RADIUS);
    fprintf(out, "<text y='-6' class='quiet'>#%d</text><text y='15' class='count'>%zd</text>", i,
            refcnt);
    fprintf(out, "<text y='-40' class='name'>%s</text><text y='46' class='quiet'>%s</text></g>",
            mine, below);
}

static void picture_draw(FILE *out) {
    char unused[] = "a";
    for (int n; *unused < 'z' && (n = find(unused)) >= 0 && names[n].value;)
        ++*unused;
    fprintf(out,
            "<p class='tools'><button data-add='%s = []' data-key='new'>New object</button>"
            "<button data-add='gc.collect()' data-key='collect'>Collect</button></p>",
            unused);
    int last = nobjects - 1;
    while (last >= 0 && !objects[last])
        last--;
    if (last < 0) {
        fputs("<p>The heap is empty.</p>", out);
        return;
    }
    fprintf(out,
            "<svg viewBox='0 0 %d %g' role='group' aria-label='the heap'><defs><marker id='arrow' "
            "viewBox='0 0 10 10' refX='8' refY='5' markerWidth='7' markerHeight='7' orient='auto'>"
            "<path d='M0 0 10 5 0 10z'/></marker></defs>",
            3 * APART, y_of(last) + 74);
    for (int i = 0; i <= last; i++) {
        references.from = i;
        references.n = 0;
        if (objects[i]) objects[i]->ob.type->traverse(OBJECT(objects[i]), draw_arrow, out);
    }
    for (int i = 0; i <= last; i++)
        if (objects[i]) draw_object(out, i);
    fputs("</svg>", out);
}

/* ---- What happens to the heap -----------------------------------------------------------------*/

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
