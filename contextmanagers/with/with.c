/* with.c: entering and leaving.
 *
 * The invariant: between with_enter() and with_leave() exactly one call of exit is owed, and the one
 * who entered owes it. An exception in the block is taken from the pending place to the handled one
 * while exit runs, so what exit raises gets it as context; then it is pending again, unless exit said
 * that it is settled. CPython: Python/ceval.c.
 */
#include "with.h"

int with_enter(With *self, Object *manager, Object **target) {
    self->manager = NULL;
    if (!manager->type->enter) {
        return error_raise(&TypeError_Type,
                           "'%.200s' object does not support the context manager protocol",
                           manager->type->name);
    }
    if (!manager->type->exit) {
        return error_raise(&TypeError_Type,
                           "'%.200s' object does not support the context manager protocol "
                           "(missed __exit__ method)",
                           manager->type->name);
    }
    self->exit = manager->type->exit;
    incref(manager);
    Object *entered = manager->type->enter(manager);
    if (!entered) {
        decref(manager);
        return -1;
    }
    self->manager = manager;
    if (target)
        *target = entered;
    else
        decref(entered);
    return 0;
}

static int leave_normally(With *self, Object *manager) {
    Object *result = self->exit(manager, None, None, None);
    if (!result) return -1;
    decref(result);
    return 0;
}

static int leave_with_exception(With *self, Object *manager) {
    Exception *saved, *exc = except_begin(&saved);
    Object *result = self->exit(manager, OBJECT(exc->ob.type), OBJECT(exc), None);
    if (!result) {
        except_end(saved);
        return -1;
    }
    bool swallow = object_is_true(result);
    decref(result);
    if (!swallow) return except_reraise(saved);
    except_end(saved);
    return 0;
}

int with_leave(With *self) {
    Object *manager = self->manager;
    if (!manager) return error_occurred() ? -1 : 0;
    self->manager = NULL;
    int status =
        error_occurred() ? leave_with_exception(self, manager) : leave_normally(self, manager);
    decref(manager);
    return status;
}
