"""twin.py: the attributes room's program on the real interpreter; twin.c is the same on our mechanism."""

import dis
from collections.abc import Callable
from typing import Any

HOOKS = """\
def take(self, label): object.__setattr__(self, 'label', label)
def get(self, obj, cls): say('get', self.label); return self.label
def set_to(self, obj, value): say('set', self.label)
def delete(self, obj): say('delete', self.label)
class NonData: __init__ = take; __get__ = get
class Data(NonData): __set__ = set_to; __delete__ = delete
class SetOnly: __init__ = take; __set__ = set_to
def answer(self, name): say('getattr', name); return name
def passes(self, name): say('getattribute', name); return object.__getattribute__(self, name)
def refuse(self, name): say('refused', name); raise AttributeError(name)
def fail(self, name): say('failed', name); raise ValueError(name)
"""

SECTIONS = """\
# who answers
class C: __getattr__ = answer
o = C()
o.x
o.x = 1
o.x
del o.x
o.x
del o.x
o.__class__
o.__getattr__
C.x
class C: __getattribute__ = passes
o = C()
o.x
o.x = 1
o.x
o.__dict__['x']
class C: __getattribute__ = refuse; __getattr__ = answer
o = C()
own(o, 'x', 1)
o.x
o.__class__
type(o)
class C: __getattribute__ = fail; __getattr__ = answer
C().x
class C: __getattribute__ = passes; __getattr__ = refuse
C().x
class C: __getattr__ = fail
C().x
class C: __getattr__ = None
C().x
class C: __getattribute__ = None
C().x
class C: __getattribute__ = 5; __getattr__ = answer
C().x
class C: __getattr__ = staticmethod(say)
C().x
class C: __getattr__ = classmethod(answer)
C().x
class C: __getattribute__ = object.__getattribute__; __getattr__ = answer
C().x
class C: x = SetOnly('C')
o = C()
o.x
own(o, 'x', 1)
o.x
o.x = 2
o.x
# messages
class C: x = 1
o = C()
o.y
C.y
del o.y
del o.x
del C.y
object.__getattribute__(o, 'y')
object.__getattribute__(o, 5)
object.__getattribute__(o)
object.__setattr__(o, 'y')
object.__delattr__(o)
object.__setattr__(o, 'y', 1, 2)
object.__setattr__(o, 5, 1)
object.__delattr__(o, 5)
type.__getattribute__(C, 'y')
type.__getattribute__(o, 'x')
object.__setattr__(C, 'x', 2)
object.y
object.y = 1
del object.y
object().y
object().y = 1
del object().y
object().__class__.y
class S: __slots__ = 'a'
s = S()
s.a
s.a = 1
s.b = 2
del s.a
del s.a
s.__dict__
None.x
'text'.x
# the trap of the property
def wrong(self): return self.gone
def broken(self): raise ValueError('in the body')
class C: size = property(wrong)
C().size
class C: size = property(wrong); __getattr__ = answer
C().size
class C: size = property(wrong); __getattribute__ = passes
C().size
class C: size = property(wrong); __getattribute__ = passes; __getattr__ = answer
C().size
class C: size = property(broken); __getattr__ = answer
C().size
class C: size = property(wrong); __getattr__ = refuse
C().size
def tell(self): say('body'); return 7
def put(self, value): say('put', value)
def remove(self): say('remove')
class C: size = property(tell, put, remove); half = property(tell)
o = C()
o.size
o.size = 5
del o.size
o.half = 5
del o.half
own(o, 'size', 1)
o.size
# the trap of the shared descriptor
def load(self, obj, cls): return self.value
def store(self, obj, value): self.value = value
class Shared: __get__ = load; __set__ = store
class C: x = Shared()
a = C()
b = C()
a.x
a.x = 1
b.x
def load(self, obj, cls): return obj.__dict__['x']
def store(self, obj, value): obj.__dict__['x'] = value
class Kept: __get__ = load; __set__ = store
class C: x = Kept()
a = C()
b = C()
a.x = 1
a.x
b.x
C.x
# recursion, and the way out
def again(self, name): return self.y
class C: __getattribute__ = again
C().x
def by_dict(self, name): return self.__dict__[name]
class C: __getattribute__ = by_dict
C().x
def by_target(self, name): return self.target.x
class C: __getattr__ = by_target
o = C()
o.x
o.target = 1
o.x
def out(self, name): say('out', name); return object.__getattribute__(self, name)
class C: __getattribute__ = out
o = C()
o.x = 1
o.x
o.y
def store_again(self, name, value): self.x = value
class C: __setattr__ = store_again
C().x = 1
# super
def up(self, name): say('up', name); return super(C, self).__getattribute__(name)
def up_missing(self, name): say('up missing', name); return super(C, self).__getattr__(name)
class B: x = 1
class C(B): __getattribute__ = up
o = C()
o.x
o.y
o.__class__
class B: x = 1; __getattribute__ = passes
class C(B): __getattribute__ = up
C().x
C().y
class B: __getattr__ = answer
class C(B): __getattr__ = up_missing
C().x
class B: pass
class C(B): __getattr__ = up_missing
C().x
class B: __getattribute__ = passes; __getattr__ = answer
class C(B): __getattribute__ = up
C().x
super(C, C()).x
super(C, C()).y
super(B, C()).x
# implicit calls go past both
class C: __getattribute__ = passes; __getattr__ = answer
o = C()
len(o)
o['k']
o['k'] = 1
del o['k']
o(1)
repr(o)
str(o)
o.__len__
o.__repr__()
o.__dict__
def three(self): return 3
def three_of(): return 3
own(o, '__len__', three_of)
o.__len__()
len(o)
C.__len__ = three
len(o)
o.__len__()
del C.__len__
len(o)
def spell(self): return 'spelt'
C.__repr__ = spell
repr(o)
str(o)
def item(self, key): return key
C.__getitem__ = item
o['k']
C.__call__ = item
o('k')
class M(type): __getattr__ = answer; __len__ = three
class C(metaclass=M): pass
C.x
C().x
len(C)
len(C())
class M(type): __getattribute__ = passes
class C(metaclass=M): x = 1
C.x
C.y
C().x
C.__name__
# set, delete, dir
def set_it(self, name, value): say('setattr', name); object.__setattr__(self, name, value)
def del_it(self, name): say('delattr', name); object.__delattr__(self, name)
def listing(self): return ('y', 'x', '__z__')
class C: __setattr__ = set_it; __delattr__ = del_it
o = C()
o.x = 1
o.x
del o.x
del o.x
own(o, 'y', 2)
o.y
names(o)
object.__setattr__(o, 'z', 3)
names(o)
class C: x = Data('C'); __setattr__ = set_it; __delattr__ = del_it
o = C()
o.x = 1
del o.x
class B: __setattr__ = set_it
class C(B): pass
o = C()
o.x = 1
del o.x
C.x = 1
def refuse_to_set(self, name, value): raise AttributeError(name)
class C: __setattr__ = refuse_to_set
C().x = 1
class C: __delattr__ = refuse
o = C()
o.x = 1
del o.x
o.x
class C: __dir__ = listing
names(C())
names(C)
class B: b = 1; hook = answer
class C(B): a = 2; __getattr__ = answer
o = C()
names(o)
names(C)
o.own = 1
names(o)
class C(B): __dir__ = 5
names(C())
class C(B): __dir__ = three
names(C())
class M(type): meta = 1
class C(metaclass=M): mine = 1
names(C)
names(C())
# hooks that change the class they are called for
def unhook(self, name): say('unhook'); del C.__getattr__; return name
class C: __getattr__ = unhook
o = C()
o.x
o.x
def unhook(self, name): del C.__getattribute__; return object.__getattribute__(self, name)
class C: __getattribute__ = unhook; x = 1
o = C()
o.x
o.x
def both(self, name): del C.__getattribute__; del C.__getattr__; return refuse(self, name)
class C: __getattribute__ = both; __getattr__ = answer
o = C()
o.x
o.x
def define(self, name): C.x = Data('late'); return self.x
class C: __getattr__ = define
o = C()
o.x
o.x
own(o, 'x', 1)
o.x
def vanish(self, obj, cls): del C.x; return 'vanished'
class Once: __get__ = vanish
class C: x = Once()
o = C()
o.x
o.x
C.x = Once()
C.x
C.x
def replace(self, name, value): del C.__setattr__; self.x = value
class C: __setattr__ = replace
o = C()
o.x = 1
o.x = 2
o.x
def hide(self): del self.kept; return 1
class C: size = property(hide)
o = C()
o.kept = 1
o.size
o.size
def to_none(self, obj, value): Turning.__set__ = None; say('set', value)
class Turning: __set__ = to_none
class C: x = Turning()
o = C()
o.x = 1
o.x = 2
del Turning.__set__
o.x = 3
o.x
"""

TARGET = """\
def item(self, key): return self.data[key]
def set_item(self, key, value): self.data[key] = value
def del_item(self, key): del self.data[key]
def called(self, value): return value
def method(self): return self.five
class U: __len__ = three; __getitem__ = item; __setitem__ = set_item; __delitem__ = del_item
class T(U): __call__ = called; __repr__ = spell; method = method; wrong = property(wrong)
def log(name): say('log', name)
def make(): say('made'); return t
"""

PROXIED = """\
p.five
p.missing
p.five = 6
t.five
del p.five
t.five
t.five = 5
len(p)
p['k']
p['k'] = 7
p['k']
del p['k']
p['k']
p('called')
repr(p)
str(p)
p.__class__
type(p)
isinstance(p, T)
isinstance(p, Bare)
names(p)
p._target
p.method()
p.wrong
"""

KINDS = ("Data", "NonData", "value", "nothing")
PLACES: list[tuple[str, str, str, str]] = [
    ("values", "class C: pass\na = C()\na.x = 1", "a20", ""),
    ("values and a dict", "class C: pass\na = C()\na.x = 1", "a20!a90", "a.__dict__"),
    ("two classes", "class C: pass\na = C()\na.x = 1\nclass D: x = 2\nb = D()", "a20b52a1b1b99a99", ""),
    ("a class changes", "class C: pass\na = C()\na.x = 1", "a20!a99", "C.y = 1"),
    ("a slot", "class C: __slots__ = 'x'\na = C()\na.x = 1", "a30", ""),
    ("a slot goes", "class C: __slots__ = 'x'\na = C()\na.x = 1", "a20!a70", "del a.x"),
    ("a class attribute", "class C: x = 1\na = C()", "a300", ""),
    ("a property", "class C: x = property(tell)\na = C()", "a300", ""),
    ("a descriptor", "class C: x = Data('C')\na = C()", "a300", ""),
    ("a method", "class C: x = tell\na = C()", "a300", ""),
    ("__getattr__", "class C: __getattr__ = answer\na = C()\na.x = 1", "a300", ""),
    ("__getattribute__", "class C: __getattribute__ = passes\na = C()\na.x = 1", "a300", ""),
    ("a hook comes", "class C: pass\na = C()\na.x = 1", "a20!a300", "C.__getattr__ = answer"),
    ("nothing there", "class C: pass\na = C()", "a300", ""),
    ("a new name", "class C: pass\na = C()", "a9!a90", "a.x = 1"),
]
said: list[str] = []


class Bare:
    """__getattr__ forwards, and nothing else."""

    def __init__(self, target: Any) -> None:
        """Past all hooks."""
        object.__setattr__(self, "_target", target)

    def __getattr__(self, name: str) -> Any:
        """What the proxy does not have."""
        if name == "_target":
            raise AttributeError(f"{type(self).__name__} has no target")
        return getattr(self._target, name)


class Plain(Bare):
    """Bare, and the special methods that the interpreter looks for on the type."""

    def __repr__(self) -> str:
        """repr(proxy)"""
        return repr(self._target)

    def __str__(self) -> str:
        """str(proxy)"""
        return str(self._target)

    def __len__(self) -> int:
        """len(proxy)"""
        return len(self._target)

    def __getitem__(self, key: Any) -> Any:
        """proxy[key]"""
        return self._target[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        """proxy[key] = value"""
        self._target[key] = value

    def __delitem__(self, key: Any) -> None:
        """del proxy[key]"""
        del self._target[key]

    def __setattr__(self, name: str, value: Any) -> None:
        """proxy.name = value"""
        setattr(self._target, name, value)

    def __delattr__(self, name: str) -> None:
        """del proxy.name"""
        delattr(self._target, name)

    def __dir__(self) -> Any:
        """dir(proxy)"""
        return dir(self._target)

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """proxy(...)"""
        return self._target(*args, **keywords)


class Transparent(Plain):
    """All names, also those that object has."""

    def __getattribute__(self, name: str) -> Any:
        """self.anything in here would come here again."""
        target = object.__getattribute__(self, "_target")
        return target if name == "_target" else getattr(target, name)


class Logging(Plain):
    """Tells of each name, then goes on."""

    def __init__(self, target: Any, log: Callable[[str], None]) -> None:
        """Keeps what it works with."""
        object.__setattr__(self, "_extra", log)
        super().__init__(target)

    def __getattribute__(self, name: str) -> Any:
        """What this does not find goes on to __getattr__."""
        if not name.startswith("_"):
            object.__getattribute__(self, "_extra")(name)
        return super().__getattribute__(name)


class Counting(Plain):
    """Counts what it forwards."""

    def __init__(self, target: Any, counts: dict[str, int]) -> None:
        """Keeps what it works with."""
        object.__setattr__(self, "_extra", counts)
        super().__init__(target)

    def __getattr__(self, name: str) -> Any:
        """Only the names that the proxy has not."""
        counts = object.__getattribute__(self, "_extra")
        counts[name] = counts.get(name, 0) + 1
        return super().__getattr__(name)


class Lazy(Plain):
    """Makes its target at first use."""

    def __init__(self, make: Callable[[], Any]) -> None:
        """No target yet."""
        object.__setattr__(self, "_extra", make)

    def __getattr__(self, name: str) -> Any:
        """As long as there is no self._target, asking for it comes here."""
        if name != "_target":
            return super().__getattr__(name)
        target = object.__getattribute__(self, "_extra")()
        object.__setattr__(self, "_target", target)
        return target


class ReadOnly(Plain):
    """Refuses to be changed."""

    def __setattr__(self, name: str, value: Any) -> None:
        """proxy.name = value"""
        raise AttributeError(f"'{name}' is read-only")

    def __delattr__(self, name: str) -> None:
        """del proxy.name"""
        raise AttributeError(f"'{name}' is read-only")


def describe(value: Any) -> str:
    """A class by its name, a simple value by its repr, anything else by its class; no address."""
    cls = type(value)
    if isinstance(cls, type) and issubclass(cls, type):
        return str(type.__getattribute__(value, "__name__"))
    if cls is tuple:
        return f"({', '.join(map(describe, value))})"
    if cls is str:
        return f"'{value.split(' at 0x')[0] + ' at ...' if ' at 0x' in value else value}'"
    name = "method" if cls.__name__ == "method-wrapper" else cls.__name__
    return repr(value) if cls in (int, bool, type(None)) else f"<{name}>"


def say(*words: Any) -> None:
    """Tells that somebody was called."""
    said.append(" ".join(word if type(word) is str else describe(word) for word in words))


def own(obj: Any, name: str, value: Any) -> None:
    """Stores past all hooks."""
    object.__getattribute__(obj, "__dict__")[name] = value


def names_of(obj: Any) -> str:
    """dir() without dunders."""
    return " ".join(name for name in dir(obj) if not name.startswith("__"))


names: dict[str, Any] = {"__name__": "__main__", "say": say, "own": own, "names": names_of}
names.update((cls.__name__, cls) for cls in (Bare, Plain, Transparent, Logging, Counting, Lazy, ReadOnly))


def run(line: str) -> str:
    """What was said, and what the line comes to."""
    said.clear()
    try:
        try:
            code = compile(line, "twin", "eval")
        except SyntaxError:
            code = compile(line, "twin", "exec")
        result = describe(eval(code, names))
    except RecursionError:
        said.clear()  # how deep it went
        result = "RecursionError"
    except Exception as error:
        result = f"{type(error).__name__}: {error}"
    return "".join(f"{words}, " for words in said) + ("-> " if said else "") + result


def show(line: str) -> None:
    """A line, and below it what it comes to."""
    print(f"  {line}\n      {run(line)}")


def what(kind: int, where: str) -> str:
    """What a class has under the name of x."""
    return (f"x = Data('{where}')", f"x = NonData('{where}')", f"x = '{where}'", "pass")[kind]


def all_ways() -> None:
    """Type 4 x base 4 x instance 2 x __getattr__ 2 x __getattribute__ 2."""
    print("\n== 128 ways to be there")
    for way in range(128):
        kind, base = way // 32, way // 8 % 4
        mine, getattr_, getattribute = way // 4 % 2 == 0, way // 2 % 2 == 0, way % 2 == 0
        run(f"class B: {what(base, 'B')}")
        hooks = "; __getattr__ = answer" * getattr_ + "; __getattribute__ = passes" * getattribute
        run(f"class C(B): {what(kind, 'C')}{hooks}")
        run("o = C()")
        if mine:
            run("own(o, 'x', 'own')")
        there = ("own" if mine else "-", "__getattr__" if getattr_ else "-", "__getattribute__" if getattribute else "-")
        print(", ".join((KINDS[kind], KINDS[base], *there)))
        for use in ("o.x", "o.x = 1", "o.x", "del o.x", "o.x", "del o.x"):
            print(f"  {use}: {run(use)}")


def proxies() -> None:
    """The same uses of each kind."""
    for line in TARGET.splitlines():
        run(line)
    for made in (
        "p = Bare(t)",
        "p = Plain(t)",
        "p = Transparent(t)",
        "p = Logging(t, log)",
        "p = Counting(t, counts)",
        "p = Lazy(make)",
        "p = ReadOnly(t)",
    ):
        print(f"\n== {made}")
        for line in ("t = T()", "t.data = dict()", "t.data['k'] = 1", "t.five = 5", "counts = dict()", made):
            run(line)
        for line in PROXIED.splitlines():
            show(line)
        if "Counting" in made:
            show("repr(counts)")


def opcode_of(function: Any) -> str:
    """What the instruction has become that reads x."""
    found = [each.opname for each in dis.get_instructions(function, adaptive=True) if each.opname.startswith("LOAD_ATTR")]
    return found[0]


def inline_cache() -> None:
    """A place that reads x, first of one object and then of others: what it has become, and when."""
    print("\n== A place that reads x")
    for title, before, reads, change in PLACES:
        for line in before.splitlines():
            run(line)
        place: dict[str, Any] = {}
        exec("def read(o):\n    return o.x", place)
        read, opcode, n = place["read"], "LOAD_ATTR", 0
        print(f"  {title}, {reads}:", end="")
        for part in reads.replace("a", " a").replace("b", " b").replace("!", " !").split():
            if part == "!":
                run(change)
            for _ in range(int(part[1:] or 0)):
                try:
                    read(names[part[0]])
                except AttributeError:
                    pass
                n += 1
                now = opcode_of(read)
                if now != opcode:
                    print(f" {n} {now}", end="")
                opcode = now
        print()


def main() -> None:
    """Runs all sections."""
    for line in HOOKS.splitlines():
        run(line)
    all_ways()
    for line in SECTIONS.splitlines():
        if line.startswith("#"):
            print(f"\n== {line[2:]}")
        else:
            show(line)
    proxies()
    inline_cache()


if __name__ == "__main__":
    main()
