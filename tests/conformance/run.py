"""Let every implementation sign the same random cases, and demand one digest of all results.

Each implementation runs as a user has it: the core and the command as built, the wheel in a venv,
the gem in a GEM_HOME, the tarball in an npm project; and beside them each language's own standard
library, used the way the document does it.
"""

import argparse
import hashlib
import itertools
import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cases import Cases, to_bytes

HERE = Path(__file__).parent


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--installed",
        required=True,
        type=Path,
        help="the folder in which tests/docs/run.py installed the packages",
    )
    parser.add_argument(
        "--built",
        required=True,
        type=Path,
        help="the folder with the built identity-hmac and conformance-core",
    )
    parser.add_argument(
        "--seed", type=int, default=secrets.randbits(32), help="of the cases; random if not given"
    )
    return parser.parse_args()


def run(*command: object, cwd: Path = HERE, **environment: str) -> dict:
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)


def run_command(command: Path, folder: Path) -> dict:
    """Sign lines.jsonl with the command: one run a secret, over a file of its ids."""
    everything = hashlib.sha256()
    for secret, group in itertools.groupby(read(folder / "lines.jsonl"), key=lambda case: case[0]):
        visitor_ids = [visitor_id for _, visitor_id in group]
        (folder / "secret").write_bytes(secret)
        (folder / "ids").write_bytes(b"".join(visitor_id + b"\n" for visitor_id in visitor_ids))
        done = subprocess.run(
            [command, "sign", "--secret-file", folder / "secret", "--input", folder / "ids"],
            stdout=subprocess.PIPE,
            check=True,
        )
        for visitor_id, line in zip(visitor_ids, done.stdout.split(b"\n")[:-1], strict=True):
            signed, _, tag = line.rpartition(b"\t")
            if signed != visitor_id:
                sys.exit(f"the command wrote {signed!r} where {visitor_id!r} was asked")
            everything.update(tag + b"\n")
    return {"lines": everything.hexdigest()}


def read(lines: Path) -> Iterator[tuple[bytes, bytes]]:
    """The secret and the visitor id of each case, as bytes."""
    with lines.open(encoding="ascii") as cases:
        for case in map(json.loads, cases):
            secret, visitor_id = (
                bytes.fromhex(case[f"{name}_hex"])
                if f"{name}_hex" in case
                else to_bytes(case[name])
                for name in ("secret", "visitor_id")
            )
            yield secret, visitor_id


def main() -> None:
    given = arguments()
    installed, built = given.installed.absolute(), given.built.absolute()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        counts = Cases(given.seed).write(folder)
        node = HERE / "node.mjs"
        print(f"seed {given.seed}: {counts}")

        python = installed / "python" / "bin" / "python"
        gem_home = str(installed / "ruby")
        npm_project = installed / "node"
        # Two at a time; the first takes as long as all others.
        with ThreadPoolExecutor(2) as two:
            running = {
                "Node, WebCrypto": two.submit(
                    run, "node", node, folder, "identity-hmac/webcrypto", cwd=npm_project
                ),
                "Python's hmac": two.submit(run, python, HERE / "python.py", folder, "stdlib"),
                "Ruby's OpenSSL": two.submit(run, "ruby", HERE / "ruby.rb", folder, "stdlib"),
                "Node's crypto": two.submit(run, "node", node, folder, "stdlib"),
                "core": two.submit(run, built / "conformance-core", folder),
                "command": two.submit(run_command, built / "identity-hmac", folder),
                "Python": two.submit(run, python, HERE / "python.py", folder),
                "Ruby": two.submit(run, "ruby", HERE / "ruby.rb", folder, GEM_HOME=gem_home),
                "Node": two.submit(run, "node", node, folder, "identity-hmac", cwd=npm_project),
            }
        results = {name: one.result() for name, one in running.items()}

    failures = judge(results)
    for failure in failures:
        print(f"FAILED {failure} (--seed {given.seed})", file=sys.stderr)
    print(f"{len(results)} implementations")
    sys.exit(1 if failures else 0)


def judge(results: dict[str, dict]) -> list[str]:
    """What is wrong: a digest unlike the others', a candidate answered wrongly, too few asked."""
    failures = []
    for cases in ("lines", "raw", "tokens"):
        digests = {name: result[cases] for name, result in results.items() if cases in result}
        if len(set(digests.values())) == 1:
            print(f"{cases}: one digest of {len(digests)} implementations, {min(digests.values())}")
        else:
            failures.append(f"{cases}: the digests differ: {digests}")
    for name, result in results.items():
        for cases in ("malformed", "verified tokens"):
            if cases not in result:
                continue
            asked, wrong = result[cases]["asked"], result[cases]["wrong"]
            print(f"{cases}: {name} answered {asked}, {len(wrong)} of them wrongly")
            if wrong:
                failures.append(f"{cases}: {name} was wrong in lines {wrong[:10]}")
            if asked < 10_000:
                failures.append(f"{cases}: {name} was asked {asked} only")
    return failures


if __name__ == "__main__":
    main()
