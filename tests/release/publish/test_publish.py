"""A release that stops half-way and is started again, on registries of the loopback."""

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PUBLISH = ROOT / "scripts/release/publish.py"
REPOSITORY = "https://github.com/owner/name"
sys.path[:0] = [str(PUBLISH.parent)]

import packages  # noqa: E402
import registries  # noqa: E402


def call(*command, cwd):
    subprocess.run(command, cwd=cwd, check=True, capture_output=True)


def crates(folder, note):
    """Three crates, named so that the order of the alphabet is not theirs."""
    workspace = folder / "workspace"
    for name, needed in [("a-top", "b-middle"), ("b-middle", "c-base"), ("c-base", None)]:
        (workspace / name / "src").mkdir(parents=True, exist_ok=True)
        (workspace / name / "src/lib.rs").write_text(f"//! {note}\n")
        dependency = f'{needed} = {{ path = "../{needed}", version = "1.0.0", registry = "test" }}'
        (workspace / name / "Cargo.toml").write_text(
            f'[package]\nname = "{name}"\nversion = "1.0.0"\nedition = "2021"\n'
            f'description = "A toy"\nlicense = "MIT"\nrepository = "{REPOSITORY}"\n[dependencies]\n'
            + (dependency if needed else "")
        )
    (workspace / "Cargo.toml").write_text('[workspace]\nmembers = ["*-*"]\nresolver = "2"\n')
    if not (workspace / ".git").exists():
        call("git", "init", "--quiet", cwd=workspace)
        (workspace / ".gitignore").write_text("target\n")
        call("cargo", "generate-lockfile", "--offline", cwd=workspace)
    call("git", "add", "--all", cwd=workspace)
    identity = ["-c", "user.name=Release", "-c", "user.email=release@example.com"]
    call("git", *identity, "commit", "--quiet", "--message", note, cwd=workspace)
    call("cargo", "package", "--workspace", "--no-verify", "--registry", "test", cwd=workspace)
    built = folder / "crates"
    built.mkdir(exist_ok=True)
    for crate in (workspace / "target/package").glob("*.crate"):
        crate.rename(built / crate.name)
    return built


def pypi(folder, note):
    built = folder / "pypi"
    built.mkdir(exist_ok=True)
    for tag in [
        "cp310-abi3-manylinux2014_x86_64",
        "cp310-abi3-win_amd64",
        "cp314-cp314t-win_amd64",
    ]:
        with zipfile.ZipFile(built / f"toy-1.0.0-{tag}.whl", "w") as wheel:
            metadata = f"Metadata-Version: 2.1\nName: toy\nVersion: 1.0.0\nSummary: {note}\n"
            metadata += f"Project-URL: Repository, {REPOSITORY}\n"
            wheel.writestr("toy-1.0.0.dist-info/METADATA", metadata)
            wheel.writestr("toy-1.0.0.dist-info/WHEEL", f"Wheel-Version: 1.0\nTag: {tag}\n")
            wheel.writestr("toy-1.0.0.dist-info/RECORD", "")
    return built


def gems(folder, note):
    built = folder / "gems"
    built.mkdir(exist_ok=True)
    for platform in ["ruby", "x86_64-linux-gnu", "arm64-darwin"]:
        (folder / "toy.gemspec").write_text(
            'Gem::Specification.new("toy", "1.0.0") { |s| s.authors = ["A"]; s.licenses = ["MIT"]\n'
            f's.summary = "{note}"; s.platform = "{platform}"; s.homepage = "{REPOSITORY}"\n'
            f's.metadata["source_code_uri"] = "{REPOSITORY}/tree/main" }}'
        )
        call("gem", "build", "toy.gemspec", cwd=folder)
    for gem in folder.glob("*.gem"):
        gem.rename(built / gem.name)
    return built


def npm(folder, note):
    """Two packages for platforms, and the one that names them."""
    built = folder / "npm"
    built.mkdir(exist_ok=True)
    platforms = ["@toy/addon-linux", "@toy/addon-win32"]
    for name in [*platforms, "toy"]:
        manifest = {
            "name": name,
            "version": "1.0.0",
            "description": note,
            "repository": {"type": "git", "url": f"git+{REPOSITORY}.git"},
            "optionalDependencies": dict.fromkeys(platforms, "1.0.0") if name == "toy" else {},
        }
        source = folder / "source" / name
        source.mkdir(parents=True, exist_ok=True)
        (source / "package.json").write_text(json.dumps(manifest))
        call("npm", "pack", "--pack-destination", built, cwd=source)
    return built


@dataclass
class Release:
    """A registry and the packages for it."""

    kind: str
    build: object
    arguments: list
    folder: Path
    environment: dict = field(default_factory=dict)
    cwd: Path = ROOT

    def start(self, *more):
        command = [sys.executable, PUBLISH, self.kind, self.folder / self.kind]
        return subprocess.Popen(
            [*command, *self.arguments, *more],
            cwd=self.cwd,
            env=os.environ | self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *more):
        """What it printed of packages, and how it ended."""
        process = self.start(*more)
        output, errors = process.communicate(timeout=120)
        told = [
            line for line in output.splitlines() if ": published" in line or ": is there" in line
        ]
        return told, process.returncode, errors


@pytest.fixture(params=["crates", "pypi", "gems", "npm"])
def release(request, tmp_path, monkeypatch):
    kind = request.param
    environment = {}
    if kind in ("crates", "gems"):
        registry = registries.crates_and_gems()
    else:
        registry = getattr(registries, kind)(tmp_path / "registry")
    with registry as served:
        if kind in ("crates", "gems"):
            environment["ACTIONS_ID_TOKEN_REQUEST_URL"] = f"{served.url}/identity?version=2"
            environment["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = "the-runner"
            arguments = ["--ask", served.url, "--exchange", f"{served.url}/exchange"]
        if kind == "crates":
            arguments = ["--ask", f"{served.url}/index", "--registry", "test", *arguments[2:]]
            monkeypatch.setenv("CARGO_REGISTRIES_TEST_INDEX", f"sparse+{served.url}/index/")
            monkeypatch.setenv("CARGO_HOME", str(tmp_path / "cargo-home"))
            monkeypatch.delenv("CARGO_TARGET_DIR", raising=False)
        if kind == "pypi":
            arguments = ["--ask", f"{served}/simple", "--upload", f"{served}/"]
            environment |= {"UV_PUBLISH_USERNAME": "any", "UV_PUBLISH_PASSWORD": "any"}
        if kind == "npm":
            arguments = ["--ask", served]
            npmrc = tmp_path / "npmrc"
            npmrc.write_text(f"//{served.removeprefix('http://')}/:_authToken=any\n")
            environment["npm_config_userconfig"] = str(npmrc)
        cwd = tmp_path / "workspace" if kind == "crates" else ROOT
        built = Release(kind, globals()[kind], arguments, tmp_path, environment, cwd)
        built.build(tmp_path, "the first build")
        built.served = served
        yield built


def kill_after_the_first(release):
    """Ends a release once it has published one package."""
    process = release.start()
    for line in process.stdout:
        if ": published" in line:
            break
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def test_a_release_that_was_killed_goes_on_where_it_stopped(release):
    kill_after_the_first(release)
    told, code, errors = release.run()
    assert code == 0, errors
    assert len(told) == 3
    done = [line for line in told if "is there already, with the same bytes" in line]
    # The second may have been under way when the first was killed.
    assert len(done) in (1, 2), told
    again, code, errors = release.run()
    assert code == 0, errors
    assert all("is there already" in line for line in again), again
    if release.kind in ("crates", "gems"):
        assert len(release.served.uploads) == len(set(release.served.uploads)) == 3


def test_a_package_with_other_bytes_stops_before_anything_is_uploaded(release):
    whole = release.folder / "whole"
    (release.folder / release.kind).rename(whole)
    (release.folder / release.kind).mkdir()
    # One package of the first build is out. With crates and npm it is one that needs no other.
    first = {"crates": "c-base", "npm": "toy-addon-win32", "pypi": "toy", "gems": "toy"}[
        release.kind
    ]
    chosen = next(path for path in sorted(whole.iterdir()) if path.name.startswith(first))
    one = release.folder / release.kind / chosen.name
    if release.kind == "crates":
        # A release of crates is always whole, so this one is killed after its first.
        for path in list(whole.iterdir()):
            path.rename(release.folder / release.kind / path.name)
        kill_after_the_first(release)
        before = list(release.served.uploads)
    else:
        chosen.rename(one)
        told, code, errors = release.run()
        assert (len(told), code) == (1, 0), errors
    ours = packages.READERS[release.kind](one)
    theirs = ours.integrity if release.kind == "npm" else ours.sha256
    release.build(release.folder, "another build")
    told, code, errors = release.run()
    assert code == 1, errors
    assert told == []
    new = packages.READERS[release.kind](one)
    assert f"{one.name} has other bytes than " in errors
    assert theirs in errors
    assert (new.integrity if release.kind == "npm" else new.sha256) in errors
    assert "run_id" in errors
    if release.kind == "crates":
        assert release.served.uploads == before


def test_an_upload_that_fails_fails_the_release(release):
    # Nothing listens there, or the token is no good.
    if release.kind in ("crates", "gems"):
        index = release.arguments.index("--exchange")
        del release.arguments[index:]
        release.environment |= {"GEM_HOST_API_KEY": "stale", "CARGO_REGISTRIES_TEST_TOKEN": "stale"}
    elif release.kind == "pypi":
        release.arguments[-1] = "http://127.0.0.1:9/"
        release.environment["UV_HTTP_RETRIES"] = "0"
    else:
        release.environment["npm_config_userconfig"] = os.devnull
    told, code, errors = release.run()
    assert (told, code) == ([], 1)
    assert "ended with" in errors


@pytest.mark.parametrize("release", ["crates", "gems"], indirect=True)
def test_each_upload_has_a_token_of_its_own(release):
    _, code, errors = release.run()
    assert code == 0, errors
    assert release.served.given == 3
    assert release.served.tokens == []
    audience = {"crates": "crates.io", "gems": "rubygems.org"}[release.kind]
    assert release.served.identity == f"/identity?version=2&audience={audience} Bearer the-runner"


@pytest.mark.parametrize("release", ["crates"], indirect=True)
def test_crates_go_out_in_the_order_in_which_they_need_each_other(release):
    _, code, errors = release.run()
    assert code == 0, errors
    assert release.served.uploads == ["c-base", "b-middle", "a-top"]


@pytest.mark.parametrize("release", ["crates"], indirect=True)
def test_a_checkout_that_packs_other_bytes_than_those_tried_publishes_nothing(release):
    (release.folder / "workspace/c-base/src/lib.rs").write_text("//! Changed after the build.\n")
    call(
        "git",
        "-c",
        "user.name=R",
        "-c",
        "user.email=r@example.com",
        "commit",
        "-qam",
        "Later",
        cwd=release.cwd,
    )
    told, code, errors = release.run()
    assert (told, code, release.served.uploads) == ([], 1, [])
    assert "other bytes than a new build of this checkout" in errors


@pytest.mark.parametrize("release", ["npm"], indirect=True)
def test_a_package_for_a_platform_that_is_not_built_stops_the_release(release):
    (release.folder / "npm/toy-addon-win32-1.0.0.tgz").unlink()
    told, code, errors = release.run()
    assert (told, code) == ([], 1)
    assert "@toy/addon-win32 1.0.0 is named by another package, and is not there." in errors


@pytest.mark.parametrize("release", ["npm"], indirect=True)
def test_the_main_package_waits_until_its_platforms_resolve(release):
    told, code, errors = release.run()
    assert code == 0, errors
    assert told[-1] == "toy-1.0.0.tgz: published"


@pytest.mark.parametrize("release", ["gems"], indirect=True)
def test_a_registry_that_never_shows_a_package_is_not_waited_for_without_end(release):
    release.served.gems = Forgetful()
    _, code, errors = release.run("--wait", "2")
    assert code == 1
    assert "is uploaded, but" in errors


class Forgetful(dict):
    def get(self, *_):
        return None


def test_a_package_that_names_another_repository_is_named(tmp_path):
    for build in [pypi, gems, npm]:
        build(tmp_path, "a build")
    (tmp_path / "crates").mkdir()
    manifest = f'[package]\nname = "toy"\nversion = "1.0.0"\nrepository = "{REPOSITORY}"\n'
    with tarfile.open(tmp_path / "crates/toy-1.0.0.crate", "w:gz") as crate:
        file = tarfile.TarInfo("toy-1.0.0/Cargo.toml")
        file.size = len(manifest)
        crate.addfile(file, io.BytesIO(manifest.encode()))

    def check(wanted):
        command = [sys.executable, PUBLISH.parent / "repository.py", tmp_path]
        return subprocess.run(
            command,
            env=os.environ | {"GITHUB_REPOSITORY": wanted},
            capture_output=True,
            text=True,
            check=False,
        )

    assert check("owner/name").returncode == 0
    refused = check("owner/fork")
    assert refused.returncode == 1
    for kind in packages.READERS:
        for path in (tmp_path / kind).iterdir():
            assert f"{path.name}: its repository is " in refused.stderr
