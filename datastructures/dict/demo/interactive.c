/* interactive.c: dict_demo --interactive: a read-eval-print loop that knows one variable, `d`, and
 * literals of int, float, str, True, False, None, tuple and list.
 *
 * A value is printed as Python would, an error as the last line of its traceback. A lookup shows its
 * path; the table is drawn when it has changed. With --python each statement is run in python3, too,
 * and what it said and the table that it left are compared.
 */
#include "../../statements.h"
#include "parts.h"

static const char can_be_typed[] =
    "  d['a'] = 1   d['a']   del d['a']   'a' in d   'a' not in d   len(d)   d\n"
    "  with keys and values like  7  -2.5  'text'  True  None  (1, 'x')  [1, 2]\n"
    "  show draws the table, help or ? says this, quit ends\n";

/* ---- Statements ------------------------------------------------------------------------------*/

static Object *read_key(Scanner *in) {
    Object *key = read_value(in);
    if (key && take(in, "]")) return key;
    if (key) no_sense(in);
    xdecref(key);
    return NULL;
}

/* What follows returns whether the table has changed. */

/* After `d[`: reading or assigning. */
static bool run_subscript(Scanner *in, Dict *d) {
    Object *key = read_key(in), *value = NULL;
    bool changed = false;
    if (key && take(in, "=")) {
        value = read_value(in);
        changed = value && at_end(in) && dict_set_item(d, key, value) == 0;
    } else if (key && at_end(in)) {
        draw_search(d, key);
        in->result = dict_subscript(d, key);
    }
    xdecref(key);
    xdecref(value);
    return changed;
}

static bool run_delete(Scanner *in, Dict *d) {
    if (!take(in, "d") || !take(in, "[")) return no_sense(in);
    Object *key = read_key(in);
    bool changed = key && at_end(in) && dict_del_item(d, key) == 0;
    xdecref(key);
    return changed;
}

/* A bare value, or `value in d`, `value not in d`. */
static void run_value(Scanner *in, Dict *d) {
    Object *value = read_value(in);
    if (!value) return;
    bool negated = take(in, "not");
    if (take(in, "in")) {
        if (!take(in, "d")) {
            no_sense(in);
        } else if (at_end(in)) {
            draw_search(d, value);
            int answer = dict_contains(d, value);
            if (answer >= 0) in->result = new_ref((answer == 1) != negated ? True : False);
        }
    } else if (negated) {
        no_sense(in);
    } else if (at_end(in)) {
        in->result = new_ref(value);
    }
    decref(value);
}

static bool run_line(Scanner *in, Object *it) {
    Dict *d = (Dict *)it;
    if (take(in, "del")) return run_delete(in, d);
    if (take(in, "show")) {
        in->of_the_demo = true;
        return at_end(in);
    }
    if (take(in, "help") || take(in, "?")) {
        in->of_the_demo = true;
        if (at_end(in)) fputs(can_be_typed, stdout);
    } else if (take(in, "len")) {
        if (!take(in, "(") || !take(in, "d") || !take(in, ")")) {
            no_sense(in);
        } else if (at_end(in)) {
            in->result = int_from_long(dict_size(d));
        }
    } else if (take(in, "d")) {
        if (take(in, "[")) return run_subscript(in, d);
        if (at_end(in)) in->result = new_ref(d);
    } else {
        run_value(in, d);
    }
    return false;
}

static void draw_it(Object *it) {
    draw_table((const Dict *)it);
}

static const Statements statements = {
    .start = "d = {}",
    .can_be_typed = can_be_typed,
    .run_line = run_line,
    .draw = draw_it,
    .script = both_dict_script,
    .write_facts = both_write_dict,
};

int demo_interactive(bool python) {
    Dict *d = need(dict_new());
    int status = statements_loop(&statements, OBJECT(d), python);
    dict_clear(d);
    decref(d);
    return status;
}
