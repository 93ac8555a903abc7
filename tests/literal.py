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
    """Compiled, and where x has a gradient too: otherwise `unroll` would be compared with itself."""
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
