"""A PostgreSQL server of our own, that asks for a password and logs every statement."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Of the newest version that is there.
BIN = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda bin_: float(bin_.parent.name))
# It refuses to run as root.
USER = {"user": "postgres", "group": "postgres", "extra_groups": []} if not os.getuid() else {}


@contextmanager
def cluster(folder: Path, password: str) -> Iterator[tuple[str, Path]]:
    """The URL of an empty database, with the password, and the folder with the server's data."""
    home = folder / "postgres"
    home.mkdir()
    secret = home / "password"
    secret.write_text(password, encoding="ascii")
    if USER:
        folder.chmod(0o711)
        shutil.chown(home, "postgres", "postgres")
        shutil.chown(secret, "postgres", "postgres")
    data = home / "data"
    initdb = [BIN / "initdb", "--username=postgres", "--auth=scram-sha-256", "--no-sync"]
    initdb += [f"--pwfile={secret}", "--pgdata", data]
    subprocess.run(initdb, cwd=home, stdout=subprocess.DEVNULL, check=True, **USER)
    secret.unlink()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": home,
        "fsync": "off",
        "log_statement": "all",
        "log_min_messages": "debug1",
        "log_error_verbosity": "verbose",
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(
            [BIN / "postgres", "-D", data, *options], cwd=home, stderr=log, **USER
        )
    try:
        while subprocess.run(
            [BIN / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)], cwd=home
        ).returncode:
            if server.poll() is not None:
                raise RuntimeError((home / "log").read_text(encoding="utf-8"))
            time.sleep(0.1)
        yield f"postgres://postgres:{password}@127.0.0.1:{port}/postgres", home
    finally:
        server.send_signal(2)
        server.wait()


def run(url: str, program: str, *words: str) -> bytes:
    """What one of PostgreSQL's own programs prints."""
    command = [BIN / program, f"--dbname={url}", *words]
    return subprocess.run(command, cwd="/", stdout=subprocess.PIPE, check=True).stdout
