"""Show all that can be shown of the Python package, a JSON line each.

python.py SECRET_FILE           everything, and of a planted leak the same
python.py SECRET_FILE uncaught  a line for each error: its number. With a number, raise it uncaught

No frame here has the secret in a variable: what a traceback shows is the package's doing.
"""

import base64
import copy
import gc
import inspect
import io
import json
import logging
import os
import pickle
import pprint
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from identity_hmac import (
    IdentityKey,
    IdentityTokenKey,
    IdentityTokenKeyring,
    Keyring,
    generate_identity_hmac,
    verify_identity_hmac,
)

VARIABLE = "CANARY_SETTING"


def secret() -> str:
    return Path(sys.argv[1]).read_text(encoding="utf-8")


def token_key() -> str:
    return Path(f"{sys.argv[1]}.token-key").read_text(encoding="utf-8")


class Planted:
    """What a careless key would be."""

    def __init__(self) -> None:
        self.secret = secret()

    def __repr__(self) -> str:
        return f"Planted({self.secret!r})"


class PlantedError(ValueError):
    """What a careless error would be."""

    def __init__(self) -> None:
        super().__init__(f"{secret()} is no good")


def fail() -> None:
    raise PlantedError


def from_environment(make: Callable[[], bytes]) -> IdentityKey:
    os.environb[VARIABLE.encode()] = make()
    try:
        return IdentityKey.from_env(VARIABLE)
    finally:
        del os.environ[VARIABLE]


def released() -> memoryview:
    view = memoryview(secret().encode())
    view.release()
    return view


KEY = IdentityKey(secret())
RING = Keyring(secret(), previous=secret())
TOKEN_KEY = IdentityTokenKey(token_key())
TOKEN_RING = IdentityTokenKeyring(token_key(), token_key())

ERRORS: dict[str, Callable[[], object]] = {
    "no id": lambda: generate_identity_hmac("", secret()),
    "an id of None": lambda: generate_identity_hmac(None, secret()),
    "an id with 100,000 digits": lambda: generate_identity_hmac(10**4000, secret()),
    "a huge id with a lone surrogate": lambda: generate_identity_hmac(
        "i" * 10**6 + "\ud800", secret()
    ),
    "an id that is a list with the secret": lambda: generate_identity_hmac([secret()], secret()),
    "an id that is a key": lambda: generate_identity_hmac(KEY, secret()),
    "the secret with a lone surrogate as an id": lambda: KEY.sign(secret() + "\udc80"),
    "the secret as the only argument": lambda: generate_identity_hmac(secret()),
    "a secret with a lone surrogate": lambda: generate_identity_hmac("id", secret() + "\ud800"),
    "a secret in a list": lambda: generate_identity_hmac("id", [secret()]),
    "a secret in a dict": lambda: IdentityKey({secret(): secret()}),
    "a secret in a released buffer": lambda: IdentityKey(released()),
    "verify with a secret in a tuple": lambda: verify_identity_hmac("id", secret(), (secret(),)),
    "a key of a surrogate": lambda: IdentityKey(secret() + "\ud800"),
    "a key of two secrets": lambda: IdentityKey(secret(), secret()),
    "a keyring whose previous secret is a list": lambda: Keyring(KEY, previous=[secret()]),
    "a keyring whose previous secret has a surrogate": lambda: Keyring(
        secret(), previous=secret() + "\ud800"
    ),
    "a variable with a line end": lambda: from_environment(lambda: secret().encode() + b"\n"),
    "a variable in quotes": lambda: from_environment(lambda: b'"' + secret().encode() + b'"'),
    "a variable that is not UTF-8": lambda: from_environment(lambda: secret().encode() + b"\xff"),
    "a key that is called": lambda: KEY(secret()),
    "a key that is indexed": lambda: KEY[secret()],
    "an attribute of a key that is set": lambda: setattr(KEY, "secret", secret()),
    "the secret as an attribute of a key": lambda: KEY.secret,
    "a method of another class": lambda: IdentityKey.sign(secret(), "id"),
    "a pickled key": lambda: pickle.dumps(KEY),
    "a copied keyring": lambda: copy.deepcopy([RING]),
    "a key as JSON": lambda: json.dumps({"key": KEY}),
    "a token key with a line end": lambda: IdentityTokenKey(token_key() + "\n"),
    "a token key in quotes": lambda: IdentityTokenKey(f"'{token_key()}'"),
    "a token key without its beginning": lambda: IdentityTokenKey(token_key()[13:]),
    "a token key in a list": lambda: IdentityTokenKey([token_key()]),
    "a token key with a lone surrogate": lambda: IdentityTokenKey(token_key() + "\ud800"),
    "a token key as the secret": lambda: from_environment(lambda: token_key().encode()),
    "a token keyring of lists": lambda: IdentityTokenKeyring([token_key()], [token_key()]),
    "a token key as an e-mail address": lambda: TOKEN_KEY.sign("id", "user", email=token_key()),
    "a token key beside an empty id": lambda: TOKEN_KEY.sign("", token_key(), name=token_key()),
    "a token key as a token": lambda: TOKEN_KEY.verify(token_key(), "id"),
    "a token key as a visitor id": lambda: TOKEN_KEY.verify(
        TOKEN_KEY.sign("id", "user"), token_key()
    ),
    "an expired token": lambda: TOKEN_RING.verify(TOKEN_KEY.sign("id", "user", now=0), "id"),
    "a pickled token key": lambda: pickle.dumps(TOKEN_KEY),
    "a copied token keyring": lambda: copy.deepcopy([TOKEN_RING]),
    "a token key as an attribute": lambda: setattr(TOKEN_KEY, "key", token_key()),
}

INSPECTIONS: dict[str, Callable[[object], object]] = {
    "repr": repr,
    "str": str,
    "ascii": ascii,
    "format": format,
    "pprint": pprint.pformat,
    "inside a list": lambda it: str([it]),
    "vars": vars,
    "every attribute": lambda it: [(name, getattr(it, name)) for name in dir(it)],
    "inspect.getmembers": inspect.getmembers,
    "what it refers to": lambda it: [walk(referent) for referent in gc.get_referents(it)],
    "reduce": lambda it: it.__reduce_ex__(4),
    "copy": lambda it: vars(copy.copy(it)),
    "deepcopy": lambda it: vars(copy.deepcopy(it)),
    **{f"pickle {n}": lambda it, n=n: pickle.dumps(it, n) for n in range(6)},
    "JSON": lambda it: json.dumps(it, default=vars),
}

SHOWN_ERRORS: dict[str, Callable[[BaseException], object]] = {
    "str": str,
    "repr": repr,
    "args": lambda error: error.args,
    "every attribute": lambda error: [getattr(error, name) for name in dir(error)],
    "traceback": lambda error: "".join(traceback.format_exception(error)),
    "traceback with locals": lambda error: "".join(
        traceback.TracebackException.from_exception(error, capture_locals=True).format()
    ),
    "log": lambda error: logged(error),
    "pickle": pickle.dumps,
    "what it refers to": lambda error: [walk(referent) for referent in gc.get_referents(error)],
}


def walk(thing: object) -> object:
    """A thing as it is shown, with what a container has in it."""
    if isinstance(thing, BaseException):
        return [repr(thing), *map(walk, (*thing.args, thing.__cause__, thing.__context__))]
    return repr(thing)


def logged(error: BaseException) -> str:
    stream = io.StringIO()
    logger = logging.Logger("canary")
    logger.addHandler(logging.StreamHandler(stream))
    logger.error("it failed: %s", error, exc_info=error)
    return stream.getvalue()


def show(kind: str, what: str, ways: dict[str, Callable], thing: object) -> None:
    for way, look in ways.items():
        shown = base64.b64encode(outcome(look, thing)).decode()
        print(json.dumps({"kind": kind, "what": what, "way": way, "shown": shown}))


def outcome(look: Callable, thing: object) -> bytes:
    try:
        shown = look(thing)
    except Exception as error:
        shown = "".join(traceback.format_exception(error))
    return shown if isinstance(shown, bytes) else str(shown).encode(errors="surrogatepass")


def provoke(call: Callable[[], object]) -> BaseException:
    try:
        call()
    except Exception as error:
        return error
    sys.exit("an error was to be provoked, and nothing was raised")


if __name__ == "__main__":
    match sys.argv[2:]:
        case []:
            for what, call in ERRORS.items():
                show("error", what, SHOWN_ERRORS, provoke(call))
            show("inspection", "IdentityKey", INSPECTIONS, KEY)
            show("inspection", "Keyring", INSPECTIONS, RING)
            show("inspection", "IdentityTokenKey", INSPECTIONS, TOKEN_KEY)
            show("inspection", "IdentityTokenKeyring", INSPECTIONS, TOKEN_RING)
            show("planted", "error", SHOWN_ERRORS, provoke(fail))
            show("planted", "object", INSPECTIONS, Planted())
        case ["uncaught"]:
            print(len(ERRORS))
        case ["uncaught", "planted"]:
            fail()
        case ["uncaught", number]:
            list(ERRORS.values())[int(number)]()
