"""Try the packages in a folder as users install them.

    python3 scripts/try_packages.py DIST

The wheel is installed under every CPython of this machine that it serves, each time in a new
virtual environment outside the source tree. It goes through the tests under the oldest and the
newest of them. One compiled module serves all, so the others only have to load it and sign. The
sdist is built and imported once.
"""

import os
import subprocess
import sys
import tarfile
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from interpreters import interpreters, serves

PACKAGE = Path(__file__).parents[1]

# Whether the sdist has all that it is built from does not depend on how fast the result is.
FAST_TO_BUILD = {
    "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16",
    "CARGO_PROFILE_RELEASE_LTO": "off",
    "CARGO_PROFILE_RELEASE_OPT_LEVEL": "0",
}

SIGN = """
import identity_hmac
assert identity_hmac.generate_identity_hmac("visitor_1", "s3cret").startswith("03d2bb32")
"""


def run(*command: str | Path, cwd: Path, environment: dict[str, str] | None = None) -> str:
    """What it printed, which is also told if it fails."""
    ran = subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | (environment or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if ran.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{ran.stdout}")
    return ran.stdout


def new_environment(
    interpreter: str,
    folder: Path,
    *install: str | Path,
    environment: dict[str, str] | None = None,
) -> Path:
    """A virtual environment in `folder` with these installed; its interpreter."""
    run(interpreter, "-m", "venv", "--without-pip", "venv", cwd=folder)
    python = folder / "venv" / "bin" / "python"
    # One pip for all of them. Most of what it would compile is never imported.
    pip = (
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "--quiet",
        "--disable-pip-version-check",
    )
    run(*pip, "install", "--no-compile", *install, cwd=folder, environment=environment)
    return python


def test_wheel(wheel: Path, interpreter: str) -> str:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        requirements = PACKAGE / "requirements-test.txt"
        python = new_environment(interpreter, folder, wheel, "-r", requirements)
        return run(python, "-m", "pytest", "--quiet", PACKAGE / "tests", cwd=folder)


def load_wheel(wheel: Path, interpreter: str) -> str:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return run(new_environment(interpreter, folder, wheel), "-c", SIGN, cwd=folder)


def try_sdist(sdist: Path) -> str:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        python = new_environment(sys.executable, folder, sdist, environment=FAST_TO_BUILD)
        return run(python, "-c", SIGN, cwd=folder)


def refuse_without_rust(sdist: Path) -> str:
    """Has the sdist's build look for Rust where there is none, an old one, and a new one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with tarfile.open(sdist) as archive:
            archive.extractall(folder)
        (unpacked,) = folder.iterdir()
        ask = (sys.executable, "-c", "import build_backend as b; b.get_requires_for_build_wheel()")
        cargo = unpacked / "bin" / "cargo"
        cargo.parent.mkdir()
        for version, said in (
            (None, "no cargo on PATH"),
            ("1.87.0", "Found: cargo 1.87.0"),
            ("1.88.0", None),
            ("1.100.0-nightly", None),
        ):
            if version:
                cargo.write_text(f"#!/bin/sh\necho 'cargo {version} (0123456 2026-01-01)'\n")
                cargo.chmod(0o755)
            environment = {"PATH": str(cargo.parent)}
            asked = subprocess.run(
                ask, cwd=unpacked, env=environment, capture_output=True, text=True
            )
            if (said or "") not in asked.stderr or bool(asked.returncode) != bool(said):
                raise RuntimeError(f"with cargo {version} the build said: {asked.stderr}")
        return "it asks for Rust 1.88\n"


def main(dist: Path) -> None:
    (wheel,) = dist.glob("identity_hmac-*.whl")
    (sdist,) = dist.glob("identity_hmac-*.tar.gz")
    found = {version: each for version, each in interpreters().items() if serves(wheel, version)}
    oldest, *between = found
    newest = between.pop() if between else oldest
    tries = {
        f"{wheel.name} tested under Python {version}": partial(test_wheel, wheel, found[version])
        for version in (oldest, newest)
    }
    tries[f"{sdist.name} built from source"] = partial(try_sdist, sdist)
    tries[f"{sdist.name} without Rust"] = partial(refuse_without_rust, sdist)
    for version in between:
        name = f"{wheel.name} loaded under Python {version}"
        tries[name] = partial(load_wheel, wheel, found[version])
    with ThreadPoolExecutor(2) as two:
        running = {name: two.submit(each) for name, each in tries.items()}
        for name, trial in running.items():
            print(name, trial.result(), sep="\n", end="", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
