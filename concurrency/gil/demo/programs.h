/* programs.h: texts for program_assemble() that the demo, the twin, the tests and the benchmark
 * share. */
#ifndef PROGRAMS_H
#define PROGRAMS_H

/* A loop over range(n) around a body, as a compiler lays it out, and the end of the function. */
#define LOOP(body)                                                                                 \
    " RESUME\n LOAD_GLOBAL range\n LOAD_FAST n\n CALL 1\n GET_ITER\nnext:\n FOR_ITER done\n"       \
    " STORE_FAST _\n" body " JUMP_BACKWARD next\ndone:\n" RETURN_NONE
#define RETURN_NONE " LOAD_CONST None\n RETURN_VALUE\n"

/* counter += 1, and counter += f(); with lock: body. */
#define ADD_ONE " LOAD_GLOBAL counter\n LOAD_CONST 1\n BINARY_OP +=\n STORE_GLOBAL counter\n"
#define ADD_CALL(f)                                                                                \
    " LOAD_GLOBAL counter\n LOAD_GLOBAL " f "\n CALL 0\n BINARY_OP +=\n STORE_GLOBAL counter\n"
#define WITH_LOCK(body)                                                                            \
    " LOAD_GLOBAL lock.acquire\n CALL 0\n POP_TOP\n" body                                          \
    " LOAD_GLOBAL lock.release\n CALL 0\n POP_TOP\n"

// clang-format off
/* A counter, a function named f that returns 1, and three ways to add 1 to the counter n times. */
#define COUNTERS(f)                                                                                \
    "global counter\nlock lock\n"                                                                  \
    "function " f "\n RESUME\n LOAD_CONST 1\n RETURN_VALUE\n"                                      \
    "function bare n\n" LOOP(ADD_ONE)                                                              \
    "function called n\n" LOOP(ADD_CALL(f))                                                        \
    "function locked n\n" LOOP(WITH_LOCK(ADD_CALL(f)))
// clang-format on

#endif
