"""A PostgreSQL server of our own, with default settings but for the number of connections."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": 400,
    # The statements of the service are read from this log; nothing else is written to it.
    "logging_collector": "on",
    "log_destination": "jsonlog",
    "log_checkpoints": "off",
}


def bin_folder() -> Path:
    """Where the newest installed PostgreSQL has its programs."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if not found:
        sys.exit("PostgreSQL's server is missing: as root, apt-get install postgresql")
    return max(found, key=lambda folder: float(folder.parent.name))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Cluster:
    """Runs while it is entered; its data is in a folder that the caller removes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.bin = bin_folder()

    def __enter__(self) -> Self:
        self.folder.mkdir()
        # PostgreSQL refuses to run as root.
        self.unprivileged = []
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
            self.unprivileged = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
        self._run("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C")
        settings = {**SETTINGS, "port": self.port, "unix_socket_directories": self.folder}
        with (self.folder / "data" / "postgresql.auto.conf").open("a") as configuration:
            configuration.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        self._run("pg_ctl", "start", "--wait", f"--log={self.folder / 'start'}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._run("pg_ctl", "stop", "--mode=immediate")

    def _run(self, program: str, *arguments: str) -> None:
        command = [self.bin / program, f"--pgdata={self.folder / 'data'}", *arguments]
        done = subprocess.run(
            [*self.unprivileged, *command],
            cwd="/",
            stdin=subprocess.DEVNULL,
            # A server that inherits a pipe would keep it open.
            stdout=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode:
            sys.exit(f"{program} failed, for the reason above")

    def url(self, database: str) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}"

    def sql(self, database: str, *statements: str) -> str:
        """Run statements, each in a transaction of its own; return their rows as text."""
        done = subprocess.run(
            [self.bin / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", self.url(database)],
            input=";\n".join(statements),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def create(self, database: str, template: str) -> None:
        self.sql("postgres", f"CREATE DATABASE {database} TEMPLATE {template}")

    def logged(self) -> list[str]:
        """The lines of the log so far. The collector writes them a moment later."""
        time.sleep(0.5)
        files = sorted((self.folder / "data" / "log").glob("*.json"))
        return [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
