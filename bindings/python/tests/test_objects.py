"""The classes as Python objects: they show nothing of a secret and cannot leave the process."""

import copy
import gc
import json
import pickle
from collections.abc import Callable

import pytest

import identity_hmac
from identity_hmac import (
    IdentityHmacError,
    IdentityKey,
    Keyring,
    generate_identity_hmac,
    generate_secret,
)

SECRET = "private-s3cret"
HOLDERS = [IdentityKey(SECRET), Keyring(SECRET, previous=SECRET)]

each_holder = pytest.mark.parametrize("holder", HOLDERS, ids=lambda holder: type(holder).__name__)


@each_holder
@pytest.mark.parametrize("shown", [repr, str, ascii, format, "{!r}".format, "%s".__mod__])
def test_it_shows_its_type_and_nothing_else(holder: object, shown: Callable[[object], str]) -> None:
    assert shown(holder) == f"<identity_hmac.{type(holder).__name__}>"


@each_holder
def test_it_has_no_attribute_that_is_data(holder: object) -> None:
    public = [name for name in dir(holder) if not name.startswith("_")]
    assert public
    assert all(callable(getattr(holder, name)) for name in public)
    assert not hasattr(holder, "__dict__")
    assert all(isinstance(referent, type) for referent in gc.get_referents(holder))


@each_holder
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_cannot_be_pickled(holder: object, protocol: int) -> None:
    with pytest.raises(TypeError, match="cannot be pickled or copied, for it holds a secret"):
        pickle.dumps(holder, protocol)


@each_holder
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_it_cannot_be_copied(holder: object, copied: Callable[[object], object]) -> None:
    with pytest.raises(TypeError, match=f"^{type(holder).__name__} cannot be pickled or copied"):
        copied(holder)


@each_holder
def test_it_is_not_json(holder: object) -> None:
    with pytest.raises(TypeError):
        json.dumps(holder)


@each_holder
def test_it_cannot_be_changed(holder: object) -> None:
    for name in ("sign", "secret"):
        with pytest.raises(AttributeError):
            setattr(holder, name, None)


@pytest.mark.parametrize("base", [IdentityKey, Keyring])
def test_it_cannot_be_extended(base: type) -> None:
    with pytest.raises(TypeError):
        type("Extended", (base,), {})


def test_keys_are_equal_only_to_themselves() -> None:
    key = IdentityKey(SECRET)
    assert key == key
    assert key != IdentityKey(SECRET)
    assert {key: "found"}[key] == "found"


def test_every_public_class_says_that_it_is_the_packages() -> None:
    for public in (IdentityKey, Keyring, IdentityHmacError):
        assert public.__module__ == "identity_hmac"
        assert getattr(identity_hmac, public.__qualname__) is public


def error_of(visitor_id: str, secret: str) -> IdentityHmacError:
    with pytest.raises(IdentityHmacError) as caught:
        generate_identity_hmac(visitor_id, secret)
    return caught.value


@pytest.mark.parametrize(
    "error",
    [error_of("private-id", ""), error_of("", SECRET), error_of("private-id\ud800", SECRET)],
    ids=lambda error: error.code,
)
class TestError:
    def test_it_is_a_value_error_with_a_message_and_a_code(self, error: IdentityHmacError) -> None:
        assert isinstance(error, ValueError)
        assert error.args == (str(error), error.code)

    def test_it_carries_no_input(self, error: IdentityHmacError) -> None:
        attributes = {name: getattr(error, name) for name in dir(error) if name != "__traceback__"}
        assert "private" not in repr(attributes)

    @pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
    def test_it_can_be_pickled(self, error: IdentityHmacError, protocol: int) -> None:
        again = pickle.loads(pickle.dumps(error, protocol))
        assert type(again) is IdentityHmacError
        assert (str(again), again.code) == (str(error), error.code)

    def test_it_can_be_copied(self, error: IdentityHmacError) -> None:
        assert copy.copy(error).code == copy.deepcopy(error).code == error.code


def test_a_new_secret_is_64_hexadecimal_digits_and_no_two_are_the_same() -> None:
    secrets = {generate_secret() for _ in range(1000)}
    assert len(secrets) == 1000
    assert all(len(secret) == 64 and set(secret) <= set("0123456789abcdef") for secret in secrets)
    assert IdentityKey(secrets.pop()).sign("visitor_1")
