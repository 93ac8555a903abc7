"""Recurrence: one step, a state through time, and two losses that any forecast must beat."""

from datetime import date, timedelta
from functools import partial

import numpy as np
import torch
from numpy import mean, stack, tanh

from course_lib.checks.draw import drawn_for, normal, one_of, one_step, series, several, uniform, whole
from course_lib.checks.judge import problem


@problem(
    cases=one_step(""),
    axes=("batch", "unit"),
    hints=(
        "There are three terms inside tanh: one from x, one from h, one constant.",
        "x is (batch, input) and W is (hidden, input): which product of the two is (batch, hidden)?",
        "x @ W.T is W x for every sequence of the batch.",
    ),
    planted=[
        (None, "tanh(", "torch.relu("),
        (None, "x @ W.T + h @ U.T + b", "(x @ W.T) * (h @ U.T) + b"),
    ],
    mistakes={
        "tanh is missing": ("tanh(x @ W.T + h @ U.T + b)", "x @ W.T + h @ U.T + b"),
        "σ stands where tanh should": ("tanh(", "sigmoid("),
        "the old state is left out": (" + h @ U.T", ""),
        "the observation is left out": ("x @ W.T + ", ""),
        "the bias is left out": (" + b", ""),
        "the bias is subtracted": ("+ b", "- b"),
        "the bias is added after tanh": (" + b)", ") + b"),
        "U is transposed": ("h @ U.T", "h @ U"),
        "the products of W and U are subtracted": ("+ h @ U.T", "- h @ U.T"),
        "the old state is added after tanh": ("tanh(x @ W.T + h @ U.T + b)", "h + tanh(x @ W.T + h @ U.T + b)"),
    },
)
def rnn_step(x, h, W, U, b):
    """h' = tanh(W x + U h + b), (batch, hidden)."""
    return tanh(x @ W.T + h @ U.T + b)


@problem(
    cases=several(series),
    axes=("batch", "time", "unit"),
    hints=(
        "Print h after each step. Which h does step 2 start from?",
        "The result of a step has to become the h of the next step.",
        "Assign the new state to h inside the loop, then append h.",
    ),
    planted=[
        ("time is the first axis of the result", "dim=1", "dim=0"),
        (
            "Time runs backwards: the last step comes first.",
            "torch.stack(states, dim=1)",
            "torch.stack(states[::-1], dim=1)",
        ),
        ("Only the last step is returned.", "torch.stack(states, dim=1)", "states[-1]"),
    ],
    mistakes={
        "the state never advances: every step starts from the first h": ("h = tanh", "new = tanh", "d(h)", "d(new)"),
        "every step sees the first observation": ("x[:, t]", "x[:, 0]"),
        "the given h is ignored and the start is zeros": ("states = []", "states, h = [], 0 * h"),
        "the old state does not enter the new one": (" + h @ U.T", ""),
        "the observations are read backwards": ("x[:, t]", "x[:, -1 - t]"),
        "the state is stored before it is updated": (
            "states = []",
            "states = [h]",
            "stack(states",
            "stack(states[:-1]",
        ),
        "the first h is stored as well": ("states = []", "states = [h]"),
        "the last state fills every step": ("stack(states, 1)", "stack([h] * len(states), 1)"),
        "time is the first axis of the result": ("stack(states, 1)", "stack(states, 0)"),
        "the last observation is never read": ("range(x.shape[1])", "range(x.shape[1] - 1)"),
        "tanh is missing": ("tanh(x[:, t] @ W.T + h @ U.T + b)", "x[:, t] @ W.T + h @ U.T + b"),
    },
)
def run_through_time(x, h, W, U, b):
    """Every state h_1 to h_T, (batch, time, hidden)."""
    states = []
    for t in range(x.shape[1]):
        h = tanh(x[:, t] @ W.T + h @ U.T + b)
        states.append(h)
    return stack(states, 1)


@problem(
    cases=several(lambda generator: {"x": normal(generator, whole(generator, 8, 12), whole(generator, 2, 4))}),
    variant=lambda generator: {"ahead": whole(generator, 2, 6)},
    default={"ahead": 1},
    solve=lambda ahead: lambda x: ((x[ahead:] - x[:-ahead]) ** 2).mean(),
    hints=(
        "Persistence says: what comes is what is there now.",
        "x[ahead:] is what came; x[:-ahead] is what was seen.",
        "Square, then take the mean over steps and channels.",
    ),
    planted=[
        ("the squares are added up instead of averaged", "mean()", "sum()"),
        ("the root of the mean is taken", "mean()", "mean() ** 0.5"),
        ("the forecast is the mean of the series", "x[ahead:] - x[:-ahead]", "x[1:] - x.mean(dim=0)"),
        (None, "x[ahead:] - x[:-ahead]", "x"),
        ("Every number is half of what it should be.", ".mean()", ".mean() / 2"),
    ],
    mistakes={
        "the differences are not squared": ("(x[ahead:] - x[:-ahead]) ** 2", "x[ahead:] - x[:-ahead]"),
        "the differences are taken without sign instead of squared": (
            "(x[ahead:] - x[:-ahead]) ** 2",
            "abs(x[ahead:] - x[:-ahead])",
        ),
        "the squares are added up instead of averaged": ("mean(", "np.sum("),
        "the root of the mean is taken": ("** 2)", "** 2) ** 0.5"),
        "the forecast is the mean of the series": ("x[:-ahead]", "mean(x, 0)"),
        "the forecast is one step older": ("x[ahead:]", "x[ahead + 1 :]", "x[:-ahead]", "x[: -ahead - 1]"),
        "the forecast is zero": ("x[ahead:] - x[:-ahead]", "x[ahead:]"),
        "the channels are compared instead of the steps": ("x[ahead:] - x[:-ahead]", "x[:, 1:] - x[:, :-1]"),
        "the sum is divided by all steps, also the first": ("mean((", "np.sum((", "** 2)", "** 2) / x.size"),
        "only the last step is judged": ("x[ahead:]", "x[-1:]", "x[:-ahead]", "x[-1 - ahead : -ahead]"),
    },
)
def persistence_loss(x, ahead):
    """The mean squared error of the forecast x_{t+ahead} = x_t, over all steps and channels of x (time, channel)."""
    return mean((x[ahead:] - x[:-ahead]) ** 2)


def sum_of_numbers(generator):
    """A case with a range and a count."""
    low = uniform(generator, -2, 1)
    return {"low": low, "high": low + uniform(generator, 1.5, 4), "count": whole(generator, 2, 6)}


@problem(
    cases=several(sum_of_numbers),
    variant=lambda generator: {"factor": whole(generator, 3, 9)},
    default={"factor": 2},
    solve=lambda factor: lambda low, high, count: factor**2 * count * (high - low) ** 2 / 12,
    hints=(
        "The best constant guess of a quantity is its mean. What is then the mean squared error called?",
        "Variances of independent numbers add up.",
        "The variance of a number uniform in [low, high] is (high - low)² / 12.",
    ),
    planted=[
        (None, "/ 12", "/ 3"),
    ],
    mistakes={
        "a uniform number has variance 1/12 whatever its range": ("(high - low) ** 2", "1"),
        "the factor is not squared": ("factor**2", "factor"),
        "the factor is left out": ("factor**2 * ", ""),
        "the range is not squared": ("(high - low) ** 2", "(high - low)"),
        "only one of the numbers counts": ("* count *", "*"),
        "the variance grows with the square of the count": ("* count *", "* count**2 *"),
        "the standard deviation is given": (
            "factor**2 * count * (high - low) ** 2 / 12",
            "(factor**2 * count * (high - low) ** 2 / 12) ** 0.5",
        ),
        "the range is divided by 6": ("/ 12", "/ 6"),
        "the guess is zero instead of the mean": (
            "factor**2 * count * (high - low) ** 2 / 12",
            "factor**2 * (count * (high - low) ** 2 / 12 + (count * (low + high) / 2) ** 2)",
        ),
        "the mean of the sum is given": (
            "factor**2 * count * (high - low) ** 2 / 12",
            "factor * count * (low + high) / 2",
        ),
        "the numbers are averaged instead of added": (
            "factor**2 * count * (high - low) ** 2 / 12",
            "factor**2 * (high - low) ** 2 / 12 / count",
        ),
        "low and high are added": ("high - low", "high + low"),
    },
)
def adding_baseline(low, high, count, factor):
    """The loss of the best constant guess of factor times the sum of count numbers, each uniform in [low, high]."""
    return factor**2 * count * (high - low) ** 2 / 12


def table(generator, separator, missing):
    """A case with the text of a csv file: dates, two or three channels, and some cells where nothing was measured."""
    rows, channels = whole(generator, 4, 9), whole(generator, 2, 3)
    return {"text": written(generator, normal(generator, rows, channels), separator, missing)}


def written(generator, x, separator, missing):
    """The text of a csv file with the numbers x (time, channel), some of which are missing."""
    empty = torch.rand(x.shape, generator=generator) < 0.4
    lines = [separator.join(["date", *(f"channel {k}" for k in range(x.shape[1]))])]
    for k in range(len(x)):
        cells = [missing if 1 < k < len(x) - 1 and empty[k, j] else f"{v:.2f}" for j, v in enumerate(x[k].tolist())]
        lines.append(separator.join([str(date(2013, 1, 1) + timedelta(days=k)), *cells]))
    return "\n".join(lines) + "\n"


def invented(separator, missing):
    """A file for those who have none: 400 days of two quantities that follow the week and drift."""
    generator, day = drawn_for("invented", separator, missing), torch.arange(400.0)[:, None]
    week = torch.sin(2 * torch.pi * (day / 7 + torch.tensor([0.0, 0.3])))
    x = 10 + 3 * week + normal(generator, 400, 2).cumsum(0) / 5 + normal(generator, 400, 2)
    return written(generator, x, separator, missing)


def filled(text, separator, missing):
    """The numbers of such a file, gaps filled with what stood there before."""
    rows = [line.split(separator)[1:] for line in text.splitlines()[1:]]
    for before, row in zip(rows, rows[1:]):
        row[:] = [old if cell == missing else cell for old, cell in zip(before, row)]
    return [[float(cell) for cell in row] for row in rows]


@problem(
    cases=lambda generator, **given: [table(generator, **given) for _ in range(12)],
    variant=lambda generator: {
        "separator": one_of(generator, (";", "|", "/", ":")),
        "missing": one_of(generator, ("NA", "-", "?", "none")),
    },
    default={"separator": ",", "missing": ""},
    show=lambda **given: given | {"file": invented(**given)},
    solve=lambda **given: partial(filled, **given),
    axes=("time", "channel"),
    hints=(
        "splitlines() gives the rows, split(separator) the cells of one. Which row and which column hold no numbers?",
        "Walk through the rows and keep the row before: an empty cell takes its value.",
        "for line in text.splitlines()[1:]: the cells are line.split(separator)[1:].",
    ),
    planted=[
        (None, "old[k]", "99.0"),
        ("The axes are in reverse order: transposed.", "torch.tensor(rows)", "torch.tensor(rows).T"),
    ],
    mistakes={
        "an empty cell becomes 0": ("else old[k]", "else 0.0"),
        "an empty cell becomes the last one of its own row": ("else old[k]", "else (row[-1] if row else old[k])"),
        "an empty cell takes the value of the first row": ("else old[k]", "else (rows[0][k] if rows else 0.0)"),
        "the first row of numbers is left out": ("splitlines()[1:]", "splitlines()[2:]"),
        "the last row is left out": ("splitlines()[1:]", "splitlines()[1:-1]"),
        "the first channel is left out": ("split(separator)[1:]", "split(separator)[2:]"),
        "the last channel is left out": ("split(separator)[1:]", "split(separator)[1:-1]"),
        "the rows are in reverse order": ("splitlines()[1:]", "splitlines()[:0:-1]"),
    },
)
def read_series(text, separator, missing):
    """The numbers of a csv file with a head and dates, (time, channel); an empty cell has the value before it."""
    rows, old = [], None
    for line in text.splitlines()[1:]:
        row = []
        for k, cell in enumerate(line.split(separator)[1:]):
            row.append(float(cell) if cell != missing else old[k])
        rows.append(row)
        old = row
    return np.array(rows)


def split(gap, x, share):
    """Both parts, scaled by the first."""
    n = int(share * len(x))
    spread, mean = torch.std_mean(x[:n], 0, correction=0)
    return {"train": (x[:n] - mean) / spread, "test": (x[n + gap :] - mean) / spread}


def series_to_split(generator):
    """A case with a series whose level drifts, and the share of it to train on."""
    steps, channels = whole(generator, 14, 20), whole(generator, 2, 3)
    drift = torch.linspace(0, 3, steps)[:, None]
    return {"x": 4 * normal(generator, steps, channels) + drift + 2, "share": uniform(generator, 0.4, 0.7)}


@problem(
    cases=several(series_to_split),
    variant=lambda generator: {"gap": whole(generator, 1, 3)},
    default={"gap": 0},
    solve=lambda gap: partial(split, gap),
    axes=("time", "channel"),
    hints=(
        "What would a forecaster know of the future? Neither its values nor their mean.",
        "Cut first: the first int(share * steps) steps are for training. Then measure mean and spread on them alone.",
        "Subtract that mean from both parts and divide both by that spread, channel by channel.",
    ),
    planted=[(None, "n = int(share * len(x))", "n = len(x) // 3")],
    mistakes={
        "mean and spread come from the whole series: the future leaks": (
            "x[:n].mean(0)",
            "x.mean(0)",
            "(x[:n] - m) ** 2",
            "(x - m) ** 2",
        ),
        "mean and spread come from the part to test on": (
            "x[:n].mean(0)",
            "x[n + gap :].mean(0)",
            "(x[:n] - m) ** 2",
            "(x[n + gap :] - m) ** 2",
        ),
        "all channels share one mean and one spread": (
            "x[:n].mean(0)",
            "x[:n].mean()",
            ".mean(0) ** 0.5",
            ".mean() ** 0.5",
        ),
        "the mean is not subtracted": ("(x[:n] - m) / s", "x[:n] / s", "(x[n + gap :] - m) / s", "x[n + gap :] / s"),
        "nothing is divided by the spread": (
            "(x[:n] - m) / s",
            "(x[:n] - m)",
            "(x[n + gap :] - m) / s",
            "(x[n + gap :] - m)",
        ),
        "the part to test on is not scaled": ("(x[n + gap :] - m) / s", "x[n + gap :]"),
        "the first part is for testing": (
            '{"train": (x[:n] - m) / s, "test": (x[n + gap :] - m) / s}',
            '{"test": (x[:n] - m) / s, "train": (x[n + gap :] - m) / s}',
        ),
        "the part to test on begins a step early": ("(x[n + gap :] - m) / s", "(x[n + gap - 1 :] - m) / s"),
        "the variance stands where the spread should": (".mean(0) ** 0.5", ".mean(0)"),
        "the step at the cut is lost": ("(x[n + gap :] - m) / s", "(x[n + gap + 1 :] - m) / s"),
    },
)
def split_and_scale(x, share, gap):
    """{"train", "test"}: the first share, and the rest after a gap, scaled by mean and spread of the first."""
    n = int(share * len(x))
    m = x[:n].mean(0)
    s = ((x[:n] - m) ** 2).mean(0) ** 0.5
    return {"train": (x[:n] - m) / s, "test": (x[n + gap :] - m) / s}
