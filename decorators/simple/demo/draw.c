/* draw.c: functions, cells and what is in them, as Graphviz draws them, read from memory. */
#include "demo.h"

static const Object *drawn[32];
static int ndrawn;

static void draw_object(Object *op);

/* The number of an object in the drawing; it is drawn when it is first asked for. */
static int number(Object *op) {
    for (int i = 0; i < ndrawn; i++)
        if (drawn[i] == op) return i;
    drawn[ndrawn++] = op;
    int mine = ndrawn - 1;
    draw_object(op);
    return mine;
}

static void edge(int from, const char *port, Object *to, const char *style) {
    if (to) printf("  n%d:%s -> n%d:head [%s];\n", from, port, number(to), style);
}

/* A row of a record, with "<" and ">" as Graphviz wants them. */
static void row(const char *field, const char *value) {
    printf("|%s ", field);
    for (; *value; value++)
        printf(*value == '<' || *value == '>' ? "\\%c" : "%c", *value);
}

static void draw_function(int n, Function *self) {
    ssize_t cells = self->closure ? self->closure->size : 0;
    Object *wrapped =
        self->dict ? dict_get_item(self->dict, need(str_intern("__wrapped__"))) : NULL;
    printf("  n%d [label=\"<head>function|refcnt %zd", n, self->ob.refcnt);
    row("name", self->name->text);
    printf("|<code>code%s", self->defaults ? "|<defaults>defaults" : "");
    for (ssize_t i = 0; i < cells; i++)
        printf("|<c%zd>closure[%zd]", i, i);
    printf("%s\"];\n", wrapped ? "|<wrapped>dict: __wrapped__" : "");
    edge(n, "code", OBJECT(self->code), "");
    edge(n, "defaults", OBJECT(self->defaults), "");
    for (ssize_t i = 0; i < cells; i++) {
        char port[24];
        snprintf(port, sizeof port, "c%zd", i);
        edge(n, port, self->closure->items[i], "color=\"#d29922\"");
    }
    edge(n, "wrapped", wrapped, "style=dashed");
}

static void draw_code(int n, const Code *self) {
    printf("  n%d [fillcolor=\"#80808033\", label=\"<head>code", n);
    row("name", self->name);
    for (int i = 0; self->varnames && self->varnames[i]; i++)
        printf("|varnames[%d] %s", i, self->varnames[i]);
    for (int i = 0; self->freevars && self->freevars[i]; i++)
        printf("|freevars[%d] %s", i, self->freevars[i]);
    puts("\"];");
}

static void draw_object(Object *op) {
    int n = number(op);
    if (op->type == &Function_Type) {
        draw_function(n, (Function *)op);
    } else if (op->type == &Code_Type) {
        draw_code(n, (Code *)op);
    } else if (op->type == &Cell_Type) {
        printf("  n%d [fillcolor=\"#d2992233\", label=\"<head>cell|refcnt %zd|<ref>ref\"];\n", n,
               op->refcnt);
        edge(n, "ref", ((Cell *)op)->ref, "color=\"#d29922\"");
    } else {
        printf("  n%d [fillcolor=\"#3fb95033\", label=\"<head>%s|", n, op->type->name);
        print(op);
        puts("\"];");
    }
}

static Code greet_code = {CODE("greet"), .argcount = 1, .varnames = NAMES("name")};
static Code wrapper_code = {CODE("wrapper"), .flags = CO_VARARGS | CO_VARKEYWORDS,
                            .varnames = NAMES("args", "kwargs"), .freevars = NAMES("func"),
                            .body = pass_on};

static void draw_name(const char *name, Object *value) {
    printf("  \"%s\" [shape=plaintext, style=\"\"];\n  \"%s\" -> n%d:head;\n", name, name,
           number(value));
}

int draw(const char *what) {
    bool loop = strcmp(what, "loop") == 0;
    if (!loop && strcmp(what, "decorated") != 0)
        return usage_error(telling.demo->program, "no drawing '%s'; see --help", what);
    puts("digraph {\n  rankdir=LR; bgcolor=transparent; nodesep=0.3; ranksep=0.7;\n"
         "  node [shape=record, fontname=\"sans-serif\", fontsize=13, style=filled,\n"
         "        fillcolor=\"#2f81f733\"];\n  edge [color=gray];");
    if (loop) {
        for (int i = 0; i < 2; i++) {
            Tuple *functions = (Tuple *)functions_of_a_loop(i == 0);
            for (int j = 0; j < 3; j++) {
                char name[40];
                snprintf(name, sizeof name, "%s[%d]", i ? "made" : "functions", j);
                draw_name(name, functions->items[j]);
            }
            bind(i ? "made" : "functions", OBJECT(functions));
        }
    } else {
        Object *you = text("you");
        Object *greet = need(
            function_make(&greet_code, module_globals(), (Tuple *)tuple_pack(1, you), NULL, NULL));
        Object *wrapper = wrapper_make(&wrapper_code, greet, 0);
        decref(you);
        must(update_wrapper(wrapper, greet, NULL));
        bind("greet", wrapper);
        decref(greet);
        draw_name("greet", bound("greet"));
    }
    puts("}");
    return 0;
}
