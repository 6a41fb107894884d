/* callable.c: CountCalls. What it is in Python is in callable.h. */
#include "callable.h"

static Str *calls_name, *func_name; // interned by count_calls_make(), for good

static Object *init_body(Function *self, Object *const *locals) {
    Object *zero = int_from_long(0);
    bool failed = !zero || update_wrapper(locals[0], locals[1], NULL) < 0 ||
                  object_setattr(locals[0], func_name, locals[1]) < 0 ||
                  object_setattr(locals[0], calls_name, zero) < 0;
    (void)self;
    xdecref(zero);
    return failed ? NULL : new_ref(None);
}

/* self.calls += 1; -1 with an error. */
static int count_call(Object *self) {
    Object *calls = object_getattr(self, calls_name);
    if (!calls) return -1;
    Object *more = calls->type == &Int_Type ? int_from_long(((Int *)calls)->value + 1) : NULL;
    if (!more && !error_occurred())
        error_set(TypeError, "unsupported operand type(s) for +=: '%s' and 'int'",
                  calls->type->name);
    int status = more ? object_setattr(self, calls_name, more) : -1;
    decref(calls);
    xdecref(more);
    return status;
}

static Object *call_body(Function *self, Object *const *locals) {
    (void)self;
    if (count_call(locals[0]) < 0) return NULL;
    Object *func = object_getattr(locals[0], func_name);
    Object *result = func ? object_call(func, (Tuple *)locals[1], (Dict *)locals[2]) : NULL;
    xdecref(func);
    return result;
}

static Object *get_body(Function *self, Object *const *locals) {
    (void)self;
    return locals[1] == None ? new_ref(locals[0]) : method_new(locals[0], locals[1]);
}

static Code init_code = {CODE("__init__"), .qualname = "CountCalls.__init__", .argcount = 2,
                         .varnames = NAMES("self", "func"), .body = init_body};
static Code call_code = {CODE("__call__"),
                         .qualname = "CountCalls.__call__",
                         .argcount = 1,
                         .flags = CO_VARARGS | CO_VARKEYWORDS,
                         .varnames = NAMES("self", "args", "kwargs"),
                         .body = call_body};
static Code get_code = {CODE("__get__"), .qualname = "CountCalls.__get__", .argcount = 3,
                        .varnames = NAMES("self", "obj", "type"), .body = get_body};

Type *count_calls_make(Dict *globals, bool binds) {
    if (!calls_name && !(calls_name = str_intern("calls"))) return NULL;
    if (!func_name && !(func_name = str_intern("func"))) return NULL;
    Dict *dict = dict_new();
    Type *type = NULL;
    if (dict &&
        class_define(dict, "__init__", function_make(&init_code, globals, NULL, NULL, NULL)) == 0 &&
        class_define(dict, "__call__", function_make(&call_code, globals, NULL, NULL, NULL)) == 0 &&
        (!binds || class_define(dict, "__get__",
                                function_make(&get_code, globals, (Tuple *)tuple_pack(1, None),
                                              NULL, NULL)) == 0))
        type = type_new("CountCalls", &Object_Type, dict);
    xdecref(dict);
    return type;
}
