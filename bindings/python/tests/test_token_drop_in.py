"""Tokens beside PyJWT: what either makes, the other accepts."""

from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity_hmac import (
    UNSET,
    IdentityTokenError,
    IdentityTokenKey,
    generate_secret,
    generate_token_key,
)

TEXT = generate_token_key()
KEY = IdentityTokenKey(TEXT)
NOW = 1_764_000_000

WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
# The core's white space is Unicode's, Python's has four control characters more.
IDS = WORDS.filter(lambda text: bool(text.strip()))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=5,
)
METADATA = st.dictionaries(WORDS, JSON, max_size=3)
ATTRIBUTES = st.fixed_dictionaries(
    {},
    optional={
        "name": IDS | st.none(),
        "email": st.just("jane@example.com") | st.none(),
        "metadata": METADATA | st.none(),
    },
)


def test_pyjwt_accepts_what_is_signed_now() -> None:
    token = KEY.sign("visitor_1", "user_123", email="jane@example.com")
    claims = jwt.decode(token, TEXT, algorithms=["HS256"], options={"require": ["exp", "iat"]})
    assert claims["exp"] == claims["iat"] + 300
    assert (claims["sub"], claims["visitorId"]) == ("user_123", "visitor_1")
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT", "kid": KEY.key_id}


def test_pyjwt_accepts_the_audience() -> None:
    token = KEY.sign("visitor_1", "user_123", audience="pk_1")
    assert jwt.decode(token, TEXT, algorithms=["HS256"], audience="pk_1")["aud"] == "pk_1"


@given(visitor_id=IDS, external_id=IDS, attributes=ATTRIBUTES)
def test_pyjwt_reads_every_claim_as_it_was_given(
    visitor_id: str, external_id: str, attributes: dict[str, Any]
) -> None:
    token = KEY.sign(visitor_id, external_id, now=NOW, expires_in=60, **attributes)
    assert jwt.decode(token, TEXT, algorithms=["HS256"], options={"verify_exp": False}) == {
        "sub": external_id,
        "visitorId": visitor_id,
        "iat": NOW,
        "exp": NOW + 60,
        **attributes,
    }


@given(visitor_id=IDS, external_id=IDS, attributes=ATTRIBUTES)
def test_what_pyjwt_signs_is_accepted_and_read_as_it_was_given(
    visitor_id: str, external_id: str, attributes: dict[str, Any]
) -> None:
    payload = {"sub": external_id, "visitorId": visitor_id, "iat": NOW, "exp": NOW + 60}
    token = jwt.encode(payload | attributes, TEXT, algorithm="HS256")
    claims = KEY.verify(token, visitor_id, now=NOW)
    assert (claims.visitor_id, claims.external_id) == (visitor_id, external_id)
    assert (claims.issued_at, claims.expires_at) == (NOW, NOW + 60)
    for name in ("name", "email", "metadata"):
        assert getattr(claims, name) == attributes.get(name, UNSET)


def test_what_pyjwt_signs_with_the_hmacs_secret_is_refused() -> None:
    payload = {"sub": "user_123", "visitorId": "visitor_1", "iat": NOW, "exp": NOW + 60}
    for key in (generate_secret(), generate_token_key(), TEXT.upper(), TEXT[13:]):
        with pytest.raises(IdentityTokenError) as refusal:
            KEY.verify(jwt.encode(payload, key, algorithm="HS256"), "visitor_1", now=NOW)
        assert refusal.value.code == "identity_token_invalid"


def test_pyjwt_refuses_what_another_key_signed() -> None:
    token = KEY.sign("visitor_1", "user_123")
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token, generate_token_key(), algorithms=["HS256"])
