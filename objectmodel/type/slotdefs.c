/* slotdefs.c: special methods and cells, each made from the other.
 *
 * `len(x)` does not look for an attribute: it calls a cell of x's type. A static type has its cells
 * from its C source, and add_operators() makes attributes of them (int.__add__); a class has its
 * methods from Python, and update_one_slot() makes cells of them: a function that looks the method
 * up and calls it. One table, slotdefs[], says which belongs to which. The invariant: the cell of a
 * heap type calls what a lookup of the method on that type would find, at any time; so whoever
 * changes a method, or an MRO, updates the cells of the class and of those below that inherit it.
 *
 * CPython: Objects/typeobject.c, slotdefs, update_one_slot(), slot_tp_repr() and its neighbours.
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

/* type(self).name(self, *args). `missing`: what to give where there is none; NULL: AttributeError.
 * CPython: vectorcall_method(), vectorcall_maybe(). */
static Object *call_special(Object *self, Str *name, Object *const *args, ssize_t nargs,
                            Object *missing) {
    bool unbound;
    Object *method = lookup_maybe_method(self, name, &unbound);
    if (!method) {
        if (error_occurred()) return NULL; // the descriptor raised it
        if (missing) return new_ref(missing);
        error_set(AttributeError, "%s", name->text);
        return NULL;
    }
    Object *result =
        unbound ? object_call_prepend(method, self, args, nargs) : object_call(method, args, nargs);
    decref(method);
    return result;
}

enum { // positions in slotdefs, to have the interned names
    REPR,
    STR,
    CALL,
    GET,
    SET,
    DELETE,
    INIT,
    NEW,
    ADD,
    RADD,
    SUB,
    RSUB,
    MUL,
    RMUL,
    LEN
};
#define NAME(position) (slotdefs[position].name_strobj)

static Object *slot_tp_repr(Object *self) {
    return call_special(self, NAME(REPR), NULL, 0, NULL);
}

static Object *slot_tp_str(Object *self) {
    return call_special(self, NAME(STR), NULL, 0, NULL);
}

static Object *slot_tp_call(Object *self, Object *const *args, ssize_t nargs) {
    return call_special(self, NAME(CALL), args, nargs, NULL);
}

static Object *slot_tp_descr_get(Object *self, Object *obj, Object *type) {
    Object *get = type_lookup(self->type, NAME(GET));
    if (!get) return new_ref(self); // the other name of this cell does not exist
    incref(get);
    Object *result = object_call(get, (Object *[]){self, obj ? obj : None, type ? type : None}, 3);
    decref(get);
    return result;
}

static int slot_tp_descr_set(Object *self, Object *obj, Object *value) {
    Object *result = value ? call_special(self, NAME(SET), (Object *[]){obj, value}, 2, NULL)
                           : call_special(self, NAME(DELETE), &obj, 1, NULL);
    if (!result) return -1;
    decref(result);
    return 0;
}

static int slot_tp_init(Object *self, Object *const *args, ssize_t nargs) {
    Object *result = call_special(self, NAME(INIT), args, nargs, NULL);
    if (!result) return -1;
    int status = 0;
    if (result != None) {
        status =
            error_set(TypeError, "__init__() should return None, not '%.200s'", result->type->name);
    }
    decref(result);
    return status;
}

Object *slot_tp_new(Type *type, Object *const *args, ssize_t nargs) {
    Object *func = object_getattr(OBJECT(type), NAME(NEW));
    if (!func) return NULL;
    Object *result = object_call_prepend(func, OBJECT(type), args, nargs);
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

/* Whether the right operand's class brings a reflected method of its own, not the left one's.
 * CPython: method_is_overloaded(), which compares with `!=`. */
static bool method_is_overloaded(Object *left, Object *right, Str *name) {
    Object *theirs = type_lookup(right->type, name);
    return theirs && theirs != type_lookup(left->type, name);
}

/* left.op(right), right.rop(left), and which first: the reflected one only if the right operand is
 * of a subclass that overrides it. The function fills the cell of both classes, so it is called once
 * for both. CPython: SLOT1BINFULL(). */
#define SLOT_BINARY(function, cell, op, rop)                                                       \
    static Object *function(Object *self, Object *other) {                                         \
        bool do_other = self->type != other->type && other->type->cell == function;                \
        if (self->type->cell == function) {                                                        \
            if (do_other && type_is_subtype(other->type, self->type) &&                            \
                method_is_overloaded(self, other, NAME(rop))) {                                    \
                Object *result = call_special(other, NAME(rop), &self, 1, NotImplemented);         \
                if (result != NotImplemented) return result;                                       \
                decref(result);                                                                    \
                do_other = false;                                                                  \
            }                                                                                      \
            Object *result = call_special(self, NAME(op), &other, 1, NotImplemented);              \
            if (result != NotImplemented || other->type == self->type) return result;              \
            decref(result);                                                                        \
        }                                                                                          \
        if (do_other) return call_special(other, NAME(rop), &self, 1, NotImplemented);             \
        return new_ref(NotImplemented);                                                            \
    }
SLOT_BINARY(slot_nb_add, nb_add, ADD, RADD)
SLOT_BINARY(slot_nb_subtract, nb_subtract, SUB, RSUB)
SLOT_BINARY(slot_nb_multiply, nb_multiply, MUL, RMUL)

/* ---- From the method to the cell: what int.__add__ does when it is called ---------------------*/

static int check_num_args(ssize_t nargs, ssize_t n) {
    if (nargs == n) return 0;
    return error_set(TypeError, "expected %zd argument%s, got %zd", n, n == 1 ? "" : "s", nargs);
}

static Object *none_or_error(int status) {
    return status < 0 ? NULL : new_ref(None);
}

/* One for each signature; self is what the method was called on. */
#define WRAPPER(function, n, expression)                                                           \
    static Object *function(Object *self, Object *const *args, ssize_t nargs, Slot wrapped) {      \
        (void)args;                                                                                \
        return (n) >= 0 && check_num_args(nargs, n) < 0 ? NULL : (expression);                     \
    }
typedef Object *(*Unary)(Object *);
typedef Object *(*Binary)(Object *, Object *);
typedef Object *(*Call)(Object *, Object *const *, ssize_t);
typedef int (*DescrSet)(Object *, Object *, Object *);
typedef int (*Init)(Object *, Object *const *, ssize_t);
WRAPPER(wrap_unary, 0, ((Unary)wrapped)(self))
WRAPPER(wrap_binary_l, 1, ((Binary)wrapped)(self, args[0]))
WRAPPER(wrap_binary_r, 1, ((Binary)wrapped)(args[0], self))
WRAPPER(wrap_call, -1, ((Call)wrapped)(self, args, nargs))
WRAPPER(wrap_set, 2, none_or_error(((DescrSet)wrapped)(self, args[0], args[1])))
WRAPPER(wrap_delete, 1, none_or_error(((DescrSet)wrapped)(self, args[0], NULL)))
WRAPPER(wrap_init, -1, none_or_error(((Init)wrapped)(self, args, nargs)))

static Object *wrap_len(Object *self, Object *const *args, ssize_t nargs, Slot wrapped) {
    (void)args;
    if (check_num_args(nargs, 0) < 0) return NULL;
    ssize_t length = ((ssize_t(*)(Object *))wrapped)(self);
    return length < 0 ? NULL : int_from_long(length);
}

static Object *wrap_get(Object *self, Object *const *args, ssize_t nargs, Slot wrapped) {
    if (nargs != 1 && check_num_args(nargs, 2) < 0) return NULL;
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
    SLOT("__repr__", repr, slot_tp_repr, wrap_unary),
    SLOT("__str__", str, slot_tp_str, wrap_unary),
    SLOT("__call__", call, slot_tp_call, wrap_call),
    SLOT("__get__", descr_get, slot_tp_descr_get, wrap_get),
    SLOT("__set__", descr_set, slot_tp_descr_set, wrap_set),
    SLOT("__delete__", descr_set, slot_tp_descr_set, wrap_delete),
    SLOT("__init__", init, slot_tp_init, wrap_init),
    SLOT("__new__", new, slot_tp_new, NULL), // not by a wrapper: it has no self
    SLOT("__add__", nb_add, slot_nb_add, wrap_binary_l),
    SLOT("__radd__", nb_add, slot_nb_add, wrap_binary_r),
    SLOT("__sub__", nb_subtract, slot_nb_subtract, wrap_binary_l),
    SLOT("__rsub__", nb_subtract, slot_nb_subtract, wrap_binary_r),
    SLOT("__mul__", nb_multiply, slot_nb_multiply, wrap_binary_l),
    SLOT("__rmul__", nb_multiply, slot_nb_multiply, wrap_binary_r),
    SLOT("__len__", sq_length, slot_sq_length, wrap_len),
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
        SlotWrapper *descr = (SlotWrapper *)type_generic_alloc(&SlotWrapper_Type, 0);
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
    static const size_t others[] = {offsetof(Type, getattro), offsetof(Type, setattro),
                                    offsetof(Type, alloc), offsetof(Type, dealloc),
                                    offsetof(Type, free)};
    size_t nslots = 0, nothers = sizeof others / sizeof *others;
    while (slotdefs[nslots].name)
        nslots++;
    for (size_t i = 0; i < nslots + nothers; i++) {
        size_t offset = i < nslots ? slotdefs[i].offset : others[i - nslots];
        if (offset == offsetof(Type, new)) continue; // by base alone: type_ready()
        Slot theirs = type_slot(base, offset);
        bool defined = theirs && (!base->base || theirs != type_slot(base->base, offset));
        if (!type_slot(type, offset) && defined) set_slot(type, offset, theirs);
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

void fixup_slot_dispatchers(Type *type) {
    for (SlotDef *p = slotdefs; p->name;)
        p = update_one_slot(type, p);
}

/* Not below classes that define the method themselves. CPython: update_subclasses(). */
static void update_subclasses(Type *type, const Str *name, SlotDef *first) {
    if (type->mro)
        update_one_slot(type, first); // one that was cleared finds nothing: keeps its cells
    for (ssize_t i = 0; i < type->nsubclasses; i++) {
        Type *subclass = type->subclasses[i]->referent;
        if (!dict_get_item(subclass->dict, name)) update_subclasses(subclass, name, first);
    }
}

void update_slot(Type *type, const Str *name) {
    for (SlotDef *p = slotdefs, *first = p; p->name; p++) {
        if (p->offset != first->offset) first = p;
        if (p->name_strobj == name) update_subclasses(type, name, first);
    }
}

void update_all_slots(Type *type) {
    type_modified(type);
    for (SlotDef *p = slotdefs; p->name; p++)
        update_slot(type, p->name_strobj);
}
