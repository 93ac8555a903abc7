"""Which gate matters: a clamp to find, a cell of one's own, and a step to repair."""

from math import comb

import numpy as np
import torch
from numpy import tanh

from course_lib.bare import bare
from course_lib.cells import LSTMCell
from course_lib.checks import judge
from course_lib.checks.compare import Unreadable
from course_lib.checks.draw import drawn_for, normal, one_of, one_step, several, uniform, whole
from course_lib.checks.judge import Essay, problem, sigmoid
from course_lib.unroll import unroll

# An input or an output gate at 0 is left out: both make every h zero.
VALUES = (0.25, 0.5, 0.75, 1.0)
CLAMPS = [("forget", 0.0), *((gate, value) for gate in ("forget", "input", "output") for value in VALUES)]
DARK = "nothing is written or nothing is read (a gate at 0)"


def mystery_parts(seed):
    """The LSTM and the observations (4, 12, 2) of one mystery."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        cell = LSTMCell(2, 3)
        for weight in cell.parameters():
            torch.nn.init.normal_(weight)
        return cell, torch.randn(4, 12, 2)


def clamp_of(seed):
    """The gate of a mystery and its value."""
    return one_of(drawn_for("clamp", str(seed)), CLAMPS)


def what_it_did(seed):
    """What is shown of a mystery: an LSTM, observations, and the hidden states that it gave with the gate clamped."""
    cell, x = mystery_parts(seed)
    with torch.no_grad():
        return {"cell": cell, "x": x, "h": unroll(cell, x, override=dict([clamp_of(seed)]))["h"]}


def apply_clamp(answer, case):
    """The hidden states of the mystery with the answer's gate clamped to its value."""
    found = bare(answer())
    try:
        gate, value = dict(found).popitem() if isinstance(found, dict) and len(found) == 1 else found
        gate, value = str(gate).strip().lower().removesuffix(" gate"), float(value)
    except (TypeError, ValueError):
        gate, value = "", 0.0
    if gate not in ("forget", "input", "output"):
        raise Unreadable(f'needs a gate and a value, such as ("forget", 0.5); got {str(found)[:60]!r}')
    cell, x = mystery_parts(which_clamp.given(judge.TOKEN)["seed"])
    with torch.no_grad():
        return unroll(cell, x, override={gate: value})["h"]


@problem(
    cases=lambda generator, seed: [{"x": mystery_parts(seed)[1]}],
    axes=("batch", "time", "unit"),
    variant=lambda generator: {"seed": whole(generator, 0, 10**6)},
    default={"seed": 3},
    key=lambda given: clamp_of(given["seed"]),
    show=what_it_did,
    act=apply_clamp,
    solve=lambda seed: lambda: clamp_of(seed),
    hints=(
        "You have the cell and its observations: clamp a gate yourself and compare with h.",
        'unroll(cell, x, override={gate: value})["h"] for each of the three gates.',
        "The value is one of 0, 0.25, 0.5, 0.75 and 1. Fifteen experiments settle it.",
    ),
    planted=[
        ("the forget gate is clamped to 0.5", '"forget", 0.0', '"forget", 0.5'),
        ("the forget gate is clamped to 1", '"forget", 0.0', '"forget", 1.0'),
        ("nothing is written or nothing is read (a gate at 0)", '"forget", 0.0', '"input", 0.0'),
        ("the input gate is clamped to 0.5", '"forget", 0.0', '"input", 0.5'),
        ("the input gate is clamped to 1", '"forget", 0.0', '"input", 1.0'),
        ("the output gate is clamped to 0.5", '"forget", 0.0', '"output", 0.5'),
        ("the output gate is clamped to 1", '"forget", 0.0', '"output", 1.0'),
        ("nothing is written or nothing is read (a gate at 0)", '"forget", 0.0', '"output", 0.0'),
        ("the output gate is clamped to 0.25", '"forget", 0.0', '"output", 0.25'),
    ],
    mistakes={
        f"the {gate} gate is clamped to {value:g}": ("clamp_of(seed)", repr((gate, value))) for gate, value in CLAMPS
    }
    | {DARK: ("clamp_of(seed)", '("output", 0.0)')},
)
def which_clamp(x, seed):
    """The hidden states of the mystery cell, (batch, time, hidden)."""
    gate, value = clamp_of(seed)
    with torch.no_grad():
        return unroll(mystery_parts(seed)[0], torch.tensor(x, dtype=torch.float32), override={gate: value})["h"]


UPDATES = {
    "f ⊙ c + i ⊙ g": lambda f, i, c, g: f * c + i * g,
    "f ⊙ c + (1 - f) ⊙ g": lambda f, i, c, g: f * c + (1 - f) * g,
    "(1 - i) ⊙ c + i ⊙ g": lambda f, i, c, g: (1 - i) * c + i * g,
    "(1 - f) ⊙ c + i ⊙ g": lambda f, i, c, g: (1 - f) * c + i * g,
    "f ⊙ c + (1 - i) ⊙ g": lambda f, i, c, g: f * c + (1 - i) * g,
}
READINGS = {
    "o ⊙ tanh(c')": lambda o, c: o * tanh(c),
    "(1 - o) ⊙ tanh(c')": lambda o, c: (1 - o) * tanh(c),
    "o ⊙ c'": lambda o, c: o * c,
    "o ⊙ σ(c')": lambda o, c: o * sigmoid(c),
}


def as_shown(**own):
    """The step whose last two lines are those that the learner is shown."""
    lines = [line.replace("⊙", "*").replace("c'", "new").replace("σ", "sigmoid") for line in own.values()]

    def step(x, h, c, W, U, b):
        a = {k: x @ W[k].T + h @ U[k].T + b[k] for k in "fiog"}
        names = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "c": c, "g": torch.tanh(a["g"])}
        names |= {k: torch.sigmoid(a[k]) for k in "fio"}
        names["new"] = eval(lines[0], names)
        return {"h": eval(lines[1], names), "c": names["new"]}

    return step


@problem(
    cases=one_step("fiog", states=("h", "c")),
    axes=("batch", "unit"),
    variant=lambda generator: {"c'": one_of(generator, list(UPDATES)[1:]), "h'": one_of(generator, list(READINGS)[1:])},
    solve=as_shown,
    hints=(
        'checks.given("your_cell") shows the two lines that are yours; the rest is the LSTM.',
        "Write the gates and the candidate as in lstm_step, then your line for c', then your line for h'.",
        "c' on the right of your second line is the new memory.",
    ),
    planted=[
        ("the memory is updated as in the LSTM", "f * c + (1 - i) * g", "f * c + i * g"),
        ("the memory is read as in the LSTM", "o * sigmoid(c)", "o * tanh(c)"),
        ("both lines are those of the LSTM", "f * c + (1 - i) * g", "f * c + i * g", "o * sigmoid(c)", "o * tanh(c)"),
        (
            "the memory is read before it is updated",
            "c = f * c + (1 - i) * g\n    h = o * sigmoid(c)",
            "h = o * sigmoid(c)\n    c = f * c + (1 - i) * g",
        ),
        ("the candidate goes through σ like a gate", "g = tanh", "g = sigmoid"),
        ("the candidate and the old memory are exchanged", "f * c + (1 - i) * g", "f * g + (1 - i) * c"),
        ("the output gate is left out", "h = o * sigmoid(c)", "h = sigmoid(c)"),
        ("h and c are exchanged.", '{"h": h, "c": c}', '{"h": c, "c": h}'),
        (None, "f * c", "(1 - f) * c"),
        ("the old state h is left out", " + h @ U[k].T", "", ' + h @ U["g"].T', ""),
        ("the biases are left out", " + b[k]", "", ' + b["g"]', ""),
    ],
    mistakes={
        "the memory is updated as in the LSTM": ('UPDATES[own["c\'"]]', 'UPDATES["f ⊙ c + i ⊙ g"]'),
        "the memory is read as in the LSTM": ('READINGS[own["h\'"]]', 'READINGS["o ⊙ tanh(c\')"]'),
        "both lines are those of the LSTM": (
            'UPDATES[own["c\'"]]',
            'UPDATES["f ⊙ c + i ⊙ g"]',
            'READINGS[own["h\'"]]',
            'READINGS["o ⊙ tanh(c\')"]',
        ),
        "i and f are swapped": ('in "fio"', 'in "ifo"'),
        "i and o are swapped": ('in "fio"', 'in "foi"'),
        "f and o are swapped": ('in "fio"', 'in "oif"'),
        "the memory is read before it is updated": ("(o, new)", "(o, c)"),
        "the candidate goes through σ like a gate": ('tanh(a["g"])', 'sigmoid(a["g"])'),
        "the candidate and the old memory are exchanged": ("(f, i, c, g)", "(f, i, g, c)"),
        "the old state h is left out": (" + h @ U[k].T", ""),
        "the biases are left out": (" + b[k]", ""),
        "the output gate is left out": ("(o, new)", "(1, new)"),
    },
)
def your_cell(x, h, c, W, U, b, **own):
    """{"h": h', "c": c'}: an LSTM whose update and reading are those of your own instance."""
    a = {k: x @ W[k].T + h @ U[k].T + b[k] for k in "fiog"}
    f, i, o = (sigmoid(a[k]) for k in "fio")
    g = tanh(a["g"])
    new = UPDATES[own["c'"]](f, i, c, g)
    return {"h": READINGS[own["h'"]](o, new), "c": new}


@problem(
    cases=one_step("fog", states=("h", "c")),
    axes=("batch", "unit"),
    hints=(
        "There are two bugs. Compare each line with the docstring's equations, letter by letter.",
        "With f near 1, does this cell keep?",
        'Each map has its own bias: b["f"], b["o"], b["g"].',
    ),
    planted=[
        ("the memory is read without tanh", "o * tanh(c)", "o * c"),
        ("the output gate is left out", "o * tanh(c)", "tanh(c)"),
        ("h and c are exchanged.", '{"h": o * tanh(c), "c": c}', '{"c": o * tanh(c), "h": c}'),
    ],
    mistakes={
        "nothing was repaired": ("f * c + (1 - f) * g", "(1 - f) * c + f * g", "b[k]", 'b["f"]'),
        "keeping and writing are still swapped": ("f * c + (1 - f) * g", "(1 - f) * c + f * g"),
        "the three maps still share one bias": ("b[k]", 'b["f"]'),
        "the new part is not gated": ("(1 - f) * g", "g"),
        "the forget gate multiplies both": ("(1 - f) * g", "f * g"),
        "the old memory is not gated": ("f * c +", "c +"),
        "the memory is read before it is updated": ("o * tanh(new)", "o * tanh(c)"),
        "the memory is read without tanh": ("o * tanh(new)", "o * new"),
        "the output gate is left out": ("o * tanh(new)", "tanh(new)"),
        "the candidate goes through σ like a gate": ('tanh(a["g"])', 'sigmoid(a["g"])'),
        "f and o are swapped": ('sigmoid(a["f"]), sigmoid(a["o"])', 'sigmoid(a["o"]), sigmoid(a["f"])'),
        "the biases are left out": (" + b[k]", ""),
        "the old state h is left out": (" + h @ U[k].T", ""),
    },
)
def coupled_step(x, h, c, W, U, b):
    """{"h": h', "c": c'}: c' = f ⊙ c + (1 - f) ⊙ g, h' = o ⊙ tanh(c')."""
    a = {k: x @ W[k].T + h @ U[k].T + b[k] for k in "fog"}
    f, o = sigmoid(a["f"]), sigmoid(a["o"])
    g = tanh(a["g"])
    new = f * c + (1 - f) * g
    return {"h": o * tanh(new), "c": new}


ablation_experiment = Essay(
    "A claim that no result could contradict is none: name the task, the gate and the size of the effect.",
    "What else changes when a gate is taken out? Weights, tuning, the bias it starts from: make each of them equal.",
    "Name a control that should be worse: if it is not, the task cannot tell the cells apart.",
)


def outcomes(generator):
    """A case with the final losses of two cells, seed by seed."""
    seeds = whole(generator, 6, 15)
    a = torch.rand(seeds, generator=generator)
    return {"a": a, "b": a + 0.3 * normal(generator, seeds) + 0.1}


def equal_wins(generator):
    """A case in which each cell wins on half of the seeds: twice the sum is more than 1."""
    a = torch.rand(8, generator=generator)
    return {"a": a, "b": a + torch.tensor([0.1, -0.1] * 4)}


@problem(
    cases=several(outcomes, equal_wins),
    hints=(
        "Under the claim that the cells do not differ, each seed is a toss of a coin: who has the lower loss?",
        "With n seeds and k wins of the rarer side, add the chances of 0 to k wins: n over j, divided by 2 to the n.",
        "Both sides could have won: twice that sum, and at most 1.",
    ),
    planted=[(None, "comb(n, j)", "n")],
    mistakes={
        "one side alone is counted": ("2 * sum", "sum"),
        "the more frequent side is counted": ("k = min(wins, n - wins)", "k = max(wins, n - wins)"),
        "only the chance of exactly k wins is counted": ("range(k + 1)", "range(k, k + 1)"),
        "k itself is left out of the sum": ("range(k + 1)", "range(k)"),
        "the chance is cut off nowhere: it may exceed 1 by far": ("min(1, 2 * sum", "max(0, 4 * sum"),
        "the share of wins is given": ("return p", "return wins / n"),
        "1 - p is given": ("return p", "return 1 - p"),
        "the number of orders is left out": ("comb(n, j)", "1"),
    },
)
def sign_test(a, b):
    """The chance, if the two cells do not differ, that one of them wins on so few seeds or fewer (two-sided)."""
    n, wins = len(a), int((a < b).sum())
    k = min(wins, n - wins)
    p = min(1, 2 * sum(comb(n, j) for j in range(k + 1)) / 2**n)
    return p


def table_of_cells(generator):
    """A case with the losses of 23 cells, and those of one more, for the same seeds."""
    seeds = one_of(generator, (3, 5, 7))
    level = torch.rand(23, 1, generator=generator)
    rows = level + 0.5 * torch.rand(23, seeds, generator=generator) ** 3
    return {"rows": rows, "mine": 0.2 + uniform(generator, 0, 0.6) + 0.5 * torch.rand(seeds, generator=generator) ** 3}


@problem(
    cases=several(table_of_cells),
    hints=(
        "One number per cell first: which one is not moved by a single bad seed?",
        "The place is one more than the number of cells that are better.",
        "Lower is better: 1 + the number of cells whose median is below yours.",
    ),
    planted=[
        (None, "1 + better", "better / 2"),
        ("means are ranked", "rows.median(1).values", "rows.mean(1)", "mine.median()", "mine.mean()"),
        ("the best run of each cell is ranked", "rows.median(1).values", "rows.min(1).values"),
        ("your best run is ranked", "mine.median()", "mine.min()"),
    ],
    mistakes={
        "the place is counted from the worst": ("better = (medians < own)", "better = (medians > own)"),
        "the place is counted from 0": ("1 + better", "better"),
        "all runs are ranked instead of all cells": ("better = (medians < own)", "better = (rows < own)"),
        "the best run of each cell is ranked": ("medians = np.median(rows, 1)", "medians = rows.min(1)"),
        "means are ranked": ("np.median(rows, 1)", "rows.mean(1)", "np.median(mine)", "mine.mean()"),
        "the median over the cells stands where that over the seeds should": (
            "np.median(rows, 1)",
            "np.median(rows, 0)",
        ),
        "your own cell counts twice": ("len(rows) + 1", "len(rows) + 2"),
        "your own cell is not counted": ("len(rows) + 1", "len(rows)"),
        "your best run is ranked": ("np.median(mine)", "mine.min()"),
    },
)
def rank_my_cell(rows, mine):
    """{"median", "place", "of"}: the median loss of a new cell, its place among all, and their number."""
    medians = np.median(rows, 1)
    own = np.median(mine)
    better = (medians < own).sum()
    return {"median": own, "place": 1 + better, "of": len(rows) + 1}


run_project = Essay(
    "Which line of fair_plan decides what you may conclude? Write down what you would publish.",
    "course_lib.training.train runs one seed, course_lib.sweep all of them; print every seed, not the mean alone.",
    "Report first whether refuted_if happened. Then what you would change, and why you did not change it afterwards.",
)
