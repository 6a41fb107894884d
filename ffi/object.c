/* object.c: what every object can do; None, tuple, dict, and functions that stand for Python's own.
 *
 * Parts from the other topics' layers: here an object is only counted, called and shown; a dict has a
 * call's few keywords. CPython: Objects/object.c, tupleobject.c, dictobject.c, call.c.
 */
#include "object.h"

void *object_new(Type *type, size_t size) {
    Object *self = malloc(size);
    if (!self) return error_no_memory();
    memset(self, 0, size);
    self->refcnt = 1;
    self->type = type;
    return self;
}

bool type_is_subtype(const Type *type, const Type *base) {
    while (type && type != base)
        type = type->base;
    return type != NULL;
}

Object *object_vectorcall(Object *self, Object *const *args, ssize_t nargs, Object *kwnames) {
    if (self->type->call) return self->type->call(self, args, nargs, kwnames);
    error_set(TypeError, "'%.200s' object is not callable", self->type->name);
    return NULL;
}

bool object_is_true(const Object *self) {
    if (self == None) return false;
    if (int_check(self)) return ((const Int *)self)->magnitude != 0;
    if (self->type == &Float_Type) return ((const Float *)self)->value != 0.0;
    if (self->type == &Str_Type) return ((const Str *)self)->size > 0;
    if (self->type == &Bytes_Type) return ((const Bytes *)self)->size > 0;
    if (self->type == &Tuple_Type) return ((const Tuple *)self)->size > 0;
    return self->type != &Dict_Type || ((const Dict *)self)->used > 0;
}

/* ---- repr ------------------------------------------------------------------------------------*/

int object_write_repr(Object *self, FILE *out) {
    if (self->type->repr) return self->type->repr(self, out);
    fprintf(out, "<%s object>", self->type->name);
    return 0;
}

static int none_repr(Object *self, FILE *out) {
    (void)self;
    fputs("None", out);
    return 0;
}

static int type_repr(Object *self, FILE *out) {
    fprintf(out, "<class '%s'>", ((Type *)self)->name);
    return 0;
}

Type Type_Type = {TYPE("type", NULL), .repr = type_repr};
Type None_Type = {TYPE("NoneType", NULL), .repr = none_repr};
Object none_object = {1, &None_Type};

/* ---- tuple -----------------------------------------------------------------------------------*/

Object *tuple_from_array(Object *const *items, ssize_t size) {
    Tuple *self = object_new(&Tuple_Type, sizeof *self + (size_t)size * sizeof(Object *));
    if (!self) return NULL;
    self->size = size;
    for (ssize_t i = 0; i < size; i++)
        self->items[i] = new_ref(items ? items[i] : None);
    return OBJECT(self);
}

static void tuple_dealloc(Object *op) {
    Tuple *self = (Tuple *)op;
    for (ssize_t i = self->size; i-- > 0;)
        decref(self->items[i]);
    free(self);
}

static int tuple_repr(Object *op, FILE *out) {
    const Tuple *self = (const Tuple *)op;
    for (ssize_t i = 0; i < self->size; i++) {
        fputs(i ? ", " : "(", out);
        if (object_write_repr(self->items[i], out) < 0) return -1;
    }
    fputs(self->size == 0 ? "()" : self->size == 1 ? ",)" : ")", out);
    return 0;
}

Type Tuple_Type = {TYPE("tuple", NULL), .dealloc = tuple_dealloc, .repr = tuple_repr};

/* ---- dict ------------------------------------------------------------------------------------*/

Object *dict_new(void) {
    return object_new(&Dict_Type, sizeof(Dict));
}

static DictEntry *dict_find(const Dict *self, const char *key) {
    for (ssize_t i = 0; i < self->used; i++) {
        if (strcmp(((Str *)self->entries[i].key)->utf8, key) == 0) return &self->entries[i];
    }
    return NULL;
}

Object *dict_get_item_string(Object *op, const char *key) {
    const DictEntry *entry = dict_find((Dict *)op, key);
    return entry ? entry->value : NULL;
}

int dict_set_item_string(Object *op, const char *key, Object *value) {
    Dict *self = (Dict *)op;
    DictEntry *entry = dict_find(self, key);
    if (entry) {
        Object *old = entry->value;
        entry->value = new_ref(value);
        decref(old); // may run anything, and the dict is whole again
        return 0;
    }
    if (self->used == self->allocated) {
        ssize_t room = self->allocated * 2 + 4;
        DictEntry *entries = realloc(self->entries, (size_t)room * sizeof *entries);
        if (!entries) {
            error_no_memory();
            return -1;
        }
        self->entries = entries;
        self->allocated = room;
    }
    Object *name = str_from_string(key);
    if (!name) return -1;
    self->entries[self->used++] = (DictEntry){name, new_ref(value)};
    return 0;
}

static void dict_dealloc(Object *op) {
    Dict *self = (Dict *)op;
    for (ssize_t i = 0; i < self->used; i++) {
        decref(self->entries[i].key);
        decref(self->entries[i].value);
    }
    free(self->entries);
    free(self);
}

static int dict_repr(Object *op, FILE *out) {
    const Dict *self = (const Dict *)op;
    fputc('{', out);
    for (ssize_t i = 0; i < self->used; i++) {
        if (i) fputs(", ", out);
        if (object_write_repr(self->entries[i].key, out) < 0) return -1;
        fputs(": ", out);
        if (object_write_repr(self->entries[i].value, out) < 0) return -1;
    }
    fputc('}', out);
    return 0;
}

Type Dict_Type = {TYPE("dict", NULL), .dealloc = dict_dealloc, .repr = dict_repr};

/* ---- function --------------------------------------------------------------------------------*/

Object *function_new(const char *name, FunctionCode code, Object *closure) {
    Function *self = object_new(&Function_Type, sizeof *self);
    if (!self) return NULL;
    self->name = name;
    self->code = code;
    self->closure = closure ? new_ref(closure) : NULL;
    return OBJECT(self);
}

static void function_dealloc(Object *op) {
    Function *self = (Function *)op;
    xdecref(self->closure);
    free(self);
}

static Object *function_call(Object *op, Object *const *args, ssize_t nargs, Object *kwnames) {
    const Function *self = (const Function *)op;
    if (!kwnames || ((Tuple *)kwnames)->size == 0) return self->code(self->closure, args, nargs);
    error_set(TypeError, "%s() got an unexpected keyword argument '%s'", self->name,
              ((Str *)((Tuple *)kwnames)->items[0])->utf8);
    return NULL;
}

static int function_repr(Object *op, FILE *out) {
    fprintf(out, "<function %s>",
            ((Function *)op)->name); // without the address: it tells nobody anything
    return 0;
}

Type Function_Type = {TYPE("function", NULL), .dealloc = function_dealloc, .repr = function_repr,
                      .call = function_call};
