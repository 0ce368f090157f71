"""Interpreters that no package holds, built from Debian's sources of them.

They are what users of an old release build, or take from elsewhere: Debian 11's own Python 3.9 and
Ruby 2.7 are older than the packages want.
"""

import functools
import shutil
from pathlib import Path

from shell import KEPT
from suites import TRIXIE, Suite

# The plainest build: what is tried is the C library below it, not its speed.
BUILD_PYTHON = "./configure --quiet --prefix=$PREFIX CFLAGS=-O1 && make -j2 && make install"
BUILD_RUBY = (
    "./configure --quiet --prefix=$PREFIX --disable-install-doc --enable-shared optflags=-O1"
    " && make -j2 && make install"
)


def fetch(package: str) -> Path:
    """The authors' own archive, as Debian 13 has it."""
    folder = KEPT / "sources"
    folder.mkdir(parents=True, exist_ok=True)
    if not list(folder.glob(f"{package}_*.orig.tar.*")):
        TRIXIE.run(
            f"""
            sed 's/^deb /deb-src /' /etc/apt/sources.list >/etc/apt/sources.list.d/source.list
            apt-get update --quiet
            apt-get source --download-only {package}
            mkdir -p /var/cache/sources
            mv {package}_*.orig.tar.?z /var/cache/sources
            """
        )
        for archive in (TRIXIE.folder / "var/cache/sources").iterdir():
            shutil.move(archive, folder)
    (archive,) = folder.glob(f"{package}_*.orig.tar.*")
    return archive


@functools.cache
def build(suite: Suite, package: str, script: str) -> Path:
    """Builds an interpreter in a suite, once; returns the folder of its programs."""
    prefix = Path("/opt") / package
    if not (suite.folder / prefix.relative_to("/") / "done").exists():
        print(f"   {package} is built in {suite.title}", flush=True)
        suite.run(
            f"""
            tar -xf {fetch(package)} --strip-components=1
            export PREFIX={prefix}
            {script}
            touch {prefix}/done
            """,
            minutes=20,
        )
    return prefix / "bin"


def python(suite: Suite) -> Path:
    return build(suite, "python3.13", BUILD_PYTHON)


def ruby(suite: Suite) -> Path:
    return build(suite, "ruby3.3", BUILD_RUBY)
