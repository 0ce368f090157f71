"""A process that has keys and drops them: see src/main.rs, which goes through the same steps."""

import sys
from pathlib import Path

from identity_hmac import IdentityKey, Keyring, generate_identity_hmac


def main(secret: Path) -> None:
    key = IdentityKey(secret.read_bytes())
    ring = Keyring("another", previous=key)
    ring.matched("visitor_1", key.sign("visitor_1"))
    generate_identity_hmac("visitor_1", secret.read_bytes())
    step("held")
    del key, ring
    step("dropped")


def step(name: str) -> None:
    print(name, flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
