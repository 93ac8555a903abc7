"""Figures of notebook 10: how soon ways to write are learnt, and what an LSTM's gate and candidate must know."""

import numpy as np

from course_lib.figures.given import Line, as_annotated
from course_lib.lesson import show
from course_lib.plots import canvas, dots, label, level

STYLES = {"split": "LSTM", "one tanh": "identity RNN", "one sigmoid": "JANET"}
PARTS = {"i": "input", "g": "LSTM"}


@as_annotated
def soon(updates: dict[str, Line], *, budget: int):
    """Updates until adding is solved, {"way to write" or "way to write, its start": [a value a run]}.

    budget   where runs end: a run with so many was not solved
    """
    figure, ax = canvas(width=1.5 * len(updates) + 1.0, height=3.0)
    level(ax, budget, "not solved", side="left")
    for k, (name, values) in enumerate(updates.items()):
        dots(ax, values, at=k, of=STYLES[name.partition(",")[0]])
    ax.set(xlim=(-0.5, len(updates) - 0.5), ylim=(0, 1.12 * budget))
    label(ax, "what is added to f ⊙ c", "updates until solved")
    ax.set_xticks(range(len(updates)), [name.replace(", ", ",\n") for name in updates])
    told = "; ".join(f"{name} {sum(v < budget for v in values)} of {len(values)}, {np.median(values):.0f}"
                     for name, values in updates.items())  # fmt: skip
    show(figure, f"Updates until adding is solved, a dot for each run. Solved, and median: {told}.")


@as_annotated
def divided(error: dict[str, Line], shares: dict[tuple[str, str], Line], *, baseline: float):
    """Left, the test error under each interference, {what is put in: [a value a run]}; baseline: nothing remembered.

    Right, shares {("i" or "g", "mark" or "number"): [a value a run]}: how much of what it does each explains.
    """
    figure, (left, right) = canvas(2, width=9.0, height=3.2)
    for k, (name, values) in enumerate(error.items()):
        dots(left, values, at=k, of=PARTS.get(name[:1] if name[1:2] == " " else "", "memoryless"))
    level(left, baseline, "").set(yscale="log", xlim=(-0.6, len(error) - 0.4))
    left.text(-0.55, 0.9 * baseline, "nothing remembered", va="top", fontsize=8, color="#777777")
    label(left, "what is put in", "test error (mean square)")
    left.set_xticks(range(len(error)), [name.replace(" ", "\n", 1) for name in error], fontsize=8)
    for k, ((part, _), values) in enumerate(shares.items()):
        dots(right, values, at=k, of=PARTS[part])
    label(right, "", "share of its variance").set_ylim(-0.03, 1.03)
    right.set_xticks(range(len(shares)), [f"{part},\nby {by}" for part, by in shares])
    told = ", ".join(f"{name} {np.median(values):.3f}" for name, values in error.items())
    rest = ", ".join(f"{part} by {by} {np.median(values):.2f}" for (part, by), values in shares.items())
    show(figure, f"Left: test error by what is put in, medians: {told}; remembering nothing costs {baseline:.2f}. "
         f"Right: share of the variance explained, medians: {rest}.")  # fmt: skip
