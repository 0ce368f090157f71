"""What gives a secret away: its bytes, and every usual way of writing them."""

import base64
import hashlib
import json
import math
from collections.abc import Iterator
from urllib.parse import quote

# A trace is this long at least, so that nothing has it by chance, and a secret cut short is found.
PIECE = 16
STRIDE = 8


def traces(secret: bytes) -> set[bytes]:
    """Every piece of a secret, in every way of writing it."""
    last = max(len(secret) - PIECE, 0)
    starts = {*range(0, last, STRIDE), last}
    return {form for start in starts for form in forms(secret[start : start + PIECE])}


def forms(piece: bytes) -> Iterator[bytes]:
    # As HMAC pads it: RFC 2104, section 2.
    inner, outer = (bytes(byte ^ pad for byte in piece) for pad in (0x36, 0x5C))
    for plain in (piece, inner, outer):
        yield plain
        yield plain[::-1]
        yield in_swapped_words(plain)
    yield piece.hex().encode()
    yield piece.hex().upper().encode()
    text = piece.decode("latin-1")
    yield text.encode("utf-16-le")
    yield text.encode("utf-16-be")
    yield json.dumps(text)[1:-1].encode()
    yield quote(piece, safe="").encode()
    yield "".join(f"%{byte:02x}" for byte in piece).encode()
    yield "".join(f"%{byte:02X}" for byte in piece).encode()
    yield ",".join(map(str, piece)).encode()
    yield ", ".join(map(str, piece)).encode()
    for skipped in range(3):
        # What stands before the piece, and behind it, changes the digits at its ends.
        digits = base64.b64encode(piece[skipped : skipped + (len(piece) - skipped) // 3 * 3])
        yield digits
        yield digits.translate(bytes.maketrans(b"+/", b"-_"))


def in_swapped_words(data: bytes) -> bytes:
    return b"".join(data[start : start + 4][::-1] for start in range(0, len(data), 4))


def key_states(secret: bytes) -> list[bytes]:
    """What a prepared key holds: SHA-256's state after the secret's inner and outer block, as words
    in memory. With both, anybody can sign."""
    if len(secret) > 64:
        # As HMAC shortens it: RFC 2104, section 2.
        secret = hashlib.sha256(secret).digest()
    block = secret.ljust(64, b"\0")
    states = [compress(bytes(byte ^ pad for byte in block)) for pad in (0x36, 0x5C)]
    return [b"".join(word.to_bytes(4, "little") for word in state) for state in states]


def compress(block: bytes) -> list[int]:
    """SHA-256's compression of its first block: FIPS 180-4, section 6.2.2. Python's own hashlib
    does not show the state."""
    schedule = [int.from_bytes(block[at : at + 4]) for at in range(0, 64, 4)]
    for t in range(16, 64):
        w15, w2 = schedule[t - 15], schedule[t - 2]
        s0 = rotate(w15, 7) ^ rotate(w15, 18) ^ w15 >> 3
        s1 = rotate(w2, 17) ^ rotate(w2, 19) ^ w2 >> 10
        schedule.append((schedule[t - 16] + s0 + schedule[t - 7] + s1) % 2**32)
    primes = [n for n in range(2, 312) if all(n % d for d in range(2, math.isqrt(n) + 1))]
    initial = [math.isqrt(prime << 64) % 2**32 for prime in primes[:8]]
    a, b, c, d, e, f, g, h = initial
    for prime, word in zip(primes, schedule, strict=True):
        s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
        t1 = h + s1 + (e & f ^ ~e & g) + cube_root(prime << 96) % 2**32 + word
        s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
        t2 = s0 + (a & b ^ a & c ^ b & c)
        a, b, c, d, e, f, g, h = (t1 + t2) % 2**32, a, b, c, (d + t1) % 2**32, e, f, g
    return [(x + y) % 2**32 for x, y in zip(initial, (a, b, c, d, e, f, g, h), strict=True)]


def rotate(word: int, by: int) -> int:
    return (word >> by | word << 32 - by) % 2**32


def cube_root(n: int) -> int:
    root = round(n ** (1 / 3))
    while root**3 > n:
        root -= 1
    while (root + 1) ** 3 <= n:
        root += 1
    return root
