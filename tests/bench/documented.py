"""The document's Python function, and the loop around it that signs the ids of a file.

documented.py < IDS > SIGNED    with the secret in IDENTITY_SECRET; writes what the command writes
"""

import hashlib
import hmac
import os
import sys


def generate_identity_hmac(visitor_id: str, secret: str) -> str:
    return hmac.new(
        secret.encode(),
        visitor_id.encode(),
        hashlib.sha256
    ).hexdigest()  # fmt: skip


def main() -> None:
    secret = os.environ["IDENTITY_SECRET"]
    for line in sys.stdin:
        visitor_id = line.rstrip("\n")
        sys.stdout.write(f"{visitor_id}\t{generate_identity_hmac(visitor_id, secret)}\n")


if __name__ == "__main__":
    main()
