"""What the benches print, a line of JSON for each contender of a case, as values."""

import json
from collections.abc import Iterable, Sequence
from statistics import median, quantiles
from typing import NamedTuple


class Figure(NamedTuple):
    """A contender of a case, with a sample from every round."""

    section: str
    case: str
    contender: str
    rate: Sequence[float]
    p50_ms: Sequence[float] = ()
    p99_ms: Sequence[float] = ()
    peak_mib: float | None = None
    # The size of an answer.
    kb: float | None = None

    @property
    def is_ours(self) -> bool:
        return self.contender.startswith("identity-hmac")

    @property
    def spread(self) -> float:
        """The width of the middle half of all samples, as a part of the median."""
        lower, _, upper = quantiles(self.rate, n=4, method="inclusive")
        return (upper - lower) / median(self.rate)


class Run(NamedTuple):
    """All that one run has shown."""

    about: dict[str, str]
    versions: dict[str, dict[str, str]]
    figures: list[Figure]

    def cases(self) -> dict[tuple[str, str], list[Figure]]:
        """The contenders of each case of a section: ours, others of ours, then the rest."""
        cases: dict[tuple[str, str], list[Figure]] = {}
        for figure in self.figures:
            cases.setdefault((figure.section, figure.case), []).append(figure)
        return {name: [ours(case), *others(case)] for name, case in cases.items()}


def ours(case: list[Figure]) -> Figure:
    """Of several of ours the one with the plain name."""
    return min((figure for figure in case if figure.is_ours), key=lambda one: len(one.contender))


def others(case: list[Figure]) -> list[Figure]:
    """More of ours as they come, such as those that show growth; the rest from the quickest on."""
    rest = [figure for figure in case if figure != ours(case)]
    return sorted(rest, key=lambda one: float("-inf") if one.is_ours else -median(one.rate))


def ratio(one: Figure, other: Figure) -> float:
    """How many times the other's rate the one's is: the ratio of the medians."""
    return median(one.rate) / median(other.rate)


def read(lines: Iterable[str]) -> Run:
    """The run that lines of JSON tell, each with the name of its `program` in it."""
    run = Run({}, {}, [])
    for line in map(json.loads, lines):
        if "about" in line:
            run.about.update(line["about"])
            continue
        program = line.pop("program")
        if "versions" in line:
            run.versions.setdefault(program, {}).update(line["versions"])
        else:
            run.figures.append(Figure(**line))
    check(run)
    return run


def check(run: Run) -> None:
    seen: dict[tuple[str, str], dict[str, int]] = {}
    for figure in run.figures:
        rounds = seen.setdefault((figure.section, figure.case), {})
        if figure.contender in rounds:
            raise ValueError(f"{figure.section}, {figure.case}: {figure.contender} is there twice")
        rounds[figure.contender] = len(figure.rate)
    for (section, case), rounds in seen.items():
        if len(set(rounds.values())) > 1:
            raise ValueError(f"{section}, {case}: not all were in every round: {rounds}")
        if not any(contender.startswith("identity-hmac") for contender in rounds):
            raise ValueError(f"{section}, {case}: none of the contenders is ours")
