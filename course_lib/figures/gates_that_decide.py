"""Figures of notebook 06: how soon a constant gate and one that sees are learnt, and what acts on the old state."""

import numpy as np

from course_lib.figures.given import Flags, Line, as_annotated
from course_lib.lesson import show
from course_lib.plots import BLUE, RED, canvas, label, level, style

WIDTH = 20  # updates over which a loss is averaged
LOOK = {"constant gate": "leaky", "gate that sees": "JANET"}
LINES = {"constant gate": "--", "gate that sees": "-"}


@as_annotated
def learning(losses: dict[str, list[Line]], *, guessing: float, solved_at: float):
    """Loss against updates, a curve for each run: {gate: [losses of a run, ...]}; a dot where it is solved.

    guessing, solved_at   two levels: the loss of a guess, and that at which a run is solved
    """
    figure, ax = canvas(width=6.4, height=3.2)
    kept, told = np.ones(WIDTH) / WIDTH, []
    for name, rows in losses.items():
        look, ends = style(LOOK[name]), []
        for k, row in enumerate(rows):
            smooth = np.convolve(row, kept, mode="valid")
            ends.append(smooth[-1])
            ax.plot(np.arange(WIDTH, len(row) + 1), smooth, color=look["color"], linestyle=LINES[name],
                    linewidth=1.3, label=name if k == 0 else None)  # fmt: skip
            if smooth[-1] < solved_at:
                ax.plot(len(row), smooth[-1], "o", color=look["color"], markersize=5)
        told.append(f"{name} {np.median(ends):.4f} after {np.median([len(row) for row in rows]):.0f}")
    level(ax, guessing, "nothing remembered"), level(ax, solved_at, "solved")
    label(ax, "updates", f"squared error (mean of {WIDTH} updates)", legend="above").set_yscale("log")
    show(figure, f"Error against updates, logarithmic, {len(rows)} runs each; a dot is a run that is solved. Median "
         f"error, and median updates, at the end: {'; '.join(told)}. Nothing remembered: {guessing:.2f}.")  # fmt: skip


@as_annotated
def weights(new: dict[str, Line], slope: dict[str, Line], marked: Flags):
    """The new state's slope with respect to the old, against the new: {"plain", "gated": (draws,)}; marked (draws,)."""
    figure, axes = canvas(2, width=7.6, height=2.9)
    for ax, name in zip(axes, ("plain", "gated")):
        for which, told, colour, marker in ((~marked, "not marked", BLUE, "o"), (marked, "marked", RED, "^")):
            ax.plot(new[name][which], slope[name][which], marker, markersize=3, color=colour, label=told)
        label(ax, "new state h'", "weight on the old state" if ax is axes[0] else "", title=f"{name} unit",
              legend=ax is axes[1]).set_xlim(-1.05, 1.05)  # fmt: skip
    axes[1].set_ylim(-0.08, 1.15)
    axes[1].legend(frameon=False, fontsize=8, loc="center right", bbox_to_anchor=(1, 0.5))
    off, on = slope["gated"][~marked].mean(), slope["gated"][marked].mean()
    show(figure, f"The derivative of the new state with respect to the old, {len(marked)} draws. Plain: all points lie "
         f"on one arch, marked or not. Gated: two levels, {off:.3f} without a mark, {on:.3f} with one, for any "
         "state.")  # fmt: skip
