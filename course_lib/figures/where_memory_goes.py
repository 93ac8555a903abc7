"""The figures of notebook 02."""

import numpy as np

from course_lib.figures.given import Line, Rows, as_annotated
from course_lib.lesson import show
from course_lib.plots import canvas, label, level, line, runs, style, success

LEAST = 1e-38  # about the least that float32 holds with all its digits
FLOOR = 1e-20  # what is smaller is drawn here


@as_annotated
def solved_by_lag(solved: dict[tuple[str, int], int], runs: int):
    """The share of so many runs that solved a task, for {(task's name, lag): runs that did}; lags side by side."""
    figure, ax = canvas()
    lags = sorted({lag for _, lag in solved})
    tasks, told = list(dict.fromkeys(task for task, _ in solved)), []
    for task in tasks:
        own = [lag for lag in lags if (task, lag) in solved]
        wins = [solved[task, lag] for lag in own]
        beside = []  # tasks of one lag stand left and right of its place, so that no interval hides another
        for lag in own:
            here = [name for name in tasks if (name, lag) in solved]
            beside.append(lags.index(lag) + 0.14 * (here.index(task) - (len(here) - 1) / 2))
        success(ax, beside, wins, [runs] * len(own), of=task.lower())
        told.append(f"{task.lower()} {', '.join(f'{n} at lag {lag}' for n, lag in zip(wins, own))}")
    label(ax, "lag (steps)", "share of runs that solved it")
    ax.set_xticks(range(len(lags)), lags)
    show(figure, f"Share of {runs} runs that solved a task against the lag, with 95 % intervals. Of {runs} runs there "
         f"solved {'; '.join(told)}.")  # fmt: skip


@as_annotated
def contributions(share: Rows):
    """What each step adds to the gradient, for share (networks, steps back), as a share of the whole."""
    figure, ax = canvas()
    back = np.arange(share.shape[1])
    runs(ax, back, np.maximum(share, 1e-25), of="RNN", name="one step's part")
    label(level(ax, 1, "the whole gradient"), "steps before the end", "size, as a share of the whole").set_yscale("log")
    middle = np.median(share, axis=0)
    show(figure, f"The size of each step's part of the gradient, as a share of the whole, against the steps between it "
         f"and the end; median and range of {len(share)} networks, on a logarithmic scale. It falls steadily: "
         f"{middle[0]:.2g} at the last step, {middle[20]:.0e} 20 steps before it, {middle[90]:.0e} 90 steps "
         "before.")  # fmt: skip


@as_annotated
def powers(steps: Line, true: Rows, norm: Line, radius: Line):
    """The size of U multiplied by itself, true (networks, steps), beside what its norm and its radius promise."""
    figure, ax = canvas()
    runs(ax, steps, true, of="RNN", name="U multiplied by itself k times")
    line(ax, steps, np.median(norm) ** steps, of="total", name="its norm to the power k")
    line(ax, steps, np.median(radius) ** steps, of="memoryless", name="its spectral radius to the power k")
    label(ax, "k (steps)", "size").set_yscale("log")
    show(figure, f"Size of U multiplied by itself k times, for {len(true)} networks as PyTorch draws them, on a "
         f"logarithmic scale. The norm to the power k rises to {np.median(norm) ** steps[-1]:.0e} at k = "
         f"{steps[-1]}; the "
         f"true size falls, as the spectral radius to the power k does, to {np.median(true[:, -1]):.0e}.")  # fmt: skip


@as_annotated
def slowed(found: dict[str, Line]):
    """Milliseconds of a training step against the size of the gradient that arrives, as `rivals.by_size` found them."""
    figure, ax = canvas()
    looks = {"compiled": "total", "torch.nn.LSTM": "LSTM", "torch.nn.LSTM, flushing": "LSTM, default"}
    for name, of in looks.items():
        line(ax, found["size"], found[name], of=of, name=name)
    label(ax, "size of the gradient that arrives at the end", "ms for one training step").set_xscale("log")
    ax.set_xticks([10.0**-k for k in (0, 10, 20, 30, 40)])
    ax.invert_xaxis()
    ax.set_ylim(0, 1.3 * max(max(found[name]) for name in looks))
    ax.axvline(LEAST, color="black", linestyle=":", linewidth=1.5)
    ax.text(LEAST, ax.get_ylim()[1], " denormal from here", va="top", fontsize=8)
    times = "; ".join(f"{name} {min(found[name]):.1f} to {max(found[name]):.1f} ms" for name in looks)
    show(figure, "Time of one training step against the size of the gradient that arrives, from 1 down to 1e-44, with "
         f"a line at 1e-38, where numbers begin to be denormal: {times}.")  # fmt: skip


@as_annotated
def awakening(watched: dict[str, list[Rows]]):
    """How U grows and from when on the first step is heard, for {targets: rows (runs, (update, radius, reach))}."""
    figure, (left, right) = canvas(2, width=8.4)
    looks = {"the task": style("RNN"), "coin tosses": style("memoryless")}
    for targets, rows in watched.items():
        for k, run in enumerate(rows):
            update, radius, reach = np.array(run).T
            left.plot(update, radius, **looks[targets] | {"marker": ""}, label=targets if k == 0 else None)
            right.plot(radius, np.maximum(reach, FLOOR), **looks[targets] | {"linestyle": ""},
                       label=targets if k == 0 else None)  # fmt: skip
    label(level(left, 1, "1", of="total"), "updates", "spectral radius of U").set_ylim(0)
    label(right, "spectral radius of U", "effect of the first state", legend="above").set_yscale("log")
    right.axvline(1, color="black", linestyle=":", linewidth=1.5)
    counts = " and ".join(f"{len(rows)} runs on {targets}" for targets, rows in watched.items())
    _, radius, reach = np.array([row for rows in watched.values() for run in rows for row in run]).T
    small, just = reach[radius < 0.9], reach[(radius > 1) & (radius < 2)]
    show(figure, f"Left: the spectral radius of U over the first updates, for {counts}; all of them climb past 1. "
         "Right: how strongly the loss depends on the first state, relative to the last, against the radius, on a "
         f"logarithmic scale. Below a radius of 0.9 it is at most {small.max():.0e}; between 1 and 2 it is "
         f"above 0.01 in "
         f"{(just > 0.01).sum()} of {len(just)} places; beyond, it is often next to nothing again (what is below "
         f"{FLOOR:.0e} is drawn there).")  # fmt: skip
