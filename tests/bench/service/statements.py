"""The statements of one identify() call, as the service sends them, for others to run.

They are read from PostgreSQL's log, so they are those of the service at hand. Whatever belongs to
the visitor or to the change is replaced by an expression of its number.
"""

import json
import re
from collections.abc import Callable
from typing import NamedTuple

from postgres import Cluster
from servers import Server
from visitors import FIRST, ID_PREFIX, Call

# The change that the recorded call makes: a number that stands for nothing else.
CHANGE = 987_654


class Dialect(NamedTuple):
    """How a database writes what the statements are given."""

    begin: str
    visitor: str
    token_sha256: str
    number: str
    change: str
    now: str
    uuid: Callable[[str], str]
    boolean: Callable[[str], str]


PGBENCH = Dialect(
    begin="BEGIN",
    visitor=f"('{ID_PREFIX}' || :number::text)::uuid",
    token_sha256="sha256(:number::text::bytea)",
    number=":number::text",
    change=":change::text",
    now="now()",
    uuid=lambda text: f"'{text}'::uuid",
    boolean=lambda text: f"'{text}'::boolean",
)
SQLITE = Dialect(
    # As the service does it there.
    begin="BEGIN IMMEDIATE",
    visitor=":visitor",
    token_sha256=":digest",
    number=":number",
    change=":change",
    now="strftime('%Y-%m-%dT%H:%M:%f000000Z', 'now')",
    uuid=lambda text: f"x'{text.replace('-', '')}'",
    boolean=lambda text: {"t": "true", "f": "false"}[text],
)

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
TIMESTAMP = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d.*"


class Recording(NamedTuple):
    """Statements with their parameters, and the organization whose visitor they are about."""

    organization_id: str
    statements: list[tuple[str, dict[str, str | None]]]

    def script(self, organization_id: str, dialect: Dialect) -> list[str]:
        """The same statements, each on one line, for any visitor and change."""

        def expression(value: str | None) -> str:
            if value is None:
                return "NULL"
            if value == self.organization_id:
                return dialect.uuid(organization_id)
            if re.fullmatch(UUID, value):
                # The id of a new record is as wide as that of its visitor.
                return dialect.visitor
            if re.fullmatch(r"\\x[0-9a-f]{64}", value):
                return dialect.token_sha256
            if re.fullmatch(TIMESTAMP, value):
                return dialect.now
            if value in ("t", "f"):
                return dialect.boolean(value)
            text = "'" + value.replace("'", "''") + "'"
            text = text.replace(str(FIRST), f"' || {dialect.number} || '")
            return text.replace(str(CHANGE), f"' || {dialect.change} || '")

        lines = []
        for sql, parameters in self.statements:
            # The write compares with what the read gave: the id and the time of the stored record.
            sql = re.sub(r"(identities\.(id|updated_at)) = \$\d+\b", r"\1 = \1", sql)
            sql = re.sub(r"\$\d+", lambda name, given=parameters: expression(given[name[0]]), sql)
            lines.append(re.sub(r"\s+", " ", dialect.begin if sql == "BEGIN" else sql))
        return lines


def record(cluster: Cluster, service: Server, organization_id: str, calls: list[Call]) -> Recording:
    """Let the service, which logs its statements, identify the first visitor."""
    first, second = sorted(calls)
    # So that connecting is over.
    service.identify(second, CHANGE)
    before = len(cluster.logged())
    service.identify(first, CHANGE)
    return Recording(organization_id, parse(cluster.logged()[before:]))


def parse(log: list[str]) -> list[tuple[str, dict[str, str | None]]]:
    """The statements in a log of PostgreSQL, each with its parameters."""
    statements = []
    for entry in map(json.loads, log):
        found = re.fullmatch(r"(?:execute \S+|statement): (.*)", entry["message"], re.DOTALL)
        if found:
            given = re.findall(r"(\$\d+) = (NULL|'(?:[^']|'')*')", entry.get("detail", ""))
            parameters = {
                name: None if value == "NULL" else value[1:-1].replace("''", "'")
                for name, value in given
            }
            statements.append((found[1], parameters))
    return statements
