"""arm64: the packages on the interpreters of Debian 13, run by qemu, and the static programs.

The folder is only unpacked. qemu starts a program of it, but not what that program starts. So the
tests are those that start no program.
"""

import functools
import os
import re
from collections.abc import Callable, Iterator
from functools import partial

import programs
from interpreters import MACHINE
from packages import NODE, NPM_FLAGS, PYTHON, named
from programs import AARCH64, RELEASE, VECTORS, one
from report import Case, NotRunError
from shell import BY_NODE, KEPT, ROOT, first, passed, run
from suites import mirror

FOLDER = KEPT / "arm64"
PLATFORM = "arm64, under qemu"
PYTHON_TESTS = "objects token_vectors vectors"
NODE_TESTS = "token-vectors vectors"


@functools.cache
def qemu() -> str:
    """Makes the folder; returns what runs a program with it as the system's libraries."""
    if os.geteuid() != 0:
        raise NotRunError("needs root, for debootstrap")
    run(ROOT / "scripts/debian-packages", "debootstrap", "qemu-user-static")
    done = KEPT / "arm64.done"
    if not done.exists():
        print(f"   arm64 is unpacked in {FOLDER.relative_to(ROOT)}", flush=True)
        packages = "--include=nodejs,python3"
        options = ("--foreign", "--arch=arm64", "--variant=minbase", packages)
        run("debootstrap", *options, "trixie", FOLDER, mirror(), minutes=10)
        for package in (FOLDER / "var/cache/apt/archives").glob("*.deb"):
            run("dpkg-deb", "--extract", package, FOLDER)
        done.touch()
    return f"qemu-aarch64-static -L {FOLDER}"


def wheel() -> str:
    """pip of this machine picks the wheel for arm64, and fails where none fits."""
    one(RELEASE / "pypi", "identity_hmac-*-abi3-manylinux*aarch64.whl")
    tests = named(f"{PYTHON}/tests/test_{{}}.py", PYTHON_TESTS)
    # Also of what the tests import, Hypothesis has native code.
    fitting = "--only-binary=:all: --platform manylinux2014_aarch64 --python-version 3.13"
    output = MACHINE.run(
        f"""
        export PYTHONDONTWRITEBYTECODE=1
        python={FOLDER}/usr/bin/python3
        alias install='python3 -m pip install --quiet --target site {fitting}'
        install --no-index --find-links {RELEASE}/pypi identity-hmac
        grep -E '^(pytest|hypothesis)==' {PYTHON}/requirements-test.txt >requirements
        install -r requirements
        export PYTHONPATH=$PWD/site
        {qemu()} $python --version
        {qemu()} $python -m pytest --quiet -p no:cacheprovider {tests}
        """,
        minutes=15,
    )
    return f"Python {first(output, r'^Python (.*)$')}: {passed(output, r'([0-9]+) passed')}"


def npm() -> str:
    main = one(RELEASE / "npm", "identity-hmac-[0-9]*.tgz")
    addon = one(RELEASE / "npm", "identity-hmac-addon-linux-arm64-gnu-*.tgz")
    output = MACHINE.run(
        f"""
        cp -R {NODE}/test project
        cp {VECTORS}/*.json project
        cd project
        npm install {NPM_FLAGS} --force {main} {addon}
        mkdir bin
        printf '#!/bin/sh\nexec %s "$@"\n' '{qemu()} {FOLDER}/usr/bin/node' >bin/node
        chmod +x bin/node
        PATH=$PWD/bin:$PATH
        node --version
        for test in {named("{}.test.js", NODE_TESTS)}; do
            node --test-reporter=spec $test
        done
        """,
        minutes=15,
    )
    tests = sum(map(int, re.findall(BY_NODE, output, re.MULTILINE)))
    return f"Node {first(output, r'^v([0-9.]+)$')}: {tests} tests"


# Programs that are run by qemu, under their own names.
UNDER_QEMU = """
mkdir emulated
for program in identity-hmac identity-hmac-server; do
    real=$(command -v $program) || continue
    printf '#!/bin/sh\\nexec qemu-aarch64-static %s "$@"\\n' "$real" >emulated/$program
done
chmod +x emulated/*
PATH=$PWD/emulated:$PATH
"""


def static(trial: Callable[..., str]) -> str:
    qemu()
    return trial(MACHINE, AARCH64, UNDER_QEMU)


def cases() -> Iterator[Case]:
    for what, trial in {
        "wheel": wheel,
        "npm package": npm,
        "command, static": partial(static, programs.command),
        "service, static": partial(static, programs.service),
    }.items():
        yield Case(PLATFORM, what, trial)
    yield Case(PLATFORM, "gem", no_gem)


def no_gem() -> str:
    raise NotRunError("a gem for arm64 is built by the release workflow only, on arm64 machines")
