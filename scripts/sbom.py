"""Write an SBOM in CycloneDX for each package in dist/, beside it.

    sbom.py DIST

A component that is in the package has the scope `required`; one that only helped to build it, such
as a procedural macro, has `excluded`. Nothing in an SBOM names a folder of this machine.
"""

import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
# The crate that each package is built from, and the package's URL where that is not the crate's.
CRATES = {
    "identity-hmac": None,
    "identity-hmac-axum": None,
    "identity-hmac-cli": None,
    "identity-hmac-doctor": None,
    "identity-hmac-server": None,
    "identity-hmac-python": "pkg:pypi/identity-hmac",
    "identity-hmac-node": "pkg:npm/identity-hmac",
}
GEM_CRATE = "identity-hmac-ruby"
GEM = "pkg:gem/identity_hmac"
BROWSER = "pkg:npm/identity-hmac-browser"

Crate = tuple[str, str]


def main(dist: Path) -> None:
    described = describe(ROOT)
    for crate, package in CRATES.items():
        write(dist, described[crate], *crates_of(crate, ROOT), package)
    with tempfile.TemporaryDirectory() as name:
        workspace = unpack_gem(dist, Path(name))
        described = describe(workspace, "--target=all")
        bom = described[GEM_CRATE]
        inside, built_with = crates_of(GEM_CRATE, workspace, "--target=all")
        # It also carries crates that its lock file names and that nothing is built with.
        known = {crate_of(component) for component in bom["components"]}
        carried = {split(folder.name) for folder in (workspace / "vendor").iterdir()}
        bom["components"] += [described_by_name(*crate) for crate in sorted(carried - known)]
        write(dist, bom, inside, built_with | carried - inside, GEM)
    # No package of npm's is in either npm package.
    npm = ["npm", "sbom", "--sbom-format=cyclonedx", "--package-lock-only", "--omit=dev"]
    write(dist, json.loads(run(ROOT / "bindings/browser", *npm)), set(), set(), BROWSER)


def describe(workspace: Path, *options: str) -> dict[str, dict]:
    """What cargo-cyclonedx says of each member of a workspace. It writes beside the manifests."""
    name = "described-by-cargo-cyclonedx"
    command = ["cargo", "cyclonedx", "--quiet", "--format=json", "--spec-version=1.5"]
    run(workspace, *command, *options, f"--override-filename={name}")
    boms = {}
    for member in json.loads(run(workspace, *METADATA))["packages"]:
        path = Path(member["manifest_path"]).with_name(f"{name}.json")
        boms[member["name"]] = json.loads(path.read_bytes())
        path.unlink()
    return boms


METADATA = ["cargo", "metadata", "--format-version=1", "--no-deps", "--locked", "--offline"]


def crates_of(crate: str, workspace: Path, *options: str) -> tuple[set[Crate], set[Crate]]:
    """The crates that are in what is built from one, and those that it is built with."""
    tree = ["cargo", "tree", "--locked", "--offline", "--prefix=none", f"--package={crate}"]

    def crates(edges: str) -> set[Crate]:
        lines = run(workspace, *tree, *options, f"--edges={edges}", "--format={p}").splitlines()
        return {(name, version.removeprefix("v")) for name, version, *_ in map(str.split, lines)}

    inside = crates("normal,no-proc-macro")
    return inside, crates("normal,build") - inside


def crate_of(component: dict) -> Crate:
    return component["name"], component["version"]


def split(folder: str) -> Crate:
    """A vendored crate, from its folder's name."""
    return re.fullmatch(r"(.+?)-(\d+\..+)", folder).groups()


def described_by_name(name: str, version: str) -> dict:
    url = f"pkg:cargo/{name}@{version}"
    return {"type": "library", "bom-ref": url, "name": name, "version": version, "purl": url}


def unpack_gem(dist: Path, folder: Path) -> Path:
    """The workspace that a gem carries, with every crate that it needs."""
    (gem,) = dist.glob("identity_hmac-*.gem")
    with tarfile.open(gem) as outer, tarfile.open(fileobj=outer.extractfile("data.tar.gz")) as data:
        data.extractall(folder, filter="data")
    return folder / "ext"


def write(
    dist: Path, bom: dict, inside: set[Crate], built_with: set[Crate], package: str | None
) -> None:
    """Write what is true of the package: the tool lists what other members' tests need as well."""
    described = [bom["metadata"]["component"], *bom.get("components", [])]
    references = {}
    for component in described:
        # It names folders, and the parts of a crate by their files.
        component.pop("components", None)
        component["purl"] = component["purl"].split("?download_url=file:")[0]
        references[component["bom-ref"]] = component["purl"]
        component["bom-ref"] = component["purl"]
    root, *components = described
    if package:
        crate = root
        url = f"{package}@{crate['version']}"
        root = crate | {"name": package.split("/")[1], "purl": url, "bom-ref": url}
        if inside:
            components.append(crate)
            bom["dependencies"].append({"ref": url, "dependsOn": [crate["purl"]]})
        else:
            references = dict.fromkeys(references, url)
    bom["metadata"]["component"] = root
    bom["components"] = []
    for component in sorted(components, key=lambda component: component["purl"]):
        crate = crate_of(component)
        if crate in inside or crate in built_with:
            component["scope"] = "required" if crate in inside else "excluded"
            bom["components"].append(component)
    kept = {component["bom-ref"] for component in (root, *bom["components"])}
    bom["dependencies"] = [
        {"ref": ref, "dependsOn": sorted(kept & {references.get(on, on) for on in on_these})}
        for ref, on_these in dependencies(bom, references)
        if ref in kept
    ]
    file = package.removeprefix("pkg:").replace("/", "-") if package else f"crate-{root['name']}"
    path = dist / f"{file}.cdx.json"
    path.write_text(json.dumps(bom, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{path.name}: {len(bom['components'])} components")


def dependencies(bom: dict, references: dict[str, str]) -> list[tuple[str, list[str]]]:
    return sorted(
        (references.get(entry["ref"], entry["ref"]), entry.get("dependsOn", []))
        for entry in bom["dependencies"]
    )


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


if __name__ == "__main__":
    main(Path(sys.argv[1]))
