"""Every example in the docstrings, in the README and in the reference, run as written."""

import ast
import doctest
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import identity_hmac

PACKAGE = Path(__file__).parents[1]
PAGES = [PACKAGE / "README.md", PACKAGE.parents[1] / "docs/reference/python.md"]
STUB = Path(identity_hmac.__file__).with_name("_native.pyi")
TEXT = "".join(page.read_text(encoding="utf-8") for page in PAGES)
BLOCKS = re.findall(r"^```python\n(.*?)^```$", TEXT, re.M | re.S)


def public_objects() -> Iterator[Any]:
    for name in identity_hmac.__all__:
        public = getattr(identity_hmac, name)
        if callable(public):
            yield public
        if public in (identity_hmac.IdentityKey, identity_hmac.Keyring):
            methods = inspect.getmembers(public, callable)
            yield from (method for name, method in methods if not name.startswith("_"))


def stub_docstrings(node: ast.Module | ast.ClassDef, prefix: str = "") -> Iterator[tuple[str, str]]:
    for inner in node.body:
        if isinstance(inner, ast.ClassDef):
            yield from stub_docstrings(inner, f"{inner.name}.")
        elif not isinstance(inner, ast.FunctionDef) or inner.name.startswith("_"):
            continue
        yield prefix + inner.name, ast.get_docstring(inner) or ""


def test_editors_show_the_docstrings_that_help_shows() -> None:
    stub = ast.parse(STUB.read_text(encoding="utf-8"))
    assert dict(stub_docstrings(stub)) == {
        public.__qualname__: inspect.getdoc(public)
        for public in public_objects()
        if public is not identity_hmac.IdentityHmacError
    }


def run_examples(text: str, names: dict[str, Any]) -> None:
    """Run the examples of a docstring or a block, which must have some."""
    test = doctest.DocTestParser().get_doctest(text, names, "examples", None, None)
    assert test.examples
    output: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=output.append)
    assert not output, "".join(output)


@pytest.mark.parametrize("public", list(public_objects()), ids=lambda public: public.__qualname__)
def test_every_docstring_has_an_example_that_holds(public: Any) -> None:
    run_examples(inspect.getdoc(public) or "", dict(vars(identity_hmac)))


@pytest.mark.parametrize("block", BLOCKS)
def test_every_example_in_the_pages_holds(block: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_SECRET", "s3cret")
    run_examples(block, {})
