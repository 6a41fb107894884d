/* demo.c: the story of a list, told by a run. */
#include "parts.h"

static void append(List *list, Object *item) {
    must(list_append(list, item));
}

static List *list_of_none(ssize_t n) {
    List *one = need(list_pack(1, None)), *result = need(list_repeat(one, n));
    decref(one);
    return result;
}

/* [#####...]: a cell in use, a cell spare; and what the array was before, if that was otherwise. */
static void draw(const List *list, ssize_t before) {
    putchar('[');
    for (ssize_t i = 0; i < list->allocated; i++) {
        bool used = i < list->size;
        printf("%s%c%s", used ? color("32") : color("90"), used ? '#' : '.', color("0"));
    }
    putchar(']');
    if (list->allocated != before)
        printf(" %sresize %zd -> %zd%s", color("33"), before, list->allocated, color("0"));
    putchar('\n');
}

static void print_list(const char *label, List *list) {
    printf("%s", label);
    must(object_print(OBJECT(list), stdout, false));
    putchar('\n');
}

/* ---- The scenes: what a list does ------------------------------------------------------------*/

static void scene_growth(void) {
    puts("One append a line. # is a cell in use, . is reserved.\n");
    List *list = need(list_new(0));
    int resizes = 0;
    for (int i = 1; i <= 34; i++) {
        if (i == 5) step("the array is full: how many cells will append 5 make it?");
        if (i == 17) step("and append 17?");
        if (i == 33) step("and append 33?");
        ssize_t before = list->allocated;
        append(list, None);
        resizes += list->allocated != before;
        printf("append %2d  ", i);
        draw(list, before);
    }
    printf("\n34 appends, %d resizes. Further up the stairs:\n\n", resizes);
    step("how much of the array will be spare after a resize?");
    puts("   append no.   cells before    cells after   spare");
    for (ssize_t print_at = 100; list->size < 10000000;) {
        ssize_t before = list->allocated;
        append(list, None);
        if (list->allocated == before || list->size < print_at) continue;
        printf("%13zd  %13zd  %13zd  %5.1f%%\n", list->size, before, list->allocated,
               100.0 * (double)(list->allocated - list->size) / (double)list->allocated);
        print_at *= 10;
    }
    puts("\nThe spare room settles at an eighth of what is used: size + size/8 + 6, rounded\n"
         "down to a multiple of 4. A ninth of the array is empty right after a resize,\n"
         "none just before.");
    decref(list);
}

static ssize_t by_a_fixed_step(ssize_t needed) {
    return (needed + 999) / 1000 * 1000;
}

static ssize_t by_doubling(ssize_t needed) {
    ssize_t allocated = 4;
    while (allocated < needed)
        allocated *= 2;
    return allocated;
}

/* What n appends do under a policy that turns a needed size into a capacity: how often the array
 * grows, and how many references an append copies if each time the whole array moves. */
static void print_under(ssize_t (*policy)(ssize_t needed), ssize_t n) {
    double copied = 0;
    long resizes = 0;
    for (ssize_t size = 0; size < n; size = policy(size + 1)) { // from one full array to the next
        copied += (double)size;
        resizes++;
    }
    printf("  %7ld %8.2f", resizes, copied / (double)n);
}

static void scene_amortised(void) {
    puts("A resize may have to copy every reference to a new place. Counted here on a\n"
         "real list, as if each resize did, and computed for two other policies. Look at\n"
         "the columns `each`: references copied for each append.\n");
    puts("            this list: +1/8          doubling       +1000 cells");
    puts(" appends    resizes    each   resizes    each   resizes    each");
    List *list = need(list_new(0));
    double copied = 0;
    long resizes = 0;
    for (ssize_t n = 10; n <= 10000000; n *= 10) {
        while (list->size < n) {
            ssize_t before = list->allocated, size = list->size;
            append(list, None);
            if (list->allocated == before) continue;
            copied += (double)size;
            resizes++;
        }
        printf("%8zd    %7ld %7.2f", n, resizes, copied / (double)n);
        print_under(by_doubling, n);
        print_under(by_a_fixed_step, n);
        putchar('\n');
        if (n == 1000) step("which of the three stays below a constant?");
    }
    puts("\nGrowing by a factor keeps the cost of one append below a constant, whatever n:\n"
         "that is what \"amortised O(1)\" says. 1/8 copies up to 9 references an append\n"
         "where doubling copies 1 or 2, and leaves a ninth of the memory unused where\n"
         "doubling leaves up to a half. A fixed step has no constant: ten times the\n"
         "appends, ten times the copies for each.");
    decref(list);
}

static void draw_way(const char *what, List *list) {
    printf("  %-26s %2zd of %2zd  ", what, list->size, list->allocated);
    draw(list, list->allocated);
    decref(list);
}

static void scene_ways(void) {
    puts("Who knows the final size reserves exactly that; who appends gets room for more.\n");
    for (ssize_t n = 3; n <= 9; n += 3) {
        if (n == 9) step("9 items: which of the four ways leaves most cells spare?");
        printf("%zd items\n", n);
        List *source = list_of_none(n), *list = need(list_new(0));
        draw_way("[x] * n, slice, copy, +", need(list_copy(source)));
        must(list_extend(list, OBJECT(source)));
        draw_way("[].extend(n), [1, 2, ...]", list);
        list = need(list_new(0));
        for (ssize_t i = 0; i < n; i++)
            append(list, None);
        draw_way("n times append", list);
        list = list_of_none(1);
        for (ssize_t i = 1; i < n; i++)
            append(list, None);
        draw_way("[x], then append", list);
        decref(source);
    }
    puts("\nA display of constants, [1, 2, 3], is compiled to an extend of an empty list by\n"
         "a tuple, and extend rounds up to an even number: malloc deals in 16 bytes, the\n"
         "odd cell would be lost.");
}

static void scene_shrink(void) {
    puts("60 items, popped one by one; a line where the array changes.\n");
    List *list = list_of_none(60);
    printf("60 items   ");
    draw(list, list->allocated);
    step("how many items will be left when the array first shrinks?");
    while (list->size) {
        ssize_t before = list->allocated;
        decref(list_pop(list, -1));
        if (list->allocated == before) continue;
        printf("%2zd items   ", list->size);
        draw(list, before);
    }
    long resizes = 0;
    for (int i = 0; i < 16; i++)
        append(list, None);
    for (int i = 0; i < 2000; i++) {
        ssize_t before = list->allocated;
        if (i % 2 == 0) {
            append(list, None);
        } else {
            decref(list_pop(list, -1));
        }
        resizes += list->allocated != before;
    }
    puts("\nIt shrinks below half, and grows when full. Between the two lies a gap, so that\n"
         "a list at the edge does not pay each time. 16 items in 16 cells, then 1000 times");
    printf("append and pop: %ld resize.\n", resizes);
    decref(list);
}

static void scene_pop(void) {
    puts("pop(0) closes the gap by moving every later reference down one cell.\n");
    List *list = need(list_new(0));
    for (const char *name = "abcdefgh"; *name; name++) {
        Object *item = need(str_from_utf8(name, 1));
        append(list, item);
        decref(item);
    }
    print_list("          ", list);
    decref(list_pop(list, -1));
    print_list("pop()     ", list);
    puts("          moved: none");
    step("how many will pop(0) move?");
    ssize_t moved = list->size - 1;
    decref(list_pop(list, 0));
    print_list("pop(0)    ", list);
    printf("          moved: %zd\n\n", moved);
    decref(list);
    puts("Emptying a list of n, references moved in all:\n");
    puts("          n    from the end    from the front");
    for (ssize_t n = 10; n <= 10000; n *= 10) {
        long long moves = 0;
        list = list_of_none(n);
        while (list->size) {
            moves += list->size - 1;
            decref(list_pop(list, 0));
        }
        printf("%11zd  %14d  %16lld\n", n, 0, moves);
        decref(list);
    }
    puts("\nn(n-1)/2: ten times the items, a hundred times the work. A queue is a\n"
         "collections.deque.");
}

static void scene_alias(void) {
    puts("`*` copies references. The inner list is one object, and its refcount says who\n"
         "holds it.\n");
    Object *zero = need(int_from_long(0)), *seven = need(int_from_long(7));
    List *one_zero = need(list_pack(1, zero));
    List *row = need(list_repeat(one_zero, 3)), *one_row = need(list_pack(1, row));
    List *grid = need(list_repeat(one_row, 3));
    decref(one_row);
    print_list("grid = [[0] * 3] * 3                    ", grid);
    printf("references to the row from the grid     %zd\n", row->ob.refcnt - 1);
    step("what will grid[0][0] = 7 make of the grid?");
    must(list_ass_item(row, 0, seven));
    print_list("grid[0][0] = 7                          ", grid);

    List *rows = need(list_new(0));
    for (int i = 0; i < 3; i++) {
        List *fresh = need(list_repeat(one_zero, 3));
        append(rows, OBJECT(fresh));
        decref(fresh);
    }
    must(list_ass_item((List *)list_get_item(rows, 0), 0, seven));
    puts("\ngrid = [[0] * 3 for _ in range(3)]");
    print_list("grid[0][0] = 7                          ", rows);
    append(rows, OBJECT(rows));
    print_list("\ngrid.append(grid), a list in itself     ", rows);
    list_clear(rows); // cuts the cycle; in CPython the collector would
    void *all[] = {rows, grid, row, one_zero, zero, seven};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        decref(all[i]);
}

/* ---- moves and time: what the machine adds ---------------------------------------------------*/

static void scene_moves(void) {
    puts("realloc may find room behind the block and stay, or move page tables instead of\n"
         "bytes. This machine, this allocator:\n");
    step("ten million appends: how often does the address change?");
    puts("        size up to    resizes   address changed");
    List *list = need(list_new(0));
    long resizes = 0, moved = 0;
    for (ssize_t n = 10; n <= 10000000; n *= 10) {
        while (list->size < n) {
            ssize_t before = list->allocated;
            uintptr_t address = (uintptr_t)list->items;
            append(list, None);
            if (list->allocated == before) continue;
            resizes++;
            moved += (uintptr_t)list->items != address;
        }
        printf("%18zd  %9ld  %16ld\n", n, resizes, moved);
    }
    puts("\nThe amortised count is the worst case. It is why a pointer into the array must\n"
         "not be kept across anything that may grow the list.");
    decref(list);
}

/* Nanoseconds to add one item to a list of n and pop the one at `index`. */
static double time_of(ssize_t n, ssize_t index, bool insert) {
    List *list = list_of_none(n);
    int rounds = n > 10000 ? 200 : 2000;
    uint64_t start = clock_now();
    for (int i = 0; i < rounds; i++) {
        must(insert ? list_insert(list, 0, None) : list_append(list, None));
        decref(list_pop(list, index));
    }
    double elapsed = (double)(clock_now() - start) / rounds;
    decref(list);
    return elapsed;
}

static void scene_time(void) {
    puts("Nanoseconds on this machine. The list keeps its length n: each round adds one\n"
         "item and pops one.\n");
    step("ten times the items: how much longer does each take?");
    puts("          n   append, pop()   append, pop(0)   insert(0), pop(0)");
    for (ssize_t n = 100; n <= 1000000; n *= 10) {
        printf("%11zd  %14.1f  %15.1f  %18.1f\n", n, time_of(n, -1, false), time_of(n, 0, false),
               time_of(n, 0, true));
    }
    puts("\nmemmove is fast, several references a nanosecond, which is why nobody notices\n"
         "pop(0) on a list of a hundred, and everybody on a list of a million.");
}

/* size,allocated,doubling for each size up to 160: the staircase. */
static void csv_growth(void) {
    puts("size,allocated,doubling");
    List *list = need(list_new(0));
    for (int i = 0; i < 160; i++) {
        append(list, None);
        printf("%zd,%zd,%zd\n", list->size, list->allocated, by_doubling(list->size));
    }
    decref(list);
}

static bool interactive, python;

static int work(int count, char **paths) {
    return interactive || python ? interactive_loop(python) : load_file(count, paths);
}

int main(int argc, char **argv) {
    static const Scene scenes[] = {
        {"growth", "Where append finds room", scene_growth,
         .look = "how many appends in a row find a cell waiting, and how that grows"},
        {"amortised", "What n appends copy in total", scene_amortised},
        {"ways", "The same items, four ways, other arrays", scene_ways},
        {"shrink", "When pop gives memory back", scene_shrink},
        {"pop", "The last is free, the first costs the rest", scene_pop},
        {"alias", "[[0] * 3] * 3 is one row, three times", scene_alias},
        {"moves", "Does a resize copy?", scene_moves, .varies = true},
        {"time", "pop() against pop(0)", scene_time, .varies = true},
        {0},
    };
    static const Scene data[] = {
        {"growth", "size, cells, and cells if they doubled", csv_growth},
        {0},
    };
    static const Option options[] = {
        {"--interactive", .about = "type statements about a list l, see its array",
         .flag = &interactive, .mode = "interactive"},
        {"--python", .about = "the same, each statement run in python3, too", .flag = &python,
         .mode = "interactive"},
        {0},
    };
    static const Demo demo = {
        .program = "list_demo",
        .about = "With a FILE (- is standard input) loads its lines into a list and reports\n"
                 "resizes, copies and memory.",
        .operands = "FILE",
        .scenes = scenes,
        .data = data,
        .options = options,
        .work = work,
    };
    return demo_main(&demo, argc, argv);
}
