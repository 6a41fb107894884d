/* twin.h: how twin.c and pool_twin.c print. */
#ifndef TWIN_H
#define TWIN_H

#include "../../../common/common.h"

void pool_twin(void);

static inline void title(const char *text) {
    printf("\n%s:\n", text);
}

/* A line: what was tried, and its result in words, or the pending error if `status` is negative. */
static inline void report(const char *what, int status, const char *result) {
    printf("%-28s ", what);
    if (status < 0) {
        error_print(stdout);
    } else {
        puts(result);
    }
}

static inline const char *bool_name(bool value) {
    return value ? "True" : "False";
}

#endif
