#!/usr/bin/env python3
"""Checks that every place names the workspace's version, or changes it everywhere.

    scripts/release/version.py
    scripts/release/version.py set X.Y.Z

The version is `workspace.package.version` of Cargo.toml. `set` leaves CHANGELOG.md to its author.
"""

import re
import subprocess
import sys
from pathlib import Path

import tomllib

ROOT = Path(__file__).resolve().parents[2]
# Of semver.org's grammar what PyPI, RubyGems and npm can all write.
NUMBER = r"(?:0|[1-9]\d*)"
SEMVER = rf"{NUMBER}\.{NUMBER}\.{NUMBER}(?:-(?:alpha|beta|rc)\.{NUMBER})?"
# What has to name a version, by file. The last group of each expression is the version.
NAMED = {
    "Cargo.toml": [
        r'^version = "(.+)"$',
        r'^identity-hmac(?:-\w+)? = \{.*\bversion = "(.+?)"',
    ],
    "bindings/browser/package.json": [r'^  "version": "(.+)"'],
    "bindings/node/package.json": [r'^  "version": "(.+)"'],
    "bindings/browser/package-lock.json": [
        r'^ +"name": "identity-hmac-browser",\s+"version": "(.+)"'
    ],
    "bindings/node/package-lock.json": [r'^ +"name": "identity-hmac",\s+"version": "(.+)"'],
    "examples/express/package-lock.json": [r'"node_modules/identity-hmac": \{\s+"version": "(.+)"'],
}
# A package of ours with its version in any text: `identity-hmac==X.Y.Z`, `identity-hmac-X.Y.Z.tgz`.
ANYWHERE = rf"\bidentity[-_]hmac(?:[-_][a-z]+)*(?:-|_|@| |==|~>) ?v?({SEMVER})(?!\w|\.\d)"
# What keeps the version of its time, and the tests of this, which need wrong ones.
RECORDS = ("CHANGELOG.md", "docs/benchmarks.md", "tests/release/")


class VersionError(Exception):
    """A place disagrees, or is not in the form that it should be."""


def tracked(root):
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True
    )
    return [path for path in listed.stdout.split("\0") if path and (root / path).is_file()]


def crates(root):
    """The manifests of the workspace's crates, by path."""
    workspace = tomllib.loads((root / "Cargo.toml").read_text())["workspace"]
    manifests = [
        path / "Cargo.toml" for member in workspace["members"] for path in root.glob(member)
    ]
    return {manifest: tomllib.loads(manifest.read_text()) for manifest in manifests}


def inherited(root):
    """Fails where a version stands that should be read from Cargo.toml."""
    for manifest, content in crates(root).items():
        if content["package"].get("version") != {"workspace": True}:
            raise VersionError(f"{manifest.relative_to(root)}: write `version.workspace = true`")
    pyproject = tomllib.loads((root / "bindings/python/pyproject.toml").read_text())
    if "version" not in pyproject["project"].get("dynamic", []):
        raise VersionError('bindings/python/pyproject.toml: write `dynamic = ["version"]`')
    gemspec = "bindings/ruby/identity_hmac.gemspec"
    if not re.search(r"spec\.version = File\.read\(.*Cargo\.toml", (root / gemspec).read_text()):
        raise VersionError(f"{gemspec}: read the version from Cargo.toml")


def places(root):
    """Each place of the version: (path, its start, its end, the version there)."""
    files = tracked(root)
    names = "|".join(content["package"]["name"] for content in crates(root).values())
    locked = rf'^name = "(?:{names})"\nversion = "(.+)"\n(?!source)'
    for path in NAMED.keys() - set(files):
        raise VersionError(f"{path}: is not there; change scripts/release/version.py")
    for path in files:
        expressions = list(NAMED.get(path, []))
        if path.endswith("Cargo.lock"):
            text = (root / path).read_text()
            expressions += [locked] if re.search(locked, text, re.MULTILINE) else []
        elif not path.startswith(RECORDS):
            try:
                text = (root / path).read_text()
            except UnicodeDecodeError:
                continue
            expressions += [ANYWHERE] if re.search(ANYWHERE, text) else []
        found = set()
        for expression in expressions:
            matches = list(re.finditer(expression, text, re.MULTILINE))
            if not matches:
                raise VersionError(f"{path}: has no version in the form {expression}")
            found |= {(*match.span(1), match[1]) for match in matches}
        yield from ((path, *place) for place in sorted(found))


def version(root=ROOT):
    return tomllib.loads((root / "Cargo.toml").read_text())["workspace"]["package"]["version"]


def check(root):
    inherited(root)
    wanted = version(root)
    wrong = [
        f"{path}:{(root / path).read_text()[:start].count(chr(10)) + 1}: {there}, not {wanted}"
        for path, start, _, there in places(root)
        if there != wanted
    ]
    if wrong:
        remedy = f"The workspace's version is {wanted}. `version.py set {wanted}` writes it there."
        raise VersionError("\n".join([*wrong, remedy]))


def write(root, wanted):
    if not re.fullmatch(SEMVER, wanted):
        raise VersionError(f"{wanted} is not a version such as 1.2.3 or 1.2.3-rc.1")
    inherited(root)
    by_file = {}
    for path, start, end, _ in places(root):
        by_file.setdefault(path, []).append((start, end))
    for path, spans in by_file.items():
        text = (root / path).read_text()
        for start, end in reversed(spans):
            text = text[:start] + wanted + text[end:]
        (root / path).write_text(text)
    check(root)
    return by_file


def main(arguments):
    match arguments:
        case []:
            check(ROOT)
        case ["set", wanted]:
            print("\n".join(write(ROOT, wanted)))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except VersionError as error:
        sys.exit(f"{error}")
