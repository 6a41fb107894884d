"""The twin of pool_twin.c: the pool's part of twin.py."""


def main() -> None:
    """All scenes of the pool."""
