"""The error codes: what the sources have, and what docs/error-codes.md says of each.

codes.py --write   write doctor's part of the page, from doctor's own words
"""

import re
import sys
from collections.abc import Iterator

from markdown import ROOT, with_written_part

PAGE = ROOT / "docs" / "error-codes.md"
CRATES = ROOT / "crates"
BINDINGS = ROOT / "bindings"
DOCTOR = {
    "The secret": "secret_",
    "The visitor id": "visitor_id_",
    "The algorithm and its arguments": ("algorithm_", "arguments_"),
    "The hmac": "hmac_",
    "Other values": ("signed_with_", "also_"),
    "Tokens": "token_",
}


def faults() -> Iterator[str]:
    text = PAGE.read_text(encoding="utf-8")
    if doctors_part(text) != text:
        yield "docs/error-codes.md is not what doctor says: run python3 tests/docs/codes.py --write"
    for section, known in sources().items():
        found = re.search(rf"^## {section}$(.*?)(?=^## |\Z)", text, re.M | re.S)
        listed = re.findall(r"^\| `([a-z0-9_]+)` ", found[1] if found else "", re.M)
        for code in sorted(known ^ set(listed)):
            where = "the sources" if code in listed else "the page"
            yield f"docs/error-codes.md, {section}: {code} is missing in {where}"
        for code in {code for code in listed if listed.count(code) > 1}:
            yield f"docs/error-codes.md, {section}: {code} stands there twice"


def sources() -> dict[str, set[str]]:
    """The codes of each part, by the page's heading for it."""
    server = CRATES / "identity-hmac-server" / "src"
    service = {
        code
        for path in server.rglob("*.rs")
        for code in re.findall(
            r"StatusCode::[A-Z_]+,\s*\"([a-z_]+)\"", path.read_text(encoding="utf-8")
        )
    }
    browser = (BINDINGS / "browser" / "src" / "error.ts").read_text(encoding="utf-8")
    return {
        "The packages": package_codes(),
        "The service": service,
        "The browser client": set(re.findall(r"^  \| '([a-z_]+)'$", browser, re.M)) - service,
        "Doctor": {code for code, _, _ in doctor()},
    }


def package_codes() -> set[str]:
    """Those of the core, and what a binding adds of its own."""
    found = set()
    for path in (CRATES / "identity-hmac" / "src").rglob("*.rs"):
        found |= set(
            re.findall(r"=> \"([a-z0-9_]+)\",", code_functions(path.read_text(encoding="utf-8")))
        )
    python = (BINDINGS / "python" / "src" / "error.rs").read_text(encoding="utf-8")
    found |= set(re.findall(r"message, \"([a-z_]+)\"\)", python))
    for path in (BINDINGS / "node" / "js").glob("*.mjs"):
        found |= set(
            re.findall(r"\bcode(?::| \?\?|.*\?\?) '([a-z_]+)'", path.read_text(encoding="utf-8"))
        )
    return found


def code_functions(text: str) -> str:
    return "".join(re.findall(r"fn code\(.*?\n    }\n", text, re.S))


def doctor() -> list[tuple[str, str, str]]:
    """Code, message and remedy of every mistake that doctor knows, in the order of its sources."""
    found = []
    folder = CRATES / "identity-hmac-doctor" / "src"
    for name in (
        "secret",
        "visitor_id",
        "algorithm",
        "notation",
        "diagnosis",
        "token/text",
        "token/key",
        "token/claims",
    ):
        text = (folder / f"{name}.rs").read_text(encoding="utf-8")
        text = text.partition("#[cfg(test)]")[0]
        constants = dict(re.findall(rf"^const ([A-Z_]+): &str = ({STRING});", text, re.M))
        for code, message, remedy in re.findall(
            rf"\bcode: \"(\w+)\",\s*message:\s*(?:format!\(\s*)?({STRING}|match)"
            rf".*?\bremedy:\s*({STRING}|[A-Z_]+),",
            text,
            re.S,
        ):
            found.append((code, literal(message), literal(constants.get(remedy, remedy))))
        if name == "algorithm":
            found += algorithms(text)
    texts = {}
    for code, message, remedy in found:
        texts.setdefault(code, (message, remedy))
    # Its message depends on how many values there were.
    texts["also_signed"] = (
        "Another value that was given was signed, not the visitor id.",
        texts["also_signed"][1],
    )
    return [(code, *rest) for code, rest in texts.items()]


def algorithms(text: str) -> list[tuple[str, str, str]]:
    """Those that a function makes from a code and a few words."""
    remedies = [literal(remedy) for remedy in re.findall(rf"\bremedy: ({STRING}),", text)]
    arguments, hmac, plain = remedies[1:]
    found = [
        (code, literal(message), arguments)
        for code, message in re.findall(rf"with_other_arguments\(\s*\"(\w+)\",\s*({STRING})", text)
    ]
    found += [
        (code, f"It is an HMAC with {name}, not with SHA-256.", hmac)
        for code, name in re.findall(r"with_other_hash::<\w+>\(\"(\w+)\", \"([^\"]+)\"\)", text)
    ]
    found += [
        (
            code,
            f"It is a plain {name} of secret and visitor id, or of the id alone, not an HMAC.",
            plain,
        )
        for code, name in re.findall(r"plain::<\w+>\(\"(\w+)\", \"([^\"]+)\"\)", text)
    ]
    return found


# A string literal of Rust, raw or not.
STRING = r"(?:r\"[^\"]*\"|\"(?:\\[\s\S]|[^\"\\])*\")"


def literal(text: str) -> str:
    if text.startswith("r"):
        return text[2:-1]
    text = re.sub(r"\\\n\s*", "", text[1:-1])
    text = re.sub(r"\\u\{(\w+)\}", lambda match: chr(int(match[1], 16)), text)
    text = re.sub(r"\\(.)", lambda match: {"n": "\n"}.get(match[1], match[1]), text)
    # The number of digits.
    text = re.sub(
        r" the first \{\} of its \{\} digits| \{\} of its \{\} digits", " some of its digits", text
    )
    # Names and times.
    return re.sub(r"\{\w*\}", "…", text)


def cell(text: str) -> str:
    """A text in a table: outside of code, what looks like HTML is not."""
    parts = re.split(r"(`[^`]*`)", text.replace("|", "\\|"))
    parts[::2] = [part.replace("<", "&lt;") for part in parts[::2]]
    return "".join(parts)


def doctors_part(text: str) -> str:
    rows = doctor()
    tables = []
    for heading, prefixes in DOCTOR.items():
        table = [f"### {heading}\n", "| code | what happened | what to do |", "|---|---|---|"]
        table += [
            f"| `{code}` | {cell(message)} | {cell(remedy)} |"
            for code, message, remedy in rows
            if code.startswith(prefixes)
        ]
        tables.append("\n".join(table) + "\n")
    return with_written_part(text, "\n".join(tables))


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    PAGE.write_text(doctors_part(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
