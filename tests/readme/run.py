"""Run the root README as it is written: install each package, and run each language's program.

    run.py FOLDER

leaves the fresh installations in FOLDER, for other tests to use: python/ (a venv), ruby/ (a
GEM_HOME) and node/ (an npm project). Nothing is fetched from a network.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
SECRET = "s3cret"
HMAC = "03d2bb3218280c28abe57a2c0837c37a6c29abcd465c25dcf61a21de0c2e0bae"
OFFLINE = {"CARGO_NET_OFFLINE": "true", "PIP_NO_INDEX": "1", "npm_config_offline": "true"}


def main(folder: Path) -> None:
    blocks = sections((ROOT / "README.md").read_text(encoding="utf-8"))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)

    (command,) = blocks["Sign"]
    expect("sign", HMAC, shell(command[1]))

    install, program = by_language(blocks["Python"])
    venv.create(folder / "python", with_pip=True)
    path = f"{folder / 'python' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    shell(install, PATH=path)
    expect("Python", f"{HMAC} True", run(["python", "-c", program], PATH=path))

    install, program = by_language(blocks["Ruby"])
    shell(install, GEM_HOME=str(folder / "ruby"), CARGO_HOME=str(folder / "no-registry"))
    expect("Ruby", f"{HMAC} true", run(["ruby", "-e", program], GEM_HOME=str(folder / "ruby")))

    install, program = by_language(blocks["Node"])
    project = folder / "node"
    project.mkdir()
    (project / "dist").symlink_to(ROOT / "dist")
    (project / "package.json").write_text('{"private": true}\n', encoding="ascii")
    shell(install, cwd=project)
    expect("Node", f"{HMAC} true", run(["node", "--input-type=module", "-e", program], cwd=project))

    ((_, program),) = blocks["Rust"]
    package = folder / "rust"
    (package / "src").mkdir(parents=True)
    (package / "src" / "main.rs").write_text(program, encoding="utf-8")
    (package / "Cargo.toml").write_text(
        '[package]\nname = "readme"\nedition = "2024"\n[workspace]\n'
        f'[dependencies]\nidentity-hmac = {{ path = "{ROOT / "crates" / "identity-hmac"}" }}\n',
        encoding="utf-8",
    )
    shutil.copy(ROOT / "Cargo.lock", package)
    expect(
        "Rust",
        f"{HMAC} true",
        run(["cargo", "run", "-q", "--target-dir", folder / "target"], cwd=package),
    )

    service = "".join(text for _, text in blocks["Run the service"])
    check_service(service, [])
    check_service(
        'export IDENTITY_DATABASE="postgres://$PGUSER:$PGPASSWORD@$PGHOST:$PGPORT/postgres"\n'
        + service,
        ["pg_virtualenv", "-t"],
    )
    print("the README's commands and programs print what it says")


def check_service(script: str, environment: list[str]) -> None:
    """Run the service's section, on a free port, in the environment that a command gives."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    printed = run(
        [*environment, "sh", "-ec", script.replace("127.0.0.1:8080", address)],
        IDENTITY_LISTEN=address,
    )
    answers = [json.loads(line) for line in re.findall(r"{[^{}]*}", printed)]
    _visitor, unsigned, refused, signed, renamed = answers
    assert (unsigned["name"], unsigned["hmacVerified"]) == ("Jane", False), unsigned
    assert refused["code"] == "hmac_required", refused
    assert (signed["name"], signed["hmacVerified"]) == ("Jane", True), signed
    assert (renamed["name"], renamed["hmacVerified"]) == ("Jane Doe", True), renamed
    assert unsigned["id"] == signed["id"] == renamed["id"], answers


def sections(text: str) -> dict[str, list[tuple[str, str]]]:
    """The fenced blocks, as (language, text), under each heading."""
    found: dict[str, list[tuple[str, str]]] = {}
    # A fenced block is matched first, so that a comment in it is not taken for a heading.
    for language, block, heading in re.findall(
        r"^```(\w*)\n(.*?)^```$|^#+ ([^\n]+)$", text, re.MULTILINE | re.DOTALL
    ):
        if heading:
            blocks = found.setdefault(heading, [])
        else:
            blocks.append((language, block))
    return found


def by_language(blocks: list[tuple[str, str]]) -> tuple[str, str]:
    (install_language, install), (_, program) = blocks
    assert install_language == "sh", blocks
    return install, program


def shell(commands: str, cwd: Path = ROOT, **environment: str) -> str:
    return run(["sh", "-ec", commands], cwd, **environment)


def run(command: list, cwd: Path = ROOT, **environment: str) -> str:
    environment = os.environ | OFFLINE | {"IDENTITY_SECRET": SECRET} | environment
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def expect(what: str, expected: str, printed: str) -> None:
    if printed.strip() != expected:
        sys.exit(f"README: {what} printed {printed!r} and not {expected!r}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
