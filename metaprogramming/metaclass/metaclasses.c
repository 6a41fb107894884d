/* metaclasses.c: the metaclasses that people write, and what would have done without one.
 *
 * Each is a class statement like any other, with type for its base: functions that get the name,
 * the bases and the namespace before the class is there (__new__), the class when it is (__init__),
 * or the question for the namespace (__prepare__). The rule that sorts them: who wants to see the
 * class only when it is made needs no metaclass, since __init_subclass__ and decorators come then;
 * who wants to change how the body runs, or what is made of it, does.
 *
 * Arguments are as type.__call__() passes them: args[0] is the metaclass or the class, then name,
 * bases, namespace. CPython: nothing, as these are Python; Lib/abc.py and Lib/enum.py are of their
 * kind.
 */
#include "metaclass.h"

/* Whether a hook was called as the class statement calls it: with n arguments of which the first is
 * a type and the one at `ns`, unless that is 0, a dict; TypeError else. */
static bool takes(ssize_t n, Object *const *args, ssize_t nargs, ssize_t ns) {
    if (nargs == n && type_check(args[0]) && (!ns || object_type_check(args[ns], &Dict_Type)))
        return true;
    error_set(TypeError, "a hook was called with other arguments than a class statement's");
    return false;
}

/* class name(type): with these functions. */
static Type *metaclass_statement(const char *name, const MethodDef *methods, Object *data) {
    Tuple *bases = (Tuple *)tuple_pack(1, &Type_Type);
    if (!bases) return NULL;
    ClassStatement statement = {.name = name, .bases = bases, .methods = methods, .data = data};
    Object *metaclass = class_statement(&statement);
    decref(bases);
    return (Type *)metaclass;
}

/* super().__new__(*args, **keywords), without the keyword `own`, which is not for those above. */
static Object *super_without(Object *closure, const char *method, Object *const *args, ssize_t skip,
                             ssize_t nargs, const Tuple *kwnames, const char *own) {
    if (!kwarg_get(args, nargs, kwnames, own))
        return super_call(closure, args[0], method, args + skip, nargs - skip, kwnames);
    Dict *keywords = kwargs_as_dict(args, nargs, kwnames);
    Str *key = str_intern(own);
    Object *super =
        keywords && key && dict_del_item(keywords, key) == 0 ? super_of(closure, args[0]) : NULL;
    Object *func = super ? object_getattr_string(super, method) : NULL;
    Object *result = func ? object_call_dict(func, args + skip, nargs - skip, keywords) : NULL;
    xdecref(func);
    xdecref(super);
    xdecref(keywords);
    return result;
}

/* ---- One that registers -----------------------------------------------------------------------*/

/* registry[key] = cls; the key is the keyword's, or the name in lower case. */
static int register_class(Dict *registry, Object *cls, const Object *key) {
    char lower[100];
    if (!key) {
        const char *name = ((Type *)cls)->name;
        size_t i = 0;
        for (; name[i] && i + 1 < sizeof lower; i++)
            lower[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]);
        lower[i] = '\0';
    } else if (!str_check(key)) {
        return error_set(TypeError, "key must be str, not %.50s", key->type->name);
    }
    Str *entry = str_intern(key ? str_text(key) : lower);
    if (!entry) return -1;
    const Object *other = dict_get_item(registry, entry);
    if (!other) return dict_set_item(registry, entry, cls);
    return error_set(ValueError, "'%s' is registered twice: by %s and %s", entry->text,
                     ((const Type *)other)->name, ((Type *)cls)->name);
}

static Object *registering_new(Object *closure, Object *const *args, ssize_t nargs,
                               const Tuple *kwnames) {
    if (!takes(4, args, nargs, 3)) return NULL;
    return super_without(closure, "__new__", args, 0, nargs, kwnames, "key");
}

static Object *registering_init(Object *closure, Object *const *args, ssize_t nargs,
                                const Tuple *kwnames) {
    if (!takes(4, args, nargs, 3)) return NULL;
    Object *none = super_without(closure, "__init__", args, 1, nargs, kwnames, "key");
    if (!none) return NULL;
    bool root = ((Tuple *)args[2])->size == 0;
    if (!root && register_class((Dict *)closure_data(closure), args[0],
                                kwarg_get(args, nargs, kwnames, "key")) < 0)
        clear_ref(none);
    return none;
}

Type *registering_metaclass(Dict *registry) {
    static const MethodDef methods[] = {{"__new__", NULL, registering_new, false},
                                        {"__init__", NULL, registering_init, false},
                                        {NULL, NULL, NULL, false}};
    return metaclass_statement("Registering", methods, OBJECT(registry));
}

static Object *registering_init_subclass(Object *closure, Object *const *args, ssize_t nargs,
                                         const Tuple *kwnames) {
    if (!takes(1, args, nargs, 0)) return NULL;
    Object *none = super_without(closure, "__init_subclass__", args, 1, nargs, kwnames, "key");
    if (none && register_class((Dict *)closure_data(closure), args[0],
                               kwarg_get(args, nargs, kwnames, "key")) < 0)
        clear_ref(none);
    return none;
}

Type *registering_base(Dict *registry) {
    static const MethodDef methods[] = {
        {"__init_subclass__", NULL, registering_init_subclass, false}, {NULL, NULL, NULL, false}};
    ClassStatement statement = {.name = "Registered", .methods = methods, .data = OBJECT(registry)};
    return (Type *)class_statement(&statement);
}

static Object *register_decorated(Object *registry, Object *const *args, ssize_t nargs) {
    if (!takes(1, args, nargs, 0)) return NULL;
    (void)nargs;
    return register_class((Dict *)registry, args[0], NULL) < 0 ? NULL : new_ref(args[0]);
}

Object *registering_decorator(Dict *registry) {
    return function_new("register", register_decorated, OBJECT(registry));
}

/* ---- Those that change what is made -----------------------------------------------------------*/

/* super().__new__(metaclass, name, bases, ns, **keywords), with another namespace: steals it. */
static Object *new_with(Object *closure, Object *const *args, ssize_t nargs, const Tuple *kwnames,
                        Dict *ns) {
    if (!ns) return NULL;
    Dict *keywords = kwargs_as_dict(args, nargs, kwnames);
    Object *super = keywords ? super_of(closure, args[0]) : NULL;
    Object *func = super ? object_getattr_string(super, "__new__") : NULL;
    Object *changed[] = {args[0], args[1], args[2], OBJECT(ns)};
    Object *cls = func ? object_call_dict(func, changed, 4, keywords) : NULL;
    xdecref(func);
    xdecref(super);
    xdecref(keywords);
    decref(ns);
    return cls;
}

static Object *upper_new(Object *closure, Object *const *args, ssize_t nargs,
                         const Tuple *kwnames) {
    if (!takes(4, args, nargs, 3)) return NULL;
    Dict *ns = dict_new();
    ssize_t pos = 0;
    Str *name;
    Object *value;
    while (ns && dict_next((Dict *)args[3], &pos, &name, &value)) {
        char upper[100];
        snprintf(upper, sizeof upper, "%s", name->text);
        for (char *c = upper; upper[0] != '_' && *c; c++)
            if (*c >= 'a' && *c <= 'z') *c = (char)(*c - 32);
        Str *key = str_intern(name->length < 100 ? upper : name->text);
        if (!key || dict_set_item(ns, key, value) < 0) clear_ref(ns);
    }
    return new_with(closure, args, nargs, kwnames, ns);
}

Type *upper_metaclass(void) {
    static const MethodDef methods[] = {{"__new__", NULL, upper_new, false},
                                        {NULL, NULL, NULL, false}};
    return metaclass_statement("Upper", methods, NULL);
}

static Dict *annotations_of(const Dict *ns) {
    Object *found = dict_get_item(ns, id.annotations);
    return found && dict_check_exact(found) ? (Dict *)found : NULL;
}

/* Point(x=1, y=2): the annotated attributes of the class itself, in order. */
static Object *annotated_repr(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure;
    if (nargs != 1) {
        error_set(TypeError, "__repr__() takes 1 positional argument but %zd were given", nargs);
        return NULL;
    }
    Dict *own = annotations_of(args[0]->type->dict),
         *annotations = own ? dict_copy(own) : dict_new();
    Object *text = annotations ? str_from_format("%s(", args[0]->type->name) : NULL;
    ssize_t pos = 0, count = 0;
    Str *name;
    for (Object *kind; text && dict_next(annotations, &pos, &name, &kind); count++) {
        Object *value = object_getattr(args[0], name);
        Object *repr = value ? object_repr(value) : NULL;
        Object *longer = repr ? str_from_format("%s%s%s=%s", str_text(text), count ? ", " : "",
                                                name->text, str_text(repr))
                              : NULL;
        xdecref(value);
        xdecref(repr);
        decref(text);
        text = longer;
    }
    xdecref(annotations);
    Object *closed = text ? str_from_format("%s)", str_text(text)) : NULL;
    xdecref(text);
    return closed;
}

/* Gives the class that __repr__ unless it has one of its own; hands the class on, or whatever
 * __new__ of another metaclass has made in its place. Steals it. */
static Object *add_repr(Object *cls) {
    if (cls && type_check(cls) && !dict_get_item(((Type *)cls)->dict, id.repr)) {
        Object *func = function_new("__repr__", annotated_repr, NULL);
        if (!func || object_setattr(cls, id.repr, func) < 0) clear_ref(cls);
        xdecref(func);
    }
    return cls;
}

static Object *repr_new(Object *closure, Object *const *args, ssize_t nargs, const Tuple *kwnames) {
    if (!takes(4, args, nargs, 3)) return NULL;
    return add_repr(super_call(closure, args[0], "__new__", args, nargs, kwnames));
}

Type *repr_metaclass(void) {
    static const MethodDef methods[] = {{"__new__", NULL, repr_new, false},
                                        {NULL, NULL, NULL, false}};
    return metaclass_statement("Repr", methods, NULL);
}

static Object *repr_decorated(Object *closure, Object *const *args, ssize_t nargs) {
    if (!takes(1, args, nargs, 0)) return NULL;
    (void)closure, (void)nargs;
    return add_repr(new_ref(args[0]));
}

Object *repr_decorator(void) {
    return function_new("add_repr", repr_decorated, NULL);
}

/* ns with __slots__ = tuple(ns["__annotations__"]): a new dict. */
static Dict *with_slots(const Dict *ns) {
    const Dict *annotations = annotations_of(ns);
    Dict *changed = dict_copy(ns);
    Tuple *names = tuple_new(annotations ? annotations->used : 0);
    ssize_t pos = 0, n = 0;
    Str *name;
    for (Object *kind; names && annotations && dict_next(annotations, &pos, &name, &kind);)
        names->items[n++] = new_ref(name);
    if (changed && (!names || dict_set_item(changed, id.slots, OBJECT(names)) < 0))
        clear_ref(changed);
    xdecref(names);
    return changed;
}

static Object *slots_new(Object *closure, Object *const *args, ssize_t nargs,
                         const Tuple *kwnames) {
    if (!takes(4, args, nargs, 3)) return NULL;
    return new_with(closure, args, nargs, kwnames, with_slots((Dict *)args[3]));
}

Type *slots_metaclass(void) {
    static const MethodDef methods[] = {{"__new__", NULL, slots_new, false},
                                        {NULL, NULL, NULL, false}};
    return metaclass_statement("Slots", methods, NULL);
}

/* ---- One that refuses -------------------------------------------------------------------------*/

Object *abstract_method_new(Object *func) {
    Wrapped *self = (Wrapped *)type_generic_alloc(&AbstractMethod_Type);
    if (self) self->callable = new_ref(func);
    return OBJECT(self);
}

static void abstract_method_dealloc(Object *op) {
    xdecref(((Wrapped *)op)->callable);
    object_free(op);
}

Type AbstractMethod_Type = {STATIC_TYPE("abstract", Wrapped), .dealloc = abstract_method_dealloc};

/* Appends to `names`, sorted and once each, what a class of the MRO leaves abstract and none before
 * it defines. How many, or -1 if there are too many. */
static ssize_t abstract_names(Type *type, Str *names[], ssize_t max) {
    ssize_t n = 0;
    for (ssize_t i = 0; i < type->mro->size; i++) {
        ssize_t pos = 0;
        Str *name;
        Object *value;
        while (dict_next(((Type *)type->mro->items[i])->dict, &pos, &name, &value)) {
            if (value->type != &AbstractMethod_Type || type_lookup(type, name) != value) continue;
            bool known = false; // two classes may hold the same mark
            for (ssize_t k = 0; k < n; k++)
                known |= names[k] == name;
            if (known) continue;
            if (n == max) return -1;
            ssize_t at = n++;
            for (; at > 0 && strcmp(names[at - 1]->text, name->text) > 0; at--)
                names[at] = names[at - 1];
            names[at] = name;
        }
    }
    return n;
}

static Object *abstract_new(Object *closure, Object *const *args, ssize_t nargs,
                            const Tuple *kwnames) {
    if (!takes(4, args, nargs, 3)) return NULL;
    Object *cls = super_without(closure, "__new__", args, 0, nargs, kwnames, "abstract");
    Object *allowed = kwarg_get(args, nargs, kwnames, "abstract");
    int is_allowed = allowed ? object_is_true(allowed) : 0;
    Str *names[20];
    bool asks = cls && type_check(cls) && is_allowed == 0;
    ssize_t n = asks ? abstract_names((Type *)cls, names, 20) : 0;
    if (n == 0 && is_allowed >= 0) return cls;
    char list[200] = "";
    for (ssize_t i = 0; i < n; i++) {
        size_t length = strlen(list);
        snprintf(list + length, sizeof list - length, "%s%s", i ? ", " : "", names[i]->text);
    }
    if (n > 0) error_set(TypeError, "%s must define: %s", ((Type *)cls)->name, list);
    if (n < 0) error_set(TypeError, "%s must define too much", ((Type *)cls)->name);
    xdecref(cls);
    return NULL;
}

Type *abstract_metaclass(void) {
    static const MethodDef methods[] = {{"__new__", NULL, abstract_new, false},
                                        {NULL, NULL, NULL, false}};
    return metaclass_statement("Abstract", methods, NULL);
}

/* ---- One whose namespace refuses a name twice -------------------------------------------------*/

/* OnceNamespace.__setitem__(self, name, value) */
static Object *once_setitem(Object *closure, Object *const *args, ssize_t nargs) {
    if (nargs != 3 || !object_type_check(args[0], &Dict_Type)) {
        error_set(TypeError, "__setitem__() takes a namespace, a name and a value");
        return NULL;
    }
    if (str_check(args[1])) {
        Str *name = str_intern(str_text(args[1]));
        if (!name) return NULL;
        if (dict_get_item((Dict *)args[0], name)) {
            Object *owner = object_getattr_string(args[0], "owner");
            if (owner)
                error_set(TypeError, "'%s' is defined twice in %s", name->text,
                          str_check(owner) ? str_text(owner) : "?");
            xdecref(owner);
            return NULL;
        }
    }
    return super_call(closure, args[0], "__setitem__", args + 1, nargs - 1, NULL);
}

/* Once.__prepare__(metaclass, name, bases, **keywords): data is the namespace's class. */
static Object *once_prepare(Object *closure, Object *const *args, ssize_t nargs,
                            const Tuple *kwnames) {
    if (!takes(3, args, nargs, 0)) return NULL;
    (void)nargs, (void)kwnames;
    Object *ns = object_call(closure_data(closure), NULL, 0, NULL);
    if (ns && object_setattr_string(ns, "owner", args[1]) < 0) clear_ref(ns);
    return ns;
}

Type *once_metaclass(void) {
    static const MethodDef setitem[] = {{"__setitem__", once_setitem, NULL, false},
                                        {NULL, NULL, NULL, false}};
    static const MethodDef methods[] = {{"__prepare__", NULL, once_prepare, true},
                                        {NULL, NULL, NULL, false}};
    Tuple *bases = (Tuple *)tuple_pack(1, &Dict_Type);
    ClassStatement statement = {.name = "OnceNamespace", .bases = bases, .methods = setitem};
    Object *ns = bases ? class_statement(&statement) : NULL;
    Type *metaclass = ns ? metaclass_statement("Once", methods, ns) : NULL;
    xdecref(ns);
    xdecref(bases);
    return metaclass;
}

/* ---- One that answers for its classes ---------------------------------------------------------*/

/* Protocol.__instancecheck__(cls, obj): obj's type has whatever cls has, dunders apart. */
static Object *protocol_instancecheck(Object *closure, Object *const *args, ssize_t nargs) {
    if (!takes(2, args, nargs, 0)) return NULL;
    (void)closure, (void)nargs;
    ssize_t pos = 0;
    Str *name;
    Object *value;
    bool all = true;
    while (dict_next(((Type *)args[0])->dict, &pos, &name, &value))
        all &= name->text[0] == '_' || type_lookup(args[1]->type, name) != NULL;
    return bool_from_long(all);
}

static Object *protocol_getitem(Object *closure, Object *const *args, ssize_t nargs) {
    if (!takes(2, args, nargs, 0)) return NULL;
    (void)closure, (void)nargs;
    Object *key = object_str(args[1]);
    Object *text = key ? str_from_format("%s[%s]", ((Type *)args[0])->name, str_text(key)) : NULL;
    xdecref(key);
    return text;
}

Type *protocol_metaclass(void) {
    static const MethodDef methods[] = {{"__instancecheck__", protocol_instancecheck, NULL, false},
                                        {"__getitem__", protocol_getitem, NULL, false},
                                        {NULL, NULL, NULL, false}};
    return metaclass_statement("Protocol", methods, NULL);
}
