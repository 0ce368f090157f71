"""Check what the product is made of, and what its documents say about that.

    run.py DIST TARGET

DIST holds the packages and their SBOMs, TARGET the built command and service. Every check is also
given something that it has to refuse. Prints a line `proved: …` for each claim that holds.
"""

import copy
import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

ROOT = Path(__file__).parents[2]
# Where a panic in a crate would say that it is. The standard library's own crates lie elsewhere.
IN_BINARY = re.compile(rb"registry/src/[^/]+/([\w-]+?)-(\d+\.\d+\.\d+[\w.+-]*)/")
CARGO = re.compile(
    r"(?:\$\(CARGO\)|\bcargo\b|\"cargo\",)(?: --?\w+)* \"?"
    r"(?:bench|build|clippy|doc|fetch|install|run|rustc|test|vendor)\b"
)


def main(dist: Path, target: Path) -> None:
    check_locks()
    check_commands()
    check_npm()
    check_python()
    check_workflows()
    check_sboms(dist, target)


def check_locks() -> None:
    locks = tracked("*Cargo.lock")
    crates = set()
    for lock in locks:
        manifest = f"--manifest-path={ROOT / lock.parent / 'Cargo.toml'}"
        run("cargo", "fetch", "--locked", "--quiet", manifest)
        # The benches compare with crates that the product must not have.
        bans = ["bans"] if lock == Path("Cargo.lock") else []
        run(*DENY, manifest, "check", "licenses", "sources", *bans)
        crates |= set(re.findall(r'name = "(.+)"\nversion = "(.+)"\nsource', read(lock)))
    with tempfile.TemporaryDirectory() as name:
        # A crate that deny.toml bans.
        folder = Path(name)
        for crate, rest in {
            "": '[dependencies]\nopenssl-sys = { path = "openssl-sys", version = "0.9.0" }\n',
            "openssl-sys": "",
        }.items():
            (folder / crate).mkdir(exist_ok=True)
            (folder / crate / "lib.rs").touch()
            (folder / crate / "Cargo.toml").write_text(
                f'[package]\nname = "{crate or "planted"}"\nversion = "0.9.0"\nlicense = "MIT"\n'
                f'[lib]\npath = "lib.rs"\n{rest}'
            )
        refused(*DENY, f"--manifest-path={folder}/Cargo.toml", "check", "bans")
    prove(
        "every crate of every lock file has an allowed license and comes from crates.io, and none"
        " of the product's is banned",
        f"{len(crates)} crates in {len(locks)} lock files",
    )
    advisories = subprocess.run(
        ["cargo", "deny", "--log-level=error", "check", "advisories"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if "failed to fetch advisory database" in advisories.stderr:
        print("not shown here: advisories, for RustSec's database cannot be fetched")
    elif advisories.returncode:
        sys.exit(advisories.stderr)
    else:
        prove("no crate has a known advisory", f"{len(crates)} crates")


DENY = ["cargo", "deny", "--offline", "--log-level=error", f"--config={ROOT / 'deny.toml'}"]


def check_commands() -> None:
    def faults(lines: Iterable[str]) -> list[str]:
        # A comment is no command, and `setup` says what to install by hand.
        return [line for line in lines if "--locked" not in line]

    files = tracked("*Makefile", ".ci/*", "scripts/*", "bindings/*/script/*", "*extconf.rb")
    commands = [
        line
        for file in files
        for line in read(file).replace("\\\n", " ").splitlines()
        if CARGO.search(line) and not line.lstrip().startswith(("#", "//"))
    ]
    demand(faults, commands, ["\t$(CARGO) build -p identity-hmac"])
    prove("every build takes the versions of its lock file", f"{len(commands)} commands of Cargo")


def check_npm() -> None:
    def faults(packages: dict[str, dict]) -> list[str]:
        return [
            f"{path}: {package}"
            for path, package in packages.items()
            if not package.get("integrity", "").startswith("sha512-") or "resolved" in package
        ]

    entries = {}
    locks = tracked("*package-lock.json")
    for lock in locks:
        for path, package in json.loads(read(lock))["packages"].items():
            # The project itself, and our own package, which is built here.
            if path and path != "node_modules/identity-hmac":
                entries[f"{lock} {path}"] = package
    planted = {
        "no hash": {"version": "1.0.0"},
        "a weak hash": {"version": "1.0.0", "integrity": "sha1-LQ=="},
        "git": {"resolved": "git+ssh://git@example.com/a/b.git", "integrity": "sha512-LQ=="},
    }
    for name, package in planted.items():
        demand(faults, entries, {name: package})
    prove(
        "every npm package is pinned by its SHA-512 and comes from the registry",
        f"{len(entries)} packages in {len(locks)} lock files",
    )
    audit = ["npm", "audit", "signatures", "--fetch-retries=0", "--fetch-timeout=10000"]
    signatures = subprocess.run(
        audit, cwd=ROOT / "bindings/node", capture_output=True, text=True, timeout=300
    )
    if re.search(r"ENOTFOUND|ECONNREFUSED|ETIMEDOUT", signatures.stderr):
        print("not shown here: npm's signatures, for the keys of Sigstore cannot be fetched")
    elif signatures.returncode:
        sys.exit(signatures.stdout + signatures.stderr)
    else:
        prove("the registry has signed the npm packages", signatures.stdout.splitlines()[0])


def check_python() -> None:
    def faults(lines: Iterable[str]) -> list[str]:
        return [line for line in lines if not re.fullmatch(r"[\w-]+(\[[\w,-]+\])?==[\w.]+", line)]

    files = tracked("*requirements*.txt")
    lines = [
        line
        for file in files
        for line in read(file).splitlines()
        if line and not line.startswith(("#", "-r "))
    ]
    demand(faults, lines, ["pytest>=9"])
    prove("every Python requirement names one version", f"{len(lines)} in {len(files)} files")


def check_workflows() -> None:
    workflows = tracked(".github/workflows/*")
    command = [str(Path(sys.executable).with_name("zizmor")), "--offline", "--quiet"]
    command += ["--persona=auditor", "--no-config"]
    for workflow in workflows:
        text = read(workflow)
        run(*command, str(ROOT / workflow))
        planted = {
            "a tag in place of a digest": re.sub(r"(actions/\w+)@\w+", r"\1@v7", text),
            "a tag in place of an image": re.sub(r"@sha256:\w+", "", text),
            "every permission": text.replace("contents: read", "contents: write"),
            "a token that stays": text.replace("persist-credentials: false", "fetch-depth: 1"),
        }
        for what, fault in planted.items():
            if fault == text:
                sys.exit(f"{workflow}: nothing to plant {what} in")
            with tempfile.TemporaryDirectory() as name:
                path = Path(name) / ".github/workflows/planted.yml"
                path.parent.mkdir(parents=True)
                path.write_text(fault)
                refused(*command, str(path))
    pins = re.findall(r"uses: \S+@[0-9a-f]{40} # v[\d.]+$", "".join(map(read, workflows)), re.M)
    prove(
        "the workflows pin their actions by commit and hold no permission but to read",
        f"{len(pins)} actions; {len(planted)} planted faults found by zizmor",
    )


def check_sboms(dist: Path, target: Path) -> None:
    (wheel,) = dist.glob("identity_hmac-*.whl")
    (gem,) = dist.glob("identity_hmac-*.gem")
    (tarball,) = dist.glob("identity-hmac-*.tgz")
    (browser,) = (dist / "browser").glob("*.tgz")
    # The crates that a package shows to hold; a library on crates.io holds none but itself.
    shown = {
        "crate-identity-hmac": set(),
        "crate-identity-hmac-axum": set(),
        "crate-identity-hmac-doctor": set(),
        "crate-identity-hmac-cli": crates_in((target / "identity-hmac").read_bytes()),
        "crate-identity-hmac-server": crates_in((target / "identity-hmac-server").read_bytes()),
        "pypi-identity-hmac": crates_in(member(wheel, ".so")),
        "npm-identity-hmac": crates_in(member(tarball, ".node")),
        "gem-identity_hmac": vendored(gem),
        "npm-identity-hmac-browser": set(),
    }
    validator = JsonStrictValidator(SchemaVersion.V1_5)
    found = {path.name.removesuffix(".cdx.json"): path for path in dist.glob("*.cdx.json")}
    if found.keys() != shown.keys():
        sys.exit(f"SBOMs for {sorted(found)}, packages {sorted(shown)}")
    if not validator.validate_str(
        '{"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [{}]}'
    ):
        sys.exit("a planted fault was not found: a component without a name")
    components = 0
    for name, path in found.items():
        text = path.read_text(encoding="utf-8")
        bom = json.loads(text)

        def faults(bom: dict, name: str = name) -> list[str]:
            text = json.dumps(bom)
            listed = {(one["name"], one["version"]) for one in bom["components"]}
            inside = {one for one in listed if scope(bom, one) == "required"}
            # The gem carries what other systems need as well, and builds where it is installed.
            missing = shown[name] - (listed if name.startswith("gem") else inside)
            wrong = [f"not listed: {crate}" for crate in sorted(missing)]
            if name.startswith("gem"):
                ours = {crate for crate in listed if crate[0].startswith("identity-hmac")}
                wrong += [
                    f"not in the gem: {crate}" for crate in sorted(listed - ours - shown[name])
                ]
            if name.endswith("browser"):
                wrong += unlike_one_package(browser)
            wrong += re.findall(r"file:[^\"]*|\"/[^\"]*|[^\"]*(?:/home/|/root/)[^\"]*", text)
            return wrong

        plant = copy.deepcopy(bom)
        plant["metadata"]["component"]["bom-ref"] = "path+file:///builder"
        demand(faults, bom, plant)
        # Once for each, since it takes long.
        if error := validator.validate_str(text):
            sys.exit(f"{path.name}: {error}")
        if shown[name]:
            plant = copy.deepcopy(bom)
            lost = min(shown[name])
            plant["components"] = [one for one in plant["components"] if one["name"] != lost[0]]
            demand(faults, bom, plant)
        components += len(bom["components"])
    prove(
        "each package has a valid CycloneDX SBOM that lists every crate found in it, and no folder"
        " of the building machine",
        f"{len(found)} SBOMs, {components} components, {sum(map(len, shown.values()))} crates found"
        " in the packages",
    )


def scope(bom: dict, crate: tuple[str, str]) -> str:
    (one,) = (one for one in bom["components"] if (one["name"], one["version"]) == crate)
    return one["scope"]


def crates_in(binary: bytes) -> set[tuple[str, str]]:
    found = {(name.decode(), version.decode()) for name, version in IN_BINARY.findall(binary)}
    if not found:
        sys.exit("a binary shows no crate")
    return found


def member(package: Path, end: str) -> bytes:
    """The one file in a package whose name ends so."""
    if package.suffix == ".whl":
        with zipfile.ZipFile(package) as wheel:
            (name,) = (name for name in wheel.namelist() if name.endswith(end))
            return wheel.read(name)
    with tarfile.open(package) as tarball:
        (name,) = (name for name in tarball.getnames() if name.endswith(end))
        return tarball.extractfile(name).read()


def vendored(gem: Path) -> set[tuple[str, str]]:
    """The crates that a gem carries: a folder for each, with its version."""
    data = io.BytesIO(member(gem, "data.tar.gz"))
    with tarfile.open(fileobj=data) as files:
        names = [name for name in files.getnames() if name.startswith("ext/vendor/")]
    folders = {name.split("/")[2] for name in names}
    return {re.fullmatch(r"(.+?)-(\d+\..+)", folder).groups() for folder in folders}


def unlike_one_package(package: Path) -> list[str]:
    """What a package of npm's with no dependency cannot have."""
    manifest = json.loads(member(package, "package/package.json"))
    wrong = [key for key in manifest if key.endswith("ependencies") and key != "devDependencies"]
    with tarfile.open(package) as tarball:
        return wrong + [name for name in tarball.getnames() if "node_modules" in name]


def demand(faults: Callable[[object], list[str]], real: object, planted: object) -> None:
    """Ends unless the real thing has no fault, and the planted one has."""
    if wrong := faults(real):
        sys.exit("\n".join(wrong))
    if not faults(planted):
        sys.exit(f"a planted fault was not found: {str(planted)[:300]}")


def run(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


def refused(*command: str) -> None:
    if not subprocess.run(command, cwd=ROOT, capture_output=True).returncode:
        sys.exit(f"a planted fault was not found: {' '.join(command)}")


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--", *patterns],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found = [Path(line) for line in listed.stdout.splitlines()]
    return found or sys.exit(f"nothing is tracked as {patterns}")


def read(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def prove(claim: str, figure: str) -> None:
    print(f"proved: {claim}: {figure}", flush=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
