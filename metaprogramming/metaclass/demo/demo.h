/* demo.h: what the sources of metaclass_demo share. */
#ifndef METACLASS_DEMO_H
#define METACLASS_DEMO_H

#include "../record.h"

#include "../../../common/demo.h"

/* A class statement, as short as it can be said: CLASS("C", .base = b, .keyword = "tag"). New
 * reference, or NULL with what it raised. */
typedef struct {
    const char *name;
    Type *base, *meta;
    const Tuple *bases;    // in place of base
    const char *keyword;   // ... = 1
    const char *attribute; // ... = value, of which it takes the reference
    Object *value;
    const MethodDef *methods;
    Object *data;
} Class;
Type *define(const Class *statement);
#define CLASS(...) define(&(Class){.name = __VA_ARGS__})
#define UNUSED     __attribute__((unused))
#define ARGS                                                                                       \
    UNUSED Object *closure, UNUSED Object *const *args, UNUSED ssize_t nargs // a FunctionCode
#define ARGS_KW ARGS, UNUSED const Tuple *kwnames
#define PLAIN(name, def)                                                                           \
    { name, def, NULL, false }
#define KW(name, def)                                                                              \
    { name, NULL, def, false }
#define METHODS(...) ((const MethodDef[]){__VA_ARGS__, {NULL, NULL, NULL, false}})

/* A new reference that must be there; given up when the program ends. */
void *own(void *op);

/* A class by its name, a dict or tuple by what is in it, else the repr or "a TYPE": good until show()
 * was called eight times more. */
const char *show(Object *op);
/* What is asked, and what it gives or, on lines of its own, raises. Steals the value; NULL: raised. */
void row(const char *question, void *value);
Object *instance(Type *cls); // cls()

/* The statement whose steps are told and drawn, under the class_watcher that is set. */
void run_statement(void);
Object *keep_name(ARGS);               // def __set_name__(self, cls, name): self.name = name
Type *singleton_metaclass(Dict *made); // its __call__ makes one instance of each class

void scene_people(void);   // people.c
void scene_answers(void);  // people.c
void draw_statement(void); // draw.c
void draw_memory(void);    // draw.c
char *filters_help(void);  // input.c; the caller's; what --help says of the filters
int demo_filters(int count, char **words);
int demo_csv(const char *path);

#endif
