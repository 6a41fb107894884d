/* record_test.c: where an error in a CSV text is, down to line and column; headers that describe no
 * class; fields without their slot. What values become and the words about them are twin.py's
 * business. */
#include "check.h"

/* ---- Where an error is ------------------------------------------------------------------------*/

/* Loads the text and tells each row, or its error with its place: "2:3 age: ...". */
static void load(const char *text, char *told, size_t size) {
    Type *meta = record_metaclass();
    assert_non_null(meta);
    Records records;
    *told = '\0';
    int status = records_init(&records, meta, "Row", text, strlen(text));
    while (true) {
        Object *row = status == 0 ? records_next(&records) : NULL,
               *repr = row ? object_repr(row) : NULL;
        size_t length = strlen(told);
        if (row) snprintf(told + length, size - length, "%s\n", str_text(repr));
        bool failed = error_occurred() != NoError;
        if (failed) {
            snprintf(told + length, size - length, "%zu:%zu %s: %s\n", records.line, records.column,
                     records.field ? records.field : "-", error_message());
            error_clear();
        }
        DROP(row, repr);
        if (status < 0 || (!row && !failed)) break;
    }
    records_fini(&records);
    decref(meta);
    types_clear();
}

static void test_places(void **state) {
    (void)state;
    static const struct {
        const char *text, *told;
    } table[] = {
        {"", "1:0 -: no header\n"},
        {"\n\r\n", "1:0 -: no header\n"},
        {"name", "1:1 -: no kind in 'name': name:kind is expected\n"},
        {"a:int,b", "1:7 -: no kind in 'b': name:kind is expected\n"},
        {"a:int,b:date", "1:7 -: unknown kind 'date'\n"},
        {"a:int,b:", "1:7 -: unknown kind ''\n"},
        {"a:int,:int", "1:7 -: '' is not a name\n"},
        {"a:int,1st:int", "1:7 -: '1st' is not a name\n"},
        {"a:int,_a:int", "1:7 -: '_a' is not a name\n"},
        {"a:int,a:str", "1:7 -: 'a' twice\n"},
        {"\r\n\r\n\"a:int\",b", "3:9 -: no kind in 'b': name:kind is expected\n"},
        {"a:int,", "1:7 -: no kind in '': name:kind is expected\n"},
        {"a:int", ""},
        {"a:int\r\n1\r\nx\r\n2",
         "Row(a=1)\n3:1 a: invalid literal for int() with base 10: 'x'\nRow(a=2)\n"},
        {"a:int,b:int\n1,x", "2:3 b: invalid literal for int() with base 10: 'x'\n"},
        {"a:str,b:int\n\"1\n2\",x\n3,4",
         "3:4 b: invalid literal for int() with base 10: 'x'\nRow(a='3', b=4)\n"},
        {"a:str,b:int\n\"1\r\n\r\n2\",\"x\"\n",
         "4:4 b: invalid literal for int() with base 10: 'x'\n"},
        {"a:int,b:int\r1\r\r1,2,3\r1,2", "2:0 -: 2 fields expected, 1 found\n"
                                         "4:0 -: 2 fields expected, 3 found\nRow(a=1, b=2)\n"},
        {"a:str\n\"", "2:0 -: unexpected end of data\n"},
        {"a:str\n\"\"\"", "2:0 -: unexpected end of data\n"},
        {"a:str,b:str\nx,\"y\nz", "2:0 -: unexpected end of data\n"},
        {"\"a:str", "1:0 -: unexpected end of data\n"},
        {"a:int\n9223372036854775807\n-9223372036854775807\n9223372036854775808",
         "Row(a=9223372036854775807)\nRow(a=-9223372036854775807)\n4:1 a: an int of more than 64 bits\n"},
        {"a:str\nb\x80\n", "Row(a='b\x80')\n"},
    };
    for (int again = 0; again < 2; again++) {
        World before = world_now();
        for (size_t i = 0; i < LENGTH(table); i++) {
            char told[1000];
            load(table[i].text, told, sizeof told);
            assert_string_equal(told, table[i].told);
        }
        if (again) assert_world(&before);
    }
}

/* A NUL or any other byte in a cell ends nothing; a text may end anywhere. */
static void test_any_bytes(void **state) {
    (void)state;
    static const char pieces[] = "a:str,b:int\n\"x\",1\r\n\"\"\"\r\n,\"y,2\n\0\"z\r\"\n,,1.e5";
    uint64_t random = testing_seed();
    Type *meta = record_metaclass();
    for (int round = 0; round < 3000; round++) {
        char text[64] = "a:str,b:float,c:int\n";
        size_t length = strlen(text) + testing_random(&random, 40);
        for (size_t i = strlen(text); i < length; i++)
            text[i] = pieces[testing_random(&random, sizeof pieces - 1)];
        char *exact = malloc(length); // so that a sanitizer sees who reads on
        memcpy(exact, text, length);
        Records records;
        assert_int_equal(records_init(&records, meta, "Row", exact, length), 0);
        for (long rows = 0;; rows++) {
            Object *row = records_next(&records);
            if (!row && !error_occurred()) break;
            error_clear();
            xdecref(row);
            assert_true(rows < 50);
        }
        records_fini(&records);
        free(exact);
        types_clear();
        if (!meta->mro) { // cleared, too
            decref(meta);
            meta = record_metaclass();
        }
    }
    decref(meta);
    types_clear();
}

/* ---- Fields -----------------------------------------------------------------------------------*/

/* A field in a class that has no slot for it; set by hand on a stranger; not told its name. */
static void test_fields(void **state) {
    (void)state;
    Object *field = field_new(FIELD_INT), *five = int_from_long(5);
    Object *plain = statement("Plain", NULL, NULL, NULL, NULL, NULL, NULL, NULL);
    Dict *attributes = dict_with("x", new_ref(field));
    assert_null(statement("C", NULL, NULL, NULL, NULL, attributes, NULL, NULL));
    assert_error(RuntimeError, "Error calling __set_name__ on 'Field' instance 'x' in 'C'");
    assert_int_equal(object_setattr_string(plain, "x", field), 0);
    Object *obj = object_call(plain, NULL, 0, NULL);
    assert_int_equal(object_setattr_string(obj, "x", five), -1);
    assert_error(TypeError, "field '?' doesn't apply to a 'Plain' object");
    assert_null(object_getattr_string(obj, "x"));
    assert_error(TypeError, "field '?' doesn't apply to a 'Plain' object");
    Object *set_name = object_getattr_string(field, "__set_name__");
    assert_null(object_call(set_name, &five, 1, NULL));
    assert_error(TypeError, "__set_name__() takes a type and a str");
    DROP(field, five, plain, obj, set_name);
    types_clear();
}

/* __setattr__(self, name, value): the class loses its annotations while __init__ goes through
 * them. */
static Object *forgets(Object *closure, Object *const *args, ssize_t nargs) {
    (void)closure, (void)nargs;
    Object *cls = OBJECT(args[0]->type);
    Dict *none = dict_new();
    assert_int_equal(object_setattr_string(cls, "__annotations__", OBJECT(none)), 0);
    decref(none);
    return new_ref(None);
}

/* Records whose annotations are changed under way, are none, or not called as methods. */
static void test_annotations(void **state) {
    (void)state;
    static const MethodDef forgetting[] = {{"__setattr__", forgets, NULL, false}, METHODS_END};
    Type *meta = record_metaclass();
    Dict *notes = dict_with("x", str_from_string("str"));
    Object *word = str_from_string("str"), *values[] = {word, word};
    assert_int_equal(dict_set_item(notes, str_intern("y"), word), 0);
    Dict *attributes = dict_with("__annotations__", OBJECT(notes));
    Object *cls = statement("R", NULL, meta, NULL, NULL, attributes, forgetting, NULL);
    Object *row = object_call(cls, values, 2, NULL), *text = object_repr(row);
    assert_string_equal(str_text(text), "R()");
    DROP(row, text);
    row = object_call(cls, values, 2, NULL);
    assert_null(row);
    assert_error(TypeError, "R.__init__() takes 1 positional arguments but 3 were given");
    Object *methods[] = {object_getattr_string(cls, "__init__"),
                         object_getattr_string(cls, "__repr__")};
    for (int i = 0; i < 2; i++) {
        assert_null(object_call(methods[i], NULL, 0, NULL));
        assert_error(TypeError, i ? "unbound method __repr__() needs an argument"
                                  : "unbound method __init__() needs an argument");
    }
    Object *bare = statement("Bare", NULL, meta, NULL, NULL, NULL, NULL, NULL);
    row = object_call(bare, NULL, 0, NULL), text = object_repr(row);
    assert_string_equal(str_text(text), "Bare()");
    DROP(cls, bare, row, text, word, methods[0], methods[1], OBJECT(meta));
    types_clear();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places), cmocka_unit_test(test_any_bytes),
        cmocka_unit_test(test_fields), cmocka_unit_test(test_annotations)};
    return cmocka_run_group_tests(tests, start, NULL);
}
