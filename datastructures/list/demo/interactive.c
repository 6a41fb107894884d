/* interactive.c: list_demo --interactive: statements about a list `l`, and what of it is compared
 * with Python's. Beside literals it knows `+`, `*` and slices, which make lists of other arrays.
 *
 * CPython: Include/cpython/listobject.h, PyListObject.
 */
#include "../../cells.h"
#include "../../statements.h"
#include "parts.h"

static const char can_be_typed[] =
    "  l = [1, 2, 3]   l = l + [4]   l = [0] * 9   l[1] = 5   l[1:3] = [7, 8]\n"
    "  del l[0]   del l[::2]   l += (1, 2)   l *= 2   l.append(4)   l.insert(0, 'x')\n"
    "  l.extend([1, 2])   l.pop()   l.pop(0)   l.remove(4)   l.reverse()   l.clear()\n"
    "  l[2]   l[1:4]   l.copy()   l.index(4)   l.count(4)   4 in l   len(l)   l\n"
    "  with items like  7  -2.5  'text'  True  None  (1, 'x')  [1, 2]\n"
    "  show draws the array, help or ? says this, quit ends\n";

/* ---- The memory ------------------------------------------------------------------------------*/

static const char list_script[] =
    "def memory(l):\n"
    "    # Include/cpython/listobject.h, PyListObject: ob_size, ob_item, allocated.\n"
    "    size, items, allocated = (ctypes.c_ssize_t * 3).from_address(id(l) + 16)\n"
    "    yield 'ob_size', size\n"
    "    yield 'ob_item', 'an array' if items else 'NULL'\n"
    "    yield 'allocated', allocated\n"
    "    yield 'getsizeof', sys.getsizeof(l)\n"
    "    for i in range(size):\n"
    "        yield 'item %d' % i, repr(ctypes.py_object.from_address(items + 8 * i).value)\n"
    "\n"
    "main('l', 'l = []', memory)\n";

static const size_t head = sizeof(List) + 2 * sizeof(void *); // of it the collector's, in CPython

static void write_facts(Object *it, FILE *out) {
    const List *l = (const List *)it;
    fprintf(out, "ob_size: %zd\nob_item: %s\nallocated: %zd\ngetsizeof: %zu\n", l->size,
            l->items ? "an array" : "NULL", l->allocated,
            head + (size_t)l->allocated * sizeof *l->items);
    for (ssize_t i = 0; i < l->size; i++) {
        fprintf(out, "item %zd: ", i);
        must(object_print(l->items[i], out, false));
        fputc('\n', out);
    }
}

static Cell cell_of(const void *it, ssize_t i) {
    const List *l = it;
    if (i >= l->size) return (Cell){.word = ".", .on = color("90")};
    return (Cell){.item = l->items[i], .on = color("32")};
}

static ssize_t drawn; // how many cells there were when it was drawn last

static void draw_it(Object *it) {
    const List *l = (const List *)it;
    printf("      size %zd, allocated %zd%s; getsizeof %zu + %zd*%zu = %zu", l->size, l->allocated,
           l->items ? "" : ", ob_item NULL", head, l->allocated, sizeof *l->items,
           head + (size_t)l->allocated * sizeof *l->items);
    if (l->allocated != drawn)
        printf("; %sresize %zd -> %zd%s", color("33"), drawn, l->allocated, color("0"));
    putchar('\n');
    drawn = l->allocated;
    if (l->allocated <= CELLS_DRAWN_MAX) draw_cells(l->allocated, l, cell_of);
}

/* ---- Numbers and subscripts ------------------------------------------------------------------*/

/* False with TypeError, in these words about its type, if `op` is no int. */
static bool as_index(Object *op, const char *otherwise, ssize_t *index) {
    if (op->type != &Int_Type && op->type != &Bool_Type) {
        error_set(TypeError, otherwise, op->type->name);
        return false;
    }
    int64_t value = ((Int *)op)->value;
    *index = value > PTRDIFF_MAX    ? PTRDIFF_MAX
             : value < -PTRDIFF_MAX ? -PTRDIFF_MAX // PTRDIFF_MIN is SLICE_NONE
                                    : (ssize_t)value;
    return true;
}

typedef struct {
    Object *bounds[3]; // start (or index), stop, step; NULL: left out
    bool slice;
} Subscript;

static void drop(Subscript *at) {
    for (int i = 0; i < 3; i++)
        xdecref(at->bounds[i]);
}

/* After `l[`. False, and nothing held, with `bad` or an error set. */
static bool read_subscript(Scanner *in, Subscript *at) {
    *at = (Subscript){0};
    for (int i = 0; i < 3; i++) {
        skip_space(in);
        bool left_out = *in->at == ':' || (i > 0 && *in->at == ']');
        if (!left_out) at->bounds[i] = read_value(in);
        if (!left_out && !at->bounds[i]) break;
        if (take(in, "]")) return true;
        if (i == 2 || !take(in, ":")) break;
        at->slice = true;
    }
    if (!error_occurred()) no_sense(in);
    drop(at);
    return false;
}

/* The numbers that it stands for, the step first: CPython: Objects/sliceobject.c, PySlice_Unpack(). */
static bool resolve(const Subscript *at, ssize_t *start, ssize_t *stop, ssize_t *step) {
    static const char no_bound[] =
        "slice indices must be integers or None or have an __index__ method";
    if (!at->slice)
        return as_index(at->bounds[0], "list indices must be integers or slices, not %s", start);
    ssize_t *numbers[] = {step, start, stop};
    *start = *stop = SLICE_NONE;
    *step = 1;
    for (int i = 0; i < 3 && *step != 0; i++) {
        Object *bound = at->bounds[(i + 2) % 3];
        if (bound && bound != None && !as_index(bound, no_bound, numbers[i])) return false;
    }
    return true;
}

static Object *get(List *l, const Subscript *at) {
    ssize_t start, stop, step;
    if (!resolve(at, &start, &stop, &step)) return NULL;
    if (!at->slice) return list_subscript(l, start);
    return OBJECT(list_subscript_slice(l, start, stop, step));
}

/* Deletes if `value` is NULL. */
static bool set(List *l, const Subscript *at, Object *value) {
    ssize_t start, stop, step;
    if (!resolve(at, &start, &stop, &step)) return false;
    if (!at->slice) return list_ass_item(l, start, value) == 0;
    return list_ass_subscript_slice(l, start, stop, step, value) == 0;
}

/* ---- Expressions -----------------------------------------------------------------------------*/

static bool is_constant(Object *op) {
    if (op->type == &List_Type) return false;
    const Tuple *tuple = op->type == &Tuple_Type ? (Tuple *)op : NULL;
    for (ssize_t i = 0; tuple && i < tuple->size; i++)
        if (!is_constant(tuple->items[i])) return false;
    return true;
}

/* New list with the array that `[1, 2]` has in CPython: its compiler makes a tuple of three constants
 * and more, by which an empty list is extended; it appends more than thirty others one by one, as
 * `items` came about; else they are packed. CPython: Python/compile.c, starunpack_helper(). */
static Object *display(List *items) {
    enum { STACK_USE_GUIDELINE = 30 };
    bool constant = items->size > 2;
    for (ssize_t i = 0; i < items->size; i++)
        constant &= is_constant(items->items[i]);
    if (!constant && items->size > STACK_USE_GUIDELINE) return new_ref(items);
    if (!constant) return OBJECT(list_copy(items));
    List *made = list_new(0);
    if (!made || list_extend(made, OBJECT(items)) == 0) return OBJECT(made);
    decref(made);
    return NULL;
}

/* After `l`: it, its copy, or a part of it. */
static Object *read_part(Scanner *in) {
    List *l = (List *)in->it;
    Subscript at;
    if (take(in, ".copy()")) return OBJECT(list_copy(l));
    if (!take(in, "[")) return new_ref(l);
    if (!read_subscript(in, &at)) return NULL;
    Object *part = get(l, &at);
    drop(&at);
    return part;
}

static Object *read_primary(Scanner *in) {
    if (take(in, "l")) return read_part(in);
    Object *literal = read_value(in);
    if (!literal || literal->type != &List_Type) return literal;
    Object *made = display((List *)literal);
    decref(literal);
    return made;
}

static Object *repeat(List *l, Object *count) {
    ssize_t n;
    if (!as_index(count, "can't multiply sequence by non-int of type '%s'", &n)) return NULL;
    return OBJECT(list_repeat(l, n));
}

/* What follows a list: `* 3` and `+ [1]`, or the former alone. Steals `left`, which may be NULL. */
static Object *read_rest(Scanner *in, Object *left, bool product) {
    while (left && left->type == &List_Type) {
        bool times = take(in, "*");
        if (!times && (product || !take(in, "+"))) break;
        Object *right = read_primary(in), *made = NULL;
        if (!times) right = read_rest(in, right, true);
        if (!times && take(in, "*")) no_sense_at(in, in->at - 1); // no product of other than lists
        if (right)
            made = times ? repeat((List *)left, right) : OBJECT(list_concat((List *)left, right));
        xdecref(right);
        decref(left);
        left = made;
    }
    return left;
}

static Object *read_expression(Scanner *in) {
    return read_rest(in, read_primary(in), false);
}

/* ---- Statements ------------------------------------------------------------------------------*/

/* Whether a value that began at `start` can be an item; or, of many, whether those are its items. */
static bool is_usable(Scanner *in, const char *start, Object *value, bool many) {
    if (many ? value->type != &Str_Type : value != in->it) return true;
    in->at = start;
    bad_syntax(in, many ? "the items of a list or a tuple, not of"
                        : "nobody would free a list that is in itself:");
    return false;
}

/* After `l =`. The name is given a new list: here, the list that list's array. */
static bool run_assignment(Scanner *in) {
    List *l = (List *)in->it;
    skip_space(in);
    const char *start = in->at;
    Object *value = read_expression(in);
    if (value && at_end(in) && value != in->it) {
        List *fresh = (List *)value, old = *l;
        if (value->type != &List_Type || value->refcnt > 1) {
            in->at = start;
            bad_syntax(in, "a new list is needed, such as [1, 2] or l[:], not");
        } else {
            *l = (List){l->ob, fresh->size, fresh->items, fresh->allocated};
            *fresh = (List){fresh->ob, old.size, old.items, old.allocated};
            drawn = l->allocated; // no resize
        }
    }
    bool changed = value && !in->bad;
    xdecref(value);
    return changed;
}

/* After `l +=`, `l *=`, and `l[...] =` with its subscript. */
static bool run_change(Scanner *in, const char *assign, const Subscript *at) {
    List *l = (List *)in->it;
    skip_space(in);
    const char *start = in->at;
    bool changed = false;
    ssize_t n;
    Object *value = read_expression(in);
    if (!value || !at_end(in)) {
        // has been complained about
    } else if (*assign == '*') {
        changed = as_index(value, "can't multiply sequence by non-int of type '%s'", &n) &&
                  list_inplace_repeat(l, n) == 0;
    } else if (is_usable(in, start, value, !at || at->slice)) {
        changed = at ? set(l, at, value) : list_extend(l, value) == 0;
    }
    xdecref(value);
    return changed;
}

static bool run_delete(Scanner *in) {
    Subscript at;
    if (!take(in, "[")) return no_sense(in);
    if (!read_subscript(in, &at)) return false;
    bool changed = at_end(in) && set((List *)in->it, &at, NULL);
    drop(&at);
    return changed;
}

typedef enum { APPEND, EXTEND, INSERT, REMOVE, POP, CLEAR, REVERSE, COUNT, INDEX } Method;

static bool call(Scanner *in, Method method, Object **args, int count) {
    static const char no_int[] = "'%s' object cannot be interpreted as an integer",
                      no_bound[] = "slice indices must be integers or have an __index__ method";
    List *l = (List *)in->it;
    ssize_t n = method == POP ? -1 : 0, stop = PTRDIFF_MAX;
    switch (method) {
    case APPEND:
        return list_append(l, args[0]) == 0;
    case EXTEND:
        return list_extend(l, args[0]) == 0;
    case INSERT:
        return as_index(args[0], no_int, &n) && list_insert(l, n, args[1]) == 0;
    case REMOVE:
        return list_remove(l, args[0]) == 0;
    case POP:
        if (count == 0 || as_index(args[0], no_int, &n)) in->result = list_pop(l, n);
        return in->result != NULL;
    case CLEAR:
        list_clear(l);
        return true;
    case REVERSE:
        list_reverse(l);
        return true;
    case COUNT:
        n = list_count(l, args[0]);
        break;
    case INDEX:
        if (count > 1 && !as_index(args[1], no_bound, &n)) return false;
        if (count > 2 && !as_index(args[2], no_bound, &stop)) return false;
        n = list_index(l, args[0], n, stop);
    }
    if (n >= 0) in->result = int_from_long(n);
    return false;
}

/* After `l.`. */
static bool run_method(Scanner *in) {
    static const struct {
        const char *name;
        int least, most;
    } methods[] = {
        [APPEND] = {"append", 1, 1},   [EXTEND] = {"extend", 1, 1}, [INSERT] = {"insert", 2, 2},
        [REMOVE] = {"remove", 1, 1},   [POP] = {"pop", 0, 1},       [CLEAR] = {"clear", 0, 0},
        [REVERSE] = {"reverse", 0, 0}, [COUNT] = {"count", 1, 1},   [INDEX] = {"index", 1, 3},
    };
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (!take(in, methods[i].name)) continue;
        const char *start = in->at;
        Object *args[3];
        int count = read_arguments(in, args, methods[i].least, methods[i].most);
        if (count < 0) return false;
        Object *kept = i == APPEND || i == EXTEND ? args[0] : i == INSERT ? args[1] : NULL;
        bool usable = !kept || is_usable(in, start, kept, i == EXTEND);
        bool changed = usable && call(in, (Method)i, args, count);
        while (count > 0)
            decref(args[--count]);
        return changed;
    }
    return no_sense(in);
}

static bool run(Scanner *in) {
    const char *start = in->at;
    if (take(in, "=")) return run_assignment(in);
    if (take(in, "+=")) return run_change(in, "+=", NULL);
    if (take(in, "*=")) return run_change(in, "*=", NULL);
    if (take(in, "[")) {
        Subscript at;
        if (!read_subscript(in, &at)) return false;
        bool assigned = take(in, "="), changed = assigned && run_change(in, "=", &at);
        drop(&at);
        if (assigned) return changed;
        in->at = start; // then it is read
    }
    if (!take(in, ".copy()") && take(in, ".")) return run_method(in);
    in->at = start;
    Object *value = read_rest(in, read_part(in), false);
    if (value && at_end(in)) in->result = new_ref(value);
    xdecref(value);
    return false;
}

static ssize_t size_of(Object *it) {
    return list_size((const List *)it);
}

/* Whether it is there; and how many items have been compared with it. */
static int contains(Object *it, Object *value) {
    List *l = (List *)it;
    int answer = list_contains(l, value);
    if (answer < 0) return answer;
    ssize_t place = list_index(l, value, 0, l->size);
    error_clear();
    printf("      looks at %zd of %zd items\n", answer ? place + 1 : l->size, l->size);
    return answer;
}

static const Statements statements = {
    .name = "l",
    .start = "l = []",
    .can_be_typed = can_be_typed,
    .read = read_expression,
    .run = run,
    .run_delete = run_delete,
    .size = size_of,
    .contains = contains,
    .draw = draw_it,
    .script = list_script,
    .write_facts = write_facts,
};

int interactive_loop(bool python) {
    List *l = need(list_new(0));
    int status = statements_loop(&statements, OBJECT(l), python);
    decref(l);
    return status;
}
