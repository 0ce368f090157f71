"""Changes the core and the service in every way that .cargo/mutants.toml asks for, one at a time,
and fails if a change goes by that no test notices.

    python3 scripts/mutants.py [core] [service]
"""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
# What a change to the service has to get past: the document's rules and the merge. On SQLite alone,
# since the statements are the same.
SERVICE_TESTS = ["--", "--skip=on_postgres", "rules::", "merge::", "identify::", "the_log_tells"]
RUNS = {
    "core": (
        "every change to the core is noticed by its tests",
        ["--package=identity-hmac", "--jobs=2", "--cargo-arg=--tests"],
    ),
    "service": (
        "every change to the service's verification and merge is noticed by its tests",
        ["--package=identity-hmac-server", "--cargo-arg=--test=service", "--", *SERVICE_TESTS],
    ),
}


def mutate(name, claim, options):
    """Runs cargo-mutants, which fails when a change was not noticed, and tells what it counted."""
    output = TARGET / "mutants" / name
    output.mkdir(parents=True, exist_ok=True)
    command = ["cargo", "mutants", "--output", output, *options]
    # Nobody debugs a mutant, so that its debug information would only have to be built and linked.
    environment = os.environ | {"CARGO_PROFILE_DEV_DEBUG": "none"}
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    counted = json.loads((output / "mutants.out" / "outcomes.json").read_text())
    print(
        f"proved: {claim}: of {counted['total_mutants']} changes {counted['caught']} are noticed, "
        f"{counted['missed']} are not, {counted['unviable']} do not compile"
    )


if __name__ == "__main__":
    for name in sys.argv[1:] or RUNS:
        mutate(name, *RUNS[name])
