"""What the guarded route of Django does beside Django's own middleware and users."""

from typing import Any

import pytest
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings

from adapters import JANE, KEY, check_failed, served_by_django
from identity_hmac.django import chat_identity_view
from routes import Request, put_to_wsgi


def log_in_first(get_response: Any) -> Any:
    """Django's own middleware, which redirects whoever is not logged in by Django."""
    from django.contrib.auth.middleware import LoginRequiredMiddleware
    from django.contrib.auth.models import AnonymousUser

    middleware = LoginRequiredMiddleware(get_response)
    redirect = middleware.process_view

    def process_view(request: Any, *view: Any) -> Any:
        request.user = AnonymousUser()
        return redirect(request, *view)

    middleware.process_view = process_view
    return middleware


def test_a_view_needs_no_token_against_forgery_and_is_not_redirected() -> None:
    def served(view: Any) -> Any:
        return served_by_django(view, put_to_wsgi, WSGIHandler)

    view = chat_identity_view(KEY, lambda request: JANE)
    middleware = [*settings.MIDDLEWARE, "test_django.log_in_first"]
    with override_settings(MIDDLEWARE=middleware):
        assert served(view)(Request("POST")).status == 405
        assert served(view)(Request()).status == 200
        other = served(lambda request: view(request))
        assert other(Request("POST")).status == 403
        assert other(Request()).status == 302


def test_a_view_refuses_django_s_own_users(caplog: pytest.LogCaptureFixture) -> None:
    from django.contrib.auth.models import AnonymousUser

    view = chat_identity_view(KEY, lambda request: AnonymousUser())
    check_failed(served_by_django(view, put_to_wsgi, WSGIHandler)(Request()))
    assert "is AnonymousUser, which is never signed for" in caplog.text
