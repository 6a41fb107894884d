"""The smallest call of C from Python: add(int a, int b). usage: add.py LIBRARY (libsample.so of the build tree)"""

import ctypes
import sys


def main() -> None:
    """Loads the library, says how its function is called, and calls it."""
    if len(sys.argv) != 2:
        print("usage: add.py LIBRARY", file=sys.stderr)
        sys.exit(2)
    try:
        library = ctypes.CDLL(sys.argv[1])
    except OSError as error:
        print(f"add.py: {error}", file=sys.stderr)
        sys.exit(2)
    library.add.argtypes = [ctypes.c_int, ctypes.c_int]
    library.add.restype = ctypes.c_int
    print(library.add(2, 3))


if __name__ == "__main__":
    main()
