import pytest
import report
from figures import Figure, Run
from goals import GOALS, Goal

GOAL = Goal("core, sign", "core", "sign", "ring", 1.5)
TIME_GOAL = Goal("core, verify", "core", "sign", "identity-hmac, signing alone", 0.32, "time")


def run_of(*figures: Figure) -> Run:
    return Run({"CPU": "Z80, 1 core"}, {"core": {"ring": "0.17.14"}}, list(figures))


RUN = run_of(
    Figure("core", "sign", "ring", [1e6, 2e6, 2e6]),
    Figure("core", "sign", "identity-hmac, signing alone", [1e6, 1e6, 1e6]),
    Figure("core", "sign", "hmac", [2.5e6, 2.5e6, 2.5e6]),
    # A mean would be 34 million.
    Figure("core", "sign", "identity-hmac", [1e6, 3e6, 98e6]),
    Figure("core", "read", "identity-hmac", [400.0, 400, 400], [1.5, 2, 9], [20.0, 30, 99], 5.25),
)


def test_a_ratio_is_one_of_medians():
    assert GOAL.measured(RUN) == 1.5


def test_a_goal_of_time_turns_the_ratio_round():
    assert TIME_GOAL.measured(RUN) == 0.33


@pytest.mark.parametrize(
    ("goal", "verdict"),
    [
        (GOAL, "| 1.50 | reached |"),
        (GOAL._replace(times=1.51), "| 1.50 | **not reached** |"),
        (TIME_GOAL, "| 0.33 | **not reached** |"),
        (TIME_GOAL._replace(times=0.33), "| 0.33 | reached |"),
    ],
)
def test_a_goal_says_whether_it_is_reached(goal, verdict):
    assert verdict in report.goals(RUN, [goal])


@pytest.mark.parametrize(
    "missing", [GOAL._replace(section="node"), GOAL._replace(case="s"), GOAL._replace(peer="r")]
)
def test_a_goal_without_a_figure_is_refused_by_name(missing):
    with pytest.raises(ValueError, match="no figure for core, sign"):
        report.goals(RUN, [missing])


def test_a_case_begins_with_ours_and_the_others_follow_from_the_quickest_on():
    assert [figure.contender for figure in RUN.cases()["core", "sign"]] == [
        "identity-hmac",
        "identity-hmac, signing alone",
        "hmac",
        "ring",
    ]


def test_a_section_is_a_table_of_all_that_was_measured():
    assert report.section(RUN, "core") == (
        "| case | contender | ratio | rate | spread | p50 | p99 | peak memory |\n"
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        "| sign | **identity-hmac** |  | 3.00 M/s | 1616.7% |  |  |  |\n"
        "|  | **identity-hmac, signing alone** | 3.00× | 1.00 M/s | 0.0% |  |  |  |\n"
        "|  | hmac | 1.20× | 2.50 M/s | 0.0% |  |  |  |\n"
        "|  | ring | 1.50× | 2.00 M/s | 25.0% |  |  |  |\n"
        "| read | **identity-hmac** |  | 400/s | 0.0% | 2.00 ms | 30.0 ms | 5.2 MiB |\n"
    )


def test_a_section_leaves_out_the_columns_that_it_has_nothing_for():
    (head, *_) = report.section(run_of(*RUN.figures[:4]), "core").splitlines()
    assert head == "| case | contender | ratio | rate | spread |"


def test_machine_and_versions_are_told():
    told = report.circumstances(RUN)
    assert "| CPU | Z80, 1 core |" in told
    assert "| versions, core | ring 0.17.14 |" in told


def test_every_goal_has_its_name_and_no_other_one_has():
    assert len({(goal.what, goal.peer) for goal in GOALS}) == len(GOALS)
