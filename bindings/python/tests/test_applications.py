"""The guarded route as an ASGI and as a WSGI application."""

import pytest
import starlette.applications
import starlette.routing
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

import identity_hmac.asgi
from adapters import JANE, KEY, asgi_route, wsgi_route
from identity_hmac import User
from routes import PATH, Request, put_to_asgi


def test_the_applications_answer_404_below_their_path_where_they_are_mounted() -> None:
    async def authenticate(scope: object) -> User:
        return JANE

    app = starlette.applications.Starlette(
        routes=[
            starlette.routing.Mount(PATH, identity_hmac.asgi.ChatIdentityApp(KEY, authenticate)),
            starlette.routing.Route(
                "/exact", identity_hmac.asgi.ChatIdentityApp(KEY, authenticate, path="/exact")
            ),
        ]
    )
    assert put_to_asgi(app, Request(path="/exact")).status == 200
    assert put_to_asgi(app, Request(path=f"{PATH}/any")).status == 404
    assert put_to_asgi(app, Request("POST", "/exact")).status == 405


def test_the_applications_answer_head_without_a_body() -> None:
    for make in (asgi_route, wsgi_route):
        put, _ = make(KEY, lambda: JANE)
        get, head = put(Request()), put(Request("HEAD"))
        assert head.body == ""
        assert head.headers == get.headers


def test_the_asgi_application_refuses_what_is_not_http() -> None:
    app = identity_hmac.asgi.ChatIdentityApp(KEY, lambda scope: JANE)
    client = TestClient(app)
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(PATH):
        pass
    with pytest.raises(NotImplementedError, match="answers http, not lifespan"), client:
        pass
