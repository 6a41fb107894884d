"""ctypes' own answers: where fields are, the bytes of every value in every type, and what twin.inc's lines give.

usage: [TWIN=build/ffi/ctypes_twin] twin.py: beside that program is libsample.so, whose functions are called.
"""

import ast
import ctypes
import os
import re
import sys
from pathlib import Path
from typing import Any

CODES: dict[str, Any] = {
    "c": ctypes.c_char, "b": ctypes.c_byte, "B": ctypes.c_ubyte, "h": ctypes.c_short, "H": ctypes.c_ushort,
    "i": ctypes.c_int, "I": ctypes.c_uint, "l": ctypes.c_long, "L": ctypes.c_ulong, "q": ctypes.c_longlong,
    "Q": ctypes.c_ulonglong, "f": ctypes.c_float, "d": ctypes.c_double, "g": ctypes.c_longdouble,
    "?": ctypes.c_bool, "P": ctypes.c_void_p, "z": ctypes.c_char_p, "Z": ctypes.c_wchar_p, "u": ctypes.c_wchar,
}
INTEGERS = "bBhHiIlLqQ?"
VALUES = (
    "None True False 0 1 -1 65 127 128 -128 -129 255 256 32767 32768 -32768 -32769 65535 65536 2147483647 2147483648 "
    "-2147483648 -2147483649 4294967295 4294967296 9007199254740993 9223372036854775807 9223372036854775808 "
    "-9223372036854775808 -9223372036854775809 18446744073709551615 -18446744073709551615 0.0 -0.0 1.5 0.1 1e39 1e-46 "
    "3.4028235677973366e+38 1.7976931348623157e+308 5e-324 inf -inf nan b'' b'a' b'ab' b'a\\0b' b'\\0' '' 'a' 'ab' 'a\\0b' "
    "'é' 'ß€' '😀' () (1,2)"
)
MASK = 2**64 - 1
library = ctypes.CDLL(str(Path(os.environ.get("TWIN", "build/ffi/ctypes_twin")).with_name("libsample.so")), use_errno=True)
names: dict[str, Any] = {}
ignored = False


def error(caught: Exception) -> str:
    """Type and message, the library by its name alone."""
    return f"{type(caught).__name__}: {re.sub(r'[^ ]*libsample', 'libsample', str(caught))}"


# ---- Random structures ------------------------------------------------------------------------


class Random:
    """splitmix64."""

    state = 17

    def below(self, limit: int) -> int:
        """The next number, below the limit; of 0, all 64 bits."""
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
        z ^= z >> 31
        return z % limit if limit else z


def random_field(random: Random, pool: list[Any], i: int) -> tuple[str, tuple[Any, ...]]:
    """A field as the line shows it, and as _fields_ wants it."""
    what = random.below(100)
    code = ("c?bBhHiIlLqQfdgPzZu" "bBhHiIlLqQ")[random.below(29)]
    kind, shown = CODES[code], code
    if what < 10:
        length = 1 + random.below(4)
        kind, shown = kind * length, f"{code}[{length}]"
    elif what < 20 and pool:
        index = random.below(len(pool))
        if ctypes.sizeof(pool[index]) <= 100:
            kind, shown = pool[index], pool[index].__name__
    elif what < 23:
        kind, shown = ctypes.POINTER(kind), code + "*"
    elif random.below(2) and code in INTEGERS:
        bits = 1 + random.below(8 * ctypes.sizeof(kind))
        return f"{shown}:{bits}", (f"f{i}", kind, bits)
    return shown, (f"f{i}", kind)


def random_structures() -> None:
    """2000 of them: a line each with sizes, offsets, and the bytes after a number was assigned to each integer."""
    random = Random()
    pool: list[Any] = []
    for n in range(2000):
        is_union, packed = random.below(5) == 0, random.below(4)
        pack = 1 << random.below(4)
        parent: Any = ctypes.Union if is_union else ctypes.Structure
        base = parent
        if random.below(6) == 0 and pool:
            base = pool[random.below(len(pool))]
            if not issubclass(base, parent) or ctypes.sizeof(base) > 100:
                base = parent
        fields = [random_field(random, pool, i) for i in range(1 + random.below(6))]
        body: dict[str, Any] = {"_pack_": pack} if packed == 0 else {}
        made = type(f"T{n}", (base,), {**body, "_fields_": [field for _, field in fields]})
        heads = [made.__name__, "union" if is_union else "struct", f"pack={pack}" if packed == 0 else "",
                 base.__name__ if base is not parent else "", f"size={ctypes.sizeof(made)} align={ctypes.alignment(made)}"]
        line, value = " ".join(word for word in heads if word), made()
        for shown, field in fields:
            name, own = field[0], getattr(made, field[0])
            line += f", {shown} {own.offset} {own.size}"
            low, bits = (own.size & 0xFFFF, own.size >> 16) if len(field) == 3 else (0, 0)
            width = ctypes.sizeof(field[1])
            inside = low + bits <= 8 * width and 0 <= own.offset <= ctypes.sizeof(made) - width
            if field[1] in [CODES[code] for code in INTEGERS] and inside:  # else ctypes reads and writes what is not its own
                setattr(value, name, random.below(0))
                line += f"={int(getattr(value, name))}"
        print(line)
        print(f"    {bytes(value).hex()}")
        pool = [*pool, made][-16:]


# ---- Every value in every type ----------------------------------------------------------------


def token(text: str) -> Any:
    """What a word stands for: a literal or a name."""
    if text in ("inf", "-inf", "nan"):
        return float(text)
    return names[text] if text in names else ast.literal_eval(text)


def show(value: Any) -> str:
    """A value's repr; of memory with a type its type alone."""
    if isinstance(value, (ctypes.Structure, ctypes.Union, ctypes.Array, ctypes._Pointer)):
        return f"<{type(value).__name__}>"
    return repr(value)


def attempt(code: str, word: str) -> str:
    """The value as the type keeps it, and as a C function gives it back."""
    value, kind = token(word), CODES[code]
    texts = code in "zZ" and isinstance(value, (int, float)) and value != 0
    try:
        made = "an address" if texts and isinstance(value, int) else kind(value)
        hidden = code in "PzZ" or made == "an address"
        # Of a long double the rest is padding, and that is anything.
        said = "" if hidden else bytes(made)[:10].hex() + " "
        said += made if isinstance(made, str) else repr(made.value)
    except Exception as caught:
        said = error(caught)
    echo = library[f"echo_{code if code != '?' else 't'}"]
    echo.argtypes, echo.restype = [kind], kind
    try:
        back = echo(value)
        said += " -> " + ("an address" if code == "P" and isinstance(value, (bytes, str)) else repr(back))
    except ctypes.ArgumentError:
        said += " -> refused"
    return said


# ---- twin.inc ---------------------------------------------------------------------------------


def kind_of(text: str) -> Any:
    """A class from its spelling: a code, a name, i*, i[3]; v is None."""
    if text.endswith("*"):
        return ctypes.POINTER(kind_of(text[:-1]))
    if text.endswith("]"):
        inner, length = text[:-1].rsplit("[", 1)
        return kind_of(inner) * int(length)
    return None if text == "v" else CODES[text] if text in CODES else names[text]


def raise_no(*args: Any) -> Any:
    """Fails."""
    raise ValueError("no")


CALLABLES = {
    "double": lambda x, *rest: 2 * x, "raise": raise_no, "text": lambda x: "text", "none": lambda x: None,
    "args": lambda result, function, args: args, "compare": lambda a, b: a[0] - b[0],
    "weigh": lambda p, by: (p.x + p.y) * by, "5": 5, "text5": "5",
}


def define(verb: str, name: str, words: list[str]) -> Any:
    """A structure or union."""
    body: dict[str, Any] = {}
    base: Any = ctypes.Structure if verb == "struct" else ctypes.Union
    fields = []
    for word in words:
        if word.startswith("base="):
            base = names[word[5:]]
        elif word.startswith("pack="):
            body["_pack_"] = int(word[5:])
        else:
            field, kind, *bits = word.split(":")
            fields.append((field, kind_of(kind), *map(int, bits)))
    if verb == "fields":
        names[name]._fields_ = fields
        return names[name]
    return type(name, (base,), {**body, "_fields_": fields} if fields else body)


def execute(verb: str, words: list[str]) -> Any:
    """One line; what it gives, None for nothing to show."""
    first, rest = words[0], words[1:]
    subject: Any = names.get(first)
    match verb:
        case "open":
            ctypes.CDLL(first)
        case "func":
            names[first] = library[rest[0]]
        case "variable":
            names[first] = kind_of(rest[0 + 1]).in_dll(library, rest[0])
        case "struct" | "union" | "fields":
            names[first] = define(verb, first, rest)
        case "show":
            print(f"    size {ctypes.sizeof(subject)} align {ctypes.alignment(subject)}")
            for field in subject._fields_:
                print(f"    {field[0]} {getattr(subject, field[0])}")
        case "argtypes":
            subject.argtypes = [kind_of(word) for word in rest]
        case "restype":
            subject.restype = kind_of(rest[0])
        case "errcheck":
            if rest[0] == "-":
                del subject.errcheck
            else:
                subject.errcheck = CALLABLES[rest[0]]
        case "functype":
            names[first] = ctypes.CFUNCTYPE(kind_of(rest[0]), *[kind_of(word) for word in rest[1:]])
        case "callback":
            names[first] = names[rest[0]](CALLABLES[rest[1]])
        case "new" | "array":
            keywords = {word.split("=")[0]: token(word.split("=")[1]) for word in rest[1:] if re.match("[a-z]+=", word)}
            values = [token(word) for word in rest[1:] if not re.match("[a-z]+=", word)]
            names[first] = kind_of(rest[0])(*values, **keywords)
        case "buffer":
            init = token(rest[0])
            size = [int(word) for word in rest[1:]]
            names[first] = ctypes.create_string_buffer(*([size[0]] if init is None else [init, *size]))
        case "call":
            return subject(*[token(word) for word in rest]), True
        case "get":
            return getattr(subject, rest[0]), True
        case "set":
            setattr(subject, rest[0], token(rest[1]))
        case "item":
            return subject[int(rest[0])], True
        case "put":
            subject[int(rest[0])] = token(rest[1])
        case "len":
            return len(subject), True
        case "bytes":
            print(f"    {bytes(subject).hex()}")
        case "repr":
            return (subject, True) if isinstance(subject, ctypes._SimpleCData) else (subject.__name__, True)
        case "byref":
            names[first] = ctypes.byref(token(rest[0]), *[int(word) for word in rest[1:]])
        case "pointer":
            names[first] = ctypes.pointer(token(rest[0]))
        case "cast":
            names[first] = ctypes.cast(token(rest[0]), kind_of(rest[1]))
        case "addressof":
            ctypes.addressof(token(first))
        case "errno":
            return ctypes.set_errno(int(first)), True
    return None, False


def unraisable(args: Any) -> None:
    """What a callback raised, without the address of what was called."""
    global ignored
    ignored = True
    words = re.sub(" at 0x[0-9a-f]*", "", args.err_msg or "")
    print(f"    {words}: {error(args.exc_value)}")


def main() -> None:
    """All of it."""
    global ignored
    sys.unraisablehook = unraisable
    random_structures()
    for code in CODES:
        for word in VALUES.split(" "):
            print(f"{code} {word}: {attempt(code, word)}")
    for line in re.findall(r'^"(.*)",$', Path(__file__).with_name("twin.inc").read_text(encoding="utf-8"), re.M):
        line = line.replace("\\\\", "\\")
        print(line)
        if line.startswith("#"):
            continue
        ignored = False
        verb, *words = line.split(" ")
        try:
            value, is_value = execute(verb, words)
        except Exception as caught:
            print(f"    {error(caught)}")
            continue
        if is_value:
            if show(value).startswith("<"):
                names["_"] = value
            if not ignored:  # C was given what happened to be there
                print(f"    {show(value)}")


if __name__ == "__main__":
    main()
