/* demo.c: what C() does, scene by scene; and expressions of one's own (evaluate.c). */
#include "demo.h"

/* ---- steps -----------------------------------------------------------------------------------*/

static void scene_steps(void) {
    puts("A class is called like anything else: the cell `call` of its type says what\n"
         "happens. For a class that is type.__call__, and it takes two steps.\n");
    evaluate("Point(1, 2)");
    step("which step has made the object, and which has given it x and y?");
    puts("\n__new__ gets the class and makes; __init__ gets the object and prepares.\n"
         "Both get the same arguments. The steps by hand, the second one left out:\n");
    evaluate("object.__new__(Point)");
    step("an object without x and y. And now?");
    evaluate("object.__new__(Point).__init__(1, 2)");
    puts("\n__init__ returns None. What it returns is no object, and it says so:\n");
    evaluate("Wrong(7)");
}

/* ---- arguments -------------------------------------------------------------------------------*/

static void scene_arguments(void) {
    puts("object takes no arguments, in either step. But they get both steps the same,\n"
         "so each looks whether somebody else might have wanted them.\n");
    puts("Neither is overridden: nobody wants them.\n");
    evaluate("Plain(1)");
    step("Point overrides __init__ only. Who complains about 1 and 2?");
    puts("\n__init__ is overridden: object.__new__ lets them pass, and the same the other\n"
         "way round.\n");
    evaluate("Point(1, 2)");
    evaluate("Pair(1, 2)");
    step("Both hands its arguments on, in both steps");
    puts("\nBoth are overridden: whoever hands arguments on to object has made a mistake.\n");
    evaluate("Both(1)");
    evaluate("object.__init__(settings, 1)");
    evaluate("object.__init__(Plain(), 1)");
    puts("\nAnd a function of Python's own counts for itself:\n");
    evaluate("Point(1)");
    evaluate("Point(1, 2, 3)");
}

/* ---- other -----------------------------------------------------------------------------------*/

static void scene_other(void) {
    puts("__new__ may return anything. The second step is for instances of the class that\n"
         "was called, and of its subclasses.\n");
    evaluate("Echo(5)");
    step("5 came back, and Echo.__init__ was not called. Shape(4) makes a Square");
    putchar('\n');
    evaluate("Shape(3)");
    putchar('\n');
    evaluate("Shape(4)");
    puts("\nA Square is a Shape, so __init__ is called: that of a Square, as the type of the\n"
         "object decides, and not the class that was called.");
}

/* ---- immutable -------------------------------------------------------------------------------*/

static void scene_immutable(void) {
    puts("An int has its value when __new__ ends. Late wants base 16, in __init__:\n");
    evaluate("Late('20')");
    step("the value is 20. And Late('ff')?");
    putchar('\n');
    evaluate("Late('ff')");
    step("__init__ was not even called. Hex has a __new__");
    putchar('\n');
    evaluate("Hex('ff')");
    putchar('\n');
    evaluate("Pair(1, 2)");
    puts("\nA tuple's items lie in the object itself: its memory is as large as the value,\n"
         "and only who makes it can know how large that is.\n");
    evaluate("int.__new__(Celsius, 20)");
    step("without __init__, so no scale. May object make one?");
    putchar('\n');
    evaluate("object.__new__(Celsius)");
    evaluate("int.__new__(Point)");
    puts("\nobject would leave out the digits. The nearest class above whose __new__ is C\n"
         "knows the whole layout, and it must be that one.");
}

/* ---- singleton -------------------------------------------------------------------------------*/

static void scene_singleton(void) {
    puts("One instance, three ways. By __new__, which returns what there is:\n");
    evaluate("Once(1)");
    step("and Once(2)?");
    putchar('\n');
    evaluate("Once(2)");
    puts("\nThe same object; but it is an Once, so __init__ ran again, and n is 2 now.\n"
         "OnceMore is derived from it, and finds the instance of its base:\n");
    step("what comes back?");
    evaluate("OnceMore(3)");
    puts("\nNot an OnceMore: the attribute is inherited, so the base's instance is found.\n"
         "By a metaclass, whose __call__ stands before both steps:\n");
    step(NULL);
    evaluate("Only(1)");
    putchar('\n');
    evaluate("Only(2)");
    putchar('\n');
    evaluate("OnlyMore(3)");
    puts("\nNo step is taken the second time, and each class has an instance of its own.\n"
         "By a module: it makes one and gives it a name. Nothing is intercepted, so\n"
         "nothing can break; but who wants a second one can make it:\n");
    evaluate("settings");
    puts("\nCPython has a singleton by __new__ itself: type(None)() is None.");
}

/* ---- metaclass -------------------------------------------------------------------------------*/

static void scene_metaclass(void) {
    puts("A class is an instance of its metaclass. `C()` calls C, so it is the metaclass\n"
         "that says what a call is: a __call__ of its own comes before type's.\n");
    evaluate("Counted()");
    evaluate("Counted()");
    evaluate("Counted.made");
    step("and a metaclass that forbids it");
    putchar('\n');
    evaluate("Constants()");
    evaluate("Constants.pi");
    puts("\nIt is asked about calls of the class only. Who goes round it gets an instance:\n");
    evaluate("type.__call__(Constants)");
    evaluate("object.__new__(Constants)");
}

/* ---- half ------------------------------------------------------------------------------------*/

static ssize_t references(const char *name) {
    return ((Object *)need(classes_find(name)))->refcnt;
}

static void scene_half(void) {
    puts("__init__ fails, and the object is there already, with one of its attributes.\n");
    ssize_t before = references("Broken");
    evaluate("Broken(1)");
    printf("\nEach instance holds a reference to its class. There were %zd to Broken before;\n"
           "now there are %zd: type.__call__ has dropped what __new__ made.\n",
           before, references("Broken"));
    step("the memory is given back by a dealloc that never saw __init__ end");
    puts("\nSo a dealloc has to take an object at any moment after __new__. It can, because\n"
         "memory for an instance is zeroed before anybody sees it: a field is valid, or\n"
         "NULL. In Python the same holds for __del__, which may find no self.x.");
}

/* ---- abstract --------------------------------------------------------------------------------*/

static void scene_abstract(void) {
    puts("abc.ABCMeta collects the names of methods that are still abstract, and sets\n"
         "__abstractmethods__ of the class. Here it is assigned. It sets a flag:\n");
    evaluate("Drawing()");
    step("who has refused?");
    puts("\nIt is object.__new__ that looks at the flag. So a class derived from int has\n"
         "instances all the same, and so has one whose __new__ does not come to object's.");
}

/* ---- The program -----------------------------------------------------------------------------*/

static void csv_steps(void) {
    trace_rows = true;
    evaluate("Shape(4)");
}

static bool python, list_classes;

static int work(int count, char **expressions) {
    if (list_classes) {
        fputs(classes_source, stdout);
        return 0;
    }
    if (count == 0) return usage_error(telling.demo->program, "no expression; see --help");
    return evaluate_all(count, expressions, python);
}

int main(int argc, char **argv) {
    static const Scene scenes[] = {
        {"steps", "Two steps", scene_steps, "who is called with what", false},
        {"arguments", "Arguments too many", scene_arguments, NULL, false},
        {"other", "Something else comes back", scene_other, NULL, false},
        {"immutable", "What cannot change later", scene_immutable, NULL, false},
        {"singleton", "One instance, three ways", scene_singleton, NULL, false},
        {"metaclass", "In front of both steps", scene_metaclass, NULL, false},
        {"half", "The half-built object", scene_half, NULL, false},
        {"abstract", "Abstract classes", scene_abstract, NULL, false},
        {0},
    };
    static const Scene data[] = {
        {"steps", "who calls whom in Shape(4), for steps.svg", csv_steps, NULL, false},
        {0},
    };
    static const Option options[] = {
        {.name = "--python", .about = "each expression in python3, too", .flag = &python},
        {.name = "--classes",
         .about = "the classes that an expression may name, as Python",
         .flag = &list_classes,
         .mode = "classes"},
        {0},
    };
    static const Demo demo = {
        .program = "construction_demo",
        .about = "EXPRESSION...: who calls whom in it, and what comes of it: 'Point(1, 2)',\n"
                 "\"Hex('ff')\", 'int.__new__(Celsius, 20)'. Numbers, texts, tuples, calls.",
        .operands = "EXPRESSION...",
        .scenes = scenes,
        .data = data,
        .options = options,
        .work = work,
    };
    telling.demo = &demo;
    must(construction_init());
    classes_make();
    construction_watcher = trace_watch;
    trace_out = stdout;
    int status = demo_main(&demo, argc, argv);
    classes_drop();
    return status;
}
