"""A process that has keys and drops them: see src/main.rs, which goes through the same steps."""

import sys
from pathlib import Path

from identity_hmac import (
    IdentityKey,
    IdentityTokenKey,
    IdentityTokenKeyring,
    Keyring,
    generate_identity_hmac,
)


def main(secret: Path) -> None:
    key = IdentityKey(secret.read_bytes())
    ring = Keyring("another", previous=key)
    ring.matched("visitor_1", key.sign("visitor_1"))
    generate_identity_hmac("visitor_1", secret.read_bytes())
    signer = IdentityTokenKey(Path(f"{secret}.token-key").read_text(encoding="ascii"))
    token_ring = IdentityTokenKeyring(signer)
    token_ring.verify(signer.sign("visitor_1", "user_123"), "visitor_1")
    step("held")
    del key, ring, signer, token_ring
    step("dropped")


def step(name: str) -> None:
    print(name, flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
