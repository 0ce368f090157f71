"""The servers that are measured: identity-hmac-server, and the one with Express and pg."""

import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

from postgres import free_port
from visitors import Call, Organization, visitor_id

HERE = Path(__file__).parent
ADMIN_TOKEN = secrets.token_hex(32)
SERVICE_ENVIRONMENT = {
    "IDENTITY_MASTER_KEY": secrets.token_hex(32),
    "IDENTITY_ADMIN_TOKEN": ADMIN_TOKEN,
    # All calls come from one address, and some visitors call often.
    "IDENTITY_ADDRESS_RATE": "0",
    "IDENTITY_VISITOR_RATE": "0",
    # Express writes no line for each call either.
    "IDENTITY_LOG": "warn",
}
# Of either server to PostgreSQL: the service's default.
DATABASE_CONNECTIONS = 16


class Server:
    """A server on a free port; runs while it is entered."""

    def __init__(self, name: str, command: list[str | Path], environment: dict[str, str]) -> None:
        self.name = name
        self.command = command
        self.environment = environment

    def __enter__(self) -> Self:
        port, admin_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.admin_url = f"http://127.0.0.1:{admin_port}"
        port_variables = {
            "PORT": str(port),
            "IDENTITY_LISTEN": f"127.0.0.1:{port}",
            "IDENTITY_ADMIN_LISTEN": f"127.0.0.1:{admin_port}",
        }
        self.process = subprocess.Popen(
            self.command,
            env=os.environ | self.environment | port_variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        end = time.monotonic() + 30
        while not self._is_listening():
            if self.process.poll() is not None or time.monotonic() > end:
                self.process.kill()
                sys.exit(f"{self.name} does not start")
            time.sleep(0.05)
        return self

    def _is_listening(self) -> bool:
        try:
            urllib.request.urlopen(self.url, timeout=5)
        except urllib.error.HTTPError:
            return True  # There is nothing at /.
        except urllib.error.URLError:
            return False
        return True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _processes(self) -> list[int]:
        main = self.process.pid
        workers = Path(f"/proc/{main}/task/{main}/children").read_text(encoding="ascii").split()
        return [main, *map(int, workers)]

    def forget_peak(self) -> None:
        """Let the peak of memory be that of what follows."""
        for process in self._processes():
            Path(f"/proc/{process}/clear_refs").write_text("5", encoding="ascii")

    def peak_mib(self) -> float:
        """The peak of resident memory, of all its processes together."""
        kib = 0
        for process in self._processes():
            status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
            (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
            kib += int(line.split()[1])
        return kib / 1024

    def identify(self, call: Call, change: int) -> tuple[int, dict]:
        """Call identify() once, as identify.lua does."""
        body = {**record(call, change), "hmac": call.hmac}
        request = urllib.request.Request(
            f"{self.url}/v1/identify",
            json.dumps(body).encode(),
            {"Authorization": f"Bearer {call.token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)

    def check(self, call: Call) -> None:
        """Fail unless it merges a signed call into the record, and refuses a forged one."""
        visitor = {"anonymousUserId": visitor_id(call.number), "hmacVerified": True}
        status, body = self.identify(call, 7)
        if status != 200 or body != {**body, **visitor, **record(call, 7)}:
            sys.exit(f"{self.name} answered {status} {body}")
        status, body = self.identify(call._replace(hmac="0" * 64), 8)
        if (status, body["code"]) != (403, "hmac_verification_failed"):
            sys.exit(f"{self.name} answered {status} {body} to a forged hmac")


def record(call: Call, change: int) -> dict:
    """What a call says about its visitor."""
    return {
        "name": f"Jane {change}",
        "email": f"jane{call.number}@example.com",
        "externalId": f"user_{call.number}",
        "metadata": {"plan": "premium", "signupDate": "2025-01-15", "visits": change},
    }


class Service(Server):
    """identity-hmac-server on a database."""

    def __init__(self, program: Path, database: str, postgres_options: str = "") -> None:
        environment = {
            **SERVICE_ENVIRONMENT,
            "IDENTITY_DATABASE": database,
            "IDENTITY_DATABASE_CONNECTIONS": str(DATABASE_CONNECTIONS),
            "PGOPTIONS": postgres_options,
        }
        super().__init__("identity-hmac-server", [program, "serve"], environment)


class Express(Server):
    """The server in express-pg."""

    def __init__(self, database: str, workers: int) -> None:
        environment = {
            "DATABASE_URL": database,
            "DATABASE_CONNECTIONS": str(DATABASE_CONNECTIONS),
            "NODE_ENV": "production",
            "WORKERS": str(workers),
        }
        command = ["node", HERE / "express-pg" / "server.mjs"]
        super().__init__(f"Express + pg, {workers} processes", command, environment)


def create_organization(program: Path, database: str) -> Organization:
    """Let the service's command make the schema and an organization that requires an hmac."""
    with tempfile.TemporaryDirectory() as folder:
        secret = Path(folder) / "secret"
        environment = os.environ | SERVICE_ENVIRONMENT | {"IDENTITY_DATABASE": database}
        subprocess.run([program, "migrate"], env=environment, stdout=subprocess.DEVNULL, check=True)
        create = [program, "org", "create", "Shop", "--verification", "required"]
        done = subprocess.run(
            [*create, "--secret-file", secret, "--json"],
            env=environment,
            stdout=subprocess.PIPE,
            check=True,
        )
        return Organization(json.loads(done.stdout)["id"], secret.read_text(encoding="ascii"))
