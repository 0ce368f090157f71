"""What the product is asked to reach, beside whom."""

from typing import NamedTuple

from figures import Run, ratio


class Goal(NamedTuple):
    """A rate of at least so many times the peer's, or a time of at most so many times its time."""

    what: str
    section: str
    case: str
    peer: str
    times: float
    of: str = "rate"

    def asked(self) -> str:
        bound = "at least" if self.of == "rate" else "at most"
        return f"{bound} {self.times:g} times its {self.of}"

    def least_ratio(self) -> float:
        """What is asked as a ratio of rates."""
        return self.times if self.of == "rate" else 1 / self.times

    def measured(self, run: Run) -> float:
        """To two decimals, as it is printed, so that what is judged can be read."""
        case = run.cases().get((self.section, self.case), [])
        for figure in case:
            if figure.contender == self.peer:
                rates = ratio(case[0], figure)
                return round(rates if self.of == "rate" else 1 / rates, 2)
        raise ValueError(f"no figure for {self.what}: {self.section}, {self.case}, {self.peer}")

    def is_reached(self, run: Run) -> bool:
        measured = self.measured(run)
        return measured >= self.times if self.of == "rate" else measured <= self.times


ONE_CALL = "sign, one call, 36 bytes"
PREPARED = "sign, prepared, 36 bytes"
SIGN_TOKEN = "sign a token, all claims"
VERIFY_TOKEN = "verify a token, all claims"
DOCUMENTED = "documented function"
GOALS = [
    Goal("core, prepared sign", "core", PREPARED, "ring", 1.3),
    Goal("core, prepared sign", "core", PREPARED, "aws-lc-rs", 2.5),
    Goal("core, prepared sign", "core", PREPARED, "2 bare SHA-256 compressions", 1.5, "time"),
    Goal(
        "core, verify",
        "core",
        "verify, prepared, hit, 36 bytes",
        "identity-hmac, signing alone",
        1.15,
        "time",
    ),
    Goal("core, verify a token", "core", VERIFY_TOKEN, "jsonwebtoken", 3),
    Goal("Python, one call", "python", ONE_CALL, DOCUMENTED, 5),
    Goal("Python, prepared", "python", PREPARED, DOCUMENTED, 8),
    Goal("Python, sign a token", "python", SIGN_TOKEN, "PyJWT", 5),
    Goal("Python, verify a token", "python", VERIFY_TOKEN, "PyJWT", 5),
    Goal("Ruby, one call", "ruby", ONE_CALL, DOCUMENTED, 20),
    Goal("Ruby, prepared", "ruby", PREPARED, DOCUMENTED, 28),
    Goal("Node, one call", "node", ONE_CALL, DOCUMENTED, 4),
    Goal("Node, prepared", "node", PREPARED, DOCUMENTED, 5),
    *(
        Goal(f"Node, {call}", "node", case, peer, 4)
        for call, case in (("sign a token", SIGN_TOKEN), ("verify a token", VERIFY_TOKEN))
        for peer in ("jsonwebtoken", "jsonwebtoken, KeyObject", "jose, awaited")
    ),
    Goal("command", "command", "sign a file of 5,000,000 ids", "documented Python loop", 20),
    *(
        Goal(
            f"service, {call} on Postgres, {connections}",
            "service",
            f"{call} on Postgres, {connections}",
            "pgbench, the same statements",
            0.6,
        )
        for call in ("update", "first call")
        for connections in ("1 connection", "8 connections", "64 connections", "256 connections")
    ),
    *(
        Goal(
            f"service, update on {database}, {connections}",
            "service",
            f"update on {database}, {connections}",
            peer,
            times,
        )
        for database, connections, peer, times in (
            ("Postgres", "1 connection", "identity-hmac-server before", 1.5),
            ("Postgres", "8 connections", "identity-hmac-server before", 1.5),
            ("SQLite", "1 connection", "SQLite loop", 0.5),
            ("SQLite", "8 connections", "SQLite loop", 1),
            ("SQLite", "64 connections", "SQLite loop", 1),
            ("SQLite", "256 connections", "SQLite loop", 1),
        )
    ),
]
