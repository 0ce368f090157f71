"""The packages, installed in each Debian as its users do, and put to the shared vectors."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import programs
import sources
from interpreters import MACHINE, nodes, pythons
from programs import DIST, RELEASE, VECTORS, X86_64, one
from report import Case, NotRunError
from shell import BY_NODE, ROOT, first, passed
from suites import BOOKWORM, BULLSEYE, SID, TRIXIE, Suite, npm_folder

GEMS = {"source": "identity_hmac-*[0-9].gem", "precompiled": "identity_hmac-*-x86_64-linux-gnu.gem"}
PYTHON = ROOT / "bindings/python"
RUBY = ROOT / "bindings/ruby"
NODE = ROOT / "bindings/node"
PYTHON_TESTS = "arguments concurrency objects token_vectors tokens vectors"
RUBY_SPECS = "from_env keyring route_vectors signing token_vectors vectors verifying"
NPM_FLAGS = "--offline --no-audit --no-fund --loglevel=error --no-package-lock"
NODE_TESTS = "behaviour copies modules route-vectors secrecy token-vectors tokens vectors workers"


def named(pattern: str, names: str) -> str:
    return " ".join(pattern.format(name) for name in names.split())


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
        rspec=$(printf -- '-I %s ' /usr/share/rubygems-integration/all/gems/*/lib)
        ruby $rspec -S /usr/bin/rspec {named("spec/{}_spec.rb", RUBY_SPECS)}
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


def cases() -> Iterator[Case]:
    def case(suite: Suite, what: str, trial: Callable[..., str], *given: object) -> Case:
        return Case(suite.title, what, partial(trial, suite, *given))

    for suite in (BULLSEYE, BOOKWORM, TRIXIE, SID):
        if suite is BULLSEYE:
            yield Case(suite.title, "wheel, on a Python from source", wheel_on_bullseye)
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
                yield Case(suite.title, f"{kind} gem, on a Ruby from source", trial)
            else:
                yield case(suite, f"{kind} gem", gem, pattern)
        yield case(suite, "command, static", programs.command, X86_64)
        yield case(suite, "service, static", programs.service, X86_64)
    yield Case("any", "wheel, on a free-threaded Python", wheel_on_free_threaded)
    for version, python in pythons().items():
        yield Case(
            MACHINE.title,
            f"wheel, on Python {version}",
            partial(wheel, MACHINE, python),
        )


def wheel_on_bullseye() -> str:
    return wheel(BULLSEYE, "python3.13", sources.python(BULLSEYE))


def wheel_on_free_threaded() -> str:
    raise NotRunError("no release of Debian has one, and the mirror no source of 3.14 or 3.15")


def gem_on_bullseye(pattern: str) -> str:
    return gem(BULLSEYE, pattern, sources.ruby(BULLSEYE))
