"""A step that is not read again is the one that would be read: whatever of it was changed in between."""

import copy
import gc
import math
import weakref

import pytest
import torch
from torch import nn, sigmoid, tanh
from torch.nn import functional

from course_lib.cells import CELLS, Affine, Cell, LSTMCell
from course_lib.fuse import fuse
from course_lib.unroll import unroll

SCALE = 0.5


class PlainCell(Cell):
    """Everything that a plain step may read."""

    gain = 0.9

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.a, self.inner, self.norm = self.affine(), nn.Sequential(), nn.LayerNorm(hidden_size)
        self.inner.W = nn.Linear(hidden_size, hidden_size)
        self.p, self.rate, self.act = self.per_unit(), 0.25, torch.tanh
        self.register_buffer("kept", torch.rand(hidden_size))

    def mix(self, a, b):
        return a * self.rate + b * SCALE * math.pi

    def step(self, gate, x, h):
        z = torch.sigmoid(self.a(x, h) + self.p)
        n = functional.softplus(self.inner.W(z * h)) * self.gain
        return {"h": self.mix(self.act(self.norm(n)), self.kept * z.relu())}


def step_otherwise(self, gate, x, h):
    return {"h": self.a(x, h)}


def forward_otherwise(self, x, h):
    return self.U(h) - self.W(x)


def replaced(module, name):
    setattr(module, name, nn.Parameter(2 * getattr(module, name).detach()))


def of_another_class(cell):
    cell.__class__ = type("Other", (PlainCell,), {"step": step_otherwise})


def difference(self, a, b):
    return a - b


def halved(self, *args):
    return self.forward(*args) / 2


def put_in_a_dictionary(module):
    module._parameters = {"weight": nn.Parameter(torch.randn(4, 4)), "bias": None}


CHANGES = {
    "a weight in place": lambda cell, patch: cell.a.W.weight.data.mul_(3.0),
    "a weight": lambda cell, patch: replaced(cell.inner.W, "weight"),
    "a vector": lambda cell, patch: replaced(cell, "p"),
    "the numbers of a weight": lambda cell, patch: setattr(cell.p, "data", cell.p.data * 4),
    "a module": lambda cell, patch: setattr(cell, "a", cell.affine()),
    "a module in a module": lambda cell, patch: setattr(cell.inner, "W", nn.Linear(4, 4, bias=False)),
    "a buffer": lambda cell, patch: setattr(cell, "kept", cell.kept + 1),
    "a number of the cell": lambda cell, patch: setattr(cell, "rate", 0.75),
    "a number of the class": lambda cell, patch: patch.setattr(PlainCell, "gain", 0.3),
    "a number of the class, for one": lambda cell, patch: setattr(cell, "gain", 0.3),
    "a number of the file": lambda cell, patch: patch.setitem(globals(), "SCALE", 0.1),
    "a function of the cell": lambda cell, patch: setattr(cell, "act", torch.sin),
    "a method": lambda cell, patch: patch.setattr(PlainCell, "mix", difference),
    "a method, for one": lambda cell, patch: setattr(cell, "mix", torch.sub),
    "the code of a method": lambda cell, patch: patch.setattr(PlainCell.mix, "__code__", difference.__code__),
    "the step": lambda cell, patch: patch.setattr(PlainCell, "step", step_otherwise),
    "the step, for one": lambda cell, patch: setattr(cell, "step", step_otherwise.__get__(cell)),
    "the class": lambda cell, patch: of_another_class(cell),
    "the forward of a module": lambda cell, patch: patch.setattr(Affine, "forward", forward_otherwise),
    "the forward of one module": lambda cell, patch: setattr(cell.a, "forward", forward_otherwise.__get__(cell.a)),
    "the call of all modules": lambda cell, patch: patch.setattr(nn.Module, "__call__", halved),
    "a function of torch": lambda cell, patch: patch.setattr(torch, "sigmoid", torch.cos),
    "another one": lambda cell, patch: patch.setattr(functional, "linear", lambda x, w, b=None: x @ w.T),
    "a number of Python's": lambda cell, patch: patch.setattr(math, "pi", 3.0),
    "a hook": lambda cell, patch: cell.a.register_forward_hook(lambda module, given, out: out * 2),
    "a hook before": lambda cell, patch: cell.inner.W.register_forward_pre_hook(lambda module, given: (given[0] * 2,)),
    "the eps of a norm": lambda cell, patch: setattr(cell.norm, "eps", 0.5),
    "a norm without weights": lambda cell, patch: setattr(cell, "norm", nn.LayerNorm(4, elementwise_affine=False)),
    "a weight of a norm": lambda cell, patch: setattr(cell.norm, "weight", None),
    "training": lambda cell, patch: cell.eval(),
    "the precision": lambda cell, patch: cell.double(),
    "weight norm": lambda cell, patch: nn.utils.parametrizations.weight_norm(cell.inner.W),
    "a dictionary of weights": lambda cell, patch: put_in_a_dictionary(cell.inner.W),
}


def outcome(run, cell, x):
    hidden = run(x)
    gradients = torch.autograd.grad(hidden.square().sum(), list(cell.parameters()), allow_unused=True)
    return [hidden, *(torch.zeros(1) if g is None else g for g in gradients)]


def assert_like_unroll(fused, cell, x):
    got = outcome(lambda x: fused(x)[0], cell, x)
    wanted = outcome(lambda x: unroll(cell, x).steps["h"][-1], cell, x)
    for a, b in zip(got, wanted, strict=True):
        torch.testing.assert_close(a.expand_as(b), b, rtol=1e-4, atol=1e-5)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("change", CHANGES)
def test_a_step_of_which_anything_was_changed_is_read_anew(change, monkeypatch):
    torch.manual_seed(0)
    cell, x = PlainCell(2, 4), torch.randn(3, 5, 2)
    fused = fuse(cell)
    assert_like_unroll(fused, cell, x)
    assert [plain.hold() for plain in fused.plain.values()] == [True]
    CHANGES[change](cell, monkeypatch)
    assert_like_unroll(fused, cell, x.to(cell.dtype))
    assert_like_unroll(fused, cell, x.to(cell.dtype))


@pytest.mark.parametrize("Cls", CELLS)
def test_most_cells_of_the_course_are_read_once(Cls):
    """Not those that compute a vector from another one, such as sigmoid(p): its numbers may have changed."""
    fused = fuse(Cls(1, 2))
    fused(torch.randn(3, 5, 1))
    plain = [reads is not None and reads.hold() for reads in fused.plain.values()]
    assert plain == [Cls.__name__ not in ("LeakyCell", "AddedGateCell")]


class OfLists(Cell):
    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.a, self.numbers, self.n = self.affine(), [1.0], nn.Parameter(torch.tensor(2.0))


def counting(self, gate, x, h):
    return {"h": tanh(self.a(x, h)) * self.numbers[0]}


def branching(self, gate, x, h):
    return {"h": tanh(self.a(x, h)) if self.numbers[0] else self.a(x, h)}


def computing(self, gate, x, h):
    return {"h": tanh(self.a(x, h)) * sigmoid(self.n)}


def of_a_length(self, gate, x, h):
    return {"h": tanh(self.a(x, h)) * len(self.numbers)}


def of_a_tensors_number(self, gate, x, h):
    return {"h": tanh(self.a(x, h)) * self.n.item()}


def with_a_default(self, gate, x, h, numbers=[2.0]):  # noqa: B006
    return {"h": tanh(self.a(x, h)) * numbers[0]}


NUMBERS = {"gain": 2.0}


def of_a_dictionary(self, gate, x, h):
    return {"h": tanh(self.a(x, h)) * NUMBERS["gain"]}


def with_a_closure():
    gain = [2.0]

    def step(self, gate, x, h):
        return {"h": tanh(self.a(x, h)) * gain[0]}

    return step, gain


def changes():
    """(step, what changes what it does, though no name that it reads is bound to anything else)."""
    step, gain = with_a_closure()
    yield step, lambda cell: gain.append(gain.pop() + 1)
    yield counting, lambda cell: cell.numbers.insert(0, 3.0)
    yield branching, lambda cell: cell.numbers.insert(0, 0.0)
    yield computing, lambda cell: cell.n.data.fill_(-1.0)
    yield of_a_length, lambda cell: cell.numbers.append(1.0)
    yield of_a_tensors_number, lambda cell: cell.n.data.fill_(-1.0)
    yield with_a_default, lambda cell: with_a_default.__defaults__[0].insert(0, 0.5)
    yield of_a_dictionary, lambda cell: NUMBERS.update(gain=NUMBERS["gain"] + 1)


@pytest.mark.parametrize("step, change", list(changes()), ids=lambda value: value.__name__)
def test_a_step_whose_code_does_not_show_what_it_reads_is_read_at_every_call(step, change):
    torch.manual_seed(0)
    cell = type("Own", (OfLists,), {"step": step})(2, 4)
    fused, x = fuse(cell), torch.randn(3, 5, 2)
    for _ in range(2):
        assert_like_unroll(fused, cell, x)
        change(cell)
    assert_like_unroll(fused, cell, x)
    assert list(fused.plain.values()) == [None]


def test_a_copy_follows_its_own_cell_and_what_was_read_keeps_no_cell_alive():
    cell, x = LSTMCell(2, 4), torch.randn(3, 5, 2)
    fused = fuse(cell)
    fused(x)
    other = copy.deepcopy(fused)
    with torch.no_grad():
        other.cell.f.W.weight.add_(1.0)
    other.cell.g = other.cell.affine()
    assert_like_unroll(other, other.cell, x)
    assert_like_unroll(fused, cell, x)
    gone = weakref.ref(cell)
    del fused, cell
    gc.collect()
    assert gone() is None


def test_a_hook_of_all_modules_is_heard():
    torch.manual_seed(0)
    cell, x = LSTMCell(2, 4), torch.randn(3, 5, 2)
    fused = fuse(cell)
    fused(x)
    hook = nn.modules.module.register_module_forward_hook(
        lambda module, given, out: 2 * out if given[0] is None else out
    )
    try:
        assert not any(plain.hold() for plain in fused.plain.values()) and "hook" in fused.why_not
    finally:
        hook.remove()
    assert all(plain.hold() for plain in fused.plain.values()) and fused.why_not is None


def test_another_cell_in_its_place_is_read():
    cells, x = [LSTMCell(2, 4) for _ in range(2)], torch.randn(3, 5, 2)
    fused = fuse(cells[0])
    for cell in (*cells, *cells):
        fused.cell = cell
        assert_like_unroll(fused, cell, x)


def test_what_torch_puts_round_every_function_is_asked():
    class Doubled(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            out = func(*args, **(kwargs or {}))
            return out * 2.0 if func is torch.sigmoid else out

    torch.manual_seed(0)
    cell, x = LSTMCell(2, 4), torch.randn(3, 5, 2)
    fused = fuse(cell)
    fused(x)
    with Doubled():
        assert_like_unroll(fused, cell, x)
    assert_like_unroll(fused, cell, x)
