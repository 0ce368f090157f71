"""Registries on the loopback that the real clients publish to: pypiserver, verdaccio, and for
crates and gems a server that speaks the routes that cargo, gem and the release use."""

import hashlib
import http.server
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import packages

HERE = Path(__file__).resolve().parent


class CratesAndGems(http.server.ThreadingHTTPServer):
    """cargo's sparse index and web API, RubyGems' push and versions, and the exchange of what
    GitHub says of a workflow for a token, which is good for one upload."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.crates = {}  # By name: the lines of the index.
        self.files = {}  # By name and version: the crate.
        self.gems = {}  # By name: what `versions` answers.
        self.uploads = []
        self.tokens = []  # Given out and not used yet.
        self.given = 0
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, status, body):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        return self.rfile.read(int(self.headers["Content-Length"]))

    def spend_token(self):
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.server.tokens:
            self.answer(403, {"errors": [{"detail": "the token is not good for this upload"}]})
            return False
        self.server.tokens.remove(token)
        return True

    def do_GET(self):
        path = self.path.split("?")[0]
        if path == "/index/config.json":
            self.answer(200, {"dl": f"{self.server.url}/files", "api": self.server.url})
        elif path == "/identity":
            self.answer(200, {"value": f"{self.path} {self.headers['Authorization']}"})
        elif path.startswith("/index/") and (lines := self.server.crates.get(path.split("/")[-1])):
            self.answer(200, "\n".join(map(json.dumps, lines)).encode())
        elif found := re.fullmatch(r"/files/(.+)/(.+)/download", path):
            self.answer(200, self.server.files[found.groups()])
        elif found := re.fullmatch(r"/api/v1/versions/(.+)\.json", path):
            versions = self.server.gems.get(found[1])
            self.answer(200 if versions else 404, versions or {})
        else:
            self.answer(404, {})

    def do_POST(self):
        if self.path == "/exchange":
            self.server.identity = json.loads(self.body())["jwt"]
            self.server.given += 1
            token = f"token-{self.server.given}"
            self.server.tokens.append(token)
            self.answer(200, {"token": token, "rubygems_api_key": token})
        elif self.path == "/api/v1/gems" and self.spend_token():
            with tempfile.NamedTemporaryFile(suffix=".gem") as file:
                file.write(content := self.body())
                file.flush()
                gem = packages.gem(Path(file.name))
            self.server.gems.setdefault(gem.name, []).append(
                {
                    "number": gem.version,
                    "platform": gem.platform,
                    "sha": hashlib.sha256(content).hexdigest(),
                }
            )
            self.server.uploads.append(f"{gem.name}-{gem.version}-{gem.platform}")
            self.answer(200, b"Successfully registered gem")

    def do_PUT(self):
        if not self.spend_token():
            return
        body = self.body()
        length = int.from_bytes(body[:4], "little")
        crate = json.loads(body[4 : 4 + length])
        content = body[8 + length :]
        key = crate["name"], crate["vers"]
        if key in self.server.files:
            self.answer(200, {"errors": [{"detail": f"{key} exists already"}]})
            return
        self.server.files[key] = content
        self.server.crates.setdefault(crate["name"], []).append(
            {
                "name": crate["name"],
                "vers": crate["vers"],
                "deps": [
                    {**dependency, "req": dependency["version_req"], "package": None}
                    for dependency in crate["deps"]
                ],
                "features": crate["features"],
                "cksum": hashlib.sha256(content).hexdigest(),
                "yanked": False,
            }
        )
        self.server.uploads.append(crate["name"])
        self.answer(
            200, {"warnings": {"invalid_categories": [], "invalid_badges": [], "other": []}}
        )


@contextmanager
def crates_and_gems():
    server = CratesAndGems()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()


@contextmanager
def started(command, port, **environment):
    """A registry as a process, from its first answer on."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | environment,
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
                break
            except urllib.error.HTTPError:
                break  # Also an answer.
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{command[0]} does not answer") from None
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pypi(folder):
    port = free_port()
    folder.mkdir()
    # Anybody may upload, and nothing twice.
    options = ["-P", ".", "-a", ".", "--disable-fallback", "--hash-algo", "sha256"]
    command = [sys.executable, "-m", "pypiserver", "run", "-p", str(port), "-i", "127.0.0.1"]
    return started([*command, *options, str(folder)], port)


def npm(folder):
    port = free_port()
    folder.mkdir()
    (folder / "verdaccio.json").write_text(
        json.dumps(
            {
                "storage": str(folder / "storage"),
                "packages": {"**": {"access": "$all", "publish": "$all"}},
                "log": {"type": "stdout", "level": "error"},
                "web": {"enable": False},
            }
        )
    )
    command = [
        str(HERE / "node_modules/.bin/verdaccio"),
        "--config",
        str(folder / "verdaccio.json"),
    ]
    return started([*command, "--listen", f"127.0.0.1:{port}"], port)
