"""The guarded route for Django.

A page asks `GET /api/chat-identity?visitorId=…` for its visitor's proof. The view answers it, and
signs for nobody but the user that your own function finds.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from identity_hmac._error import IdentityHmacError
from identity_hmac._native import User
from identity_hmac._route import (
    Answer,
    KeyOrFunction,
    Route,
    VisitorIds,
    check_callable,
    failed,
    is_async,
)

__all__ = ["ChatIdentityView", "chat_identity_view"]

CurrentUser = Callable[[HttpRequest], User | None] | Callable[[HttpRequest], Awaitable[User | None]]


class ChatIdentityView(Protocol):
    """The view that `chat_identity_view` makes."""

    def __call__(self, request: HttpRequest) -> Any:
        """Answer a request, or give the coroutine that does.

        Args:
            request: The request, whose path Django has matched.

        Returns:
            The `HttpResponse`, or what is to be awaited for it.

        Example:
            >>> view = chat_identity_view(IdentityKey("s3cret"), lambda request: None)
            >>> callable(view)
            True
        """

    def ready(self) -> None:
        """Read the key now, as in `AppConfig.ready`, and not at the first request.

        Raises:
            TypeError: The function `key` gave no key.
            Exception: Whatever else that function raises, such as `IdentityHmacError`.

        Example:
            >>> view = chat_identity_view(IdentityTokenKey.from_env, lambda request: None)
            >>> view.ready()
            Traceback (most recent call last):
            identity_hmac.IdentityHmacError: IDENTITY_TOKEN_KEY is not set; set it to ...
        """


def chat_identity_view(
    key: KeyOrFunction, current_user: CurrentUser, *, visitor_id: VisitorIds | None = None
) -> ChatIdentityView:
    """Make the view of the one guarded route, for `path("api/chat-identity", view)`.

    It answers every method: with 401 to nobody, before it looks at anything else. It does without a
    CSRF token, since it answers nothing but GET and HEAD, and it changes nothing.
    `LoginRequiredMiddleware` leaves it alone, which would redirect to a page.

    Args:
        key: What signs: an `IdentityKey` gives pages an hmac, an `IdentityTokenKey` a token. Or a
            function without arguments that gives one. It is called once, at the first request.
        current_user: A function that takes the request and gives the `identity_hmac.User` of its
            session, or `None` for nobody. Make one from `request.user` if that `is_authenticated`:
            Django's own object is not signed for, and answered with 500, like anything else. If
            it is a coroutine function, then so is the view. Ask for `await request.auser()` there.
        visitor_id: Which visitor ids are signed, if not UUIDs in lower case: a compiled pattern
            that has to match the whole id, or a function that says `True` of an id. Allow no more
            than your chat's ids can be: what is allowed here is signed for everybody who is logged
            in.

    Returns:
        The view. Its `ready()` reads the key at once.

    Raises:
        TypeError: An argument has a wrong type, or `key` or `visitor_id` is a coroutine function.

    Example:
        >>> def current_user(request):
        ...     user = request.user
        ...     return User(str(user.pk), email=user.email) if user.is_authenticated else None
        >>> view = chat_identity_view(IdentityTokenKey.from_env, current_user)
    """
    check_callable(current_user, "current_user", "a function that takes the request")
    route = Route(key, visitor_id)
    find: Callable[[HttpRequest], Any] = current_user

    def answer(request: HttpRequest, user: object) -> HttpResponse:
        return to_django(
            route.respond(
                request.META["REQUEST_METHOD"],
                query_of(request),
                request.headers.get("Sec-Fetch-Site"),
                user,
            )
        )

    def view(request: HttpRequest) -> HttpResponse:
        try:
            user = find(request)
        except IdentityHmacError as error:
            return to_django(failed(error))
        return answer(request, user)

    async def async_view(request: HttpRequest) -> HttpResponse:
        try:
            user = await find(request)
        except IdentityHmacError as error:
            return to_django(failed(error))
        return answer(request, user)

    made: Any = async_view if is_async(find) else view
    made.csrf_exempt = True
    made.login_required = False
    made.ready = route.ready
    chat_identity: ChatIdentityView = made
    return chat_identity


def query_of(request: HttpRequest) -> bytes:
    """The query string as it was sent. Of ASGI, `META` has it decoded."""
    scope = getattr(request, "scope", None)
    query: bytes = (
        request.META["QUERY_STRING"].encode("latin-1") if scope is None else scope["query_string"]
    )
    return query


def to_django(answer: Answer) -> HttpResponse:
    headers = dict(answer.headers)
    vary = headers.pop("vary")
    response = HttpResponse(answer.body, status=answer.status, headers=headers)
    patch_vary_headers(response, [vary])
    return response
