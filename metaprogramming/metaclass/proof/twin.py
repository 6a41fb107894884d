"""Class statements whose every hook says that it is called, and what is made of them. See twin.c, the same program."""
from __future__ import annotations

import csv
import io
from typing import Any, Callable

depth = 0
state = 0
pool: list[Any] = []  # what was made, to be a base
metas: list[Any] = [type]
registry: list[str] = []


def draw(limit: int) -> int:
    """The next random number below limit."""
    global state
    state = (state * 1103515245 + 12345) & 0x7fffffff
    return (state >> 12) % limit


def tell(text: str) -> None:
    """A line, further right the more hooks are running: so it is seen who called."""
    print('  ' * depth + text.replace('\n', ' '))


def own(name: str) -> bool:
    """Whether it is a name of the program's: what else a namespace has differs between versions."""
    return not name.startswith('__') or name in ('__classcell__', '__orig_bases__', '__slots__')


def show(x: Any) -> str:
    """A class by its name, a namespace by its names, others by their value or their type."""
    if isinstance(x, type):
        return x.__name__
    if type(x) in (int, str, bool, type(None)):
        return repr(x)
    if type(x) is tuple:
        return '(' + ', '.join([show(item) for item in x]) + ')'
    if isinstance(x, dict):
        return '{' + ', '.join([name for name in x if own(name)]) + '}'
    return '<' + type(x).__name__ + '>'


def attempt(function: Callable[..., Any], *args: Any) -> Any:
    """Calls it, and tells what came of it."""
    try:
        result = function(*args)
        tell('= ' + show(result))
        return result
    except Exception as error:
        tell(type(error).__name__ + ': ' + str(error))


# ---- Hooks: each draws what it does when it is called ----------------------------------------------

def hook(label: str, body: Callable[..., Any], above: Any, *args: Any, **kw: Any) -> Any:
    """A hook that is called: tells it, does what body does, and tells what it gives."""
    global depth
    shown = [show(x) for x in args] + [f'{name}={show(value)}' for name, value in kw.items()]
    tell(label + '(' + ', '.join(shown) + ')')
    depth += 1
    try:
        result = body(above, *args, **kw)
        tell('-> ' + show(result))
        return result
    except Exception as error:
        tell('! ' + type(error).__name__)
        raise
    finally:
        depth -= 1


def without_a(kw: dict[str, Any]) -> dict[str, Any]:
    """The keywords that are passed on: in general not a=, which is the hook's own."""
    return {name: value for name, value in kw.items() if name != 'a'} if draw(8) else kw


def prepare(above: Any, meta: Any, name: str, bases: Any, **kw: Any) -> Any:
    """__prepare__"""
    what = draw(20)
    if what == 0:
        raise ValueError('prepare')
    if what == 1:
        return 5
    if what == 2:
        return Forgets()
    if what < 6:
        return Tells()
    ns = above.__prepare__(name, bases, **kw)
    if what < 10 and type(ns) is dict:
        ns['given'] = name
    return ns


def arguments(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The three that a metaclass is called with."""
    if len(args) != 3:
        raise TypeError('name, bases, namespace')
    return args


def new(above: Any, meta: Any, *args: Any, **kw: Any) -> Any:
    """__new__ of a metaclass"""
    name, bases, ns = arguments(args)
    what = draw(20)
    if what == 0:
        raise ValueError('new')
    if what == 1:
        return 5
    if what == 2:
        meta = type
    if what == 3:
        bases = (pool[draw(len(pool))],)
    if what == 4:
        name = 'Renamed'
    if what == 5 and isinstance(ns, dict):
        ns = {name: value for name, value in ns.items() if name != '__classcell__'}
    if what == 6 and type(ns) is dict:
        ns['added'] = Named()
    return above.__new__(meta, name, bases, ns, **without_a(kw))


def init(above: Any, cls: Any, *args: Any, **kw: Any) -> Any:
    """__init__ of a metaclass: registers the class"""
    name, bases, ns = arguments(args)
    what = draw(20)
    if what == 0:
        raise ValueError('init')
    if what == 1:
        return 5
    if what < 4:
        cls.changed = Named()
    registry.append(cls.__name__)
    return above.__init__(name, bases, ns, **without_a(kw))


def call(above: Any, cls: Any, *args: Any, **kw: Any) -> Any:
    """__call__ of a metaclass"""
    what = draw(20)
    if what == 0:
        raise ValueError('call')
    return 5 if what == 1 else above.__call__(*args, **kw)


def init_subclass(above: Any, cls: Any, **kw: Any) -> Any:
    """__init_subclass__"""
    what = draw(20)
    if what == 0:
        raise ValueError('init_subclass')
    if what == 1:
        del cls.x
    if what == 2:
        cls.given = Named()
    if what == 3:
        cls.__init_subclass__ = 5
    return above.__init_subclass__(**without_a(kw))


def set_name(self: Any, cls: Any, name: str) -> Any:
    """__set_name__"""
    what = draw(20)
    if what == 0:
        raise ValueError('set_name')
    if what == 1:
        delattr(cls, name)
    if what == 2:
        cls.more = Named()
    if what == 3:
        cls.y = None
    if what == 4:
        return cls()


def mro_entries(self: Any, bases: Any) -> Any:
    """__mro_entries__"""
    what = draw(20)
    if what == 0:
        raise ValueError('mro_entries')
    if what == 1:
        return pool[0]
    return tuple([pool[draw(len(pool))] for _ in range(what % 3)])


def asks_above(method: str) -> Callable[..., Any]:
    """A hook that answers by itself, or as the class above does."""
    def body(above: Any, cls: Any, x: Any) -> Any:
        """__instancecheck__, __subclasscheck__"""
        what = draw(6)
        if what == 0:
            raise ValueError(method)
        return what < 3 if what < 5 else getattr(above, method)(x)
    return body


def answers(above: Any, cls: Any, key: Any) -> Any:
    """__getitem__, __class_getitem__"""
    return (cls, key)


def up(above: Any, self: Any) -> Any:
    """A method that needs super(), which needs the class's cell."""
    return above.up()


def decorate(cls: Any) -> Any:
    """A class decorator"""
    what = draw(10)
    if what == 0:
        raise ValueError('decorator')
    if what < 3:
        cls.decorated = Named()
    return 5 if what == 3 else cls


def make(name: str, bases: Any, ns: Any, **kw: Any) -> Any:
    """A function for a metaclass"""
    return type(name, bases, ns) if draw(4) else 5


class Named:
    """What wants to know its name."""

    def __set_name__(self, cls: Any, name: str) -> Any:
        return hook('Named.__set_name__', set_name, self, cls, name)


class Entries:
    """A base that is no class."""

    def __mro_entries__(self, bases: Any) -> Any:
        return hook('Entries.__mro_entries__', mro_entries, self, bases)


class Tells(dict[str, Any]):
    """A namespace that says what is stored."""

    def __setitem__(self, name: str, value: Any) -> None:
        if own(name):
            tell('stores ' + name)
        super().__setitem__(name, value)


class Forgets:
    """A namespace that is no dict."""

    def __setitem__(self, name: str, value: Any) -> None:
        if own(name):
            tell('forgets ' + name)

    def __getitem__(self, name: str) -> Any:
        raise KeyError(name)


def decorator(cls: Any) -> Any:
    """The one of every @decorator."""
    return hook('decorator', lambda above, cls: decorate(cls), None, cls)


def maker(name: str, bases: Any, ns: Any, **kw: Any) -> Any:
    """The one of every metaclass=maker."""
    return hook('maker', lambda above, *args, **kw: make(*args, **kw), None, name, bases, ns, **kw)


# ---- Random class statements -----------------------------------------------------------------------

HOOKS = {
    '__prepare__': '@classmethod\n def __prepare__(m, *a, **k): return hook("{}.__prepare__", prepare, super(), m, *a, **k)',
    '__new__': 'def __new__(m, *a, **k): return hook("{}.__new__", new, super(), m, *a, **k)',
    '__init__': 'def __init__(c, *a, **k): return hook("{}.__init__", init, super(), c, *a, **k)',
    '__call__': 'def __call__(c, *a, **k): return hook("{}.__call__", call, super(), c, *a, **k)',
    '__instancecheck__':
        'def __instancecheck__(c, x): return hook("{}.__instancecheck__", asks_above("__instancecheck__"), super(), c, x)',
    '__subclasscheck__':
        'def __subclasscheck__(c, x): return hook("{}.__subclasscheck__", asks_above("__subclasscheck__"), super(), c, x)',
    '__getitem__': 'def __getitem__(c, key): return hook("{}.__getitem__", answers, super(), c, key)',
    '__init_subclass__':
        'def __init_subclass__(c, **k): return hook("{}.__init_subclass__", init_subclass, super(), c, **k)',
    '__class_getitem__': 'def __class_getitem__(c, key): return hook("{}.__class_getitem__", answers, super(), c, key)',
    'up': 'def up(c): return hook("{}.up", up, super(), c)',
}


def draw_bases(is_meta: bool) -> tuple[Any, ...]:
    """What stands in the parentheses."""
    if is_meta:
        return tuple([metas[draw(len(metas))] for _ in range(1 + (draw(4) == 0))])
    bases = []
    for _ in range(draw(4)):
        bases.append(pool[draw(len(pool))] if draw(8) else Entries() if draw(4) else Named() if draw(4) else metas[-1])
    return tuple(bases)


def statement(name: str, is_meta: bool) -> Any:
    """A random class statement, told before it is executed."""
    bases = draw_bases(is_meta)
    keywords: dict[str, Any] = {}
    if draw(is_meta and 6 or 3) == 0:
        keywords['metaclass'] = metas[draw(len(metas))] if draw(8) else maker
    if draw(5) == 0:
        keywords['a'] = 1
    if draw(20) == 0:
        keywords['b'] = 2
    body = ['x = Named()'] if draw(2) else []
    if draw(8) == 0:
        body.append('__slots__ = ("q", "p")' if draw(3) else '__slots__ = ("x",)')
    names = []
    for method in HOOKS:
        if draw(3 if is_meta else 6) == 0 and (is_meta or method in ('__init_subclass__', '__class_getitem__', 'up')):
            names.append(method)
            body.append(HOOKS[method].format(name))
    decorators = draw(4) // 2 * draw(2)
    tell(f'class {name}{show(bases)} {" ".join([f"{word}={show(value)}" for word, value in keywords.items()])}: '
         + ' '.join([line.split()[0] for line in body if '=' in line.split()] + names) + ' @' * decorators)
    source = '@decorator\n' * decorators + f'class {name}(*bases, **keywords):\n pass\n'
    for line in body:
        source += ' ' + line + '\n'
    namespace = {**globals(), 'bases': bases, 'keywords': keywords, '__name__': '__main__'}

    def execute() -> Any:
        """The statement."""
        exec(source, namespace)
        return namespace[name]
    return attempt(execute)


def describe(cls: Any) -> None:
    """What a class became."""
    tell('of ' + type(cls).__name__ + ', mro ' + show(cls.__mro__) + ', has ' + show(dict(cls.__dict__)))
    if '__orig_bases__' in cls.__dict__:
        tell('written ' + show(cls.__orig_bases__))
    for base in cls.__bases__:
        if base not in (object, type):
            tell('below ' + base.__name__ + ' ' + show(tuple([c for c in type.__subclasses__(base) if c in pool or c is cls])))


def question(cls: Any) -> None:
    """Asks the class and its instances."""
    other = pool[draw(len(pool))]
    made = attempt(lambda: cls())
    attempt(isinstance, made, other)
    attempt(lambda: isinstance(other, (cls, other)))
    attempt(issubclass, cls, other)
    attempt(lambda: cls['k'])
    attempt(lambda: made.up())


def program(seed: int) -> None:
    """A program of class statements: some metaclasses, then classes."""
    global state
    state = seed
    del metas[1:]
    registry.clear()
    pool[:] = [type('Root', (), {}), type('Slotted', (), {'__slots__': ('s',)})]
    for i in range(10):
        is_meta = i < 4
        cls = statement(f'M{i}' if is_meta else f'C{i}', is_meta)
        if isinstance(cls, type):
            if is_meta and type in cls.__mro__:
                metas.append(cls)
            elif not is_meta:
                describe(cls)
                pool.append(cls)
                question(cls)
    tell('registered ' + show(tuple(registry)))


def programs() -> None:
    """Sixty of them."""
    for seed in range(60):
        tell(f'-- {seed}')
        program(seed)


if __name__ == '__main__':
    for part in (programs,):
        print(f'==== {part.__name__}')
        part()
