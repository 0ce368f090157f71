"""Changes the core whole, and of the service what decides whether a call is verified and what
becomes of the record, in every way that .cargo/mutants.toml leaves, one at a time. Fails if a
change goes by that no test notices.

    python3 scripts/mutants.py [core] [tokens] [service]
"""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
CORE = "crates/identity-hmac/src"
TOKENS = [f"{CORE}/{path}" for path in ["token/**", "route/**", "attributes.rs", "strict_json.rs"]]
TOKEN_TESTS = ["token", "token_vectors", "route_vectors", "secrets_stay_secret"]
SERVICE = [
    f"crates/identity-hmac-server/src/{path}"
    for path in [
        # From the organization's mode and the candidate to the answer, and the count of what
        # `required` would refuse.
        "http/identity.rs",
        # Which member stays, goes or is set, and what counts as a signature.
        "http/identify_params.rs",
        # From the row and the patch to the row.
        "store/identities.rs",
        "store/metadata.rs",
    ]
]
# What a change to the service has to get past: the document's rules and the merge. On SQLite alone,
# since the statements are the same.
SERVICE_TESTS = ["--", "--skip=on_postgres", "rules::", "merge::", "identify::", "the_log_tells"]
RUNS = {
    "core": (
        "every change to the core beside tokens and routes is noticed by its tests",
        ["--package=identity-hmac", "--jobs=2", f"--file={CORE}/**"]
        + [f"--exclude={path}" for path in TOKENS]
        + ["--cargo-arg=--tests"],
    ),
    "tokens": (
        "every change to the core's tokens, JSON, attributes and routes is noticed by its tests",
        ["--package=identity-hmac", "--jobs=2"]
        + [f"--file={path}" for path in TOKENS]
        + ["--cargo-arg=--lib", *(f"--cargo-arg=--test={test}" for test in TOKEN_TESTS)],
    ),
    "service": (
        "every change to the service's verification and merge is noticed by its tests",
        ["--package=identity-hmac-server"]
        + [f"--file={path}" for path in SERVICE]
        + ["--cargo-arg=--test=service", "--", *SERVICE_TESTS],
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
