"""What a fused cell is compared with: `unroll`, on numbers drawn from a fixed seed; outputs, states and gradients."""

import torch

from course_lib.fuse import fuse
from course_lib.unroll import unroll

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}


def literal(cell):
    """What fuse(cell) should do, through `unroll`."""

    def run(x, *, start=None, every=False):
        trace = unroll(cell, x, start=start)
        return (trace["h"] if every else trace.steps["h"][-1]), trace.final

    return run


def assert_compiled(cell, x, start):
    """Compiled, and where x has a gradient too: otherwise `unroll` would be compared with itself.

    A cell whose docstring says so runs step by step.
    """
    if "runs step by step" in (type(cell).__doc__ or ""):
        return
    assert fuse(cell).why_not is None
    hidden, _ = fuse(cell)(x.clone().requires_grad_(), start=start, every=True)
    assert hidden.grad_fn.name() == "ThroughBackward"


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
    loss = sum((value * torch.randn(value.shape, generator=generator).to(x.dtype)).sum() for value in outputs.values())
    inputs = dict(cell.named_parameters()) | {f"start {name}": value for name, value in (start or {}).items()}
    inputs |= {"x": x} if grad_x else {}
    gradients = torch.autograd.grad(loss, list(inputs.values()), allow_unused=True, materialize_grads=True)
    gradients = {f"gradient of {name}": gradient for name, gradient in zip(inputs, gradients)}
    return {name: value.detach() for name, value in (outputs | gradients).items()}


def exactly(cell, x, start, every=True):
    """The numbers of `unroll` in float64, which cell is in afterwards."""
    start = {name: value.double() for name, value in start.items()}
    return numbers(literal(cell.double()), cell, x.double(), start, every=every)


def assert_same(got, wanted, exact=None):
    """Equal but for a tolerance relative to the largest number of each tensor.

    exact    the same by `exactly`: where float32 has few digits left, got may then be thirty times as far from it as
             what is wanted is; a wrong sum is further, and is told from rounding in float64
    """
    assert got.keys() == wanted.keys()
    own = max((furthest(value, exact[name]) for name, value in wanted.items()), default=0) if exact else 0
    for name, value in wanted.items():
        error = furthest(got[name], value)
        assert error <= max(TOLERANCE[value.dtype], 30 * own), f"{name}: relative error {error:.1e}"


def furthest(got, wanted):
    """How far apart two tensors are, relative to the largest number of the second."""
    return (got.to(wanted.dtype) - wanted).abs().max() / wanted.abs().max().clamp(min=1e-30)
