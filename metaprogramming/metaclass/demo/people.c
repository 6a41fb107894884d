/* people.c: metaclasses that people write, each beside what does the same without one. */
#include "demo.h"

/* Two classes below a root. */
static void below(Type *root) {
    own(CLASS("Csv", .base = root));
    own(CLASS("Json", .base = root));
}

static void registering(void) {
    Dict *registries[3];
    for (int i = 0; i < 3; i++)
        registries[i] = own(dict_new());
    below(own(CLASS("Root", .meta = own(registering_metaclass(registries[0])))));
    below(own(registering_base(registries[1])));
    Object *cls = own(CLASS("Csv")), *decorator = own(registering_decorator(registries[2]));
    own(class_decorate(new_ref(cls), &decorator, 1));
    own(CLASS("Json"));
    row("Registering", new_ref(registries[0]));
    row("__init_subclass__", new_ref(registries[1]));
    row("@register, once forgotten", new_ref(registries[2]));
}

/* @upper: C.X = C.x; del C.x */
static Object *upper_decorated(ARGS) {
    Object *x = object_getattr_string(args[0], "x");
    must(object_setattr_string(args[0], "X", own(x)));
    must(object_setattr_string(args[0], "x", NULL));
    return new_ref(args[0]);
}

static void upper(void) {
    Type *named = own(CLASS("Named", .methods = METHODS(PLAIN("__set_name__", keep_name))));
    Object *cls =
        own(CLASS("C", .meta = own(upper_metaclass()), .attribute = "x", .value = instance(named)));
    row("Upper: C.X.name", object_getattr_string(own(object_getattr_string(cls, "X")), "name"));
    Object *decorator = own(function_new("upper", upper_decorated, NULL));
    cls = OBJECT(CLASS("C", .attribute = "x", .value = instance(named)));
    cls = own(class_decorate(cls, &decorator, 1));
    row("@upper: C.X.name", object_getattr_string(own(object_getattr_string(cls, "X")), "name"));
}

/* C() with x = 1 and, if it may be, y = 2, where x alone is annotated; C's metaclass, if any. */
static Object *annotated(Type *meta, Object *decorator) {
    Dict *annotations = own(dict_new());
    must(dict_set_item(annotations, need(str_intern("x")), OBJECT(&Int_Type)));
    Object *cls = OBJECT(CLASS("Point", .meta = meta, .attribute = "__annotations__",
                               .value = new_ref(annotations)));
    Object *obj = own(instance(own(class_decorate(cls, &decorator, decorator ? 1 : 0))));
    must(object_setattr_string(obj, "x", own(int_from_long(1))));
    return obj;
}

static void repr(void) {
    row("Repr: C()", object_repr(annotated(own(repr_metaclass()), NULL)));
    row("@add_repr: C()", object_repr(annotated(NULL, own(repr_decorator()))));
}

static void slots(void) {
    Object *obj = annotated(own(slots_metaclass()), NULL);
    row("Slots: type(obj).__slots__", object_getattr_string(OBJECT(obj->type), "__slots__"));
    int status = object_setattr_string(obj, "y", None);
    row("obj.y = 2", status < 0 ? NULL : new_ref(None));
    must(object_setattr_string(OBJECT(obj->type), "__slots__", own(tuple_new(0))));
    row("C.__slots__ = () afterwards: obj.x", object_getattr_string(obj, "x"));
}

/* def __init_subclass__(cls): refuses one whose area is still the mark. */
static Object *refuses(ARGS) {
    const Object *area = own(object_getattr_string(args[0], "area"));
    if (area->type != &AbstractMethod_Type) return new_ref(None);
    error_set(TypeError, "%s must define: area", ((Type *)args[0])->name);
    return NULL;
}

static void abstract(void) {
    Object *mark = own(abstract_method_new(None));
    row("Abstract: class Shape", CLASS("Shape", .meta = own(abstract_metaclass()),
                                       .attribute = "area", .value = new_ref(mark)));
    Type *root = own(CLASS("Shape", .attribute = "area", .value = new_ref(mark),
                           .methods = METHODS(PLAIN("__init_subclass__", refuses))));
    row("__init_subclass__: class Shape", new_ref(root));
    row("class Square(Shape)", CLASS("Square", .base = root));
}

void scene_people(void) {
    static const struct {
        const char *does, *asks;
        void (*run)(void);
        const char *verdict;
    } all[] = {
        {"Registering enters each class below a root into a dict", "who does without?", registering,
         "No metaclass needed, unless the class itself is to answer len() or []."},
        {"Upper turns x = Named() into X", "and a decorator, who comes later?", upper,
         "Needed: who is told its name must be told the new one."},
        {"Repr adds a __repr__ of what is annotated", "is it needed?", repr,
         "Not needed: a method can be added to a class that is there."},
        {"Slots makes __slots__ of what is annotated", "and after the statement?", slots,
         "Needed: the layout is fixed in type.__new__. Or a second class is made."},
        {"Abstract refuses a class that leaves a method out", "is it needed?", abstract,
         "Not needed: who is told of a class may refuse it; but never the root."},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        printf("%s%s\n", i ? "\n" : "", all[i].does);
        step(all[i].asks);
        all[i].run();
        puts(all[i].verdict);
    }
    puts("\nAnd Once, of the scene `prepare`: needed, as all others come after the body.");
}

/* ---- answers ---------------------------------------------------------------------------------*/

/* C[key] by the class itself. */
static Object *class_getitem(ARGS) {
    return str_from_format("%s of %s", ((Type *)args[0])->name, show(args[1]));
}

static void row_isinstance(const char *question, Object *obj, Type *cls) {
    int answer = object_isinstance(obj, OBJECT(cls));
    row(question, answer < 0 ? NULL : bool_from_long(answer));
}

void scene_answers(void) {
    puts("Protocol(type): def __instancecheck__(cls, obj): all that cls has?\n"
         "                def __getitem__(cls, key): ...\n"
         "class Closes(metaclass=Protocol): def close(self)\n"
         "class File: def close(self)         class List: def __class_getitem__(cls, key)\n");
    const MethodDef *close = METHODS(PLAIN("close", class_getitem));
    Type *protocol = own(protocol_metaclass());
    Type *closes = own(CLASS("Closes", .meta = protocol, .methods = close));
    Type *both = own(CLASS("Both", .meta = protocol,
                           .methods = METHODS(PLAIN("__class_getitem__", class_getitem))));
    Type *file = own(CLASS("File", .methods = close));
    Type *list = own(CLASS("List", .methods = METHODS(PLAIN("__class_getitem__", class_getitem))));
    row_isinstance("isinstance(File(), Closes)", own(instance(file)), closes);
    row_isinstance("isinstance(List(), Closes)", own(instance(list)), closes);
    row_isinstance("isinstance(Closes(), Closes)", own(instance(closes)), closes);
    step("and with the two the other way round: isinstance(Closes(), File)?");
    row_isinstance("isinstance(Closes(), File)", own(instance(closes)), file);
    Object *key = OBJECT(&Int_Type);
    row("Closes[int]", object_getitem(OBJECT(closes), key));
    step("List's metaclass, type, has no __getitem__: and List[int]?");
    row("List[int]", object_getitem(OBJECT(list), key));
    row("List()[int]", object_getitem(own(instance(list)), key));
    row("Both[int], where both are", object_getitem(OBJECT(both), key));
    row("File[int], where none is", object_getitem(OBJECT(file), key));
    puts("\nFor C[key] alone, __class_getitem__ does without a metaclass. isinstance() asks\n"
         "the metaclass, and nobody else.");
}
