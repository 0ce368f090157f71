"""Runs every security proof and writes what they printed into the table of SECURITY.md.

    python3 scripts/prove.py [PROOF ...]

Each proof is a target `prove-PROOF` of the Makefile. A line of its output that reads
`proved: CLAIM: FIGURE` becomes a row of the table. The table is written only when every proof was
run and passed; with names as arguments only those are run, and nothing is written.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

PROOFS = ["constant-time", "fuzz", "canary", "supply-chain", "service", "mutants"]
SECURITY = Path(__file__).resolve().parent.parent / "SECURITY.md"
BEGIN = "<!-- written by make prove -->"
END = "<!-- the end of what make prove wrote -->"


class ProofError(Exception):
    """A proof ended with an error, or without showing anything."""


def prove(proof):
    """Runs one proof, passing its output on; returns its (claim, figure) pairs."""
    command = [os.environ.get("MAKE", "make"), "--no-print-directory", f"prove-{proof}"]
    shown = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            if line.startswith("proved: "):
                claim, figure = line.removeprefix("proved: ").rstrip("\n").split(": ", 1)
                shown.append((claim, figure))
    if process.returncode != 0:
        raise ProofError(f"prove-{proof} ended with {process.returncode}")
    if not shown:
        raise ProofError(f"prove-{proof} has shown nothing")
    return shown


def table(rows):
    lines = ["| claim | command | last figure |", "|---|---|---|"]
    lines += [f"| {claim} | `make prove-{proof}` | {figure} |" for proof, claim, figure in rows]
    return "\n".join(lines)


def write(rows):
    before, rest = SECURITY.read_text().split(BEGIN)
    _, after = rest.split(END)
    SECURITY.write_text(f"{before}{BEGIN}\n{table(rows)}\n{END}{after}")


def main(chosen):
    unknown = [proof for proof in chosen if proof not in PROOFS]
    if unknown:
        sys.exit(f"no proof is called {unknown[0]}: there are {', '.join(PROOFS)}")
    rows, failures = [], []
    for proof in chosen or PROOFS:
        start = time.monotonic()
        try:
            rows += [(proof, claim, figure) for claim, figure in prove(proof)]
        except ProofError as failure:
            failures.append(str(failure))
        minutes, seconds = divmod(round(time.monotonic() - start), 60)
        print(f"== {proof}: {minutes} min {seconds} s", flush=True)
    print(table(rows))
    if failures:
        sys.exit("\n".join(failures))
    if not chosen:
        write(rows)


if __name__ == "__main__":
    main(sys.argv[1:])
