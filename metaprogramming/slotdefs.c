/* slotdefs.c: special methods and cells, each made from the other.
 *
 * `len(x)` does not look for an attribute: it calls a cell of x's type. That is why no hook of a
 * class sees it. A static type has its cells from its C source, and add_operators() makes attributes
 * of them; a class has its methods from Python, and update_one_slot() makes cells of them: a function
 * that looks the method up and calls it. The invariant: the cell of a heap type calls what a lookup
 * of the method on that type would find, at any time; so whoever changes a method updates the cells
 * of the class and of those below that inherit it.
 *
 * CPython: Objects/typeobject.c, slotdefs, update_one_slot(), slot_tp_getattr_hook() and its
 * neighbours.
 */
#include "type.h"

/* ---- From the cell to the method: what fills a cell when the class has the method -------------*/

/* The method that a special name stands for: a new reference; NULL, with no error, if there is none.
 * The instance is not asked: this is where special methods differ. *unbound: it is to be called with
 * self in front, as no bound method was made. CPython: lookup_maybe_method(). */
static Object *lookup_maybe_method(Object *self, Str *name, bool *unbound) {
    Object *method = type_lookup(self->type, name);
    if (!method) return NULL;
    *unbound = method->type == &Function_Type || method->type == &SlotWrapper_Type;
    if (*unbound || !method->type->descr_get) return new_ref(method);
    incref(method);
    Object *bound = method->type->descr_get(method, self, OBJECT(self->type));
    decref(method);
    return bound;
}

/* type(self).name(self, *args). New reference, or NULL with AttributeError where there is none.
 * CPython: vectorcall_method(), vectorcall_maybe(). */
static Object *call_special(Object *self, Str *name, Object *const *args, ssize_t nargs,
                            const Tuple *kwnames) {
    bool unbound;
    Object *method = lookup_maybe_method(self, name, &unbound);
    if (!method) {
        if (error_occurred()) return NULL; // the descriptor raised it
        error_set(AttributeError, "%s", name->text);
        return NULL;
    }
    Object *result = unbound ? object_call_prepend(method, self, args, nargs, kwnames)
                             : object_call(method, args, nargs, kwnames);
    decref(method);
    return result;
}

enum { // positions in slotdefs, to have the interned names
    GETATTRIBUTE,
    GETATTR,
    SETATTR,
    DELATTR,
    REPR,
    STR,
    CALL,
    GET,
    SET,
    DELETE,
    INIT,
    NEW,
    LEN,
    GETITEM,
    SETITEM,
    DELITEM,
};
#define NAME(position) (slotdefs[position].name_strobj)

/* ---- obj.name with hooks ----------------------------------------------------------------------*/

/* Calls what was found on the type with self in front. CPython makes a bound method of a function
 * for that. CPython: call_attribute(). */
static Object *call_attribute(Object *self, Object *attr, Str *name) {
    if (attr->type == &Function_Type)
        return attr->type->call(attr, (Object *[]){self, OBJECT(name)}, 2, NULL);
    Object *bound = attr->type->descr_get ? attr->type->descr_get(attr, self, OBJECT(self->type))
                                          : new_ref(attr);
    if (!bound) return NULL;
    Object *result = object_call(bound, (Object *[]){OBJECT(name)}, 1, NULL);
    decref(bound);
    return result;
}

/* A hook, told to who watches. CPython: call_attribute() or vectorcall_method(). */
static Object *call_hook(AttributeEvent event, Object *self, Object *hook, Str *name) {
    if (!attribute_watcher) return call_attribute(self, hook, name);
    Str *hook_name = NAME(event == ATTR_GETATTR ? GETATTR : GETATTRIBUTE);
    attribute_watch(event, self, name, hook, type_find_holder(self->type, hook_name));
    Object *result = call_attribute(self, hook, name);
    attribute_watch(ATTR_RETURNS, self, name, result, NULL);
    return result;
}

/* Only __getattribute__; it is called for every attribute. */
Object *slot_tp_getattro(Object *self, Str *name) {
    Object *getattribute = type_lookup(self->type, NAME(GETATTRIBUTE));
    if (!getattribute) { // a class that was cleared
        error_set(AttributeError, "%s", NAME(GETATTRIBUTE)->text);
        return NULL;
    }
    incref(getattribute);
    Object *result = call_hook(ATTR_GETATTRIBUTE, self, getattribute, name);
    decref(getattribute);
    return result;
}

/* Both: __getattribute__ always, __getattr__ when that raised AttributeError. A class whose
 * __getattribute__ is object's own is noticed, and the call of it saved; and its AttributeError is
 * not made, as 3.12 does it: 3.11 made the text and threw it away. A property's AttributeError ends
 * here like any other. */
Object *slot_tp_getattr_hook(Object *self, Str *name) {
    Type *type = self->type;
    Object *getattr = type_lookup(type, NAME(GETATTR));
    if (!getattr) { // no hook any more: a simpler function is enough, until update_slot()
        type->getattro = slot_tp_getattro;
        return slot_tp_getattro(self, name);
    }
    incref(getattr);
    Object *getattribute = type_lookup(type, NAME(GETATTRIBUTE)), *result;
    if (!getattribute || (getattribute->type == &SlotWrapper_Type &&
                          ((SlotWrapper *)getattribute)->wrapped == (Slot)object_generic_getattr)) {
        result = object_generic_getattr_suppress(self, name);
    } else {
        incref(getattribute);
        result = call_hook(ATTR_GETATTRIBUTE, self, getattribute, name);
        decref(getattribute);
        if (!result && error_matches(AttributeError)) error_clear();
    }
    if (!result && !error_occurred()) {
        result = call_hook(ATTR_GETATTR, self, getattr, name);
    }
    decref(getattr);
    return result;
}

static int status_of(Object *result) {
    xdecref(result);
    return result ? 0 : -1;
}

static int slot_tp_setattro(Object *self, Str *name, Object *value) {
    Object *args[] = {OBJECT(name), value};
    return status_of(value ? call_special(self, NAME(SETATTR), args, 2, NULL)
                           : call_special(self, NAME(DELATTR), args, 1, NULL));
}

/* ---- The other cells --------------------------------------------------------------------------*/

static Object *slot_tp_repr(Object *self) {
    return call_special(self, NAME(REPR), NULL, 0, NULL);
}

static Object *slot_tp_str(Object *self) {
    return call_special(self, NAME(STR), NULL, 0, NULL);
}

static Object *slot_tp_call(Object *self, Object *const *args, ssize_t nargs,
                            const Tuple *kwnames) {
    if (recursion_enter(" while calling a Python object") < 0)
        return NULL; // its __call__ may be it
    Object *result = call_special(self, NAME(CALL), args, nargs, kwnames);
    recursion_leave();
    return result;
}

static Object *slot_tp_descr_get(Object *self, Object *obj, Object *type) {
    Object *get = type_lookup(self->type, NAME(GET));
    if (!get) return new_ref(self); // the other name of this cell does not exist
    incref(get);
    Object *args[] = {self, obj ? obj : None, type ? type : None};
    Object *result = object_call(get, args, 3, NULL);
    decref(get);
    return result;
}

static int slot_tp_descr_set(Object *self, Object *obj, Object *value) {
    Object *args[] = {obj, value};
    return status_of(value ? call_special(self, NAME(SET), args, 2, NULL)
                           : call_special(self, NAME(DELETE), args, 1, NULL));
}

static int slot_tp_init(Object *self, Object *const *args, ssize_t nargs, const Tuple *kwnames) {
    Object *result = call_special(self, NAME(INIT), args, nargs, kwnames);
    if (!result) return -1;
    int status = 0;
    if (result != None) {
        status =
            error_set(TypeError, "__init__() should return None, not '%.200s'", result->type->name);
    }
    decref(result);
    return status;
}

Object *slot_tp_new(Type *type, Object *const *args, ssize_t nargs, const Tuple *kwnames) {
    Object *func = object_getattr(OBJECT(type), NAME(NEW));
    if (!func) return NULL;
    Object *result = object_call_prepend(func, OBJECT(type), args, nargs, kwnames);
    decref(func);
    return result;
}

static ssize_t slot_sq_length(Object *self) {
    Object *result = call_special(self, NAME(LEN), NULL, 0, NULL);
    if (!result) return -1;
    ssize_t length;
    if (!type_is_subtype(result->type, &Int_Type)) {
        length = error_set(TypeError, "'%.200s' object cannot be interpreted as an integer",
                           result->type->name);
    } else {
        length = (ssize_t)((Int *)result)->value;
        if (length < 0) length = error_set(ValueError, "__len__() should return >= 0");
    }
    decref(result);
    return length;
}

static Object *slot_mp_subscript(Object *self, Object *key) {
    return call_special(self, NAME(GETITEM), &key, 1, NULL);
}

static int slot_mp_ass_subscript(Object *self, Object *key, Object *value) {
    Object *args[] = {key, value};
    return status_of(value ? call_special(self, NAME(SETITEM), args, 2, NULL)
                           : call_special(self, NAME(DELITEM), args, 1, NULL));
}

/* ---- From the method to the cell: what object.__setattr__ does when it is called --------------*/

static int check_num_args(ssize_t nargs, ssize_t n) {
    if (nargs == n) return 0;
    return error_set(TypeError, "expected %zd argument%s, got %zd", n, n == 1 ? "" : "s", nargs);
}

/* Where arguments are unpacked the message begins with a function's name, and here that is empty: the
 * blank behind it stays. CPython: PyArg_UnpackTuple() with "". */
static int unpack_tuple(ssize_t nargs, ssize_t min, ssize_t max) {
    if (nargs >= min && nargs <= max) return 0;
    const char *bound = min == max ? "" : nargs < min ? "at least " : "at most ";
    ssize_t n = nargs < min ? min : max;
    return error_set(TypeError, " expected %s%zd argument%s, got %zd", bound, n, n == 1 ? "" : "s",
                     nargs);
}

static Object *none_or_error(int status) {
    return status < 0 ? NULL : new_ref(None);
}

/* The interned name of an attribute, borrowed, or NULL with an error set. */
static Str *attribute_name(Object *name) {
    if (str_check(name)) return str_interned((Str *)name);
    error_set(TypeError, "attribute name must be string, not '%.200s'", name->type->name);
    return NULL;
}

/* Whether this setattro is the one of the nearest type written in C: so object.__setattr__ cannot be
 * carried past a type that has its own. CPython: hackcheck(). */
static int hackcheck(const Object *self, Slot func, const char *what) {
    const Type *type = self->type;
    while (type->flags & HEAPTYPE)
        type = type->base;
    if ((Slot)type->setattro == func) return 0;
    return error_set(TypeError, "can't apply this %s to %s object", what, self->type->name);
}

/* One for each signature; self is what the method was called on. */
#define WRAPPER(function, n, expression)                                                           \
    static Object *function(Object *self, Object *const *args, ssize_t nargs,                      \
                            const Tuple *kwnames, Slot wrapped) {                                  \
        (void)args, (void)kwnames;                                                                 \
        return (n) >= 0 && check_num_args(nargs, n) < 0 ? NULL : (expression);                     \
    }
typedef Object *(*Unary)(Object *);
typedef Object *(*Binary)(Object *, Object *);
typedef Object *(*GetAttr)(Object *, Str *);
typedef int (*SetAttr)(Object *, Str *, Object *);
typedef int (*SetThree)(Object *, Object *, Object *);
typedef int (*Init)(Object *, Object *const *, ssize_t, const Tuple *);
WRAPPER(wrap_unary, 0, ((Unary)wrapped)(self))
WRAPPER(wrap_binary, 1, ((Binary)wrapped)(self, args[0]))
WRAPPER(wrap_call, -1, ((Call)wrapped)(self, args, nargs, kwnames))
WRAPPER(wrap_delete, 1, none_or_error(((SetThree)wrapped)(self, args[0], NULL)))
WRAPPER(wrap_init, -1, none_or_error(((Init)wrapped)(self, args, nargs, kwnames)))

static Object *wrap_set(Object *self, Object *const *args, ssize_t nargs, const Tuple *kwnames,
                        Slot wrapped) {
    (void)kwnames;
    if (unpack_tuple(nargs, 2, 2) < 0) return NULL;
    return none_or_error(((SetThree)wrapped)(self, args[0], args[1]));
}

static Object *wrap_getattr(Object *self, Object *const *args, ssize_t nargs, const Tuple *kwnames,
                            Slot wrapped) {
    (void)kwnames;
    Str *name = check_num_args(nargs, 1) < 0 ? NULL : attribute_name(args[0]);
    return name ? ((GetAttr)wrapped)(self, name) : NULL;
}

/* For both: a value is there, or it is to be deleted. */
static Object *wrap_setattr(Object *self, Object *const *args, ssize_t nargs, const Tuple *kwnames,
                            Slot wrapped) {
    (void)kwnames;
    Str *name = unpack_tuple(nargs, 2, 2) < 0 ? NULL : attribute_name(args[0]);
    if (!name || hackcheck(self, wrapped, "__setattr__") < 0) return NULL;
    return none_or_error(((SetAttr)wrapped)(self, name, args[1]));
}

static Object *wrap_delattr(Object *self, Object *const *args, ssize_t nargs, const Tuple *kwnames,
                            Slot wrapped) {
    (void)kwnames;
    Str *name = check_num_args(nargs, 1) < 0 ? NULL : attribute_name(args[0]);
    if (!name || hackcheck(self, wrapped, "__delattr__") < 0) return NULL;
    return none_or_error(((SetAttr)wrapped)(self, name, NULL));
}

static Object *wrap_len(Object *self, Object *const *args, ssize_t nargs, const Tuple *kwnames,
                        Slot wrapped) {
    (void)kwnames;
    (void)args;
    if (check_num_args(nargs, 0) < 0) return NULL;
    ssize_t length = ((ssize_t(*)(Object *))wrapped)(self);
    return length < 0 ? NULL : int_from_long(length);
}

static Object *wrap_get(Object *self, Object *const *args, ssize_t nargs, const Tuple *kwnames,
                        Slot wrapped) {
    (void)kwnames;
    if (unpack_tuple(nargs, 1, 2) < 0) return NULL;
    Object *obj = args[0] == None ? NULL : args[0];
    Object *type = nargs < 2 || args[1] == None ? NULL : args[1];
    if (!obj && !type) {
        error_set(TypeError, "__get__(None, None) is invalid");
        return NULL;
    }
    return ((Object * (*)(Object *, Object *, Object *)) wrapped)(self, obj, type);
}

/* ---- The table --------------------------------------------------------------------------------*/

#define SLOT(method, cell, function, wrapper)                                                      \
    { method, offsetof(Type, cell), (Slot)function, wrapper, NULL }
/* Rows of one cell stand together: see update_one_slot(). */
SlotDef slotdefs[] = {
    SLOT("__getattribute__", getattro, slot_tp_getattr_hook, wrap_getattr),
    SLOT("__getattr__", getattro, slot_tp_getattr_hook, NULL),
    SLOT("__setattr__", setattro, slot_tp_setattro, wrap_setattr),
    SLOT("__delattr__", setattro, slot_tp_setattro, wrap_delattr),
    SLOT("__repr__", repr, slot_tp_repr, wrap_unary),
    SLOT("__str__", str, slot_tp_str, wrap_unary),
    SLOT("__call__", call, slot_tp_call, wrap_call),
    SLOT("__get__", descr_get, slot_tp_descr_get, wrap_get),
    SLOT("__set__", descr_set, slot_tp_descr_set, wrap_set),
    SLOT("__delete__", descr_set, slot_tp_descr_set, wrap_delete),
    SLOT("__init__", init, slot_tp_init, wrap_init),
    SLOT("__new__", new, slot_tp_new, NULL), // not by a wrapper: it has no self
    SLOT("__len__", sq_length, slot_sq_length, wrap_len),
    SLOT("__getitem__", mp_subscript, slot_mp_subscript, wrap_binary),
    SLOT("__setitem__", mp_ass_subscript, slot_mp_ass_subscript, wrap_set),
    SLOT("__delitem__", mp_ass_subscript, slot_mp_ass_subscript, wrap_delete),
    {NULL, 0, NULL, NULL, NULL},
};

int slotdefs_init(void) {
    for (SlotDef *p = slotdefs; p->name; p++) {
        if (!(p->name_strobj = str_intern(p->name))) return -1;
    }
    return 0;
}

/* ---- Keeping both in step ---------------------------------------------------------------------*/

/* Cells are function pointers of different types, so they are moved by their bytes. */
Slot type_slot(const Type *type, size_t offset) {
    Slot slot;
    memcpy(&slot, (const char *)type + offset, sizeof slot);
    return slot;
}

static void set_slot(Type *type, size_t offset, Slot slot) {
    memcpy((char *)type + offset, &slot, sizeof slot);
}

int add_operators(Type *type) {
    if (type->flags & HEAPTYPE) return 0; // it has methods already, and no cells yet
    for (SlotDef *p = slotdefs; p->name; p++) {
        Slot slot = type_slot(type, p->offset);
        if (!p->wrapper || !slot || dict_get_item(type->dict, p->name_strobj)) continue;
        SlotWrapper *descr = (SlotWrapper *)type_generic_alloc(&SlotWrapper_Type);
        if (!descr) return -1;
        descr->type = type;
        descr->base = p;
        descr->wrapped = slot;
        int status = dict_set_item(type->dict, p->name_strobj, OBJECT(descr));
        decref(descr);
        if (status < 0) return -1;
    }
    return 0;
}

/* A cell that the base has from its own base is left to the class of the MRO that defines it. */
void inherit_slots(Type *type, const Type *base) {
    for (SlotDef *p = slotdefs;; p++) {
        size_t offset = p->name ? p->offset : offsetof(Type, dealloc);
        Slot theirs = type_slot(base, offset);
        bool defined = theirs && (!base->base || theirs != type_slot(base->base, offset));
        bool by_base = offset == offsetof(Type, new); // by base alone: type_ready()
        if (!by_base && !type_slot(type, offset) && defined) set_slot(type, offset, theirs);
        if (!p->name) break;
    }
}

/* Fills one cell from all the methods that it has rows for, and returns the next cell's first row.
 * If what a lookup finds is the wrapper of a static type's cell, that cell is taken directly: so a
 * class derived from int that defines no __repr__ has int's, at no cost.
 * CPython: update_one_slot(). Simplified: no special method here has two cells. */
static SlotDef *update_one_slot(Type *type, SlotDef *p) {
    size_t offset = p->offset;
    Slot specific = NULL, generic = NULL;
    bool use_generic = false;
    for (; p->name && p->offset == offset; p++) {
        Object *descr = type_find_in_mro(type, p->name_strobj);
        if (!descr) continue;
        SlotWrapper *wrapper = descr->type == &SlotWrapper_Type ? (SlotWrapper *)descr : NULL;
        if (wrapper && wrapper->base->name_strobj == p->name_strobj) {
            generic = p->function;
            if ((!specific || specific == wrapper->wrapped) && type_is_subtype(type, wrapper->type))
                specific = wrapper->wrapped;
            else
                use_generic = true;
        } else if (descr->type == &Builtin_Type && offset == offsetof(Type, new)) {
            specific = type_slot(type, offset); // the inherited one, which it wraps
        } else {
            use_generic = true;
            generic = p->function;
        }
    }
    set_slot(type, offset, specific && !use_generic ? specific : generic);
    return p;
}

/* Whether the class itself has one of the methods. */
static bool defines_special(const Type *type) {
    for (const SlotDef *p = slotdefs; p->name; p++)
        if (dict_get_item(type->dict, p->name_strobj)) return true;
    return false;
}

/* A class with one base and no such method has the cells of its base, since the lookups would find the
 * same; CPython looks each of them up. For speed only. */
void fixup_slot_dispatchers(Type *type) {
    if (type->bases->size == 1 && !defines_special(type)) {
        for (const SlotDef *p = slotdefs; p->name; p++)
            set_slot(type, p->offset, type_slot(type->base, p->offset));
        return;
    }
    for (SlotDef *p = slotdefs; p->name;)
        p = update_one_slot(type, p);
}

/* Not below classes that define the method themselves. CPython: update_subclasses(). */
static void update_subclasses(Type *type, const Str *name, SlotDef *first) {
    if (type->mro)
        update_one_slot(type, first); // one that was cleared finds nothing: keeps its cells
    for (ssize_t i = 0; i < type->nsubclasses; i++) {
        Type *subclass = type->subclasses[i];
        if (!dict_get_item(subclass->dict, name)) update_subclasses(subclass, name, first);
    }
}

void update_slot(Type *type, const Str *name) {
    for (SlotDef *p = slotdefs, *first = p; p->name; p++) {
        if (p->offset != first->offset) first = p;
        if (p->name_strobj == name) update_subclasses(type, name, first);
    }
}

Object *object_lookup_special(Object *self, Str *name) {
    Object *found = type_lookup(self->type, name);
    if (!found || !found->type->descr_get) return found ? new_ref(found) : NULL;
    incref(found);
    Object *bound = found->type->descr_get(found, self, OBJECT(self->type));
    decref(found);
    return bound;
}
