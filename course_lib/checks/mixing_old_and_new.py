"""Mixing old and new: the cell update, half-lives, what a memory holds, and three memories by two constants."""

import torch
from numpy import stack

from course_lib.checks.by_hand import picture_of
from course_lib.checks.compare import Unreadable, numbers, plain
from course_lib.checks.draw import (
    every_and_long,
    gate_series,
    gates,
    long_gates,
    normal,
    one_of,
    several,
    sizes,
    uniform,
    whole,
)
from course_lib.checks.judge import problem


def one_update(generator):
    """A case with an old memory, a candidate and two gates."""
    batch, _, _, hidden = sizes(generator)
    shape = batch, hidden
    return {
        "c": normal(generator, *shape),
        "g": torch.tanh(normal(generator, *shape)),
        "f": gates(generator, *shape),
        "i": gates(generator, *shape),
    }


@problem(
    cases=several(one_update),
    axes=("batch", "unit"),
    hints=(
        "Two products, added: one for what is kept, one for what is written.",
        "f is the forget gate: near 1 it keeps. Which of c and g does it multiply?",
        "c' = f ⊙ c + i ⊙ g.",
    ),
    mistakes={
        "i and f are swapped": ("f * c + i * g", "i * c + f * g"),
        "the old memory is not gated": ("f * c", "c"),
        "the candidate is not gated": ("i * g", "g"),
        "the old memory is left out": ("f * c + i * g", "i * g"),
        "the candidate is left out": ("f * c + i * g", "f * c"),
        "the two are tied, i = 1 - f": ("i * g", "(1 - f) * g"),
        "the two are tied, f = 1 - i": ("f * c", "(1 - i) * c"),
        "the new memory is squashed by tanh": ("f * c + i * g", "tanh(f * c + i * g)"),
        "the candidate is squashed by tanh once more": ("i * g", "i * tanh(g)"),
        "the written part is subtracted": ("+ i", "- i"),
        "the two products are multiplied": ("f * c + i * g", "f * c * i * g"),
        "one gate multiplies the whole sum": ("f * c + i * g", "f * (c + i * g)"),
    },
)
def cell_update(c, g, f, i):
    """c' = f ⊙ c + i ⊙ g, (batch, hidden)."""
    return f * c + i * g


@problem(
    cases=several(lambda generator: {"steps": uniform(generator, 2.2, 30)}),
    variant=lambda generator: {"left": one_of(generator, (0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.6, 0.7, 0.75, 0.8, 0.9))},
    default={"left": 0.5},
    solve=lambda left: lambda steps: left ** (1 / steps),
    hints=(
        "After n steps of c' = f c, what is left of c?",
        "f to the power n is to be the fraction that is left.",
        "f = left^(1/n): the n-th root.",
    ),
    planted=[
        ("the memory is down to 1/e", "left ** (1 / steps)", "2.718281828 ** (-1 / steps)"),
        ("the logarithm of the gate is given", "left ** (1 / steps)", "-0.693147 / steps"),
        (None, "left ** (1 / steps)", "1 / steps"),
        (
            "the bias is given instead of the gate",
            "left ** (1 / steps)",
            "-torch.log(torch.tensor(2 ** (1 / steps) - 1))",
        ),
    ],
    mistakes={
        "the time constant is used, 1 - 1/steps": ("left ** (1 / steps)", "1 - 1 / steps"),
        "the memory is down to 1/e": ("left **", "exp(-1) **"),
        "the power is steps instead of 1/steps": ("(1 / steps)", "steps"),
        "what is left is divided by steps": ("left ** (1 / steps)", "left / steps"),
        "the loss is spread evenly over the steps": ("left ** (1 / steps)", "1 - (1 - left) / steps"),
        "the loss per step is given instead of the gate": ("left ** (1 / steps)", "1 - left ** (1 / steps)"),
        "the bias is given instead of the gate": ("left ** (1 / steps)", "-log(left ** (-1 / steps) - 1)"),
        "the logarithm of the gate is given": ("left ** (1 / steps)", "log(left) / steps"),
        "the gate is above 1: the memory grows": ("left **", "(1 / left) **"),
        "the step count is off by one, steps + 1": ("1 / steps", "1 / (steps + 1)"),
        "the step count is off by one, steps - 1": ("1 / steps", "1 / (steps - 1)"),
    },
)
def gate_for_half_life(steps, left):
    """The constant forget gate that leaves the fraction `left` of a memory in the given number of steps."""
    return left ** (1 / steps)


@problem(
    cases=several(gate_series, long_gates),
    axes=("batch", "time", "unit"),
    hints=(
        "Write c_3 out from c_0 = 0 for three steps, and look at what stands before g_1.",
        "g_t is written with i_t, and every later step multiplies it by its forget gate.",
        "The weight of g_t is i_t f_{t+1} ... f_T. A cumulative product from the end does it.",
    ),
    planted=[
        (
            "a candidate passes the forget gate of its own step too",
            "torch.cat([f[:, 1:], torch.ones_like(f[:, :1])], dim=1)",
            "f",
        ),
        ("the input gate is left out", "i * later.flip(1).cumprod(1).flip(1)", "later.flip(1).cumprod(1).flip(1)"),
        ("the forget gates are left out", "i * later.flip(1).cumprod(1).flip(1)", "i"),
        (
            "f and i are exchanged",
            "later = torch.cat([f[:, 1:], torch.ones_like(f[:, :1])], dim=1)",
            "f, i = i, f\n    later = torch.cat([f[:, 1:], torch.ones_like(f[:, :1])], dim=1)",
        ),
        (
            "the forget gates before the candidate count, not those after it",
            "later.flip(1).cumprod(1).flip(1)",
            "torch.cat([torch.ones_like(f[:, :1]), f[:, :-1]], dim=1).cumprod(1)",
        ),
        ("only the forget gate of the next step counts", "later.flip(1).cumprod(1).flip(1)", "later"),
        ("the weight is what is lost, 1 - f at each step", "[f[:, 1:], torch", "[1 - f[:, 1:], torch"),
        (
            "Time runs backwards: the last step comes first.",
            "return i * later.flip(1).cumprod(1).flip(1)",
            "return (i * later.flip(1).cumprod(1).flip(1)).flip(1)",
        ),
        (
            "the last forget gate is left out",
            "f[:, 1:], torch.ones_like(f[:, :1])",
            "f[:, 1:-1], torch.ones_like(f[:, :2])",
        ),
        ("Every number is twice what it should be.", "return i", "return 2 * i"),
        (None, ".cumprod(1)", ".cumsum(1)"),
    ],
    mistakes={
        "a candidate passes the forget gate of its own step too": ("weight[:, :t] *=", "weight[:, : t + 1] *="),
        "the input gate is left out": ("= i[:, t]", "= 1"),
        "the forget gates are left out": ("*= f[:, t : t + 1]", "*= 1"),
        "f and i are exchanged": ("= i[:, t]", "= f[:, t]", "*= f[:, t : t + 1]", "*= i[:, t : t + 1]"),
        "the forget gates before the candidate count, not those after it": (
            "weight[:, :t] *= f[:, t : t + 1]",
            "weight[:, t + 1 :] *= f[:, t : t + 1]",
            "= i[:, t]",
            "*= i[:, t]",
        ),
        "only the last forget gate counts": (
            "weight[:, :t] *= f[:, t : t + 1]",
            "weight[:, :t] = i[:, :t] * f[:, t : t + 1]",
        ),
        "only the forget gate of the next step counts": ("weight[:, :t] *=", "weight[:, max(t - 1, 0) : t] *="),
        "the last forget gate is left out": ("*= f[:, t : t + 1]", "*= f[:, t : t + 1] if t + 1 < f.shape[1] else 1"),
        "the forget gates are added instead of multiplied": ("*= f[:, t : t + 1]", "+= f[:, t : t + 1]"),
        "the weight is what is lost, 1 - f at each step": ("*= f[:, t : t + 1]", "*= 1 - f[:, t : t + 1]"),
    },
)
def written_weights(f, i):
    """The weight of each candidate g_t in c_T, from c_0 = 0, (batch, time, hidden)."""
    weight = 1 + 0 * f
    for t in range(f.shape[1]):
        weight[:, t] = i[:, t]
        weight[:, :t] *= f[:, t : t + 1]
    return weight


def run_constants(answer, case):
    """Run c' = w1 c + w2 g for the three pairs (w1, w2) of the answer."""
    pairs, g = plain(answer()), numbers(case["x"])
    if any(pair.shape != (2,) for pair in pairs.values()):
        raise Unreadable(f"needs pairs (w1, w2); got shapes {[p.shape for p in pairs.values()]}")
    found = {}
    for name, (w1, w2) in pairs.items():
        c, states = 0 * g[:, 0], []
        for t in range(g.shape[1]):
            c = w1 * c + w2 * g[:, t]
            states.append(c)
        found[name] = stack(states, 1)
    return found


run_constants.picture = picture_of(
    lambda answer, x, output: {output: run_constants(answer, {"x": x[..., 0]})[output][0]}
)


@problem(
    cases=lambda generator, half_life: every_and_long(generator, [0.0, 1.0], 6),
    axes=("sequence", "step"),
    variant=lambda generator: {"half_life": whole(generator, 2, 40)},
    default={"half_life": 6},
    act=run_constants,
    solve=lambda half_life: (
        lambda: {"count": (1, 1), "last": (0, 1), "average": (0.5 ** (1 / half_life), 1 - 0.5 ** (1 / half_life))}
    ),
    hints=(
        "For each memory ask: how much of the old value stays, how much of the new one enters?",
        "A count keeps all and adds all. The last value keeps nothing. An average has weights that sum to 1.",
        "For the average, w1 is the gate of the given half-life, 0.5 ** (1 / half_life), and w2 = 1 - w1.",
    ),
    planted=[
        ("w1 and w2 of the average are swapped", "(keep, 1 - keep)", "(1 - keep, keep)"),
        ("the two weights of the average do not sum to 1: the new one is 1", "(keep, 1 - keep)", "(keep, 1)"),
        ("the two weights of the average are equal", "(keep, 1 - keep)", "(keep, keep)"),
        ("the average has half_life as its time constant", "0.5 ** (1 / 6)", "1 - 1 / 6"),
        ("the average fades to 1/e in half_life steps", "0.5 ** (1 / 6)", "2.718281828 ** (-1 / 6)"),
        ("the count forgets", '"count": (1, 1)', '"count": (keep, 1)'),
        ("the count is an average", '"count": (1, 1)', '"count": (0.5, 0.5)'),
        ("the last one is added to what was there", '"last": (0, 1)', '"last": (1, 1)'),
        ("the last one is never replaced", '"last": (0, 1)', '"last": (1, 0)'),
        ("count and last are exchanged", '"count": (1, 1), "last": (0, 1)', '"count": (0, 1), "last": (1, 1)'),
        ("the average is a count", "(keep, 1 - keep)", "(1, 1)"),
        (None, "1 / 6", "1 / 4"),
    ],
    mistakes={
        "w1 and w2 of the average are swapped": (
            "keep * average + (1 - keep) * x[:, t]",
            "(1 - keep) * average + keep * x[:, t]",
        ),
        "the two weights of the average do not sum to 1: the new one is 1": ("(1 - keep) * x", "x"),
        "the two weights of the average are equal": ("(1 - keep) * x", "keep * x"),
        "the average has half_life as its time constant": ("0.5 ** (1 / half_life)", "1 - 1 / half_life"),
        "the average fades to 1/e in half_life steps": ("0.5 **", "exp(-1) **"),
        "the count forgets": ("count = count", "count = keep * count"),
        "the count is an average": ("count = count + x[:, t]", "count = 0.5 * count + 0.5 * x[:, t]"),
        "the last one is added to what was there": ("last = x", "last = last + x"),
        "the last one is never replaced": ("last = x[:, t]", "last = 0 * x[:, t]"),
        "count and last are exchanged": ('"count": c, "last": n', '"count": n, "last": c'),
        "the average is a count": ("keep * average + (1 - keep) * x[:, t]", "average + x[:, t]"),
    },
)
def three_memories(x, half_life):
    """What the constants (w1, w2) of c' = w1 c + w2 g do on every binary sequence."""
    keep = 0.5 ** (1 / half_life)
    count = last = average = 0 * x[:, 0]
    states = []
    for t in range(x.shape[1]):
        count = count + x[:, t]
        last = x[:, t]
        average = keep * average + (1 - keep) * x[:, t]
        states.append((count, last, average))
    c, n, a = (stack(one, 1) for one in zip(*states))
    return {"count": c, "last": n, "average": a}
