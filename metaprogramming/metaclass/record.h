/* record.h: classes that nobody wrote: made while the program runs, from the header of a CSV file.
 *
 * "name:str,age:int,score:float" becomes a class statement with three annotations. The metaclass
 * Record turns each into a Field, a data descriptor that takes values of its kind and no other, and
 * gives the class slots to keep them in. Then each row is a call of that class.
 */
#ifndef RECORD_H
#define RECORD_H

#include "metaclass.h"

/* A float, which only this room has. CPython: Include/floatobject.h, PyFloatObject. */
typedef struct {
    Object ob;
    double value;
} Float;
extern Type Float_Type;
Object *float_from_double(double value); // new reference; NULL with MemoryError

/* The kinds of a field, and how a column's text becomes a value of one: new reference, or NULL with
 * ValueError ("invalid literal for int() with base 10: 'x'", "could not convert string to float:
 * 'x'") or MemoryError. Blanks around a number are skipped, underscores between digits allowed, as
 * in Python. Simplified: an int has 64 bits; one with more is a ValueError of our own. */
typedef enum { FIELD_STR, FIELD_INT, FIELD_FLOAT, FIELD_KINDS } FieldKind;
extern const char *const field_kinds[FIELD_KINDS]; // "str", "int", "float"
int field_kind(const char *text, size_t length);   // the kind of that name, or -1
Object *field_convert(FieldKind kind, const char *text, size_t length);

/* A typed attribute: a data descriptor. Setting another type is TypeError ("age must be int, not
 * str"), deleting one AttributeError. Its value lies in the slot "_" + name of the class, found
 * when it is told its name. The class of Field in twin.py is the same in Python. */
typedef struct {
    Object ob;
    FieldKind kind;
    Type *owner; // borrowed: the class holds the field. NULL before __set_name__
    Str *name;
    ssize_t offset; // of the slot in an instance
} Field;
extern Type Field_Type;
Object *field_new(FieldKind kind); // new reference; NULL with MemoryError

/* Readies this file's types; after metaclass_init(). 0, or -1 with MemoryError. */
int record_init(void);

/* The metaclass: makes a Field of each name of __annotations__, whose values are "str", "int" or
 * "float", in the namespace, __slots__ for them, and an __init__ that takes one value each in that
 * order, and a __repr__. New reference; NULL with an error set. */
Type *record_metaclass(void);

/* A CSV text that is read row by row. Fields end with a comma, rows with \n, \r\n or \r; a field in
 * double quotes may have all of these in it, and "" for a quote. As Lib/csv.py's default dialect:
 * blanks belong to a field, an empty line is skipped. */
typedef struct {
    const char *at, *end;
    size_t line;            // of the next row's first character, from 1
    const char *line_start; // and where that line begins
    char *scratch;          // for quoted fields that are not as they stand in the text
    size_t scratch_size, used;
    struct {
        const char *text;            // in the text or in scratch; not terminated
        size_t length, line, column; // where it begins: bytes, from 1
    } * cells;
    size_t ncells, cells_size;
    size_t row_line; // where the row begins
} Csv;
void csv_init(Csv *self, const char *text, size_t length); // the text must outlive it
void csv_fini(Csv *self);
/* Reads the next row into cells: 1; 0 at the end; -1 with MemoryError or, for a quote that is not
 * closed, ValueError ("unexpected end of data"). CPython: Modules/_csv.c, Reader_iternext(). */
int csv_next(Csv *self);

/* Instances of the class that the first row describes. `line` and `column` say where the last error
 * was (column 0: of the whole row), `field` is the name of the column or NULL. */
typedef struct {
    Csv csv;
    Type *type;
    ssize_t nfields;
    FieldKind *kinds;
    Str **names;     // borrowed: interned
    Object **values; // of the row that is being read
    size_t line, column;
    const char *field;
} Records;

/* Reads the header and makes the class `name` by the metaclass. 0, or -1 with ValueError ("no
 * header", "no kind in 'age': name:kind is expected", "unknown kind 'date'", "'1st' is not a name",
 * "'age' twice") and line and column set, or MemoryError. records_fini() in either case. */
int records_init(Records *self, Type *metaclass, const char *name, const char *text, size_t length);
void records_fini(Records *self);
/* The next row as a new instance: type(*values). NULL at the end, with no error; or NULL with
 * ValueError ("3 fields expected, 2 found", or what a conversion says), after which the next call
 * goes on with the next row; or MemoryError. */
Object *records_next(Records *self);

#endif
