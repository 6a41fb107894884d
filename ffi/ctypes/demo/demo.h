/* demo.h: what the sources of ctypes_demo share. */
#ifndef CTYPES_DEMO_H
#define CTYPES_DEMO_H

#include "../../../common/demo.h"
#include "../ctypes.h"

/* A type by its name in C or in ctypes; any other address is a void *: borrowed, or NULL. */
CType *named(const char *text);
/* A structure of a C declaration such as 'char c; int n : 3': new reference, or NULL with
 * ValueError or what ctypes says against it. */
CType *declared(const char *text, int pack);
/* Draws a structure's bytes as ctypes has them and, where that is not the same, as C has them. */
void draw_layout(const CType *type);
void dot_layout(const CType *type);

/* Which register gets what: registers.c, which needs no libffi. */
void scene_registers(void);
void dot_registers(void);

#endif
