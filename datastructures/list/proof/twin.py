"""The twin of twin.c: the same operations on the real list, printing the same lines.

What a list has allocated shows through sys.getsizeof(): the empty list's bytes, and those of a pointer for each cell.
"""

import sys
from typing import Any, Callable

state = 20231002


def rand(limit: int) -> int:
    """The next number below `limit` of a sequence that twin.c draws as well (Knuth's MMIX LCG)."""
    global state
    state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
    return (state >> 33) % limit


def allocated(items: list[Any]) -> int:
    """How many cells the list's array has."""
    return (sys.getsizeof(items) - sys.getsizeof([])) // (sys.getsizeof([0]) - sys.getsizeof([]))


def show(what: str, items: list[Any]) -> None:
    """Prints one line: the operation, the size, the cells, and the list."""
    print(f"{what:<24} size {len(items):3} allocated {allocated(items):3}  {items!r}")


def attempt(what: str, function: Callable[[], Any]) -> None:
    """Prints what the call returns, or its error."""
    try:
        print(f"{what:<24} {function()!r}")
    except Exception as error:
        print(f"{what:<24} {type(error).__name__}: {error}")


def position(items: list[Any], *args: int) -> int | None:
    """What index() returns, or None: the message of one that is not there is printed once."""
    try:
        return items.index(*args)
    except ValueError:
        return None


def staircases() -> None:
    """Where append, pop and del make the array move."""
    print("append, from empty:")
    items: list[int] = []
    for i in range(5000):
        before = allocated(items)
        items.append(i)
        if allocated(items) != before:
            print(f"  at size {len(items):4}: {before:4} -> {allocated(items):4}")
    print("pop, back to empty:")
    while items:
        before = allocated(items)
        items.pop()
        if allocated(items) != before:
            print(f"  at size {len(items):4}: {before:4} -> {allocated(items):4}")
    print("del [0], from 60 back to empty:")
    items = [0] * 60
    while items:
        before = allocated(items)
        del items[0]
        if allocated(items) != before:
            print(f"  at size {len(items):4}: {before:4} -> {allocated(items):4}")


def ways_to_make_one() -> None:
    """The same three, five or nine items, and what each way allocates for them."""
    for n in (0, 1, 3, 4, 5, 8, 9, 17):
        appended = []
        for i in range(n):
            appended.append(0)
        extended: list[int] = []
        extended.extend((0,) * n)
        show("append", appended)
        show("extend the empty list", extended)
        show("slice", appended[:])
        show("copy", appended.copy())
        show("[0] * n", [0] * n)
        show("concat", appended + extended)
        appended.extend(extended)
        show("extend by itself again", appended)
        appended += (0, 0, 0)
        show("+= a tuple of 3", appended)
        appended *= 2
        show("*= 2", appended)
        del appended[::-1]
        show("del [::-1]", appended)
        appended.extend([1, 2, 3])
        show("then extend by 3", appended)
        appended.clear()
        show("clear", appended)
        appended.extend([1, 2, 3])
        show("then extend by 3", appended)
    popped = [0]
    popped.pop()
    show("pop the last", popped)
    popped.extend([1, 2, 3])
    show("then extend by 3", popped)


def random_step(items: list[Any]) -> list[Any]:
    """One operation drawn at random; the list may be replaced by another."""
    op, value = rand(18), rand(10)
    a, b, step = rand(30) - 10, rand(30) - 10, rand(4) + 1
    if rand(2):
        step = -step
    if op < 5:
        items.append(value)
        show(f"append({value})", items)
    elif op == 5:
        items.insert(a, value)
        show(f"insert({a}, {value})", items)
    elif op == 6 and len(items) > 1:
        attempt(f"pop({a})", lambda: items.pop(a))
        show("", items)
    elif op == 7:
        items.extend([value] * (b % 7))
        show(f"extend by {b % 7}", items)
    elif op == 8:
        items += (value,) * (b % 20)
        show(f"+= tuple of {b % 20}", items)
    elif op == 9:
        del items[a:b]
        show(f"del [{a}:{b}]", items)
    elif op == 10:
        items[a:b] = [value] * (step % 9)
        show(f"[{a}:{b}] = {step % 9} items", items)
    elif op == 11:
        attempt(f"remove({value})", lambda: items.remove(value))
        show("", items)
    elif op == 12:
        del items[a:b:step]
        show(f"del [{a}:{b}:{step}]", items)
    elif op == 13:
        part = items[a:b:step]
        show(f"= [{a}:{b}:{step}]", part)
        part.reverse()
        attempt("set it reversed", lambda: items.__setitem__(slice(a, b, step), part))
        show("", items)
    elif op == 14:
        print(f"count({value}) {items.count(value)}, in {value in items}")
        attempt(f"index({value}, {a}, {b})", lambda: position(items, value, a, b))
    elif op == 15 and len(items) < 30:
        items *= step
        show(f"*= {step}", items)
    elif op == 16:
        items.reverse()
        show("reverse", items)
    elif op == 17 and a == 0:
        items.clear()
        show("clear", items)
    elif op == 17:
        items = items + [value]
        show(f"+ [{value}]", items)
    return items


def errors() -> None:
    """Every message that a list has."""
    items: list[Any] = [1, 2, 3]
    empty: list[Any] = []
    five: Any = 5
    nothing: Any = ()
    for i in (3, -4, 2, -3):
        attempt(f"[{i}]", lambda: items[i])
        attempt(f"[{i}] = 9", lambda: items.__setitem__(i, 9))
        attempt(f"pop({i}) of a copy", lambda: items.copy().pop(i))
        attempt(f"del [{i}] of a copy", lambda: items.copy().__delitem__(i))
    attempt("pop", lambda: empty.pop())
    attempt("remove", lambda: items.remove("x"))
    attempt("index", lambda: items.index("x"))
    attempt("extend by 5", lambda: items.extend(five))
    attempt("+ 5", lambda: items + five)
    attempt("+ tuple", lambda: items + nothing)
    attempt("[0:1] = 5", lambda: items.__setitem__(slice(0, 1), five))
    attempt("[::2] = 5", lambda: items.__setitem__(slice(None, None, 2), five))
    attempt("[::2] = [1]", lambda: items.__setitem__(slice(None, None, 2), [1]))
    attempt("[::0]", lambda: items[::0])
    attempt("[::0] = []", lambda: items.__setitem__(slice(None, None, 0), []))
    attempt("hash", lambda: hash(items))
    attempt("hash((list,))", lambda: hash((items,)))
    attempt("unharmed", lambda: items)


def identity() -> None:
    """References, not copies: aliases, recursion, and a NaN that is found though it equals nothing."""
    row: list[Any] = [0, 0, 0]
    no_items: Any = ()
    grid = [row] * 3
    row[0] = 7
    attempt("[[0]*3]*3, one write", lambda: grid)
    shallow = grid.copy()
    attempt("copy is equal", lambda: shallow == grid)
    attempt("copy shares its rows", lambda: shallow[2] is row)
    row.append(row)
    attempt("row holds itself", lambda: grid)
    row[1:2] = row
    attempt("[1:2] = itself", lambda: row)
    del row[:]
    attempt("emptied, seen by grid", lambda: grid)
    nan = float("nan")
    attempt("nan in [nan]", lambda: nan in [nan])
    attempt("another nan in it", lambda: float("nan") in [nan])
    attempt("[1, True] == [1.0, 1]", lambda: [1, True] == [1.0, 1])
    attempt("[1, 2] == [1]", lambda: [1, 2] == [1])
    attempt("[] == ()", lambda: [] == no_items)
    a: list[Any] = []
    b: list[Any] = [a]
    a.append(b)
    attempt("a == a", lambda: a == a)
    twisted: list[Any] = []
    twisted.append([twisted])
    if sys.platform == "emscripten":  # whose C stack ends before the recursion limit, and with it the program
        print("endless comparison       left out in WebAssembly")
    else:
        attempt("endless comparison", lambda: a == twisted)


class Traitor:
    """Changes a list whenever it is compared or printed, and says of equality what it is told."""

    def __init__(self, items: list[Any], change: str, answer: bool) -> None:
        """Remembers which list to change, how, and what to say."""
        self.items, self.change, self.answer = items, change, answer

    def betray(self) -> None:
        """Changes the list."""
        if self.change == "clear":
            self.items.clear()
        elif self.change == "shorten":
            del self.items[2:]
        else:
            self.items.extend(range(20))

    def __eq__(self, other: object) -> bool:
        """Changes the list; the answer is the one that was given."""
        self.betray()
        return self.answer

    def __repr__(self) -> str:
        """Changes the list; says what this is."""
        self.betray()
        return "traitor"


def betrayed() -> None:
    """What a search says of a list that changes under it; the number is its length afterwards."""
    other = [0, 1, 2, 3]
    calls: list[tuple[str, Callable[[list[Any]], Any]]] = [
        ("index(3)", lambda items: position(items, 3)),
        ("index(3, -3, 4)", lambda items: position(items, 3, -3, 4)),
        ("remove(3)", lambda items: items.remove(3)),
        ("count(3)", lambda items: items.count(3)),
        ("3 in", lambda items: 3 in items),
        ("== other", lambda items: items == other),
        ("other ==", lambda items: other == items),
        ("repr", lambda items: repr(items)),
    ]
    for change in ("clear", "shorten", "lengthen"):
        for answer in (False, True):
            for what, call in calls:
                items: list[Any] = [0, 1, 2, 3]
                items[1] = Traitor(items, change, answer)
                attempt(f"{change}, {answer}, {what}", lambda: call(items))
                print(len(items))


def main() -> None:
    """The whole program."""
    staircases()
    ways_to_make_one()
    items: list[Any] = []
    for _ in range(600):
        items = random_step(items)
    errors()
    identity()
    betrayed()


main()
