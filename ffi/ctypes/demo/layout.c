/* layout.c: a declaration read, a structure drawn byte by byte. */
#include "demo.h"

#include <ctype.h>

CType *named(const char *text) {
    char spaceless[64];
    CType *type = ctype_by_name(text);
    bool c_name = strncmp(text, "c_", 2) == 0; // both are names of an integer as wide as an address
    if (strcmp(text + 2 * c_name, "size_t") == 0) return ctype_simple('L');
    if (strcmp(text + 2 * c_name, "ssize_t") == 0) return ctype_simple('l');
    size_t length = strlen(text);
    if (type || length == 0 || length >= sizeof spaceless || text[length - 1] != '*') return type;
    while (length > 0 && (text[length - 1] == '*' || text[length - 1] == ' '))
        length--;
    memcpy(spaceless, text, length);
    spaceless[length] = '\0';
    bool one = strchr(text, '*') == strrchr(text, '*');
    if (one && strcmp(spaceless, "char") == 0) return ctype_simple('z');
    return one && strcmp(spaceless, "wchar_t") == 0 ? ctype_simple('Z') : ctype_simple('P');
}

/* 'unsigned int x[3] : 4' in its parts; the name is copied to `name`. */
static CType *field_of(char *text, char *name, size_t room, int *bits, CType **made) {
    if (strpbrk(text, "{}")) {
        error_set(ValueError, "no structure inside another is read here: '%.40s'", text);
        return NULL;
    }
    char *colon = strchr(text, ':'), *bracket = strchr(text, '['), *end;
    long length = 0;
    *bits = 0;
    if (colon) {
        *colon = '\0';
        long n = strtol(colon + 1, &end, 10);
        if (end == colon + 1 || end[strspn(end, " \n\t")] || n < 1 || n > 64) {
            error_set(ValueError, "no number of bits: '%.40s'", colon + 1);
            return NULL;
        }
        *bits = (int)n;
    }
    if (bracket) {
        *bracket = '\0';
        length = strtol(bracket + 1, &end, 10);
        if (end == bracket + 1 || *end != ']' || end[1 + strspn(end + 1, " \n\t")] || length < 0 ||
            length > 4096) {
            error_set(ValueError, "no length up to 4096: '[%.40s'", bracket + 1);
            return NULL;
        }
    }
    end = text + strlen(text);
    while (end > text && isspace((unsigned char)end[-1]))
        *--end = '\0';
    char *word = end;
    while (word > text && (isalnum((unsigned char)word[-1]) || word[-1] == '_'))
        word--;
    if (snprintf(name, room, "%s", word) >= (int)room) {
        error_set(ValueError, "a name too long: '%.40s...'", word);
        return NULL;
    }
    *word = '\0';
    while (word > text && isspace((unsigned char)word[-1]))
        *--word = '\0';
    text += strspn(text, " \n\t");
    CType *type = *name && *text ? named(text) : NULL;
    if (!type) {
        error_set(ValueError, "no declaration with a type of C: '%.40s%s%.40s'", text,
                  *text ? " " : "", name);
        return NULL;
    }
    if (bracket) type = *made = ctype_array(type, length);
    return type;
}

CType *declared(const char *text, int pack) {
    enum { MOST = 64 };
    static char names[MOST][64];
    FieldSpec specs[MOST];
    CType *made[MOST] = {NULL}, *self = NULL;
    ssize_t count = 0;
    char *copy = strdup(text), *rest = copy, *part;
    bool good = copy != NULL;
    while (good && (part = strsep(&rest, ";"))) {
        if (!part[strspn(part, " \n\t")]) continue;
        if (count == MOST) {
            good = error_set(ValueError, "more than %d fields", MOST) == 0;
            break;
        }
        FieldSpec *spec = &specs[count];
        spec->name = names[count];
        spec->type = field_of(part, names[count], sizeof *names, &spec->bits, &made[count]);
        good = spec->type != NULL;
        for (ssize_t i = 0; good && i < count; i++) {
            if (strcmp(names[i], names[count]) != 0) continue;
            good = error_set(ValueError, "two fields are named %s", names[i]) == 0;
            xdecref(made[count]);
        }
        count += good;
    }
    if (good) self = structure_new("S", NULL, pack);
    if (self && structure_set_fields(self, specs, count) < 0) clear_ref(self);
    for (ssize_t i = 0; i < count; i++)
        xdecref(made[i]);
    free(copy);
    return self;
}

typedef struct {
    size_t bit, bits;
} Place;

static Place ctypes_place(const CField *field) {
    size_t bits = field->type->desc ? (size_t)NUM_BITS(field->size) : 0;
    size_t at = 8 * (size_t)field->offset;
    return bits ? (Place){at + (size_t)LOW_BIT(field->size), bits}
                : (Place){at, 8 * field->type->size};
}

/* A letter for each field: the first of its name that is still free, else any that is. */
static void choose_letters(const CType *type, char *letters) {
    static const char any[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789#%";
    for (ssize_t i = 0; i < type->length; i++) {
        const char *from = type->fields[i].name;
        while (*from && memchr(letters, *from, (size_t)i))
            from++;
        for (const char *next = any; !*from; next++)
            if (!memchr(letters, *next, (size_t)i)) from = next;
        letters[i] = *from;
    }
}

/* A letter for each byte: the field's, '.' if nobody's, '+' if more than one field has bits there. */
static void draw(const char *who, const CType *type, const Place *places, size_t size,
                 size_t align) {
    char letters[64];
    choose_letters(type, letters);
    printf("%-7s size %zu, alignment %zu\n", who, size, align);
    for (size_t row = 0; row < size; row += 16) {
        printf("  %4zu ", row);
        for (size_t byte = row; byte < size && byte < row + 16; byte++) {
            char letter = '.';
            for (ssize_t i = 0; i < type->length; i++) {
                bool inside =
                    places[i].bit < 8 * byte + 8 && places[i].bit + places[i].bits > 8 * byte;
                if (inside) letter = letter == '.' ? letters[i] : '+';
            }
            printf(" %c", letter);
        }
        putchar('\n');
    }
    for (ssize_t i = 0; i < type->length; i++) {
        const CField *field = &type->fields[i];
        printf("  %c  %-8s %-12s byte %2zu", letters[i], field->name, field->type->type.name,
               places[i].bit / 8);
        if (places[i].bits % 8 || places[i].bit % 8 || NUM_BITS(field->size))
            printf(", bits %zu to %zu", places[i].bit % 8, places[i].bit % 8 + places[i].bits - 1);
        puts(places[i].bit + places[i].bits > 8 * size ? "  <- beyond the end" : "");
    }
}

void draw_layout(const CType *type) {
    Place ours[64];
    GccField theirs[64];
    Place places[64];
    size_t size, align;
    structure_gcc_layout(type, theirs, &size, &align);
    bool same = size == type->size && align == type->align;
    for (ssize_t i = 0; i < type->length; i++) {
        ours[i] = ctypes_place(&type->fields[i]);
        places[i] = (Place){theirs[i].bit, theirs[i].bits};
        same = same && ours[i].bit == places[i].bit && ours[i].bits == places[i].bits;
    }
    draw(same ? "both" : "ctypes", type, ours, type->size, type->align);
    if (!same) draw("C", type, places, size, align);
}

void dot_layout(const CType *type) {
    puts(
        "digraph bytes {\n  node [shape=plain fontname=\"sans-serif\"]\n  n [label=<<table border=\"0\" "
        "cellborder=\"1\" cellspacing=\"0\" cellpadding=\"6\"><tr>");
    for (size_t byte = 0; byte < type->size; byte++)
        printf("<td border=\"0\">%zu</td>", byte);
    printf("</tr><tr>");
    size_t at = 0;
    for (ssize_t i = 0; i < type->length; i++) {
        const CField *field = &type->fields[i];
        size_t begin = (size_t)field->offset, size = field->type->size;
        if (begin < at) continue;
        if (begin > at)
            printf("<td bgcolor=\"#80889033\" colspan=\"%zu\">padding</td>", begin - at);
        printf("<td bgcolor=\"#2f81f733\" colspan=\"%zu\"><b>%s</b></td>", size, field->name);
        at = begin + size;
    }
    if (type->size > at)
        printf("<td bgcolor=\"#80889033\" colspan=\"%zu\">padding</td>", type->size - at);
    puts("</tr></table>>]\n}");
}
