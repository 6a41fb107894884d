"""The tests of how this topic's Python programs end when nobody reads what they print, or when a library is not there.

usage: programs_test.py DIRECTORY [unittest's arguments]     the build tree's, where libsample.so and the modules are
"""

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import unittest
from pathlib import Path

FFI = Path(__file__).resolve().parent.parent
BUILT = Path(sys.argv.pop(1)).resolve()
ADD, CTYPES, EXTENSION = FFI / "ctypes/add.py", FFI / "ctypes/demo/demo.py", FFI / "extension/demo/demo.py"
SAMPLE = BUILT / "libsample.so"
RUNS = [[str(CTYPES), "--help"], [str(CTYPES), "--library", str(SAMPLE), "types"], [str(EXTENSION), "--help"], [str(EXTENSION), "state"]]


def run(words: list[str], stdout: int, unbuffered: str = "", modules: Path = BUILT) -> tuple[int, str]:
    """The exit status of a Python program, less than 0 for a signal, and what it prints on stderr."""
    environment = os.environ | {"PYTHONPATH": str(modules), "PYTHONUNBUFFERED": unbuffered}
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

    def refused(self, words: list[str], begins: str, modules: Path = BUILT) -> None:
        """One line that begins so, and status 2."""
        status, said = run(words, subprocess.DEVNULL, modules=modules)
        self.assertEqual((status, said[: len(begins)], said.count("\n")), (2, begins, 1), said)

    def test_no_library(self) -> None:
        """What cannot be opened is named in one line."""
        self.refused([str(ADD), "./nowhere.so"], "add.py: ./nowhere.so: ")
        self.refused([str(CTYPES), "--library", "./nowhere.so"], "demo.py: ./nowhere.so: ")
        with tempfile.TemporaryDirectory() as place:
            self.refused([str(EXTENSION), "smallest"], "demo.py: No module named 'words'", Path(place))
            shutil.copy(BUILT / f"words{sysconfig.get_config_var('EXT_SUFFIX')}", place)
            self.refused([str(EXTENSION), "abi3"], f"demo.py: {place}/words.abi3.so: ", Path(place))


if __name__ == "__main__":
    unittest.main()
