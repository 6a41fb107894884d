/* differential.h: the same operations on ours and, in this process, on CPython's, compared.
 *
 * An operation comes to an Outcome on each side: "= repr", or "Type: message" for an error. The
 * room's differential.c makes its own with outcome_of_text() and takes CPython's from
 * outcome_of_python(); the two texts must be equal. Included before the room's headers, since
 * Python.h wants to be first.
 */
#ifndef DIFFERENTIAL_H
#define DIFFERENTIAL_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#undef True // both CPython's macros and ours would do
#undef False

#include "testing.h"

typedef struct {
    char text[2048]; // a longer one is cut
} Outcome;

/* The pending error of ours, which it clears. */
static inline Outcome outcome_of_error(void) {
    Outcome outcome;
    const char *colon = *error_message() ? ": " : "";
    snprintf(outcome.text, sizeof outcome.text, "%s%s%s", error_name(error_occurred()), colon,
             error_message());
    error_clear();
    return outcome;
}

/* A result of ours by its repr. */
static inline Outcome outcome_of_text(const char *repr, size_t length) {
    Outcome outcome;
    snprintf(outcome.text, sizeof outcome.text, "= %.*s", (int)length, repr);
    return outcome;
}

/* CPython's pending exception, which it clears. */
static inline Outcome outcome_of_exception(void) {
    Outcome outcome;
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    PyObject *text = PyObject_Str(value);
    const char *name = strrchr(((PyTypeObject *)type)->tp_name, '.');
    const char *message = text ? PyUnicode_AsUTF8(text) : "";
    snprintf(outcome.text, sizeof outcome.text, "%s%s%s",
             name ? name + 1 : ((PyTypeObject *)type)->tp_name, *message ? ": " : "", message);
    Py_XDECREF(text);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
    return outcome;
}

/* A result of CPython's by its repr; steals it. NULL: the pending exception. */
static inline Outcome outcome_of_python(PyObject *result) {
    PyObject *text = result ? PyObject_Repr(result) : NULL;
    Py_XDECREF(result);
    if (!text) return outcome_of_exception();
    Outcome outcome = outcome_of_text(PyUnicode_AsUTF8(text), strlen(PyUnicode_AsUTF8(text)));
    Py_DECREF(text);
    return outcome;
}

/* A status of CPython's, 0 or -1, as a result: None or NULL. */
static inline PyObject *status_of_python(int status) {
    return status < 0 ? NULL : Py_NewRef(Py_None);
}

/* Whether both came to the same. */
static inline bool outcomes_equal(const Outcome *ours, const Outcome *theirs) {
    return strcmp(ours->text, theirs->text) == 0;
}

#endif
