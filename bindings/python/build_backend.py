"""maturin's hooks, which first look for a Rust that can compile the package."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from maturin import *  # noqa: F403

WHEELS = "https://identity-hmac.github.io/identity-hmac/reference/python.html#wheels"


def get_requires_for_build_wheel(config_settings: object = None) -> list[str]:
    # maturin's own hook would have pip download a Rust, without asking.
    needed, found = minimum(), version_of_cargo()
    if found is None or numbers(found) < numbers(needed):
        sys.exit(
            f"identity-hmac is to be compiled here. That takes Rust {needed} or newer.\n"
            f"Found: {f'cargo {found}' if found else 'no cargo on PATH'}.\n"
            "Install Rust from https://rustup.rs and try again.\n"
            f"Or take a Python and a platform that has a wheel: {WHEELS}"
        )
    return []


get_requires_for_build_editable = get_requires_for_build_sdist = get_requires_for_build_wheel


def minimum() -> str:
    """What Cargo.toml says: the workspace's, which is above this file in the repository."""
    for folder in Path(__file__).resolve().parents:
        if (manifest := folder / "Cargo.toml").is_file() and (
            found := re.search(
                r'^rust-version = "(.+)"$', manifest.read_text("utf-8"), re.MULTILINE
            )
        ):
            return found[1]
    raise FileNotFoundError("no Cargo.toml that says the rust-version")


def version_of_cargo() -> str | None:
    if not (cargo := shutil.which("cargo")):
        return None
    asked = subprocess.run([cargo, "--version"], capture_output=True, text=True)
    return asked.stdout.split()[1] if asked.returncode == 0 else None


def numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)[:3]]
