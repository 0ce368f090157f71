"""Runs programs, each with an end."""

import contextlib
import os
import re
import signal
import subprocess
from pathlib import Path

from report import FailedError

ROOT = Path(__file__).resolve().parents[2]
# What is built and installed for these trials, and kept for the next ones.
KEPT = ROOT / "target" / "platforms"

# What the program printed that has failed last.
FAILURE = KEPT / "failure.log"


def run(
    *command: str | Path,
    minutes: float = 5,
    cwd: Path = ROOT,
    env: dict[str, str] | None = None,
    stdin: str = "",
) -> str:
    """What a program printed. One that fails, or takes too long, is a failure that tells it."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=os.environ | (env or {}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    name = " ".join(map(str, command))[:300]
    try:
        output, _ = process.communicate(stdin, timeout=minutes * 60)
    except subprocess.TimeoutExpired:
        raise FailedError(f"{name}\ndid not end within {minutes} minutes") from None
    finally:
        # What it started and left behind, and itself if it is still there.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.returncode:
        raise FailedError(f"{name}\nended with {process.returncode}:\n{shortened(output)}")
    return output


def shortened(output: str) -> str:
    """The end of what a program printed; FAILURE has all of it."""
    FAILURE.write_text(output, encoding="utf-8")
    return output[-6000:]


def first(output: str, pattern: str) -> str:
    """What the group of the pattern matches first in what a program printed."""
    found = re.search(pattern, output, re.MULTILINE)
    if not found:
        raise FailedError(f"nothing matches {pattern} in:\n{shortened(output)}")
    return found[1]


def passed(output: str, pattern: str) -> str:
    """How many tests passed, by what their runner printed."""
    number = first(output, pattern)
    if number == "0":
        raise FailedError(f"no test was run:\n{shortened(output)}")
    return f"{number} tests"


# How Node's test runner tells it.
BY_NODE = r"^. pass (\d+)$"
