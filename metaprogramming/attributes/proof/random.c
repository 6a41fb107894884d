/* random.c: random programs against a model without caches, and inline caches against the plain
 * lookup.
 *
 * The model knows what each class has under each name and which hooks, and nothing else; each time
 * it asks anew, class by class along the MRO. It says what a line comes to, who was called
 * included.
 */
#include "../../../common/proof/testing.h"

#include "program.h"

#include "generate.h"

enum { PROGRAMS = 1000, LINES = 250 };

typedef struct {
    int kind, label; // a ValueKind, or NONE
} ModelValue;
enum { NONE = -1 };
typedef struct {
    int mro[GENERATE_CLASSES], nmro;
    ModelValue values[GENERATE_NAMES];
    int hooks[HOOK_NAMES]; // a Hook, or NONE
} ModelClass;
typedef struct {
    int cls, own[GENERATE_NAMES]; // labels, or NONE
} ModelObject;

static uint64_t seed;
static ModelClass classes[GENERATE_CLASSES];
static ModelObject objects[GENERATE_OBJECTS];
static char said[300], outcome[600];

/* ---- The model -------------------------------------------------------------------------------*/

static ModelValue find(int cls, int name) {
    for (int i = 0; i < classes[cls].nmro; i++) {
        ModelValue value = classes[classes[cls].mro[i]].values[name];
        if (value.kind != NONE) return value;
    }
    return (ModelValue){NONE, 0};
}

static int find_hook(int cls, HookName name) {
    for (int i = 0; i < classes[cls].nmro; i++) {
        int hook = classes[classes[cls].mro[i]].hooks[name];
        if (hook != NONE) return hook;
    }
    return NONE;
}

static void say(const char *what, int name) {
    size_t length = strlen(said);
    snprintf(said + length, sizeof said - length, "%s %c, ", what, 'a' + name);
}

static void say_of(const char *what, ModelValue value) {
    size_t length = strlen(said);
    snprintf(said + length, sizeof said - length, "%s %c%d, ", what, "vdns"[value.kind],
             value.label);
}

static void missing(const char *format, int cls, const char *name) {
    char type[8];
    snprintf(type, sizeof type, "C%d", cls);
    snprintf(outcome, sizeof outcome, format, type, name);
}
static const char of_object[] = "AttributeError: '%s' object has no attribute '%s'";
static const char of_class[] = "AttributeError: type object '%s' has no attribute '%s'";

static void is_value(ModelValue value) {
    if (value.kind == SET_ONLY)
        strcpy(outcome, "<SetOnly>");
    else
        snprintf(outcome, sizeof outcome, "'%c%d'", "vdns"[value.kind], value.label);
}

/* What is found on a class: asked, or as it is. */
static void ask(ModelValue value) {
    if (value.kind == DATA || value.kind == NON_DATA) say_of("get", value);
    is_value(value);
}

/* object.__getattribute__: false for an AttributeError. */
static bool read_past(const ModelObject *obj, int name) {
    ModelValue value = find(obj->cls, name);
    if (value.kind != DATA && obj->own[name] != NONE) {
        is_value((ModelValue){VALUE, obj->own[name]});
        return true;
    }
    if (value.kind != NONE)
        ask(value);
    else
        missing(of_object, obj->cls, (char[]){(char)('a' + name), '\0'});
    return value.kind != NONE;
}

static void read_all(const ModelObject *obj, int name) {
    int getattribute = find_hook(obj->cls, GETATTRIBUTE), getattr = find_hook(obj->cls, GETATTR);
    if (getattribute != NONE) say(getattribute == PASS_ON ? "getattribute" : "refused", name);
    bool found = getattribute != REFUSE && read_past(obj, name);
    if (getattribute == REFUSE) snprintf(outcome, sizeof outcome, "AttributeError: %c", 'a' + name);
    if (found || getattr == NONE) return;
    say(getattr == ANSWER ? "getattr" : "refused", name);
    snprintf(outcome, sizeof outcome, getattr == ANSWER ? "'%c'" : "AttributeError: %c",
             'a' + name);
}

static void set(ModelObject *obj, const Op *op, bool delete) {
    if (find_hook(obj->cls, delete ? DELATTR : SETATTR) != NONE)
        say(delete ? "delattr" : "setattr", op->name);
    ModelValue value = find(obj->cls, op->name);
    bool data = value.kind == DATA || value.kind == SET_ONLY;
    if (data && delete &&value.kind == SET_ONLY)
        strcpy(outcome, "AttributeError: __delete__");
    else if (data)
        say_of(delete ? "delete" : "set", value);
    else if (delete &&obj->own[op->name] == NONE)
        missing(of_object, obj->cls, (char[]){(char)('a' + op->name), '\0'});
    else
        obj->own[op->name] = delete ? NONE : op->value;
}

/* What a class of ours that was made says its MRO is: C3 is objectmodel's subject. */
static void new_class(int number) {
    char name[8];
    snprintf(name, sizeof name, "C%d", number);
    Tuple *mro = ((Type *)dict_get_item(program_globals, str_intern(name)))->mro;
    ModelClass *self = &classes[number];
    *self = (ModelClass){.nmro = (int)mro->size - 1}; // without object
    for (int i = 0; i < self->nmro; i++)
        self->mro[i] = atoi(((Type *)mro->items[i])->name + 1);
    for (int i = 0; i < GENERATE_NAMES; i++)
        self->values[i].kind = NONE;
    for (int i = 0; i < HOOK_NAMES; i++)
        self->hooks[i] = NONE;
}

/* What the line comes to, after ours has run it with this result. */
static const char *model(const Op *op, const char *ours) {
    static char text[1000];
    ModelClass *cls = &classes[op->cls];
    ModelObject *obj = &objects[op->obj];
    ModelValue *value = &cls->values[op->name], found;
    const char name[] = {(char)('a' + op->name), '\0'};
    int hook =
        op->kind == SET_HOOK || op->kind == DEL_HOOK ? (int)generate_hooks[op->what].name : 0;
    *said = '\0';
    strcpy(outcome, "None");
    switch (op->kind) {
    case NEW_CLASS:
        if (strcmp(ours, "None") != 0) return ours; // its bases have no MRO
        new_class(op->cls);
        break;
    case NEW_OBJECT:
        *obj = (ModelObject){op->cls, {NONE, NONE, NONE}};
        break;
    case SET_CLASS:
        *value = (ModelValue){op->what, op->value};
        break;
    case DEL_CLASS:
        if (value->kind == NONE) missing(of_class, op->cls, name);
        value->kind = NONE;
        break;
    case SET_HOOK:
        cls->hooks[hook] = op->what;
        break;
    case DEL_HOOK:
        if (cls->hooks[hook] == NONE) missing(of_class, op->cls, generate_hook_names[hook]);
        cls->hooks[hook] = NONE;
        break;
    case SET_OBJECT:
    case DEL_OBJECT:
        set(obj, op, op->kind == DEL_OBJECT);
        break;
    case OWN:
        obj->own[op->name] = op->value;
        break;
    case READ:
        read_all(obj, op->name);
        break;
    case READ_PAST:
        read_past(obj, op->name);
        break;
    case READ_CLASS:
        found = find(op->cls, op->name);
        if (found.kind == NONE)
            missing(of_class, op->cls, name);
        else
            ask(found);
        break;
    default:
        fail_msg("an operation that the model does not know");
    }
    snprintf(text, sizeof text, "%s%s%s", said, *said ? "-> " : "", outcome);
    return text;
}

/* ---- Against ours ----------------------------------------------------------------------------*/

static LoadAttr places[2 * GENERATE_NAMES]; // two of each name
static unsigned specialised, deopts;

static void run(Generator *generator, char (*history)[60], int step) {
    Op op = generate_op(generator);
    char *line = history[step], ours[1400];
    generate_text(&op, false, line, sizeof history[0]);
    strcpy(ours, program_run(line));
    const char *expected = model(&op, ours);
    generate_made(generator, &op, ours);
    LoadAttr *place = &places[op.name * 2 + op.obj % 2];
    if (strcmp(ours, expected) == 0 && op.kind == READ) { // once more, by the cache of the place
        place->name = str_intern((char[]){(char)('a' + op.name), '\0'});
        program_site = place;
        strcpy(ours, program_run(line));
        program_site = NULL;
        assert_true(place->opcode <= LOAD_ATTR_ADAPTIVE || place->version != 0);
    }
    if (strcmp(ours, expected) == 0) return;
    for (int i = 0; i <= step; i++)
        print_message("%s\n", history[i]);
    fail_msg("%s\nours  %s\nmodel %s", line, ours, expected);
}

static void test_model(void **state) {
    (void)state;
    static char history[LINES][60];
    for (int program = 0; program < PROGRAMS; program++) {
        Generator generator = {.random = seed + (uint64_t)program};
        memset(places, 0, sizeof places);
        assert_int_equal(program_begin(), 0);
        for (size_t i = 0; i < sizeof generate_setup / sizeof generate_setup[0]; i++)
            assert_string_equal(program_run(generate_setup[i]), "None");
        for (int step = 0; step < LINES; step++)
            run(&generator, history, step);
        for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
            specialised += places[i].stats.success;
            deopts += places[i].stats.deopt;
        }
        program_end();
    }
    print_message("places specialised %u times, given up %u times\n", specialised, deopts);
    assert_true(specialised > 0);
}

/* A few classes and objects, many reads: so that places go through all that they can become. */
static void test_inline_cache(void **state) {
    (void)state;
    static const char *const changes[] = {
        "o%d.x = 1",           "o%d.y = 2",  "o%d.x = 3",         "del o%d.x",
        "o%d.__dict__",        "o%d.s = 5",  "del o%d.s",         "C%d.y = 7",
        "C%d.x = 8",           "del C%d.x",  "C%d.x = Data('x')", "C%d.__getattr__ = answer",
        "del C%d.__getattr__", "o%d = C0()", "o%d = C1()",        "o%d = C2()",
        "C%d.x = tell",        "del C%d.x",  "del C%d.x"};
    uint64_t random = seed;
    unsigned count[LOAD_ATTR_OPCODES] = {0};
    for (int program = 0; program < 60; program++) {
        LoadAttr at[4] = {{0}};
        assert_int_equal(program_begin(), 0);
        for (size_t i = 0; i < sizeof generate_setup / sizeof generate_setup[0]; i++)
            program_run(generate_setup[i]);
        program_run("class C0: pass");
        program_run("class C1(C0): pass");
        program_run("class C2: __slots__ = ('s', 'x')");
        for (int i = 0; i < 3; i++) {
            char line[20];
            snprintf(line, sizeof line, "o%d = C%d()", i, i);
            assert_string_equal(program_run(line), "None");
        }
        for (int step = 0; step < 400; step++) {
            char line[60], plain[1400];
            if (testing_random(&random, 6) == 0) {
                const char *change =
                    changes[testing_random(&random, sizeof changes / sizeof *changes)];
                snprintf(line, sizeof line, change, (int)testing_random(&random, 3));
                program_run(line);
            }
            LoadAttr *place = &at[testing_random(&random, 4)];
            place->name = str_intern(place - at < 2 ? "x" : place - at < 3 ? "y" : "s");
            int object = (int)testing_random(&random, 8);
            snprintf(line, sizeof line, "o%d.%s", object > 2 ? (int)(place - at) % 3 : object,
                     place->name->text);
            for (int times = (int)testing_random(&random, 20); times >= 0; times--) {
                strcpy(plain, program_run(line));
                program_site = place;
                assert_string_equal(program_run(line), plain);
                program_site = NULL;
                count[place->opcode]++;
            }
        }
        program_end();
    }
    for (int i = 0; i < LOAD_ATTR_OPCODES; i++) {
        print_message("%s after %u reads\n", load_attr_names[i], count[i]);
        assert_true(count[i] > 0);
    }
}

int main(void) {
    seed = testing_seed();
    if (types_init() < 0 || metaclass_init() < 0 || attributes_init() < 0) return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_model),
                                       cmocka_unit_test(test_inline_cache)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
