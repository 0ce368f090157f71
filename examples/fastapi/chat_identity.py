"""What the shop signs for a customer who is logged in, and for nobody else.

GET /api/chat-token?visitorId=…     {token}: who the customer is
GET /api/chat-identity?visitorId=…  {hmac}: the visitor id alone
"""

from fastapi import APIRouter
from identity_hmac import IdentityKey, IdentityTokenKey, User
from identity_hmac.fastapi import chat_identity_router

from accounts import CurrentUser


def chat_user(customer: CurrentUser) -> User:
    """Everything that a token says comes from the session. The page has no word in it."""
    metadata = {"plan": customer["plan"], "signupDate": customer["signupDate"]}
    return User(customer["id"], name=customer["name"], email=customer["email"], metadata=metadata)


def chat_token(key: IdentityTokenKey) -> APIRouter:
    return chat_identity_router(key, chat_user, path="/chat-token")


def chat_identity(key: IdentityKey) -> APIRouter:
    return chat_identity_router(key, chat_user, path="/chat-identity")
