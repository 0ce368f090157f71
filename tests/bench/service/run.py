"""Measure identify() of the service beside what one could use instead, and as its data grows.

Prints a JSON line for each contender of a case. PostgreSQL is a cluster that is made here, with its
default settings, so every commit is flushed to disk.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import dashboard
from bench import Bench, Programs, Scale
from grid import grid
from growth import growth
from load import run
from postgres import Cluster
from servers import HERE, create_organization

FULL = Scale(
    seconds=2,
    rounds=3,
    connections=(1, 8, 64, 256),
    organizations=(1, 100, 10_000, 100_000),
    identities=(1_000, 10_000, 100_000, 1_000_000, 5_000_000),
    processes=(1, 2, 4),
)
QUICK = Scale(
    seconds=2,
    rounds=1,
    connections=(1, 64),
    organizations=(1, 1_000),
    identities=(1_000, 100_000),
    processes=(1, 2),
)


def build() -> Programs:
    """Build what is measured, and tell where it is."""
    subprocess.run(["make", "--silent", "-C", HERE, "build"], stdout=sys.stderr, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", HERE.parents[2] / "target"))
    release = target.absolute() / "release"
    return Programs(
        service=release / "identity-hmac-server",
        before=release / "identity-hmac-server-before",
        command=release / "identity-hmac",
        sqlite_loop=release / "sqlite-loop",
    )


def versions(cluster: Cluster, programs: Programs) -> dict[str, str]:
    """The versions of what is measured and of what measures."""
    packages = json.loads((HERE / "express-pg" / "package-lock.json").read_text(encoding="utf-8"))
    express, pg = (packages["packages"][f"node_modules/{name}"] for name in ("express", "pg"))
    return {
        "identity-hmac-server": last_word(programs.service, "--version"),
        "PostgreSQL": cluster.sql("postgres", "SHOW server_version").split()[0],
        "Node": last_word("node", "--version"),
        "Express": express["version"],
        "pg": pg["version"],
        "SQLite": last_word(programs.sqlite_loop, "--version"),
    }


def last_word(*command: object) -> str:
    return run(*command).stdout.split()[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only see that everything runs")
    parser.add_argument("--only", default="", help="only cases with this in their names")
    given = parser.parse_args()
    scale = QUICK if given.quick else FULL
    programs = build()
    # So that whatever was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    with tempfile.TemporaryDirectory(prefix="identity-bench-") as name:
        folder = Path(name)
        # PostgreSQL may run as another user.
        folder.chmod(0o711)
        with Cluster(folder / "postgres") as cluster:
            print(json.dumps({"versions": versions(cluster, programs)}), flush=True)
            cluster.create("organization", template="template0")
            organization = create_organization(programs.service, cluster.url("organization"))
            bench = Bench(scale, programs, cluster, folder, organization, given.only)
            grid(bench)
            growth(bench)
            if bench.wants(*dashboard.CASES):
                dashboard.print_figures(dashboard.measured(programs.service, cluster, folder))


if __name__ == "__main__":
    main()
