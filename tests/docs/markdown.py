"""What the tests of the documentation read in a Markdown page: code blocks, headings and links."""

import re
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]

FENCE = re.compile(
    r"^(?P<indent> *)(?P<fence>`{3,})(?P<info>[^\n`]*)\n(?P<text>.*?)^ *(?P=fence)$", re.M | re.S
)
HEADING = re.compile(r"^(#{1,6}) +(.+?) *#*$", re.M)
LINK = re.compile(
    r"\]\(([^)\s]+)\)|^\[[^\]]+\]: *(\S+)|<(https?://[^>\s]+)>|(?:src|href)=\"([^\"]+)\"", re.M
)


@dataclass(frozen=True)
class Block:
    """A fenced code block. Its info string is a language and then `key=value` or a bare key.

    `not-run=` takes the rest of the line, since a reason has spaces.
    """

    line: int
    section: str
    language: str
    tags: dict[str, str]
    text: str


@dataclass
class Page:
    path: Path
    text: str
    blocks: list[Block] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    links: list[tuple[int, str]] = field(default_factory=list)
    prose: str = ""

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def anchors(self) -> list[str]:
        return [slug(heading) for heading in self.headings]


def read(path: Path) -> Page:
    text = path.read_text(encoding="utf-8")
    page = Page(path, text)
    # What stands in a block is neither a heading nor a link. Lines keep their numbers.
    bare = FENCE.sub(lambda block: re.sub(r"[^\n]", "", block[0]), text)
    headings = [(match.start(), match[2]) for match in HEADING.finditer(bare)]
    page.headings = [heading for _, heading in headings]
    for match in FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        starts = [bare.count("\n", 0, start) + 1 for start, _ in headings]
        above = [
            heading for start, heading in zip(starts, page.headings, strict=True) if start < line
        ]
        language, tags = info(match["info"].strip())
        code = re.sub(f"^{match['indent']}", "", match["text"], flags=re.M)
        page.blocks.append(Block(line, above[-1] if above else "", language, tags, code))
    page.prose = re.sub(r"`[^`\n]+`", "", re.sub(r"<!--.*?-->", "", bare, flags=re.S))
    linked = re.sub(r"`[^`\n]+`", lambda code: "x" * len(code[0]), bare)
    for match in LINK.finditer(linked):
        target = next(group for group in match.groups() if group)
        page.links.append((linked.count("\n", 0, match.start()) + 1, target))
    return page


def with_written_part(text: str, part: str) -> str:
    """A page with `part` in the place of what stands between its two marks."""
    before, begin, rest = re.split(r"(<!-- begin: written by [^\n]* -->\n)", text, maxsplit=1)
    _, end, after = rest.partition("<!-- end -->")
    return f"{before}{begin}\n{part}\n{end}{after}"


def info(text: str) -> tuple[str, dict[str, str]]:
    first, _, rest = text.partition(" ")
    tags = {}
    if "not-run=" in rest:
        rest, _, reason = rest.partition("not-run=")
        tags["not-run"] = reason
    for word in rest.split():
        key, _, value = word.partition("=")
        tags[key] = value
    return first, tags


def slug(heading: str) -> str:
    """The anchor that GitHub and mdBook both give a heading."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
    return re.sub(r"[^\w\- ]", "", text).strip().replace(" ", "-")
