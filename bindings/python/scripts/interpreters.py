"""The CPythons of this machine, from 3.10 on, and which of them a wheel serves."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

# One that the package does not serve says nothing. A `t` marks a free-threaded one.
VERSION = """
import sys, sysconfig
if sys.version_info >= (3, 10) and sys.implementation.name == "cpython":
    free_threaded = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    print("%d.%d" % sys.version_info[:2] + free_threaded)
"""


def interpreters(given: Iterable[str] = ()) -> dict[str, str]:
    """One interpreter of each version, the oldest first: its path by its version, as in `3.14t`.

    Of those given or, if there are none, of this machine's.
    """
    found: dict[str, str] = {}
    for candidate in given or candidates():
        asked = subprocess.run([candidate, "-c", VERSION], capture_output=True, text=True)
        if asked.returncode == 0 and (version := asked.stdout.strip()):
            found.setdefault(version, candidate)
    return dict(sorted(found.items(), key=lambda each: (int(each[0][2:].rstrip("t")), each[0])))


def candidates() -> Iterator[str]:
    """Where interpreters may be: this one, those on PATH, and pyenv's."""
    yield sys.executable
    for folder in os.get_exec_path():
        for file in sorted(Path(folder).glob("python3*")):
            if re.fullmatch(r"python3(\.\d+t?)?(\.exe)?", file.name):
                yield str(file)
    if pyenv := shutil.which("pyenv"):
        root = subprocess.run([pyenv, "root"], capture_output=True, text=True, check=True)
        yield from map(str, sorted(Path(root.stdout.strip()).glob("versions/*/bin/python3")))


def serves(wheel: Path, version: str) -> bool:
    """Whether the wheel's name says that it is for this version."""
    python, abi = wheel.name.split("-")[2:4]
    without_gil = version.endswith("t")
    if "abi3" not in abi:
        return f"cp{version.replace('.', '')}" == abi
    is_new_enough = int(version[2:].rstrip("t")) >= int(python.removeprefix("cp3"))
    return is_new_enough and (not without_gil or "abi3t" in abi)
