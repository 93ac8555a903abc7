"""Figures of notebook 07: how far the page's formulas are from torch.nn.LSTM, and what its other reading does."""

import numpy as np

from course_lib.figures.given import Line, as_annotated
from course_lib.lesson import show
from course_lib.plots import canvas, dots, label, line, style

EQUAL, FLOOR = 1e-10, 1e-18  # below the first we call two numbers equal; the second is where the axis begins
DASHES = ("-", "--", ":", "-.")
READINGS = {"σ, tanh": "LSTM", "σ, σ": "memoryless", "tanh, tanh": "memoryless", "tanh, σ": "page"}  # in whose style


@as_annotated
def gaps(measured: dict[str, dict[str, float]]):
    """Bars, logarithmic: the largest difference from torch.nn.LSTM, {what is compared: {what of it: difference}}."""
    of = dict(zip(measured, ("target", "LSTM", "page"), strict=True))
    parts = list(next(iter(measured.values())))
    figure, ax = canvas(width=6.4, height=2.6)
    for k, (name, found) in enumerate(measured.items()):
        ends = np.maximum([found[part] for part in parts], FLOOR)
        ax.barh(np.arange(len(parts)) + 0.27 * k - 0.27, ends, height=0.25, label=name, color=style(of[name])["color"])
    ax.set(xscale="log", xlim=(FLOOR, 100), yticks=range(len(parts)), yticklabels=parts)
    ax.invert_yaxis()
    label(ax, "largest difference from torch.nn.LSTM", "", legend="above")
    show(figure, "The largest difference from torch.nn.LSTM, logarithmic. " + listed(measured))


@as_annotated
def readings(measured: dict[str, float]):
    """Bars, logarithmic: the largest difference from torch.nn.LSTM of each reading, {"end of h_int, S": difference}."""
    figure, ax = canvas(width=6.4, height=2.0)
    colours = [style(READINGS[name])["color"] for name in measured]
    names = ["h_int from {}, S = {}".format(*name.split(", ")) for name in measured]
    ax.barh(names, np.maximum(list(measured.values()), FLOOR), height=0.6, color=colours)
    ax.set(xscale="log", xlim=(FLOOR, 100))
    ax.invert_yaxis()
    label(ax, "largest difference from torch.nn.LSTM", "")
    show(figure, "The largest difference from torch.nn.LSTM, logarithmic, with the same weights. "
         + "; ".join(f"{name}: {amount(gap)}" for name, gap in zip(names, measured.values())) + ".")  # fmt: skip


def listed(measured):
    """What is measured, in words."""
    return " ".join(f"{name}: " + ", ".join(f"{part} {amount(gap)}" for part, gap in found.items()) + "."
                    for name, found in measured.items())  # fmt: skip


def amount(gap):
    """A difference in words that are the same on every machine."""
    return "below 1e-10" if gap < EQUAL else f"{gap:.2f}"


def stacked(names):
    """The names of readings in two lines each, for the ticks of an axis."""
    return ["h_int: {}\nS: {}".format(*name.split(", ")) for name in names]


@as_annotated
def curves(memory: Line, standard: dict[float, Line], page: dict[float, Line]):
    """Output against memory (points,): {other factor: outputs} with S = tanh, and with S the logistic function."""
    figure, axes = canvas(2, width=8.0, height=2.9)
    for ax, found, of, letter in ((axes[0], standard, "LSTM", "o"), (axes[1], page, "page", "h_int")):
        for (factor, h), dashes in zip(found.items(), DASHES[: len(found)], strict=True):
            ax.plot(memory, h, color=style(of)["color"], linestyle=dashes)
            ax.annotate(f"{letter} = {factor:g}", (memory[-1], h[-1]), xytext=(4, 0), textcoords="offset points",
                        fontsize=8, va="center", color=style(of)["color"])  # fmt: skip
        ax.set(ylim=(-1.1, 1.1), xlim=(memory[0], memory[-1] + 2.6), xticks=(-4, -2, 0, 2, 4))
    label(axes[0], "memory c'", "output h'", title="S = tanh")
    label(axes[1], "memory c'", "", title="S = σ")
    at = [int(np.argmin(abs(memory - value))) for value in (-2, 0, 2)]
    told = [", ".join(f"{h:.2f}" for h in found[1.0][at]) for found in (standard, page)]
    show(figure, f"Output against memory. S = tanh, o = 1: {told[0]} for a memory of -2, 0, 2; every curve passes "
         f"through 0. S = σ, h_int = 1: {told[1]}, all positive; with h_int = -1 all are negative. With the other "
         "factor 0 both are 0.")  # fmt: skip


@as_annotated
def slopes(memory: Line, by_hand: dict[str, Line], at_start: dict[str, Line]):
    """The slope of h' in c': {"LSTM", "page": (points,)} for an open other factor, and {reading: [a value a seed]}."""
    figure, axes = canvas(2, width=8.0, height=2.9)
    for name, told in (("LSTM", "S = tanh"), ("page", "S = σ")):
        line(axes[0], memory, by_hand[name], of=name, name=told)
    label(axes[0], "memory c'", "slope of h' in c'", title="other factor 1")
    for k, (name, values) in enumerate(at_start.items()):
        dots(axes[1], values, at=k, of=READINGS[name])
    label(axes[1], "", "mean slope of h' in c'", title="PyTorch's default weights").set_ylim(0, 0.6)
    axes[1].set_xticks(range(len(at_start)), stacked(at_start))
    middle = ", ".join(f"{np.median(values):.2f} for {name}" for name, values in at_start.items())
    show(figure, f"The slope of h' in c'. Left: at c' = 0 it is {by_hand['LSTM'].max():.2f} with S = tanh and "
         f"{by_hand['page'].max():.2f} with S = σ; from |c'| of about 1.7 on the second is larger. Right, at default "
         f"weights, medians of {len(values)} seeds: {middle}.")  # fmt: skip


@as_annotated
def learning(updates: dict[str, Line]):
    """Updates until solved, {reading: [a value a seed]}."""
    figure, ax = canvas(width=5.2, height=2.6)
    for k, (name, values) in enumerate(updates.items()):
        dots(ax, values, at=k, of=READINGS[name])
    label(ax, "", "updates until solved").set_ylim(0, None)
    ax.set_xticks(range(len(updates)), stacked(updates))
    show(figure, "Updates until keep-or-replace at lag 8 is solved, all runs, and medians: " + ", ".join(
        f"{np.median(values):.0f} for {name}" for name, values in updates.items()) + ".")  # fmt: skip
