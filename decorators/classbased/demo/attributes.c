/* attributes.c: classbased_demo: decorators behind an attribute that is not called, and the cells
 * of all. */
#include "demo.h"

/* ---- property ---------------------------------------------------------------------------------*/

static Object *balance_get_body(Function *self, Object *const *locals) {
    (void)self;
    return get(locals[0], "_balance");
}
static Object *balance_set_body(Function *self, Object *const *locals) {
    (void)self;
    if (((Int *)locals[1])->value < 0) {
        error_set(ValueError, "overdrawn");
        return NULL;
    }
    return object_setattr_string(locals[0], "_balance", locals[1]) < 0 ? NULL : new_ref(None);
}
static Object *balance_del_body(Function *self, Object *const *locals) {
    (void)self;
    return object_setattr_string(locals[0], "_balance", NULL) < 0 ? NULL : new_ref(None);
}
static Code balance_get_code = {CODE("balance"), .doc = "What is left.", .argcount = 1,
                                .varnames = NAMES("self"), .body = balance_get_body};
static Code balance_set_code = {CODE("balance"), .argcount = 2, .varnames = NAMES("self", "value"),
                                .body = balance_set_body};
static Code balance_del_code = {CODE("balance"), .argcount = 1, .varnames = NAMES("self"),
                                .body = balance_del_body};

void scene_property(void) {
    begin_module();
    Object *getter = decorated(&Property_Type, def(&balance_get_code));
    Object *method = need(get(getter, "setter"));
    Object *setter = decorated(method, def(&balance_set_code));
    decref(method);
    method = need(get(setter, "deleter"));
    Object *deleter = decorated(method, def(&balance_del_code));
    decref(method);
    puts("class Account:\n"
         "    @property\n"
         "    def balance(self): return self._balance        # p, with a getter\n"
         "    @balance.setter\n"
         "    def balance(self, value): ... self._balance = value     # q, a copy of p\n"
         "    @balance.deleter\n"
         "    def balance(self): del self._balance           # r, a copy of q\n");
    show("p.fset", get(getter, "fset"));
    show("r.fset", get(deleter, "fset"));
    show("r.__doc__", get(deleter, "__doc__"));
    Type *type = make_class("Account", &Object_Type,
                            (Attribute[]){{"__init__", def(&account_init_code)},
                                          {"__repr__", def(&account_repr_code)},
                                          {"balance", deleter},
                                          {"fixed", getter},
                                          {0}});
    Object *a = account_new(type, "a"), *other = need(int_from_long(99));
    set("a.balance = 5", a, "balance", need(int_from_long(5)));
    show("a.balance", get(a, "balance"));
    set("a.balance = -1", a, "balance", need(int_from_long(-1)));
    must(dict_set_item(need(object_dict(a)), need(str_intern("balance")), other));
    puts("  a.__dict__['balance'] = 99");
    step("now both the class and the instance have one: which is a.balance?");
    show("a.balance", get(a, "balance"));
    set("del a.balance", a, "balance", NULL);
    show("a.balance", get(a, "balance"));
    Object *own = dict_get_item(object_dict(a), need(str_intern("balance")));
    if (!own) error_set(KeyError, "'balance'");
    show("a.__dict__['balance']", own ? new_ref(own) : NULL);
    puts("  Account.fixed = p");
    set("a.fixed = 1", a, "fixed", new_ref(other));
    puts("\nA property has descr_set, also where it has no setter: it goes before the dict.");
    decref(other);
    decref(setter);
    decref(a);
    decref(type);
    end_module();
}

/* ---- cached -----------------------------------------------------------------------------------*/

static int notes;
static Object *note_body(Function *self, Object *const *locals) {
    (void)self;
    (void)locals;
    return str_from_format("note %d", ++notes);
}
static Code note_code = {CODE("note"), .argcount = 1, .varnames = NAMES("self"), .body = note_body};

void scene_cached(void) {
    begin_module();
    notes = 0;
    Type *type =
        make_class("Account", &Object_Type,
                   (Attribute[]){{"note", decorated(&CachedProperty_Type, def(&note_code))},
                                 {"each", decorated(&Property_Type, def(&note_code))},
                                 {0}});
    Object *a = need(object_call_args(OBJECT(type), 0)), *five = need(int_from_long(5));
    puts("class Account:\n"
         "    @cached_property\n"
         "    def note(self): ...     # 'note 1', 'note 2', ...: how often it ran\n");
    show("a.__dict__", get(a, "__dict__"));
    show("a.note", get(a, "note"));
    step("what is in a.__dict__ now, and does it run again?");
    show("a.__dict__", get(a, "__dict__"));
    show("a.note", get(a, "note"));
    set("a.note = 'mine'", a, "note", need(str_from_string("mine")));
    show("a.note", get(a, "note"));
    set("del a.note", a, "note", NULL);
    step("and now?");
    show("a.note", get(a, "note"));
    puts("\nNo descr_set: the instance's dict comes first, and a cached value is one there.\n"
         "The same function below @property, and an instance that has no dict:\n");
    show("a.each", get(a, "each"));
    show("a.each", get(a, "each"));
    Object *found = need(get(type, "note"));
    show("Account.note.__get__(5)", found->type->descr_get(found, five, &Int_Type));
    decref(found);
    decref(five);
    decref(a);
    decref(type);
    end_module();
}

/* ---- cells ------------------------------------------------------------------------------------*/

const char *const cell_names[NCELLS] = {"descr_get", "descr_set", "set_name", "vectorcall", "call"};

void look_at_cells(Kind kinds[NKINDS]) {
    Type *without = need(count_calls_make(globals, false));
    Type *with = need(count_calls_make(globals, true));
    const Type *types[NKINDS] = {&Function_Type,
                                 &StaticMethod_Type,
                                 &ClassMethod_Type,
                                 &SingleDispatch_Type,
                                 &Method_Type,
                                 &Property_Type,
                                 &CachedProperty_Type,
                                 without,
                                 with};
    static const char *const names[NKINDS] = {
        "function",        "staticmethod",           "classmethod",
        "singledispatch",  "bound method",           "property",
        "cached_property", "CountCalls, no __get__", "CountCalls, __get__"};
    for (int i = 0; i < NKINDS; i++) {
        const Type *type = types[i];
        kinds[i] = (Kind){names[i],
                          {type->descr_get != NULL, type->descr_set != NULL, type->set_name != NULL,
                           type->vectorcall != NULL, type->call != NULL}};
    }
    decref(without);
    decref(with);
}

void scene_cells(void) {
    begin_module();
    Kind kinds[NKINDS];
    look_at_cells(kinds);
    printf("What may stand in a class, and which cells its type fills in.\n\n  %-23s", "");
    for (int cell = 0; cell < NCELLS; cell++)
        printf(cell < NCELLS - 1 ? " %-10s" : " %s", cell_names[cell]);
    putchar('\n');
    for (int i = 0; i < NKINDS; i++) {
        if (i == 5) step("which has a descr_set, and so goes before the instance's dict?");
        if (i == 7) step("a class with __call__ fills in `call`: `vectorcall`, too?");
        printf("  %-23s", kinds[i].name);
        for (int cell = 0; cell < NCELLS; cell++)
            printf(cell < NCELLS - 1 ? " %-10s" : " %s", kinds[i].cells[cell] ? "x" : ".");
        putchar('\n');
    }
    puts("\ndescr_get and descr_set: a data descriptor, before the dict. descr_get alone:\n"
         "the dict comes first. Neither vectorcall nor call: it cannot be called.");
    end_module();
}
