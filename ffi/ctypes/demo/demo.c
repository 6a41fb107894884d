/* demo.c: the story of a call from Python into C, scene by scene; and any function of any library,
 * called. */
#include "demo.h"

#include <math.h>
#include <signal.h>
#include <sys/wait.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

/* ---- Helpers: what they are given is theirs ---------------------------------------------------*/

static Object *library(void) {
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 20);
    if (length < 0) length = snprintf(path, sizeof path - 20, "%s", telling.argv[0]);
    path[length] = '\0';
    char *slash = strrchr(path, '/');
    strcpy(slash ? slash + 1 : path, "libsample.so");
    return need(cdll_open(path, true));
}

static void print(Object *value) {
    must(object_write_repr(value, stdout));
    decref(value);
}

static Object *number(int64_t value) {
    return need(int_from_long(value));
}

static Object *bytes(const char *text) {
    return need(bytes_from_data(text, (ssize_t)strlen(text)));
}

/* Calls, and prints what came of it, on one line. */
static void show_call(const char *text, Object *func, Object *const *args, ssize_t nargs) {
    Object *result = object_call(func, args, nargs);
    printf("%-34s ", text);
    if (result) {
        print(result);
        putchar('\n');
    } else {
        printf("%s\n  %s\n", error_name(error_occurred()), error_message());
        error_clear();
    }
    for (ssize_t i = 0; i < nargs; i++)
        decref(args[i]);
}
#define SHOW(text, func, ...)                                                                      \
    show_call(text, func, (Object *[]){__VA_ARGS__},                                               \
              sizeof((Object *[]){__VA_ARGS__}) / sizeof(Object *))

static Object *function(Object *lib, const char *name, CType *restype, CType *const *argtypes,
                        ssize_t nargs) {
    Object *func = need(cdll_function(lib, name));
    must(funcptr_set_argtypes(func, argtypes, nargs));
    must(funcptr_set_restype(func, restype));
    return func;
}

/* ---- Scenes ----------------------------------------------------------------------------------*/

static void scene_add(void) {
    Object *lib = library(), *add = need(cdll_function(lib, "add"));
    CType *c_int = ctype_simple('i');
    puts("int add(int a, int b) is in libsample.so; nothing there says so but its C.");
    SHOW("add(2, 3)", add, number(2), number(3));
    step("No argtypes: what does add(2, 3.0) say?");
    SHOW("add(2, 3.0)", add, number(2), need(float_from_double(3.0)));
    must(funcptr_set_argtypes(add, (CType *[]){c_int, c_int}, 2));
    puts("add.argtypes = [c_int, c_int]");
    SHOW("add(2, 3)", add, number(2), number(3));
    SHOW("add(2, b'3')", add, number(2), bytes("3"));
    SHOW("add(2)", add, number(2));
    SHOW("add(2147483647, 2**32)", add, number(2147483647), number(1LL << 32));
    puts("The last one: 2**32 is too large for an int, and its lowest 32 bits are 0.");
    decref(add);
    decref(lib);
}

static void scene_steps(void) {
    CType *types[] = {ctype_simple('d'), ctype_simple('z'), ctype_simple('B')};
    Object *values[] = {number(1), bytes("hi"), number(300)};
    static const char *const texts[] = {"1", "b'hi'", "300"};
    puts("1. dlopen() the library, dlsym() the name: an address, nothing else.\n"
         "2. Each value by its argtype's from_param(), then its type code's setter:");
    step("300 for a c_ubyte: refused, or stored?");
    for (int i = 0; i < 3; i++) {
        Argument argument;
        must(ctype_from_param(types[i], values[i], i + 1, &argument));
        printf("   %-6s as %-9s code %c, %d byte%s: ", texts[i], types[i]->type.name,
               argument.desc->code, argument.desc->size, argument.desc->size == 1 ? "" : "s");
        if (argument.desc->kind == C_POINTER) {
            printf("the address of the bytes%s", argument.keep ? ", held\n" : "\n");
        } else {
            for (int k = argument.desc->size; k-- > 0;) {
                int at = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? argument.desc->size - 1 - k : k;
                printf("%02x", ((unsigned char *)&argument.value)[at]);
            }
            putchar('\n');
        }
        xdecref(argument.keep);
        decref(values[i]);
    }
    puts("3. ffi_prep_cif(): the types become a plan of registers and stack.\n"
         "4. errno swapped, if asked for; ffi_call(); errno swapped back.\n"
         "5. restype's getter makes an object of the bytes that came back.\n"
         "6. What was held for the arguments is let go.");
}

static void scene_types(void) {
    puts("code  ctypes        C                   size   of 300 is kept");
    step("What does c_byte(300) hold?");
    for (const FieldDesc *desc = field_descs; desc->code; desc++) {
        if (desc->code == 'O' || desc->kind == C_POINTER) continue;
        CType *type = ctype_simple(desc->code);
        Object *value = number(300), *made = ctype_call(OBJECT(type), &value, 1, NULL);
        printf("  %c   %-13s %-19s %4d   ", desc->code, desc->name, desc->c_name, desc->size);
        if (made) {
            print(need(cdata_get_attr(made, "value")));
            putchar('\n');
            decref(made);
        } else {
            printf("%s\n", error_name(error_occurred()));
            error_clear();
        }
        decref(value);
    }
    puts("An integer keeps its lowest bits, as in C. Nothing overflows aloud.");
}

static void show_layout(const char *text, int pack) {
    printf("struct { %s; }%s\n", text, pack > 0 ? " with _pack_ = 1" : "");
    CType *type = need(declared(text, pack));
    draw_layout(type);
    decref(type);
}

static void scene_layout(void) {
    puts("A letter is a byte of that field, . is padding, + is shared.");
    show_layout("char c; double d; short s", NO_PACK);
    step("Which order of the three would be smaller?");
    show_layout("double d; short s; char c", NO_PACK);
    step("int a : 8, then signed char b : 5. Where is b?");
    show_layout("int a : 8; signed char b : 5", NO_PACK);
    step("Packed, and three bits of an int: how large?");
    show_layout("int a : 3", 1);
    puts("Up to 3.13 ctypes' layout of bit fields is not always the C compiler's.");
}

static void scene_held(void) {
    Object *text = bytes("text of Python's"), *pointer, *buffer;
    printf("references to the bytes object: %zd\n", text->refcnt);
    pointer = need(ctype_call(OBJECT(ctype_simple('z')), &text, 1, NULL));
    printf("p = c_char_p(text):             %zd, as p points into it\n", text->refcnt);
    step("p dies: how many?");
    decref(pointer);
    printf("del p:                          %zd\n", text->refcnt);
    buffer = need(cdata_string_buffer(text, -1));
    printf("create_string_buffer(text):     %zd, as that is a copy, %zd bytes with its NUL\n",
           text->refcnt, cdata_length(buffer));
    Object *lib = library(), *upper = function(lib, "text_upper", NULL, NULL, 0);
    SHOW("text_upper(buffer)", upper, new_ref(buffer));
    printf("buffer.value ");
    print(need(cdata_get_attr(buffer, "value")));
    printf(", text ");
    print(text);
    putchar('\n');
    decref(buffer);
    decref(upper);
    decref(lib);
}

static void scene_errno(void) {
    Object *lib = library(), *fail = need(cdll_function(lib, "fail_with"));
    puts("fail_with(n) returns the errno that it finds, and sets n.");
    ctypes_set_errno(5);
    errno = 99;
    puts("set_errno(5), and C's own errno is 99");
    step("Which of the two does the function find?");
    SHOW("fail_with(33)", fail, number(33));
    printf("get_errno() %d, C's own errno is still %s\n", ctypes_get_errno(),
           errno == 99 ? "99" : "something else");
    puts("The copy is one for each thread, swapped in before the call and out after:\n"
         "what Python itself does in between cannot overwrite it.");
    decref(fail);
    decref(lib);
}

static Object *compare(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    long a, b;
    Object *left = need(cdata_get_item(args[0], 0)), *right = need(cdata_get_item(args[1], 0));
    must(int_as_long(left, &a) | int_as_long(right, &b));
    printf("  compare(%ld, %ld)\n", a, b);
    decref(left);
    decref(right);
    return int_from_long((a > b) - (a < b));
}

static Object *failing(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)args, (void)nargs;
    error_set(ValueError, "raised inside");
    return NULL;
}

static void complain(const char *where, Object *callable) {
    (void)callable;
    printf("  nobody to raise to, %s:\n    ", where);
    error_print(stdout);
    error_clear();
}

static void scene_callback(void) {
    Object *lib = library(), *code = need(function_new("compare", compare, NULL));
    CType *c_int = ctype_simple('i'), *to_int = need(ctype_pointer(c_int));
    CType *type = need(ctype_function(c_int, (CType *[]){to_int, to_int}, 2, false));
    CType *array = need(ctype_array(c_int, 3));
    Object *ints[] = {number(3), number(1), number(2)};
    Object *items = need(ctype_call(OBJECT(array), ints, 3, NULL));
    Object *callback = need(object_call(OBJECT(type), &code, 1));
    Object *again = need(object_call(OBJECT(type), &code, 1));
    printf("Two callbacks of one function: %s code\n",
           memcmp(((CData *)callback)->ptr, ((CData *)again)->ptr, sizeof(void *)) ? "two pieces of"
                                                                                   : "the same");
    puts("as C passes nothing along but an address: each piece knows its own thunk.");
    Object *sort = function(lib, "sort_ints", NULL, NULL, 0);
    SHOW("sort_ints([3, 1, 2], 3, compare)", sort, new_ref(items), number(3), new_ref(callback));
    for (int i = 0; i < 3; i++)
        printf("%s", i ? " " : "sorted: "), print(need(cdata_get_item(items, i)));
    putchar('\n');
    step("C has called a function that raises: who gets the exception?");
    void (*before)(const char *, Object *) = unraisable_hook;
    unraisable_hook = complain;
    CType *plain = need(ctype_function(c_int, (CType *[]){c_int}, 1, false));
    Object *bad = need(function_new("failing", failing, NULL));
    Object *callable = need(object_call(OBJECT(plain), &bad, 1));
    Object *apply = need(cdll_function(lib, "apply"));
    SHOW("apply(failing, 1)", apply, new_ref(callable), number(1));
    unraisable_hook = before;
    Object *all[] = {
        apply,   callable, bad,     OBJECT(plain), sort,         again,          callback, items,
        ints[0], ints[1],  ints[2], OBJECT(array), OBJECT(type), OBJECT(to_int), code,     lib};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        decref(all[i]);
}

static void scene_refused(void) {
    static const char *const bad[] = {"float f : 3", "int n : 40", "strange s", "int"};
    step("A bit field of a float: what is said?");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CType *type = declared(bad[i], NO_PACK);
        printf("%s\n  ", bad[i]);
        if (!type) error_print(stdout);
        error_clear();
        xdecref(type);
    }
    Object *lib = library(), *missing = cdll_function(lib, "no_such_function");
    printf("%-34s %s\n", "lib.no_such_function",
           missing ? "is there" : error_name(error_occurred()));
    error_clear();
    CType *to_int = need(ctype_pointer(ctype_simple('i')));
    Object *sum =
        function(lib, "array_sum", ctype_simple('l'), (CType *[]){to_int, ctype_simple('L')}, 2);
    SHOW("array_sum(5, 1)", sum, number(5), number(1));
    decref(sum);
    decref(to_int);
    decref(lib);
}

/* ---- A function of a library of yours ---------------------------------------------------------*/

static const char *returns, *layout;
static long pack;
static bool dot;

static int unfit(const char *what) {
    int status = usage_error("ctypes_demo", "%s: %s: %s", what, error_name(error_occurred()),
                             error_message());
    error_clear();
    return status;
}

/* The value of a word for a type: new reference, or NULL with ValueError. */
static Object *value_of(const CType *type, const char *text) {
    const FieldDesc *desc = type->desc;
    char *end;
    if (desc->code == 'z' || desc->code == 'c') return bytes_from_data(text, (ssize_t)strlen(text));
    if (desc->code == 'Z' || desc->code == 'u') return str_from_string(text);
    if (desc->kind == C_FLOATING) {
        double value = strtod(text, &end);
        if (end != text && !*end) return float_from_double(value);
        error_set(ValueError, "not a number: '%.60s'", text);
        return NULL;
    }
    Object *value = int_from_string(text);
    if (!value || desc->kind == C_POINTER) return value;
    const Int *self = (Int *)value;
    int bits = desc->code == '?' ? 1 : 8 * desc->size - (desc->kind == C_SIGNED);
    uint64_t most = UINT64_MAX >> (64 - bits), least = desc->kind == C_SIGNED ? most + 1 : 0;
    if (self->magnitude <= (self->negative ? least : most)) return value;
    decref(value);
    error_set(OverflowError, "%s does not fit in %s, of %d bytes", text, desc->c_name, desc->size);
    return NULL;
}

static int call(Object *func, int count, char **words) {
    CType *types[CTYPES_MAX_ARGCOUNT];
    Object *values[CTYPES_MAX_ARGCOUNT], *result = NULL;
    ssize_t n = 0;
    int status = 0;
    if (count > CTYPES_MAX_ARGCOUNT)
        return usage_error("ctypes_demo", "%d arguments, more than %d", count, CTYPES_MAX_ARGCOUNT);
    for (; n < count && !status; n += !status) {
        char *colon = strchr(words[n], ':');
        if (colon) *colon = '\0';
        types[n] = colon ? named(words[n]) : NULL;
        if (!types[n]) {
            if (colon) *colon = ':';
            status =
                usage_error("ctypes_demo", "argument %zd: no TYPE:VALUE with a type of C: '%s'",
                            n + 1, words[n]);
        } else if (!(values[n] = value_of(types[n], colon + 1))) {
            status = unfit(words[n]);
        }
    }
    if (!status &&
        (funcptr_set_argtypes(func, types, n) < 0 || !(result = object_call(func, values, n))))
        status = unfit("the call");
    if (result) {
        print(result);
        putchar('\n');
    }
    while (n-- > 0)
        decref(values[n]);
    return status;
}

/* The same in a child, since what is called may do anything: what killed it is said, with status
 * 1. */
static int call_apart(Object *func, int count, char **words) {
    fflush(stdout);
    pid_t parent = getpid(), child = fork();
    if (child < 0) return call(func, count, words);
    if (child == 0) {
#ifdef __linux__
        prctl(PR_SET_PDEATHSIG, SIGKILL); // it is not to outlive who waits for it
#endif
        if (getppid() != parent) _exit(1); // who was gone before that
        _exit(finish_output("ctypes_demo", call(func, count, words)));
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    fprintf(stderr, "ctypes_demo: the call died of signal %d, %s\n", WTERMSIG(status),
            strsignal(WTERMSIG(status)));
    return 1;
}

static int draw(void) {
    if (!layout) {
        dot_registers();
        return 0;
    }
    CType *type = declared(layout, pack ? (int)pack : NO_PACK);
    if (!type) return unfit("--layout");
    if (dot) {
        dot_layout(type);
    } else {
        draw_layout(type);
    }
    decref(type);
    return 0;
}

static int work(int count, char **operands) {
    if (pack & (pack - 1)) return usage_error("ctypes_demo", "--pack takes 1, 2, 4, 8 or 16");
    if (pack && !layout) return usage_error("ctypes_demo", "--pack goes with --layout");
    if (layout || dot) {
        if (count) return usage_error("ctypes_demo", "an argument too many: '%s'", operands[0]);
        if (returns) return usage_error("ctypes_demo", "--returns goes with LIBRARY FUNCTION");
        return draw();
    }
    if (count < 2) return usage_error("ctypes_demo", "LIBRARY FUNCTION expected");
    if (!returns) returns = "int";
    bool nothing = strcmp(returns, "void") == 0;
    CType *restype = nothing ? NULL : named(returns);
    if (!restype && !nothing)
        return usage_error("ctypes_demo", "--returns: no type of C: '%s'", returns);
    Object *lib = cdll_open(operands[0], true);
    if (!lib) return unfit("LIBRARY");
    Object *func = cdll_function(lib, operands[1]);
    int status = func ? 0 : unfit("FUNCTION");
    if (func) must(funcptr_set_restype(func, restype));
    if (func) status = call_apart(func, count - 2, operands + 2);
    xdecref(func);
    decref(lib);
    return status;
}

int main(int argc, char **argv) {
    static const Scene scenes[] = {
        {"add", "The smallest call", scene_add, NULL, false},
        {"steps", "The steps of one call", scene_steps, NULL, false},
        {"types", "What each type keeps of 300", scene_types, NULL, false},
        {"layout", "A structure byte by byte, ctypes' and C's", scene_layout,
         "where b begins for ctypes and where for the C compiler", false},
        {"held", "Who keeps the bytes alive", scene_held, NULL, false},
        {"errno", "errno, swapped around the call", scene_errno, NULL, false},
        {"callback", "C calls Python", scene_callback, NULL, false},
        {"refused", "What is refused, and how", scene_refused, NULL, false},
        {"registers", "Which register gets what, by hand", scene_registers, NULL, false},
        {0},
    };
    static const Option options[] = {
        {.name = "--returns", .takes = "TYPE", .about = "of the result; int", .text = &returns},
        {.name = "--layout",
         .takes = "FIELDS",
         .about = "draws 'char c; int n : 3; double d'",
         .text = &layout},
        {.name = "--pack",
         .takes = "N",
         .about = "its _pack_, #pragma pack(N)",
         .number = &pack,
         .low = 1,
         .high = 16},
        {.name = "--dot", .about = "the layout or the registers, for Graphviz", .flag = &dot},
        {0},
    };
    static const Demo demo = {
        .program = "ctypes_demo",
        .about = "calls FUNCTION of LIBRARY with these values: libm.so.6 cos --returns double\n"
                 "double:1.0. Types are C's (unsigned int, char*) or ctypes' (c_uint).",
        .operands = "[LIBRARY FUNCTION TYPE:VALUE...]",
        .scenes = scenes,
        .options = options,
        .work = work,
    };
    return demo_main(&demo, argc, argv);
}
