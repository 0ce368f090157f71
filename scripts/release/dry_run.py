#!/usr/bin/env python3
"""A release without the upload: `make release-dry-run`.

    scripts/release/dry_run.py [--record] [STEP ...]

Builds everything for this machine, and once more from a clone in another folder, and compares the
bytes. Installs each package into an empty folder and runs the vectors. Lets releases fail half-way
on registries of the loopback. Prints a table of what was done, how long it took, and what was not
tried.

docs/releasing.md holds the size of each package. One that has grown by more than a tenth fails,
until --record writes the new sizes and the table. With names of steps, only those are run.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import compare
import version

ROOT = Path(__file__).resolve().parents[2]
RELEASE = ROOT / "dist/release"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
PAGE = ROOT / "docs/releasing.md"
# Not the name of this folder, and not beside it.
AGAIN = TARGET / "release-again" / "elsewhere"
BEGIN, END = "<!-- written by make release-dry-run -->", "<!-- the end of what it wrote -->"
GROWTH = 1.1
PLATFORMS = [
    "x86_64-unknown-linux-gnu",
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-gnu",
    "aarch64-unknown-linux-musl",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "aarch64-pc-windows-msvc",
]


class StepError(Exception):
    """A step did not show what it should."""


def make(*arguments, root=ROOT, stdout=None, **environment):
    command = [os.environ.get("MAKE", "make"), "--no-print-directory", *arguments]
    # The flags of the make that called this, such as its job server, are not for those below.
    inherited = {name: text for name, text in os.environ.items() if name != "MAKEFLAGS"}
    environment = inherited | environment
    ran = subprocess.run(command, cwd=root, env=environment, check=True, stdout=stdout, text=True)
    return ran.stdout


def release(target):
    return lambda: make("-C", "scripts/release", target)


def build():
    shutil.rmtree(RELEASE, ignore_errors=True)
    make("release")
    return f"{len(packages())} packages"


def build_again():
    """From a clone of what is committed, in another folder and with other folders of cargo's."""
    shutil.rmtree(AGAIN.parent, ignore_errors=True)
    subprocess.run(["git", "clone", "--quiet", ROOT, AGAIN], check=True)
    make("release", root=AGAIN, CARGO_TARGET_DIR=str(AGAIN / "target"))
    count, different = compare.compare(RELEASE, AGAIN / "dist/release")
    print("\n".join(different))
    if different:
        differing = {line.split(":")[0] for line in different}
        raise StepError(f"of {count} files {len(differing)} differ: {', '.join(sorted(differing))}")
    return f"{count} files, all with the same bytes"


def uploads():
    """What cargo and npm say before they would upload."""
    crates = [f"--package={path.name}" for path in sorted((ROOT / "crates").iterdir())]
    command = ["cargo", "publish", "--dry-run", "--locked", "--no-verify", *crates]
    subprocess.run(command, cwd=ROOT, check=True)
    for tarball in sorted((RELEASE / "npm").glob("*.tgz")):
        subprocess.run(["npm", "publish", "--dry-run", "--access", "public", tarball], check=True)
    return None


def packages():
    return [path for path in sorted(RELEASE.rglob("*")) if path.is_file()]


def sizes():
    """The size of each package by its name without the version."""
    return {
        f"{path.parent.name}/{re.sub(rf'[-_]{re.escape(version.version())}', '', path.name)}": (
            path.stat().st_size
        )
        for path in packages()
    }


def recorded():
    rows = re.findall(r"^\| `(\w+/.+?)` \| ([\d,]+) \|$", PAGE.read_text(), re.MULTILINE)
    return {name: int(size.replace(",", "")) for name, size in rows}


def hold_sizes():
    held = recorded()
    grown = [
        f"{name} has {size:,} bytes, {held[name]:,} are recorded"
        for name, size in sizes().items()
        if name in held and size > held[name] * GROWTH
    ]
    unknown = sorted(sizes().keys() - held.keys())
    if "--record" in sys.argv:
        return f"{len(sizes())} recorded"
    if grown:
        raise StepError("; ".join(grown) + "; if that is meant: dry_run.py --record")
    told = f"{len(sizes()) - len(unknown)} packages, none more than a tenth above its record"
    return told + (f"; **no record yet**: {', '.join(unknown)}" if unknown else "")


def python_binding():
    """Also says which wheels were not tried, because they fit no Python of this machine."""
    told = make("-C", "bindings/python", "test-release", stdout=subprocess.PIPE)
    print(told, end="")
    pythons = re.findall(r"^Python (\S+):", told, re.MULTILINE)
    untried = re.findall(r"^not tried: identity_hmac-[^-]+-(.+)-", told, re.MULTILINE)
    shown = f"passed on Python {', '.join(pythons)}"
    return shown + (f"; **not tried**: {', '.join(untried)}" if untried else "")


def ruby_binding():
    make("-C", "bindings/ruby", "test-release")


def node_binding():
    make("-C", "bindings/node", "test-release")


def programs():
    make("-C", "packaging", "try")


def semver():
    command = ["git", "describe", "--tags", "--abbrev=0", "--match=v[0-9]*"]
    released = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if released.returncode:
        return "**not run**: there is no release, a tag v…, to compare with"
    make("-C", "scripts/release", "check-semver")
    return f"nothing breaks since {released.stdout.strip()}, or the version says so"


STEPS = {
    "version": ("one version in every place", lambda: make("check-version")),
    "build": ("every package for this machine", build),
    "again": ("a second build, from a clone in another folder", build_again),
    "sizes": ("sizes", hold_sizes),
    "uploads": ("`cargo publish --dry-run`, `npm publish --dry-run`", uploads),
    "crates": ("crates: an empty project, the vectors, the command", release("try-crates")),
    "python": ("wheels: an empty environment, the vectors", python_binding),
    "ruby": ("gems: an empty folder, the vectors", ruby_binding),
    "node": ("npm: an empty project, the vectors", node_binding),
    "programs": ("archives and Debian packages: started and driven", programs),
    "publish": (
        "releases that fail half-way, on registries of the loopback",
        release("test-publish"),
    ),
    "features": (
        "`cargo hack`: every combination of the core's features",
        release("check-features"),
    ),
    "semver": ("`cargo semver-checks`", semver),
}


def run(name):
    """The row of a step, and whether it passed."""
    what, step = STEPS[name]
    print(f"== {what}", flush=True)
    start = time.monotonic()
    try:
        shown, passed = step() or "passed", True
    except StepError as error:
        shown, passed = f"**failed**: {error}", False
    except subprocess.CalledProcessError as error:
        command = " ".join(map(str, error.cmd))
        shown, passed = f"**failed**: `{command}` ended with {error.returncode}", False
    seconds = round(time.monotonic() - start)
    return f"| {what} | {shown} | {seconds} s |", passed


def table(rows):
    host = subprocess.run(
        ["rustc", "--print", "host-tuple"], capture_output=True, text=True, check=True
    ).stdout.strip()
    lines = [f"Built and tried on {host}:", "", "| step | shown | took |", "|---|---|---|", *rows]
    missing = [platform for platform in PLATFORMS if platform != host]
    lines += ["", "Not built, and so not tried, by this run: " + ", ".join(missing) + "."]
    lines += ["", "| package | bytes |", "|---|---|"]
    return "\n".join(lines + [f"| `{name}` | {size:,} |" for name, size in sizes().items()])


def write(text):
    before, rest = PAGE.read_text().split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.split(END)[1]}")


def main(chosen):
    unknown = [name for name in chosen if name not in STEPS]
    if unknown:
        sys.exit(f"no step is called {unknown[0]}: there are {', '.join(STEPS)}")
    rows = [run(name) for name in chosen or STEPS]
    text = table([row for row, _ in rows])
    print(text)
    if not all(passed for _, passed in rows):
        sys.exit(1)
    if "--record" in sys.argv and not chosen:
        write(text)


if __name__ == "__main__":
    main([argument for argument in sys.argv[1:] if argument != "--record"])
