"""Writes what each fuzz target begins with, from the project's test vectors, to fuzz/seeds/."""

import base64
import hmac
import json
import re
import shutil
from pathlib import Path

HERE = Path(__file__).parent
VECTORS = HERE.parent / "tests" / "vectors"


def value(case, name):
    """The bytes of an input; none where the case has no such input, or null."""
    if f"{name}_hex" in case:
        return bytes.fromhex(case[f"{name}_hex"])
    return (case.get(name) or "").encode()


def field(content):
    """As src/input.rs takes it off."""
    return len(content).to_bytes(2, "little") + content


def verify(cases):
    for case in cases:
        if case["kind"] in ("valid", "accepted", "rejected", "refused"):
            inputs = field(value(case, "secret")) + field(value(case, "visitor_id"))
            yield inputs + value(case, "hmac")


def hex_digits(cases):
    return sorted({value(case, "hmac") for case in cases})


def keyring(cases):
    for case in cases:
        if case["kind"] == "keyring":
            inputs = (value(case, name) for name in ("current", "previous", "visitor_id"))
            yield b"".join(map(field, inputs)) + value(case, "hmac")


# What the target `doctor` appends to every secret.
CANARY = "☃".encode()


def doctor(cases):
    """With no signature, and with what some of the usual mistakes give in its place."""
    for case in cases:
        if case["kind"] == "valid":
            secret, visitor_id = value(case, "secret"), value(case, "visitor_id")
            inputs = (secret, b"previous", visitor_id, b"jane@example.com")
            key = secret + CANARY
            right = hmac.digest(key, visitor_id, "sha256")
            mistaken = [
                hmac.digest(key, visitor_id, "sha512"),
                hmac.digest(visitor_id, key, "sha256"),
                hmac.digest(key, visitor_id + b"\n", "sha256"),
                hmac.digest(key, b"jane@example.com", "sha256"),
                hmac.digest(b"previous", visitor_id, "sha256"),
            ]
            texts = [b"", base64.b64encode(right), b"sha256=" + right.hex().encode()]
            for sent in texts + [tag.hex().encode() for tag in mistaken]:
                yield b"".join(map(field, inputs)) + sent


def token(cases):
    """The two parts of each token, and the whole text in the place of changes to a signature."""
    for case in cases:
        if case["kind"] in ("accepted", "refused"):
            parts = (case["token"] + "..").encode(errors="replace").split(b".")
            yield b"".join(field(read_base64url(part)) for part in parts[:2])
            yield field(b"") + field(b"") + case["token"].encode(errors="replace")


def read_base64url(part):
    """As much of it as can be read."""
    digits = re.sub(rb"[^A-Za-z0-9_-]", b"", part)
    digits = digits[: len(digits) - (len(digits) % 4 == 1)]
    return base64.urlsafe_b64decode(digits + b"===")


def request(cases):
    """Bodies with the texts of a case in every member."""
    for case in cases:
        texts = {name: text for name, text in case.items() if isinstance(text, str)}
        members = {
            "name": case["name"],
            "email": "jane@example.com",
            "externalId": texts.get("visitor_id"),
            "metadata": {"deep": [{"deeper": [None, True, -1.5, texts]}]},
            "hmac": texts.get("hmac"),
        }
        yield json.dumps(members).encode()
        for name, member in members.items():
            yield json.dumps({name: member}, ensure_ascii=False).encode()


def merge(cases):
    """RFC 7396, appendix A, where both are objects; and each case, cleared and sent anew."""
    pairs = [
        ({"a": "b"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}),
        ({"a": "b"}, {"a": None}),
        ({"a": "b", "b": "c"}, {"a": None}),
        ({"a": ["b"]}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}),
        ({"e": None}, {"a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}),
    ]
    for case in cases:
        anew = dict.fromkeys(case) | {"name": {"kind": case["kind"]}}
        pairs += [(case, anew), (anew, case)]
    for pair in pairs:
        yield "\n".join(map(json.dumps, pair)).encode()


TARGETS = {
    "verify": verify,
    "hex": hex_digits,
    "keyring": keyring,
    "doctor": doctor,
    "token": token,
    "request": request,
    "merge": merge,
}


def write():
    for target, seeds in TARGETS.items():
        name = "identity-token.json" if target == "token" else "identity-hmac.json"
        cases = json.loads((VECTORS / name).read_text())["cases"]
        folder = HERE / "seeds" / target
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for number, seed in enumerate(seeds(cases)):
            (folder / f"{number:04}").write_bytes(seed)


if __name__ == "__main__":
    write()
