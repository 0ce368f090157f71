"""The command: every subcommand, with the secret from the environment and from a file."""

import subprocess
import sys
import tempfile
from pathlib import Path

from search import Search, new_secret, new_token_key

FORGED = "0" * 64


def check(binary: Path) -> None:
    search = Search(current=new_secret(), previous=new_secret(), token_key=new_token_key())
    errors = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for secret, end in (("current", "\n"), ("previous", "")):
            (folder / secret).write_text(search.secrets[secret] + end, encoding="utf-8")
        (folder / "quoted").write_text(f'"{search.secrets["current"]}"', encoding="utf-8")
        (folder / "padded").write_text(f"{search.secrets['current']}\n\n", encoding="utf-8")
        (folder / "nul").write_text(f"{search.secrets['current']}\0", encoding="utf-8")

        def run(
            *words: str,
            secret: str | None = None,
            token_key: str | None = None,
            stdin: str = "",
        ) -> tuple[int, bytes]:
            environment = {"RUST_BACKTRACE": "full"}
            if token_key is not None:
                environment["IDENTITY_TOKEN_KEY"] = token_key
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
        key = search.secrets["token_key"]
        for file, text in (("key", f"{key}\n"), ("quoted-key", f'"{key}"'), ("cut-key", key[13:])):
            (folder / file).write_text(text, encoding="ascii")
        who = ["--visitor-id", "visitor_1"]
        sign = ["token", "sign", *who, "--external-id", "user_123"]
        token = run(*sign, token_key=key)[1].decode().strip()
        token_calls = [
            sign,
            ["token", "sign", *who, "--external-id", ""],
            [*sign, "--metadata", "{"],
            [*sign, "--email", key],
            [*sign, "--expires-in", "0"],
            ["token", "verify", *who, "--", token],
            ["token", "verify", "--visitor-id", key, "--", token],
            ["token", "verify", *who, "--at", "0", "--", token],
            ["token", "verify", *who, "--", key],
            ["token", "verify", *who, "--", token[:-5]],
            ["doctor", "token", *who, "--", token],
            ["doctor", "token", "--visitor-id", key, "--", token],
            ["doctor", "token", "--", token[:-5]],
            ["doctor", "token", "--format", "json", "--", f"Bearer {token}"],
            ["doctor", "token", "--secret-file", "current", "--", token],
            ["doctor", "token", "--", key],
            ["doctor", "token", "--", key[13:]],
            *([*name, "--help"] for name in (["token"], ["token", "sign"], ["doctor", "token"])),
        ]
        token_sources = [
            *({"token_key": text} for text in (key, f"{key}\n", f"'{key}'", key[13:], current, "")),
            *({"file": file} for file in ("key", "quoted-key", "cut-key", "current")),
        ]
        for call in token_calls:
            for source in token_sources:
                words = list(call)
                if "file" in source:
                    words[2:2] = ["--key-file", source["file"]]
                code, shown = run(*words, secret=current, token_key=source.get("token_key"))
                search.none(" ".join(map(repr, words)).replace(key, "KEY"), shown)
                errors += code != 0
                runs += 1
        # What is meant to show a secret, and that nothing else then does.
        code, made = run("keygen")
        search.add("made", made.decode().strip())
        search.found("keygen", made, "made")
        search.none("keygen, of the others", made, frozenset({"made"}))
        code, made = run("keygen", "--token")
        search.add("made token key", made.decode().strip())
        search.found("keygen --token", made, "made token key")
        search.none("keygen --token, of the others", made, frozenset({"made token key"}))
        if run("keygen", "--output", "new") != (0, b""):
            sys.exit("keygen --output says something")
        search.add("written", (folder / "new").read_text(encoding="ascii"))
        for words in (["verify", "x", FORGED], ["doctor", "x", FORGED]):
            search.none(" ".join(words), run(*words, "--secret-file", "new")[1])
        # A planted leak: an id is shown where it was signed.
        search.found("a signed id", run("sign", "--format", "csv", current, secret=current)[1])
        signed = run(*sign[:-1], key, token_key=key)[1]
        search.found("a signed external id", signed, "token_key")
    print(
        "proved: the command shows a secret in keygen's answer and nowhere else:"
        f" {runs} runs, {errors} of them with an error, {search.bytes:,} bytes;"
        " 4 of 4 secrets that are meant to be shown found",
        flush=True,
    )
