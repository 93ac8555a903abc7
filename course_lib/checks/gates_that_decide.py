"""Gates that decide: a forget bias, chrono biases, a gate set by hand, and a gate under time warp."""

import torch
from numpy import log, stack, where

from course_lib.cells import JANETCell
from course_lib.checks.by_hand import level, set_by_hand
from course_lib.checks.draw import drawn_for, every_and_long, normal, one_of, several, uniform, whole
from course_lib.checks.judge import problem
from course_lib.checks.reading import in_words, new_figure, read_off, snap


@problem(
    cases=several(lambda generator: {"kept": uniform(generator, 0.05, 0.95), "steps": whole(generator, 2, 200)}),
    variant=lambda generator: {"every": one_of(generator, (2, 3, 4, 5, 8, 10))},
    default={"every": 1},
    solve=lambda every: lambda kept, steps: torch.logit(torch.tensor(kept, dtype=torch.float64) ** (every / steps)),
    hints=(
        "First the gate: how many steps are made in that time? f to that power is to be kept.",
        "Then the bias: σ(b) = f.",
        "The inverse of σ is b = log(f / (1 - f)); torch.logit does it too.",
    ),
    planted=[
        ("the gate is given instead of its bias", "torch.logit(torch.tensor(f, dtype=torch.float64))", "f"),
        ("the sign is reversed: log((1 - f) / f)", "torch.logit", "-torch.logit"),
        ("the bias is the log of f alone", "torch.logit", "torch.log"),
        (
            "the odds are given without their logarithm",
            "torch.logit(torch.tensor(f, dtype=torch.float64))",
            "f / (1 - f)",
        ),
        ("the logarithm is to base 10", "torch.float64))", "torch.float64)) / 2.302585092994046"),
        ("the inverse of tanh is used instead of that of σ", "torch.logit", "torch.atanh"),
        (None, "torch.logit", "torch.exp"),
    ],
    mistakes={
        "the gate is given instead of its bias": ("log(f / (1 - f))", "f"),
        "the sign is reversed: log((1 - f) / f)": ("f / (1 - f)", "(1 - f) / f"),
        "the steps are left out": ("kept ** (every / steps)", "kept"),
        "the power is steps instead of every/steps": ("(every / steps)", "steps"),
        "the bias is the log of f alone": ("f / (1 - f)", "f"),
        "kept is divided by steps": ("kept ** (every / steps)", "kept / steps"),
        "the loss is spread evenly: f = 1 - (1 - kept)/steps": ("kept ** (every / steps)", "1 - (1 - kept) / steps"),
        "the odds are given without their logarithm": ("log(f / (1 - f))", "f / (1 - f)"),
        "the logarithm is to base 10": ("log(f", "log10(f"),
        "the inverse of tanh is used instead of that of σ": ("log(f / (1 - f))", "log((1 + f) / (1 - f)) / 2"),
    },
)
def forget_bias(kept, steps, every):
    """The bias b with which a gate σ(b) keeps the fraction `kept` for a time `steps`, at one step in each `every`."""
    f = kept ** (every / steps)
    return log(f / (1 - f))


@problem(
    cases=several(
        lambda generator: {
            "u": torch.rand(whole(generator, 2, 5), generator=generator),
            "lag": whole(generator, 8, 300),
        }
    ),
    axes=("unit",),
    variant=lambda generator: {"shortest": whole(generator, 2, 5)},
    default={"shortest": 1},
    also={"the longest time for u = 0": ("u * (", "(1 - u) * (")},
    solve=lambda shortest: lambda u, lag: chrono(shortest + (1 - u) * (lag - 1 - shortest)),
    hints=(
        "A number uniform in [shortest, lag - 1] is made from u, uniform in [0, 1]: stretch it, then shift it.",
        "shortest + u (lag - 1 - shortest) runs from shortest to lag - 1. The bias is its logarithm.",
        "The input gate gets the opposite bias.",
    ),
    planted=[
        (
            "the logarithm is missing",
            "torch.log(shortest + u * (lag - 1 - shortest))",
            "shortest + u * (lag - 1 - shortest)",
        ),
        (
            "the logarithm is drawn evenly instead of the time",
            "torch.log(shortest + u * (lag - 1 - shortest))",
            "u * torch.log(torch.tensor(lag - 1.0))",
        ),
        (
            "every unit gets the longest time",
            "torch.log(shortest + u * (lag - 1 - shortest))",
            "torch.log(torch.tensor(lag - 1.0)) + 0 * u",
        ),
        (None, "torch.log(", "torch.log10("),
        ("Only forget is returned, without its name.", '{"forget": b, "input": -b}', "b"),
    ],
    mistakes={
        "the logarithm is missing": ("log(shortest + u * (lag - 1 - shortest))", "shortest + u * (lag - 1 - shortest)"),
        "the shortest time is not added": ("shortest + u * (lag - 1 - shortest)", "u * (lag - 1 - shortest)"),
        "the times run up to lag instead of lag - 1": ("(lag - 1 - shortest)", "(lag - shortest)"),
        "the times run from 0 to lag": ("shortest + u * (lag - 1 - shortest)", "u * lag"),
        "the input gate gets the same sign": ('"input": -b', '"input": b'),
        "the input gate gets 0": ('"input": -b', '"input": 0 * b'),
        "the input gate gets 1 - b": ('"input": -b', '"input": 1 - b'),
        "the signs are exchanged": ('"forget": b, "input": -b', '"forget": -b, "input": b'),
        "the logarithm is drawn evenly instead of the time": (
            "log(shortest + u * (lag - 1 - shortest))",
            "u * log(lag - 1)",
        ),
        "every unit gets the longest time": ("log(shortest + u * (lag - 1 - shortest))", "log(lag - 1) + 0 * u"),
    },
)
def chrono_biases(u, lag, shortest):
    """The chrono biases of forget and input gate (Tallec & Ollivier 2018) from u uniform in [0, 1), (hidden,)."""
    b = log(shortest + u * (lag - 1 - shortest))
    return {"forget": b, "input": -b}


def chrono(times):
    """The biases for these times, {"forget", "input"}."""
    return {"forget": times.log(), "input": -times.log()}


def marked(generator):
    """An instance: where the mark stands in x, and which mark says store."""
    return {"mark": one_of(generator, (0, 1)), "stores": one_of(generator, (0, 1))}


def marked_sequences(generator, mark, stores):
    """All sequences of up to 4 pairs of a value and a mark, and some as long as the horizon."""
    pairs = [[value, bit] for value in (-1.0, 1.0) for bit in (0.0, 1.0)]
    return every_and_long(generator, [pair[::-1] if mark == 0 else pair for pair in pairs], 4)


@problem(
    cases=marked_sequences,
    axes=("sequence", "step"),
    variant=marked,
    act=set_by_hand(JANETCell, 2, read=level),
    solve=lambda mark, stores: (
        lambda: {
            "W_f": [(-20 if stores else 20) * (k == mark) for k in (0, 1)],
            "b_f": 10 if stores else -10,
            "W_g": [5 * (k != mark) for k in (0, 1)],
        }
    ),
    hints=(
        "The forget gate must be near 1 at steps to ignore and near 0 at steps to store. Which input tells them apart?",
        "W_f acts on the mark, b_f shifts it: their sum must be large of either sign at the two values of the mark.",
        "The candidate copies the value: W_g on the value, about 5. W_f = ∓20 on the mark, b_f = ±10.",
    ),
    planted=[
        (
            "the gate is the wrong way round: it stores what it should ignore",
            '[0, -20], "b_f": 10',
            '[0, 20], "b_f": -10',
        ),
        ("every value is stored", '[0, -20], "b_f": 10', '[0, 0], "b_f": -10'),
        ("nothing is ever stored", '"b_f": 10', '"b_f": 100'),
        ("the stored value has the wrong sign", "[5, 0]", "[-5, 0]"),
        ("the two inputs are exchanged", '[0, -20], "b_f": 10, "W_g": [5, 0]', '[-20, 0], "b_f": 10, "W_g": [0, 5]'),
        ("the state is always +1 once something is stored", "[5, 0]}", '[0, 0], "b_g": 5}'),
        ("the state is always -1 once something is stored", "[5, 0]}", '[0, 0], "b_g": -5}'),
        ("the state is always +1 once something is stored", "[5, 0]}", '[5, 0], "b_g": 7}'),
        (None, '"b_f": 10', '"b_f": 0'),
        ("nothing is ever stored", "[5, 0]", "[0, 0]"),
        (None, '[0, -20], "b_f": 10', '[0, -5], "b_f": 0'),
        (None, "[5, 0]", "[0.1, 0]"),
        ("the state is always -1 once something is stored", "[5, 0]}", '[5, 0], "b_g": -7}'),
        (None, '"b_f": 10', '"b_f": 20'),
        ("the first value is kept for ever", "[5, 0]}", '[5, 0], "U_g": 20}'),
        (None, '[0, -20], "b_f": 10', '[0, 0], "b_f": 0'),
    ],
    mistakes={
        "the gate is the wrong way round: it stores what it should ignore": ("== stores", "!= stores"),
        "every value is stored": ("x[:, t, mark] == stores", "abs(value) == 1"),
        "nothing is ever stored": ("x[:, t, mark] == stores", "abs(value) == 2"),
        "the first value is kept for ever": ("x[:, t, mark] == stores", "(x[:, t, mark] == stores) & (bit == 0)"),
        "the stored value has the wrong sign": ("stores, value", "stores, -value"),
        "the memory is cleared at steps that should be ignored": ("value, bit)", "value, 0)"),
        "the memory changes its sign at steps that should be ignored": ("value, bit)", "value, -bit)"),
        "the two inputs are exchanged": (
            "x[:, t, 1 - mark]",
            "x[:, t, mark]",
            "x[:, t, mark] ==",
            "x[:, t, 1 - mark] ==",
        ),
        "only positive values are stored": ("stores, value", "stores, maximum(value, bit)"),
        "the state is always +1 once something is stored": ("stores, value", "stores, 1"),
        "the state is always -1 once something is stored": ("stores, value", "stores, -1"),
    },
)
def keep_or_replace_gate(x, mark, stores):
    """The value at the last step whose mark says store, 0 before the first, (sequence, step)."""
    bit, bits = 0 * x[:, 0, 0], []
    for t in range(x.shape[1]):
        value = x[:, t, 1 - mark]
        bit = where(x[:, t, mark] == stores, value, bit)
        bits.append(bit)
    return stack(bits, 1)


@problem(
    cases=several(lambda generator: {"z": uniform(generator, 0.2, 0.95), "k": whole(generator, 2, 10)}),
    hints=(
        "While the candidate n stays the same, what is h after k steps of h' = z h + (1 - z) n?",
        "After k steps the old h has the weight z^k and n the rest.",
        "The new gate to the power k must be the old gate.",
    ),
    planted=[
        ("the time constant is used: exp(-1/k)", "z ** (1 / k)", "2.718281828 ** (-1 / k)"),
        (None, "z ** (1 / k)", "1 / k"),
    ],
    mistakes={
        "the gate is not changed at all": ("z ** (1 / k)", "z"),
        "the power is k instead of 1/k: it forgets faster": ("(1 / k)", "k"),
        "the gate is divided by k": ("z ** (1 / k)", "z / k"),
        "only the first term is kept: 1 - (1 - z)/k": ("z ** (1 / k)", "1 - (1 - z) / k"),
        "the written part is given instead of the gate": ("z ** (1 / k)", "1 - z ** (1 / k)"),
        "the count of steps is off by one, k + 1": ("1 / k", "1 / (k + 1)"),
        "the count of steps is off by one, k - 1": ("1 / k", "1 / max(k - 1, 1)"),
        "the time constant is used: exp(-1/k)": ("z ** (1 / k)", "exp(-1 / k)"),
        "the gate is multiplied by k": ("z ** (1 / k)", "z * k"),
        "the two gates are mixed up: (1 - z) to the power 1/k": ("z **", "(1 - z) **"),
    },
)
def gate_under_warp(z, k):
    """The update gate that does in k equal steps what z does in one."""
    return z ** (1 / k)


def remembered(generator):
    """A case with the candidates and the memory of a unit with constant gates."""
    steps, f, i = whole(generator, 4, 12), uniform(generator, 0.3, 0.98), uniform(generator, 0.1, 1)
    g, c, states = normal(generator, steps), 0.0, []
    for t in range(steps):
        c = f * c + i * g[t].item()
        states.append(c)
    return {"c": torch.tensor(states), "g": g}


@problem(
    cases=several(remembered),
    hints=(
        "The first step tells one of the two gates by itself, since c_0 = 0.",
        "Every further step is one equation for the other gate.",
        "i = c_1 / g_1; then c_2 = f c_1 + i g_2. Least squares over all steps is safer.",
    ),
    planted=[
        (None, 'return {"f": f, "i": i}', 'return {"f": f * f, "i": i + f}'),
        ("f and i are exchanged.", 'return {"f": f, "i": i}', 'return {"f": i, "i": f}'),
    ],
    mistakes={
        "f is what is lost, 1 - f": ('"f": f,', '"f": 1 - f,'),
        "i is taken as 1 - f": ('"i": i}', '"i": 1 - f}'),
        "f is taken as 1 - i": ('"f": f,', '"f": 1 - i,'),
        "f is c_2 / c_1: what is written in step 2 is forgotten": ("(c[1] - i * g[1]) / c[0]", "c[1] / c[0]"),
        "what is written in step 2 is added instead of taken away": ("c[1] - i * g[1]", "c[1] + i * g[1]"),
        "the candidate of step 1 stands where that of step 2 should": ("i * g[1]", "i * g[0]"),
        "i is g_1 / c_1": ("i = c[0] / g[0]", "i = g[0] / c[0]"),
        "i comes from step 2 alone": ("i = c[0] / g[0]", "i = c[1] / g[1]"),
        "f is divided by the new memory": ("/ c[0]\n", "/ c[1]\n"),
    },
)
def infer_gates(c, g):
    """{"f", "i"}: the constant gates of c_t = f c_{t-1} + i g_t, from c_0 = 0."""
    i = c[0] / g[0]
    f = (c[1] - i * g[1]) / c[0]
    return {"f": f, "i": i}


def lives_of(seed):
    """The three half-lives of an instance, {curve: steps}: powers of 1.2, as readings are compared."""
    order = torch.randperm(12, generator=drawn_for("lives", str(seed)))[:3].tolist()
    return {curve: 1.2 ** (7 + power) for curve, power in zip("ABC", order)}


def fading(seed):
    """Three memories that fade, from 1, over 60 steps."""
    figure, ax = new_figure()
    curves = {name: [0.5 ** (step / life) for step in range(61)] for name, life in lives_of(seed).items()}
    for name, curve in curves.items():
        ax.plot(curve, label=name)
    ax.set(xlabel="steps without a new input", ylabel="what is left in the memory", ylim=(0, 1))
    ax.grid(True)
    ax.legend()
    return figure, "Three curves that fall from 1. " + in_words(curves, "step", every=5)


READ = '{"A": 6.2, "B": 12.8, "C": 8.9}'  # as the solution reads the default instance
MISREAD = {
    "the steps down to 1/e are read": 1.4427,
    "the steps down to a quarter are read": 2,
    "the steps down to a tenth are read": 3.3219,
    "the steps down to three quarters are read": 0.415,
    "half of each half-life is given": 0.5,
}


@problem(
    cases=lambda generator, seed: [{}],
    variant=lambda generator: {"seed": whole(generator, 0, 10**6)},
    default={"seed": 4},
    show=lambda seed: {},
    draw=fading,
    act=read_off(snap),
    solve=lambda seed: lambda: lives_of(seed),
    hints=(
        "The half-life is where a curve crosses one half. Draw that line first.",
        "A curve that has not come down far: read where it is at 3/4 or 0.9, and use that it is a power.",
        "Half-life = steps · log(1/2) / log(what is left).",
    ),
    planted=[
        ("A and B are exchanged.", '"A"', '"X"', '"B"', '"A"', '"X"', '"B"'),
        ("In C every number is", '"C": 8.9', '"C": 1.0'),
        *((words, READ, f"{{k: {factor} * v for k, v in {READ}.items()}}") for words, factor in MISREAD.items()),
        ("the gates are given instead of the half-lives", READ, f"{{k: 0.5 ** (1 / v) for k, v in {READ}.items()}}"),
        ("one over the half-life is given", READ, f"{{k: 1 / v for k, v in {READ}.items()}}"),
    ],
    mistakes={
        **{words: ("return lives", f"return scaled(lives, {factor})") for words, factor in MISREAD.items()},
        "the gates are given instead of the half-lives": (
            "return lives",
            "return changed(lives, lambda v: 0.5 ** (1 / v))",
        ),
        "what is lost at each step is given": ("return lives", "return changed(lives, lambda v: 1 - 0.5 ** (1 / v))"),
        "one over the half-life is given": ("return lives", "return changed(lives, lambda v: 1 / v)"),
    },
)
def read_half_lives(seed):
    """The half-lives of the three curves, to within 8 %."""
    lives = scaled(lives_of(seed), 1)
    return lives


def scaled(lives, factor):
    """Readings that differ from the half-lives by a factor, as they are compared."""
    return changed(lives, lambda value: factor * value)


def changed(lives, change):
    """Readings of another quantity than the half-lives, as they are compared."""
    return {name: snap(change(value)) for name, value in lives.items()}
