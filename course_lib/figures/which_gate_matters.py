"""Figures of notebooks 11 and 11b: how soon cells learn, and what it costs to take a part out."""

import numpy as np

from course_lib.figures.given import Line, as_annotated
from course_lib.lesson import show
from course_lib.plots import canvas, heat, label


def mapped(ax, rows, places, **look):
    """A map of rows {thing: (places,)}, the first on top, over places [(task, lag)], task by task."""
    things, tasks = list(rows)[::-1], list(dict.fromkeys(task for task, _ in places))
    wide = len(places) // len(tasks)
    heat(ax, [rows[thing] for thing in things], **look).set_yticks(range(len(things)), things, fontsize=8)
    ax.set_xticks(range(len(places)), [lag for _, lag in places], fontsize=7)
    for k, task in enumerate(tasks):
        ax.text(wide * k + (wide - 1) / 2, len(things) - 0.4, task.replace(" ", "\n", 1), ha="center", fontsize=8)
        ax.axvline(wide * k - 0.5, color="white", linewidth=3)
    return label(ax, "lag (steps)", "")


def fewer(ax, values, least):
    """A minus sign where the value of a map is -least or below: in greys, its red looks like its blue."""
    for row, column in np.argwhere(np.ma.filled(values, 0) <= -least):
        dark = values[row, column] < -10 * least
        ax.text(column, row, "−", ha="center", va="center", fontsize=8, color="white" if dark else "black")


def by_task(values, places):
    """The means of values (places,) in each task, as words."""
    tasks = list(dict.fromkeys(task for task, _ in places))
    return ", ".join(f"{values.reshape(len(tasks), -1)[k].mean():.0f} on {task}" for k, task in enumerate(tasks))


def maps(found, places, name, **look):
    """A map for each start, {start: {thing: (places,)}}, and what they show, as words; name: what a colour means."""
    things = next(iter(found.values()))
    figure, axes = canvas(len(found), width=4.8 * len(found), height=1.3 + 0.3 * len(things))
    for ax, (start, rows) in zip(np.atleast_1d(axes), found.items(), strict=True):
        full = {thing: rows.get(thing, np.full(len(places), np.nan)) for thing in things}
        mapped(ax, full, places, name=name, **look).set_title(f"start: {start}", fontsize=9, pad=28)
    told = (f"start {start}, {thing}: {by_task(values, places)}" for start, rows in found.items()
            for thing, values in rows.items())  # fmt: skip
    return figure, "; ".join(told)


@as_annotated
def learnt(updates: dict[str, dict[str, Line]], places: list[tuple[str, int]], *, budget: int):
    """How soon cells learn, {start: {cell: updates (places,)}}, a map for each start; white where it was not run.

    places   (task, lag), as many lags for each task; budget: where runs end unsolved
    """
    figure, told = maps(updates, places, "mean updates", colours="viridis_r", low=0, high=budget)
    show(figure, f"Mean updates until solved, by cell, task and lag; dark is never within {budget}, white is not run. "
         f"Means over the lags: {told}.")  # fmt: skip


@as_annotated
def missed(cost: dict[str, dict[str, Line]], places: list[tuple[str, int]], *, budget: int):
    """What it costs to take a part out, {start: {part: more updates (places,)}}, a map for each start.

    Red: more updates without the part; blue: fewer. places and budget as in learnt
    """
    figure, told = maps(cost, places, "more updates", colours="RdBu_r", low=-budget, high=budget)
    for ax in (ax for ax in figure.axes if ax.images and ax.get_xlabel()):  # not a colour bar
        fewer(ax, ax.images[0].get_array(), budget / 20)
    show(figure, "More updates when one thing is taken out, by thing, task and lag; red is more, blue is fewer, with a "
         f"minus sign from {budget / 20:.0f} fewer on. Means over the lags: {told}.")  # fmt: skip
