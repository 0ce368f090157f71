"""Look for secrets in what a program leaves."""

import secrets
import sys

from ahocorasick_rs import BytesAhoCorasick
from traces import key_states, traces


def new_secret() -> str:
    """A secret with characters that JSON, URLs and shells write in other ways, between digits that
    all of them leave alone."""
    return f"canary-{secrets.token_hex(12)} /+&{secrets.token_hex(12)}"


def new_token_key() -> str:
    return f"itk_{secrets.token_hex(4)}_{secrets.token_hex(32)}"


class Search:
    """Looks for every trace of some secrets, and counts what it has looked through."""

    def __init__(self, **named: str) -> None:
        self.secrets: dict[str, str] = {}
        self.key_states: dict[str, list[bytes]] = {}
        # Whose trace each is.
        self.traces: dict[bytes, str] = {}
        self.places = 0
        self.bytes = 0
        for name, secret in named.items():
            self.add(name, secret)

    def add(self, name: str, secret: str) -> None:
        data = secret.encode()
        self.secrets[name] = secret
        self.key_states[name] = key_states(data)
        found = {*traces(data), *self.key_states[name]}
        if len(data) == 64 and set(secret) <= set("0123456789abcdef"):
            # What the digits stand for.
            found |= traces(bytes.fromhex(secret))
        self.traces |= dict.fromkeys(found, name)
        self.names = list(self.traces.values())
        self.automaton = BytesAhoCorasick(list(self.traces))

    def names_in(self, data: bytes) -> set[str]:
        return {self.names[at] for at, _, _ in self.automaton.find_matches_as_indexes(data)}

    def none(self, place: str, data: bytes, but: frozenset[str] = frozenset()) -> None:
        """Ends if a secret is there, other than those that are meant to be."""
        self.places += 1
        self.bytes += len(data)
        if leaked := self.names_in(data) - but:
            sys.exit(f"{place} shows: {', '.join(sorted(leaked))}")

    def found(self, place: str, data: bytes, name: str | None = None) -> None:
        """Ends unless a secret is there that is meant to be, or was planted."""
        names = self.names_in(data)
        if not names or (name and name not in names):
            sys.exit(f"{place} was to show {name or 'a secret'}, and the search finds {names}")
