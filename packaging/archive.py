"""Pack each program of a folder for a Rust target as a .tar.gz.

    archive.py STAGE TRIPLE OUT

Run under scripts/release/reproducibly: the same files give the same bytes.
"""

import gzip
import os
import sys
import tarfile
from pathlib import Path

import tomllib

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = {"identity-hmac": "identity-hmac-cli", "identity-hmac-server": "identity-hmac-server"}
VERSION = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
EPOCH = int(os.environ["SOURCE_DATE_EPOCH"])


def main(stage: Path, triple: str, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for program, package in PROGRAMS.items():
        name = f"{package}-{VERSION}-{triple}"
        files = sorted(path for path in (stage / program).rglob("*") if path.is_file())
        members = [(f"{name}/{path.relative_to(stage / program)}", path) for path in files]
        archive = write_tar(out / f"{name}.tar.gz", members)
        print(f"{archive.name}: {archive.stat().st_size:,} bytes")


def mode_of(path: Path) -> int:
    return 0o755 if path.name in PROGRAMS else 0o644


def write_tar(archive: Path, members: list[tuple[str, Path]]) -> Path:
    with (
        archive.open("wb") as raw,
        gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for member, path in members:
            entry = tarfile.TarInfo(member)
            entry.size, entry.mode, entry.mtime = path.stat().st_size, mode_of(path), EPOCH
            with path.open("rb") as content:
                tar.addfile(entry, content)
    return archive


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
