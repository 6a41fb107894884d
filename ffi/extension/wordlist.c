/* wordlist.c: the type Words: a list of words, laid out to be searched without the GIL.
 *
 * A heap type, made from a spec when the module is executed: so each module has its own, and its
 * objects hold it. What a type written in C must see to, CPython calls through the slots at the end
 * of this file.
 */
#include "words.h"

/* The characters of all words, one behind the other. Made once, never changed. The count is changed
 * under the GIL. */
typedef struct {
    Py_ssize_t refcnt, count;
    size_t *starts; // count + 1 of them, into characters
    uint32_t *characters;
} Arena;

static Arena *arena_new(Py_ssize_t count, size_t total) {
    if ((size_t)count > PY_SSIZE_T_MAX / 2 / sizeof(size_t) ||
        total > PY_SSIZE_T_MAX / 2 / sizeof(uint32_t)) {
        PyErr_NoMemory();
        return NULL;
    }
    size_t starts = ((size_t)count + 1) * sizeof(size_t);
    Arena *self = PyMem_Malloc(sizeof *self + starts + total * sizeof(uint32_t));
    if (!self) {
        PyErr_NoMemory();
        return NULL;
    }
    self->refcnt = 1;
    self->count = count;
    self->starts = (size_t *)(self + 1);
    self->characters = (uint32_t *)(self->starts + count + 1);
    return self;
}

static Arena *arena_hold(Arena *self) {
    self->refcnt++;
    return self;
}

static void arena_drop(Arena *self) {
    if (self && --self->refcnt == 0) PyMem_Free(self);
}

/* Of a tuple of str: new, or NULL with TypeError, MemoryError. */
static Arena *arena_of(PyObject *words) {
    Py_ssize_t count = PyTuple_Size(words);
    size_t total = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *word = PyTuple_GetItem(words, i); // borrowed
        if (!PyUnicode_Check(word)) {
            char what[32];
            PyOS_snprintf(what, sizeof what, "word %zd", i);
            refuse_type(what, word);
            return NULL;
        }
        total += (size_t)PyUnicode_GetLength(word);
    }
    Arena *self = arena_new(count, total);
    if (!self) return NULL;
    size_t at = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *word = PyTuple_GetItem(words, i);
        size_t length = (size_t)PyUnicode_GetLength(word);
        self->starts[i] = at;
        if (length && text_copy(word, self->characters + at, length) < 0) {
            arena_drop(self);
            return NULL;
        }
        at += length;
    }
    self->starts[count] = at;
    return self;
}

typedef struct {
    PyObject_HEAD PyObject *words; // a tuple of str; NULL before __init__
    Arena *arena;                  // the same, to be searched; NULL before __init__
    Py_ssize_t searches;           // how often it was searched
} WordsObject;

static int words_init(WordsObject *self, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"words", NULL};
    PyObject *iterable;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:Words", names, &iterable)) return -1;
    if (PyUnicode_Check(iterable)) { // iterable, and surely not what was meant
        PyErr_SetString(PyExc_TypeError, "words must be an iterable of str, not a str");
        return -1;
    }
    PyObject *words = PySequence_Tuple(iterable); // runs any code
    if (!words) return -1;
    Arena *arena = arena_of(words);
    if (!arena) {
        Py_DECREF(words);
        return -1;
    }
    // __init__ may be called again, also while a search is going on: that one holds the arena that it began with.
    PyObject *old_words = self->words;
    Arena *old_arena = self->arena;
    self->words = words;
    self->arena = arena;
    arena_drop(old_arena);
    Py_XDECREF(old_words); // last: may run any code
    return 0;
}

static int words_traverse(WordsObject *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE((PyObject *)self)); // an object of a heap type holds its type
    Py_VISIT(self->words);
    return 0;
}

static int words_clear(WordsObject *self) {
    Py_CLEAR(self->words);
    return 0;
}

static void words_dealloc(WordsObject *self) {
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    PyObject_GC_UnTrack(self);
    words_clear(self);
    arena_drop(self->arena);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

/* The tuple, borrowed; or NULL with RuntimeError: Words.__new__() without __init__(). */
static PyObject *words_of(WordsObject *self) {
    if (self->words) return self->words;
    PyErr_SetString(PyExc_RuntimeError, "Words.__init__() was not called");
    return NULL;
}

static PyObject *words_repr(WordsObject *self) {
    if (!words_of(self)) return NULL;
    int status = Py_ReprEnter((PyObject *)self); // a str subclass's repr() may show us again
    if (status != 0) return status < 0 ? NULL : PyUnicode_FromString("Words(...)");
    PyObject *list = PySequence_List(self->words);
    PyObject *result = list ? PyUnicode_FromFormat("Words(%R)", list) : NULL;
    Py_XDECREF(list);
    Py_ReprLeave((PyObject *)self);
    return result;
}

static PyObject *words_richcompare(WordsObject *self, PyObject *other, int op) {
    if (Py_TYPE((PyObject *)self) != Py_TYPE(other) || (op != Py_EQ && op != Py_NE))
        Py_RETURN_NOTIMPLEMENTED;
    PyObject *ours = words_of(self), *theirs = ours ? words_of((WordsObject *)other) : NULL;
    if (!theirs) return NULL;
    Py_INCREF(ours); // a str subclass's __eq__() may call __init__(), which replaces them
    Py_INCREF(theirs);
    PyObject *result = PyObject_RichCompare(ours, theirs, op);
    Py_DECREF(ours);
    Py_DECREF(theirs);
    return result;
}

static PyObject *words_iter(WordsObject *self) {
    return words_of(self) ? PyObject_GetIter(self->words) : NULL;
}

static Py_ssize_t words_length(WordsObject *self) {
    return words_of(self) ? PyTuple_Size(self->words) : -1;
}

static PyObject *words_item(WordsObject *self, Py_ssize_t index) {
    if (!words_of(self)) return NULL;
    if (index >= 0 &&
        index < PyTuple_Size(self->words)) // of a negative one, the length was added already
        return Py_NewRef(PyTuple_GetItem(self->words, index));
    PyErr_SetString(PyExc_IndexError, "Words index out of range");
    return NULL;
}

static PyObject *words_get_longest(WordsObject *self, void *unused) {
    (void)unused;
    if (!words_of(self)) return NULL;
    size_t longest = 0;
    for (Py_ssize_t i = 0; i < self->arena->count; i++) {
        size_t length = self->arena->starts[i + 1] - self->arena->starts[i];
        if (length > longest) longest = length;
    }
    return PyLong_FromSize_t(longest);
}

/* ---- Searching without the GIL ---------------------------------------------------------------*/

/* A search's place: which words are done. All it needs is here, so it can go on where it
 * stopped. */
typedef struct {
    const Arena *arena;
    const Text *word;
    Py_ssize_t next;
    int32_t *distances; // one for each word, or NULL: then only the best is kept
    Py_ssize_t best;    // its index, -1 before the first
    size_t best_distance;
    Edit edit;
    uint64_t *bits; // as many as the longest of these comparisons needs
    int begun;      // the edit is that of `next`, and is not done
} Search;

/* Some of the words, without the GIL: 1 when all are done. */
static int search_go_on(Search *self) {
    for (size_t spent = 0; self->next < self->arena->count;) {
        const Arena *arena = self->arena;
        size_t start = arena->starts[self->next], length = arena->starts[self->next + 1] - start;
        if (!self->begun) {
            edit_begin(&self->edit, self->word->characters, self->word->length,
                       arena->characters + start, length);
            self->edit.bits = self->bits;
            self->begun = 1;
        }
        if (spent > BUDGET || !edit_go_on(&self->edit, BUDGET - spent)) return 0;
        size_t shorter = length < self->word->length ? length : self->word->length;
        spent += (self->word->length + length) * (shorter / EDIT_WORD + 1) + 1; // or less
        size_t found = self->edit.distance;
        if (self->distances)
            self->distances[self->next] = found > INT32_MAX ? INT32_MAX : (int32_t)found;
        if (self->best < 0 || found < self->best_distance) {
            self->best = self->next;
            self->best_distance = found;
        }
        self->next++;
        self->begun = 0;
    }
    return 1;
}

/* All of it: 0, or -1 with KeyboardInterrupt or what another signal's handler raised,
 * MemoryError. */
static int search(Search *self) {
    // The shorter of two is never longer than the word.
    size_t needed = edit_size(self->word->length, SIZE_MAX);
    if (needed && !(self->bits = PyMem_Malloc(needed))) {
        PyErr_NoMemory();
        return -1;
    }
    int done, status = 0;
    do {
        PyThreadState *thread = PyEval_SaveThread(); // Py_BEGIN_ALLOW_THREADS, without its braces
        done = search_go_on(self);
        PyEval_RestoreThread(thread);
        if (!done) status = PyErr_CheckSignals();
    } while (!done && status == 0);
    PyMem_Free(self->bits);
    return status;
}

/* Searches an arena that the caller holds, as __init__ may replace the object's own meanwhile: 0 or
 * -1. */
static int words_search(WordsObject *self, const Arena *arena, const Text *word, int32_t *distances,
                        Search *result) {
    *result = (Search){.arena = arena, .word = word, .distances = distances, .best = -1};
    int status = search(result);
    self->searches++;
    return status;
}

PyDoc_STRVAR(nearest_doc,
             "nearest($self, word, /)\n--\n\n"
             "The word nearest to this one, the first if there are several, and its distance.\n\n"
             "None if there are no words.");

static PyObject *words_nearest(WordsObject *self, PyObject *word) {
    Text text;
    Search result;
    PyObject *words = words_of(self);
    if (!words || text_take(&text, word, "word") < 0) return NULL;
    Arena *arena = arena_hold(self->arena);
    Py_INCREF(words); // the tuple that goes with it
    PyObject *answer = NULL;
    if (words_search(self, arena, &text, NULL, &result) == 0) {
        if (result.best < 0) {
            answer = Py_NewRef(Py_None);
        } else {
            answer = Py_BuildValue("(On)", PyTuple_GetItem(words, result.best),
                                   (Py_ssize_t)result.best_distance);
        }
    }
    Py_DECREF(words);
    arena_drop(arena);
    text_drop(&text);
    return answer;
}

/* A writable buffer of as many C ints: its memory, without a copy; NULL with TypeError, ValueError,
 * BufferError. */
static int32_t *int_buffer(PyObject *object, Py_buffer *buffer, Py_ssize_t count) {
    if (PyObject_GetBuffer(object, buffer, PyBUF_CONTIG | PyBUF_FORMAT) < 0) return NULL;
    const char *format = buffer->format ? buffer->format : "B";
    if (*format == '@') format++;
    if (buffer->ndim != 1 || buffer->itemsize != sizeof(int32_t) || strcmp(format, "i") != 0) {
        PyErr_Format(PyExc_TypeError,
                     "a buffer of C ints ('i') in 1 dimension is needed, not of '%s' in %d", format,
                     buffer->ndim);
    } else if (buffer->len / buffer->itemsize < count) {
        PyErr_Format(PyExc_ValueError, "%zd ints are needed, the buffer has %zd", count,
                     buffer->len / buffer->itemsize);
    } else {
        return buffer->buf;
    }
    PyBuffer_Release(buffer);
    return NULL;
}

PyDoc_STRVAR(
    distances_into_doc,
    "distances_into($self, word, buffer, /)\n--\n\n"
    "Writes the distance of each word to this one into a buffer of C ints, as of array('i').\n\n"
    "Other threads run meanwhile. They see the buffer fill, and cannot resize it.");

static PyObject *words_distances_into(WordsObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (nargs != 2) {
        return PyErr_Format(PyExc_TypeError,
                            "distances_into() takes exactly 2 arguments (%zd given)", nargs);
    }
    Text text;
    if (!words_of(self) || text_take(&text, args[0], "word") < 0) return NULL;
    // Held before the buffer is asked for: from 3.12 on a class may export one by code of its own, __buffer__(), and that
    // may call our __init__() with more words than the buffer has room for.
    Arena *arena = arena_hold(self->arena);
    Py_buffer buffer;
    int32_t *distances = int_buffer(args[1], &buffer, arena->count);
    int status = -1;
    if (distances) {
        Search result;
        status = words_search(self, arena, &text, distances, &result);
        PyBuffer_Release(&buffer); // also when it failed: whoever exports counts its views
    }
    arena_drop(arena);
    text_drop(&text);
    return status < 0 ? NULL : Py_NewRef(Py_None);
}

static PyMethodDef words_methods[] = {
    {"nearest", FUNCTION(words_nearest), METH_O, nearest_doc},
    {"distances_into", FUNCTION(words_distances_into), METH_FASTCALL, distances_into_doc},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef words_members[] = {
    {"searches", T_PYSSIZET, offsetof(WordsObject, searches), READONLY,
     "how often these words were searched"},
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef words_getset[] = {
    {"longest", (getter)words_get_longest, NULL, "the length of the longest word", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyDoc_STRVAR(words_doc, "Words(words)\n--\n\nWords to be searched: any iterable of str.");

static PyType_Slot words_slots[] = {
    {Py_tp_doc, (void *)words_doc},
    {Py_tp_init, words_init},
    {Py_tp_traverse, words_traverse},
    {Py_tp_clear, words_clear},
    {Py_tp_dealloc, words_dealloc},
    {Py_tp_repr, words_repr},
    {Py_tp_richcompare, words_richcompare},
    {Py_tp_hash,
     PyObject_HashNotImplemented}, // equal ones could become unequal: __init__ may be called again
    {Py_tp_iter, words_iter},
    {Py_sq_length, words_length},
    {Py_sq_item, words_item},
    {Py_tp_methods, words_methods},
    {Py_tp_members, words_members},
    {Py_tp_getset, words_getset},
    {0, NULL},
};

PyType_Spec words_spec = {
    .name = "words.Words",
    .basicsize = sizeof(WordsObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
    .slots = words_slots,
};
