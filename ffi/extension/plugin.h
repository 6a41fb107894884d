/* plugin.h: what a plug-in includes: an interface in the image of Python.h, on the objects of this
 * topic.
 *
 * The invariant is CPython's, too: a plug-in is a shared library with one symbol that the host
 * looks for, PyInit_name. All else goes through tables that this function gives back. The other way
 * round, the plug-in calls functions that it does not contain: the linker finds them in the program
 * that loads it, which therefore exports its symbols (-rdynamic), as python3 does. So a real
 * extension module cannot be loaded by our host, nor ours by python3: each asks for symbols that
 * the other has not, and dlopen() says which.
 *
 * CPython: Include/methodobject.h, moduleobject.h, modsupport.h.
 */
#ifndef PLUGIN_H
#define PLUGIN_H

#include "../object.h"

/* ---- Functions -------------------------------------------------------------------------------*/

/* Any of them; flags say which it is. C lets a function pointer be cast to another and back. */
typedef void (*AnyFunction)(void);
typedef Object *(*CFunction)(
    Object *self, Object *arg); // METH_NOARGS: arg is NULL; METH_O; METH_VARARGS: a Tuple
typedef Object *(*CFunctionWithKeywords)(Object *self, Object *args,
                                         Object *kwargs); // a Tuple; a Dict or NULL
typedef Object *(*CFunctionFast)(Object *self, Object *const *args, ssize_t nargs);
typedef Object *(*CFunctionFastWithKeywords)(Object *self, Object *const *args, ssize_t nargs,
                                             Object *kwnames);

enum { // CPython's values
    METH_VARARGS = 0x0001,
    METH_KEYWORDS = 0x0002,
    METH_NOARGS = 0x0004,
    METH_O = 0x0008,
    METH_FASTCALL = 0x0080,
};

/* CPython: PyMethodDef: ml_name, ml_meth, ml_flags, ml_doc. A table ends with name NULL. */
typedef struct {
    const char *name;
    AnyFunction meth;
    int flags;
    const char *doc;
} MethodDef;
#define FUNCTION(function) ((AnyFunction)(function))

/* ---- Modules ---------------------------------------------------------------------------------*/

enum { Py_mod_create = 1, Py_mod_exec = 2, Py_mod_LAST_SLOT = 2 };
typedef struct {
    int slot; // 0 at the end
    AnyFunction value;
} ModuleSlot;

typedef struct ModuleDef ModuleDef;
typedef Object *(*ModuleCreate)(Object *name,
                                ModuleDef *def); // new reference, or NULL with an error
typedef int (*ModuleExec)(Object *module);       // 0, or -1 with an error

/* CPython: PyModuleDef: m_name, m_doc, m_size, m_methods, m_slots, m_free. Simplified: no
 * m_traverse, as there is no collector here. */
struct ModuleDef {
    Object ob;
    const char *name, *doc;
    ssize_t size; // of the state of each module
    const MethodDef *methods;
    const ModuleSlot *slots;
    void (*free)(Object *module);
};

/* What PyInit_name gives back: borrowed. CPython: PyModuleDef_Init(). */
Object *module_def_init(ModuleDef *def);
/* Its state: zeroed when it is executed, NULL before that. CPython: PyModule_GetState(). */
void *module_get_state(Object *module);
/* 0, or -1 with an error. CPython: PyModule_AddObjectRef(), PyModule_AddIntConstant(). */
int module_add_object_ref(Object *module, const char *name, Object *value);
int module_add_int_constant(Object *module, const char *name, int64_t value);

/* ---- Arguments by format string: getargs.c ---------------------------------------------------*/

/* 1, or 0 with TypeError, OverflowError, ValueError, SystemError, in CPython's words. One character
 * for each argument, and behind the format the address where it goes:
 *
 *   i int   l long   L long long   n ssize_t   d double   f float   p int, the truth of any value
 *   s const char *, of a str without NUL   z the same or NULL, of None   U S Object *, a str, a bytes
 *   O Object *, anything   O! a Type * and an Object *: an instance
 *   | optional from here on   $ by keyword only from here on   :name for messages   ;words the whole message
 *
 * What is stored is borrowed from the arguments. CPython: PyArg_ParseTuple(),
 * PyArg_ParseTupleAndKeywords(), whose further characters and nested parentheses are left out. */
int arg_parse_tuple(Object *args, const char *format, ...);
int arg_parse_tuple_and_keywords(Object *args, Object *kwargs, const char *format,
                                 const char *const *names, ...);
/* The same of an array. CPython: _PyArg_ParseStack(). */
int arg_parse_stack(Object *const *args, ssize_t nargs, const char *format, ...);

/* How PyInit_name is declared: seen from outside, whatever else is hidden. */
#define PLUGIN_INIT __attribute__((visibility("default"))) Object *

#endif
