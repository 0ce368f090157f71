"""What each argument about identity tokens may be, what verifying answers, and what it raises."""

import array
import copy
import dataclasses
import pickle
import sys
import time
import traceback
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from identity_hmac import (
    UNSET,
    IdentityHmacError,
    IdentityTokenError,
    IdentityTokenKey,
    IdentityTokenKeyring,
    Unset,
    VerifiedClaims,
    generate_token_key,
)

SECRET = "c0ffee00" * 8
TEXT = f"itk_9f2c41aa_{SECRET}"
KEY = IdentityTokenKey(TEXT)
KEYRING = IdentityTokenKeyring(KEY)
NOW = 1_764_000_000
TOKEN = KEY.sign("visitor_1", "user_123", now=NOW)

Verify = Callable[..., VerifiedClaims]
VERIFYING: list[Verify] = [KEY.verify, KEYRING.verify]

each_verify = pytest.mark.parametrize("verify", VERIFYING, ids=lambda call: call.__qualname__)


def sign(**arguments: Any) -> str:
    ids: dict[str, Any] = {"visitor_id": "visitor_1", "external_id": "user_123", "now": NOW}
    return KEY.sign(**ids | arguments)


def claims_of(token: str, now: Any = NOW) -> VerifiedClaims:
    return KEY.verify(token, "visitor_1", now=now)


class TestSigning:
    def test_an_attribute_is_left_out_unless_it_is_given(self) -> None:
        claims = claims_of(sign())
        assert (claims.name, claims.email, claims.metadata) == (UNSET, UNSET, UNSET)
        assert claims_of(sign(name=UNSET, email=UNSET, metadata=UNSET)) == claims
        assert sign(name=UNSET, email=UNSET, metadata=UNSET) == sign()

    def test_none_clears_an_attribute(self) -> None:
        claims = claims_of(sign(name=None, email=None, metadata=None))
        assert (claims.name, claims.email, claims.metadata) == (None, None, None)

    def test_it_takes_the_time_from_the_clock_that_python_reads(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = int(time.time())
        claims = KEY.verify(KEY.sign("visitor_1", "user_123"), "visitor_1")
        assert before <= claims.issued_at <= time.time()
        assert claims.expires_at == claims.issued_at + 300
        monkeypatch.setattr(time, "time", lambda: NOW + 0.75)
        assert KEY.sign("visitor_1", "user_123") == TOKEN
        assert KEY.verify(TOKEN, "visitor_1").issued_at == NOW

    @pytest.mark.parametrize(
        "now",
        [
            NOW,
            NOW + 0.999,
            datetime.fromtimestamp(NOW, timezone.utc),
            datetime.fromtimestamp(NOW + 0.5, timezone(timedelta(hours=-7))),
        ],
        ids=repr,
    )
    def test_a_time_is_a_number_or_a_datetime_with_a_time_zone(self, now: Any) -> None:
        assert sign(now=now) == TOKEN
        assert claims_of(TOKEN, now).issued_at == NOW
        keyring = IdentityTokenKeyring(KEY, tokens_valid_after=now)
        assert keyring.verify(TOKEN, "visitor_1", now=now).issued_at == NOW

    @pytest.mark.parametrize("expires_in", [60, timedelta(minutes=1), timedelta(seconds=60.9)])
    def test_a_duration_is_a_number_of_seconds_or_a_timedelta(self, expires_in: Any) -> None:
        claims = claims_of(sign(expires_in=expires_in))
        assert claims.expires_at == NOW + 60

    @pytest.mark.parametrize(
        "expires_in",
        [
            *[0, -1, 86_401, 2**64, -(2**64)],
            *[timedelta(0), timedelta(seconds=0.9), timedelta(days=-1), timedelta.max],
        ],
    )
    def test_a_duration_out_of_range_is_refused_by_the_core(self, expires_in: Any) -> None:
        with pytest.raises(IdentityTokenError, match="claim exp") as refusal:
            sign(expires_in=expires_in)
        assert (refusal.value.code, refusal.value.reason) == ("invalid_claim", "lifetime")

    def test_metadata_may_hold_all_that_json_can(self) -> None:
        metadata: dict[str, Any] = {
            "a": [1, -1.5, True, None, "é🦀", {"b": {}}],
            "": "",
            "\u2028": "</script>",
        }
        assert claims_of(sign(metadata=metadata)).metadata == metadata

    def test_metadata_that_json_cannot_hold_is_refused(self) -> None:
        circular: dict[str, Any] = {}
        circular["self"] = circular
        with pytest.raises(ValueError, match="Circular"):
            sign(metadata=circular)
        for value in (datetime.now(timezone.utc), {1}, b"pro", object()):
            with pytest.raises(TypeError, match="not JSON serializable"):
                sign(metadata={"value": value})
        # These are text that is not JSON, or is ambiguous, and the core refuses them.
        for metadata, reason in [
            ({"x": float("nan")}, "json"),
            ({"x": float("inf")}, "json"),
            ({"x": 10**400}, "json"),
            ({"x": "\ud800"}, "json"),
            ({1: "a", "1": "b"}, "twice"),
            ([], "type"),
            ("{}", "type"),
        ]:
            with pytest.raises(IdentityTokenError) as refusal:
                sign(metadata=metadata)
            assert (refusal.value.code, refusal.value.field) == ("invalid_claim", "metadata")
            assert refusal.value.reason == reason

    def test_a_subclass_of_str_stands_for_the_text_it_holds(self) -> None:
        class Text(str):
            __str__ = __repr__ = lambda self: "another"

        token = sign(visitor_id=Text("visitor_1"), external_id=Text("user_123"), name=Text("Jane"))
        assert token == sign(name="Jane")

    @pytest.mark.parametrize("value", [1, 1.5, b"text", ["text"], {}, object(), uuid.uuid4()])
    def test_what_is_not_text_is_a_type_error(self, value: object) -> None:
        kind = type(value).__name__
        for argument in ("visitor_id", "external_id", "audience"):
            with pytest.raises(TypeError, match=f"^{argument} must be str, not {kind}$"):
                sign(**{argument: value})
        for argument in ("name", "email"):
            with pytest.raises(TypeError, match=f"^{argument} must be str or None, not {kind}$"):
                sign(**{argument: value})

    @pytest.mark.parametrize("argument", ["visitor_id", "external_id"])
    @pytest.mark.parametrize("value", [None, UNSET])
    def test_the_ids_are_required(self, argument: str, value: object) -> None:
        with pytest.raises(TypeError, match=f"^{argument} must be str, not "):
            sign(**{argument: value})

    @pytest.mark.parametrize("value", [None, 300.0, "300", b"300", (300,), time.time])
    def test_a_duration_of_another_type_is_a_type_error(self, value: object) -> None:
        with pytest.raises(TypeError, match=r"^expires_in must be int, a number of seconds, or "):
            sign(expires_in=value)
        with pytest.raises(TypeError, match=r"^max_lifetime must be int, a number of seconds, or "):
            IdentityTokenKeyring(KEY, max_lifetime=value)  # type: ignore[arg-type]

    @pytest.mark.parametrize("argument", ["visitor_id", "external_id", "name", "email", "audience"])
    def test_a_lone_surrogate_is_refused_and_the_error_does_not_carry_the_text(
        self, argument: str
    ) -> None:
        with pytest.raises(IdentityHmacError, match=f"^{argument} holds a lone") as caught:
            sign(**{argument: "private\ud800"})
        assert caught.value.code == "ill_formed_text"
        assert caught.value.__context__ is None
        assert "private" not in repr(vars(caught.value))

    def test_attributes_are_named(self) -> None:
        with pytest.raises(TypeError, match="positional"):
            KEY.sign("visitor_1", "user_123", "Jane")  # type: ignore[call-arg]


NOT_TIMES: list[Any] = ["1764000000", b"1", timedelta(0), datetime.now().date(), UNSET, [NOW]]
NO_TIMES: list[Any] = [-1, -0.5, float("nan"), float("inf"), datetime(2026, 1, 1)]
NO_TIMES += [datetime(1969, 12, 31, tzinfo=timezone.utc)]

TIMED: dict[str, Callable[[Any], object]] = {
    "now, of sign": lambda now: sign(now=now),
    "now, of IdentityTokenKey.verify": lambda now: KEY.verify(TOKEN, "visitor_1", now=now),
    "now, of IdentityTokenKeyring.verify": lambda now: KEYRING.verify(TOKEN, "visitor_1", now=now),
    "tokens_valid_after, of IdentityTokenKeyring": lambda time: IdentityTokenKeyring(
        KEY, tokens_valid_after=time
    ),
}


@pytest.mark.parametrize(
    ("call", "argument"),
    [(call, name.split(",")[0]) for name, call in TIMED.items()],
    ids=TIMED.keys(),
)
def test_what_is_no_time_is_refused(call: Callable[[Any], object], argument: str) -> None:
    for value in NOT_TIMES:
        with pytest.raises(TypeError, match=f"^{argument} must be datetime.datetime or a number"):
            call(value)
    for value in NO_TIMES:
        with pytest.raises(ValueError, match=f"^{argument} (is not a time|has no time zone)"):
            call(value)
    with pytest.raises(OverflowError):
        call(10**400)


class Hostile:
    """An object that raises from whatever it is asked."""

    def __init__(self, error: type[BaseException]) -> None:
        self.error = error

    def refuse(self, *_arguments: object) -> Any:
        raise object.__getattribute__(self, "error")("asked")

    __class__ = property(refuse)
    __bool__ = __bytes__ = __eq__ = __format__ = __getattr__ = __hash__ = __index__ = refuse
    __int__ = __iter__ = __len__ = __getitem__ = __repr__ = __str__ = __buffer__ = refuse


@each_verify
class TestVerifying:
    def test_it_answers_frozen_claims(self, verify: Verify) -> None:
        token = sign(name="Jane", email=None, metadata={"plan": "pro"}, audience="pk_1")
        claims = verify(token, "visitor_1", audience="pk_1", now=NOW)
        assert claims == VerifiedClaims(
            visitor_id="visitor_1",
            external_id="user_123",
            name="Jane",
            email=None,
            metadata={"plan": "pro"},
            issued_at=NOW,
            expires_at=NOW + 300,
            key_id="9f2c41aa",
        )
        with pytest.raises(dataclasses.FrozenInstanceError):
            claims.email = "ceo@example.com"  # type: ignore[misc]
        assert not hasattr(claims, "__dict__")
        assert copy.deepcopy(claims) == pickle.loads(pickle.dumps(claims)) == claims

    def test_a_token_may_be_any_bytes_like_object(self, verify: Verify) -> None:
        token = TOKEN.encode()
        for form in (bytes, bytearray, memoryview, lambda value: array.array("B", value)):
            assert verify(form(token), "visitor_1", now=NOW).external_id == "user_123"

    def test_a_token_of_any_other_kind_is_not_valid(self, verify: Verify) -> None:
        junk = [None, True, 0, 1.5, [TOKEN], {"token": TOKEN}, object(), str, UNSET, KEY]
        junk += ["", b"", "\ud800", TOKEN + "\ud800", TOKEN + "\n", "Bearer " + TOKEN]
        junk += [b"\xff", TOKEN.encode("utf-16"), memoryview(TOKEN.encode())[::2]]
        junk += [TOKEN[:-1], TOKEN + "=", TOKEN + ".", "x" * 100_000, "." * 8192]
        junk += map(Hostile, [TypeError, ValueError, UnicodeError, BufferError])
        for token in junk:
            with pytest.raises(IdentityTokenError) as refusal:
                verify(token, "visitor_1", now=NOW)
            assert refusal.value.code == "identity_token_invalid"
            assert (refusal.value.field, refusal.value.reason) == (None, None)

    @pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt, RuntimeError])
    def test_it_passes_on_what_is_not_about_the_token(
        self, verify: Verify, error: type[BaseException]
    ) -> None:
        if sys.version_info >= (3, 12):
            with pytest.raises(error, match="asked"):
                verify(Hostile(error), "visitor_1", now=NOW)

    @pytest.mark.parametrize("argument", ["visitor_id", "audience"])
    def test_the_backends_arguments_are_text(self, verify: Verify, argument: str) -> None:
        for value in (1, b"visitor_1", ["visitor_1"], object(), UNSET):
            with pytest.raises(TypeError, match=f"^{argument} must be str, not "):
                verify(**{"token": TOKEN, "visitor_id": "visitor_1", "now": NOW, argument: value})
        with pytest.raises(IdentityHmacError, match=f"^{argument} holds a lone") as caught:
            verify(**{"token": TOKEN, "visitor_id": "visitor_1", argument: "\ud800"})
        assert caught.value.code == "ill_formed_text"

    def test_it_raises_for_another_visitor_another_audience_and_an_hour_later(
        self, verify: Verify
    ) -> None:
        token = sign(audience="pk_1")
        for code, field, call in [
            ("identity_token_other_visitor", "visitorId", ("visitor_2", "pk_1", NOW)),
            ("identity_token_other_audience", "aud", ("visitor_1", "pk_2", NOW)),
            ("identity_token_other_audience", "aud", ("visitor_1", None, NOW)),
            ("identity_token_expired", "exp", ("visitor_1", "pk_1", NOW + 3600)),
            ("identity_token_not_yet_valid", "iat", ("visitor_1", "pk_1", NOW - 3600)),
        ]:
            visitor_id, audience, now = call
            with pytest.raises(IdentityTokenError) as refusal:
                verify(token, visitor_id, audience=audience, now=now)
            assert (refusal.value.code, refusal.value.field) == (code, field)


class TestKeyring:
    def test_it_takes_keys_as_well_as_texts_and_says_which_one_signed(self) -> None:
        other = IdentityTokenKey(generate_token_key())
        for keyring in (
            IdentityTokenKeyring(other, KEY),
            IdentityTokenKeyring(current=other, previous=TEXT),
            IdentityTokenKeyring(TEXT, other),
            IdentityTokenKeyring(TEXT.encode(), previous=None),
        ):
            assert keyring.verify(TOKEN, "visitor_1", now=NOW).key_id == KEY.key_id
        with pytest.raises(IdentityTokenError):
            IdentityTokenKeyring(other).verify(TOKEN, "visitor_1", now=NOW)

    def test_the_longest_lifetime_is_an_hour_unless_it_says_otherwise(self) -> None:
        token = sign(expires_in=3601)
        with pytest.raises(IdentityTokenError) as refusal:
            KEYRING.verify(token, "visitor_1", now=NOW)
        assert refusal.value.reason == "lifetime"
        for longest in (3601, timedelta(days=1)):
            keyring = IdentityTokenKeyring(KEY, max_lifetime=longest)
            assert keyring.verify(token, "visitor_1", now=NOW)

    @pytest.mark.parametrize("longest", [-1, 0, 59, 86_401, 2**70, timedelta(days=2)])
    def test_a_longest_lifetime_out_of_range_is_refused(self, longest: Any) -> None:
        with pytest.raises(IdentityHmacError) as refusal:
            IdentityTokenKeyring(KEY, max_lifetime=longest)
        assert refusal.value.code == "max_lifetime_out_of_range"

    def test_it_refuses_what_was_signed_before_a_time(self) -> None:
        keyring = IdentityTokenKeyring(KEY, tokens_valid_after=NOW + 1)
        with pytest.raises(IdentityTokenError) as refusal:
            keyring.verify(TOKEN, "visitor_1", now=NOW)
        assert refusal.value.code == "identity_token_revoked"
        assert keyring.verify(sign(now=NOW + 1), "visitor_1", now=NOW)

    @pytest.mark.parametrize("argument", ["current", "previous"])
    def test_what_is_no_key_is_refused_and_not_shown(self, argument: str) -> None:
        def keyring(value: Any) -> IdentityTokenKeyring:
            keys: dict[str, Any] = {"current": KEY} | {argument: value}
            return IdentityTokenKeyring(**keys)

        for value in (1, object(), [TEXT]):
            with pytest.raises(TypeError, match=f"^{argument} must be str or a bytes-like object"):
                keyring(value)
        for text in ("", SECRET, TEXT.upper(), TEXT + "\n", b"\xff", "\ud800" + SECRET):
            with pytest.raises(IdentityHmacError) as refusal:
                keyring(text)
            assert refusal.value.code in ("malformed_token_key", "ill_formed_text")
            assert SECRET.lower() not in repr(vars(refusal.value)).lower() + str(refusal.value)


def test_a_new_key_is_another_one_each_time() -> None:
    texts = {generate_token_key() for _ in range(1000)}
    assert len(texts) == 1000
    assert all(IdentityTokenKey(text).key_id == text[4:12] for text in texts)


def test_the_variable_is_customarily_called_identity_token_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("IDENTITY_TOKEN_KEY", TEXT)
    assert IdentityTokenKey.from_env().sign("visitor_1", "user_123", now=NOW) == TOKEN
    monkeypatch.delenv("IDENTITY_TOKEN_KEY")
    with pytest.raises(IdentityHmacError, match=r"^IDENTITY_TOKEN_KEY is not set"):
        IdentityTokenKey.from_env()


class TestError:
    def test_it_is_an_error_of_the_package_and_a_value_error(self) -> None:
        assert issubclass(IdentityTokenError, IdentityHmacError)
        assert issubclass(IdentityTokenError, ValueError)

    def test_it_keeps_all_that_it_has_when_it_is_copied(self) -> None:
        errors = [IdentityTokenError(), IdentityTokenError("no", "a_code", field="exp")]
        with pytest.raises(IdentityTokenError) as refusal:
            sign(email="private")
        errors.append(refusal.value)
        for error in errors:
            for other in (
                copy.copy(error),
                copy.deepcopy(error),
                pickle.loads(pickle.dumps(error)),
            ):
                assert type(other) is IdentityTokenError
                assert (str(other), vars(other)) == (str(error), vars(error))

    def test_neither_it_nor_its_traceback_shows_the_key_or_a_claim(self) -> None:
        token = sign(external_id="private_user", email="private@example.com")
        calls: list[Callable[[], object]] = [
            lambda: sign(email="private"),
            lambda: sign(external_id="private" * 100),
            lambda: sign(metadata={"private": "x" * 9000}),
            lambda: KEY.verify(token, "visitor_2", now=NOW),
            lambda: KEY.verify(token, "visitor_1", now=NOW + 3600),
            lambda: KEY.verify(token + "private", "visitor_1", now=NOW),
        ]
        for call in calls:
            with pytest.raises(IdentityTokenError) as refusal:
                call()
            error = refusal.value
            frames = traceback.TracebackException.from_exception(error, capture_locals=True)
            raised = "".join(frames.format_exception_only())
            shown = raised + repr(vars(error)) + repr(error) + repr(error.args)
            assert "private" not in shown
            assert SECRET not in "".join(frames.format())
            assert error.__cause__ is error.__context__ is None


class TestUnset:
    def test_it_is_one_object_that_is_false(self) -> None:
        assert UNSET is Unset.UNSET
        assert not UNSET
        assert repr(UNSET) == "UNSET"
        for other in (copy.copy(UNSET), copy.deepcopy(UNSET), pickle.loads(pickle.dumps(UNSET))):
            assert other is UNSET
