"""Stretch a sequence, and see which of two trained units still follows it."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch

from course_lib import doors, plots
from course_lib.cells import JANETCell, LeakyCell
from course_lib.unroll import unroll
from course_lib.widgets.live import Live, own

EVENTS = 6  # units of the sequence's own time in one sequence
TEMPO = 8  # steps per unit of its own time, unwarped
FIRST, SEQUENCES = 101, 9  # the seeds of the sequences that the widget shows


def warp(stretch, unevenness, *, seed=0):
    """The own time that passes in each step of a warped sequence, array (time,); they add up to EVENTS.

    stretch      1 leaves TEMPO steps to a unit of own time, 2 twice as many
    unevenness   0: the same in all units; 1: from a quarter to four times the steps, drawn anew for each unit

    ValueError for a stretch that is not above 0, at most 1000, and for an unevenness outside [0, 1].
    """
    stretch = doors.number("warp", "stretch", stretch, above=0, most=1000)
    unevenness = doors.number("warp", "unevenness", unevenness, least=0, most=1)
    draw = uneven(doors.seed("warp", seed))
    steps = np.maximum(1, np.round(TEMPO * stretch * 4 ** (unevenness * draw))).astype(int)
    return np.concatenate([np.full(count, 1 / count) for count in steps])


def uneven(seed):
    """How uneven each unit of own time is, in [-1, 1]: array (EVENTS,)."""
    return np.random.default_rng(seed).uniform(-1, 1, EVENTS)


def levels_of(seed):
    """The level in each unit of own time: array (EVENTS,)."""
    return np.random.default_rng(1000 + seed).choice([-0.9, 0.0, 0.9], EVENTS)


def warped(pace, *, seed=0):
    """(x, target) of a sequence whose steps take pace (time,) of its own time: x (time, 2), target (time,).

    x is (level, pace). The level is drawn anew for each unit of own time; the target is the leaky trace y of the level
    in own time, dy/ds = level - y, which is the same curve however the sequence is stretched.
    """
    pace = doors.array("warped", "pace", pace, dims=(1,), least=0)
    own = np.cumsum(pace)
    levels = levels_of(doors.seed("warped", seed))
    now = levels[np.minimum((own - pace / 2).astype(int), EVENTS - 1)]
    target, y = [], 0.0
    for level, passed in zip(now, pace):
        y = level + (y - level) * np.exp(-passed)
        target.append(y)
    return np.stack([now, pace], axis=-1), np.array(target)


@cache
def warp_cells():
    """{name: cell}: a unit with a constant gate and one whose gate sees x, trained on the same 24 uneven sequences.

    L-BFGS on the mean squared error of h at every step; takes a few seconds, once in a session.
    """
    batches = [warped(warp(1.0, 1.0, seed=k), seed=k) for k in range(1, 25)]
    longest = max(len(target) for _, target in batches)
    x, y = np.zeros((len(batches), longest, 2)), np.full((len(batches), longest), np.nan)
    for b, (shown, target) in enumerate(batches):
        x[b, : len(target)], y[b, : len(target)] = shown, target
    x, y = torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)
    known = ~y.isnan()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        cells = {"constant gate": LeakyCell(2, 1), "gate that sees x": JANETCell(2, 1)}
    for cell in cells.values():
        optimiser = torch.optim.LBFGS(cell.parameters(), max_iter=60, line_search_fn="strong_wolfe")

        def loss(cell=cell, optimiser=optimiser):
            optimiser.zero_grad()
            error = ((unroll(cell, x)["h"][..., 0] - y)[known] ** 2).mean()
            error.backward()
            return error

        optimiser.step(loss)
    return cells


@dataclass(frozen=True)
class Following:
    """How a trained unit follows a warped sequence: h and gate (time,), and the root mean squared error of h."""

    h: np.ndarray
    gate: np.ndarray
    error: float


def follow(stretch, unevenness, *, seed=0):
    """(level, target, {name: Following}) of the units of warp_cells on one warped sequence; arrays (time,)."""
    x, target = warped(warp(stretch, unevenness, seed=seed), seed=seed)
    found = {}
    with torch.no_grad():
        for name, cell in warp_cells().items():
            trace = unroll(cell, torch.tensor(x[None], dtype=torch.float32))
            h, gate = (trace[part][0, :, 0].numpy() for part in ("h", cell.memory[0]))
            found[name] = Following(h, gate, float(np.sqrt(((h - target) ** 2).mean())))
    return x[:, 0], target, found


class TimeWarp(Live):
    """Stretch and squeeze a sequence: a unit with a constant gate beside one whose gate sees how fast time goes.

    Both were trained on the same uneven sequences. The trace to follow is the same curve in the sequence's own time,
    however it is stretched (Tallec & Ollivier 2018).
    """

    title, script = "Time warp", own(__file__)
    looks = {"constant gate": "leaky", "gate that sees x": "JANET"}

    def cells(self):
        return warp_cells()

    def data(self):
        seeds = range(FIRST, FIRST + SEQUENCES)
        return {"uneven": [uneven(seed).tolist() for seed in seeds], "tempo": TEMPO,
                "levels": [levels_of(seed).tolist() for seed in seeds],
                "gates": {name: cell.memory[0] for name, cell in warp_cells().items()}}  # fmt: skip

    @classmethod
    def static(cls):
        """(figure, text): three stretches, even and uneven."""
        figure, axes = plots.canvas(3, rows=2, width=10, height=4.4)
        told = []
        for row, unevenness in zip(axes, (0.0, 1.0)):
            for ax, stretch in zip(row, (0.5, 1.0, 4.0)):
                errors = draw_warp(ax, stretch, unevenness, seed=FIRST)
                ax.set_title(f"stretch {stretch:g}, {'uneven' if unevenness else 'even'}")
                if not unevenness and stretch == 0.5:
                    figure.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=4, frameon=False)
                told.append(f"{ax.get_title()}: " + " and ".join(f"{error:.2f}" for error in errors.values()))
        return (
            figure,
            f"A trace followed with a constant gate and with a gate that sees x; their errors: {'; '.join(told)}.",
        )


def draw_warp(ax, stretch, unevenness, *, seed):
    """The level, the trace to follow and both units; their errors, {name: number}."""
    shown, target, units = follow(stretch, unevenness, seed=seed)
    steps = range(len(target))
    plots.line(ax, steps, target, of="target", name="trace to follow")
    plots.line(ax, steps, shown, of="baseline", name="level shown")
    for name, unit in units.items():
        plots.line(ax, steps, unit.h, of=TimeWarp.looks[name], name=name)
    plots.label(ax, "step", "h", legend=False)
    return {name: unit.error for name, unit in units.items()}
