/* ceval.c: the evaluation loop.
 *
 * The thread that runs here holds the GIL from entry to exit, except inside handle_pending() and
 * inside builtins that release it. So between two looks at the eval breaker nothing that another
 * thread does can be seen, however many instructions that is. 3.11 looks in three places only:
 *
 *     RESUME          a function has been entered
 *     JUMP_BACKWARD   (and the conditional backward jumps) a loop goes round
 *     CALL            a function in C has returned
 *
 * They are enough to leave no endless run without a look, and they are where 3.10 put them; 3.9
 * looked before nearly every instruction.
 */
#include "ceval.h"
#include "virtual.h"

bool opcode_checks(EvalChecks checks, Opcode opcode, bool callee_is_c) {
    switch (opcode) {
    case RESUME:
    case JUMP_BACKWARD:
    case POP_JUMP_BACKWARD_IF_FALSE:
    case POP_JUMP_BACKWARD_IF_TRUE:
        return true;
    case CALL:
        return callee_is_c || checks == CHECKS_3_9;
    case LOAD_FAST: // ended in FAST_DISPATCH() in 3.9: to the next one without a look
    case STORE_FAST:
    case LOAD_CONST:
    case POP_TOP:
    case JUMP_FORWARD:
    case POP_JUMP_FORWARD_IF_FALSE:
    case POP_JUMP_FORWARD_IF_TRUE:
        return false;
    default:
        return checks == CHECKS_3_9;
    }
}

/* ---- Values ----------------------------------------------------------------------------------*/

static Object *as_object(Value value) {
    return (Object *)(uintptr_t)value.bits;
}

static const char *type_name(Value value) {
    switch (value_tag(value)) {
    case TAG_INT:
        return "int";
    case TAG_RANGE:
        return "range";
    case TAG_NONE:
        return "NoneType";
    default:
        return as_object(value)->is_builtin ? "builtin_function_or_method" : "function";
    }
}

static bool is_true(Value value) {
    switch (value_tag(value)) {
    case TAG_INT:
        return value_as_int(value) != 0;
    case TAG_RANGE: // Simplified: as an iterator too, which is always true in CPython
        return value_range_next(value) < value_range_stop(value);
    default:
        return value_tag(value) != TAG_NONE;
    }
}

static Value too_large(void) {
    error_set(OverflowError, "an int of more than 62 bits");
    return NULL_VALUE;
}

/* Floor division: -7 // 2 is -4. CPython: Objects/longobject.c, l_divmod(). */
static Value divide(int64_t a, int64_t b, bool modulo) {
    if (b == 0) {
        error_set(ZeroDivisionError,
                  modulo ? "integer modulo by zero" : "integer division or modulo by zero");
        return NULL_VALUE;
    }
    int64_t quotient = a / b, rest = a % b;
    if (rest != 0 && (rest < 0) != (b < 0)) {
        quotient--;
        rest += b;
    }
    if (modulo) return value_int(rest);
    return quotient < INT_MAX_VALUE ? value_int(quotient) : too_large();
}

static Value binary_op(Value left, Value right, int op) {
    if (!value_is_int(left) || !value_is_int(right)) {
        error_set(TypeError, "unsupported operand type(s) for %s: '%s' and '%s'",
                  operator_names[op], type_name(left), type_name(right));
        return NULL_VALUE;
    }
    int64_t a = value_as_int(left), b = value_as_int(right), result;
    switch (op % (OPERATORS / 2)) {
    case 0:
        result = a + b;
        break; // of 62 bits each: fits 64
    case 1:
        result = a - b;
        break;
    case 2:
        if (__builtin_mul_overflow(a, b, &result)) return too_large();
        break;
    case 3:
        return divide(a, b, false);
    case 4:
        return divide(a, b, true);
    case 5:
        result = a & b;
        break;
    case 6:
        result = a | b;
        break;
    default:
        result = a ^ b;
        break;
    }
    if (result >= INT_MAX_VALUE || result < -INT_MAX_VALUE) return too_large();
    return value_int(result);
}

/* Simplified: True and False are 1 and 0. */
static Value compare_op(Value left, Value right, int comparison) {
    if (!value_is_int(left) || !value_is_int(right)) {
        if (comparison == 2) return value_int(left.bits == right.bits);
        if (comparison == 3) return value_int(left.bits != right.bits);
        error_set(TypeError, "'%s' not supported between instances of '%s' and '%s'",
                  comparison_names[comparison], type_name(left), type_name(right));
        return NULL_VALUE;
    }
    int64_t a = value_as_int(left), b = value_as_int(right);
    const bool results[] = {(a < b), (a <= b), (a == b), (a != b), (a > b), (a >= b)};
    return value_int(results[comparison]);
}

/* The next item of a range, which lives in the iterator's own word. */
static Value range_next(Value *range) {
    int64_t next = value_range_next(*range);
    if (next >= value_range_stop(*range)) return NULL_VALUE;
    range->bits += 4;
    return value_int(next);
}

/* ---- Frames ----------------------------------------------------------------------------------*/

/* CPython: Python/ceval.c, missing_arguments() and too_many_positional(). */
static int wrong_arguments(const Function *function, int given) {
    int missing = function->argcount - given;
    if (missing == 1) {
        return error_set(TypeError, "%s() missing 1 required positional argument: '%s'",
                         function->ob.name, function->locals[given]);
    }
    if (missing > 1) { // Simplified: does not name them
        return error_set(TypeError, "%s() missing %d required positional arguments",
                         function->ob.name, missing);
    }
    return error_set(TypeError, "%s() takes %d positional argument%s but %d %s given",
                     function->ob.name, function->argcount, function->argcount == 1 ? "" : "s",
                     given, given == 1 ? "was" : "were");
}

/* A frame for a call with these arguments, whose references it takes. NULL with an error: then they
 * are still the caller's. CPython: Python/ceval.c, _PyEvalFramePushAndInit(). */
static Frame *push_frame(Thread *thread, Function *function, const Value *args, int given) {
    if (given != function->argcount) {
        wrong_arguments(function, given);
        return NULL;
    }
    if (thread->depth == FRAMES_MAX) {
        error_set(RecursionError, "maximum recursion depth exceeded");
        return NULL;
    }
    Frame *frame = &thread->frames[thread->depth++];
    frame->function = function;
    frame->next_instr = function->code;
    frame->stack_pointer = frame->stack;
    for (int i = 0; i < function->nlocals; i++)
        frame->locals[i] = i < given ? args[i] : NULL_VALUE;
    return frame;
}

static void pop_frame(Thread *thread) {
    Frame *frame = &thread->frames[--thread->depth];
    while (frame->stack_pointer > frame->stack)
        value_decref(*--frame->stack_pointer);
    for (int i = 0; i < frame->function->nlocals; i++)
        value_decref(frame->locals[i]);
    Value self = {(uint64_t)(uintptr_t)frame->function};
    value_decref(self);
}

static int call_builtin(Thread *thread, Builtin *builtin, const Value *args, int given,
                        Value *result) {
    if (given != builtin->argcount) {
        const char *name = strrchr(builtin->ob.name, '.');
        return error_set(TypeError, "%s() takes %s (%d given)", name ? name + 1 : builtin->ob.name,
                         builtin->argcount ? "exactly one argument" : "no arguments", given);
    }
    *result = NONE;
    return builtin->call(thread, builtin->self, args, result);
}

/* ---- The loop --------------------------------------------------------------------------------*/

static int handle_pending(Thread *thread) {
    Gil *gil = &thread->program->gil;
    VirtualClock *clock = thread->program->clock;
    if (clock && load_relaxed(&gil->gil_drop_request)) {
        virtual_yield(clock, &thread->tstate, clock->now, NULL);
    }
    return eval_frame_handle_pending(&thread->tstate);
}

/* What CPython does not do before every instruction, or does no longer: move the virtual clock, and
 * 3.9's check. `last` is the instruction before, -1 if there is none. */
static int before_instruction(Thread *thread, int last) {
    Program *program = thread->program;
    bool looks = last < 0 || opcode_checks(CHECKS_3_9, (Opcode)last, false);
    if (program->checks == CHECKS_3_9 && looks && load_relaxed(&program->gil.eval_breaker) &&
        handle_pending(thread) < 0) {
        return -1;
    }
    thread->instructions++;
    if (program->clock) virtual_tick(program->clock, &thread->tstate);
    return 0;
}

/* GET_ITER's check; a range is its own iterator. */
static int check_iterable(Value top) {
    if (value_tag(top) == TAG_RANGE) return 0;
    return error_set(TypeError, "'%s' object is not iterable", type_name(top));
}

#define PUSH(value) (*stack_pointer++ = (value))
#define POP()       (*--stack_pointer)
#define CHECK_EVAL_BREAKER()                                                                       \
    if (looks && load_relaxed(eval_breaker)) goto handle_eval_breaker

// Long, as the loop of every interpreter: a case for each instruction, which share their variables.
Value eval_call(Thread *thread, Function *function, const Value *args) {
    Program *program = thread->program;
    atomic_int *eval_breaker = &program->gil.eval_breaker;
    const bool looks = program->checks == CHECKS_3_11;
    // CPython has such a flag for tracing.
    const bool slow = !looks || program->clock || program->watch;
    const int entry = thread->depth;
    int last = -1, given, oparg;
    Value *stack_pointer, *locals, left, value;
    const CodeUnit *next_instr;

    value_incref((Value){(uint64_t)(uintptr_t)function});
    Frame *frame = push_frame(thread, function, args, function->argcount);
    if (!frame) {
        value_decref((Value){(uint64_t)(uintptr_t)function});
        return NULL_VALUE;
    }

start_frame:
    next_instr = frame->next_instr;
    stack_pointer = frame->stack_pointer;
    locals = frame->locals;

    for (;;) {
        if (slow) {
            frame->stack_pointer = stack_pointer;
            if (before_instruction(thread, last) < 0) goto error;
            if (program->watch) program->watch(thread, next_instr);
            last = next_instr->opcode;
        }
        oparg = next_instr->oparg;
        switch ((next_instr++)->opcode) {
        case RESUME:
            CHECK_EVAL_BREAKER();
            break;
        case LOAD_FAST:
            if (locals[oparg].bits == 0) {
                error_set(
                    RuntimeError,
                    "cannot access local variable '%s' where it is not associated with a value",
                    frame->function->locals[oparg]);
                goto error;
            }
            value_incref(locals[oparg]);
            PUSH(locals[oparg]);
            break;
        case STORE_FAST:
            value = locals[oparg];
            locals[oparg] = POP();
            value_decref(value);
            break;
        case LOAD_CONST:
            PUSH(frame->function->consts[oparg]);
            break;
        case LOAD_GLOBAL:
            value.bits = load_relaxed(&program->globals[oparg].bits);
            value_incref(value);
            PUSH(value);
            break;
        case STORE_GLOBAL:
            value.bits = load_relaxed(&program->globals[oparg].bits);
            store_relaxed(&program->globals[oparg].bits, POP().bits);
            value_decref(value);
            break;
        case BINARY_OP:
            value = POP(), left = POP();
            if (value_is_int(left) && value_is_int(value)) {
                value = binary_op(left, value, oparg);
            } else {
                Value right = value;
                value = binary_op(left, right, oparg);
                value_decref(left);
                value_decref(right);
            }
            if (value.bits == 0) goto error;
            PUSH(value);
            break;
        case COMPARE_OP:
            value = POP(), left = POP();
            PUSH(compare_op(left, value, oparg));
            value_decref(left);
            value_decref(value);
            if (stack_pointer[-1].bits == 0) goto error;
            break;
        case GET_ITER:
            if (check_iterable(stack_pointer[-1]) < 0) goto error;
            break;
        case FOR_ITER:
            // CPython does not look: its compiler puts GET_ITER before it. A text may not.
            if (__builtin_expect(value_tag(stack_pointer[-1]) != TAG_RANGE, 0))
                goto not_an_iterator;
            value = range_next(&stack_pointer[-1]);
            if (value.bits) {
                PUSH(value);
            } else {
                stack_pointer--;
                next_instr += oparg;
            }
            break;
        case JUMP_FORWARD:
            next_instr += oparg;
            break;
        case JUMP_BACKWARD:
            next_instr -= oparg;
            CHECK_EVAL_BREAKER();
            break;
        case POP_JUMP_FORWARD_IF_FALSE:
        case POP_JUMP_FORWARD_IF_TRUE:
            value = POP();
            if (is_true(value) == (next_instr[-1].opcode == POP_JUMP_FORWARD_IF_TRUE)) {
                next_instr += oparg;
            }
            value_decref(value);
            break;
        case POP_JUMP_BACKWARD_IF_FALSE:
        case POP_JUMP_BACKWARD_IF_TRUE:
            value = POP();
            value_decref(value);
            if (is_true(value) == (next_instr[-1].opcode == POP_JUMP_BACKWARD_IF_TRUE)) {
                next_instr -= oparg;
                CHECK_EVAL_BREAKER();
            }
            break;
        case POP_TOP:
            value_decref(POP());
            break;
        case CALL:
            given = oparg;
            goto call;
        case RETURN_VALUE:
            value = POP();
            frame->stack_pointer = stack_pointer;
            pop_frame(thread);
            if (thread->depth == entry) return value;
            frame = &thread->frames[thread->depth - 1];
            *frame->stack_pointer++ = value;
            goto start_frame;
        }
        continue;

    call: // Simplified: no NULL below the callable, which is there for methods
        left = stack_pointer[-given - 1];
        frame->next_instr = next_instr;
        frame->stack_pointer = stack_pointer;
        if (value_tag(left) != TAG_OBJECT) {
            error_set(TypeError, "'%s' object is not callable", type_name(left));
            goto error;
        }
        if (!as_object(left)->is_builtin) {
            Frame *callee =
                push_frame(thread, (Function *)as_object(left), stack_pointer - given, given);
            if (!callee) goto error;
            frame->stack_pointer -= given + 1; // the references are the callee's now
            frame = callee;
            goto start_frame;
        }
        if (call_builtin(thread, (Builtin *)as_object(left), stack_pointer - given, given,
                         &value)) {
            goto error;
        }
        while (given-- >= 0)
            value_decref(POP());
        PUSH(value);
        CHECK_EVAL_BREAKER();
        continue;

    not_an_iterator:
        error_set(TypeError, "'%s' object is not an iterator", type_name(stack_pointer[-1]));
        goto error;

    handle_eval_breaker:
        frame->stack_pointer = stack_pointer;
        if (handle_pending(thread) < 0) goto error;
    }

error: // Simplified: nothing catches, so all frames of this call go
    thread->frames[thread->depth - 1].stack_pointer = stack_pointer;
    while (thread->depth > entry)
        pop_frame(thread);
    return NULL_VALUE;
}
