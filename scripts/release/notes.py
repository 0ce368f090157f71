#!/usr/bin/env python3
"""Prints the section of a version in CHANGELOG.md, for the release's page.

scripts/release/notes.py VERSION
"""

import re
import sys
from pathlib import Path

CHANGELOG = Path(__file__).resolve().parents[2] / "CHANGELOG.md"


class NotesError(Exception):
    """The changelog has nothing to say about the version."""


def notes(changelog, version):
    """What stands under `## VERSION`, with or without brackets and a date."""
    heading = rf"^## \[?{re.escape(version)}\]?(?: .*)?\n"
    sections = list(re.finditer(rf"{heading}((?:(?!## ).*\n?)*)", changelog, re.MULTILINE))
    if not sections:
        raise NotesError(f"CHANGELOG.md has no section `## {version}`: rename `## Unreleased`")
    if len(sections) > 1:
        raise NotesError(f"CHANGELOG.md has {len(sections)} sections `## {version}`")
    text = sections[0][1].strip()
    if not any(line.strip() and not line.startswith("#") for line in text.splitlines()):
        raise NotesError(f"CHANGELOG.md's section `## {version}` is empty: say what changed")
    return text


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        print(notes(CHANGELOG.read_text(), sys.argv[1]))
    except NotesError as error:
        sys.exit(f"{error}")
