"""A learner's own cell is fused without registration, or named with the reason and run step by step."""

import re

import pytest
import torch
from literal import assert_compiled, assert_same, case, literal, numbers
from torch import nn, sigmoid, tanh
from torch.nn import functional

from course_lib.cells import Cell, RNNCell
from course_lib.fuse import fuse
from course_lib.fuse.plan import Plan
from course_lib.fuse.program import Program
from course_lib.unroll import unroll


class OneMatrixCell(Cell):
    """An LSTM in the style of many tutorials: one matrix on x and h side by side, cut into four."""

    state = ("h", "c")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.all = nn.Linear(input_size + hidden_size, 4 * hidden_size)

    def step(self, gate, x, h, c):
        f, i, o, g = self.all(torch.cat([x, h], dim=1)).chunk(4, dim=1)
        c = f.sigmoid() * c + functional.sigmoid(i) * g.tanh()
        return {"c": c, "h": torch.sigmoid(o) * functional.tanh(c)}


class OddCell(Cell):
    """What else a step may do: numbers, a power, division, exp, another width, x itself, @, detach."""

    state = ("h", "c", "n")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.wide, self.back = nn.Linear(hidden_size, 2 * hidden_size + 1), nn.Linear(2 * hidden_size + 1, hidden_size)
        self.U, self.scale = nn.Parameter(torch.randn(hidden_size, hidden_size) / 4), nn.Parameter(torch.rand(1))
        self.b, self.V = self.per_unit(), nn.Linear(input_size, hidden_size)

    def step(self, gate, x, h, c, n):
        m = self.back(torch.relu(self.wide(h - c.detach())))
        s = sigmoid(self.b).expand_as(h) + 1
        i = torch.exp(0.1 * m) / (2 + s * h**2)
        k = self.scale * (h @ self.U) - self.V(tanh(x) * x)
        c = 0.5 * c - (-i) * tanh(k) + self.V(x)
        return {"h": tanh(c + n), "c": c, "n": c}


class SwapCell(Cell):
    """New states that are old states, an affine map, a product and a bare vector."""

    state = ("h", "a", "b", "v", "p")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.h, self.v, self.V, self.P = self.affine(), self.per_unit(), self.of_state(bias=True), self.of_state()

    def step(self, gate, x, h, a, b, v, p):
        return {"h": self.V(self.h(x, a)), "a": b, "b": h, "v": self.v.expand_as(h) * 1.0 + 0 * v, "p": self.P(h - p)}


class IdleCell(Cell):
    """A network with gates that are looked at and used for nothing, and are NaN: no gradient comes from them."""

    gates = ("idle", "idler")
    ranges = dict.fromkeys(gates, (-9, 9))

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.h, self.g = self.affine(), self.of_state()

    def step(self, gate, x, h):
        new = tanh(self.h(x, h))
        gate("idler", self.g(1 / gate("idle", torch.sqrt(new - 2))))
        return {"h": new}


class BlindCell(Cell):
    """It does not look at x."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.h = self.of_state(bias=True)

    def step(self, gate, x, h):
        return {"h": tanh(self.h(h))}


@pytest.mark.parametrize("Cls", [OneMatrixCell, OddCell, SwapCell, IdleCell, BlindCell], ids=lambda Cls: Cls.__name__)
@pytest.mark.parametrize("hidden", [3, 16])
def test_a_cell_of_ones_own_is_fused_without_registration(Cls, hidden):
    cell, x, start = case(Cls, hidden=hidden, inputs=2)
    assert_compiled(cell, x, start)
    assert_same(*(numbers(make(cell), cell, x, start) for make in (fuse, literal)))


class EchoCell(RNNCell):
    """It keeps the last observation, and h as it was, twice: new states that are given, not computed."""

    state = ("h", "last", "old", "older")

    def step(self, gate, x, h, last, old, older):
        return {"h": tanh(self.h(x - last, h + 0.5 * old - older)), "last": x, "old": h, "older": h}


def test_a_new_state_may_be_the_observation_or_another_state_also_twice():
    cell, x, start = case(EchoCell, inputs=4)
    assert_compiled(cell, x, start)
    assert_same(*(numbers(make(cell), cell, x, start) for make in (fuse, literal)))


class TwiceCell(RNNCell):
    """A sum that another product is added to is used once more by itself."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.V = self.of_state()

    def step(self, gate, x, h):
        own = self.h(x, h)
        return {"h": tanh(own + self.V(h)) * own}


def test_a_product_that_is_used_twice_is_computed_once():
    cell, x, start = case(TwiceCell)
    program = Program(cell, start, x.dtype)
    runs = [run for of_one in Plan(program.nodes, program.new).runs.values() for run in of_one]
    assert sum(len(run.matrices) for run in runs) == 3  # W, U and V
    assert_compiled(cell, x, start)
    assert_same(*(numbers(make(cell), cell, x, start) for make in (fuse, literal)))


NO_STEPS = {
    "it takes no state": (
        lambda self, gate, x: {"h": x},
        "its step: TypeError .* got an unexpected keyword argument 'h'",
    ),
    "it returns a tensor": (lambda self, gate, x, h: h, "its step does not return the new h by name"),
    "it returns another name": (lambda self, gate, x, h: {"c": h}, "its step does not return the new h by name"),
    "it returns no tensor": (lambda self, gate, x, h: {"h": 1.0}, "its step does not return the new h by name"),
    "it returns other units": (
        lambda self, gate, x, h: {"h": h[:, :2]},
        "its step returns h with 2 units; it had 4 units",
    ),
    "it has numbers of two kinds": (
        lambda self, gate, x, h: {"h": h * torch.ones(4, dtype=torch.float64)},
        "its numbers are not all float32, or all float64, on the CPU",
    ),
}


@pytest.mark.parametrize(("step", "said"), NO_STEPS.values(), ids=NO_STEPS)
def test_a_step_that_is_none_is_told_why(step, said):
    assert re.fullmatch(
        f"StepCell runs step by step: {said}", fuse(type("StepCell", (Cell,), {"step": step})(2, 4)).why_not
    )


class Own(RNNCell):
    """An RNNCell whose step goes through `change`, for steps that cannot be fused."""

    def step(self, gate, x, h):
        return {"h": self.change(tanh(self.h(x, h)))}


class RunningSumCell(Own):
    def change(self, h):
        return torch.cumsum(h, dim=1)


class DecidingCell(Own):
    def change(self, h):
        return h if h.sum() > 0 else -h


class RowByRowCell(Own):
    def change(self, h):
        return torch.stack([row / 2 for row in h])


class DroppingCell(Own):
    def change(self, h):
        return h * torch.rand(self.hidden_size, dtype=torch.float64)


class CountingCell(Own):
    calls = 0

    def change(self, h):
        self.calls += 1
        return h / self.calls


class MaskedCell(Own):
    def change(self, h):
        return h * torch.ones(3, 4, dtype=torch.float64)


@pytest.mark.parametrize(
    ("Cls", "reason"),
    [(RunningSumCell, r"line \d+, return torch\.cumsum\(h, dim=1\): cumsum is not compiled"),
     (DecidingCell, r"line \d+, return h if h\.sum\(\) > 0 else -h: sum over the whole batch"),
     (RowByRowCell, r"line \d+, return torch\.stack\(\[row / 2 for row in h\]\): it goes through the sequences"),
     (DroppingCell, "draws random numbers"), (CountingCell, "changes the cell itself"),
     (MaskedCell, r"a tensor \(3, 4\) together with 4 units")],
)  # fmt: skip
def test_what_cannot_be_fused_is_named_and_runs_step_by_step(Cls, reason):
    cell, x, start = case(Cls)
    assert fuse(cell).why_not.startswith(f"{Cls.__name__} runs step by step: ")
    assert re.search(reason, fuse(cell).why_not)
    results = []
    for make in (fuse, literal):
        torch.manual_seed(5)
        vars(cell).pop("calls", None)
        results.append(numbers(make(cell), cell, x, start))
    assert_same(*results)


MADE = {
    "hardsigmoid": lambda a, p: functional.hardsigmoid(4 * a),  # torch's slope of it has the digits of float32 alone
    "prelu": lambda a, p: functional.prelu(a, p[:1]),
    "prelu of every unit": lambda a, p: functional.prelu(a, p),
    "hstack": lambda a, p: torch.hstack([a[:, 2:], a[:, :2]]),
    "nan_to_num": lambda a, p: torch.nan_to_num(torch.log(a), nan=0.5, neginf=-3.0),
    "isnan": lambda a, p: torch.where(torch.isnan(torch.sqrt(a)), 0.5 * a, a),
    "isinf": lambda a, p: torch.where(torch.isinf(1 / (a * 0.0)), 0.25 * a, a),
}


@pytest.mark.parametrize("name", MADE)
def test_functions_that_are_made_of_others_give_what_torch_gives(name):
    def init(self, input_size, hidden_size):
        Cell.__init__(self, input_size, hidden_size)
        self.a, self.p = self.affine(), self.per_unit()

    def step(self, gate, x, h):
        return {"h": torch.tanh(MADE[name](self.a(x, h), self.p))}

    torch.manual_seed(0)
    cell, x = type("Own", (Cell,), {"__init__": init, "step": step})(2, 4), torch.randn(3, 2, 2)
    assert fuse(cell).why_not is None
    results = []
    for hidden in (fuse(cell)(x)[0], unroll(cell, x).steps["h"][-1]):
        given = [p for p in cell.parameters() if p.requires_grad]
        found = torch.autograd.grad(hidden.sum(), given, allow_unused=True)
        results.append([hidden, *(torch.zeros(1) if g is None else g.sum(dim=0) for g in found)])
    for got, wanted in zip(*results):
        torch.testing.assert_close(got, wanted.expand_as(got), rtol=1e-4, atol=1e-6)
