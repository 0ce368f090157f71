"""Whether the licences that a package carries are those of all that is linked into it."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts/third_party_licenses.py"
CRATES = ["cli", "node", "python", "ruby", "server"]
LINKED = {"hmac", "sha2", "subtle"}
HELPERS = {"cc", "proc-macro2", "proptest", "serde_derive", "syn"}
PRODUCT = (
    '[package]\nname = "product"\nversion = "1.0.0"\n[workspace]\n[dependencies]\nbare = "1"\n'
)
BARE = '[package]\nname = "bare"\nversion = "1.0.0"\nlicense = "Apache-2.0"\n'
VENDORED = '[source]\ncrates-io.replace-with = "here"\nhere.directory = "vendor"\n'


def main() -> None:
    for crate in CRATES:
        said = licenses(f"identity-hmac-{crate}")
        named = set(re.findall(r"^(\S+) \d\S*: .+$", said, re.MULTILINE))
        expect(named >= LINKED, f"{crate}: lacks {LINKED - named}")
        expect(not named & HELPERS, f"{crate}: names {named & HELPERS}, which only build it")
    server = licenses("identity-hmac-server")
    expect(server == said, "a second run gives another text")
    for text in ["ring 0.17", "libsqlite3-sys 0.", "Copyright (c) Andreas Fuchs", "Apache License"]:
        expect(text in server, f"the service's licences lack {text}")
    musl = licenses("identity-hmac-cli", "--target=x86_64-unknown-linux-musl")
    windows = licenses("identity-hmac-cli", "--target=x86_64-pc-windows-msvc")
    expect("Rich Felker" in musl and "windows-sys" not in musl, "musl's are not its own")
    expect("Rich Felker" not in windows and "windows-sys" in windows, "Windows's are not its own")
    a_crate_without_a_text_is_refused()
    print(f"{len(CRATES)} packages name the licences of all that is linked into them")


def a_crate_without_a_text_is_refused() -> None:
    with tempfile.TemporaryDirectory(prefix="licenses-") as name:
        folder = Path(name)
        for crate, manifest in {"product": PRODUCT, "vendor/bare": BARE}.items():
            write(folder / crate / "src/lib.rs", "")
            write(folder / crate / "Cargo.toml", manifest)
        write(folder / "vendor/bare/.cargo-checksum.json", '{"files": {}}')
        write(folder / ".cargo/config.toml", VENDORED)
        manifest = "--manifest-path=product/Cargo.toml"
        subprocess.run(["cargo", "generate-lockfile", "--quiet", manifest], cwd=folder, check=True)
        refused = run("product", manifest, cwd=folder)
        expect(
            refused.returncode == 1 and "bare 1.0.0" in refused.stderr,
            f"a crate without the text of a licence passes:\n{refused.stdout}{refused.stderr}",
        )
        write(folder / "vendor/bare/LICENSE", "All may do all.")
        allowed = run("product", manifest, cwd=folder)
        expect(allowed.returncode == 0 and "All may do all." in allowed.stdout, allowed.stderr)


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def licenses(*words: str) -> str:
    done = run(*words)
    expect(done.returncode == 0, done.stderr)
    return done.stdout


def run(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, SCRIPT, *words], cwd=cwd, capture_output=True, text=True)


def expect(holds: bool, fault: str) -> None:
    if not holds:
        sys.exit(fault)


if __name__ == "__main__":
    main()
