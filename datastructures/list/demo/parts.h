/* parts.h: what list_demo has beside its scenes: statements (interactive.c), a file (lines.c). */
#ifndef PARTS_H
#define PARTS_H

#include "../../../common/demo.h"
#include "../list.h"

/* Reads statements about a list `l` from stdin, runs them, draws its array; if `python`, runs them in
 * python3, too, and compares. Returns main()'s exit status, as the next does. */
int interactive_loop(bool python);

/* Loads the lines of the one file named into a list and reports; "-" is stdin. */
int load_file(int count, char **paths);

#endif
