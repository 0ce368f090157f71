"""A copy of the repository that a test may change."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts/release"))

import version  # noqa: E402


@pytest.fixture
def root(tmp_path):
    """What names the version, and the scripts of a release."""
    read = {path for path, *_ in version.places(ROOT)} | {
        "README.md",
        "CHANGELOG.md",
        "bindings/python/pyproject.toml",
        "bindings/ruby/identity_hmac.gemspec",
        *(str(manifest.relative_to(ROOT)) for manifest in version.crates(ROOT)),
        *(f"scripts/release/{script}" for script in ["github", "notes.py", "version.py"]),
    }
    for path in read:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "--all"], cwd=tmp_path, check=True)
    version.check(tmp_path)
    return tmp_path
