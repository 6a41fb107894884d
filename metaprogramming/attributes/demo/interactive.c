/* interactive.c: statements from stdin, each run and told and, with --python, run in python3, too:
 * what it says, the calls of lambdas in their order, and what every instance has of its own must be
 * the same. */
#include "../../../common/both.h"
#include "demo.h"

/* What the child does. Its names are those of world_begin(). */
static const char script[] =
    "from types import FunctionType\n"
    "\n"
    "def fail(why):\n"
    "    raise AttributeError(why if type(why) is str else type(why).__name__)\n"
    "\n"
    "def names_of(op):\n"
    "    return tuple(name for name in dir(op) if name[:2] != '__')\n"
    "\n"
    "names = {'fail': fail, 'names': names_of, '__name__': '__main__',\n"
    "         '__builtins__': {'__build_class__': __build_class__}}\n"
    "for it in (object, type, property, staticmethod, classmethod, super, str, len, repr, getattr,\n"
    "           setattr, delattr):\n"
    "    names[it.__name__] = it\n"
    "given = set(names)\n"
    "called = []\n"
    "\n"
    "def profile(frame, event, argument):\n"
    "    code = frame.f_code\n"
    "    if event == 'call' and code.co_name == '<lambda>' and len(called) < 40:\n"
    "        called.append('%d(%s) ' % (code.co_firstlineno, ', '.join(code.co_varnames[:code.co_argcount])))\n"
    "\n"
    "def show(x):\n"
    "    t = type(x)\n"
    "    if issubclass(t, type): return '<class %s>' % type.__getattribute__(x, '__name__')\n"
    "    if t is tuple: return '(' + ', '.join(map(show, x)) + (',)' if len(x) == 1 else ')')\n"
    "    if t is dict: return '{' + ', '.join('%r: %s' % (k, show(v)) for k, v in x.items()) + '}'\n"
    "    if x is None or t in (int, bool, str): return repr(x)\n"
    "    return '<%s>' % {'method-wrapper': 'method', 'method_descriptor': 'function'}.get(t.__name__, t.__name__)\n"
    "\n"
    "def own_dict(op):\n"
    "    # Past all hooks; None where a class has put something of its own in the place.\n"
    "    if not type(op).__flags__ & 512 or issubclass(type(op), type): return None\n"
    "    for cls in type.__getattribute__(type(op), '__mro__'):\n"
    "        it = type.__dict__['__dict__'].__get__(cls).get('__dict__', own_dict)\n"
    "        if it is not own_dict:\n"
    "            return it.__get__(op) if type(it).__name__ == 'getset_descriptor' else None\n"
    "\n"
    "def run(statement, number):\n"
    "    text = '\\n' * (number - 1) + statement\n"
    "    try:\n"
    "        try:\n"
    "            code = compile(text, 'typed', 'eval')\n"
    "        except SyntaxError:\n"
    "            code = compile(text, 'typed', 'exec')\n"
    "        sys.setprofile(profile)\n"
    "        value = eval(code, names)\n"
    "        sys.setprofile(None)\n"
    "        return '' if value is None else show(value)\n"
    "    except RecursionError:\n"
    "        return 'RecursionError'\n"
    "    except Exception as error:\n"
    "        sys.setprofile(None)\n"
    "        return type(error).__name__ + ': ' * bool(str(error)) + str(error).replace('\\n', ' ')\n"
    "    finally:\n"
    "        sys.setprofile(None)\n"
    "\n"
    "out = open(1, 'w', encoding='utf-8', errors='backslashreplace', newline='\\n', closefd=False)\n"
    "print('both', 'known' if known else 'unknown', sys.version.split()[0], file=out, flush=True)\n"
    "for line in sys.stdin.buffer:\n"
    "    called.clear()\n"
    "    number, statement = line.decode('utf-8', 'replace').rstrip('\\n').split(' ', 1)\n"
    "    print('says: ' + run(statement, int(number)), file=out)\n"
    "    print('calls: ' + ''.join(called), file=out)\n"
    "    for name, op in names.items():\n"
    "        if name in given: continue\n"
    "        print('name %s: %s' % (name, show(op)), file=out)\n"
    "        own = own_dict(op)\n"
    "        if own is not None: print('%s.__dict__: %s' % (name, show(own)), file=out)\n"
    "    print('end', file=out, flush=True)\n";

/* The same facts of ours. */
static void write_names(FILE *out) {
    ssize_t pos = 0;
    Str *name;
    for (Object *value; dict_next(world.names, &pos, &name, &value);) {
        if (value->type == &Builtin_Type) continue;
        if (type_check(value) && !(((Type *)value)->flags & HEAPTYPE)) continue;
        fprintf(out, "name %s: ", name->text);
        show(value, out);
        fputc('\n', out);
        if (type_check(value) || !(value->type->flags & MANAGED_DICT)) continue;
        const Object *it = type_lookup(value->type, id.dict);
        if (!it || it->type != &GetSet_Type) continue; // a class has put something of its own there
        fprintf(out, "%s.__dict__: {", name->text);
        ssize_t at = 0;
        Str *key;
        bool first = true;
        for (Object *own; object_own_next(value, &at, &key, &own); first = false) {
            fprintf(out, "%s'%s': ", first ? "" : ", ", key->text);
            show(own, out);
        }
        fputs("}\n", out);
    }
}

/* Runs a line that makes sense. */
static void run(const char *line, Both *both) {
    char *facts = NULL, *calls = NULL, *said = NULL;
    size_t size[3];
    world.line++;
    world.ncalls = 0;
    world.calls = open_memstream(&calls, &size[0]);
    FILE *say = open_memstream(&said, &size[1]);
    if (!world.calls || !say) need(error_no_memory());
    Object *result = statement_run(line);
    if (result != None) show_result(result, say);
    xdecref(result);
    if (fclose(say) != 0 || fclose(world.calls) != 0) need(error_no_memory());
    world.calls = NULL;
    if (*said && !world.silent) printf("    => %s\n", said);
    if (both && both->pid > 0) {
        FILE *out = open_memstream(&facts, &size[2]);
        if (!out) need(error_no_memory());
        fprintf(out, "says: %s\ncalls: %s\n", said, calls);
        write_names(out);
        char *numbered = need(malloc(strlen(line) + 16));
        sprintf(numbered, "%d %s", world.line, line);
        if (fclose(out) == 0) both_compare(both, numbered, facts, stdout);
        free(numbered);
        free(facts);
    }
    free(calls);
    free(said);
}

Object *quietly(const char *line) {
    bool before = world.quiet;
    world.quiet = true;
    Object *result = statement_run(line);
    world.quiet = before;
    return result;
}

void must_run(const char *line) {
    decref(need(quietly(line)));
}

void demo_type(const char *line) {
    int column = 2;
    printf("  %s", color("36"));
    for (const char *c = line, *end; *c;
         c = end) { // up to the next "; ": a line of its own if need be
        end = strstr(c, "; ");
        end = end ? end + 2 : c + strlen(c);
        int length = (int)(end - c);
        bool wraps = column + length > 80;
        printf("%s%.*s", wraps ? "\n      " : "", length, c);
        column = (wraps ? 6 : column) + length;
    }
    printf("%s\n", color("0"));
    if (!statement_check(line)) exit(2);
    run(line, NULL);
}

/* One line of input. False: quit. */
static bool run_line(char *line, size_t length, Both *both) {
    while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
        line[--length] = '\0';
    if (strlen(line) != length) {
        usage_error(telling.demo->program, "a line ends where a null byte is");
        return true;
    }
    line += strspn(line, " \t");
    if (*line == '#' || *line == '\0') return true;
    if (strcmp(line, "quit") == 0) return false;
    if (strcmp(line, "help") == 0 || strcmp(line, "?") == 0) {
        fputs(can_be_typed, stdout);
        return true;
    }
    if (!statement_check(line)) return true;
    if (!world.silent && !isatty(STDIN_FILENO)) printf(">>> %s\n", line);
    run(line, both);
    return true;
}

int demo_interactive(bool python, const char *dot) {
    bool prompt = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && !dot,
         memory = dot && strcmp(dot, "memory") == 0;
    if (dot && !memory && strcmp(dot, "lookup") != 0)
        return usage_error(telling.demo->program, "--dot draws lookup or memory, not '%s'", dot);
    if (dot && python) return usage_error(telling.demo->program, "--dot takes no --python");
    Both both = {0};
    AttributeCounts counts = {0};
    if (python) both_start(&both, telling.demo->program, script);
    world_begin();
    world.quiet = world.silent = dot != NULL;
    if (dot) attribute_count(&counts);
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    if (prompt) fputs(can_be_typed, stdout);
    do {
        if (prompt) printf(">>> ");
        fflush(stdout);
        errno = 0;
        length = getline(&line, &capacity, stdin);
    } while (length >= 0 && run_line(line, (size_t)length, &both));
    int status = 0;
    if (length < 0 && (ferror(stdin) || errno == ENOMEM))
        status = usage_error(telling.demo->program, "cannot read '-': %s", strerror(errno));
    if (prompt && length < 0) putchar('\n');
    attribute_count(NULL);
    if (memory && status == 0) status = draw_memory();
    if (dot && !memory && status == 0) draw_lookups(&counts);
    free(line);
    world_end();
    both_end(&both);
    return status;
}
