/* setjmp.h: WASI has no long jumps. cmocka's leave a test that has failed, or is skipped: here that
 * ends the program. */
#ifndef WASI_SETJMP_H
#define WASI_SETJMP_H

#define _UINTPTR_T // or cmocka defines uintptr_t once more, otherwise
typedef int jmp_buf[1];
#define setjmp(buffer)         ((void)(buffer), 0)
#define longjmp(buffer, value) (fputs(cm_error_message ? cm_error_message : "", stderr), abort())

#endif
