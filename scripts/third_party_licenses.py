"""Write the licences of all that is linked into CRATE, with their texts, to standard output.

    third_party_licenses.py CRATE [--target TRIPLE] [--features LIST] [--manifest-path FILE]

Each text stands once, below what has it. What only helps to build is left out: build dependencies,
procedural macros, tests. The same crates always give the same bytes. Ends with 1 if a linked crate
has no text.
"""

import argparse
import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
NAMED_LIKE_A_LICENSE = re.compile(
    r"(?:un)?licen[cs]es?(?:[-_.](?!rs$|py$|html$|json$|hbs$).*)?|copying.*|copyright.*|notice.*",
    re.IGNORECASE,
)
RULE = "=" * 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("crate")
    parser.add_argument("--target", metavar="TRIPLE", help="default: this machine's")
    parser.add_argument("--features", default="")
    parser.add_argument("--manifest-path", type=Path, default=ROOT / "Cargo.toml")
    asked = parser.parse_args()
    texts = [("Rust's standard library: MIT OR Apache-2.0", mit("The Rust Project Contributors"))]
    if "musl" in (asked.target or ""):
        texts.append(("musl: MIT", mit("2005-2020 Rich Felker, et al.")))
    without = []
    for package in linked(asked):
        crate = f"{package['name']} {package['version']}"
        found = license_texts(package)
        texts += [(f"{crate}: {package['license']}", text) for text in found]
        if not found:
            without.append(crate)
    if without:
        sys.exit(f"linked into {asked.crate} without the text of a licence: {', '.join(without)}")
    # Two files that differ in their line breaks alone are one text.
    same: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for titled in texts:
        same[" ".join(titled[1].split())].append(titled)
    # On Windows too.
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    print(f"What is linked into {asked.crate}, and its licences.")
    for group in same.values():
        print(RULE, *dict.fromkeys(title for title, _ in group), RULE, group[0][1], sep="\n")


def linked(asked: argparse.Namespace) -> list[dict]:
    """What cargo knows of each crate of others that is linked into the crate asked for, by name."""
    same = ["--locked", f"--manifest-path={asked.manifest_path}", f"--features={asked.features}"]
    tree = ["tree", *same, f"--package={asked.crate}", "--edges=normal,no-proc-macro"]
    if asked.target:
        tree.append(f"--target={asked.target}")
    lines = cargo(*tree, "--prefix=none", "--format={p}").splitlines()
    names = {tuple(line.split()[:2]) for line in lines}
    known = json.loads(cargo("metadata", *same, "--format-version=1"))["packages"]
    return sorted(
        (
            package
            for package in known
            if (package["name"], f"v{package['version']}") in names and package["source"]
        ),
        key=lambda package: (package["name"], package["version"]),
    )


def license_texts(package: dict) -> list[str]:
    folder = Path(package["manifest_path"]).parent
    files = [file for file in folder.rglob("*") if NAMED_LIKE_A_LICENSE.fullmatch(file.name)]
    texts = [file.read_text(encoding="utf-8") for file in sorted(files) if file.is_file()]
    if not texts and "MIT" in package["license"] and package["authors"]:
        # Its manifest alone says the licence.
        texts = [mit(", ".join(author.split(" <")[0] for author in package["authors"]))]
    return ["\n".join(line.rstrip() for line in text.strip().splitlines()) + "\n" for text in texts]


def mit(holders: str) -> str:
    ours = (ROOT / "LICENSE-MIT").read_text(encoding="utf-8")
    return re.sub(r"(?<=Copyright \(c\) ).*", holders, ours)


def cargo(*words: str) -> str:
    return subprocess.run(["cargo", *words], stdout=subprocess.PIPE, text=True, check=True).stdout


if __name__ == "__main__":
    main()
