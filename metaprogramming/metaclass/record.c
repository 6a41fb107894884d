/* record.c: a class from the header of a CSV file, and an instance of it from each row.
 *
 * The invariant: a value that is in a record is of its field's kind, since the only way in is the
 * field's __set__, also for the __init__ that the metaclass makes. So who reads a record checks nothing.
 *
 * CPython: Modules/_csv.c, parse_process_char(); Objects/floatobject.c, PyFloat_FromString();
 * Objects/longobject.c, PyLong_FromUnicodeObject().
 */
#include "record.h"

/* ---- Kinds of values --------------------------------------------------------------------------*/

const char *const field_kinds[FIELD_KINDS] = {"str", "int", "float"};
static Type *const kind_types[FIELD_KINDS] = {&Str_Type, &Int_Type, &Float_Type};

Object *float_from_double(double value) {
    Float *self = malloc(sizeof *self);
    if (!self) return error_no_memory();
    *self = (Float){{1, &Float_Type}, value};
    return OBJECT(self);
}

/* Adds one to the last digit before the 'e'; false if that takes one digit more. */
static bool next_decimal(char *text) {
    for (char *c = strchr(text, 'e'); c-- > text;) {
        if (*c == '9') {
            *c = '0';
        } else if (*c != '.' && *c != '-') {
            ++*c;
            return true;
        }
    }
    return false;
}

/* The shortest text that reads back as the same value, with a point in it.
 * CPython: Python/pystrtod.c, PyOS_double_to_string() with 'r'. Simplified: 1e16 is where it says so. */
static Object *float_repr(Object *op) {
    double value = ((Float *)op)->value;
    if (value != value) return str_from_string("nan");
    if (value > 1.7976931348623157e308) return str_from_string("inf");
    if (value < -1.7976931348623157e308) return str_from_string("-inf");
    char text[40];
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*e", digits - 1, value);
        if (strtod(text, NULL) == value) break;
        // Below a power of two the numbers lie twice as close: the next decimal may be right.
        if (digits < 17 && next_decimal(text) && strtod(text, NULL) == value) break;
    }
    double size = value < 0 ? -value : value;
    if (size == 0 || (size >= 1e-4 && size < 1e16)) { // no exponent
        int after = 0;
        do
            snprintf(text, sizeof text, "%.*f", after, value);
        while (strtod(text, NULL) != value && ++after <= 22);
    }
    return str_from_format("%s%s", text, strpbrk(text, ".e") ? "" : ".0");
}

Type Float_Type = {STATIC_TYPE("float", Float), .repr = float_repr};

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static Object *bad_value(FieldKind kind, const char *text, size_t length) {
    int n = length > 200 ? 200 : (int)length;
    if (kind == FIELD_INT)
        error_set(ValueError, "invalid literal for int() with base 10: '%.*s'", n, text);
    else
        error_set(ValueError, "could not convert string to float: '%.*s'", n, text);
    return NULL;
}

static Object *int_convert(const char *text, size_t length) {
    const char *c = text, *end = text + length;
    bool negative = c < end && *c == '-', overflow = false;
    if (c < end && (*c == '-' || *c == '+')) c++;
    if (c == end || !is_digit(*c)) return bad_value(FIELD_INT, text, length);
    uint64_t value = 0;
    for (; c < end; c++) {
        if (*c == '_' && c + 1 < end && is_digit(c[1]) && is_digit(c[-1])) continue;
        if (!is_digit(*c)) return bad_value(FIELD_INT, text, length);
        overflow |= value > (UINT64_C(9223372036854775807) - (unsigned)(*c - '0')) / 10;
        value = value * 10 + (unsigned)(*c - '0');
    }
    if (!overflow) return int_from_long(negative ? -(int64_t)value : (int64_t)value);
    error_set(ValueError, "an int of more than 64 bits");
    return NULL;
}

/* Up to 15 digits and 22 powers of ten are exact in a double, so one multiplication or division rounds
 * once and right (Clinger 1990). Others go to strtod(), when they are known to be of Python's form.
 * CPython: Python/dtoa.c, _Py_dg_strtod(). */
static Object *float_convert(const char *text, size_t length) {
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const char *c = text, *end = text + length;
    bool negative = c < end && *c == '-';
    if (c < end && (*c == '-' || *c == '+')) c++;
    uint64_t digits = 0;
    int ndigits = 0, after = 0;
    bool point = false;
    for (; c < end && (is_digit(*c) || (*c == '.' && !point)) && ndigits < 16; c++) {
        if (*c == '.') {
            point = true;
            continue;
        }
        digits = digits * 10 + (unsigned)(*c - '0');
        ndigits++;
        after += point;
    }
    if (c == end && ndigits > 0 && ndigits <= 15) {
        double value = (double)digits / powers[after];
        return float_from_double(negative ? -value : value);
    }
    char plain[400];
    size_t n = 0;
    for (size_t i = 0; i < length && n < sizeof plain - 1; i++) {
        bool between = i > 0 && i + 1 < length && is_digit(text[i - 1]) && is_digit(text[i + 1]);
        if (text[i] == '_' && between) continue;
        bool word = strchr("infatyINFATY", text[i]) != NULL && text[i];
        if (!is_digit(text[i]) && !word && (!strchr("+-.eE", text[i]) || !text[i]))
            return bad_value(FIELD_FLOAT, text, length);
        plain[n++] = text[i];
    }
    plain[n] = '\0';
    char *stop;
    double value = strtod(plain, &stop);
    if (n == 0 || *stop || n == sizeof plain - 1) return bad_value(FIELD_FLOAT, text, length);
    return float_from_double(value);
}

Object *field_convert(FieldKind kind, const char *text, size_t length) {
    if (kind == FIELD_STR) return str_from_string_and_size(text, length);
    while (length > 0 && is_blank(*text))
        text++, length--;
    while (length > 0 && is_blank(text[length - 1]))
        length--;
    return kind == FIELD_INT ? int_convert(text, length) : float_convert(text, length);
}

/* ---- Field ------------------------------------------------------------------------------------*/

Object *field_new(FieldKind kind) {
    Field *self = (Field *)type_generic_alloc(&Field_Type);
    if (self) self->kind = kind;
    return OBJECT(self);
}

/* Field.__set_name__(self, owner, name): looks for the slot that the metaclass has made for it. */
static Object *field_set_name(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure;
    if (method_check(&Field_Type, "__set_name__", args, nargs) < 0) return NULL;
    if (nargs != 3 || !type_check(args[1]) || !str_check(args[2])) {
        error_set(TypeError, "__set_name__() takes a type and a str");
        return NULL;
    }
    Field *self = (Field *)args[0];
    char slot[200];
    snprintf(slot, sizeof slot, "_%.190s", str_text(args[2]));
    Str *key = str_intern(slot), *name = str_intern(str_text(args[2]));
    if (!key || !name) return NULL;
    const Object *member = type_lookup((Type *)args[1], key);
    if (!member || member->type != &Member_Type) {
        error_set(TypeError, "%s has no slot %s for its field %s", ((Type *)args[1])->name, slot,
                  name->text);
        return NULL;
    }
    self->owner = (Type *)args[1];
    self->name = name;
    self->offset = ((const Member *)member)->offset;
    return new_ref(None);
}

static Object **field_cell(const Field *self, Object *obj) {
    if (self->owner && object_type_check(obj, self->owner))
        return (Object **)(void *)((char *)obj + self->offset);
    error_set(TypeError, "field '%s' doesn't apply to a '%.100s' object",
              self->name ? self->name->text : "?", obj->type->name);
    return NULL;
}

static Object *field_get(Object *op, Object *obj, Object *type) {
    Field *self = (Field *)op;
    (void)type;
    if (!obj) return new_ref(op);
    Object **cell = field_cell(self, obj);
    if (cell && *cell) return new_ref(*cell);
    if (cell) {
        error_set(AttributeError, "'%.50s' object has no attribute '%s'", obj->type->name,
                  self->name->text);
    }
    return NULL;
}

static int field_set(Object *op, Object *obj, Object *value) {
    Field *self = (Field *)op;
    Object **cell = field_cell(self, obj);
    if (!cell) return -1;
    if (!value) return error_set(AttributeError, "%s cannot be deleted", self->name->text);
    if (value->type != kind_types[self->kind]) {
        return error_set(TypeError, "%s must be %s, not %.50s", self->name->text,
                         field_kinds[self->kind], value->type->name);
    }
    Object *old = *cell;
    *cell = new_ref(value);
    xdecref(old);
    return 0;
}

Type Field_Type = {
    STATIC_TYPE("Field", Field), .flags = PLAIN_DATA,    .descr_get = field_get,
    .descr_set = field_set,      .dealloc = object_free,
};

/* ---- The metaclass ----------------------------------------------------------------------------*/

int field_kind(const char *text, size_t length) {
    for (int kind = 0; kind < FIELD_KINDS; kind++)
        if (strlen(field_kinds[kind]) == length && memcmp(field_kinds[kind], text, length) == 0)
            return kind;
    return -1;
}

/* The annotations of a record's class, a new reference, as assigning and repr() run code that may change
 * them; without any, a new dict. NULL with TypeError or MemoryError. */
static Dict *annotations_of(Object *const *args, ssize_t nargs, const char *method) {
    if (nargs == 0) {
        error_set(TypeError, "unbound method %s() needs an argument", method);
        return NULL;
    }
    Object *found = type_lookup(args[0]->type, id.annotations);
    return found && dict_check_exact(found) ? (Dict *)new_ref(found) : dict_new();
}

/* __init__(self, *values): one for each annotation, through its field. */
static Object *record_init_method(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure;
    Dict *annotations = annotations_of(args, nargs, "__init__");
    if (!annotations) return NULL;
    ssize_t pos = 0, i = 1;
    int status = 0;
    if (nargs != annotations->used + 1) {
        status =
            error_set(TypeError, "%s.__init__() takes %zd positional arguments but %zd were given",
                      args[0]->type->name, annotations->used + 1, nargs);
    }
    Str *name;
    for (Object *kind; status == 0 && i < nargs && dict_next(annotations, &pos, &name, &kind); i++)
        status = object_setattr(args[0], name, args[i]);
    decref(annotations);
    return status < 0 ? NULL : new_ref(None);
}

static Object *record_repr_method(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure;
    Dict *annotations = annotations_of(args, nargs, "__repr__");
    Object *text = annotations ? str_from_format("%s(", args[0]->type->name) : NULL;
    ssize_t pos = 0;
    Str *name;
    for (Object *kind; text && dict_next(annotations, &pos, &name, &kind);) {
        Object *value = object_getattr(args[0], name), *repr = value ? object_repr(value) : NULL;
        bool first = str_text(text)[((Str *)text)->length - 1] == '(';
        Object *longer = repr ? str_from_format("%s%s%s=%s", str_text(text), first ? "" : ", ",
                                                name->text, str_text(repr))
                              : NULL;
        xdecref(repr);
        xdecref(value);
        decref(text);
        text = longer;
    }
    xdecref(annotations);
    Object *closed = text ? str_from_format("%s)", str_text(text)) : NULL;
    xdecref(text);
    return closed;
}

/* ns[name] = Field(kind) for each annotation, and the slots: 0, or -1. */
static int add_fields(Dict *ns, const Dict *annotations) {
    Tuple *slots = tuple_new(annotations ? annotations->used : 0);
    ssize_t pos = 0, n = 0;
    Str *name;
    int status = slots ? 0 : -1;
    for (Object *value;
         status == 0 && annotations && dict_next(annotations, &pos, &name, &value);) {
        int kind =
            str_check(value) ? field_kind(str_text(value), (size_t)((Str *)value)->length) : -1;
        if (kind < 0) {
            status = error_set(TypeError, "%s: no field is of that kind", name->text);
            break;
        }
        Object *field = field_new((FieldKind)kind);
        status = field ? dict_set_item(ns, name, field) : -1;
        xdecref(field);
        slots->items[n] = str_from_format("_%s", name->text);
        if (!slots->items[n++]) status = -1;
    }
    if (status == 0) status = dict_set_item(ns, id.slots, OBJECT(slots));
    xdecref(slots);
    return status;
}

static int add_function(Dict *ns, const char *name, FunctionCode code) {
    Str *key = str_intern(name);
    Object *func = key ? function_new(name, code, NULL) : NULL;
    int status = func ? dict_set_item(ns, key, func) : -1;
    xdecref(func);
    return status;
}

/* Record.__new__(metaclass, name, bases, ns) */
static Object *record_new(Object *closure, Object *const *args, ssize_t nargs,
                          const Tuple *kwnames) {
    if (nargs != 4 || !type_is_subtype(args[3]->type, &Dict_Type)) {
        error_set(TypeError, "Record.__new__() takes a name, bases and a dict");
        return NULL;
    }
    Dict *ns = dict_copy((Dict *)args[3]);
    Object *found = ns ? dict_get_item(ns, id.annotations) : NULL;
    const Dict *annotations = found && dict_check_exact(found) ? (Dict *)found : NULL;
    Object *cls = NULL;
    if (ns && add_fields(ns, annotations) == 0 &&
        add_function(ns, "__init__", record_init_method) == 0 &&
        add_function(ns, "__repr__", record_repr_method) == 0) {
        Object *changed[] = {args[0], args[1], args[2], OBJECT(ns)};
        cls = super_call(closure, args[0], "__new__", changed, 4, kwnames);
    }
    xdecref(ns);
    return cls;
}

Type *record_metaclass(void) {
    static const MethodDef methods[] = {{"__new__", NULL, record_new, false},
                                        {NULL, NULL, NULL, false}};
    Tuple *bases = (Tuple *)tuple_pack(1, &Type_Type);
    ClassStatement statement = {.name = "Record", .bases = bases, .methods = methods};
    Object *metaclass = bases ? class_statement(&statement) : NULL;
    xdecref(bases);
    return (Type *)metaclass;
}

int record_init(void) {
    if (type_ready(&Float_Type) < 0 || type_ready(&Field_Type) < 0) return -1;
    return type_add(&Field_Type, "__set_name__",
                    function_new("Field.__set_name__", field_set_name, NULL));
}
