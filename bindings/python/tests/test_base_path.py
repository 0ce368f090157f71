"""The guarded route of an application that is served under a base path."""

from collections.abc import Callable
from typing import Any

import fastapi
import flask
import pytest
import starlette.applications
import starlette.routing
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings
from django.urls import include, path
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

import identity_hmac.asgi
import identity_hmac.django
import identity_hmac.fastapi
import identity_hmac.flask
import identity_hmac.wsgi
from adapters import HMAC, JANE, KEY
from routes import PATH, Answer, Request, put_to_asgi, put_to_wsgi

BASE = "/shop"
Put = Callable[[Request], Answer]


def with_fastapi_prefix() -> Put:
    app = fastapi.FastAPI()
    router = identity_hmac.fastapi.chat_identity_router(KEY, lambda: JANE)
    app.include_router(router, prefix=BASE)
    return lambda request: put_to_asgi(app, request)


def with_mounted_fastapi() -> Put:
    app = fastapi.FastAPI()
    app.include_router(identity_hmac.fastapi.chat_identity_router(KEY, lambda: JANE))
    whole = fastapi.FastAPI()
    whole.mount(BASE, app)
    return lambda request: put_to_asgi(whole, request)


def with_django_include() -> Put:
    view = identity_hmac.django.chat_identity_view(KEY, lambda request: JANE)
    urls = (path(f"{BASE[1:]}/", include([path(PATH[1:], view)])),)

    def put(request: Request) -> Answer:
        with override_settings(ROOT_URLCONF=urls):
            return put_to_wsgi(WSGIHandler(), request)

    return put


def with_flask_prefix() -> Put:
    app = flask.Flask(__name__)
    blueprint = identity_hmac.flask.chat_identity_blueprint(KEY, lambda: JANE)
    app.register_blueprint(blueprint, url_prefix=BASE)
    return lambda request: put_to_wsgi(app, request)


def with_mounted_flask() -> Put:
    app = flask.Flask(__name__)
    app.register_blueprint(identity_hmac.flask.chat_identity_blueprint(KEY, lambda: JANE))
    whole = DispatcherMiddleware(NotFound(), {BASE: app})
    return lambda request: put_to_wsgi(whole, request)


def with_asgi_root_path() -> Put:
    app: Any = identity_hmac.asgi.ChatIdentityApp(KEY, lambda scope: JANE)
    whole = starlette.applications.Starlette(routes=[starlette.routing.Mount(BASE, app)])
    return lambda request: put_to_asgi(whole, request)


def with_wsgi_script_name() -> Put:
    app = identity_hmac.wsgi.ChatIdentityApp(KEY, lambda environ: JANE)
    whole = DispatcherMiddleware(NotFound(), {BASE: app})
    return lambda request: put_to_wsgi(whole, request)


@pytest.mark.parametrize(
    "make",
    [
        with_fastapi_prefix,
        with_mounted_fastapi,
        with_django_include,
        with_flask_prefix,
        with_mounted_flask,
        with_asgi_root_path,
        with_wsgi_script_name,
    ],
    ids=lambda make: make.__name__,
)
def test_the_route_is_at_its_path_behind_the_base_path_and_nowhere_else(
    make: Callable[[], Put],
) -> None:
    put = make()
    answer = put(Request(path=BASE + PATH))
    assert (answer.status, HMAC in answer.body) == (200, True)
    for elsewhere in (PATH, f"{BASE}{PATH}/any", BASE + BASE + PATH):
        answer = put(Request(path=elsewhere))
        assert (answer.status, HMAC in answer.body) == (404, False), elsewhere
