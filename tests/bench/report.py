"""A run as Markdown: what was asked first, then every case, then where and how it was measured."""

from statistics import median

from figures import Figure, Run, ratio
from goals import GOALS, Goal

# Columns that are aligned to the right.
NUMBERS = {"measured", "ratio", "rate", "spread", "p50", "p99", "peak memory", "size"}


def page(run: Run) -> str:
    """All that the run has to tell, when every bench has run."""
    picture = "![How many times the rate of its peers each part reaches](benchmarks.svg)\n"
    return "\n".join([goals(run, GOALS), picture, sections(run), circumstances(run)])


def goals(run: Run, wanted: list[Goal]) -> str:
    rows = [
        [
            goal.what,
            goal.peer,
            goal.asked(),
            f"{goal.measured(run):.2f}",
            "reached" if goal.is_reached(run) else "**not reached**",
        ]
        for goal in wanted
    ]
    return table(["", "beside", "asked", "measured", ""], rows)


def sections(run: Run) -> str:
    names = dict.fromkeys(figure.section for figure in run.figures)
    return "\n".join(f"## {name.capitalize()}\n\n{section(run, name)}" for name in names)


def section(run: Run, name: str) -> str:
    """A row for each contender; a column that no row has anything for is left out."""
    heads = ["case", "contender", "ratio", "rate", "spread", "p50", "p99", "peak memory", "size"]
    rows = [
        row(figure, case[0])
        for (of, _), case in run.cases().items()
        if of == name
        for figure in case
    ]
    told = [column for column in range(len(heads)) if any(row[column] for row in rows)]
    return table(
        [heads[column] for column in told], [[row[column] for column in told] for row in rows]
    )


def row(figure: Figure, ours: Figure) -> list[str]:
    return [
        figure.case if figure is ours else "",
        f"**{figure.contender}**" if figure.is_ours else figure.contender,
        "" if figure is ours else f"{digits(ratio(ours, figure))}×",
        rate(median(figure.rate)),
        f"{figure.spread:.1%}",
        f"{digits(median(figure.p50_ms))} ms" if figure.p50_ms else "",
        f"{digits(median(figure.p99_ms))} ms" if figure.p99_ms else "",
        "" if figure.peak_mib is None else f"{figure.peak_mib:.1f} MiB",
        "" if figure.kb is None else f"{figure.kb:.1f} kB",
    ]


def circumstances(run: Run) -> str:
    facts = [[fact, value] for fact, value in run.about.items()]
    for program, versions in run.versions.items():
        told = ", ".join(f"{name} {version}" for name, version in versions.items())
        facts.append([f"versions, {program}", told])
    return "## Machine and versions\n\n" + table(["", ""], facts)


def table(heads: list[str], rows: list[list[str]]) -> str:
    rules = ["---:" if head in NUMBERS else "---" for head in heads]
    return "".join(f"| {' | '.join(line)} |\n" for line in [heads, rules, *rows])


def rate(per_second: float) -> str:
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if per_second >= size:
            return f"{digits(per_second / size)} {unit}/s"
    return f"{digits(per_second)}/s"


def digits(number: float) -> str:
    """Three of them that count."""
    if number >= 99.95:
        return f"{number:,.0f}"
    return f"{number:.1f}" if number >= 9.995 else f"{number:.2f}"
