"""Signs and verifies the conformance cases in Python, and prints what came out.

python.py FOLDER          with the installed package
python.py FOLDER stdlib   with the standard library, the way the document does it
"""

import base64
import hashlib
import hmac
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

Value = str | bytes


def cases(folder: Path, name: str) -> Iterator[dict]:
    with (folder / name).open(encoding="ascii") as lines:
        for line in lines:
            case = json.loads(line)
            yield {
                field.removesuffix("_hex"): bytes.fromhex(value)
                if field.endswith("_hex")
                else value
                for field, value in case.items()
            }


def digest(folder: Path, name: str, sign: Callable[[Value, Value], str]) -> str:
    """The SHA-256 of all signatures, each followed by a line feed."""
    everything = hashlib.sha256()
    for case in cases(folder, name):
        everything.update(f"{sign(case['visitor_id'], case['secret'])}\n".encode())
    return everything.hexdigest()


def documented(visitor_id: Value, secret: Value) -> str:
    to_bytes = lambda value: value.encode() if isinstance(value, str) else value  # noqa: E731
    return hmac.new(to_bytes(secret), to_bytes(visitor_id), hashlib.sha256).hexdigest()


def with_package(folder: Path) -> dict:
    from identity_hmac import IdentityKey, Keyring, generate_identity_hmac, verify_identity_hmac

    wrong, asked = [], 0
    for number, case in enumerate(cases(folder, "malformed.jsonl")):
        visitor_id, candidate, secret = case["visitor_id"], case["hmac"], case["secret"]
        try:
            answers = {
                verify_identity_hmac(visitor_id, candidate, secret),
                IdentityKey(secret).verify(visitor_id, candidate),
                Keyring(secret).verify(visitor_id, candidate),
                Keyring("other", secret).matched(visitor_id, candidate) == "previous",
            }
        except BaseException as raised:
            answers = {repr(raised)}
        if answers != {case["accepted"]}:
            wrong.append(number)
        asked += 1
    return {
        "lines": digest(
            folder, "lines.jsonl", lambda visitor_id, secret: IdentityKey(secret).sign(visitor_id)
        ),
        "raw": digest(folder, "raw.jsonl", generate_identity_hmac),
        "malformed": {"asked": asked, "wrong": wrong},
        **with_tokens(folder),
    }


def with_tokens(folder: Path) -> dict:
    """Sign every case, and verify the same claims in a token that the standard library signed."""
    from identity_hmac import IdentityHmacError, IdentityTokenKey

    everything, wrong, asked = hashlib.sha256(), [], 0
    for number, case in enumerate(cases(folder, "tokens.jsonl")):
        key = case.pop("key")
        try:
            answer = IdentityTokenKey(key).sign(**case)
        except IdentityHmacError as refused:
            answer = refused.code
        else:
            asked += 1
            if not is_read_as_given(key, case):
                wrong.append(number)
        everything.update(f"{answer}\n".encode())
    return {
        "tokens": everything.hexdigest(),
        "verified tokens": {"asked": asked, "wrong": wrong},
    }


def is_read_as_given(key: str, case: dict) -> bool:
    from identity_hmac import UNSET, IdentityHmacError, IdentityTokenKeyring

    payload = {
        "sub": case["external_id"],
        "visitorId": case["visitor_id"],
        "iat": case["now"],
        "exp": case["now"] + case.get("expires_in", 300),
    }
    payload |= {name: case[name] for name in ("name", "email", "metadata") if name in case}
    if "audience" in case:
        payload["aud"] = case["audience"]
    keyring = IdentityTokenKeyring(key, max_lifetime=86_400)
    call = {"audience": case.get("audience"), "now": case["now"]}
    try:
        claims = keyring.verify(token_by_hand(key, payload), case["visitor_id"], **call)
    except IdentityHmacError:
        return False
    times = (claims.issued_at, claims.expires_at) == (payload["iat"], payload["exp"])
    ids = (claims.visitor_id, claims.external_id) == (payload["visitorId"], payload["sub"])
    attributes = ("name", "email", "metadata")
    given = [payload.get(name, UNSET) for name in attributes]
    return times and ids and [getattr(claims, name) for name in attributes] == given


def token_by_hand(key: str, payload: dict) -> bytes:
    """A JSON Web Token as RFC 7515 has it."""
    encode = lambda part: base64.urlsafe_b64encode(part).rstrip(b"=")  # noqa: E731
    parts = [
        json.dumps(part, ensure_ascii=False, separators=(",", ":")).encode()
        for part in ({"alg": "HS256", "typ": "JWT", "kid": key[4:12]}, payload)
    ]
    signed = b".".join(map(encode, parts))
    return signed + b"." + encode(hmac.digest(key.encode(), signed, "sha256"))


def with_stdlib(folder: Path) -> dict:
    return {
        "lines": digest(folder, "lines.jsonl", documented),
        "raw": digest(folder, "raw.jsonl", documented),
    }


if __name__ == "__main__":
    implementation = with_stdlib if sys.argv[2:] == ["stdlib"] else with_package
    print(json.dumps(implementation(Path(sys.argv[1]))))
