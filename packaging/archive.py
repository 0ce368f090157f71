"""Pack each program of a folder for a Rust target: as .zip for Windows, as .tar.gz for the others.

    archive.py STAGE TRIPLE OUT

Run under scripts/release/reproducibly: the same files give the same bytes.
"""

import gzip
import os
import sys
import tarfile
import time
import zipfile
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
        write = write_zip if "windows" in triple else write_tar
        archive = write(out / name, members)
        print(f"{archive.name}: {archive.stat().st_size:,} bytes")


def mode_of(path: Path) -> int:
    return 0o755 if path.name.removesuffix(".exe") in PROGRAMS else 0o644


def write_tar(name: Path, members: list[tuple[str, Path]]) -> Path:
    archive = name.with_name(name.name + ".tar.gz")
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


def write_zip(name: Path, members: list[tuple[str, Path]]) -> Path:
    archive = name.with_name(name.name + ".zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for member, path in members:
            entry = zipfile.ZipInfo(member, time.gmtime(EPOCH)[:6])
            entry.external_attr = mode_of(path) << 16
            packed.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, 9)
    return archive


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
