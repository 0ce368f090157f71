"""The dry run holds the sizes of packages, and calls nothing passed that failed."""

import subprocess

import dry_run
import pytest

PAGE = f"""Before.

{dry_run.BEGIN}

| package | bytes |
|---|---|
| `npm/main.tgz` | 1,000 |

{dry_run.END}
After.
"""


@pytest.fixture
def page(tmp_path, monkeypatch):
    """A page that records one package, of 1,000 bytes, and a folder with it."""
    monkeypatch.setattr(dry_run, "RELEASE", tmp_path / "release")
    monkeypatch.setattr(dry_run, "PAGE", tmp_path / "releasing.md")
    monkeypatch.setattr(dry_run.sys, "argv", ["dry_run.py"])
    (tmp_path / "release/npm").mkdir(parents=True)
    (tmp_path / "releasing.md").write_text(PAGE)
    main = tmp_path / "release/npm" / f"main-{dry_run.version.version()}.tgz"
    main.write_bytes(b"0" * 1000)
    return main


@pytest.mark.parametrize("size", [1, 1000, 1100])
def test_a_package_may_shrink_or_grow_by_a_tenth(page, size):
    page.write_bytes(b"0" * size)
    assert dry_run.hold_sizes().startswith("1 packages, none more than a tenth above")


def test_a_package_that_grows_by_more_is_named(page):
    page.write_bytes(b"0" * 1101)
    with pytest.raises(
        dry_run.StepError, match=r"npm/main\.tgz has 1,101 bytes, 1,000 are recorded"
    ):
        dry_run.hold_sizes()


def test_a_package_without_a_record_is_named(page):
    (page.parent / "other.tgz").write_bytes(b"0")
    assert dry_run.hold_sizes().endswith("**no record yet**: npm/other.tgz")


def failing():
    subprocess.run(["false"], check=True)


@pytest.mark.usefixtures("page")
@pytest.mark.parametrize("step", [failing, lambda: dry_run.hold_sizes(1)], ids=["command", "bug"])
def test_a_step_that_fails_is_told_and_nothing_is_recorded(monkeypatch, capsys, step):
    monkeypatch.setattr(dry_run.sys, "argv", ["dry_run.py", "--record"])
    monkeypatch.setattr(dry_run, "STEPS", {"good": ("a good step", lambda: "3 cases")})
    dry_run.main([])
    recorded = dry_run.PAGE.read_text()
    assert "| a good step | 3 cases | 0 s |" in recorded
    assert "| `npm/main.tgz` | 1,000 |" in recorded
    assert recorded.startswith("Before.")
    assert recorded.endswith("After.\n")
    dry_run.STEPS["bad"] = ("a bad step", step)
    with pytest.raises((SystemExit, TypeError)):
        dry_run.main([])
    assert dry_run.PAGE.read_text() == recorded
    if step is failing:
        assert "| a bad step | **failed**: `false` ended with 1 |" in capsys.readouterr().out


def test_a_step_that_is_not_there_is_refused():
    with pytest.raises(SystemExit, match="no step is called nothing: there are version, build,"):
        dry_run.main(["nothing"])
