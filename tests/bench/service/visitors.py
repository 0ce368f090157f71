"""The visitors of the benches: all of one follows from its number, in Python and in SQL alike."""

import hashlib
import os
import random
import sqlite3
import subprocess
from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from postgres import Cluster

# A number has twelve digits, so that it can end a UUID.
FIRST = 100_000_000_000
ID_PREFIX = "01900000-0000-7000-8000-"
METADATA = '{"plan":"premium","signupDate":"2025-01-15","visits":0}'


class Organization(NamedTuple):
    id: str
    secret: str


class Call(NamedTuple):
    """What a visitor's call is authenticated and signed with."""

    number: int
    token: str
    hmac: str


def visitor_id(number: int) -> str:
    return f"{ID_PREFIX}{number}"


def uuid_bytes(text: str) -> bytes:
    # Several times as fast as uuid.UUID, and there are millions.
    return bytes.fromhex(text.replace("-", ""))


def visitor_token(organization_id: str, number: int) -> str:
    random_part = hashlib.sha256(str(number).encode()).digest()
    parts = uuid_bytes(organization_id) + uuid_bytes(visitor_id(number)) + random_part
    return f"vt_{urlsafe_b64encode(parts).rstrip(b'=').decode()}"


# What the service and Express have stored of a visitor's token, and what pgbench has instead: it
# can pass on a number, but cannot make the token of it.
TOKEN_SHA256 = r"""sha256(('vt_' || translate(
    encode(uuid_send(o.id) || uuid_send(visitor) || sha256(number::text::bytea), 'base64'),
    E'+/=\n', '-_'))::bytea)"""
NUMBER_SHA256 = "sha256(number::text::bytea)"


def fill_postgres(
    cluster: Cluster,
    database: str,
    visitors: int,
    identities: int,
    token_sha256: str = TOKEN_SHA256,
) -> None:
    """Give every organization as many visitors as the others; identify the first ones."""
    cluster.sql(
        database,
        # Without looking up each foreign key.
        "SET session_replication_role = replica",
        f"""INSERT INTO visitors (organization_id, id, token_sha256, created_at)
            SELECT o.id, visitor, {token_sha256}, now()
            FROM generate_series({FIRST}, {FIRST + visitors - 1}) number,
                 LATERAL CAST('{ID_PREFIX}' || number AS uuid) visitor,
                 (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM organizations) o
            WHERE number % (SELECT count(*) FROM organizations) = o.place""",
        # As json, which can be assigned to a text and to a jsonb.
        f"""INSERT INTO identities (organization_id, visitor_id, id, external_id, email, name,
                metadata, hmac_verified, created_at, updated_at)
            SELECT organization_id, id, id, 'user_' || number, 'jane' || number || '@example.com',
                'Jane', '{METADATA}'::json, true, now(), now()
            FROM visitors, LATERAL substr(id::text, {len(ID_PREFIX) + 1}) number
            WHERE id < '{visitor_id(FIRST + identities)}'""",
        "VACUUM ANALYZE",
        "CHECKPOINT",
    )


def fill_sqlite(path: Path, visitors: int, identities: int) -> None:
    """Give the one organization its visitors; identify the first ones."""
    # As the service writes it. A visitor of another day would be noted as seen again.
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000001Z")
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        ((organization,),) = database.execute("SELECT id FROM organizations")
        database.executemany(
            f"""INSERT INTO visitors (organization_id, id, token_sha256, created_at)
                VALUES (x'{organization.hex()}', ?, ?, '{now}')""",
            (
                (
                    uuid_bytes(visitor_id(number)),
                    hashlib.sha256(visitor_token(organization.hex(), number).encode()).digest(),
                )
                for number in range(FIRST, FIRST + visitors)
            ),
        )
        database.execute(
            f"""INSERT INTO identities (organization_id, visitor_id, id, external_id, email, name,
                    metadata, hmac_verified, created_at, updated_at)
                SELECT organization_id, id, id, 'user_' || number,
                    'jane' || number || '@example.com', 'Jane', ?, true, '{now}', '{now}'
                FROM (SELECT *, substr(hex(id), 21) AS number FROM visitors)
                WHERE number < ?""",
            (METADATA, str(FIRST + identities)),
        )
        database.execute("ANALYZE")
    database.close()


def sign(command: Path, organizations: list[Organization], numbers: list[int]) -> list[Call]:
    """Let the command sign calls of visitors, in an arbitrary order."""
    organizations = sorted(organizations)

    def owner(number: int) -> Organization:
        return organizations[number % len(organizations)]

    def sign_owned(owned: tuple[Organization, list[int]]) -> list[Call]:
        organization, numbers = owned
        done = subprocess.run(
            [command, "sign"],
            env=os.environ | {"IDENTITY_SECRET": organization.secret},
            input="".join(f"{visitor_id(number)}\n" for number in numbers),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return [
            Call(number, visitor_token(organization.id, number), line.split("\t")[1])
            for number, line in zip(numbers, done.stdout.splitlines(), strict=True)
        ]

    owned = [
        (organization, list(group))
        for organization, group in groupby(sorted(numbers, key=owner), key=owner)
    ]
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        calls = [call for calls in threads.map(sign_owned, owned) for call in calls]
    return random.sample(calls, len(calls))


def write_calls(path: Path, calls: list[Call]) -> Path:
    """Write what identify.lua reads."""
    path.write_text(
        "".join(f"{call.number}\t{call.token}\t{call.hmac}\n" for call in calls), encoding="ascii"
    )
    return path
