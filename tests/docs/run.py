"""Run the root README and the pages of docs/ as they are written.

    run.py INSTALLED BUILT [PAGE…]

BUILT has the command, the service and examples/quickstart. Leaves a fresh installation of each
package in INSTALLED, for other tests to use: python/ (a venv), ruby/ (a GEM_HOME) and node/ (an npm
project). With pages, runs only those, on the installations that are there. Nothing is fetched from
a network.

A page is one shell session in an empty folder, in the order of its blocks:

    sh                    commands, all of which have to succeed
    console               each line after `$ ` is a command, the others are what it prints
    LANGUAGE file=NAME    written to that file
    text                  what the commands before it printed; … stands for any text
    … database=NAME       run with that database alone: sqlite, or postgres. Its page is run on both
    … not-run=REASON      left out

The program of a page of docs/frameworks is a server. While it runs, the contract of the guarded
route (tests/routes) is put to it. Such a page exports IDENTITY_TOKEN_KEY, and its port is 3000.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

from check import runs
from markdown import ROOT, Block, Page, read

SECRET = "s3cret"
HMAC = "03d2bb3218280c28abe57a2c0837c37a6c29abcd465c25dcf61a21de0c2e0bae"
DIST = ROOT / "dist"
DOCS = ROOT / "docs"
FRAMEWORKS = DOCS / "frameworks"
CONTRACT = ROOT / "tests" / "routes" / "contract.test.mjs"
# Where the libraries of others are installed, for the tests of the packages.
NODE_MODULES = ROOT / "bindings/node/node_modules"
NEXT = ROOT / "tests/next"
SITE_PACKAGES = next((ROOT / "bindings/python/.venv/lib").glob("python3*/site-packages"), "")
OFFLINE = {"CARGO_NET_OFFLINE": "true", "PIP_NO_INDEX": "1", "npm_config_offline": "true"}
# Beside what npm has installed. Next.js follows no link that leaves its folder.
LINK_NODE_MODULES = f"""node_modules_of() {{
for package; do
if [ $package = next ]; then
cp -alf {NEXT}/node_modules/. node_modules 2>/dev/null || cp -a {NEXT}/node_modules/. node_modules
return
fi
mkdir -p $(dirname node_modules/$package) && ln -s {NODE_MODULES}/$package node_modules/$package
done; }}"""
# Behind what pip has installed, so that the package is the one in INSTALLED.
APPEND_SITE_PACKAGES = f"""site_packages_of() {{
mkdir ../site && echo 'import sys; sys.path.append("{SITE_PACKAGES}")' >../site/sitecustomize.py
export PYTHONPATH=$PWD/../site
python -c 'import sys, importlib.metadata as all; print(*map(all.version, sys.argv[1:]))' $*; }}"""
# Run a second time, on a server of PostgreSQL that pg_virtualenv starts.
ON_POSTGRES = ["docs/run/first-start.md"]
DATABASE = (
    'export IDENTITY_DATABASE="postgres://$PGUSER:$PGPASSWORD@$PGHOST:$PGPORT/postgres"'
    " IDENTITY_MASTER_KEY=$(openssl rand -hex 32)"
)
ONE_POSTGRES = Lock()
# A deadline for a page, for one that waits for something that does not come.
SECONDS = 180


class PageError(Exception):
    """A page that does not do what it says, from the line on that the message begins with."""


def main(installed: Path, built: Path, names: list[str]) -> None:
    if not names:
        install(installed)
    environment = environment_of(installed, built)
    paths = [
        ROOT / "README.md",
        ROOT / "crates/identity-hmac-cli/README.md",
        *sorted(DOCS.rglob("*.md")),
    ]
    pages = [page for page in map(read, paths) if not names or page.name in names]
    # Two at a time: half of what a page does is waiting.
    with ThreadPoolExecutor(2) as two:
        faults = list(filter(None, two.map(lambda page: fault_of(page, environment), pages)))
    if faults:
        sys.exit("\n".join(faults))


def fault_of(page: Page, environment: dict[str, str]) -> str:
    begun = time.monotonic()
    try:
        if not run_page(page, environment):
            return ""
        if page.name in ON_POSTGRES or any("database" in block.tags for block in page.blocks):
            # Two servers that start at once may choose the same port.
            with ONE_POSTGRES:
                run_page(page, environment, postgres=True)
    except PageError as fault:
        return f"{page.name}:{fault}"
    print(f"{page.name}: {time.monotonic() - begun:.1f} s", flush=True)
    return ""


def install(folder: Path) -> None:
    """What `make packages` built, as the page of each language says to install it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    venv.create(folder / "python", with_pip=True)
    (wheel,) = DIST.glob("identity_hmac-*.whl")
    command(folder / "python" / "bin" / "pip", "install", "--quiet", wheel)
    (gem,) = DIST.glob("identity_hmac-*.gem")
    empty = {"GEM_HOME": str(folder / "ruby"), "CARGO_HOME": str(folder / "no-registry")}
    command("gem", "install", "--local", "--silent", gem, environment=empty)
    (folder / "node").mkdir()
    (folder / "node" / "package.json").write_text('{"private": true}\n', encoding="ascii")
    command("npm", "install", "--silent", tarball(), cwd=folder / "node")


def tarball() -> Path:
    (found,) = DIST.glob("identity-hmac-*.tgz")
    return found


def command(
    *words: str | Path, cwd: Path = ROOT, environment: dict[str, str] | None = None
) -> None:
    subprocess.run(words, cwd=cwd, env=os.environ | OFFLINE | (environment or {}), check=True)


def environment_of(installed: Path, built: Path) -> dict[str, str]:
    paths = [built, installed / "python" / "bin", os.environ["PATH"]]
    return (
        os.environ
        | OFFLINE
        | {
            "PATH": os.pathsep.join(map(str, paths)),
            "GEM_HOME": str(installed / "ruby"),
            "CARGO_TARGET_DIR": str(installed / "target"),
            "INSTALLED": str(installed),
            "BUILT": str(built),
        }
    )


def run_page(page: Page, environment: dict[str, str], postgres: bool = False) -> bool:
    """Whether there was anything to run."""
    database = "postgres" if postgres else "sqlite"
    blocks = [
        block
        for block in page.blocks
        if runs(page, block) and block.tags.get("database", database) == database
    ]
    if not blocks:
        return False
    with tempfile.TemporaryDirectory(prefix="docs-") as name:
        folder = Path(name)
        (folder / "work").mkdir()
        (folder / "printed").mkdir()
        ports = {port: free_port() for port in ("8080", "8081", "3000")}
        listeners = {
            "IDENTITY_LISTEN": f"127.0.0.1:{ports['8080']}",
            "IDENTITY_ADMIN_LISTEN": f"127.0.0.1:{ports['8081']}",
        }
        steps = [step for block in blocks for step in steps_of(block)]
        if page.path.parent == FRAMEWORKS:
            contract = f"ORIGIN=http://127.0.0.1:3000 node --test --test-reporter=spec {CONTRACT}"
            steps.append((blocks[-1], contract, None))
        script = ["trap 'kill $(jobs -p) 2>/dev/null || true' EXIT", "set -e"]
        script += [LINK_NODE_MODULES, APPEND_SITE_PACKAGES]
        if postgres:
            script.append(DATABASE)
        for number, (_, code, _) in enumerate(steps):
            if code:
                script.append(f"{{ {code}\n}} >{folder}/printed/{number} 2>&1")
        text = on_ports("\n".join(script), ports)
        if page.path.parent == FRAMEWORKS:
            text = re.sub(r"\b3000\b", ports["3000"], text)
        before = ["pg_virtualenv", "-t"] if postgres else []
        status = shell([*before, "bash", "-c", text], folder / "work", environment | listeners)
        last = ""
        for number, (block, code, expected) in enumerate(steps):
            if code:
                printed = folder / "printed" / str(number)
                if not printed.exists():
                    raise PageError(f"{block.line}: was not reached (exit code {status})\n{last}")
                last = printed.read_text(encoding="utf-8", errors="replace").rstrip()
            if expected is not None and not agrees(last, on_ports(expected, ports)):
                raise PageError(
                    f"{block.line}: the page says\n{expected}\nand this was printed\n{last}"
                )
        if status:
            raise PageError(f"{block.line}: exit code {status}\n{last}")
    return True


def steps_of(block: Block) -> list[tuple[Block, str, str | None]]:
    """What to run for a block, and what that, or what ran before, is to print."""
    if "same-as" in block.tags:
        return []
    if name := block.tags.get("file"):
        code = f"mkdir -p $(dirname {name})\ncat >{name} {quoted(block.text.rstrip())}"
        return [(block, code, None)]
    if block.language == "sh":
        return [(block, local(block.text), None)]
    if block.language == "console":
        pairs = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block.text, re.M)
        return [(block, f"{local(code)} || true", expected) for code, expected in pairs]
    if block.language in SNIPPETS:
        return [(block, SNIPPETS[block.language](block.text), HMAC)]
    return [(block, "", block.text)]


def local(text: str) -> str:
    """The commands, with what is published replaced by what was built here."""
    core = ROOT / "crates" / "identity-hmac"
    for published, here in {
        r"make demo": "true",
        r"npm install identity-hmac( .*)?$": (
            rf"npm install --silent {tarball()} && node_modules_of\1"
        ),
        r"npm install identity-hmac-browser$": f"npm install --silent {DIST}/browser/*.tgz",
        r"npm install (jsonwebtoken|jose)$": rf"ln -s {NODE_MODULES}/\1 node_modules/",
        r"pip install identity-hmac( .*)$": r"pip install identity-hmac && site_packages_of\1",
        r"pip install pyjwt$": f"ln -s {SITE_PACKAGES}/jwt .",
        r"gem install (identity_hmac|jwt)$": r"gem list --silent --installed \1",
        # The others are Debian's.
        r"gem install identity_hmac .*$": "gem list --silent --installed identity_hmac",
        r"cargo install ([a-z-]+)( [a-z-]+)*": "true",
        r"cargo new (\S+)$": rf"cargo new --quiet \1 && cp {ROOT}/Cargo.lock \1",
        r"cargo add (--manifest-path \S+ )?identity-hmac( .*)?$": (
            rf"cargo add --quiet \1--path {core}\2"
        ),
        r"cargo add --manifest-path (\S+)/Cargo.toml jsonwebtoken .*$": (
            rf"cp -r {ROOT}/tests/docs/jsonwebtoken/. \1"
            " && export CARGO_TARGET_DIR=$BUILT/../jsonwebtoken"
        ),
        r"cargo add .* serde_json$": "true",
        # The program of this page is an example of the workspace, which has the crates.
        r"cargo add (identity-hmac-axum|serde|tokio) .*$": "true",
        r"cargo run -q (\S+ &)$": r"$BUILT/examples/program \1",
    }.items():
        text = re.sub(rf"^{published}", here, text, flags=re.M)
    return text


def quoted(text: str) -> str:
    return f"<<'END-OF-BLOCK'\n{text}\nEND-OF-BLOCK"


def rust(text: str) -> str:
    main = f"fn main() -> Result<(), identity_hmac::InputError> {{\n{text}\nOk(()) }}"
    new = local("cargo new snippet\n") + "cd snippet\n" + local("cargo add identity-hmac\n")
    return f"{new}cat >src/main.rs {quoted(main)}\nIDENTITY_SECRET={SECRET} cargo run -q\ncd .."


def node(text: str) -> str:
    file = "$INSTALLED/node/snippet.mjs"
    return f"cat >{file} {quoted(text)}\nIDENTITY_SECRET={SECRET} node {file}"


# How the root README's snippets become programs.
SNIPPETS = {
    "python": lambda text: f"IDENTITY_SECRET={SECRET} python - {quoted(text)}",
    "ruby": lambda text: f"IDENTITY_SECRET={SECRET} ruby - {quoted(text)}",
    "js": node,
    "rust": rust,
}


def agrees(printed: str, expected: str) -> bool:
    # A line that is … alone stands for any number of lines, and for none.
    patterns = [
        r"(?:.*\n)*" if line == "…" else re.escape(line).replace("…", ".*") + r"\n"
        for line in expected.rstrip().split("\n")
    ]
    return re.fullmatch("".join(patterns), f"{printed}\n") is not None


def shell(words: list[str], folder: Path, environment: dict[str, str]) -> int:
    """The exit code. What the page left running in the background ends with it."""
    running = subprocess.Popen(
        words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, start_new_session=True
    )
    try:
        return running.wait(SECONDS)
    except subprocess.TimeoutExpired:
        return -1
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGTERM)


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


def on_ports(text: str, ports: dict[str, str]) -> str:
    return re.sub(r"(?<=127\.0\.0\.1:)(\d+)", lambda match: ports.get(match[1], match[1]), text)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute(), sys.argv[3:])
