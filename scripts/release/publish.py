#!/usr/bin/env python3
"""Publishes what a registry does not have yet. It can be started again after any failure.

    scripts/release/publish.py crates FOLDER --ask INDEX [--registry NAME] [--exchange URL]
    scripts/release/publish.py pypi   FOLDER --ask SIMPLE-API --upload URL
    scripts/release/publish.py gems   FOLDER --ask HOST [--exchange URL]
    scripts/release/publish.py npm    FOLDER --ask REGISTRY

First it asks the registry about every package. A package with other bytes than ours stops
everything before anything is uploaded. Then it uploads what is missing, in the order in which
packages need each other, and waits for each before it goes on. The clients upload: cargo, uv, gem,
npm.

With --exchange, crates and gems are pushed with a token that the registry gives to a workflow of
GitHub (trusted publishing), a new one for each. Without it the client's own settings count. uv and
npm do trusted publishing themselves.
"""

import argparse
import graphlib
import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import packages
import pypi_simple
import requests
import tenacity
import urllib3
import uv


class PublishError(Exception):
    """The release stops here; the message says what to do."""


def http():
    """Asks again while a registry is busy. 404 is an answer."""
    session = requests.Session()
    retry = urllib3.Retry(total=5, backoff_factor=0.5, status_forcelist=[429, 500, 502, 503, 504])
    for scheme in ["http://", "https://"]:
        session.mount(scheme, requests.adapters.HTTPAdapter(max_retries=retry))
    session.headers["User-Agent"] = "identity-hmac-release"
    # A cache in between must not hide what has just been uploaded.
    session.headers["Cache-Control"] = "no-cache"
    session.request = with_timeout(session.request)
    return session


def with_timeout(request):
    return lambda method, url, **options: request(method, url, **{"timeout": 30, **options})


def run(command, **environment):
    subprocess.run(command, env=os.environ | environment, check=True)


class Registry:
    """One registry: `digest` asks, `upload` publishes. A group waits for the one before."""

    # npm's may take an hour until a new package resolves.
    patience = 20 * 60

    def __init__(self, options):
        self.options = options
        self.ask = options.ask.rstrip("/")
        self.session = http()
        self.packages = packages.read(options.kind, options.folder)
        if len({package.version for package in self.packages}) > 1:
            raise PublishError("The folder holds packages of more than one version: build it anew.")

    def groups(self):
        return [self.packages]

    def ours(self, package):
        return package.sha256

    def get(self, path):
        """The answer, or None if the registry does not know the package."""
        answer = self.session.get(f"{self.ask}/{path}")
        if answer.status_code == 404:
            return None
        answer.raise_for_status()
        return answer

    def token(self, audience, member):
        """A token for one upload, which GitHub's word for the running workflow is exchanged for."""
        request = os.environ.get("ACTIONS_ID_TOKEN_REQUEST_URL")
        if not request:
            raise PublishError("--exchange needs a workflow with `id-token: write`.")
        bearer = f"Bearer {os.environ['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"
        identity = self.session.get(
            f"{request}&audience={audience}", headers={"Authorization": bearer}
        )
        identity.raise_for_status()
        answer = self.session.post(self.options.exchange, json={"jwt": identity.json()["value"]})
        if not answer.ok:
            raise PublishError(f"{self.options.exchange} gives no token: {answer.text}")
        token = answer.json()[member]
        if os.environ.get("GITHUB_ACTIONS"):
            print(f"::add-mask::{token}", flush=True)
        return token


class Crates(Registry):
    def groups(self):
        """One after the other, so that each finds what it depends on."""
        listed = subprocess.run(
            ["cargo", "metadata", "--no-deps", "--format-version=1"],
            capture_output=True,
            text=True,
            check=True,
        )
        crates = {
            crate["name"]: {dependency["name"] for dependency in crate["dependencies"]}
            for crate in json.loads(listed.stdout)["packages"]
            if crate["publish"] != []
        }
        built = {package.name: package for package in self.packages}
        if built.keys() != crates.keys():
            different = ", ".join(sorted(built.keys() ^ crates.keys()))
            raise PublishError(
                f"The folder and the workspace differ in {different}: build it anew."
            )
        # A crate may depend on itself for its tests.
        needs = {name: (needed & crates.keys()) - {name} for name, needed in crates.items()}
        return [[built[name]] for name in graphlib.TopologicalSorter(needs).static_order()]

    def digest(self, package):
        name = package.name.lower()
        folder = {1: "1", 2: "2", 3: f"3/{name[:1]}"}.get(len(name), f"{name[:2]}/{name[2:4]}")
        index = self.get(f"{folder}/{name}")
        for line in index.text.splitlines() if index else []:
            version = json.loads(line)
            if version["vers"] == package.version:
                return version["cksum"]
        return None

    def upload(self, package):
        registry = self.options.registry
        chosen = ["--locked", "--no-verify", "--package", package.name, "--registry", registry]
        # cargo packs again what it publishes, so its bytes are compared first.
        run(["cargo", "package", *chosen])
        target = os.environ.get("CARGO_TARGET_DIR", "target")
        again = packages.crate(Path(target) / "package" / package.path.name)
        if again.sha256 != package.sha256:
            raise differs(package, package.sha256, again.sha256, "a new build of this checkout")
        environment = {}
        if self.options.exchange:
            variable = "CARGO_REGISTRY_TOKEN"
            if registry != "crates-io":
                variable = f"CARGO_REGISTRIES_{registry.upper().replace('-', '_')}_TOKEN"
            environment[variable] = self.token("crates.io", "token")
        run(["cargo", "publish", *chosen], **environment)


class PyPI(Registry):
    def digest(self, package):
        with pypi_simple.PyPISimple(f"{self.ask}/", session=self.session) as index:
            try:
                files = index.get_project_page(package.name).packages
            except pypi_simple.NoSuchProjectError:
                return None
        for file in files:
            if file.filename == package.path.name:
                return file.digests.get("sha256", "unknown")
        return None

    def upload(self, package):
        run([uv.find_uv_bin(), "publish", "--publish-url", self.options.upload, str(package.path)])


class Gems(Registry):
    def digest(self, package):
        versions = self.get(f"api/v1/versions/{package.name}.json")
        for version in versions.json() if versions else []:
            if (version["number"], version["platform"]) == (package.version, package.platform):
                return version["sha"]
        return None

    def upload(self, package):
        environment = {}
        if self.options.exchange:
            token = self.token("rubygems.org", "rubygems_api_key")
            environment["GEM_HOST_API_KEY"] = token
        run(["gem", "push", "--host", self.ask, str(package.path)], **environment)


class Npm(Registry):
    patience = 90 * 60

    def groups(self):
        """The packages that others name come first: npm installs those where they fit."""
        here = {(package.name, package.version) for package in self.packages}
        named = {needed for package in self.packages for needed in package.optional}
        for name, version in sorted(named - here):
            raise PublishError(f"{name} {version} is named by another package, and is not there.")
        first = [package for package in self.packages if (package.name, package.version) in named]
        return [first, [package for package in self.packages if package not in first]]

    def ours(self, package):
        return package.integrity

    def digest(self, package):
        found = self.get(quote(package.name, safe="@"))
        version = found.json()["versions"].get(package.version) if found else None
        return version and version["dist"].get("integrity", "unknown")

    def upload(self, package):
        tag = "next" if "-" in package.version else "latest"
        upload = ["npm", "publish", str(package.path.resolve()), "--access", "public", "--tag", tag]
        run([*upload, "--registry", f"{self.ask}/"])


def differs(package, ours, theirs, where):
    return PublishError(
        f"{package} has other bytes than {where}.\n  here:  {ours}\n  there: {theirs}\n"
        "A registry takes a version once. To go on with a release that stopped half-way, start\n"
        "the workflow with the run_id of its first run: the packages of that run are published.\n"
        "Otherwise take the next version: scripts/release/version.py set X.Y.Z"
    )


def published(registry, package):
    there = registry.digest(package)
    if there not in (None, registry.ours(package)):
        raise differs(package, registry.ours(package), there, registry.ask)
    return there is not None


def wait(registry, package):
    """Until the registry tells others of the package."""
    waiting = tenacity.Retrying(
        retry=tenacity.retry_if_result(lambda there: not there),
        wait=tenacity.wait_exponential(multiplier=0.5, max=60),
        stop=tenacity.stop_after_delay(registry.options.wait or registry.patience),
    )
    try:
        waiting(published, registry, package)
    except tenacity.RetryError:
        raise PublishError(
            f"{package} is uploaded, but {registry.ask} does not show it yet. Start again later."
        ) from None


def publish(registry):
    groups = registry.groups()
    for group in groups:
        for package in group:
            published(registry, package)
    for group in groups:
        for package in group:
            if published(registry, package):
                print(f"{package}: is there already, with the same bytes", flush=True)
            else:
                registry.upload(package)
                print(f"{package}: published", flush=True)
        for package in group:
            wait(registry, package)


REGISTRIES = {"crates": Crates, "pypi": PyPI, "gems": Gems, "npm": Npm}


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("kind", choices=REGISTRIES)
    parser.add_argument("folder")
    parser.add_argument("--ask", required=True)
    parser.add_argument("--upload")
    parser.add_argument("--registry", default="crates-io")
    parser.add_argument("--exchange")
    parser.add_argument("--wait", type=float)
    options = parser.parse_args()
    if options.kind == "pypi" and not options.upload:
        parser.error("pypi needs --upload")
    publish(REGISTRIES[options.kind](options))


if __name__ == "__main__":
    try:
        main()
    except (PublishError, packages.PackageError) as error:
        sys.exit(f"{error}")
    except subprocess.CalledProcessError as error:
        sys.exit(
            f"{' '.join(map(str, error.cmd))} ended with {error.returncode}: what it says is above."
        )
    except requests.RequestException as error:
        sys.exit(f"A registry cannot be asked: {error}")
