"""The tables of docs/ that say what the service's own help says.

service_help.py SERVER           fails if a table is not what the help says
service_help.py SERVER --write   writes the tables
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from markdown import ROOT, with_written_part

# The indentation of clap's help: of an option or a command, of a text below an option.
OPTION = re.compile(r"^ {2,6}(?:-\w, )?--([a-z-]+)(?: <([^>]+)>)?(?:\.\.\.)?$")
COMMAND = re.compile(r"^ {2}([a-z-]+)  +(\S.*)$")
TEXT = " " * 10


def main(server: Path, write: bool) -> None:
    for name, table in {
        "docs/run/configuration.md": settings(server),
        "docs/reference/service.md": commands(server),
    }.items():
        page = ROOT / name
        text = page.read_text(encoding="utf-8")
        new = with_written_part(text, table)
        if write:
            page.write_text(new, encoding="utf-8")
        elif new != text:
            sys.exit(
                f"{name} is not what the help says: run tests/docs/service_help.py SERVER --write"
            )


def help_of(server: Path, *words: str) -> list[str]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("IDENTITY_")
    }
    done = subprocess.run(
        [server, *words, "--help"],
        env=environment | {"COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def settings(server: Path) -> str:
    rows = ["| option | variable | default | meaning |", "|---|---|---|---|"]
    lines = help_of(server, "serve")
    starts = [number for number, line in enumerate(lines) if OPTION.match(line)]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        option, value = OPTION.match(lines[start]).groups()
        if option in ("help", "version"):
            continue
        text = "\n".join(line.removeprefix(TEXT) for line in lines[start + 1 : end])
        text, _, values = text.partition("Possible values:\n")
        shown = text + values
        default = re.search(r"\[default:\s+([^\]]+)\]", shown)
        variable = re.search(r"\[env: (IDENTITY_[A-Z_]+)", shown)
        meaning = joined(re.sub(r"\[(?:env|default|aliases)[^\]]*\]", "", text)).rstrip(";")
        kinds = re.findall(r"- ([a-z-]+): +(.+(?:\n {2,}\S.*)*)", values)
        meaning += "".join(f". `{kind}`: {joined(what)}" for kind, what in kinds)
        cells = [
            f"`--{option} {value}`" if value else f"`--{option}`",
            f"`{variable[1]}`" if variable else "",
            default_cell(joined(default[1])) if default else "",
            meaning.replace(" ;", ";"),
        ]
        rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(rows) + "\n"


def default_cell(text: str) -> str:
    """A value as code; what is said in words as words."""
    return f"`{text}`" if " " not in text else text


def commands(server: Path) -> str:
    rows = ["| command | what it does |", "|---|---|"]
    rows += [f"| `identity-hmac-server {name}` | {what} |" for name, what in subcommands(server)]
    return "\n".join(rows) + "\n"


def subcommands(server: Path, *above: str) -> list[tuple[str, str]]:
    """Each command that has no commands below it, with what its help says first."""
    found: list[tuple[str, str]] = []
    lines = help_of(server, *above)
    if "Commands:" not in lines:
        return found
    listed: list[list[str]] = []
    for line in lines[lines.index("Commands:") + 1 :]:
        if not line.strip():
            break
        if match := COMMAND.match(line):
            listed.append([match[1], match[2]])
        else:
            listed[-1][1] += f" {line.strip()}"
    for name, what in listed:
        if name != "help":
            below = subcommands(server, *above, name)
            found += below or [(" ".join([*above, name, *arguments(server, *above, name)]), what)]
    return found


def arguments(server: Path, *words: str) -> list[str]:
    """Those that have to be given, as the usage shows them."""
    usage = next(line for line in help_of(server, *words) if line.startswith("Usage:"))
    return re.findall(r"(?<!-)(?<=[ \]])<([A-Z_]+)>", usage)


def joined(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), "--write" in sys.argv)
