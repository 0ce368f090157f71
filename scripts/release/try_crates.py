#!/usr/bin/env python3
"""Builds an empty project on the packed crates and runs the vectors through it.

    scripts/release/try_crates.py FOLDER

The project is in cargo's target folder. It takes our crates from FOLDER and all others from the
registry, with the versions of Cargo.lock.
"""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import packages
import tomllib

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
TESTS = ["vectors", "token_vectors", "route_vectors"]


def lay_out(crates, project):
    """The packed crates, and a crate `user` with the core's tests of the vectors."""
    shutil.rmtree(project, ignore_errors=True)
    for crate in crates:
        with tarfile.open(crate.path) as archive:
            archive.extractall(project, filter="data")
    dependencies = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["dependencies"]
    patches = [f'{crate.name} = {{ path = "{crate.name}-{crate.version}" }}' for crate in crates]
    members = [f"{crate.name}-{crate.version}" for crate in crates]
    (project / "Cargo.toml").write_text(
        f'[workspace]\nresolver = "3"\nmembers = {json.dumps(["user/core", *members])}\n'
        + "\n".join(["[patch.crates-io]", *patches, ""])
    )
    shutil.copyfile(ROOT / "Cargo.lock", project / "Cargo.lock")
    shutil.copytree(ROOT / "tests/vectors", project / "tests/vectors")
    user = project / "user/core"
    (user / "src").mkdir(parents=True)
    (user / "src/lib.rs").write_text("")
    (user / "tests").mkdir()
    for test in TESTS:
        shutil.copyfile(ROOT / f"crates/identity-hmac/tests/{test}.rs", user / f"tests/{test}.rs")
    (core,) = (crate for crate in crates if crate.name == "identity-hmac")
    (user / "Cargo.toml").write_text(
        '[package]\nname = "user"\nversion = "0.0.0"\nedition = "2024"\n'
        "[features]\ndefault = ['std', 'token', 'route']\nstd = []\ntoken = []\nroute = []\n"
        f'[dependencies]\nidentity-hmac = {{ version = "={core.version}", features = '
        "['std', 'serde', 'token', 'route'] }\n[dev-dependencies]\n"
        f'hex = {{ package = "const-hex", version = "{dependencies["hex"]["version"]}" }}\n'
        f'serde_json = "{dependencies["serde_json"]["version"]}"\n'
    )


def main(folder):
    crates = packages.read("crates", folder)
    project = TARGET / "try-crates"
    lay_out(crates, project)

    environment = os.environ | {"CARGO_TARGET_DIR": str(TARGET / "try-crates-target")}

    def cargo(*arguments):
        subprocess.run(["cargo", *arguments], cwd=project, env=environment, check=True)

    cargo("test", "--package", "user", "--tests", "--", "every_case", "unknown_kind")
    signed = subprocess.run(
        ["cargo", "run", "--quiet", "--package", "identity-hmac-cli", "--", "sign", "visitor_1"],
        cwd=project,
        env=environment | {"IDENTITY_SECRET": "s3cret"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    if not signed.stdout.startswith("03d2bb32"):
        sys.exit(f"the command signs {signed.stdout}")
    # The others as cargo checks them before it publishes.
    cargo("check", "--workspace")


if __name__ == "__main__":
    main(*sys.argv[1:])
