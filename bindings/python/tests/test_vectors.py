"""Every case of the vectors that all languages share."""

import itertools
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from identity_hmac import (
    IdentityHmacError,
    IdentityKey,
    Keyring,
    generate_identity_hmac,
    verify_identity_hmac,
)

VECTORS = Path(__file__).parents[3] / "tests" / "vectors" / "identity-hmac.json"
CASES = json.loads(VECTORS.read_text(encoding="ascii"))["cases"]

VARIABLE = "IDENTITY_HMAC_TEST_SETTING"

Case = dict[str, str | None]
Input = str | bytes


def read(case: Case, field: str) -> Input | None:
    digits = case.get(f"{field}_hex")
    return case[field] if digits is None else bytes.fromhex(digits)


def forms(case: Case, *fields: str) -> Iterator[tuple[Input, ...]]:
    """The inputs in these fields, with each one that is text also as its bytes."""
    return itertools.product(*(both_forms(read(case, field)) for field in fields))


def both_forms(value: Input | None) -> tuple[Input, ...]:
    assert value is not None
    return (value, value.encode()) if isinstance(value, str) else (value,)


def check_valid(case: Case) -> None:
    for secret, visitor_id, hmac in forms(case, "secret", "visitor_id", "hmac"):
        assert generate_identity_hmac(visitor_id, secret) == case["hmac"]
        assert IdentityKey(secret).sign(visitor_id) == case["hmac"]
        assert Keyring(secret).sign(visitor_id) == case["hmac"]
        assert_verifies(visitor_id, hmac, secret)


def check_accepted(case: Case) -> None:
    for secret, visitor_id, hmac in forms(case, "secret", "visitor_id", "hmac"):
        assert_verifies(visitor_id, hmac, secret)


def assert_verifies(visitor_id: Input, hmac: Input, secret: Input) -> None:
    assert verify_identity_hmac(visitor_id, hmac, secret) is True
    assert IdentityKey(secret).verify(visitor_id, hmac) is True
    assert Keyring(secret).verify(visitor_id, hmac) is True
    assert Keyring("another", previous=secret).matched(visitor_id, hmac) == "previous"


def check_rejected(case: Case) -> None:
    for secret, visitor_id, hmac in forms(case, "secret", "visitor_id", "hmac"):
        assert verify_identity_hmac(visitor_id, hmac, secret) is False
        assert IdentityKey(secret).verify(visitor_id, hmac) is False
        assert Keyring(secret, previous=secret).verify(visitor_id, hmac) is False
        assert Keyring(secret, previous=secret).matched(visitor_id, hmac) is None


def check_refused(case: Case) -> None:
    operations: dict[str | None, Callable[[Input, Input], object]] = {
        "sign": generate_identity_hmac,
        "verify": lambda visitor_id, secret: verify_identity_hmac(visitor_id, case["hmac"], secret),
    }
    operation = operations[case["operation"]]
    for secret, visitor_id in forms(case, "secret", "visitor_id"):
        with pytest.raises(IdentityHmacError) as one_call:
            operation(visitor_id, secret)
        assert one_call.value.code == case["code"]

        with pytest.raises(IdentityHmacError) as prepared:
            IdentityKey(secret).sign(visitor_id)
        assert prepared.value.code == case["code"]


def check_keyring(case: Case) -> None:
    for current, visitor_id, hmac in forms(case, "current", "visitor_id", "hmac"):
        for previous in (None,) if case["previous"] is None else both_forms(case["previous"]):
            keyring = Keyring(current, previous)
            assert keyring.matched(visitor_id, hmac) == case["matched"]
            assert keyring.verify(visitor_id, hmac) is (case["matched"] is not None)


def check_setting_accepted(case: Case) -> None:
    set_variable(read(case, "value"))
    for (visitor_id,) in forms(case, "visitor_id"):
        assert IdentityKey.from_env(VARIABLE).sign(visitor_id) == case["hmac"]
        keyring = Keyring.from_env(VARIABLE, VARIABLE)
        assert keyring.sign(visitor_id) == case["hmac"]
        for value in both_forms(read(case, "value")):
            key = IdentityKey.from_setting("chat.secret", value)
            assert key.sign(visitor_id) == case["hmac"]


def check_setting_refused(case: Case) -> None:
    value = read(case, "value")
    for given in (None,) if value is None else both_forms(value):
        with pytest.raises(IdentityHmacError) as refusal:
            IdentityKey.from_setting("chat.secret", given)
        check_refusal(refusal.value, case, "chat.secret")
    if isinstance(value, str) and "\0" in value:
        # No process can be given such a variable, and Python says so itself.
        with pytest.raises(ValueError, match="embedded null byte"):
            set_variable(value)
        return
    if isinstance(value, bytes) and not os.supports_bytes_environ:
        return  # A variable is text there.
    set_variable(value)
    for from_env in (IdentityKey.from_env, lambda name: Keyring.from_env(name, "NOT_SET")):
        with pytest.raises(IdentityHmacError) as refusal:
            from_env(VARIABLE)
        check_refusal(refusal.value, case, VARIABLE)


def check_refusal(error: IdentityHmacError, case: Case, name: str) -> None:
    assert error.code == case["code"]
    assert name in str(error)
    assert "s3cr" not in str(error)


def set_variable(value: Input | None) -> None:
    if isinstance(value, str):
        os.environ[VARIABLE] = value
    elif isinstance(value, bytes):
        os.environb[VARIABLE.encode()] = value
    else:
        os.environ.pop(VARIABLE, None)


CHECKS: dict[str, Callable[[Case], None]] = {
    "valid": check_valid,
    "accepted": check_accepted,
    "rejected": check_rejected,
    "refused": check_refused,
    "keyring": check_keyring,
    "setting_accepted": check_setting_accepted,
    "setting_refused": check_setting_refused,
}


@pytest.fixture(autouse=True)
def _environment_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['kind']}: {case['name']}")
def test_the_vector_holds(case: Case) -> None:
    assert case["kind"] in CHECKS, "a kind of case that this suite does not know"
    CHECKS[case["kind"]](case)


def test_the_vectors_hold_every_kind_that_is_known_here() -> None:
    assert {case["kind"] for case in CASES} == CHECKS.keys()
