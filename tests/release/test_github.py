"""The release's page, with a gh that keeps its page in files."""

import os
import subprocess

import pytest
import version

# What the script uses of gh: it knows one release, whose files are in a folder.
GH = """#!/bin/sh
echo "$*" >>"$PAGE/calls"
case "$2" in
view) test -e "$PAGE/release" || exit 1
  case "$*" in *assets*)
    name=$(echo "$*" | sed 's/.*name == "\\(.*\\)").*/\\1/')
    test ! -e "$PAGE/files/$name" || sha256sum "$PAGE/files/$name" | sed 's/ .*//; s/^/sha256:/' ;;
  esac ;;
create) test ! -e "$PAGE/release" && echo "$*" >"$PAGE/release" ;;
upload) test ! -e "$PAGE/files/${4##*/}" && test ! -e "$PAGE/broken" && cp "$4" "$PAGE/files" ;;
edit) echo public >>"$PAGE/release" ;;
esac
"""


@pytest.fixture
def page(root):
    """The version's page: runs the script, for the tag of the version or another."""
    folder = root / "page"
    (folder / "files").mkdir(parents=True)
    (root / "bin").mkdir()
    (root / "bin/gh").write_text(GH)
    (root / "bin/gh").chmod(0o755)
    (root / "dist/archives").mkdir(parents=True)
    for name in ["a.tar.gz", "b.deb"]:
        (root / "dist/archives" / name).write_text(name)
    (root / "CHANGELOG.md").write_text(f"## {version.version(root)}\n\n- What changed.\n")

    def run(command, tag=None):
        tag = tag or f"v{version.version(root)}"
        path = f"{root / 'bin'}:{os.environ['PATH']}"
        return subprocess.run(
            [root / "scripts/release/github", command, root / "dist"],
            env=os.environ | {"PATH": path, "GITHUB_REF_NAME": tag, "PAGE": str(folder)},
            capture_output=True,
            text=True,
            check=False,
        )

    run.folder, run.root = folder, root
    return run


def test_the_draft_has_the_notes_and_every_file_and_becomes_public_at_last(page):
    assert page("check").returncode == 0
    done = page("draft")
    assert done.returncode == 0, done.stderr
    assert "--draft" in (page.folder / "release").read_text()
    assert "- What changed." in (page.folder / "release").read_text()
    assert sorted(os.listdir(page.folder / "files")) == ["a.tar.gz", "b.deb"]
    assert "public" not in (page.folder / "release").read_text()
    assert page("publish").returncode == 0
    assert "public" in (page.folder / "release").read_text()


def test_a_draft_that_stopped_half_way_goes_on(page):
    (page.folder / "broken").touch()
    assert page("draft").returncode != 0
    (page.folder / "broken").unlink()
    (page.folder / "files/a.tar.gz").write_text("a.tar.gz")
    done = page("draft")
    assert done.returncode == 0, done.stderr
    assert "a.tar.gz: is there already, with the same bytes" in done.stdout
    calls = (page.folder / "calls").read_text()
    assert calls.count("release create") == 1


def test_a_file_with_other_bytes_on_the_page_stops_the_release(page):
    page("draft")
    (page.root / "dist/archives/b.deb").write_text("other")
    refused = page("draft")
    assert refused.returncode == 1
    assert "b.deb has other bytes than on the page" in refused.stderr


@pytest.mark.parametrize("command", ["draft", "publish", "check"])
def test_a_tag_that_is_not_the_version_releases_nothing(page, command):
    refused = page(command, tag="v99.0.0")
    assert refused.returncode == 1
    assert "The tag is v99.0.0, and Cargo.toml says " in refused.stderr
    assert not (page.folder / "calls").exists()


def test_a_version_without_notes_releases_nothing(page):
    (page.root / "CHANGELOG.md").write_text("## Unreleased\n\n- What changed.\n")
    refused = page("draft")
    assert refused.returncode == 1
    assert "CHANGELOG.md has no section" in refused.stderr
    assert not (page.folder / "calls").exists()
