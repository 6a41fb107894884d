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


def arguments(args: tuple[Any, ...], n: int = 3) -> tuple[Any, ...]:
    """As many as the hook takes: a metaclass's three, or n."""
    if len(args) != n:
        raise TypeError(f'{n} arguments')
    return args


def new(above: Any, meta: Any, *args: Any, **kw: Any) -> Any:
    """__new__ of a metaclass"""
    name, bases, ns = arguments(args)
    what = draw(20)
    if what == 0:
        raise ValueError('new')
    if what == 1:
        return 5
    if what in (2, 9):
        meta = type
    if what == 3:
        bases = (pool[draw(len(pool))],)
    if what == 10:
        return pool[draw(len(pool))]
    if what == 4:
        name = 'Renamed'
    if what == 5 and isinstance(ns, dict):
        ns = {name: value for name, value in ns.items() if name != '__classcell__'}
    if what == 6 and type(ns) is dict:
        ns['added'] = Named()
    kw = without_a(kw)
    cls = above.__new__(meta, name, bases, ns, **kw)
    another = above.__new__(meta, name, bases, ns, **kw) if what in (7, 8) else cls
    return cls if what == 7 else another


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
    def body(above: Any, cls: Any, *args: Any) -> Any:
        """__instancecheck__, __subclasscheck__"""
        arguments(args, 1)
        what = draw(6)
        if what == 0:
            raise ValueError(method)
        return what < 3 if what < 5 else getattr(above, method)(args[0])
    return body


def answers(above: Any, cls: Any, *args: Any) -> Any:
    """__getitem__, __class_getitem__"""
    return (cls, *arguments(args, 1))


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
        """Asked when the class is there."""
        return hook('Named.__set_name__', set_name, self, cls, name)


class Entries:
    """A base that is no class."""

    def __mro_entries__(self, bases: Any) -> Any:
        """Asked for what stands in its place."""
        return hook('Entries.__mro_entries__', mro_entries, self, bases)


class Tells(dict[str, Any]):
    """A namespace that says what is stored."""

    def __setitem__(self, name: str, value: Any) -> None:
        """A name is stored."""
        if own(name):
            tell('stores ' + name)
        super().__setitem__(name, value)


class Forgets:
    """A namespace that is no dict."""

    def __setitem__(self, name: str, value: Any) -> None:
        """A name is stored."""
        if own(name):
            tell('forgets ' + name)

    def __getitem__(self, name: str) -> Any:
        """A name, or a key of a class, is read."""
        raise KeyError(name)


def first(cls: Any) -> Any:
    """@first"""
    return hook('first', lambda above, cls: decorate(cls), None, cls)


def second(cls: Any) -> Any:
    """@second"""
    return hook('second', lambda above, cls: decorate(cls), None, cls)


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
        'def __instancecheck__(c, *a): return hook("{}.__instancecheck__", asks_above("__instancecheck__"), super(), c, *a)',
    '__subclasscheck__':
        'def __subclasscheck__(c, *a): return hook("{}.__subclasscheck__", asks_above("__subclasscheck__"), super(), c, *a)',
    '__getitem__': 'def __getitem__(c, *a): return hook("{}.__getitem__", answers, super(), c, *a)',
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
    if draw(6 if is_meta else 2) == 0:
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
        if draw(3) == 0 and (is_meta or method in ('__init_subclass__', '__class_getitem__', 'up')):
            names.append(method)
            body.append(HOOKS[method].format(name))
    decorators = draw(3) * draw(2)
    tell(f'class {name}{show(bases)} {" ".join([f"{word}={show(value)}" for word, value in keywords.items()])}: '
         + ' '.join([line.split()[0] for line in body if '=' in line.split()] + names) + ' @' * decorators)
    source = ('', '@first\n', '@first\n@second\n')[decorators] + f'class {name}(*bases, **keywords):\n pass\n'
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
    """Eighty of them."""
    for seed in range(80):
        tell(f'-- {seed}')
        program(seed)


# ---- Mistakes ---------------------------------------------------------------------------------------

def mistakes() -> None:
    """type() and type.__new__() given anything, on bases of each kind, and isinstance() of what is no class."""
    Root, Slotted, Other = type('Root', (), {}), type('Slotted', (), {'__slots__': 's'}), type('Other', (), {'__slots__': 't'})
    Meta = type('Meta', (type,), {})
    Inner = Meta('Inner', (), {})
    for args in ((), (5,), (5, 5), ('X', ()), (5, (), {}), ('X', 5, {}), ('X', (), 5), ('X', (), None), (5, 5, 5, 5)):
        functions: tuple[Any, ...] = (type, Meta, type.__new__, Meta.__call__)
        for function in functions:
            tell(show(args))
            attempt(function, *args)
            attempt(function, Meta, *args)
    namespaces: tuple[dict[str, Any], ...] = (
        {}, {'__slots__': 5}, {'__slots__': ('1x',)}, {'__slots__': (5,)}, {'__slots__': ('b', 'a')}, {'__slots__': ()},
        {'__slots__': '__dict__'}, {'__slots__': ('__dict__', '__dict__')}, {'__slots__': ('x',), 'x': 1},
        {'__qualname__': 5}, {'__qualname__': 'Q'}, {'__classcell__': 5}, {'__init_subclass__': 5}, {'__new__': 5},
        {'__class_getitem__': None}, {'__getattribute__': 5}, {'': 1})
    for bases in ((), (Root,), (Slotted,), (Slotted, Root), (Slotted, Other), (Root, Root), (Root, object), (object, Root),
                  (type,), (type, Root), (Root, type), (type, Slotted), (dict, Slotted), (dict, type), (bool,), (type(None),),
                  (5,), (Root, 5), (Entries(),), (Inner,), (Inner, Root), (Root, Inner), (Inner, Meta)):
        for ns in namespaces:
            tell(show(bases) + ' ' + show(ns))
            for metaclass in (type, Meta):
                cls = attempt(metaclass, 'X', bases, ns)
                if isinstance(cls, type):
                    tell(cls.__qualname__ + ' of ' + type(cls).__name__ + ' ' + show(cls.__mro__))
                    attempt(type, 'Below', (cls,), {})
                    attempt(lambda: cls['k'])
    for classes in (5, None, (), (Root, 5), (5, Root), ((Root,), ()), (Inner, 5), object, (Meta, (object,)), 'a'):
        for thing in (5, Root, Inner, Inner(), Root(), Meta):
            attempt(isinstance, thing, classes)
            attempt(issubclass, thing, classes)


# ---- Metaclasses that people write -------------------------------------------------------------------

registered: dict[str, Any] = {}


def register(cls: Any, key: Any = None) -> Any:
    """Enters a class under its key, or its name in lower case."""
    if key is None:
        key = cls.__name__.lower()
    elif not isinstance(key, str):
        raise TypeError(f'key must be str, not {type(key).__name__}')
    if key in registered:
        raise ValueError(f"'{key}' is registered twice: by {registered[key].__name__} and {cls.__name__}")
    registered[key] = cls
    return cls


class Registering(type):
    """Registers every class but the first."""

    def __new__(meta, *args: Any, key: Any = None, **kw: Any) -> Any:
        """Makes the class."""
        return super().__new__(meta, *args, **kw)

    def __init__(cls, *args: Any, key: Any = None, **kw: Any) -> None:
        """Makes the instance ready."""
        super().__init__(*args, **kw)
        if args[1]:
            register(cls, key)


class Registered:
    """The same without a metaclass."""

    def __init_subclass__(cls, key: Any = None, **kw: Any) -> None:
        """Told of each class below."""
        super().__init_subclass__(**kw)
        register(cls, key)


class Upper(type):
    """Makes names upper case."""

    def __new__(meta, name: str, bases: Any, ns: Any, **kw: Any) -> Any:
        """Makes the class."""
        upper = {word if word.startswith('_') else word.upper(): value for word, value in ns.items()}
        return super().__new__(meta, name, bases, upper, **kw)


def add_repr(cls: Any) -> Any:
    """Adds a __repr__ of the annotated attributes."""
    def __repr__(self: Any) -> str:
        """As it was called."""
        shown = [f'{name}={getattr(self, name)!r}' for name in type(self).__annotations__]
        return type(self).__name__ + '(' + ', '.join(shown) + ')'
    if '__repr__' not in cls.__dict__:
        cls.__repr__ = __repr__
    return cls


class Repr(type):
    """Does so for every class."""

    def __new__(meta, *args: Any, **kw: Any) -> Any:
        """Makes the class."""
        return add_repr(super().__new__(meta, *args, **kw))


class Slots(type):
    """Makes slots of the annotations."""

    def __new__(meta, name: str, bases: Any, ns: Any, **kw: Any) -> Any:
        """Makes the class."""
        slots = tuple(ns.get('__annotations__', ()))
        return super().__new__(meta, name, bases, {**ns, '__slots__': slots}, **kw)


class AbstractMark:
    """What stands for a method that is to be defined."""


class Abstract(type):
    """Refuses a class in which something still is."""

    def __new__(meta, *args: Any, abstract: Any = False, **kw: Any) -> Any:
        """Makes the class."""
        cls = super().__new__(meta, *args, **kw)
        names = sorted({name for c in cls.__mro__ for name, value in c.__dict__.items()
                        if isinstance(value, AbstractMark) and getattr(cls, name) is value})
        if names and not abstract:
            raise TypeError(f'{cls.__name__} must define: {", ".join(names)}')
        return cls


class OnceNamespace(dict[str, Any]):
    """Refuses a name twice."""
    owner = ''

    def __setitem__(self, name: str, value: Any) -> None:
        """A name is stored."""
        if name in self:
            raise TypeError(f"'{name}' is defined twice in {self.owner}")
        super().__setitem__(name, value)


class Once(type):
    """Has bodies run in one."""

    @classmethod
    def __prepare__(meta, name: str, bases: Any, /, **kw: Any) -> Any:
        """Gives the namespace."""
        ns = OnceNamespace()
        ns.owner = name
        return ns


class Protocol(type):
    """isinstance() is whether the methods are there."""

    def __instancecheck__(cls, obj: Any) -> bool:
        """isinstance()."""
        return all([hasattr(type(obj), name) for name in cls.__dict__ if not name.startswith('_')])

    def __getitem__(cls, key: Any) -> str:
        """A name, or a key of a class, is read."""
        return f'{cls.__name__}[{key}]'


def fill(ns: Any, pairs: Any) -> None:
    """The body of a class: name = value, in this order."""
    for name, value in pairs:
        ns[name] = value


def takes(thing: Any, name: str) -> bool:
    """Whether the attribute can be set."""
    try:
        setattr(thing, name, 7)
    except AttributeError:
        return False
    return True


mark = AbstractMark()
# Each with the number of its base: 0 none, 1 the first class made, 2 the last one.
STATEMENTS: tuple[tuple[str, int, dict[str, Any], tuple[tuple[str, Any], ...]], ...] = (
    ('First', 0, {}, (('x', 1), ('_y', 2))),
    ('Second', 1, {}, (('__annotations__', {'x': 'int', 'z': 'int'}), ('z', 3))),
    ('Third', 2, {}, ()),
    ('Fourth', 0, {}, (('__annotations__', {'b': 'int', 'a': 'str'}),)),
    ('Twice', 1, {}, (('x', 1), ('y', 2), ('x', 3))),
    ('Keyed', 1, {'key': 'k'}, ()),
    ('Again', 1, {'key': 'k'}, (('x', 2),)),
    ('Third', 1, {}, ()),
    ('Five', 1, {'key': 5}, ()),
    ('Shape', 1, {'abstract': True}, (('name', mark), ('area', mark))),
    ('Shape', 0, {}, (('name', mark), ('area', mark))),
    ('Half', 2, {}, (('area', 1),)),
    ('Whole', 2, {}, (('area', 1), ('name', 2))),
    ('Other', 0, {'other': 1}, ()),
)


def people() -> None:
    """The same statements with each metaclass, with the base class or decorator that does the same, and with none."""
    ways: tuple[tuple[Any, Any, Any], ...] = (
        (type, None, None), (Registering, None, None), (type, Registered, None), (type, None, register), (Upper, None, None),
        (Repr, None, None), (type, None, add_repr), (Slots, None, None), (Abstract, None, None), (Once, None, None),
        (Protocol, None, None))
    for meta, root, decorate_with in ways:
        registered.clear()
        made: list[Any] = []
        things: list[Any] = []
        for name, base, keywords, body in STATEMENTS:
            bases = (made[0] if base == 1 else made[-1],) if base and made else (root,) if root else ()
            tell(f'{name}{show(bases)} of {meta.__name__}')
            source = f'class {name}(*bases, **keywords):\n fill(locals(), body)\n'
            namespace = {'fill': fill, 'bases': bases, 'body': body, 'keywords': {'metaclass': meta, **keywords}}
            namespace['__name__'] = '__main__'

            def execute() -> Any:
                """The statement, and its decorator."""
                exec(source, namespace)
                return decorate_with(namespace[name]) if decorate_with else namespace[name]
            cls = attempt(execute)
            if cls:
                made.append(cls)
                tell('has ' + show(dict(cls.__dict__)) + ', of ' + type(cls).__name__)
                thing = attempt(cls)
                things.append(thing)
                if meta is Repr or decorate_with is add_repr:
                    attempt(repr, thing)
                tell('takes ' + ' '.join([name for name in 'bc' if takes(thing, name)]))
                tell(' '.join([str(int(isinstance(one, cls))) for one in things]))
                attempt(lambda: cls['k'])
        tell(' '.join([f'{key}={cls.__name__}' for key, cls in registered.items()]))


# ---- Records ------------------------------------------------------------------------------------------

KINDS: dict[str, Any] = {'str': str, 'int': int, 'float': float}


class Field:
    """A typed attribute."""

    def __init__(self, kind: str) -> None:
        """Its kind, by name."""
        self.kind, self.name = kind, ''

    def __set_name__(self, owner: Any, name: str) -> None:
        """Asked when the class is there."""
        self.name = name

    def __get__(self, obj: Any, owner: Any) -> Any:
        """The value in the slot."""
        if obj is None:
            return self
        try:
            return getattr(obj, '_' + self.name)
        except AttributeError:
            raise AttributeError(f"'{type(obj).__name__}' object has no attribute '{self.name}'")

    def __set__(self, obj: Any, value: Any) -> None:
        """A value of the kind, and no other."""
        if type(value) is not KINDS[self.kind]:
            raise TypeError(f'{self.name} must be {self.kind}, not {type(value).__name__}')
        setattr(obj, '_' + self.name, value)

    def __delete__(self, obj: Any) -> None:
        """Refuses."""
        raise AttributeError(f'{self.name} cannot be deleted')


class Record(type):
    """Makes fields of the annotations."""

    def __new__(meta, name: str, bases: Any, ns: Any) -> Any:
        """Makes the class."""
        ns = dict(ns)
        annotations = ns.get('__annotations__', {})
        for field, kind in annotations.items():
            if kind not in KINDS:
                raise TypeError(f'{field}: no field is of that kind')
            ns[field] = Field(kind)

        def __init__(self: Any, *values: Any) -> None:
            """Makes the instance ready."""
            if len(values) != len(annotations):
                raise TypeError(f'{name}.__init__() takes {len(annotations) + 1} positional arguments but '
                                f'{len(values) + 1} were given')
            for field, value in zip(annotations, values):
                setattr(self, field, value)

        def __repr__(self: Any) -> str:
            """As it was called."""
            return name + '(' + ', '.join([f'{field}={getattr(self, field)!r}' for field in annotations]) + ')'
        ns.update(__slots__=tuple(['_' + field for field in annotations]), __init__=__init__, __repr__=__repr__)
        return super().__new__(meta, name, bases, ns)


NUMBERS = ('', '0', '-5', '+7', ' 12 ', '1_000', '1__0', '_1', '1_', '0x1f', '1.5', '.5', '5.', '.', 'e5', '1e5', '1e', '1e+', '-1e-5',
           'nan', 'NaN', '-nan', 'inf', '-Infinity', 'infinit', '1e400', '1e-400', '0.1', '1e16', '1e22', '1e23', '123456789012345678', '9007199254740993',
           '9.007199254740993', '0.9007199254740993', '6.243497100631985e144', '1.5e-7', '0.0001', '0.00001', '5_0.2_5', '5_.2', '5._2', '1e1_0', '-0.0', '3.141592653589793', '2.2250738585072014e-308', '1 2', 'x', '--1', '- 1')
TEXTS = ('name:str,age:int,score:float\na,1,2\nb,2,x\n\nc,3\nd,y,1\ne,1,2,3\nf,9,0.5',
         'name:str,age:int\r\n"a, b",1\r\n"c ""d""",2\r\n\r\n"",3\r\nx"y,4\r\n"e"f,5\r\n',
         'name:str\n"two\nlines"\n"and\r\ntwo"\n  blanks  \nend', 'n:int,n2:float\r1,2\r3,4\r', 'name:str,b:str\n,\n,,\na,',
         'x:float\n' + '\n'.join([number or '""' for number in NUMBERS]), 'x:int\n' + '\n'.join([number or '""' for number in NUMBERS]))


def records() -> None:
    """CSV texts, loaded into instances of a class that their header describes."""
    for text in TEXTS:
        reader = csv.reader(io.StringIO(text, newline=''))
        annotations = dict([head.split(':') for head in next(reader)])
        Row: Any = Record('Row', (), {'__annotations__': annotations})
        row: Any = None
        for cells in reader:
            if not cells:
                continue
            try:
                if len(cells) != len(annotations):
                    raise ValueError(f'{len(annotations)} fields expected, {len(cells)} found')
                row = Row(*[KINDS[kind](cell) for kind, cell in zip(annotations.values(), cells)])
                tell('|'.join([str(getattr(row, name)).replace('\r', '') for name in annotations]))
            except ValueError as error:
                tell(type(error).__name__ + ': ' + str(error))
        tell('has ' + ' '.join([name for name in Row.__dict__ if own(name)]) + ' ' + show(Row.__slots__))
        for name in annotations:
            for value in (1, 'a', None, 1.5):
                attempt(setattr, row, name, value)
            attempt(delattr, row, name)
            attempt(getattr, Row.__new__(Row), name)
        attempt(Row)
        attempt(lambda: Row(1, 2, 3, 4, 5))
    attempt(Record, 'Wrong', (), {'__annotations__': {'d': 'date'}})
    attempt(Record, 'Empty', (), {})


if __name__ == '__main__':
    for part in (programs, mistakes, people, records):
        print(f'==== {part.__name__}')
        part()
