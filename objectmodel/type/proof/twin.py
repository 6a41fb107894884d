"""twin.py: the type room's program on the real interpreter; twin.c is the same on our mechanism.

Both print what can be observed of classes: orders of bases, where an attribute is found, who is
called for an operator, when a class gets a new version, and every refusal in its words.
"""
from __future__ import annotations

import ctypes
import gc
from typing import Any, Callable

# ---- Printing --------------------------------------------------------------------------------------


def describe(value: Any) -> str:
    """A class by its name, an instance by its label or its class, anything else by its repr."""
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, tuple):
        return f"({', '.join(map(describe, value))})"
    if type(value) is str:
        return f"'{value}'"
    if isinstance(value, (int, str)) or value is None or value is NotImplemented:
        return repr(value)
    own: dict[str, Any] = getattr(value, "__dict__", {})
    return str(own["label"]) if "label" in own else f"<{type(value).__name__}>"


def outcome(action: Callable[[], Any]) -> str:
    """What an action comes to: its value, or its error on one line."""
    try:
        return describe(action())
    except Exception as error:  # whatever it is, it is what is compared
        return f"{type(error).__name__}: {error}".replace("\n", "\\n")


def show(label: str, action: Callable[[], Any]) -> None:
    """Prints what an action comes to."""
    print(f"  {label}: {outcome(action)}")


def section(title: str) -> None:
    """Begins a part."""
    print(f"\n== {title}")


class Random:
    """The generator that both programs have."""

    state = 2026

    def below(self, limit: int) -> int:
        """The next number below a limit."""
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % limit


random = Random()

# ---- Making things ---------------------------------------------------------------------------------


def new(name: str, *bases: Any) -> Any:
    """A class with these bases, and the metaclass that they ask for."""
    return type(name, bases, {})


def made_by(meta: Any, name: str, *bases: Any) -> Any:
    """A class of this metaclass."""
    return meta(name, bases, {})


def function(label: str) -> Any:
    """A function that says how it was called."""

    def called(*args: Any) -> str:
        """Its label and its arguments."""
        return f"{label}({', '.join(map(describe, args))})"

    return called


def giving(value: Any) -> Any:
    """A function that returns this, whatever it is called with."""

    def called(*args: Any) -> Any:
        """What it was made with."""
        return value

    return called


def put(obj: Any, name: str, value: Any) -> None:
    """Sets an attribute."""
    setattr(obj, name, value)


def put_thrice(obj: Any, name: str, value: Any) -> None:
    """Sets an attribute three times."""
    for _ in range(3):
        put(obj, name, value)


def descriptors() -> dict[str, Any]:
    """Classes of descriptors: with __get__ only, with all three methods, with __set__ only."""
    non_data, data, setter = new("NonData"), new("Data"), new("Setter")
    for cls in (non_data, data):
        put(cls, "__get__", function("get"))
    for cls in (data, setter):
        put(cls, "__set__", function("set"))
    put(data, "__delete__", function("delete"))
    return {"data": data, "nondata": non_data, "setter": setter}


KINDS = ["data", "nondata", "setter", "value", "nothing"]


def place(cls: Any, kinds: dict[str, Any], kind: str) -> None:
    """Puts an attribute x of this kind on a class."""
    if kind == "value":
        put(cls, "x", f"value on {cls.__name__}")
    elif kind != "nothing":
        descriptor = kinds[kind]()
        put(descriptor, "label", f"{kind} on {cls.__name__}")
        put(cls, "x", descriptor)


# ---- Sections --------------------------------------------------------------------------------------


def names(cls: Any) -> str:
    """Its MRO."""
    return " ".join(c.__name__ for c in cls.__mro__)


def pick(classes: list[Any]) -> Any:
    """A base: mostly one of those made so far."""
    chance = random.below(32)
    if chance == 0 and random.below(8) == 0:
        return type(None)
    if chance < 4:
        return [object, object, int, str][chance]
    return classes[random.below(len(classes))] if classes else object


def hierarchies() -> None:
    """2000 random hierarchies: the MRO of each class, or why there is none."""
    section("2000 random hierarchies")
    for number in range(2000):
        if number % 100 == 0:
            digest, good, refused = 2166136261, 0, 0
        classes: list[Any] = []
        full = number % 250 < 2
        for i in range(2 + random.below(9)):
            bases: list[Any] = []
            for _ in range(random.below(4)):
                base = pick(classes)
                if base not in bases or random.below(8) == 0:
                    bases.append(base)
            name = chr(ord("A") + i)
            text = "?"
            try:
                classes.append(new(name, *bases))
                text = names(classes[-1])
                good += 1
            except TypeError as error:
                text = str(error).replace("\n", "\\n")
                refused += 1
            if full:
                print(f"  {number} {name}{describe(tuple(bases))}: {text}")
            for byte in text.replace("\\n", " ").encode():
                digest = (digest ^ byte) * 16777619 % 2**32
        if number % 100 == 99:
            print(f"  up to {number}: {good} classes, {refused} refused, hash {digest:08x}")


def six_accesses(obj: Any, rest: str) -> None:
    """What reading, storing and deleting obj.x do, one after the other."""
    print(f" {rest}")
    show("  x", lambda: obj.x)
    show("  x = 'new'", lambda: put(obj, "x", "new"))
    show("  x", lambda: obj.x)
    show("  del x", lambda: delattr(obj, "x"))
    show("  x", lambda: obj.x)
    show("  del x", lambda: delattr(obj, "x"))


def lookup_on_instances() -> None:
    """Every combination of kinds on class and base, with and without an attribute of one's own."""
    section("obj.x: what is on its class, on the base, on the instance")
    kinds = descriptors()
    for on_class in KINDS:
        for on_base in KINDS:
            for own in (False, True):
                base = new("Base")
                cls = new("Sub", base)
                place(base, kinds, on_base)
                place(cls, kinds, on_class)
                obj = cls()
                if own:
                    obj.__dict__["x"] = "own"
                six_accesses(obj, f"{on_class}, {on_base}, {'own' if own else 'nothing'}")


def lookup_on_classes() -> None:
    """The same one floor up."""
    section("cls.x: what is on its metaclass, on the class, on the base")
    kinds = descriptors()
    for on_meta in KINDS:
        for on_class in KINDS:
            for on_base in KINDS[3:]:
                meta = new("Meta", type)
                base = made_by(meta, "Base")
                cls = made_by(meta, "Sub", base)
                place(meta, kinds, on_meta)
                place(base, kinds, on_base)
                place(cls, kinds, on_class)
                six_accesses(cls, f"{on_meta}, {on_class}, {on_base}")


def operator_method(name: str, answer: Any) -> Any:
    """A method that prints its call."""

    def called(self: Any, other: Any) -> Any:
        """Its answer, after saying so."""
        print(f"    {name}({describe(self)}, {describe(other)}) gives {describe(answer)}")
        return answer

    return called


def apply(sign: str, left: Any, right: Any) -> Any:
    """left sign right."""
    if sign == "+":
        return left + right
    return left - right if sign == "-" else left * right


def operators() -> None:
    """Who is called for `left + right`, in which order."""
    section("operators between random pairs")
    for number in range(120):
        sign, method = [("+", "add"), ("-", "sub"), ("*", "mul")][number % 3]
        classes: list[Any] = []
        for i in range(2 + random.below(3)):
            name = f"C{i}"
            chance = random.below(i + 2)
            bases = [classes[chance]] if chance < i else [int] if chance == i and random.below(2) else []
            classes.append(new(name, *bases))
            for prefix in ("__", "__r"):
                if random.below(2):
                    full = f"{prefix}{method}__"
                    answer = NotImplemented if random.below(3) else f"{name}.{full}"
                    put(classes[-1], full, operator_method(f"{name}.{full}", answer))
        print("  " + ", ".join(f"{c.__name__}({c.__base__.__name__})" for c in classes))
        for _ in range(3):
            left: Any = classes[random.below(len(classes))]()
            right: Any = classes[random.below(len(classes))]() if random.below(6) else 5
            if random.below(12) == 0:
                left, right = right, left
            title = f"{type(left).__name__} {sign} {type(right).__name__}"
            print(f"   {title}")
            show(f"  {title}", lambda: apply(sign, left, right))


VERSION_TAG = 48 * ctypes.sizeof(ctypes.c_void_p)  # where it is in PyTypeObject, 3.11 to 3.14


def version_tag(cls: Any) -> int:
    """0: it has none, and the method cache knows nothing of it."""
    return ctypes.c_uint.from_address(id(cls) + VERSION_TAG).value


def versions() -> None:
    """Which classes get a new version when something changes."""
    section("versions: before a change, after it, after the next lookup")
    a = new("A")
    b, c, e = new("B", a), new("C", a), new("E")
    d = new("D", b, c)
    classes = [a, b, c, d, e]
    obj, meta = d(), new("Meta", type)
    f = made_by(meta, "F", c)
    classes.append(f)
    seen: list[int] = [0] * len(classes)

    def states() -> str:
        """Each class with what became of its version since the last look."""
        texts = []
        for i, cls in enumerate(classes):
            tag = version_tag(cls)
            texts.append(cls.__name__ + ("-" if tag == 0 else "=" if tag == seen[i] else "*"))
            seen[i] = tag
        return " ".join(texts)

    def change(label: str, action: Callable[[], Any]) -> None:
        """Does it, and looks."""
        before = states()
        said = outcome(action)
        after = states()
        for cls in classes:
            getattr(cls, "nowhere", None)
        print(f"  {label}: {said}")
        print(f"    {before} | {after} | {states()}")

    change("nothing", lambda: None)
    change("A.x = 1", lambda: put(a, "x", 1))
    change("A.x = 1 again", lambda: put(a, "x", 1))
    change("B.x = 2", lambda: put(b, "x", 2))
    change("D.x", lambda: d.x)
    change("D.x = 3", lambda: put(d, "x", 3))
    change("del D.x", lambda: delattr(d, "x"))
    change("del D.x, which is not there", lambda: delattr(d, "x"))
    change("obj.x = 4", lambda: put(obj, "x", 4))
    change("obj.__class__ = E", lambda: put(obj, "__class__", e))
    change("obj.__class__ = D", lambda: put(obj, "__class__", d))
    change("E.__len__ = ...", lambda: put(e, "__len__", giving(3)))
    change("del C.nowhere", lambda: delattr(c, "nowhere"))
    change("D.__bases__ = (C, B)", lambda: put(d, "__bases__", (c, b)))
    change("B.__bases__ = (E,)", lambda: put(b, "__bases__", (e,)))
    change("E.x = 5", lambda: put(e, "x", 5))
    change("A.y = 6", lambda: put(a, "y", 6))
    change("A.__bases__ = (D,)", lambda: put(a, "__bases__", (d,)))
    change("E.__bases__ = (C,)", lambda: put(e, "__bases__", (c,)))
    change("Meta.z = 7", lambda: put(meta, "z", 7))
    change("F.__class__ = type", lambda: put(f, "__class__", type))
    change("class G(D)", lambda: new("G", d))
    for i in range(3):
        change(f"A.x = {i}, three times without a lookup", lambda: put_thrice(a, "x", i))


def diamond() -> Any:
    """Four classes."""
    a = new("A")
    b, c = new("B", a), new("C", a)
    return a, b, c, new("D", b, c)


def functions() -> None:
    """Functions, methods, staticmethod, classmethod, super."""
    section("what binds to what")
    a, b, c, d = diamond()
    obj = d()
    for cls in (a, b, c):
        put(cls, "f", function(f"{cls.__name__}.f"))
    put(a, "s", staticmethod(function("s")))
    put(a, "c", classmethod(function("c")))
    put(b, "c", classmethod(function("B.c")))
    show("obj.f(1)", lambda: obj.f(1))
    show("D.f(1)", lambda: d.f(1))
    show("D.f(obj, 1)", lambda: d.f(obj, 1))
    show("C.f(obj)", lambda: c.f(obj))
    show("obj.s(1)", lambda: obj.s(1))
    show("D.s(1)", lambda: d.s(1))
    show("obj.c(1)", lambda: obj.c(1))
    show("D.c(1)", lambda: d.c(1))
    put(obj, "f", function("own f"))
    show("obj.f(1), its own", lambda: obj.f(1))
    put(obj, "__len__", giving(9))
    show("len(obj), its own", lambda: len(obj))
    show("obj()", lambda: obj())
    show("5()", lambda: apply_to(5))
    section("super")
    for cls in (a, b, c, d):
        show(f"super({cls.__name__}, obj).f()", lambda: super(cls, obj).f())
        show(f"super({cls.__name__}, D).f()", lambda: super(cls, d).f())
        show(f"super({cls.__name__}, obj).c()", lambda: super(cls, obj).c())
    show("super(D, obj).label", lambda: super(d, obj).label)
    show("repr(super(B, obj))", lambda: repr(super(b, obj)).replace("__main__.", ""))
    show("super(B, obj).__class__", lambda: super(b, obj).__class__)
    show("super(D, A())", lambda: super(d, a()))
    show("super(D, 5)", lambda: super(d, 5))
    show("super(D, C)", lambda: super(d, c))
    show("super(type, D).f", lambda: super(type, d).f)


def properties() -> None:
    """Each of the three functions present or not, with and without a name."""
    section("property")
    a, b, c, d = diamond()
    get, store, delete = function("get"), function("store"), function("delete")
    for present in range(8):
        p = property(*(f if present >> i & 1 else None for i, f in enumerate((get, store, delete))))
        put(a, "p", p)
        named: Any = type("N", (a,), {"q": p})
        for cls, name in ((d, "p"), (named, "q")):
            o = cls()
            show(f"{present} o.{name}", lambda: getattr(o, name))
            show(f"{present} o.{name} = 1", lambda: put(o, name, 1))
            show(f"{present} del o.{name}", lambda: delattr(o, name))
        show("N.q is the property", lambda: int(named.q is p))
    put(a, "p", property(giving(1), None, None))
    o = d()
    o.__dict__["p"] = 2
    show("the property, not the instance", lambda: o.p)


def computed() -> None:
    """What the knot of type and object says of itself, and what static types refuse."""
    section("what C code computes")
    d = diamond()[3]
    show("int.__bases__", lambda: int.__bases__)
    show("object.__bases__", lambda: object.__bases__)
    show("type.__mro__", lambda: type.__mro__)
    show("object.__class__", lambda: object.__class__)
    show("type.__base__", lambda: type.__base__)
    show("object.__base__", lambda: object.__base__)
    show("D.__mro__", lambda: d.__mro__)
    show("int.x = 1", lambda: put(int, "x", 1))
    show("del int.__add__", lambda: delattr(int, "__add__"))
    show("(5).x = 1", lambda: put(5, "x", 1))
    show("(5).__add__ = 1", lambda: put(5, "__add__", 1))
    show("(5).x", lambda: getattr(5, "x"))
    show("int.__add__(5, 6)", lambda: int.__add__(5, 6))
    show("int.__add__('5', 6)", lambda: call(int.__add__, "5", 6))
    show("int.__add__()", lambda: call(int.__add__))
    show("int.__add__(5)", lambda: call(int.__add__, 5))
    show("(5).__radd__('x')", lambda: call((5).__radd__, "x"))
    show("int.__len__", lambda: getattr(int, "__len__"))
    show("isinstance(object, type)", lambda: int(isinstance(object, type)))
    show("isinstance(type, object)", lambda: int(isinstance(type, object)))
    section("__set_name__")
    named_by = new("Named")
    put(named_by, "__set_name__", function("told"))
    attribute = named_by()
    put(attribute, "label", "attribute")
    show("good", lambda: type("K", (), {"n": attribute}))
    put(named_by, "__set_name__", 5)
    show("bad", lambda: type("K", (), {"n": attribute}))


def apply_to(value: Any) -> Any:
    """value()."""
    return value()


def call(func: Any, *args: Any) -> Any:
    """func(*args), past the type checker."""
    return func(*args)


def special_methods() -> None:
    """What sets and deletes a special method later reaches the classes below."""
    section("special methods that come and go")
    a, b, c, d = diamond()
    i = new("I", int)
    put(c, "__len__", giving(30))

    def look(label: str) -> None:
        """len() and str() of all, and what + gives."""
        print(f"  {label}")
        for cls in (a, b, c, d):
            show(f"  len({cls.__name__}())", lambda: len(cls()))
        show("  str(D())", lambda: "default" if str(d()).endswith(">") else str(d()))
        show("  D() + 1", lambda: d() + 1)
        show("  1 + D()", lambda: 1 + d())
        show("  D()(2)", lambda: d()(2))

    look("none")
    for cls, value in ((a, 10), (b, 20)):
        put(cls, "__len__", giving(value))
        look(f"{cls.__name__}.__len__ = {value}")
    delattr(b, "__len__")
    look("del B.__len__")
    put(a, "__repr__", giving("repr of A"))
    put(b, "__add__", function("B.__add__"))
    put(c, "__radd__", function("C.__radd__"))
    put(a, "__call__", function("A.__call__"))
    look("repr, add, radd, call")
    put(c, "__str__", giving("str of C"))
    look("C.__str__")
    put(d, "__bases__", (c,))
    look("D.__bases__ = (C,)")
    put(c, "__bases__", (b,))
    look("C.__bases__ = (B,)")
    for name in ("__len__", "__str__", "__radd__"):
        delattr(c, name)
    look("del of C's")
    for name in ("__len__", "__repr__", "__call__"):
        delattr(a, name)
    look("del of A's")
    for value in (-1, "x", None, a()):
        put(a, "__len__", giving(value))
        show(f"len() of {describe(value)}", lambda: len(d()))
        put(a, "__repr__", giving(value))
        show(f"repr() of {describe(value)}", lambda: repr(d()))
    section("below int")
    for label, change in (
        ("as made", lambda: None),
        ("I.__add__ = ...", lambda: put(i, "__add__", function("I.__add__"))),
        ("I.__radd__ = ...", lambda: put(i, "__radd__", function("I.__radd__"))),
        ("del I.__add__", lambda: delattr(i, "__add__")),
        ("del I.__radd__", lambda: delattr(i, "__radd__")),
        ("I.__sub__ = int.__add__", lambda: put(i, "__sub__", int.__add__)),
        ("I.__mul__ = int.__rsub__", lambda: put(i, "__mul__", int.__rsub__)),
        ("I.__repr__ = object.__str__", lambda: put(i, "__repr__", giving("I"))),
        ("del I.__mul__", lambda: delattr(i, "__mul__")),
    ):
        show(label, change)
        three = i()
        show("  I() + 4", lambda: three + 4)
        show("  4 + I()", lambda: 4 + three)
        show("  I() - 4", lambda: three - 4)
        show("  I() * 4", lambda: three * 4)
        show("  repr(I())", lambda: repr(three))


def refusals() -> None:
    """Every class that cannot be, and every assignment that is refused."""
    section("classes that cannot be")
    a, sealed = new("A"), type(None)
    b, i, t, s = new("B", a), new("I", int), new("T", tuple), new("S", str)
    m, n = new("M", type), new("N", type)
    mm = new("MM", m, n)
    am, an = made_by(m, "AM"), made_by(n, "AN")
    show("(A, B)", lambda: new("X", a, b))
    show("(A, A)", lambda: new("X", a, a))
    show("(A, B, A)", lambda: new("X", a, b, a))
    show("(object, A)", lambda: new("X", object, a))
    show("(int, str)", lambda: new("X", int, str))
    show("(I, S)", lambda: new("X", i, s))
    show("(I, T)", lambda: new("X", i, t))
    show("(I, another I)", lambda: names(new("X", i, new("I", int))))
    show("(A, I)", lambda: names(new("X", a, i)))
    show("(I, int)", lambda: names(new("X", i, int)))
    show("(M, A)", lambda: names(new("X", m, a)))
    show("(NoneType,)", lambda: new("X", sealed))
    show("(function,)", lambda: new("X", type(giving(1))))
    show("(5,)", lambda: new("X", 5))
    show("(A, 5)", lambda: new("X", a, 5))
    show("(AM, AN)", lambda: new("X", am, an))
    show("M: (AN,)", lambda: made_by(m, "X", an))
    show("MM: (AM, AN)", lambda: type(made_by(mm, "X", am, an)))
    show("(AM, A)", lambda: type(new("X", am, a)))
    show("what is left of them", lambda: (a.__subclasses__(), len(am.__subclasses__()))[1])
    section("obj.__class__ = ...")
    c, g = new("C", a), new("G", dict)
    makers: list[tuple[str, Any]] = [("A", a), ("B", b), ("I", i), ("T", t), ("S", s), ("int", int)]
    targets: list[Any] = [a, b, c, i, t, s, g, int, object, m, 5, None]
    for name, maker in makers:
        for target in targets:
            show(f"{name}().__class__ = {describe(target)}", lambda: put(maker(), "__class__", target))
    show("del A().__class__", lambda: delattr(a(), "__class__"))
    show("AM.__class__ = N", lambda: put(am, "__class__", n))
    show("AM.__class__", lambda: am.__class__)
    show("AM.__class__ = type", lambda: put(am, "__class__", type))
    show("AM.__class__ = A", lambda: put(am, "__class__", a))
    section("cls.__bases__ = ...")
    every: list[Any] = [(), (a,), (a, a), (b,), (c,), (b, c), (c, b), (a, b), (i,), (t,), (int,), (object,)]
    every += [(g,), (m,), (sealed,), (5,), (a, 5), (c, object), (object, c), a, 5, None]
    for name, cls in (("A", a), ("B", b), ("C", c), ("I", i), ("M", m), ("int", int)):
        for bases in every:
            show(f"{name}.__bases__ = {describe(bases)}", lambda: put(cls, "__bases__", bases))
            if cls is not int:
                print(f"    {names(cls)}; {names(b)}")
        show(f"del {name}.__bases__", lambda: delattr(cls, "__bases__"))
    show("A.__subclasses__()", lambda: tuple(a.__subclasses__()))
    show("C.__subclasses__()", lambda: tuple(c.__subclasses__()))
    section("an order that breaks below")
    p, q = new("P"), new("Q")
    r, u = new("R", p), new("U", q)
    v = new("V", r, u)
    w = new("W", v, p)
    show("Q.__bases__ = (R,)", lambda: put(q, "__bases__", (r,)))
    show("U.__bases__ = (P,)", lambda: put(u, "__bases__", (p,)))
    show("R.__bases__ = (Q,)", lambda: put(r, "__bases__", (q,)))
    show("V.__bases__ = (U, R)", lambda: put(v, "__bases__", (u, r)))
    for cls in (p, q, r, u, v, w):
        show(cls.__name__, lambda: names(cls))
        show("  below", lambda: tuple(cls.__subclasses__()))


def main() -> None:
    """Runs all sections. Without the collector, as a class is a cycle: those that are dropped stay."""
    gc.disable()
    hierarchies()
    lookup_on_instances()
    lookup_on_classes()
    operators()
    versions()
    functions()
    properties()
    computed()
    special_methods()
    refusals()


if __name__ == "__main__":
    main()
