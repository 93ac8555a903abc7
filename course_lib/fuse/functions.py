"""What a step may call, by torch's names: every row of `ops`, and what is made from rows and moves."""

import math
import numbers

import torch

from course_lib.fuse import axes, matrices, norms
from course_lib.fuse.ops import ROWS
from course_lib.fuse.trace import Symbol, Unfused, component


def of_row(row):
    """The function of Symbols for a row of `ops`, with torch's names for its arguments."""
    name = row.name
    if len(row.slopes) == 1:
        return lambda input: component(name, input)
    if len(row.slopes) == 2:
        return lambda input, other: component(name, input, other)
    return lambda *args: component(name, *args)


def in_place(inplace, a, result):
    return a.become(result) if inplace else result


def plain(function):
    """A function of one Symbol, as torch.nn.functional has it: with inplace."""
    return lambda input, inplace=False: in_place(inplace, input, function(input))


# ---- Arithmetic ----


def add(input, other, *, alpha=1):
    return component("add", input, other if alpha == 1 else other * alpha)


def sub(input, other, *, alpha=1):
    return component("sub", input, other if alpha == 1 else other * alpha)


def div(input, other, *, rounding_mode=None):
    result = component("div", input, other)
    if rounding_mode not in (None, "floor", "trunc"):
        raise Unfused(f"rounding_mode={rounding_mode!r}")
    return {None: lambda a: a, "floor": FUNCTIONS["floor"], "trunc": trunc}[rounding_mode](result)


def power(input, exponent):
    """Small whole powers are products, and halves are roots, as torch has them."""
    if not isinstance(exponent, numbers.Real):
        return component("pow", input, exponent)
    if exponent in (2, 3):
        square = component("mul", input, input)
        return square if exponent == 2 else component("mul", square, input)
    if exponent == 1:
        return component("clone", input)
    names = {0.5: "sqrt", -0.5: "rsqrt", -1: "reciprocal"}
    return component(names[exponent], input) if exponent in names else component("pow", input, exponent)


def clamp(input, min=None, max=None):
    if min is not None:
        input = component("clamp_min", input, min)
    return input if max is None else component("clamp_max", input, max)


def trunc(input):
    return component("sign", input) * component("floor", component("abs", input))


def remainder(a, b):
    return a - b * component("floor", component("div", a, b))


def lerp(input, end, weight):
    return input + weight * (end - input)


def maximum(input, other=None, *, dim=None, keepdim=False):
    if other is None or isinstance(other, int):
        raise Unfused("max over units gives an index too; a.amax(dim=1) gives the number alone")
    return component("maximum", input, other)


def minimum(input, other=None, *, dim=None, keepdim=False):
    if other is None or isinstance(other, int):
        raise Unfused("min over units gives an index too; a.amin(dim=1) gives the number alone")
    return component("minimum", input, other)


# ---- Yes and no ----


def of_yes_no(name):
    """What `&`, `|`, `^` and `~` do; of whole numbers they would mean something else."""

    def function(*args):
        if not all(a.dtype is torch.bool for a in args):
            raise Unfused(f"{name} of numbers; of comparisons it is compiled")
        return component(f"logical_{name}", *args)

    return function


def where(condition, input=None, other=None):
    if input is None:
        raise Unfused("where with one argument: how many there are depends on the data")
    return component("where", condition, input, other)


def number_of(a):
    """a yes or no as 1 or 0."""
    return Symbol(a.tape, a.number, a.units)


def isinf(input):
    return component("eq", component("abs", input), math.inf)


def nan_to_num(input, nan=0.0, posinf=None, neginf=None):
    most = torch.finfo(input.dtype).max
    a = component("where", component("ne", input, input), 0.0 if nan is None else nan, input)
    a = component("where", component("eq", input, math.inf), most if posinf is None else posinf, a)
    return component("where", component("eq", input, -math.inf), -most if neginf is None else neginf, a)


def masked_fill(a, mask, value):
    return component("where", mask, value, a)


# ---- Activations ----


def gelu(input, approximate="none"):
    if approximate == "tanh":
        inner = math.sqrt(2 / math.pi) * (input + 0.044715 * power(input, 3))
        return 0.5 * input * (1 + component("tanh", inner))
    return input * (0.5 * (1 + component("erf", input * math.sqrt(0.5))))


def softplus(input, beta=1.0, threshold=20.0):
    return component("softplus", input, beta, threshold)


def leaky_relu(input, negative_slope=0.01, inplace=False):
    return in_place(inplace, input, component("leaky_relu", input, negative_slope))


def elu(input, alpha=1.0, inplace=False):
    return in_place(inplace, input, component("elu", input, alpha))


def prelu(input, weight):
    return component("where", component("gt", input, 0.0), input, input * weight)


def hardtanh(input, min_val=-1.0, max_val=1.0, inplace=False):
    return in_place(inplace, input, component("hardtanh", input, min_val, max_val))


def glu(input, dim=-1):
    a, b = axes.chunk(input, 2, dim)
    return a * component("sigmoid", b)


def dropout(input, p=0.5, training=True, inplace=False):
    if training and p > 0:
        raise Unfused("dropout draws random numbers at every step; cell.eval() turns it off")
    return axes.view(input, input.units)


# ---- Shapes, kinds, and tensors of one number ----


def expand_as(a, other):
    return spread_to(a, other) if isinstance(a, torch.Tensor) else axes.expand(a, *other.shape)


def spread_to(tensor, like):
    """A tensor without a batch as a Symbol of another's shape."""
    return Symbol(like.tape, like.tape.vector(tensor, like.units), like.units, fixed=True)


def size_of(a, dim=None):
    return a.shape if dim is None else a.shape[dim]


def to(a, *args, **kwargs):
    """Another kind of number or another place: compiled where neither changes, and from yes or no to numbers."""
    for what in (*args, *kwargs.values()):
        kind = what.dtype if isinstance(what, (Symbol, torch.Tensor)) else what
        if isinstance(kind, torch.dtype) and kind is not a.dtype:
            if kind is not a.tape.dtype:
                raise Unfused(f"numbers made {kind}")
            return number_of(a)
        if isinstance(kind, (str, torch.device)) and torch.device(kind).type != "cpu":
            raise Unfused(f"numbers moved to {kind}")
    return axes.view(a, a.units)


def filled(a, units, value, dtype=None):
    """A Symbol whose every number is value."""
    if dtype not in (None, a.tape.dtype):
        raise Unfused(f"numbers of {dtype}")
    return spread_to(torch.full(units, value, dtype=a.tape.dtype), Symbol(a.tape, a.number, units))


def like(value):
    return lambda input, *, dtype=None, device=None: filled(input, input.units, value, dtype)


def new(value):
    def function(a, *shape, dtype=None, device=None):
        shape = shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
        if a.tape.batch in shape:
            return filled(a, axes.units_of(a, shape), value, dtype)
        return torch.full(shape, value, dtype=dtype or a.tape.dtype)

    return function


def random(*args, **kwargs):
    raise Unfused("it draws random numbers")


# ---- All of them, by name ----

FUNCTIONS = {name: of_row(row) for row in ROWS for name in row.names}
FUNCTIONS |= {
    name: plain(function)
    for name, function in {
        "relu": FUNCTIONS["relu"],
        "silu": lambda a: a * component("sigmoid", a),
        "mish": lambda a: a * component("tanh", softplus(a)),
        "relu6": lambda a: component("hardtanh", a, 0.0, 6.0),
        "hardsigmoid": lambda a: component("hardtanh", a + 3.0, 0.0, 6.0) / 6.0,
        "hardswish": lambda a: a * component("hardtanh", a + 3.0, 0.0, 6.0) / 6.0,
        "selu": lambda a: 1.0507009873554805 * elu(a, 1.6732632423543772),
        "softsign": lambda a: a / (1.0 + component("abs", a)),
        "tanhshrink": lambda a: a - component("tanh", a),
    }.items()
}
FUNCTIONS |= {
    "add": add, "sub": sub, "subtract": sub, "rsub": lambda a, b, *, alpha=1: sub(b, a, alpha=alpha),
    "div": div, "divide": div, "pow": power,
    "square": lambda input: component("mul", input, input), "trunc": trunc, "fix": trunc,
    "ceil": lambda input: -component("floor", -input), "frac": lambda input: input - trunc(input),
    "remainder": remainder, "mod": remainder, "fmod": lambda a, b: a - b * trunc(a / b),
    "exp2": lambda input: component("exp", input * math.log(2)),
    "log2": lambda input: component("log", input) / math.log(2),
    "log10": lambda input: component("log", input) / math.log(10),
    "lerp": lerp, "addcmul": lambda input, a, b, *, value=1: input + (a * b if value == 1 else value * a * b),
    "addcdiv": lambda input, a, b, *, value=1: input + (a / b if value == 1 else value * a / b),
    "clamp": clamp, "clip": clamp, "max": maximum, "min": minimum,
    "where": where, "masked_fill": masked_fill, "isnan": lambda input: component("ne", input, input), "isinf": isinf,
    "nan_to_num": nan_to_num, "prelu": prelu, "hstack": lambda tensors: axes.cat(tensors, 1),
    "gelu": gelu, "softplus": softplus, "leaky_relu": leaky_relu, "elu": elu, "hardtanh": hardtanh,
    "softmax": norms.softmax, "log_softmax": norms.log_softmax, "logsumexp": norms.logsumexp, "glu": glu,
    "dropout": dropout,
    "sum": norms.total, "mean": norms.mean, "var": norms.variance, "std": norms.deviation, "norm": norms.norm,
    "vector_norm": norms.norm, "linalg_vector_norm": norms.norm, "normalize": norms.normalize,
    "amax": norms.amax, "amin": norms.amin,
    "layer_norm": norms.layer_norm, "group_norm": norms.group_norm, "rms_norm": norms.rms_norm,
    "linear": matrices.linear, "matmul": matrices.matmul, "mm": matrices.matmul, "bmm": matrices.matmul,
    "addmm": matrices.addmm, "einsum": matrices.einsum,
    "lstm_cell": matrices.lstm_cell, "gru_cell": matrices.gru_cell, "rnn_tanh_cell": matrices.rnn_tanh_cell,
    "rnn_relu_cell": matrices.rnn_relu_cell,
    "expand_as": expand_as, "view_as": lambda a, other: axes.view(a, other.units), "size": size_of,
    "dim": lambda a: a.ndim, "ndimension": lambda a: a.ndim, "to": to, "type_as": to,
    "contiguous": lambda a: axes.view(a, a.units),
    "float": lambda a: to(a, torch.float32), "double": lambda a: to(a, torch.float64),
    "zeros_like": like(0.0), "ones_like": like(1.0), "new_zeros": new(0.0), "new_ones": new(1.0),
    "full_like": lambda input, fill_value, *, dtype=None: filled(input, input.units, fill_value, dtype),
    "new_full": lambda a, shape, fill_value, *, dtype=None: new(fill_value)(a, shape, dtype=dtype),
    "zero": lambda a: filled(a, a.units, 0.0), "fill": lambda a, value: filled(a, a.units, value),
}  # fmt: skip
FUNCTIONS |= {name: random for name in ("bernoulli", "rand_like", "randn_like", "normal", "uniform", "multinomial")}
FUNCTIONS |= {name: getattr(axes, name) for name in (
    "split", "chunk", "unbind", "select", "narrow", "getitem", "cat", "stack", "roll", "flip", "reshape", "flatten",
    "unflatten", "squeeze", "unsqueeze", "permute", "transpose", "expand")}  # fmt: skip
FUNCTIONS |= {"view": axes.reshape, "concat": axes.cat, "concatenate": axes.cat, "swapaxes": axes.transpose}
FUNCTIONS |= {word: of_yes_no(name) for name in ("and", "or", "xor", "not")
              for word in (name, f"bitwise_{name}")} | {"invert": of_yes_no("not")}  # fmt: skip
Symbol.known = FUNCTIONS


def method(function, *, swapped=False, in_place=False):
    if in_place:
        return lambda a, b: a.become(function(a, b))
    return (lambda a, b: function(b, a)) if swapped else function


for name in ("add", "sub", "mul", "truediv", "pow", "matmul", "mod", "and", "or", "xor"):
    setattr(Symbol, f"__{name}__", FUNCTIONS[name])
    setattr(Symbol, f"__r{name}__", method(FUNCTIONS[name], swapped=True))
    setattr(Symbol, f"__i{name}__", method(FUNCTIONS[name], in_place=True))
for name in ("lt", "le", "gt", "ge", "eq", "ne", "neg", "abs", "invert"):
    setattr(Symbol, f"__{name}__", FUNCTIONS[name])
