"""The tests of how this topic's Python programs end, when nobody reads what they print.

usage: programs_test.py DIRECTORY [unittest's arguments]     the build tree's, where libsample.so and the modules are
"""

import os
import signal
import subprocess
import sys
import unittest
from pathlib import Path

FFI = Path(__file__).resolve().parent.parent
BUILT = Path(sys.argv.pop(1)).resolve()
CTYPES, EXTENSION = FFI / "ctypes/demo/demo.py", FFI / "extension/demo/demo.py"
SAMPLE = BUILT / "libsample.so"
RUNS = [[str(CTYPES), "--help"], [str(CTYPES), "--library", str(SAMPLE), "types"], [str(EXTENSION), "--help"], [str(EXTENSION), "state"]]


def run(words: list[str], stdout: int, unbuffered: str) -> tuple[int, str]:
    """The exit status of a Python program, less than 0 for a signal, and what it prints on stderr."""
    environment = os.environ | {"PYTHONPATH": str(BUILT), "PYTHONUNBUFFERED": unbuffered}
    ran = subprocess.run([sys.executable, *words], stdout=stdout, stderr=subprocess.PIPE, text=True, env=environment, check=False)
    return ran.returncode, ran.stderr


class Programs(unittest.TestCase):
    """They end as the C programs do."""

    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full here")
    def test_full_disk(self) -> None:
        """A line that says so."""
        for words in RUNS:
            for unbuffered in ("", "1"):
                with self.subTest(words=words, unbuffered=unbuffered), open("/dev/full", "wb") as full:
                    self.assertEqual(run(words, full.fileno(), unbuffered), (1, "demo.py: cannot write the output\n"))

    def test_nobody_reads(self) -> None:
        """Not a word."""
        for words in RUNS:
            for unbuffered in ("", "1"):
                with self.subTest(words=words, unbuffered=unbuffered):
                    reading, writing = os.pipe()
                    os.close(reading)
                    self.assertEqual(run(words, writing, unbuffered), (-signal.SIGPIPE, ""))
                    os.close(writing)


if __name__ == "__main__":
    unittest.main()
