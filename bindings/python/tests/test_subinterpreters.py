"""The package in other interpreters of the same process."""

import subprocess
import sys

# The standard library's way to make them, which is public only since Python 3.14.
INTERPRETERS = """
import sys
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

def create_with_a_shared_gil():
    if sys.version_info >= (3, 13):
        return interpreters.create("legacy")
    return interpreters.create(isolated=False)

def run(interpreter, code):
    # A failure is raised until Python 3.12, and since then it is returned.
    exec_in = getattr(interpreters, "exec", interpreters.run_string)
    if failure := exec_in(interpreter, code):
        raise RuntimeError(failure)
"""

USE = """
from identity_hmac import IdentityHmacError, IdentityKey, IdentityTokenError, IdentityTokenKey
from identity_hmac import IdentityTokenKeyring, Keyring, UNSET, VerifiedClaims, generate_token_key

key = IdentityKey("s3cret")
hmac = key.sign("visitor_1")
assert hmac.startswith("03d2bb32")
assert Keyring("n3w", previous=key).matched("visitor_1", hmac) == "previous"
assert len(key.sign(bytes(100_000))) == 64
for refused in (lambda: key.sign(""), lambda: key.sign(chr(0xD800)), IdentityKey.from_env):
    try:
        refused()
    except IdentityHmacError as error:
        assert error.code
    else:
        raise AssertionError("not refused")
token_key = IdentityTokenKey(generate_token_key())
token = token_key.sign("visitor_1", "user_123", metadata={"plan": "pro"})
claims = IdentityTokenKeyring(token_key).verify(token, "visitor_1")
assert type(claims) is VerifiedClaims
assert claims.name is UNSET and claims.metadata == {"plan": "pro"}
try:
    token_key.verify(token, "visitor_2")
except IdentityTokenError as error:
    assert error.code == "identity_token_other_visitor"
else:
    raise AssertionError("not refused")
print("used", flush=True)
"""

IMPORT = """
try:
    import identity_hmac
except ImportError as error:
    print(f"{error.name}: {error}", flush=True)
"""


def output_of(code: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", INTERPRETERS + code], capture_output=True, text=True, env={}
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_it_works_in_interpreters_that_share_one_gil() -> None:
    code = f"""
first, second = create_with_a_shared_gil(), create_with_a_shared_gil()
run(first, {USE!r})
exec({USE!r})
run(second, {USE!r})
interpreters.destroy(first)
run(second, {USE!r})
exec({USE!r})
"""
    assert output_of(code) == "used\n" * 5


if sys.version_info >= (3, 12):

    def test_an_interpreter_with_a_gil_of_its_own_is_refused_with_the_remedy() -> None:
        code = f"""
run(interpreters.create(), {IMPORT!r})
exec({USE!r})
run(interpreters.create(), {IMPORT!r})
"""
        refused = (
            "identity_hmac: identity_hmac cannot be loaded in a subinterpreter that has a "
            "GIL of its own; use it in the main interpreter, from threads or in processes\n"
        )
        assert output_of(code) == refused + "used\n" + refused
