"""The function that the chat vendor documents for Python: the oracle of these tests."""

import hashlib
import hmac


def generate_identity_hmac(visitor_id: str, secret: str) -> str:
    return hmac.new(secret.encode(), visitor_id.encode(), hashlib.sha256).hexdigest()
