"""Figures of notebook 11b: which runs are still waiting, and what a unit takes back of what it holds."""

import numpy as np

from course_lib.figures.given import Line, as_annotated
from course_lib.lesson import show
from course_lib.plots import canvas, dots, label, style

WAITING = {"LSTM": "LSTM", "without output gate": "output", "LSTM, default start": "memoryless",
           "without forget gate": "ReLU RNN", "without input gate": "input",
           "without forget gate, starts closed": "tied"}  # fmt: skip
MARKS = {"at a mark": "input", "elsewhere": "forget", "elsewhere, any unit": "memoryless"}


@as_annotated
def waiting(curves: dict[str, tuple[Line, Line]], won: dict[str, str], *, budget: int):
    """The fraction of runs not solved yet, {name: (updates, fractions)}, up to budget; won: {name: "n of m"}."""
    figure, ax = canvas(width=9.0, height=3.2)
    for name, (at, left) in curves.items():
        look = style(WAITING[name]) | {"marker": "", "linewidth": 2}
        ax.step([*at, budget], [*left, left[-1]], where="post", label=f"{name}: {won[name]}", **look)
    label(ax, "updates", "fraction not solved yet")
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), title="solved", frameon=False, fontsize=8)
    told = "; ".join(f"{name} {won[name]}" for name in curves)
    show(figure, f"Fraction of runs not solved yet against updates, three tasks at lag 80, from chrono where there is "
         f"a forget gate and nothing else is said. Solved in time: {told}.")  # fmt: skip


@as_annotated
def undone(slopes: dict[str, Line]):
    """How what a unit writes follows what it holds, {where, one of MARKS: [a slope for each network]}."""
    figure, ax = canvas(width=4.6, height=3.0)
    for k, (where, values) in enumerate(slopes.items()):
        dots(ax, values, at=k, of=MARKS[where])
    ax.axhline(-1, color="black", linewidth=1, linestyle=":")
    ax.text(len(slopes) - 0.55, -0.98, "all of it taken back", ha="right", va="bottom", fontsize=8)
    ax.set(xlim=(-0.5, len(slopes) - 0.5), ylim=(min(-1.3, *(min(values) for values in slopes.values())), 0.2))
    label(ax, "", "change of what is written\nwith what is held").set_xticks(
        range(len(slopes)), [where.replace(", ", ",\n") for where in slopes]
    )
    told = "; ".join(f"{where} {np.median(values):.2f}" for where, values in slopes.items())
    show(figure, f"How what the erasing unit writes changes with what it holds, a dot for each network: -1 takes all "
         f"of it back. Medians: {told}.")  # fmt: skip
