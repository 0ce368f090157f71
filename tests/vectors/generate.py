"""Write identity-hmac.json, identity-token.json and route.json, the test vectors that every suite
in every language runs.

    python3 tests/vectors/generate.py            write the files
    python3 tests/vectors/generate.py --check    fail if a file is not what this would write

Every expected value comes from Python's own `hmac` module, which is OpenSSL's HMAC, used the way
the documented snippet uses it; nothing of identity-hmac runs here. Any other implementation can
check a line: `printf visitor_1 | openssl dgst -sha256 -hmac s3cret`.
"""

import base64
import hashlib
import hmac
import json
import sys
import unicodedata
from pathlib import Path

import identity_token
import route

HERE = Path(__file__).parent

COMMENT = [
    "Test vectors of identity-hmac. Written by tests/vectors/generate.py from Python's hmac",
    "module; change that script, not this file.",
    "Each case has a kind, a name, and inputs. An input stands as text under its name (its bytes",
    "are the UTF-8 of the text), or, where it is not text, in hexadecimal under <name>_hex.",
    "valid: signing visitor_id with secret gives hmac, and verifying that hmac succeeds.",
    "accepted: verifying hmac against visitor_id and secret succeeds, though no signer writes it",
    "so.",
    "rejected: verifying hmac against visitor_id and secret answers no, and raises nothing.",
    "refused: the operation (sign or verify) with these inputs is an error with this code.",
    "keyring: a keyring of current and previous (null: none) says which of them hmac matched:",
    "current, previous or null, and verifies it unless that is null.",
    "setting_accepted: a key read from a setting (an environment variable) with this value signs",
    "visitor_id as hmac.",
    "setting_refused: a setting with this value (null: unset) is an error with this code.",
    "A suite that meets a kind it does not know must fail.",
]

SECRET = "s3cret"
VISITOR_ID = "visitor_1"


def sign(secret: bytes, visitor_id: bytes) -> str:
    return hmac.new(secret, visitor_id, hashlib.sha256).hexdigest()


def to_bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def case(kind: str, name: str, **fields: str | bytes | None) -> dict[str, str | None]:
    """One case: bytes go in hexadecimal under `<field>_hex`, text and null as they are."""
    written: dict[str, str | None] = {"kind": kind, "name": name}
    for field, value in fields.items():
        if isinstance(value, bytes):
            written[f"{field}_hex"] = value.hex()
        else:
            written[field] = value
    return written


def pattern(length: int) -> bytes:
    """Bytes that are neither text nor repeat within a block."""
    return bytes((7 * i + 3 * (i // 251) + 0x80) % 256 for i in range(length))


def valid_cases():
    def valid(name: str, secret: str | bytes, visitor_id: str | bytes):
        tag = sign(to_bytes(secret), to_bytes(visitor_id))
        return case("valid", name, secret=secret, visitor_id=visitor_id, hmac=tag)

    yield valid("the document's function", SECRET, VISITOR_ID)
    yield valid("the often quoted pair of HMAC-SHA256", "secret", "Message")

    for length in (1, 16, 32, 63, 64, 65, 131, 1000):
        yield valid(f"a secret of {length} bytes of text", "k" * length, "x")
        yield valid(f"a secret of {length} bytes that are not text", pattern(length), VISITOR_ID)

    for length in (
        1,
        2,
        31,
        32,
        54,
        55,
        56,
        57,
        63,
        64,
        65,
        118,
        119,
        120,
        127,
        128,
        129,
        183,
        184,
        1000,
        10000,
    ):
        yield valid(f"an id of {length} bytes of text", SECRET, "v" * length)
        yield valid(f"an id of {length} bytes that are not text", SECRET, pattern(length))

    for secret_length in (63, 64, 65):
        for id_length in (55, 56, 64):
            yield valid(
                f"a secret of {secret_length} bytes with an id of {id_length} bytes",
                pattern(secret_length),
                pattern(id_length),
            )

    composed = unicodedata.normalize("NFC", "café")
    decomposed = unicodedata.normalize("NFD", "café")
    yield valid("an id in NFC", SECRET, composed)
    yield valid("the same id in NFD, which signs differently", SECRET, decomposed)
    yield valid("a secret in NFC", composed, VISITOR_ID)
    yield valid("the same secret in NFD, which signs differently", decomposed, VISITOR_ID)
    yield valid("an id in NFC that NFKC would change", SECRET, "ﬁ①Å")
    yield valid("an id of astral characters", SECRET, "🦀😀𝒳")
    yield valid("an id with a joined emoji", SECRET, "👩‍👩‍👧‍👦")
    yield valid("an id in a script from right to left", SECRET, "זהות‏")
    yield valid("the character U+FFFD itself", SECRET, "\ufffd")
    yield valid("the last code point", SECRET, "\U0010ffff")
    yield valid("a noncharacter", SECRET, "\uffff\ufdd0")

    yield valid("a NUL inside an id", SECRET, "a\0b")
    yield valid("an id that is a NUL", SECRET, "\0")
    yield valid("an id that ends in a NUL", SECRET, "visitor_1\0")
    yield valid("a NUL inside a secret", "s3\0cret", VISITOR_ID)
    yield valid("a secret that is a NUL", "\0", VISITOR_ID)
    yield valid(
        "a secret that ends in a NUL signs as the secret without it (RFC 2104)",
        "s3cret\0",
        VISITOR_ID,
    )

    for name, text in {
        "a trailing line feed": "{}\n",
        "a trailing carriage return and line feed": "{}\r\n",
        "a leading space": " {}",
        "a trailing space": "{} ",
        "a trailing tab": "{}\t",
        "a byte order mark": "\ufeff{}",
        "a no-break space": "{}\u00a0",
        "double quotes": '"{}"',
        "single quotes": "'{}'",
        "upper case": "{}",
    }.items():
        change = str.upper if name == "upper case" else str
        yield valid(
            f"a secret with {name} is signed with as it is", change(text.format(SECRET)), VISITOR_ID
        )
        yield valid(
            f"an id with {name} is signed as it is", SECRET, change(text.format(VISITOR_ID))
        )

    yield valid("an id that is a space", SECRET, " ")
    yield valid("an id that is a line feed", SECRET, "\n")
    yield valid("a secret that is a space", " ", VISITOR_ID)
    yield valid("an id that looks like a number", SECRET, "12345")
    yield valid("an id that looks like JSON", SECRET, '{"visitorId":"visitor_1"}')
    yield valid("an id that looks like markup", SECRET, "<b>&amp;</b>\\n%s%n")
    yield valid("an id that is a UUID", SECRET, "0190f7a2-7c4e-7b1a-9d55-3f1c2b6a8e90")
    yield valid("an id that is an e-mail address", SECRET, "jane@example.com")
    yield valid(
        "a secret of hexadecimal digits is not decoded",
        "00112233445566778899aabbccddeeff" * 2,
        VISITOR_ID,
    )
    yield valid("a secret in base64 is not decoded", "c2VjcmV0LWtleS1ieXRlcw==", VISITOR_ID)
    yield valid("an id of hexadecimal digits is not decoded", SECRET, "deadbeef")
    yield valid("an id in Latin-1, which is not UTF-8", SECRET, "café".encode("latin-1"))
    yield valid("an id in UTF-16", SECRET, "café".encode("utf-16-le"))
    yield valid("an id with a surrogate in CESU-8", SECRET, b"v\xed\xa0\x80")
    yield valid("an id cut inside a character", SECRET, "café".encode()[:-1])
    yield valid("a secret in Latin-1, which is not UTF-8", "s3crét".encode("latin-1"), VISITOR_ID)
    yield valid("an id and a secret that are the same", "same", "same")


def accepted_cases():
    tag = sign(to_bytes(SECRET), to_bytes(VISITOR_ID))
    mixed = "".join(c.upper() if i % 2 else c for i, c in enumerate(tag))
    for name, written in {
        "upper case": tag.upper(),
        "mixed case": mixed,
        "upper case in its first half": tag[:32].upper() + tag[32:],
    }.items():
        yield case(
            "accepted", f"an hmac in {name}", secret=SECRET, visitor_id=VISITOR_ID, hmac=written
        )
    with_letter = "visitor_" + next(
        str(i)
        for i in range(10_000)
        if sign(to_bytes(SECRET), f"visitor_{i}".encode())[0].isalpha()
    )
    yield case(
        "accepted",
        "an hmac that begins with a letter, in upper case",
        secret=SECRET,
        visitor_id=with_letter,
        hmac=sign(to_bytes(SECRET), with_letter.encode()).upper(),
    )


def rejected_cases():
    tag = sign(to_bytes(SECRET), to_bytes(VISITOR_ID))
    raw = bytes.fromhex(tag)

    def rejected(
        name: str,
        hmac: str | bytes,
        visitor_id: str | bytes = VISITOR_ID,
        secret: str | bytes = SECRET,
    ):
        return case("rejected", name, secret=secret, visitor_id=visitor_id, hmac=hmac)

    flip = {"first": 0, "middle": 31, "last": 63}
    for name, at in flip.items():
        digit = format(int(tag[at], 16) ^ 1, "x")
        yield rejected(f"the {name} digit changed", tag[:at] + digit + tag[at + 1 :])
    yield rejected("another visitor's hmac", sign(to_bytes(SECRET), b"visitor_2"))
    yield rejected("another secret's hmac", sign(b"other", to_bytes(VISITOR_ID)))
    yield rejected(
        "the hmac of the arguments swapped", sign(to_bytes(VISITOR_ID), to_bytes(SECRET))
    )
    yield rejected(
        "the hmac of the secret with a trailing line feed", sign(b"s3cret\n", to_bytes(VISITOR_ID))
    )
    yield rejected(
        "the hmac of the id with a trailing line feed", sign(to_bytes(SECRET), b"visitor_1\n")
    )
    yield rejected("a plain SHA-256 of the id", hashlib.sha256(to_bytes(VISITOR_ID)).hexdigest())
    yield rejected(
        "a plain SHA-256 of secret and id", hashlib.sha256(b"s3cretvisitor_1").hexdigest()
    )
    yield rejected(
        "the hmac of the other Unicode form",
        sign(to_bytes(SECRET), "cafe\u0301".encode()),
        visitor_id="caf\u00e9",
    )
    yield rejected("all zeros", "0" * 64)
    yield rejected("nothing", "")
    yield rejected("one digit", tag[0])
    yield rejected("the last digit missing", tag[:-1])
    yield rejected("the last byte missing", tag[:-2])
    yield rejected("the first half", tag[:32])
    yield rejected("one digit too many", tag + "0")
    yield rejected("one byte too many", tag + "00")
    yield rejected("the hmac twice", tag + tag)
    yield rejected("a leading 0x", "0x" + tag)
    yield rejected("a leading 0x in place of two digits", "0x" + tag[2:])
    yield rejected("a leading \\x", "\\x" + tag)
    yield rejected("a leading sha256=", "sha256=" + tag)
    yield rejected("a leading space", " " + tag)
    yield rejected("a trailing space", tag + " ")
    yield rejected("a trailing line feed", tag + "\n")
    yield rejected("a trailing carriage return and line feed", tag + "\r\n")
    yield rejected("a trailing NUL", tag + "\0")
    yield rejected("a space in place of the last digit", tag[:-1] + " ")
    yield rejected("spaces between the bytes", " ".join(tag[i : i + 2] for i in range(0, 64, 2)))
    yield rejected("colons between the bytes", ":".join(tag[i : i + 2] for i in range(0, 64, 2)))
    yield rejected("quotes around it", f'"{tag}"')
    yield rejected("a byte order mark before it", "\ufeff" + tag)
    yield rejected("base64", base64.b64encode(raw).decode())
    yield rejected("base64url", base64.urlsafe_b64encode(raw).decode().rstrip("="))
    yield rejected("the 32 bytes themselves", raw)
    yield rejected("a letter beyond f", "g" + tag[1:])
    yield rejected("characters just outside the digits' ranges", "/:@G`g" + tag[6:])
    yield rejected("full-width digits", "".join(chr(ord(c) + 0xFEE0) for c in tag))
    yield rejected("one full-width digit", chr(ord(tag[0]) + 0xFEE0) + tag[1:])
    yield rejected(
        "Arabic-Indic digits in place of the decimal ones",
        "".join(chr(0x660 + int(c)) if c.isdigit() else c for c in tag),
    )
    yield rejected(
        "every character code raised by 0x100", "".join(chr(ord(c) + 0x100) for c in tag)
    )
    yield rejected(
        "every character code raised by 0x10000", "".join(chr(ord(c) + 0x10000) for c in tag)
    )
    yield rejected("the high bit of every byte set", bytes(ord(c) | 0x80 for c in tag))
    yield rejected("64 bytes that are not text", b"\xff" * 64)
    yield rejected("64 characters of more than one byte", "é" * 64)
    yield rejected("64 bytes in 32 characters of two bytes", "é" * 32)
    yield rejected("UTF-16", tag.encode("utf-16-le"))
    yield rejected("64 NULs", "\0" * 64)
    yield rejected("64 spaces", " " * 64)
    yield rejected("null as text", "null")
    yield rejected("undefined as text", "undefined")
    yield rejected("[object Object]", "[object Object]")
    yield rejected("a megabyte's start of hexadecimal digits", "ab" * 5000)
    yield rejected(
        "an empty visitor id with the hmac that HMAC gives it",
        sign(to_bytes(SECRET), b""),
        visitor_id="",
    )
    yield rejected("an empty visitor id with another visitor's hmac", tag, visitor_id="")


def refused_cases():
    tag = sign(to_bytes(SECRET), to_bytes(VISITOR_ID))
    unkeyed = sign(b"", to_bytes(VISITOR_ID))

    def sign_refused(name: str, secret: str, visitor_id: str, code: str):
        return case(
            "refused", name, operation="sign", secret=secret, visitor_id=visitor_id, code=code
        )

    yield sign_refused("signing with an empty secret", "", VISITOR_ID, "empty_secret")
    yield sign_refused("signing an empty visitor id", SECRET, "", "empty_visitor_id")
    yield sign_refused("signing nothing with nothing", "", "", "empty_secret")
    for name, written in {
        "the hmac of another secret": tag,
        "the hmac that HMAC gives it": unkeyed,
        "no hmac": "",
    }.items():
        yield case(
            "refused",
            f"verifying with an empty secret and {name}",
            operation="verify",
            secret="",
            visitor_id=VISITOR_ID,
            hmac=written,
            code="empty_secret",
        )


def keyring_cases():
    new, old = "n3w", "0ld"

    def keyring(name: str, hmac: str, matched: str | None, previous: str | None = old):
        return case(
            "keyring",
            name,
            current=new,
            previous=previous,
            visitor_id=VISITOR_ID,
            hmac=hmac,
            matched=matched,
        )

    by_new, by_old = (sign(secret.encode(), to_bytes(VISITOR_ID)) for secret in (new, old))
    yield keyring("signed with the current secret", by_new, "current")
    yield keyring("signed with the previous secret", by_old, "previous")
    yield keyring("signed with the previous secret, in upper case", by_old.upper(), "previous")
    yield keyring(
        "signed with the current secret while there is no previous one",
        by_new,
        "current",
        previous=None,
    )
    yield keyring("signed with a secret that is gone", by_old, None, previous=None)
    yield keyring("signed with neither", sign(b"0lder", to_bytes(VISITOR_ID)), None)
    yield keyring("another visitor's", sign(new.encode(), b"visitor_2"), None)
    yield keyring("malformed", by_new + "\n", None)
    yield keyring("both secrets the same", by_new, "current", previous=new)


def setting_cases():
    for name, value in {
        "a secret": SECRET,
        "a secret of one character": "k",
        "white space inside": "correct horse battery staple",
        "a quote inside": "it's",
        "a quote at its start only": '"s3cret',
        "a quote at its end only": "s3cret'",
        "different quotes at its ends": "\"s3cret'",
        "a secret that is one quote": '"',
        "a secret beyond ASCII": "s3crét🦀",
        "1,000 characters": "k" * 1000,
        "a dollar sign at its start": "$ecret",
        "a dollar sign and digits": "$7QXJ2MVK",
        "a dollar sign, capital letters and digits": "$A7QX2",
        "an empty variable": "${}",
        "percent signs around it": "%s3cret%",
        "braces around a UUID": "{0190f7a2-7c4e-7b1a-9d55-3f1c2b6a8e90}",
        "a placeholder inside": "changeme-9f2c41aa",
        "null inside": "nullify the void",
        "three letters of a mask": "xyz",
        "a mask of two": "xx",
        "an empty pair of brackets": "<>",
        "a quoted word in braces": '{"s3cret"}',
        "a mask inside": "s3cr***et",
        "the word secret": "secret",
        "base64 padding of one": "c2VjcmV0LWs=",
        "base64 padding of two": "c2VjcmV0LWtleS1ieXRlcw==",
        "base32 padding": "JBSWY3DPEHPK3PXP====",
        "an equals sign inside": "abc=def",
        "a colon inside": "abc:def",
        "a colon behind the word secret": "mysecret:abc",
        "small letters, an underscore and an equals sign inside": "abc_d=e",
        "a digit, an underscore and an equals sign inside": "1_SECRET=abc",
        "capital letters, digits and an equals sign inside": "A1B2=C3",
        "the letters of secret and padding": "bXktc2VjcmV0secret==",
        "a number sign inside": "abc#def",
        "a number sign at its start": "#abc",
        "two slashes inside": "abc//def",
        "a semicolon inside": "abc; def",
        "a prefix of webhooks": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
        "the prefix of an identity token key inside": "s3cret-itk_9f2c41aa",
    }.items():
        yield case(
            "setting_accepted",
            f"a setting with {name}",
            value=value,
            visitor_id=VISITOR_ID,
            hmac=sign(value.encode(), to_bytes(VISITOR_ID)),
        )

    def refused(name: str, value: str | bytes | None, code: str):
        return case("setting_refused", f"a setting {name}", value=value, code=code)

    yield refused("that is not set", None, "secret_unset")
    yield refused("that is empty", "", "secret_blank")
    yield refused("that is a space", " ", "secret_blank")
    yield refused("that is a line end", "\r\n", "secret_blank")
    yield refused("that is a no-break space", "\u00a0", "secret_blank")
    yield refused("that is a byte order mark", "\ufeff", "secret_blank")
    for name, text in {
        "a trailing line feed": "{}\n",
        "a trailing carriage return and line feed": "{}\r\n",
        "a trailing carriage return": "{}\r",
        "a leading line feed": "\n{}",
        "a leading space": " {}",
        "a trailing space": "{} ",
        "a trailing tab": "{}\t",
        "a trailing vertical tab": "{}\v",
        "a trailing no-break space": "{}\u00a0",
        "a trailing ideographic space": "{}\u3000",
        "a trailing line separator": "{}\u2028",
        "a trailing next line character": "{}\u0085",
        "a leading byte order mark": "\ufeff{}",
        "a space before quotes": ' "{}"',
    }.items():
        yield refused(f"with {name}", text.format(SECRET), "secret_surrounded_by_whitespace")
    for name, text in {
        "in double quotes": '"{}"',
        "in single quotes": "'{}'",
        "in backquotes": "`{}`",
        "in curly double quotes": "\u201c{}\u201d",
        "in curly single quotes": "\u2018{}\u2019",
        "in two pairs of quotes": "\"'{}'\"",
    }.items():
        yield refused(name, text.format(SECRET), "secret_quoted")
    yield refused("that is an empty pair of quotes", '""', "secret_quoted")
    yield refused("with a NUL inside", "s3\0cret", "secret_contains_nul")
    yield refused("with a trailing NUL", "s3cret\0", "secret_contains_nul")
    yield refused("that is not UTF-8", b"s3cr\xe9t", "secret_not_utf8")

    for text in (
        "undefined",
        "null",
        "NULL",
        "None",
        "nil",
        "<nil>",
        "(null)",
        "NaN",
        "false",
        "[object Object]",
        "changeme",
        "CHANGE_ME",
        "change-me!",
        "replace me",
        "your secret here",
        "your-secret-here",
        "YOUR_SECRET_HERE",
        "your_identity_verification_secret",
        "<secret>",
        "<your secret here>",
        "[your-secret]",
        "{secret}",
        "TODO",
        "xxx",
        "XXXX-XXXX-XXXX",
        "********",
        "\u2022\u2022\u2022\u2022\u2022\u2022",
        "...",
        "\u2026",
    ):
        yield refused(f"with the placeholder {text}", text, "secret_placeholder")
    for text in (
        "IDENTITY_SECRET",
        "$IDENTITY_SECRET",
        "$identity_secret",
        "$SECRET",
        "$CHAT_SECRET_2",
        "${IDENTITY_SECRET}",
        "${IDENTITY_SECRET:-none}",
        "${env:CHAT_SECRET}",
        "${{ secrets.IDENTITY_SECRET }}",
        "$(IDENTITY_SECRET)",
        "$(cat secret.txt)",
        "%IDENTITY_SECRET%",
        "%env(IDENTITY_SECRET)%",
        "%(IDENTITY_SECRET)s",
        "{IDENTITY_SECRET}",
        "{{ identity_secret }}",
        "#{ENV['IDENTITY_SECRET']}",
        '<%= ENV["IDENTITY_SECRET"] %>',
        "ENV['IDENTITY_SECRET']",
        "ENV.fetch('IDENTITY_SECRET')",
        "$env:IDENTITY_SECRET",
        "process.env.IDENTITY_SECRET",
        'os.environ["IDENTITY_SECRET"]',
        'System.getenv("IDENTITY_SECRET")',
        "secrets.IDENTITY_SECRET",
        "op://vault/chat/secret",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:chat",
        "@Microsoft.KeyVault(SecretUri=https://chat.vault.azure.net/secrets/identity)",
    ):
        yield refused(f"with the reference {text}", text, "secret_unexpanded_variable")
    for text in (
        "IDENTITY_SECRET={}",
        "IDENTITY_SECRET = {}",
        'IDENTITY_SECRET="{}"',
        "export IDENTITY_SECRET={}",
        "set secret={}",
        "SOME_NAME={}",
        "CHAT_KEY={}",
        "identity_secret={}",
        "chat.secret={}",
        "IDENTITY_SECRET: {}",
        "IDENTITY_SECRET:{}",
        "secret: {}",
        "IDENTITY_SECRET={} # chat",
        "PORT=80\nIDENTITY_SECRET={}",
        '{{"IDENTITY_SECRET":"{}"}}',
    ):
        yield refused(
            f"with the assignment {text}", text.format("s3cret=="), "secret_holds_assignment"
        )
    for text in (
        "{} # chat",
        "{} #chat",
        "{}\t# chat",
        "{} #",
        "{} // chat",
        "{} ; chat",
        "# {}",
    ):
        yield refused(f"with the comment {text}", text.format(SECRET), "secret_holds_comment")
    for name, text in {
        "that is an identity token key": f"itk_9f2c41aa_{'s3cr' * 16}",
        "that is the beginning of an identity token key": "itk_9f2c41aa",
    }.items():
        yield refused(name, text, "token_key_as_secret")


def document(comment: list[str], cases: list[dict]) -> str:
    names = [(c["kind"], c["name"]) for c in cases]
    twice = [name for name in names if names.count(name) > 1]
    assert not twice, f"a case's name stands twice: {twice}"
    # ASCII escapes, so that no editor and no checkout can change what a case means.
    return json.dumps({"_comment": comment, "cases": cases}, indent=1) + "\n"


def documents() -> dict[str, str]:
    cases = [
        *valid_cases(),
        *accepted_cases(),
        *rejected_cases(),
        *refused_cases(),
        *keyring_cases(),
        *setting_cases(),
    ]
    return {
        "identity-hmac.json": document(COMMENT, cases),
        "identity-token.json": document(identity_token.COMMENT, [*identity_token.cases()]),
        "route.json": document(route.COMMENT, [*route.cases()]),
    }


def main(arguments: list[str]) -> int:
    for name, text in documents().items():
        if arguments != ["--check"]:
            (HERE / name).write_text(text, encoding="ascii")
        elif (HERE / name).read_text(encoding="ascii") != text:
            print(f"{name} is not what generate.py writes: run it again", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
