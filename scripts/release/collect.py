#!/usr/bin/env python3
"""Puts the packages that several machines built into one folder, with the commit they are of.

    scripts/release/collect.py FIRST FOLDERS TO   FOLDERS holds a folder of each machine
    scripts/release/collect.py --check TO         fails unless TO is of the commit checked out

What more than one machine builds, such as the sdist, is taken from FIRST. Where another machine's
packer wrote other bytes, that is told.
"""

import filecmp
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class CollectError(Exception):
    """The folder is not what can be published."""


def commit():
    command = ["git", "rev-parse", "HEAD"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def collect(first, folders, to):
    built_elsewhere = sorted(folder for folder in folders.iterdir() if folder != first)
    if to.exists():
        raise CollectError(f"{to} is there already: take it away")
    for machine in [first, *built_elsewhere]:
        files = [path for path in sorted(machine.rglob("*")) if path.is_file()]
        if not files:
            raise CollectError(f"{machine} holds no package")
        for path in files:
            target = to / path.relative_to(machine)
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
            elif filecmp.cmp(path, target, shallow=False):
                print(f"{machine.name}: {target.name}: the same bytes")
            elif (first / path.relative_to(machine)).exists():
                print(f"{machine.name}: {target.name}: other bytes, not taken")
            else:
                raise CollectError(f"{target.name} comes from two machines with different bytes")
    (to / "commit").write_text(commit())


def check(to):
    built = (to / "commit").read_text()
    if built != commit():
        raise CollectError(
            f"The packages are of {built.strip()}, and this is {commit().strip()}.\n"
            "Start the workflow from the tag of the run whose packages are published."
        )


if __name__ == "__main__":
    try:
        match sys.argv[1:]:
            case ["--check", to]:
                check(Path(to))
            case [first, folders, to]:
                collect(Path(first), Path(folders), Path(to))
            case _:
                sys.exit(__doc__)
    except CollectError as error:
        sys.exit(f"{error}")
