/* check.h: what this room's tests share. Around each test stands the same check: as many blocks as
 * before, and as many references to None and to the static types, whose leaks would show nowhere
 * else. Names are interned for good, so a test's story is run once before it is counted. */
#ifndef CHECK_H
#define CHECK_H

#include "../record.h"

#include "../../../common/proof/testing.h"

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

static Type *const counted[] = {&Object_Type, &Type_Type, &Int_Type,      &Str_Type,  &Tuple_Type,
                                &Dict_Type,   &None_Type, &Function_Type, &Cell_Type, &Field_Type};
typedef struct {
    long blocks;
    ssize_t references[LENGTH(counted) + 1];
} World;

static World world_now(void) {
    World world = {.blocks = testing_blocks()};
    for (size_t i = 0; i < LENGTH(counted); i++)
        world.references[i] = counted[i]->ob.refcnt;
    world.references[LENGTH(counted)] = None->refcnt;
    return world;
}

/* All that was made since is gone. */
static void assert_world(const World *before) {
    types_clear();
    World now = world_now();
    assert_int_equal(now.blocks, before->blocks);
    assert_memory_equal(now.references, before->references, sizeof now.references);
    assert_null(error_occurred());
}

static int start(void **state) {
    (void)state;
    testing_fail_at(-1);
    return types_init() < 0 || metaclass_init() < 0 || record_init() < 0 ? -1 : 0;
}

/* The end of a chain of steps of which each may fail: drops what is in `drop`, up to a NULL
 * pointer. */
static void drop_all(Object *const *drop, size_t n) {
    while (n-- > 0)
        xdecref(drop[n]);
}
#define DROP(...)                                                                                  \
    drop_all((Object *[]){__VA_ARGS__}, sizeof(Object *[]){__VA_ARGS__} / sizeof(Object *))

/* Steals value. */
static Dict *dict_with(const char *name, Object *value) {
    Str *key = str_intern(name);
    Dict *dict = key && value ? dict_new() : NULL;
    if (dict && dict_set_item(dict, key, value) < 0) clear_ref(dict);
    xdecref(value);
    return dict;
}

/* class name(base, metaclass=meta, key=value): with these attributes and methods. `base` or `meta`
 * may be NULL, `key` too; attributes is stolen. */
static Object *statement(const char *name, void *base, void *meta, const char *key, Object *value,
                         Dict *attributes, const MethodDef *methods, Object *data) {
    Tuple *bases = base ? (Tuple *)tuple_pack(1, base) : tuple_new(0);
    Dict *keywords = dict_new();
    Str *metaclass = str_intern("metaclass"), *word = str_intern(key ? key : "");
    bool ready = bases && keywords && metaclass && word;
    if (ready && meta) ready = dict_set_item(keywords, metaclass, OBJECT(meta)) == 0;
    if (ready && key) ready = dict_set_item(keywords, word, value) == 0;
    Object *cls = ready ? class_statement(&(ClassStatement){.name = name,
                                                            .bases = bases,
                                                            .keywords = keywords,
                                                            .attributes = attributes,
                                                            .methods = methods,
                                                            .data = data})
                        : NULL;
    DROP(OBJECT(bases), OBJECT(keywords), OBJECT(attributes));
    return cls;
}

#define METHODS_END                                                                                \
    { NULL, NULL, NULL, false }

#endif
