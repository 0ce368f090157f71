"""GET /api/chat-identity?visitorId=…: signs a visitor id for a customer who is logged in."""

import re

from fastapi import HTTPException, Request

from accounts import CurrentUser

# Visitor ids are UUIDs. Nothing else is ever signed.
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def chat_identity(request: Request, _user: CurrentUser) -> dict[str, str]:
    match request.query_params.getlist("visitorId"):
        case [visitor_id] if UUID.fullmatch(visitor_id):
            return {"hmac": request.app.state.key.sign(visitor_id)}
    raise HTTPException(400, "send one visitorId, a UUID")
