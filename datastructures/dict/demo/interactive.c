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

/* After `d[`: reading or assigning. Returns whether the table has changed. */
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

static bool run_delete(Scanner *in) {
    if (!take(in, "[")) return no_sense(in);
    Object *key = read_key(in);
    bool changed = key && at_end(in) && dict_del_item((Dict *)in->it, key) == 0;
    xdecref(key);
    return changed;
}

static bool run(Scanner *in) {
    if (take(in, "[")) return run_subscript(in, (Dict *)in->it);
    if (at_end(in)) in->result = new_ref(in->it);
    return false;
}

static ssize_t size_of(Object *it) {
    return dict_size((const Dict *)it);
}

static int contains(Object *it, Object *key) {
    draw_search((const Dict *)it, key);
    return dict_contains((Dict *)it, key);
}

static void draw_it(Object *it) {
    draw_table((const Dict *)it);
}

static const Statements statements = {
    .name = "d",
    .start = "d = {}",
    .can_be_typed = can_be_typed,
    .run = run,
    .run_delete = run_delete,
    .size = size_of,
    .contains = contains,
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
