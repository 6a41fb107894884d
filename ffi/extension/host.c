/* host.c: an extension module from file to module. See host.h for the order of things.
 *
 * CPython: Python/importdl.c, dynload_shlib.c; Objects/moduleobject.c.
 */
#include "host.h"

#include <dlfcn.h>
#include <sys/stat.h>

/* ---- The file --------------------------------------------------------------------------------*/

const char *const extension_suffixes[] = {".small-1.so", ".so", NULL};

int find_extension(const char *directory, const char *name, char *path, size_t size) {
    for (const char *const *suffix = extension_suffixes; *suffix; suffix++) {
        struct stat status;
        int length = snprintf(path, size, "%s/%s%s", directory, name, *suffix);
        if (length >= 0 && (size_t)length < size && stat(path, &status) == 0 &&
            S_ISREG(status.st_mode))
            return 0;
    }
    return error_set(ModuleNotFoundError, "No module named '%s'", name);
}

InitFunction import_find_init(const char *name, const char *path) {
    char symbol[258], dotted[260];
    if (!strchr(path, '/')) { // dlopen() would look for it where the system's libraries are
        snprintf(dotted, sizeof dotted, "./%.255s", path);
        path = dotted;
    }
    snprintf(symbol, sizeof symbol, "PyInit_%.200s", name);
    void *handle = dlopen(
        path,
        RTLD_NOW); // RTLD_NOW: a symbol that nobody has is missed here, not in the middle of a call
    if (!handle) {
        const char *words = dlerror();
        error_set(ImportError, "%s", words ? words : "unknown dlopen() error");
        return NULL;
    }
    InitFunction init = NULL;
    void *address = dlsym(handle, symbol);
    memcpy(&init, &address, sizeof init);
    if (!init)
        error_set(ImportError, "dynamic module does not define module export function (%s)",
                  symbol);
    return init;
}

Object *module_def_init(ModuleDef *def) {
    if (!def->ob.type) def->ob = (Object){1, &ModuleDef_Type};
    return OBJECT(def);
}

ModuleDef *import_run_init(const char *name, InitFunction init) {
    Object *def = init();
    if (!def && !error_occurred()) {
        error_set(SystemError, "initialization of %s failed without raising an exception", name);
    } else if (def && error_occurred()) {
        error_set(SystemError, "initialization of %s raised unreported exception", name);
        def = NULL;
    } else if (def && !def->type) { // static, and module_def_init() was not called
        error_set(SystemError, "init function of %s returned uninitialized object", name);
        def = NULL;
    } else if (def && def->type != &ModuleDef_Type) {
        error_set(SystemError, "initialization of %s did not return an extension module", name);
        decref(def);
        def = NULL;
    }
    return (ModuleDef *)def;
}

/* ---- The module ------------------------------------------------------------------------------*/

static Object *module_new(const char *name) {
    Module *self = object_new(&Module_Type, sizeof *self);
    if (!self) return NULL;
    self->name = str_from_string(name);
    self->dict = self->name ? dict_new() : NULL;
    if (!self->dict || dict_set_item_string(self->dict, "__name__", self->name) < 0 ||
        dict_set_item_string(self->dict, "__doc__", None) < 0) {
        clear_ref(self);
    }
    return OBJECT(self);
}

/* m_free sees a module whose dict is still there. CPython: module_dealloc(). */
static void module_dealloc(Object *op) {
    Module *self = (Module *)op;
    self->ob.refcnt = 1; // what m_free does may take and drop references to it
    if (self->def && self->def->free && (self->state || self->def->size == 0)) self->def->free(op);
    for (CFunctionObject *func = self->functions; func; func = func->next) // some may live on
        func->self = NULL;
    xdecref(self->dict);
    xdecref(self->name);
    free(self->state);
    free(self);
}

static int module_repr(Object *op, FILE *out) {
    fprintf(out, "<module '%s'>", ((Str *)((Module *)op)->name)->utf8); // CPython: and from where
    return 0;
}

Type Module_Type = {TYPE("module", NULL), .dealloc = module_dealloc, .repr = module_repr};
Type ModuleDef_Type = {TYPE("moduledef", NULL)}; // static, all of them

void *module_get_state(Object *module) {
    return ((Module *)module)->state;
}

int module_add_object_ref(Object *module, const char *name, Object *value) {
    if (value) return dict_set_item_string(((Module *)module)->dict, name, value);
    if (error_occurred()) return -1;
    return error_set(
        SystemError,
        "PyModule_AddObjectRef() must be called with an exception raised if value is NULL");
}

int module_add_int_constant(Object *module, const char *name, int64_t value) {
    Object *number = int_from_long(value);
    int status = number ? dict_set_item_string(((Module *)module)->dict, name, number) : -1;
    xdecref(number);
    return status;
}

Object *module_get_attr(Object *module, const char *name) {
    const Module *self = (const Module *)module;
    Object *value = dict_get_item_string(self->dict, name);
    if (value) return new_ref(value);
    error_set(AttributeError, "module '%s' has no attribute '%s'", ((Str *)self->name)->utf8, name);
    return NULL;
}

/* CPython: _add_methods_to_object(). */
static int add_methods(Module *self, const MethodDef *methods) {
    for (const MethodDef *ml = methods; ml && ml->name; ml++) {
        Object *function = cfunction_new(ml, OBJECT(self), self->name);
        int status = function ? dict_set_item_string(self->dict, ml->name, function) : -1;
        xdecref(function);
        if (status < 0) return -1;
    }
    return 0;
}

/* The create slot, if there is one; unknown slots are refused before anything is made. -1 with
 * SystemError. */
static int check_slots(const ModuleDef *def, const char *name, ModuleCreate *create,
                       bool *has_exec) {
    for (const ModuleSlot *slot = def->slots; slot && slot->slot; slot++) {
        if (slot->slot == Py_mod_create) {
            if (*create) return error_set(SystemError, "module %s has multiple create slots", name);
            *create = (ModuleCreate)slot->value;
        } else if (slot->slot < 0 || slot->slot > Py_mod_LAST_SLOT) {
            return error_set(SystemError, "module %s uses unknown slot ID %i", name, slot->slot);
        } else {
            *has_exec = true;
        }
    }
    return 0;
}

/* What its own create slot makes. */
static Object *created(ModuleDef *def, const char *name, ModuleCreate create) {
    Object *spec = str_from_string(name); // of the spec, the name
    Object *module = spec ? create(spec, def) : NULL;
    xdecref(spec);
    if (!module && !error_occurred()) {
        error_set(SystemError, "creation of module %s failed without setting an exception", name);
    } else if (module && error_occurred()) {
        error_set(SystemError, "creation of module %s raised unreported exception", name);
        clear_ref(module);
    }
    return module;
}

/* Of what a definition asks for, an object that is no module can have nothing: 0, or -1 with an
 * error. Simplified: objects here have no attributes. */
static int refuse_object(const Object *op, const ModuleDef *def, const char *name, bool has_exec) {
    const char *type = op->type->name;
    if (def->size > 0 || def->free) {
        return error_set(SystemError, "module %s is not a module object, but requests module state",
                         name);
    }
    if (has_exec) {
        return error_set(
            SystemError,
            "module %s specifies execution slots, but did not create a ModuleType instance", name);
    }
    if (def->methods && def->methods->name) {
        return error_set(AttributeError, "'%.50s' object has no attribute '%s'", type,
                         def->methods->name);
    }
    if (!def->doc) return 0;
    return error_set(AttributeError, "'%.50s' object attribute '__doc__' is read-only", type);
}

Object *module_from_def(ModuleDef *def, const char *name) {
    ModuleCreate create = NULL;
    bool has_exec = false;
    if (def->size < 0) {
        error_set(SystemError,
                  "module %s: m_size may not be negative for multi-phase initialization", name);
        return NULL;
    }
    if (check_slots(def, name, &create, &has_exec) < 0) return NULL;
    Object *op = create ? created(def, name, create) : module_new(name);
    if (!op) return NULL;
    if (op->type != &Module_Type) { // a create slot may give anything
        if (refuse_object(op, def, name, has_exec) < 0) clear_ref(op);
        return op;
    }
    Module *self = (Module *)op;
    self->def = def;
    Object *doc = def->doc ? str_from_string(def->doc) : new_ref(None);
    int status = doc ? dict_set_item_string(self->dict, "__doc__", doc) : -1;
    xdecref(doc);
    if (status < 0 || add_methods(self, def->methods) < 0) clear_ref(op);
    return op;
}

int module_exec_def(Object *module) {
    if (module->type != &Module_Type) return 0;
    Module *self = (Module *)module;
    const char *name = ((Str *)self->name)->utf8;
    if (!self->state) { // also of size 0: that there is one tells that it was executed
        self->state = calloc(1, self->def->size ? (size_t)self->def->size : 1);
        if (!self->state) {
            error_no_memory();
            return -1;
        }
    }
    for (const ModuleSlot *slot = self->def->slots; slot && slot->slot; slot++) {
        if (slot->slot != Py_mod_exec) continue;
        if (((ModuleExec)slot->value)(module) != 0) {
            if (error_occurred()) return -1;
            return error_set(SystemError,
                             "execution of module %s failed without setting an exception", name);
        }
        if (error_occurred()) {
            return error_set(SystemError, "execution of module %s raised unreported exception",
                             name);
        }
    }
    return 0;
}

Object *import_extension(const char *directory, const char *name) {
    char path[4096];
    if (find_extension(directory, name, path, sizeof path) < 0) return NULL;
    InitFunction init = import_find_init(name, path);
    ModuleDef *def = init ? import_run_init(name, init) : NULL;
    Object *module = def ? module_from_def(def, name) : NULL;
    if (module && module_exec_def(module) < 0) clear_ref(module);
    return module;
}
