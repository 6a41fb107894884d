/* pipeline.h: a file's lines through a pipeline of generators, as the demo's options ask for. */
#ifndef PIPELINE_H
#define PIPELINE_H

#include "../generator.h"

typedef struct {
    const char *grep; // keep lines with this text in them; NULL: all
    const char *sep;  // between fields; NULL: any run of blanks
    long field;       // keep this field only, from 1; 0: the whole line
    long head;        // stop after so many; 0: never
    long top;         // instead of lines, the so many most frequent ones; 0: lines
    bool count;       // instead of lines, their number
} Options;

/* Runs it over these files ("-" is stdin) to stdout; returns the exit status. */
int pipeline_main(const char *program, const Options *options, char **paths, int npaths);

#endif
