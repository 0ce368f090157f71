#!/usr/bin/env python3
"""Fails if a crate says that it builds with a Rust that one of its dependencies is too new for.

It compares `rust-version` of a crate with that of all that Cargo.lock has for it, on any platform
and with every feature. Tests and benchmarks may need a newer Rust. What our own code uses is held
by clippy's incompatible_msrv.
"""

import json
import subprocess
import sys


def number(version):
    """1.88 is 1.88.0."""
    return [int(part) for part in f"{version}.0.0".split(".")[:3]]


def needed(node, nodes):
    """The crate and all that it is built from."""
    found, waiting = set(), [node]
    while waiting:
        if (here := waiting.pop()) in found:
            continue
        found.add(here)
        waiting += [
            dependency["pkg"]
            for dependency in nodes[here]["deps"]
            if any(kind["kind"] != "dev" for kind in dependency["dep_kinds"])
        ]
    return found


def too_new(metadata):
    """What is wrong, a line each."""
    crates = {crate["id"]: crate for crate in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    for member in sorted(metadata["workspace_members"]):
        promised = crates[member]["rust_version"]
        for dependency in sorted(needed(member, nodes)):
            wanted = crates[dependency]["rust_version"]
            if wanted and number(wanted) > number(promised):
                name, version = crates[dependency]["name"], crates[dependency]["version"]
                ours = crates[member]["name"]
                yield f"{ours}: {name} {version} needs Rust {wanted}, not {promised}"


if __name__ == "__main__":
    command = ["cargo", "metadata", "--locked", "--all-features", "--format-version=1"]
    read = subprocess.run(command, capture_output=True, text=True, check=True)
    if wrong := list(too_new(json.loads(read.stdout))):
        sys.exit("\n".join([*wrong, "Take an older dependency, or raise rust-version."]))
