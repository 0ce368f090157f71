"""What the guarded route of FastAPI does with a dependency."""

import json

import fastapi

from adapters import JANE, KEY, check_for_this_session, fastapi_route, find_user
from identity_hmac import User
from identity_hmac.fastapi import chat_identity_router
from routes import PATH, Request, put_to_asgi


def session(request: fastapi.Request) -> User:
    if request.cookies:
        return JANE
    raise fastapi.HTTPException(401, headers={"WWW-Authenticate": "Session"})


def test_a_dependency_may_raise() -> None:
    app = fastapi.FastAPI()
    app.include_router(chat_identity_router(KEY, session), prefix="/shop")
    for request in (
        Request(path=f"/shop{PATH}"),
        Request("POST", f"/shop{PATH}", "", "cross-site"),
    ):
        answer = put_to_asgi(app, request)
        assert answer.status == 401
        assert answer.all("content-type") == ["application/problem+json"]
        assert answer.all("www-authenticate") == ["Session"]
        check_for_this_session(answer)


def test_what_else_a_dependency_raises_is_not_cached() -> None:
    def current_user() -> User:
        raise fastapi.HTTPException(403, "no chat for you", {"vary": "Origin"})

    put, _ = fastapi_route(KEY, current_user)
    answer = put(Request())
    assert (answer.status, json.loads(answer.body)) == (403, {"detail": "no chat for you"})
    assert answer.all("vary") == ["Origin, Cookie"]
    check_for_this_session(answer)


def test_a_request_without_what_a_dependency_asks_for_is_nobody_s() -> None:
    def current_user(session: str = fastapi.Cookie()) -> User:
        return JANE

    put, _ = fastapi_route(KEY, current_user)
    assert put(Request()).status == 401


def test_a_dependency_may_be_async_and_be_overridden() -> None:
    app = fastapi.FastAPI()
    app.include_router(chat_identity_router(KEY, find_user))
    assert put_to_asgi(app, Request()).status == 200
    app.dependency_overrides[find_user] = lambda: None
    assert put_to_asgi(app, Request()).status == 401


def test_the_route_leaves_the_documents_of_others_alone() -> None:
    app = fastapi.FastAPI()
    app.include_router(chat_identity_router(KEY, find_user))
    assert PATH not in app.openapi()["paths"]
