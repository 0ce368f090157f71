"""Small programs in place of the benches, a page in place of docs/benchmarks.md."""

import json
import sys

import figures
import pytest
import run
from goals import GOALS


def program(*rows: dict) -> run.Program:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    return run.Program([sys.executable, "-c", f"print({text!r}, end='')"])


def row(case: str, contender: str, rate: float) -> dict:
    return {"case": case, "contender": contender, "rate": [rate, rate, rate]}


@pytest.fixture
def lines():
    """Those of a run in which every contender that a goal names has half of our rate."""
    programs = {}
    for section in dict.fromkeys(goal.section for goal in GOALS):
        cases = {}
        for goal in GOALS:
            if goal.section == section:
                cases.setdefault(goal.case, set()).add(goal.peer)
        rows = [
            {"section": section} | row(case, contender, rate)
            for case, peers in cases.items()
            for contender, rate in [
                ("identity-hmac", 2e6),
                *((peer, 1e6) for peer in sorted(peers)),
            ]
        ]
        programs[section] = program({"versions": {"peer": "1.2.3"}}, *rows)
    return list(run.measure(programs))


@pytest.fixture
def page(tmp_path):
    page = tmp_path / "benchmarks.md"
    page.write_text(f"# Benchmarks\n\n{run.BEGIN}old figures\n{run.END}\nBy hand.\n")
    return page


@pytest.fixture
def picture(tmp_path):
    return tmp_path / "benchmarks.svg"


def test_a_run_writes_what_it_prints_between_the_markers(lines, page, picture, capsys):
    run.write(lines, page, picture)
    printed = capsys.readouterr().out
    assert (
        "| core, prepared sign | ring | at least 1.3 times its rate | 2.00 | reached |" in printed
    )
    assert "| versions, core | peer 1.2.3 |" in printed
    assert page.read_text() == f"# Benchmarks\n\n{run.BEGIN}\n{printed}\n{run.END}\nBy hand.\n"


def test_the_same_figures_draw_the_same_small_picture(lines, page, picture):
    run.write(lines, page, picture)
    first = picture.read_bytes()
    run.write(lines, page, picture)
    assert picture.read_bytes() == first
    assert len(first) < 100_000
    for goal in GOALS:
        assert f">{goal.peer}</text>" in first.decode()


def test_other_figures_draw_another_picture(lines, page, picture):
    run.write(lines, page, picture)
    first = picture.read_bytes()
    run.write([line.replace("1000000.0", "900000.0") for line in lines], page, picture)
    assert picture.read_bytes() != first


def test_a_run_that_lacks_a_bench_writes_nothing(lines, page, picture):
    before = page.read_text()
    with pytest.raises(ValueError, match="no figure for Ruby, one call"):
        run.write([line for line in lines if '"ruby"' not in line], page, picture)
    assert page.read_text() == before
    assert not picture.exists()


def test_a_page_without_markers_is_refused(lines, page, picture):
    page.write_text("# Benchmarks\n")
    with pytest.raises(SystemExit, match=r"benchmarks\.md has no place for the figures"):
        run.write(lines, page, picture)


def test_a_bench_that_fails_ends_the_run_by_name():
    failing = run.Program([sys.executable, "-c", "print('{}'); raise SystemExit(3)"])
    with pytest.raises(SystemExit, match="the bench ruby failed with exit code 3"):
        list(run.measure({"ruby": failing}))


def test_contenders_that_were_not_in_the_same_rounds_are_refused():
    uneven = [row("sign", "identity-hmac", 2e6), row("sign", "ring", 1e6) | {"rate": [1e6]}]
    rows = [{"section": "core"} | one for one in uneven]
    with pytest.raises(ValueError, match="core, sign: not all were in every round"):
        figures.read(run.measure({"core": program(*rows)}))


def test_a_case_without_ours_is_refused():
    with pytest.raises(ValueError, match="none of the contenders is ours"):
        figures.read(run.measure({"core": program({"section": "core"} | row("sign", "ring", 1e6))}))
