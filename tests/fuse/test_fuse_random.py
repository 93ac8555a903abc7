"""Steps that nobody wrote, rows of operations and products put together at random, give the numbers of `unroll`."""

import random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from literal import TOLERANCE, assert_compiled, case, literal, numbers
from torch import nn

from course_lib.cells import Cell
from course_lib.fuse import fuse
from course_lib.fuse.ops import ROWS, YES_NO

POLES = ("div", "reciprocal", "sqrt", "rsqrt", "pow", "log", "log1p", "logaddexp")  # their arguments are kept above 0
WITH_NUMBERS = {"softplus": (), "leaky_relu": (0.3,), "elu": (0.7,), "hardtanh": (-0.4, 0.6)}
SHAPES = ("linear", "input", "halves", "softmax", "norm", "mean", "heads")
LENGTH = 12  # operations of a step


def steps(seed):
    """What a step does: [(operation, numbers that choose its arguments)]."""
    draw = random.Random(seed)
    names = [row.name for row in ROWS if row.name not in YES_NO and row.name != "where"] + ["choose"]
    return [(draw.choice(names if draw.random() < 0.6 else SHAPES), [draw.random() for _ in range(3)])
            for _ in range(LENGTH)]  # fmt: skip


class RandomCell(Cell):
    """h' and c' from a few operations on x, h and c, drawn from `seed`."""

    state = ("h", "c")
    seed = 0

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.W, self.U, self.V = self.of_input(), self.of_state(bias=True), self.of_state()
        self.scale = self.per_unit()

    def operation(self, name, values, where):
        """One operation on some of the values so far."""
        a, b, c = (values[int(at * len(values))] for at in where)
        a, b, c = (1.7 * torch.tanh(v) for v in (a, b, c))  # so that nothing grows from step to step
        if name == "linear":
            return self.U(a) if where[1] < 0.5 else self.V(a) * self.scale
        if name == "input":
            return values[0] * b
        if name == "halves":
            left, right = a.split([a.shape[1] - a.shape[1] // 2, a.shape[1] // 2], dim=1)
            return torch.cat([right, left], dim=1)
        if name == "softmax":
            return torch.softmax(a, dim=1)
        if name == "norm":
            return nn.functional.layer_norm(a + self.scale, a.shape[1:])
        if name == "mean":
            return a * b.mean(dim=1, keepdim=True)
        if name == "heads":
            return (a.unsqueeze(2) * b.unsqueeze(1)).sum(dim=2) / a.shape[1]
        if name == "choose":
            return torch.where(a > b, a * c, b * c)
        row = next(row for row in ROWS if row.name == name)
        if name in WITH_NUMBERS:
            return row.torch(a, *WITH_NUMBERS[name])
        given = [v + 2.0 if name in POLES else v for v in (a, b, c)]
        return row.torch(*given[: len(row.slopes)])

    def step(self, gate, x, h, c):
        values = [self.W(x), h, c]
        for name, where in steps(self.seed):
            values.append(self.operation(name, values, where))
        return {"h": torch.tanh(values[-1] + self.U(h)), "c": 0.5 * c + torch.tanh(values[-2])}


def further(got, wanted):
    """How far the worst result is from what is wanted, relative to the largest number of its kind."""
    worst = 0.0
    for gradient in (False, True):
        kind = {name: value for name, value in wanted.items() if name.startswith("gradient") == gradient}
        largest = max(value.abs().max() for value in kind.values())
        worst = max(worst, max(((got[name] - value).abs().max() / largest).item() for name, value in kind.items()))
    return worst


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@settings(max_examples=10, deadline=None, derandomize=True, database=None)
@given(
    seed=st.integers(0, 10**6),
    sizes=st.tuples(st.integers(1, 5), st.integers(1, 6), st.integers(1, 3), st.integers(2, 19)),
    scale=st.sampled_from([1.0, 1.0, 20.0]),
)
def test_a_random_step_gives_the_numbers_and_gradients_of_unroll(dtype, seed, sizes, scale):
    """In float32 `unroll` itself may have lost digits: then both are compared with float64."""
    batch, time, inputs, hidden = sizes
    Cls = type("RandomCell", (RandomCell,), {"seed": seed})
    cell, x, start = case(Cls, batch=batch, time=time, inputs=inputs, hidden=hidden, dtype=dtype, scale=scale)
    start = {name: value.to(dtype) for name, value in start.items()}
    assert_compiled(cell, x, start)
    got, wanted = (numbers(make(cell), cell, x, start) for make in (fuse, literal))
    assert all(value.isfinite().all() for value in got.values())
    if further(got, wanted) > TOLERANCE[dtype]:
        assert dtype is torch.float32
        double = {name: value.double() for name, value in start.items()}
        exact = numbers(literal(cell.double()), cell, x.double(), double)
        lost = [further({name: value.double() for name, value in of.items()}, exact) for of in (got, wanted)]
        assert lost[0] < 4 * lost[1], lost


@pytest.mark.parametrize("number", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("seed", range(4))
def test_what_is_not_finite_goes_through_a_random_step_as_through_unroll(seed, number):
    cell, x, start = case(type("RandomCell", (RandomCell,), {"seed": seed}))
    with torch.no_grad():
        cell.W.bias[1] = number
    got, wanted = (numbers(make(cell), cell, x, start) for make in (fuse, literal))
    for name, value in wanted.items():
        torch.testing.assert_close(got[name], value, rtol=1e-9, atol=1e-11, equal_nan=True)
