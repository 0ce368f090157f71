"""The dashboard's pages at 100,000 organizations and a million people: their times and sizes.

`make -C tests/bench/service dashboard` builds the service, runs this alone and prints a table.
"""

import http.client
import json
import os
import signal
import sqlite3
import statistics
import sys
import tempfile
import time
import urllib.parse
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from postgres import Cluster
from servers import ADMIN_TOKEN, Service, create_organization
from visitors import FIRST, ID_PREFIX, Organization, fill_postgres, fill_sqlite, uuid_bytes

ORGANIZATIONS = 100_000
PEOPLE = 1_000_000
AUDIT_EVENTS = 100_000
REQUESTS = 20
# Before all that the service makes now, so the search by name goes through these first.
ORGANIZATION_PREFIX = "01800000-0000-7000-8000-"
KINDS = [("missing", "none", ""), ("invalid", "hmac", ""), ("verified_current", "hmac", "current")]
KINDS += [("verified_previous", "hmac", "previous"), ("verified_current", "token", "current")]


class Page(NamedTuple):
    """A page, below /dashboard or below an organization, or a form that is sent."""

    name: str
    path: str
    form: dict[str, str] | None = None


def pages(organization: str) -> list[Page]:
    within = f"/organizations/{organization}"
    middle = f"{ORGANIZATION_PREFIX}{FIRST + ORGANIZATIONS // 2}"
    person = FIRST + PEOPLE // 2
    visitor = f"{ID_PREFIX}{person}"
    wrong = {"visitor_id": visitor, "proof": "0" * 64}
    return [
        Page("organizations", ""),
        Page("organizations, from the middle on", f"?after={middle}"),
        Page("organizations by name, many found", "?q=shop"),
        Page("organizations by name, one found", f"?q=shop%20{FIRST + 9_000}"),
        Page("organizations by name, none found", "?q=nobody"),
        Page("an organization by its id", f"?q={organization}"),
        Page("a new organization", "/new"),
        Page("audit, all", "/audit"),
        Page("verification", within),
        Page("who would be refused", f"{within}/confirm?verification=required&hmac=on"),
        Page("secrets and keys", f"{within}/keys"),
        Page("set up", f"{within}/setup"),
        Page("test", f"{within}/test"),
        Page("test, a wrong hmac", f"{within}/test", wrong),
        Page("people", f"{within}/people"),
        Page("people, from the middle on", f"{within}/people?after={visitor}"),
        Page("people by external id", f"{within}/people?q=user_{person}"),
        Page("people by e-mail", f"{within}/people?q=Jane{person}@example.com"),
        Page("people, none found", f"{within}/people?q=nobody"),
        Page("a person, exported", f"{within}/people/export?external_id=user_{person}"),
        Page("a person, to be erased", f"{within}/people/erase?external_id=user_{person}"),
        Page("origins", f"{within}/origins"),
        Page("audit", f"{within}/audit"),
    ]


class Taken(NamedTuple):
    """What a page took."""

    kb: float
    ms: list[float]


class Browser:
    """Somebody who is logged in."""

    def __init__(self, service: Service) -> None:
        self.connection = http.client.HTTPConnection(
            urllib.parse.urlsplit(service.admin_url).netloc
        )
        self.headers = {"Sec-Fetch-Site": "same-origin"}
        answer = self._send(Page("log-in", "/login", {"token": ADMIN_TOKEN}))
        answer.read()
        cookie = answer.headers["Set-Cookie"]
        self.headers["Cookie"] = cookie.partition(";")[0]

    def _send(self, page: Page) -> http.client.HTTPResponse:
        headers, body = self.headers, None
        if page.form:
            headers = headers | {"Content-Type": "application/x-www-form-urlencoded"}
            body = urllib.parse.urlencode(page.form)
        method = "POST" if page.form else "GET"
        self.connection.request(method, f"/dashboard{page.path}", body, headers)
        return self.connection.getresponse()

    def open(self, page: Page) -> tuple[float, int]:
        """How long a page takes, in milliseconds, and its size in bytes."""
        start = time.perf_counter()
        answer = self._send(page)
        size = len(answer.read())
        took = (time.perf_counter() - start) * 1e3
        if answer.status != 200:
            sys.exit(f"{page.name} was answered {answer.status}")
        return took, size


CASES = [f"dashboard, {page.name}" for page in pages("")]


def take(service: Service, organization: str) -> dict[str, Taken]:
    """Every page several times, in turn."""
    browser = Browser(service)
    taken = {}
    for _ in range(REQUESTS):
        for page in pages(organization):
            took, size = browser.open(page)
            taken.setdefault(page.name, Taken(size / 1000, [])).ms.append(took)
    return taken


def postgres(program: Path, cluster: Cluster) -> tuple[str, Organization]:
    database = "dashboard"
    cluster.create(database, template="template0")
    url = cluster.url(database)
    organization = create_organization(program, url)
    fill_postgres(cluster, database, PEOPLE, PEOPLE)
    others = cluster.sql(
        database,
        """SELECT string_agg(column_name, ',') FROM information_schema.columns
            WHERE table_name = 'organizations' AND column_name NOT IN ('id', 'name')""",
    )
    kinds = ",".join(f"('{result}', '{proof}', '{secret}')" for result, proof, secret in KINDS)
    cluster.sql(
        database,
        "UPDATE identities SET email_folded = lower(email)",
        """INSERT INTO persons (organization_id, external_id, id, name, email, email_folded,
                metadata, last_iat, verified_at, created_at, updated_at)
            SELECT organization_id, external_id, id, name, email, email_folded, metadata, 0,
                now(), now(), now() FROM identities""",
        """UPDATE visitors SET person = 'user_' || right(id::text, 12), verified_at = now(),
                verified_until = now()""",
        f"""INSERT INTO organizations (id, name, {others})
            SELECT ('{ORGANIZATION_PREFIX}' || number)::uuid, 'Shop ' || number, {others}
            FROM organizations, generate_series({FIRST}, {FIRST + ORGANIZATIONS - 2}) number""",
        f"""INSERT INTO audit_events (organization_id, id, at, actor, action, details)
            SELECT '{organization.id}', ('{ID_PREFIX}' || number)::uuid, now(), 'admin-token',
                'organization_updated', '{{"name":"Shop"}}'
            FROM generate_series({FIRST}, {FIRST + AUDIT_EVENTS - 1}) number""",
        f"""INSERT INTO verification_days
                (organization_id, day, origin, result, proof, secret, calls, last_seen_at)
            SELECT '{organization.id}', current_date - day, 'https://' || origin || '.example',
                result, proof, secret, 10, now()
            FROM generate_series(0, 6) day, generate_series(1, 20) origin,
                (VALUES {kinds}) AS kind (result, proof, secret)""",
        "VACUUM ANALYZE",
        "CHECKPOINT",
    )
    return url, organization


def sqlite(program: Path, path: Path) -> tuple[str, Organization]:
    url = f"sqlite:{path}"
    organization = create_organization(program, url)
    fill_sqlite(path, PEOPLE, PEOPLE)
    own = uuid_bytes(organization.id)
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000001Z", time.gmtime())
    with closing(sqlite3.connect(path)) as database, database:
        database.row_factory = sqlite3.Row
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.execute("UPDATE identities SET email_folded = lower(email)")
        database.execute(
            """INSERT INTO persons (organization_id, external_id, id, name, email, email_folded,
                    metadata, last_iat, verified_at, created_at, updated_at)
                SELECT organization_id, external_id, id, name, email, email_folded, metadata, 0,
                    ?1, ?1, ?1 FROM identities""",
            (now,),
        )
        database.execute(
            """UPDATE visitors SET person = 'user_' || substr(hex(id), 21), verified_at = ?1,
                verified_until = ?1""",
            (now,),
        )
        (row,) = database.execute("SELECT * FROM organizations").fetchall()
        columns = row.keys()
        places = ", ".join("?" * len(columns))
        numbers = range(FIRST, FIRST + ORGANIZATIONS - 1)
        database.executemany(
            f"INSERT INTO organizations ({', '.join(columns)}) VALUES ({places})",
            (
                tuple(
                    (
                        dict(row)
                        | {
                            "id": uuid_bytes(f"{ORGANIZATION_PREFIX}{number}"),
                            "name": f"Shop {number}",
                        }
                    ).values()
                )
                for number in numbers
            ),
        )
        database.executemany(
            """INSERT INTO audit_events (organization_id, id, at, actor, action, details)
                VALUES (?, ?, ?, 'admin-token', 'organization_updated', '{"name":"Shop"}')""",
            (
                (own, uuid_bytes(f"{ID_PREFIX}{number}"), now)
                for number in range(FIRST, FIRST + AUDIT_EVENTS)
            ),
        )
        database.executemany(
            """INSERT INTO verification_days
                    (organization_id, day, origin, result, proof, secret, calls, last_seen_at)
                VALUES (?, date('now', ?), ?, ?, ?, ?, 10, ?)""",
            (
                (own, f"-{day} days", f"https://{origin}.example", *kind, now)
                for day in range(7)
                for origin in range(20)
                for kind in KINDS
            ),
        )
        database.execute("ANALYZE")
    return url, organization


def measured(program: Path, cluster: Cluster, folder: Path) -> dict[str, dict[str, Taken]]:
    """By the database, what the pages took."""
    databases = {
        "Postgres": postgres(program, cluster),
        "SQLite": sqlite(program, folder / "dashboard.db"),
    }
    taken = {}
    for name, (url, organization) in databases.items():
        with Service(program, url) as service:
            taken[name] = take(service, organization.id)
    return taken


def table(taken: dict[str, dict[str, Taken]]) -> str:
    """A row for each page, as Markdown."""
    lines = [f"| page | size |{''.join(f' {name}, p50 | p95 |' for name in taken)}"]
    lines.append(f"| --- | ---: |{' ---: | ---: |' * len(taken)}")
    for page in next(iter(taken.values())):
        row = [of[page] for of in taken.values()]
        size = f"{max(one.kb for one in row):.1f} kB"
        times = "".join(
            f" {statistics.median(one.ms):.1f} ms | {slow(one):.1f} ms |" for one in row
        )
        lines.append(f"| {page} | {size} |{times}")
    return "\n".join(lines)


def slow(taken: Taken) -> float:
    return statistics.quantiles(taken.ms, n=20, method="inclusive")[-1]


def print_figures(taken: dict[str, dict[str, Taken]]) -> None:
    """A line of JSON for each page and database, as the other benches print them."""
    for page in next(iter(taken.values())):
        for name, of in taken.items():
            ms = of[page].ms
            line = {"section": "dashboard", "case": f"dashboard, {page}"}
            line |= {
                "contender": f"identity-hmac-server, {name}",
                "rate": [1e3 / one for one in ms],
            }
            line |= {"p50_ms": [statistics.median(ms)], "p99_ms": [max(ms)], "kb": of[page].kb}
            print(json.dumps(line), flush=True)


def main() -> None:
    program = Path(os.environ["SERVICE"]).absolute()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    with tempfile.TemporaryDirectory(prefix="identity-bench-") as name:
        folder = Path(name)
        # PostgreSQL may run as another user.
        folder.chmod(0o711)
        with Cluster(folder / "postgres") as cluster:
            print(table(measured(program, cluster, folder)))


if __name__ == "__main__":
    main()
