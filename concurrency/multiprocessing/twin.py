"""The twin of twin.c: the same programs on multiprocessing's processes, queues and pools."""

import pool_twin


def main() -> None:
    """All scenes in order."""
    print("processes", flush=True)
    pool_twin.main()


if __name__ == "__main__":
    main()
