/* draw.c: the memory of an instance, read word by word, with what each word is. */
#include "demo.h"

enum { WORD = sizeof(void *), WORDS = 48, BLOCKS = 4 };

typedef struct {
    ssize_t offset;
    char label[24], value[48];
    int target; // the block that the word points to, or -1
} Word;

typedef struct {
    const char *name;
    int count;
    Word words[WORDS];
} Block;

typedef struct {
    int count;
    Block blocks[BLOCKS];
} Drawing;

static Block *add_block(Drawing *drawing, const char *name) {
    Block *block = &drawing->blocks[drawing->count++];
    *block = (Block){.name = name};
    return block;
}

PRINTF_LIKE static Word *add_word(Block *block, const char *label, ...) {
    Word *word = &block->words[block->count];
    va_list args;
    va_start(args, label);
    vsnprintf(word->label, sizeof word->label, label, args);
    va_end(args);
    word->offset = block->count++ * WORD;
    word->target = -1;
    return word;
}

static void put_object(Word *word, const Object *value) {
    Object *text = value ? need(object_repr((Object *)(intptr_t)value)) : NULL;
    snprintf(word->value, sizeof word->value, "%s", text ? ((Str *)text)->text : "NULL");
    xdecref(text);
}

static void put_pointer(Word *word, const void *pointer, Drawing *drawing, const char *block) {
    snprintf(word->value, sizeof word->value, "%s", pointer ? block : "NULL");
    if (pointer) word->target = drawing->count;
}

/* The values of these keys, from the first on; a name without a value is NULL. */
static void add_values(Block *block, Object *const *values, const Keys *keys, int capacity) {
    for (int i = 0; i < capacity; i++) {
        Word *word = add_word(block, "%s", i < keys->nentries ? keys->names[i]->text : "(free)");
        put_object(word, values[i]);
    }
}

static void put_order(Word *word, const uint8_t *order, int size) {
    strcpy(word->value, "order");
    for (int i = 0; i < size && strlen(word->value) < 24; i++)
        snprintf(word->value + strlen(word->value), 5, " %d", order[i]);
}

static void add_dict(Drawing *drawing, const Dict *dict) {
    Block *block = add_block(drawing, "the dict");
    snprintf(add_word(block, "refcnt")->value, 24, "%zd", dict->ob.refcnt);
    strcpy(add_word(block, "type")->value, "dict");
    bool shared = dict->keys->refcnt > 1;
    strcpy(add_word(block, "keys")->value, shared ? "-> the keys of the class" : "-> its own keys");
    put_pointer(add_word(block, "values"), dict->values, drawing, "-> its values");
    snprintf(add_word(block, "used")->value, 24, "%zd", dict->used);
    add_values(add_block(drawing, "its values"), dict->values, dict->keys,
               dict->keys->nentries + dict->keys->usable);
}

/* The name of the slot at this offset, or NULL. */
static const char *slot_at(const Type *type, ssize_t offset) {
    for (; type; type = type->base) {
        ssize_t pos = 0;
        Str *name;
        Object *value;
        while (dict_next(type->dict, &pos, &name, &value))
            if (value->type == &Member_Type && ((Member *)value)->offset == offset)
                return name->text;
    }
    return NULL;
}

static void add_field(Drawing *drawing, Block *block, const Object *self, ssize_t offset) {
    const Type *type = self->type;
    Object *const *field = (Object *const *)(const void *)((const char *)self + offset);
    const char *slot = slot_at(type, offset);
    if (offset == offsetof(Object, refcnt)) {
        snprintf(add_word(block, "refcnt")->value, 24, "%zd", self->refcnt);
    } else if (offset == offsetof(Object, type)) {
        snprintf(add_word(block, "type")->value, 24, "-> %s", type->name);
    } else if (slot) {
        put_object(add_word(block, "%s", slot), *field);
    } else if (offset == type->dictoffset) {
        put_pointer(add_word(block, "dict"), *field, drawing, "-> the dict");
    } else {
        put_object(add_word(block, "weaklist"), *field);
    }
}

static void add_instance(Drawing *drawing, const Object *self) {
    const Type *type = self->type;
    bool managed = type->dictoffset == MANAGED_DICT, inside = type->layout == &inline_layout;
    Block *block = add_block(drawing, "the instance");
    if (managed && !inside)
        put_pointer(add_word(block, "values"), pre_header(self)->values, drawing,
                    "-> the block of values");
    if (managed)
        put_pointer(add_word(block, "dict"), pre_header(self)->dict, drawing, "-> the dict");
    for (ssize_t offset = 0; offset < type->basicsize; offset += WORD)
        add_field(drawing, block, self, offset);
    for (int i = 0; i < block->count; i++)
        block->words[i].offset -= type_pre_header_size(type);
    if (managed && inside) {
        const InlineValues *in = inline_values(self);
        ssize_t first = block->words[block->count - 1].offset + WORD;
        int before = block->count;
        snprintf(add_word(block, "header")->value, 40, "room for %d, %d set%s", in->capacity,
                 in->size, in->valid ? "" : ", not valid");
        add_values(block, in->values, type->cached_keys, in->capacity);
        put_order(add_word(block, "order"), (const uint8_t *)(in->values + in->capacity), in->size);
        for (int i = before; i < block->count; i++)
            block->words[i].offset = first + (i - before) * WORD;
    } else if (managed && pre_header(self)->values) {
        Object **values = pre_header(self)->values;
        const uint8_t *end = (const uint8_t *)values;
        int capacity = end[-1], prefix = (capacity + 2 + WORD - 1) / WORD;
        Block *own = add_block(drawing, "the block of values");
        Word *word = add_word(own, "prefix");
        put_order(word, end - prefix * WORD, end[-2]);
        snprintf(word->value + strlen(word->value), 20, "; %d set, room %d", end[-2], capacity);
        for (int i = 1; i < prefix; i++)
            strcpy(add_word(own, "...")->value, "");
        add_values(own, values, type->cached_keys, capacity);
    }
    Dict *const *dict = type->dictoffset ? object_dict_pointer((Object *)(intptr_t)self) : NULL;
    if (dict && *dict) add_dict(drawing, *dict);
}

static void print_drawing(const Drawing *drawing) {
    for (int b = 0; b < drawing->count; b++) {
        const Block *block = &drawing->blocks[b];
        if (b > 0) printf("  %s\n", block->name);
        for (int i = 0; i < block->count; i++) {
            const Word *word = &block->words[i];
            printf("    %4zd │ %-9s │ %s\n", word->offset, word->label, word->value);
        }
    }
}

static void print_dot(const Drawing *drawing, const Way *way, const Object *self) {
    static int cluster;
    cluster++;
    printf("subgraph cluster%d { label=\"%s: %zd bytes\"; color=gray; fontsize=14\n", cluster,
           way->name, object_footprint(self));
    for (int b = 0; b < drawing->count; b++) {
        const Block *block = &drawing->blocks[b];
        printf("n%d_%d [label=<<table border=\"0\" cellborder=\"1\" cellspacing=\"0\">", cluster,
               b);
        for (int i = 0; i < block->count; i++) {
            const Word *word = &block->words[i];
            bool value = strcmp(word->label, "x") == 0 || strcmp(word->label, "y") == 0;
            bool pointer = strncmp(word->value, "-> ", 3) == 0;
            printf("<tr><td>%zd</td><td%s>%s</td><td port=\"p%d\">%s</td></tr>", word->offset,
                   value ? " bgcolor=\"#3fb95033\"" : "", word->label, i,
                   word->target >= 0 ? "" : word->value + (pointer ? 3 : 0));
        }
        puts("</table>>]");
    }
    for (int b = 0; b < drawing->count; b++) {
        for (int i = 0; i < drawing->blocks[b].count; i++) {
            int target = drawing->blocks[b].words[i].target;
            if (target >= 0) printf("n%d_%d:p%d:e -> n%d_%d\n", cluster, b, i, cluster, target);
        }
    }
    puts("}");
}

void draw_instance(const Way *way, const Object *self, bool dot) {
    Drawing drawing = {0};
    add_instance(&drawing, self);
    if (dot)
        print_dot(&drawing, way, self);
    else
        print_drawing(&drawing);
}
