"""What each argument may be, and what becomes of anything else."""

import array
import asyncio
import ctypes
import os
import re
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity_hmac import (
    IdentityHmacError,
    IdentityKey,
    IdentityTokenKey,
    Keyring,
    generate_identity_hmac,
    verify_identity_hmac,
)

VISITOR_ID, SECRET = "visitor_1", "s3cret"
HMAC = "03d2bb3218280c28abe57a2c0837c37a6c29abcd465c25dcf61a21de0c2e0bae"
KEY, KEYRING = IdentityKey(SECRET), Keyring(SECRET, previous="0ld")

Call = Callable[[Any], object]

SIGNING: dict[str, Call] = {
    "generate_identity_hmac": lambda visitor_id: generate_identity_hmac(visitor_id, SECRET),
    "IdentityKey.sign": KEY.sign,
    "Keyring.sign": KEYRING.sign,
}
VERIFYING: dict[str, Callable[[Any, Any], object]] = {
    "verify_identity_hmac": lambda visitor_id, hmac: verify_identity_hmac(visitor_id, hmac, SECRET),
    "IdentityKey.verify": KEY.verify,
    "Keyring.verify": KEYRING.verify,
    "Keyring.matched": lambda visitor_id, hmac: KEYRING.matched(visitor_id, hmac) is not None,
}
TAKING_A_SECRET: dict[str, Call] = {
    "secret, of generate_identity_hmac": lambda secret: generate_identity_hmac(VISITOR_ID, secret),
    "secret, of verify_identity_hmac": lambda secret: verify_identity_hmac(
        VISITOR_ID, HMAC, secret
    ),
    "secret, of verify_identity_hmac with junk": lambda secret: verify_identity_hmac(1, 2, secret),
    "secret, of IdentityKey": lambda secret: IdentityKey(secret),
    "current, of Keyring": lambda secret: Keyring(secret),
    "previous, of Keyring": lambda secret: Keyring(SECRET, previous=secret),
}


def each(calls: dict[str, Any]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("call", calls.values(), ids=calls.keys())


class Hostile:
    """An object that raises from whatever it is asked."""

    def __init__(self, error: type[BaseException]) -> None:
        self.error = error

    def refuse(self, *_arguments: object) -> Any:
        raise object.__getattribute__(self, "error")("asked")

    __class__ = property(refuse)
    __bool__ = __bytes__ = __eq__ = __format__ = __getattr__ = __hash__ = __index__ = refuse
    __int__ = __iter__ = __len__ = __getitem__ = __repr__ = __str__ = refuse
    __buffer__ = refuse


class Encoded(str):
    """Text that lies about its bytes."""

    def encode(self, *_arguments: object) -> bytes:
        return b"another"

    __str__ = __repr__ = lambda self: "another"


NOT_TEXT = [None, 0, 5, 64, -1, 1.5, True, [1, 2], ("v",), {"v": 1}, {1}, object(), str, range(3)]


def gapped(value: bytes) -> memoryview:
    """The bytes as every second one of a larger buffer."""
    return memoryview(bytes(byte for pair in zip(value, value, strict=True) for byte in pair))[::2]


BYTES_LIKE: list[Callable[[bytes], Any]] = [
    bytes,
    bytearray,
    memoryview,
    lambda value: memoryview(bytearray(value)),
    gapped,
    lambda value: memoryview(value[::-1])[::-1],
    lambda value: array.array("B", value),
    lambda value: (ctypes.c_char * len(value)).from_buffer_copy(value),
    type("BytesSubclass", (bytes,), {}),
    type("BytearraySubclass", (bytearray,), {}),
]


@pytest.mark.parametrize("bytes_like", BYTES_LIKE)
def test_any_bytes_like_object_stands_for_its_bytes(bytes_like: Callable[[bytes], Any]) -> None:
    visitor_id, hmac, secret = (bytes_like(text.encode()) for text in (VISITOR_ID, HMAC, SECRET))
    assert generate_identity_hmac(visitor_id, secret) == HMAC
    assert IdentityKey(secret).sign(visitor_id) == HMAC
    assert verify_identity_hmac(visitor_id, hmac, secret)
    assert Keyring("n3w", secret).matched(visitor_id, hmac) == "previous"


def test_a_buffer_of_wider_items_stands_for_its_bytes() -> None:
    numbers = array.array("H", [1, 0x8081])
    assert KEY.sign(numbers) == KEY.sign(numbers.tobytes())


def test_a_subclass_of_str_is_signed_as_the_text_it_holds() -> None:
    assert KEY.sign(Encoded(VISITOR_ID)) == HMAC
    assert IdentityKey(Encoded(SECRET)).sign(VISITOR_ID) == HMAC


def test_a_key_keeps_its_secret_when_the_buffer_that_it_came_from_changes() -> None:
    secret = bytearray(SECRET.encode())
    key = IdentityKey(secret)
    secret[:] = bytes(len(secret))
    assert key.sign(VISITOR_ID) == HMAC


def test_a_keyring_takes_keys_as_well_as_secrets() -> None:
    keyring = Keyring(current=IdentityKey("n3w"), previous=IdentityKey(SECRET))
    assert keyring.sign(VISITOR_ID) == generate_identity_hmac(VISITOR_ID, "n3w")
    assert keyring.matched(visitor_id=VISITOR_ID, hmac=HMAC) == "previous"


def test_a_keyring_without_a_previous_secret_accepts_the_current_one_only() -> None:
    assert Keyring(SECRET, None).matched(VISITOR_ID, HMAC) == "current"
    assert Keyring("n3w").matched(VISITOR_ID, HMAC) is None


@each(SIGNING)
@pytest.mark.parametrize("visitor_id", NOT_TEXT, ids=repr)
def test_signing_what_is_not_text_is_a_type_error(call: Call, visitor_id: object) -> None:
    type_name = type(visitor_id).__name__
    with pytest.raises(TypeError) as error:
        call(visitor_id)
    assert str(error.value) == f"visitor_id must be str or a bytes-like object, not {type_name}"


@pytest.mark.parametrize(
    ("call", "argument"),
    [(call, name.split(",")[0]) for name, call in TAKING_A_SECRET.items()],
    ids=TAKING_A_SECRET.keys(),
)
@pytest.mark.parametrize("secret", NOT_TEXT, ids=repr)
def test_a_secret_that_is_not_text_is_a_type_error(
    call: Call, argument: str, secret: object
) -> None:
    if argument == "previous" and secret is None:
        call(secret)
        return
    with pytest.raises(TypeError, match=f"^{argument} must be str or a bytes-like object, not "):
        call(secret)


@each(SIGNING)
def test_an_empty_visitor_id_is_refused_in_signing(call: Call) -> None:
    for empty in ("", b"", bytearray(), memoryview(b"")):
        with pytest.raises(IdentityHmacError, match="the visitor id is empty") as error:
            call(empty)
        assert error.value.code == "empty_visitor_id"


@each(TAKING_A_SECRET)
def test_an_empty_secret_is_refused(call: Call) -> None:
    for empty in ("", b"", bytearray(), memoryview(b"")):
        with pytest.raises(IdentityHmacError, match="secret is empty") as error:
            call(empty)
        assert error.value.code == "empty_secret"


@each(SIGNING | TAKING_A_SECRET)
def test_a_lone_surrogate_is_refused_and_the_error_does_not_carry_the_text(call: Call) -> None:
    with pytest.raises(IdentityHmacError, match="lone surrogate") as caught:
        call("private\ud800private")
    assert caught.value.code == "ill_formed_text"
    assert_carries_nothing_private(caught.value)


def assert_carries_nothing_private(error: IdentityHmacError) -> None:
    assert error.__cause__ is None
    assert error.__context__ is None
    attributes = {name: getattr(error, name) for name in dir(error) if name != "__traceback__"}
    assert "private" not in repr(attributes)


@each(SIGNING | TAKING_A_SECRET)
def test_an_error_of_the_argument_itself_is_passed_on(call: Call) -> None:
    released = memoryview(b"visitor_1")
    released.release()
    with pytest.raises(ValueError, match="released memoryview"):
        call(released)


# Since Python 3.12 a class can be bytes-like, and `Hostile` fails at it.
UNUSABLE: list[type[BaseException]] = [TypeError, ValueError, UnicodeError, BufferError]
ELSEWHERE: list[type[BaseException]] = [RuntimeError, OSError, RecursionError, MemoryError]
ELSEWHERE += [KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError]


@each(SIGNING | TAKING_A_SECRET)
@pytest.mark.parametrize("error", UNUSABLE + ELSEWHERE)
def test_a_hostile_object_is_an_error_and_not_a_crash(
    call: Call, error: type[BaseException]
) -> None:
    with pytest.raises(error if sys.version_info >= (3, 12) else TypeError):
        call(Hostile(error))


@each(VERIFYING)
@pytest.mark.parametrize("error", ELSEWHERE)
def test_verifying_lets_other_exceptions_propagate(
    call: Callable[[Any, Any], object], error: type[BaseException]
) -> None:
    for junk in [(VISITOR_ID, Hostile(error)), (Hostile(error), HMAC)]:
        if sys.version_info >= (3, 12):
            with pytest.raises(error, match="asked"):
                call(*junk)
        else:
            assert call(*junk) is False


@each(SIGNING | TAKING_A_SECRET)
def test_a_memory_error_propagates(call: Call) -> None:
    with pytest.raises(MemoryError):
        call(endless())


@each(VERIFYING)
def test_verifying_lets_a_memory_error_propagate(call: Callable[[Any, Any], object]) -> None:
    for junk in [(VISITOR_ID, endless()), (endless(), HMAC)]:
        with pytest.raises(MemoryError):
            call(*junk)


def endless() -> object:
    """A bytes-like object that no memory can hold a copy of, and that is never read."""
    return (ctypes.c_char * 2**62).from_address(id(None))


JUNK = [
    *NOT_TEXT,
    *map(Hostile, UNUSABLE),
    "",
    b"",
    "\ud800",
    HMAC[:-1] + "\udc65",
    "\ud800" * 64,
    HMAC + "\n",
    [HMAC],
    {"hmac": HMAC},
    int(HMAC, 16),
    bytes.fromhex(HMAC),
    HMAC.encode("utf-16"),
    memoryview(HMAC.encode())[::2],
    array.array("I", [0xFFFFFFFF] * 16),
]


@each(VERIFYING)
def test_nothing_that_a_client_sends_makes_verifying_raise(
    call: Callable[[Any, Any], object],
) -> None:
    released = memoryview(HMAC.encode())
    released.release()
    for junk in [*JUNK, released]:
        assert call(VISITOR_ID, junk) is False
        assert call(junk, HMAC) is False
        assert call(junk, junk) is False
    assert call(VISITOR_ID, HMAC) is True


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.binary()
    | st.text("0123456789abcdefABCDEF", min_size=60, max_size=68),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner),
    max_leaves=5,
)


@given(visitor_id=ANYTHING, hmac=ANYTHING)
def test_no_junk_verifies(visitor_id: object, hmac: object) -> None:
    for call in VERIFYING.values():
        assert call(visitor_id, hmac) is False
        assert call(VISITOR_ID, hmac) is False
        assert call(visitor_id, HMAC) is (visitor_id in (VISITOR_ID, VISITOR_ID.encode()))


@pytest.mark.parametrize("name", [None, 1, b"IDENTITY_SECRET"])
def test_the_name_of_a_variable_is_text(name: Any) -> None:
    with pytest.raises(TypeError, match="name must be str, not "):
        IdentityKey.from_env(name)


def test_the_name_of_a_variable_with_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(IdentityHmacError, match=r"^name holds a lone surrogate") as error:
        IdentityKey.from_env("SECRET_\ud800")
    assert error.value.code == "ill_formed_text"


def test_the_value_of_a_variable_with_a_lone_surrogate_is_refused_and_not_carried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Only an environment that was replaced can hold one.
    monkeypatch.setattr(os, "environ", {"IDENTITY_SECRET": "private\ud800"})
    with pytest.raises(IdentityHmacError, match=r"^IDENTITY_SECRET holds") as caught:
        IdentityKey.from_env()
    assert caught.value.code == "ill_formed_text"
    assert_carries_nothing_private(caught.value)


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_reading_a_variable_lets_other_exceptions_propagate(
    error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_SECRET", SECRET)
    monkeypatch.setattr(os, "fsencode", Hostile(error).refuse)
    with pytest.raises(error, match="asked"):
        IdentityKey.from_env()


def test_the_variable_is_identity_secret_by_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("IDENTITY_SECRET", SECRET)
    assert IdentityKey.from_env().sign(VISITOR_ID) == HMAC
    monkeypatch.delenv("IDENTITY_SECRET")
    with pytest.raises(IdentityHmacError, match=re.escape("IDENTITY_SECRET is not set")) as error:
        IdentityKey.from_env()
    assert error.value.code == "secret_unset"


@pytest.mark.parametrize("key", [IdentityKey, IdentityTokenKey])
def test_a_setting_is_text_or_bytes_and_its_surrogates_are_not_carried(key: Any) -> None:
    with pytest.raises(
        TypeError, match=r"^chat\.secret must be str or a bytes-like object, not int"
    ):
        key.from_setting("chat.secret", 1)
    with pytest.raises(TypeError, match="name must be str, not NoneType"):
        key.from_setting(None, "s3cret")
    with pytest.raises(IdentityHmacError, match=r"^chat\.secret holds a lone surrogate") as caught:
        key.from_setting("chat.secret", "private\ud800")
    assert caught.value.code == "ill_formed_text"
    assert_carries_nothing_private(caught.value)


@pytest.mark.parametrize("previous", [None, ""])
def test_a_keyring_has_no_previous_secret_while_its_variable_is_unset_or_empty(
    previous: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_SECRET", SECRET)
    monkeypatch.delenv("IDENTITY_PREVIOUS_SECRET", raising=False)
    if previous is not None:
        monkeypatch.setenv("IDENTITY_PREVIOUS_SECRET", previous)
    keyring = Keyring.from_env("IDENTITY_SECRET", "IDENTITY_PREVIOUS_SECRET")
    assert keyring.matched(VISITOR_ID, HMAC) == "current"
    monkeypatch.setenv("IDENTITY_PREVIOUS_SECRET", SECRET)
    monkeypatch.setenv("IDENTITY_SECRET", "another")
    keyring = Keyring.from_env("IDENTITY_SECRET", "IDENTITY_PREVIOUS_SECRET")
    assert keyring.matched(VISITOR_ID, HMAC) == "previous"
    monkeypatch.setenv("IDENTITY_PREVIOUS_SECRET", " ")
    with pytest.raises(IdentityHmacError, match=r"^IDENTITY_PREVIOUS_SECRET "):
        Keyring.from_env("IDENTITY_SECRET", "IDENTITY_PREVIOUS_SECRET")
    with pytest.raises(TypeError, match="previous must be str, not NoneType"):
        Keyring.from_env("IDENTITY_SECRET", None)  # type: ignore[arg-type]
