/* both.c: the facts that refcounting_demo --python compares, of Python's objects and of ours: what each
 * name is bound to, who died, what finalizers and callbacks did and in what order, every count.
 *
 * Python's objects have the labels that ours have: the child counts who is new after a statement, in
 * the order in which its collector, which does not run, lists them. It holds addresses, not references.
 */
#include "parts.h"

const char both_names_script[] =
    "import gc\n"
    "from types import CellType, FunctionType\n"
    "from sys import getrefcount\n"
    "from weakref import ref\n"
    "\n"
    "class Node:\n"
    "    __slots__ = ('x', 'y', '__weakref__')\n"
    "\n"
    "class Loud(Node):\n"
    "    __slots__ = ()\n"
    "    def __del__(self):\n"
    "        happens('__del__ of ' + label(self))\n"
    "\n"
    "class Phoenix(Node):\n"
    "    __slots__ = ()\n"
    "    def __del__(self):\n"
    "        happens('__del__ of ' + label(self))\n"
    "        names['kept'] = self\n"
    "\n"
    "def tell(ref):\n"
    "    happens('callback of ' + label(ref))\n"
    "\n"
    "def closure():\n"
    "    def f():\n"
    "        return f\n"
    "    return f\n"
    "\n"
    "def leak(op):\n"
    "    ctypes.pythonapi.Py_IncRef(ctypes.py_object(op))\n"
    "\n"
    "kinds = {list: 'list', Node: 'Node', Loud: 'Loud', Phoenix: 'Phoenix', ref: 'ref',\n"
    "         CellType: 'cell', FunctionType: 'function'}\n"
    "names = {'Node': Node, 'Loud': Loud, 'Phoenix': Phoenix, 'ref': ref, 'tell': tell,\n"
    "         'closure': closure, 'leak': leak, 'getrefcount': getrefcount, '__builtins__': {}}\n"
    "given = set(names)\n"
    "labels = {}  # by address\n"
    "numbered = 0\n"
    "happened = ''\n"
    "\n"
    "def happens(what):\n"
    "    global happened\n"
    "    happened += '; ' + what\n"
    "\n"
    "def label(op):\n"
    "    return labels.get(id(op)) or ('a new ' + kinds[type(op)] if type(op) in kinds else repr(op))\n"
    "\n"
    "def run(statement):\n"
    "    try:\n"
    "        try:\n"
    "            code = compile(statement, 'typed', 'eval')\n"
    "        except SyntaxError:\n"
    "            exec(compile(statement, 'typed', 'exec'), names)\n"
    "            return ''\n"
    "        value = eval(code, names)\n"
    "        return '' if value is None else label(value)\n"
    "    except Exception as error:\n"
    "        return type(error).__name__ + ': ' * bool(str(error)) + str(error).replace('\\n', ' ')\n"
    "\n"
    "def settle():\n"
    "    # Returns the labels of who has died, and gives labels to who is new. No list is made here.\n"
    "    global numbered\n"
    "    alive = {}\n"
    "    for op in gc.get_objects(0):\n"
    "        if type(op) in kinds:\n"
    "            alive[id(op)] = kinds[type(op)]\n"
    "    died = ''\n"
    "    for address, text in tuple(labels.items()):\n"
    "        if alive.get(address) != text.split()[0]:\n"
    "            died += ', ' + labels.pop(address)\n"
    "    for address, kind in alive.items():\n"
    "        if address not in labels:\n"
    "            numbered += 1\n"
    "            labels[address] = '%s %d' % (kind, numbered)\n"
    "    return died\n"
    "\n"
    "def tell_all(out):\n"
    "    for name, op in names.items():\n"
    "        if name not in given:\n"
    "            print('name %s: %s' % (name, label(op)), file=out)\n"
    "    op = None\n"
    "    for address, text in labels.items() if known else ():\n"
    "        print('%s count: %d' % (text, ctypes.c_ssize_t.from_address(address).value), file=out)\n"
    "        if text.startswith('list'):\n"
    "            size = sys.getsizeof(ctypes.cast(address, ctypes.py_object).value)\n"
    "            print('%s bytes: %d' % (text, size), file=out)\n"
    "\n"
    "def main():\n"
    "    global happened\n"
    "    out = open(1, 'w', encoding='utf-8', errors='backslashreplace', newline='\\n', closefd=False)\n"
    "    print('both', 'known' if known else 'unknown', sys.version.split()[0], file=out, flush=True)\n"
    "    gc.disable()\n"
    "    for statement in 'None', '?', 'kept = None', 'del kept':  # what they need is made now\n"
    "        run(statement)\n"
    "    if known:\n"
    "        leak(ctypes.cast(id(names), ctypes.py_object).value)\n"
    "    gc.freeze()\n"
    "    for line in sys.stdin.buffer:\n"
    "        happened = ''\n"
    "        says = run(line.decode('utf-8', 'replace').rstrip('\\n'))\n"
    "        died = settle()\n"
    "        print('says: ' + says, file=out)\n"
    "        print('happened: ' + happened, file=out)\n"
    "        print('died: ' + died, file=out)\n"
    "        tell_all(out)\n"
    "        print('end', file=out, flush=True)\n"
    "\n"
    "main()\n";

void both_write_names(FILE *out) {
    char label[LABEL_SIZE];
    fprintf(out, "died: ");
    for (size_t i = 0; i < world.nobjects; i++) {
        const Known *it = &world.objects[i];
        if (!it->op && it->number) fprintf(out, ", %s %d", world_kind(it->type), it->number);
    }
    fputc('\n', out);
    for (size_t i = 0; i < world.nnames; i++)
        fprintf(out, "name %s: %s\n", world.names[i].text,
                world_label(world.names[i].value, label));
    for (size_t i = 0; i < world.nobjects; i++) {
        const Object *op = world.objects[i].op;
        if (!op) continue;
        world_label(op, label);
        fprintf(out, "%s count: %zd\n", label, op->refcnt);
        if (op->type == &List_Type) fprintf(out, "%s bytes: %zu\n", label, world_bytes(op));
    }
}
