"""Who calls whom when a class is called, and every error on the way. See twin.c, the same program."""
from __future__ import annotations

from typing import Any, Callable

depth = 0


def show(x: Any) -> str:
    """An object by its type, its value and its attributes; a class by its name."""
    if isinstance(x, type):
        return x.__name__
    if x is None:
        return 'None'
    t = type(x)
    parts: list[str] = []
    if isinstance(x, int):
        parts = [int.__repr__(x)]
    elif isinstance(x, str):
        parts = [str.__repr__(x)]
    elif isinstance(x, tuple):
        parts = [show_all(x)]
    if t in (int, str, tuple):
        return parts[0]
    parts += [f'{name}={show(value)}' for name, value in getattr(x, '__dict__', {}).items()]
    return '<' + ' '.join([t.__name__, *parts]) + '>'


def show_all(xs: tuple[Any, ...]) -> str:
    """Arguments as they stand in a call."""
    return '(' + ', '.join([show(x) for x in xs]) + ')'


def traced(name: str, args: tuple[Any, ...], body: Callable[[], Any]) -> Any:
    """Prints the call, and runs it, what it calls indented."""
    global depth
    print('  ' * depth + name + show_all(args))
    depth += 1
    try:
        return body()
    finally:
        depth -= 1


def attempt(function: Callable[..., Any], *args: Any) -> Any:
    """Calls it, and prints what came of it."""
    result = None
    try:
        result = function(*args)
        print('-> ' + show(result))
    except Exception as error:
        print('-> ' + type(error).__name__ + ': ' + str(error).replace('\n', ' '))
    return result


# ---- Every combination of the two steps ----------------------------------------------------------

base: Any = object  # what C is derived from
C: Any = object
D: Any = object  # derived from C
E: Any = object  # not derived from C
owners: dict[str, Any] = {}  # the classes with methods of ours, the last one of each name


def new_body(owner: str, kind: str, cls: Any, args: tuple[Any, ...]) -> Any:
    """What the __new__ of this kind does."""
    if kind == 'passes':
        return super(owners[owner], cls).__new__(cls, *args)
    if kind == 'makes':
        return object.__new__(cls) if base is object else base.__new__(cls, *args)
    if kind in ('subclass', 'stranger'):
        return base.__new__(D if kind == 'subclass' else E)
    if kind == 'raises':
        raise ValueError('new')
    return 5 if kind == 'other' else None


def init_body(owner: str, kind: str, self: Any, args: tuple[Any, ...]) -> Any:
    """What the __init__ of this kind does."""
    if kind == 'passes':
        return super(owners[owner], self).__init__(*args)
    self.seen = len(args)
    if kind == 'raises':
        raise ValueError('init')
    return 1 if kind == 'returns' else None


def make_new(name: str, kind: str) -> Callable[..., Any]:
    """A traced __new__."""
    return lambda cls, *args: traced(name, (cls, *args), lambda: new_body(name.split('.')[0], kind, cls, args))


def make_init(name: str, kind: str) -> Callable[..., Any]:
    """A traced __init__."""
    return lambda self, *args: traced(name, (self, *args), lambda: init_body(name.split('.')[0], kind, self, args))


def make(name: str, bases: tuple[type, ...], new: str, init: str, meta: Any = type) -> Any:
    """The class with these two methods, either of which may be inherited."""
    body: dict[str, Any] = {}
    if new != 'inherited':
        body['__new__'] = make_new(name + '.__new__', new)
    if init != 'inherited':
        body['__init__'] = make_init(name + '.__init__', init)
    owners[name] = type.__call__(meta, name, bases, body)
    return owners[name]


BASES = object, int, str, tuple
NEWS = 'inherited', 'makes', 'passes', 'subclass', 'stranger', 'other', 'none', 'raises'
INITS = 'inherited', 'takes', 'passes', 'returns', 'raises'
CALLS: tuple[tuple[Any, ...], ...] = (), (7,), ('12',), ('z',), ((1, 2),), (None,), (7, 2), ('12', 8), (1, 2, 3, 4)


def combinations() -> None:
    """Each kind of __new__ with each of __init__, on each base, called with each set of arguments."""
    global base, C, D, E
    for base in BASES:
        E = make('E', (base,), 'inherited', 'takes')
        for new in NEWS:
            for init in INITS:
                C = make('C', (base,), new, init)
                D = make('D', (C,), 'inherited', 'takes')
                print(f'base {base.__name__}, __new__ {new}, __init__ {init}')
                for args in CALLS:
                    print('C' + show_all(args))
                    attempt(C, *args)
                print('D(7)')
                attempt(D, 7)


# ---- __new__ and __init__, called by hand ----------------------------------------------------------

def by_hand() -> None:
    """Each class's __new__ with each class, its __init__ with an instance of each."""
    global base, C
    base = int
    C = make('Own', (int,), 'makes', 'inherited')
    Plain = make('Plain', (object,), 'inherited', 'inherited')
    Late = make('Late', (Plain, int), 'inherited', 'inherited')
    types: list[Any] = [object, type, int, str, tuple, type(None), Plain, C, Late,
                        make('Text', (str,), 'inherited', 'inherited'),
                        make('Meta', (type,), 'inherited', 'inherited')]
    for x in types:
        if x is not C:
            print(x.__name__ + '.__new__()')
            attempt(x.__new__)
        for y in [*types, 5, type(len)]:
            print(x.__name__ + '.__new__(' + show(y) + ')')
            attempt(x.__new__, y)
            attempt(x.__new__, y, 5)
        for y in (object(), 5, 'a', (1,), Plain(), C(8), None, int):
            for args in CALLS[:3]:
                print(x.__name__ + '.__init__' + show_all((y, *args)))
                attempt(x.__init__, y, *args)
        print('type.__call__(' + x.__name__ + ')')
        attempt(type.__call__, x)
    for args in ((), (5,), (5, 5), (object,), (object, 5), (type, 5), (type, 5, 5)):
        print('type.__call__' + show_all(args))
        attempt(type.__call__, *args)
    print('instances of what has no way to be made')
    attempt(type(len))
    attempt(type(len), 5)
    none_type: Any = type(None)
    attempt(none_type)
    attempt(none_type, 1)
    print(none_type() is None)


# ---- Values ----------------------------------------------------------------------------------------

VALUES: tuple[tuple[Any, ...], ...] = (
    (), (0,), (-5,), (' 12 ',), ('-7',), ('+7',), ('',), (' ',), ('1 2',), ('0x1f',), ('12', 16), ('12', 37),
    ('12', 1), ('12', -1), ('0x1f', 0), ('0x1f', 16), ('zz', 36), ('2', 2), ('12', 'a'), (12, 10), (None, 10), (None,),
    ((),), ((1, 2),), ('äb',), ('a', 'b'), (1, 'b'), ('a', 'b', 'c'), ('a', 1), ('a', 'b', 1), ('a', None),
    ('a', 'b', None), (12, 1), (1, 2, 3, 4, 5), (1, 2, 3))


def values() -> None:
    """int, str and tuple and a subclass of each, given anything; which results are the argument itself."""
    for t in (int, str, tuple):
        sub = make('Sub', (t,), 'inherited', 'inherited')
        for args in VALUES:
            for of in (t, sub):
                print(of.__name__ + ' of ' + t.__name__ + show_all(args))
                result = attempt(of, *args)
                if len(args) == 1 and result is not None:
                    print('the same object' if result is args[0] else 'another object')
        one = sub((1,) if t is tuple else '1')
        for of in (int, str, tuple, sub):
            print(of.__name__ + show_all((one,)))
            attempt(of, one)


# ---- Metaclasses -----------------------------------------------------------------------------------

made = 0
instances: dict[str, Any] = {}


def call_body(kind: str, cls: Any, args: tuple[Any, ...]) -> Any:
    """What the __call__ of a metaclass of this kind does."""
    global made
    if kind == 'singleton':
        if cls.__name__ not in instances:
            instances[cls.__name__] = type.__call__(cls, *args)
        return instances[cls.__name__]
    if kind == 'counts':
        made += 1
        cls.made = made
    if kind == 'forbids':
        raise TypeError('no instances of ' + cls.__name__)
    if kind == 'new only':
        return cls.__new__(cls, *args)
    return 5 if kind == 'other' else type.__call__(cls, *args)


METAS = 'inherited', 'passes', 'singleton', 'counts', 'forbids', 'new only', 'other'


def make_meta(kind: str) -> Any:
    """A metaclass with a traced __call__."""
    if kind == 'inherited':
        return type('Meta', (type,), {})
    return type('Meta', (type,), {
        '__call__': lambda cls, *args: traced('Meta.__call__', (cls, *args), lambda: call_body(kind, cls, args))})


def metaclasses() -> None:
    """A __call__ of the metaclass in front of the two steps."""
    global base, C, made
    base = object
    for kind in METAS:
        made = 0
        instances.clear()
        meta = make_meta(kind)
        for new in ('inherited', 'makes', 'other'):
            for init in ('inherited', 'takes', 'passes', 'raises'):
                C = make('C', (object,), new, init, meta)
                Below = make('Below', (C,), 'inherited', 'inherited')
                print(f'metaclass {kind}, __new__ {new}, __init__ {init}: {show(type(Below))}')
                for cls in (C, Below):
                    first = attempt(cls, 1)
                    second = attempt(cls)
                    print('the same object' if first is second else 'two objects')
                instances.clear()
        print(f'made {made}')


def statements() -> None:
    """type(name, bases, dict), which metaclass is asked, and what it says to wrong arguments."""
    global base
    base = type
    Other = make('Other', (type,), 'inherited', 'inherited')
    for first, second in (('inherited', 'inherited'), ('inherited', 'makes'), ('makes', 'inherited'), ('makes', 'makes')):
        Meta = make('Meta', (type,), first, 'takes')
        Below = make('Below', (Meta,), second, 'inherited')
        for meta in (type, Meta, Below, Other):
            for bases in ((), (int,), (5,)):
                print(meta.__name__ + show_all(('X', bases)))
                attempt(meta, 'X', bases, {})
            A = attempt(meta, 'A', (), {})
            for outer in (type, Meta, Below, Other):
                print(outer.__name__ + ' called for a class below ' + show(A))
                made_class = attempt(outer, 'X', (A,), {})
                if made_class:
                    print('of ' + show(type(made_class)))
    for args in ((), (1,), (1, 2), ('X', ()), (1, (), ()), ('X', 5, ()), ('X', (), 5),
                 ('X', (), None), (1, 2, 3, 4)):
        for of in (type, Other):
            print(of.__name__ + show_all(args))
            attempt(of, *args)
            attempt(of.__new__, of, *args)


# ---- Abstract classes ------------------------------------------------------------------------------

def abstract() -> None:
    """Which classes have instances when __abstractmethods__ is set, and what the refusal says."""
    names: list[Any] = [('a',), ('b', 'a'), ('c', 'a', 'b', 'aa'), (), 5, (1, 2), None]
    for b in BASES:
        for value in names:
            A = make('A', (b,), 'inherited', 'inherited')
            if value is not None:
                A.__abstractmethods__ = value
            print(f'A({b.__name__}), abstract {show(value)}')
            attempt(A)
            attempt(A, 5)
            attempt(make('B', (A,), 'inherited', 'inherited'))
            attempt(b.__new__, A)
            attempt(getattr, A, '__abstractmethods__')
            attempt(delattr, A, '__abstractmethods__')
            attempt(A)
    attempt(setattr, int, '__abstractmethods__', ())
    attempt(getattr, object, '__abstractmethods__')


# ---- Classes that change ---------------------------------------------------------------------------

def changes() -> None:
    """A step that is set or deleted afterwards, and what stays of it; __class__ set in between."""
    global base, C, D
    late_init, late_new = make_init('late __init__', 'takes'), make_new('late __new__', 'makes')
    for base in BASES:
        C = make('C', (base,), 'inherited', 'inherited')
        D = make('D', (C,), 'inherited', 'inherited')
        late: list[tuple[str, Any]] = [
            ('__new__', base.__new__), ('__init__', late_init), ('__new__', late_new),
            ('__new__', staticmethod(late_new)), ('__new__', base.__new__)]
        for name, value in late:
            setattr(C, name, value)
            print(f'{base.__name__}: C.{name} set')
            for cls in (C, D):
                attempt(cls)
                attempt(cls, '7')
            delattr(C, name)
            print('and deleted')
            for cls in (C, D):
                attempt(cls)
                attempt(cls, '7')
    base = object
    C = make('C', (object,), 'inherited', 'takes')
    D = make('D', (object,), 'inherited', 'takes')

    def deletes_init(cls: Any, *args: Any) -> Any:
        """Takes the second step away during the first."""
        del cls.__init__
        return object.__new__(cls)

    C.__new__ = deletes_init
    attempt(C)
    attempt(C)

    def becomes(self: Any, *args: Any) -> None:
        """Changes its class, and has its own __init__ run."""
        self.__class__ = D
        self.__init__(*args)

    C = make('C', (object,), 'inherited', 'inherited')
    C.__init__ = becomes
    attempt(C, 1, 2)
    c = object.__new__(C)
    c.__init__ = 5
    attempt(type(c).__init__, c, 4)


if __name__ == '__main__':
    for part in (combinations, by_hand, values, metaclasses, statements, abstract, changes):
        print(f'==== {part.__name__}')
        part()
