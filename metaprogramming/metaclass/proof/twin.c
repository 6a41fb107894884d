/* twin.c: class statements whose every hook says that it is called, and what is made of them. See
 * twin.py, the same program; what it shares with differential.c is in programs.h. */
#include "programs.h"

#include "../record.h"

static void programs(void) {
    for (uint32_t seed = 0; seed < 80; seed++) {
        fprintf(out, "-- %u\n", (unsigned)seed);
        random_program(seed);
    }
}

/* ---- Values for the tables, kept up to the end -----------------------------------------------*/

static Object **kept;
static size_t nkept;

static void *keep(void *made) {
    if ((nkept & (nkept - 1)) == 0)
        kept = sure(realloc(kept, (nkept ? 2 * nkept : 1) * sizeof *kept));
    return kept[nkept++] = sure(made);
}

static Object *I(int64_t value) {
    return keep(int_from_long(value));
}

static Object *S(const char *text) {
    return keep(str_from_string(text));
}

static Tuple *tuple_of(Object *const *items, ssize_t n) {
    return keep(tuple_from_array(items, n));
}
#define ARRAY(...)                                                                                 \
    (Object *[]) {                                                                                 \
        __VA_ARGS__                                                                                \
    }
#define LENGTH(array) (sizeof(array) / sizeof *(array))
#define T(...)        OBJECT(tuple_of(ARRAY(__VA_ARGS__), (ssize_t)LENGTH(ARRAY(__VA_ARGS__))))
#define EMPTY         OBJECT(tuple_of(NULL, 0))

/* A dict of names and values in turn; ends with NULL. */
static Object *D(const char *name, ...) {
    Dict *dict = keep(dict_new());
    va_list args;
    va_start(args, name);
    for (; name; name = va_arg(args, const char *)) {
        if (dict_set_item(dict, sure(str_intern(name)), va_arg(args, Object *)) < 0) sure(NULL);
    }
    va_end(args);
    return OBJECT(dict);
}

static Object *get(void *self, const char *name) {
    return keep(object_getattr_string(OBJECT(self), name));
}

static Object *class_of(void *meta, const char *name, Object *bases, Object *ns) {
    return keep(type_from(meta, name, (Tuple *)bases, (Dict *)ns));
}

/* Calls it, and tells what came of it: kept, or NULL. */
static Object *attempt(void *function, Object *const *args, ssize_t n) {
    Object *result = tell_result(object_call(OBJECT(function), args, n, NULL));
    return result ? keep(result) : NULL;
}

static void tell_status(int status) {
    tell_and_drop(status < 0 ? NULL : new_ref(None));
}

/* ---- Mistakes --------------------------------------------------------------------------------*/

static void mistakes(void) {
    Object *x = S("X"), *five = I(5), *no = EMPTY, *dict = D(NULL), *a = S("a"), *b = S("b");
    Object *type = OBJECT(&Type_Type), *object = OBJECT(&Object_Type),
           *dict_type = OBJECT(&Dict_Type);
    Object *root = class_of(type, "Root", no, dict);
    Object *slotted = class_of(type, "Slotted", no, D("__slots__", S("s"), NULL));
    Object *other = class_of(type, "Other", no, D("__slots__", S("t"), NULL));
    Object *meta = class_of(type, "Meta", T(type), dict),
           *inner = class_of(meta, "Inner", no, dict);
    Object *const all_args[] = {no,
                                T(five),
                                T(five, five),
                                T(x, no),
                                T(five, no, dict),
                                T(x, five, dict),
                                T(x, no, five),
                                T(x, no, None),
                                T(five, five, five, five)};
    Object *const functions[] = {type, meta, get(type, "__new__"), get(meta, "__call__")};
    for (size_t i = 0; i < LENGTH(all_args); i++) {
        const Tuple *args = (Tuple *)all_args[i];
        Object *more[5] = {meta};
        memcpy(more + 1, args->items, (size_t)args->size * sizeof *more);
        for (size_t f = 0; f < LENGTH(functions); f++) {
            show(OBJECT(args));
            fputc('\n', out);
            attempt(functions[f], args->items, args->size);
            attempt(functions[f], more, args->size + 1);
        }
    }
    Object *const namespaces[] = {dict,
                                  D("__slots__", five, NULL),
                                  D("__slots__", T(S("1x")), NULL),
                                  D("__slots__", T(five), NULL),
                                  D("__slots__", T(b, a), NULL),
                                  D("__slots__", no, NULL),
                                  D("__slots__", S("__dict__"), NULL),
                                  D("__slots__", T(S("__dict__"), S("__dict__")), NULL),
                                  D("__slots__", T(S("x")), "x", I(1), NULL),
                                  D("__qualname__", five, NULL),
                                  D("__qualname__", S("Q"), NULL),
                                  D("__classcell__", five, NULL),
                                  D("__init_subclass__", five, NULL),
                                  D("__new__", five, NULL),
                                  D("__class_getitem__", None, NULL),
                                  D("__getattribute__", five, NULL),
                                  D("", I(1), NULL)};
    Object *const all_bases[] = {
        no,
        T(root),
        T(slotted),
        T(slotted, root),
        T(slotted, other),
        T(root, root),
        T(root, object),
        T(object, root),
        T(type),
        T(type, root),
        T(root, type),
        T(type, slotted),
        T(dict_type, slotted),
        T(dict_type, type),
        T(OBJECT(&Bool_Type)),
        T(OBJECT(&None_Type)),
        T(five),
        T(root, five),
        T(keep(object_call(OBJECT(Entries), NULL, 0, NULL))),
        T(inner),
        T(inner, root),
        T(root, inner),
        T(inner, meta),
    };
    for (size_t i = 0; i < LENGTH(all_bases); i++) {
        for (size_t n = 0; n < LENGTH(namespaces); n++) {
            show(all_bases[i]);
            fputc(' ', out);
            show(namespaces[n]);
            fputc('\n', out);
            for (int which = 0; which < 2; which++) {
                Object *metaclass = which ? meta : type;
                Object *cls = attempt(metaclass, ARRAY(x, all_bases[i], namespaces[n]), 3);
                if (!cls) continue;
                fprintf(out, "%s of %s ", ((Type *)cls)->ht_qualname->text, cls->type->name);
                show(OBJECT(((Type *)cls)->mro));
                fputc('\n', out);
                attempt(type, ARRAY(S("Below"), T(cls), dict), 3);
                tell_and_drop(object_getitem(cls, S("k")));
            }
        }
    }
    Object *const all_classes[] = {
        five,           None,           no,     T(root, five),      T(five, root),
        T(T(root), no), T(inner, five), object, T(meta, T(object)), a};
    Object *const things[] = {five,
                              root,
                              inner,
                              keep(object_call(inner, NULL, 0, NULL)),
                              keep(object_call(root, NULL, 0, NULL)),
                              meta};
    for (size_t c = 0; c < LENGTH(all_classes); c++) {
        for (size_t i = 0; i < LENGTH(things); i++) {
            tell_and_drop(truth(object_isinstance(things[i], all_classes[c])));
            tell_and_drop(truth(object_issubclass(things[i], all_classes[c])));
        }
    }
}

/* ---- Metaclasses that people write -----------------------------------------------------------*/

/* A statement: name = value in this order, and the number of its base, as in twin.py. */
typedef struct {
    const char *name;
    int base;
    Object *keywords, *pairs; // a dict; a tuple of names and values in turn
} Written;

static Object *pairs_body(void *arg, Object *ns) {
    const Tuple *pairs = arg;
    for (ssize_t i = 0; i < pairs->size; i += 2)
        if (namespace_store(ns, str_text(pairs->items[i]), pairs->items[i + 1]) < 0) return NULL;
    return new_ref(None);
}

static Object *made[20], *instances[20];
static int nmade;

static void write_statement(const Written *written, Object *meta, Object *root, Object *decorate) {
    Object *base = written->base && nmade ? made[written->base == 1 ? 0 : nmade - 1] : root;
    Tuple *bases = (Tuple *)(base ? T(base) : EMPTY);
    Dict *keywords = keep(dict_copy((Dict *)written->keywords));
    if (dict_set_item(keywords, sure(str_intern("metaclass")), meta) < 0) sure(NULL);
    fputs(written->name, out);
    show(OBJECT(bases));
    fprintf(out, " of %s\n", ((Type *)meta)->name);
    Object *cls =
        build_class(pairs_body, written->pairs, sure(str_intern(written->name)), bases, keywords);
    cls = tell_result(class_decorate(cls, &decorate, decorate ? 1 : 0));
    if (!cls) return;
    made[nmade] = keep(cls);
    fputs("has ", out);
    show(OBJECT(((Type *)cls)->dict));
    fprintf(out, ", of %s\n", cls->type->name);
    Object *thing = instances[nmade++] = attempt(cls, NULL, 0);
    bool has_repr = strcmp(((Type *)meta)->name, "Repr") == 0 ||
                    (decorate && strcmp(((Function *)decorate)->name->text, "add_repr") == 0);
    if (has_repr) tell_and_drop(object_repr(thing));
    bool takes_b = object_setattr_string(thing, "b", I(7)) == 0;
    bool takes_c = object_setattr_string(thing, "c", I(7)) == 0;
    error_clear();
    fprintf(out, "takes %s%s%s\n", takes_b ? "b" : "", takes_b && takes_c ? " " : "",
            takes_c ? "c" : "");
    for (int i = 0; i < nmade; i++)
        fprintf(out, "%s%d", i ? " " : "", object_isinstance(instances[i], cls));
    fputc('\n', out);
    tell_and_drop(object_getitem(cls, S("k")));
}

static void people(void) {
    Dict *registry_of = keep(dict_new());
    Object *mark = keep(abstract_method_new(None)), *none = D(NULL), *type = OBJECT(&Type_Type);
    Object *x = S("x"), *area = S("area"), *name = S("name"), *any = EMPTY;
    Object *notes = S("__annotations__"), *int_ = S("int"), *str_ = S("str");
    Object *key = D("key", S("k"), NULL), *both = T(name, mark, area, mark);
    const Written statements[] = {
        {"First", 0, none, T(x, I(1), S("_y"), I(2))},
        {"Second", 1, none, T(notes, D("x", int_, "z", int_, NULL), S("z"), I(3))},
        {"Third", 2, none, any},
        {"Fourth", 0, none, T(notes, D("b", int_, "a", str_, NULL))},
        {"Twice", 1, none, T(x, I(1), S("y"), I(2), x, I(3))},
        {"Keyed", 1, key, any},
        {"Again", 1, key, T(x, I(2))},
        {"Third", 1, none, any},
        {"Five", 1, D("key", I(5), NULL), any},
        {"Shape", 1, D("abstract", True, NULL), both},
        {"Shape", 0, none, both},
        {"Half", 2, none, T(area, I(1))},
        {"Whole", 2, none, T(area, I(1), name, I(2))},
        {"Other", 0, D("other", I(1), NULL), any},
    };
    Object *const ways[][3] = {
        {type, NULL, NULL},
        {keep(registering_metaclass(registry_of)), NULL, NULL},
        {type, keep(registering_base(registry_of)), NULL},
        {type, NULL, keep(registering_decorator(registry_of))},
        {keep(upper_metaclass()), NULL, NULL},
        {keep(repr_metaclass()), NULL, NULL},
        {type, NULL, keep(repr_decorator())},
        {keep(slots_metaclass()), NULL, NULL},
        {keep(abstract_metaclass()), NULL, NULL},
        {keep(once_metaclass()), NULL, NULL},
        {keep(protocol_metaclass()), NULL, NULL},
    };
    for (size_t w = 0; w < LENGTH(ways); w++) {
        nmade = 0;
        Str *entry;
        Object *cls;
        for (ssize_t pos = 0; dict_next(registry_of, &pos, &entry, &cls); pos = 0)
            dict_del_item(registry_of, entry);
        for (size_t i = 0; i < LENGTH(statements); i++)
            write_statement(&statements[i], ways[w][0], ways[w][1], ways[w][2]);
        const char *space = "";
        for (ssize_t pos = 0; dict_next(registry_of, &pos, &entry, &cls); space = " ")
            fprintf(out, "%s%s=%s", space, entry->text, ((Type *)cls)->name);
        fputc('\n', out);
    }
}

/* ---- Records ---------------------------------------------------------------------------------*/

static const char *const numbers[] = {"\"\"",
                                      "0",
                                      "-5",
                                      "+7",
                                      " 12 ",
                                      "1_000",
                                      "1__0",
                                      "_1",
                                      "1_",
                                      "0x1f",
                                      "1.5",
                                      ".5",
                                      "5.",
                                      ".",
                                      "e5",
                                      "1e5",
                                      "1e",
                                      "1e+",
                                      "-1e-5",
                                      "nan",
                                      "NaN",
                                      "-nan",
                                      "inf",
                                      "-Infinity",
                                      "infinit",
                                      "1e400",
                                      "1e-400",
                                      "0.1",
                                      "1e16",
                                      "1e22",
                                      "1e23",
                                      "123456789012345678",
                                      "9007199254740993",
                                      "9.007199254740993",
                                      "0.9007199254740993",
                                      "6.243497100631985e144",
                                      "1.5e-7",
                                      "0.0001",
                                      "0.00001",
                                      "5_0.2_5",
                                      "5_.2",
                                      "5._2",
                                      "1e1_0",
                                      "-0.0",
                                      "3.141592653589793",
                                      "2.2250738585072014e-308",
                                      "1 2",
                                      "x",
                                      "--1",
                                      "- 1"};

static void tell_record(const Records *records, Object *row) {
    for (ssize_t i = 0; i < records->nfields; i++) {
        Object *text = sure(object_str(get(row, records->names[i]->text)));
        fputs(i ? "|" : "", out);
        for (const char *c = str_text(text); *c; c++)
            if (*c != '\r') fputc(*c == '\n' ? ' ' : *c, out);
        decref(text);
    }
    fputc('\n', out);
}

static void load(Type *metaclass, const char *text) {
    Object *const values[] = {I(1), S("a"), None, keep(float_from_double(1.5))};
    Records records;
    if (records_init(&records, metaclass, "Row", text, strlen(text)) < 0) sure(NULL);
    Object *row, *last = NULL;
    for (;;) {
        if ((row = records_next(&records)))
            tell_record(&records, last = keep(row));
        else if (error_occurred())
            tell_error();
        else
            break;
    }
    fputs("has", out);
    ssize_t pos = 0;
    Str *name;
    for (Object *value; dict_next(records.type->dict, &pos, &name, &value);)
        if (own(name->text)) fprintf(out, " %s", name->text);
    fputc(' ', out);
    show(get(records.type, "__slots__"));
    fputc('\n', out);
    for (ssize_t i = 0; i < records.nfields; i++) {
        for (size_t v = 0; v < LENGTH(values); v++)
            tell_status(object_setattr(last, records.names[i], values[v]));
        tell_status(object_setattr(last, records.names[i], NULL));
        Object *empty = keep(object_new(records.type, NULL, 0, NULL));
        tell_and_drop(object_getattr(empty, records.names[i]));
    }
    attempt(records.type, NULL, 0);
    attempt(records.type, ARRAY(I(1), I(2), I(3), I(4), I(5)), 5);
    records_fini(&records);
}

static void records(void) {
    Type *metaclass = keep(record_metaclass());
    static const char quoted[] =
        "name:str,age:int\r\n\"a, b\",1\r\n\"c \"\"d\"\"\",2\r\n\r\n\"\",3\r\nx\"y,4\r\n"
        "\"e\"f,5\r\n";
    const char *const texts[] = {
        "name:str,age:int,score:float\na,1,2\nb,2,x\n\nc,3\nd,y,1\ne,1,2,3\nf,9,0.5",
        quoted,
        "name:str\n\"two\nlines\"\n\"and\r\ntwo\"\n  blanks  \nend",
        "n:int,n2:float\r1,2\r3,4\r",
        "name:str,b:str\n,\n,,\na,",
    };
    for (size_t i = 0; i < LENGTH(texts); i++)
        load(metaclass, texts[i]);
    for (int of_int = 0; of_int < 2; of_int++) {
        char text[1200];
        int length = snprintf(text, sizeof text, "x:%s", of_int ? "int" : "float");
        for (size_t i = 0; i < LENGTH(numbers); i++)
            length += snprintf(text + length, sizeof text - (size_t)length, "\n%s", numbers[i]);
        load(metaclass, text);
    }
    Object *wrong = D("__annotations__", D("d", S("date"), NULL), NULL);
    attempt(metaclass, ARRAY(S("Wrong"), EMPTY, wrong), 3);
    attempt(metaclass, ARRAY(S("Empty"), EMPTY, D(NULL)), 3);
}

int main(void) {
    static const struct {
        const char *name;
        void (*play)(void);
    } parts[] = {
        {"programs", programs}, {"mistakes", mistakes}, {"people", people}, {"records", records}};
    out = stdout;
    if (types_init() < 0 || metaclass_init() < 0 || record_init() < 0) sure(NULL);
    programs_init();
    for (size_t i = 0; i < LENGTH(parts); i++) {
        fprintf(out, "==== %s\n", parts[i].name);
        parts[i].play();
    }
    while (nkept > 0)
        decref(kept[--nkept]);
    free(kept);
    types_clear();
    return finish_output("metaclass_twin", 0);
}
