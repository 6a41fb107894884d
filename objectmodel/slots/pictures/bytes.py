"""Bytes of an instance in CPython, by how it keeps its attributes and how many there are.

usage: bytes.py      prints way,attributes,bytes; tracemalloc counts what is asked of the allocator
"""

import gc
import tracemalloc
from typing import Any


def measure(cls: Any, names: list[str], way: str) -> float:
    """What an instance takes when there are many of its class."""
    kept: list[Any] = [None] * 200
    before = 0
    for i in range(200):
        if i == 100:
            before = tracemalloc.get_traced_memory()[0]
        kept[i] = instance = cls()
        if way == "dict":
            instance.__dict__ = {}
        for name in names:
            setattr(instance, name, None)
        if way == "asked":
            vars(instance)
    return (tracemalloc.get_traced_memory()[0] - before) / 100


def main() -> None:
    """All ways, 0 to 20 attributes."""
    gc.disable()  # or a class that it finds would be subtracted
    tracemalloc.start()
    print("way,attributes,bytes")
    for way in ("slots", "plain", "asked", "dict"):
        for count in range(21):
            names = [f"a{i}" for i in range(count)]
            cls = type("C", (), {"__slots__": names} if way == "slots" else {})
            print(f"{way},{count},{measure(cls, names, way):.0f}")


if __name__ == "__main__":
    main()
