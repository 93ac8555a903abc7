"""Figures of notebook 06b: what three starts leave of a memory, and how two gates bear time that is stretched."""

import numpy as np

from course_lib.figures.given import Line, Rows, as_annotated
from course_lib.lesson import show
from course_lib.plots import canvas, dots, label, level, line, style

STARTS = {"PyTorch's": "RNN", "forget bias 1": "identity RNN", "chrono": "JANET"}  # in whose style each start is drawn
GATES = {"constant gate": "leaky", "gate that sees": "JANET"}


@as_annotated
def lives(left: dict[str, Rows]):
    """What each start leaves of the old state, {start: (steps, units)}: the median unit, and 90 % of them as a band."""
    figure, ax = canvas(width=6.4, height=3.0)
    told = []
    for name, parts in left.items():
        steps = np.arange(1, len(parts) + 1)
        low, middle, high = np.quantile(parts, [0.05, 0.5, 0.95], axis=1)
        ax.fill_between(steps, low, high, color=style(STARTS[name])["color"], alpha=0.2, linewidth=0)
        line(ax, steps, middle, of=STARTS[name], name=name)
        told.append(f"{name} {middle[9]:.2f} and {middle[-1]:.2g}")
    ax.set(xscale="log", ylim=(-0.02, 1))
    ax.set_xticks([1, 2, 5, 10, 20, 50, 100], ["1", "2", "5", "10", "20", "50", "100"])
    ax.minorticks_off()
    label(ax, "steps (logarithmic)", "share of the old state that is left", legend="above")
    show(figure, f"What is left of the old state, the median of {parts.shape[1]:,} units and the band of 90 % of them. "
         f"After 10 and {len(parts)} steps: {'; '.join(told)}.")  # fmt: skip


@as_annotated
def stretched(loss: dict[str, dict[str, Line]], *, guessing: float):
    """Loss with each kind of stretching, logarithmic: {stretching: {gate: [a value a seed]}}; guessing is a level."""
    figure, ax = canvas(width=6.0, height=3.0)
    for k, found in enumerate(loss.values()):
        for j, (name, values) in enumerate(found.items()):
            dots(ax, values, at=2.5 * k + j, of=GATES[name], name=name if k == 0 else None)
    level(ax, guessing, "guessing")
    label(ax, "", "loss (nats)", legend="above").set(yscale="log", xlim=(-0.6, 2.5 * k + 1.6))
    ax.set_xticks([2.5 * k + 0.5 for k in range(len(loss))], list(loss))
    told = "; ".join(f"{warp}: " + ", ".join(f"{name} {np.median(values):.4f}" for name, values in found.items())
                     for warp, found in loss.items())  # fmt: skip
    show(figure, f"Loss after training, logarithmic; each dot is a run, a bar their median. {told}. Guessing costs "
         f"{guessing:.2f}.")  # fmt: skip
