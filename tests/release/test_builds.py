"""The packages of several machines in one folder, and the comparison of two builds."""

import io
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts/release"))

import collect  # noqa: E402
import compare  # noqa: E402


def write(root, **files):
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def test_the_packages_of_all_machines_come_into_one_folder(tmp_path, capsys):
    linux, mac, to = (tmp_path / name for name in ["built/linux", "built/mac", "to"])
    write(linux, **{"pypi/linux.whl": "l", "pypi/sdist.tar.gz": "s", "npm/main.tgz": "m"})
    write(mac, **{"pypi/mac.whl": "m", "pypi/sdist.tar.gz": "s", "npm/main.tgz": "other"})
    collect.collect(linux, tmp_path / "built", to)
    assert sorted(path.name for path in to.glob("*/*")) == [
        "linux.whl", "mac.whl", "main.tgz", "sdist.tar.gz",
    ]  # fmt: skip
    assert (to / "npm/main.tgz").read_text() == "m"
    assert capsys.readouterr().out.splitlines() == [
        "mac: main.tgz: other bytes, not taken",
        "mac: sdist.tar.gz: the same bytes",
    ]
    collect.check(to)
    (to / "commit").write_text("0" * 40 + "\n")
    with pytest.raises(collect.CollectError, match="packages are of 0000"):
        collect.check(to)


def test_a_package_that_two_machines_built_differently_is_refused(tmp_path):
    for machine, text in [("linux", "l"), ("mac", "m"), ("windows", "w")]:
        write(tmp_path / "built" / machine, **{f"pypi/{machine}.whl": "w"})
        if machine != "linux":
            write(tmp_path / "built" / machine, **{"npm/addon.tgz": text})
    with pytest.raises(collect.CollectError, match=r"addon\.tgz comes from two machines"):
        collect.collect(tmp_path / "built/linux", tmp_path / "built", tmp_path / "to")


def test_a_machine_that_built_nothing_stops_the_release(tmp_path):
    write(tmp_path / "built/linux", **{"pypi/linux.whl": "w"})
    (tmp_path / "built/mac").mkdir()
    with pytest.raises(collect.CollectError, match="mac holds no package"):
        collect.collect(tmp_path / "built/linux", tmp_path / "built", tmp_path / "to")


def archive(kind, **files):
    stream = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(stream, "w") as made:
            for name, content in files.items():
                made.writestr(zipfile.ZipInfo(name), content)
    else:
        with tarfile.open(fileobj=stream, mode=kind) as made:
            for name, content in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                made.addfile(member, io.BytesIO(content))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "one", "other", "told"),
    [
        ("a.whl", archive("zip", m=b"1"), archive("zip", m=b"1"), []),
        ("a.whl", archive("zip", m=b"1"), archive("zip", m=b"2"), ["a.whl: m differs"]),
        ("a.tgz", archive("w:gz", m=b"1"), archive("w:gz", n=b"1"),
         ["a.tgz: m is in one only", "a.tgz: n is in one only"]),
        ("a.tar", archive("w", m=b"1"), archive("w:gz", m=b"1"),
         ["a.tar: the archive differs, its members do not"]),
        ("a.gem", archive("w", **{"data.tar.gz": archive("w:gz", m=b"1")}),
         archive("w", **{"data.tar.gz": archive("w:gz", m=b"2")}),
         ["a.gem: data.tar.gz differs", "a.gem: data.tar.gz/m differs"]),
        ("a.txt", b"1", b"2", ["a.txt: differs"]),
    ],
)  # fmt: skip
def test_what_differs_between_two_builds_is_named(tmp_path, name, one, other, told):
    for folder, content in [("one", one), ("other", other)]:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_bytes(content)
    assert compare.compare(tmp_path / "one", tmp_path / "other") == (1, told)
    (tmp_path / "one/more").write_text("")
    _, lines = compare.compare(tmp_path / "one", tmp_path / "other")
    assert "more: is in one folder only" in lines
