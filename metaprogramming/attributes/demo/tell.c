/* tell.c: a lookup's steps in words; and drawings for Graphviz: the lookup as a decision graph with
 * the counts of what ran on its edges, an instance and its class as they lie in memory. */
#include "demo.h"

enum { DEEPEST = 3 }; // that is told: a hook that asks itself goes on for long

static struct {
    bool as_it_is[DEEPEST + 1]; // of what is found on the class nobody is asked at this depth
    bool cut;                   // "..." was printed
    bool deletes;
} telling_steps;

static void put_found(const AttributeStep *step) {
    if (step->found) show(step->found, stdout);
    if (!step->found) printf("nothing");
    if (step->where) printf(", in %s", step->where->name);
    putchar('\n');
}

static void put_mro(const Type *type) {
    for (ssize_t i = 0; type->mro && i < type->mro->size; i++)
        printf("%s%s", i ? ", " : "", ((const Type *)type->mro->items[i])->name);
}

/* What was raised stays pending. */
static void put_returned(const Object *value) {
    Error error = error_fetch();
    printf("-> ");
    if (value) show(value, stdout);
    if (!value)
        printf("%s%s%.40s", error_name(error.type), *error.message ? ": " : "", error.message);
    putchar('\n');
    error_restore(error);
}

static void tell_step(const AttributeStep *step, int depth, void *arg) {
    (void)arg;
    const char *name = step->name->text;
    bool get = step->found && step->found->type->descr_get;
    if (depth > DEEPEST) {
        if (!telling_steps.cut) printf("    %*s...\n", 2 * depth, "");
        telling_steps.cut = true;
        return;
    }
    bool builtin = type_check(step->self) && !(((const Type *)step->self)->flags & HEAPTYPE);
    if (builtin || (step->event == ATTR_SET_INSTANCE && type_check(step->self))) return;
    // What comes of it all is printed anyway.
    if (step->event == ATTR_RETURNS && (depth == 0 || telling_steps.as_it_is[depth])) return;
    if (step->event == ATTR_RETURNS && telling_steps.cut && depth >= DEEPEST - 1) return;
    bool calls = step->event == ATTR_DESCRIPTOR_GET || step->event == ATTR_GETATTR ||
                 step->event == ATTR_GETATTRIBUTE;
    if (calls) telling_steps.as_it_is[depth] = step->event == ATTR_DESCRIPTOR_GET && !get;
    printf("    %*s", 2 * depth, "");
    switch (step->event) {
    case ATTR_GETATTRIBUTE:
        printf("%s.__getattribute__ is called with '%s'\n", step->where ? step->where->name : "?",
               name);
        break;
    case ATTR_GETATTR:
        printf("AttributeError, so %s.__getattr__ is called with '%s'\n",
               step->where ? step->where->name : "?", name);
        break;
    case ATTR_IN_METATYPE:
        printf("%s in the metaclass (", name);
        put_mro(step->self->type);
        printf("): ");
        put_found(step);
        break;
    case ATTR_IN_TYPE:
        printf("%s in the class (", name);
        put_mro(type_check(step->self) ? (const Type *)step->self : step->self->type);
        printf("): ");
        put_found(step);
        break;
    case ATTR_IN_INSTANCE:
        printf("%s in the instance: ", name);
        put_found(step);
        break;
    case ATTR_DESCRIPTOR_GET:
        puts(!get ? "so what the class had, as it is"
             : descr_is_data(step->found)
                 ? "a data descriptor, so it is asked before the instance"
                 : "so what the class had; it has a __get__, which is asked");
        break;
    case ATTR_RETURNS:
        put_returned(step->found);
        break;
    case ATTR_MISSING:
        puts("nowhere");
        break;
    case ATTR_SET_DESCRIPTOR:
        printf("%s in the class: ", name);
        put_found(step);
        printf("    %*sa data descriptor, so its %s is asked\n", 2 * depth, "",
               telling_steps.deletes ? "__delete__" : "__set__");
        break;
    case ATTR_SET_INSTANCE:
        printf("no data descriptor in the class, so it is %s the instance\n",
               telling_steps.deletes ? "deleted from" : "stored in");
        break;
    }
}

Object *tell_get(Object *self, Str *name) {
    telling_steps.cut = false;
    if (world.quiet) return object_getattr(self, name);
    return attribute_explain(self, name, tell_step, NULL);
}

int tell_set(Object *self, Str *name, Object *value) {
    telling_steps.cut = false;
    telling_steps.deletes = !value;
    if (world.quiet) return object_setattr(self, name, value);
    const char *hook = value ? "__setattr__" : "__delattr__";
    const Type *holder = type_find_holder(self->type, need(str_intern(hook)));
    if (holder && holder->flags & HEAPTYPE)
        printf("    %s.%s is called with '%s'\n", holder->name, hook, name->text);
    return attribute_explain_set(self, name, value, tell_step, NULL);
}

/* ---- The decision graph -----------------------------------------------------------------------*/

static void draw_edge(const char *from, const char *to, const char *when, uint64_t count) {
    printf("  %s -> %s [label=\" %s%s%llu \"%s]\n", from, to, when, *when ? ": " : "",
           (unsigned long long)count, count ? ", color=\"#2f81f7\"" : ", style=dashed");
}

/* Of what came to object.__getattribute__, nobody is lost: data + own + other + missing =
 * lookups. */
void draw_lookups(const AttributeCounts *counts) {
    const AttributeCounts c = *counts;
    puts(
        "digraph lookup {\n  node [shape=box, style=rounded, fontname=\"monospace\", fontsize=11]\n"
        "  edge [fontname=\"sans-serif\", fontsize=10]\n"
        "  hook [label=\"the class's own\\n__getattribute__\"]\n"
        "  class [label=\"1 the class and above:\\na data descriptor?\", style=filled, fillcolor=\"#d2992244\"]\n"
        "  own [label=\"2 in the instance?\", style=filled, fillcolor=\"#d2992244\"]\n"
        "  other [label=\"3 anything else\\nin the class?\", style=filled, fillcolor=\"#d2992244\"]\n"
        "  asked [label=\"its __get__ is asked\"]\n  value [label=\"as it is\"]\n"
        "  again [label=\"its __get__ is asked,\\nor it is taken as it is\"]\n"
        "  error [label=\"AttributeError\"]\n  getattr [label=\"__getattr__\"]\n"
        "  start [label=\"obj.x\", shape=plain]\n  {rank=same; class; asked}\n  {rank=same; own; value}\n"
        "  {rank=same; other; again}\n  {rank=same; error; getattr}");
    draw_edge("start", "hook", "", c.getattribute);
    printf("  class [label=\"1 the class and above:\\na data descriptor?\\n(%llu came)\"]\n",
           (unsigned long long)c.lookups);
    puts(
        "  start -> class [label=\" no hook \"]\n  hook -> class [label=\" it passes on \", style=dashed]");
    draw_edge("class", "asked", "yes", c.data);
    draw_edge("class", "own", "no", c.lookups - c.data);
    draw_edge("own", "value", "yes", c.own);
    draw_edge("own", "other", "no", c.lookups - c.data - c.own);
    draw_edge("other", "again", "yes", c.other);
    draw_edge("other", "error", "no", c.missing);
    draw_edge("error", "getattr", "if there is one", c.getattr);
    puts(
        "  asked:e -> getattr:e [label=\" it raised AttributeError \", style=dashed, constraint=false]\n}");
}

/* ---- Memory -----------------------------------------------------------------------------------*/

static const char *getattro_name(const Type *type) {
    return type->getattro == object_generic_getattr ? "object_generic_getattr"
           : type->getattro == type_getattro        ? "type_getattro"
           : type->getattro == slot_tp_getattr_hook ? "slot_tp_getattr_hook"
                                                    : "slot_tp_getattro";
}

/* A text in a label: what Graphviz takes for its own is escaped. */
static void put_label(const Object *value) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) need(error_no_memory());
    show(value, out);
    if (fclose(out) != 0) need(error_no_memory());
    for (const char *c = text; *c; c++)
        printf(strchr("<>{}|\"\\", *c) ? "\\%c" : "%c", *c);
    free(text);
}

static void draw_class(const Type *type, bool first) {
    printf("  \"%s\" [label=\"{class %s|type: %s|getattro: %s|version: %u", type->name, type->name,
           type->ob.type->name, getattro_name(type), type->version_tag);
    ssize_t pos = 0;
    Str *name;
    for (Object *value; type->flags & HEAPTYPE && dict_next(type->dict, &pos, &name, &value);) {
        if (strcmp(name->text, "__module__") == 0) continue;
        printf("|dict: %s = ", name->text);
        put_label(value);
    }
    puts(type->flags & HEAPTYPE ? "}\"]" : "|dict: __getattribute__, ...}\"]");
    if (first && type->cached_keys) {
        printf("  keys [label=\"{cached_keys");
        for (int i = 0; i < type->cached_keys->nentries; i++)
            printf("|%d: %s", i, type->cached_keys->names[i]->text);
        printf("}\"]\n  \"%s\" -> keys [label=\" cached_keys \"]\n", type->name);
    }
    if (!type->base) return;
    printf("  \"%s\" -> \"%s\" [label=\" base \", color=\"#2f81f7\"]\n", type->name,
           type->base->name);
    draw_class(type->base, false);
}

static void draw_instance(const Object *self, const char *name) {
    const Type *type = self->type;
    printf("digraph memory {\n  node [shape=record, fontname=\"monospace\", fontsize=10]\n"
           "  edge [fontname=\"sans-serif\", fontsize=10]\n  self [label=\"{%s",
           name);
    const PreHeader *pre = type->flags & MANAGED_DICT ? pre_header(self) : NULL;
    if (pre)
        printf("|\\<before it\\> values: %s|\\<before it\\> dict: %s", pre->values ? "set" : "NULL",
               pre->dict ? "set" : "NULL");
    printf("|refcnt: %zd|type: %s}\"]\n  self -> \"%s\" [label=\" type \", color=\"#d29922\"]\n",
           self->refcnt, type->name, type->name);
    if (pre && (pre->values || pre->dict)) {
        printf("  values [label=\"{%s", pre->values ? "values" : "dict");
        int count = pre->values ? type->cached_keys->nentries : pre->dict->keys->nentries;
        for (int i = 0; i < count; i++) {
            const Object *value = pre->values ? pre->values->items[i] : pre->dict->values[i];
            printf("|%d: ", i);
            if (value) put_label(value);
            if (!value) printf("NULL");
        }
        puts("}\"]\n  self -> values");
    }
    draw_class(type, true);
    puts("}");
}

int draw_memory(void) {
    ssize_t pos = 0;
    Str *name;
    for (Object *value; dict_next(world.names, &pos, &name, &value);) {
        if (!(value->type->flags & HEAPTYPE) || type_check(value)) continue;
        draw_instance(value, name->text);
        return 0;
    }
    return usage_error(telling.demo->program, "no name is bound to an instance of a class");
}
