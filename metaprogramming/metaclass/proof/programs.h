/* programs.h: the random programs of twin.py, for twin.c and differential.c: class statements whose
 * every hook tells that it is called, and draws what it does then. The numbers are drawn in the
 * same order on both sides, so as soon as one calls a hook that the other does not, everything
 * after it differs. */
#ifndef PROGRAMS_H
#define PROGRAMS_H

#include "hooks.h"

/* ---- Random class statements -----------------------------------------------------------------*/

typedef struct {
    const char *name;
    bool has_x, has_slots, slots_clash;
    bool has[METHODS];
} Statement;

static Tuple *draw_bases(bool is_meta) {
    Tuple *bases = sure(tuple_new(3));
    ssize_t n = 0;
    if (is_meta) {
        ssize_t wanted = 1 + (draw(4) == 0);
        while (n < wanted)
            bases->items[n++] = new_ref(metas[draw(nmetas)]);
    } else {
        for (ssize_t wanted = draw(4); n < wanted; n++) {
            if (draw(8))
                bases->items[n] = new_ref(pool[draw(npool)]);
            else if (draw(4))
                bases->items[n] = sure(object_call(OBJECT(Entries), NULL, 0, NULL));
            else
                bases->items[n] = draw(4) ? sure(named()) : new_ref(metas[nmetas - 1]);
        }
    }
    bases->size = n;
    return bases;
}

static int store(Object *ns, const char *name, Object *value) { // steals it
    int status = value ? namespace_store(ns, name, value) : -1;
    xdecref(value);
    return status;
}

static Object *statement_body(void *arg, Object *ns) {
    const Statement *statement = arg;
    if (body_begin(ns, statement->name) < 0) return NULL;
    if (statement->has_x && store(ns, "x", named()) < 0) return NULL;
    if (statement->has_slots) {
        const char *const names[] = {"q", "p"};
        Tuple *slots = sure(tuple_new(statement->slots_clash ? 1 : 2));
        for (ssize_t i = 0; i < slots->size; i++)
            slots->items[i] = sure(str_from_string(statement->slots_clash ? "x" : names[i]));
        if (store(ns, "__slots__", OBJECT(slots)) < 0) return NULL;
    }
    Object *cell = NULL;
    for (int i = 0; i < METHODS; i++) {
        if (!statement->has[i]) continue;
        if (!cell) cell = sure(cell_new(NULL));
        if (store(ns, hooks[i].name, hook_new(statement->name, i, cell)) < 0) {
            decref(cell);
            return NULL;
        }
    }
    if (!cell) return new_ref(None);
    if (namespace_store(ns, "__classcell__", cell) < 0) clear_ref(cell);
    return cell;
}

static void keyword(Dict *keywords, const char *name, Object *value) { // steals it
    if (dict_set_item(keywords, sure(str_intern(name)), value) < 0) sure(NULL);
    fprintf(out, "%s%s=", keywords->used > 1 ? " " : "", name);
    show(value);
    decref(value);
}

/* A random class statement, told before it is executed: new reference, or NULL after an error that
 * was told. */
static Object *random_statement(const char *name, bool is_meta) {
    Statement statement = {.name = name};
    Tuple *bases = draw_bases(is_meta);
    Dict *keywords = sure(dict_new());
    fprintf(out, "class %s", name);
    show(OBJECT(bases));
    fputc(' ', out);
    if (draw(is_meta ? 6 : 2) == 0) {
        bool maker_wanted = false;
        int which = 0;
        if (draw(8))
            which = draw(nmetas);
        else
            maker_wanted = true;
        keyword(keywords, "metaclass", new_ref(maker_wanted ? maker : metas[which]));
    }
    if (draw(5) == 0) keyword(keywords, "a", sure(int_from_long(1)));
    if (draw(20) == 0) keyword(keywords, "b", sure(int_from_long(2)));
    statement.has_x = draw(2);
    if (draw(8) == 0) {
        statement.has_slots = true;
        statement.slots_clash = draw(3) == 0;
    }
    fprintf(out, ": %s%s%s", statement.has_x ? "x" : "",
            statement.has_x && statement.has_slots ? " " : "",
            statement.has_slots ? "__slots__" : "");
    bool any = statement.has_x || statement.has_slots;
    for (int i = 0; i < METHODS; i++) {
        if (draw(3) != 0 || !(is_meta || hooks[i].for_classes)) continue;
        statement.has[i] = true;
        fprintf(out, "%s%s", any ? " " : "", hooks[i].name);
        any = true;
    }
    int ndecorators = draw(3);
    ndecorators *= draw(2);
    fprintf(out, "%s\n", ndecorators == 2 ? " @ @" : ndecorators ? " @" : "");
    Object *cls = build_class(statement_body, &statement, sure(str_intern(name)), bases, keywords);
    cls = class_decorate(cls, decorators, ndecorators);
    decref(bases);
    decref(keywords);
    return tell_result(cls);
}

/* What a class became. */
static void describe(const Type *cls) {
    fprintf(out, "of %s, mro ", cls->ob.type->name);
    show(OBJECT(cls->mro));
    fputs(", has ", out);
    show(OBJECT(cls->dict));
    fputc('\n', out);
    Object *written = dict_get_item(cls->dict, str_intern("__orig_bases__"));
    if (written) {
        fputs("written ", out);
        show(written);
        fputc('\n', out);
    }
    for (ssize_t i = 0; i < cls->bases->size; i++) {
        const Type *base = (Type *)cls->bases->items[i];
        if (base == &Object_Type || base == &Type_Type) continue;
        const char *comma = "";
        fprintf(out, "below %s (", base->name);
        for (ssize_t k = 0; k < base->nsubclasses; k++) {
            const Object *below = OBJECT(base->subclasses[k]);
            bool known = below == OBJECT(cls);
            for (int p = 0; p < npool; p++)
                known |= pool[p] == below;
            if (known) fprintf(out, "%s%s", comma, base->subclasses[k]->name), comma = ", ";
        }
        fputs(")\n", out);
    }
}

static Object *truth(int result) {
    return result < 0 ? NULL : bool_from_long(result);
}

/* Asks the class and its instances. */
static void question(Object *cls) {
    Object *other = pool[draw(npool)];
    Object *made = tell_result(object_call(cls, NULL, 0, NULL)), *k = sure(str_from_string("k"));
    if (!made) made = new_ref(None);
    Object *both = sure(tuple_pack(2, cls, other));
    tell_and_drop(truth(object_isinstance(made, other)));
    tell_and_drop(truth(object_isinstance(other, both)));
    tell_and_drop(truth(object_issubclass(cls, other)));
    tell_and_drop(object_getitem(cls, k));
    tell_and_drop(object_call_method(str_intern("up"), &made, 1));
    decref(both);
    decref(k);
    decref(made);
}

/* A program of class statements: some metaclasses, then classes. */
static void random_program(uint32_t seed) {
    static const char *const names[] = {"M0", "M1", "M2", "M3", "C4", "C5", "C6", "C7", "C8", "C9"};
    state_of_draw = seed;
    registry = sure(tuple_new(0));
    nmetas = npool = 0;
    metas[nmetas++] = new_ref(&Type_Type);
    pool[npool++] = OBJECT(plain_class("Root", &Object_Type, NULL));
    Tuple *s = (Tuple *)sure(tuple_pack(1, sure(str_intern("s"))));
    Dict *attributes = sure(dict_new());
    if (dict_set_item(attributes, id.slots, OBJECT(s)) < 0) sure(NULL);
    pool[npool++] =
        sure(class_statement(&(ClassStatement){.name = "Slotted", .attributes = attributes}));
    decref(s);
    decref(attributes);
    for (int i = 0; i < 10; i++) {
        bool is_meta = i < 4;
        Object *cls = random_statement(names[i], is_meta);
        if (cls && type_check(cls) && is_meta && type_is_subtype((Type *)cls, &Type_Type)) {
            metas[nmetas++] = new_ref(cls);
        } else if (cls && type_check(cls) && !is_meta) {
            describe((Type *)cls);
            pool[npool++] = new_ref(cls);
            question(cls);
        }
        xdecref(cls);
    }
    fputs("registered ", out);
    show(OBJECT(registry));
    fputc('\n', out);
    decref(registry);
    while (npool > 0)
        decref(pool[--npool]);
    while (nmetas > 0)
        decref(metas[--nmetas]);
}

#endif
