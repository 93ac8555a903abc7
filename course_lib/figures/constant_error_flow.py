"""Figures of notebook 08: by which way the gradient of a loss comes back, and what training makes of the ways."""

import numpy as np

from course_lib.figures.given import Line, as_annotated
from course_lib.lesson import show
from course_lib.plots import canvas, dots, label, level, style

PARTS = ("direct", "rest")
LEAST, MOST = 1e-16, 1e3  # of the axis of sizes


@as_annotated
def roads(states: dict[str, dict[str, list[dict[str, float | Line]]]], *, back: int):
    """Sizes of direct way and rest, dots on a logarithmic axis: {panel: {start: [{"direct": size, "rest": size}]}}.

    back   over how many steps; a size is a share of the gradient at the end, and a dot is a seed
    """
    figure, axes = canvas(len(states), width=6.4 if len(states) == 1 else 8.4, height=2.9)
    told = []
    for ax, (title, starts) in zip(np.atleast_1d(axes), states.items()):
        for k, runs in enumerate(starts.values()):
            for j, part in enumerate(PARTS):
                dots(ax, [run[part] for run in runs], at=3 * k + j, of=part, name=None if k else part)
        first = ax is np.atleast_1d(axes)[0]
        label(ax, "", f"what is left, {back} steps back" if first else "", legend=False, title=title or None)
        level(ax, 1, "as at the end")
        ax.set(yscale="log", ylim=(LEAST, MOST))
        ax.set_xticks([3 * k + 0.5 for k in range(len(starts))], starts)
        middle = {name: [np.median([run[part] for run in runs]) for part in PARTS] for name, runs in starts.items()}
        sizes = (f"{name}: direct {direct:.0e}, rest {rest:.0e}" for name, (direct, rest) in middle.items())
        told.append(f"{title}: ".removeprefix(": ") + "; ".join(sizes) + ".")
    np.atleast_1d(axes)[0].legend(frameon=False, fontsize=8, loc="lower right", ncols=2)
    text = f"What is left of the gradient {back} steps back, by the direct way and by the rest, as a share of that"
    show(figure, f"{text} at the end; {len(runs)} seeds, bars at the medians. " + " ".join(told))


@as_annotated
def detours(shares: dict[str, Line]):
    """Bars: the share of the gradient that made 0, 1, 2, ... detours, a panel for each of {start: shares}."""
    figure, axes = canvas(len(shares), width=8.4, height=2.5)
    told = []
    for ax, (name, share) in zip(np.atleast_1d(axes), shares.items()):
        share = np.asarray(share)[:21]
        colours = [style("direct")["color"]] + [style("rest")["color"]] * (len(share) - 1)
        ax.bar(range(len(share)), share, color=colours)
        label(ax, "detours through h", "" if told else "share of the gradient", title=name)
        ax.set(ylim=(0, 0.75), xticks=range(0, 21, 5))
        told.append(f"{name}: {share[0]:.0%} without a detour, most with {share.argmax()}")
    ax.annotate("no detour: the direct way", (1.5, share[0]), fontsize=8, va="top", color=style("direct")["color"])
    text = "The share of the gradient by the number of detours on its way back. "
    show(figure, text + "; ".join(told) + ".")


@as_annotated
def cuts(updates: dict[str, Line]):
    """Updates until solved, {what the cell does with h: [a value a seed]}; dots, with a bar at the median."""
    figure, ax = canvas(width=6.4, height=2.6)
    for k, values in enumerate(updates.values()):
        dots(ax, values, at=k, of="LSTM")
    label(ax, "", "updates until solved").set_ylim(0, None)
    ax.set_xticks(range(len(updates)), updates)
    medians = ", ".join(f"{' '.join(name.split())} {np.median(found):.0f}" for name, found in updates.items())
    text = f"Updates until keep-or-replace at lag 10 is solved, {len(values)} seeds each"
    show(figure, f"{text}; medians: {medians}.")
