"""What a built package says of itself: a crate, a wheel or an sdist, a gem, a tarball for npm."""

import base64
import email
import hashlib
import json
import re
import subprocess
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import tomllib

ENDINGS = {"crates": [".crate"], "pypi": [".whl", ".tar.gz"], "gems": [".gem"], "npm": [".tgz"]}
SPECIFICATION = """
spec = Gem::Package.new(ARGV[0]).spec
puts JSON.generate([spec.name, spec.version, spec.platform.to_s, spec.metadata["source_code_uri"]])
"""


class PackageError(Exception):
    """A folder or a package is not what a release needs."""


@dataclass(frozen=True)
class Package:
    path: Path
    name: str
    version: str
    repository: str
    # Of a gem: what tells two of one version apart.
    platform: str = ""
    # Of a package on npm: what it installs where it fits, as names and versions.
    optional: tuple[tuple[str, str], ...] = ()

    def __str__(self):
        return self.path.name

    @property
    def sha256(self):
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    @property
    def integrity(self):
        """As npm writes it."""
        return (
            f"sha512-{base64.b64encode(hashlib.sha512(self.path.read_bytes()).digest()).decode()}"
        )


def member(archive, path):
    """The one file of a tar archive that has this path below the folder at its top."""
    with tarfile.open(archive) as files:
        for name in files.getnames():
            if name.partition("/")[2] == path:
                return files.extractfile(name).read().decode()
    raise PackageError(f"{archive.name} has no {path}")


def crate(path):
    manifest = tomllib.loads(member(path, "Cargo.toml"))["package"]
    return Package(path, manifest["name"], manifest["version"], manifest.get("repository", ""))


def python(path):
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as files:
            (name,) = (name for name in files.namelist() if name.endswith(".dist-info/METADATA"))
            text = files.read(name).decode()
    else:
        text = member(path, "PKG-INFO")
    metadata = email.message_from_string(text)
    urls = dict(url.split(", ", 1) for url in metadata.get_all("Project-URL", []))
    return Package(path, metadata["Name"], metadata["Version"], urls.get("Repository", ""))


def gem(path):
    command = ["ruby", "-rjson", "-rrubygems/package", "-e", SPECIFICATION, path]
    read = subprocess.run(command, capture_output=True, text=True, check=True)
    name, version, platform, source = json.loads(read.stdout)
    return Package(path, name, version, source or "", platform)


def npm(path):
    manifest = json.loads(member(path, "package.json"))
    return Package(
        path,
        manifest["name"],
        manifest["version"],
        manifest.get("repository", {}).get("url", ""),
        optional=tuple(manifest.get("optionalDependencies", {}).items()),
    )


READERS = {"crates": crate, "pypi": python, "gems": gem, "npm": npm}


def read(kind, folder):
    """All packages of a folder, which holds nothing else."""
    files = sorted(path for path in Path(folder).glob("*"))
    for path in files:
        if not path.name.endswith(tuple(ENDINGS[kind])):
            raise PackageError(f"{path} is no package for {kind}: take it out of the folder")
    if not files:
        raise PackageError(f"{folder} holds no package: run `make release`")
    return [READERS[kind](path) for path in files]


def repository(package):
    """`owner/name` at GitHub, from any of the forms that registries want."""
    found = re.match(
        r"(?:git\+)?https://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?(?:/|$)", package.repository
    )
    return found[1] if found else None
