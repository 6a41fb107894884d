/* contextlib.c: how a generator becomes a context manager.
 *
 * The body of the `with` takes place while the generator stands at its yield. On the way in the
 * generator is run up to there; on the way out it is run on, or the exception is thrown in at the
 * yield, so that a `try` around the yield sees what happens in the block. Then it must end. The
 * branches of exit answer one question: did the exception that was thrown in come out again (then
 * exit says "not swallowed" and raises nothing), was it dealt with, or is this another one?
 *
 * CPython: Lib/contextlib.py, _GeneratorContextManager.
 */
#include "contextlib.h"

typedef struct {
    Object ob;
    Object *gen;
    const char *name; // what makes another of the same kind; args are gone once entered
    GeneratorBody body;
    Object *closure;
    bool has_args; // until it is entered
} GeneratorContextManager;

static Object *manager_new(const char *name, GeneratorBody body, Object *closure) {
    GeneratorContextManager *self = object_new(&GeneratorContextManager_Type, sizeof *self);
    if (!self) return NULL;
    self->name = name;
    self->body = body;
    self->closure = closure ? new_ref(closure) : NULL;
    self->has_args = true;
    self->gen = generator_new(name, body, closure);
    if (!self->gen) clear_ref(self);
    return OBJECT(self);
}

Object *contextmanager(const char *name, GeneratorBody body, Object *closure) {
    return manager_new(name, body, closure);
}

static void manager_dealloc(Object *op) {
    GeneratorContextManager *self = (GeneratorContextManager *)op;
    xdecref(self->gen);
    xdecref(self->closure);
    free(self);
}

static int no_attribute(const char *name) {
    return error_raise(&AttributeError_Type,
                       "'_GeneratorContextManager' object has no attribute '%s'", name);
}

/* `del self.args` comes first, so a second time fails there. */
static Object *manager_enter(Object *op) {
    GeneratorContextManager *self = (GeneratorContextManager *)op;
    if (!self->has_args) {
        no_attribute("args");
        return NULL;
    }
    self->has_args = false;
    Object *result = generator_next(self->gen);
    if (result) return result;
    Exception *saved, *exc = except_begin(&saved);
    if (!exception_matches(exc, &StopIteration_Type)) {
        except_reraise(saved);
        return NULL;
    }
    exception_raise_from(exception_new(&RuntimeError_Type, "generator didn't yield"), NULL);
    except_end(saved);
    return NULL;
}

/* The end is asked for as a result: a StopIteration would be made only to be dropped. */
static Object *exit_normally(GeneratorContextManager *self) {
    Object *result;
    SendResult status = generator_send(self->gen, &result);
    if (status == SEND_ERROR) return NULL;
    decref(result);
    if (status == SEND_RETURN) return new_ref(False);
    error_raise(&RuntimeError_Type, "generator didn't stop");
    return NULL;
}

/* What to say when `exc` came out after `value` was thrown in. NULL: it is another one, and leaves. */
static Object *came_out(const Exception *exc, const Exception *value) {
    if (exception_matches(exc, &StopIteration_Type)) return exc == value ? False : True;
    if (exc == value) return False;
    bool wrapped =
        exception_matches(exc, &RuntimeError_Type) && // PEP 479 has made one of the other
        exception_matches(value, &StopIteration_Type) && exc->cause == value;
    return wrapped ? False : NULL;
}

static Object *exit_with_exception(GeneratorContextManager *self, Exception *value) {
    Object *yielded = generator_throw(self->gen, value);
    if (yielded) {
        decref(yielded);
        error_raise(&RuntimeError_Type, "generator didn't stop after throw()");
        return NULL;
    }
    Exception *exc = exception_fetch();
    Object *answer = came_out(exc, value);
    if (!answer) {
        exception_restore(exc);
        return NULL;
    }
    decref(exc);
    return new_ref(answer);
}

static Object *manager_exit(Object *op, Object *type, Object *value, Object *traceback) {
    GeneratorContextManager *self = (GeneratorContextManager *)op;
    (void)traceback;
    if (type == None) return exit_normally(self);
    return exit_with_exception(self, (Exception *)value);
}

Type GeneratorContextManager_Type = {
    TYPE("_GeneratorContextManager", NULL),
    .dealloc = manager_dealloc,
    .enter = manager_enter,
    .exit = manager_exit,
};

/* ---- As a decorator ---------------------------------------------------------------------------*/

typedef struct {
    Object ob;
    Object *manager, *func;
} Decorated;

static void decorated_dealloc(Object *op) {
    decref(((Decorated *)op)->manager);
    decref(((Decorated *)op)->func);
    free(op);
}

/* One manager for each call, as each can be entered only once; not after the first has been entered
 * itself, as args are gone then. */
static Object *decorated_call(Object *op, Object *const *args, ssize_t nargs) {
    Decorated *self = (Decorated *)op;
    GeneratorContextManager *like = (GeneratorContextManager *)self->manager;
    if (!like->has_args) {
        no_attribute("func");
        return NULL;
    }
    Object *manager = manager_new(like->name, like->body, like->closure), *result = NULL;
    if (!manager) return NULL;
    With with;
    if (with_enter(&with, manager, NULL) == 0) {
        result = object_call(self->func, args, nargs);
        if (with_leave(&with) < 0)
            clear_ref(result);
        else if (!result)
            result = new_ref(None); // swallowed: `inner` ends without a return
    }
    decref(manager);
    return result;
}

static Type Decorated_Type = {
    TYPE("function", NULL),
    .dealloc = decorated_dealloc,
    .call = decorated_call,
};

Object *contextmanager_decorate(Object *manager, Object *func) {
    Decorated *self = object_new(&Decorated_Type, sizeof *self);
    if (!self) return NULL;
    self->manager = new_ref(manager);
    self->func = new_ref(func);
    return OBJECT(self);
}
