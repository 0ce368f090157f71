"""The ratios of the cases of which something is asked, as horizontal bars in an SVG."""

import io

import matplotlib as mpl
from figures import Run, ratio
from goals import GOALS
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from report import digits

# An opaque ground, so that it can be read in a light page and in a dark one.
PAPER, INK, GRID, QUICKER, SLOWER = "#ffffff", "#1f2328", "#d0d7de", "#2a9d8f", "#e76f51"
# A longer bar would make all others short; its ratio stands beside it.
LONGEST = 100

# Text stays text, and the same figures give the same bytes.
mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "identity-hmac", "font.size": 9})


def draw(run: Run) -> bytes:
    figure = Figure(facecolor=PAPER, layout="constrained")
    axes = figure.add_subplot(facecolor=PAPER, xscale="log")
    asked = {(goal.section, goal.case, goal.peer): goal.least_ratio() for goal in GOALS}
    cases = run.cases()
    headings: dict[float, str] = {}
    peers: dict[float, str] = {}
    place = 0.0
    for section, case in dict.fromkeys((goal.section, goal.case) for goal in GOALS):
        place += 1.4
        headings[place] = f"{section.capitalize()}: {case}"
        ours, *others = cases[section, case]
        for peer in others:
            place += 1
            peers[place] = peer.contender
            times = ratio(ours, peer)
            least = asked.get((section, case, peer.contender))
            # From 1, where both are equally fast.
            length = min(times, LONGEST) - 1
            axes.barh(place, length, left=1, color=QUICKER if times >= 1 else SLOWER)
            if least:
                axes.vlines(least, place - 0.45, place + 0.45, color=INK)
            axes.annotate(
                f"{digits(times)}×",
                (max(1 + length, least or 1, 1), place),
                xytext=(4, 0),
                textcoords="offset points",
                verticalalignment="center",
                color=INK,
            )

    axes.set_yticks(list(peers), list(peers.values()))
    axes.set_yticks(list(headings), list(headings.values()), minor=True, fontweight="bold")
    axes.set_ylim(place + 1, 0.5)
    axes.set_xlim(right=2 * LONGEST)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda times, _: f"{times:g}×"))
    axes.tick_params(which="both", length=0, colors=INK, labeltop=True)
    axes.set_title(
        "our rate in times the contender's; a black line is what is asked",
        fontsize=9,
        color=INK,
    )
    axes.spines[:].set_visible(False)
    axes.axvline(1, color=INK, linewidth=0.8)
    axes.grid(axis="x", color=GRID, linewidth=0.5)
    axes.set_axisbelow(True)

    figure.set_size_inches(8.5, 1 + 0.2 * place)
    svg = io.BytesIO()
    figure.savefig(svg, format="svg", metadata={"Date": None})
    return svg.getvalue()
