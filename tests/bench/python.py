"""What the Python package's functions cost, beside what Python has and pyca/cryptography, and its
identity tokens, beside PyJWT.
"""

import hmac
import json
import os
import platform
import secrets
import ssl
import sys
import time
from importlib.metadata import version
from timeit import Timer
from typing import Any

import jwt
from cryptography.hazmat.backends.openssl import backend
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

import identity_hmac
from documented import generate_identity_hmac

ROUNDS = 25
SAMPLE_SECONDS = 0.03
IDS = 1000
# The cases with this text in their name are run.
WANTED = os.environ.get("BENCH_CASE", "")

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

TOKEN_KEY_TEXT = identity_hmac.generate_token_key()
TOKEN_KEY = identity_hmac.IdentityTokenKey(TOKEN_KEY_TEXT)
TOKEN_KEYRING = identity_hmac.IdentityTokenKeyring(TOKEN_KEY)
AUDIENCE = "pk_3f9a1c7e5b2d4860"
# What `identify()` takes of a user, beside the ids.
ATTRIBUTES = {
    "name": "Jane Doe",
    "email": "jane@example.com",
    "metadata": {"plan": "pro", "seats": 12, "trial": False},
}
REQUIRED = {"require": ["sub", "visitorId", "iat", "exp"]}


def sign_with_pyjwt(visitor_id: str, **claims: Any) -> str:
    now = int(time.time())
    claims |= {"sub": "user_123", "visitorId": visitor_id, "iat": now, "exp": now + 300}
    headers = {"kid": TOKEN_KEY_TEXT[4:12]}
    return jwt.encode(claims, TOKEN_KEY_TEXT, algorithm="HS256", headers=headers)


def verify_with_pyjwt(token: str, visitor_id: str, audience: str | None) -> dict[str, Any]:
    """The claims, if the token passes what our keyring demands."""
    claims = jwt.decode(
        token,
        TOKEN_KEY_TEXT,
        algorithms=["HS256"],
        audience=audience,
        leeway=60,
        options=REQUIRED,
    )
    if claims["visitorId"] != visitor_id or not 0 < claims["exp"] - claims["iat"] <= 3600:
        raise jwt.InvalidTokenError
    return claims


SIGN_MINIMAL = {
    "PyJWT": "sign_with_pyjwt(visitor_id)",
    "identity-hmac": "TOKEN_KEY.sign(visitor_id, 'user_123')",
}
SIGN_ALL = {
    "PyJWT": "sign_with_pyjwt(visitor_id, aud=AUDIENCE, **ATTRIBUTES)",
    "identity-hmac": "TOKEN_KEY.sign(visitor_id, 'user_123', audience=AUDIENCE, **ATTRIBUTES)",
}
VERIFY_MINIMAL = {
    "PyJWT": "verify_with_pyjwt(signature, visitor_id, None)",
    "identity-hmac": "TOKEN_KEYRING.verify(signature, visitor_id)",
}
VERIFY_ALL = {
    "PyJWT": "verify_with_pyjwt(signature, visitor_id, AUDIENCE)",
    "identity-hmac": "TOKEN_KEYRING.verify(signature, visitor_id, audience=AUDIENCE)",
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


def check_signing_tokens(contenders: dict[str, str], visitor_id: str, audience: str | None) -> None:
    """Every contender's token says the same, to both verifiers."""
    for expression in contenders.values():
        token = eval(expression, globals(), {"visitor_id": visitor_id})
        claims = TOKEN_KEYRING.verify(token, visitor_id, audience=audience)
        told = verify_with_pyjwt(token, visitor_id, audience)
        attributes = {name: getattr(claims, name) or None for name in ATTRIBUTES}
        assert attributes == {name: told.get(name) for name in ATTRIBUTES}
        assert claims.external_id == told["sub"]
        assert claims.expires_at - claims.issued_at == told["exp"] - told["iat"] == 300


def check_verifying_tokens(contenders: dict[str, str], tokens: dict[str, str]) -> None:
    refusals = (jwt.InvalidTokenError, identity_hmac.IdentityTokenError)
    for contender, expression in contenders.items():
        for visitor_id, right in tokens.items():
            for token in [*tokens.values(), right[:-1] + ("E" if right[-1] == "A" else "A")]:
                given = {"visitor_id": visitor_id, "signature": token}
                try:
                    accepted = bool(eval(expression, globals(), given))
                except refusals:
                    accepted = False
                if accepted is not (token == right):
                    sys.exit(f"{contender} is wrong about {token} for {visitor_id}")


def measure(case: str, each: str, contenders: dict[str, str], signatures: dict[str, str]) -> None:
    if WANTED not in case:
        return
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
    for kind, sign, verify, audience in (
        ("minimal", SIGN_MINIMAL, VERIFY_MINIMAL, None),
        ("all claims", SIGN_ALL, VERIFY_ALL, AUDIENCE),
    ):
        check_signing_tokens(sign, next(iter(signatures)), audience)
        measure(f"sign a token, {kind}", EACH_ID, sign, signatures)
        ours = sign["identity-hmac"]
        tokens = {id: eval(ours, globals(), {"visitor_id": id}) for id in signatures}
        check_verifying_tokens(verify, dict(list(tokens.items())[:10]))
        measure(f"verify a token, {kind}", EACH_PAIR, verify, tokens)
    versions = {
        "Python": platform.python_version(),
        "its OpenSSL": ssl.OPENSSL_VERSION.split()[1],
        "cryptography": version("cryptography"),
        "cryptography's OpenSSL": backend.openssl_version_text().split()[1],
        "PyJWT": jwt.__version__,
        "identity-hmac": identity_hmac.__version__,
    }
    print(json.dumps({"versions": versions}))


if __name__ == "__main__":
    main()
