/* values.c: classbased_demo on a file of literals: each is printed by the function that singledispatch
 * has for its class; and the scene that shows how it is found. */
#include "demo.h"

#include <inttypes.h>

/* ---- def show(value): one function for each class ---------------------------------------------*/

static Object *show_body(Function *self, Object *const *locals) {
    (void)self;
    return object_repr(locals[0]);
}

/* 1,234,567 */
static Object *show_int_body(Function *self, Object *const *locals) {
    (void)self;
    char digits[24], text[32], *to = text;
    int size = snprintf(digits, sizeof digits, "%" PRId64, ((Int *)locals[0])->value);
    for (int i = 0; i < size; i++) {
        if (i > 0 && (size - i) % 3 == 0 && digits[i - 1] != '-') *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return str_from_string(text);
}

static Object *show_str_body(Function *self, Object *const *locals) {
    (void)self;
    size_t characters = 0;
    for (const char *c = ((Str *)locals[0])->text; *c; c++)
        characters += ((unsigned char)*c & 0xC0) != 0x80;
    Object *repr = object_repr(locals[0]), *result = NULL;
    if (repr) result = str_from_format("%s, %zu long", ((Str *)repr)->text, characters);
    xdecref(repr);
    return result;
}

/* f"{len(value)} items [{'; '.join(map(show, value))}]" */
static Object *show_tuple_body(Function *self, Object *const *locals) {
    const Tuple *tuple = (Tuple *)locals[0];
    Object *show = load_global(self, "show"), *result = NULL;
    Writer out = {0};
    char head[40];
    snprintf(head, sizeof head, "%zd item%s [", tuple->size, tuple->size == 1 ? "" : "s");
    writer_puts(&out, head);
    for (ssize_t i = 0; show && i < tuple->size; i++) {
        Object *text = object_call_args(show, 1, tuple->items[i]);
        if (!text) goto done;
        if (i > 0) writer_puts(&out, "; ");
        writer_puts(&out, ((Str *)text)->text);
        decref(text);
    }
    if (show && writer_puts(&out, "]") == 0) result = str_from_utf8(out.bytes, (ssize_t)out.length);
done:
    writer_free(&out);
    xdecref(show);
    return result;
}

static Object *show_bool_body(Function *self, Object *const *locals) {
    (void)self;
    return str_from_string(locals[0] == True ? "yes" : "no");
}

static Object *show_float_body(Function *self, Object *const *locals) {
    (void)self;
    return str_from_format("%.3e", ((Float *)locals[0])->value);
}

static Object *show_none_body(Function *self, Object *const *locals) {
    (void)self;
    (void)locals;
    return str_from_string("nothing");
}

static Object *show_account_body(Function *self, Object *const *locals) {
    (void)self;
    Object *name = get(locals[0], "name");
    Object *result = name ? str_from_format("account of %s", ((Str *)name)->text) : NULL;
    xdecref(name);
    return result;
}

#define SHOW_CODE(suffix)                                                                          \
    static Code show##suffix##_code = {CODE("show" #suffix), .argcount = 1,                        \
                                       .varnames = NAMES("value"), .body = show##suffix##_body}
SHOW_CODE();
SHOW_CODE(_int);
SHOW_CODE(_str);
SHOW_CODE(_tuple);
SHOW_CODE(_bool);
SHOW_CODE(_float);
SHOW_CODE(_none);
SHOW_CODE(_account);

static void add(SingleDispatch *self, Type *type, Code *code) {
    Object *func = def(code);
    must(singledispatch_register(self, type, func));
    decref(func);
}

/* @singledispatch above show(), and those that are registered from the start; show is a global. */
static SingleDispatch *make_show(void) {
    begin_module();
    Object *show = decorated(&singledispatch_builtin, def(&show_code));
    must(dict_set_item(globals, need(str_intern("show")), show));
    add((SingleDispatch *)show, &Int_Type, &show_int_code);
    add((SingleDispatch *)show, &Str_Type, &show_str_code);
    add((SingleDispatch *)show, &Tuple_Type, &show_tuple_code);
    return (SingleDispatch *)show;
}

/* ---- dispatch ---------------------------------------------------------------------------------*/

static bool registered(const SingleDispatch *self, const Type *type) {
    for (ssize_t i = 0; i < self->order->size; i++)
        if (self->order->items[i] == OBJECT(type)) return true;
    return false;
}

/* A call, and the way to its function. Takes the reference to value. */
static void dispatched(SingleDispatch *self, const char *expression, Object *value) {
    size_t known = self->cache.used;
    const Function *func = need(singledispatch_dispatch(self, value->type));
    bool cached = self->cache.used == known;
    Object *text = need(object_call_args(OBJECT(self), 1, value));
    printf("  %-14s %-13s %-18s ", expression, func->name->text, ((Str *)text)->text);
    if (cached) printf("cache");
    for (const Type *type = cached ? NULL : value->type; type; type = type->base) {
        printf("%s", type->name);
        if (registered(self, type)) break;
        printf(" -> ");
    }
    putchar('\n');
    decref(text);
    decref(value);
}

void scene_dispatch(void) {
    SingleDispatch *self = make_show();
    Type *account = make_class("Account", &Object_Type,
                               (Attribute[]){{"__init__", def(&account_init_code)},
                                             {"__repr__", def(&account_repr_code)},
                                             {0}});
    Type *savings = make_class("Savings", account, (Attribute[]){{0}});
    puts("@singledispatch\n"
         "def show(value): return repr(value)\n\n"
         "@show.register(int)         and so on: str, tuple\n"
         "def show_int(value): ...\n");
    printf("  %-14s %-13s %-18s %s\n", "call", "function", "gives",
           "asked, in the order of the MRO");
    dispatched(self, "show(1234)", int_from_long(1234));
    dispatched(self, "show(5)", int_from_long(5));
    dispatched(self, "show('a')", need(str_from_string("a")));
    step("nobody registered float, nor bool: who shows 2.5 and True?");
    dispatched(self, "show(2.5)", need(float_from_double(2.5)));
    dispatched(self, "show(True)", new_ref(True));
    dispatched(self, "show(True)", new_ref(True));
    dispatched(self, "show(Savings)", account_new(savings, "ann"));
    printf("  in the cache: %zu classes\n", self->cache.used);
    add(self, &Bool_Type, &show_bool_code);
    add(self, account, &show_account_code);
    puts("\n  show.register(bool, show_bool); show.register(Account, show_account)");
    printf("  in the cache: %zu classes\n", self->cache.used);
    step("True was in the cache, with show_int: who shows it now?");
    dispatched(self, "show(True)", new_ref(True));
    dispatched(self, "show(5)", int_from_long(5));
    dispatched(self, "show(Savings)", account_new(savings, "ann"));
    dispatched(self, "show(5)", int_from_long(5));
    puts("\nA class is walked up once; each registration empties the cache, as it may be a\n"
         "better answer for any class that is in there.");
    decref(self);
    end_module();
    decref(savings);
    decref(account);
}

/* ---- The program ------------------------------------------------------------------------------*/

typedef struct {
    Object **values;
    size_t *lines;
    size_t size, allocated;
} Values;

static void values_append(Values *self, Object *value, size_t line) {
    if (self->size == self->allocated) {
        self->allocated = self->allocated ? self->allocated * 2 : 64;
        void *values = realloc(self->values, self->allocated * sizeof *self->values);
        self->values = need(values ? values : error_no_memory());
        void *lines = realloc(self->lines, self->allocated * sizeof *self->lines);
        self->lines = need(lines ? lines : error_no_memory());
    }
    self->values[self->size] = value;
    self->lines[self->size++] = line;
}

/* Reads all of it, so that a wrong line spoils no output: 0, or the exit status after a complaint. */
static int read_values(Values *self, const char *name) {
    const char *program = telling.demo->program;
    FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "re");
    if (!file) return usage_error(program, "cannot open '%s': %s", name, strerror(errno));
    char *text = NULL;
    size_t capacity = 0, line = 0;
    ssize_t size;
    int status = 0;
    while (errno = 0, status == 0 && (size = getline(&text, &capacity, file)) >= 0) {
        Object *value = parse_line(text, (size_t)size, ++line);
        if (value) {
            values_append(self, value, line);
        } else if (error_matches(ValueError)) {
            status = usage_error(program, "%s:%s", name, error_message());
            error_clear();
        } else if (error_occurred()) {
            need(NULL);
        }
    }
    if (status == 0 && !feof(file))
        status = usage_error(program, "cannot read '%s': %s", name, strerror(errno));
    if (file != stdin) fclose(file);
    free(text);
    return status;
}

static void print_values(SingleDispatch *self, const Values *values) {
    for (size_t i = 0; i < values->size && !ferror(stdout); i++) {
        Object *value = values->values[i];
        const Function *func = need(singledispatch_dispatch(self, value->type));
        Object *text = need(object_call_args(OBJECT(self), 1, value));
        printf("%5zu  %-9s %-11s ", values->lines[i], value->type->name, func->name->text);
        write_visible(stdout, ((Str *)text)->text);
        putchar('\n');
        decref(text);
    }
}

int demo_literals(const char *file, bool later) {
    Values values = {0};
    int status = read_values(&values, file);
    SingleDispatch *self = make_show();
    if (status == 0) print_values(self, &values);
    if (status == 0 && later) {
        printf("-- in the cache: %zu classes", self->cache.used);
        add(self, &Bool_Type, &show_bool_code);
        add(self, &Float_Type, &show_float_code);
        add(self, &None_Type, &show_none_code);
        printf("; after registering bool, float, NoneType: %zu\n", self->cache.used);
        print_values(self, &values);
    }
    decref(self);
    end_module();
    while (values.size > 0)
        decref(values.values[--values.size]);
    free(values.values);
    free(values.lines);
    return status;
}
