"""Puts requests to a route of the Python quick start, whose file is in the current folder.

    serve.py django|fastapi|flask REQUESTS

REQUESTS is JSON, [[query, is somebody logged in], …]. Prints [[status, Cache-Control, body], …].
"""

import json
import sys
from types import SimpleNamespace

sys.path.insert(0, ".")


def django(requests):
    import django
    from django.conf import settings

    settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF="urls", MIDDLEWARE=["urls.log_in"])
    django.setup()
    from chat_identity import chat_identity
    from django.test import Client
    from django.urls import path

    def log_in(get_response):
        def middleware(request):
            request.user = SimpleNamespace(is_authenticated="user" in request.COOKIES)
            return get_response(request)

        return middleware

    urlpatterns = [path("api/chat-identity", chat_identity)]
    sys.modules["urls"] = SimpleNamespace(urlpatterns=urlpatterns, log_in=log_in)
    for query, logged_in in requests:
        client = Client()
        if logged_in:
            client.cookies["user"] = "jane"
        response = client.get("/api/chat-identity" + query)
        yield response.status_code, response.headers.get("Cache-Control"), response.content.decode()


def fastapi(requests):
    from fastapi import HTTPException, Request

    def current_user(request: Request):
        if "user" not in request.cookies:
            raise HTTPException(401)
        return request.cookies["user"]

    sys.modules["session"] = SimpleNamespace(current_user=current_user)
    from fastapi.testclient import TestClient
    from fastapi_app import app

    for query, logged_in in requests:
        client = TestClient(app, cookies={"user": "jane"} if logged_in else None)
        response = client.get("/api/chat-identity" + query)
        yield response.status_code, response.headers.get("Cache-Control"), response.text


def flask(requests):
    from flask_app import app

    app.secret_key = "of the session's cookie"
    for query, logged_in in requests:
        client = app.test_client()
        if logged_in:
            with client.session_transaction() as session:
                session["user"] = "jane"
        response = client.get("/api/chat-identity" + query)
        yield response.status_code, response.headers.get("Cache-Control"), response.text


if __name__ == "__main__":
    framework, requests = sys.argv[1:]
    print(json.dumps(list(globals()[framework](json.loads(requests)))))
