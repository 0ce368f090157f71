"""A preprocessor of mdBook: the links of docs/ that leave it, and the pages that stand elsewhere.

Where the repository is read as files, a page of docs/ can link to any of them. On the site there
are only the pages of docs/, so this leads every other link to the repository. A page that points
to a file elsewhere becomes that file.
"""

import json
import posixpath
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "docs"))

from check import MIRRORED, REPOSITORY  # noqa: E402


def main() -> None:
    if sys.argv[1:2] == ["supports"]:
        return
    _context, book = json.load(sys.stdin)
    for chapter in chapters(book["items"]):
        if path := chapter["path"]:
            elsewhere = MIRRORED.get(path)
            if elsewhere:
                chapter["content"] = (ROOT / elsewhere).read_text(encoding="utf-8")
            chapter["content"] = on_the_site(chapter["content"], path, elsewhere or f"docs/{path}")
    json.dump(book, sys.stdout)


def chapters(items: list) -> list[dict]:
    found = []
    for item in items:
        if isinstance(item, dict) and "Chapter" in item:
            found += [item["Chapter"], *chapters(item["Chapter"]["sub_items"])]
    return found


def on_the_site(text: str, path: str, source: str) -> str:
    def link(match: re.Match[str]) -> str:
        target, hash_, anchor = match[1].partition("#")
        if not target or re.match(r"[a-z]+:", target):
            return match[0]
        file = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        for name, mirrored in MIRRORED.items():
            if file == mirrored:
                file = f"docs/{name}"
        if file.startswith("docs/"):
            there = posixpath.relpath(file.removeprefix("docs/"), posixpath.dirname(path) or ".")
        else:
            kind = "tree" if (ROOT / file).is_dir() else "blob"
            there = f"{REPOSITORY}/{kind}/main/{file}"
        return f"]({there}{hash_}{anchor})"

    # The tags of a code block are for the tests.
    text = re.sub(r"^( *```\w+) [^`\n]*$", r"\1", text, flags=re.M)
    parts = re.split(r"(^ *```.*?^ *```$)", text, flags=re.M | re.S)
    parts[::2] = [re.sub(r"\]\(([^)\s]+)\)", link, part) for part in parts[::2]]
    return "".join(parts)


if __name__ == "__main__":
    main()
