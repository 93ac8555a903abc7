"""Figures of notebook 05: memories with gates set by hand, how a leak decays, and two cells that learnt to count."""

import numpy as np

from course_lib.figures.given import Line, Rows, as_annotated
from course_lib.lesson import show
from course_lib.plots import GREY, canvas, dots, label, runs, style

DASHES = ("-", "--", "-.", ":")
STYLE = {"latch": "c", "leak": "leaky", "count": "LSTM", "tied": "tied"}


@as_annotated
def memories(x: Line, held: dict[str, Line]):
    """The memory c (time,) of each of four ways to set the gates, on its own axis; x (time,) is marked below."""
    figure, axes = canvas(2, rows=2, width=7.6, height=4.2)
    steps = np.arange(len(x))
    for ax, (name, c) in zip(axes.flat, held.items(), strict=True):
        ax.step(steps, c, where="post", color=style(STYLE[name])["color"], linewidth=2)
        low, high = min(0, c.min()), max(0, c.max())
        room = high - low
        for value, marker in ((1, "^"), (-1, "v")):
            at = steps[x == value]
            ax.plot(at, np.full(len(at), low - 0.15 * room), marker, color=GREY, markersize=5, linestyle="none")
        ax.set(ylim=(low - 0.28 * room, high + 0.12 * room), xticks=range(0, len(x) + 1, 5))
        label(ax, "step" if ax in axes[1] else "", "memory c", title=name)
    leak, tied = (", ".join(f"{c:.2f}" for c in held[name][[2, 5, 6, 11]]) for name in ("leak", "tied"))
    show(figure, "Four memories, each on its own scale; a triangle marks an event, one upside down the -1. Latch: "
         f"1 from step 2, -1 from step 14. Leak, at the events: {leak}, falling between them. Count: 1, 2, 3, 4 at the "
         f"events, 3 after the -1. Tied, at the events: {tied}, and level between them.")  # fmt: skip


@as_annotated
def decay(gates: Line, left: list[Line], halves: Line):
    """What is left (time,) of 1 for each constant forget gate, with its half-life (steps) marked on the time axis."""
    figure, ax = canvas(width=6.4, height=2.8)
    for gate, c, half, dashes in zip(gates, left, halves, DASHES[: len(gates)], strict=True):
        ax.plot(np.arange(len(c)), c, dashes, color=style("leaky")["color"], label=f"f = {gate:g}")
        if half < len(c):
            ax.plot([half, half], [0, 0.5], ":", color=GREY)
            ax.plot([half], [0.5], "o", color=style("leaky")["color"], markersize=5)
            ax.annotate(f"{half:.1f}", (half, 0.5), xytext=(4, 4), textcoords="offset points", fontsize=9)
    ax.axhline(0.5, color=GREY, linewidth=0.8)
    ax.set(ylim=(0, 1.03), xlim=(0, len(left[0]) - 1))
    label(ax, "step (a dot marks the half-life)", "what is left of 1", legend="above")
    show(figure, "What is left of a memory of 1, for constant forget gates. It is down to one half after "
         + ", ".join(f"{half:.1f} steps with f = {gate:g}" for gate, half in zip(gates, halves)) + ".")  # fmt: skip


@as_annotated
def counting(counts: Line, solved: dict[str, Line], answers: dict[str, Rows], largest: dict[str, Rows]):
    """Learning, answers and memories of two cells, {"LSTM", "tied": runs}; counts are the events that were shown."""
    figure, axes = canvas(3, width=9.0)
    for k, of in enumerate(answers):
        dots(axes[0], solved[of], at=k, of=of)
        runs(axes[1], counts, answers[of], of=of)
        runs(axes[2], counts, largest[of], of=of)
    axes[0].set_xticks([0, 1], list(answers))
    label(axes[0], "", "updates until solved", title="learning").set(ylim=(0, None), xlim=(-0.5, 1.5))
    axes[1].plot([0, 40], [0, 40], ":", color="black", label="right")
    for ax, what, title in ((axes[1], "answer", "the answer"), (axes[2], "largest |c|", "the memory")):
        label(ax, "events (grey: trained on)", what, title=title).axvspan(0, 10, alpha=0.15, color=GREY)
    middle = {of: (np.median(solved[of]), np.median(answers[of], axis=0)[-1], np.median(largest[of], axis=0)[-1])
              for of in answers}  # fmt: skip
    show(figure, f"{len(solved['LSTM'])} seeds each, medians. " + " ".join(
        f"{of}: solved after {updates:.0f} updates; shown {counts[-1]} events it answers {answer:.0f}, and its largest "
        f"|c| is {memory:.2f}." for of, (updates, answer, memory) in middle.items()))  # fmt: skip
