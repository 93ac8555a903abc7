"""Figures of notebook 04: what four units hold, how exact weights must be, and how far each memory is learnt."""

import numpy as np

from course_lib.figures.given import Line, Rows, as_annotated
from course_lib.lesson import show
from course_lib.plots import canvas, label, runs, style

DARK = 40  # steps: a lag that is written in white


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


@as_annotated
def reached(reach: dict[str, list[int]], tasks: list[str], blocks: list[list[str]]):
    """How far each memory was learnt: {memory: (tasks,)}, the longest lag in steps, 0 for none.

    blocks   lists of the memories, a block of rows each; the darker a field, the longer its lag
    """
    figure, axes = canvas(rows=len(blocks), width=6.6, height=3.4)
    for ax, names in zip(np.atleast_1d(axes), blocks):
        lags = np.array([reach[name] for name in names])
        ax.imshow(np.log2(np.maximum(lags, 5) / 5), cmap="Greens", vmin=0, vmax=4.8, aspect="auto")
        for (row, column), lag in np.ndenumerate(lags):
            ax.text(column, row, lag or "none", ha="center", va="center", color="white" if lag >= DARK else "black")
        ax.set_yticks(range(len(names)), names)
        ax.set_xticks(range(len(tasks)), tasks if names is blocks[0] else [""] * len(tasks))
        ax.tick_params(length=0, labeltop=True, labelbottom=False)
        ax.grid(False)
        ax.spines[:].set_visible(False)
    figure.suptitle("longest lag that at least four of five runs learnt (steps)", fontsize=9)
    said = "; ".join(f"{name}: {', '.join(str(lag or 'none') for lag in lags)}" for name, lags in reach.items())
    show(figure, f"The longest lag, in steps, that at least four of five runs learnt, on {', '.join(tasks)}. {said}.")
