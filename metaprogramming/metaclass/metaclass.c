/* metaclass.c: the class statement: who is asked, in which order, before there is a class.
 *
 * The body of a class runs like a function, in a namespace that somebody has to give; and then somebody
 * is called with the name, the bases and that namespace, and what he gives is the class. Both times it
 * is the metaclass, so it must be known before the first line of the body runs: it is computed from
 * the bases, and everything that a program can change about the statement follows from that order.
 *
 * CPython: Python/bltinmodule.c, builtin___build_class__(), update_bases(); Objects/abstract.c,
 * PyObject_IsInstance().
 */
#include "metaclass.h"

static const char WHO[] = "__build_class__";

/* ---- The bases --------------------------------------------------------------------------------*/

/* What a base says should stand in its place: a new tuple; NULL, with no error if it says nothing. */
static Tuple *mro_entries(Object *base, const Tuple *bases) {
    Str *name = id.mro_entries;
    Object *method;
    if (object_lookup_attr(base, name, &method) <= 0) return NULL;
    class_watch(CLASS_CALLS, WHO, name->text, base, NULL);
    Object *arg = (Object *)(intptr_t)bases;
    Object *entries = class_watch_result(WHO, name->text, base, object_call(method, &arg, 1, NULL));
    decref(method);
    if (!entries || entries->type == &Tuple_Type) return (Tuple *)entries;
    error_set(TypeError, "__mro_entries__ must return a tuple");
    decref(entries);
    return NULL;
}

/* New tuple: of `list` the first n, then `more`; steals list, and more if it is not NULL. */
static Tuple *extend(Tuple *list, ssize_t n, Object *const *more, ssize_t nmore) {
    Tuple *longer = tuple_new(n + nmore);
    for (ssize_t i = 0; longer && i < n; i++)
        longer->items[i] = new_ref(list->items[i]);
    for (ssize_t i = 0; longer && i < nmore; i++)
        longer->items[n + i] = new_ref(more[i]);
    decref(list);
    return longer;
}

Tuple *update_bases(const Tuple *bases) {
    Tuple *updated = (Tuple *)object_new_ref((Object *)(intptr_t)bases);
    bool replaced = false;
    for (ssize_t i = 0; updated && i < bases->size; i++) {
        Object *base = bases->items[i];
        Tuple *entries = type_check(base) ? NULL : mro_entries(base, bases);
        if (entries) {
            updated = extend(updated, replaced ? updated->size : i, entries->items, entries->size);
            replaced = true;
            decref(entries);
        } else if (error_occurred()) {
            clear_ref(updated);
        } else if (replaced) {
            updated = extend(updated, updated->size, &base, 1);
        }
    }
    return updated;
}

/* ---- The statement ----------------------------------------------------------------------------*/

/* Who makes the class: a new reference. A metaclass that is no type (a function, say) is taken as it
 * is; any other has to be the winner among the bases' metaclasses. */
static Object *choose_metaclass(Object *given, const Tuple *bases) {
    if (given && !type_check(given)) return new_ref(given);
    Object *meta = given             ? given
                   : bases->size > 0 ? OBJECT(bases->items[0]->type)
                                     : OBJECT(&Type_Type);
    Type *winner = type_calculate_metaclass((Type *)meta, bases);
    if (!winner) return NULL;
    class_watch(CLASS_DOES, WHO, "metaclass", meta, OBJECT(winner));
    return new_ref(winner);
}

/* The namespace of the body: what __prepare__ gives, a dict if there is none. */
static Object *prepare(Object *meta, Str *name, Tuple *bases, const Dict *keywords) {
    Str *key = id.prepare;
    Object *method;
    if (object_lookup_attr(meta, key, &method) < 0) return NULL;
    if (!method) return OBJECT(dict_new());
    class_watch(CLASS_CALLS, WHO, key->text, meta, NULL);
    Object *args[] = {OBJECT(name), OBJECT(bases)};
    Object *ns =
        class_watch_result(WHO, key->text, meta, object_call_dict(method, args, 2, keywords));
    decref(method);
    if (!ns || ns->type->mp_subscript) return ns;
    error_set(TypeError, "%.200s.__prepare__() must return a mapping, not %.200s",
              type_check(meta) ? ((Type *)meta)->name : "<metaclass>", ns->type->name);
    decref(ns);
    return NULL;
}

/* Whether the cell has become the class. If not, super() in its methods could never work, so the class
 * is refused. CPython 3.11 says so in these words. */
static int check_cell(Object *cell, Str *name, Object *cls) {
    if (cell->type != &Cell_Type || !type_check(cls)) return 0;
    Object *ref = ((Cell *)cell)->ref;
    if (ref == cls) return 0;
    Object *repr = object_repr(cls), *other = ref && repr ? object_repr(ref) : NULL;
    if (repr && !ref) {
        error_set(RuntimeError,
                  "__class__ not set defining '%.200s' as %.200s. "
                  "Was __classcell__ propagated to type.__new__?",
                  name->text, str_text(repr));
    } else if (other) {
        error_set(TypeError, "__class__ set to %.200s defining '%.200s' as %.200s", str_text(other),
                  name->text, str_text(repr));
    }
    xdecref(repr);
    xdecref(other);
    return -1;
}

/* The body and the call, when everybody is known. */
static Object *run_body(ClassBody body, void *arg, Object *meta, Str *name, Tuple *bases,
                        const Tuple *orig_bases, Object *ns, const Dict *keywords) {
    class_watch(CLASS_CALLS, WHO, "body", ns, NULL);
    Object *cell = class_watch_result(WHO, "body", ns, body(arg, ns));
    if (!cell) return NULL;
    Object *cls = NULL, *orig = (Object *)(intptr_t)orig_bases;
    if (bases != orig_bases) class_watch(CLASS_DOES, WHO, "__orig_bases__", ns, orig);
    if (bases == orig_bases || namespace_store(ns, "__orig_bases__", orig) == 0) {
        Object *args[] = {OBJECT(name), OBJECT(bases), ns};
        class_watch(CLASS_CALLS, WHO, "__call__", meta, NULL);
        cls = class_watch_result(WHO, "__call__", meta, object_call_dict(meta, args, 3, keywords));
        if (cls && check_cell(cell, name, cls) < 0) clear_ref(cls);
    }
    decref(cell);
    return cls;
}

Object *build_class(ClassBody body, void *arg, Str *name, const Tuple *orig_bases,
                    const Dict *keywords) {
    Tuple *bases = update_bases(orig_bases);
    Dict *mkw = bases && keywords ? dict_copy(keywords) : NULL;
    Object *meta = NULL, *ns = NULL, *cls = NULL;
    if (bases && (mkw || !keywords)) {
        Object *given = mkw ? dict_get_item(mkw, id.metaclass) : NULL;
        meta = choose_metaclass(given, bases);
        if (meta && given && dict_del_item(mkw, id.metaclass) < 0) clear_ref(meta);
    }
    if (meta) ns = prepare(meta, name, bases, mkw);
    if (ns) cls = run_body(body, arg, meta, name, bases, orig_bases, ns, mkw);
    xdecref(ns);
    xdecref(meta);
    xdecref(mkw);
    xdecref(bases);
    return cls;
}

int namespace_store(Object *ns, const char *name, Object *value) {
    Str *key = str_intern(name);
    return key ? object_setitem(ns, OBJECT(key), value) : -1;
}

Object *namespace_load(Object *ns, const char *name) {
    Str *key = str_intern(name);
    return key ? object_getitem(ns, OBJECT(key)) : NULL;
}

int body_begin(Object *ns, const char *qualname) {
    Str *name = str_intern(qualname);
    if (!name || object_setitem(ns, OBJECT(id.module), OBJECT(id.main)) < 0) return -1;
    return object_setitem(ns, OBJECT(id.qualname), OBJECT(name));
}

Object *class_decorate(Object *cls, Object *const *decorators, ssize_t n) {
    while (cls && n-- > 0) {
        class_watch(CLASS_CALLS, "the statement", "decorator", decorators[n], cls);
        Object *result = object_call(decorators[n], &cls, 1, NULL);
        class_watch_result("the statement", "decorator", decorators[n], result);
        decref(cls);
        cls = result;
    }
    return cls;
}

/* ---- A statement from a table -----------------------------------------------------------------*/

static int define_method(const ClassStatement *statement, const MethodDef *def, Object *closure,
                         Object *ns) {
    char qualname[200];
    snprintf(qualname, sizeof qualname, "%.90s.%.90s", statement->name, def->name);
    Object *func = def->code_kw ? function_new_kw(qualname, def->code_kw, closure)
                                : function_new(qualname, def->code, closure);
    if (func && def->is_classmethod) {
        Object *plain = func;
        func = classmethod_new(plain);
        decref(plain);
    }
    int status = func ? namespace_store(ns, def->name, func) : -1;
    xdecref(func);
    return status;
}

/* The body of every class_statement(). The value of an attribute is held, as storing may run code. */
static Object *statement_body(void *arg, Object *ns) {
    const ClassStatement *statement = arg;
    int status = body_begin(ns, statement->name);
    ssize_t pos = 0;
    Str *name;
    Object *value;
    while (status == 0 && statement->attributes &&
           dict_next(statement->attributes, &pos, &name, &value)) {
        incref(value);
        status = namespace_store(ns, name->text, value);
        decref(value);
    }
    if (status < 0) return NULL;
    if (!statement->methods) return new_ref(None);
    Object *cell = cell_new(NULL);
    Object *closure = cell ? tuple_pack(2, cell, statement->data ? statement->data : None) : NULL;
    if (!closure) status = -1;
    for (const MethodDef *def = statement->methods; status == 0 && def->name; def++)
        status = define_method(statement, def, closure, ns);
    if (status == 0) status = namespace_store(ns, "__classcell__", cell);
    xdecref(closure);
    if (status < 0) clear_ref(cell);
    return cell;
}

Object *class_statement(const ClassStatement *statement) {
    Str *name = str_intern(statement->name);
    Tuple *none = name && !statement->bases ? tuple_new(0) : NULL;
    const Tuple *bases = statement->bases ? statement->bases : none;
    Object *cls = name && bases ? build_class(statement_body, (void *)(intptr_t)statement, name,
                                              bases, statement->keywords)
                                : NULL;
    xdecref(none);
    return cls;
}

Object *super_of(Object *closure, Object *self) {
    return super_from_cell(((Tuple *)closure)->items[0], self);
}

Object *super_call(Object *closure, Object *self, const char *name, Object *const *args,
                   ssize_t nargs, const Tuple *kwnames) {
    Object *super = super_of(closure, self);
    Object *method = super ? object_getattr_string(super, name) : NULL;
    xdecref(super);
    if (!method) return NULL;
    Object *result = object_call(method, args, nargs, kwnames);
    decref(method);
    return result;
}

Object *closure_data(Object *closure) {
    return ((Tuple *)closure)->items[1];
}

/* ---- isinstance(), issubclass() ---------------------------------------------------------------*/

/* CPython: object_isinstance(). */
static int real_isinstance(Object *obj, Object *cls) {
    if (!type_check(cls)) {
        return error_set(TypeError,
                         "isinstance() arg 2 must be a type, a tuple of types, or a union");
    }
    if (type_is_subtype(obj->type, (Type *)cls)) return 1;
    Object *claimed;
    if (object_lookup_attr(obj, id.class_, &claimed) < 0) return -1;
    int result = claimed && claimed != OBJECT(obj->type) && type_check(claimed) &&
                 type_is_subtype((Type *)claimed, (Type *)cls);
    xdecref(claimed);
    return result;
}

static int real_issubclass(Object *derived, Object *cls) {
    if (!type_check(derived)) return error_set(TypeError, "issubclass() arg 1 must be a class");
    if (type_check(cls)) return type_is_subtype((Type *)derived, (Type *)cls);
    return error_set(TypeError,
                     "issubclass() arg 2 must be a class, a tuple of classes, or a union");
}

/* Asks each of a tuple, or the hook of cls's type, or nobody. */
static int recursive_check(Object *what, Object *cls, Str *hook, int (*real)(Object *, Object *)) {
    if (cls->type == &Type_Type) return real(what, cls);
    if (cls->type == &Tuple_Type) {
        int result = 0;
        for (ssize_t i = 0; result == 0 && i < ((Tuple *)cls)->size; i++)
            result = recursive_check(what, ((Tuple *)cls)->items[i], hook, real);
        return result;
    }
    Object *checker = object_lookup_special(cls, hook);
    if (!checker) return error_occurred() ? -1 : real(what, cls);
    Object *answer = object_call(checker, &what, 1, NULL);
    decref(checker);
    int result = answer ? object_is_true(answer) : -1;
    xdecref(answer);
    return result;
}

int object_isinstance(Object *obj, Object *cls) {
    if (OBJECT(obj->type) == cls) return 1; // nobody is asked
    return recursive_check(obj, cls, id.instancecheck, real_isinstance);
}

int object_issubclass(Object *derived, Object *cls) {
    return recursive_check(derived, cls, id.subclasscheck, real_issubclass);
}

/* ---- What type has for it ---------------------------------------------------------------------*/

static Object *type_check_method(Object *const *args, ssize_t nargs, const char *name,
                                 int (*real)(Object *, Object *)) {
    if (method_check(&Type_Type, name, args, nargs) < 0) return NULL;
    if (nargs != 2) {
        error_set(TypeError, "type.%s() takes exactly one argument (%zd given)", name, nargs - 1);
        return NULL;
    }
    int result = real(args[1], args[0]);
    return result < 0 ? NULL : bool_from_long(result);
}

static Object *type_instancecheck(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure;
    return type_check_method(args, nargs, "__instancecheck__", real_isinstance);
}

static Object *type_subclasscheck(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure;
    return type_check_method(args, nargs, "__subclasscheck__", real_issubclass);
}

static Object *type_prepare(Object *closure, Object *const *args, ssize_t nargs,
                            const Tuple *kwnames) {
    (void)closure, (void)args, (void)nargs, (void)kwnames;
    return OBJECT(dict_new());
}

int metaclass_init(void) {
    Object *prepare_func = builtin_new("type.__prepare__", type_prepare, NULL);
    Object *method = prepare_func ? classmethod_new(prepare_func) : NULL;
    xdecref(prepare_func);
    if (type_add(&Type_Type, "__prepare__", method) < 0 ||
        type_add(&Type_Type, "__instancecheck__",
                 function_new("type.__instancecheck__", type_instancecheck, NULL)) < 0 ||
        type_add(&Type_Type, "__subclasscheck__",
                 function_new("type.__subclasscheck__", type_subclasscheck, NULL)) < 0)
        return -1;
    return type_ready(&AbstractMethod_Type);
}
