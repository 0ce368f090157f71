"""One version in every place, and the release's notes."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts/release"))

import notes  # noqa: E402
import version  # noqa: E402

PLACES = list(version.places(ROOT))


def refused(root):
    with pytest.raises(version.VersionError) as caught:
        version.check(root)
    return str(caught.value)


def test_every_place_that_differs_is_named(root):
    assert len(PLACES) > 30
    for path, start, end, _ in PLACES:
        text = (root / path).read_text()
        (root / path).write_text(f"{text[:start]}9.9.9{text[end:]}")
        refusal = refused(root)
        if path == "Cargo.toml" and text[:start].endswith('\nversion = "'):
            # The source itself: all others differ from it.
            assert "bindings/node/package.json:3: " in refusal
        else:
            line = text[:start].count("\n") + 1
            assert refusal.startswith(f"{path}:{line}: 9.9.9, not "), refusal
        (root / path).write_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "pip install identity-hmac==0.0.9",
        "gem install identity_hmac-0.0.9-x86_64-linux-musl.gem",
        "identity-hmac-server 0.0.9",
        "npm install identity-hmac-browser@0.0.9",
    ],
)
def test_a_version_in_any_text_is_held(root, text):
    (root / "README.md").write_text(f"Install it:\n{text}\n")
    assert refused(root).startswith("README.md:2: 0.0.9, not ")


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("bindings/python/pyproject.toml", 'dynamic = ["version"]', 'version = "0.1.0"'),
        ("bindings/ruby/identity_hmac.gemspec", "File.read(", "String.new("),
        ("crates/identity-hmac/Cargo.toml", "version.workspace = true", 'version = "0.1.0"'),
    ],
)
def test_a_version_that_should_be_read_from_cargo_is_refused(root, path, before, after):
    text = (root / path).read_text()
    assert before in text
    (root / path).write_text(text.replace(before, after, 1))
    assert refused(root).startswith(f"{path}: ")


def test_a_file_that_no_longer_names_the_version_is_refused(root):
    path = root / "bindings/node/package.json"
    path.write_text(path.read_text().replace('  "version"', '  "release"', 1))
    assert "bindings/node/package.json: has no version" in refused(root)


@pytest.mark.parametrize("wanted", ["1.2.3", "1.2.3-rc.1"])
def test_set_changes_every_place(root, wanted):
    version.write(root, wanted)
    assert [path for path, *_ in version.places(root)] == [path for path, *_ in PLACES]
    assert {there for *_, there in version.places(root)} == {wanted}
    assert version.version(root) == wanted


@pytest.mark.parametrize("wrong", ["1.2", "01.2.3", "v1.2.3", "1.2.3+build", "1.2.3-next", "next"])
def test_what_is_no_version_is_not_set(root, wrong):
    with pytest.raises(version.VersionError, match="is not a version"):
        version.write(root, wrong)
    assert list(version.places(root)) == PLACES


@pytest.mark.parametrize(
    ("wanted", "section"),
    [("1.1.0", "### Added\n\n- This."), ("1.0.0", "- That."), ("0.9.0", "All.")],
)
def test_the_section_of_the_version_is_printed_and_no_other(wanted, section):
    changelog = "# Changelog\n\n## 1.1.0 - 2026-12-01\n\n### Added\n\n- This.\n\n"
    changelog += "## 1.0.0\n\n- That.\n\n## [0.9.0]\nAll."
    assert notes.notes(changelog, wanted) == section


@pytest.mark.parametrize(
    ("changelog", "why"),
    [
        ("## Unreleased\n- This.\n", "has no section"),
        ("## 11.1.0\n- This.\n", "has no section"),
        ("## 1x1.0\n- This.\n", "has no section"),
        ("## 1.1.0-rc.1\n- This.\n", "has no section"),
        ("## 1.1.0\n\n## 1.0.0\n- That.\n", "is empty"),
        ("## 1.1.0\n\n### Added\n\n", "is empty"),
        ("## 1.1.0\n- This.\n## 1.1.0\n- That.\n", "has 2 sections"),
    ],
)
def test_a_version_without_notes_is_refused(changelog, why):
    with pytest.raises(notes.NotesError, match=why):
        notes.notes(changelog, "1.1.0")
