"""Start what `make -C packaging release` and `make -C packaging image` have put into a folder.

    artefacts.py ARCHIVES OLDER [SUITE...]

Drives the service of each archive, Debian package and image by its health check. A Debian package
is tried in a fresh Debian of each SUITE: installed over the one in the folder OLDER, which has a
lower version, then removed and purged. What cannot be started here is named with the reason.
Packages and images need root, buildah, debootstrap and lintian; an archive for another processor
than this machine's needs qemu-user-static.
"""

import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from run import UNIT, expect, free_port, mounted, run, try_container

ROOT = Path(__file__).resolve().parents[2]
SERVER = "identity-hmac-server"
IN_EVERY_ARCHIVE = {
    "CHANGELOG.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "THIRD-PARTY-LICENSES.txt",
}
PROCESSORS = {"amd64": "x86_64", "arm64": "aarch64"}
# macOS has a name of its own for it.
MACHINE = platform.machine().replace("arm64", "aarch64")
SYSTEM = platform.system().lower()
# Of systemd's range for users that it makes itself.
DYNAMIC_USER = 61184
# What a package leaves behind when it is purged, and what dpkg and the service write meanwhile.
STATE = "/var/lib/identity-hmac-server"
OTHERS_FILES = re.compile(r"/(?:proc|sys|dev|run|tmp|var/lib/dpkg|var/log)(?:/|$)")


def main(archives: Path, older: Path, suites: list[str]) -> None:
    packages = sorted(archives.glob("identity-hmac*"))
    expect(bool(packages), f"{archives} is empty: run `make -C packaging release`")
    with tempfile.TemporaryDirectory(prefix="debians-") as name:
        debians = [Path(name, suite) for suite in suites]
        try_all(packages, older, debians)


def try_all(packages: list[Path], older: Path, debians: list[Path]) -> None:
    """Each Debian is made when the first package needs it: the others find it as new."""
    for package in packages:
        size = f"{package.stat().st_size / 1e6:.1f} MB"
        with tempfile.TemporaryDirectory(prefix="artefacts-") as name:
            for line in tried(package, Path(name), older, debians):
                print(f"{package.name}: {size}: {line}", flush=True)


def tried(package: Path, folder: Path, older: Path, debians: list[Path]) -> list[str]:
    if package.suffix == ".deb":
        processor = PROCESSORS[package.stem.rsplit("_", 1)[1]]
    else:
        processor, system = re.search(r"-\d[^-]*-([^-]+)-([^.]+)", package.name).groups()
        if SYSTEM not in system:
            unpack(package, folder)
            return ["has its files; not started: it is for another system"]
    foreign = processor != MACHINE
    if package.suffix == ".deb" or package.name.endswith(".image.tar"):
        if foreign:
            return ["not started: it is for another processor"]
        if os.geteuid() != 0:
            return ["not started: that needs root"]
        if package.suffix != ".deb":
            return [try_image(package, folder)]
        run("lintian", "--allow-root", "--fail-on=error,warning", package)
        return [try_debian_package(package, debian, older) for debian in debians]
    runner = [f"qemu-{processor}-static"] if foreign else []
    if foreign and not shutil.which(*runner):
        return [f"not started: no {runner[0]}"]
    return [try_archive(unpack(package, folder), runner)]


def unpack(archive: Path, folder: Path) -> Path:
    """The folder in which an archive's files are, all of them there."""
    with tarfile.open(archive) as packed:
        packed.extractall(folder)
    (top,) = folder.iterdir()
    program = SERVER if top.name.startswith(SERVER) else "identity-hmac"
    expected = IN_EVERY_ARCHIVE | {f"man/{program}.1", f"completions/{program}.bash"}
    expected |= {f"completions/_{program}", f"completions/{program}.fish"}
    if program == SERVER:
        expected |= {UNIT.name, f"{SERVER}.env", f"man/{SERVER}-org-create.1"}
    there = {str(path.relative_to(top)) for path in top.rglob("*") if path.is_file()}
    expect(there >= expected, f"{archive.name} lacks {expected - there}")
    for path in top.rglob("*"):
        told = path.is_file() and str(ROOT).encode() in path.read_bytes()
        expect(not told, f"{archive.name}: {path.name} has a folder of this machine in it")
    return top


def try_archive(folder: Path, runner: list[str]) -> str:
    by = f" under {runner[0]}" if runner else ""
    if not (folder / SERVER).exists():
        command = [*runner, folder / "identity-hmac"]
        signed = subprocess.run(
            [*command, "sign", "visitor_1"],
            env={"IDENTITY_SECRET": "s3cret"},
            stdout=subprocess.PIPE,
            text=True,
        ).stdout
        expect(
            signed == "03d2bb3218280c28abe57a2c0837c37a6c29abcd465c25dcf61a21de0c2e0bae\n",
            f"{folder.name} signs {signed!r}",
        )
        return f"signs{by}"
    server = [*runner, folder / SERVER]
    with started(server, addresses(), folder):
        pass
    return f"is healthy{by}"


def addresses() -> dict[str, str]:
    return {
        "IDENTITY_LISTEN": f"127.0.0.1:{free_port()}",
        "IDENTITY_ADMIN_LISTEN": f"127.0.0.1:{free_port()}",
    }


@contextmanager
def started(server: list, environment: dict[str, str], folder: Path | None = None):
    """Serves until its health check is content and the block is done, and ends well."""
    environment = environment | {"IDENTITY_LOG": "warn"}
    quiet = {"env": environment, "cwd": folder, "stdout": subprocess.DEVNULL}
    with subprocess.Popen([*server, "serve"], **quiet) as service:
        try:
            deadline = time.monotonic() + 60
            check = [*server, "healthcheck"]
            while subprocess.run(
                check, env=environment, cwd=folder, stderr=subprocess.DEVNULL
            ).returncode:
                expect(service.poll() is None, "the service ended")
                expect(time.monotonic() < deadline, "the service does not become healthy")
                time.sleep(0.3)
            yield
        finally:
            service.terminate()
    expect(service.returncode == 0, f"the service ended with {service.returncode}")


def try_image(archive: Path, folder: Path) -> str:
    with mounted(f"docker-archive:{archive}", folder) as (settings, image):
        expect(not (image / "bin").exists(), "the image has more than the service")
        try_container(settings, image, folder / "state")
    return "is healthy on a read-only root"


def try_debian_package(package: Path, root: Path, older: Path) -> str:
    suite = root.name
    if not root.exists():
        mirror = run(ROOT / "scripts/debian-mirror").strip()
        run("debootstrap", "--variant=minbase", suite, root, mirror)
    name = package.name.split("_")[0]
    before = files_of(root)
    (old,) = older.glob(f"{name}_*.deb")
    for file in [old, package]:
        shutil.copy(file, root)
    install(root, old)
    if name == SERVER:
        try_installed_service(root, lambda: install(root, package))
    else:
        install(root, package)
        expect("identity-hmac" in in_root(root, "identity-hmac", "--version"), "no version")
    version = in_root(root, "dpkg-query", "--show", "--showformat=${Version}", name)
    expect(f"_{version}_" in package.name, f"{suite}: {version} is installed")
    in_root(root, "dpkg", "--remove", name)
    kept = (STATE, "/etc", "/var/lib/systemd/deb-systemd-helper-")
    left = [path for path in added(root, before) if not path.startswith(kept)]
    expect(not left, f"{suite}: removing leaves {left}")
    in_root(root, "dpkg", "--purge", name)
    left = [path for path in added(root, before) if not path.startswith(STATE)]
    expect(not left, f"{suite}: purging leaves {left}")
    shutil.rmtree(root / STATE.lstrip("/"), ignore_errors=True)
    how = "is installed, healthy, upgraded" if name == SERVER else "is installed, upgraded"
    return f"{how}, removed and purged in {suite}"


def try_installed_service(root: Path, upgrade) -> None:
    """What an admin set and the service stored outlive the upgrade."""
    settings = root / f"etc/{SERVER}.env"
    expect(settings.stat().st_mode & 0o777 == 0o600, "others can read the settings")
    with settings.open("a") as file:
        file.writelines(f"{name}={value}\n" for name, value in addresses().items())
    state = root / STATE.lstrip("/")
    state.mkdir(mode=0o700)
    os.chown(state, DYNAMIC_USER, DYNAMIC_USER)
    server, environment = as_the_unit_says(root)
    with started(server, environment):
        run(*server, "org", "create", "Corner Shop", env=environment)
    set_by_admin = settings.read_text()
    upgrade()
    expect(settings.read_text() == set_by_admin, "the upgrade changes the settings")
    server, environment = as_the_unit_says(root)
    with started(server, environment):
        listed = run(*server, "org", "list", env=environment)
        expect("Corner Shop" in listed, "the organization is gone")


def as_the_unit_says(root: Path) -> tuple[list[str], dict[str, str]]:
    """How to call the program as the unit installed would, and with which environment."""
    unit = (root / f"usr/lib/systemd/system/{UNIT.name}").read_text()
    lines = [line.partition("=")[::2] for line in unit.splitlines() if "=" in line]
    environment = [value for name, value in lines if name == "Environment"]
    for name, value in lines:
        if name == "EnvironmentFile":
            text = (root / value.lstrip("-/")).read_text()
            environment += re.findall(r"^(?!#)\S+=.*$", text, re.MULTILINE)
    (start,) = (value for name, value in lines if name == "ExecStart")
    program, serve = shlex.split(start)
    expect(serve == "serve", f"the unit starts {start}")
    inside = ["chroot", f"--userspec={DYNAMIC_USER}:{DYNAMIC_USER}", str(root)]
    inside += ["env", f"--chdir={STATE}", program]
    # The last one of a name counts, as in systemd.
    return inside, {"PATH": os.environ["PATH"]} | dict(pair.split("=", 1) for pair in environment)


def install(root: Path, package: Path) -> None:
    in_root(root, "dpkg", "--install", f"/{package.name}")


def in_root(root: Path, *words: str) -> str:
    environment = {"PATH": os.environ["PATH"], "DEBIAN_FRONTEND": "noninteractive"}
    return run("chroot", root, *words, env=environment)


def files_of(root: Path) -> set[str]:
    return {f"/{path.relative_to(root)}" for path in root.rglob("*")}


def added(root: Path, before: set[str]) -> list[str]:
    here = files_of(root) - before
    here = {path for path in here if not OTHERS_FILES.match(path) and not path.endswith(".deb")}
    return sorted(here)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
