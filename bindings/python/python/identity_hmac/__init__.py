"""Sign and verify the HMAC that proves to a chat vendor who an anonymous visitor is.

The hmac is ``hex(HMAC-SHA256(key = identity verification secret, message = visitor id))``. It
covers the visitor id and nothing else, and it is good until the secret is rotated.

An identity token also says which user the visitor is, and it expires.
"""

from identity_hmac._claims import UNSET, Unset, VerifiedClaims
from identity_hmac._error import IdentityHmacError, IdentityTokenError

try:
    from identity_hmac._native import (
        IdentityKey,
        IdentityTokenKey,
        IdentityTokenKeyring,
        Keyring,
        User,
        __version__,
        generate_identity_hmac,
        generate_secret,
        generate_token_key,
        verify_identity_hmac,
    )
except ImportError as _cause:
    if "subinterpreters" not in str(_cause):
        raise
    raise ImportError(
        "identity_hmac cannot be loaded in a subinterpreter that has a GIL of its own; use it in "
        "the main interpreter, from threads or in processes",
        name=__name__,
    ) from _cause

__all__ = [
    "UNSET",
    "IdentityHmacError",
    "IdentityKey",
    "IdentityTokenError",
    "IdentityTokenKey",
    "IdentityTokenKeyring",
    "Keyring",
    "Unset",
    "User",
    "VerifiedClaims",
    "__version__",
    "generate_identity_hmac",
    "generate_secret",
    "generate_token_key",
    "verify_identity_hmac",
]
