"""A fused cell gives the numbers of `unroll`, forward and backward, whatever the cell and the sizes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn, sigmoid, tanh
from torch.nn import functional

from course_lib.cells import CELLS, Cell, LSTMCell, RNNCell
from course_lib.fuse import compile as compile_module
from course_lib.fuse import fuse, tell_once
from course_lib.fuse import layout as layout_module
from course_lib.unroll import unroll

every_cell = pytest.mark.parametrize("Cls", CELLS, ids=lambda Cls: Cls.__name__)
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}


def literal(cell):
    """What fuse(cell) should do, through `unroll`."""

    def run(x, *, start=None, every=False):
        trace = unroll(cell, x, start=start)
        return (trace["h"] if every else trace.steps["h"][-1]), trace.final

    return run


def case(Cls, *, batch=3, time=5, inputs=2, hidden=4, dtype=torch.float64, scale=1.0):
    """(cell, x, start), drawn from a fixed seed; with a large scale the gates saturate."""
    torch.manual_seed(0)
    cell = Cls(inputs, hidden).to(dtype)
    with torch.no_grad():
        for weight in cell.parameters():
            weight *= scale
    x = torch.randn(batch, time, inputs, dtype=dtype)
    return cell, x, {name: torch.randn(batch, hidden, dtype=dtype) / 2 for name in cell.state}


def numbers(run, cell, x, start=None, *, every=True, grad_x=True):
    """All that run computes: outputs, final states, and the gradients of a random mixture of them."""
    x = x.clone().requires_grad_(grad_x)
    start = None if start is None else {name: value.clone().requires_grad_() for name, value in start.items()}
    hidden, final = run(x, start=start, every=every)
    generator = torch.Generator().manual_seed(1)
    outputs = {"hidden": hidden} | {f"final {name}": value for name, value in final.items()}
    loss = sum(
        (value * torch.randn(value.shape, generator=generator, dtype=x.dtype)).sum() for value in outputs.values()
    )
    inputs = dict(cell.named_parameters()) | {f"start {name}": value for name, value in (start or {}).items()}
    inputs |= {"x": x} if grad_x else {}
    gradients = torch.autograd.grad(loss, list(inputs.values()), allow_unused=True, materialize_grads=True)
    gradients = {f"gradient of {name}": gradient for name, gradient in zip(inputs, gradients)}
    return {name: value.detach() for name, value in (outputs | gradients).items()}


def assert_same(got, wanted):
    """Equal but for a tolerance relative to the largest number of each tensor."""
    assert got.keys() == wanted.keys()
    for name, value in wanted.items():
        error = (got[name] - value).abs().max() / value.abs().max().clamp(min=1e-30)
        assert error <= TOLERANCE[value.dtype], f"{name}: relative error {error:.1e}"


@every_cell
def test_every_cell_is_fused_or_says_that_it_is_not(Cls):
    why_not = fuse(Cls(2, 4)).why_not
    assert why_not is None or "runs step by step" in Cls.__doc__, (
        f"{why_not}. Write the step otherwise, or say in the docstring that {Cls.__name__} runs step by step, and why"
    )


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@every_cell
@settings(max_examples=8, deadline=None, derandomize=True, database=None)
@given(
    sizes=st.tuples(st.integers(1, 9), st.integers(1, 12), st.integers(1, 5), st.integers(1, 37)), every=st.booleans()
)
def test_a_fused_cell_gives_the_numbers_and_gradients_of_unroll(Cls, dtype, sizes, every):
    batch, time, inputs, hidden = sizes
    cell, x, start = case(Cls, batch=batch, time=time, inputs=inputs, hidden=hidden, dtype=dtype)
    got, wanted = (numbers(make(cell), cell, x, start, every=every) for make in (fuse, literal))
    assert_same(got, wanted)


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@every_cell
def test_saturated_gates_agree_too(Cls, dtype):
    """1 - y² has no exact digits left where y is nearly 1, so the error is measured against the largest gradient."""
    cell, x, start = case(Cls, dtype=dtype, time=2, scale=20.0)
    got, wanted = (numbers(make(cell), cell, 5 * x, start) for make in (fuse, literal))
    largest = max(value.abs().max() for value in wanted.values())
    assert all(value.isfinite().all() for value in got.values())
    assert all((got[name] - value).abs().max() <= TOLERANCE[dtype] * largest for name, value in wanted.items())


@every_cell
def test_frames_that_were_not_kept_are_computed_again(Cls, monkeypatch):
    cell, x, start = case(Cls, time=23)
    kept = numbers(fuse(cell), cell, x, start)
    monkeypatch.setattr(layout_module, "LIMITS", layout_module.Limits(keep=0, chunk=0))
    assert_same(numbers(fuse(cell), cell, x, start), kept)


@pytest.mark.parametrize("batch", [1, 2, 7, 150])
def test_the_batch_is_dealt_to_threads_and_nothing_is_lost(batch, monkeypatch):
    monkeypatch.setattr(layout_module, "LIMITS", layout_module.Limits(small=0))
    cell, x, start = case(LSTMCell, batch=batch)
    wanted, threads = numbers(literal(cell), cell, x, start), torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        assert_same(numbers(fuse(cell), cell, x, start), wanted)
    finally:
        torch.set_num_threads(threads)


def test_the_start_is_zero_and_x_needs_no_gradient_unless_said():
    cell, x, _ = case(LSTMCell)
    assert_same(*(numbers(make(cell), cell, x, grad_x=False) for make in (fuse, literal)))


def test_without_gradients_the_numbers_are_the_same():
    cell, x, start = case(LSTMCell)
    wanted = fuse(cell)(x, start=start, every=True)
    with torch.no_grad():
        hidden, final = fuse(cell)(x, start=start, every=True)
    assert not hidden.requires_grad and torch.equal(hidden, wanted[0])
    assert all(torch.equal(final[name], wanted[1][name]) for name in cell.state)


def test_a_loss_on_the_final_cell_state_alone_has_its_gradients():
    cell, x, _ = case(LSTMCell)
    got, wanted = (torch.autograd.grad(make(cell)(x)[1]["c"].sum(), cell.f.U.weight)[0] for make in (fuse, literal))
    torch.testing.assert_close(got, wanted, rtol=1e-10, atol=0)


def test_weights_are_read_anew_at_every_call():
    cell, x, _ = case(RNNCell)
    fused = fuse(cell)
    before = fused(x)[0]
    with torch.no_grad():
        cell.h.U.weight.mul_(2)
    assert not torch.equal(fused(x)[0], before)
    assert_same(*(numbers(run, cell, x) for run in (fused, literal(cell))))


def test_backward_may_run_twice():
    cell, x, _ = case(LSTMCell)
    loss = fuse(cell)(x)[0].sum()
    first = torch.autograd.grad(loss, list(cell.parameters()), retain_graph=True)
    second = torch.autograd.grad(loss, list(cell.parameters()))
    assert all(torch.equal(a, b) for a, b in zip(first, second)) and first[0].abs().sum() > 0


def test_weights_changed_between_forward_and_backward_are_noticed():
    cell, x, _ = case(LSTMCell)
    loss = fuse(cell)(x)[0].sum()
    with torch.no_grad():
        cell.f.U.weight.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize(
    "bad", [torch.zeros(2, 5), torch.zeros(2, 0, 2), torch.zeros(2, 5, 3), torch.full((2, 5, 2), torch.nan)]
)
def test_bad_observations_are_named_as_by_unroll(bad):
    with pytest.raises(ValueError, match="LSTMCell needs"):
        fuse(LSTMCell(2, 4))(bad)


def test_a_start_of_another_shape_is_named_as_by_unroll():
    with pytest.raises(ValueError, match="LSTMCell needs start"):
        fuse(LSTMCell(2, 4))(torch.zeros(2, 5, 2), start={"h": torch.zeros(2, 4)})


# ---- A learner's own cell ----


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
    """New states that are old states, an affine map and a bare vector."""

    state = ("h", "a", "b", "v")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.h, self.v, self.V = self.affine(), self.per_unit(), self.of_state(bias=True)

    def step(self, gate, x, h, a, b, v):
        return {"h": self.V(self.h(x, a)), "a": b, "b": h, "v": self.v.expand_as(h) * 1.0 + 0 * v}


@pytest.mark.parametrize("Cls", [OneMatrixCell, OddCell, SwapCell], ids=lambda Cls: Cls.__name__)
@pytest.mark.parametrize("hidden", [3, 16])
def test_a_cell_of_ones_own_is_fused_without_registration(Cls, hidden):
    cell, x, start = case(Cls, hidden=hidden, inputs=2)
    assert fuse(cell).why_not is None
    assert_same(*(numbers(make(cell), cell, x, start) for make in (fuse, literal)))


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


# ---- Compilation ----


def run_elsewhere(folder, *, also=""):
    """Fuse an RNNCell in a process of its own with folder as its cache; the finished process."""
    code = (
        "import torch\nfrom course_lib.fuse import compile\nfrom course_lib.cells import RNNCell\n"
        f"from course_lib.fuse import fuse\n{also}\n"
        "torch.manual_seed(0)\nprint(fuse(RNNCell(2, 4))(torch.ones(3, 5, 2))[0].sum().item())"
    )
    environment = os.environ | {"COURSE_CACHE": str(folder), "PYTHONPATH": str(Path(__file__).parents[1])}
    return subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=-1, stderr=-1, text=True)


FORBID = "def refuse(*_):\n    raise RuntimeError('compiled again')\ncompile.compiled = refuse"


def test_a_kernel_is_compiled_once_for_all_processes_even_if_two_do_it_at_once(tmp_path):
    both = [run_elsewhere(tmp_path) for _ in range(2)]
    printed = [process.communicate() for process in both]
    third = run_elsewhere(tmp_path, also=FORBID).communicate()
    assert printed[0] == printed[1] == third and not third[1]
    assert {file.suffix for file in tmp_path.iterdir()} == {".kernel"}


def test_a_damaged_cache_is_compiled_anew(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    text = "define void @nothing(ptr %table) {\nret void\n}\n"
    compile_module.Kernel(text)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    for damaged in (b"", whole[:40], whole[:-1] + b"?"):
        file.write_bytes(damaged)
        compile_module.Kernel(text).function("nothing")(None)
        assert file.read_bytes() == whole


def test_a_cache_that_cannot_be_written_costs_a_compilation_and_nothing_else(tmp_path, monkeypatch):
    blocked = tmp_path / "a file, not a folder"
    blocked.write_text("")
    monkeypatch.setenv("COURSE_CACHE", str(blocked))
    compile_module.Kernel("define void @nothing(ptr %table) {\nret void\n}\n").function("nothing")(None)
    assert blocked.read_text() == ""


def test_without_llvmlite_cells_run_step_by_step_and_say_so_once(monkeypatch, capsys):
    monkeypatch.setattr(compile_module, "llvm", None)
    tell_once.cache_clear()
    cell, x, start = case(LSTMCell)
    assert "llvmlite" in fuse(cell).why_not
    assert_same(*(numbers(make(cell), cell, x, start) for make in (fuse, literal)))
    assert capsys.readouterr().err.count("llvmlite is not installed") == 1


def test_numbers_of_another_kind_than_the_weights_are_refused():
    cell, x, _ = case(LSTMCell)
    with pytest.raises(ValueError, match="of float64, with no empty axis; got Tensor .* of float32"):
        fuse(cell)(x.float())
