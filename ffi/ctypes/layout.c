/* layout.c: where the fields of a structure are: by ctypes' rules, and by the C compiler's.
 *
 * Both go through the fields in order and hold the same invariant: a field that is no bit field
 * begins at the first byte behind what was there before that its alignment divides, and the whole
 * is as aligned as its most aligned field and as large as a multiple of that. So arrays of it work.
 *
 * For bit fields they part. To C, one is a run of bits anywhere, as long as it does not cross the
 * border of an aligned integer of its type. ctypes thinks in storage units: a field goes on in the
 * open unit, or widens it, or opens one of its own type; what it then reads and writes is an
 * integer of the field's type that ends where the unit ends. Mostly that comes to the same. Where
 * types of different size follow each other, or with _pack_, it does not:
 *
 *     short a : 9;  int b : 23;        C: b has bits 9 to 31.   ctypes: widens the unit, b has bits 9 to 31.
 *     int a : 8;  char b : 5;          C: b is in byte 1.       ctypes: b is bits 8 to 12 of byte 3: nowhere.
 *     _pack_ = 1: int a : 3;           C: size 1.               ctypes: size 4.
 *     union: char a : 1; long b : 1;   C: both in byte 0.       ctypes: b at offset -1 (cdata.c refuses it).
 *
 * So up to 3.13; from 3.14 on Lib/ctypes/_layout.py does it as the compiler does. CPython:
 * Modules/_ctypes/stgdict.c, PyCStructUnionType_update_stgdict(); Modules/_ctypes/cfield.c,
 * PyCField_FromDesc().
 */
#include "ctypes.h"

/* ---- As ctypes does --------------------------------------------------------------------------*/

typedef struct {
    ssize_t size, offset; // so far; of the next field
    ssize_t align;        // of the last field
    ssize_t field_size;   // of the open storage unit in bits; 0: none is open
    int bitofs;           // bits of it that are taken
    int pack;
} Layout;

/* The bit field's place in its unit, as CField.size has it. */
static ssize_t bit_place(const Layout *at, int bits, int low) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return ((ssize_t)bits << 16) + at->field_size - low - bits;
#else
    (void)at;
    return ((ssize_t)bits << 16) + low;
#endif
}

/* The next field: fills its offset and size. CPython: PyCField_FromDesc(), of which this is the
 * Unix half. */
static void layout_field(Layout *at, const CType *type, int bits, CField *field) {
    ssize_t size = (ssize_t)type->size, size_bits = bits ? size * 8 : 0; // of an int type
    bool open = bits && at->field_size;
    if (open && size_bits <= at->field_size && at->bitofs + bits <= at->field_size) {
        // goes on in the open unit
    } else if (open && size_bits >= at->field_size && at->bitofs + bits <= size_bits) { // widens it
        at->offset += size - at->field_size / 8;
        at->size += size - at->field_size / 8;
        at->field_size = size_bits;
    } else {
        at->field_size = bits ? size_bits : 0;
        at->bitofs = 0;
        ssize_t align = (ssize_t)type->align;
        if (at->pack > 0 && at->pack < align) align = at->pack;
        if (align && at->offset % align) { // 0: a structure without _fields_
            ssize_t delta = align - at->offset % align;
            at->size += delta;
            at->offset += delta;
        }
        at->size += size;
        at->offset += size;
        at->align = align;
    }
    field->offset = at->offset - size; // at->offset is that of the next one by now
    field->size = bits ? bit_place(at, bits, at->bitofs) : size;
    at->bitofs += bits;
}

/* The structure that it goes on after, or NULL. The bases of all, Struct_Type and Union_Type, are
 * no CTypes. */
static const CType *base_of(const CType *self) {
    return self->type.base->ob.type == &Type_Type ? NULL : (const CType *)self->type.base;
}

/* An array of characters is read as bytes or str. */
static void field_access(CField *field) {
    const FieldDesc *item = field->type->kind == KIND_ARRAY ? field->type->proto->desc : NULL;
    if (item && item->code == 'c') {
        field->setfunc = s_set;
        field->getfunc = s_get;
    } else if (item && item->code == 'u') {
        field->setfunc = U_set;
        field->getfunc = U_get;
    }
}

/* 0, or -1 with what ctypes says against such a field. */
static int check_field(const FieldSpec *spec, unsigned *flags) {
    const CType *type = spec->type;
    *flags |= type->flags & (TYPEFLAG_HASUNION | TYPEFLAG_HASBITFIELD);
    if (type->flags & (TYPEFLAG_ISPOINTER | TYPEFLAG_HASPOINTER)) *flags |= TYPEFLAG_HASPOINTER;
    if (!spec->bits) return 0;
    *flags |= TYPEFLAG_HASBITFIELD;
    char code = type->desc ? type->desc->code : 'P';
    if (code == 'c' || code == 'u' || type->desc == NULL || type->desc->kind > C_UNSIGNED) {
        return error_set(TypeError, "bit fields not allowed for type %s", type->type.name);
    }
    if (spec->bits < 0 || (size_t)spec->bits > type->size * 8) {
        return error_set(ValueError, "number of bits invalid for bit field");
    }
    return 0;
}

/* The fields and, behind them, their names, in one block; NULL with MemoryError. */
static CField *copy_fields(const FieldSpec *specs, ssize_t nfields) {
    size_t names = 1;
    for (ssize_t i = 0; i < nfields; i++)
        names += strlen(specs[i].name) + 1;
    CField *fields = malloc((size_t)nfields * sizeof *fields + names);
    if (!fields) return error_no_memory();
    char *name = (char *)(fields + nfields);
    for (ssize_t i = 0; i < nfields; i++) {
        fields[i] = (CField){.name = name, .type = specs[i].type, .index = i};
        name = stpcpy(name, specs[i].name) + 1;
    }
    return fields;
}

int structure_set_fields(CType *self, const FieldSpec *specs, ssize_t nfields) {
    if (self->flags & DICTFLAG_FINAL) return error_set(AttributeError, "_fields_ is final");
    if (self->pack < NO_PACK) return error_set(ValueError, "_pack_ must be a non-negative integer");
    const CType *base = base_of(self);
    unsigned flags = 0;
    size_t total = base ? base->size : 0;
    for (ssize_t i = 0; i < nfields; i++) {
        if (!specs[i].type) {
            return error_set(TypeError,
                             "second item in _fields_ tuple (index %zd) must be a C type", i);
        }
        if (check_field(&specs[i], &flags) < 0) return -1;
        if (specs[i].type == self) {
            return error_set(AttributeError, "Structure or union cannot contain itself");
        }
        total += specs[i].type->size + specs[i].type->align;
        if (total > PTRDIFF_MAX / 2) { // CPython adds on, past the largest
            error_no_memory();
            return -1;
        }
    }
    CField *fields = copy_fields(specs, nfields);
    if (!fields) return -1;
    bool is_union = self->kind == KIND_UNION;
    Layout at = {.pack = self->pack};
    ssize_t total_align = 1, union_size = 0;
    if (base) {
        at.size = at.offset = (ssize_t)base->size;
        total_align = (ssize_t)base->align;
    }
    for (ssize_t i = 0; i < nfields; i++) {
        if (is_union) at.size = at.offset = 0;
        at.align = is_union ? 0 : at.align;
        layout_field(&at, specs[i].type, specs[i].bits, &fields[i]);
        field_access(&fields[i]);
        if (at.size > union_size) union_size = at.size;
        if (at.align > total_align) total_align = at.align;
        incref(specs[i].type);
        specs[i].type->flags |= DICTFLAG_FINAL;
    }
    ssize_t size = is_union ? union_size : at.size;
    self->size = (size_t)((size + total_align - 1) / total_align * total_align);
    self->align = (size_t)total_align;
    self->fields = fields;
    self->length = nfields;
    self->flags |= flags | DICTFLAG_FINAL;
    return 0;
}

void structure_clear(CType *self) {
    CField *fields = self->fields;
    ssize_t nfields = self->length;
    if (!fields) return; // such as an array, which has a length, too
    self->fields = NULL; // first: a field's type may look at them when it dies
    self->length = 0;
    for (ssize_t i = 0; i < nfields; i++)
        decref(fields[i].type);
    free(fields);
}

const CField *structure_find(const CType *self, const char *name) {
    for (; self; self = base_of(self)) {
        for (ssize_t i = 0; self->fields && i < self->length; i++) {
            if (strcmp(self->fields[i].name, name) == 0) return &self->fields[i];
        }
    }
    return NULL;
}

void field_write_repr(const CField *self, FILE *out) {
    fprintf(out, "<Field type=%s, ofs=%zd", self->type->type.name, self->offset);
    if (NUM_BITS(self->size)) { // so is an array of 64 KiB; CPython says that, too
        fprintf(out, ":%zd, bits=%zd>", LOW_BIT(self->size), NUM_BITS(self->size));
    } else {
        fprintf(out, ", size=%zd>", self->size);
    }
}

/* ---- As the C compiler does ------------------------------------------------------------------*/

static void gcc_measure(const CType *type, size_t *size, size_t *align) {
    size_t item_size;
    switch (type->kind) {
    case KIND_STRUCTURE:
    case KIND_UNION:
        structure_gcc_layout(type, NULL, size, align);
        break;
    case KIND_ARRAY:
        gcc_measure(type->proto, &item_size, align);
        *size = item_size * (size_t)type->length;
        break;
    default:
        *size = type->size;
        *align = type->align; // what libffi and the compiler agree on
    }
}

static size_t round_up(size_t value, size_t multiple) {
    return (value + multiple - 1) / multiple * multiple;
}

void structure_gcc_layout(const CType *self, GccField *places, size_t *size, size_t *align) {
    size_t end = 0, largest = 0, record_align = 1; // in bits; alignment in bytes
    if (base_of(self)) {
        gcc_measure(base_of(self), &end, &record_align); // as a first member
        largest = end *= 8;
    }
    for (ssize_t i = 0; i < self->length; i++) {
        const CField *field = &self->fields[i];
        size_t bits = field->type->desc ? (size_t)NUM_BITS(field->size) : 0, type_size, type_align;
        gcc_measure(field->type, &type_size, &type_align);
        size_t own_align = type_align;
        bool packed = self->pack > 0;
        if (packed && (size_t)self->pack < type_align) type_align = (size_t)self->pack;
        if (type_align > record_align) record_align = type_align;
        size_t at = self->kind == KIND_UNION ? 0 : end;
        if (!bits) {
            at = round_up(at, type_align * 8);
        } else if (!packed && (at % (own_align * 8) + bits + own_align * 8 - 1) / (own_align * 8) >
                                  type_size / own_align) {
            at = round_up(
                at, own_align * 8); // it may not span more units than its type: excess_unit_span()
        }
        size_t width = bits ? bits : type_size * 8;
        if (places) places[i] = (GccField){at, width};
        end = at + width;
        if (end > largest) largest = end;
    }
    *size = round_up((largest + 7) / 8, record_align);
    *align = record_align;
}
