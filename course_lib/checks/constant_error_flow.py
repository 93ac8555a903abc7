"""Constant error flow: one step backward, the direct path, and how small it gets."""

import torch
from numpy import log10, tanh

from course_lib.checks.draw import gate_series, gates, normal, several, sizes, uniform, whole
from course_lib.checks.judge import problem, sigmoid


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
    hints=(
        "Draw the arrows: h' = o ⊙ tanh(c') and c' = f ⊙ c + i ⊙ g. By how many ways does the loss reach c'?",
        "d = dc + dh ⊙ o ⊙ (1 - tanh²(c')) is the whole derivative by c'. All but the output gate start from it.",
        "A gate y = σ(a) has dy/da = y (1 - y); the candidate has 1 - g². The old c is reached by f alone.",
    ),
)
def lstm_backward(dh, dc, c, g, f, i, o):
    """dL/dc and the derivatives by the pre-activations of f, i, o, g, from dL/dh' and dL/dc'."""
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
    cases=several(lambda generator: {"f": gate_series(generator)["f"]}),
    axes=("batch", "time", "unit"),
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
    hints=(
        "From c_t to c_{t+1} the direct path is multiplied by f_{t+1}. From c_T to c_T by nothing.",
        "The entry of step t is f_{t+1} ... f_T; the last entry is 1.",
        "Flip time, shift by one, cumprod, flip back; or a loop from the last step.",
    ),
)
def direct_path(f):
    """d c_T / d c_t along the direct path, for t = 1 to T, (batch, time, hidden)."""
    total = 1 + 0 * f
    for t in range(f.shape[1]):
        total[:, :t] *= f[:, t : t + 1]
    return total


@problem(
    cases=several(lambda generator: {"bias": uniform(generator, -2, 6), "steps": whole(generator, 3, 400)}),
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
    hints=(
        "The direct path over n steps of a constant gate f is f to the power n.",
        "The logarithm of a power is the power times the logarithm.",
        "f = σ(bias), and log10 of f^n is n · log10 f.",
    ),
)
def direct_path_exponent(bias, steps):
    """log10 of the direct path over `steps` steps, the forget gate being σ(bias) at each."""
    return steps * log10(sigmoid(bias))
