"""Every case of the vectors of the guarded route, which all languages share."""

from typing import Any

import pytest

from identity_hmac import IdentityHmacError, _native
from routes import CASES, is_one_of, key_of, user_of

Case = dict[str, Any]


def respond(case: Case) -> tuple[int, list[tuple[str, str]], str]:
    request = case["request"]
    return _native._respond(
        key_of(case),
        request["method"],
        request["query"],
        request["sec_fetch_site"],
        request["remaining_path"],
        user_of(case),
        is_one_of(case),
        case["now"],
    )


def check_answered(case: Case) -> None:
    status, headers, body = respond(case)
    assert {"status": status, "headers": dict(headers), "body": body} == case["answer"]
    assert len(headers) == len(case["answer"]["headers"])


def check_error(case: Case, error: IdentityHmacError) -> None:
    assert (error.code, getattr(error, "field", None)) == (case["code"], case.get("field"))


def check_not_answered(case: Case) -> None:
    with pytest.raises(IdentityHmacError) as raised:
        respond(case)
    check_error(case, raised.value)


def check_user_refused(case: Case) -> None:
    with pytest.raises(IdentityHmacError) as raised:
        user_of(case)
    check_error(case, raised.value)


CHECKS = {
    "answered": check_answered,
    "not_answered": check_not_answered,
    "user_refused": check_user_refused,
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: Case) -> None:
    CHECKS[case["kind"]](case)
