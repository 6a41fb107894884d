/* twin.c: where fields are, the bytes of every value in every type, and what each line of twin.inc
 * gives, on our mechanism; twin.py asks ctypes the same. Beside this program is libsample.so, whose
 * functions are called. */
#include "../ctypes.h"

static const char *const lines[] = {
#include "twin.inc"
};

static void check(const void *made) {
    if (made || error_occurred()) return;
    fputs("ctypes_twin: NULL without an error\n", stderr);
    exit(1);
}

/* ---- Names -----------------------------------------------------------------------------------*/

static struct {
    char name[16];
    Object *value;
} names[128];
static Object *library;
static bool ignored; // a callback's error was, and so C was given what happened to be there

static Object *lookup(const char *name) {
    for (size_t i = 0; i < 128 && names[i].value; i++) {
        if (strcmp(names[i].name, name) == 0) return names[i].value;
    }
    return NULL;
}

/* Steals the value, NULL for an error: 0 or -1. */
static int bind(const char *name, void *value) {
    size_t i = 0;
    check(value);
    if (!value) return -1;
    while (names[i].value && strcmp(names[i].name, name) != 0)
        i++;
    snprintf(names[i].name, sizeof names[i].name, "%s", name);
    Object *old = names[i].value;
    names[i].value = value;
    object_xdecref(old);
    return 0;
}

/* ---- Words -----------------------------------------------------------------------------------*/

/* A class from its spelling: a code, a name, i*, i[3]. New reference; NULL for v, too. */
static CType *kind_of(const char *text) {
    size_t length = strlen(text);
    char inner[32];
    memcpy(inner, text, length + 1);
    if (strcmp(text, "v") == 0) return NULL;
    if (length > 1 && (text[length - 1] == '*' || text[length - 1] == ']')) {
        char *end = strrchr(inner, text[length - 1] == '*' ? '*' : '[');
        *end = '\0';
        CType *of = kind_of(inner);
        CType *made = *(text + (end - inner)) == '*' ? ctype_pointer(of)
                                                     : ctype_array(of, strtol(end + 1, NULL, 10));
        decref(of);
        return made;
    }
    CType *made = length == 1 ? ctype_simple(text[0]) : (CType *)lookup(text);
    return (CType *)new_ref(made);
}

/* What a word stands for: a literal or a name. New reference. */
static Object *token(const char *word) {
    static Object *const constants[] = {None, True, False};
    static const char *const spelled[] = {"None", "True", "False"};
    for (int i = 0; i < 3; i++) {
        if (strcmp(word, spelled[i]) == 0) return new_ref(constants[i]);
    }
    if (lookup(word)) return new_ref(lookup(word));
    bool bytes = word[0] == 'b';
    if (word[bytes] == '\'') {
        char text[64];
        ssize_t size = 0;
        for (const char *c = word + bytes + 1; *c != '\''; c++, size++) {
            bool nul = c[0] == '\\';
            text[size] = nul ? '\0' : *c;
            c += nul;
        }
        return bytes ? bytes_from_data(text, size) : str_from_utf8(text, size);
    }
    if (word[0] == '(') {
        Object *items[4];
        ssize_t n = 0;
        char copy[64], *rest = NULL;
        snprintf(copy, sizeof copy, "%s", word + 1);
        for (char *item = strtok_r(copy, ",)", &rest); item; item = strtok_r(NULL, ",)", &rest))
            items[n++] = token(item);
        Object *made = tuple_from_array(items, n);
        while (n-- > 0)
            decref(items[n]);
        return made;
    }
    if (strpbrk(word, ".ein")) return float_from_double(strtod(word, NULL));
    return int_from_string(word);
}

/* ---- What is printed -------------------------------------------------------------------------*/

static void print_error(void) {
    const char *message = error_message(), *name = strstr(message, "libsample");
    printf("%s: %s\n", error_name(error_occurred()), name ? name : message);
    error_clear();
}

static void print_bytes(const void *data, size_t size) {
    for (size_t i = 0; i < size; i++)
        printf("%02x", ((const unsigned char *)data)[i]);
}

/* Memory with a type that is not simple, by its type. */
static bool is_composite(Object *value) {
    return cdata_check(value) && ctype_of(value)->kind != KIND_SIMPLE;
}

/* Steals it, or prints the error. */
static void print_value(Object *value) {
    check(value);
    fputs("    ", stdout);
    if (!value) {
        print_error();
    } else if (is_composite(value)) {
        printf("<%s>\n", value->type->name);
        bind("_", value);
    } else {
        object_write_repr(value, stdout);
        putchar('\n');
        decref(value);
    }
}

/* ---- Random structures -----------------------------------------------------------------------*/

static uint64_t state = 17;

/* splitmix64: the next number, below the limit; of 0, all 64 bits. */
static uint64_t below(uint64_t limit) {
    uint64_t z = (state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    z ^= z >> 31;
    return limit ? z % limit : z;
}

enum { POOL = 16, MAX_FIELDS = 6 };
static CType *pool[POOL]; // the latest, the newest last
static size_t pooled;
static char shown[MAX_FIELDS][32];
static char field_names[MAX_FIELDS][8];

static bool is_integer(const CType *type) {
    const FieldDesc *desc = type->kind == KIND_SIMPLE ? type->desc : NULL;
    return desc && strchr("bBhHiIlLqQ?", desc->code);
}

/* Field i: its type is a new reference. */
static FieldSpec random_field(int i) {
    uint64_t what = below(100);
    char code = "c?bBhHiIlLqQfdgPzZubBhHiIlLqQ"[below(29)];
    CType *simple = ctype_simple(code);
    FieldSpec spec = {field_names[i], simple, 0};
    snprintf(field_names[i], sizeof field_names[i], "f%d", i);
    snprintf(shown[i], sizeof shown[i], "%c", code);
    if (what < 10) {
        int length = 1 + (int)below(4);
        snprintf(shown[i], sizeof shown[i], "%c[%d]", code, length);
        spec.type = ctype_array(simple, length);
        return spec;
    }
    if (what < 20 && pooled) {
        CType *other = pool[below(pooled)];
        if (other->size <= 100) {
            snprintf(shown[i], sizeof shown[i], "%s", other->type.name);
            spec.type = other;
        }
    } else if (what < 23) {
        snprintf(shown[i], sizeof shown[i], "%c*", code);
        spec.type = ctype_pointer(simple);
        return spec;
    } else if (below(2) && strchr("bBhHiIlLqQ?", code)) {
        spec.bits = 1 + (int)below(8 * simple->size);
        snprintf(shown[i], sizeof shown[i], "%c:%d", code, spec.bits);
    }
    incref(spec.type);
    return spec;
}

/* The field's place, and the value that comes back when a random one was assigned. */
static void print_field(Object *value, const FieldSpec *spec, const char *type) {
    const CField *field = structure_find(ctype_of(value), spec->name);
    printf(", %s %zd %zd", type, field->offset, field->size);
    ssize_t end = spec->bits ? LOW_BIT(field->size) + NUM_BITS(field->size) : 0,
            width = (ssize_t)field->type->size;
    bool inside = end <= 8 * width && 0 <= field->offset &&
                  field->offset + width <= (ssize_t)ctype_of(value)->size;
    if (!is_integer(field->type) || !inside) return;
    Object *number = int_from_unsigned(below(0));
    cdata_set_attr(value, spec->name, number);
    decref(number);
    number = cdata_get_attr(value, spec->name);
    long long plain = 0;
    putchar('=');
    if (object_is(number, &Bool_Type) && int_as_longlong(number, &plain) == 0) {
        printf("%lld", plain);
    } else {
        object_write_repr(number, stdout);
    }
    decref(number);
}

static void random_structure(int n) {
    bool is_union = below(5) == 0, packed = below(4) == 0;
    int pack = 1 << below(4);
    CType *base = NULL;
    FieldSpec specs[MAX_FIELDS];
    char name[16];
    snprintf(name, sizeof name, "T%d", n);
    if (below(6) == 0 && pooled) {
        base = pool[below(pooled)];
        if ((base->kind == KIND_UNION) != is_union || base->size > 100) base = NULL;
    }
    int nfields = 1 + (int)below(MAX_FIELDS);
    for (int i = 0; i < nfields; i++)
        specs[i] = random_field(i);
    CType *made = (is_union ? union_new : structure_new)(name, base, packed ? pack : NO_PACK);
    if (structure_set_fields(made, specs, nfields) < 0) print_error();
    printf("%s %s ", name, is_union ? "union" : "struct");
    if (packed) printf("pack=%d ", pack);
    if (base) printf("%s ", base->type.name);
    printf("size=%zu align=%zu", made->size, made->align);
    Object *value = cdata_new(made);
    for (int i = 0; i < nfields; i++) {
        print_field(value, &specs[i], shown[i]);
        decref(specs[i].type);
    }
    fputs("\n    ", stdout);
    print_bytes(((CData *)value)->ptr, made->size);
    putchar('\n');
    decref(value);
    if (pooled == POOL) {
        decref(pool[0]);
        memmove(pool, pool + 1, (POOL - 1) * sizeof *pool);
        pooled--;
    }
    pool[pooled++] = made;
}

/* ---- Every value in every type ---------------------------------------------------------------*/

// clang-format off
static const char *const values[] = {
    "None", "True", "False", "0", "1", "-1", "65", "127", "128", "-128", "-129", "255", "256",
    "32767", "32768", "-32768", "-32769", "65535", "65536", "2147483647", "2147483648",
    "-2147483648", "-2147483649", "4294967295", "4294967296", "9007199254740993",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
    "18446744073709551615", "-18446744073709551615", "0.0", "-0.0", "1.5", "0.1", "1e39", "1e-46",
    "3.4028235677973366e+38", "1.7976931348623157e+308", "5e-324", "inf", "-inf", "nan", "b''",
    "b'a'", "b'ab'", "b'a\\0b'", "b'\\0'", "''", "'a'", "'ab'", "'a\\0b'", "'é'", "'ß€'", "'😀'",
    "()", "(1,2)",
};
// clang-format on

/* Without the newline. */
static void print_pending(void) {
    printf("%s: %s", error_name(error_occurred()), error_message());
    error_clear();
}

/* The value as the type keeps it, and as a C function gives it back. */
static void attempt(const FieldDesc *desc, const char *word) {
    CType *type = ctype_simple(desc->code);
    Object *value = token(word), *back;
    bool text = desc->code == 'z' || desc->code == 'Z';
    printf("%c %s: ", desc->code, word);
    if (text && int_check(value) && object_is_true(value)) {
        fputs("an address", stdout);
    } else {
        Object *made = object_call(OBJECT(type), &value, 1);
        back = made ? cdata_get_attr(made, "value") : NULL;
        if (back) {
            // Of a long double the rest is padding, and that is anything.
            if (desc->kind != C_POINTER)
                print_bytes(((CData *)made)->ptr, type->size < 10 ? type->size : 10);
            if (desc->kind != C_POINTER) putchar(' ');
            object_write_repr(back, stdout);
            decref(back);
        } else {
            print_pending();
        }
        xdecref(made);
    }
    char name[] = "echo_x";
    name[5] = desc->code == '?' ? 't' : desc->code;
    Object *echo = cdll_function(library, name);
    funcptr_set_argtypes(echo, &type, 1);
    funcptr_set_restype(echo, type);
    back = object_call(echo, &value, 1);
    fputs(" -> ", stdout);
    if (!back && error_matches(ArgumentError)) {
        fputs("refused", stdout);
        error_clear();
    } else if (!back) {
        print_pending();
    } else if (desc->code == 'P' && (value->type == &Bytes_Type || value->type == &Str_Type)) {
        fputs("an address", stdout);
    } else {
        object_write_repr(back, stdout);
    }
    putchar('\n');
    xdecref(back);
    decref(echo);
    decref(value);
}

/* ---- twin.inc --------------------------------------------------------------------------------*/

enum { MAX_WORDS = 24 };
typedef struct {
    char *word[MAX_WORDS];
    int n;
} Words;

static Object *call_double(Object *closure, Object *const *args, ssize_t nargs) {
    long value;
    (void)closure, (void)nargs;
    return int_as_long(args[0], &value) < 0 ? NULL : int_from_long(2 * value);
}
static Object *call_raise(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)args, (void)nargs;
    error_set(ValueError, "no");
    return NULL;
}
static Object *call_text(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)args, (void)nargs;
    return str_from_string("text");
}
static Object *call_none(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)args, (void)nargs;
    return new_ref(None);
}
static Object *call_args(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    return new_ref(args[2]);
}
static long target(Object *pointer) {
    Object *item = cdata_get_item(pointer, 0);
    long value = 0;
    if (item) int_as_long(item, &value);
    object_xdecref(item);
    return value;
}
static Object *call_compare(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    return int_from_long(target(args[0]) - target(args[1]));
}
static Object *call_weigh(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    Object *x = cdata_get_attr(args[0], "x"), *y = cdata_get_attr(args[0], "y");
    double a = 0, b = 0, by = 0;
    float_as_double(x, &a);
    float_as_double(y, &b);
    float_as_double(args[1], &by);
    decref(x);
    decref(y);
    return float_from_double((a + b) * by);
}

/* A callable, or what is none. New reference. */
static Object *callable(const char *name) {
    static const struct {
        const char *name;
        FunctionCode code;
    } all[] = {{"double", call_double}, {"raise", call_raise}, {"text", call_text},
               {"none", call_none},     {"args", call_args},   {"compare", call_compare},
               {"weigh", call_weigh}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (strcmp(all[i].name, name) == 0) return function_new(all[i].name, all[i].code, NULL);
    }
    return strcmp(name, "5") == 0 ? int_from_long(5) : str_from_string("5");
}

static void on_unraisable(const char *where, Object *function) {
    (void)function;
    printf("    Exception ignored %s: ", where);
    print_error();
    ignored = true;
}

/* struct, union, fields: 0 or -1. */
static int define(const Words *words) {
    FieldSpec specs[8];
    ssize_t n = 0;
    int pack = NO_PACK;
    CType *base = NULL;
    for (int i = 2; i < words->n; i++) {
        char *word = words->word[i], *bits;
        if (strncmp(word, "base=", 5) == 0) {
            base = (CType *)lookup(word + 5);
        } else if (strncmp(word, "pack=", 5) == 0) {
            pack = atoi(word + 5);
        } else {
            char *kind = strchr(word, ':');
            *kind++ = '\0';
            bits = strchr(kind, ':');
            if (bits) *bits++ = '\0';
            specs[n++] = (FieldSpec){word, kind_of(kind), bits ? atoi(bits) : 0};
        }
    }
    const char *name = words->word[1];
    CType *made = strcmp(words->word[0], "fields") == 0 ? (CType *)new_ref(lookup(name))
                  : words->word[0][0] == 's'            ? structure_new(name, base, pack)
                                                        : union_new(name, base, pack);
    int status = n ? structure_set_fields(made, specs, n) : 0;
    while (n-- > 0)
        decref(specs[n].type);
    if (status == 0) return bind(name, made);
    decref(made);
    return -1;
}

/* type(args, name=value): new reference. */
static Object *instantiate(CType *type, char *const *word, int n) {
    Object *args[MAX_WORDS] = {NULL}, *keys[MAX_WORDS], *kwnames = NULL;
    ssize_t nargs = 0, total = 0, nkeys = 0;
    for (int i = 0; i < n; i++) {
        char *equals = 'a' <= word[i][0] && word[i][0] <= 'z' ? strchr(word[i], '=') : NULL;
        if (equals) keys[nkeys++] = str_from_utf8(word[i], equals - word[i]);
        if (!equals) nargs++;
        args[total++] = token(equals ? equals + 1 : word[i]);
    }
    if (nkeys) kwnames = tuple_from_array(keys, nkeys);
    Object *made = object_vectorcall(OBJECT(type), args, nargs, kwnames);
    xdecref(kwnames);
    while (nkeys > 0)
        decref(keys[--nkeys]);
    while (total > 0)
        decref(args[--total]);
    return made;
}

static void show(const CType *type) {
    printf("    size %zu align %zu\n", type->size, type->align);
    for (ssize_t i = 0; i < type->length; i++) {
        printf("    %s ", type->fields[i].name);
        field_write_repr(&type->fields[i], stdout);
        putchar('\n');
    }
}

/* argtypes, functype: the classes of these words, new references. */
static void kinds_of(char *const *word, int n, CType **kinds) {
    for (int i = 0; i < n; i++)
        kinds[i] = kind_of(word[i]);
}
static void drop_kinds(CType **kinds, int n) {
    while (n-- > 0)
        xdecref(kinds[n]);
}

static int status_of(Object *value, int (*set)(Object *, Object *), Object *subject) {
    int status = set(subject, value);
    decref(value);
    return status;
}

/* 0, or -1 with an error. */
static int execute(const Words *words) {
    const char *verb = words->word[0], *first = words->word[1], *second = words->word[2];
    char *const *rest = words->word + 2;
    int n = words->n - 2, status = 0;
    Object *subject = lookup(first), *value = NULL;
    CType *kinds[MAX_WORDS];
#define IS(text) (strcmp(verb, text) == 0)
    if (IS("open")) return bind("_", cdll_open(first, false));
    if (IS("func")) return bind(first, cdll_function(library, second));
    if (IS("struct") || IS("union") || IS("fields")) return define(words);
    if (IS("show")) return show((CType *)subject), 0;
    if (IS("argtypes")) {
        kinds_of(rest, n, kinds);
        status = funcptr_set_argtypes(subject, kinds, n);
        drop_kinds(kinds, n);
        return status;
    }
    if (IS("functype")) {
        kinds_of(rest, n, kinds);
        status = bind(first, ctype_function(kinds[0], kinds + 1, n - 1, false));
        drop_kinds(kinds, n);
        return status;
    }
    if (IS("errcheck")) {
        if (*second == '-') return funcptr_set_errcheck(subject, NULL);
        return status_of(callable(second), funcptr_set_errcheck, subject);
    }
    if (IS("callback")) {
        Object *function = callable(words->word[3]);
        status = bind(first, object_call(lookup(second), &function, 1));
        decref(function);
        return status;
    }
    if (IS("restype") || IS("new") || IS("array") || IS("variable") || IS("cast")) {
        CType *kind = kind_of(IS("variable") || IS("cast") ? words->word[3] : second);
        if (!kind && error_occurred()) return -1;
        if (IS("restype")) status = funcptr_set_restype(subject, kind);
        if (IS("variable")) status = bind(first, cdll_variable(library, second, kind));
        if (IS("new") || IS("array")) status = bind(first, instantiate(kind, rest + 1, n - 1));
        if (IS("cast")) {
            Object *from = token(second);
            status = bind(first, cdata_cast(from, kind));
            decref(from);
        }
        xdecref(kind);
        return status;
    }
    if (IS("buffer")) {
        value = token(second);
        long size = n > 1 ? atol(rest[1]) : -1;
        status = bind(first, cdata_string_buffer(value == None ? NULL : value, size));
        decref(value);
        return status;
    }
    if (IS("call")) {
        value = instantiate((CType *)subject, rest, n);
        if (!ignored) return print_value(value), 0;
        object_xdecref(value);
        return 0;
    }
    if (IS("get")) return print_value(cdata_get_attr(subject, second)), 0;
    if (IS("item")) return print_value(cdata_get_item(subject, atol(second))), 0;
    if (IS("set") || IS("put")) {
        value = token(words->word[3]);
        status = IS("set") ? cdata_set_attr(subject, second, value)
                           : cdata_set_item(subject, atol(second), value);
        decref(value);
        return status;
    }
    if (IS("len")) {
        ssize_t length = cdata_length(subject);
        if (length >= 0) printf("    %zd\n", length);
        return length < 0 ? -1 : 0;
    }
    if (IS("bytes")) {
        fputs("    ", stdout);
        print_bytes(((CData *)subject)->ptr, ((CData *)subject)->size);
        return putchar('\n'), 0;
    }
    if (IS("repr")) {
        bool function = ctype_of(subject)->kind == KIND_FUNCTION;
        return print_value(function ? str_from_string(((FuncPtr *)subject)->name)
                                    : new_ref(subject)),
               0;
    }
    if (IS("errno")) return print_value(int_from_long(ctypes_set_errno(atoi(first)))), 0;
    value = token(IS("addressof") ? first : second);
    if (IS("byref")) status = bind(first, cdata_byref(value, n > 1 ? atol(rest[1]) : 0));
    if (IS("pointer")) status = bind(first, cdata_pointer(value));
    if (IS("addressof")) status = bind("_", cdata_addressof(value));
    decref(value);
    return status;
}

static void run(const char *line) {
    char copy[200], *rest = NULL;
    Words words = {{NULL}, 0};
    puts(line);
    if (line[0] == '#') return;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        words.word[words.n++] = word;
    ignored = false;
    if (execute(&words) < 0) {
        fputs("    ", stdout);
        print_error();
    }
}

/* The names dropped: first the values, then what holds itself, then the classes. */
static void drop_names(void) {
    size_t n = 0;
    while (n < 128 && names[n].value)
        n++;
    for (size_t i = n; i-- > 0;) {
        if (cdata_check(names[i].value) || names[i].value->type == &CArg_Type)
            clear_ref(names[i].value);
    }
    for (size_t i = n; i-- > 0;) {
        Object *value = names[i].value;
        if (value && (value->type == &PyCStructType_Type || value->type == &UnionType_Type))
            structure_clear((CType *)value);
    }
    for (size_t i = n; i-- > 0;)
        object_xdecref(names[i].value);
}

int main(int argc, char **argv) {
    char path[4096];
    (void)argc;
    snprintf(path, sizeof path, "%s", argv[0]);
    char *slash = strrchr(path, '/');
    snprintf(slash ? slash + 1 : path, 32, "%slibsample.so", slash ? "" : "./");
    library = cdll_open(path, true);
    if (!library) {
        error_print(stderr);
        return 1;
    }
    unraisable_hook = on_unraisable;
    for (int n = 0; n < 2000; n++)
        random_structure(n);
    while (pooled > 0)
        decref(pool[--pooled]);
    for (const FieldDesc *desc = field_descs; desc->code && desc->code != 'O'; desc++) {
        for (size_t i = 0; i < sizeof values / sizeof *values; i++)
            attempt(desc, values[i]);
    }
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        run(lines[i]);
    drop_names();
    decref(library);
    return finish_output(argv[0], 0);
}
