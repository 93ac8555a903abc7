"""What a step may do with the axes of a matrix of units is compiled, and gives what `unroll` gives."""

from functools import partial

import pytest
import torch
from literal import assert_compiled, assert_same, case, literal, numbers
from torch import nn, tanh
from torch.nn import functional

from course_lib.cells import Cell
from course_lib.fuse import fuse

SIX = torch.linspace(-1, 1, 36, dtype=torch.float64).reshape(6, 6)
SQUARE = torch.linspace(-1, 1, 9, dtype=torch.float64).reshape(3, 3)
DOES = {  # of a (batch, 2, 3): something of the same shape
    "turn": lambda a: a.flip(1) - 2 * a.flip(-1) + a * a.flip((1, 2)) + 3 * torch.flip(a, [2]) * a.flip(2, 1),
    "roll": lambda a: a.roll(1, 1) + a * a.roll(-1, 2) - 2 * a.roll(4, -1),
    "exchange": lambda a: (
        a.transpose(1, 2).flatten(1).unflatten(1, (2, -1))
        - a * a.permute(0, 2, 1).reshape(-1, 2, 3)
        + 5 * a.swapaxes(1, 2).flatten(1).view_as(a)
        + 7 * torch.permute(a, (0, 2, 1)).reshape((a.shape[0], 2, 3))
    ),
    "parts": lambda a: torch.concatenate(
        [a.narrow(2, 1, 2), a.select(1, 1)[:, None].expand((-1, 2, -1))[..., :1] - 2 * a.unbind(2)[0].unsqueeze(2)], 2
    ),
    "greatest and least": lambda a: (
        (a - 2) * (a - 2).amax(2, keepdim=True) + a * (a - 2).amin(-1).unsqueeze(2) - (a - 2).amax(1, True)
    ),
    "sum products": lambda a: (
        torch.einsum("bik,bkj->bij", torch.einsum("bij,bkj->bik", a, a), a)
        - 2 * torch.einsum("bij,jk->bik", a, SQUARE)
        + a @ SQUARE
    ),
}


class AxesCell(Cell):
    """A step that does what one of DOES does."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.h = self.affine()

    def step(self, gate, x, h):
        return {"h": self.does(tanh(self.h(x, h)).unflatten(1, (2, 3))).flatten(1)}


@pytest.mark.parametrize("does", DOES)
def test_a_matrix_of_units_is_treated_as_torch_does(does):
    Cls = type("AxesCell", (AxesCell,), {"does": staticmethod(DOES[does])})
    cell, x, start = case(Cls, batch=2, time=3, hidden=6)
    assert_compiled(cell, x, start)
    assert_same(*(numbers(make(cell), cell, x, start) for make in (fuse, literal)))
    x.requires_grad_()
    seconds = []
    for make in (fuse, literal):
        (slope,) = torch.autograd.grad(make(cell)(x)[0].sum(), x, create_graph=True)
        seconds.append(torch.autograd.grad(slope.square().sum(), cell.h.U.weight)[0])
    torch.testing.assert_close(*seconds, rtol=1e-10, atol=1e-14)


def filled(a):
    zero, full = 1 * a, 1 * a
    zero.zero_()
    full.fill_(0.7)
    shape = a.shape[0], 6
    return (zero + 1) * full + torch.zeros_like(a) - 2 * torch.ones_like(a) + torch.full_like(a, 0.3) + (
        a.new_zeros(shape) + 3 * a.new_ones(a.shape[0], 6) * a + a.new_full(shape, 0.2)
    )  # fmt: skip


COMPONENTS = {  # of two (batch, 6): something of the same shape, each part with a weight of its own
    "sums and quotients": lambda a, b: (
        torch.add(a, b, alpha=2) - 3 * torch.sub(a, b, alpha=3) + 5 * torch.rsub(a, b, alpha=2) + 2 / (a + 3)
        + torch.addmm(a, b, SIX, beta=2, alpha=0.5) + torch.addmm(b, a, SIX) - torch.mm(a, SIX.T)
        - 7 * torch.addcdiv(a, b, a + 3, value=0.5) + 0.3 * torch.addcmul(a, a, b, value=2) - torch.lerp(a, b, 0.3)
        + 2 * torch.addcdiv(b, a, b + 3) - 3 * torch.addcmul(b, a, a)
    ),
    "parts and powers": lambda a, b: (
        (3 * a).trunc() - (3 * a).fix() * b - 3 * (3 * a).ceil() + 5 * (3 * b).frac() + 7 * torch.remainder(3 * a, 0.7)
        - (2 * b) % 0.3
        - 0.3 * torch.fmod(3 * b, 0.7) + 0.5**a + torch.exp2(a) - 2 * torch.log2(a + 3) + 3 * torch.log10(b + 3)
    ),
    "bounds and choices": lambda a, b: (
        a.clamp(-0.3, 0.4) - 3 * b.clip(min=-0.2) + 5 * torch.max(a, b) + 7 * torch.min(a, 2 * b) + 2 * b.square()
        + torch.where((a > b) & ~(a > 0) | (b > 0.2) ^ (a < b), a, 2 * b) + b.type_as(a) * a.view_as(b)
        + torch.where(torch.bitwise_or(a > b, torch.bitwise_not(a > 0)), b, torch.bitwise_xor(a > 0, b > 0).to(a.dtype))
        - 0.3 * a.masked_fill(b > 0, 0.5) + 5 * (torch.cat([a[:, :3] > 0, b[:, 3:] > 0.1], 1) & (a < b)).to(a.dtype)
    ),
    "bends of the literature": lambda a, b: (
        functional.gelu(2 * a) - 3 * functional.gelu(2 * b, approximate="tanh")
        + 7 * functional.hardswish(4 * b) - 0.3 * functional.glu(torch.concat([2 * a, 3 * b], 1), 1)
    ),
    "norms": lambda a, b: (
        functional.log_softmax(a, 1) - 3 * torch.logsumexp(b, 1, keepdim=True) + 5 * a.logsumexp(1)[:, None]
        + 7 * a.std(1, keepdim=True) - 0.3 * b.var(1, unbiased=False)[:, None]
        + 2 * a.var(1, correction=2, keepdim=True)
        + functional.normalize(b) - 3 * torch.linalg.vector_norm(a, dim=1, keepdim=True) + b.norm(dim=1).unsqueeze(1)
        + a.mean(1, keepdim=True) * SIX[0]
        + 5 * functional.rms_norm(a, (6,), eps=0.1) - 7 * functional.rms_norm(b, (6,))
    ),
    "what a value says of itself": lambda a, b: (
        a * a.ndim + 3 * b * a.dim() - 5 * a * a.shape[1] * b.size(-1) + 7 * b.to(a.device, dtype=a.dtype)
        + torch.ones(6, device=a.device, dtype=a.dtype) + (a if b.device.type == "cpu" else 2 * a)
    ),
    "bends and fillings": lambda a, b: (
        functional.silu(a) - 3 * functional.mish(b) + 5 * functional.relu6(3 * a) + 7 * functional.selu(b)
        - 0.3 * functional.softsign(a) + functional.tanhshrink(b) + filled(a) * b
    ),
}  # fmt: skip


class TwoCell(AxesCell):
    """A step that does what one of COMPONENTS does with h and x."""

    def step(self, gate, x, h):
        return {"h": self.does(tanh(self.h(x, h)), tanh(self.h.W(x) - 0.1)) / 20}


@pytest.mark.parametrize("does", COMPONENTS)
def test_what_is_made_of_other_operations_is_what_torch_makes(does):
    Cls = type("TwoCell", (TwoCell,), {"does": staticmethod(COMPONENTS[does])})
    cell, x, start = case(Cls, batch=2, time=3, hidden=6, scale=2.0)
    assert_compiled(cell, x, start)
    assert_same(*(numbers(make(cell), cell, x, start) for make in (fuse, literal)))


class OfTorchCell(Cell):
    """One of torch's own cells as a step."""

    state, made = ("h", "c"), None

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.inner = self.uniform(type(self).made(input_size, hidden_size))

    def step(self, gate, x, h, c):
        found = self.inner(x, (h, c) if isinstance(self.inner, nn.LSTMCell) else h)
        h, c = found if isinstance(found, tuple) else (found, 0.5 * c)
        return {"h": h, "c": c}


OF_TORCH = {
    "LSTM": nn.LSTMCell,
    "GRU": nn.GRUCell,
    "tanh": nn.RNNCell,
    "relu": partial(nn.RNNCell, nonlinearity="relu"),
}


@pytest.mark.parametrize("made", OF_TORCH.values(), ids=OF_TORCH)
def test_a_cell_of_torch_is_compiled(made):
    Cls = type("OfTorchCell", (OfTorchCell,), {"made": staticmethod(made)})
    cell, x, start = case(Cls, batch=2, time=3)
    assert_compiled(cell, x, start)
    assert_same(*(numbers(make(cell), cell, x, start) for make in (fuse, literal)))
