"""Read a cell's step: run it once on symbols in place of tensors, and remember every operation."""

import traceback
from pathlib import Path

import numpy as np
import torch

TORCH = str(Path(torch.__file__).parent)


class Unfused(Exception):
    """Why a step is not compiled."""


class Symbol:
    """What a step gets in place of a tensor (batch, width): it remembers the operation that made it.

    op       "x", "state", "vector" (one number per unit), "linear", "cat", "copy", "detach" or arithmetic
    args     Symbols and numbers
    tensor   of a vector, itself; of a linear map, its matrix (out, in)
    """

    def __init__(self, op, args=(), *, width, tensor=None):
        self.op, self.args, self.width, self.tensor = op, args, width, tensor

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        name = func.__name__.strip("_")
        if name not in OPERATIONS:
            raise Unfused(f"{name} is not among {', '.join(OPERATIONS)}")
        return OPERATIONS[name](*args, **(kwargs or {}))

    def __getattr__(self, name):
        if name not in OPERATIONS:
            raise Unfused(f".{name} is not among {', '.join(OPERATIONS)}")
        return lambda *args, **kwargs: OPERATIONS[name](self, *args, **kwargs)

    def __getitem__(self, index):
        rows, columns = index if isinstance(index, tuple) and len(index) == 2 else (None, None)
        if rows not in (slice(None), Ellipsis) or not isinstance(columns, slice) or columns.step not in (None, 1):
            raise Unfused("only columns can be taken, as in a[:, 2:4]")
        first, last, _ = columns.indices(self.width)
        return part(self, first, last)

    def __bool__(self):
        raise Unfused("what it does depends on the data")

    def __add__(self, other):
        return arithmetic("add", self, other)

    def __sub__(self, other):
        return arithmetic("sub", self, other)

    def __rsub__(self, other):
        return arithmetic("sub", other, self)

    def __mul__(self, other):
        return arithmetic("mul", self, other)

    def __truediv__(self, other):
        return arithmetic("div", self, other)

    def __rtruediv__(self, other):
        return arithmetic("div", other, self)

    def __neg__(self):
        return arithmetic("mul", self, -1.0)

    def __pow__(self, power):
        return whole_power(self, power)

    def __matmul__(self, matrix):
        return linear(self, matrix.T)

    __radd__, __rmul__ = __add__, __mul__
    __iter__ = __len__ = __float__ = __int__ = __bool__


def as_symbol(value, width):
    """value as a Symbol of this width: a tensor with one number, or with one per unit, becomes a vector."""
    if isinstance(value, Symbol):
        if value.width != width:
            raise Unfused(f"{value.width} and {width} units in one operation")
        return value
    if value.numel() not in (1, width) or value.dim() > 2 or value.dim() == 2 and value.shape[0] != 1:
        raise Unfused(f"a tensor {tuple(value.shape)} together with {width} units")
    whole = value.dim() == 1 and len(value) == width
    return Symbol("vector", width=width, tensor=value if whole else value.reshape(-1).expand(width))


def arithmetic(op, *args):
    width = next(value.width for value in args if isinstance(value, Symbol))
    tensors = (Symbol, torch.Tensor)
    return Symbol(op, tuple(as_symbol(a, width) if isinstance(a, tensors) else float(a) for a in args), width=width)


def whole_power(a, power):
    if power != 2:
        raise Unfused(f"the power {power}; only 2 is known")
    return arithmetic("mul", a, a)


def expand_as(a, other):
    return as_symbol(a, other.width) if isinstance(other, Symbol) else a


def linear(a, matrix, bias=None):
    """a matrix' + bias, for matrix (out, in)."""
    if not isinstance(a, Symbol) or isinstance(matrix, Symbol) or matrix.dim() != 2 or matrix.shape[1] != a.width:
        raise Unfused("a matrix product that is not (batch, in) times a weight (in, out)")
    if a.op == "cat":
        ends = np.cumsum([0, *(value.width for value in a.args)])
        terms = [linear(value, matrix[:, i:j]) for value, i, j in zip(a.args, ends, ends[1:])]
        result = terms[0]
        for term in terms[1:]:
            result = arithmetic("add", result, term)
    else:
        result = Symbol("linear", (operand(a),), width=len(matrix), tensor=matrix)
    return result if bias is None else arithmetic("add", result, bias)


def operand(a):
    """a where it has its own place in the frame, else a copy that has one; the same copy every time."""
    if a.op in ("linear", "add", "vector"):
        if "copied" not in vars(a):
            a.copied = arithmetic("copy", a)
        return a.copied
    return a


def cat(values, dim=0):
    if dim not in (1, -1) or not all(isinstance(value, Symbol) for value in values):
        raise Unfused("cat of anything but values (batch, units) along their units")
    return Symbol("cat", tuple(values), width=sum(value.width for value in values))


def part(a, first, last):
    """Units first to last of what is computed unit by unit from linear maps: each map loses the other rows."""
    if not isinstance(a, Symbol):
        return a
    if a.op in ("x", "state", "cat"):
        raise Unfused(f"a part of {a.op}")
    if a.op in ("linear", "vector"):
        return Symbol(a.op, a.args, width=last - first, tensor=a.tensor[first:last])
    return Symbol(a.op, tuple(part(value, first, last) for value in a.args), width=last - first)


def split(a, size, dim=0):
    if dim not in (1, -1) or not isinstance(size, int):
        raise Unfused("a split that is not into equal groups of units")
    return tuple(part(a, i, min(i + size, a.width)) for i in range(0, a.width, size))


def chunk(a, chunks, dim=0):
    return split(a, -(-a.width // chunks), dim)


OPERATIONS = {
    "add": lambda a, b: arithmetic("add", a, b),
    "sub": lambda a, b: arithmetic("sub", a, b),
    "rsub": lambda a, b: arithmetic("sub", b, a),
    "mul": lambda a, b: arithmetic("mul", a, b),
    "div": lambda a, b: arithmetic("div", a, b),
    "truediv": lambda a, b: arithmetic("div", a, b),
    "neg": lambda a: arithmetic("mul", a, -1.0),
    "pow": whole_power,
    "square": lambda a: arithmetic("mul", a, a),
    "sigmoid": lambda a: arithmetic("sigmoid", a),
    "tanh": lambda a: arithmetic("tanh", a),
    "relu": lambda a: arithmetic("relu", a),
    "exp": lambda a: arithmetic("exp", a),
    "detach": lambda a: arithmetic("detach", a),
    "expand_as": expand_as,
    "linear": linear,
    "matmul": lambda a, b: linear(a, b.T),
    "cat": cat,
    "concat": cat,
    "chunk": chunk,
    "split": split,
}


def read_step(cell, x, state):
    """{state name: Symbol} after one step of cell. Raises Unfused with the line that cannot be compiled."""
    before, drawn = dict(vars(cell)), torch.get_rng_state()
    try:
        new = cell.step(lambda name, value: value, x, **state)
    except Exception as error:
        kind = "" if isinstance(error, Unfused) else f"{type(error).__name__} "
        raise Unfused(f"{place(error)}: {kind}{error}") from None
    if {name: id(value) for name, value in vars(cell).items()} != {name: id(value) for name, value in before.items()}:
        vars(cell).clear()
        vars(cell).update(before)
        raise Unfused("its step changes the cell itself")
    if not torch.equal(torch.get_rng_state(), drawn):
        torch.set_rng_state(drawn)
        raise Unfused("its step draws random numbers")
    if not isinstance(new, dict) or set(new) != set(state) or not all(isinstance(v, Symbol) for v in new.values()):
        raise Unfused(f"its step does not return the new {', '.join(state)} by name")
    return new


def place(error):
    """The line of the step that raised error."""
    lines = [line for line in traceback.extract_tb(error.__traceback__)
             if not line.filename.startswith(TORCH) and line.filename != __file__]  # fmt: skip
    return f"line {lines[-1].lineno}, {lines[-1].line}" if lines else "its step"
