/* words.h: what words.c and wordlist.c share. */
#ifndef WORDS_H
#define WORDS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#include "edit.h"

#include <string.h>

typedef struct {
    PyObject *TooFar;     // the exception
    PyTypeObject *Words;  // the type
    PyObject *limit_name; // "limit", interned
} State;

enum { BUDGET = 10 * 1000 * 1000 }; // steps between two looks at signals: some tens of milliseconds

/* The characters of a str. */
typedef struct {
    uint32_t *characters; // `few`, or a block of its own
    size_t length;
    uint32_t few[EDIT_WORD];
} Text;

/* Sets TypeError, "a must be str, not int": what is said of a value of the wrong type. */
void refuse_type(const char *what, PyObject *value);
/* 0, or -1 with TypeError naming what it is for, MemoryError; then there is nothing to drop. */
int text_take(Text *self, PyObject *str, const char *what);
void text_drop(Text *self);
/* Copies the `length` characters of a str: 0, or -1 with an exception. */
int text_copy(PyObject *str, uint32_t *to, size_t length);

extern PyType_Spec words_spec; // of the type Words

#define FUNCTION(function) ((PyCFunction)(void (*)(void))(function)) // whatever its parameters are

#endif
