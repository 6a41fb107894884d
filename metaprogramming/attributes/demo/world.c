/* world.c: what the statements know: names, and the functions that Python has built in; and how a
 * value is shown. */
#include "demo.h"

World world;

/* ---- Functions --------------------------------------------------------------------------------*/

static Str *name_of(Object *arg) {
    if (str_check(arg)) return need(str_intern(str_text(arg)));
    error_set(TypeError, "attribute name must be string, not '%.200s'", arg->type->name);
    return NULL;
}

typedef enum { LEN, REPR, GETATTR, SETATTR, DELATTR, NAMES, FAIL, BUILTINS } Builtin;
static const struct {
    const char *name;
    ssize_t nargs;
} builtins[BUILTINS] = {{"len", 1},     {"repr", 1},  {"getattr", 2}, {"setattr", 3},
                        {"delattr", 2}, {"names", 1}, {"fail", 1}};

/* dir() without dunders. */
static Object *names_of(Object *op) {
    Tuple *all = object_dir(op);
    Object *names[200];
    ssize_t n = 0;
    for (ssize_t i = 0; all && i < all->size && n < 200; i++)
        if (strncmp(str_text(all->items[i]), "__", 2) != 0) names[n++] = all->items[i];
    Tuple *result = all ? tuple_from_array(names, n) : NULL;
    xdecref(all);
    return OBJECT(result);
}

static Object *builtin_code(Object *closure, Object *const *args, ssize_t nargs,
                            const Tuple *kwnames) {
    (void)kwnames;
    Builtin which = (Builtin)((Int *)closure)->value;
    if (nargs != builtins[which].nargs) {
        error_set(TypeError, "%s() takes exactly %s (%zd given)", builtins[which].name,
                  which < GETATTR ? "one argument" : "so many arguments", nargs);
        return NULL;
    }
    Str *name = which == GETATTR || which == SETATTR || which == DELATTR ? name_of(args[1]) : NULL;
    ssize_t length;
    switch (which) {
    case LEN:
        length = object_length(args[0]);
        return length < 0 ? NULL : int_from_long(length);
    case REPR:
        return object_repr(args[0]);
    case GETATTR:
        return name ? object_getattr(args[0], name) : NULL;
    case SETATTR:
    case DELATTR:
        if (!name || object_setattr(args[0], name, which == SETATTR ? args[2] : NULL) < 0)
            return NULL;
        return new_ref(None);
    case NAMES:
        return names_of(args[0]);
    case FAIL:
        error_set(AttributeError, "%s",
                  str_check(args[0]) ? str_text(args[0]) : args[0]->type->name);
        return NULL;
    case BUILTINS:
        break;
    }
    return new_ref(None);
}

/* ---- The world --------------------------------------------------------------------------------*/

void world_bind(const char *name, Object *value) {
    must(dict_set_item(world.names, need(str_intern(name)), need(value)));
    decref(value);
}

void world_begin(void) {
    static Type *const types[] = {&Object_Type,       &Type_Type,        &Property_Type,
                                  &StaticMethod_Type, &ClassMethod_Type, &Super_Type,
                                  &Str_Type};
    world = (World){.names = need(dict_new())};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        world_bind(types[i]->name, new_ref(types[i]));
    for (int i = 0; i < BUILTINS; i++) {
        Object *which = need(int_from_long(i));
        world_bind(builtins[i].name, builtin_new(builtins[i].name, builtin_code, which));
        decref(which);
    }
}

void world_end(void) {
    dict_clear(world.names);
    clear_ref(world.names);
    proxies_clear();
    types_clear();
}

/* With the quote that needs no escape, which the topic's str_repr() does not look for. */
static void show_text(const char *text, FILE *out) {
    char quote = strchr(text, '\'') && !strchr(text, '"') ? '"' : '\'';
    fputc(quote, out);
    for (; *text; text++)
        fprintf(out, *text == quote ? "\\%c" : "%c", *text);
    fputc(quote, out);
}

void show(const Object *value, FILE *out) {
    const Type *type = value->type;
    if (type_check(value)) {
        fprintf(out, "<class %s>", ((const Type *)value)->name);
    } else if (type == &Tuple_Type) {
        const Tuple *tuple = (const Tuple *)value;
        for (ssize_t i = 0; i < tuple->size; i++) {
            fputs(i ? ", " : "(", out);
            show(tuple->items[i], out);
        }
        fputs(tuple->size == 0 ? "()" : tuple->size == 1 ? ",)" : ")", out);
    } else if (type == &Dict_Type) {
        ssize_t pos = 0;
        Str *name;
        bool first = true;
        fputc('{', out);
        for (Object *item; dict_next((const Dict *)value, &pos, &name, &item);) {
            fprintf(out, "%s'%s': ", first ? "" : ", ", name->text);
            show(item, out);
            first = false;
        }
        fputc('}', out);
    } else if (type == &Str_Type) {
        show_text(str_text(value), out);
    } else if (value == None || type == &Int_Type || type == &Bool_Type) {
        Object *repr = need(object_repr((Object *)(intptr_t)value));
        fputs(str_text(repr), out);
        decref(repr);
    } else {
        fprintf(out, "<%s>", type->name);
    }
}

void show_result(const Object *value, FILE *out) {
    if (value) {
        show(value, out);
        return;
    }
    bool words = *error_message() && !error_matches(RecursionError); // which differ by where it was
    fprintf(out, "%s%s%s", error_name(error_occurred()), words ? ": " : "",
            words ? error_message() : "");
    error_clear();
}
