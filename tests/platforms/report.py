"""The table of what was tried: its rows, and its place in docs/platforms.md."""

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "platforms.md"
BEGIN = "<!-- written by make platforms -->"
FAILED = "**failed**"
END = "<!-- the end of what make platforms wrote -->"


class NotRunError(Exception):
    """What a case needs is not here; says what."""


class FailedError(Exception):
    """A case ran and failed; says how."""


@dataclass(frozen=True)
class Case:
    """One row. `run` returns what it has shown, as in "12 tests"."""

    group: str
    platform: str
    what: str
    run: Callable[[], str]


@dataclass(frozen=True)
class Row:
    case: Case
    result: str
    detail: str

    def __str__(self) -> str:
        return f"| {self.case.platform} | {self.case.what} | {self.result}: {self.detail} |"


def try_case(case: Case) -> Row:
    """Runs a case and prints its result."""
    print(f"   {case.platform}: {case.what}", flush=True)
    start = time.monotonic()
    try:
        result, detail = "passed", case.run()
    except NotRunError as missing:
        result, detail = "not run", str(missing)
    except (FailedError, OSError, subprocess.SubprocessError) as failure:
        print(failure, flush=True)
        result, detail = FAILED, "see the output of the run"
    print(f"   {result}: {detail} ({time.monotonic() - start:.0f} s)", flush=True)
    return Row(case, result, detail)


def count(rows: list[Row], result: str) -> int:
    return sum(row.result == result for row in rows)


def summary(rows: list[Row]) -> str:
    passed, not_run, failed = (count(rows, it) for it in ("passed", "not run", FAILED))
    return f"{passed} passed, {failed} failed, {not_run} not run."


def table(rows: list[Row]) -> str:
    lines = ["| platform | what was run | result |", "|---|---|---|"]
    return "\n".join([*lines, *map(str, rows)])


def write(rows: list[Row]) -> None:
    """Puts the table into the page, between its marks."""
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    written = f"{BEGIN}\n{table(rows)}\n\n{summary(rows)}\n{END}"
    PAGE.write_text(f"{before}{written}{after}", encoding="utf-8")
