"""The guarded route in each framework, as the framework itself serves it."""

import json
from collections.abc import Callable
from typing import Any

import django
import fastapi
import flask
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings
from django.urls import path

import identity_hmac.asgi
import identity_hmac.django
import identity_hmac.fastapi
import identity_hmac.flask
import identity_hmac.wsgi
from identity_hmac import IdentityKey, User
from routes import PATH, VISITOR_ID, Answer, Request, put_to_asgi, put_to_wsgi

settings.configure(
    ALLOWED_HOSTS=["*"],
    MIDDLEWARE=[
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
    ],
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
    LOGIN_URL="/login",
)
django.setup()

KEY = IdentityKey("s3cret")
JANE = User("user_123", name="Jane Doe")
HMAC = KEY.sign(VISITOR_ID)

CurrentUser = Callable[[], Any]
Put = Callable[[Request], Answer]
Make = Callable[..., tuple[Put, Callable[[], None]]]


def fastapi_route(key: Any, current_user: CurrentUser, **options: Any) -> Any:
    router = identity_hmac.fastapi.chat_identity_router(key, current_user, **options)
    app = fastapi.FastAPI()
    app.include_router(router)
    return lambda request: put_to_asgi(app, request), router.ready


def django_route(key: Any, current_user: CurrentUser, **options: Any) -> Any:
    view = identity_hmac.django.chat_identity_view(key, lambda request: current_user(), **options)
    return served_by_django(view, put_to_wsgi, WSGIHandler), view.ready


def async_django_route(key: Any, current_user: CurrentUser, **options: Any) -> Any:
    async def find(request: object) -> Any:
        return current_user()

    view = identity_hmac.django.chat_identity_view(key, find, **options)
    return served_by_django(view, put_to_asgi, ASGIHandler), view.ready


def served_by_django(view: Any, put: Any, handler: Any) -> Put:
    urls = (path(PATH[1:], view),)

    def served(request: Request) -> Answer:
        with override_settings(ROOT_URLCONF=urls):
            answer: Answer = put(handler(), request)
        return answer

    return served


def flask_route(key: Any, current_user: CurrentUser, **options: Any) -> Any:
    blueprint = identity_hmac.flask.chat_identity_blueprint(key, current_user, **options)
    app = flask.Flask(__name__)
    app.register_blueprint(blueprint)
    return lambda request: put_to_wsgi(app, request), blueprint.ready


def asgi_route(key: Any, current_user: CurrentUser, **options: Any) -> Any:
    app = identity_hmac.asgi.ChatIdentityApp(key, lambda scope: current_user(), **options)
    return lambda request: put_to_asgi(app, request), app.ready


def wsgi_route(key: Any, current_user: CurrentUser, **options: Any) -> Any:
    app = identity_hmac.wsgi.ChatIdentityApp(key, lambda environ: current_user(), **options)
    return lambda request: put_to_wsgi(app, request), app.ready


ROUTES: dict[str, Make] = {
    "fastapi": fastapi_route,
    "django": django_route,
    "async django": async_django_route,
    "flask": flask_route,
    "asgi": asgi_route,
    "wsgi": wsgi_route,
}


async def find_user() -> User:
    return JANE


def check_failed(answer: Answer) -> None:
    assert answer.status == 500
    assert answer.all("content-type") == ["application/problem+json"]
    check_for_this_session(answer)
    assert json.loads(answer.body) == {
        "title": "Internal Server Error",
        "status": 500,
        "detail": "the log of this server says what is wrong",
    }


def check_for_this_session(answer: Answer) -> None:
    assert answer.all("cache-control") == ["no-store"]
    assert "Cookie" in ", ".join(answer.all("vary")).split(", ")
