"""Check the documentation as text. It runs nothing and needs no network, so it takes a second.

    check.py                 every Markdown file of the repository
    check.py --site FOLDER   the pages that `make docs` built

In Markdown: every link and anchor leads somewhere, every page of docs/ is in its table of contents,
every code block is run by a test or says why not, the pages keep to the glossary, and the page of
error codes lists the codes that the sources have.
"""

import html
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import codes
from markdown import ROOT, Block, Page, read

REPOSITORY = "https://github.com/identity-hmac/identity-hmac"
SITE = "https://identity-hmac.github.io/identity-hmac/"
DOCS = ROOT / "docs"
# What the table of contents takes from outside of docs/, by the name that it has on the site.
MIRRORED = {"security.md": "SECURITY.md", "changelog.md": "CHANGELOG.md"}

RUN = "tests/docs/run.py"
BROWSER = "bindings/browser/test/documentation.test.js"
# Who runs a page's code blocks, in which languages. The first pattern that fits counts.
RUNNERS = [
    ("README.md", RUN, ["sh", "python", "ruby", "js", "rust", "text"]),
    ("docs/reference/python.md", "bindings/python/tests/test_documentation.py", ["python"]),
    ("docs/reference/ruby.md", "bindings/ruby/spec/documentation_spec.rb", ["ruby"]),
    ("docs/reference/node.md", "bindings/node/test/documentation.test.js", ["js"]),
    ("docs/reference/browser.md", BROWSER, ["ts", "tsx"]),
    ("docs/chat-page.md", BROWSER, ["ts"]),
    ("docs/**/*.md", RUN, ["sh", "console", "text"]),
    ("crates/identity-hmac-cli/README.md", RUN, ["console"]),
    ("crates/identity-hmac/README.md", "crates/identity-hmac/src/lib.rs", ["rust"]),
    ("crates/identity-hmac-axum/README.md", "crates/identity-hmac-axum/src/lib.rs", ["rust"]),
    ("crates/identity-hmac-doctor/README.md", "crates/identity-hmac-doctor/src/lib.rs", ["rust"]),
    ("crates/identity-hmac-file/README.md", "crates/identity-hmac-file/src/lib.rs", ["rust"]),
    ("bindings/python/README.md", "bindings/python/tests/test_documentation.py", ["python"]),
    ("bindings/ruby/README.md", "bindings/ruby/spec/documentation_spec.rb", ["ruby"]),
    ("bindings/node/README.md", "bindings/node/test/documentation.test.js", ["js"]),
    ("bindings/browser/README.md", BROWSER, ["ts", "tsx"]),
]
# Read by nobody but people: what these say is set up by the Makefiles that they describe.
FOR_CONTRIBUTORS = [
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "fuzz/",
    "tests/",
    "examples/",
    "crates/identity-hmac-server/tests/",
]


def main() -> None:
    if sys.argv[1:2] == ["--site"]:
        faults = list(site_faults(Path(sys.argv[2])))
    else:
        names = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        pages = {ROOT / name: read(ROOT / name) for name in names if (ROOT / name).exists()}
        faults = [
            *link_faults(pages),
            *contents_faults(pages),
            *block_faults(pages),
            *word_faults(pages),
            *codes.faults(),
        ]
    if faults:
        sys.exit("\n".join(faults))


def link_faults(pages: dict[Path, Page]) -> Iterator[str]:
    for page in pages.values():
        for anchor in {anchor for anchor in page.anchors if page.anchors.count(anchor) > 1}:
            yield f"{page.name}: two headings have the anchor #{anchor}"
        for line, link in page.links:
            path, anchor = destination(page, link)
            if path is None:
                continue
            if not path.exists():
                yield f"{page.name}:{line}: {link} leads to nothing"
            elif anchor and path.suffix == ".md" and anchor not in pages[path].anchors:
                yield f"{page.name}:{line}: {link} names no heading"


def destination(page: Page, link: str) -> tuple[Path | None, str]:
    """The file and the anchor that a link names; no file for one that leaves the project."""
    if link.startswith(SITE):
        path, _, anchor = link.removeprefix(SITE).partition("#")
        name = re.sub(r"\.html$", ".md", path or "index.html")
        name = re.sub(r"(^|/)index\.md$", r"\1README.md", name)
        return (ROOT / MIRRORED[name] if name in MIRRORED else DOCS / name), anchor
    if link.startswith(f"{REPOSITORY}/"):
        path, _, anchor = link.removeprefix(REPOSITORY).partition("#")
        found = re.match(r"/(?:blob|tree)/main/(.*)", path)
        return (ROOT / found[1] if found else None), anchor
    parts = urlsplit(link)
    if parts.scheme:
        return None, ""
    path = (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path
    return path, parts.fragment


def contents_faults(pages: dict[Path, Page]) -> Iterator[str]:
    """The table of contents is every page of docs/, once."""
    summary = DOCS / "SUMMARY.md"
    listed = [(DOCS / link).resolve() for _, link in pages[summary].links]
    there = {path for path in pages if path.is_relative_to(DOCS)} - {summary}
    for path in sorted(there ^ set(listed)):
        yield f"docs/SUMMARY.md: {path.relative_to(ROOT)} is not a page of docs/, or not listed"
    if len(listed) != len(set(listed)):
        yield "docs/SUMMARY.md: a page is listed twice"


def block_faults(pages: dict[Path, Page]) -> Iterator[str]:
    # Commands that a package's page shares with a page that is run.
    elsewhere = {
        block.text
        for page in pages.values()
        for block in page.blocks
        if block.language == "sh" and runs(page, block)
    }
    for page in pages.values():
        if page.name.startswith(tuple(FOR_CONTRIBUTORS)):
            continue
        who, languages = runner(page)
        if who != RUN and page.path.name not in (ROOT / who).read_text(encoding="utf-8"):
            yield f"{page.name}: {who} does not read it"
        for block in page.blocks:
            where = f"{page.name}:{block.line}"
            if "not-run" in block.tags:
                if len(block.tags["not-run"]) < 10:
                    yield f"{where}: not-run= needs a reason"
            elif tester := block.tags.get("tested-in"):
                if page.path.name not in (ROOT / tester).read_text(encoding="utf-8"):
                    yield f"{where}: {tester} does not read {page.path.name}"
            elif same := block.tags.get("same-as"):
                if block.text not in (ROOT / same).read_text(encoding="utf-8"):
                    yield f"{where}: the block is not what {same} holds"
            elif not (
                "file" in block.tags or block.language in languages or block.text in elsewhere
            ):
                yield f"{where}: nothing runs this block of {block.language or 'no language'}"


def fits(path: Path, pattern: str) -> bool:
    return path == ROOT / pattern or path in ROOT.glob(pattern)


def runs(page: Page, block: Block) -> bool:
    """Whether run.py runs this block."""
    if {"not-run", "tested-in"} & block.tags.keys():
        return False
    who, _ = runner(page)
    # Of the pages whose programs a package's own tests run, the commands are still run.py's.
    return who == RUN or (block.language == "sh" and page.path.is_relative_to(DOCS))


def runner(page: Page) -> tuple[str, list[str]]:
    """Who runs the page's blocks, and those of which languages."""
    for pattern, who, languages in RUNNERS:
        if fits(page.path, pattern):
            return who, languages
    return RUN, []


def word_faults(pages: dict[Path, Page]) -> Iterator[str]:
    """The last column of the glossary's table has the words that no page of docs/ uses."""
    glossary = DOCS / "glossary.md"
    words = []
    for row in re.findall(r"^\|.*\|$", pages[glossary].text, re.M)[2:]:
        term, _, avoided = (cell.strip() for cell in row.strip("|").split("|"))
        words += [(word.strip(), term) for word in avoided.split(",") if word.strip()]
    for path, page in pages.items():
        if path.is_relative_to(DOCS) and path != glossary:
            for word, term in words:
                for found in re.finditer(rf"\b{re.escape(word)}\b", page.prose, re.I):
                    line = page.prose.count("\n", 0, found.start()) + 1
                    yield f"{page.name}:{line}: “{found[0]}”; the glossary says {term}"


def site_faults(site: Path) -> Iterator[str]:
    """Links of the built pages lead somewhere, and nothing is loaded from elsewhere."""
    ids: dict[Path, set[str]] = {}
    pages = [path for path in site.rglob("*.html") if path.name not in ("404.html", "toc.html")]
    if not pages:
        yield f"{site} holds no page"
    for path in pages:
        text = path.read_text(encoding="utf-8")
        for tag, link in re.findall(r"<(\w+)[^>]*?\b(?:href|src)=\"([^\"]*)\"", text):
            parts = urlsplit(html.unescape(link))
            if parts.scheme or parts.netloc:
                if tag != "a":
                    yield f"{path}: <{tag}> loads {link}"
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if target.is_dir():
                target /= "index.html"
            if not target.exists():
                yield f"{path}: {link} leads to nothing"
            elif parts.fragment and target.suffix == ".html":
                if target not in ids:
                    ids[target] = set(
                        re.findall(r"\bid=\"([^\"]+)\"", target.read_text(encoding="utf-8"))
                    )
                if unquote(parts.fragment) not in ids[target]:
                    yield f"{path}: {link} names no place"


if __name__ == "__main__":
    main()
