"""What the command costs over a file of ids, beside the document's Python loop and openssl.

command.py IDENTITY_HMAC
"""

import hashlib
import itertools
import json
import os
import platform
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 3
IDS = 5_000_000
# A process for each id: the rate shows as well over fewer.
OPENSSL_IDS = 500
SECRET = secrets.token_hex(32)

LOOPED = "documented Python loop"
LOOP = Path(__file__).with_name("documented.py")
OPENSSL = """
while IFS= read -r visitor_id; do
    hmac=$(printf %s "$visitor_id" | openssl dgst -sha256 -hmac "$IDENTITY_SECRET")
    printf '%s\\t%s\\n' "$visitor_id" "${hmac##* }"
done
"""


def write_ids(path: Path, count: int) -> None:
    """Ids of 36 bytes, the first ones the same for every count."""
    with path.open("w", encoding="ascii") as ids:
        for number in range(count):
            ids.write(hashlib.sha256(b"%d" % number).hexdigest()[:36] + "\n")


def run(command: list, ids: Path, signed: Path, peak: Path) -> tuple[float, float]:
    """Seconds and MiB. `time` says what a process uses, and is small itself: a child of
    this one would begin with the peak of its parent."""
    with ids.open("rb") as stdin, signed.open("wb") as stdout:
        started = time.perf_counter()
        subprocess.run(
            ["time", "--format=%M", f"--output={peak}", *command],
            stdin=stdin,
            stdout=stdout,
            env=os.environ | {"IDENTITY_SECRET": SECRET},
            check=True,
        )
        seconds = time.perf_counter() - started
    return seconds, int(peak.read_text()) / 1024


def check_equal(contender: str, signed: Path, expected: Path, count: int) -> None:
    """Demand byte for byte the first `count` lines of what is expected."""
    with signed.open("rb") as written, expected.open("rb") as lines:
        pairs = itertools.zip_longest(written, itertools.islice(lines, count))
        equal = all(one == other for one, other in pairs)
    if not equal:
        sys.exit(f"{contender} writes otherwise than the documented Python loop")


def versions(binary: str) -> dict[str, str]:
    def output_of(*command: str) -> str:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    return {
        "identity-hmac": output_of(binary, "--version").split()[-1],
        "Python": platform.python_version(),
        "openssl": output_of("openssl", "version").split()[1],
    }


def main(binary: str) -> None:
    contenders = {
        LOOPED: ([sys.executable, LOOP], IDS),
        f"openssl, a process for each of {OPENSSL_IDS} ids": (["sh", "-c", OPENSSL], OPENSSL_IDS),
        "identity-hmac": ([binary, "sign"], IDS),
    }
    samples = {contender: [] for contender in contenders}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for count in (IDS, OPENSSL_IDS):
            write_ids(folder / f"{count}-ids", count)
        turn = list(contenders)
        for number in range(ROUNDS):
            for contender in turn:
                print(f"command: round {number + 1}, {contender}", file=sys.stderr)
                command, count = contenders[contender]
                signed = folder / f"{contender}.signed"
                seconds, peak_mib = run(command, folder / f"{count}-ids", signed, folder / "peak")
                samples[contender].append((count / seconds, peak_mib))
            turn.append(turn.pop(0))
        for contender, (_, count) in contenders.items():
            check_equal(
                contender, folder / f"{contender}.signed", folder / f"{LOOPED}.signed", count
            )
    for contender, measured in samples.items():
        rate, peaks = zip(*measured, strict=True)
        row = {
            "section": "command",
            "case": f"sign a file of {IDS:,} ids",
            "contender": contender,
            "rate": rate,
            "peak_mib": max(peaks),
        }
        print(json.dumps(row))
    print(json.dumps({"versions": versions(binary)}))


if __name__ == "__main__":
    main(sys.argv[1])
