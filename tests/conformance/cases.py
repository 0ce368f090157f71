"""The cases that every implementation signs and verifies, from a seed.

Each file holds a JSON object a line. An input stands as text under its name or in hexadecimal
under `<name>_hex`, as in tests/vectors/identity-hmac.json.

lines.jsonl      {secret, visitor_id}: ids that can stand on a line of a file, and secrets that the
                 strict door takes, so that the command can sign them too. Grouped by secret.
raw.jsonl        {secret, visitor_id}: any text and any bytes, line ends and white space included.
malformed.jsonl  {secret, visitor_id, hmac, accepted}: candidates of every JSON type. Only the right
                 digits in another letter case are to be accepted.
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

    def write(self, folder: Path) -> dict[str, int]:
        """Writes the three files and returns how many cases each holds."""
        counts = {}
        for name in ("lines", "raw", "malformed"):
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
