"""Figures of notebook 09: how soon each way of reading a memory is learnt, and how far a waiting bit shows."""

import numpy as np

from course_lib.figures.given import Line, as_annotated
from course_lib.lesson import show
from course_lib.plots import canvas, dots, label, level

STYLES = {"o ⊙ tanh(c')": "LSTM", "network": "one network", "affine": "JANET", "tanh(c')": "identity RNN",
          "c'": "memoryless"}  # fmt: skip  # in whose style each reading is drawn


@as_annotated
def learning(updates: dict[float, dict[str, Line]], *, budget: int):
    """Updates until solved, {rate: {reading: [a value a seed]}}, a panel for each rate; budget: where runs end."""
    figure, axes = canvas(len(updates), width=8.4, height=3.0)
    told = []
    for ax, (rate, found) in zip(np.atleast_1d(axes), updates.items()):
        level(ax, budget, "not solved", side="left")
        for k, (name, values) in enumerate(found.items()):
            dots(ax, values, at=k, of=STYLES[name])
        label(ax, "", "" if told else "updates until solved", title=f"learning rate {rate:g}")
        ax.set_ylim(0, 1.15 * budget)
        ax.set_xticks(range(len(found)), found, fontsize=8, rotation=30)
        ends = (f"{name} {sum(v < budget for v in values)} of {len(values)}, {np.median(values):.0f}"
                for name, values in found.items())  # fmt: skip
        told.append(f"At a rate of {rate:g}: {'; '.join(ends)}.")
    show(figure, f"Updates until both parts of the task are solved. Solved, and median. {' '.join(told)}")


@as_annotated
def showing(in_h: dict[str, Line], in_gates: dict[str, Line]):
    """The bit's share of what varies in h, and in the gates, while it waits: {reading: [a value a seed]} for each."""
    figure, axes = canvas(2, width=7.0, height=2.9)
    parts = {"in h": in_h, "in the forget and input gates": in_gates}
    for ax, (title, found) in zip(axes, parts.items()):
        for k, (name, values) in enumerate(found.items()):
            dots(ax, values, at=k, of=STYLES[name])
        label(ax, "", "share that is the bit's" if ax is axes[0] else "", title=title).set_ylim(0, 0.6)
        ax.set_xticks(range(len(found)), found)
    told = "; ".join(f"{title}: " + ", ".join(f"{name} {np.median(values):.2f}" for name, values in found.items())
                     for title, found in parts.items())  # fmt: skip
    show(figure, f"The share of the variance that a waiting bit makes up, a dot for each run; medians {told}.")
