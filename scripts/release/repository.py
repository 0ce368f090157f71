#!/usr/bin/env python3
"""Fails unless every package names the repository that builds it. npm refuses any other, but only
when it is uploaded, after others are out.

    scripts/release/repository.py FOLDER [OWNER/NAME]

FOLDER has crates/, pypi/, gems/ and npm/. The repository is $GITHUB_REPOSITORY, if not given.
"""

import os
import sys
from pathlib import Path

import packages


def check(folder, wanted):
    """What is wrong, a line each."""
    wrong = []
    for kind in packages.READERS:
        for package in packages.read(kind, Path(folder) / kind):
            if packages.repository(package) != wanted:
                wrong.append(f"{package}: its repository is {package.repository or 'missing'}")
    return wrong


def main(folder, wanted=""):
    wanted = wanted or os.environ.get("GITHUB_REPOSITORY")
    if not wanted:
        sys.exit("Which repository builds? Set GITHUB_REPOSITORY to OWNER/NAME.")
    if wrong := check(folder, wanted):
        wrong.append(
            f"It should be https://github.com/{wanted}. Change it where the package is made."
        )
        sys.exit("\n".join(wrong))
    print(f"every package names {wanted}")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except packages.PackageError as error:
        sys.exit(f"{error}")
