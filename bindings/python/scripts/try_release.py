"""Install the wheels of a release as users do, and put them to the shared vectors.

    try_release.py [--python PYTHON]... WHEEL...

Each interpreter gets an empty virtual environment, in which pip picks the wheel that fits. The
interpreters are those named, or else all CPythons from 3.10 on that this machine has. Fails if no
wheel fits one of them. Says which wheels were not tried, because they fit none.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from interpreters import interpreters

PACKAGE = Path(__file__).parents[1]
TESTS = [
    PACKAGE / "tests" / f"test_{name}.py"
    for name in ("vectors", "token_vectors", "route_vectors", "concurrency")
]
(PYTEST,) = (
    line
    for line in (PACKAGE / "requirements-test.txt").read_text(encoding="utf-8").splitlines()
    if line.startswith("pytest==")
)
# An extension module that does not say that it can do without the GIL brings it back.
KEEPS_GIL_AS_IT_IS = """
import sys, sysconfig, identity_hmac
assert sys._is_gil_enabled() != bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
"""


def run(*command: str | Path, cwd: Path) -> str:
    """What it printed, which is also told if it fails."""
    ran = subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if ran.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{ran.stdout}")
    return ran.stdout.strip()


def try_under(version: str, interpreter: str, wheels: Path) -> str:
    """The name of the wheel that pip picked, which passed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(interpreter, "-m", "venv", "venv", cwd=folder)
        python = folder / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        install = (python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
        ours = ("--no-index", "--only-binary=:all:", "--find-links", wheels, "identity-hmac")
        run(*install, "--report", "report.json", *ours, cwd=folder)
        (installed,) = json.loads((folder / "report.json").read_bytes())["install"]
        if int(version.partition(".")[2].rstrip("t")) > 12:
            run(python, "-c", KEEPS_GIL_AS_IT_IS, cwd=folder)
        run(*install, PYTEST, cwd=folder)
        # Of conftest.py these need nothing, so nor do they need what it imports.
        passed = run(python, "-m", "pytest", "--quiet", "--noconftest", *TESTS, cwd=folder)
        wheel = str(installed["download_info"]["url"]).rpartition("/")[2]
        print(f"Python {version}: {wheel}: {passed.splitlines()[-1]}", flush=True)
        return wheel


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", action="append", metavar="PYTHON", default=[])
    parser.add_argument("wheels", nargs="+", type=Path, metavar="WHEEL")
    asked = parser.parse_args()
    found = interpreters(asked.python)
    if not found:
        sys.exit("Nothing was tried: no CPython from 3.10 on was found.")
    with tempfile.TemporaryDirectory() as wheels:
        for wheel in asked.wheels:
            shutil.copy(wheel, wheels)
        tried = {
            try_under(version, interpreter, Path(wheels)) for version, interpreter in found.items()
        }
    for wheel in asked.wheels:
        if wheel.name not in tried:
            print(f"not tried: {wheel.name}, which fits no Python here")


if __name__ == "__main__":
    main()
