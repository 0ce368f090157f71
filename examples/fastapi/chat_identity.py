"""GET /api/chat-identity?visitorId=…: signs a visitor id for a customer who is logged in."""

from fastapi import APIRouter
from identity_hmac import IdentityKey, User
from identity_hmac.fastapi import chat_identity_router

from accounts import CurrentUser


def chat_user(customer: CurrentUser) -> User:
    return User(customer["id"])


def chat_identity(key: IdentityKey) -> APIRouter:
    return chat_identity_router(key, chat_user, path="/chat-identity")
