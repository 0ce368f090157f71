"""Every example in the docstrings, in the README and in the reference, run as written."""

import ast
import doctest
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import identity_hmac
import identity_hmac.asgi
import identity_hmac.django
import identity_hmac.fastapi
import identity_hmac.flask
import identity_hmac.wsgi
from identity_hmac import _native

PACKAGE = Path(__file__).parents[1]
PAGES = [PACKAGE / "README.md", PACKAGE.parents[1] / "docs/reference/python.md"]
STUB = Path(identity_hmac.__file__).with_name("_native.pyi")
TEXT = "".join(page.read_text(encoding="utf-8") for page in PAGES)
BLOCKS = re.findall(r"^```python\n(.*?)^```$", TEXT, re.M | re.S)


NATIVE = [name for name in identity_hmac.__all__ if hasattr(_native, name)]


def public_objects() -> Iterator[Any]:
    yield from native_objects()
    for name in identity_hmac.__all__:
        public = getattr(identity_hmac, name)
        if name not in NATIVE and callable(public):
            yield public


def native_objects() -> Iterator[Any]:
    for public in (getattr(_native, name) for name in NATIVE):
        if callable(public):
            yield public
        if inspect.isclass(public):
            members = inspect.getmembers(public, is_documented)
            yield from (member for name, member in members if not name.startswith("_"))


def is_documented(member: object) -> bool:
    return callable(member) or inspect.isgetsetdescriptor(member)


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
        public.__qualname__: inspect.getdoc(public) for public in native_objects()
    }


def run_examples(text: str, names: dict[str, Any]) -> None:
    """Run the examples of a docstring or a block, which must have some."""
    test = doctest.DocTestParser().get_doctest(text, names, "examples", None, None)
    assert test.examples
    output: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=output.append)
    assert not output, "".join(output)


def objects_of(module: ModuleType) -> Iterator[Any]:
    """The functions of a framework's module, and the methods of its classes."""
    for name in module.__all__:
        public = getattr(module, name)
        if not inspect.isclass(public):
            yield public
            continue
        for method in vars(public).values():
            if inspect.isfunction(method) and not method.__name__.startswith("_"):
                yield method


FRAMEWORKS = [
    identity_hmac.asgi,
    identity_hmac.django,
    identity_hmac.fastapi,
    identity_hmac.flask,
    identity_hmac.wsgi,
]


@pytest.mark.parametrize("module", FRAMEWORKS, ids=lambda module: module.__name__)
def test_every_function_of_a_framework_s_module_has_an_example_that_holds(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("IDENTITY_TOKEN_KEY", raising=False)
    objects = list(objects_of(module))
    assert objects
    for public in objects:
        run_examples(inspect.getdoc(public) or "", vars(identity_hmac) | vars(module))


@pytest.mark.parametrize("public", list(public_objects()), ids=lambda public: public.__qualname__)
def test_every_docstring_has_an_example_that_holds(public: Any) -> None:
    run_examples(inspect.getdoc(public) or "", dict(vars(identity_hmac)))


@pytest.mark.parametrize("block", BLOCKS)
def test_every_example_in_the_pages_holds(block: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_SECRET", "s3cret")
    monkeypatch.setenv("IDENTITY_TOKEN_KEY", "itk_9f2c41aa_" + "c0ffee00" * 8)
    run_examples(block, {})
