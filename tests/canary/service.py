"""The service on both of its databases, with its log at `trace` in both formats."""

import json
import re
import secrets
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote, urlencode, urlsplit

import postgres
from search import Search

# Stored as it is told, so that a search that finds nothing has looked in the right places.
STORED = "stored"
JSON = {"Content-Type": "application/json"}


def check(built: Path) -> None:
    counts = {"runs": 0, "answers": 0, "errors": 0, "places": 0, "bytes": 0, "planted": 0}
    for on_postgres in (False, True):
        for log_format in ("text", "json"):
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                search = Search(
                    **{STORED: secrets.token_hex(20), "password": secrets.token_hex(20)}
                )
                # Each setting comes from a file once, and once from the environment.
                run = Run(built, folder, search, log_format, from_files=log_format == "json")
                if on_postgres:
                    with postgres.cluster(folder, search.secrets["password"]) as (url, home):
                        run.go(url, lambda: on_postgres_server(url, home))
                else:
                    run.go(
                        f"sqlite:{folder / 'identity.db'}", lambda folder=folder: in_sqlite(folder)
                    )
                counts["runs"] += 1
                counts["answers"] += run.answers
                counts["errors"] += run.errors
                counts["places"] += search.places
                counts["bytes"] += search.bytes
                counts["planted"] += run.planted
    print(
        "proved: the service shows a secret or a token in the one answer that makes it, and in no"
        " other answer (except to a client that sent it as the name of a member or as an origin),"
        " log, metric, description, database file, statement or backup:"
        f" {counts['runs']} runs, {counts['answers']} answers with {counts['errors']} errors among"
        f" them, {counts['places']} places, {counts['bytes'] / 2**20:,.0f} MiB;"
        f" {counts['planted']} of {counts['planted']} planted leaks found",
        flush=True,
    )


def secret_part(text: str) -> str:
    """What nobody may see of a secret: a key begins with ids, which are no secrets."""
    if text.startswith("sk_"):
        return text[len("sk_") + 32 + len("_") + 8 :]
    return text.removeprefix("itk_")[8 + len("_") :] if text.startswith("itk_") else text


class Run:
    """One life of the service, from an empty database on."""

    def __init__(
        self, built: Path, folder: Path, search: Search, log_format: str, *, from_files: bool
    ) -> None:
        self.built, self.folder, self.search = built, folder, search
        self.answers = self.errors = self.planted = 0
        search.add("master key", secrets.token_hex(32))
        search.add("admin token", secrets.token_urlsafe(32))
        self.options = [f"--log-format={log_format}", "--log=trace"]
        self.environment = {"RUST_BACKTRACE": "full"}
        self.serving = []
        names = {"master key": "IDENTITY_MASTER_KEY", "admin token": "IDENTITY_ADMIN_TOKEN"}
        self.kept = folder / "kept"
        self.kept.mkdir()
        for secret, variable in names.items():
            option = variable.removeprefix("IDENTITY_").lower().replace("_", "-") + "-file"
            if from_files:
                file = self.kept / option
                file.write_text(search.secrets[secret] + "\n", encoding="ascii")
                words = self.options if secret == "master key" else self.serving
                words.append(f"--{option}={file}")
            else:
                self.environment[variable] = search.secrets[secret]

    def go(self, url: str, stored: Callable[[], dict[str, bytes]]) -> None:
        self.environment["IDENTITY_DATABASE"] = url
        with self.serve() as (address, admin):
            organization = self.provoke(address, admin)
            self.open_pages(admin, organization)
            for path in ("/metrics", "/openapi.json", "/healthz", "/readyz"):
                self.ask(admin + path)
                self.ask(address + path)
            self.look_at(stored())
        self.command_line(organization)
        self.look_at(stored())
        log = (self.folder / "log").read_bytes()
        if not re.search(rb'result"?[=:]"invalid"', log) or log.count(b"\n") < 100:
            sys.exit("the service's log does not tell what it did")
        self.search.none("the service's log", log)
        self.search.none("the service's output", (self.folder / "output").read_bytes())
        # The same search finds what is planted in the log.
        for name, secret in self.search.secrets.items():
            self.search.found("a planted line", log[-1000:] + secret.encode(), name)
            self.planted += 1

    @contextmanager
    def serve(self) -> Iterator[tuple[str, str]]:
        output, log = self.folder / "output", self.folder / "log"
        with output.open("wb") as out, log.open("wb") as err:
            process = subprocess.Popen(
                [
                    self.built / "identity-hmac-server",
                    "serve",
                    "--listen=127.0.0.1:0",
                    "--admin-listen=127.0.0.1:0",
                    "--address-rate=0",
                    "--visitor-rate=0",
                    "--server-rate=0",
                    *self.options,
                    *self.serving,
                ],
                cwd=self.folder,
                env=self.environment,
                stdout=out,
                stderr=err,
            )
        try:
            address = r"http://\S+"
            printed = (
                f"admin interface on ({address})\ndashboard on \\S+\nlistening on ({address})\n"
            )
            while not (found := re.search(printed, output.read_text(encoding="utf-8"))):
                if process.poll() is not None:
                    sys.exit(log.read_text(encoding="utf-8")[-3000:])
                time.sleep(0.05)
            yield found[2], found[1]
        finally:
            process.terminate()
            process.wait()

    def ask(
        self,
        url: str,
        body: object = None,
        method: str | None = None,
        makes: tuple[str, str] | None = None,
        told: frozenset[str] = frozenset(),
        **headers: str,
    ) -> dict:
        """Ask, and search the answer; `makes` names the member that may show a new secret."""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(url, data, JSON | headers, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                text = str(answer.headers).encode() + answer.read()
        except HTTPError as answer:
            text = str(answer.headers).encode() + answer.read()
            self.errors += 1
        self.answers += 1
        found = {}
        if start := text.find(b"{") + 1:
            # What is no JSON is a text of Prometheus'.
            try:
                found = json.loads(text[start - 1 :])
            except ValueError:
                found = {}
        if makes:
            name, member = makes
            self.search.none(f"the answer that makes the {name}, of others", text, STORED_ONLY)
            self.search.add(name, secret_part(found[member]))
            self.search.found(f"the answer that makes the {name}", text, name)
            if text.count(secret_part(found[member]).encode()) != 1:
                sys.exit(f"the {name} is in its answer more than once")
        else:
            self.search.none(f"an answer: {text!r}", text, STORED_ONLY | told)
        return found

    def provoke(self, address: str, admin_address: str) -> str:
        secret = self.search.secrets
        organizations = f"{admin_address}/v1/admin/organizations"
        admin = {"Authorization": f"Bearer {secret['admin token']}"}
        body = {"name": secret[STORED], "verification": "required"}
        made = self.ask(organizations, body, makes=("first secret", "secret"), **admin)
        mine = f"{organizations}/{made['id']}"
        key = made["organizationKey"]
        for name in ("previous secret", "current secret"):
            self.ask(f"{mine}/previous-secret", method="DELETE", **admin)
            url = f"{mine}/rotate-secret"
            self.ask(url, method="POST", makes=(name, "secret"), **admin)
        visitor = self.ask(
            f"{address}/v1/visitors",
            b"",
            makes=("visitor token", "visitorToken"),
            X_Organization_Key=key,
        )
        made_key = self.ask(f"{mine}/api-keys", method="POST", makes=("API key", "apiKey"), **admin)
        backend = {"Authorization": f"Bearer {made_key['apiKey']}"}
        server = f"{address}/v1/server"
        said = f"{server}/visitors/{visitor['visitorId']}/identity"
        self.ask(said, {"name": secret[STORED]}, **backend)
        token = {"Authorization": f"Bearer {visitor['visitorToken']}"}
        identify = f"{address}/v1/identify"
        for name in ("current secret", "previous secret", "first secret"):
            hmac = self.sign(secret[name], visitor["visitorId"])
            self.search.add(f"hmac of the {name}", hmac)
            self.ask(identify, {"name": secret[STORED], "hmac": hmac}, **token)
        self.send_tokens(identify, mine, visitor["visitorId"], token, admin)
        self.ask(f"{address}/v1/identity", **token)
        known = {name: value for name, value in secret.items() if name not in (STORED, "password")}
        for name, value in known.items():
            for body in (
                {"hmac": value},
                {"hmac": f"{value}x"},
                {"hmac": {value: value}},
                {"token": value},
                {"token": f"{value}x"},
                {"token": value, "hmac": value},
                {"token": {value: value}},
                {"hmac": [value] * 1000},
                {"name": [value]},
                {"email": value},
                {"externalId": value * 100},
                {"metadata": {"a": value, "b": "\0"}},
                {"metadata": "\ud800" + value},
                f'{{"hmac": "{value}"'.encode(),
                f'{{"hmac": "{value}", "hmac": "{value}"}}'.encode(),
                f'"{value}'.encode() * 2000,
                b"\xff" + value.encode(),
            ):
                self.ask(identify, body, **token)
            # Only the client that sent the name of a member reads it in the answer.
            for body in ({value: value}, {"metadata": {value: "\0"}}):
                self.ask(identify, body, told=frozenset({name}), **token)
            self.ask(identify, {"name": value, "hmac": "0" * 64}, **token)
            self.ask(identify, {}, Authorization=f"Bearer {value}x")
            self.ask(identify, {}, Authorization=value)
            self.ask(f"{address}/v1/visitors", b"", X_Organization_Key=value)
            self.ask(organizations, {"name": "x"}, Authorization=f"Bearer {value}x")
            self.ask(mine, {"verification": value}, "PATCH", **admin)
            # So is what is no origin.
            origins = {"allowedOrigins": [value]}
            self.ask(mine, origins, "PATCH", told=frozenset({name}), **admin)
            self.ask(said, {"hmac": value}, **backend)
            self.ask(said, {"email": value}, **backend)
            self.ask(said, {}, Authorization=f"Bearer {value}x")
            self.ask(f"{server}/visitors/{value}/identity", **backend)
            self.ask(f"{server}/identities?cursor={value}", **backend)
            self.ask(f"{server}/identities?externalId={value}", Authorization=f"Bearer {value}x")
            self.ask(f"{mine}/api-keys/{value}", method="DELETE", **admin)
            self.ask(f"{mine}/token-keys/{value}", method="DELETE", **admin)
            self.ask(mine, {"acceptedProofs": [value]}, "PATCH", **admin)
            self.ask(mine, {"tokensValidAfter": value}, "PATCH", **admin)
            self.ask(f"{organizations}/{value}", **admin)
            self.ask(f"{mine}/identities?limit={value}", **admin)
            self.ask(f"{address}/{value}?{value}", Cookie=value)
            self.ask(f"{admin_address}/{value}?{value}", Cookie=value)
            self.ask(f"{address}/healthz", method="DELETE", Authorization=f"Bearer {value}")
        self.ask(organizations, **admin)
        self.ask(mine, **admin)
        self.ask(f"{mine}/identities", **admin)
        self.ask(f"{mine}/verification-stats", **admin)
        self.ask(f"{mine}/api-keys", **admin)
        self.ask(f"{mine}/token-keys", **admin)
        self.ask(said, **backend)
        self.ask(f"{server}/identities?limit=200", **backend)
        return made["id"]

    def open_pages(self, admin_address: str, organization: str) -> None:
        """Open every page of the dashboard, and put every secret where somebody may paste it.

        Not into a search: the database has to be asked for that, and its log says so.
        """
        secret = self.search.secrets
        form = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Sec-Fetch-Site": "same-origin",
        }
        log_in = HTTPConnection(urlsplit(admin_address).netloc)
        log_in.request(
            "POST", "/dashboard/login", urlencode({"token": secret["admin token"]}), form
        )
        cookie = log_in.getresponse().headers["Set-Cookie"].partition(";")[0]
        self.search.add("session", cookie.partition("=")[2])
        form["Cookie"] = cookie
        dashboard = f"{admin_address}/dashboard"
        own = f"{dashboard}/organizations/{organization}"
        pages = [
            "",
            "/keys",
            "/keys/rotate",
            "/keys/retire",
            "/setup",
            "/test",
            "/people",
            "/origins",
        ]
        pages += ["/audit", "/confirm?verification=required&hmac=on", "/people?q=user_123"]
        pages += ["/people/erase?external_id=user_123", "/people/export?external_id=user_123"]
        for page in [dashboard, f"{dashboard}/new", f"{dashboard}/audit"] + [
            own + p for p in pages
        ]:
            self.ask(page, **form)
        for name, value in list(secret.items()):
            # Who pastes it sees it again.
            told, quoted = frozenset({name}), quote(value, safe="")
            tried = urlencode({"visitor_id": "visitor_1", "proof": value}).encode()
            self.ask(f"{own}/test", tried, told=told, **form)
            origins = urlencode({"origins": value}).encode()
            self.ask(f"{own}/origins", origins, told=told, **form)
            self.ask(f"{own}/{quoted}", **form)
            self.ask(f"{own}/keys/token/{quoted}/delete", **form)
            self.ask(f"{own}/keys/{quoted}", b"", **form)
            self.ask(dashboard, **form | {"Cookie": f"{cookie}x; {quoted}"})
            wrong = urlencode({"token": f"{value}x"}).encode()
            self.ask(f"{dashboard}/login", wrong, **form | {"Cookie": ""})

    def send_tokens(
        self,
        identify: str,
        mine: str,
        visitor_id: str,
        visitor: dict[str, str],
        admin: dict[str, str],
    ) -> None:
        """Verify the visitor by tokens of two keys, the first of which is deleted meanwhile."""
        said = self.search.secrets[STORED]
        for name in ("deleted token key", "token key"):
            url = f"{mine}/token-keys"
            made = self.ask(url, method="POST", makes=(name, "key"), **admin)
            tokens = {}
            for what, user, more in (
                ("valid", "user_123", ["--name", said, "--metadata", json.dumps({"note": said})]),
                ("old", "user_123", ["--at=1700000000"]),
                ("other user's", "user_456", []),
                ("other audience's", "user_123", ["--audience=pk_0"]),
            ):
                token = self.sign_token(made["key"], visitor_id, user, *more)
                # The rest of it is no secret, and the same in all of them.
                self.search.add(f"{what} token of the {name}", token.rpartition(".")[2])
                tokens[what] = token
            valid = {"token": tokens["valid"], "email": "jane@example.com"}
            shown = self.ask(identify, valid, **visitor)
            if shown["verifiedAttributes"] != ["externalId", "name", "metadata.note"]:
                sys.exit(f"a token of the {name} verified {shown}")
            for token in tokens.values():
                for body in (
                    {"token": token},
                    {"token": token[:-1]},
                    {"token": token, "hmac": "0"},
                ):
                    self.ask(identify, body, **visitor)
            self.ask(mine, {"tokensValidAfter": "2100-01-01T00:00:00Z"}, "PATCH", **admin)
            self.ask(identify, valid, **visitor)
            self.ask(mine, {"tokensValidAfter": None}, "PATCH", **admin)
            if name == "deleted token key":
                self.ask(f"{url}/{made['kid']}", method="DELETE", **admin)
                self.ask(identify, valid, **visitor)

    def sign(self, secret: str, visitor_id: str) -> str:
        return self.command({"IDENTITY_SECRET": secret}, "sign", "--", visitor_id)

    def sign_token(self, key: str, visitor_id: str, user: str, *more: str) -> str:
        who = ["--visitor-id", visitor_id, "--external-id", user]
        return self.command({"IDENTITY_TOKEN_KEY": key}, "token", "sign", *who, *more)

    def command(self, environment: dict[str, str], *words: str) -> str:
        done = subprocess.run(
            [self.built / "identity-hmac", *words],
            env=environment,
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
        return done.stdout.strip()

    def command_line(self, organization: str) -> None:
        def run(*words: str, **environment: str) -> bytes:
            done = subprocess.run(
                [self.built / "identity-hmac-server", *self.options, *words],
                cwd=self.folder,
                env=self.environment | environment,
                capture_output=True,
            )
            self.errors += done.returncode != 0
            self.answers += 1
            self.search.none(f"{words}, its log", done.stderr)
            return done.stdout

        for words in (
            ["org", "list"],
            ["org", "list", "--json"],
            ["org", "show", organization],
            ["org", "verification", organization, "observe"],
            ["identity", "list", organization],
            ["org", "stats", organization],
            ["org", "api-key", "list", organization],
            ["org", "api-key", "list", organization, "--json"],
            ["org", "api-key", "delete", organization, "00000000"],
            ["org", "token-key", "list", organization],
            ["org", "token-key", "delete", organization, "00000000"],
            ["org", "policy", organization, "--identity-session", "600"],
            ["audit", "list"],
            ["audit", "list", "--json"],
            ["org", "show", "00000000-0000-0000-0000-000000000000"],
            ["help"],
            ["serve", "--help"],
        ):
            self.search.none(f"{words}", run(*words), STORED_ONLY)
        # A port of loopback on which nothing listens, a wrong password, and a wrong key.
        password = self.search.secrets["password"]
        database = self.environment["IDENTITY_DATABASE"]
        for url in (
            f"postgres://postgres:{password}@127.0.0.1:1/postgres",
            f"postgres://postgres:{password}@:::/postgres",
            f"mysql://postgres:{password}@127.0.0.1/postgres",
            database.replace(password, f"{password}x"),
        ):
            self.search.none(
                f"org list on {url[:20]}", run("org", "list", IDENTITY_DATABASE=url), STORED_ONLY
            )
        retire = ["org", "retire-previous-secret", organization]
        run(*retire)
        shown = run("org", "rotate-secret", organization)
        made = re.search(rb"^secret +(\w+)", shown, re.M)[1].decode()
        self.search.none("org rotate-secret, of the others", shown, STORED_ONLY)
        self.search.add("secret of the command", made)
        self.search.found("org rotate-secret", shown, "secret of the command")
        written = self.kept / "written"
        run(*retire)
        run("org", "rotate-secret", organization, "--secret-file", str(written))
        self.search.add("written secret", written.read_text(encoding="ascii"))
        written = self.kept / "written-key"
        run("org", "api-key", "create", organization, "--secret-file", str(written))
        self.search.add("written API key", secret_part(written.read_text(encoding="ascii")))
        # There are two now.
        self.search.none("org api-key create", run("org", "api-key", "create", organization))
        written = self.kept / "written-token-key"
        run("org", "token-key", "create", organization, "--secret-file", str(written))
        self.search.add("written token key", secret_part(written.read_text(encoding="ascii")))
        # There are two now.
        self.search.none("org token-key create", run("org", "token-key", "create", organization))
        # Where the environment has the admin token, the command makes none.
        self.environment.pop("IDENTITY_ADMIN_TOKEN", None)
        self.search.add("new admin token", run("reset-admin-token").decode().strip())
        wrong = {"IDENTITY_MASTER_KEY": self.search.secrets["master key"][:-1] + "x"}
        self.search.none("a wrong key", run("org", "rotate-secret", organization, **wrong))

    def look_at(self, stored: dict[str, bytes]) -> None:
        for place, data in stored.items():
            # What is stored must be seen, or the rest of the search says nothing.
            self.search.found(place, data, STORED)
            self.planted += 1
            self.search.none(place, data, STORED_ONLY)


STORED_ONLY = frozenset({STORED})


def in_sqlite(folder: Path) -> dict[str, bytes]:
    """The database with all that lies beside it, and a backup."""
    backup = folder / "backup"
    with sqlite3.connect(folder / "identity.db") as source, sqlite3.connect(backup) as target:
        source.backup(target)
    files = [path for path in folder.iterdir() if path.name.startswith("identity.db")]
    together = b"".join(path.read_bytes() for path in sorted(files))
    return {"the files of SQLite": together, "a backup of SQLite": backup.read_bytes()}


def on_postgres_server(url: str, home: Path) -> dict[str, bytes]:
    """Every file of the server, its log of every statement, and a backup."""
    postgres.run(url, "psql", "--quiet", "--command=CHECKPOINT")
    files = [path for path in (home / "data").rglob("*") if path.is_file()]
    tables, log = b"", b""
    for path in files:
        # A running server takes files away while we look.
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            continue
        if "pg_wal" in path.parts:
            log += data
        else:
            tables += data
    return {
        "the files of PostgreSQL": tables,
        "pg_wal": log,
        "PostgreSQL's log": (home / "log").read_bytes(),
        "a backup of PostgreSQL": postgres.run(url, "pg_dump"),
    }
