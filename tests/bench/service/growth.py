"""Updating identify() as there are more organizations, identities, or processes."""

import json
import random
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial

from bench import SERVICE, Bench, Contender, measure
from load import Sample, run, wrk
from servers import ADMIN_TOKEN, HERE, Service, create_organization
from visitors import FIRST, Organization, fill_postgres, fill_sqlite, sign, write_calls

CONNECTIONS = 64
# However many organizations or processes there are.
VISITORS = 100_000
# The most who call: of all identities, and of all organizations, where one or two have a secret.
CALLERS = 100_000
CALLERS_OF_ORGANIZATIONS = 4_000


ORGANIZATIONS = "organizations, Postgres"
IDENTITIES = {name: f"identities, {name}" for name in ("Postgres", "SQLite")}
PROCESSES = "processes of the service, Postgres"


def growth(bench: Bench) -> None:
    if bench.wants(ORGANIZATIONS):
        organizations(bench)
    if bench.wants(*IDENTITIES.values()):
        identities(bench)
    if bench.wants(PROCESSES):
        processes(bench)


def organizations(bench: Bench) -> None:
    """The same number of visitors, spread over more and more organizations."""
    cluster, command = bench.cluster, bench.programs.command
    counts = bench.scale.organizations
    cluster.create("organizations", template="organization")
    everyone = [bench.organization, *create_organizations(bench, max(counts) - 1)]
    with ExitStack() as services:
        contenders = []
        for count in counts:
            database = f"organizations_{count}"
            cluster.create(database, template="organizations")
            rest = f"SELECT id FROM organizations ORDER BY id OFFSET {count}"
            cluster.sql(database, f"DELETE FROM organizations WHERE id IN ({rest})")
            fill_postgres(cluster, database, VISITORS, VISITORS)
            numbers = random.sample(range(FIRST, FIRST + VISITORS), CALLERS_OF_ORGANIZATIONS)
            calls = write_calls(
                bench.folder / f"{database}.tsv", sign(command, everyone[:count], numbers)
            )
            service = services.enter_context(Service(bench.programs.service, cluster.url(database)))
            take = partial(wrk, service.url, CONNECTIONS, bench.scale.seconds, calls)
            contenders.append(Contender(f"{SERVICE}, {count:,}", take, [service]))
        measure(bench, "growth", ORGANIZATIONS, contenders)


def create_organizations(bench: Bench, count: int) -> list[Organization]:
    """Create organizations in the database of this name, by the admin's route."""
    answers = bench.folder / "organizations.jsonl"
    url = bench.cluster.url("organizations")
    # No sample is taken of this, so nothing has to reach the disk.
    with Service(bench.programs.service, url, "-c synchronous_commit=off") as service:
        made = run(
            *("wrk", "--threads=1", "--connections=16", "--duration=600s"),
            *(f"--script={HERE / 'organizations.lua'}", service.admin_url),
            *("--", ADMIN_TOKEN, count, answers),
        )
    if made.returncode:
        sys.exit(f"wrk created too few organizations: {made.stderr}")
    with answers.open(encoding="ascii") as lines:
        created = [
            Organization(answer["id"], answer["secret"]) for answer in map(json.loads, lines)
        ]
    # Some more were on their way when there were enough.
    known = {bench.organization.id, *(organization.id for organization in created)}
    stored = bench.cluster.sql("organizations", "SELECT id FROM organizations").splitlines()
    surplus = ",".join(set(stored) - known)
    bench.cluster.sql(
        "organizations", f"DELETE FROM organizations WHERE id = ANY ('{{{surplus}}}')"
    )
    return sorted(created)


def identities(bench: Bench) -> None:
    """One organization with more and more records, on both databases."""
    with ThreadPoolExecutor(2) as threads:
        on_postgres = threads.submit(fill_all_postgres, bench)
        on_sqlite = threads.submit(fill_all_sqlite, bench)
        databases = {"Postgres": on_postgres.result(), "SQLite": on_sqlite.result()}
    for name, sizes in databases.items():
        with ExitStack() as services:
            contenders = []
            for count, (url, organization) in sizes.items():
                callers = random.sample(range(FIRST, FIRST + count), min(count, CALLERS))
                calls = sign(bench.programs.command, [organization], callers)
                path = write_calls(bench.folder / f"{name} {count}.tsv", calls)
                service = services.enter_context(Service(bench.programs.service, url))
                take = partial(wrk, service.url, CONNECTIONS, bench.scale.seconds, path)
                contenders.append(Contender(f"{SERVICE}, {count:,}", take, [service]))
            measure(bench, "growth", IDENTITIES[name], contenders)


def fill_all_postgres(bench: Bench) -> dict[int, tuple[str, Organization]]:
    """By their number of identities, databases and the organization in them."""
    filled = {}
    for count in bench.scale.identities:
        database = f"identities_{count}"
        bench.cluster.create(database, template="organization")
        fill_postgres(bench.cluster, database, count, count)
        filled[count] = bench.cluster.url(database), bench.organization
    return filled


def fill_all_sqlite(bench: Bench) -> dict[int, tuple[str, Organization]]:
    """By their number of identities, files and the organization in them."""
    filled = {}
    for count in bench.scale.identities:
        path = bench.folder / f"identities_{count}.db"
        organization = create_organization(bench.programs.service, f"sqlite:{path}")
        fill_sqlite(path, count, count)
        filled[count] = f"sqlite:{path}", organization
    return filled


def processes(bench: Bench) -> None:
    """More and more processes of the service on one database, which share the connections."""
    cluster, seconds = bench.cluster, bench.scale.seconds
    cluster.create("processes", template="organization")
    fill_postgres(cluster, "processes", VISITORS, VISITORS)
    numbers = range(FIRST, FIRST + VISITORS)
    calls = sign(bench.programs.command, [bench.organization], numbers)
    path = write_calls(bench.folder / "processes.tsv", calls)
    with ExitStack() as stack:
        services = [
            stack.enter_context(Service(bench.programs.service, cluster.url("processes")))
            for _ in range(max(bench.scale.processes))
        ]

        def take(count: int) -> Sample:
            share = partial(wrk, connections=CONNECTIONS // count, seconds=seconds, calls=path)
            urls = [service.url for service in services[:count]]
            with ThreadPoolExecutor(count) as threads:
                samples = list(threads.map(share, urls))
            return Sample(
                done=sum(sample.done for sample in samples),
                rate=sum(sample.rate for sample in samples),
                # Of the slowest process.
                p50_ms=max(sample.p50_ms for sample in samples),
                p99_ms=max(sample.p99_ms for sample in samples),
            )

        contenders = [
            Contender(f"{SERVICE}, {count:,}", partial(take, count), services[:count])
            for count in bench.scale.processes
        ]
        measure(bench, "growth", PROCESSES, contenders)
