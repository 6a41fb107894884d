/* demo.c: the story of a list, told by a run.
 *
 *     list_demo                  every scene
 *     list_demo --scene NAME     one of them
 *     list_demo FILE             loads a file's lines into a list and reports what that took; - is
 * stdin list_demo --csv growth     the data of the picture
 */
#include "../list.h"

#include <errno.h>

#define PROGRAM "list_demo"

/* A demo has nothing left to show when memory is gone. */
static void *need(void *op) {
    if (op) return op;
    fflush(stdout);
    fprintf(stderr, "%s: ", PROGRAM);
    error_print(stderr);
    exit(1);
}

static void append(List *list, Object *item) {
    if (list_append(list, item) < 0) need(NULL);
}

static List *list_of_none(ssize_t n) {
    List *one = need(list_pack(1, None)), *result = need(list_repeat(one, n));
    decref(one);
    return result;
}

/* [#####...]: a cell in use, a cell spare. */
static void draw(const List *list) {
    putchar('[');
    for (ssize_t i = 0; i < list->allocated; i++) {
        bool used = i < list->size;
        printf("%s%c%s", used ? color("32") : color("90"), used ? '#' : '.', color("0"));
    }
    putchar(']');
}

static void print_list(const char *label, List *list) {
    printf("%s", label);
    object_print(OBJECT(list), stdout, false);
    putchar('\n');
}

/* ---- growth ----------------------------------------------------------------------------------*/

static void scene_growth(void) {
    heading("growth: where append finds room");
    puts("One append a line. # is a cell in use, . is reserved. Look at how many appends in a row\n"
         "find a cell waiting for them, and how that number grows with the list.\n");
    List *list = need(list_new(0));
    int resizes = 0;
    for (int i = 1; i <= 34; i++) {
        ssize_t before = list->allocated;
        append(list, None);
        printf("append %2d  ", i);
        draw(list);
        if (list->allocated != before) {
            resizes++;
            printf(" %sresize %zd -> %zd%s", color("33"), before, list->allocated, color("0"));
        }
        putchar('\n');
    }
    printf("\n34 appends, %d resizes. Further up the stairs:\n\n", resizes);
    puts("   append no.   cells before    cells after   spare");
    for (ssize_t print_at = 100; list->size < 10000000;) {
        ssize_t before = list->allocated;
        append(list, None);
        if (list->allocated == before || list->size < print_at) continue;
        printf("%13zd  %13zd  %13zd  %5.1f%%\n", list->size, before, list->allocated,
               100.0 * (double)(list->allocated - list->size) / (double)list->allocated);
        print_at *= 10;
    }
    puts("\nThe spare room settles at an eighth of what is used: size + size/8 + 6, rounded down "
         "to a\n"
         "multiple of 4. A ninth of the array is empty right after a resize, none just before.");
    decref(list);
}

/* ---- amortised -------------------------------------------------------------------------------*/

/* References copied by n appends if each resize moves the whole array, under a policy that turns a
 * needed size into a capacity. */
static double copies_under(ssize_t (*policy)(ssize_t needed), ssize_t n, long *resizes) {
    double copied = 0;
    ssize_t allocated = 0;
    *resizes = 0;
    for (ssize_t size = 0; size < n; size = allocated) { // up to the next append that finds it full
        copied += (double)size;
        allocated = policy(size + 1);
        ++*resizes;
    }
    return copied;
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

static void scene_amortised(void) {
    heading("amortised: what n appends copy in total");
    puts("A resize may have to copy every reference to a new place. Counted here on a real list, "
         "as if\n"
         "each resize did, and computed for two other policies. Look at the column `each`.\n");
    puts("                 this list: +1/8          doubling            +1000 cells");
    puts("     appends    resizes     each    resizes     each    resizes        each");
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
        long doubled, stepped;
        double by_double = copies_under(by_doubling, n, &doubled);
        double by_step = copies_under(by_a_fixed_step, n, &stepped);
        printf("%12zd  %9ld  %7.2f  %9ld  %7.2f  %9ld  %10.2f\n", n, resizes, copied / (double)n,
               doubled, by_double / (double)n, stepped, by_step / (double)n);
    }
    puts("\nGrowing by a factor keeps the cost of one append below a constant, whatever n: that is "
         "what\n"
         "\"amortised O(1)\" says. 1/8 copies up to 9 references an append where doubling copies 1 "
         "or 2,\n"
         "and leaves a ninth of the memory unused where doubling leaves up to a half. A fixed step "
         "has no\n"
         "constant: ten times the appends, ten times the copies for each.");
    decref(list);
}

/* ---- ways ------------------------------------------------------------------------------------*/

static void draw_way(const char *what, List *list) {
    printf("  %-26s %2zd of %2zd  ", what, list->size, list->allocated);
    draw(list);
    putchar('\n');
    decref(list);
}

static void scene_ways(void) {
    heading("ways: the same items, four ways, other arrays");
    puts("Who knows the final size reserves exactly that; who appends gets room for more.\n");
    for (ssize_t n = 3; n <= 9; n += 3) {
        printf("%zd items\n", n);
        List *source = list_of_none(n), *list = need(list_new(0));
        draw_way("[x] * n, slice, copy, +", need(list_copy(source)));
        if (list_extend(list, OBJECT(source)) < 0) need(NULL);
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
    puts("\nA display of constants, [1, 2, 3], is compiled to an extend of an empty list by a "
         "tuple, and\n"
         "extend rounds up to an even number: malloc deals in 16 bytes, the odd cell would be "
         "lost.");
}

/* ---- shrink ----------------------------------------------------------------------------------*/

static void scene_shrink(void) {
    heading("shrink: when pop gives memory back");
    puts("60 items, popped one by one; a line where the array changes. Look at how empty it gets "
         "first.\n");
    List *list = list_of_none(60);
    printf("%2zd items   ", list->size);
    draw(list);
    putchar('\n');
    while (list->size) {
        ssize_t before = list->allocated;
        decref(list_pop(list, -1));
        if (list->allocated == before) continue;
        printf("%2zd items   ", list->size);
        draw(list);
        printf(" %sresize %zd -> %zd%s\n", color("33"), before, list->allocated, color("0"));
    }
    long resizes = 0;
    for (int i = 0; i < 16; i++)
        append(list, None);
    for (int i = 0; i < 1000; i++) {
        ssize_t before = list->allocated;
        append(list, None);
        resizes += list->allocated != before;
        before = list->allocated;
        decref(list_pop(list, -1));
        resizes += list->allocated != before;
    }
    printf("\nIt shrinks below half, and grows when full. Between the two lies a gap, so that a "
           "list at the\n"
           "edge does not pay each time: 1000 times append and pop on 16 items in 16 cells: %ld "
           "resize.\n",
           resizes);
    decref(list);
}

/* ---- pop -------------------------------------------------------------------------------------*/

static void scene_pop(void) {
    heading("pop: the last is free, the first costs the rest");
    puts("pop(0) closes the gap by moving every later reference down one cell.\n");
    const char names[] = "abcdefgh";
    List *list = need(list_new(0));
    for (int i = 0; i < 8; i++) {
        Object *name = need(str_from_utf8(names + i, 1));
        append(list, name);
        decref(name);
    }
    print_list("          ", list);
    decref(list_pop(list, -1));
    print_list("pop()     ", list);
    puts("          moved: none");
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
    puts("\nn(n-1)/2: ten times the items, a hundred times the work. A queue is a "
         "collections.deque.");
}

/* ---- alias -----------------------------------------------------------------------------------*/

static void scene_alias(void) {
    heading("alias: [[0] * 3] * 3 is one row, three times");
    puts("`*` copies references. The inner list is one object, and its refcount says who holds "
         "it.\n");
    Object *zero = need(int_from_long(0)), *seven = need(int_from_long(7));
    List *one_zero = need(list_pack(1, zero));
    List *row = need(list_repeat(one_zero, 3)), *one_row = need(list_pack(1, row));
    List *grid = need(list_repeat(one_row, 3));
    decref(one_row);
    print_list("grid = [[0] * 3] * 3                    ", grid);
    printf("references to the row from the grid     %zd\n", row->ob.refcnt - 1);
    list_ass_item(row, 0, seven);
    print_list("grid[0][0] = 7                          ", grid);

    List *rows = need(list_new(0));
    for (int i = 0; i < 3; i++) {
        List *fresh = need(list_repeat(one_zero, 3));
        append(rows, OBJECT(fresh));
        decref(fresh);
    }
    list_ass_item((List *)list_get_item(rows, 0), 0, seven);
    print_list("\ngrid = [[0] * 3 for _ in range(3)]\ngrid[0][0] = 7                          ",
               rows);
    append(rows, OBJECT(rows));
    print_list("\ngrid.append(grid), a list in itself     ", rows);
    list_clear(rows); // cuts the cycle; in CPython the collector would
    decref(rows);
    decref(grid);
    decref(row);
    decref(one_zero);
    decref(zero);
    decref(seven);
}

/* ---- moves and time: what the machine adds ----------------------------------------------------*/

static void scene_moves(void) {
    heading("moves: does a resize copy? (this machine, this allocator)");
    puts(
        "realloc may find room behind the block and stay, or move page tables instead of bytes.\n");
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
    puts("\nThe amortised count above is the worst case. It is why a pointer into the array must "
         "not be\n"
         "kept across anything that may grow the list.");
    decref(list);
}

static double time_of(ssize_t n, ssize_t index, bool insert) {
    List *list = list_of_none(n);
    int rounds = n > 10000 ? 200 : 2000;
    uint64_t start = clock_now();
    for (int i = 0; i < rounds; i++) {
        if (insert)
            list_insert(list, index < 0 ? list->size : index, None);
        else
            append(list, None);
        decref(list_pop(list, index));
    }
    double elapsed = (double)(clock_now() - start) / rounds;
    decref(list);
    return elapsed;
}

static void scene_time(void) {
    heading("time: pop() against pop(0) (nanoseconds, this machine)");
    puts("The list keeps its length n: each round adds one item and pops one.\n");
    puts("          n   append, pop()   append, pop(0)   insert(0), pop(0)");
    for (ssize_t n = 100; n <= 1000000; n *= 10) {
        printf("%11zd  %14.1f  %15.1f  %18.1f\n", n, time_of(n, -1, false), time_of(n, 0, false),
               time_of(n, 0, true));
    }
    puts("\nmemmove is fast, several references a nanosecond, which is why nobody notices pop(0) "
         "on a list\n"
         "of a hundred, and everybody on a list of a million.");
}

/* ---- A file's lines --------------------------------------------------------------------------*/

typedef struct {
    long resizes;
    double copied;       // references, if every resize moved
    double object_bytes; // of the strs
} Load;

static size_t str_bytes(Object *op) {
    const Str *str = (const Str *)op;
    return sizeof *str + ((size_t)str->length + 1) * str->kind;
}

/* Appends each line, without its newline, as a str. 0, or -1 with an error set or errno. */
static int load_lines(List *list, FILE *in, Load *load) {
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    int status = 0;
    while (status == 0 && (length = getline(&line, &capacity, in)) >= 0) {
        if (length > 0 && line[length - 1] == '\n') length--;
        Object *item = str_from_bytes(line, length);
        if (!item) {
            status = -1;
            break;
        }
        ssize_t before = list->allocated, size = list->size;
        status = list_append(list, item);
        if (status == 0) load->object_bytes += (double)str_bytes(item);
        if (list->allocated != before) {
            load->resizes++;
            load->copied += (double)size;
        }
        decref(item);
    }
    free(line);
    return status;
}

static void report(const char *name, const List *list, const Load *load) {
    double size = (double)(list->size ? list->size : 1);
    double block = (double)sizeof *list + (double)list->allocated * (double)sizeof list->items[0];
    printf("%s\n", name);
    printf("  lines                %14zd\n", list->size);
    printf("  cells                %14zd   %.1f%% spare\n", list->allocated,
           list->allocated
               ? 100.0 * (double)(list->allocated - list->size) / (double)list->allocated
               : 0.0);
    printf("  resizes              %14ld\n", load->resizes);
    printf("  references copied    %14.0f   %.2f a line, if every resize moved the array\n",
           load->copied, load->copied / size);
    printf("  the list             %14.0f   bytes, %.2f a line\n", block, block / size);
    printf("  its strs             %14.0f   bytes, %.2f a line\n", load->object_bytes,
           load->object_bytes / size);
}

static int load_file(const char *path) {
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *in = is_stdin ? stdin : fopen(path, "r");
    if (!in) return usage_error(PROGRAM, "cannot open '%s': %s", path, strerror(errno));
    Load load = {0};
    List *list = need(list_new(0));
    errno = 0;
    int status = load_lines(list, in, &load);
    int reason = errno;
    bool failed = ferror(in) != 0;
    if (!is_stdin) fclose(in);
    if (status == 0 && !failed) report(is_stdin ? "standard input" : path, list, &load);
    decref(list);
    if (status < 0) need(NULL);
    if (failed) return usage_error(PROGRAM, "cannot read '%s': %s", path, strerror(reason));
    return 0;
}

/* ---- The command line ------------------------------------------------------------------------*/

static const struct {
    const char *name;
    void (*play)(void);
    const char *about;
} scenes[] = {
    {"growth", scene_growth, "the cells of a list as it is appended to"},
    {"amortised", scene_amortised, "references copied by n appends, against other policies"},
    {"ways", scene_ways, "literal, extend, append: who reserves how much"},
    {"shrink", scene_shrink, "when pop gives memory back"},
    {"pop", scene_pop, "pop() against pop(0), counted"},
    {"alias", scene_alias, "why [[0] * 3] * 3 surprises"},
    {"moves", scene_moves, "how often realloc moves the array (varies)"},
    {"time", scene_time, "pop() against pop(0), timed (varies)"},
};
enum { SCENES = sizeof scenes / sizeof scenes[0] };

static void help(void) {
    puts("usage: list_demo [--scene NAME | --csv growth | FILE | -]\n\n"
         "Without arguments plays every scene. With a FILE (- is standard input) loads its lines "
         "into a\n"
         "list and reports resizes, copies and memory.\n\nscenes:");
    for (int i = 0; i < SCENES; i++)
        printf("  %-10s %s\n", scenes[i].name, scenes[i].about);
}

static int play(const char *name) {
    for (int i = 0; i < SCENES; i++) {
        if (strcmp(scenes[i].name, name) != 0) continue;
        scenes[i].play();
        return 0;
    }
    return usage_error(PROGRAM, "no scene '%s'; --help lists them", name);
}

/* size,allocated,doubling for each size up to 160: the staircase. */
static int csv(const char *what) {
    if (strcmp(what, "growth") != 0) return usage_error(PROGRAM, "no data '%s'; try growth", what);
    puts("size,allocated,doubling");
    List *list = need(list_new(0));
    for (int i = 0; i < 160; i++) {
        append(list, None);
        printf("%zd,%zd,%zd\n", list->size, list->allocated, by_doubling(list->size));
    }
    decref(list);
    return 0;
}

int main(int argc, char **argv) {
    int status = 0;
    if (argc == 1) {
        for (int i = 0; i < SCENES; i++)
            scenes[i].play();
    } else if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        help();
    } else if (argc == 3 && strcmp(argv[1], "--scene") == 0) {
        status = play(argv[2]);
    } else if (argc == 3 && strcmp(argv[1], "--csv") == 0) {
        status = csv(argv[2]);
    } else if (argc == 2 && (argv[1][0] != '-' || argv[1][1] == '\0')) {
        status = load_file(argv[1]);
    } else {
        status = usage_error(PROGRAM, "cannot make sense of '%s'; see --help", argv[1]);
    }
    return finish_output(PROGRAM, status);
}
