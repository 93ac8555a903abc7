"""The operations of a step that work component by component: one row each, with everything that is known of it.

A new operation is a new row; a test holds every row to the function of torch that it names, value and gradient, also
at kinks, at infinity and for NaN.
"""

import math

import torch
from torch.nn import functional

from course_lib.fuse.elementary import cos, erf, exp, expm1, floor, log, log1p, rounded, sigmoid, sin, tanh

LETTERS = "abc"


class Row:
    """One operation.

    name     in a program's nodes, and as it is called: torch.name, functional.name, or a.name()
    torch    the function of tensors, which says what is right
    value    its value, from its arguments: Numbers while LLVM's text is written
    slopes   for each argument, what it gets of the gradient: a function whose parameters say what it reads, g (the
             gradient of the value), y (the value), a, b, c (the arguments); None where it gets nothing
    costly   whether the value is kept for the way back, rather than computed again
    names    other names by which it is called
    """

    def __init__(self, name, torch, value, *slopes, costly=False, names=()):
        self.name, self.torch, self.value, self.slopes, self.costly = name, torch, value, slopes, costly
        self.names = (name, *names)
        self.reads = [slope and slope.__code__.co_varnames[: slope.__code__.co_argcount] for slope in slopes]

    @property
    def in_place(self):
        """Whether the value may take the place of the only argument: nothing on the way back needs that again."""
        return self.costly and not any("a" in reads for reads in self.reads)

    def share(self, which, find):
        """What an argument gets of the gradient; find(letter) gives what the slope reads."""
        return self.slopes[which](*(find(letter) for letter in self.reads[which]))


def truth(mask):
    return mask.choose(1.0, 0.0)


def where(condition, a, b):
    return (condition != 0.0).choose(a, b)


def greater(a, b):
    """The greater of two; NaN if one of them is."""
    return (a > b).choose(a, (a != a).choose(a, b))


def less(a, b):
    return (a < b).choose(a, (a != a).choose(a, b))


def pow_of(a, b):
    """A negative a has a real power if b is whole; 1 if b is 0 or a is 1, whatever the other is."""
    size = abs(a)
    y = ((b == 0.0) | (size == 1.0)).choose(1.0, exp(b * log(size)))
    whole, even = floor(b) == b, 2.0 * floor(0.5 * b) == b
    real = whole | (a >= 0.0) | (size == math.inf) | (a != a)
    return even.choose(y, whole.choose(y.call("copysign", a), real.choose(y, math.nan)))


ROWS = (
    # Arithmetic.
    Row("add", torch.add, lambda a, b: a + b, lambda g: g, lambda g: g),
    Row("sub", torch.sub, lambda a, b: a - b, lambda g: g, lambda g: -g, names=("subtract",)),
    Row("mul", torch.mul, lambda a, b: a * b, lambda g, b: g * b, lambda g, a: g * a, names=("multiply",)),
    Row("div", torch.div, lambda a, b: a / b, lambda g, b: g / b, lambda g, b, y: g / b * -y,
        names=("truediv", "true_divide", "divide")),
    Row("neg", torch.neg, lambda a: -a, lambda g: -g, names=("negative",)),
    Row("reciprocal", torch.reciprocal, lambda a: 1.0 / a, lambda g, y: -g * y * y),
    Row("clone", torch.clone, lambda a: a, lambda g: g),
    Row("detach", torch.detach, lambda a: a, None),
    # Powers.
    Row("sqrt", torch.sqrt, lambda a: a.call("sqrt"), lambda g, y: g / (2.0 * y)),
    Row("rsqrt", torch.rsqrt, lambda a: 1.0 / a.call("sqrt"), lambda g, y: -0.5 * g * y * y * y),
    Row("pow", torch.pow, pow_of,
        lambda g, a, b: (b == 0.0).choose(0.0, g * (b * pow_of(a, b - 1.0))),
        lambda g, y, a, b: ((a == 0.0) & (b >= 0.0)).choose(0.0, g * (y * log(a))), costly=True),
    # Exponentials and their kin.
    Row("exp", torch.exp, exp, lambda g, y: g * y, costly=True),
    Row("expm1", torch.expm1, expm1, lambda g, y: g * (y + 1.0), costly=True),
    Row("log", torch.log, log, lambda g, a: g / a, costly=True),
    Row("log1p", torch.log1p, log1p, lambda g, a: g / (a + 1.0), costly=True),
    Row("logaddexp", torch.logaddexp,
        lambda a, b: greater(a, b) + log1p(exp((a == b).choose(0.0, -abs(a - b)))),
        lambda g, a, b: g * sigmoid(a - b), lambda g, a, b: g * sigmoid(b - a), costly=True),
    Row("sigmoid", torch.sigmoid, sigmoid, lambda g, y: g * (y * (1.0 - y)), costly=True),
    Row("log_sigmoid", functional.logsigmoid,
        lambda a: (a < 0.0).choose(a, 0.0) - log1p(exp(-abs(a))), lambda g, a: g * sigmoid(-a),
        costly=True, names=("logsigmoid",)),
    Row("softplus", functional.softplus,
        lambda a, b, c: (a * b > c).choose(a, log1p(exp(a * b)) / b),
        lambda g, a, b, c: (a * b > c).choose(g, g * sigmoid(a * b)), None, None, costly=True),
    Row("tanh", torch.tanh, tanh, lambda g, y: g * (1.0 - y * y), costly=True),
    Row("sin", torch.sin, sin, lambda g, a: g * cos(a), costly=True),
    Row("cos", torch.cos, cos, lambda g, a: -g * sin(a), costly=True),
    Row("erf", torch.erf, erf, lambda g, a: g * (2 / math.sqrt(math.pi) * exp(-(a * a))), costly=True),
    # Kinks.
    Row("relu", torch.relu, lambda a: (a > 0.0).choose(a, (a != a).choose(a, 0.0)),
        lambda g, a: (a <= 0.0).choose(0.0, g)),
    Row("leaky_relu", functional.leaky_relu, lambda a, b: (a > 0.0).choose(a, a * b),
        lambda g, a, b: (a > 0.0).choose(g, g * b), None),
    Row("elu", functional.elu, lambda a, b: (a <= 0.0).choose(b * expm1(a), a),
        lambda g, a, b: (a > 0.0).choose(g, g * (b * exp(a))), None, costly=True),
    Row("abs", torch.abs, lambda a: abs(a), lambda g, a: (a > 0.0).choose(g, (a < 0.0).choose(-g, 0.0)),
        names=("absolute",)),
    Row("maximum", torch.maximum, greater,
        lambda g, a, b: (a == b).choose(0.5 * g, (a < b).choose(0.0, g)),
        lambda g, a, b: (a == b).choose(0.5 * g, (a > b).choose(0.0, g))),
    Row("minimum", torch.minimum, less,
        lambda g, a, b: (a == b).choose(0.5 * g, (a > b).choose(0.0, g)),
        lambda g, a, b: (a == b).choose(0.5 * g, (a < b).choose(0.0, g))),
    Row("hardtanh", functional.hardtanh, lambda a, b, c: less(greater(a, b), c),
        lambda g, a, b, c: ((a > b) & (a < c)).choose(g, 0.0), None, None),
    Row("clamp_min", torch.clamp_min, greater,
        lambda g, a, b: (a >= b).choose(g, 0.0), lambda g, a, b: (a < b).choose(g, 0.0)),
    Row("clamp_max", torch.clamp_max, less,
        lambda g, a, b: (a <= b).choose(g, 0.0), lambda g, a, b: (a > b).choose(g, 0.0)),
    # Steps: no gradient.
    Row("sign", torch.sign, lambda a: (a > 0.0).choose(1.0, (a < 0.0).choose(-1.0, 0.0)), None, names=("sgn",)),
    Row("floor", torch.floor, floor, None),
    Row("round", torch.round, rounded, None),
    # Yes or no, as 1 or 0.
    Row("lt", torch.lt, lambda a, b: truth(a < b), None, None, names=("less",)),
    Row("le", torch.le, lambda a, b: truth(a <= b), None, None, names=("less_equal",)),
    Row("gt", torch.gt, lambda a, b: truth(a > b), None, None, names=("greater",)),
    Row("ge", torch.ge, lambda a, b: truth(a >= b), None, None, names=("greater_equal",)),
    Row("eq", torch.eq, lambda a, b: truth(a == b), None, None),
    Row("ne", torch.ne, lambda a, b: truth(a != b), None, None, names=("not_equal",)),
    Row("logical_and", torch.logical_and, lambda a, b: truth((a != 0.0) & (b != 0.0)), None, None),
    Row("logical_or", torch.logical_or, lambda a, b: truth((a != 0.0) | (b != 0.0)), None, None),
    Row("logical_xor", torch.logical_xor, lambda a, b: truth((a != 0.0) ^ (b != 0.0)), None, None),
    Row("logical_not", torch.logical_not, lambda a: truth(a == 0.0), None),
    Row("where", torch.where, where, None,
        lambda g, a: (a != 0.0).choose(g, 0.0), lambda g, a: (a != 0.0).choose(0.0, g)),
)  # fmt: skip

ROW = {row.name: row for row in ROWS}
YES_NO = {"lt", "le", "gt", "ge", "eq", "ne", "logical_and", "logical_or", "logical_xor", "logical_not"}
