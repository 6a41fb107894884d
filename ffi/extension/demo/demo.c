/* demo.c: what `import` does with an extension module, and what a call hands over, step by step;
 * and any function of a reader's own plug-in called with values from the command line. The real
 * module, in real Python, is demo.py. */
#include "demo.h"

/* ---- find, open ------------------------------------------------------------------------------*/

/* The directory that this program was started from: the plug-in is beside it. */
static const char *here(void) {
    static char directory[4096];
    snprintf(directory, sizeof directory, "%s", telling.argv[0]);
    char *slash = strrchr(directory, '/');
    strcpy(slash ? slash : directory, slash ? "" : ".");
    return *directory ? directory : "/";
}

static const char *base(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void play_find(void) {
    puts("A directory is asked for the name with each suffix behind it, in this order:\n");
    for (const char *const *suffix = extension_suffixes; *suffix; suffix++) {
        char path[4200];
        snprintf(path, sizeof path, "%s/counter%s", here(), *suffix);
        printf("  counter%-12s %s\n", *suffix, access(path, F_OK) == 0 ? "there" : "not there");
    }
    step("Which is taken, and what of a name that is nowhere?");
    char path[4096];
    must(find_extension(here(), "counter", path, sizeof path));
    printf("\n  import counter      %s\n", base(path));
    printf("  import nowhere      ");
    find_extension(here(), "nowhere", path, sizeof path);
    error_print(stdout);
    puts("\nCPython 3.11 asks for .cpython-311-x86_64-linux-gnu.so, .abi3.so, .so: a file\n"
         "for this very Python goes before one for all from some version on.");
}

static void play_open(void) {
    char path[4096], module[4200];
    must(find_extension(here(), "counter", path, sizeof path));
    puts("dlopen() puts the file into memory; dlsym() looks for PyInit_ and the name.\n");
    printf("  as counter        %s\n",
           import_find_init("counter", path) ? "PyInit_counter found" : "");
    step("The same file, imported under another name?");
    import_find_init("other", path);
    print_error(printf("  as other"), 20);
    step("And a module made for python3?");
    snprintf(module, sizeof module, "%s/words.abi3.so", here());
    if (access(module, F_OK) == 0 && !import_find_init("words", module)) {
        const char *words = strstr(error_message(), "undefined symbol");
        printf("  words.abi3.so     %s\n", words ? words : "a symbol is missing");
        error_clear();
    } else {
        puts("  words.abi3.so     is not there");
    }
    puts("\nSo the name of the file is a promise: it must be that of the function inside.");
}

/* ---- phases ----------------------------------------------------------------------------------*/

static void show_module(const char *when, Object *op) {
    const Module *module = (const Module *)op;
    printf("  %-17s state: %-5s names:", when, module->state ? "there" : "none");
    const Dict *dict = (const Dict *)module->dict;
    for (ssize_t i = 0; i < dict->used; i++) {
        const char *name = ((Str *)dict->entries[i].key)->utf8;
        if (*name != '_') printf(" %s", name);
    }
    puts("");
}

static void play_phases(void) {
    char path[4096];
    must(find_extension(here(), "counter", path, sizeof path));
    InitFunction init = import_find_init("counter", path);
    ModuleDef *def = need(init ? import_run_init("counter", init) : NULL);
    printf("PyInit_counter() gives a description, no module: %zd bytes of state, functions\n ",
           def->size);
    for (const MethodDef *ml = def->methods; ml->name; ml++)
        printf(" %s", ml->name);
    puts("\n");
    Object *first = need(module_from_def(def, "counter"));
    show_module("module_from_def", first);
    step("Phase one made the functions. What does phase two add?");
    must(module_exec_def(first));
    show_module("module_exec_def", first);
    step("Once more, a second module. Do both count together?");
    Object *second = need(import_extension(here(), "counter"));
    static const char *const steps[] = {"", "step=10", ""};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        printf("  first.count(%s)%*s", steps[i], 10 - (int)strlen(steps[i]), "");
        print_outcome(call(first, "count", steps[i]));
    }
    printf("  second.count()          ");
    print_outcome(call(second, "count", ""));
    puts("\nThe code is in memory once, and each module has a state for itself. That is why\n"
         "nothing may be in a static variable.");
    decref(first);
    decref(second);
}

/* ---- One's own plug-in -----------------------------------------------------------------------*/

static const char program[] = "extension_demo";

static int refused(void) {
    int status = usage_error(program, "%s: %s", error_name(error_occurred()), error_message());
    error_clear();
    return status;
}

/* A module from a path with a suffix, or a name, which is looked for here and beside this program;
 * NULL with an error. */
static Object *module_named(const char *word) {
    size_t length = strlen(word);
    const char *const *suffix = extension_suffixes;
    for (; *suffix; suffix++) {
        size_t end = strlen(*suffix);
        if (length > end && strcmp(word + length - end, *suffix) == 0) break;
    }
    if (*suffix) {
        char name[200];
        snprintf(name, sizeof name, "%.*s", (int)(strlen(base(word)) - strlen(*suffix)),
                 base(word));
        InitFunction init = import_find_init(name, word);
        ModuleDef *def = init ? import_run_init(name, init) : NULL;
        Object *module = def ? module_from_def(def, name) : NULL;
        if (module && module_exec_def(module) < 0) clear_ref(module);
        return module;
    }
    if (strchr(word, '/')) {
        error_set(ImportError, "'%.100s' ends neither in .small-1.so nor in .so", word);
        return NULL;
    }
    Object *module = import_extension(".", word);
    if (module || !error_matches(ModuleNotFoundError)) return module;
    error_clear();
    return import_extension(here(), word);
}

static void list_functions(Object *module) {
    const MethodDef *ml = module->type == &Module_Type ? ((Module *)module)->def->methods : NULL;
    for (; ml && ml->name; ml++) {
        Object *signature = need(method_text_signature(ml)), *doc = need(method_doc(ml));
        printf("%s%s\n    %s\n", ml->name, signature == None ? "(...)" : ((Str *)signature)->utf8,
               doc == None ? "no docstring" : ((Str *)doc)->utf8);
        decref(signature);
        decref(doc);
    }
}

static int work(int count, char **operands) {
    if (count == 0) return usage_error(program, "which module? see --help");
    Object *module = module_named(operands[0]);
    if (!module) return refused();
    int status = 0;
    Arguments args;
    Object *function = NULL;
    if (module->type != &Module_Type) {
        status = usage_error(program, "what %s makes is no module", operands[0]);
    } else if (count == 1) {
        list_functions(module);
    } else if (!(function = module_get_attr(module, operands[1])) ||
               arguments_from(&args, count - 2, operands + 2) < 0) {
        status = refused();
    } else {
        Object *result = object_vectorcall(function, args.values, args.nargs, args.kwnames);
        if (!result || object_write_repr(result, stdout) < 0)
            status = refused();
        else
            puts("");
        xdecref(result);
        arguments_drop(&args);
    }
    xdecref(function);
    decref(module);
    return status;
}

int main(int argc, char **argv) {
    static const Scene scenes[] = {
        {"find", "Which file is it?", play_find, NULL, false},
        {"open", "What is looked for in it?", play_open, NULL, false},
        {"phases", "From the description to a module, in two phases", play_phases, NULL, false},
        {"arrives", "One call: what arrives in C", play_arrives,
         "what the six kinds of function get from one and the same call", false},
        {"format", "Arguments by format string", play_format, NULL, false},
        {"wrong", "Every wrong thing, and what is said about it", play_wrong, NULL, false},
        {0},
    };
    static const Demo demo = {
        .program = program,
        .about =
            "Imports a plug-in (plugin.h) and calls one of its functions; without one lists\n"
            "them. MODULE is a file, or a name that is looked for in this directory and\n"
            "beside this program. ARG is a value, or NAME=VALUE: a number, None, True, False,\n"
            "'text' in quotes with \\0 for a NUL, b'bytes'; any other word is text, too.",
        .operands = "MODULE [FUNCTION [ARG...]]",
        .scenes = scenes,
        .work = work,
    };
    return demo_main(&demo, argc, argv);
}
