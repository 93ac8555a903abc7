"""A step that does what cannot be read from it is compiled right, or runs step by step; it is never wrong."""

import random
import sys
import threading

import numpy as np
import pytest
import torch
from literal import assert_same, case, literal, numbers
from torch import nn, tanh
from torch.autograd import forward_ad

from course_lib.cells import Cell, LSTMCell, RNNCell
from course_lib.fuse import fuse, tell_once
from course_lib.tasks import Adding
from course_lib.training import build, train
from course_lib.unroll import unroll


class Doubled(torch.autograd.Function):
    """Twice a, with a gradient of its own."""

    @staticmethod
    def forward(ctx, a):
        return a * 2

    @staticmethod
    def backward(ctx, g):
        return g * 5


class Own(RNNCell):
    """An RNNCell whose step goes through `change`."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.counts, self.generator = [0], torch.Generator().manual_seed(0)

    def step(self, gate, x, h):
        return {"h": self.change(tanh(self.h(x, h)))}


class OwnGeneratorCell(Own):
    def change(self, h):
        return h * torch.rand(4, generator=self.generator, dtype=h.dtype)


class NumpyCell(Own):
    def change(self, h):
        return h * np.random.rand()


class RandomCell(Own):
    def change(self, h):
        return h * random.random()


class ListCountingCell(Own):
    def change(self, h):
        self.counts[0] += 1
        return h / self.counts[0]


class OwnGradientCell(Own):
    def change(self, h):
        return Doubled.apply(h)


class NoFiniteGradientCell(Own):
    def change(self, h):
        return Doubled.apply(torch.log(h))


class AutocastCell(Own):
    def change(self, h):
        with torch.autocast("cpu", torch.bfloat16):
            return self.h.U(h).to(h.dtype)


class KindCell(Own):
    def change(self, h):
        return h * 2 if isinstance(h, torch.Tensor) else h


class ClosureCountingCell(Own):
    def change(self, h, seen=[]):  # noqa: B006
        seen.append(None)
        return h if len(seen) % 7 else h / 2


class DropoutCell(Own):
    def change(self, h):
        return nn.functional.dropout(h, 0.5, self.training)


class PartInPlaceCell(Own):
    def change(self, h):
        h = h.clone()
        h[:, 0] = 0
        return h


class WithoutGradientCell(Own):
    def change(self, h):
        with torch.no_grad():
            k = h * 2
        return h + k


class InPlaceCell(Own):
    def change(self, h):
        b = h * 1
        a = b
        a += 1
        return b * h


@pytest.mark.parametrize(
    ("Cls", "reason"),
    [(OwnGeneratorCell, "not the same twice"), (NumpyCell, "not the same twice"), (RandomCell, "not the same twice"),
     (ListCountingCell, "not the same twice"), (OwnGradientCell, "do not give the gradient"),
     (KindCell, "do not give the"), (AutocastCell, "torch.autocast"),
     (DropoutCell, "dropout draws random numbers"), (PartInPlaceCell, "changed in place"),
     (WithoutGradientCell, None), (InPlaceCell, None)],
)  # fmt: skip
def test_the_numbers_are_those_of_unroll_whatever_the_step_does(Cls, reason):
    results = []
    for make in (fuse, literal):
        cell, x, start = case(Cls)
        if make is fuse:
            assert fuse(cell).why_not is None if reason is None else reason in fuse(cell).why_not
        torch.manual_seed(5)
        np.random.seed(5)
        random.seed(5)
        results.append(numbers(make(cell), cell, x, start))
    assert_same(*results)


@pytest.mark.parametrize("Cls", [ClosureCountingCell, NoFiniteGradientCell])
def test_what_only_the_comparison_can_find_is_found(Cls):
    assert "do not give the" in fuse(case(Cls, dtype=torch.float32)[0]).why_not


@pytest.mark.parametrize("every", [False, True])
def test_a_second_derivative_is_that_of_unroll(every):
    cell, x, _ = case(LSTMCell)
    x.requires_grad_()
    found = []
    for make in (fuse, literal):
        hidden, final = make(cell)(x, every=every)
        loss = (hidden * torch.linspace(1, 2, hidden.numel()).view_as(hidden)).sum() + final["c"].square().sum()
        (slope,) = torch.autograd.grad(loss, x, create_graph=True)
        found.append(torch.autograd.grad(slope.square().sum(), cell.f.U.weight)[0])
    torch.testing.assert_close(*found, rtol=1e-10, atol=1e-14)


class LearnedStartCell(RNNCell):
    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.first = self.per_unit()

    def start(self, batch_size):
        return {"h": self.first.expand(batch_size, -1)}


def test_a_cell_starts_where_it_says_and_can_learn_that():
    cell, x, _ = case(LearnedStartCell)
    assert fuse(cell).why_not is None
    got, wanted = (numbers(make(cell), cell, x) for make in (fuse, literal))
    assert_same(got, wanted)
    assert (got["gradient of first"] != 0).any()


class AnnealedCell(Own):
    rate = 0.3

    def change(self, h):
        return h * self.rate


def test_a_number_that_changes_between_calls_needs_no_new_kernel(monkeypatch):
    cell, x, _ = case(AnnealedCell)
    fuse(cell)(x)
    monkeypatch.setattr("course_lib.fuse.compile.compiled", lambda text: pytest.fail("compiled anew"))
    for cell.rate in (0.31, 0.7, -3.0):
        assert_same(*(numbers(make(cell), cell, x, grad_x=False) for make in (fuse, literal)))
    assert fuse(cell).why_not is None


def test_a_hook_inside_the_cell_is_heard_at_every_step():
    cell, x, _ = case(LSTMCell)
    heard = []
    cell.f.W.register_forward_hook(lambda *_: heard.append(1))
    fuse(cell)(x)
    assert "hook" in fuse(cell).why_not and len(heard) == x.shape[1]


class WatchedCell(RNNCell):
    def step(self, gate, x, h):
        seen = [sys._getframe()]
        threading.Timer(0.01, seen.clear).start()
        return super().step(gate, x, h)


def test_a_profiler_that_holds_the_frame_of_a_step_for_a_moment_does_not_slow_it_down():
    """Dask's does. A run that it caught went on step by step: several times slower, and rounded otherwise."""
    assert fuse(WatchedCell(2, 3)).why_not is None


def test_the_check_leaves_the_random_streams_as_they_were():
    cell, x, _ = case(LSTMCell)
    kept = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()
    fuse(cell)(x)
    assert torch.equal(torch.get_rng_state(), kept[0])
    assert (np.random.get_state()[1].tolist(), random.getstate()) == kept[1:]


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16, "meta"], ids=str)
def test_other_kinds_of_numbers_run_step_by_step(kind):
    assert "float32" in fuse(LSTMCell(2, 4).to(kind)).why_not


def test_a_cell_without_weights_is_compiled():
    class PlainCell(Cell):
        state = ("h",)

        def step(self, gate, x, h):
            return {"h": tanh(h + x.sum(dim=1, keepdim=True))}

    cell, x = PlainCell(2, 4), torch.randn(3, 5, 2)
    assert fuse(cell).why_not is None
    torch.testing.assert_close(fuse(cell)(x)[0], unroll(cell, x)["h"][:, -1])


def test_training_says_once_why_a_cell_runs_step_by_step(capfd):
    tell_once.cache_clear()
    train(build(DropoutCell, Adding(lag=10)), Adding(lag=10), updates=3)
    assert capfd.readouterr().err.count("DropoutCell runs step by step: line") == 1


class Last(nn.Module):
    """The sum of a cell's hidden state after the last step, for every sequence."""

    def __init__(self, cell):
        super().__init__()
        self.cell = cell

    def forward(self, x):
        return fuse(self.cell)(x)[0].sum(dim=1)


class Literal(Last):
    def forward(self, x):
        return unroll(self.cell, x)["h"][:, -1].sum(dim=1)


def forward_mode(f, x):
    with forward_ad.dual_level():
        return forward_ad.unpack_dual(f(forward_ad.make_dual(x, x.cos()))).tangent


def many_at_once(f, x):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(f(x), x, torch.eye(len(x), dtype=x.dtype), is_grads_batched=True)[0]


def of_the_weights(f, x):
    weights = {name: weight.detach() for name, weight in f.named_parameters()}
    return torch.func.grad(lambda w: torch.func.functional_call(f, w, (x,)).sum())(weights)["cell.f.U.weight"]


@pytest.mark.filterwarnings("ignore")  # of torch, about parts of itself
@pytest.mark.parametrize(
    "use",
    [of_the_weights, forward_mode, many_at_once,
     lambda f, x: torch.func.vmap(f)(torch.stack([x, 2 * x])),
     lambda f, x: torch.func.jvp(f, (x,), (x.cos(),))[1],
     lambda f, x: torch.func.hessian(lambda a: f(a).sum())(x),
     lambda f, x: torch.jit.trace(f, (x,), check_trace=False)(2 * x),
     lambda f, x: torch.compile(f, backend="eager")(x)],
    ids=["func.grad", "forward_ad", "is_grads_batched", "vmap", "jvp", "hessian", "jit.trace", "torch.compile"],
)  # fmt: skip
def test_what_torch_can_wrap_round_a_network_gives_what_it_gives_round_unroll(use):
    cell, x, _ = case(LSTMCell)
    torch.testing.assert_close(use(Last(cell), x), use(Literal(cell), x), rtol=1e-10, atol=1e-14)


def test_h_is_read_wherever_it_stands_among_the_states():
    class LateCell(LSTMCell):
        state = ("c", "h")

    cell, x, _ = case(LateCell)
    torch.testing.assert_close(fuse(cell)(x, every=True)[0], unroll(cell, x)["h"], rtol=1e-10, atol=1e-12)


class SwappedCell(Cell):
    """h is not the first of its states."""

    state = ("c", "h")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.a = self.affine()

    def step(self, gate, x, c, h):
        c = 0.5 * c + 0.5 * h
        return {"h": torch.tanh(self.a(x, c)), "c": c}


def test_states_come_in_the_order_of_the_cell_and_are_compared_by_name():
    cell, x = SwappedCell(2, 4), torch.randn(3, 5, 2)
    assert fuse(cell).why_not is None
    c, h = fuse(cell)(x)[1].values()
    wanted_c, wanted_h = unroll(cell, x).final.values()
    torch.testing.assert_close(c, wanted_c), torch.testing.assert_close(h, wanted_h)


def of_len(self, gate, x, h):
    return {"h": h / len(h)}


OF_THE_BATCH = {
    "/": lambda h, n: h / n,
    "+": lambda h, n: h * (n + 1), "-": lambda h, n: h * (n - 1), "*": lambda h, n: h * (2 * n),
    "//": lambda h, n: h * (n // 2), "%": lambda h, n: h * (n % 2), "**": lambda h, n: h * n**2,
    "negative": lambda h, n: h * -n, "<": lambda h, n: h * (n < 3), ">=": lambda h, n: h * (3 <= n),
    "float": lambda h, n: h * float(n), "truth": lambda h, n: h if n else -h,
}  # fmt: skip


def of_the_batch(does):
    return lambda self, gate, x, h: {"h": does(h, h.shape[0])}


@pytest.mark.parametrize("step", [of_len, *map(of_the_batch, OF_THE_BATCH.values())], ids=["len", *OF_THE_BATCH])
def test_a_step_that_computes_with_the_number_of_sequences_is_told_what_would_do(step):
    cell = type("Own", (Cell,), {"step": step})(2, 4)
    assert "the number of sequences; h.shape[0] may be passed on, as in h.view(h.shape[0], -1)" in fuse(cell).why_not
