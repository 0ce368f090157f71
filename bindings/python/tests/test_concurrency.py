"""Keys in threads and after a fork."""

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection

import pytest

import documented
from identity_hmac import IdentityKey, Keyring

SECRET = "s3cret"
HOLDERS = [IdentityKey(SECRET), Keyring(SECRET, previous="0ld")]

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
