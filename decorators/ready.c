/* ready.c: how a type that was compiled in gets its attributes.
 *
 * Its tables of getters and of methods become descriptors, objects in its dict like those of any
 * class, so that one lookup finds them all. It is done when somebody first looks. Parts from the
 * other topics', where types are made ready at the start. CPython: Objects/typeobject.c,
 * PyType_Ready(); Objects/descrobject.c.
 */
#include "object.h"

typedef struct { // CPython: PyGetSetDescrObject
    Object ob;
    Type *owner;
    const GetSet *def;
} GetSetDescr;

typedef struct { // CPython: PyMethodDescrObject
    Object ob;
    const MethodDef *def;
} MethodDescr;

static Object *getset_get(Object *op, Object *obj, Type *type) {
    (void)type;
    return obj ? ((GetSetDescr *)op)->def->get(obj) : new_ref(op);
}

static int getset_set(Object *op, Object *obj, Object *value) {
    GetSetDescr *self = (GetSetDescr *)op;
    if (self->def->set) return self->def->set(obj, value);
    return error_set(AttributeError, "attribute '%s' of '%s' objects is not writable",
                     self->def->name, self->owner->name);
}

static Object *method_descr_get(Object *op, Object *obj, Type *type) {
    (void)type;
    MethodDescr *self = (MethodDescr *)op;
    return obj ? builtin_new(self->def->name, self->def->code, obj) : new_ref(op);
}

static Type GetSetDescr_Type = {
    TYPE("getset_descriptor", GetSetDescr),
    .dealloc = (void (*)(Object *))object_free,
    .descr_get = getset_get,
    .descr_set = getset_set,
};
static Type MethodDescr_Type = {
    TYPE("method_descriptor", MethodDescr),
    .dealloc = (void (*)(Object *))object_free,
    .descr_get = method_descr_get,
};

int class_define(Dict *dict, const char *name, Object *value) {
    Str *interned = value ? str_intern(name) : NULL;
    int status = interned ? dict_set_item(dict, interned, value) : -1;
    xdecref(value);
    return status;
}

static int add_descriptors(Type *self, Dict *dict) {
    for (const GetSet *def = self->getset; def && def->name; def++) {
        GetSetDescr *descr = object_new(&GetSetDescr_Type, 0);
        if (descr) *descr = (GetSetDescr){descr->ob, self, def};
        if (class_define(dict, def->name, OBJECT(descr)) < 0) return -1;
    }
    for (const MethodDef *def = self->methods; def && def->name; def++) {
        MethodDescr *descr = object_new(&MethodDescr_Type, 0);
        if (descr) *descr = (MethodDescr){descr->ob, def};
        if (class_define(dict, def->name, OBJECT(descr)) < 0) return -1;
    }
    return 0;
}

int type_ready(Type *self) {
    if (self->flags & READY) return 0;
    if (self->base && type_ready(self->base) < 0) return -1;
    Dict *dict = dict_new();
    if (!dict || add_descriptors(self, dict) < 0) {
        xdecref(dict);
        return -1;
    }
    self->dict = dict;
    self->flags |= READY;
    return 0;
}
