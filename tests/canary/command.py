"""The command: every subcommand, with the secret from the environment and from a file."""

import subprocess
import sys
import tempfile
from pathlib import Path

from search import Search, new_secret

FORGED = "0" * 64


def check(binary: Path) -> None:
    search = Search(current=new_secret(), previous=new_secret())
    errors = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for secret, end in (("current", "\n"), ("previous", "")):
            (folder / secret).write_text(search.secrets[secret] + end, encoding="utf-8")
        (folder / "quoted").write_text(f'"{search.secrets["current"]}"', encoding="utf-8")
        (folder / "padded").write_text(f"{search.secrets['current']}\n\n", encoding="utf-8")
        (folder / "nul").write_text(f"{search.secrets['current']}\0", encoding="utf-8")

        def run(*words: str, secret: str | None = None, stdin: str = "") -> tuple[int, bytes]:
            environment = {"RUST_BACKTRACE": "full"}
            if secret is not None:
                environment["IDENTITY_SECRET"] = secret
            done = subprocess.run(
                [binary, *words],
                cwd=folder,
                env=environment,
                input=stdin.encode(),
                capture_output=True,
            )
            return done.returncode, done.stdout + done.stderr

        current = search.secrets["current"]
        signed = run("sign", "visitor_1", secret=current)[1].decode().strip()
        calls = [
            ["sign", "visitor_1"],
            ["sign", ""],
            ["sign", "--format", "json", "visitor_1"],
            ["sign", "--input", "missing"],
            ["sign", "--output", "missing/out", "visitor_1"],
            ["sign", "--output", "/dev/full", "visitor_1"],
            ["sign", "--threads", "0"],
            ["verify", "visitor_1", signed],
            ["verify", "--previous-secret-file", "previous", "visitor_1", signed],
            ["verify", "--previous-secret-file", "quoted", "visitor_1", signed],
            ["verify", "visitor_1", FORGED],
            ["verify", "visitor_1", current],
            ["verify", "--format", "csv"],
            ["doctor", "visitor_1", signed],
            ["doctor", "visitor_1", FORGED],
            ["doctor", "visitor_1", current],
            ["doctor", "--format", "json", "visitor_1", signed.upper()[:63]],
            ["doctor", "--previous-secret-file", "previous", "visitor_1", FORGED],
            ["doctor", "--also", current, current, FORGED],
            ["completions", "bash"],
            ["help"],
            *([name, "--help"] for name in ("keygen", "sign", "verify", "doctor")),
            ["keygen", "--output", "current"],
        ]
        sources = [
            {"secret": current},
            {"secret": f"{current}\n"},
            {"secret": f"'{current}'"},
            *({"file": file} for file in ("current", "quoted", "padded", "nul")),
        ]
        runs = 0
        for call in calls:
            for source in sources:
                words = list(call)
                if "file" in source and call[0] in ("sign", "verify", "doctor"):
                    words[1:1] = ["--secret-file", source["file"]]
                code, shown = run(*words, secret=source.get("secret"), stdin="x\n\ny\tz\n")
                search.none(" ".join(map(repr, words)).replace(current, "SECRET"), shown)
                errors += code != 0
                runs += 1
        # What is meant to show a secret, and that nothing else then does.
        code, made = run("keygen")
        search.add("made", made.decode().strip())
        search.found("keygen", made, "made")
        search.none("keygen, of the others", made, frozenset({"made"}))
        if run("keygen", "--output", "new") != (0, b""):
            sys.exit("keygen --output says something")
        search.add("written", (folder / "new").read_text(encoding="ascii"))
        for words in (["verify", "x", FORGED], ["doctor", "x", FORGED]):
            search.none(" ".join(words), run(*words, "--secret-file", "new")[1])
        # A planted leak: an id is shown where it was signed.
        search.found("a signed id", run("sign", "--format", "csv", current, secret=current)[1])
    print(
        "proved: the command shows a secret in keygen's answer and nowhere else:"
        f" {runs} runs, {errors} of them with an error, {search.bytes:,} bytes;"
        " 2 of 2 secrets that are meant to be shown found",
        flush=True,
    )
