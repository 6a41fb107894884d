/* host.h: what `import` does with an extension module, step by step: find the file, open it, look
 * up PyInit_name, call it, make the module, run its slots; and then what a call of one of its
 * functions does.
 *
 * The invariant: a module is made in two phases. What PyInit_name gives back is a description, the
 * same for all modules made from it; the module is made from that by the host, and gets its own
 * state when it is executed. So a library is loaded once and can be imported twice.
 *
 *   find_extension     a file by suffix: Lib/importlib/_bootstrap_external.py, find_spec()
 *   import_find_init   opened, PyInit_name looked up: Python/dynload_shlib.c, _PyImport_FindSharedFuncptr()
 *   import_run_init    that called: Python/importdl.c, _PyImport_LoadDynamicModuleWithSpec()
 *   module_from_def    phase one: Objects/moduleobject.c, PyModule_FromDefAndSpec2()
 *   module_exec_def    phase two: Objects/moduleobject.c, PyModule_ExecDef()
 *   import_extension   all of them
 */
#ifndef HOST_H
#define HOST_H

#include "plugin.h"

extern Type Module_Type, ModuleDef_Type, CFunction_Type;

/* A function of a module: its row of the method table, and the module. CPython: PyCFunctionObject:
 * m_ml, m_self, m_module. */
typedef struct CFunctionObject CFunctionObject;
struct CFunctionObject {
    Object ob;
    const MethodDef *ml;
    Object *self;          // the module; borrowed: it holds its functions. NULL when it is gone
    Object *module;        // its name; owned
    CFunctionObject *next; // of the same module
};

/* CPython: PyModuleObject: md_dict, md_def, md_state, md_name. */
typedef struct {
    Object ob;
    Object *name; // a Str
    Object *dict;
    ModuleDef *def;
    void *state;
    CFunctionObject *functions; // all that point to it, wherever they are held; borrowed
} Module;

/* What a file may end in, the most particular first; NULL at the end. Ours are ".small-1.so" and
 * ".so"; CPython 3.11 has ".cpython-311-x86_64-linux-gnu.so", ".abi3.so" and ".so". CPython:
 * _PyImport_DynLoadFiletab. */
extern const char *const extension_suffixes[];

/* Writes the path of the file that has the module of that name: 0, or -1 with ModuleNotFoundError
 * ("No module named 'x'"). */
int find_extension(const char *directory, const char *name, char *path, size_t size);

typedef Object *(*InitFunction)(void);
/* Opens the file and finds PyInit_name in it; NULL with ImportError in dlopen()'s words or "dynamic
 * module does not define module export function (PyInit_x)". A library is never closed. */
InitFunction import_find_init(const char *name, const char *path);
/* Calls it: the definition, borrowed, or NULL with what it raised or SystemError ("initialization
 * of x failed without raising an exception"). Simplified: single-phase modules are not taken. */
ModuleDef *import_run_init(const char *name, InitFunction init);
/* Phase one: a module with its functions and docstring; new reference. SystemError ("module x uses
 * unknown slot ID 3"). */
Object *module_from_def(ModuleDef *def, const char *name);
/* Phase two: state, and the Py_mod_exec slots in order: 0 or -1. */
int module_exec_def(Object *module);
/* New reference. Simplified: no sys.modules; each import makes a new module, as importlib does with
 * a spec. */
Object *import_extension(const char *directory, const char *name);

/* module.name: new reference; NULL with AttributeError ("module 'x' has no attribute 'y'").
 * CPython: module_getattro(). */
Object *module_get_attr(Object *module, const char *name);

/* func(*args, **kwargs): object_vectorcall() of a CFunction is this. It makes what the flags ask
 * for: a tuple and a dict, or nothing. CPython: Objects/methodobject.c,
 * cfunction_vectorcall_FASTCALL_KEYWORDS(), cfunction_call(); Objects/call.c,
 * _Py_CheckFunctionResult(). */
Object *cfunction_call(Object *func, Object *const *args, ssize_t nargs, Object *kwnames);
/* A new one, of a Module; NULL with SystemError ("f() method: bad call flags"). CPython:
 * PyCMethod_New(). */
Object *cfunction_new(const MethodDef *ml, Object *self, Object *module);
/* func.__text_signature__ and func.__doc__, both out of one docstring: new Str, or None. CPython:
 * _PyType_GetTextSignatureFromInternalDoc(), _PyType_GetDocFromInternalDoc(). */
Object *method_text_signature(const MethodDef *ml);
Object *method_doc(const MethodDef *ml);

#endif
