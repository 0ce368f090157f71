"""The Corner Shop: its page, a log-in, and a session. What it signs is in chat_identity.py."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Cookie, Depends, FastAPI, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from identity_hmac import IdentityKey, IdentityTokenKey
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException  # FastAPI's own is a kind of it.

from accounts import CurrentUser, User, authenticate
from chat_identity import chat_identity, chat_token
from sessions import Sessions

PAGE = Path(__file__).parent / "../page"
MAX_BODY_BYTES = 16 * 1024
GET = ["GET", "HEAD"]  # FastAPI does not answer HEAD by itself.
COOKIE = {"httponly": True, "samesite": "lax"}  # Behind HTTPS also "secure": True.
# In the place of what Starlette says.
DETAILS = {404: "there is nothing here", 405: "the method is not allowed here"}


class Credentials(BaseModel):
    email: str
    password: str


async def read_credentials(request: Request) -> Credentials:
    """Reads only application/json. A page of another origin cannot send that without a preflight,
    and nothing here answers one. So no such page can log its reader in."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise HTTPException(413, "the request is malformed")
    try:
        if request.headers.get("Content-Type", "").partition(";")[0].strip() == "application/json":
            return Credentials.model_validate_json(body)
    except ValidationError:
        pass
    raise HTTPException(400, "send JSON with the texts email and password")


def problem(_request: Request, error: Exception) -> JSONResponse:
    """A problem document (RFC 9457)."""
    assert isinstance(error, HTTPException)
    return JSONResponse(
        {
            "title": HTTPStatus(error.status_code).phrase,
            "status": error.status_code,
            "detail": DETAILS.get(error.status_code, error.detail),
        },
        error.status_code,
        error.headers,
        media_type="application/problem+json",
    )


def shop(
    key: IdentityKey,
    token_key: IdentityTokenKey,
    config: dict[str, str],
    browser_client: Path,
    sessions: Sessions,
) -> FastAPI:
    app = FastAPI(openapi_url=None, exception_handlers={HTTPException: problem})
    urls = [urlsplit(url) for name, url in config.items() if name.endswith("Url")]
    origins = "".join(f" {url.scheme}://{url.netloc}" for url in urls)
    content_security_policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        f"connect-src 'self'{origins}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )

    @app.middleware("http")
    async def set_headers(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        response = await call_next(request)
        response.headers["Content-Security-Policy"] = content_security_policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        if request.url.path.startswith("/api/"):
            response.headers["Cache-Control"] = "no-store"
        return response

    @app.api_route("/identity-hmac-browser.js", methods=GET)
    def client() -> FileResponse:
        return FileResponse(browser_client, media_type="text/javascript")

    routers = [chat_token(token_key), chat_identity(key)]
    app.mount("/api", api(routers, config, sessions))
    app.mount("/", StaticFiles(directory=PAGE, html=True))
    return app


def api(routers: list[APIRouter], config: dict[str, str], sessions: Sessions) -> FastAPI:
    app = FastAPI(
        openapi_url=None, redirect_slashes=False, exception_handlers={HTTPException: problem}
    )
    app.state.sessions = sessions

    @app.api_route("/config", methods=GET)
    def page_config() -> dict[str, str]:
        return config

    @app.post("/login")
    def login(
        credentials: Annotated[Credentials, Depends(read_credentials)],
        response: Response,
        session: Annotated[str, Cookie()] = "",
    ) -> User:
        user = authenticate(credentials.email, credentials.password)
        if not user:
            raise HTTPException(401, "the email or the password is wrong")

        # A new session id: one that somebody planted before the log-in is worth nothing after it.
        sessions.end(session)
        response.set_cookie("session", sessions.start(user), **COOKIE)
        return user

    @app.post("/logout", status_code=204)
    def logout(response: Response, session: Annotated[str, Cookie()] = "") -> None:
        sessions.end(session)
        response.delete_cookie("session", **COOKIE)

    @app.api_route("/me", methods=GET)
    def me(user: CurrentUser) -> User:
        return user

    for router in routers:
        app.include_router(router)
    return app
