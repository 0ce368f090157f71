"""The vectors of the guarded route, and what puts a request to an application as it was sent."""

import asyncio
import json
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from identity_hmac import IdentityKey, IdentityTokenKey, User

VECTORS = Path(__file__).parents[3] / "tests" / "vectors" / "route.json"
CASES: list[dict[str, Any]] = json.loads(VECTORS.read_text(encoding="ascii"))["cases"]

PATH = "/api/chat-identity"
VISITOR_ID = "0190f7a2-7c4e-7b1a-9d55-3f1c2b6a8e90"
QUERY = f"visitorId={VISITOR_ID}"


class Request(NamedTuple):
    method: str = "GET"
    path: str = PATH
    query: str = QUERY
    sec_fetch_site: str | None = "same-origin"


class Answer(NamedTuple):
    status: int
    headers: list[tuple[str, str]]
    body: str

    def all(self, name: str) -> list[str]:
        return [value for header, value in self.headers if header == name]


def key_of(case: dict[str, Any]) -> IdentityKey | IdentityTokenKey:
    return IdentityTokenKey(case["token_key"]) if "token_key" in case else IdentityKey(case["key"])


def user_of(case: dict[str, Any]) -> User | None:
    return User(**case["user"]) if case["user"] else None


def is_one_of(case: dict[str, Any]) -> Callable[[str], bool] | None:
    ids = case.get("visitor_ids")
    return None if ids is None else lambda text: text in ids


def put_to_asgi(app: Any, request: Request) -> Answer:
    headers = [(b"host", b"shop.test")]
    if request.sec_fetch_site is not None:
        headers.append((b"sec-fetch-site", request.sec_fetch_site.encode("latin-1")))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": request.method,
        "root_path": "",
        "path": request.path,
        "raw_path": request.path.encode(),
        "query_string": request.query.encode(),
        "headers": headers,
        "server": ("shop.test", 80),
    }
    sent: list[dict[str, Any]] = []

    async def exchange() -> None:
        received = iter([{"type": "http.request", "body": b"", "more_body": False}])
        over = asyncio.Event()

        async def receive() -> Any:
            for message in received:
                return message
            await over.wait()  # The client stays.

        async def send(message: Any) -> None:
            sent.append(message)

        await app(scope, receive, send)

    asyncio.run(exchange())
    start, *bodies = sent
    return Answer(
        start["status"],
        [(name.decode().lower(), value.decode()) for name, value in start["headers"]],
        b"".join(message.get("body", b"") for message in bodies).decode(),
    )


def put_to_wsgi(app: Any, request: Request) -> Answer:
    environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path,
        "QUERY_STRING": request.query,
        "SERVER_NAME": "shop.test",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
        "wsgi.errors": BytesIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if request.sec_fetch_site is not None:
        environ["HTTP_SEC_FETCH_SITE"] = request.sec_fetch_site
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], _info: Any = None) -> None:
        started[:] = int(status.split()[0]), [(name.lower(), value) for name, value in headers]

    body: Iterable[bytes] = app(environ, start_response)
    text = b"".join(body).decode()
    status, headers = started
    return Answer(status, headers, text)
