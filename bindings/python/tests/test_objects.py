"""The classes as Python objects: they show nothing of a secret and cannot leave the process."""

import copy
import gc
import importlib
import json
import pickle
import sys
import weakref
from collections.abc import Callable, Iterator

import pytest

import identity_hmac
from identity_hmac import (
    IdentityHmacError,
    IdentityKey,
    IdentityTokenKey,
    IdentityTokenKeyring,
    Keyring,
    generate_identity_hmac,
    generate_secret,
)

SECRET = "private-s3cret"
TOKEN_KEY = "itk_9f2c41aa_" + "c0ffee00" * 8
HOLDERS = [
    IdentityKey(SECRET),
    Keyring(SECRET, previous=SECRET),
    IdentityTokenKey(TOKEN_KEY),
    IdentityTokenKeyring(TOKEN_KEY, previous=TOKEN_KEY),
]
# What is shown of an object apart from its type.
SHOWN: dict[type, str] = {IdentityTokenKey: " 9f2c41aa"}

each_holder = pytest.mark.parametrize("holder", HOLDERS, ids=lambda holder: type(holder).__name__)


@each_holder
@pytest.mark.parametrize("shown", [repr, str, ascii, format, "{!r}".format, "%s".__mod__])
def test_it_shows_its_type_and_no_secret(holder: object, shown: Callable[[object], str]) -> None:
    details = SHOWN.get(type(holder), "")
    assert shown(holder) == f"<identity_hmac.{type(holder).__name__}{details}>"


@each_holder
def test_it_has_no_attribute_that_is_data_but_the_keys_id(holder: object) -> None:
    public = {name for name in dir(holder) if not name.startswith("_")} - {"key_id"}
    assert public
    assert all(callable(getattr(holder, name)) for name in public)
    assert not hasattr(holder, "__dict__")
    assert all(isinstance(referent, type) for referent in gc.get_referents(holder))


@each_holder
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_cannot_be_pickled(holder: object, protocol: int) -> None:
    with pytest.raises(TypeError, match="cannot be pickled or copied, since it holds a secret"):
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
    for name in ("sign", "secret", "key_id"):
        with pytest.raises(AttributeError):
            setattr(holder, name, None)


@each_holder
def test_it_can_be_referred_to_weakly(holder: object) -> None:
    assert weakref.ref(holder)() is holder


@pytest.mark.parametrize("base", [type(holder) for holder in HOLDERS])
def test_it_cannot_be_subclassed(base: type) -> None:
    with pytest.raises(TypeError, match="not an acceptable base type"):
        type("Extended", (base,), {})


def test_a_key_from_the_environment_is_made_by_a_class_method() -> None:
    for key in (IdentityKey, IdentityTokenKey):
        assert getattr(key.from_env, "__self__", None) is key


def test_keys_are_equal_only_to_themselves() -> None:
    key = IdentityKey(SECRET)
    assert key == key
    assert key != IdentityKey(SECRET)
    assert {key: "found"}[key] == "found"


def test_every_public_class_and_function_says_that_it_is_the_packages() -> None:
    for name in identity_hmac.__all__:
        public = getattr(identity_hmac, name)
        if callable(public):
            assert public.__module__ == "identity_hmac"
            assert pickle.loads(pickle.dumps(public)) is public


def test_the_package_raises_its_own_error_after_it_was_loaded_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "identity_hmac"]:
        monkeypatch.delitem(sys.modules, name)
    again = importlib.import_module("identity_hmac")
    assert again is not identity_hmac
    with pytest.raises(again.IdentityHmacError):
        again.generate_identity_hmac("visitor_1", "")


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
        assert error.args == (str(error),)
        assert error.code

    def test_it_carries_no_input(self, error: IdentityHmacError) -> None:
        attributes = {name: getattr(error, name) for name in dir(error) if name != "__traceback__"}
        assert "private" not in repr(attributes)


class RefusalError(IdentityHmacError):
    """A subclass that is made from something else."""

    code = "refusal"

    def __init__(self, *, visitor: str) -> None:
        super().__init__(f"refused {visitor}")
        self.visitor = visitor


def reassigned(*args: object) -> IdentityHmacError:
    error = error_of("", SECRET)
    error.args = args
    return error


def noted(text: str) -> IdentityHmacError:
    error = IdentityHmacError(text)
    vars(error)["__notes__"] = ["a note"]  # What `add_note` does, since Python 3.11.
    return error


ERRORS = [
    (noted("refused"), "refused", ""),
    (IdentityHmacError(), "", ""),
    (IdentityHmacError("refused"), "refused", ""),
    (IdentityHmacError("refused", "a_code"), "refused", "a_code"),
    (IdentityHmacError(message="refused", code="a_code"), "refused", "a_code"),
    (IdentityHmacError("refused", "a_code", 5), "('refused', 5)", "a_code"),
    (IdentityHmacError.__new__(IdentityHmacError, "refused"), "refused", ""),
    (reassigned(), "", "empty_visitor_id"),
    (reassigned("refused"), "refused", "empty_visitor_id"),
    (reassigned("refused", 5, None), "('refused', 5, None)", "empty_visitor_id"),
    (RefusalError(visitor="jane"), "refused jane", "refusal"),
]


def copies(error: IdentityHmacError) -> Iterator[IdentityHmacError]:
    yield copy.copy(error)
    yield copy.deepcopy(error)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        yield pickle.loads(pickle.dumps(error, protocol))


@pytest.mark.parametrize(("error", "text", "code"), ERRORS)
def test_an_error_keeps_its_parts_however_it_was_made_or_copied(
    error: IdentityHmacError, text: str, code: str
) -> None:
    for one in (error, *copies(error)):
        assert type(one) is type(error)
        assert (str(one), one.code) == (text, code)
        assert (repr(one), one.args, vars(one)) == (repr(error), error.args, vars(error))


def test_a_new_secret_is_64_hexadecimal_digits_and_no_two_are_the_same() -> None:
    secrets = {generate_secret() for _ in range(1000)}
    assert len(secrets) == 1000
    assert all(len(secret) == 64 and set(secret) <= set("0123456789abcdef") for secret in secrets)
    assert IdentityKey(secrets.pop()).sign("visitor_1")
