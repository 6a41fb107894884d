/* draw.c: the two pictures: who calls whom in a class statement, and what class and metaclass are. */
#include "demo.h"

/* ---- statement: a line downwards for each who takes part --------------------------------------*/

static const char *const lives[] = {"__build_class__", "Alias()",      "the body",     "Meta",
                                    "type.__call__",   "Meta.__new__", "type.__new__", "x, a Named",
                                    "Plugin",          "the decorator"};
enum { LIVES = 10, BETWEEN = 112, STEP = 27 };
static int height; // of what is drawn so far

/* Whose line it is: by name, or by the step's `what`. */
static int life(const char *name) {
    static const char *const aliases[][2] = {{"the statement", "__build_class__"},
                                             {"__mro_entries__", "Alias()"},
                                             {"__prepare__", "Meta"},
                                             {"body", "the body"},
                                             {"__call__", "type.__call__"},
                                             {"__new__", "Meta.__new__"},
                                             {"__init__", "Meta"},
                                             {"super().__new__", "type.__new__"},
                                             {"__set_name__", "x, a Named"},
                                             {"__init_subclass__", "Plugin"},
                                             {"decorator", "the decorator"}};
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (strcmp(aliases[i][0], name) == 0) name = aliases[i][1];
    int n = 0;
    while (n < LIVES - 1 && strcmp(lives[n], name) != 0)
        n++;
    return n;
}

static void draw_step(const ClassStep *s) {
    int from = life(s->caller) * BETWEEN + 60, to = life(s->what) * BETWEEN + 60;
    bool back = s->event == CLASS_RETURNS;
    if (back && (s->result == None || strcmp(s->what, "body") == 0)) return;
    height += STEP;
    int y = 30 + height, middle = (from + to) / 2;
    if (s->event == CLASS_DOES) {
        printf("<circle cx=\"%d\" cy=\"%d\" r=\"4\" fill=\"#d29922\"/>"
               "<text x=\"%d\" y=\"%d\">%s</text>\n",
               from, y - 4, from + 9, y, s->what);
        return;
    }
    if (back)
        printf("<path stroke-dasharray=\"5 4\" ");
    else
        printf("<path ");
    int tip = back ? from : to, tail = back ? to : from, side = tip > tail ? -7 : 7;
    printf("stroke=\"%s\" fill=\"none\" d=\"M%d %dH%dm%d -4l%d 4l%d 4\"/>",
           back ? "gray" : "#2f81f7", tail, y, tip, side, -side, side);
    printf("<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", middle, y - 4,
           back ? show(s->result) : s->what);
}

void draw_statement(void) {
    puts("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1140 660\" font-size=\"13\">");
    class_watcher = draw_step;
    run_statement();
    for (int i = 0; i < LIVES; i++)
        printf("<path stroke=\"gray\" stroke-opacity=\"0.5\" d=\"M%d 30V%d\"/>"
               "<text x=\"%d\" y=\"20\" text-anchor=\"middle\" font-weight=\"bold\">%s</text>\n",
               i * BETWEEN + 60, height + 45, i * BETWEEN + 60, lives[i]);
    puts("</svg>");
}

/* ---- memory ----------------------------------------------------------------------------------*/

void draw_memory(void) {
    Dict *made = own(dict_new());
    Type *meta = own(singleton_metaclass(made)), *cls = own(CLASS("Config", .meta = meta));
    Object *ops[] = {own(instance(cls)), OBJECT(cls), OBJECT(meta), OBJECT(&Type_Type)};
    static const char *const names[] = {"a = Config()", "class Config", "metaclass Singleton",
                                        "class type"};
    puts("digraph {\n  rankdir=LR; bgcolor=transparent; nodesep=0.5; ranksep=0.9;\n"
         "  node [shape=record, fontname=\"sans-serif\", fontsize=13, style=filled,\n"
         "        fillcolor=\"#2f81f733\"];\n  edge [color=\"#d29922\"];");
    for (int i = 0; i < 4; i++) {
        const Type *type = i > 0 ? (Type *)ops[i] : NULL;
        printf("  n%d [label=\"<head>%s|<type>its type", i, names[i]);
        if (type)
            printf("|its base: %s|call: %s", type->base->name,
                   !type->call               ? "NULL"
                   : type->call == type_call ? "type_call"
                                             : "Singleton.__call__");
        puts("\"];");
        for (int j = 0; j < 4; j++)
            if (OBJECT(ops[i]->type) == ops[j])
                printf("  n%d:type%s -> n%d:head%s;\n", i, i == j ? ":e" : "", j,
                       i == j ? ":e" : "");
    }
    puts("}");
    dict_clear(made);
}
