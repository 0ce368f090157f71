"""Try the packages in a folder as users install them.

    python3 scripts/try_packages.py DIST

The wheel goes through the tests under every CPython from 3.10 on that this machine has, each in a
new virtual environment outside the source tree. The sdist is built and imported once.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1]

# An interpreter that the stable ABI of the wheel serves says its version, others say nothing.
VERSION = """
import sys, sysconfig
if (sys.version_info >= (3, 10) and sys.implementation.name == "cpython"
        and not sysconfig.get_config_var("Py_GIL_DISABLED")):
    print("%d.%d" % sys.version_info[:2])
"""

SIGN = """
import identity_hmac
assert identity_hmac.generate_identity_hmac("visitor_1", "s3cret").startswith("03d2bb32")
"""


def candidates() -> Iterator[str]:
    """Where interpreters may be: this one, those on PATH, and pyenv's."""
    yield sys.executable
    for minor in range(10, 20):
        if found := shutil.which(f"python3.{minor}"):
            yield found
    if pyenv := shutil.which("pyenv"):
        root = subprocess.run([pyenv, "root"], capture_output=True, text=True, check=True)
        yield from map(str, sorted(Path(root.stdout.strip()).glob("versions/*/bin/python3")))


def interpreters() -> dict[str, str]:
    """One interpreter of each version, by version."""
    found: dict[str, str] = {}
    for candidate in candidates():
        asked = subprocess.run([candidate, "-c", VERSION], capture_output=True, text=True)
        if asked.returncode == 0 and (version := asked.stdout.strip()):
            found.setdefault(version, candidate)
    return found


def run(*command: str | Path, cwd: Path) -> None:
    subprocess.run(command, cwd=cwd, check=True)


def new_environment(interpreter: str, folder: Path, *install: str | Path) -> Path:
    """A virtual environment in `folder` with these installed; its interpreter."""
    run(interpreter, "-m", "venv", "venv", cwd=folder)
    python = folder / "venv" / "bin" / "python"
    run(
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        *install,
        cwd=folder,
    )
    return python


def try_wheel(wheel: Path, interpreter: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        requirements = PACKAGE / "requirements-test.txt"
        python = new_environment(interpreter, folder, wheel, "-r", requirements)
        run(python, "-m", "pytest", "--quiet", PACKAGE / "tests", cwd=folder)


def try_sdist(sdist: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        python = new_environment(sys.executable, folder, sdist)
        run(python, "-c", SIGN, cwd=folder)


def main(dist: Path) -> None:
    (wheel,) = dist.glob("identity_hmac-*.whl")
    (sdist,) = dist.glob("identity_hmac-*.tar.gz")
    for version, interpreter in interpreters().items():
        print(f"{wheel.name} under Python {version}", flush=True)
        try_wheel(wheel, interpreter)
    print(f"{sdist.name} built from source", flush=True)
    try_sdist(sdist)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
