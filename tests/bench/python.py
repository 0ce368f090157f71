"""What the Python package's functions cost, beside what Python has and pyca/cryptography."""

import hmac
import json
import platform
import secrets
import ssl
import sys
from importlib.metadata import version
from timeit import Timer

from cryptography.hazmat.backends.openssl import backend
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

import identity_hmac
from documented import generate_identity_hmac

ROUNDS = 25
SAMPLE_SECONDS = 0.03
IDS = 1000

SECRET = secrets.token_hex(32)
KEY = identity_hmac.IdentityKey(SECRET)
STDLIB = hmac.new(SECRET.encode(), digestmod="sha256")
PYCA = HMAC(SECRET.encode(), SHA256())


def with_copied_hmac(visitor_id: str) -> str:
    copy = STDLIB.copy()
    copy.update(visitor_id.encode())
    return copy.hexdigest()


def with_pyca(visitor_id: str, secret: str) -> str:
    signing = HMAC(secret.encode(), SHA256())
    signing.update(visitor_id.encode())
    return signing.finalize().hex()


def with_copied_pyca(visitor_id: str) -> str:
    copy = PYCA.copy()
    copy.update(visitor_id.encode())
    return copy.finalize().hex()


# What a caller would write, timed as it stands: one more call around it would cost a good part of
# what ours costs.
ONE_CALL = {
    "documented function": "generate_identity_hmac(visitor_id, SECRET)",
    "hmac.digest": "hmac.digest(SECRET.encode(), visitor_id.encode(), 'sha256').hex()",
    "pyca/cryptography": "with_pyca(visitor_id, SECRET)",
    "identity-hmac": "identity_hmac.generate_identity_hmac(visitor_id, SECRET)",
}
PREPARED = {
    "documented function": "generate_identity_hmac(visitor_id, SECRET)",
    "copied hmac object": "with_copied_hmac(visitor_id)",
    "copied pyca/cryptography object": "with_copied_pyca(visitor_id)",
    "identity-hmac": "KEY.sign(visitor_id)",
}
COMPARED = "hmac.compare_digest(generate_identity_hmac(visitor_id, SECRET), signature)"
VERIFY_ONE_CALL = {
    "documented function, compare_digest": COMPARED,
    "identity-hmac": "identity_hmac.verify_identity_hmac(visitor_id, signature, SECRET)",
}
VERIFY_PREPARED = {
    "documented function, compare_digest": COMPARED,
    "identity-hmac": "KEY.verify(visitor_id, signature)",
}

EACH_ID = "for visitor_id in signatures: "
EACH_PAIR = "for visitor_id, signature in signatures.items(): "


def signatures_of(length: int) -> dict[str, str]:
    """Ids of so many bytes, with the signature of each."""
    visitor_ids = (secrets.token_hex(length // 2) for _ in range(IDS))
    return {visitor_id: generate_identity_hmac(visitor_id, SECRET) for visitor_id in visitor_ids}


def check_signing(contenders: dict[str, str], signatures: dict[str, str]) -> None:
    for contender, expression in contenders.items():
        for visitor_id, signature in signatures.items():
            if eval(expression, globals(), {"visitor_id": visitor_id}) != signature:
                sys.exit(f"{contender} signs {visitor_id} otherwise than the documented function")


def check_verifying(contenders: dict[str, str], signatures: dict[str, str]) -> None:
    for contender, expression in contenders.items():
        for visitor_id, right in signatures.items():
            for signature in signatures.values():
                given = {"visitor_id": visitor_id, "signature": signature}
                if eval(expression, globals(), given) is not (signature == right):
                    sys.exit(f"{contender} is wrong about {signature} for {visitor_id}")


def measure(case: str, each: str, contenders: dict[str, str], signatures: dict[str, str]) -> None:
    print(f"python: {case}", file=sys.stderr)
    # Every sample begins without another contender's garbage, and the collector stays on.
    timers = {
        contender: Timer(
            each + expression,
            "import gc; gc.enable(); gc.collect()",
            globals=globals() | {"signatures": signatures},
        )
        for contender, expression in contenders.items()
    }
    passes = {
        contender: 1 + int(SAMPLE_SECONDS / min(timer.repeat(3, 1)))
        for contender, timer in timers.items()
    }
    rates = {contender: [] for contender in contenders}
    turn = list(contenders)
    for _ in range(ROUNDS):
        for contender in turn:
            seconds = timers[contender].timeit(passes[contender])
            rates[contender].append(passes[contender] * IDS / seconds)
        turn.append(turn.pop(0))
    for contender, rate in rates.items():
        row = {"section": "python", "case": case, "contender": contender, "rate": rate}
        print(json.dumps(row), flush=True)


def main() -> None:
    for length in (36, 8, 1000):
        signatures = signatures_of(length)
        for kind, contenders in (("one call", ONE_CALL), ("prepared", PREPARED)):
            check_signing(contenders, signatures)
            measure(f"sign, {kind}, {length} bytes", EACH_ID, contenders, signatures)
    signatures = signatures_of(36)
    for kind, contenders in (("one call", VERIFY_ONE_CALL), ("prepared", VERIFY_PREPARED)):
        check_verifying(contenders, dict(list(signatures.items())[:30]))
        measure(f"verify, {kind}, 36 bytes", EACH_PAIR, contenders, signatures)
    versions = {
        "Python": platform.python_version(),
        "its OpenSSL": ssl.OPENSSL_VERSION.split()[1],
        "cryptography": version("cryptography"),
        "cryptography's OpenSSL": backend.openssl_version_text().split()[1],
        "identity-hmac": identity_hmac.__version__,
    }
    print(json.dumps({"versions": versions}))


if __name__ == "__main__":
    main()
