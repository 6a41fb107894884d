/* attributes.c: a lookup that is watched, and dir().
 *
 * There is one lookup, that of ../lookup.c and ../slotdefs.c; this file only listens. So what a
 * step is said to find is what was found. The invariant: depth goes up when somebody is called who
 * may look up attributes himself, and down when he returns.
 *
 * CPython: Objects/object.c, PyObject_Dir(); Objects/typeobject.c, merge_class_dict().
 */
#include "attributes.h"

/* ---- Watching ---------------------------------------------------------------------------------*/

static struct {
    AttributeTell tell;
    void *arg;
    int depth;
} listener;

static void on_step(const AttributeStep *step) {
    if (step->event == ATTR_RETURNS) listener.depth--;
    listener.tell(step, listener.depth, listener.arg);
    bool calls = step->event == ATTR_GETATTRIBUTE || step->event == ATTR_GETATTR ||
                 step->event == ATTR_DESCRIPTOR_GET;
    if (calls) listener.depth++;
}

static void listen(AttributeTell tell, void *arg) {
    listener.tell = tell;
    listener.arg = arg;
    listener.depth = 0;
    attribute_watcher = tell ? on_step : NULL;
}

Object *attribute_explain(Object *self, Str *name, AttributeTell tell, void *arg) {
    listen(tell, arg);
    Object *result = object_getattr(self, name);
    listen(NULL, NULL);
    return result;
}

int attribute_explain_set(Object *self, Str *name, Object *value, AttributeTell tell, void *arg) {
    listen(tell, arg);
    int status = object_setattr(self, name, value);
    listen(NULL, NULL);
    return status;
}

static AttributeCounts *counting;

/* A class that is asked, as object is by object.__getattribute__(self, name), is not counted. */
static void count_step(const AttributeStep *step) {
    const Object *found = step->found;
    if (type_check(step->self)) return;
    bool data = found && found->type->descr_set && found->type->descr_get;
    switch (step->event) {
    case ATTR_GETATTRIBUTE:
        counting->getattribute++;
        break;
    case ATTR_GETATTR:
        counting->getattr++;
        break;
    case ATTR_IN_TYPE:
        counting->lookups++;
        break;
    case ATTR_IN_INSTANCE:
        counting->own += found != NULL;
        break;
    case ATTR_DESCRIPTOR_GET:
        *(data ? &counting->data : &counting->other) += 1;
        break;
    case ATTR_MISSING:
        counting->missing++;
        break;
    case ATTR_IN_METATYPE:
    case ATTR_RETURNS:
    case ATTR_SET_DESCRIPTOR:
    case ATTR_SET_INSTANCE:
        break;
    }
}

void attribute_count(AttributeCounts *counts) {
    counting = counts;
    attribute_watcher = counts ? count_step : NULL;
}

/* ---- dir() ------------------------------------------------------------------------------------*/

/* names[name] = None for each attribute of the class and of what is above it: 0, or -1. CPython
 * goes through the bases of the bases; the MRO has the same classes. */
static int merge_class_dict(Dict *names, const Type *type) {
    for (ssize_t i = 0; type->mro && i < type->mro->size; i++) {
        ssize_t pos = 0;
        Str *name;
        Object *value;
        while (dict_next(((Type *)type->mro->items[i])->dict, &pos, &name, &value))
            if (dict_set_item(names, name, None) < 0) return -1;
    }
    return 0;
}

/* The keys of a dict, which is dropped, as a new tuple. */
static Object *keys_of(Dict *names) {
    Tuple *keys = names ? tuple_new(names->used) : NULL;
    ssize_t pos = 0, n = 0;
    Str *name;
    for (Object *value; keys && dict_next(names, &pos, &name, &value);)
        keys->items[n++] = new_ref(name);
    xdecref(names);
    return OBJECT(keys);
}

/* object.__dir__(self): what is in self.__dict__, if it has one, and in its __class__: both asked
 * as attributes, so a hook may answer. */
static Object *object_dir_method(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure;
    if (method_check(&Object_Type, "__dir__", args, nargs) < 0) return NULL;
    Object *dict = NULL, *cls = NULL;
    if (object_lookup_attr(args[0], id.dict, &dict) < 0) return NULL;
    bool usable = dict && type_is_subtype(dict->type, &Dict_Type);
    Dict *names = usable ? dict_copy((Dict *)dict) : dict_new();
    if (names && object_lookup_attr(args[0], id.class_, &cls) < 0) clear_ref(names);
    if (names && cls && type_check(cls) && merge_class_dict(names, (Type *)cls) < 0)
        clear_ref(names);
    xdecref(cls);
    xdecref(dict);
    return keys_of(names);
}

/* type.__dir__(cls): of the class only, not of its metaclass. */
static Object *type_dir_method(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure;
    if (method_check(&Type_Type, "__dir__", args, nargs) < 0) return NULL;
    Dict *names = dict_new();
    if (names && merge_class_dict(names, (Type *)args[0]) < 0) clear_ref(names);
    return keys_of(names);
}

static int compare_names(const void *a, const void *b) {
    return strcmp(str_text(*(Object *const *)a), str_text(*(Object *const *)b));
}

Tuple *object_dir(Object *self) {
    Object *method = object_lookup_special(self, id.dir);
    if (!method) {
        if (!error_occurred()) error_set(TypeError, "object does not provide __dir__");
        return NULL;
    }
    Object *names = object_call(method, NULL, 0, NULL);
    decref(method);
    if (!names) return NULL;
    if (names->type != &Tuple_Type) {
        error_set(TypeError, "'%.200s' object is not iterable", names->type->name);
        decref(names);
        return NULL;
    }
    Tuple *sorted = tuple_from_array(((Tuple *)names)->items, ((Tuple *)names)->size);
    decref(names);
    for (ssize_t i = 0; sorted && i < sorted->size; i++) {
        if (str_check(sorted->items[i])) continue;
        error_set(TypeError, "'<' not supported between instances of '%.100s' and 'str'",
                  sorted->items[i]->type->name);
        clear_ref(sorted);
    }
    if (sorted) qsort(sorted->items, (size_t)sorted->size, sizeof(Object *), compare_names);
    return sorted;
}

int attributes_init(void) {
    if (type_add(&Object_Type, "__dir__", function_new("object.__dir__", object_dir_method, NULL)) <
        0)
        return -1;
    return type_add(&Type_Type, "__dir__", function_new("type.__dir__", type_dir_method, NULL));
}
