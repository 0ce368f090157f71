"""The guarded route, the same in every framework."""

import json
import logging
import re
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

import identity_hmac.asgi
import identity_hmac.flask
import identity_hmac.wsgi
from adapters import (
    HMAC,
    JANE,
    KEY,
    ROUTES,
    Make,
    asgi_route,
    check_failed,
    fastapi_route,
    find_user,
    flask_route,
    wsgi_route,
)
from identity_hmac import IdentityHmacError, IdentityKey, IdentityTokenKey, User
from routes import CASES, PATH, VISITOR_ID, Request, is_one_of, key_of, put_to_asgi, user_of


@pytest.fixture(params=list(ROUTES.values()), ids=list(ROUTES))
def make(request: pytest.FixtureRequest) -> Make:
    made: Make = request.param
    return made


def can_be_sent(case: dict[str, Any]) -> bool:
    request = case["request"]
    return re.fullmatch("[A-Z]+", request["method"]) is not None and not request["remaining_path"]


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case["kind"] == "answered" and can_be_sent(case)],
    ids=lambda case: case["name"],
)
def test_a_framework_answers_as_the_vectors_say(
    make: Make, case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(time=lambda: case["now"])
    monkeypatch.setattr("identity_hmac._route.time", clock)
    put, _ = make(key_of(case), lambda: user_of(case), visitor_id=is_one_of(case))
    given = case["request"]
    request = Request(given["method"], PATH, given["query"], given["sec_fetch_site"])
    answer = put(request)
    assert answer.status == case["answer"]["status"]
    for name, value in case["answer"]["headers"].items():
        assert answer.all(name) == [value]
    if request.method != "HEAD":
        assert answer.body == case["answer"]["body"]


@pytest.mark.parametrize("path", [f"{PATH}/", f"{PATH}/any", f"{PATH}//", f"/x{PATH}"])
def test_no_other_path_gives_a_proof(make: Make, path: str) -> None:
    put, _ = make(KEY, lambda: JANE)
    answer = put(Request(path=path))
    assert answer.status in (404, 307, 308)
    assert "hmac" not in answer.body
    assert [address.split("?")[0] for address in answer.all("location")] in (
        [],
        [f"http://shop.test{PATH}"],
    )


class Anybody:
    """As Django's AnonymousUser: an object, so it is true."""


class Proxy:
    """As Flask's LocalProxy: says of itself that it is what it stands for."""

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return User


@pytest.mark.parametrize(
    ("nobody", "name"),
    [
        (True, "bool"),
        (False, "bool"),
        ("user_123", "str"),
        (123, "int"),
        ({"external_id": "user_123"}, "dict"),
        (Anybody(), "Anybody"),
        (Proxy(), "Proxy"),
        (User, "type"),
    ],
    ids=repr,
)
def test_nothing_but_a_user_is_signed_for(
    make: Make, nobody: object, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    put, _ = make(KEY, lambda: nobody)
    check_failed(put(Request()))
    (record,) = [record for record in caplog.records if record.name == "identity_hmac"]
    assert record.levelno == logging.ERROR
    assert f"the user of the session is {name}, which is never signed for" in record.getMessage()


def test_a_coroutine_that_nobody_awaits_is_not_signed_for(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    put, _ = make(KEY, lambda: find_user())
    check_failed(put(Request()))
    assert "is coroutine, which is never signed for" in caplog.text


def test_a_user_without_an_id_is_an_error(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    put, _ = make(KEY, lambda: User(""))
    check_failed(put(Request()))
    assert "the claim sub is empty or blank" in caplog.text


def test_an_attribute_that_no_token_can_have_is_an_error_without_its_value(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    key = IdentityTokenKey("itk_9f2c41aa_" + "c0ffee00" * 8)
    put, _ = make(key, lambda: User("user_123", email="jane"))
    check_failed(put(Request()))
    assert "claim email" in caplog.text
    logged = caplog.text.replace("as in jane@example.com", "")
    for secret in ("user_123", "jane", "c0ffee", VISITOR_ID):
        assert secret not in logged


def test_a_key_is_read_at_the_first_request_and_once(make: Make) -> None:
    read = []

    def key() -> IdentityKey:
        read.append(1)
        return KEY

    put, _ = make(key, lambda: JANE)
    assert not read
    for _ in range(2):
        assert json.loads(put(Request()).body) == {"hmac": HMAC}
    assert len(read) == 1


def test_a_key_that_is_not_there_is_an_error_of_the_server(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("IDENTITY_SECRET", raising=False)
    put, ready = make(IdentityKey.from_env, lambda: JANE)
    check_failed(put(Request()))
    with pytest.raises(IdentityHmacError, match="IDENTITY_SECRET is not set"):
        ready()
    monkeypatch.setenv("IDENTITY_SECRET", "s3cret")
    ready()
    assert put(Request()).status == 200


def test_a_function_that_gives_no_key_is_an_error_of_the_server(make: Make) -> None:
    put, ready = make(lambda: "s3cret", lambda: JANE)
    check_failed(put(Request()))
    with pytest.raises(TypeError, match="key gave str, not IdentityKey or IdentityTokenKey"):
        ready()


@pytest.mark.parametrize("key", ["s3cret", None, find_user])
def test_what_cannot_give_a_key_is_refused_at_construction(make: Make, key: object) -> None:
    with pytest.raises(TypeError, match=r"^key (must be|is a coroutine function)"):
        make(key, lambda: JANE)


@pytest.mark.parametrize("rule", ["visitor_1", re.compile(b"visitor_1"), find_user])
def test_what_is_no_rule_for_visitor_ids_is_refused_at_construction(
    make: Make, rule: object
) -> None:
    with pytest.raises(TypeError, match=r"^visitor_id (must be|is a coroutine function)"):
        make(KEY, lambda: JANE, visitor_id=rule)


def test_a_pattern_has_to_match_the_whole_visitor_id(make: Make) -> None:
    put, _ = make(KEY, lambda: JANE, visitor_id=re.compile("visitor_[0-9]$"))
    assert put(Request(query="visitorId=visitor_1")).status == 200
    for query in ("visitor_1%0A", "visitor_12", "a%0Avisitor_1", VISITOR_ID):
        assert put(Request(query=f"visitorId={query}")).status == 400


@pytest.mark.parametrize("said", [1, "yes", re.match("", "")], ids=repr)
def test_a_rule_has_to_say_true(make: Make, said: object, caplog: pytest.LogCaptureFixture) -> None:
    put, _ = make(KEY, lambda: JANE, visitor_id=lambda text: said)
    check_failed(put(Request()))
    assert "visitor_id gave" in caplog.text


@pytest.mark.parametrize("make", [fastapi_route, flask_route, asgi_route, wsgi_route])
def test_the_path_is_the_program_s_choice(make: Make) -> None:
    put, _ = make(KEY, lambda: JANE, path="/proof")
    assert put(Request(path="/proof")).status == 200
    assert put(Request()).status == 404


@pytest.mark.parametrize(
    "make",
    [identity_hmac.flask.chat_identity_blueprint, identity_hmac.wsgi.ChatIdentityApp],
)
def test_a_coroutine_function_is_refused_where_nobody_awaits_it(make: Any) -> None:
    with pytest.raises(TypeError, match="is a coroutine function, which cannot be awaited here"):
        make(KEY, find_user)
    with pytest.raises(TypeError, match=r"must be a function .*, not User"):
        make(KEY, JANE)


def test_a_callable_object_with_an_async_method_is_a_coroutine_function() -> None:
    class Find:
        async def __call__(self, _: object = None) -> User:
            return JANE

    with pytest.raises(TypeError, match="current_user is a coroutine function"):
        flask_route(KEY, Find())
    app = identity_hmac.asgi.ChatIdentityApp(KEY, Find())
    assert put_to_asgi(app, Request()).status == 200


def test_the_package_imports_no_framework() -> None:
    code = """
import sys
import identity_hmac, identity_hmac.asgi, identity_hmac.wsgi
print(sorted({"django", "fastapi", "flask", "starlette"} & set(sys.modules)))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
