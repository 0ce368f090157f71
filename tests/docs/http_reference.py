"""The tables of docs/reference/http.md, from the OpenAPI document that the service serves.

http_reference.py SERVER           fails if the page is not what the service's document says
http_reference.py SERVER --write   writes the page
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from markdown import ROOT, with_written_part

PAGE = ROOT / "docs" / "reference" / "http.md"
TAGS = {
    "visitor": "What a chat page calls",
    "server": "What an organization's own backends call",
    "admin": "What the vendor's operator calls",
    "operation": "What a monitor calls",
}
SECONDS = 30
# The other members of a path are about all of its operations.
METHODS = ("get", "post", "patch", "put", "delete")


def main(server: Path, write: bool) -> None:
    text = PAGE.read_text(encoding="utf-8")
    page = with_written_part(text, render(description(server)))
    if write:
        PAGE.write_text(page, encoding="utf-8")
    elif page != text:
        sys.exit(
            f"{PAGE} is not what the service says: run tests/docs/http_reference.py SERVER --write"
        )


def description(server: Path) -> dict:
    """What a fresh service serves, on whichever listener has it."""
    listeners = [free_address(), free_address()]
    environment = os.environ | dict(
        zip(("IDENTITY_LISTEN", "IDENTITY_ADMIN_LISTEN"), listeners, strict=True)
    )
    with tempfile.TemporaryDirectory(prefix="docs-") as folder:
        running = subprocess.Popen(
            [server, "serve"],
            cwd=folder,
            env=environment,
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        try:
            deadline = time.monotonic() + SECONDS
            while time.monotonic() < deadline:
                for address in reversed(listeners):
                    try:
                        with urllib.request.urlopen(
                            f"http://{address}/openapi.json", timeout=5
                        ) as answer:
                            return json.load(answer)
                    except (urllib.error.URLError, ConnectionError):
                        time.sleep(0.1)
            sys.exit("the service serves no /openapi.json")
        finally:
            running.terminate()
            running.wait()


def free_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


def render(document: dict) -> str:
    schemas = document["components"]["schemas"]
    parts = []
    for tag, heading in TAGS.items():
        operations = [
            (method, path, item[method], item.get("servers", document["servers"]))
            for path, item in document["paths"].items()
            for method in METHODS
            if method in item and tag in item[method]["tags"]
        ]
        if operations:
            parts.append(f"## {heading}\n")
            parts += [render_operation(*operation) for operation in operations]
    parts.append("## What is sent and answered\n")
    parts += [render_schema(name, schema) for name, schema in sorted(schemas.items())]
    return "\n".join(parts)


def render_operation(method: str, path: str, operation: dict, servers: list[dict]) -> str:
    lines = [f"### {method.upper()} {path}\n", sentence(operation["summary"])]
    if text := operation.get("description"):
        lines[-1] += f" {joined(text)}"
    lines.append("")
    (server,) = servers
    lines.append(f"Served on {server['description'].replace('--', '`--')}`.\n")
    for security in operation.get("security", []):
        for scheme in security:
            lines.append(f"Authorization: `{scheme}`.\n")
    if parameters := operation.get("parameters"):
        lines += ["| parameter | in | type | meaning |", "|---|---|---|---|"]
        for parameter in parameters:
            required = ", required" if parameter.get("required") else ""
            kind = type_of(parameter["schema"])
            meaning = cell(parameter.get("description", ""))
            lines.append(
                f"| `{parameter['name']}` | {parameter['in']} | {kind}{required} | {meaning} |"
            )
        lines.append("")
    if body := operation.get("requestBody"):
        (content,) = body["content"].values()
        lines.append(f"Body: {type_of(content['schema'])}.\n")
    lines += ["| status | answer |", "|---|---|"]
    for status, answer in sorted(operation["responses"].items()):
        kinds = [
            type_of(content["schema"])
            for content in answer.get("content", {}).values()
            if content["schema"]
        ]
        kind = f" ({kinds[0]})" if kinds and not kinds[0].startswith("[Problem]") else ""
        lines.append(f"| {status} | {cell(answer['description'])}{kind} |")
    return "\n".join(lines) + "\n"


def render_schema(name: str, schema: dict) -> str:
    lines = [f"### {name}\n"]
    if text := schema.get("description"):
        lines.append(f"{joined(text)}\n")
    if parts := schema.get("allOf"):
        others = [type_of(part) for part in parts if "$ref" in part]
        lines.append(f"The members of {', '.join(others)}, and:\n")
        (schema,) = [part for part in parts if "$ref" not in part]
    required = schema.get("required", [])
    if properties := schema.get("properties"):
        lines += ["| member | type | meaning |", "|---|---|---|"]
        for member, inner in properties.items():
            there = ", always there" if member in required else ""
            meaning = cell(inner.get("description", "") or referenced_text(inner))
            if "example" in inner:
                example = json.dumps(inner["example"], ensure_ascii=False)
                meaning = f"{meaning} Such as `{example}`.".strip()
            lines.append(f"| `{member}` | {type_of(inner)}{there} | {meaning} |")
        lines.append("")
    elif schema.get("enum"):
        lines.append(", ".join(f"`{value}`" for value in schema["enum"]) + "\n")
    else:
        lines.append(f"{type_of(schema)}\n")
    return "\n".join(lines)


def referenced_text(schema: dict) -> str:
    return next(
        (one["description"] for one in schema.get("oneOf", []) if one.get("description")), ""
    )


def type_of(schema: dict) -> str:
    if not schema:
        return "any"
    if reference := schema.get("$ref"):
        name = reference.rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for several in ("oneOf", "anyOf"):
        if several in schema:
            return " or ".join(dict.fromkeys(type_of(one) for one in schema[several]))
    kinds = schema.get("type", "any")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if "array" in kinds:
        kinds = [
            f"list of {type_of(schema['items'])}" if kind == "array" else kind for kind in kinds
        ]
    text = " or ".join(kinds)
    if "enum" in schema:
        text = " or ".join(f"`{value}`" for value in schema["enum"])
    if "format" in schema and schema["format"] not in ("int32", "int64"):
        text += f", {schema['format']}"
    if "minimum" in schema and "maximum" in schema:
        text += f", {schema['minimum']} to {schema['maximum']}"
    if "maxLength" in schema:
        text += f", {schema['maxLength']} characters at most"
    return text


def joined(text: str) -> str:
    """A paragraph in one line, paragraphs apart."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def sentence(text: str) -> str:
    text = joined(text)
    return text if text.endswith((".", "?")) else f"{text}."


def cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), "--write" in sys.argv)
