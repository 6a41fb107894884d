"""Functions, cells, stacked decorators, wraps and partial on the real Python; twin.c is the same on ours."""

import functools
from collections.abc import Callable
from functools import partial
from typing import Any


def say(label: str, thunk: Callable[[], object]) -> None:
    """Print what it comes to: its repr, or the error."""
    try:
        print(f"{label}: {thunk()!r}")
    except (Exception, RecursionError) as error:
        print(f"{label}: {type(error).__name__}: {error}")


SIGNATURES = ["", "a", "a, b", "a, b=2", "a=1, b=2", "*, k", "a, *, k, m", "a, *, k=3", "*args", "a, *args",
              "**kw", "a, **kw", "a, *args, k, **kw", "a, b, c, *, d, e, f", "a, /, b", "a, /, **kw",
              "a, b, /", "a, b=2, /, c=3, *args, d, e=5, **kw", "a=1, *, k=2, m"]
CALLS = ["", "1", "1, 2", "1, 2, 3", "1, 2, 3, 4, 5, 6", "a=1", "b=2", "1, a=2", "b=1, a=2", "k=1", "1, k=2",
         "1, m=2, k=3", "1, 2, k=3", "1, 2, 3, k=1, m=2", "x=1", "1, x=2, d=3", "a=1, d=4, k=2"]


def function(text: str, name: str = "f") -> Any:
    """A function of this signature that returns its locals."""
    scope: dict[str, Any] = {"__name__": "__main__"}
    exec(f"def {name}({text}): return tuple(locals().values())", scope)
    return scope[name]


def grid() -> None:
    """Every call of every signature."""
    for signature in SIGNATURES:
        f = function(signature)
        for call in CALLS:
            say(f"def f({signature}): f({call})", lambda: eval(f"f({call})", {"f": f}))


ATTRIBUTES = ["x", "__name__", "__qualname__", "__doc__", "__module__", "__defaults__", "__kwdefaults__",
              "__annotations__", "__closure__", "__globals__", "__code__", "__dict__", "func", "args", "keywords",
              "__func__", "__self__", "co_name", "co_argcount", "co_varnames", "co_freevars", "co_cellvars",
              "cell_contents"]


class C:
    """A class whose one method will be bound."""

    def m(self) -> int:
        """Return 1."""
        return 1


def attributes() -> None:
    """Set each attribute to 5, and delete it, on each kind of object."""
    kinds: dict[str, tuple[Callable[[], Any], list[str]]] = {
        "function": (lambda: function("a=1"), ATTRIBUTES[:12]),
        "partial": (lambda: partial(int, 1), [ATTRIBUTES[0], *ATTRIBUTES[11:15]]),
        "method": (lambda: C().m, [ATTRIBUTES[0], *ATTRIBUTES[15:17]]),
        "code": (lambda: function("a").__code__, [ATTRIBUTES[0], *ATTRIBUTES[17:22]]),
        "cell": (lambda: counter(1)[1].__closure__[0], [ATTRIBUTES[0], ATTRIBUTES[22]]),
        "instance": (lambda: C(), [ATTRIBUTES[0], "__dict__"]),
    }
    for kind, (make, names) in kinds.items():
        for name in names:
            op = make()
            if (kind, name) != ("instance", "__dict__"):  # which may be deleted there
                say(f"del {kind}.{name}", lambda: delattr(op, name))
            say(f"{kind}.{name} = 5", lambda: setattr(op, name, 5))
            say(f"{kind}.{name} = 'a'", lambda: setattr(op, name, "a"))


def late() -> list[Any]:
    """Three closures made in a loop, and three with the value as a default."""
    made: list[Any] = []
    for i in range(3):
        made.append(lambda: i)
        made.append(lambda i=i: i)
    return made


def counter(n: int) -> tuple[Any, Any]:
    """Two functions that share n."""
    def up() -> int:
        """Add one."""
        nonlocal n
        n += 1
        return n

    def get() -> int:
        """Return it."""
        return n
    return up, get


def outer(order: list[Any]) -> None:
    """The inner function is called before its variable has a value, with one, and after `del`."""
    def middle() -> Any:
        """The function between."""
        def inner() -> int:
            """Return x."""
            return x
        return inner
    inner = middle()
    order.append(inner)
    say("empty", lambda: inner())
    say("empty cell", lambda: inner.__closure__[0].cell_contents)
    x = 7
    say("full", lambda: inner())
    say("full cell", lambda: inner.__closure__[0].cell_contents)
    say("the same cell", lambda: inner.__closure__[0] is middle.__closure__[0])  # type: ignore[index]
    say("freevars of middle", lambda: middle.__code__.co_freevars)
    say("cellvars of middle", lambda: middle.__code__.co_cellvars)
    say("freevars of inner", lambda: inner.__code__.co_freevars)
    say("cellvars of outer", lambda: tuple(n for n in outer.__code__.co_cellvars if n == "x"))
    say("qualname", lambda: inner.__qualname__)
    inner.__closure__[0].cell_contents = 8
    say("set through the cell", lambda: inner())
    del inner.__closure__[0].cell_contents
    say("emptied", lambda: inner())


def closures() -> None:
    """Late binding, nonlocal, cells that are empty."""
    for i, f in enumerate(late()):
        say(f"late {i}", lambda: f())
        say(f"late {i} freevars", lambda: f.__code__.co_freevars)
        say(f"late {i} defaults", lambda: f.__defaults__)
    pairs = [counter(0), counter(10)]
    for i in (0, 1, 0, 0, 1):
        say(f"up {i}", lambda: pairs[i][0]())
        say(f"get {i}", lambda: pairs[i][1]())
        say(f"cell {i}", lambda: pairs[i][1].__closure__[0].cell_contents)
    say("shared", lambda: pairs[0][0].__closure__[0] is pairs[0][1].__closure__[0])
    say("of two calls", lambda: pairs[0][0].__closure__[0] is pairs[1][0].__closure__[0])
    cells = [p[0].__closure__[0] for p in pairs]
    say("equal cells", lambda: cells[0] == cells[1])
    cells[1].cell_contents = 3.0
    say("equal cells", lambda: cells[0] == cells[1])
    say("hash of a cell", lambda: hash(cells[0]))
    say("no closure", lambda: function("").__closure__)
    outer([])


def step(text: str, result: Any = None) -> Any:
    """Say that this happens now."""
    print(f"  {text}")
    return result


def decorator(name: str) -> Any:
    """A decorator that says when it is evaluated, applied and called; 'bad' fails."""
    step(f"evaluate {name}")

    def apply(f: Any) -> Any:
        """Apply the decorator."""
        step(f"apply {name} to {f.__name__}")
        if name == "bad":
            raise ValueError(name)

        @functools.wraps(f)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            """Call f."""
            step(f"call {name}")
            result = f(*args, **kwargs)
            step(f"leave {name}")
            return result
        return wrapper
    return apply


def stacks() -> None:
    """What happens in which order, with two defaults that are computed."""
    for names in (["a"], ["a", "b"], ["a", "b", "c"], ["a", "bad", "c"], ["bad", "b"]):
        print("stack", *names)
        scope: dict[str, Any] = {"decorator": decorator, "step": step, "__name__": "__main__"}
        lines = [f"@decorator('{name}')" for name in names]
        source = "\n".join(lines + ["def f(p=step('default p', 1), *, q=step('default q', 2)): return p, q"])
        say("define", lambda: exec(source, scope))
        print("bound" if "f" in scope else "not bound")
        for call in ("", "3", "q=4", "x=5") if "f" in scope else ():
            say(f"f({call})", lambda: eval(f"f({call})", scope))
        f = scope.get("f")
        while f:
            print(f.__name__, f.__code__.co_freevars, f.__code__.co_name, sorted(f.__dict__))
            f = f.__dict__.get("__wrapped__")


FIELDS = ["__module__", "__name__", "__qualname__", "__doc__"]


def wrapping() -> None:
    """What wraps() copies, from what, onto what."""
    print("assigned", *functools.WRAPPER_ASSIGNMENTS)
    plain, told = function("a", "plain"), function("a", "told")
    told.__doc__, told.__module__, told.__qualname__ = "It is told.", "elsewhere", "Somewhere.told"
    told.tag, told.__wrapped__ = 1, plain
    told.__annotations__ = {"a": 1}
    for wrapped in (plain, told):
        wrapper = function("*args", "wrapper")
        wrapper.tag, wrapper.own = 2, 3
        say("wraps", lambda: functools.wraps(wrapped)(wrapper) is wrapper)
        for field in FIELDS:
            say(field, lambda: getattr(wrapper, field))
        say("__annotations__", lambda: wrapper.__annotations__)
        say("the same annotations", lambda: wrapper.__annotations__ is wrapped.__annotations__)
        say("attributes", lambda: [*wrapper.__dict__] == ["tag", "own", "__wrapped__"])
        say("tag", lambda: wrapper.tag)
        say("own", lambda: wrapper.own)
        say("__wrapped__", lambda: wrapper.__wrapped__ is wrapped)
    bound = C().m
    for other in (partial(told), bound, told.__code__, 5):
        wrapper = function("*args", "wrapper")
        say("wraps another", lambda: functools.wraps(other)(wrapper) is wrapper)
        say("its name", lambda: wrapper.__name__)
        say("its qualname", lambda: wrapper.__qualname__)
    say("wraps onto an int", lambda: functools.wraps(plain)(5))
    say("wraps nothing", lambda: functools.wraps(plain)())  # type: ignore[call-arg]


def partials() -> None:
    """Flattening, repr, keywords, and what can be wrong."""
    f = function("a, b=2, *args, k=3, **kw")
    p = partial(partial(partial(f, 1), 2, w=9, k=4), 5, k=6, z=7)
    say("func", lambda: p.func is f)
    say("args", lambda: p.args)
    say("keywords", lambda: p.keywords)
    for call in ("", "8", "8, k=9", "z=1, y=2", "a=1"):
        say(f"p({call})", lambda: eval(f"p({call})", {"p": p}))
    named: Any = partial(f, 1)
    named.x = 1
    say("with an attribute", lambda: partial(named, 2).func is named)
    say("and its result", lambda: partial(named, 2)(3))
    for op in (partial(int), partial(int, 1, 2), partial(int, (), x=1), partial(partial(int, 1), y="a")):
        say("repr", lambda: op)
    loop: Any = partial(int, 1)
    loop.keywords["me"] = loop
    say("repr inside itself", lambda: loop)
    loop.keywords["me"] = loop.keywords
    say("dict inside itself", lambda: loop)
    loop.keywords.clear()
    say("not callable", lambda: partial(5))  # type: ignore[arg-type]
    say("nothing", lambda: partial())  # type: ignore[call-arg]
    say("of a method", lambda: partial(C().m)())
    say("too many", lambda: partial(C().m, 1)())


def endless() -> Any:
    """Call itself until it may no longer."""
    return endless()


def ping() -> Any:
    """A wrapper whose function is, through its cell, itself."""
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        """Call the target."""
        return target(*args, **kwargs)
    target = wrapper
    return wrapper


def changes() -> None:
    """Code and defaults replaced, and calls without end."""
    f, g = function("a, b=2"), function("a, b, c=5", "g")
    say("before", lambda: f(1))
    f.__code__ = g.__code__
    say("other code", lambda: f(1))
    say("its name", lambda: f.__name__)
    say("code's name", lambda: f.__code__.co_name)
    for defaults in ((), (1,), (1, 2, 3), (1, 2, 3, 4, 5), None):
        f.__defaults__ = defaults
        for call in ("", "7", "7, 8, 9", "7, 8, 9, 10", "c=6"):
            say(f"{defaults} f({call})", lambda: eval(f"f({call})", {"f": f}))
    f.__kwdefaults__ = {"a": 4}
    say("no keyword-only ones", lambda: f())
    closure = counter(0)[0]
    say("more cells", lambda: setattr(f, "__code__", closure.__code__))
    say("fewer cells", lambda: setattr(closure, "__code__", f.__code__))
    say("endless", endless)
    say("through a cell", ping())
    say("and after", lambda: function("")())


if __name__ == "__main__":
    grid()
    attributes()
    closures()
    stacks()
    wrapping()
    partials()
    changes()
