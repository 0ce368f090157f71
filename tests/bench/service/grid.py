"""identify() on both databases at several numbers of connections, beside what one could use."""

import shutil
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

from bench import BEFORE, SERVICE, Bench, Contender, measure
from load import Sample, pgbench, sqlite_loop, wrk
from servers import HERE, Express, Server, Service, create_organization
from statements import PGBENCH, SQLITE, Recording, record
from visitors import (
    FIRST,
    NUMBER_SHA256,
    Call,
    Organization,
    fill_postgres,
    fill_sqlite,
    sign,
    write_calls,
)

# More than are identified for the first time in one sample.
VISITORS = 100_000
# Those who call again.
IDENTITIES = 10_000

UPDATE, FIRST_CALL = "update", "first call"
# How pgbench comes by a visitor; for first calls each client has every so-manieth.
PGBENCH_NUMBER = {
    UPDATE: [r"\set number random(:first, :last)"],
    FIRST_CALL: [
        r"\set called :called + 1",
        r"\set number :first + :called * :clients + :client_id",
    ],
}
# How sqlite-loop does: by number, id and token digest.
SELECT = "SELECT CAST(substr(hex(id), 21) AS INTEGER) AS number, id, token_sha256 FROM visitors"
SQLITE_NUMBER = {
    UPDATE: f"{SELECT} WHERE number < {FIRST + IDENTITIES} ORDER BY random()",
    FIRST_CALL: f"{SELECT} ORDER BY id",
}


class PostgresIdentities:
    """The records in a database of the cluster."""

    def __init__(self, bench: Bench, database: str) -> None:
        self.sql = partial(bench.cluster.sql, database)

    def clear(self) -> None:
        self.sql("TRUNCATE identities")

    def count(self) -> int:
        return int(self.sql("SELECT count(*) FROM identities"))


class SqliteIdentities:
    """The records in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def clear(self) -> None:
        with closing(sqlite3.connect(self.path)) as database, database:
            database.execute("DELETE FROM identities")

    def count(self) -> int:
        with closing(sqlite3.connect(self.path)) as database:
            ((count,),) = database.execute("SELECT count(*) FROM identities")
            return count


def empty(identities: PostgresIdentities | SqliteIdentities) -> None:
    """Remove all records, also those that a server still makes for calls that wrk gave up."""
    for _ in range(50):
        identities.clear()
        time.sleep(0.2)
        if not identities.count():
            return
    sys.exit("the calls of the sample before do not end")


def checked(
    take: Callable[[], Sample],
    case: str,
    identities: PostgresIdentities | SqliteIdentities,
    connections: int,
) -> Sample:
    """Take a sample, and fail unless its calls were updates or first calls, as they should be."""
    if case == FIRST_CALL:
        empty(identities)
    before = identities.count()
    sample = take()
    made = identities.count() - before
    # wrk does not count the calls that it gave up at the end.
    expected = (0, 0) if case == UPDATE else (sample.done, sample.done + connections)
    if not expected[0] <= made <= expected[1]:
        sys.exit(f"{case}: {sample.done} calls have made {made} records")
    return sample


def grid(bench: Bench) -> None:
    recordings = record_statements(bench)
    for database, measure_on in (("Postgres", on_postgres), ("SQLite", on_sqlite)):
        if bench.wants(*titles(bench, database)):
            measure_on(bench, recordings)


def titles(bench: Bench, database: str) -> list[str]:
    return [
        title_of(case, database, connections)
        for case in (UPDATE, FIRST_CALL)
        for connections in bench.scale.connections
    ]


def title_of(case: str, database: str, connections: int) -> str:
    many = "1 connection" if connections == 1 else f"{connections} connections"
    return f"{case} on {database}, {many}"


def record_statements(bench: Bench) -> dict[str, Recording]:
    """What the service sends for an update and for a first call."""
    cluster = bench.cluster
    cluster.create("recording", template="organization")
    fill_postgres(cluster, "recording", visitors=2, identities=2)
    calls = sign(bench.programs.command, [bench.organization], [FIRST, FIRST + 1])
    options = "-c log_statement=all"
    with Service(bench.programs.service, cluster.url("recording"), options) as service:
        update = record(cluster, service, bench.organization.id, calls)
        cluster.sql("recording", "TRUNCATE identities")
        first_call = record(cluster, service, bench.organization.id, calls)
    return {UPDATE: update, FIRST_CALL: first_call}


def on_postgres(bench: Bench, recordings: dict[str, Recording]) -> None:
    """Beside the service before, pgbench and Express, each in a database with the same visitors."""
    cluster, seconds = bench.cluster, bench.scale.seconds
    cluster.create("service", template="organization")
    cluster.create("before", template="organization")
    cluster.create("pgbench", template="organization")
    cluster.create("express", template="template0")
    cluster.sql(
        "express",
        (HERE / "express-pg" / "schema.sql").read_text(encoding="ascii"),
        "INSERT INTO organizations VALUES ('{}', '{}', true)".format(*bench.organization),
    )
    fill_postgres(cluster, "service", VISITORS, IDENTITIES)
    fill_postgres(cluster, "before", VISITORS, IDENTITIES)
    fill_postgres(cluster, "express", VISITORS, IDENTITIES)
    fill_postgres(cluster, "pgbench", VISITORS, IDENTITIES, NUMBER_SHA256)
    calls = call_files(bench, "postgres", bench.organization)
    scripts = {
        case: write_lines(
            bench.folder / f"pgbench {case}.sql",
            PGBENCH_NUMBER[case]
            + [r"\set change random(100000, 999999)"]
            + [f"{sql};" for sql in recording.script(bench.organization.id, PGBENCH)],
        )
        for case, recording in recordings.items()
    }

    def contenders(case: str, connections: int) -> list[Contender]:
        def contender(name: str, database: str, take: Callable, *servers: Server) -> Contender:
            identities = PostgresIdentities(bench, database)
            return Contender(name, partial(checked, take, case, identities, connections), servers)

        def of_server(server: Server) -> Callable[[], Sample]:
            return partial(
                wrk, server.url, connections, seconds, calls[case], once=case == FIRST_CALL
            )

        statements = partial(
            pgbench, cluster, "pgbench", scripts[case], connections, seconds, IDENTITIES
        )
        return [
            contender(SERVICE, "service", of_server(service), service),
            contender(BEFORE, "before", of_server(before), before),
            contender("pgbench, the same statements", "pgbench", statements),
            contender("Express + pg", "express", of_server(express), express),
        ]

    with (
        Service(bench.programs.service, cluster.url("service")) as service,
        Service(bench.programs.before, cluster.url("before")) as before,
        better_express(bench, calls[UPDATE]) as express,
    ):
        (visitor,) = sign(bench.programs.command, [bench.organization], [FIRST])
        for server in (service, before, express):
            server.check(visitor)
        for contender in contenders(UPDATE, 64):
            contender.sample()  # To warm it up.
        for case in recordings:
            for connections in bench.scale.connections:
                title = title_of(case, "Postgres", connections)
                measure(bench, "service", title, contenders(case, connections))


def better_express(bench: Bench, calls: Path) -> Express:
    """Express with one process or with two, whichever serves more."""
    database = bench.cluster.url("express")
    rates = {}
    for processes in (1, 2):
        with Express(database, processes) as express:
            take = partial(wrk, express.url, 64, bench.scale.seconds, calls)
            take()  # To warm it up.
            rates[processes] = take().rate
    print(f"Express serves by its number of processes: {rates}", file=sys.stderr)
    return Express(database, max(rates, key=rates.get))


def on_sqlite(bench: Bench, recordings: dict[str, Recording]) -> None:
    """Beside the service before and a plain loop, each on a file with the same visitors."""
    seconds = bench.scale.seconds
    path, loop_path = bench.folder / "service.db", bench.folder / "loop.db"
    before_path = bench.folder / "before.db"
    url = f"sqlite:{path}"
    organization = create_organization(bench.programs.service, url)
    fill_sqlite(path, VISITORS, IDENTITIES)
    shutil.copy(path, loop_path)
    shutil.copy(path, before_path)
    calls = call_files(bench, "sqlite", organization)
    scripts = {
        case: write_lines(
            bench.folder / f"sqlite-loop {case}.sql",
            [SQLITE_NUMBER[case], *recording.script(organization.id, SQLITE)],
        )
        for case, recording in recordings.items()
    }

    with (
        Service(bench.programs.service, url) as service,
        Service(bench.programs.before, f"sqlite:{before_path}") as before,
    ):
        (visitor,) = sign(bench.programs.command, [organization], [FIRST])
        service.check(visitor)
        servers = [(SERVICE, service, path), (BEFORE, before, before_path)]

        def of_server(
            name: str, server: Server, file: Path, case: str, connections: int
        ) -> Contender:
            take = partial(
                wrk, server.url, connections, seconds, calls[case], once=case == FIRST_CALL
            )
            identities = SqliteIdentities(file)
            return Contender(name, partial(checked, take, case, identities, connections), [server])

        for case in recordings:
            for connections in bench.scale.connections:
                by_loop = partial(
                    sqlite_loop, bench.programs.sqlite_loop, loop_path, scripts[case], seconds
                )
                contenders = [
                    *(
                        of_server(name, server, file, case, connections)
                        for name, server, file in servers
                    ),
                    Contender(
                        "SQLite loop",
                        partial(checked, by_loop, case, SqliteIdentities(loop_path), 0),
                    ),
                ]
                title = title_of(case, "SQLite", connections)
                measure(bench, "service", title, contenders)


def call_files(bench: Bench, name: str, organization: Organization) -> dict[str, Path]:
    """The calls of those who call again, in any order, and of all visitors, in theirs."""
    numbers = range(FIRST, FIRST + VISITORS)
    calls = sign(bench.programs.command, [organization], numbers)

    def write(case: str, calls: list[Call]) -> Path:
        return write_calls(bench.folder / f"{name} {case}.tsv", calls)

    again = [call for call in calls if call.number < FIRST + IDENTITIES]
    return {UPDATE: write(UPDATE, again), FIRST_CALL: write(FIRST_CALL, sorted(calls))}


def write_lines(path: Path, lines: list[str]) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
    return path
