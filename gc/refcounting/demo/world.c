/* world.c: the names and objects of a little program, each reference with its owner.
 *
 * Nothing here counts: the counts are the mechanism's. The world knows who was made, hears from the
 * heap who dies, and can say for each object what it refers to.
 */
#include "parts.h"

World world;

static const char *const node_fields[] = {"x", "y", NULL};
static const char *const cell_fields[] = {"contents", NULL};

static void happens(const char *what, const Object *op, const char *more) {
    char label[LABEL_SIZE];
    world_label(op, label);
    if (!world.quiet) printf("      %s%s%s\n", what, label, more);
    if (world.happened) fprintf(world.happened, "; %s%s", what, label);
}

/* ---- Classes whose death can be seen ---------------------------------------------------------*/

static void bind(const char *text, Object *value) {
    Name *name = world_name(text, true);
    set_ref(name->value, new_ref(value));
}

static void loud_finalize(Object *self) {
    happens("__del__ of ", self, "");
}

static void phoenix_finalize(Object *self) {
    happens("__del__ of ", self, ": kept = self");
    bind("kept", self);
}

const Type Node_Type = INSTANCE_TYPE("Node", node_fields, 2, NULL);
const Type Loud_Type = INSTANCE_TYPE("Loud", node_fields, 2, loud_finalize);
const Type Phoenix_Type = INSTANCE_TYPE("Phoenix", node_fields, 2, phoenix_finalize);
const Type Cell_Type = INSTANCE_TYPE("cell", cell_fields, 1, NULL);

static Object *tell_code(Object *closure, Object *ref) {
    (void)closure;
    happens("callback of ", ref,
            ((WeakRef *)ref)->object ? "" : ", which refers to nothing any more");
    return new_ref(None);
}

Object *world_tell(void) {
    static Object *tell;
    if (!tell) tell = function_new("tell", tell_code, NULL);
    return tell;
}

/* def closure():
 *     def f(): return f
 *     return f */
static Object *closure_code(Object *cell, Object *argument) {
    (void)argument;
    return new_ref(((Instance *)cell)->fields[0]);
}

Object *world_closure(void) {
    Object *cell = world_know(instance_new(&Cell_Type));
    Object *f = cell ? world_know(function_new("f", closure_code, cell)) : NULL;
    if (f) ((Instance *)cell)->fields[0] = new_ref(f);
    xdecref(cell);
    return f;
}

/* ---- Who is there ----------------------------------------------------------------------------*/

static Known *known(const Object *op) {
    for (size_t i = world.nobjects; op && i-- > 0;)
        if (world.objects[i].op == op) return &world.objects[i];
    return NULL;
}

static void on_block(void *block, size_t size, bool born) {
    (void)size;
    Known *dying = born ? NULL : known(FROM_GC((GCHead *)block));
    if (!dying) return;
    char label[LABEL_SIZE];
    if (!world.quiet) printf("      %s dies\n", world_label(dying->op, label));
    dying->op = NULL;
}

Object *world_know(Object *op) {
    if (!op || known(op)) return op;
    Known *grown = realloc(world.objects, (world.nobjects + 1) * sizeof *grown);
    if (!grown) need(error_no_memory());
    world.objects = grown;
    world.objects[world.nobjects++] = (Known){.op = op, .type = op->type};
    return op;
}

const char *world_kind(const Type *type) {
    return type == &WeakRef_Type ? "ref" : type->name;
}

const char *world_label(const Object *op, char text[LABEL_SIZE]) {
    const Known *it = known(op);
    if (!it) return object_repr(op, text, LABEL_SIZE);
    snprintf(text, LABEL_SIZE, it->number ? "%s %d" : "a new %s", world_kind(op->type), it->number);
    return text;
}

void world_begin(void) {
    must(world_tell() ? 0 : -1);
    heap.watcher = on_block;
}

void world_begin_statement(void) {
    size_t kept = 0;
    for (size_t i = 0; i < world.nobjects; i++)
        if (world.objects[i].op) world.objects[kept++] = world.objects[i];
    world.nobjects = kept;
}

void world_settle(void) {
    for (size_t i = 0; i < world.nobjects; i++)
        if (world.objects[i].op && !world.objects[i].number)
            world.objects[i].number = ++world.numbered;
}

/* Each object is held once more, so that none goes before all are empty; what count is left over then
 * is a leak. Finalizers have had their time. */
void world_end(void) {
    heap.watcher = NULL;
    world_begin_statement();
    for (size_t i = 0; i < world.nobjects; i++) {
        incref(world.objects[i].op);
        AS_GC(world.objects[i].op)->prev |= PREV_MASK_FINALIZED;
    }
    while (world.nnames > 0)
        world_forget(&world.names[0]);
    for (size_t i = 0; i < world.nobjects; i++)
        world.objects[i].type->clear(world.objects[i].op);
    for (size_t i = 0; i < world.nobjects; i++) {
        world.objects[i].op->refcnt = 1;
        decref(world.objects[i].op);
    }
    free(world.names);
    free(world.objects);
    world = (World){0};
}

/* ---- Names -----------------------------------------------------------------------------------*/

Name *world_name(const char *text, bool make) {
    for (size_t i = 0; i < world.nnames; i++)
        if (strcmp(world.names[i].text, text) == 0) return &world.names[i];
    if (!make) return NULL;
    Name *grown = realloc(world.names, (world.nnames + 1) * sizeof *grown);
    if (!grown) need(error_no_memory());
    world.names = grown;
    Name *name = &grown[world.nnames++];
    *name = (Name){.value = NULL};
    snprintf(name->text, sizeof name->text, "%s", text);
    return name;
}

/* The name is gone before its object is let go, as that may run code that binds names. */
void world_forget(Name *name) {
    Object *value = name->value;
    size_t after = world.nnames - (size_t)(name - world.names) - 1;
    memmove(name, name + 1, after * sizeof *name);
    world.nnames--;
    xdecref(value);
}

/* ---- What refers to what ---------------------------------------------------------------------*/

static ssize_t nfields(const Object *op) {
    ssize_t n = 0;
    while (op->type->fields && op->type->fields[n])
        n++;
    return n;
}

ssize_t world_edges(const Object *op) {
    if (op->type == &List_Type) return ((const List *)op)->size;
    return op->type == &Function_Type || op->type == &WeakRef_Type ? 1 : nfields(op);
}

Edge world_edge(const Object *op, ssize_t i) {
    Edge edge = {.counts = true};
    if (op->type == &List_Type) {
        snprintf(edge.place, sizeof edge.place, "[%zd]", i);
        edge.to = ((const List *)op)->items[i];
    } else if (op->type == &Function_Type) {
        snprintf(edge.place, sizeof edge.place, "closure");
        edge.to = ((const Function *)op)->closure;
    } else if (op->type == &WeakRef_Type) {
        edge.to = ((const WeakRef *)op)->object;
        edge.counts = false;
    } else {
        snprintf(edge.place, sizeof edge.place, "%s", op->type->fields[i]);
        edge.to = ((const Instance *)op)->fields[i];
    }
    return edge;
}

size_t world_bytes(const Object *op) {
    size_t items = op->type == &List_Type ? (size_t)((const List *)op)->allocated : 0;
    return sizeof(GCHead) + object_size(op->type, 0) + items * sizeof(Object *);
}

/* Marks an object; what it refers to is looked at in a later round. */
static bool reach(const Object *op) {
    Known *it = known(op);
    if (!it || it->reached) return false;
    return it->reached = true;
}

size_t world_mark(size_t *bytes) {
    for (size_t i = 0; i < world.nobjects; i++)
        world.objects[i].reached = false;
    for (size_t i = 0; i < world.nnames; i++)
        reach(world.names[i].value);
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < world.nobjects; i++) {
            const Known *it = &world.objects[i];
            for (ssize_t k = it->op && it->reached ? world_edges(it->op) : 0; k-- > 0;) {
                Edge edge = world_edge(it->op, k);
                more |= edge.counts && reach(edge.to);
            }
        }
    }
    size_t lost = 0;
    *bytes = 0;
    for (size_t i = 0; i < world.nobjects; i++) {
        if (!world.objects[i].op || world.objects[i].reached) continue;
        lost++;
        *bytes += world_bytes(world.objects[i].op);
    }
    return lost;
}
