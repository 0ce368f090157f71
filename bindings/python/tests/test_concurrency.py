"""Keys in threads and after a fork."""

import multiprocessing
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection

import pytest

import documented
from identity_hmac import (
    IdentityKey,
    IdentityTokenError,
    IdentityTokenKey,
    IdentityTokenKeyring,
    Keyring,
    generate_identity_hmac,
    generate_token_key,
    verify_identity_hmac,
)

SECRET = "s3cret"
KEY, KEYRING = IdentityKey(SECRET), Keyring(SECRET, previous="0ld")
HOLDERS = [KEY, KEYRING]

where_there_is_fork = pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="this system has no fork"
)
each_holder = pytest.mark.parametrize("holder", HOLDERS, ids=lambda holder: type(holder).__name__)


@each_holder
def test_it_works_from_many_threads_at_once(holder: IdentityKey | Keyring) -> None:
    workers = 8
    together = threading.Barrier(workers)

    def sign(worker: int) -> bool:
        together.wait()
        visitor_ids = [f"visitor_{worker}_{number}" for number in range(2000)]
        hmacs = [holder.sign(visitor_id) for visitor_id in visitor_ids]
        return hmacs == [
            documented.generate_identity_hmac(visitor_id, SECRET) for visitor_id in visitor_ids
        ] and all(map(holder.verify, visitor_ids, hmacs))

    with ThreadPoolExecutor(workers) as pool:
        assert list(pool.map(sign, range(workers))) == [True] * workers


@where_there_is_fork
@each_holder
def test_it_works_after_a_fork(holder: IdentityKey | Keyring) -> None:
    def child(answer: Connection) -> None:
        hmac = holder.sign("visitor_1")
        answer.send((hmac, holder.verify("visitor_1", hmac), holder.verify("visitor_2", hmac)))

    fork = multiprocessing.get_context("fork")
    receiver, sender = fork.Pipe(duplex=False)
    process = fork.Process(target=child, args=(sender,))
    process.start()
    sender.close()
    answer = receiver.recv()
    process.join()

    assert answer == (documented.generate_identity_hmac("visitor_1", SECRET), True, False)
    assert process.exitcode == 0


TOKEN_KEY = IdentityTokenKey(generate_token_key())
TOKEN_KEYRING = IdentityTokenKeyring(generate_token_key(), previous=TOKEN_KEY)


def test_token_keys_work_from_many_threads_at_once() -> None:
    workers = 8
    together = threading.Barrier(workers)

    def sign(worker: int) -> bool:
        together.wait()
        return all(signs_and_verifies(f"visitor_{worker}_{number}") for number in range(500))

    with ThreadPoolExecutor(workers) as pool:
        assert list(pool.map(sign, range(workers))) == [True] * workers


@where_there_is_fork
def test_token_keys_work_after_a_fork() -> None:
    def child(answer: Connection) -> None:
        answer.send(signs_and_verifies("visitor_1"))

    fork = multiprocessing.get_context("fork")
    receiver, sender = fork.Pipe(duplex=False)
    process = fork.Process(target=child, args=(sender,))
    process.start()
    sender.close()
    assert receiver.recv() is True
    process.join()
    assert process.exitcode == 0


def signs_and_verifies(visitor_id: str) -> bool:
    """Whether a token is accepted for its visitor with all that it says, and for no other one."""
    metadata = {"visitor": visitor_id}
    token = TOKEN_KEY.sign(visitor_id, f"user_of_{visitor_id}", metadata=metadata)
    for verify in (TOKEN_KEY.verify, TOKEN_KEYRING.verify):
        claims = verify(token, visitor_id)
        if (claims.external_id, claims.metadata) != (f"user_of_{visitor_id}", metadata):
            return False
        with pytest.raises(IdentityTokenError):
            verify(token, f"not_{visitor_id}")
    return True


LONG = "x" * 2**24
HMAC = "0" * 64


@pytest.fixture
def _threads_switch_only_where_the_gil_is_given_up() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    yield
    sys.setswitchinterval(interval)


def run_during(call: Callable[[], object], other: Callable[[], object]) -> bool:
    """Whether `other`, in a thread that waits for nothing but the GIL, ran during `call`."""
    waiting, ran = threading.Lock(), False

    def run_other() -> None:
        nonlocal ran
        with waiting:
            other()
            ran = True

    waiting.acquire()
    thread = threading.Thread(target=run_other)
    thread.start()
    waiting.release()
    call()
    ran_during_call = ran
    thread.join()
    return ran_during_call


@pytest.mark.usefixtures("_threads_switch_only_where_the_gil_is_given_up")
@pytest.mark.parametrize(
    "call",
    [
        lambda: KEY.sign(LONG),
        lambda: KEY.sign(LONG.encode()),
        lambda: KEY.sign(bytearray(LONG.encode())),
        lambda: KEY.verify(LONG, HMAC),
        lambda: KEYRING.sign(LONG),
        lambda: KEYRING.verify(LONG, HMAC),
        lambda: KEYRING.matched(LONG, HMAC),
        lambda: generate_identity_hmac(LONG, SECRET),
        lambda: verify_identity_hmac(LONG, HMAC, SECRET),
        lambda: IdentityKey(LONG),
        lambda: Keyring(SECRET, previous=LONG),
    ],
)
def test_other_threads_run_while_long_input_is_hashed(call: Callable[[], object]) -> None:
    # The system may wake the other thread too late, so there are many tries.
    assert any(run_during(call, other=lambda: None) for _ in range(100))


@pytest.mark.usefixtures("_threads_switch_only_where_the_gil_is_given_up")
def test_a_buffer_that_another_thread_empties_meanwhile_is_signed_as_it_was() -> None:
    hmacs = []

    def emptied_during_signing() -> bool:
        buffer = bytearray(LONG.encode())
        return run_during(lambda: hmacs.append(KEY.sign(buffer)), other=buffer.clear)

    assert any(emptied_during_signing() for _ in range(100))
    assert set(hmacs) == {documented.generate_identity_hmac(LONG, SECRET)}
