/* statements.c: statements about names and objects, run on the mechanism. statements.h has the grammar.
 *
 * Who evaluates a value owns a reference to it, as the interpreter's stack does, and drops it in the
 * same order: so counts and deaths are Python's.
 */
#include "statements.h"

const char can_be_typed[] =
    "  a = []   b = a   a.append(b)   a[0] = b   a.clear()   a.x = b   b = None\n"
    "  del a   w = ref(a)   w()   w = ref(a, tell)   f = closure()   getrefcount(a)\n"
    "  values: [a, b]; Node() with x and y; Loud() with __del__; Phoenix(), which\n"
    "  comes back from it. leak(a) takes a reference to a and forgets it.\n"
    "  who a says who holds it, show draws all, dot for Graphviz, help or ?, quit\n";

static Object *read_value(Scanner *in);

/* ---- What Python does ------------------------------------------------------------------------*/

static Object *no_attribute(const Object *op, const char *name) {
    error_set(AttributeError, "'%s' object has no attribute '%s'", op->type->name, name);
    return NULL;
}

/* The place of an instance's field; NULL with AttributeError. */
static Object **field_of(Object *op, const char *name) {
    for (ssize_t i = 0; op->type->fields && op->type->fields[i]; i++)
        if (strcmp(op->type->fields[i], name) == 0) return &((Instance *)op)->fields[i];
    return (Object **)(void *)no_attribute(op, name);
}

/* A function's attributes and a list's methods, but for two, are not what this room is about. */
static bool is_foreign(const Object *op, const char *name) {
    static const char methods[] =
        " append clear copy count extend index insert pop remove reverse sort ";
    char word[NAME_MAX_LENGTH + 3];
    snprintf(word, sizeof word, " %s ", name);
    return op->type == &Function_Type || (op->type == &List_Type && strstr(methods, word));
}

/* base, which it consumes, and what follows it: new reference. */
static Object *apply(Scanner *in, Object *base, const Postfix *it, const char *from) {
    Object *result = NULL;
    if (in->dry) return base;
    if (it->kind == FIELD && is_foreign(base, it->field)) {
        bad_syntax(in, "cannot make sense of", from);
    } else if (it->kind == FIELD) {
        Object **field = field_of(base, it->field);
        if (field && !*field) no_attribute(base, it->field);
        if (field && *field) result = new_ref(*field);
    } else if (it->kind == ITEM && base->type != &List_Type) {
        error_set(TypeError, "'%s' object is not subscriptable", base->type->name);
    } else if (it->kind == ITEM) {
        List *list = (List *)base;
        Object *item = list_get_item(list, it->index < 0 ? it->index + list->size : it->index);
        if (item) result = new_ref(item);
    } else if (base->type == &WeakRef_Type) {
        result = weakref_get((WeakRef *)base);
    } else {
        result = object_call(base, None);
    }
    decref(base);
    return result;
}

/* base.x = value, base[0] = value; value NULL: del base.x. It consumes both. */
static void store(Scanner *in, Object *base, const Postfix *it, Object *value, const char *from) {
    if (in->dry) {
        in->changed = false;
    } else if (it->kind == FIELD && is_foreign(base, it->field)) {
        bad_syntax(in, "cannot make sense of", from);
    } else if (it->kind == FIELD) {
        Object **field = field_of(base, it->field);
        if (field && !*field && !value) {
            error_set(AttributeError, "%s", it->field);
        } else if (field) {
            in->changed = true;
            set_ref(*field, value);
            value = NULL;
        }
    } else if (base->type != &List_Type) {
        error_set(TypeError, "'%s' object does not support item assignment", base->type->name);
    } else {
        List *list = (List *)base;
        in->changed =
            list_set_item(list, it->index < 0 ? it->index + list->size : it->index, value) == 0;
        value = NULL;
    }
    xdecref(value);
    decref(base);
}

/* [a, b]: as CPython's BUILD_LIST makes it, with room for these and no more. */
static Object *list_of(Object **items, ssize_t size) {
    size_t bytes = (size_t)size * sizeof *items;
    List *list = (List *)world_know(OBJECT(need(list_new())));
    if (size == 0) return OBJECT(list);
    list->items = heap_alloc(bytes);
    if (!list->items) need(error_no_memory());
    memcpy(list->items, items, bytes);
    list->size = list->allocated = size;
    return OBJECT(list);
}

/* ---- Values ----------------------------------------------------------------------------------*/

static Object *read_list(Scanner *in) {
    Object **items = NULL, *list = NULL;
    ssize_t size = 0;
    bool comma = true, ok = true;
    if (++in->depth > DEPTH_MAX) return bad_syntax(in, "too many nested parentheses", in->at);
    while (ok && !take(in, "]")) {
        Object *item = comma ? read_value(in) : no_sense(in);
        ok = item != NULL;
        comma = take(in, ",");
        if (!item) break;
        Object **grown = realloc(items, (size_t)(size + 1) * sizeof *items);
        if (!grown) need(error_no_memory());
        items = grown;
        items[size++] = item;
    }
    in->depth--;
    if (ok && !in->dry) {
        list = list_of(items, size);
    } else {
        while (size > 0) // Python unwinds its stack from the top
            decref(items[--size]);
        list = ok ? new_ref(None) : NULL;
    }
    free(items);
    return list;
}

/* After `ref`: (value), (value, tell), (value, None). */
static Object *read_ref(Scanner *in) {
    Object *object = take(in, "(") ? read_value(in) : no_sense(in), *callback = NULL, *ref = NULL;
    if (object && take(in, ",")) {
        if (take(in, "tell")) {
            callback = world_tell();
        } else if (!take(in, "None")) {
            no_sense(in);
        }
    }
    if (object && !in->bad && !take(in, ")")) no_sense(in);
    if (object && object->type == &Function_Type)
        bad_syntax(in, "here, a function takes no weak reference", "");
    if (object && !in->bad)
        ref = in->dry ? new_ref(None) : world_know(weakref_new(object, callback));
    xdecref(object);
    return ref;
}

static Object *read_atom(Scanner *in) {
    static const Type *const types[] = {&Node_Type, &Loud_Type, &Phoenix_Type};
    char word[NAME_MAX_LENGTH + 1];
    const char *start = in->at;
    if (take(in, "[")) return read_list(in);
    if (take(in, "None")) return new_ref(None);
    if (take(in, "ref")) return read_ref(in);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (!take(in, types[i]->name)) continue;
        if (!take(in, "(") || !take(in, ")")) return no_sense(in);
        return in->dry ? new_ref(None) : world_know(need(instance_new(types[i])));
    }
    if (take(in, "closure")) {
        if (!take(in, "(") || !take(in, ")")) return no_sense(in);
        return in->dry ? new_ref(None) : need(world_closure());
    }
    if (!read_word(in, word)) return NULL;
    if (is_given(word)) return bad_syntax(in, "cannot make sense of", start);
    if (in->dry) return new_ref(None);
    Name *name = world_name(word, false);
    if (name) return new_ref(name->value);
    error_set(NameError, "name '%s' is not defined", word);
    return NULL;
}

/* New reference; NULL with `bad` or an error set. A method's name is left for who reads statements. */
static Object *read_value(Scanner *in) {
    skip_space(in);
    Object *value = read_atom(in);
    while (value) {
        skip_space(in);
        const char *start = in->at;
        if (take(in, ".append") || take(in, ".clear")) {
            in->at = start;
            if (in->depth == 0) return value;
            no_sense(in);
        }
        Postfix it = {.kind = NONE};
        if (!in->bad) it = read_postfix(in);
        if (it.kind == NONE && !in->bad) return value;
        if (in->bad) {
            decref(value);
            return NULL;
        }
        value = apply(in, value, &it, start);
    }
    return NULL;
}

/* ---- Statements ------------------------------------------------------------------------------*/

/* Binds or deletes what is named from in->at up to `end`; `value` is consumed, NULL: del. */
static void assign(Scanner *in, const char *end, Object *value) {
    char word[NAME_MAX_LENGTH + 1];
    skip_space(in);
    const char *start = in->at;
    if (*start != '[' && read_word(in, word) && (skip_space(in), in->at == end)) {
        if (is_given(word)) {
            bad_syntax(in, "keeps its meaning here:", start);
        } else if (!in->dry) {
            Name *name = world_name(word, value != NULL);
            in->changed = name != NULL;
            if (!name)
                error_set(NameError, "name '%s' is not defined", word);
            else if (value)
                set_ref(name->value, new_ref(value));
            else
                world_forget(name);
        }
        xdecref(value);
        return;
    }
    in->at = start;
    Object *base = in->bad ? NULL : read_atom(in);
    while (base) {
        skip_space(in);
        const char *from = in->at;
        Postfix it = read_postfix(in);
        skip_space(in);
        bool last = in->at == end;
        if (it.kind == NONE || in->bad ||
            (last && (it.kind == CALL || (it.kind == ITEM && !value)))) {
            if (!in->bad) in->at = from;
            no_sense(in);
            decref(base);
            break;
        }
        if (last) {
            store(in, base, &it, value, from);
            return;
        }
        base = apply(in, base, &it, from);
    }
    xdecref(value);
}

/* value, value.append(value), value.clear() */
static void run_value(Scanner *in) {
    Object *value = read_value(in);
    if (!value) return;
    bool append = take(in, ".append"), clear = !append && take(in, ".clear");
    if (!append && !clear) {
        if (at_end(in)) in->result = new_ref(value);
        decref(value);
        return;
    }
    Object *item = NULL;
    bool list = value->type == &List_Type;
    if (!take(in, "(")) no_sense(in);
    if (!in->bad && !in->dry && !list) {
        no_attribute(value, append ? "append" : "clear");
    } else if (!in->bad) {
        if (append) item = read_value(in);
        if ((item || clear) && !take(in, ")")) no_sense(in);
        if ((item || clear) && !in->bad && at_end(in) && !in->dry) {
            if (append)
                must(list_append((List *)value, item));
            else
                list_clear((List *)value);
            in->changed = true;
        }
    }
    xdecref(item);
    decref(value);
}

/* getrefcount(value), leak(value), who value: the scanner's own reference is getrefcount's extra one,
 * as that on the interpreter's stack is in Python. */
static void run_about(Scanner *in, char what) {
    if (what != 'w' && !take(in, "(")) no_sense(in);
    Object *value = in->bad ? NULL : read_value(in);
    if (!value) return;
    if ((what == 'w' || take(in, ")") || no_sense(in)) && at_end(in) && !in->dry) {
        if (what == 'g' && value == None)
            bad_syntax(in, "None is held by everybody, and its count not looked at here", "");
        else if (what == 'g')
            in->result = need(int_from_long(value->refcnt));
        if (what == 'l') incref(value);
        in->changed = what == 'l';
        if (what == 'w') draw_who(value, 1);
    }
    decref(value);
}

void statement_run(Scanner *in) {
    in->of_the_demo = true;
    bool show = take(in, "show"), dot = !show && take(in, "dot");
    if (show || dot || take(in, "help") || take(in, "?")) {
        if (!at_end(in) || in->dry) return;
        if (show)
            draw_world();
        else if (dot)
            draw_dot(stdout);
        else
            fputs(can_be_typed, stdout);
        return;
    }
    if (take(in, "who")) {
        run_about(in, 'w');
        return;
    }
    in->of_the_demo = false;
    if (take(in, "getrefcount")) {
        run_about(in, 'g');
        return;
    }
    if (take(in, "leak")) {
        run_about(in, 'l');
        return;
    }
    const char *start = in->at, *equals = start + strcspn(start, "=#");
    if (take(in, "del")) {
        const char *end = start + strcspn(start, "#");
        while (end > in->at && (end[-1] == ' ' || end[-1] == '\t'))
            end--;
        assign(in, end, NULL);
    } else if (*equals == '=') {
        in->at = equals + 1;
        Object *value = read_value(in);
        if (value && !at_end(in)) no_sense(in);
        in->at = start;
        if (value && !in->bad)
            assign(in, equals, value);
        else
            xdecref(value);
    } else {
        run_value(in);
    }
}
