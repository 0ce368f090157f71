"""Try the unit file and the container file of packaging/ on the service as it is built.

    run.py SERVER

Needs root, buildah and systemd-analyze. The image is built without its first stage, whose registry
is not asked, and on this machine's C library, since the service is not static here. It runs as its
own user, and its root is read-only.
"""

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"
UNIT = PACKAGING / "identity-hmac-server.service"
# Tenths of systemd's exposure level, of which 100 is the worst.
MAX_EXPOSURE = 15
# Runs "$@" in a folder as its root, which only the state below it can be written to.
IN_CONTAINER = """
mount --bind "$IMAGE" "$IMAGE"
mount --bind "$STATE" "$IMAGE$PLACE"
mount -o remount,bind,ro "$IMAGE"
exec unshare --root="$IMAGE" --wd="$PLACE" --setgid="$GROUP" --setuid="$OWNER" "$@"
"""


def main(server: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="packaging-") as name:
        folder = Path(name)
        try_unit(server, folder / "machine")
        try_image(server, folder)


def try_unit(server: Path, machine: Path) -> None:
    """Whether systemd takes every line, and how far it says that the service is shut in."""
    put(server, machine / "usr/bin" / server.name)
    put(UNIT, machine / "etc/systemd/system" / UNIT.name)
    shutil.copytree("/lib/systemd/system", machine / "usr/lib/systemd/system", symlinks=True)
    said = run("systemd-analyze", f"--root={machine}", "verify", UNIT.name)
    expect(not said, f"systemd does not take all of the unit file:\n{said}")
    offline = [f"--threshold={MAX_EXPOSURE}", "--offline=true", "--no-pager", UNIT]
    said = run("systemd-analyze", "security", *offline)
    print(said.strip().splitlines()[-1])


def try_image(server: Path, folder: Path) -> None:
    built = folder / "built"
    run(PACKAGING / "image-root", server, built / "out")
    base = folder / "base"
    for library in re.findall(r"(/\S+) \(0x", run("ldd", server)):
        put(Path(library), base / library.lstrip("/"))
    (base / "Containerfile").write_text("FROM scratch\nCOPY . /\n", encoding="ascii")
    build = ["build", "--isolation=chroot", "--format=docker"]
    buildah(folder, *build, "--tag=base", base)
    buildah(
        folder,
        *build,
        "--tag=service",
        "--build-arg=BASE=localhost/base",
        f"--build-context=build={built}",
        f"--file={PACKAGING / 'Containerfile'}",
        ROOT / "packaging",
    )
    with mounted("service", folder) as (settings, image):
        try_container(settings, image, folder / "state")


def buildah(folder: Path, *words: str | Path) -> str:
    store = ["--storage-driver=vfs", f"--root={folder / 'store'}", f"--runroot={folder / 'run'}"]
    return run("buildah", *store, *words).strip()


@contextmanager
def mounted(image: str, folder: Path) -> Iterator[tuple[dict, Path]]:
    """The settings of an image, and the folder that is its root."""
    # By a name of ours: what `from` prints has also what it did with an archive.
    container = "tried"
    buildah(folder, "from", f"--name={container}", image)
    said = json.loads(buildah(folder, "inspect", container))
    try:
        yield said["Docker"]["config"], Path(buildah(folder, "mount", container))
    finally:
        buildah(folder, "umount", "--all")


def try_container(settings: dict, image: Path, state: Path) -> None:
    owner, group = map(int, settings["User"].split(":"))
    expect(owner != 0, "the image runs as root")
    state.mkdir(mode=0o700)
    os.chown(state, owner, group)
    environment = dict(line.split("=", 1) for line in settings["Env"])
    public, admin = free_port(), free_port()
    environment |= {
        "IDENTITY_LISTEN": environment["IDENTITY_LISTEN"].replace(":8080", f":{public}"),
        "IDENTITY_ADMIN_LISTEN": environment["IDENTITY_ADMIN_LISTEN"].replace(":8081", f":{admin}"),
        "IMAGE": str(image),
        "STATE": str(state),
        "PLACE": settings["WorkingDir"],
        "OWNER": str(owner),
        "GROUP": str(group),
    }
    container = ["unshare", "--mount", "sh", "-ec", IN_CONTAINER, "sh"]
    entry, command = settings["Entrypoint"], settings["Cmd"]
    check = settings["Healthcheck"]["Test"][1:]
    with subprocess.Popen([*container, *entry, *command], env=environment) as service:
        try:
            deadline = time.monotonic() + 30
            while subprocess.run([*container, *check], env=environment, check=False).returncode:
                expect(service.poll() is None, "the container ended")
                expect(time.monotonic() < deadline, "the container does not become healthy")
                time.sleep(0.2)
            connection = http.client.HTTPConnection("127.0.0.1", public, timeout=10)
            connection.request("GET", "/healthz")
            expect(connection.getresponse().status == 200, "the container is not reached")
            expect((state / "identity.db").exists(), "the state is not in the volume")
        finally:
            service.terminate()
    expect(service.returncode == 0, f"the container ended with {service.returncode}")
    print(f"the image runs as {settings['User']} and is healthy; its root is read-only")


def put(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def run(*words: str | Path, env: dict[str, str] | None = None) -> str:
    said = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = subprocess.run(words, **said, text=True, env=env)
    expect(done.returncode == 0, f"{words[0]} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def expect(holds: bool, fault: str) -> None:
    if not holds:
        sys.exit(fault)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
