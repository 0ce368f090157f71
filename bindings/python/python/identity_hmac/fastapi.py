"""The guarded route for FastAPI.

A page asks `GET /api/chat-identity?visitorId=…` for its visitor's proof. The router answers it, and
signs for nobody but the user that your own dependency finds.
"""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, ClassVar

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException

from identity_hmac._error import IdentityHmacError
from identity_hmac._route import (
    PATH,
    Answer,
    KeyOrFunction,
    Route,
    VisitorIds,
    check_callable,
    failed,
)

__all__ = ["ChatIdentityRouter", "chat_identity_router"]


class ChatIdentityRouter(APIRouter):
    """The router that `chat_identity_router` makes."""

    def __init__(self, route: Route) -> None:
        super().__init__()
        self._chat_identity = route

    def ready(self) -> None:
        """Read the key now, as at the start of a server, and not at the first request.

        Raises:
            TypeError: The function `key` gave no key.
            Exception: Whatever else that function raises, such as `IdentityHmacError`.

        Example:
            >>> router = chat_identity_router(IdentityTokenKey.from_env, lambda: None)
            >>> router.ready()
            Traceback (most recent call last):
            identity_hmac.IdentityHmacError: IDENTITY_TOKEN_KEY is not set; set it to ...
        """
        self._chat_identity.ready()


class RouteOf(APIRoute):
    """Answers what the dependency raises."""

    chat_identity: ClassVar[Route]

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await handler(request)
            except IdentityHmacError as error:
                return to_starlette(failed(error))
            except RequestValidationError:
                return to_starlette(self.chat_identity.nobody())
            except HTTPException as refusal:
                if refusal.status_code == 401:
                    return to_starlette(self.chat_identity.nobody(), refusal.headers)
                refusal.headers = for_this_session(refusal.headers)
                raise

        return handle


def chat_identity_router(
    key: KeyOrFunction,
    current_user: Callable[..., Any],
    *,
    path: str = PATH,
    visitor_id: VisitorIds | None = None,
) -> ChatIdentityRouter:
    """Make a router with the one guarded route, for `app.include_router`.

    It answers every method at its path: with 401 to nobody, before it looks at anything else.

    Args:
        key: What signs: an `IdentityKey` gives pages an hmac, an `IdentityTokenKey` a token. Or a
            function without arguments that gives one. It is called once, at the first request.
        current_user: Your own dependency, as in `Depends(current_user)`, of any kind. It gives the
            `identity_hmac.User` of the request's session. For nobody it gives `None` or raises
            `HTTPException(401)`. A request that lacks what it asks for, such as a cookie, is
            nobody's too. Anything else that it gives is not signed for, and answered with 500.
        path: The path of the route.
        visitor_id: Which visitor ids are signed, if not UUIDs in lower case: a compiled pattern
            that has to match the whole id, or a function that says `True` of an id. Allow no more
            than your chat's ids can be: what is allowed here is signed for everybody who is logged
            in.

    Returns:
        The router. Its `ready()` reads the key at once.

    Raises:
        TypeError: An argument has a wrong type, or `key` or `visitor_id` is a coroutine function.

    Example:
        >>> from fastapi import FastAPI
        >>> from fastapi.testclient import TestClient
        >>> app = FastAPI()
        >>> jane = User("user_123", name="Jane Doe")
        >>> app.include_router(chat_identity_router(IdentityKey("s3cret"), lambda: jane))
        >>> ask = "/api/chat-identity?visitorId=0190f7a2-7c4e-7b1a-9d55-3f1c2b6a8e90"
        >>> TestClient(app).get(ask).json()
        {'hmac': '6b7e8eeb814c16250ff35166b501369db9168f026ad6a8c6613f36b3a2231827'}
    """
    check_callable(current_user, "current_user", "a dependency")
    route = Route(key, visitor_id)

    async def chat_identity(
        request: Request, user: Annotated[Any, Depends(current_user)]
    ) -> Response:
        values = request.headers.getlist("sec-fetch-site")
        sec_fetch_site = ",".join(values) if values else None
        query = request.scope["query_string"]
        return to_starlette(route.respond(request.method, query, sec_fetch_site, user))

    router = ChatIdentityRouter(route)
    router.add_api_route(
        path,
        chat_identity,
        # None of them means all. Starlette would answer 405 to nobody.
        methods=[],
        operation_id="chatIdentity",
        include_in_schema=False,
        route_class_override=type("ChatIdentityRoute", (RouteOf,), {"chat_identity": route}),
    )
    return router


def to_starlette(answer: Answer, more: Any = None) -> Response:
    return Response(answer.body, answer.status, {**(more or {}), **answer.headers})


def for_this_session(given: Any) -> dict[str, str]:
    """Keeps an answer that is not the route's own out of every cache, too."""
    headers = MutableHeaders(dict(given or {}))
    headers["cache-control"] = "no-store"
    headers.add_vary_header("Cookie")
    return dict(headers)
