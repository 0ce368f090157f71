"""The guarded route as an ASGI application, for a framework without a module of its own here.

Route it at its exact path. Never mount it: a mounted application gets every path below its own, and
many frameworks leave out what finds the user of the session.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from identity_hmac._error import IdentityHmacError
from identity_hmac._native import User
from identity_hmac._route import (
    PATH,
    Answer,
    KeyOrFunction,
    Route,
    VisitorIds,
    check_callable,
    failed,
    is_async,
)

__all__ = ["ChatIdentityApp"]

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Authenticate = Callable[[Scope], User | None] | Callable[[Scope], Awaitable[User | None]]


class ChatIdentityApp:
    """The guarded route as an ASGI application.

    It answers every method at its path: with 401 to nobody, before it looks at anything else. To a
    path below its own it answers 404.

    Args:
        key: What signs: an `IdentityKey` gives pages an hmac, an `IdentityTokenKey` a token. Or a
            function without arguments that gives one. It is called once, at the first request.
        authenticate: A function, or a coroutine function, that takes the scope and gives the
            `identity_hmac.User` of its session, or `None` for nobody. The middleware that puts the
            session into the scope has to run before. Anything else that it gives is not signed
            for, and answered with 500.
        path: The path of the route, behind the `root_path`.
        visitor_id: Which visitor ids are signed, if not UUIDs in lower case: a compiled pattern
            that has to match the whole id, or a function that says `True` of an id. Allow no more
            than your chat's ids can be: what is allowed here is signed for everybody who is logged
            in.

    Raises:
        TypeError: An argument has a wrong type, or `key` or `visitor_id` is a coroutine function.

    Example:
        >>> def authenticate(scope):
        ...     user_id = scope["session"].get("user_id")
        ...     return User(user_id) if user_id else None
        >>> app = ChatIdentityApp(IdentityTokenKey.from_env, authenticate)
    """

    def __init__(
        self,
        key: KeyOrFunction,
        authenticate: Authenticate,
        *,
        path: str = PATH,
        visitor_id: VisitorIds | None = None,
    ) -> None:
        check_callable(authenticate, "authenticate", "a function that takes the scope")
        self._route = Route(key, visitor_id)
        self._authenticate = authenticate
        self._path = path

    def ready(self) -> None:
        """Read the key now, as at the start of a server, and not at the first request.

        Raises:
            TypeError: The function `key` gave no key.
            Exception: Whatever else that function raises, such as `IdentityHmacError`.

        Example:
            >>> app = ChatIdentityApp(IdentityTokenKey.from_env, lambda scope: None)
            >>> app.ready()
            Traceback (most recent call last):
            identity_hmac.IdentityHmacError: IDENTITY_TOKEN_KEY is not set; set it to ...
        """
        self._route.ready()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
            return
        if scope["type"] != "http":
            raise NotImplementedError(f"this application answers http, not {scope['type']}")
        answer = await self._answer(scope)
        headers = {**answer.headers, "content-length": str(len(answer.body))}
        start = {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        await send(start)
        body = b"" if scope["method"] == "HEAD" else answer.body
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope) -> Answer:
        try:
            user: Any = self._authenticate(scope)
            if is_async(self._authenticate):
                user = await user
        except IdentityHmacError as error:
            return failed(error)
        values = [value for name, value in scope["headers"] if name == b"sec-fetch-site"]
        return self._route.respond(
            scope["method"],
            scope.get("query_string", b""),
            b",".join(values).decode("latin-1") if values else None,
            user,
            scope["path"].removeprefix(scope.get("root_path", "")).removeprefix(self._path),
        )
