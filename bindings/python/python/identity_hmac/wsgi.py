"""The guarded route as a WSGI application, for a framework without a module of its own here.

Route it at its exact path. Never mount it: a mounted application gets every path below its own, and
many frameworks leave out what finds the user of the session.
"""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from identity_hmac._error import IdentityHmacError
from identity_hmac._native import User
from identity_hmac._route import PATH, Answer, KeyOrFunction, Route, VisitorIds, check_sync, failed

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

__all__ = ["ChatIdentityApp"]

Environ = dict[str, Any]


class ChatIdentityApp:
    """The guarded route as a WSGI application.

    It answers every method at its path: with 401 to nobody, before it looks at anything else. To a
    path below its own it answers 404.

    Args:
        key: What signs: an `IdentityKey` gives pages an hmac, an `IdentityTokenKey` a token. Or a
            function without arguments that gives one. It is called once, at the first request.
        authenticate: A function that takes the environ and gives the `identity_hmac.User` of its
            session, or `None` for nobody. The middleware that puts the session into the environ
            has to run before. Anything else that it gives is not signed for, and answered with 500.
        path: The path of the route, behind the `SCRIPT_NAME`.
        visitor_id: Which visitor ids are signed, if not UUIDs in lower case: a compiled pattern
            that has to match the whole id, or a function that says `True` of an id. Allow no more
            than your chat's ids can be: what is allowed here is signed for everybody who is logged
            in.

    Raises:
        TypeError: An argument has a wrong type, or one of the functions is a coroutine function.

    Example:
        >>> def authenticate(environ):
        ...     user_id = environ["beaker.session"].get("user_id")
        ...     return User(user_id) if user_id else None
        >>> app = ChatIdentityApp(IdentityTokenKey.from_env, authenticate)
    """

    def __init__(
        self,
        key: KeyOrFunction,
        authenticate: Callable[[Environ], User | None],
        *,
        path: str = PATH,
        visitor_id: VisitorIds | None = None,
    ) -> None:
        check_sync(authenticate, "authenticate", "a function that takes the environ")
        self._route = Route(key, visitor_id)
        self._authenticate = authenticate
        self._path = path

    def ready(self) -> None:
        """Read the key now, as at the start of a server, and not at the first request.

        Raises:
            TypeError: The function `key` gave no key.
            Exception: Whatever else that function raises, such as `IdentityHmacError`.

        Example:
            >>> app = ChatIdentityApp(IdentityTokenKey.from_env, lambda environ: None)
            >>> app.ready()
            Traceback (most recent call last):
            identity_hmac.IdentityHmacError: IDENTITY_TOKEN_KEY is not set; set it to ...
        """
        self._route.ready()

    def __call__(self, environ: Environ, start_response: "StartResponse") -> Iterable[bytes]:
        answer = self._answer(environ)
        headers = {**answer.headers, "content-length": str(len(answer.body))}
        status = HTTPStatus(answer.status)
        start_response(f"{status.value} {status.phrase}", list(headers.items()))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]

    def _answer(self, environ: Environ) -> Answer:
        try:
            user = self._authenticate(environ)
        except IdentityHmacError as error:
            return failed(error)
        return self._route.respond(
            environ["REQUEST_METHOD"],
            environ.get("QUERY_STRING", "").encode("latin-1"),
            environ.get("HTTP_SEC_FETCH_SITE"),
            user,
            environ.get("PATH_INFO", "").removeprefix(self._path),
        )
