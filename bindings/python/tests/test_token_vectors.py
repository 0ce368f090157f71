"""Every case of the vectors of identity tokens, which all languages share."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from identity_hmac import (
    UNSET,
    IdentityHmacError,
    IdentityTokenError,
    IdentityTokenKey,
    IdentityTokenKeyring,
    VerifiedClaims,
)

VECTORS = Path(__file__).parents[3] / "tests" / "vectors" / "identity-token.json"
CASES = json.loads(VECTORS.read_text(encoding="ascii"))["cases"]

VARIABLE = "IDENTITY_HMAC_TEST_SETTING"

Case = dict[str, Any]
Verify = Callable[[str | bytes], VerifiedClaims]


def verifiers(case: Case) -> list[Verify]:
    """All that can verify as the case has it."""
    call = {"visitor_id": case["visitor_id"], "audience": case["audience"], "now": case["now"]}
    settings = {name: case[name] for name in ("max_lifetime", "tokens_valid_after") if name in case}
    keyring = IdentityTokenKeyring(*case["keys"], **settings)
    verifiers: list[Verify] = [lambda token: keyring.verify(token, **call)]
    if len(case["keys"]) == 1 and not settings:
        verifiers.append(lambda token: IdentityTokenKey(case["keys"][0]).verify(token, **call))
    return verifiers


def check_accepted(case: Case) -> None:
    unset = {"name": UNSET, "email": UNSET, "metadata": UNSET}
    for verify in verifiers(case):
        for token in (case["token"], case["token"].encode()):
            assert verify(token) == VerifiedClaims(**unset | case["claims"])


def check_refused(case: Case) -> None:
    for verify in verifiers(case):
        with pytest.raises(IdentityTokenError) as refusal:
            verify(case["token"])
        error = refusal.value
        assert (error.code, error.field, error.reason) == (
            case["code"],
            case["field"],
            case["reason"],
        )
        assert error.remedy
        assert error.remedy in str(error)


def sign(case: Case) -> str:
    return IdentityTokenKey(case["key"]).sign(**case["claims"], now=case["now"])


def check_signed(case: Case) -> None:
    assert sign(case) == case["token"]


def check_not_signed(case: Case) -> None:
    with pytest.raises(IdentityTokenError) as refusal:
        sign(case)
    assert refusal.value.code == case["code"]
    assert refusal.value.field == case["field"]
    if case["field"] is not None:
        assert case["field"] in str(refusal.value)
        assert refusal.value.reason


def check_key_accepted(case: Case) -> None:
    set_variable(case["value"])
    for key in (
        IdentityTokenKey.from_env(VARIABLE),
        IdentityTokenKey.from_setting("chat.key", case["value"]),
        IdentityTokenKey.from_setting("chat.key", case["value"].encode()),
        IdentityTokenKey(case["value"]),
        IdentityTokenKey(case["value"].encode()),
    ):
        assert key.key_id == case["key_id"]


def check_key_refused(case: Case) -> None:
    value = case["value"]
    if value is not None:
        for refuse in (IdentityTokenKey, IdentityTokenKeyring):
            for text in (value, value.encode()):
                with pytest.raises(IdentityHmacError) as refusal:
                    refuse(text)
                assert refusal.value.code == "malformed_token_key"
    with pytest.raises(IdentityHmacError, match=r"^chat\.key ") as refusal:
        IdentityTokenKey.from_setting("chat.key", value)
    assert refusal.value.code == case["code"]
    if value is not None and "\0" in value:
        return  # No process can be given such a variable.
    set_variable(value)
    with pytest.raises(IdentityHmacError) as refusal:
        IdentityTokenKey.from_env(VARIABLE)
    assert refusal.value.code == case["code"]
    assert VARIABLE in str(refusal.value)
    assert "s3cr" not in str(refusal.value)


def set_variable(value: str | None) -> None:
    if value is None:
        os.environ.pop(VARIABLE, None)
    else:
        os.environ[VARIABLE] = value


CHECKS: dict[str, Callable[[Case], None]] = {
    "accepted": check_accepted,
    "refused": check_refused,
    "signed": check_signed,
    "not_signed": check_not_signed,
    "key_accepted": check_key_accepted,
    "key_refused": check_key_refused,
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
