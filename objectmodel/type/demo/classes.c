/* classes.c: type_demo FILE: class statements, one a line, made into classes.
 *
 *     class D(B, C): x, y      # bases and attributes may be missing, as may `:`
 *
 * All lines are read before the first class is made, so that a fault in one spoils no output. What
 * CPython would raise at a class statement is no fault: it is printed, and the next one made.
 */
#include "demo.h"

#include <ctype.h>

/* Names of a line, interned. */
typedef struct {
    Str **names;
    ssize_t size;
} Names;

typedef struct {
    long line;
    Str *name;
    Names bases, attributes;
    Type *type; // NULL: not made yet, or refused
} Statement;

static Statement *statements;
static size_t nstatements;
static const char *file_name;

static Type *const built_in[] = {
    &Object_Type,   &Type_Type,         &Int_Type,         &Str_Type,   &Tuple_Type,    &Dict_Type,
    &Property_Type, &StaticMethod_Type, &ClassMethod_Type, &Super_Type, &Function_Type, &None_Type,
};

static Type *find_built_in(const Str *name) {
    for (size_t i = 0; i < sizeof built_in / sizeof *built_in; i++)
        if (strcmp(built_in[i]->name, name->text) == 0) return built_in[i];
    return NULL;
}

static Statement *find(const Str *name) {
    for (size_t i = 0; i < nstatements; i++)
        if (statements[i].name == name) return &statements[i];
    return NULL;
}

/* ---- Reading ---------------------------------------------------------------------------------*/

static void append_name(Names *list, Str *name) {
    if ((list->size & (list->size - 1)) == 0) { // full at each power of two
        size_t size = list->size ? 2 * (size_t)list->size : 1;
        Str **grown = realloc(list->names, size * sizeof *grown);
        list->names = need(grown ? grown : error_no_memory());
    }
    list->names[list->size++] = name;
}

static char *skip_spaces(char *at) {
    return at + strspn(at, " \t\f\r\n");
}

/* Takes a name of ASCII letters, digits and _ from *at; NULL if none is there. */
static Str *take_name(char **at) {
    char *begin = skip_spaces(*at), *end = begin;
    while (isascii(*end) && (isalnum(*end) || *end == '_'))
        end++;
    if (end == begin || isdigit(*begin)) return NULL;
    char after = *end;
    *end = '\0';
    Str *name = need(str_intern(begin));
    *end = after;
    *at = end;
    return name;
}

static bool take(char **at, const char *word) {
    char *begin = skip_spaces(*at);
    if (strncmp(begin, word, strlen(word)) != 0) return false;
    *at = begin + strlen(word);
    return true;
}

/* Complains about a line; 2. `found`, or NULL: where something else stands than should. */
static int fault(long line, const char *what, char *found) {
    char instead[64] = "";
    if (found) {
        found = skip_spaces(found);
        size_t length = strcspn(found, " \t\f\r\n,:()");
        if (length == 0 || length > 40) length = length ? 40 : 1;
        snprintf(instead, sizeof instead, *found ? ", not '%.*s'" : ", not the end of the line",
                 (int)length, found);
    }
    return usage_error(telling.demo->program, "%s:%ld: %s%s", file_name, line, what, instead);
}

/* Takes names with commas between them, and maybe one behind the last, up to `end`. */
static bool take_names(char **at, Names *names, const char *end) {
    while (!(*end ? take(at, end) : *skip_spaces(*at) == '\0')) {
        Str *name = take_name(at);
        if (!name) return false;
        append_name(names, name);
        char *here = skip_spaces(*at);
        if (!take(at, ",") && *here != *end) return false;
    }
    return true;
}

/* Fills in a statement from a line: 0, or 2 after a complaint. */
static int parse(Statement *new, char *at) {
    char *begin = at, message[128];
    Str *keyword = take_name(&at);
    if (!keyword || strcmp(keyword->text, "class") != 0)
        return fault(new->line, "expected a class statement", begin);
    if (!(new->name = take_name(&at))) return fault(new->line, "expected the name of a class", at);
    const Statement *other = find(new->name);
    if (other || find_built_in(new->name)) {
        snprintf(message, sizeof message,
                 other ? "class '%.40s' is made already, in line %ld" : "class '%.40s' is built in",
                 new->name->text, other ? other->line : 0);
        return fault(new->line, message, NULL);
    }
    if (take(&at, "(") && !take_names(&at, &new->bases, ")"))
        return fault(new->line, "expected a base, ',' or ')'", at);
    if (take(&at, ":") && !take(&at, "...") && !take_names(&at, &new->attributes, ""))
        return fault(new->line, "expected the name of an attribute, or ','", at);
    if (*skip_spaces(at)) return fault(new->line, "expected ':' or the end of the line", at);
    for (ssize_t i = 0; i < new->bases.size; i++) {
        const Str *base = new->bases.names[i];
        if (find(base) || find_built_in(base)) continue;
        snprintf(message, sizeof message, "there is no class '%.40s' above", base->text);
        return fault(new->line, message, NULL);
    }
    return 0;
}

static void free_names(Statement *statement) {
    free(statement->bases.names);
    free(statement->attributes.names);
}

/* Reads one line: 0, also for an empty one, or 2 after a complaint. */
static int read_line(char *line, long number) {
    line[strcspn(line, "#")] = '\0';
    if (*skip_spaces(line) == '\0') return 0;
    Statement new = {.line = number};
    int status = parse(&new, line);
    if (status != 0) {
        free_names(&new);
        return status;
    }
    if ((nstatements & (nstatements - 1)) == 0) {
        size_t size = nstatements ? 2 * nstatements : 1;
        Statement *grown = realloc(statements, size * sizeof *grown);
        statements = need(grown ? grown : error_no_memory());
    }
    statements[nstatements++] = new;
    return 0;
}

/* Reads a file, "-" being standard input: 0, or 2 after a complaint. */
static int read_statements(const char *name) {
    bool standard = strcmp(name, "-") == 0;
    file_name = standard ? "standard input" : name;
    FILE *file = standard ? stdin : fopen(name, "r");
    if (!file)
        return usage_error(telling.demo->program, "cannot open '%s': %s", name, strerror(errno));
    char *line = NULL;
    size_t capacity = 0;
    int status = 0;
    ssize_t size;
    errno = 0;
    for (long number = 1; status == 0 && (size = getline(&line, &capacity, file)) >= 0; number++) {
        status = strlen(line) == (size_t)size ? read_line(line, number)
                                              : fault(number, "a NUL byte", NULL);
    }
    if (status == 0 && !feof(file))
        status = usage_error(telling.demo->program, "cannot read '%s': %s", name, strerror(errno));
    free(line);
    if (!standard) fclose(file);
    return status;
}

/* ---- Making ----------------------------------------------------------------------------------*/

/* The bases as types; NULL, and *missing set, if one of them was refused. */
static Tuple *bases_of(const Statement *new, const Str **missing) {
    Tuple *bases = need(tuple_new(new->bases.size));
    for (ssize_t i = 0; i < bases->size; i++) {
        const Statement *base = find(new->bases.names[i]);
        Type *type = base ? base->type : find_built_in(new->bases.names[i]);
        if (!type) {
            *missing = new->bases.names[i];
            decref(bases);
            return NULL;
        }
        bases->items[i] = new_ref(type);
    }
    return bases;
}

/* class D(B, C) */
static void print_head(const Statement *new) {
    put_word(0, NULL);
    put_word(0, "class");
    put_word(4, " ");
    put_word(4, new->name->text);
    for (ssize_t i = 0; i < new->bases.size; i++) {
        put_word(4, i ? "," : "(");
        if (i) put_word(4, " ");
        put_word(4, new->bases.names[i]->text);
    }
    puts(new->bases.size ? ")" : "");
}

/* Makes the class, its attributes being the numbers of their lines. Tells how, unless `quiet`. */
static void make(Statement *new, bool merge, bool quiet) {
    const Str *missing = NULL;
    Tuple *bases = bases_of(new, &missing);
    if (!bases) {
        if (!quiet) printf("%s: not made, as %s is not\n", new->name->text, missing->text);
        return;
    }
    Dict *dict = need(dict_new());
    for (ssize_t i = 0; i < new->attributes.size; i++) {
        if (strcmp(new->attributes.names[i]->text, "pass") == 0) continue;
        Object *line = need(int_from_long(new->line));
        must(dict_set_item(dict, new->attributes.names[i], line));
        decref(line);
    }
    new->type = type_new(NULL, new->name->text, bases, dict);
    decref(dict);
    if (!new->type && !error_matches(TypeError)) need(NULL);
    Error error = error_fetch();
    if (!quiet) {
        Watch watch = {.only_end = !merge};
        if (merge) print_head(new);
        if (bases->size > 1 && (merge || !new->type))
            xdecref(type_mro(new->type ? new->type : &Object_Type, bases, print_merge, &watch));
        error_clear(); // which a class without an order sets once more
        put_word(0, NULL);
        put_word(0, new->name->text);
        put_word(0, ":");
        put_word(0, " ");
    }
    decref(bases);
    error_restore(error);
    if (quiet) {
        error_clear();
    } else if (new->type) {
        put_names(4, new->type->mro, 0);
        putchar('\n');
    } else {
        put_error(4);
    }
}

/* Where CLASS.NAME comes from, class by class. Returns the status. */
static int print_where(const char *where) {
    char *words = need(strdup(where)), *at = words;
    Str *name = take_name(&at), *attribute = take(&at, ".") ? take_name(&at) : NULL;
    bool whole = name && attribute && *at == '\0';
    free(words);
    if (!whole)
        return usage_error(telling.demo->program, "--where takes CLASS.NAME, not '%s'", where);
    const Statement *made = find(name);
    const Type *type = made ? made->type : find_built_in(name);
    if (!type)
        return usage_error(telling.demo->program, "%s: there is no class '%s'", file_name,
                           name->text);
    for (ssize_t i = 0; i < type->mro->size; i++) {
        const Type *place = (Type *)type->mro->items[i];
        const Object *value = dict_get_item(place->dict, attribute);
        printf("%-20s ", place->name);
        if (value && value->type == &Int_Type)
            printf("here: line %lld\n", (long long)((const Int *)value)->value);
        else
            puts(value ? "here: built in" : "no");
        if (value) return 0;
    }
    printf("AttributeError: type object '%s' has no attribute '%s'\n", type->name, attribute->text);
    return 1;
}

static void draw(void) {
    puts("digraph {\n  rankdir=BT; bgcolor=transparent;\n"
         "  node [shape=box, fontname=\"sans-serif\", fontsize=13, style=filled,\n"
         "        fillcolor=\"#2f81f733\"];\n  edge [color=gray, fontname=\"sans-serif\"];");
    for (size_t i = 0; i < nstatements; i++) {
        const Statement *new = &statements[i];
        printf("  \"%s\"%s;\n", new->name->text,
               new->type ? "" : " [style=dashed, color=\"#f85149\"]");
        if (new->bases.size == 0) printf("  \"%s\" -> object;\n", new->name->text);
        for (ssize_t j = 0; j < new->bases.size; j++) {
            printf("  \"%s\" -> \"%s\"", new->name->text, new->bases.names[j]->text);
            if (new->bases.size > 1) printf(" [label=%zd]", j + 1); // the order of the bases
            puts(";");
        }
    }
    puts("}");
}

int demo_classes(const char *file, bool merge, const char *where, bool dot) {
    int status = read_statements(file);
    for (size_t i = 0; status != 2 && i < nstatements; i++) {
        make(&statements[i], merge, where || dot);
        if (!statements[i].type) status = 1;
    }
    if (status != 2 && where) status = print_where(where);
    if (status != 2 && dot) draw();
    for (size_t i = 0; i < nstatements; i++) {
        xdecref(statements[i].type);
        free_names(&statements[i]);
    }
    free(statements);
    types_clear();
    return status;
}
