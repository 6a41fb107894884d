/* demo.h: the three parts of dict_demo beside its scenes. Each returns main()'s exit status. */
#ifndef DEMO_H
#define DEMO_H

/* Reads statements about a dict `d` from stdin, runs them, draws the table (interactive.c). */
int demo_interactive(const char *program);

/* Counts the words of the files named; "-" is stdin (words.c). */
int demo_words(const char *program, int count, char **names);

#endif
