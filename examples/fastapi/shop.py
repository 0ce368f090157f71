"""The Corner Shop: a log-in, a session, and GET /api/chat-identity, which signs a visitor id for a
customer who is logged in, and for nobody else."""

import json
import secrets
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import bcrypt
from fastapi import Cookie, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from identity_hmac import IdentityKey
from pydantic import BaseModel
from starlette.exceptions import HTTPException  # FastAPI's own is a kind of it.

HERE = Path(__file__).parent
ACCOUNTS = json.loads((HERE / "../accounts.json").read_text(encoding="utf-8"))

User = dict[str, str]


class Credentials(BaseModel):
    email: str
    password: str


def shop(
    key: IdentityKey, organization_key: str, identity_server_url: str, browser_client: Path
) -> FastAPI:
    app = FastAPI(openapi_url=None)
    server = urlsplit(identity_server_url)
    content_security_policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        f"connect-src 'self' {server.scheme}://{server.netloc}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    # Who is logged in under which session id. Starlette's own sessions are kept in the cookie,
    # where a log-out cannot end them.
    sessions: dict[str, User] = {}

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

    def current_user(session: Annotated[str, Cookie()] = "") -> User:
        if user := sessions.get(session):
            return user
        raise HTTPException(401, "log in first")

    @app.get("/identity-hmac-browser.js")
    def client() -> FileResponse:
        return FileResponse(browser_client, media_type="text/javascript")

    @app.get("/api/config")
    def config() -> dict[str, str]:
        return {"organizationKey": organization_key, "identityServerUrl": identity_server_url}

    # FastAPI reads nothing but application/json into a model, and a page of another origin cannot
    # send that without a preflight, which nothing here allows: it cannot log its reader in.
    @app.post("/api/login")
    def login(
        credentials: Credentials, response: Response, session: Annotated[str, Cookie()] = ""
    ) -> User:
        account = next((a for a in ACCOUNTS if a["user"]["email"] == credentials.email), None)
        # An unknown email takes as long as a wrong password: time does not tell who has an account.
        password_hash = (account or ACCOUNTS[0])["passwordHash"]
        password = credentials.password.encode()[:72]  # What bcrypt looks at.
        if not bcrypt.checkpw(password, password_hash.encode()) or not account:
            raise HTTPException(401, "the email or the password is wrong")

        # A new session id: one that somebody planted before the log-in is worth nothing after it.
        sessions.pop(session, None)
        session = secrets.token_urlsafe()
        sessions[session] = account["user"]
        # Behind HTTPS also secure=True.
        response.set_cookie("session", session, httponly=True, samesite="lax")
        return account["user"]

    @app.post("/api/logout", status_code=204)
    def logout(response: Response, session: Annotated[str, Cookie()] = "") -> None:
        sessions.pop(session, None)
        response.delete_cookie("session", httponly=True, samesite="lax")

    @app.get("/api/me")
    def me(user: Annotated[User, Depends(current_user)]) -> User:
        return user

    @app.get("/api/chat-identity", dependencies=[Depends(current_user)])
    def chat_identity(request: Request) -> dict[str, str]:
        match request.query_params.getlist("visitorId"):
            case [visitor_id] if visitor_id:
                return {"hmac": key.sign(visitor_id)}
        raise HTTPException(400, "send one visitorId")

    @app.exception_handler(HTTPException)
    def problem(_request: Request, error: HTTPException) -> JSONResponse:
        """A problem document (RFC 9457)."""
        return JSONResponse(
            {
                "title": HTTPStatus(error.status_code).phrase,
                "status": error.status_code,
                "detail": error.detail,
            },
            error.status_code,
            media_type="application/problem+json",
        )

    @app.exception_handler(RequestValidationError)
    def malformed(request: Request, _error: RequestValidationError) -> JSONResponse:
        return problem(request, HTTPException(400, "send JSON with the texts email and password"))

    app.mount("/", StaticFiles(directory=HERE / "../page", html=True))
    return app
