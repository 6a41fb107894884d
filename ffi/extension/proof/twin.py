"""The twin of twin.c: the same formats, functions and modules, asked of CPython's own C API through ctypes.

Functions and modules are made of the same structures as in C; what they run is a Python function behind an address. Such
a function cannot raise: so what is compared is what is said around it.
"""

import ctypes
from collections.abc import Callable, Sequence
from functools import partial
from importlib.machinery import ModuleSpec
from typing import Any

api = ctypes.pythonapi
SLOTS = 4
SINGLE_FORMATS = ["L:f", "d:f", "f:f", "p:f", "s:f", "z:f", "U:f", "S:f", "O!:f", "O:f", "s", "s;all of it"]
SMALL_FORMATS = ["i:f", "l:f", "n:f", "i", "l;all of it"]
VALUES = ["None", "True", "0", "1", "-1", "255", "1.5", "-0.0", "6.243497100631985e+144", "''", "'text'", "'a\\0b'", "b'bytes'", "b''", "()",
          "2147483647", "-2147483648", "2147483648", "-2147483649", "9223372036854775807", "9223372036854775808",
          "-9223372036854775808", "-9223372036854775809", "18446744073709551615"]
SMALL = 17
FORMATS = ["", ":f", "i", "i:f", "ii:f", "i|i:f", "|ii:f", "|i", "ii;all of it", "i|:f", "s|d:f", "i|O!:f", "X:f", "iX:f",
           "i|X:f", "|:f", "iii|i:a_name"]
CALLS = ["", "1", "1 2", "1 2 3", "1 2 3 4", "1 2 3 4 5", "'a'", "1 'b'", "'a' 1.5", "1 'b' None", "1 None"]
KEYWORD_FORMATS = [  # a format, and the parameters' names; - is one by position only
    "ii:f a b", "i|i:f a b", "|ii:f a b", "i$i:f a b", "i|$i:f a b", "|$ii:f a b", "|i$i:f a b", "ii a b", "i|$i a b",
    "ii;all_of_it a b", "ii:f - b", "i|i:f - b", "|ii:f - b", "ii:f - -", "|ii - -", "ii|i:f - - c", "i|ii:f - - c",
    "i|i$i:f a b c", "i:f a", "|$i:f a", ":f", "", "i|i|i:f a b c", "i$i|i:f a b c", "i$i$i:f a b c", "iii:f a b", "i:f a b",
    "$ii:f - b", "ii:f a -", "iX:f a b", "i|X:f a b", "sz|$O:f - b c"]
KEYWORD_CALLS = ["", "1", "1 2", "1 2 3", "1 2 3 4", "a=1", "b=2", "1 b=2", "1 a=2", "a=1 b=2", "b=2 a=1", "x=1", "1 x=2", "1 2 x=3",
                 "1 2 a=3", "1 b=2 x=3", "a='s'", "1 b='s'", "1 c=3", "1 2 c=3", "a=1 b=2 c=3", "c=3", "'a' None", "'a' b='b' c=()"]
FUNCTION_CALLS = ["", "1", "1 2", "1 2 3", "x=1", "1 x=2", "1 x=2 y=3"]
FLAGS = [0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 128, 129, 130, 132, 136]

# How many bytes of a slot a character fills, and how they are read.
C_TYPES: dict[str, Any] = {"i": ctypes.c_int, "p": ctypes.c_int, "l": ctypes.c_long, "L": ctypes.c_longlong, "n": ctypes.c_ssize_t,
                           "d": ctypes.c_double, "f": ctypes.c_float, "s": ctypes.c_char_p, "z": ctypes.c_char_p}


def arguments_of(call: str) -> tuple[tuple[object, ...], dict[str, object]]:
    """By position, and by name."""
    pairs = [word.rpartition("=") for word in call.split(" ") if word]
    return tuple(eval(v) for n, _, v in pairs if not n), {n: eval(v) for n, _, v in pairs if n}


def outcome(call: Callable[[], object]) -> str:
    """A result's repr, without addresses, or the error."""
    try:
        result = call()
    except Exception as error:
        return f"{type(error).__name__}: {error}".removesuffix(": ")
    return f"<module '{result.__name__}'>" if isinstance(result, type(api_module)) else repr(result)


# ---- Formats ------------------------------------------------------------------------------------


def stored(format: str, slots: Sequence[Any]) -> tuple[object, ...]:
    """What the parsed characters of the format have left."""
    items: list[object] = []
    for character in format.partition(":")[0].partition(";")[0]:
        if len(items) == SLOTS or not (character in C_TYPES or character in "USO"):
            continue
        slot = slots[len(items)]
        value = C_TYPES.get(character, ctypes.c_void_p).from_buffer(slot).value
        if character in "USO":
            value = ctypes.py_object.from_buffer(slot).value if value else None
        items.append(value.decode() if isinstance(value, bytes) and character in "sz" else value)
    return tuple(items)


def parse(format: str, call: str) -> None:
    """PyArg_ParseTuple()."""
    args, _ = arguments_of(call)
    slots = [ctypes.create_string_buffer(8) for _ in range(SLOTS)]
    addresses: list[Any] = [ctypes.byref(slot) for slot in slots]
    if "!" in format:
        addresses.insert(format.index("!") - 1 - format.count("|"), ctypes.py_object(str))

    def run() -> object:
        """Raises what it raises."""
        api.PyArg_ParseTuple(ctypes.py_object(args), format.encode(), *addresses)
        return stored(format, slots)

    print(f"{format} ({call}): {outcome(run)}")


def parse_keywords(row: str, call: str) -> None:
    """PyArg_ParseTupleAndKeywords()."""
    format, *names = row.split(" ")
    args, kwargs = arguments_of(call)
    slots = [ctypes.create_string_buffer(8) for _ in range(SLOTS)]
    array = (ctypes.c_char_p * (len(names) + 1))(*(name.replace("-", "").encode() for name in names), None)

    def run() -> object:
        """Raises what it raises."""
        given = ctypes.py_object(kwargs) if kwargs else None
        api.PyArg_ParseTupleAndKeywords(ctypes.py_object(args), given, format.encode(), array, *map(ctypes.byref, slots))
        return stored(format, slots)

    print(" ".join([format, *names]) + f" ({call}): {outcome(run)}")


# ---- Functions ----------------------------------------------------------------------------------


class MethodDef(ctypes.Structure):
    """PyMethodDef."""

    _fields_ = [("name", ctypes.c_char_p), ("meth", ctypes.c_void_p), ("flags", ctypes.c_int), ("doc", ctypes.c_char_p)]


def value_at(address: int | None) -> object:
    """The object at this address; None for NULL."""
    return ctypes.cast(address, ctypes.py_object).value if address else None


def array_at(address: int | None, count: int) -> tuple[object, ...]:
    """So many objects from this address on."""
    return tuple((ctypes.py_object * count).from_address(address)) if address and count else ()


P, N = ctypes.c_void_p, ctypes.c_ssize_t
give_arg = ctypes.PYFUNCTYPE(ctypes.py_object, P, P)(lambda module, arg: value_at(arg))
give_both = ctypes.PYFUNCTYPE(ctypes.py_object, P, P, P)(lambda module, args, kwargs: (value_at(args), value_at(kwargs)))
give_array = ctypes.PYFUNCTYPE(ctypes.py_object, P, P, N)(lambda module, args, nargs: array_at(args, nargs))
give_nothing = ctypes.PYFUNCTYPE(P, P, P)(lambda module, arg: None)


def names_too(module: int, args: int, nargs: int, kwnames: int | None) -> object:
    """The values, and the names of the last of them."""
    names: Any = value_at(kwnames)
    return array_at(args, nargs + len(names or ())), names


give_names = ctypes.PYFUNCTYPE(ctypes.py_object, P, P, N, P)(names_too)


METHODS: list[tuple[str, Any, int, str | None]] = [
    ("varargs", give_arg, 0x0001, "varargs($module, *args)\n--\n\nThe tuple."),
    ("keywords", give_both, 0x0003, "keywords(*args, **kwargs)\n--\n\n"),
    ("noargs", give_arg, 0x0004, "noargs($module, /)\n--\n\nNone.\n\nAlways."),
    ("one", give_arg, 0x0008, "one(a, /)\n--\nwithout an empty line"),
    ("fast", give_array, 0x0080, "fast(a)\n\nb)\n--\n\nthe end is too late"),
    ("names", give_names, 0x0082, "another(a)\n--\n\nanother name"),
    ("null", give_nothing, 0x0004, None),
    ("empty", give_arg, 0x0004, ""),
    ("text", give_arg, 0x0008, "Text only."),
    ("open", give_arg, 0x0008, "open(a"),
    ("nested", give_arg, 0x0008, "nested(a=(1, 2))\n--\n\n(Brackets.)"),
]
kept: list[object] = []  # what C holds no reference to


def method_def(name: str | None, function: Any, flags: int, doc: str | None) -> MethodDef:
    """One row of a table."""
    address = ctypes.cast(function, ctypes.c_void_p) if function else None
    return MethodDef(name.encode() if name else None, address, flags, doc.encode() if doc is not None else None)


def print_functions(module: Any) -> None:
    """Every call of every function, what its docstring says; which flags are taken."""
    for name, *_ in METHODS:
        function = getattr(module, name)
        for call in FUNCTION_CALLS:
            args, kwargs = arguments_of(call)
            # By partial(), which calls as function(1, 2) does: function(*args) does not look whether NULL has an error with
            # it, and function(**{}) gives an empty dict.
            print(f"{name}({call}): {outcome(partial(function, *args, **kwargs))}")
        print(f"{name}: {function.__text_signature__!r}")
        print(f"{name}: {function.__doc__!r}")
    api.PyCMethod_New.restype = ctypes.py_object
    for flags in FLAGS:
        kept.append(ml := method_def("f", give_arg, flags, None))
        made = outcome(lambda: api.PyCMethod_New(ctypes.byref(ml), ctypes.py_object(module), None, None))
        print(f"flags {flags}: {made.partition(' of ')[0]}{'>' if ' of ' in made else ''}")


# ---- Modules ------------------------------------------------------------------------------------


class ModuleSlot(ctypes.Structure):
    """PyModuleDef_Slot."""

    _fields_ = [("slot", ctypes.c_int), ("value", ctypes.c_void_p)]


class ModuleDef(ctypes.Structure):
    """PyModuleDef: the head of an object, three fields of the import system's, and what a module says of itself."""

    _fields_ = [("refcnt", N), ("type", P), ("init", P), ("index", N), ("copy", P), ("name", ctypes.c_char_p),
                ("doc", ctypes.c_char_p), ("size", N), ("methods", P), ("slots", P), ("traverse", P), ("clear", P), ("free", P)]


def execute(module: int) -> int:
    """module.EXECUTED = 1"""
    setattr(value_at(module), "EXECUTED", 1)
    return 0


WELL = (2, ctypes.PYFUNCTYPE(ctypes.c_int, P)(execute))
BADLY = (2, ctypes.PYFUNCTYPE(ctypes.c_int, P)(lambda module: -1))
NUMBER = (1, ctypes.PYFUNCTYPE(ctypes.py_object, P, P)(lambda spec, definition: 1000))
NOTHING = (1, ctypes.PYFUNCTYPE(P, P, P)(lambda spec, definition: None))
MODULES: list[tuple[str, int, bool, list[tuple[int, Any]]]] = [
    ("plain", 0, True, []),
    ("with state", 8, True, [WELL]),
    ("executed twice", 0, False, [WELL, WELL]),
    ("negative size", -1, False, []),
    ("executed badly", 0, False, [BADLY]),
    ("badly at last", 0, False, [WELL, BADLY]),
    ("unknown slot", 0, False, [WELL, (99, None)]),
    ("slot below 0", 0, False, [(-1, None)]),
    ("created twice", 0, False, [NUMBER, NUMBER]),
    ("a number without text", 0, False, [NUMBER]),
    ("a number", 0, False, [NUMBER]),
    ("a number with functions", 0, True, [NUMBER]),
    ("a number with state", 8, False, [NUMBER]),
    ("a number, executed", 0, False, [NUMBER, WELL]),
    ("nothing created", 0, False, [NOTHING]),
]


def module_of(doc: bytes | None, size: int, methods: bool, slots: list[tuple[int, Any]]) -> Any:
    """Both phases; PYTHON_API_VERSION is 1013."""
    rows = [method_def(*row) for row in METHODS] + [method_def(None, None, 0, None)]
    table = (MethodDef * len(rows))(*rows)
    slot_table = (ModuleSlot * (len(slots) + 1))(*(ModuleSlot(n, ctypes.cast(f, P) if f else None) for n, f in slots))
    definition = ModuleDef(name=b"m", doc=doc, size=size, methods=ctypes.addressof(table) if methods else None,
                           slots=ctypes.addressof(slot_table))
    kept.extend((table, slot_table, definition))
    api.PyModuleDef_Init.restype = P
    api.PyModuleDef_Init(ctypes.byref(definition))
    api.PyModule_FromDefAndSpec2.restype = ctypes.py_object
    module = api.PyModule_FromDefAndSpec2(ctypes.byref(definition), ctypes.py_object(ModuleSpec("m", None)), 1013)
    if isinstance(module, type(ctypes)):
        api.PyModule_ExecDef(ctypes.py_object(module), ctypes.byref(definition))
    return module


def print_modules() -> None:
    """What becomes of each definition."""
    for what, size, methods, slots in MODULES:
        doc = None if "without text" in what else b"Its text."
        result = outcome(lambda: module_of(doc, size, methods, slots))
        if result == "<module 'm'>":
            module = module_of(doc, size, methods, slots)
            result = ", ".join([result, *(outcome(lambda: getattr(module, name)) for name in ("__name__", "__doc__", "EXECUTED"))])
        print(f"{what}: {result}")


api_module = module_of(None, 0, True, [])
for one in SINGLE_FORMATS:
    for text in VALUES:
        parse(one, text)
for one in SMALL_FORMATS:
    for text in VALUES[:SMALL]:
        parse(one, text)
for one in FORMATS:
    for text in CALLS:
        parse(one, text)
for one in KEYWORD_FORMATS:
    for text in KEYWORD_CALLS:
        parse_keywords(one, text)
print_functions(api_module)
print(outcome(lambda: api_module.absent))
print("-1", outcome(lambda: api.PyModule_AddObjectRef(ctypes.py_object(api_module), b"absent", None)))
print_modules()
