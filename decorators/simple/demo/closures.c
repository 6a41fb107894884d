/* closures.c: scenes about the variables of functions around: cells, and a loop that has one for all. */
#include "demo.h"

static int cell_number(Object *const *functions, const Object *cell) {
    const Object *seen[16];
    int count = 0;
    for (int f = 0;; f++) {
        const Tuple *closure = ((Function *)functions[f])->closure;
        for (ssize_t i = 0; closure && i < closure->size; i++) {
            int j = 0;
            while (j < count && seen[j] != closure->items[i])
                j++;
            if (j == count) seen[count++] = closure->items[i];
            if (closure->items[i] == cell) return j + 1;
        }
    }
}

void print_closures(Object *const *functions, const char *const *names, int size) {
    for (int f = 0; f < size; f++) {
        const Function *function = (Function *)functions[f];
        printf("    %-14s ", names[f]);
        for (ssize_t i = 0; function->closure && i < function->closure->size; i++) {
            const Cell *cell = (Cell *)function->closure->items[i];
            printf("-> %s: cell %d, refcnt %zd -> ", function->code->freevars[i],
                   cell_number(functions, &cell->ob), cell->ob.refcnt);
            if (cell->ref)
                print(cell->ref);
            else
                printf("empty");
        }
        puts(function->closure ? "" : "no closure");
    }
}

/* ---- cells -----------------------------------------------------------------------------------*/

/* def increment(): nonlocal count; count += 1; return count */
static Object *increment_body(Function *self, Object *const *locals) {
    (void)locals;
    Object *count = load_deref(self, 0);
    if (!count) return NULL;
    int64_t value = ((Int *)count)->value + 1;
    decref(count);
    return store_deref(self, 0, int_from_long(value)) < 0 ? NULL : load_deref(self, 0);
}

/* def read(): return count */
static Object *read_body(Function *self, Object *const *locals) {
    (void)locals;
    return load_deref(self, 0);
}

static Code increment_code = {CODE("increment"), .freevars = NAMES("count"),
                              .body = increment_body};
static Code read_code = {CODE("read"), .freevars = NAMES("count"), .body = read_body};

/* def counter(count): def increment...; def read...; return increment, read */
static Object *counter_make(int64_t start) {
    Object *count = integer(start);
    Tuple *closure = closure_of(1, count); // MAKE_CELL
    Object *increment = make(&increment_code, (Tuple *)new_ref(closure));
    Object *read = make(&read_code, tuple_from_array(closure->items, 1));
    Object *both = need(tuple_pack(2, increment, read));
    decref(increment);
    decref(read);
    decref(closure);
    decref(count);
    return both;
}

void scene_cells(void) {
    puts("    def counter(count):\n        def increment():\n            nonlocal count\n"
         "            count += 1\n            return count\n        def read():\n"
         "            return count\n        return increment, read\n\n"
         "    a = counter(0); b = counter(100)\n");
    Object *a = counter_make(0), *b = counter_make(100);
    Object *all[] = {((Tuple *)a)->items[0], ((Tuple *)a)->items[1], ((Tuple *)b)->items[0],
                     ((Tuple *)b)->items[1]};
    const char *const names[] = {"a's increment", "a's read", "b's increment", "b's read"};
    step("two calls, four functions: how many variables `count` are there?");
    print_closures(all, names, 4);
    step("a's increment twice, b's once: what do the two read() give?");
    putchar('\n');
    tell_call("a's increment()", all[0], 0);
    tell_call("a's increment()", all[0], 0);
    tell_call("b's increment()", all[2], 0);
    tell_call("a's read()", all[1], 0);
    tell_call("b's read()", all[3], 0);
    step("a's `increment` is dropped, and with it...?");
    Object *read = new_ref(all[1]);
    decref(a);
    puts("\n  a's increment is gone, the call of counter() is long over:");
    print_closures(&read, (const char *[]){"a's read"}, 1);
    must(object_setattr_string(load_closure((Function *)read, 0), "cell_contents", NULL));
    puts("\n  and after `del count` in a function that has the cell, too:");
    print_closures(&read, (const char *[]){"a's read"}, 1);
    tell_call("a's read()", read, 0);
    puts("\nThe variable is the cell. It is made by the call of counter(), belongs to no\n"
         "function, and lives as long as one of them holds it.");
    decref(read);
    decref(b);
}

/* ---- loop ------------------------------------------------------------------------------------*/

static Object *give_free(Function *self, Object *const *locals) {
    (void)locals;
    return load_deref(self, 0);
}
static Object *give_first(Function *self, Object *const *locals) {
    (void)self;
    return new_ref(locals[0]);
}

static Code lambda_code = {CODE("<lambda>"), .freevars = NAMES("i"), .body = give_free};
static Code default_code = {CODE("<lambda>"), .argcount = 1, .varnames = NAMES("i"),
                            .body = give_first};

/* for i in range(3): functions.append(lambda: i), in a function whose variable i is one cell;
 * or, not shared, through a function make(i), each call of which has a variable i of its own. */
Object *functions_of_a_loop(bool shared) {
    Tuple *functions = need(tuple_new(3)), *closure = closure_of(1, NULL);
    for (int i = 0; i < 3; i++) {
        Object *value = integer(i);
        Cell *cell = (Cell *)closure->items[0];
        must(object_setattr_string(&cell->ob, "cell_contents", value)); // STORE_DEREF i
        functions->items[i] =
            make(&lambda_code, shared ? tuple_from_array(closure->items, 1) : closure_of(1, value));
        decref(value);
    }
    decref(closure);
    return OBJECT(functions);
}

static void tell_three(Object *const *functions) {
    printf("    called:      ");
    for (int i = 0; i < 3; i++) {
        Object *result = need(object_call_args(functions[i], 0));
        printf(" ");
        print(result);
        decref(result);
    }
    putchar('\n');
}

void scene_loop(void) {
    const char *const names[] = {"functions[0]", "functions[1]", "functions[2]"};
    puts("    for i in range(3):\n        functions.append(lambda: i)         in a function\n");
    step("the three are called after the loop: which numbers?");
    Object *shared = functions_of_a_loop(true), *apart = functions_of_a_loop(false);
    print_closures(((Tuple *)shared)->items, names, 3);
    tell_three(((Tuple *)shared)->items);
    step("and with functions.append(make(i)), make(i) returning lambda: i?");
    puts("\n    functions.append(make(i))");
    print_closures(((Tuple *)apart)->items, names, 3);
    tell_three(((Tuple *)apart)->items);
    puts("\n    functions.append(lambda i=i: i)");
    Object *kept[3], *partials[3];
    for (int i = 0; i < 3; i++) {
        Object *value = integer(i);
        kept[i] = need(function_make(&default_code, module_globals(), (Tuple *)tuple_pack(1, value),
                                     NULL, NULL));
        partials[i] = need(partial_new(kept[0], &value, 1, NULL));
        decref(value);
    }
    tell("functions[1].__defaults__", object_getattr_string(kept[1], "__defaults__"));
    tell_three(kept);
    puts("\n    functions.append(partial(show, i))");
    tell("functions[1].args", object_getattr_string(partials[1], "args"));
    tell_three(partials);
    puts("\nA lambda looks at i when it is called; there is one i, and the loop is over. The\n"
         "other three look at i when they are made.");
    for (int i = 0; i < 3; i++) {
        decref(kept[i]);
        decref(partials[i]);
    }
    decref(shared);
    decref(apart);
}
