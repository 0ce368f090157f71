from typing import Literal, final

from typing_extensions import Buffer, Self

__all__ = [
    "IdentityKey",
    "Keyring",
    "__version__",
    "generate_identity_hmac",
    "generate_secret",
    "verify_identity_hmac",
]

__version__: str

# What a client sends may be anything, so `verify` and `matched` take any object.

def generate_identity_hmac(visitor_id: str | Buffer, secret: str | Buffer) -> str: ...
def verify_identity_hmac(visitor_id: object, hmac: object, secret: str | Buffer) -> bool: ...
def generate_secret() -> str: ...

@final
class IdentityKey:
    def __new__(cls, secret: str | Buffer) -> Self: ...
    @staticmethod
    def from_env(name: str = "IDENTITY_SECRET") -> IdentityKey: ...
    def sign(self, visitor_id: str | Buffer) -> str: ...
    def verify(self, visitor_id: object, hmac: object) -> bool: ...

@final
class Keyring:
    def __new__(
        cls,
        current: IdentityKey | str | Buffer,
        previous: IdentityKey | str | Buffer | None = None,
    ) -> Self: ...
    def sign(self, visitor_id: str | Buffer) -> str: ...
    def verify(self, visitor_id: object, hmac: object) -> bool: ...
    def matched(
        self, visitor_id: object, hmac: object
    ) -> Literal["current", "previous"] | None: ...
