/* data_test.c: memory with a type, where no libffi is needed: what keeps what alive, each
 * allocation failing in turn, and the compiler's layout against this very compiler's. */
#include "../../../common/proof/testing.h"

#include "../ctypes.h"

#include <limits.h>

static long blocks;

static int remember_blocks(void **unused) {
    (void)unused;
    blocks = testing_blocks();
    return 0;
}
static int no_block_more(void **unused) {
    (void)unused;
    testing_fail(NULL, 0, 0);
    return testing_blocks() == blocks && !error_occurred() ? 0 : -1;
}

static CType *int_type(void) {
    return ctype_simple('i');
}
static Object *number(int64_t value) {
    Object *made = int_from_long(value);
    assert_non_null(made);
    return made;
}
static void set(Object *op, const char *name, int64_t value) {
    Object *made = number(value);
    assert_int_equal(cdata_set_attr(op, name, made), 0);
    decref(made);
}
static int64_t got(Object *value) {
    assert_non_null(value);
    long long plain = 0;
    assert_int_equal(int_as_longlong(value, &plain), 0);
    decref(value);
    return plain;
}

/* ---- What keeps what alive -------------------------------------------------------------------*/

/* A node with a name: struct Node { char *name; struct Node *next; int n; }. */
static CType *node_type(void) {
    CType *node = structure_new("Node", NULL, NO_PACK);
    CType *next = node ? ctype_pointer(node) : NULL;
    FieldSpec specs[] = {{"name", ctype_simple('z'), 0}, {"next", next, 0}, {"n", int_type(), 0}};
    if (next && structure_set_fields(node, specs, 3) == 0) {
        decref(next);
        return node;
    }
    xdecref(next);
    xdecref(node);
    return NULL;
}
static void drop_node_type(CType *node) {
    structure_clear(node);
    decref(node);
}

static void test_bytes_are_kept(void **unused) {
    (void)unused;
    CType *type = node_type();
    Object *node = cdata_new(type), *name = bytes_from_data("kept", 4);
    assert_int_equal(cdata_set_attr(node, "name", name), 0);
    assert_int_equal(name->refcnt, 2);
    decref(name);
    Object *back = cdata_get_attr(node, "name");
    assert_string_equal(((Bytes *)back)->data, "kept");
    decref(back);
    assert_int_equal(cdata_set_attr(node, "name", None),
                     0); // CPython keeps the last one as well, until the next
    decref(node);
    drop_node_type(type);
}

static void test_a_list_holds_its_nodes(void **unused) {
    (void)unused;
    CType *type = node_type();
    Object *first = cdata_new(type), *last = first;
    incref(first);
    for (int i = 1; i < 5; i++) { // only the first is held by name
        Object *node = cdata_new(type), *to = cdata_pointer(node);
        set(node, "n", i);
        assert_int_equal(cdata_set_attr(last, "next", to), 0);
        decref(to);
        decref(last);
        last = node;
    }
    decref(last);
    Object *at = new_ref(first);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(got(cdata_get_attr(at, "n")), i);
        Object *next = cdata_get_attr(at, "next");
        Object *node = i < 4 ? cdata_get_attr(next, "contents") : NULL;
        decref(next);
        decref(at);
        at = node;
    }
    decref(first);
    drop_node_type(type);
}

static void test_a_view_holds_what_it_is_a_part_of(void **unused) {
    (void)unused;
    CType *row = ctype_array(int_type(), 30), *table = ctype_array(row, 4);
    Object *whole = cdata_new(table), *part = cdata_get_item(whole, 2), *seven = number(7);
    decref(whole);
    assert_int_equal(cdata_set_item(part, -1, seven), 0);
    assert_int_equal(got(cdata_get_item(part, 29)), 7);
    assert_int_equal(cdata_set_item(part, 30, seven), -1);
    assert_error(IndexError, "invalid index");
    assert_int_equal(cdata_set_item(part, -31, seven), -1);
    assert_error(IndexError, "invalid index");
    decref(seven);
    decref(part);
    decref(table);
    decref(row);
}

/* A part of itself assigned to another part: the bytes overlap, and it must not hold itself. */
static void test_assigned_from_itself(void **unused) {
    (void)unused;
    CType *texts = ctype_array(ctype_simple('z'), 3), *both = ctype_array(texts, 2);
    Object *all = cdata_new(both), *text = bytes_from_data("abc", 3);
    Object *left = cdata_get_item(all, 0), *right = cdata_get_item(all, 1);
    assert_int_equal(cdata_set_item(left, 0, text), 0);
    decref(text);
    assert_int_equal(cdata_set_item(all, 1, left), 0);
    assert_int_equal(cdata_set_item(all, 0, left), 0);
    assert_int_equal(cdata_set_item(left, 0, None), 0);
    Object *back = cdata_get_item(right, 0);
    assert_string_equal(((Bytes *)back)->data, "abc");
    decref(back);
    decref(left);
    decref(right);
    decref(all);
    decref(both);
    decref(texts);
}

static void test_one_class_each(void **unused) {
    (void)unused;
    CType *a = ctype_pointer(int_type()), *b = ctype_pointer(int_type());
    CType *three = ctype_array(a, 3), *again = ctype_array(b, 3), *four = ctype_array(a, 4);
    assert_ptr_equal(a, b);
    assert_ptr_equal(three, again);
    assert_ptr_not_equal(three, four);
    decref(a);
    decref(b);
    decref(three);
    decref(again);
    decref(four);
    assert_null(int_type()->derived);
}

/* ---- Fields outside, and too large -----------------------------------------------------------*/

static void test_outside(void **unused) {
    (void)unused;
    CType *type = union_new("U", NULL, NO_PACK);
    FieldSpec specs[] = {{"a", ctype_simple('b'), 1}, {"b", ctype_simple('q'), 1}};
    assert_int_equal(structure_set_fields(type, specs, 2), 0);
    const CField *field = structure_find(type, "b");
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    assert_int_equal(field->offset, -1); // so CPython, which reads what is before it
#endif
    Object *value = cdata_new(type), *one = number(1);
    if (field->offset < 0) {
        assert_null(cdata_get_attr(value, "b"));
        assert_error(ValueError, "field 'b' is not within 'U'");
        assert_int_equal(cdata_set_attr(value, "b", one), -1);
        assert_error(ValueError, "field 'b' is not within 'U'");
    }
    decref(one);
    decref(value);
    decref(type);
}

/* The array type was made before its structure had fields. */
static void test_fields_after_an_array(void **unused) {
    (void)unused;
    CType *type = structure_new("Later", NULL, NO_PACK), *three = ctype_array(type, 3);
    Object *array = cdata_new(three);
    FieldSpec field = {"n", int_type(), 0};
    assert_int_equal(structure_set_fields(type, &field, 1), 0);
    assert_null(cdata_get_item(array, 0));
    assert_error(ValueError, "item 0 is not within 'Later_Array_3'");
    assert_null(cdata_get_item(array, -1));
    assert_error(ValueError, "item 2 is not within 'Later_Array_3'");
    decref(array);
    decref(three);
    decref(type);
}

static void test_too_large(void **unused) {
    (void)unused;
    assert_null(ctype_array(ctype_simple('q'), PTRDIFF_MAX / 4));
    assert_error(OverflowError, "array too large");
    CType *half = ctype_array(ctype_simple('b'), PTRDIFF_MAX / 3);
    CType *type = structure_new("S", NULL, NO_PACK);
    FieldSpec specs[] = {{"a", half, 0}, {"b", half, 0}};
    assert_int_equal(structure_set_fields(type, specs, 2), -1);
    assert_error(MemoryError, "");
    assert_int_equal(structure_set_fields(type, specs, 1), 0);
    if (sizeof(void *) == 8) { // with 32 bits there may be as much
        assert_null(cdata_new(type));
        assert_error(MemoryError, "");
    }
    decref(type);
    decref(half);
    assert_null(cdata_string_buffer(NULL, -1));
    assert_error(ValueError, "Array length must be >= 0, not -1");
}

/* ---- The compiler's layout -------------------------------------------------------------------*/

/* The same list of fields as C and as FieldSpec: plain fields, and bit fields of n bits. */
#define S0(F, B) F(a, 'c', char) B(b, 'i', int, 3) F(c, 'd', double)
#define S1(F, B) B(a, 'h', short, 9) B(b, 'i', int, 23) F(c, 'b', signed char)
#define S2(F, B)                                                                                   \
    B(a, 'i', int, 8) B(b, 'b', signed char, 5) B(c, 'q', long long, 40) F(d, 'b', signed char)
#define S3(F, B) F(a, 'b', signed char) B(b, 'Q', unsigned long long, 60) B(c, 'I', unsigned, 7)
#define S4(F, B)                                                                                   \
    B(a, 'I', unsigned, 31)                                                                        \
    B(b, 'I', unsigned, 2) B(c, 'B', unsigned char, 8) B(d, 'H', unsigned short, 16)
#define S5(F, B)                                                                                   \
    F(a, 'h', short)                                                                               \
    B(b, 'q', long long, 1) F(c, 'h', short) B(d, 'b', signed char, 8) F(e, 'g', long double)
#define S6(F, B)                                                                                   \
    B(a, 'b', signed char, 1) B(b, 'b', signed char, 8) B(c, 'l', long, 17) F(d, 'f', float)
#define ALL(STRUCT) STRUCT(S0) STRUCT(S1) STRUCT(S2) STRUCT(S3) STRUCT(S4) STRUCT(S5) STRUCT(S6)

#define C_FIELD(name, code, type)      type name;
#define C_BITS(name, code, type, n)    type name : n;
#define SPEC(name, code, type)         {#name, NULL, code << 8},
#define SPEC_BITS(name, code, type, n) {#name, NULL, code << 8 | n},
// Each in turn made all ones (a float any bits but zero), and where they are told.
#define MARK(name, code, type)                                                                     \
    memset(&it, 0, sizeof it);                                                                     \
    memset(&it.name, 0xFF, sizeof it.name);                                                        \
    note(bytes, sizeof it, marks++);
#define MARK_BITS(name, code, type, n)                                                             \
    memset(&it, 0, sizeof it);                                                                     \
    it.name--;                                                                                     \
    note(bytes, sizeof it, marks++);

/* On a little-endian machine: the lowest and the number of the bits that are set. */
static void note(const uint8_t *bytes, size_t size, GccField *mark) {
    *mark = (GccField){0, 0};
    for (size_t i = 0; i < size * 8; i++) {
        if (!(bytes[i / 8] >> i % 8 & 1)) continue;
        if (mark->bits == 0) mark->bit = i;
        mark->bits = i - mark->bit + 1;
    }
}

static void compare_layout(const char *name, FieldSpec *specs, ssize_t n, int pack, size_t size,
                           size_t align, const GccField *marks) {
    CType *type = structure_new(name, NULL, pack);
    for (ssize_t i = 0; i < n; i++) {
        specs[i].type = ctype_simple((char)(specs[i].bits >> 8));
        specs[i].bits &= 0xFF;
    }
    assert_int_equal(structure_set_fields(type, specs, n), 0);
    GccField places[8];
    size_t our_size, our_align;
    structure_gcc_layout(type, places, &our_size, &our_align);
    assert_int_equal(our_size, size);
    assert_int_equal(our_align, align);
    for (ssize_t i = 0; __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && i < n; i++) {
        assert_int_equal(places[i].bit, marks[i].bit);
        assert_int_equal(places[i].bits, marks[i].bits);
    }
    decref(type);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wpedantic"
#define COMPARE(list)                                                                              \
    {                                                                                              \
        typedef struct {                                                                           \
            list(C_FIELD, C_BITS)                                                                  \
        } Struct;                                                                                  \
        Struct it;                                                                                 \
        uint8_t *bytes = (uint8_t *)&it;                                                           \
        GccField all[8], *marks = all;                                                             \
        FieldSpec specs[] = {list(SPEC, SPEC_BITS)};                                               \
        list(MARK, MARK_BITS);                                                                     \
        compare_layout(#list, specs, marks - all, pack, sizeof it, _Alignof(Struct), all);         \
    }

static void test_compilers_layout(void **unused) {
    (void)unused;
    const int pack = NO_PACK;
    ALL(COMPARE)
}

#pragma pack(push, 1)
static void test_packed(void **unused) {
    (void)unused;
    const int pack = 1;
    ALL(COMPARE)
}
#pragma pack(pop)

#pragma pack(push, 2)
static void test_packed_by_two(void **unused) {
    (void)unused;
    const int pack = 2;
    ALL(COMPARE)
}
#pragma pack(pop)
#pragma GCC diagnostic pop

/* ---- Each allocation failed in turn ----------------------------------------------------------*/

static bool make_node(void) {
    CType *type = node_type();
    if (!type) return false;
    Object *name = bytes_from_data("x", 1), *node = cdata_new(type),
           *to = node ? cdata_pointer(node) : NULL;
    bool good = name && to && cdata_set_attr(node, "name", name) == 0;
    Object *other = good ? object_vectorcall(OBJECT(type), (Object *[]){name, to}, 2, NULL) : NULL;
    Object *contents = other ? cdata_get_attr(to, "contents") : NULL;
    Object *cast = contents ? cdata_cast(to, ctype_simple('P')) : NULL;
    Object *byref = cast ? cdata_byref(contents, 4) : NULL;
    Object *address = byref ? cdata_addressof(node) : NULL;
    xdecref(address);
    xdecref(byref);
    xdecref(cast);
    xdecref(contents);
    xdecref(other);
    xdecref(to);
    xdecref(node);
    xdecref(name);
    drop_node_type(type);
    return address != NULL;
}

static bool make_arrays(void) {
    CType *row = ctype_array(ctype_simple('Z'), 2), *table = row ? ctype_array(row, 3) : NULL;
    Object *all = table ? cdata_new(table) : NULL, *text = all ? str_from_string("wide") : NULL;
    Object *part = text ? cdata_get_item(all, 1) : NULL;
    bool good = part && cdata_set_item(part, 0, text) == 0 && cdata_set_item(part, 1, text) == 0;
    good = good && cdata_set_item(all, 2, part) == 0;
    Object *back = good ? cdata_get_item(part, 1) : NULL;
    xdecref(back);
    xdecref(part);
    xdecref(text);
    xdecref(all);
    xdecref(table);
    xdecref(row);
    return back != NULL;
}

static bool make_texts(void) {
    Object *init = bytes_from_data("text", 4),
           *buffer = init ? cdata_string_buffer(init, 40) : NULL;
    Object *value = buffer ? cdata_get_attr(buffer, "value") : NULL;
    Object *raw = value ? cdata_get_attr(buffer, "raw") : NULL;
    Object *copy = raw ? cdata_string_at(((CData *)buffer)->ptr, -1) : NULL;
    xdecref(copy);
    xdecref(raw);
    xdecref(value);
    xdecref(buffer);
    xdecref(init);
    return copy != NULL;
}

/* A tuple for a structure inside of a structure; the inner error is told in the outer's words,
 * unless it is MemoryError's. */
static bool make_nested(void) {
    CType *inner = structure_new("Inner", NULL, NO_PACK), *outer = NULL;
    FieldSpec specs[] = {{"a", ctype_simple('z'), 0}, {"b", ctype_simple('q'), 0}},
              nested = {"in", inner, 0};
    bool good = inner && structure_set_fields(inner, specs, 2) == 0;
    outer = good ? structure_new("Outer", NULL, 4) : NULL;
    good = outer && structure_set_fields(outer, &nested, 1) == 0;
    Object *text = good ? bytes_from_data("y", 1) : NULL, *tuple = NULL, *value = NULL;
    if (text) tuple = tuple_from_array((Object *[]){text, True}, 2);
    if (tuple) value = object_call(OBJECT(outer), &tuple, 1);
    if (!value && error_matches(RuntimeError)) {
        assert_string_equal(error_message(), "(Inner) MemoryError: ");
        error_no_memory();
    }
    xdecref(value);
    xdecref(tuple);
    xdecref(text);
    xdecref(outer);
    xdecref(inner);
    return value != NULL;
}

/* Where what an address needs cannot be kept, the address is not stored. */
static void test_not_kept_not_stored(void **unused) {
    (void)unused;
    CType *type = structure_new("Texts", NULL, NO_PACK);
    FieldSpec specs[] = {{"a", ctype_simple('z'), 0}, {"b", ctype_simple('Z'), 0}};
    assert_int_equal(structure_set_fields(type, specs, 2), 0);
    for (int i = 0; i < 2; i++) {
        for (long n = 0;; n++) {
            Object *value = cdata_new(type);
            Object *text = i ? str_from_string("wide") : bytes_from_data("text", 4);
            testing_fail_at(n);
            int status = cdata_set_attr(value, specs[i].name, text);
            bool failed = testing_has_failed();
            testing_fail(NULL, 0, 0);
            decref(text);
            Object *back = cdata_get_attr(value, specs[i].name);
            assert_true(failed ? status == -1 && back == None : status == 0 && back != None);
            error_clear();
            decref(back);
            decref(value);
            if (!failed) break;
        }
    }
    decref(type);
}

static void test_no_memory(void **unused) {
    (void)unused;
    bool (*const all[])(void) = {make_node, make_arrays, make_texts, make_nested};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        long n = 0;
        for (;; n++) {
            testing_fail_at(n);
            bool made = all[i]();
            assert_int_equal(testing_blocks(), blocks);
            if (!testing_has_failed()) {
                assert_true(made);
                break;
            }
            assert_false(made);
            assert_error(MemoryError, "");
        }
        testing_fail(NULL, 0, 0);
        assert_in_range(n, 4, 40);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, remember_blocks, no_block_more)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_bytes_are_kept),
        TEST(test_a_list_holds_its_nodes),
        TEST(test_a_view_holds_what_it_is_a_part_of),
        TEST(test_assigned_from_itself),
        TEST(test_one_class_each),
        TEST(test_outside),
        TEST(test_fields_after_an_array),
        TEST(test_too_large),
        TEST(test_compilers_layout),
        TEST(test_packed),
        TEST(test_packed_by_two),
        TEST(test_no_memory),
        TEST(test_not_kept_not_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
