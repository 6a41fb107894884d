/* demo.c: what C() does, scene by scene; and expressions of one's own (evaluate.c). */
#include "demo.h"

/* ---- steps -----------------------------------------------------------------------------------*/

static void scene_steps(void) {
    puts("What a call of an object does is said by the object's type. The type of a class\n"
         "is `type`, and type.__call__ takes two steps: __new__, then __init__.\n");
    classes_show("class Point");
    step("Point has no __new__ of its own. Point(1, 2): who is called?");
    evaluate("Point(1, 2)");
    puts("\nA line is a call; what it calls stands below it, and -> is what came back.\n"
         "The __new__ of object gets the class and makes; __init__ gets the object and\n"
         "prepares. Both get the same arguments.\n");
    step("object.__new__(Point) by hand: has it an x and a y?");
    evaluate("object.__new__(Point)");
    puts("\nIt has not: nobody has called the second step. By hand, too:\n");
    evaluate("object.__new__(Point).__init__(1, 2)");
    puts("\n__init__ returns None, as the object is there already.\n");
    classes_show("class Wrong");
    step("Wrong(7): and an __init__ that returns something else?");
    evaluate("Wrong(7)");
}

/* ---- arguments -------------------------------------------------------------------------------*/

static void scene_arguments(void) {
    puts("Both steps get the same arguments, and object's own two want none. So each of\n"
         "these looks whether the other is overridden: then they may be for that one.\n"
         "Plain overrides neither, Point only __init__, Pair only __new__.\n");
    step("Plain(1) and Point(1, 2): does object.__new__ complain?");
    evaluate("Plain(1)");
    putchar('\n');
    evaluate("Point(1, 2)");
    step("Pair(1, 2), a tuple: does object.__init__ complain?");
    evaluate("Pair(1, 2)");
    puts("\nobject's step keeps quiet where the other one is overridden.\n");
    classes_show("class Both");
    step("Both hands on what it gets. Both(1): who complains?");
    evaluate("Both(1)");
    puts("\nBoth are overridden: whoever then hands arguments on to object is mistaken.\n"
         "object.__init__ by hand; `settings` is a Point:\n");
    evaluate("object.__init__(settings, 1)");
    evaluate("object.__init__(Plain(), 1)");
    step("Point(1), Point(1, 2, 3): who counts what __init__ gets?");
    evaluate("Point(1)");
    evaluate("Point(1, 2, 3)");
    puts("\nThe function itself; the object is there by then, and is dropped.");
}

/* ---- other -----------------------------------------------------------------------------------*/

static void scene_other(void) {
    puts("__new__ may return anything. The second step is for instances of the class that\n"
         "was called, and of its subclasses.\n");
    classes_show("class Echo");
    step("Echo(5): is Echo.__init__ called?");
    evaluate("Echo(5)");
    puts("\n5 is no Echo, so it comes back as it is.\n");
    classes_show("class Shape");
    classes_show("class Square");
    step("Shape(3): whose __init__ is called?");
    evaluate("Shape(3)");
    step("Shape(4): is an __init__ called, and whose?");
    evaluate("Shape(4)");
    puts("\nA Square is a Shape, so one is called: that of Square, as the type of the object\n"
         "decides, and not the class that was called.");
}

/* ---- immutable -------------------------------------------------------------------------------*/

static void scene_immutable(void) {
    puts("An int has its value when __new__ ends. Late wants base 16, and has only an\n"
         "__init__ to say so:\n");
    classes_show("class Late");
    evaluate("Late('20')");
    step("the value is 20, not 32. And Late('ff')?");
    evaluate("Late('ff')");
    puts("\n__init__ was not even called. Hex says base 16 in __new__:\n");
    classes_show("class Hex");
    step("Hex('ff'): what does int.__new__ get?");
    evaluate("Hex('ff')");
    putchar('\n');
    classes_show("class Pair");
    step("and a tuple of two: could its __init__ set the items?");
    evaluate("Pair(1, 2)");
    puts("\nNo: the items lie in the object itself, whose memory is as large as the value;\n"
         "only who makes it can know how large that is.\n");
    classes_show("class Celsius");
    step("Celsius is an int: may object.__new__(Celsius) make one?");
    evaluate("int.__new__(Celsius, 20)");
    evaluate("object.__new__(Celsius)");
    evaluate("int.__new__(Point)");
    puts("\nNo: object would leave out the digits, and a Point has no place for them. It\n"
         "must be the __new__ of the nearest class above that is written in C: that one\n"
         "knows the whole layout. (The first has no scale, as nobody called __init__.)");
}

/* ---- singleton -------------------------------------------------------------------------------*/

static void scene_singleton(void) {
    puts("By __new__, which returns what there is:\n");
    classes_show("class Once");
    evaluate("Once(1)");
    step("Once(2): is it the same object, and what is its n?");
    evaluate("Once(2)");
    puts("\nThe same; but it is an Once, so __init__ ran again, and n is 2 now.\n");
    classes_show("class OnceMore");
    step("OnceMore(3): what comes back?");
    evaluate("OnceMore(3)");
    puts("\nNo OnceMore: cls.instance is looked up in the bases, too, and Once has one.\n\n"
         "The second way, a metaclass, whose __call__ stands before both steps:\n");
    classes_show("class Singleton");
    classes_show("class Only");
    step("Only(1), then Only(2): what is n?");
    evaluate("Only(1)");
    putchar('\n');
    evaluate("Only(2)");
    puts("\nNo step is taken the second time.\n");
    step("OnlyMore is derived from Only. OnlyMore(3): what comes back?");
    evaluate("OnlyMore(3)");
    puts("\nOne of its own: the metaclass looks into the class's own dict, not the bases'.\n\n"
         "The third way, a module, which makes one and gives it a name:\n");
    evaluate("settings");
    puts("\nNothing is intercepted, so nothing can break; but who wants a second one calls\n"
         "the class. CPython has a singleton by __new__ itself: type(None)() is None.");
}

/* ---- metaclass -------------------------------------------------------------------------------*/

static void scene_metaclass(void) {
    puts("A class is an instance of its metaclass, so C() is a call of such an instance:\n"
         "a __call__ of the metaclass's own comes before that of type.\n");
    classes_show("class Counting");
    classes_show("class Counted");
    step("Counted(): which three functions come before object.__init__?");
    evaluate("Counted()");
    evaluate("Counted.made");
    putchar('\n');
    classes_show("class Forbidding");
    classes_show("class Constants");
    step("Constants(): is an object made?");
    evaluate("Constants()");
    evaluate("Constants.pi");
    putchar('\n');
    step("and if one goes round it, by type.__call__(Constants)?");
    evaluate("type.__call__(Constants)");
    evaluate("object.__new__(Constants)");
    puts("\nThe metaclass is asked about calls of the class only.");
}

/* ---- half ------------------------------------------------------------------------------------*/

static ssize_t references(const char *name) {
    return ((Object *)need(classes_find(name)))->refcnt;
}

static void scene_half(void) {
    puts("When __init__ fails the object is there already, with one of its attributes:\n");
    classes_show("class Broken");
    step("Broken(1): what becomes of the object?");
    ssize_t before = references("Broken");
    evaluate("Broken(1)");
    printf("\nEach instance holds a reference to its class. There were %zd to Broken before,\n"
           "and there are %zd now: type.__call__ has dropped what __new__ made.\n",
           before, references("Broken"));
    step("how can dealloc free an object that was never prepared?");
    puts("\nIt has to take one at any moment after __new__, and it can, because memory for\n"
         "an instance is zeroed before anybody sees it: a field is valid, or NULL.\n"
         "In Python the same holds for __del__, which may find no self.x.");
}

/* ---- abstract --------------------------------------------------------------------------------*/

static void scene_abstract(void) {
    puts("abc.ABCMeta collects the names of methods that are still abstract, and sets\n"
         "__abstractmethods__ of the class, which sets a flag. Here it is assigned:\n");
    classes_show("class Drawing");
    step("Drawing() is refused: by whom?");
    evaluate("Drawing()");
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
