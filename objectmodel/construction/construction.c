/* construction.c: C(...), in two steps, and what object and type say to them.
 *
 * The invariant: whoever is in the `new` cell returns a complete piece of memory, zeroed and with
 * its type set, so that an instance can be dropped at any moment after, also half initialised. The
 * invariant that the safety check keeps: the memory was laid out by the class that knows it best,
 * the nearest above whose `new` is written in C.
 *
 * CPython: Objects/typeobject.c.
 */
#include "construction.h"

void (*construction_watcher)(const ConstructionStep *step);

#define WATCH(what, obj)                                                                           \
    do {                                                                                           \
        if (construction_watcher)                                                                  \
            construction_watcher(&(ConstructionStep){what, type, obj, args, nargs});               \
    } while (0)

/* ---- The call ---------------------------------------------------------------------------------*/

Object *type_call(Object *op, Object *const *args, ssize_t nargs) {
    Type *type = (Type *)op;
    if (type == &Type_Type) { // not a metaclass: type(x) is a question, and a class statement
        if (nargs == 1) return new_ref(args[0]->type);
        if (nargs != 3) {
            error_set(TypeError, "type() takes 1 or 3 arguments");
            return NULL;
        }
    }
    if (!type->new) {
        error_set(TypeError, "cannot create '%s' instances", type->name);
        return NULL;
    }
    WATCH(CALLS_NEW, NULL);
    Object *obj = type->new (type, args, nargs);
    WATCH(HAS_NEW, obj);
    if (!obj || !type_is_subtype(obj->type, type)) return obj;
    Type *own = obj->type; // perhaps a subclass; one that was cleared may have no init
    int status = own->init ? own->init(obj, args, nargs) : 0;
    WATCH(HAS_INIT, obj);
    if (status < 0) clear_ref(obj);
    return obj;
}

/* ---- object -----------------------------------------------------------------------------------*/

/* Joins the names, sorted; they are few. NULL with an error set. */
static Object *join_sorted(const Tuple *names, const char *separator) {
    Tuple *sorted = tuple_new(names->size);
    if (!sorted) return NULL;
    Object *joined = str_from_string("");
    for (ssize_t i = 0; i < names->size; i++) {
        Object *name = names->items[i];
        if (!object_is_instance(name, &Str_Type)) {
            error_set(TypeError, "sequence item %zd: expected str instance, %.80s found", i,
                      name->type->name);
            clear_ref(joined);
            break;
        }
        ssize_t at = i;
        for (; at > 0 && strcmp(((Str *)sorted->items[at - 1])->text, ((Str *)name)->text) > 0;
             at--)
            sorted->items[at] = sorted->items[at - 1];
        sorted->items[at] = new_ref(name);
    }
    for (ssize_t i = 0; joined && i < names->size; i++) {
        Object *longer = str_from_format("%s%s%s", ((Str *)joined)->text, i ? separator : "",
                                         ((Str *)sorted->items[i])->text);
        decref(joined);
        joined = longer;
    }
    decref(sorted);
    return joined;
}

static Object *type_get_abstractmethods(Object *self) {
    Str *name = str_intern("__abstractmethods__");
    if (!name) return NULL;
    Object *value = self == OBJECT(&Type_Type) ? NULL : dict_get_item(((Type *)self)->dict, name);
    if (value) return new_ref(value);
    error_set(AttributeError, "%s", name->text);
    return NULL;
}

/* Simplified: a tuple of names, as there is no frozenset here; anything else counts as full.
 * CPython: type_set_abstractmethods(). */
static int type_set_abstractmethods(Object *self, Object *value) {
    Type *type = (Type *)self;
    Str *name = str_intern("__abstractmethods__");
    if (!name) return -1;
    type_modified(type); // the setter may have been called without type_setattro()
    if (value && dict_set_item(type->dict, name, value) < 0) return -1;
    if (!value && dict_del_item(type->dict, name) < 0)
        return error_set(AttributeError, "%s", name->text);
    type->flags &= ~(unsigned)ABSTRACT;
    if (value && !(value->type == &Tuple_Type && ((Tuple *)value)->size == 0))
        type->flags |= ABSTRACT;
    return 0;
}

static void abstract_error(Type *type) {
    Object *names = type_get_abstractmethods(OBJECT(type));
    if (!names) return;
    if (!object_is_instance(names, &Tuple_Type)) {
        error_set(TypeError, "'%.200s' object is not iterable", names->type->name);
    } else {
        Object *joined = join_sorted((Tuple *)names, ", ");
        if (joined) {
            error_set(TypeError, "Can't instantiate abstract class %s with abstract method%s %s",
                      type->name, ((Tuple *)names)->size > 1 ? "s" : "", ((Str *)joined)->text);
        }
        xdecref(joined);
    }
    decref(names);
}

/* Arguments that reach object are arguments that nobody wanted, if nobody else could want them.
 * Whoever overrides one of the two steps may take them there, and leave the other alone; whoever
 * overrides a step and passes them on to object's has made a mistake. */
Object *object_new(Type *type, Object *const *args, ssize_t nargs) {
    (void)args;
    if (nargs > 0 && type->new != object_new) {
        error_set(TypeError,
                  "object.__new__() takes exactly one argument (the type to instantiate)");
        return NULL;
    }
    if (nargs > 0 && type->init == object_init) {
        error_set(TypeError, "%.200s() takes no arguments", type->name);
        return NULL;
    }
    if (type->flags & ABSTRACT) {
        abstract_error(type);
        return NULL;
    }
    return type->alloc(type, 0);
}

int object_init(Object *self, Object *const *args, ssize_t nargs) {
    (void)args;
    const Type *type = self->type;
    if (nargs > 0 && type->init != object_init) {
        return error_set(TypeError, "object.__init__() takes exactly one argument (the instance to "
                                    "initialize)");
    }
    if (nargs > 0 && type->new == object_new) {
        return error_set(TypeError,
                         "%.200s.__init__() takes exactly one argument (the instance to "
                         "initialize)",
                         type->name);
    }
    return 0;
}

/* ---- type -------------------------------------------------------------------------------------*/

/* type(name, bases, dict), the class statement. The metaclass that is called need not be the one
 * that makes the class: if a base's is more derived, its `new` is asked.
 * CPython: type_new(), type_new_get_bases(). */
static Object *type_tp_new(Type *metatype, Object *const *args, ssize_t nargs) {
    static const Type *const wanted[] = {&Str_Type, &Tuple_Type, &Dict_Type};
    if (nargs != 3) {
        error_set(TypeError, "type.__new__() takes exactly 3 arguments (%zd given)", nargs);
        return NULL;
    }
    for (int i = 0; i < 3; i++) {
        if (object_is_instance(args[i], wanted[i])) continue;
        error_set(TypeError, "type.__new__() argument %d must be %.50s, not %.50s", i + 1,
                  wanted[i]->name, argument_type_name(args[i]));
        return NULL;
    }
    Tuple *bases = (Tuple *)args[1];
    Type *winner = type_calculate_metaclass(metatype, bases);
    if (!winner) return NULL;
    if (winner != metatype && winner->new != type_tp_new) return winner->new (winner, args, nargs);
    return OBJECT(type_new(winner, ((Str *)args[0])->text, bases, (Dict *)args[2]));
}

/* The class is made by then. CPython: type_init(). */
static int type_init(Object *self, Object *const *args, ssize_t nargs) {
    (void)self, (void)args;
    if (nargs == 1 || nargs == 3) return 0;
    return error_set(TypeError, "type.__init__() takes 1 or 3 arguments");
}

/* ---- __new__, for Python code to call ---------------------------------------------------------*/

/* object.__new__(int) would make an int without its digits. So it must be the `new` that C() itself
 * would end at: that of the first class above which has not its __new__ from Python.
 * `closure` is the type whose __new__ this is. */
static Object *tp_new_wrapper(Object *closure, Object *const *args, ssize_t nargs) {
    Type *type = (Type *)closure;
    if (nargs < 1) {
        error_set(TypeError, "%s.__new__(): not enough arguments", type->name);
        return NULL;
    }
    if (!type_check(args[0])) {
        error_set(TypeError, "%s.__new__(X): X is not a type object (%s)", type->name,
                  args[0]->type->name);
        return NULL;
    }
    Type *subtype = (Type *)args[0];
    if (!type_is_subtype(subtype, type)) {
        error_set(TypeError, "%s.__new__(%s): %s is not a subtype of %s", type->name, subtype->name,
                  subtype->name, type->name);
        return NULL;
    }
    const Type *staticbase = subtype;
    while (staticbase && staticbase->new == slot_tp_new)
        staticbase = staticbase->base;
    if (staticbase && staticbase->new != type->new) {
        error_set(TypeError, "%s.__new__(%s) is not safe, use %s.__new__()", type->name,
                  subtype->name, staticbase->name);
        return NULL;
    }
    return type->new (subtype, args + 1, nargs - 1);
}

/* The cells come first, so that types_init() makes `__init__` and `__call__` of them and types
 * inherit them. CPython: add_tp_new_wrapper(). */
int construction_init(void) {
    static const struct {
        Type *type;
        Object *(*new)(Type *, Object *const *, ssize_t);
    } news[] = {
        {&Object_Type, object_new}, {&Type_Type, type_tp_new},     {&Int_Type, int_new},
        {&Str_Type, str_new},       {&Tuple_Type, tuple_new_cell}, {&None_Type, none_new},
    };
    enum { NEWS = sizeof news / sizeof *news };
    for (int i = 0; i < NEWS; i++)
        news[i].type->new = news[i].new;
    Object_Type.init = object_init;
    Type_Type.init = type_init;
    Type_Type.call = type_call;
    if (types_init() < 0) return -1;
    for (int i = 0; i < NEWS; i++) {
        if (type_add(news[i].type, "__new__",
                     builtin_new("__new__", tp_new_wrapper, OBJECT(news[i].type))) < 0)
            return -1;
    }
    return type_add(&Type_Type, "__abstractmethods__",
                    getset_new(&Type_Type, "__abstractmethods__", type_get_abstractmethods,
                               type_set_abstractmethods));
}
