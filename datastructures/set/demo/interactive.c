/* interactive.c: set_demo --interactive: statements about a set `s`, and what of it is compared with
 * Python's. A search shows the slots that it looks at.
 *
 * CPython: Include/cpython/setobject.h, PySetObject.
 */
#include "../../statements.h"
#include "parts.h"

#include <inttypes.h>

static const char can_be_typed[] =
    "  s.add(1)   s.discard(1)   s.remove(1)   s.pop()   s.clear()   1 in s\n"
    "  1 not in s   s |= {1, 2}   s &= {1}   s -= {1}   s ^= {1}   len(s)   s\n"
    "  s.update((1, 2, 3)), and intersection_update and its like\n"
    "  with members like  7  -2.5  'text'  True  None  (1, 'x')\n"
    "  show draws the table, help or ? says this, quit ends\n";

static const char set_script[] =
    "class SetObject(ctypes.Structure if known else object):\n"
    "    # Include/cpython/setobject.h, PySetObject.\n"
    "    if known:\n"
    "        _fields_ = [('head', ctypes.c_char * 16), ('fill', ctypes.c_ssize_t),\n"
    "                    ('used', ctypes.c_ssize_t), ('mask', ctypes.c_ssize_t),\n"
    "                    ('table', ctypes.c_void_p), ('hash', ctypes.c_ssize_t),\n"
    "                    ('finger', ctypes.c_ssize_t)]\n"
    "\n"
    "def memory(s):\n"
    "    raw = SetObject.from_address(id(s))\n"
    "    yield 'fill', raw.fill\n"
    "    yield 'used', raw.used\n"
    "    yield 'mask', raw.mask\n"
    "    yield 'finger', raw.finger\n"
    "    yield 'getsizeof', sys.getsizeof(s)\n"
    "    members = {id(key): key for key in s}\n"
    "    words = (ctypes.c_ssize_t * (2 * raw.mask + 2)).from_address(raw.table)\n"
    "    for slot in range(raw.mask + 1):\n"
    "        key, hashed = words[2 * slot:2 * slot + 2]\n"
    "        if not key or hashed == -1:\n"
    "            yield 'slot %d' % slot, 'D' if key else '.'\n"
    "            continue\n"
    "        yield 'slot %d' % slot, repr(members[key])\n"
    "        yield 'slot %d hash' % slot, hashed\n"
    "\n"
    "main('s', 's = set()', memory)\n";

static void write_facts(Object *it, FILE *out) {
    const Set *s = (const Set *)it;
    fprintf(out, "fill: %zd\nused: %zd\nmask: %zd\nfinger: %zd\ngetsizeof: %zu\n", s->fill, s->used,
            s->mask, s->finger,
            set_sizeof(s) + 2 * sizeof(void *)); // the collector's header
    for (ssize_t slot = 0; slot <= s->mask; slot++) {
        const SetEntry *entry = &s->table[slot];
        if (!set_is_active(entry)) {
            fprintf(out, "slot %zd: %s\n", slot, entry->key ? "D" : ".");
            continue;
        }
        fprintf(out, "slot %zd: ", slot);
        must(object_print(entry->key, out, false));
        fprintf(out, "\nslot %zd hash: %" PRId64 "\n", slot, entry->hash);
    }
}

static void draw_it(Object *it) {
    const Set *s = (const Set *)it;
    if (s->mask < CELLS_DRAWN_MAX) {
        draw(s);
    } else {
        printf("      used %zd (fill %zd) of %zd slots, %zu bytes\n", s->used, s->fill, s->mask + 1,
               set_sizeof(s));
    }
}

/* ---- Statements ------------------------------------------------------------------------------*/

/* New set: {1, 2}. A literal of three and more is, in CPython, a frozenset among the constants, which
 * its compiler has rebuilt in an order that may depend on addresses: not here. */
static Set *read_set(Scanner *in) {
    if (!take(in, "{")) return (Set *)no_sense(in);
    const char *start = --in->at;
    Tuple *items = (Tuple *)read_sequence(in, "}");
    Set *set = NULL;
    if (items && (items->size == 0 || items->size > 2)) { // {} is a dict
        in->at = start;
        bad_syntax(in, "one or two in braces, more with s.update((1, 2, 3)):");
    } else if (items) {
        set = set_new(OBJECT(items));
    }
    xdecref(items);
    return set;
}

static bool run_operator(Scanner *in, Set *s) {
    static const struct {
        const char *text;
        int (*call)(Set *self, Object *other);
    } operators[] = {{"|=", set_update},
                     {"&=", set_intersection_update},
                     {"-=", set_difference_update},
                     {"^=", set_symmetric_difference_update}};
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        if (!take(in, operators[i].text)) continue;
        Set *other = read_set(in);
        bool changed = other && at_end(in) && operators[i].call(s, OBJECT(other)) == 0;
        xdecref(other);
        return changed;
    }
    return no_sense(in);
}

/* After `s.`. */
static bool run_method(Scanner *in, Set *s) {
    static const struct {
        const char *name;
        int (*call)(Set *self, Object *key);
    } methods[] = {{"add", set_add},
                   {"discard", set_discard},
                   {"remove", set_remove},
                   {"update", set_update},
                   {"intersection_update", set_intersection_update},
                   {"difference_update", set_difference_update},
                   {"symmetric_difference_update", set_symmetric_difference_update}};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (!take(in, methods[i].name)) continue;
        Object *key = NULL;
        ssize_t before = set_size(s); // an update that fails in the middle has done something
        if (read_arguments(in, &key, 1, 1) < 0) return false;
        bool changed = methods[i].call(s, key) >= 0 || set_size(s) != before;
        decref(key);
        return changed;
    }
    bool pop = take(in, "pop");
    if (!pop && !take(in, "clear")) return no_sense(in);
    if (read_arguments(in, NULL, 0, 0) < 0) return false;
    if (!pop) return set_clear(s) == 0;
    in->result = set_pop(s);
    return in->result != NULL;
}

static bool run(Scanner *in) {
    Set *s = (Set *)in->it;
    if (take(in, ".")) return run_method(in, s);
    skip_space(in);
    if (*in->at && strchr("|&-^", *in->at)) return run_operator(in, s);
    if (at_end(in)) in->result = new_ref(s);
    return false;
}

static ssize_t size_of(Object *it) {
    return set_size((const Set *)it);
}

static int contains(Object *it, Object *key) {
    int answer = set_contains((Set *)it, key);
    if (answer >= 0) tell_key((const Set *)it, key);
    return answer;
}

static const Statements statements = {
    .name = "s",
    .start = "s = set()",
    .can_be_typed = can_be_typed,
    .run = run,
    .size = size_of,
    .contains = contains,
    .draw = draw_it,
    .script = set_script,
    .write_facts = write_facts,
};

int interactive_loop(bool python) {
    Set *s = need(set_new(NULL));
    int status = statements_loop(&statements, OBJECT(s), python);
    decref(s);
    return status;
}
