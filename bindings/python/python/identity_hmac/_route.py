"""The guarded route without a framework: what the routes of all frameworks share."""

import inspect
import logging
import re
import time
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from json import dumps
from threading import Lock
from typing import Any, NamedTuple

from identity_hmac._error import IdentityHmacError
from identity_hmac._native import IdentityKey, IdentityTokenKey, User, _respond

Key = IdentityKey | IdentityTokenKey
KeyOrFunction = Key | Callable[[], Key]
VisitorIds = re.Pattern[str] | Callable[[str], bool]

LOG = logging.getLogger("identity_hmac")
PATH = "/api/chat-identity"


class Answer(NamedTuple):
    """An answer, to be sent as it is. A server sends no body in the answer to HEAD."""

    status: int
    headers: dict[str, str]
    body: bytes


class RouteError(TypeError):
    """A mistake in what a program gave to its route. The message holds no value."""


class Route:
    """The key and the rule for visitor ids of one guarded route."""

    def __init__(self, key: KeyOrFunction, visitor_id: VisitorIds | None) -> None:
        if not isinstance(key, Key):
            check_sync(key, "key", "IdentityKey, IdentityTokenKey or a function that gives one")
        self._given = key
        self._key: Key | None = None
        self._lock = Lock()
        self._is_visitor_id = rule_of(visitor_id)

    def ready(self) -> None:
        self._read_key()

    def respond(
        self,
        method: str,
        query: bytes,
        sec_fetch_site: str | None,
        user: object,
        remaining_path: str = "",
    ) -> Answer:
        try:
            status, headers, body = _respond(
                self._read_key(),
                method,
                query,
                sec_fetch_site,
                remaining_path.encode(errors="replace"),
                checked(user),
                self._is_visitor_id,
                time.time(),
            )
        except (IdentityHmacError, RouteError) as error:
            return failed(error)
        return Answer(status, dict(headers), body.encode())

    def nobody(self) -> Answer:
        return self.respond("GET", b"", None, None)

    def _read_key(self) -> Key:
        with self._lock:
            if self._key is None:
                key = self._given if isinstance(self._given, Key) else self._given()
                if not isinstance(key, Key):
                    raise RouteError(
                        f"key gave {kind_of(key)}, not IdentityKey or IdentityTokenKey"
                    )
                self._key = key
            return self._key


def failed(error: IdentityHmacError | RouteError) -> Answer:
    """The answer to a mistake of the program. What it is stands in the log, not in the answer."""
    LOG.error("the chat identity route cannot answer: %s", error)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    detail = "the log of this server says what is wrong"
    document = {"title": status.phrase, "status": status.value, "detail": detail}
    headers = {
        "content-type": "application/problem+json",
        "cache-control": "no-store",
        "vary": "Cookie",
    }
    return Answer(status.value, headers, dumps(document).encode())


def checked(user: object) -> User | None:
    """The user of a session. Only the library's own class is one, whatever else is true."""
    # Not isinstance: a proxy answers that for the object behind it.
    if user is None or type(user) is User:
        return user
    if isinstance(user, Coroutine):
        user.close()  # Nobody will await it.
    raise RouteError(
        f"the user of the session is {kind_of(user)}, which is never signed for; give "
        "identity_hmac.User, or None if nobody is logged in"
    )


def check_sync(function: Any, argument: str, expected: str) -> None:
    """Refuse what cannot be called here, or gives a coroutine that nobody awaits."""
    check_callable(function, argument, expected)
    if is_async(function):
        raise TypeError(f"{argument} is a coroutine function, which cannot be awaited here")


def check_callable(function: Any, argument: str, expected: str) -> None:
    if not callable(function):
        raise TypeError(f"{argument} must be {expected}, not {kind_of(function)}")


def is_async(function: Callable[..., Any]) -> bool:
    call = type(function).__call__
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)


def rule_of(visitor_id: VisitorIds | None) -> Callable[[str], bool] | None:
    if isinstance(visitor_id, re.Pattern):
        if not isinstance(visitor_id.pattern, str):
            raise TypeError("visitor_id must be a pattern for text, not for bytes")
        fullmatch = visitor_id.fullmatch
        return lambda text: fullmatch(text) is not None
    if visitor_id is None:
        return None
    check_sync(visitor_id, "visitor_id", "a compiled pattern, a function or None")
    ask = visitor_id

    def is_visitor_id(text: str) -> bool:
        said = ask(text)
        if type(said) is not bool:
            raise RouteError(f"visitor_id gave {kind_of(said)}, not True or False")
        return said

    return is_visitor_id


def kind_of(value: object) -> str:
    return type(value).__name__
