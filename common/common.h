/* common.h: what every program shares: the error indicator, the clock, a complaint and an end.
 * Header-only, so that a room stays two files and a header. How a demo speaks is in demo.h. */
#ifndef COMMON_H
#define COMMON_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PRINTF_LIKE __attribute__((format(printf, 2, 3)))

/* ---- The error indicator ----------------------------------------------------------------------
 * A function that fails returns NULL or -1 and leaves here what went wrong: CPython's convention
 * (Python/errors.c has the functions named below), with a type and a fixed buffer in place of the
 * exception object, so that setting an error can never itself run out of memory. Messages are
 * CPython's own words.
 *
 * An error's type is its name; it is known by its address. Each is defined, as a weak symbol so
 * that the linker keeps one of the copies, in a header of the topic that raises it. */
#define ERROR_TYPE(name) __attribute__((weak)) const char name[] = #name
typedef const char *ErrorType;
#define NoError ((ErrorType)NULL)
ERROR_TYPE(MemoryError);

typedef struct {
    ErrorType type;
    char message[256]; // UTF-8; a longer message is cut, between two characters
    void *value;       // what it carries besides, such as StopIteration.value; or NULL
    void (*drop)(void *value);
} Error;

/* The indicator of this thread, reached through the functions below. */
__attribute__((weak)) _Thread_local Error error_indicator;

/* Moves the pending error to the caller and leaves none. CPython: PyErr_Fetch(). */
static inline Error error_fetch(void) {
    Error fetched = error_indicator;
    error_indicator = (Error){0};
    return fetched;
}

/* Forgets the pending error, and drops the value it carried. CPython: PyErr_Clear(). */
static inline void error_clear(void) {
    Error gone = error_fetch();
    if (gone.value) gone.drop(gone.value);
}

/* Makes a fetched error the pending one again, or none pending. CPython: PyErr_Restore(). */
static inline void error_restore(Error fetched) {
    error_clear();
    error_indicator = fetched;
}

/* Replaces the pending error, whose message may be among the arguments; returns -1, to
 * `return error_set(...)`. CPython: PyErr_Format(). */
PRINTF_LIKE static inline int error_set(ErrorType type, const char *format, ...) {
    Error error = {type, "", NULL, NULL};
    va_list args;
    va_start(args, format);
    int length = vsnprintf(error.message, sizeof error.message, format, args);
    va_end(args);
    if (length >= (int)sizeof error.message) {
        char *end = error.message + sizeof error.message - 1;
        while (((unsigned char)*--end & 0xC0) == 0x80) // what may be a part of a character goes
            continue;
        *end = '\0';
    }
    error_restore(error);
    return -1;
}

/* The error of a failed allocation; always NULL. CPython: PyErr_NoMemory(). */
static inline void *error_no_memory(void) {
    error_restore((Error){.type = MemoryError});
    return NULL;
}

/* The pending error's type, NoError if none. CPython: PyErr_Occurred(). */
static inline ErrorType error_occurred(void) {
    return error_indicator.type;
}

/* Whether the pending error is of this type. CPython: PyErr_ExceptionMatches(). */
static inline bool error_matches(ErrorType type) {
    return error_indicator.type == type;
}

/* The pending error's message, without its type; valid until the next error. */
static inline const char *error_message(void) {
    return error_indicator.message;
}

/* The name of an error type as Python spells it. */
static inline const char *error_name(ErrorType type) {
    return type ? type : "NoError";
}

/* Prints the pending error, "KeyError: 'x'", and clears it. CPython: PyErr_Print(). */
static inline void error_print(FILE *out) {
    const char *colon = *error_message() ? ": " : "";
    fprintf(out, "%s%s%s\n", error_name(error_occurred()), colon, error_message());
    error_clear();
}

/* Nanoseconds on the monotonic clock. CPython: Python/pytime.c, _PyTime_GetMonotonicClock(). */
static inline uint64_t clock_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* Writes UTF-8 that came from outside: control characters, U+0080 to U+009F among them, as \xNN. */
static inline void write_visible(FILE *file, const char *utf8) {
    for (const unsigned char *c = (const unsigned char *)utf8; *c; c++) {
        bool c1 = c[0] == 0xC2 && c[1] >= 0x80 && c[1] < 0xA0;
        if (c1) fprintf(file, "\\x%02x", *c++);
        fprintf(file, c1 || *c < 0x20 || *c == 0x7F ? "\\x%02x" : "%c", *c);
    }
}

/* A one-line complaint about how the program was called, made visible; returns 2, the exit status
 * for it. */
PRINTF_LIKE static inline int usage_error(const char *program, const char *format, ...) {
    char message[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    fflush(stdout);
    fprintf(stderr, "%s: ", program);
    write_visible(stderr, message);
    fputc('\n', stderr);
    return 2;
}

/* The last call of every main(): a full disk shows only when the buffer is flushed. */
static inline int finish_output(const char *program, int status) {
    if (fflush(stdout) == 0 && !ferror(stdout)) return status;
    fprintf(stderr, "%s: cannot write the output\n", program);
    return 1;
}

#endif
