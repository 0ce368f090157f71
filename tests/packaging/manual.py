"""Whether the man pages and the completions that packages carry are whole.

    manual.py MANUAL

MANUAL is the program of packaging/manual that writes them. Needs bash, fish and groff.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from run import expect, run

# What is typed, and a word that has to be offered for its end.
TYPED = {
    "identity-hmac": {"identity-hmac tok": "token", "identity-hmac token ver": "verify"},
    "identity-hmac-server": {
        "identity-hmac-server rotate-m": "rotate-master-key",
        "identity-hmac-server org api": "api-key",
        "identity-hmac-server org api-key cr": "create",
        "identity-hmac-server serve --admin-l": "--admin-listen",
    },
}
IN_BASH = """
. "$1"
COMP_WORDS=($2)
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
complete -p "${COMP_WORDS[0]}" >/dev/null
_${COMP_WORDS[0]//-/__} "${COMP_WORDS[0]}" "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"
echo "${COMPREPLY[@]}"
"""
IN_FISH = "source $argv[1]; complete --do-complete=$argv[2]"


def main(manual: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="manual-") as name:
        folder = Path(name)
        run(manual, folder)
        for program, typed in TYPED.items():
            check_pages(folder / program / "man", program)
            scripts = folder / program / "completions"
            for words, offered in typed.items():
                bash = run("bash", "-ec", IN_BASH, "bash", scripts / f"{program}.bash", words)
                fish = run("fish", "--command", IN_FISH, scripts / f"{program}.fish", words)
                expect(offered in bash.split(), f"bash offers for {words}: {bash}")
                expect(offered in fish.split(), f"fish offers for {words}: {fish}")
            run("zsh", "-n", scripts / f"_{program}")
            expect((scripts / f"_{program}.ps1").stat().st_size > 1000, "no PowerShell")
        serve = (folder / "identity-hmac-server/man/identity-hmac-server-serve.1").read_text()
        expect("IDENTITY_TRUSTED_PROXIES" in serve, "the page of serve names no variables")
    print("the man pages and completions of both programs are whole")


def check_pages(folder: Path, program: str) -> None:
    """Every page is well-formed, and what a page says to see is there."""
    pages = {page.stem: page.read_text(encoding="utf-8") for page in folder.glob("*.1")}
    for name, text in pages.items():
        said = subprocess.run(
            ["groff", "-man", "-ww", "-z", "-K", "utf8", folder / f"{name}.1"],
            capture_output=True,
            text=True,
        ).stderr
        expect(not said, f"{name}: groff says {said}")
        for seen in re.findall(r"^(\S+)\(1\)$", text.replace(r"\-", "-"), re.MULTILINE):
            expect(seen in pages, f"{name} says to see {seen}, which is missing")
    expect(program in pages, f"{program} has no page")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
