"""The interpreters of this machine, and those that npm and PyPI have for it."""

import functools
import json
import os
import re
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from programs import RELEASE, X86_64, one
from report import Case, NotRunError
from shell import BY_NODE, ROOT, first, passed, run

HERE = Path(__file__).parent
NODES = ROOT / "bindings/node/runtimes/node_modules"
# The runtimes, and the package of npm that has each.
RUNTIMES = {"Bun": "bun", "Deno": "deno", "workerd": "miniflare"}
NPM = "npm install --no-save --no-audit --no-fund --loglevel=error --ignore-scripts"


class Machine:
    """This machine, where a script runs as it does in a suite."""

    title = "this machine"

    def run(self, script: str, *, minutes: float = 5, path: Path | None = None) -> str:
        environment = {"PATH": f"{path}:{os.environ['PATH']}"} if path else {}
        with tempfile.TemporaryDirectory() as folder:
            return run("sh", "-ec", script, minutes=minutes, cwd=Path(folder), env=environment)


MACHINE = Machine()


def pythons() -> dict[str, str]:
    """pyenv's, by version; those from 3.10 on."""
    folder = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = {}
    for python in sorted(folder.glob("3.*/bin/python3")):
        version = python.parents[1].name
        if int(re.match(r"3\.(\d+)", version)[1]) >= 10:
            found[version] = str(python)
    return found


def nodes() -> dict[str, Path]:
    """The folder of each Node that npm has for this machine, by version."""
    return {
        re.search(r"node(\d+)", node.name)[1]: node / "bin"
        for node in sorted(NODES.glob("node*"))
        if (node / "bin/node").exists()
    }


@functools.cache
def install_runtimes() -> None:
    """npm has the programs of the runtimes as packages."""
    packages = list((ROOT / "dist").glob("identity-hmac-*.tgz"))
    if len(packages) != 1:
        raise NotRunError("dist has no npm package: `make packages`")
    run("sh", "-ec", f"{NPM}; {NPM} {packages[0]}", cwd=HERE / "runtimes")


def keeps_contract(runtime: str) -> str:
    install_runtimes()
    packages = json.loads((HERE / "runtimes/package.json").read_text(encoding="utf-8"))
    output = run("node", "contract.mjs", runtime, cwd=HERE / "runtimes")
    version = packages["dependencies"][RUNTIMES[runtime]]
    return f"{RUNTIMES[runtime]} {version}: {passed(output, BY_NODE)}"


def npm_on_musl() -> str:
    """PyPI has the Node of Alpine, and Debian the loader that it needs."""
    one(RELEASE / "npm", "identity-hmac-addon-linux-x64-musl-*.tgz")
    release = ("make", "-C", ROOT / "bindings/node", "test-release", f"TRIPLE={X86_64}")
    output = run(*release, minutes=15)
    version = first(output, r"^Node ([0-9.]+), addon-linux-x64-musl, import: ")
    return f"Node {version}: {passed(output, r', addon-linux-x64-musl, import: ([0-9]+) of ')}"


def cases() -> Iterator[Case]:
    yield Case("musl, as in Alpine", "npm package, on PyPI's Node", npm_on_musl)
    for runtime in RUNTIMES:
        trial = partial(keeps_contract, runtime)
        yield Case(runtime, "the guarded route of the npm package", trial)
