"""Constant error flow: one step backward, the direct path, and how small it gets."""

import torch
from numpy import log10, tanh

from course_lib.checks.draw import drawn_for, gate_series, gates, long_gates, normal, several, sizes, uniform, whole
from course_lib.checks.judge import problem, sigmoid
from course_lib.checks.reading import in_words, new_figure, read_off, snap


def backward_case(generator):
    """A case with what the backward pass of one LSTM step starts from."""
    batch, _, _, hidden = sizes(generator)
    shape = batch, hidden
    case = {name: normal(generator, *shape) for name in ("dh", "dc", "c", "g")}
    case |= {name: gates(generator, *shape) for name in "fio"}
    case["g"] = torch.tanh(case["g"])
    return case


@problem(
    cases=several(backward_case),
    axes=("batch", "unit"),
    hints=(
        "Draw the arrows: h' = o ⊙ tanh(c') and c' = f ⊙ c + i ⊙ g. By how many ways does the loss reach c'?",
        "d = dc + dh ⊙ o ⊙ (1 - tanh²(c')) is all of dL/dc'. All but the output gate start from it.",
        "A gate y = σ(a) has dy/da = y (1 - y); the candidate has 1 - g². The old c is reached by f alone.",
    ),
    planted=[
        ("what comes through h' is left out", "d = dc + dh * o * (1 - squashed**2)", "d = dc"),
        ("the slope of tanh is left out on the way from h' to c'", " * (1 - squashed**2)", ""),
        ("the slope of tanh is taken at the old c", "(1 - squashed**2)", "(1 - torch.tanh(c) ** 2)"),
        ("the old memory is reached without its gate", '"c": d * f', '"c": d'),
        ("the old memory is reached through the input gate", '"c": d * f', '"c": d * i'),
        ("c and g are exchanged at the gates f and i", "d * c * f", "d * g * f", "d * g * i", "d * c * i"),
        ("the output gate is read without tanh", "dh * squashed * o", "dh * (f * c + i * g) * o"),
        ("the forget gate is multiplied by the new c", "d * c * f", "d * (f * c + i * g) * f"),
        (None, "g**2", "g"),
    ],
    mistakes={
        "what comes through h' is left out": ("dc + dh * o * (1 - tanh(new) ** 2)", "dc"),
        "what comes straight from c' is left out": ("dc + dh * o", "dh * o"),
        "the output gate is left out on the way from h' to c'": ("dh * o * (1", "dh * (1"),
        "the slope of tanh is left out on the way from h' to c'": (" * (1 - tanh(new) ** 2)", ""),
        "the slope of tanh is taken at the old c": ("1 - tanh(new)", "1 - tanh(c)"),
        "the slope of σ is left out": ("f * (1 - f)", "1", "i * (1 - i)", "1", "o * (1 - o)", "1"),
        "the slope of tanh is left out at the candidate": (" * (1 - g**2)", ""),
        "the forget gate is multiplied by the new c": ("total * c *", "total * new *"),
        "the old memory is reached without its gate": ('"c": total * f', '"c": total'),
        "the old memory is reached through the input gate": ('"c": total * f', '"c": total * i'),
        "c and g are exchanged at the gates f and i": ("total * c *", "total * g *", "total * g * i", "total * c * i"),
        "the output gate is read without tanh": ("dh * tanh(new)", "dh * new"),
        "the output gate also gets what comes straight from c'": ('"o": dh *', '"o": (dh + dc) *'),
    },
)
def lstm_backward(dh, dc, c, g, f, i, o):
    """dL/dc and the derivatives with respect to the pre-activations of f, i, o, g, from dL/dh' and dL/dc'."""
    new = f * c + i * g
    total = dc + dh * o * (1 - tanh(new) ** 2)
    return {
        "f": total * c * f * (1 - f),
        "i": total * g * i * (1 - i),
        "o": dh * tanh(new) * o * (1 - o),
        "g": total * i * (1 - g**2),
        "c": total * f,
    }


@problem(
    cases=several(
        lambda generator: {"f": gate_series(generator)["f"]}, lambda generator: {"f": long_gates(generator)["f"]}
    ),
    axes=("batch", "time", "unit"),
    hints=(
        "From c_t to c_{t+1} the direct path is multiplied by f_{t+1}. From c_T to c_T by nothing.",
        "The entry of step t is f_{t+1} ... f_T; the last entry is 1.",
        "Flip time, shift by one, cumprod, flip back; or a loop from the last step.",
    ),
    planted=[
        ("the forget gate of step t itself is counted", "torch.cat([f[:, 1:], torch.ones_like(f[:, :1])], dim=1)", "f"),
        ("the gates before t are multiplied, not those after", "later.flip(1).cumprod(1).flip(1)", "f.cumprod(1)"),
        (
            "the gates strictly before t are multiplied",
            "later.flip(1).cumprod(1).flip(1)",
            "torch.cat([torch.ones_like(f[:, :1]), f[:, :-1]], dim=1).cumprod(1)",
        ),
        ("what is lost is multiplied, 1 - f", "[f[:, 1:], torch", "[1 - f[:, 1:], torch"),
        ("only the next gate counts", "later.flip(1).cumprod(1).flip(1)", "later"),
        (
            "the whole product stands at every step",
            "later.flip(1).cumprod(1).flip(1)",
            "f.prod(1, keepdim=True).expand_as(f)",
        ),
        ("time runs backwards: the last step comes first", ".cumprod(1).flip(1)", ".cumprod(1)"),
        ("the gates are squared", "f[:, 1:], torch", "f[:, 1:] ** 2, torch"),
        (
            "only the last gate counts",
            "later.flip(1).cumprod(1).flip(1)",
            "torch.cat([f[:, -1:].expand_as(f)[:, 1:], torch.ones_like(f[:, :1])], dim=1)",
        ),
        ("the last gate is left out", "f[:, 1:], torch.ones_like(f[:, :1])", "f[:, 1:-1], torch.ones_like(f[:, :2])"),
        (None, ".cumprod(1)", ".cumsum(1)"),
        ("Every number is half of what it should be.", "return ", "return 0.5 * "),
    ],
    mistakes={
        "the forget gate of step t itself is counted": ("total[:, :t] *=", "total[:, : t + 1] *="),
        "the gates before t are multiplied, not those after": ("total[:, :t]", "total[:, t:]"),
        "the gates strictly before t are multiplied": ("total[:, :t]", "total[:, t + 1 :]"),
        "the gates are added instead of multiplied": ("*= f[", "+= f[", "total = 1 +", "total ="),
        "what is lost is multiplied, 1 - f": ("*= f[:, t : t + 1]", "*= 1 - f[:, t : t + 1]"),
        "only the next gate counts": ("total[:, :t]", "total[:, max(t - 1, 0) : t]"),
        "only the last gate counts": ("*= f[:, t : t + 1]", "= f[:, t : t + 1]"),
        "the whole product stands at every step": ("total[:, :t]", "total[:, :]"),
        "the last gate is left out": ("*= f[:, t : t + 1]", "*= f[:, t : t + 1] if t + 1 < f.shape[1] else 1"),
        "the gates are squared": ("*= f[:, t : t + 1]", "*= f[:, t : t + 1] ** 2"),
        "time runs backwards: the last step comes first": ("return total", "return total[:, ::-1]"),
    },
)
def direct_path(f):
    """d c_T / d c_t along the direct path, for t = 1 to T, (batch, time, hidden)."""
    total = 1 + 0 * f
    for t in range(f.shape[1]):
        total[:, :t] *= f[:, t : t + 1]
    return total


@problem(
    cases=several(
        lambda generator: {"bias": uniform(generator, -2, 6), "steps": whole(generator, 3, 400)},
        lambda generator: {"bias": uniform(generator, -4, -2), "steps": whole(generator, 500, 5000)},  # underflows
    ),
    hints=(
        "The direct path over n steps of a constant gate f is f to the power n.",
        "The logarithm of a power is the power times the logarithm.",
        "f = σ(bias), and log10 of f^n is n · log10 f.",
    ),
    planted=[
        ("the logarithm to base 2 is taken", "log10", "log2"),
        (
            "σ is left out",
            "torch.sigmoid(torch.tensor(bias, dtype=torch.float64))",
            "torch.tensor(bias, dtype=torch.float64).abs()",
        ),
        (
            "tanh stands where σ should",
            "torch.sigmoid(torch.tensor(bias, dtype=torch.float64))",
            "torch.tanh(torch.tensor(bias, dtype=torch.float64)).abs()",
        ),
        (
            "the number is given instead of its logarithm",
            "steps * torch.log10(torch.sigmoid(torch.tensor(bias, dtype=torch.float64)))",
            "torch.sigmoid(torch.tensor(bias)) ** steps",
        ),
        ("what is lost at each step is used, 1 - f", "torch.tensor(bias", "torch.tensor(-bias"),
        ("Every number has the wrong sign.", "steps *", "-steps *"),
        (None, "torch.tensor(bias", "torch.tensor(bias + 1"),
    ],
    mistakes={
        "the natural logarithm is taken": ("log10(", "log("),
        "the logarithm to base 2 is taken": ("log10(", "np.log2("),
        "σ is left out": ("sigmoid(bias)", "abs(bias)"),
        "tanh stands where σ should": ("sigmoid(bias)", "abs(tanh(bias))"),
        "the steps are left out": ("steps * ", ""),
        "the number is given instead of its logarithm": ("steps * log10(sigmoid(bias))", "sigmoid(bias) ** steps"),
        "what is lost at each step is used, 1 - f": ("sigmoid(bias)", "sigmoid(-bias)"),
        "there is one step too many": ("steps *", "(steps + 1) *"),
        "there is one step too few": ("steps *", "(steps - 1) *"),
        "the bias is taken for the logarithm of f": ("log10(sigmoid(bias))", "-bias * log10(exp(1))"),
    },
)
def direct_path_exponent(bias, steps):
    """log10 of the direct path over `steps` steps, the forget gate being σ(bias) at each."""
    return steps * log10(sigmoid(bias))


def slopes_of(seed):
    """The two curves of an instance: after how many steps one has halved and the other has doubled."""
    one, other = torch.randperm(9, generator=drawn_for("slopes", str(seed)))[:2].tolist()
    return {"halved": 1.2 ** (6 + one), "doubled": 1.2 ** (6 + other)}


def over_the_lag(seed):
    """The size of two gradients over the lag, on a logarithmic axis."""
    figure, ax = new_figure()
    curves = {f"cell {mark}": [2 ** (sign * lag / steps) for lag in range(61)]
              for steps, sign, mark in zip(slopes_of(seed).values(), (-1, 1), "AB")}  # fmt: skip
    for name, curve in curves.items():
        ax.plot(curve, label=name)
    ax.set(xlabel="lag", ylabel="|d c_T / d c_(T - lag)|", yscale="log")
    ax.grid(True, which="both", alpha=0.4)
    ax.legend()
    return figure, "Two straight lines on a logarithmic axis. " + in_words(curves, "lag", every=20)


MISREAD = {
    "the steps for a factor of 10 are given": 3.3219,
    "the steps for a factor of e are given": 1.4427,
    "the steps for a factor of 4 are given": 2,
    "the steps for a factor of 100 are given": 6.6439,
    "the steps for a factor of the root of 2 are given": 0.5,
}


@problem(
    cases=lambda generator, seed: [{}],
    variant=lambda generator: {"seed": whole(generator, 0, 10**6)},
    default={"seed": 3},
    show=lambda seed: {},
    draw=over_the_lag,
    act=read_off(snap),
    solve=lambda seed: lambda: slopes_of(seed),
    hints=(
        "On a logarithmic axis a power is a straight line. How many steps does it take for a factor of 10?",
        "A factor of 10 is 3.32 factors of 2.",
        "Divide the steps for a factor of 10 by 3.32.",
    ),
    planted=[
        ("halved and doubled are exchanged.", '"halved"', '"X"', '"doubled"', '"halved"', '"X"', '"doubled"'),
        ("doubled is right; halved is not.", "14.3 / 3.32", "14.3"),
        *((words, "3.32", str(3.3219 / factor)) for words, factor in MISREAD.items()),
        ("the slopes of log10 are given", "14.3 / 3.32", "1 / 14.3", "29.6 / 3.32", "1 / 29.6"),
        ("the slopes of the natural logarithm are given", "14.3 / 3.32", "2.303 / 14.3", "29.6 / 3.32", "2.303 / 29.6"),
    ],
    mistakes={
        **{words: ("factor = 1", f"factor = {factor}") for words, factor in MISREAD.items()},
        "the factors per step are given": (
            "snap(factor * steps)",
            "snap(2 ** ((1 if name == 'doubled' else -1) / steps))",
        ),
        "the slopes of log10 are given": ("snap(factor * steps)", "snap(0.30103 / steps)"),
        "the slopes of the natural logarithm are given": ("snap(factor * steps)", "snap(0.6931 / steps)"),
    },
)
def read_gradients(seed):
    """{"halved", "doubled"}: the lags at which gradient A is halved and gradient B doubled, to within 8 %."""
    factor = 1
    return {name: snap(factor * steps) for name, steps in slopes_of(seed).items()}
