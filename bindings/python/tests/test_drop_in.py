"""The package's function in place of the documented one."""

import hashlib
import hmac
import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

import documented
from identity_hmac import IdentityKey, Keyring, generate_identity_hmac, verify_identity_hmac

TEXT = st.text(min_size=1)
BYTES = st.binary(min_size=1, max_size=300)


def test_it_has_the_documented_names_in_the_documented_order() -> None:
    assert list(inspect.signature(generate_identity_hmac).parameters) == list(
        inspect.signature(documented.generate_identity_hmac).parameters
    )


@given(visitor_id=TEXT, secret=TEXT)
def test_it_signs_text_as_the_documented_function_does(visitor_id: str, secret: str) -> None:
    expected = documented.generate_identity_hmac(visitor_id, secret)
    assert generate_identity_hmac(visitor_id, secret) == expected
    assert generate_identity_hmac(secret=secret, visitor_id=visitor_id) == expected
    assert IdentityKey(secret).sign(visitor_id) == expected
    assert verify_identity_hmac(visitor_id=visitor_id, hmac=expected, secret=secret)


@given(visitor_id=BYTES, secret=BYTES)
def test_it_signs_bytes_as_the_standard_library_does(visitor_id: bytes, secret: bytes) -> None:
    expected = hmac.new(secret, visitor_id, hashlib.sha256).hexdigest()
    assert generate_identity_hmac(visitor_id, secret) == expected
    assert IdentityKey(secret).sign(visitor_id) == expected
    assert verify_identity_hmac(visitor_id, expected, secret)


# Around the length from which other threads run meanwhile.
@pytest.mark.parametrize("length", [2046, 2047, 2048, 2049, 100_000])
def test_it_signs_long_input_as_the_documented_function_does(length: int) -> None:
    for text in ("x" * length, "x" * (length - 2) + "é"):
        expected = documented.generate_identity_hmac(text, text)
        for form in (text, text.encode(), bytearray(text.encode())):
            assert generate_identity_hmac(form, form) == expected
            assert verify_identity_hmac(form, expected, form)
            assert Keyring("n3w", previous=form).matched(form, expected) == "previous"


@given(
    visitor_id=TEXT, secret=TEXT, at=st.integers(0, 63), digit=st.sampled_from("0123456789abcdef")
)
def test_an_hmac_with_one_digit_changed_is_refused(
    visitor_id: str, secret: str, at: int, digit: str
) -> None:
    signed = documented.generate_identity_hmac(visitor_id, secret)
    changed = signed[:at] + digit + signed[at + 1 :]
    assert verify_identity_hmac(visitor_id, changed, secret) is (changed == signed)
