"""Run every bench, and write docs/benchmarks.md and docs/benchmarks.svg.

What goes into the page between its markers is printed too. `make bench` in the root installs what
is needed and calls this.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import chart
import figures
import machine
import report

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).absolute()
RAW = TARGET / "bench.jsonl"
PAGE = ROOT / "docs" / "benchmarks.md"
CHART = ROOT / "docs" / "benchmarks.svg"
BEGIN, END = "<!-- begin: written by `make bench` -->\n", "<!-- end: written by `make bench` -->\n"


class Program(NamedTuple):
    """A program that prints figures."""

    command: list
    folder: Path = ROOT


CORE = ["cargo", "run", "--release", "--locked", "--manifest-path", HERE / "core" / "Cargo.toml"]
PROGRAMS = {
    "core": Program(CORE),
    "python": Program([sys.executable, HERE / "python.py"]),
    "ruby": Program(["env", f"GEM_HOME={TARGET / 'bench' / 'gem-home'}", "ruby", HERE / "ruby.rb"]),
    "node": Program(["node", "--expose-gc", HERE / "node.mjs"], folder=TARGET / "bench" / "node"),
    "command": Program([sys.executable, HERE / "command.py", TARGET / "release" / "identity-hmac"]),
    "service": Program(["python3", HERE / "service" / "run.py"]),
}


def main() -> None:
    given = arguments()
    if given.only:
        os.environ["BENCH_CASE"] = given.case
        run = figures.read(measure({name: PROGRAMS[name] for name in given.only}))
        print(report.sections(run), report.circumstances(run), sep="\n", end="")
        return
    if not given.source:
        RAW.parent.mkdir(parents=True, exist_ok=True)
        with RAW.open("w", encoding="utf-8") as raw:
            raw.writelines(f"{line}\n" for line in measure(PROGRAMS))
    write((given.source or RAW).read_text(encoding="utf-8").splitlines(), PAGE, CHART)


def measure(programs: dict[str, Program]) -> Iterator[str]:
    """What the programs print, with the name of each in its lines, and what to know of the run."""
    about = machine.describe()
    date, started = datetime.now(UTC), time.monotonic()
    for name, program in programs.items():
        for line in output(name, program).splitlines():
            yield json.dumps({"program": name} | json.loads(line))
    about |= {
        "date": f"{date:%Y-%m-%d %H:%M} UTC",
        "command": "`make bench`" if programs is PROGRAMS else part(programs),
        "duration": f"{(time.monotonic() - started) / 60:.0f} minutes",
    }
    yield json.dumps({"about": about})


def part(programs: Iterable[str]) -> str:
    case = os.environ.get("BENCH_CASE")
    return f"only {', '.join(programs)}" + (
        f", the cases with `{case}` in their name" if case else ""
    )


def output(name: str, program: Program) -> str:
    print(f"bench {name}", file=sys.stderr)
    done = subprocess.run(
        program.command,
        cwd=program.folder,
        stdout=subprocess.PIPE,
        text=True,
    )
    if done.returncode:
        sys.exit(f"the bench {name} failed with exit code {done.returncode}: nothing is written")
    return done.stdout


def write(lines: Iterable[str], page: Path, picture: Path) -> None:
    """Put a full run into the page between its markers, draw the chart, and print the same."""
    run = figures.read(lines)
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        sys.exit(f"{page.name} has no place for the figures: {BEGIN.strip()} {END.strip()}")
    text, svg = report.page(run), chart.draw(run)
    print(text, end="")
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
    picture.write_bytes(svg)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--only", nargs="+", choices=PROGRAMS, help="run some, print their tables, write nothing"
    )
    which.add_argument(
        "--from", type=Path, dest="source", help="write again what a full run left in this file"
    )
    parser.add_argument(
        "--case", default="", help="with --only: run the cases that have this text in their name"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
