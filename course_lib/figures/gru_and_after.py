"""Figures of notebook 12: which cells learn to toggle."""

import numpy as np

from course_lib.figures.given import Line, as_annotated
from course_lib.lesson import show
from course_lib.plots import canvas, label, level, runs

WIDTH = 20  # updates over which a loss is averaged
STYLES = {"GRU": "GRU", "minGRU": "minGRU", "minGRU, factor in (-1, 1)": "additive",
          "GRU, gates blind to h": "LSTM, default", "GRU, candidate blind to h": "identity RNN"}  # fmt: skip


@as_annotated
def toggling(losses: dict[str, list[Line]], *, guessing: float, solved_at: float):
    """Loss against updates, {cell: [losses of a run, ...]}, median and range of the runs; a solved run stays there.

    guessing, solved_at   two levels: the loss of a guess, and that at which a run is solved
    """
    figure, ax = canvas(width=6.8, height=3.2)
    longest = max(len(row) for rows in losses.values() for row in rows)
    kept, told = np.ones(WIDTH) / WIDTH, []
    for name, rows in losses.items():
        smooth = [np.convolve(row, kept, mode="valid") for row in rows]
        filled = [np.pad(row, (0, longest - len(row) - WIDTH + 1), mode="edge") for row in smooth]
        runs(ax, np.arange(WIDTH, longest + 1), filled, of=STYLES[name], name=name)
        told.append(f"{name} {np.median([row[-1] for row in filled]):.2f}")
    level(ax, guessing, "guessing"), level(ax, solved_at, "solved")
    label(ax, "updates", f"loss (mean of {WIDTH} updates)").set_ylim(0, 1.15 * guessing)
    text = f"Loss on parity against updates, {len(rows)} seeds each. At the end, medians: {'; '.join(told)}"
    show(figure, f"{text}; guessing costs {guessing:.2f}.")
