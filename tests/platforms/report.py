"""The table of what was tried: its rows, and its place in docs/platforms.md."""

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "platforms.md"
BEGIN = "<!-- written by make platforms -->"
END = "<!-- the end of what make platforms wrote -->"
PASSED, NOT_RUN, FAILED = "passed", "not run", "**failed**"


class NotRunError(Exception):
    """What a case needs is not here; says what."""


class FailedError(Exception):
    """A case ran and failed; says how."""


@dataclass(frozen=True)
class Case:
    """One row. `run` returns what it has shown, as in "12 tests"."""

    platform: str
    what: str
    run: Callable[[], str]

    def __str__(self) -> str:
        return f"| {self.platform} | {self.what} |"


def try_case(case: Case) -> str:
    """Runs a case, prints its result, and returns its row of the table."""
    print(f"   {case.platform}: {case.what}", flush=True)
    start = time.monotonic()
    try:
        result, detail = PASSED, case.run()
    except NotRunError as missing:
        result, detail = NOT_RUN, str(missing)
    except (FailedError, OSError, subprocess.SubprocessError) as failure:
        print(failure, flush=True)
        result, detail = FAILED, "see the output of the run"
    print(f"   {result}: {detail} ({time.monotonic() - start:.0f} s)", flush=True)
    return f"{case} {result}: {detail} |"


def count(rows: list[str], result: str) -> int:
    return sum(f"| {result}: " in row for row in rows)


def summary(rows: list[str]) -> str:
    passed, not_run, failed = (count(rows, it) for it in (PASSED, NOT_RUN, FAILED))
    return f"{passed} passed, {failed} failed, {not_run} not run."


def table(rows: list[str]) -> str:
    return "\n".join(["| platform | what was run | result |", "|---|---|---|", *rows])


def write(cases: list[Case], rows: list[str]) -> None:
    """Puts the rows into the page, between its marks. Those of cases that were left out stay."""
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    written, after = rest.split(END)
    known = [*rows, *written.splitlines()]
    merged = []
    for case in cases:
        merged += [row for row in known if row.startswith(str(case))][:1]
    written = f"{BEGIN}\n{table(merged)}\n\n{summary(merged)}\n{END}"
    PAGE.write_text(f"{before}{written}{after}", encoding="utf-8")
