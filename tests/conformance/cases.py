"""The cases that every implementation signs and verifies, from a seed.

Each file holds a JSON object a line. An input stands as text under its name or in hexadecimal
under `<name>_hex`, as in tests/vectors/identity-hmac.json.

lines.jsonl      {secret, visitor_id}: ids that can stand on a line of a file, and secrets that the
                 strict door takes, so that the command can sign them too. Grouped by secret.
raw.jsonl        {secret, visitor_id}: any text and any bytes, line ends and white space included.
malformed.jsonl  {secret, visitor_id, hmac, accepted}: candidates of every JSON type. Only the right
                 digits in another letter case are to be accepted.
tokens.jsonl     {key, now, visitor_id, external_id} and any of {name, email, metadata, audience,
                 expires_in}: claims to sign as an identity token. A few must be refused.
"""

import hashlib
import hmac
import json
import random
import string
from collections.abc import Iterator
from pathlib import Path

SECRETS = 500
IDS_PER_SECRET = 200
RAW_CASES = 20_000
MALFORMED_SIGNATURES = 60
TOKENS = 50_000

# Lengths in bytes about the limits of SHA-256: the padding's at 55 and 56, the block's at 64.
LENGTH_CLASSES = [
    (1, 1),
    (2, 16),
    (17, 31),
    (32, 32),
    (33, 53),
    (54, 57),
    (58, 62),
    (63, 65),
    (66, 117),
    (118, 121),
    (122, 200),
    (1000, 1100),
]
EMAIL = string.ascii_letters + string.digits + "äöü日本🦀"
ALPHABETS = [
    string.ascii_letters + string.digits + "_-",
    string.printable.rstrip(string.whitespace),
    "äöüßéñçøåÆ",
    "e\u0301a\u0308c\u0327\u200d\u200b\ufeff",
    "日本語中文한국어العربيةעברית",
    "🦀😀𝒳👩\U0010ffff",
    "\0\x01\x7f\x80\xff\ufffd\uffff",
]


class Cases:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def value(self) -> str | bytes:
        """Text or bytes of a length class chosen at random."""
        length = self.random.randint(*self.random.choice(LENGTH_CLASSES))
        if self.random.random() < 0.5:
            return self.random.randbytes(length)
        alphabet = self.random.choice([*ALPHABETS, "".join(ALPHABETS)])
        return "".join(self.random.choices(alphabet, k=length))

    def value_where(self, is_wanted) -> str | bytes:
        while not is_wanted(value := self.value()):
            pass
        return value

    def lines(self) -> Iterator[dict]:
        for _ in range(SECRETS):
            secret = self.value_where(is_configurable)
            for _ in range(IDS_PER_SECRET):
                yield case(secret=secret, visitor_id=self.value_where(fits_on_a_line))

    def raw(self) -> Iterator[dict]:
        around = ["", "\n", "\r\n", "\r", " ", "\t", '"', "\0", "\u00a0"]
        for _ in range(RAW_CASES):
            secret, visitor_id = self.value(), self.value()
            if isinstance(visitor_id, str):
                visitor_id = self.random.choice(around) + visitor_id + self.random.choice(around)
            if isinstance(secret, str):
                secret = self.random.choice(around) + secret + self.random.choice(around)
            yield case(secret=secret, visitor_id=visitor_id)

    def malformed(self) -> Iterator[dict]:
        for _ in range(MALFORMED_SIGNATURES):
            secret, visitor_id = self.value(), self.value()
            right = hmac.new(to_bytes(secret), to_bytes(visitor_id), hashlib.sha256).hexdigest()
            for candidate in other_cases(right, self.random):
                yield case(secret=secret, visitor_id=visitor_id, hmac=candidate, accepted=True)
            for candidate in malformed(right, self.random):
                # By chance a change is none, such as a digit that was there already.
                if isinstance(candidate, str) and candidate.lower() == right:
                    continue
                yield case(secret=secret, visitor_id=visitor_id, hmac=candidate, accepted=False)

    def tokens(self) -> Iterator[dict]:
        keys = [f"itk_{self.random.randbytes(4).hex()}_{self.random.randbytes(32).hex()}"]
        keys += [keys[0][:13] + self.random.randbytes(32).hex()]
        for _ in range(TOKENS):
            claims = {
                "key": self.random.choice(keys),
                "now": self.random.choice([0, 1, 2**31, 2**32, self.random.randrange(2**33)]),
                "visitor_id": self.text(1, 40),
                "external_id": self.text(1, 40),
            }
            for name, value in (
                ("name", lambda: self.text(0, 60)),
                ("email", lambda: f"{self.text(1, 20, EMAIL)}@{self.text(1, 20, EMAIL)}.example"),
                ("metadata", lambda: self.json_object(levels=8)),
            ):
                if self.random.random() < 0.6:
                    claims[name] = None if self.random.random() < 0.2 else value()
            if self.random.random() < 0.3:
                claims["audience"] = self.text(0, 30)
            if self.random.random() < 0.5:
                claims["expires_in"] = self.random.randint(1, 86_400)
            if self.random.random() < 0.05:
                claims |= self.unsignable()
            yield claims

    def unsignable(self) -> dict:
        """A claim that no verifier accepts, or claims that do not fit into a token."""
        nested: dict = {}
        for _ in range(8):
            nested = {"a": nested}
        return self.random.choice(
            [
                {"visitor_id": ""},
                {"visitor_id": "a\0b"},
                {"external_id": ""},
                {"external_id": self.text(257, 300)},
                {"name": self.text(257, 300)},
                {"email": self.random.choice(["", "jane", "@", "jane@", "@example.com"])},
                {"email": self.text(320, 330) + "@example.com"},
                {"metadata": self.random.choice([[], "text", 1, True, nested, {"a": "\0"}])},
                {"metadata": {"a": "x" * self.random.randint(5000, 9000)}},
                {"expires_in": self.random.choice([0, 86_401, 2**40])},
            ]
        )

    def text(self, shortest: int, longest: int, alphabet: str | None = None) -> str:
        """Text without NUL, which no claim may hold."""
        if alphabet is None:
            alphabet = self.random.choice([*ALPHABETS, "".join(ALPHABETS)]).replace("\0", "")
        length = self.random.randint(shortest, longest)
        return "".join(self.random.choices(alphabet, k=length))

    def json_object(self, levels: int) -> dict:
        members = range(self.random.randint(0, 4))
        return {self.text(0, 12): self.json_value(levels - 1) for _ in members}

    def json_value(self, levels: int) -> object:
        """A value that every language reads and writes in the same way."""
        kind = self.random.randrange(8)
        if kind == 0 and levels > 0:
            return self.json_object(levels)
        if kind == 1 and levels > 0:
            return [self.json_value(levels - 1) for _ in range(self.random.randint(0, 4))]
        if kind == 2:
            return self.random.randint(-(2**53) + 1, 2**53 - 1)
        if kind == 3:
            # No whole number, which JavaScript writes without a point.
            return self.random.randint(-(10**6), 10**6) + self.random.choice([0.5, 0.25, 0.375])
        if kind == 4:
            return self.random.choice([None, True, False])
        return self.text(0, 20)

    def write(self, folder: Path) -> dict[str, int]:
        """Writes the files and returns how many cases each holds."""
        counts = {}
        for name in ("lines", "raw", "malformed", "tokens"):
            cases = list(getattr(self, name)())
            text = "".join(json.dumps(one) + "\n" for one in cases)
            (folder / f"{name}.jsonl").write_text(text, encoding="ascii")
            counts[name] = len(cases)
        return counts


def case(**fields) -> dict:
    return {
        f"{name}_hex" if isinstance(value, bytes) else name: value.hex()
        if isinstance(value, bytes)
        else value
        for name, value in fields.items()
    }


def to_bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def fits_on_a_line(visitor_id: str | bytes) -> bool:
    data = to_bytes(visitor_id)
    return b"\n" not in data and not data.endswith(b"\r")


def is_configurable(secret: str | bytes) -> bool:
    """Whether a file may hold the secret: bytes that are not text, or text without a fault."""
    data = to_bytes(secret)
    if data.startswith((b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")):
        return False
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return True
    edges = text[0] + text[-1]
    return "\0" not in text and not any(c.isspace() or c == "\ufeff" or c in "\"'`" for c in edges)


def other_cases(right: str, rng: random.Random) -> Iterator[str]:
    yield right
    yield right.upper()
    for _ in range(5):
        yield "".join(rng.choice((c.lower(), c.upper())) for c in right)


def malformed(right: str, rng: random.Random) -> Iterator[object]:
    """Candidates that are never right, of every kind that a client or a careless backend sends."""
    # Single digits changed, characters of other scripts and controls, each in a random place.
    for _ in range(20):
        yield replaced(right, rng, format((int(right[0], 16) + 1) % 16, "x"), at=0)
        yield replaced(right, rng, rng.choice("gGzZ/:@`[{ -+.,;'\"\\\0\t\n\r\x7f"))
        yield replaced(
            right,
            rng,
            rng.choice("äé\u00a0\u0130\u0660\u0966\u2028\u200b\ufeff\uff10\uff21\U0001d7d8😀"),
        )
    for at in range(64):
        yield right[:at] + chr(ord(right[at]) + 0x100) + right[at + 1 :]
        yield right[:at]
    # Every character code raised, so that a decoder that masks code units would see the digits.
    for raised in (0x80, 0x100, 0x200, 0x1000, 0xFF00, 0x10000, 0xFEE0):
        yield "".join(chr(ord(c) + raised) for c in right)
    yield "".join(chr(0xFEE0 + ord(c)) for c in right.upper())
    # White space, quotes, prefixes, separators, padding.
    for mark in (
        " ",
        "\t",
        "\n",
        "\r",
        "\r\n",
        "\v",
        "\f",
        "\0",
        "\u0085",
        "\u00a0",
        "\u2003",
        "\u2028",
        "\u3000",
        "\u200b",
        "\ufeff",
        "0",
        "00",
        "=",
        '"',
        "'",
    ):
        yield mark + right
        yield right + mark
        yield mark + right + mark
        yield right[:32] + mark + right[32:]
        yield (mark + right)[:64]
        yield (right + mark)[-64:]
    for prefix in (
        "0x",
        "0X",
        "\\x",
        "sha256=",
        "sha256:",
        "hmac ",
        "SHA256=",
        "v1=",
        "h'",
        "#",
        "urn:sha256:",
    ):
        yield prefix + right
        yield (prefix + right)[:64]
    for separator in (" ", ":", "-", "\n", ","):
        yield separator.join(right[i : i + 2] for i in range(0, 64, 2))
    yield right[::-1]
    yield right + right
    yield right * 100
    yield right + right[:1]
    yield "null"
    yield "undefined"
    yield "[object Object]"
    yield "0" * 64
    yield "f" * 64
    yield json.dumps(right)
    yield json.dumps({"hmac": right})
    # Ill-formed text and bytes.
    yield "\ud800" + right[1:]
    yield right[:-1] + "\udfff"
    yield "\ud83d" * 64
    yield bytes.fromhex(right)
    yield bytes(ord(c) | 0x80 for c in right)
    yield right.encode("utf-16-le")
    yield b"\xff" * 64
    yield right.encode()[:-1] + b"\xc3"
    yield rng.randbytes(64)
    # Other types.
    yield None
    yield True
    yield False
    yield 0
    yield -1
    yield int(right[:15], 16)
    yield 1.5
    yield []
    yield [right]
    yield list(right)
    yield {}
    yield {"hmac": right}
    yield {"length": 64}


def replaced(right: str, rng: random.Random, character: str, at: int | None = None) -> str:
    if at is None:
        at = rng.randrange(64)
    return right[:at] + character + right[at + 1 :]
