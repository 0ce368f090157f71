"""Interpreters that no package holds, built from Debian's sources of them.

They are what users of an old release build, or take from elsewhere: Debian 11's own Python 3.9 and
Ruby 2.7 are older than the packages want.
"""

import shutil
from pathlib import Path

from shell import KEPT
from suites import TRIXIE, Suite

# The plainest build: what is tried is the C library below it, not its speed.
BUILD_PYTHON = """
./configure --quiet --prefix=$PREFIX --disable-test-modules CFLAGS=-O0
make -j2 && make install
"""
# Without a Ruby to build with, which would fetch gems, and without what no test here needs.
BUILD_RUBY = """
./configure --quiet --prefix=$PREFIX --enable-shared --disable-install-doc --disable-yjit \\
    --with-baseruby=no --with-out-ext=coverage,nkf,objspace,pty,readline,ripper,syslog \\
    optflags=-O0 debugflags=
make -j2 && make install
"""


def fetch(suite: Suite, package: str) -> Path:
    """The authors' own archive, as a suite has it."""
    folder = KEPT / "sources"
    folder.mkdir(parents=True, exist_ok=True)
    if not any(folder.glob(f"{package}_*")):
        suite.run(
            f"""
            sed 's/^deb /deb-src /' /etc/apt/sources.list >/etc/apt/sources.list.d/source.list
            apt-get update --quiet
            apt-get source --download-only {package}
            mkdir -p /var/cache/sources
            mv {package}_*.orig.tar.?z /var/cache/sources
            """
        )
        for archive in (suite.folder / "var/cache/sources").glob(f"{package}_*"):
            shutil.move(archive, folder)
    (archive,) = folder.glob(f"{package}_*")
    return archive


def build(suite: Suite, name: str, archive: Path, script: str) -> Path:
    """Builds an interpreter in a suite, once; returns the folder of its programs."""
    prefix = Path("/opt") / name
    done = suite.folder / prefix.relative_to("/") / "done"
    if not done.exists():
        print(f"   {name} is built in {suite.title}", flush=True)
        unpack = f"export PREFIX={prefix}; tar -xf {archive} --strip-components=1"
        suite.run(f"{unpack}\n{script}", minutes=30)
        done.touch()
    return prefix / "bin"


def python(suite: Suite) -> Path:
    return build(suite, "python3.13", fetch(TRIXIE, "python3.13"), BUILD_PYTHON)


def ruby(suite: Suite) -> Path:
    return build(suite, "ruby3.3", fetch(TRIXIE, "ruby3.3"), BUILD_RUBY)
