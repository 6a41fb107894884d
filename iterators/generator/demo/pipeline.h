/* pipeline.h: a file's lines through a pipeline of generators, as the demo's options ask for. */
#ifndef PIPELINE_H
#define PIPELINE_H

/* Where demo.c's table of options leaves them. */
typedef struct {
    const char *grep; // keep lines with this text in them; NULL: all
    const char *sep;  // between fields; NULL: any run of whitespace
    long field;       // keep this field only, from 1; 0: the whole line
    long head;        // stop after so many of a file; 0: never
    long top;         // instead of lines, the so many most frequent ones; 0: lines
    bool count;       // instead of lines, their number
} Pipeline;

extern Pipeline pipeline;

/* Runs it over these files ("-" is stdin) to stdout; returns the exit status. */
int pipeline_main(int npaths, char **paths);

#endif
