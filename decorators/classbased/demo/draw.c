/* draw.c: classbased_demo's pictures, for Graphviz, from runs: where a.deposit(10) goes, and the
 * cells. */
#include "demo.h"

static void label(Object *op) {
    describe(op, stdout);
}

/* One half: the lookup's result, the call of it, and what comes back. */
static void draw_method(bool binds) {
    char p = binds ? 'w' : 'o';
    Type *type = decorated_account(binds);
    Object *a = account_new(type, "a"), *ten = need(int_from_long(10));
    Object *found = need(dict_get_item(type->dict, need(str_intern("deposit"))));
    printf("  subgraph cluster_%c {\n    label=\"CountCalls %s __get__\"; color=gray;\n", p,
           binds ? "with" : "without");
    printf("    %c_dict [label=\"Account.__dict__['deposit']:\\n", p);
    label(found);
    printf("\\ndescr_get: %s\"]\n", found->type->descr_get ? "slot_descr_get()" : "NULL");
    Object *got = need(get(a, "deposit"));
    printf("    %c_got [label=\"a.deposit:\\n", p);
    label(got);
    printf("\"]\n    %c_dict -> %c_got [label=\" %s\"]\n", p, p,
           got == found ? "as it is" : "__get__(a, Account)");
    Object *result = object_call_args(got, 1, ten);
    Object *func = need(get(found, "func"));
    printf("    %c_func [label=\"", p);
    label(func);
    printf("\\n(self, amount)\"]\n    %c_got -> %c_func [label=\" %s\"]\n", p, p,
           got->type == &Method_Type ? "(a, 10)" : "(10)");
    printf("    %c_end [style=\"filled,rounded\", fillcolor=\"%s\", label=\"", p,
           result ? "#3fb95033" : "#f8514933");
    if (result) {
        label(result);
    } else { // the message, on two lines
        char text[sizeof error_indicator.message];
        snprintf(text, sizeof text, "%s", error_message());
        char *colon = strstr(text, " required");
        if (colon) *colon++ = '\0';
        printf("%s: %s%s%s", error_name(error_occurred()), text, colon ? "\\n" : "",
               colon ? colon : "");
        error_clear();
    }
    printf("\"]\n    %c_func -> %c_end\n  }\n", p, p);
    xdecref(result);
    decref(func);
    decref(got);
    decref(ten);
    decref(a);
    decref(type);
}

static void draw_cells(void) {
    Kind kinds[NKINDS];
    look_at_cells(kinds);
    puts("digraph cells {\n  bgcolor=transparent;\n"
         "  node [shape=plain, fontname=\"sans-serif\", fontsize=13];\n"
         "  table [label=<<table border=\"0\" cellborder=\"1\" cellspacing=\"0\" cellpadding=\"5\" "
         "color=\"gray\">\n    <tr><td></td>");
    for (int cell = 0; cell < NCELLS; cell++)
        printf("<td>%s</td>", cell_names[cell]);
    puts("</tr>");
    for (int i = 0; i < NKINDS; i++) {
        printf("    <tr><td align=\"left\">%s</td>", kinds[i].name);
        for (int cell = 0; cell < NCELLS; cell++)
            printf(kinds[i].cells[cell] ? "<td bgcolor=\"%s\">x</td>" : "<td></td>",
                   cell == 1 ? "#d2992255" : "#2f81f733");
        puts("</tr>");
    }
    puts("    </table>>]\n}");
}

int demo_draw(const char *what) {
    bool method = strcmp(what, "method") == 0;
    if (!method && strcmp(what, "cells") != 0)
        return usage_error(telling.demo->program, "--dot takes method or cells, not '%s'", what);
    begin_module();
    if (method) {
        puts("digraph method {\n  bgcolor=transparent; nodesep=0.4; ranksep=0.45;\n"
             "  node [shape=box, fontname=\"sans-serif\", fontsize=13, style=filled,\n"
             "        fillcolor=\"#2f81f733\"];\n"
             "  edge [color=gray, fontname=\"sans-serif\", fontsize=12];\n"
             "  fontname=\"sans-serif\"; fontsize=13;");
        draw_method(false);
        draw_method(true);
        puts("}");
    } else {
        draw_cells();
    }
    end_module();
    return 0;
}
