"""What a verified identity token says."""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal


class Unset(Enum):
    """The type of `UNSET`, which stands for an attribute that a token does not mention.

    It is false, and differs from `None`: a token with `None` clears the attribute. As an argument
    of `IdentityTokenKey.sign` it is the same as leaving the argument out.

    Example:
        >>> key = IdentityTokenKey(generate_token_key())
        >>> claims = key.verify(key.sign("visitor_1", "user_123", email=None), "visitor_1")
        >>> claims.name is UNSET, claims.email is None
        (True, True)
    """

    __module__ = "identity_hmac"

    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> Literal[False]:
        return False


UNSET: Final = Unset.UNSET


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifiedClaims:
    """What a verified identity token says.

    Attributes:
        visitor_id: The visitor that the token is for.
        external_id: The backend's own id of the user: the claim ``sub``.
        name: The user's display name; `None` to clear it, `UNSET` to leave it as it is.
        email: The user's e-mail address, likewise.
        metadata: What else the backend says of the user, likewise.
        issued_at: When the token was signed, in seconds since 1970: the claim ``iat``.
        expires_at: When the token expires, in seconds since 1970: the claim ``exp``.
        key_id: The id of the key that signed.

    Example:
        >>> key = IdentityTokenKey(generate_token_key())
        >>> token = key.sign("visitor_1", "user_123", metadata={"plan": "pro"})
        >>> claims = key.verify(token, "visitor_1")
        >>> (claims.external_id, claims.metadata, claims.expires_at - claims.issued_at)
        ('user_123', {'plan': 'pro'}, 300.0)
    """

    __module__ = "identity_hmac"

    visitor_id: str
    external_id: str
    name: str | Unset | None
    email: str | Unset | None
    metadata: dict[str, Any] | Unset | None
    issued_at: float
    expires_at: float
    key_id: str
