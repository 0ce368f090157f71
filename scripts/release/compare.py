#!/usr/bin/env python3
"""Compares two builds byte by byte, and names the members of an archive that differ.

scripts/release/compare.py FOLDER OTHER
"""

import io
import sys
import tarfile
import zipfile
from pathlib import Path


def members(content):
    """The files in an archive by name, also in archives within it; None if it is none."""
    stream = io.BytesIO(content)
    if zipfile.is_zipfile(stream):
        with zipfile.ZipFile(stream) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
    else:
        try:
            with tarfile.open(fileobj=io.BytesIO(content)) as archive:
                files = {
                    member.name: archive.extractfile(member).read()
                    for member in archive.getmembers()
                    if member.isfile()
                }
        except tarfile.TarError:
            return None
    # A gem holds its files in an archive of its own.
    for name in [name for name in files if name.endswith((".tar", ".tar.gz", ".tgz"))]:
        inner = members(files[name]) or {}
        files |= {f"{name}/{path}": text for path, text in inner.items()}
    return files


def differences(name, one, other):
    """What differs between two files of one name, a line each."""
    if one == other:
        return []
    inside, outside = members(one), members(other)
    if inside is None or outside is None:
        return [f"{name}: differs"]
    lines = [f"{name}: {path} is in one only" for path in sorted(inside.keys() ^ outside.keys())]
    lines += [
        f"{name}: {path} differs"
        for path in sorted(inside.keys() & outside.keys())
        if inside[path] != outside[path]
    ]
    return lines or [f"{name}: the archive differs, its members do not"]


def compare(folder, other):
    """How many files there are, and what differs."""
    files = {
        path.relative_to(root): None
        for root in [folder, other]
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }
    lines = []
    for path in files:
        if (folder / path).exists() and (other / path).exists():
            lines += differences(path, (folder / path).read_bytes(), (other / path).read_bytes())
        else:
            lines.append(f"{path}: is in one folder only")
    return len(files), lines


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    count, different = compare(*map(Path, sys.argv[1:]))
    if not count:
        sys.exit("Both folders are empty.")
    if different:
        sys.exit("\n".join(different))
    print(f"{count} files, all with the same bytes")
