"""The sessions, on the server, where a log-out can end them. Starlette's own are in the cookie."""

import secrets
from threading import Lock
from time import monotonic

from cachetools import TTLCache

from accounts import User


class Sessions:
    """Who is logged in under which session id.

    A session also ends when nobody has used it for a while, and after a working day. If there are
    too many, the least recently used one ends.
    """

    def __init__(self, idle_seconds: int, lifetime_seconds: int, limit: int) -> None:
        self._sessions: TTLCache[str, tuple[User, float]] = TTLCache(limit, idle_seconds)
        self._lifetime_seconds = lifetime_seconds
        self._lock = Lock()

    def start(self, user: User) -> str:
        """A session id that nobody can guess."""
        session = secrets.token_urlsafe()
        with self._lock:
            self._sessions[session] = (user, monotonic() + self._lifetime_seconds)
        return session

    def user(self, session: str) -> User | None:
        with self._lock:
            user, ends = self._sessions.pop(session, (None, 0.0))
            if user is None or monotonic() >= ends:
                return None
            self._sessions[session] = (user, ends)  # As new, so that its idle time begins again.
            return user

    def end(self, session: str) -> None:
        with self._lock:
            self._sessions.pop(session, None)
