"""The customers: who has which password, and who is logged in."""

import json
from pathlib import Path
from typing import Annotated

import bcrypt
from fastapi import Cookie, Depends, HTTPException, Request

ACCOUNTS = json.loads((Path(__file__).parent / "../accounts.json").read_text(encoding="utf-8"))

User = dict[str, str]


def authenticate(email: str, password: str) -> User | None:
    """The customer with this email and password."""
    account = next((a for a in ACCOUNTS if a["user"]["email"] == email), None)
    # An unknown email takes as long as a wrong password: time does not tell who has an account.
    password_hash = (account or ACCOUNTS[0])["passwordHash"].encode()
    matches = bcrypt.checkpw(password.encode()[:72], password_hash)  # What bcrypt looks at.
    return account["user"] if account and matches else None


def current_user(request: Request, session: Annotated[str, Cookie()] = "") -> User:
    """The customer who is logged in; anybody else gets a 401."""
    if user := request.app.state.sessions.user(session):
        return user
    raise HTTPException(401, "log in first")


CurrentUser = Annotated[User, Depends(current_user)]
