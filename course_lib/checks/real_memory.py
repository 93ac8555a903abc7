"""Real memory: brackets counted by hand, a linear probe, and a loop over the wrong axis."""

import numpy as np
import torch
from numpy import log, stack, tanh

from course_lib.cells import LSTMCell
from course_lib.checks.by_hand import nearest, set_by_hand
from course_lib.checks.draw import every_and_long, normal, one_of, series, several, whole
from course_lib.checks.judge import Essay, problem


def bracket_places(generator):
    """An instance: which symbol opens a bracket and which one closes it."""
    opens = whole(generator, 0, 2)
    return {"opens": opens, "closes": (opens + whole(generator, 1, 2)) % 3}


@problem(
    cases=lambda generator, opens, closes: every_and_long(
        generator, [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], 5
    ),
    axes=("sequence", "step"),
    variant=bracket_places,
    act=set_by_hand(LSTMCell, 3, read=nearest, state="c"),
    solve=lambda opens, closes: (
        lambda: {"b_f": 20, "b_i": 20, "W_g": [10 * (k == opens) - 10 * (k == closes) for k in range(3)]}
    ),
    hints=(
        "A counter keeps all and adds +1, -1 or 0: f near 1, i near 1, and g must be one of the three.",
        "g = tanh(W_g x): a large positive weight at the opening symbol, a large negative one at the closing symbol.",
        "At b_f = 10 a depth of 100 loses 0.0045 at each step. b_f = b_i = 20 and W_g = ±10 hold for 200 steps.",
    ),
    planted=[
        ("closing brackets are not counted", "[10, -10, 0]", "[10, 0, 0]"),
        ("opening brackets are not counted", "[10, -10, 0]", "[0, -10, 0]"),
        ("closing brackets count like opening ones", "[10, -10, 0]", "[10, 10, 0]"),
        ("opening and closing are exchanged", "[10, -10, 0]", "[-10, 10, 0]"),
        ("every symbol is counted", "[10, -10, 0]", "[10, 10, 10]"),
        ("the other symbol is counted instead of the closing one", "[10, -10, 0]", "[10, 0, -10]"),
        ("the other symbol is counted instead of the opening one", "[10, -10, 0]", "[0, -10, 10]"),
        ("nothing is kept from step to step", '"b_f": 20', '"b_f": -10'),
        ("half of the depth is forgotten at each step (f = 1/2)", '"b_f": 20', '"b_f": 0'),
        (None, '"b_i": 20', '"b_i": 0'),
        (
            "each bracket counts one half and half is forgotten: f and i are still at 1/2",
            '"b_f": 20, "b_i": 20',
            '"b_f": 0, "b_i": 0',
        ),
        (None, "[10, -10, 0]", "[1, -1, 0]"),
        (None, "[10, -10, 0]}", '[10, -10, 0], "b_g": 10}'),
        ("nothing is counted", "[10, -10, 0]", "[0, 0, 0]"),
    ],
    mistakes={
        "closing brackets are not counted": ("x[:, t, opens] - x[:, t, closes]", "x[:, t, opens]"),
        "opening brackets are not counted": ("x[:, t, opens] - x[:, t, closes]", "-x[:, t, closes]"),
        "closing brackets count like opening ones": ("- x[:, t, closes]", "+ x[:, t, closes]"),
        "opening and closing are exchanged": ("x[:, t, opens] - x[:, t, closes]", "x[:, t, closes] - x[:, t, opens]"),
        "every symbol is counted": ("x[:, t, opens] - x[:, t, closes]", "1"),
        "the other symbol is counted instead of the closing one": ("x[:, t, closes]", "x[:, t, 3 - opens - closes]"),
        "the other symbol is counted instead of the opening one": ("x[:, t, opens]", "x[:, t, 3 - opens - closes]"),
        "nothing is kept from step to step": ("depth = depth +", "depth ="),
        "half of the depth is forgotten at each step (f = 1/2)": ("depth = depth +", "depth = 0.5 * depth +"),
        "each bracket counts one half (i = 1/2)": (
            "x[:, t, opens] - x[:, t, closes]",
            "0.5 * (x[:, t, opens] - x[:, t, closes])",
        ),
        "each bracket counts one half and half is forgotten: f and i are still at 1/2": (
            "depth = depth + x[:, t, opens] - x[:, t, closes]",
            "depth = 0.5 * depth + 0.5 * (x[:, t, opens] - x[:, t, closes])",
        ),
        "the other symbol sets the depth to 0": (
            "depths.append(nearest(depth))",
            "depth = depth * (1 - x[:, t, 3 - opens - closes])\n        depths.append(nearest(depth))",
        ),
        "nothing is counted": ("x[:, t, opens] - x[:, t, closes]", "0"),
        "the candidate falls short of 1: tanh(1) is 0.76": (
            "x[:, t, opens] - x[:, t, closes]",
            "tanh(1) * (x[:, t, opens] - x[:, t, closes])",
        ),
    },
)
def bracket_depth(x, opens, closes):
    """Opening minus closing brackets so far, at every step, (sequence, step)."""
    depth, depths = 0 * x[:, 0, 0], []
    for t in range(x.shape[1]):
        depth = depth + x[:, t, opens] - x[:, t, closes]
        depths.append(nearest(depth))
    return stack(depths, 1)


def probe_case(generator):
    """A case with states, a noisy quantity that depends on them, and new states."""
    units, train = whole(generator, 2, 3), whole(generator, 10, 14)
    h, new = torch.tanh(normal(generator, train, units)), torch.tanh(normal(generator, whole(generator, 2, 5), units))
    y = h @ normal(generator, units) + 2 + 0.3 * normal(generator, train)
    return {"h": h, "y": y, "h_new": new}


@problem(
    cases=several(probe_case),
    axes=("step",),
    hints=(
        "Least squares: find w so that h w is as near to y as possible. torch.linalg.lstsq solves it.",
        "Add a column of ones to h, so that one of the weights is a bias.",
        "Fit on (h, y); return the predictions for h_new, with its own column of ones.",
    ),
    planted=[
        (
            "the probe has no bias",
            "torch.cat([h, torch.ones(len(h), 1)], dim=1)",
            "h",
            "torch.cat([h_new, torch.ones(len(h_new), 1)], dim=1)",
            "h_new",
        ),
        (
            "the probe predicts the mean, whatever h is",
            "return (torch.cat([h_new, torch.ones(len(h_new), 1)], dim=1) @ w)[:, 0]",
            "return y.mean().expand(len(h_new))",
        ),
        (
            "the weights are returned instead of the predictions",
            "return (torch.cat([h_new, torch.ones(len(h_new), 1)], dim=1) @ w)[:, 0]",
            "return w[:, 0]",
        ),
        (
            "the predictions are for the states it was fitted on",
            "torch.cat([h_new, torch.ones(len(h_new), 1)]",
            "torch.cat([h, torch.ones(len(h), 1)]",
        ),
        (
            "the bias is fitted and then left out",
            "torch.cat([h_new, torch.ones(len(h_new), 1)], dim=1) @ w",
            "h_new @ w[:-1]",
        ),
        (
            "the probe is fitted on h' y without dividing by h' h",
            "torch.linalg.lstsq(torch.cat([h, torch.ones(len(h), 1)], dim=1), y[:, None]).solution",
            "torch.cat([h, torch.ones(len(h), 1)], dim=1).T @ y[:, None]",
        ),
        (
            "the predictions are rounded",
            "return (torch.cat([h_new, torch.ones(len(h_new), 1)], dim=1) @ w)[:, 0]",
            "return torch.round(torch.cat([h_new, torch.ones(len(h_new), 1)], dim=1) @ w)[:, 0]",
        ),
        ("the predictions are squashed by tanh", "return (torch", "return torch.tanh(torch"),
        (
            "the last step is left out of the fit",
            "torch.ones(len(h), 1)], dim=1), y[:, None]",
            "torch.ones(len(h), 1)], dim=1)[:-1], y[:-1, None]",
        ),
        (
            "the first step is left out of the fit",
            "torch.ones(len(h), 1)], dim=1), y[:, None]",
            "torch.ones(len(h), 1)], dim=1)[1:], y[1:, None]",
        ),
        (None, " @ w)[:, 0]", " @ w)"),
        (None, "[h, torch", "[h**2, torch"),
    ],
    mistakes={
        "the probe has no bias": ("add_one(h)", "h", "add_one(h_new)", "h_new"),
        "the probe predicts the mean, whatever h is": ("add_one(h_new) @ w", "mean(y) + 0 * h_new[:, 0]"),
        "the weights are returned instead of the predictions": ("return add_one(h_new) @ w", "return w"),
        "the predictions are for the states it was fitted on": ("add_one(h_new) @ w", "add_one(h) @ w"),
        "the bias is fitted and then left out": ("add_one(h_new) @ w", "h_new @ w[:-1]"),
        "the probe is fitted on h' y without dividing by h' h": (
            "np.linalg.lstsq(add_one(h), y, rcond=None)[0]",
            "add_one(h).T @ y",
        ),
        "the predictions are rounded": ("add_one(h_new) @ w", "np.round(add_one(h_new) @ w)"),
        "the predictions are squashed by tanh": ("add_one(h_new) @ w", "tanh(add_one(h_new) @ w)"),
        "the probe reads one unit alone": (
            "add_one(h), y",
            "add_one(h[:, :1]), y",
            "add_one(h_new)",
            "add_one(h_new[:, :1])",
        ),
        "the last step is left out of the fit": ("add_one(h), y", "add_one(h[:-1]), y[:-1]"),
        "the first step is left out of the fit": ("add_one(h), y", "add_one(h[1:]), y[1:]"),
    },
)
def linear_probe(h, y, h_new):
    """The predictions for h_new (steps, hidden) of the least-squares probe, with bias, fitted on h and y (steps,)."""
    w = np.linalg.lstsq(add_one(h), y, rcond=None)[0]
    return add_one(h_new) @ w


def add_one(h):
    """h with a last column of ones."""
    return np.concatenate([h, np.ones((len(h), 1))], axis=1)


def square_series(generator):
    """A case as series, with as many sequences as steps: only then does the bug go unnoticed."""
    case = series(generator)
    steps = case["x"].shape[1]
    inputs, hidden = case["x"].shape[2], case["U"].shape[0]
    x = normal(generator, steps, steps, inputs)
    return {"x": x, "h": torch.tanh(normal(generator, steps, hidden)), "W": case["W"], "U": case["U"], "b": case["b"]}


@problem(
    cases=several(square_series),
    axes=("batch", "unit"),
    hints=(
        "The axes are (batch, time, feature). Which axis does the loop run over?",
        "x.unbind() without an argument takes the first axis, and that is the batch.",
        "x.unbind(dim=1), or x[:, t].",
    ),
    planted=[
        ("batch and time are exchanged: a step reads one sequence", "x.unbind(dim=1)", "x"),
        ("the observations are read backwards", "x.unbind(dim=1)", "x.unbind(dim=1)[::-1]"),
        ("batch and time are exchanged and read backwards", "x.unbind(dim=1)", "x.flip(0)"),
        ("the last observation is never read", "x.unbind(dim=1)", "x.unbind(dim=1)[:-1]"),
        ("the first observation is never read", "x.unbind(dim=1)", "x.unbind(dim=1)[1:]"),
        ("only the last observation is read", "x.unbind(dim=1)", "x.unbind(dim=1)[-1:]"),
        ("only the first observation is read", "x.unbind(dim=1)", "x.unbind(dim=1)[:1]"),
        ("the given h is ignored and the start is zeros", "    for x_t", "    h = torch.zeros_like(h)\n    for x_t"),
        ("every step reads the first observation", "x_t @ W.T", "x[:, 0] @ W.T"),
        ("every step reads the mean over time", "x_t @ W.T", "x.mean(dim=1) @ W.T"),
        ("Every number has the wrong sign.", "    return h", "    return -h"),
    ],
    mistakes={
        "batch and time are exchanged: a step reads one sequence": ("x[:, t]", "x[t]"),
        "the observations are read backwards": ("x[:, t]", "x[:, -1 - t]"),
        "batch and time are exchanged and read backwards": ("x[:, t]", "x[-1 - t]"),
        "the last observation is never read": ("range(x.shape[1])", "range(x.shape[1] - 1)"),
        "the first observation is never read": ("range(x.shape[1])", "range(1, x.shape[1])"),
        "only the last observation is read": ("range(x.shape[1])", "[x.shape[1] - 1]"),
        "only the first observation is read": ("range(x.shape[1])", "[0]"),
        "the given h is ignored and the start is zeros": (
            "tanh(x[:, t] @ W.T + h @ U.T + b)",
            "tanh(x[:, t] @ W.T + (t > 0) * h @ U.T + b)",
        ),
        "every step reads the first observation": ("x[:, t]", "x[:, 0]"),
        "every step reads the mean over time": ("x[:, t]", "mean(x, 1)"),
        "the state never enters": (" + h @ U.T", ""),
    },
)
def last_state(x, h, W, U, b):
    """h_T of the RNN over x (batch, time, input), (batch, hidden)."""
    for t in range(x.shape[1]):
        h = tanh(x[:, t] @ W.T + h @ U.T + b)
    return h


unit_experiment = Essay(
    "Looking on cannot show that a unit is used: what do you do to it?",
    "Whatever you do to it harms the network a little. Do the same to other units.",
    "Measure where a bracket closes and where none does, on text that was held out.",
)


def forecast_of_text(generator):
    """A case with a text, the symbols in it, and a forecast of each next symbol."""
    symbols = "abc"[: whole(generator, 2, 3)] + "( )"
    text = "".join(symbols[whole(generator, 0, len(symbols) - 1)] for _ in range(whole(generator, 5, 12)))
    p = torch.softmax(2 * normal(generator, len(text) - 1, len(symbols)), dim=1)
    return {"text": text, "symbols": symbols, "p": p}


@problem(
    cases=several(forecast_of_text),
    variant=lambda generator: {"base": one_of(generator, (3, 4, 8, 16, 32, 64))},
    default={"base": 2},
    solve=lambda base: (
        lambda text, symbols, p: (
            sum(-log(p[t, symbols.index(text[t + 1])].item()) for t in range(len(p))) / len(p) / log(base)
        )
    ),
    hints=(
        "Row t of p was made after text[t] was read. Which symbol does it forecast?",
        "Pick from each row the probability of the symbol that came: symbols.index(text[t + 1]).",
        "The mean of -log of these probabilities, to your base.",
    ),
    planted=[
        (None, "symbols.index(text[t + 1])", "0"),
        ("the natural logarithm is taken", "torch.log2", "torch.log"),
        ("the logarithm is to base 10", "torch.log2", "torch.log10"),
        ("the sign is lost", "-torch", "torch"),
        ("the mean probability is given", "-torch.log2(picked)", "picked"),
        ("the perplexity is given", "-torch.log2", "2 ** -torch.log2"),
    ],
    mistakes={
        "the natural logarithm is taken": ("log(picked) / log(base)", "log(picked)"),
        "the logarithm is to base 10": ("log(picked) / log(base)", "log(picked) / log(10)"),
        "the forecast is compared with the symbol already read": ("text[t + 1]", "text[t]"),
        "the bits are added up instead of averaged": (".mean()", ".sum()"),
        "the sign is lost": ("-(log", "(log"),
        "the logarithm of the mean probability is taken": (
            "-(log(picked) / log(base)).mean()",
            "-log(picked.mean()) / log(base)",
        ),
        "the mean probability is given": ("-(log(picked) / log(base)).mean()", "picked.mean()"),
        "the mean is over all symbols of the text": (".mean()", ".sum() / len(text)"),
        "the first forecast is left out": ("range(len(p))", "range(1, len(p))"),
        "the perplexity is given": ("-(log(picked) / log(base)).mean()", "base ** -(log(picked) / log(base)).mean()"),
    },
)
def bits_per_character(text, symbols, p, base):
    """The mean of -log_base p[t, the symbol text[t + 1]] over all forecasts."""
    picked = np.stack([p[t, symbols.index(text[t + 1])] for t in range(len(p))])
    return -(log(picked) / log(base)).mean()


last_project = Essay(
    "A text or a series of your own: what is the baseline that knows nothing, and the one that copies the last value?",
    "Split in time before anything is measured, and keep the last part closed until the end.",
    "One unit, one claim, one intervention, one control: then say what would have refuted it.",
)
