"""Debian's releases as folders, in which programs run as on machines of their own.

debootstrap makes each of them once, in target/platforms. A program sees the repository at its usual
place, and cannot write to it; its /tmp is empty. When it ends, so does all that it has started.
"""

import functools
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from report import NotRunError
from shell import KEPT, ROOT, run

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
TOOLS = "ca-certificates curl gcc libc6-dev libclang-dev make openssl procps util-linux"
LANGUAGES = "nodejs python3 python3-venv ruby ruby-dev ruby-rspec"
DATABASES = "pgbouncer postgresql"
# Runs "$@" in the folder $SUITE, with those in $SHOWN. Mounts and processes are its own.
ENTER = """
mount -t proc proc "$SUITE/proc"
mount --rbind /dev "$SUITE/dev"
mount -t tmpfs -o size=3g tmpfs "$SUITE/tmp"
cp "$CERTIFICATES" "$SUITE/tmp/certificates"
for shown in $SHOWN; do
    mkdir -p "$SUITE$shown"
    mount --bind -o ro "$shown" "$SUITE$shown"
done
exec chroot "$SUITE" env --ignore-environment --chdir=/tmp HOME=/tmp LANG=C.UTF-8 \
    PATH="$IN_PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
    PIP_CERT=/tmp/certificates PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore "$@"
"""

# A mirror may stand still, longer than unstable's lists are valid. No server is started, and
# PostgreSQL makes no data of its own.
INSTALL = """
export DEBIAN_FRONTEND=noninteractive
dpkg --configure --pending
printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d
chmod +x /usr/sbin/policy-rc.d
mkdir -p /etc/postgresql-common
echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
echo 'Acquire::Check-Valid-Until "false";' >/etc/apt/apt.conf.d/90mirror
echo force-unsafe-io >/etc/dpkg/dpkg.cfg.d/90fast
apt-get update --quiet
apt-get install --yes --quiet --no-install-recommends {packages}
apt-get clean
"""


@dataclass(frozen=True)
class Suite:
    """One release of Debian, with the packages that are installed in it."""

    name: str
    title: str
    packages: str

    @property
    def folder(self) -> Path:
        return KEPT / self.name

    def run(self, script: str, *, minutes: float = 5, path: Path | None = None) -> str:
        """What a shell script prints there; `path` is a further folder with programs."""
        make(self)
        return self.enter(script, minutes, path)

    def enter(self, script: str, minutes: float, path: Path | None = None) -> str:
        command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", ENTER]
        shown = [npm_folder(), rust_folder(), ROOT]
        environment = {
            "SUITE": str(self.folder),
            "SHOWN": " ".join(map(str, shown)),
            "IN_PATH": ":".join(str(it) for it in (path, rust_folder() / "bin") if it),
            "CERTIFICATES": str(CERTIFICATES),
        }
        return run(*command, "sh", "sh", "-ec", script, minutes=minutes, env=environment)


@functools.cache
def make(suite: Suite) -> None:
    """Makes the folder of a suite, or takes the one that is there."""
    done = KEPT / f"{suite.name}.packages"
    if done.exists() and done.read_text(encoding="ascii") == suite.packages:
        return
    if os.geteuid() != 0:
        raise NotRunError("needs root, for debootstrap and chroot")
    run(ROOT / "scripts/debian-packages", "debootstrap")
    KEPT.mkdir(parents=True, exist_ok=True)
    bootstrapped = KEPT / f"{suite.name}.bootstrapped"
    if not bootstrapped.exists():
        print(f"   {suite.title} is made in {suite.folder.relative_to(ROOT)}", flush=True)
        shutil.rmtree(suite.folder, ignore_errors=True)
        run("debootstrap", "--variant=minbase", suite.name, suite.folder, mirror(), minutes=10)
        bootstrapped.touch()
    # Not with debootstrap's --include, which fails on long lists.
    suite.enter(INSTALL.format(packages=suite.packages), minutes=15)
    done.write_text(suite.packages, encoding="ascii")


@functools.cache
def mirror() -> str:
    """The mirror that apt of this machine takes Debian from."""
    asked = subprocess.run(
        [ROOT / "scripts/debian-mirror"], capture_output=True, text=True, timeout=30, check=False
    )
    if asked.returncode:
        raise NotRunError(asked.stderr.strip())
    return asked.stdout.strip()


@functools.cache
def rust_folder() -> Path:
    """The toolchain of this machine, which runs on any Linux with glibc."""
    return Path(run("rustc", "--print", "sysroot", minutes=1).strip())


@functools.cache
def npm_folder() -> Path:
    """npm itself, which any Node runs: Debian's package of it brings hundreds of others."""
    found = shutil.which("npm")
    if not found:
        raise NotRunError("needs npm")
    return Path(found).resolve().parents[1]


BULLSEYE = Suite(
    "bullseye",
    "Debian 11",
    f"{TOOLS} g++ libffi-dev libssl-dev libyaml-dev xz-utils zlib1g-dev ruby-rspec",
)
BOOKWORM = Suite("bookworm", "Debian 12", f"{TOOLS} {LANGUAGES} {DATABASES}")
TRIXIE = Suite("trixie", "Debian 13", f"{TOOLS} {LANGUAGES} {DATABASES}")
SID = Suite("sid", "Debian unstable", f"{TOOLS} {LANGUAGES} python3.15-venv {DATABASES}")
