"""Sign and verify the HMAC that proves to a chat vendor who an anonymous visitor is.

The hmac is ``hex(HMAC-SHA256(key = identity verification secret, message = visitor id))``. It
covers the visitor id and nothing else, and it is good until the secret is rotated.
"""

from identity_hmac._error import IdentityHmacError
from identity_hmac._native import (
    IdentityKey,
    Keyring,
    __version__,
    generate_identity_hmac,
    generate_secret,
    verify_identity_hmac,
)

__all__ = [
    "IdentityHmacError",
    "IdentityKey",
    "Keyring",
    "__version__",
    "generate_identity_hmac",
    "generate_secret",
    "verify_identity_hmac",
]
