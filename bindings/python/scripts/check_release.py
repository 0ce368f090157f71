"""Check the packages of a release, and print their names and sizes.

    check_release.py FOLDER

There is the sdist, and for each platform a wheel of each ABI. None may hold the name of a folder
of this machine, or lack the licences of what is linked into it. A wheel for glibc may ask for none
that is newer than 2.17.
"""

import os
import re
import sys
import tarfile
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ABIS = {"cp310-abi3", "cp314-cp314t", "cp315-abi3.abi3t"}
GLIBC = (2, 17)
LICENSES = {"LICENSE-APACHE", "LICENSE-MIT", "THIRD-PARTY-LICENSES.txt"}
ROOT = Path(__file__).resolve().parents[3]
FOLDERS = [ROOT, Path.home(), Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))]


def main(folder: Path) -> None:
    packages = sorted(folder.iterdir())
    for package in packages:
        print(f"{package.stat().st_size:>9,} bytes  {package.name}")
    faults = [f"{package.name}: {fault}" for package in packages for fault in inside(package)]
    faults += missing([package.name for package in packages])
    sys.exit("\n".join(faults) or None)


def missing(names: list[str]) -> Iterator[str]:
    """What is not there, or should not be."""
    by_platform = defaultdict(set)
    for name in names:
        if wheel := re.fullmatch(r"identity_hmac-[^-]+-(.+)-([^-]+)\.whl", name):
            by_platform[wheel[2]].add(wheel[1])
    for platform, abis in by_platform.items():
        if abis != ABIS:
            yield f"{platform} has the wheels {', '.join(sorted(abis))}"
    versions = {name.removesuffix(".tar.gz").split("-")[1] for name in names}
    if len(versions) > 1:
        yield f"the versions {', '.join(sorted(versions))}: take the old ones away"
    if not by_platform:
        yield "no wheel"
    if sum(name.endswith(".tar.gz") for name in names) != 1:
        yield "not one sdist"


def inside(package: Path) -> Iterator[str]:
    """What is wrong in one package."""
    licenses = set()
    for name, content in files(package):
        for folder in FOLDERS:
            if str(folder).encode() in content:
                yield f"{name} holds {folder}, a folder of this machine"
        if content.strip() and Path(name).name in LICENSES:
            licenses.add(Path(name).name)
        if name.endswith(".so") and "manylinux" in package.name:
            asked = [(int(a), int(b)) for a, b in re.findall(rb"GLIBC_(\d+)\.(\d+)", content)]
            newest = max(asked, default=(0, 0))
            if not (0, 0) < newest <= GLIBC:
                yield f"{name} wants glibc {newest[0]}.{newest[1]}"
    for name in sorted(LICENSES - licenses):
        yield f"has no {name}"


def files(package: Path) -> Iterator[tuple[str, bytes]]:
    """Each file in a package, by its path."""
    if package.suffix == ".whl":
        with zipfile.ZipFile(package) as wheel:
            for name in wheel.namelist():
                yield name, wheel.read(name)
    else:
        with tarfile.open(package) as sdist:
            for member in sdist:
                if content := sdist.extractfile(member):
                    yield member.name, content.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
