/* signature.h: functions and calls from their text: "a, b=2, /, *args, k=3, **kw" and "1, 2, k=3".
 *
 * A function made here returns the tuple of its locals, so that one sees what was bound to what.
 */
#ifndef SIGNATURE_H
#define SIGNATURE_H

#include "../function.h"

enum { SIGNATURE_MAX = 24, SIGNATURE_TEXT = 256 };

/* What one line of text became; the functions made of it need it. */
typedef struct Signature {
    Code code;
    const char *names[SIGNATURE_MAX + 1];
    char text[SIGNATURE_TEXT], name[16];
} Signature;

static inline Object *signature_body(Function *self, Object *const *locals) {
    const Code *code = self->code;
    ssize_t size = code->argcount + code->kwonlyargcount;
    size += !!(code->flags & CO_VARARGS) + !!(code->flags & CO_VARKEYWORDS);
    return OBJECT(tuple_from_array(locals, size));
}

/* The next part before a comma; what follows a '=' in it is its value. */
static inline char *signature_part(char **rest, char **value) {
    char *part = *rest + strspn(*rest, ", ");
    if (!*part) part = NULL;
    if (part) *rest = part + strcspn(part, ", ");
    if (part && **rest) *(*rest)++ = '\0';
    *value = part ? strchr(part, '=') : NULL;
    if (*value) *(*value)++ = '\0';
    return part;
}

static inline Object *signature_value(const char *text) {
    return int_from_long(strtol(text, NULL, 10));
}

/* def name(text): return its locals. `self` must live as long as the function. NULL with
 * MemoryError. */
static inline Object *signature_function(Signature *self, const char *name, const char *text) {
    *self = (Signature){.code = {CODE(self->name), .body = signature_body}};
    self->code.varnames = self->names;
    snprintf(self->name, sizeof self->name, "%s", name);
    snprintf(self->text, sizeof self->text, "%s", text);
    Code *code = &self->code;
    Object *defaults[SIGNATURE_MAX];
    ssize_t ndefaults = 0, n = 0;
    Dict *kwdefaults = NULL;
    const char *args = NULL, *kwargs = NULL;
    char *rest = self->text, *value, *part;
    bool keyword_only = false;
    while ((part = signature_part(&rest, &value))) {
        if (strcmp(part, "/") == 0) {
            code->posonlyargcount = code->argcount;
        } else if (strncmp(part, "**", 2) == 0) {
            kwargs = part + 2;
        } else if (*part == '*') {
            keyword_only = true;
            if (part[1]) args = part + 1;
        } else {
            self->names[n++] = part;
            *(keyword_only ? &code->kwonlyargcount : &code->argcount) += 1;
            Object *computed = value ? signature_value(value) : NULL;
            if (computed && !keyword_only) {
                defaults[ndefaults++] = computed;
            } else if (computed) {
                if (!kwdefaults) kwdefaults = dict_new();
                Str *key = kwdefaults ? str_intern(part) : NULL;
                if (key) dict_set_item(kwdefaults, key, computed);
                decref(computed);
            }
        }
    }
    if (args) self->names[n++] = args;
    if (kwargs) self->names[n++] = kwargs;
    code->flags = (args ? CO_VARARGS : 0) | (kwargs ? CO_VARKEYWORDS : 0);
    Tuple *tuple = ndefaults ? tuple_from_array(defaults, ndefaults) : NULL;
    while (ndefaults > 0)
        decref(defaults[--ndefaults]);
    return function_make(code, NULL, tuple, kwdefaults, NULL);
}

/* callable(text): new reference, or NULL with an error set. */
static inline Object *signature_call(Object *callable, const char *text) {
    char copy[SIGNATURE_TEXT], *rest = copy, *value, *part;
    Object *args[SIGNATURE_MAX], *names[SIGNATURE_MAX];
    ssize_t all = 0, nnames = 0;
    snprintf(copy, sizeof copy, "%s", text);
    while ((part = signature_part(&rest, &value))) {
        args[all++] = signature_value(value ? value : part);
        if (value) names[nnames++] = OBJECT(str_intern(part));
    }
    Tuple *kwnames = nnames && !error_occurred() ? tuple_from_array(names, nnames) : NULL;
    Object *result =
        error_occurred() ? NULL : object_vectorcall(callable, args, all - nnames, kwnames);
    for (ssize_t i = 0; i < all; i++)
        xdecref(args[i]);
    xdecref(kwnames);
    return result;
}

#endif
