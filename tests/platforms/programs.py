"""The command and the service as static archives, put to the vectors and to a visitor's story."""

import itertools
import json
import re
import shutil
from pathlib import Path
from typing import Protocol

from report import NotRunError
from shell import KEPT, ROOT

DIST = ROOT / "dist"
RELEASE = DIST / "release"
VECTORS = ROOT / "tests/vectors"
COMMAND_VECTORS = KEPT / "command-vectors"
SERVICE = Path(__file__).with_name("service.sh")
X86_64 = "x86_64-unknown-linux-musl"
AARCH64 = "aarch64-unknown-linux-musl"
# Unpacks archives, and puts the programs in them onto the path.
UNPACK = """
mkdir unpacked
for archive in {archives}; do tar -xzf $archive -C unpacked; done
for program in $(find "$PWD/unpacked" -name 'identity-hmac*' -type f -perm /u+x); do
    PATH=$(dirname $program):$PATH
done
"""
SIGN = """
for ids in {vectors}/*.ids; do
    identity-hmac sign --secret-file ${{ids%.ids}}.secret --input $ids >signed
    cmp signed ${{ids%.ids}}.signed
done
"""


class Place(Protocol):
    """A suite, or this machine."""

    def run(self, script: str, *, minutes: float = 5) -> str: ...


def one(folder: Path, pattern: str) -> Path:
    """The one file of that name."""
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise NotRunError(f"{folder.relative_to(ROOT)} has {len(found) or 'no'} `{pattern}`")
    return found[0]


def command_vectors() -> tuple[Path, int]:
    """The vectors as files: for each secret the ids to sign, and what the command has to print."""
    cases = json.loads((VECTORS / "identity-hmac.json").read_text(encoding="ascii"))["cases"]
    valid = [case for case in cases if case["kind"] == "valid"]
    shutil.rmtree(COMMAND_VECTORS, ignore_errors=True)
    COMMAND_VECTORS.mkdir(parents=True)
    signed = [(read(case, "secret"), read(case, "visitor_id"), case["hmac"]) for case in valid]
    # The command refuses a text that looks like a mistake, and reads lines.
    usable = sorted(it for it in signed if is_usable(it[0]) and not re.search(rb"[\r\n]", it[1]))
    by_secret = itertools.groupby(usable, key=lambda it: it[0])
    for number, (secret, group) in enumerate(by_secret):
        pairs = list(group)
        file = COMMAND_VECTORS / str(number)
        file.with_suffix(".secret").write_bytes(secret)
        file.with_suffix(".ids").write_bytes(b"".join(id + b"\n" for _, id, _ in pairs))
        lines = [id + b"\t" + hmac.encode() + b"\n" for _, id, hmac in pairs]
        file.with_suffix(".signed").write_bytes(b"".join(lines))
    return COMMAND_VECTORS, len(usable)


def read(case: dict[str, str], field: str) -> bytes:
    digits = case.get(f"{field}_hex")
    return case[field].encode() if digits is None else bytes.fromhex(digits)


def is_usable(secret: bytes) -> bool:
    try:
        return re.fullmatch(r"[\w.-]+", secret.decode()) is not None
    except UnicodeDecodeError:
        return True


def unpack(triple: str, *programs: str) -> str:
    """The script that unpacks what was built for a target of Rust."""
    archives = [one(RELEASE / "archives", f"{it}-[0-9]*-{triple}.tar.gz") for it in programs]
    return UNPACK.format(archives=" ".join(map(str, archives)))


def command(place: Place, triple: str, prepare: str = "") -> str:
    script = unpack(triple, "identity-hmac-cli")
    vectors, count = command_vectors()
    place.run(f"{script}\n{prepare}\n{SIGN.format(vectors=vectors)}", minutes=10)
    return f"{count} vectors"


def service(place: Place, triple: str, prepare: str = "") -> str:
    script = unpack(triple, "identity-hmac-cli", "identity-hmac-server")
    place.run(f"{script}\n{prepare}\n. {SERVICE}")
    return "a visitor is verified by the command's hmac"
