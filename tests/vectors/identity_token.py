"""The cases of identity-token.json: tokens made from Python's hmac, json and base64 by hand."""

import base64
import hashlib
import hmac
import json

COMMENT = [
    "Test vectors of identity tokens. Written by tests/vectors/generate.py from Python's hmac,",
    "json and base64 modules; change identity_token.py beside it, not this file.",
    "Each case has a kind and a name. Times are in seconds since the epoch, and now is the time",
    "of the call.",
    "accepted: a keyring of keys (the current one and, if there are two, the previous one), with",
    "the longest lifetime max_lifetime (absent: the default) and the time tokens_valid_after",
    "(absent: none), verifies token for visitor_id and audience (null: none) and gives claims. An",
    "attribute that is absent in claims was not in the token, and one that is null was null.",
    "refused: the same, but an error with this code, field and reason (null: none).",
    "signed: key signs claims at now as token, letter for letter. An attribute that is absent is",
    "not set, and null clears. expires_in is in seconds (absent: the default).",
    "not_signed: the same, but an error with this code and, in its message, this field.",
    "key_accepted: a token key read from a setting with this value has this key_id.",
    "key_refused: a setting with this value (null: unset) is an error with this code.",
    "A suite that meets a kind it does not know must fail.",
]

NOW = 1_764_000_000
VISITOR_ID = "0190f7a2-7c4e-7b1a-9d55-3f1c2b6a8e90"
ORGANIZATION = "pk_5f1c2b6a8e90"
CURRENT = "itk_9f2c41aa_" + bytes(range(32)).hex()
PREVIOUS = "itk_00c0ffee_" + bytes(range(100, 132)).hex()
STRANGE = "itk_0badc0de_" + bytes(range(200, 232)).hex()
SECRET = "9c3a7be1d4f28065" * 4
ABSENT = object()


def b64(raw):
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def tag(key, signed, hash_name="sha256"):
    return hmac.new(key, signed.encode(), hash_name).digest()


def kid_of(key):
    return key.split("_")[1]


def header(key=CURRENT, **members):
    """The header of a token; a member that is ABSENT is left out."""
    whole = {"alg": "HS256", "typ": "JWT", "kid": kid_of(key)} | members
    return {name: value for name, value in whole.items() if value is not ABSENT}


def payload(**claims):
    """The payload of a token; a claim that is ABSENT is left out."""
    whole = {"sub": "user_123", "visitorId": VISITOR_ID, "iat": NOW, "exp": NOW + 300} | claims
    return {name: value for name, value in whole.items() if value is not ABSENT}


def token(claims=None, head=None, key=CURRENT):
    """A token: `claims` and `head` as bytes, text or what is to be JSON, `key` as text or bytes."""
    parts = []
    for part, default in ((head, header()), (claims, payload())):
        part = default if part is None else part
        part = part.encode() if isinstance(part, str) else part
        parts.append(b64(part if isinstance(part, bytes) else compact(part)))
    return seal(*parts, key)


def seal(head, body, key=CURRENT):
    """Signs a header and a payload that are encoded already."""
    signed = f"{head}.{body}"
    return f"{signed}.{b64(tag(key if isinstance(key, bytes) else key.encode(), signed))}"


def fill(part, left):
    """JSON with white space behind it, so that base64 has `left` bytes in its last group."""
    return part + b" " * ((left - len(part)) % 3)


def next_letter(text):
    """The last letter becomes the next one of base64url: a bit that means nothing is set."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + letters[letters.index(text[-1]) + 1]


def long_text(length):
    """Text with which the metadata {"x": TEXT} makes a token at least so long."""
    text = ""
    while len(token(payload(metadata={"x": text}))) < length:
        text += "x"
    return text


def nested(levels):
    """An object of so many levels."""
    value = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


def case(kind, name, **fields):
    return {"kind": kind, "name": name} | {
        field: value for field, value in fields.items() if value is not ABSENT
    }


def verified(kind, name, written, **fields):
    defaults = {"keys": [CURRENT], "visitor_id": VISITOR_ID, "audience": None, "now": NOW}
    return case(kind, name, **(defaults | fields), token=written)


def accepted_cases():
    def accepted(name, written, claims=None, **fields):
        expected = {
            "visitor_id": VISITOR_ID,
            "external_id": "user_123",
            "issued_at": NOW,
            "expires_at": NOW + 300,
            "key_id": kid_of(CURRENT),
        }
        return verified("accepted", name, written, **fields, claims=expected | (claims or {}))

    everything = {
        "name": "Jane Doe",
        "email": "jane@example.com",
        "metadata": {"plan": "pro", "seats": 3, "ratio": 0.1, "tags": ["a", None, True], "x": {}},
    }
    yield accepted("the required claims alone", token())
    yield accepted(
        "every claim",
        token(payload(**everything, nbf=NOW, aud=ORGANIZATION, jti="1")),
        everything,
        audience=ORGANIZATION,
    )
    cleared = {"name": None, "email": None, "metadata": None}
    yield accepted("every attribute cleared", token(payload(**cleared)), cleared)
    yield accepted("empty metadata", token(payload(metadata={})), {"metadata": {}})
    unicode = {"name": 'Zoë 🦀 \u202e\u0301 \n\t"\\/', "metadata": {"größe": "大"}}
    yield accepted(
        "characters beyond ASCII",
        token(payload(sub="käufer_7", **unicode)),
        unicode | {"external_id": "käufer_7"},
    )
    yield accepted(
        "characters beyond ASCII as escapes",
        token(json.dumps(payload(sub="käufer_7🦀"))),
        {"external_id": "käufer_7🦀"},
    )
    yield accepted(
        "an e-mail address beyond ASCII",
        token(payload(email="jörg@bücher.example")),
        {"email": "jörg@bücher.example"},
    )
    yield accepted(
        "a visitor id beyond ASCII",
        token(payload(visitorId="besucher_é")),
        {"visitor_id": "besucher_é"},
        visitor_id="besucher_é",
    )
    yield accepted(
        "claims with escaped names",
        token(
            f'{{"s\\u0075b":"user_123","visitorId":"{VISITOR_ID}","iat":{NOW},"exp":{NOW + 300}}}'
        ),
    )
    yield accepted(
        "white space between the tokens of JSON",
        token(json.dumps(payload(), indent=2) + "\r\n\t", " " + json.dumps(header())),
    )
    yield accepted("another order of members", token(dict(reversed(payload().items()))))
    yield accepted(
        "sub of 256 characters", token(payload(sub="🦀" * 256)), {"external_id": "🦀" * 256}
    )
    yield accepted("name of 256 characters", token(payload(name="é" * 256)), {"name": "é" * 256})
    address = "j" * (320 - len("@example.com")) + "@example.com"
    yield accepted("email of 320 characters", token(payload(email=address)), {"email": address})
    deep = nested(8)
    yield accepted("metadata of 8 levels", token(payload(metadata=deep)), {"metadata": deep})
    text = long_text(8192)
    longest = token(payload(metadata={"x": text}))
    assert len(longest) == 8192
    yield accepted("8,192 characters", longest, {"metadata": {"x": text}})

    both = [CURRENT, PREVIOUS]
    previous = {"key_id": kid_of(PREVIOUS)}
    yield accepted("the current key by its kid", token(), keys=both)
    yield accepted(
        "the previous key by its kid",
        token(head=header(PREVIOUS), key=PREVIOUS),
        previous,
        keys=both,
    )
    yield accepted("the current key without a kid", token(head=header(kid=ABSENT)), keys=both)
    yield accepted(
        "the previous key without a kid",
        token(head=header(kid=ABSENT), key=PREVIOUS),
        previous,
        keys=both,
    )
    yield accepted("one key without a kid", token(head=header(kid=ABSENT)))
    twin = f"itk_{kid_of(CURRENT)}_" + bytes(range(50, 82)).hex()
    yield accepted("the second of two keys with one kid", token(key=twin), keys=[CURRENT, twin])
    yield accepted("no typ", token(head=header(typ=ABSENT)))
    yield accepted("alg alone in the header", token(head={"alg": "HS256"}))
    yield accepted(
        "members of the header that would bring a key",
        token(
            head=header(
                jku="https://example.com/keys",
                jwk={"kty": "oct", "k": b64(STRANGE.encode())},
                x5u="https://example.com/cert",
                x5c=["MIIB"],
                x5t="x",
            )
        ),
    )

    times = {"issued_at": NOW - 0.75, "expires_at": NOW + 299.25}
    yield accepted("fractions of seconds", token(payload(iat=NOW - 0.75, exp=NOW + 299.25)), times)
    yield accepted(
        "times with a fraction of zero and with an exponent",
        token(
            f'{{"sub":"user_123","visitorId":"{VISITOR_ID}","iat":1764000000.0,"exp":17640003E2}}'
        ),
    )
    yield accepted(
        "iat 60 s in the future",
        token(payload(iat=NOW + 60, exp=NOW + 61)),
        {"issued_at": NOW + 60, "expires_at": NOW + 61},
    )
    yield accepted("nbf 60 s in the future", token(payload(nbf=NOW + 60)))
    yield accepted("nbf in the past", token(payload(nbf=0)))
    yield accepted("negative nbf", token(payload(nbf=-1.5)))
    yield accepted("359 s later", token(), now=NOW + 359)
    yield accepted(
        "a lifetime of one second",
        token(payload(exp=NOW + 1)),
        {"expires_at": NOW + 1},
    )
    hour, day = NOW + 3600, NOW + 86400
    yield accepted("a lifetime of an hour", token(payload(exp=hour)), {"expires_at": hour})
    yield accepted(
        "a lifetime of a day where that is allowed",
        token(payload(exp=day)),
        {"expires_at": day},
        max_lifetime=86400,
    )
    yield accepted(
        "a lifetime of a minute where no more is allowed",
        token(payload(exp=NOW + 60)),
        {"expires_at": NOW + 60},
        max_lifetime=60,
    )
    yield accepted("signed when tokens began to be accepted", token(), tokens_valid_after=NOW)

    yield accepted("no aud for any audience", token(), audience=ORGANIZATION)
    for name, audience in {
        "aud as text": ORGANIZATION,
        "aud as a list": [ORGANIZATION],
        "aud as a list with others": ["pk_other", ORGANIZATION, ""],
    }.items():
        yield accepted(name, token(payload(aud=audience)), audience=ORGANIZATION)
    others = {"jti": None, "iss": 7, "externalId": "user_9", "scope": ["a"], "x": nested(8), "": {}}
    yield accepted("other claims of any type", token(payload(**others)))


def forged_cases():
    """Everything up to and with the signature: one answer for all."""

    def forged(name, written, **fields):
        expected = {"code": "identity_token_invalid", "field": None, "reason": None}
        return verified("refused", name, written, **fields, **expected)

    right = token()
    head, body, signature = right.split(".")

    yield forged("nothing", "")
    yield forged("one part", head)
    yield forged("two parts", f"{head}.{body}")
    yield forged("four parts", f"{right}.")
    yield forged("five parts, as an encrypted token has", f"{right}.{body}.{signature}")
    yield forged("two dots alone", "..")
    yield forged("two dots between the parts", f"{head}..{body}.{signature}")
    yield forged("a dot in front", f".{right}")
    yield forged("no header", f".{body}.{signature}")
    yield forged("no payload", f"{head}..{signature}")
    yield forged("no signature", f"{head}.{body}.")
    yield forged("Bearer in front", f"Bearer {right}")
    yield forged("quotes around it", f'"{right}"')
    yield forged("percent-encoded dots", right.replace(".", "%2E"))
    yield forged("a comma in place of a dot", right.replace(".", ",", 1))
    yield forged("full-width dots", right.replace(".", "\uff0e"))
    for name, space in {"a space": " ", "a line end": "\n", "a tab": "\t", "a NUL": "\0"}.items():
        yield forged(f"{name} in front", space + right)
        yield forged(f"{name} behind", right + space)
        yield forged(f"{name} inside", head + space + right.removeprefix(head))
    yield forged("a byte order mark in front", "\ufeff" + right)
    yield forged("a letter beyond ASCII", right[:-1] + "é")
    yield forged("the last character cut off", right[:-1])
    yield forged("the last 20 characters cut off", right[:-20])
    yield forged("a token that is too long", token(payload(metadata={"x": long_text(8193)})))
    yield forged("all in upper case", right.upper())

    # Base64url that a lenient decoder reads as the same bytes, each with a signature over it.
    for left in (1, 2):
        parts = {"header": fill(compact(header()), left), "payload": fill(compact(payload()), left)}
        for name, part in parts.items():
            for fault, written in {
                "padding": base64.urlsafe_b64encode(part).decode(),
                "half the padding": b64(part) + "=",
                "last bits that mean nothing": next_letter(b64(part)),
            }.items():
                both = {"header": head, "payload": body} | {name: written}
                if (fault, left) != ("half the padding", 2):
                    yield forged(f"{fault} in a {name} of 3n + {left} bytes", seal(*both.values()))
    yield forged("a space in the payload's base64url", seal(head, f"{body[:8]} {body[8:]}"))
    yield forged("a letter beyond ASCII in the payload", seal(head, f"{body[:-4]}éééé"))
    yield forged("a payload of one letter", seal(head, "e"))
    dashed = b64(compact(payload(name="???~~~")))
    assert "-" in dashed or "_" in dashed
    standard = dashed.replace("-", "+").replace("_", "/")
    yield forged("the standard alphabet in the payload", seal(head, standard))
    raw = tag(CURRENT.encode(), f"{head}.{body}")
    yield forged("padding in the signature", right + "=")
    yield forged("last bits of the signature that mean nothing", next_letter(right))

    # The signature in other encodings, and other signatures.
    for name, other in {
        "in hexadecimal": raw.hex(),
        "in base64": base64.b64encode(raw).decode(),
        "in base64 twice": b64(signature.encode()),
        "of hexadecimal digits in base64url": b64(raw.hex().encode()),
        "in base32": base64.b32encode(raw).decode().rstrip("="),
        "of 31 bytes": b64(raw[:31]),
        "of 16 bytes": b64(raw[:16]),
        "of 33 bytes": b64(raw + b"\0"),
        "of zeros": b64(bytes(32)),
        "of no key": b64(tag(b"", f"{head}.{body}")),
        "of the payload alone": b64(tag(CURRENT.encode(), body)),
        "of another token": token(payload(sub="user_124")).split(".")[2],
        "with its last bit turned": b64(raw[:31] + bytes([raw[31] ^ 1])),
        "with its first bit turned": b64(bytes([raw[0] ^ 128]) + raw[1:]),
        "of SHA-512": b64(tag(CURRENT.encode(), f"{head}.{body}", "sha512")),
        "of SHA-256 without a key": b64(hashlib.sha256(f"{head}.{body}".encode()).digest()),
        "of key and text hashed together": b64(
            hashlib.sha256(f"{CURRENT}{head}.{body}".encode()).digest()
        ),
    }.items():
        yield forged(f"a signature {name}", f"{head}.{body}.{other}")
    other = b64(compact(payload(sub="admin")))
    yield forged("the payload of another token", f"{head}.{other}.{signature}")

    # Other keys.
    for name, key in {
        "another token key with this kid": STRANGE,
        "the identity verification secret": SECRET,
        "the bytes of the identity verification secret": bytes.fromhex(SECRET),
        "the secret part of the key": CURRENT.split("_")[2],
        "the bytes of the secret part of the key": bytes.fromhex(CURRENT.split("_")[2]),
        "the key without its prefix": CURRENT.removeprefix("itk_"),
        "the key decoded from base64url": base64.urlsafe_b64decode(CURRENT[:76]),
        "the key with a line end": CURRENT + "\n",
        "the key with a space": " " + CURRENT,
        "the key in quotes": f'"{CURRENT}"',
        "the key in upper case": CURRENT.upper(),
        "the kid": kid_of(CURRENT),
        "no key": b"\0",
        "SHA-256 of the key": hashlib.sha256(CURRENT.encode()).hexdigest(),
    }.items():
        yield forged(f"signed with {name}", token(key=key))
    yield forged("signed with another organization's key", token(head=header(STRANGE), key=STRANGE))
    yield forged("the kid of another key", token(head=header(STRANGE)))
    both = [CURRENT, PREVIOUS]
    yield forged("the kid of the previous key", token(head=header(PREVIOUS)), keys=both)
    yield forged("the previous key under the kid of the current", token(key=PREVIOUS), keys=both)
    yield forged("a previous key that is gone", token(head=header(PREVIOUS), key=PREVIOUS))
    yield forged("no kid and neither key", token(head=header(kid=ABSENT), key=STRANGE), keys=both)

    # A route that signs any visitor id, asked to sign what would forge a token (NEXT.md 1.2).
    label = "identity-token"
    for name, key in {
        "HMAC of a label under the secret": hmac.new(SECRET.encode(), label.encode(), "sha256"),
        "HKDF-Expand of the secret": hmac.new(SECRET.encode(), label.encode() + b"\x01", "sha256"),
    }.items():
        yield forged(f"signed with {name}", token(key=key.digest()))
        yield forged(f"signed with the digits of {name}", token(key=key.hexdigest()))
    oracle = hmac.new(SECRET.encode(), f"{head}.{body}".encode(), "sha256")
    yield forged("the hmac that a route made of the token", f"{head}.{body}.{oracle.hexdigest()}")
    yield forged("the bytes of that hmac", f"{head}.{body}.{b64(oracle.digest())}")

    # Headers, each with a right signature.
    for name, alg in {
        "none": "none",
        "None": "None",
        "NONE": "NONE",
        "hs256": "hs256",
        "Hs256": "Hs256",
        "HS256 and a space": "HS256 ",
        "HS256 and a NUL": "HS256\0",
        "HS384": "HS384",
        "HS512": "HS512",
        "RS256": "RS256",
        "ES256": "ES256",
        "EdDSA": "EdDSA",
        "dir": "dir",
        "nothing": "",
        "null": None,
        "true": True,
        "a number": 256,
        "a list": ["HS256"],
        "an object": {"alg": "HS256"},
    }.items():
        yield forged(f"alg {name}", token(head=header(alg=alg)))
    yield forged("no alg", token(head=header(alg=ABSENT)))
    yield forged("ALG in upper case", token(head={"ALG": "HS256"}))
    unsigned = b64(compact({"alg": "none", "typ": "JWT"}))
    yield forged("alg none and no signature", f"{unsigned}.{body}.")
    hs512 = f"{b64(compact(header(alg='HS512')))}.{body}"
    longer = b64(tag(CURRENT.encode(), hs512, "sha512"))
    yield forged("HS512 with a signature of its own", f"{hs512}.{longer}")
    for member in ("crit", "b64"):
        for name, value in {
            "null": None,
            "true": True,
            "false": False,
            "0": 0,
            "nothing": "",
            "text": "exp",
            "an empty list": [],
            "a list": ["exp"],
            "a list with b64": ["b64"],
            "an object": {},
        }.items():
            yield forged(f"{member} {name}", token(head=header(**{member: value})))
    yield forged("crit and the extension that it names", token(head=header(crit=["x"], x=1)))
    for name, typ in {
        "jwt": "jwt",
        "JWS": "JWS",
        "JWE": "JWE",
        "at+jwt": "at+jwt",
        "application/jwt": "application/jwt",
        "nothing": "",
        "null": None,
        "a number": 1,
        "a list": ["JWT"],
    }.items():
        yield forged(f"typ {name}", token(head=header(typ=typ)))
    for name, kid in {
        "null": None,
        "a number": 9,
        "a list": [kid_of(CURRENT)],
        "nothing": "",
        "in upper case": kid_of(CURRENT).upper(),
        "and a space": kid_of(CURRENT) + " ",
        "of a path": f"../{kid_of(CURRENT)}",
        "of the whole key": CURRENT,
    }.items():
        yield forged(f"kid {name}", token(head=header(kid=kid)))
    plain = compact(header()).decode()
    for name, text in {
        "alg twice": plain.replace("{", '{"alg":"none",'),
        "alg twice, the second one wrong": plain.replace("}", ',"alg":"none"}'),
        "alg twice, once with an escape": plain.replace("{", '{"\\u0061lg":"HS256",'),
        "kid twice": plain.replace("}", f',"kid":"{kid_of(CURRENT)}"}}'),
        "another member twice": plain.replace("}", ',"x":1,"x":1}'),
        "a member twice in a member": plain.replace("}", ',"x":{"y":1,"y":1}}'),
        "a NUL": plain.replace("}", ',"x":"\\u0000"}'),
        "a lone surrogate": plain.replace("}", ',"x":"\\ud800"}'),
        "a byte order mark": "\ufeff" + plain,
        "a comment": plain + "//",
        "a comma too many": plain.replace("}", ",}"),
        "single quotes": plain.replace('"', "'"),
        "an array": f"[{plain}]",
        "a text": '"HS256"',
        "null": "null",
        "nothing": "",
        "two objects": plain + plain,
        "100 levels": plain.replace("}", f',"x":{"[" * 99}{"]" * 99}}}'),
        "10,000 opening brackets": "[" * 5000,
    }.items():
        yield forged(f"a header with {name}", token(head=text))
    yield forged("a header that is not UTF-8", token(head=b'{"alg":"HS256","x":"\xff"}'))


def refused_cases():
    def refused(name, written, code, field=None, reason=None, **fields):
        expected = {"code": f"identity_token_{code}", "field": field, "reason": reason}
        return verified("refused", name, written, **fields, **expected)

    def claim(name, written, field, reason, **fields):
        return refused(name, written, "claim", field, reason, **fields)

    # The payload as a whole.
    for name, text in {
        "a list": "[]",
        "a list of claims": json.dumps([payload()]),
        "a text": '"user_123"',
        "a number": "1",
        "null": "null",
    }.items():
        yield claim(f"a payload that is {name}", token(text), None, "type")
    plain = compact(payload()).decode()
    for name, text in {
        "nothing": "",
        "white space": " ",
        "not JSON": "sub=user_123",
        "half an object": plain[:-1],
        "two objects": plain + plain,
        "a byte order mark and an object": "\ufeff" + plain,
        "an object and a NUL": plain + "\0",
        "an object and a comment": plain + "/**/",
        "an object with single quotes": plain.replace('"', "'"),
        "an object with a comma too many": plain[:-1] + ",}",
        "in UTF-16": plain.encode("utf-16"),
        "a token": token(),
        "100 levels deep": "[" * 100 + "]" * 100,
        "5,000 opening brackets": "[" * 5000,
    }.items():
        yield claim(f"a payload that is {name}", token(text or b""), None, "json")

    def with_member(text):
        return token(plain[:-1] + f",{text}}}")

    for name, (text, field) in {
        "a claim that is not UTF-8": (b',"name":"\xff"}', "name"),
        "another member that is not UTF-8": (b',"x":"\xff"}', None),
    }.items():
        yield claim(name, token(plain[:-1].encode() + text), field, "json")
    for name, text, field in (
        ("a NUL in name", '"name":"a\\u0000b"', "name"),
        ("a NUL in a key of metadata", '"metadata":{"\\u0000":1}', "metadata"),
        ("a NUL in another member", '"x":"\\u0000"', None),
        ("a raw NUL in name", '"name":"a\0b"', "name"),
        ("a raw line end in name", '"name":"a\nb"', "name"),
        ("a lone surrogate in name", '"name":"\\ud800"', "name"),
        ("a lone low surrogate in metadata", '"metadata":{"x":"\\udc00"}', "metadata"),
        ("surrogates in the wrong order", '"name":"\\udc00\\ud800"', "name"),
        ("metadata of 9 levels", f'"metadata":{json.dumps(nested(9))}', "metadata"),
        ("metadata of 100 levels", f'"metadata":{json.dumps(nested(100))}', "metadata"),
        ("lists of 100 levels in metadata", f'"metadata":{"[" * 100}{"]" * 100}', "metadata"),
        ("another member of 100 levels", f'"x":{"[" * 100}{"]" * 100}', None),
        ("nbf NaN", '"nbf":NaN', "nbf"),
        ("nbf 1e400", '"nbf":1e400', "nbf"),
        ("nbf 01", '"nbf":01', "nbf"),
        ("nbf .5", '"nbf":.5', "nbf"),
        ("nbf 0x1", '"nbf":0x1', None),
    ):
        yield claim(name, with_member(text), field, "json")
    for value in ("1e400", "-1e400", "Infinity", "1."):
        text = plain.replace(f'"exp":{NOW + 300}', f'"exp":{value}')
        yield claim(f"exp {value}", token(text), "exp", "json")

    # Members that stand twice.
    for name, value in payload(name="Jane", email=None, metadata={}, nbf=0, aud="x").items():
        again = compact({name: value}).decode()[1:-1]
        text = compact(payload() | {name: value}).decode()
        yield claim(f"{name} twice", token(text[:-1] + f",{again}}}"), name, "twice")
    for name, text, field in (
        ("sub twice, once with an escape", '"\\u0073ub":"admin"', "sub"),
        ("exp twice, the second one null", '"exp":null', "exp"),
        ("another member twice", '"x":1,"x":2', None),
        ("a key of metadata twice", '"metadata":{"plan":"free","plan":"pro"}', "metadata"),
        ("a key twice deep in metadata", '"metadata":{"a":[{"b":1,"b":1}]}', "metadata"),
        ("a key twice in another member", '"x":{"y":1,"y":1}', None),
        ("a key twice in a list of aud", f'"aud":["{ORGANIZATION}",{{"a":1,"a":1}}]', "aud"),
    ):
        yield claim(name, with_member(text), field, "twice")

    # Claims that are missing or have another type.
    for name in ("sub", "visitorId", "iat", "exp"):
        yield claim(f"no {name}", token(payload(**{name: ABSENT})), name, "missing")
    yield claim("no claim at all", token({}), "sub", "missing")
    yield claim("SUB in upper case", token(payload(sub=ABSENT, SUB="user_123")), "sub", "missing")
    yield claim(
        "externalId in place of sub",
        token(payload(sub=ABSENT, externalId="user_123")),
        "sub",
        "missing",
    )
    values = {
        "null": None,
        "true": True,
        "false": False,
        "a number": 123,
        "a fraction": 0.5,
        "a text": "x",
        "an empty text": "",
        "a text of digits": str(NOW + 300),
        "an empty list": [],
        "a list": ["x"],
        "an empty object": {},
        "an object": {"x": 1},
    }
    texts = {"a text", "an empty text", "a text of digits"}
    numbers = {"a number", "a fraction"}
    allowed = {
        "sub": texts,
        "visitorId": texts,
        "iat": numbers,
        "exp": numbers,
        "nbf": numbers,
        "aud": texts | {"an empty list", "a list"},
        "name": texts | {"null"},
        "email": texts | {"null"},
        "metadata": {"null", "an empty object", "an object"},
    }
    for name, right in allowed.items():
        for what, value in values.items():
            if what not in right:
                yield claim(f"{name} as {what}", token(payload(**{name: value})), name, "type")
    yield claim("a number in a list of aud", token(payload(aud=["x", 1])), "aud", "type")
    yield claim("null in a list of aud", token(payload(aud=[ORGANIZATION, None])), "aud", "type")
    yield claim("sub empty", token(payload(sub="")), "sub", "empty")
    yield claim("sub blank", token(payload(sub=" \u00a0")), "sub", "empty")
    yield claim("name empty", token(payload(name="")), "name", "empty")
    yield claim("name blank", token(payload(name="\t ")), "name", "empty")
    large = {"x": [1, 2**64]}
    yield claim("an integer of 65 bits", token(payload(metadata=large)), "metadata", "json")
    yield claim("email empty", token(payload(email="")), "email", "empty")
    yield claim("visitorId empty", token(payload(visitorId="")), "visitorId", "empty")
    yield claim(
        "visitorId empty for an empty visitor id",
        token(payload(visitorId="")),
        "visitorId",
        "empty",
        visitor_id="",
    )
    yield claim("sub of 257 characters", token(payload(sub="u" * 257)), "sub", "too_long")
    yield claim("name of 257 characters", token(payload(name="é" * 257)), "name", "too_long")
    address = "j" * (321 - len("@example.com")) + "@example.com"
    yield claim("email of 321 characters", token(payload(email=address)), "email", "too_long")
    for address in ("jane", "@example.com", "jane@", "jane doe@example.com", "j@-example.com"):
        yield claim(f"email {address!r}", token(payload(email=address)), "email", "address")

    # Times.
    for name, times, fields in (
        ("a lifetime of 3,601 s", {"exp": NOW + 3601}, {}),
        ("a lifetime of an hour and a fraction", {"exp": NOW + 3600.5}, {}),
        ("a lifetime of 61 s where 60 are allowed", {"exp": NOW + 61}, {"max_lifetime": 60}),
        ("a lifetime of 86,401 s", {"exp": NOW + 86401}, {"max_lifetime": 86400}),
        ("a lifetime of a year", {"exp": NOW + 31_536_000}, {}),
        ("exp in milliseconds", {"exp": (NOW + 300) * 1000}, {}),
        ("iat and exp in milliseconds", {"iat": NOW * 1000, "exp": (NOW + 300) * 1000}, {}),
        ("iat zero", {"iat": 0}, {}),
        ("iat negative", {"iat": -NOW}, {}),
        ("exp at iat", {"exp": NOW}, {}),
        ("exp before iat", {"iat": NOW + 10, "exp": NOW + 5}, {}),
        ("exp zero", {"exp": 0}, {}),
        ("exp negative", {"exp": -1}, {}),
        ("exp huge", {"exp": 1e300}, {}),
        ("iat and exp huge", {"iat": 1e300, "exp": 1e300}, {}),
        ("exp the largest double", {"exp": 1.7976931348623157e308}, {}),
        ("a lifetime beyond the largest double", {"iat": -1.7e308, "exp": 1.7e308}, {}),
        ("exp a lifetime and not a time", {"exp": 300}, {}),
    ):
        yield claim(name, token(payload(**times)), "exp", "lifetime", **fields)
    for name, times, field in (
        ("iat 61 s in the future", {"iat": NOW + 61}, "iat"),
        ("iat 60.5 s in the future", {"iat": NOW + 60.5}, "iat"),
        ("iat an hour in the future", {"iat": NOW + 3600, "exp": NOW + 3900}, "iat"),
        ("nbf 61 s in the future", {"nbf": NOW + 61}, "nbf"),
        ("nbf 60.25 s in the future", {"nbf": NOW + 60.25}, "nbf"),
        ("nbf in milliseconds", {"nbf": NOW * 1000}, "nbf"),
        ("nbf huge", {"nbf": 1e308}, "nbf"),
    ):
        yield refused(name, token(payload(**times)), "not_yet_valid", field)
    yield refused("360 s later", token(), "expired", "exp", now=NOW + 360)
    yield refused("an hour later", token(), "expired", "exp", now=NOW + 3600)
    yield refused(
        "expired a fraction ago", token(payload(exp=NOW + 9.5)), "expired", "exp", now=NOW + 70
    )
    yield refused("at the end of time", token(), "expired", "exp", now=2**63)
    yield refused("at the beginning of time", token(), "not_yet_valid", "iat", now=0)
    yield refused(
        "signed before tokens began to be accepted",
        token(),
        "revoked",
        "iat",
        tokens_valid_after=NOW + 1,
    )
    yield refused(
        "signed a fraction before tokens began to be accepted",
        token(payload(iat=NOW - 0.25)),
        "revoked",
        "iat",
        tokens_valid_after=NOW,
    )

    # Audiences and visitors.
    for name, audience in {
        "another aud": "pk_other",
        "an empty aud": "",
        "an aud in upper case": ORGANIZATION.upper(),
        "a longer aud": ORGANIZATION + "0",
        "a list of other auds": ["pk_other", ORGANIZATION[:-1]],
        "an empty list of auds": [],
    }.items():
        written = token(payload(aud=audience))
        yield refused(name, written, "other_audience", "aud", audience=ORGANIZATION)
    yield refused(
        "an aud where none is expected", token(payload(aud=ORGANIZATION)), "other_audience", "aud"
    )
    for name, visitor_id in {
        "another visitor": "0190f7a2-7c4e-7b1a-9d55-3f1c2b6a8e91",
        "a visitor id in upper case": VISITOR_ID.upper(),
        "a visitor id and a space": VISITOR_ID + " ",
        "the start of the visitor id": VISITOR_ID[:-1],
        "an empty visitor id": "",
    }.items():
        yield refused(name, token(), "other_visitor", "visitorId", visitor_id=visitor_id)
    yield refused(
        "a visitor id in another normal form",
        token(payload(visitorId="cafe\u0301")),
        "other_visitor",
        "visitorId",
        visitor_id="caf\u00e9",
    )

    # Of several faults the first in the order of NEXT.md 1.3 is told.
    other = {"visitor_id": "visitor_2"}
    wrong = {"aud": "pk_other"}
    yield claim(
        "a claim of a wrong type before a lifetime",
        token(payload(name=1, exp=NOW + 9999)),
        "name",
        "type",
    )
    yield claim(
        "a lifetime before the future",
        token(payload(iat=NOW + 100, exp=NOW + 9999)),
        "exp",
        "lifetime",
    )
    yield refused(
        "iat before nbf", token(payload(iat=NOW + 61, nbf=NOW + 61)), "not_yet_valid", "iat"
    )
    yield refused(
        "nbf before the end",
        token(payload(iat=NOW - 600, nbf=NOW + 61, exp=NOW - 300)),
        "not_yet_valid",
        "nbf",
    )
    yield refused(
        "the end before the audience", token(payload(**wrong)), "expired", "exp", now=NOW + 999
    )
    yield refused(
        "the audience before the visitor", token(payload(**wrong)), "other_audience", "aud", **other
    )
    yield refused(
        "the visitor before the time of revocation",
        token(),
        "other_visitor",
        "visitorId",
        **other,
        tokens_valid_after=NOW + 1,
    )


def signed_cases():
    def signed(case_name, /, now=NOW, **given):
        given = {"visitor_id": VISITOR_ID, "external_id": "user_123"} | given
        claims = {
            "sub": given["external_id"],
            "visitorId": given["visitor_id"],
            "iat": now,
            "exp": now + given.get("expires_in", 300),
            "aud": given.get("audience", ABSENT),
        } | {name: given[name] for name in ("name", "email", "metadata") if name in given}
        written = token({name: value for name, value in claims.items() if value is not ABSENT})
        return case("signed", case_name, key=CURRENT, now=now, claims=given, token=written)

    yield signed("the required claims alone")
    yield signed(
        "every claim",
        name="Jane Doe",
        email="jane@example.com",
        metadata={"plan": "pro", "seats": 3, "tags": ["a", None, True], "x": {"y": -1.5}},
        audience=ORGANIZATION,
        expires_in=60,
    )
    yield signed("every attribute cleared", name=None, email=None, metadata=None)
    yield signed("a name that is cleared", name=None)
    yield signed("empty metadata", metadata={})
    yield signed("characters beyond ASCII", external_id="käufer_7", name="Zoë 🦀 e\u0301")
    yield signed("characters that JSON escapes", name='"\\/\b\f\n\r\t\x01\x1f\x7f\u2028<>&')
    yield signed("a visitor id that is no UUID", visitor_id="visitor_1")
    yield signed("a second", expires_in=1)
    yield signed("a day", expires_in=86400)
    yield signed("256 characters", external_id="u" * 256, name="é" * 256)
    yield signed("metadata of 8 levels", metadata=nested(8))
    yield signed("the beginning of time", now=0)

    def not_signed(case_name, field, /, code="invalid_claim", **given):
        given = {"visitor_id": VISITOR_ID, "external_id": "user_123"} | given
        expected = {"code": code, "field": field}
        return case("not_signed", case_name, key=CURRENT, now=NOW, claims=given, **expected)

    yield not_signed("an empty visitor id", "visitorId", visitor_id="")
    yield not_signed("an empty external id", "sub", external_id="")
    yield not_signed("an external id of 257 characters", "sub", external_id="u" * 257)
    yield not_signed("a NUL in an external id", "sub", external_id="a\0b")
    yield not_signed("a NUL in a visitor id", "visitorId", visitor_id="a\0b")
    yield not_signed("an empty name", "name", name="")
    yield not_signed("a name of 257 characters", "name", name="é" * 257)
    yield not_signed("an e-mail address without a domain", "email", email="jane")
    yield not_signed("an empty e-mail address", "email", email="")
    yield not_signed("metadata of 9 levels", "metadata", metadata=nested(9))
    yield not_signed("a NUL in metadata", "metadata", metadata={"x": "\0"})
    yield not_signed("metadata that is a list", "metadata", metadata=["pro"])
    yield not_signed("metadata that is a text", "metadata", metadata="pro")
    yield not_signed("no lifetime", "exp", expires_in=0)
    yield not_signed("a lifetime of more than a day", "exp", expires_in=86401)
    yield not_signed(
        "a token that is too long", None, code="token_too_long", metadata={"x": long_text(8193)}
    )


def key_cases():
    yield case("key_accepted", "a key", value=CURRENT, key_id=kid_of(CURRENT))
    yield case("key_accepted", "another key", value=PREVIOUS, key_id=kid_of(PREVIOUS))
    for name, value in {"unset": None, "empty": "", "of white space": " \n"}.items():
        yield case("key_refused", f"a key that is {name}", value=value, code="token_key_unset")
    _, kid, digits = CURRENT.split("_")
    for name, value in {
        "an identity verification secret": SECRET,
        "a secret that people choose": "s3cret",
        "in upper case": f"itk_{kid.upper()}_{digits.upper()}",
        "with a prefix in upper case": f"ITK_{kid}_{digits}",
        "without its prefix": f"{kid}_{digits}",
        "without its kid": f"itk_{digits}",
        "with a shorter kid": f"itk_{kid[:-1]}_{digits}",
        "with a longer kid": f"itk_{kid}0_{digits}",
        "without its secret": f"itk_{kid}_",
        "with a digit too few": CURRENT[:-1],
        "with a digit too many": CURRENT + "0",
        "with a letter beyond f": CURRENT[:-1] + "g",
        "with a full-width digit": CURRENT[:-1] + "\uff11",
        "with a line end": CURRENT + "\n",
        "with a space in front": " " + CURRENT,
        "with a NUL": CURRENT + "\0",
        "with a byte order mark": "\ufeff" + CURRENT,
        "in quotes": f'"{CURRENT}"',
        "with hyphens": CURRENT.replace("_", "-"),
        "with four parts": f"{CURRENT}_0",
        "assigned": f"IDENTITY_TOKEN_KEY={CURRENT}",
        "a variable that nothing expanded": "${IDENTITY_TOKEN_KEY}",
    }.items():
        yield case("key_refused", f"a key {name}", value=value, code="malformed_token_key")


def cases():
    yield from accepted_cases()
    yield from forged_cases()
    yield from refused_cases()
    yield from signed_cases()
    yield from key_cases()
