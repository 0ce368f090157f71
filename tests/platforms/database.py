"""The service's own tests, on each Debian's PostgreSQL and behind its PgBouncer."""

import functools
import json
import re
from collections.abc import Callable, Iterator
from functools import partial

from report import Case, FailedError
from shell import passed, run
from suites import BOOKWORM, SID, TRIXIE, Suite

# Migrations, the calls of every caller, statements under races, and databases that fail.
ON_POSTGRESQL = (
    "migrate:: identify:: verified:: people:: policy:: admin:: races:: faults::database::"
)
BEHIND_PGBOUNCER = "migrate:: identify:: verified:: people:: admin:: races::"
# The programs of the tests were built here, for a C library that is no newer than the suite's.
SUITES = (BOOKWORM, TRIXIE, SID)


@functools.cache
def tests() -> str:
    """The program that holds the service's tests. It starts the service that cargo built."""
    build = "cargo test --locked --all-features --test service --no-run --message-format=json"
    for line in run(*build.split(), minutes=25).splitlines():
        built = json.loads(line) if line.startswith("{") else {}
        if built.get("target", {}).get("name") == "service" and built.get("executable"):
            return built["executable"]
    raise FailedError("cargo built no test called service")


def run_tests(
    suite: Suite, filters: str, environment: str, minutes: float
) -> tuple[str, list[str]]:
    """Runs tests by parts of their names; returns how many there were, and what they tell."""
    script = f"IDENTITY_TEST_POSTGRES=required {environment} {tests()} {filters} --nocapture"
    output = suite.run(script, minutes=minutes)
    proved = re.findall(r"^proved: .*: (.*)$", output, re.MULTILINE)
    return passed(output, r"test result: ok\. (\d+) passed; 0 failed"), proved


def version(suite: Suite, package: str) -> str:
    """The version of a Debian package, as its authors count."""
    asked = suite.run(f"dpkg-query --show --showformat='${{Version}}' {package}")
    return re.match(r"[0-9]+(\.[0-9]+)*", asked)[0]


def postgresql(suite: Suite) -> str:
    return version(
        suite, "$(dpkg-query --show --showformat='${Package}\\n' 'postgresql-[0-9][0-9]')"
    )


def on_postgresql(suite: Suite) -> str:
    shown, _ = run_tests(suite, ON_POSTGRESQL, "", minutes=15)
    return f"PostgreSQL {postgresql(suite)}: {shown}"


def fail_over(suite: Suite) -> str:
    """Ten fail-overs under load, with synchronous commit."""
    _, proved = run_tests(suite, "faults::fail_over", "IDENTITY_TEST_LONG=1", minutes=8)
    if not proved:
        raise FailedError("the fail-over has shown nothing")
    return f"PostgreSQL {postgresql(suite)}: {proved[0]}, none lost"


def behind_pgbouncer(suite: Suite, settings: str) -> str:
    environment = f"IDENTITY_TEST_PGBOUNCER='{settings}'"
    shown, _ = run_tests(suite, BEHIND_PGBOUNCER, environment, minutes=15)
    return f"PgBouncer {version(suite, 'pgbouncer')}, PostgreSQL {postgresql(suite)}: {shown}"


def cases() -> Iterator[Case]:
    def case(suite: Suite, what: str, trial: Callable[[], str]) -> Case:
        return Case(suite.title, what, trial)

    for suite in SUITES:
        yield case(suite, "the service's tests on PostgreSQL", partial(on_postgresql, suite))
        yield case(
            suite,
            "fail-over under load to a synchronous standby, promoted",
            partial(fail_over, suite),
        )
        without = "the service behind PgBouncer in transaction mode, without prepared statements"
        if suite is BOOKWORM:
            # PgBouncer 1.18 knows no such setting, and keeps no statement.
            yield case(suite, without, partial(behind_pgbouncer, suite, ""))
            continue
        for what, kept in {without: 0, without.replace("without", "with"): 100}.items():
            settings = f"max_prepared_statements = {kept}"
            yield case(suite, what, partial(behind_pgbouncer, suite, settings))
