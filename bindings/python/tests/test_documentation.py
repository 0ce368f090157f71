"""Every example in the docstrings and in the README, run as written."""

import ast
import doctest
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from starlette.middleware.sessions import SessionMiddleware

import identity_hmac

README = Path(__file__).parents[1] / "README.md"
STUB = Path(identity_hmac.__file__).with_name("_native.pyi")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", README.read_text(encoding="utf-8"), re.M | re.S)


def public_objects() -> Iterator[Any]:
    for name in identity_hmac.__all__:
        public = getattr(identity_hmac, name)
        if callable(public):
            yield public
        if public in (identity_hmac.IdentityKey, identity_hmac.Keyring):
            methods = inspect.getmembers(public, callable)
            yield from (method for name, method in methods if not name.startswith("_"))


def stub_docstrings(node: ast.Module | ast.ClassDef, prefix: str = "") -> Iterator[tuple[str, str]]:
    for inner in node.body:
        if isinstance(inner, ast.ClassDef):
            yield from stub_docstrings(inner, f"{inner.name}.")
        elif not isinstance(inner, ast.FunctionDef) or inner.name.startswith("_"):
            continue
        yield prefix + inner.name, ast.get_docstring(inner) or ""


def test_editors_show_the_docstrings_that_help_shows() -> None:
    stub = ast.parse(STUB.read_text(encoding="utf-8"))
    assert dict(stub_docstrings(stub)) == {
        public.__qualname__: inspect.getdoc(public)
        for public in public_objects()
        if public is not identity_hmac.IdentityHmacError
    }


def run_examples(text: str, names: dict[str, Any]) -> None:
    """Run the examples of a docstring or a block, which must have some."""
    test = doctest.DocTestParser().get_doctest(text, names, "examples", None, None)
    assert test.examples
    output: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=output.append)
    assert not output, "".join(output)


@pytest.mark.parametrize("public", list(public_objects()), ids=lambda public: public.__qualname__)
def test_every_docstring_has_an_example_that_holds(public: Any) -> None:
    run_examples(inspect.getdoc(public) or "", dict(vars(identity_hmac)))


@pytest.mark.parametrize("block", [block for block in BLOCKS if ">>>" in block])
def test_every_example_in_the_readme_holds(block: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_SECRET", "s3cret")
    run_examples(block, {})


def test_the_route_in_the_readme_signs_for_an_authenticated_session_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("IDENTITY_SECRET", "s3cret")
    (route,) = [block for block in BLOCKS if ">>>" not in block]
    names: dict[str, Any] = {}
    exec(route, names)
    app: FastAPI = names["app"]
    app.add_middleware(SessionMiddleware, secret_key="of the session's cookie")

    @app.post("/login")
    def login(request: Request) -> None:
        request.session["user"] = "jane"

    client = TestClient(app)
    url = "/api/chat-identity"
    assert client.get(url, params={"visitorId": "visitor_1"}).status_code == 401

    client.post("/login")
    response = client.get(url, params={"visitorId": "visitor_1"})
    hmac = identity_hmac.generate_identity_hmac("visitor_1", "s3cret")
    assert response.json() == {"hmac": hmac}
    assert response.headers["Cache-Control"] == "no-store"
    assert client.get(url, params={"visitorId": ""}).status_code == 422
    assert client.get(url).status_code == 422
