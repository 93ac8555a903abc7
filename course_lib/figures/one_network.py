"""Figures of notebook 04: what four units hold, and how exact weights must be."""

import numpy as np

from course_lib.figures.given import Line, Rows, as_annotated
from course_lib.lesson import show
from course_lib.plots import canvas, label, runs, style


@as_annotated
def switching(value: Line, mark: Line, held: Line):
    """Keep or replace over time: the numbers shown, which of them are marked, and what is held, each (steps,)."""
    figure, ax = canvas()
    steps, marked = np.arange(len(value)), mark == 1
    ax.plot(steps[~marked], value[~marked], "x", color=style("memoryless")["color"], markersize=4, label="to ignore")
    ax.plot(steps[marked], value[marked], label="marked", **style("target") | {
        "linestyle": "none", "markersize": 11, "color": style("input")["color"]})  # fmt: skip
    ax.step(steps, held, where="post", color=style("ReLU RNN")["color"], label="what the four units hold")
    label(ax, "time (steps)", "number (no unit)", legend="above")
    show(figure, f"{len(value)} steps of keep or replace. What the four units hold jumps to each of the {marked.sum()} "
         "marked numbers, a star, and stays there, unmoved by the numbers between.")  # fmt: skip


@as_annotated
def fragile(shares: Line, rights: dict[str, tuple[str, Rows]]):
    """The share of right answers (draws, shares) of {name: (style, rights)}, against the error of the weights."""
    figure, ax = canvas()
    for name, (of, right) in rights.items():
        runs(ax, 100 * np.asarray(shares), right, of=of, name=name)
    label(ax, "typical error of a weight (%)", "share of right answers", legend="above").set(
        xscale="log", ylim=(0, 1.04)
    )
    ticks = [0.01, 0.1, 1, 10]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    at = list(shares).index(1e-2)
    show(figure, f"Share of right answers against the error of the weights; median and range of "
         f"{len(next(iter(rights.values()))[1])} draws. At 1 %: " + ", ".join(
             f"{name} {np.median(right, axis=0)[at]:.2f}" for name, (_, right) in rights.items()) + ".")  # fmt: skip
