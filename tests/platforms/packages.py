"""The packages, installed in each Debian as its users do, and put to the shared vectors."""

import itertools
import json
import re
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import sources
from interpreters import MACHINE, nodes, pythons
from report import Case, NotRunError
from shell import BY_NODE, KEPT, ROOT, first, passed
from suites import BOOKWORM, BULLSEYE, SID, TRIXIE, Suite, npm_folder

DIST = ROOT / "dist"
RELEASE = DIST / "release"
VECTORS = ROOT / "tests/vectors"
GEMS = {"source": "identity_hmac-*[0-9].gem", "precompiled": "identity_hmac-*-x86_64-linux-gnu.gem"}
COMMAND_VECTORS = KEPT / "command-vectors"
PYTHON = ROOT / "bindings/python"
RUBY = ROOT / "bindings/ruby"
NODE = ROOT / "bindings/node"
SERVICE = Path(__file__).with_name("service.sh")
PYTHON_TESTS = "arguments concurrency objects token_vectors tokens vectors"
RUBY_SPECS = "from_env keyring route_vectors signing token_vectors vectors verifying"
NPM_FLAGS = "--offline --no-audit --no-fund --loglevel=error --no-package-lock"
NODE_TESTS = "behaviour copies modules route-vectors secrecy token-vectors tokens vectors workers"


def named(pattern: str, names: str) -> str:
    return " ".join(pattern.format(name) for name in names.split())


def one(folder: Path, pattern: str) -> Path:
    """The one file of that name."""
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise NotRunError(f"{folder.relative_to(ROOT)} has {len(found) or 'no'} `{pattern}`")
    return found[0]


def wheel(suite: Suite, python: str, path: Path | None = None) -> str:
    """pip picks the wheel that fits, and fails where none does."""
    folder = RELEASE / "pypi" if any(RELEASE.glob("pypi/*.whl")) else DIST
    tests = named(f"{PYTHON}/tests/test_{{}}.py", PYTHON_TESTS)
    output = suite.run(
        f"""
        export PYTHONDONTWRITEBYTECODE=1
        {python} -m venv venv
        alias install='venv/bin/pip install --quiet'
        install --no-index --only-binary=:all: --find-links {folder} identity-hmac
        grep -E '^(pytest|hypothesis|pyjwt)==' {PYTHON}/requirements-test.txt >requirements
        install -r requirements
        venv/bin/python --version
        venv/bin/python -m pytest --quiet -p no:cacheprovider {tests}
        """,
        minutes=8,
        path=path,
    )
    version = first(output, r"^Python (.*)$")
    return f"Python {version}: {passed(output, r'([0-9]+) passed')}"


def gem(suite: Suite, pattern: str, path: Path | None = None) -> str:
    """The gem from source is compiled here, with the crates that are in it."""
    folder = RELEASE / "gems" if any(RELEASE.glob(f"gems/{pattern}")) else DIST
    file = one(folder, pattern)
    output = suite.run(
        f"""
        export GEM_HOME=/tmp/gems CARGO_HOME=/tmp/cargo CARGO_NET_OFFLINE=true
        gem install --quiet --local --no-document {file}
        cd {RUBY}
        ruby --version
        ruby -I /usr/lib/ruby/vendor_ruby -S /usr/bin/rspec {named("spec/{}_spec.rb", RUBY_SPECS)}
        """,
        minutes=15,
        path=path,
    )
    ruby = first(output, r"^ruby ([0-9.]+)")
    return f"Ruby {ruby}: {passed(output, r'^([0-9]+) examples?, 0 failures')}"


def npm_packages() -> list[Path]:
    """What npm would take: the package, and the addon for glibc."""
    addon = "identity-hmac-addon-linux-x64-gnu-*.tgz"
    for folder in (RELEASE / "npm", DIST / "npm"):
        if any(folder.glob(addon)):
            return [one(folder, "identity-hmac-[0-9]*.tgz"), one(folder, addon)]
    raise NotRunError("dist/npm has no package")


def npm(suite: Suite, path: Path | None = None) -> str:
    main, addon = npm_packages()
    tests = named("{}.test.js", NODE_TESTS)
    output = suite.run(
        f"""
        cp -R {NODE}/test project
        cp {VECTORS}/*.json project
        cd project
        node {npm_folder()}/bin/npm-cli.js install {NPM_FLAGS} {main} {addon}
        node --version
        node --test --test-reporter=spec {tests}
        """,
        minutes=8,
        path=path,
    )
    return f"Node {first(output, r'^v([0-9.]+)$')}: {passed(output, BY_NODE)}"


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


def archive(program: str) -> Path:
    return one(RELEASE / "archives", f"{program}-*-x86_64-unknown-linux-musl.tar.gz")


# Unpacks the archives of the command and the service, and puts their programs onto the path.
UNPACK = """
for archive in {archives}; do tar -xzf $archive; done
for program in $(find "$PWD" -name 'identity-hmac*' -type f -perm /u+x); do
    PATH=$(dirname $program):$PATH
done
"""


def command(suite: Suite) -> str:
    vectors, count = command_vectors()
    suite.run(
        f"""
        {UNPACK.format(archives=archive("identity-hmac-cli"))}
        for ids in {vectors}/*.ids; do
            identity-hmac sign --secret-file ${{ids%.ids}}.secret --input $ids >signed
            cmp signed ${{ids%.ids}}.signed
        done
        """
    )
    return f"{count} vectors"


def service(suite: Suite) -> str:
    archives = f"{archive('identity-hmac-cli')} {archive('identity-hmac-server')}"
    suite.run(f"{UNPACK.format(archives=archives)}\n. {SERVICE}")
    return "a visitor is verified by the command's hmac"


def cases() -> Iterator[Case]:
    def case(suite: Suite, what: str, trial: Callable[..., str], *given: object) -> Case:
        return Case("packages", suite.title, what, partial(trial, suite, *given))

    for suite in (BULLSEYE, BOOKWORM, TRIXIE, SID):
        if suite is BULLSEYE:
            yield Case("packages", suite.title, "wheel, on a Python from source", wheel_on_bullseye)
            free_threaded = "wheel, on a free-threaded Python from source"
            yield Case("packages", suite.title, free_threaded, wheel_on_free_threaded)
        else:
            yield case(suite, "wheel", wheel, "python3")
        if suite is SID:
            yield case(suite, "wheel, on a second Python", wheel, "python3.15")
        if suite in (BULLSEYE, BOOKWORM):
            # Their own Node is too old; these are npm's.
            for version, path in nodes().items():
                yield case(suite, f"npm package, on npm's Node {version}", npm, path)
        else:
            yield case(suite, "npm package", npm)
        for kind, pattern in GEMS.items():
            if suite is BOOKWORM and kind == "precompiled":
                # Its RubyGems, 3.3.15, takes none: it cannot tell glibc from musl.
                continue
            if suite is BULLSEYE:
                trial = partial(gem_on_bullseye, pattern)
                yield Case("packages", suite.title, f"{kind} gem, on a Ruby from source", trial)
            else:
                yield case(suite, f"{kind} gem", gem, pattern)
        yield case(suite, "command, static", command)
        yield case(suite, "service, static", service)
    for version, python in pythons().items():
        yield Case(
            "packages",
            MACHINE.title,
            f"wheel, on Python {version}",
            partial(wheel, MACHINE, python),
        )


def wheel_on_bullseye() -> str:
    return wheel(BULLSEYE, "python3.13", sources.python(BULLSEYE))


def wheel_on_free_threaded() -> str:
    return wheel(BULLSEYE, "python3.14t", sources.free_threaded_python(BULLSEYE))


def gem_on_bullseye(pattern: str) -> str:
    return gem(BULLSEYE, pattern, sources.ruby(BULLSEYE))
