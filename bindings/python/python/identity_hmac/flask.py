"""The guarded route for Flask.

A page asks `GET /api/chat-identity?visitorId=…` for its visitor's proof. The blueprint answers it,
and signs for nobody but the user that your own function finds.
"""

from collections.abc import Callable

from flask import Blueprint, Response, request
from flask.blueprints import BlueprintSetupState

from identity_hmac._error import IdentityHmacError
from identity_hmac._native import User
from identity_hmac._route import PATH, Answer, KeyOrFunction, Route, VisitorIds, check_sync, failed

__all__ = ["ChatIdentityBlueprint", "chat_identity_blueprint"]


class ChatIdentityBlueprint(Blueprint):
    """The blueprint that `chat_identity_blueprint` makes."""

    def __init__(self, route: Route) -> None:
        super().__init__("chat_identity", __name__)
        self._chat_identity = route

    def ready(self) -> None:
        """Read the key now, as at the start of a server, and not at the first request.

        Raises:
            TypeError: The function `key` gave no key.
            Exception: Whatever else that function raises, such as `IdentityHmacError`.

        Example:
            >>> blueprint = chat_identity_blueprint(IdentityTokenKey.from_env, lambda: None)
            >>> blueprint.ready()
            Traceback (most recent call last):
            identity_hmac.IdentityHmacError: IDENTITY_TOKEN_KEY is not set; set it to ...
        """
        self._chat_identity.ready()


def chat_identity_blueprint(
    key: KeyOrFunction,
    current_user: Callable[[], User | None],
    *,
    path: str = PATH,
    visitor_id: VisitorIds | None = None,
) -> ChatIdentityBlueprint:
    """Make a blueprint with the one guarded route, for `app.register_blueprint`.

    It answers every method at its path: with 401 to nobody, before it looks at anything else.

    Args:
        key: What signs: an `IdentityKey` gives pages an hmac, an `IdentityTokenKey` a token. Or a
            function without arguments that gives one. It is called once, at the first request.
        current_user: A function without arguments that gives the `identity_hmac.User` of this
            session, or `None` for nobody. It runs in the context of the request, so `session` and
            the `current_user` of an extension work. Make a user from them: an object of a
            framework is not signed for, and answered with 500, like anything else.
        path: The path of the route.
        visitor_id: Which visitor ids are signed, if not UUIDs in lower case: a compiled pattern
            that has to match the whole id, or a function that says `True` of an id. Allow no more
            than your chat's ids can be: what is allowed here is signed for everybody who is logged
            in.

    Returns:
        The blueprint. Its `ready()` reads the key at once.

    Raises:
        TypeError: An argument has a wrong type, or one of the functions is a coroutine function.

    Example:
        >>> from flask import Flask
        >>> app = Flask(__name__)
        >>> jane = User("user_123", name="Jane Doe")
        >>> blueprint = chat_identity_blueprint(IdentityKey("s3cret"), lambda: jane)
        >>> app.register_blueprint(blueprint)
        >>> ask = "/api/chat-identity?visitorId=0190f7a2-7c4e-7b1a-9d55-3f1c2b6a8e90"
        >>> app.test_client().get(ask).json
        {'hmac': '6b7e8eeb814c16250ff35166b501369db9168f026ad6a8c6613f36b3a2231827'}
    """
    check_sync(current_user, "current_user", "a function without arguments")
    route = Route(key, visitor_id)

    def view() -> Response:
        try:
            user = current_user()
        except IdentityHmacError as error:
            return to_flask(failed(error))
        return to_flask(
            route.respond(
                request.method,
                request.query_string,
                request.headers.get("Sec-Fetch-Site"),
                user,
            )
        )

    def answer_every_method(state: BlueprintSetupState) -> None:
        # Flask would answer 405 to nobody, and OPTIONS by itself.
        for rule in state.app.url_map.iter_rules(
            f"{state.name_prefix}.{state.name}.view".lstrip(".")
        ):
            rule.methods = None
            rule.provide_automatic_options = False  # type: ignore[attr-defined]

    blueprint = ChatIdentityBlueprint(route)
    blueprint.add_url_rule(path, "view", view)
    blueprint.record(answer_every_method)
    return blueprint


def to_flask(answer: Answer) -> Response:
    headers = dict(answer.headers)
    vary = headers.pop("vary")
    response = Response(answer.body, answer.status, headers)
    response.vary.add(vary)
    return response
