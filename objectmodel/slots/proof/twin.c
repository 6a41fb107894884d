/* twin.c: the slots room's program on our mechanism; twin.py is the same on the real interpreter.
 *
 * Both print what can be observed of an instance's memory: sizes and offsets, in words; every
 * refusal in its words; in which order attributes come; how much room the instances of a class get;
 * what an instance weighs. Instances without slots are of 3.11's layout, a block of values; those
 * of the other layouts must say the same wherever no size is printed, and are checked to do so.
 */
#include "../slots.h"

#define WORD       ((ssize_t)sizeof(void *))
#define LENGTH(of) (sizeof(of) / sizeof((of)[0]))
static const Layout *const layouts[] = {&values_layout, &dict_layout, &shared_layout,
                                        &inline_layout};

static const char *const CLASSES[] = {
    "Plain||-|",
    "Point||y x|",
    "One||'x|",
    "Empty|||",
    "Point3|Point|z|",
    "Named|Point|__dict__|",
    "Watched|Point|__weakref__|",
    "Both|Point|__dict__ a __weakref__|",
    "Open|Point|-|",
    "Closed|Plain|x|",
    "Closer|Closed|-|",
    "Closer|Closed|__dict__|",
    "Again|Named|__dict__|",
    "Again|Watched|__weakref__|",
    "Again||__dict__ __dict__|",
    "Again||x x|",
    "Again|Point|x|",
    "Mixed|Empty Plain||",
    "Mixed|Point Plain||",
    "Mixed|Point Plain|w|",
    "Mixed|Empty Watched||",
    "Mixed|Point One||",
    "Mixed|Point Point3||",
    "Mixed|Point3 Point||",
    "Mixed|Point Closed||",
    "Mixed|Empty Point3|u|",
    "Wrong||a-b|",
    "Wrong||'two words|",
    "Wrong||1st|",
    "Wrong||x 7|",
    "Wrong||'|",
    "Wrong||x|x y",
    "Wrong||__x|_Wrong__x",
    "__Hidden||__x __y_ __z__ _w|",
    "__||__x|",
    "Whole|int|-|",
    "Whole|int||",
    "Whole|int|x|",
    "Whole|int|__dict__|",
    "Whole|int|'__weakref__|",
    "Text|str|x|",
    "Row|tuple|-|",
    "Row|tuple|x|",
    "Mixed|Point Whole||",
    "Called||__call__ __len__|",
    "Left||a c|",
    "Right||c a|",
    "Other||a d|",
    "Twin||-|",
};

// clang-format off
static const char *const STATEMENTS[] = {
    "p = Point()", "p.x", "p.x = 1", "p.x", "p.y", "p.y = 2", "del p.x", "p.x", "del p.x", "p.z = 3", "p.z",
    "del p.z", "Point.x", "Point.x.__get__(p)", "Point.y.__get__(p)", "Point.z",
    "q = Point3()", "q.x = 4", "q.z = 5", "Point.x.__get__(q)", "Point3.z.__get__(p)", "q.x",
    "n = Named()", "n.any = 6", "n.x = 7", "n.__dict__", "del n.any", "del n.any", "n.any", "n.x",
    "c = Closer()", "c.x = 8", "c.y = 9", "c.__dict__", "c.__dict__ = 5", "del c.__dict__", "c.y", "c.__dict__",
    "h = __Hidden()", "h.__x", "h._Hidden__x", "h._Hidden__x = 10", "h._Hidden__x", "h.__z__ = 11", "h.__z__",
    "v = Called()", "len(v)", "v()", "v.__len__ = 12", "len(v)",
    "a = Left()", "a.a = 13", "a.c = 14", "a.__class__ = Right", "a.c", "a.__class__ = Other", "a.__class__ = Plain",
    "t = Plain()", "t.b = 15", "t.a = 16", "t.__class__ = Twin", "t.c = 17", "t.__dict__", "t.__class__ = Point",
    "Whole.x", "One.x", "p.__dict__",
};
// clang-format on

static void *must(void *result) {
    if (result) return result;
    error_print(stderr);
    exit(1);
}

/* ---- Names: classes and instances that the text speaks of ------------------------------------*/

static struct {
    Str *name;
    Object *value;
} known[64];
static size_t nknown;

static Object **known_cell(const char *text) {
    Str *name = must(str_intern(text));
    size_t i = 0;
    while (i < nknown && known[i].name != name)
        i++;
    if (i == nknown) known[nknown++].name = name;
    return &known[i].value;
}

static void know(const char *name, Object *value) { // steals value
    Object **cell = known_cell(name), *old = *cell;
    *cell = value;
    xdecref(old);
}

static void forget(void) {
    while (nknown > 0) {
        nknown--;
        clear_ref(known[nknown].value);
    }
    types_clear();
}

static void know_builtins(void) {
    know("int", new_ref(&Int_Type));
    know("str", new_ref(&Str_Type));
    know("tuple", new_ref(&Tuple_Type));
    know("object", new_ref(&Object_Type));
}

/* ---- Text --------------------------------------------------------------------------------------*/

static uint64_t random_below(uint64_t *state, uint64_t limit) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (*state >> 33) % limit;
}

/* The words of a text: how many, at most 16. Changes the text. */
static ssize_t split(char *text, char **words) {
    ssize_t n = 0;
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
        words[n++] = word;
    return n;
}

/* The class that a line of CLASSES describes; NULL with the error that making it raises. */
static Type *make(const char *spec, const Layout *layout) {
    char text[200], *part[4] = {text}, *words[16];
    snprintf(text, sizeof text, "%s", spec);
    for (int i = 1; i < 4; i++) {
        part[i] = strchr(part[i - 1], '|');
        *part[i]++ = '\0';
    }
    Dict *dict = must(dict_new());
    if (*part[2] == '\'') {
        Object *slots = must(str_from_string(part[2] + 1));
        dict_set_item(dict, str_intern("__slots__"), slots);
        decref(slots);
    } else if (strcmp(part[2], "-") != 0) {
        ssize_t n = split(part[2], words);
        Tuple *slots = must(tuple_new(n));
        for (ssize_t i = 0; i < n; i++) {
            bool number = strspn(words[i], "0123456789") == strlen(words[i]);
            slots->items[i] = number ? int_from_long(atol(words[i])) : str_from_string(words[i]);
        }
        dict_set_item(dict, str_intern("__slots__"), OBJECT(slots));
        decref(slots);
    }
    for (ssize_t i = split(part[3], words); i-- > 0;)
        dict_set_item(dict, str_intern(words[i]), None);
    ssize_t n = split(part[1], words);
    Tuple *bases = must(tuple_new(n));
    for (ssize_t i = 0; i < n; i++)
        bases->items[i] = new_ref(*known_cell(words[i]));
    Type *type = slots_type_new(NULL, part[0], bases, dict, layout);
    decref(bases);
    decref(dict);
    return type;
}

/* The pending error as it is printed, which it clears; up to 3.12 one has a line break. */
static const char *message(void) {
    static char text[400];
    snprintf(text, sizeof text, "%s: %s", error_name(error_occurred()), error_message());
    error_clear();
    for (char *c = text; *c; c++)
        if (*c == '\n') *c = ' ';
    return text;
}

static void print_value(Object *value) {
    if (value->type == &Dict_Type) {
        ssize_t pos = 0;
        Str *name;
        Object *item;
        putchar('{');
        while (dict_next((Dict *)value, &pos, &name, &item)) {
            printf("%s'%s': ", pos > 1 ? ", " : "", name->text);
            print_value(item);
        }
        putchar('}');
        return;
    }
    Object *text = must(object_repr(value));
    printf("%s", ((Str *)text)->text);
    decref(text);
}

/* A class's own slots, by offset: calls each for its Member. */
static void each_slot(const Type *type, void (*each)(const Type *, const Member *)) {
    Str *name;
    Object *value;
    for (ssize_t offset = 0; offset < type->basicsize; offset += WORD) {
        for (ssize_t pos = 0; dict_next(type->dict, &pos, &name, &value);) {
            const Member *member = (Member *)value;
            if (value->type == &Member_Type && member->offset == offset) each(type, member);
        }
    }
}

/* ---- The parts ---------------------------------------------------------------------------------*/

static void print_offset(const Type *type, const Member *member) {
    (void)type;
    printf(", %s at %zd", member->name->text, member->offset / WORD);
}

/* Where 3.11 says that the dict is: before the collector's head, counted from the end of the
 * instances of the class that brought it. */
static ssize_t dictoffset(const Type *type) {
    if (type->dictoffset != MANAGED_DICT) return type->dictoffset / WORD;
    while (type->base->dictoffset == MANAGED_DICT)
        type = type->base;
    return -type->basicsize / WORD - 3;
}

static bool builtin_below(const Type *type) {
    return type_is_subtype(type, &Int_Type) || type_is_subtype(type, &Str_Type) ||
           type_is_subtype(type, &Tuple_Type);
}

static void classes(void) {
    for (size_t i = 0; i < LENGTH(CLASSES); i++) {
        Type *type = make(CLASSES[i], &values_layout);
        printf("%s: ", CLASSES[i]);
        if (!type) {
            puts(message());
            continue;
        }
        know(type->name, OBJECT(type));
        if (builtin_below(type)) {
            puts("made");
            continue;
        }
        Object *instance = must(type->alloc(type, 0));
        printf("%zd words, dict %zd, weakref %zd, all %zd", type->basicsize / WORD,
               dictoffset(type), type->weaklistoffset / WORD, object_sizeof(instance) / WORD);
        decref(instance);
        each_slot(type, print_offset);
        putchar('\n');
    }
}

/* `name()`, `name.attr`, `name.attr.__get__(name)`, `len(name)`: new reference or NULL. */
static Object *evaluate(char *expression) {
    char *open = strchr(expression, '('), *dot = strchr(expression, '.');
    if (strncmp(expression, "len(", 4) == 0) {
        expression[strlen(expression) - 1] = '\0';
        ssize_t length = object_length(*known_cell(expression + 4));
        return length < 0 ? NULL : int_from_long(length);
    }
    if (!dot) {
        *open = '\0';
        Object *called = *known_cell(expression);
        if (type_check(called)) return ((Type *)called)->alloc((Type *)called, 0);
        return object_call(called, NULL, 0);
    }
    *dot = '\0';
    Object *owner = *known_cell(expression);
    if (!open) return object_getattr_string(owner, dot + 1);
    *strchr(dot + 1, '.') = '\0';
    open[strlen(open) - 1] = '\0';
    Object *descr = must(object_getattr_string(owner, dot + 1));
    Object *obj = *known_cell(open + 1);
    Object *value = descr->type->descr_get(descr, obj, OBJECT(obj->type));
    decref(descr);
    return value;
}

/* `del name.attr`, `name.attr = name or number`, `name = expression`: 0 or -1. */
static int execute(char *statement) {
    bool deletes = strncmp(statement, "del ", 4) == 0;
    char *target = statement + (deletes ? 4 : 0), *equals = strstr(target, " = "),
         *dot = strchr(target, '.');
    if (equals) *equals = '\0';
    if (!dot || (equals && dot > equals)) {
        Object *value = evaluate(equals + 3);
        if (value) know(target, value);
        return value ? 0 : -1;
    }
    *dot = '\0';
    Object *value = NULL;
    if (equals && equals[3] <= '9')
        value = must(int_from_long(atol(equals + 3)));
    else if (equals)
        value = new_ref(*known_cell(equals + 3));
    int status = object_setattr_string(*known_cell(target), dot + 1, value);
    xdecref(value);
    return status;
}

static void statements(void) {
    for (size_t i = 0; i < LENGTH(STATEMENTS); i++) {
        char text[80];
        snprintf(text, sizeof text, "%s", STATEMENTS[i]);
        printf(">>> %s", STATEMENTS[i]);
        if (strchr(text, '=') || strncmp(text, "del ", 4) == 0) {
            if (execute(text) < 0) printf(": %s", message());
        } else {
            Object *value = evaluate(text);
            printf(": ");
            if (value)
                print_value(value);
            else
                printf("%s", message());
            xdecref(value);
        }
        putchar('\n');
    }
    forget();
}

static ssize_t root_size(const Type *type) {
    static const Type *const roots[] = {&Int_Type, &Str_Type, &Tuple_Type, &Object_Type};
    size_t i = 0;
    while (!type_is_subtype(type, roots[i]))
        i++;
    return roots[i]->basicsize;
}

static void print_relative(const Type *type, const Member *member) {
    bool behind = type->weaklistoffset && type->weaklistoffset < member->offset;
    printf(", %s at %zd", member->name->text, (member->offset - root_size(type)) / WORD - behind);
}

static void trees(int count) {
    static const char *const names[] = {"a", "b", "c", "d", "__p", "__dict__", "__weakref__"};
    static const char *const builtins[] = {"int", "str", "tuple"};
    for (int tree = 0; tree < count; tree++) {
        uint64_t random = (uint64_t)tree;
        know_builtins();
        const char *made[11] = {"object", "object", "object", builtins[random_below(&random, 3)]};
        size_t nmade = 4;
        for (int number = 0; number < 7; number++) {
            char spec[200];
            const char *bases[3];
            size_t nbases = 0;
            int length = snprintf(spec, sizeof spec, "C%d|", number);
            for (uint64_t n = 1 + random_below(&random, 3); n > 0; n--) {
                const char *base = made[random_below(&random, nmade)];
                bool again = false;
                for (size_t i = 0; i < nbases; i++)
                    again |= strcmp(bases[i], base) == 0;
                if (again) continue;
                bases[nbases++] = base;
                length += sprintf(spec + length, "%s%s", nbases > 1 ? " " : "", base);
            }
            length += sprintf(spec + length, "|");
            bool slots = random_below(&random, 3) != 0;
            if (!slots) length += sprintf(spec + length, "-");
            uint64_t nslots = slots ? random_below(&random, 4) : 0;
            for (uint64_t i = 0; i < nslots; i++)
                length +=
                    sprintf(spec + length, "%s%s", i ? " " : "", names[random_below(&random, 7)]);
            bool variable = random_below(&random, 8) == 0;
            sprintf(spec + length, "|%s", variable ? names[random_below(&random, 4)] : "");

            Type *type = make(spec, &values_layout);
            printf("%s: ", spec);
            if (!type) {
                char *text = (char *)(intptr_t)message(), *of = strstr(text, " of ");
                if (of) *of = '\0';
                char *colon = strchr(strchr(text, ':') + 1, ':');
                if (colon) *colon = '\0';
                puts(text);
                continue;
            }
            printf("%zd words%s%s",
                   (type->basicsize - root_size(type)) / WORD - (type->weaklistoffset != 0) -
                       (type->dictoffset == -WORD),
                   type->dictoffset ? ", dict" : "", type->weaklistoffset ? ", weakref" : "");
            each_slot(type, print_relative);
            putchar('\n');
            know(type->name, OBJECT(type));
            made[nmade++] = type->name;
        }
        forget();
    }
}

static Str *letter(uint64_t which) {
    return must(str_intern((char[]){(char)('a' + which), '\0'}));
}

static void rooms(int count) {
    for (int number = 0; number < count; number++) {
        uint64_t random = (uint64_t)number;
        Type *type = must(make("Counted||-|", &values_layout));
        for (int k = 0; k < 36; k++) {
            Object *instance = must(type->alloc(type, 0));
            uint64_t n = 1 + random_below(&random, (uint64_t)number + 1);
            for (uint64_t i = 0; i < n; i++)
                object_setattr(instance, letter(i), None);
            Dict *dict = must(type->layout->dict(instance));
            printf("%s%d", k ? " " : "", dict->keys->nentries + dict->keys->usable);
            decref(instance);
        }
        putchar('\n');
        decref(type);
        types_clear();
    }
}

static void print_names(Object *instance) {
    ssize_t pos = 0;
    Str *name;
    Object *value;
    while (dict_next(must(instance->type->layout->dict(instance)), &pos, &name, &value))
        printf("%s ", name->text);
}

static void orders(int sequences) {
    for (int number = 0; number < sequences; number++) {
        uint64_t random = (uint64_t)number;
        Type *types[LENGTH(layouts)];
        Object *both[LENGTH(layouts)][2];
        for (size_t k = 0; k < LENGTH(layouts); k++) {
            types[k] = must(make("Ordered||-|", layouts[k]));
            for (int i = 0; i < 2; i++)
                both[k][i] = must(types[k]->alloc(types[k], 0));
        }
        for (uint64_t n = 10 + random_below(&random, 30); n > 0; n--) {
            uint64_t which = random_below(&random, 2);
            Str *name = letter(random_below(&random, 8));
            Object *value = random_below(&random, 3) ? None : NULL;
            int first = object_setattr(both[0][which], name, value);
            if (first < 0) {
                printf("%s; ", error_message());
                error_clear();
            }
            for (size_t k = 1; k < LENGTH(layouts); k++) {
                if (object_setattr(both[k][which], name, value) != first) abort();
                error_clear();
            }
        }
        print_names(both[0][0]);
        printf("|");
        ssize_t pos = 0;
        Str *name;
        Object *value;
        while (dict_next(must(values_layout.dict(both[0][1])), &pos, &name, &value))
            printf(" %s", name->text);
        putchar('\n');
        for (size_t k = 0; k < LENGTH(layouts); k++) { // the same in the same order, in each layout
            for (int i = 0; i < 2; i++) {
                Dict *mine = must(types[k]->layout->dict(both[k][i]));
                Dict *first = must(values_layout.dict(both[0][i]));
                ssize_t at = 0, its_at = 0;
                Str *its;
                while (dict_next(mine, &at, &name, &value))
                    if (!dict_next(first, &its_at, &its, &value) || its != name) abort();
                if (mine->used != first->used) abort();
            }
        }
        for (size_t k = 0; k < LENGTH(layouts); k++) {
            decref(both[k][0]);
            decref(both[k][1]);
            decref(types[k]);
        }
        types_clear();
    }
}

/* In words of 64 bits also where they have 32: the bytes before the values are a word or two. */
static ssize_t words(const Object *instance) {
    ssize_t capacity = object_values_capacity(instance), all = object_footprint(instance) / WORD;
    return capacity < 0 ? all : all - (capacity + 2 + WORD - 1) / WORD + (capacity + 2 + 7) / 8;
}

static void weights(void) {
    for (int count = 0; count < 11; count++) {
        char spec[2][100] = {"Slotted||", "Kept||-|"};
        for (int i = 0; i < count; i++)
            sprintf(spec[0] + strlen(spec[0]), "a%d ", i);
        strcat(spec[0], "|");
        printf("%d attributes:", count);
        for (int k = 0; k < 2; k++) {
            Type *type = must(make(spec[k], &values_layout));
            Object *kept[200];
            for (int n = 0; n < 200; n++) {
                kept[n] = must(type->alloc(type, 0));
                for (int i = 0; i < count; i++) {
                    char name[8];
                    snprintf(name, sizeof name, "a%d", i);
                    object_setattr_string(kept[n], name, None);
                }
            }
            printf(k ? ", %zd without\n" : " %zd words with slots", words(kept[199]));
            for (int n = 0; n < 200; n++)
                decref(kept[n]);
            decref(type);
        }
        types_clear();
    }
}

int main(void) {
    if (types_init() < 0 || slots_init() < 0) must(NULL);
    know_builtins();
    classes();
    statements();
    trees(400);
    rooms(10);
    orders(100);
    weights();
    return finish_output("slots_twin", 0);
}
