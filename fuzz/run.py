"""Runs the fuzz targets and says what was executed, in libFuzzer's own figures."""

import argparse
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import seeds

HERE = Path(__file__).parent
# What each target has shown when no input broke it.
CLAIMS = {
    "verify": "signing and verifying give what ring gives for every secret, id and candidate",
    "hex": "exactly 64 hexadecimal digits are read as an hmac and everything else is refused",
    "keyring": "a keyring says rightly which of its keys a signature came from",
    "doctor": "doctor knows a right signature and never shows the secret or the right signature",
    "token": "a token is accepted if and only if the rules, written a second time, accept it",
    "request": "an identify body is taken if and only if it is JSON of one meaning in the limits",
    "merge": "metadata is merged as the pseudo-code of RFC 7396 says and stored within its limit",
}
# Beyond a few blocks of SHA-256 longer inputs only cost time. A token has a header and claims.
LONGEST_INPUT = 512
LONGEST_INPUT_OF_TOKEN = 1024


def cargo_fuzz(command, sanitizer, *arguments):
    return ["cargo", "fuzz", command, "--fuzz-dir", HERE, "--sanitizer", sanitizer, *arguments]


def build(sanitizer):
    subprocess.run(cargo_fuzz("build", sanitizer), check=True)


def fuzz(target, sanitizer, limit):
    """Fuzzes one target; how many executions from how many seeds, or none if an input broke it."""
    for folder in ("corpus", "artifacts"):
        (HERE / folder / target).mkdir(parents=True, exist_ok=True)
    folders = [HERE / "corpus" / target, HERE / "seeds" / target]
    longest = LONGEST_INPUT_OF_TOKEN if target == "token" else LONGEST_INPUT
    options = [limit, f"-max_len={longest}", "-print_final_stats=1"]
    done = subprocess.run(
        cargo_fuzz("run", sanitizer, target, *folders, "--", *options),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    if done.returncode:
        print(f"{target}: an input broke it\n{done.stderr[-4000:]}", file=sys.stderr)
        return None
    (seeds_read,) = re.findall(r"INFO: seed corpus: files: (\d+)", done.stderr)
    (executions,) = re.findall(r"stat::number_of_executed_units: (\d+)", done.stderr)
    return int(executions), int(seeds_read)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", choices=[[], *CLAIMS], metavar="TARGET")
    parser.add_argument("--sanitizer", default="none", choices=["none", "address"])
    limit = parser.add_mutually_exclusive_group(required=True)
    limit.add_argument("--seconds", type=int, help="how long each target is fuzzed")
    limit.add_argument("--runs", type=int, help="how often each target is executed")
    asked = parser.parse_args()
    targets = asked.targets or list(CLAIMS)
    limit = f"-max_total_time={asked.seconds}" if asked.seconds else f"-runs={asked.runs}"

    seeds.write()
    build(asked.sanitizer)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(lambda target: fuzz(target, asked.sanitizer, limit), targets)
    figures = dict(zip(targets, found, strict=True))
    for target, figure in figures.items():
        if figure:
            executions, seeds_read = figure
            print(f"proved: {CLAIMS[target]}: {executions:,} executions from {seeds_read:,} seeds")
    return 0 if all(figures.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
