"""Every row of operations does what the function of torch does that it names: value and gradient, also at the edges."""

import itertools

import numpy as np
import pytest
import torch

from course_lib.fuse.compile import Kernel
from course_lib.fuse.ir import Function, Target
from course_lib.fuse.number import Number
from course_lib.fuse.ops import LETTERS, ROWS, YES_NO

REAL = {torch.float32: "float", torch.float64: "double"}
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}
BARE = {"softplus": [[1.0, 2.0, 0.5], [20.0, 3.0]], "hardtanh": [[-1.0, 0.0], [1.0, 6.0]],
        "leaky_relu": [[0.01, 0.3]], "elu": [[1.0, 1.7]]}  # arguments that torch wants as bare numbers  # fmt: skip
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
every_kind = pytest.mark.parametrize("dtype", REAL, ids=str)


def edges(dtype):
    """Numbers at which functions have kinks, poles and ends, and some between."""
    limits = torch.finfo(dtype)
    sizes = (
        0.0,
        1e-3,
        0.3,
        0.5,
        1.0,
        1.5,
        2.0,
        2.5,
        3.0,
        3.7,
        10.0,
        30.0,
        100.0,
        1e4,
        1e10,
        0.99 * limits.max,
        torch.inf,
    )
    return [sign * size for size in sizes for sign in (1, -1)] + [torch.nan]


def compiled(row, dtype):
    """A function of arrays g, a, b, ... that gives the value of a row and what each argument gets of the gradient g."""
    letters = LETTERS[: len(row.slopes)]
    target = Target(REAL[dtype])
    f = Function("run", target, {})
    with f.loop("0", f.entry("count"), target.lanes) as i:

        def address_of(name):
            return f.at(f.entry(name, "ptr"), i)

        known = {letter: Number(f, f.load(address_of(letter))) for letter in ("g", *letters)}
        known["y"] = row.value(*(known[letter] for letter in letters))
        f.store(known["y"], address_of("y"))
        for k, slope in enumerate(row.slopes):
            if slope:
                f.store(row.share(k, known.get), address_of(f"d{k}"))
    function = Kernel(f.text()).function("run")

    def run(**given):
        padding = -len(given["g"]) % target.lanes
        arrays = {name: np.pad(values.numpy(), (0, padding)) for name, values in given.items()}
        arrays |= {name: np.zeros_like(arrays["g"]) for name in ["y", *(f"d{k}" for k in range(len(row.slopes)))]}
        table = np.zeros(len(f.entries), np.int64)
        for name, index in f.entries.items():
            table[index] = len(arrays["g"]) if name == "count" else arrays[name].ctypes.data
        function(table.ctypes.data)
        return {name: torch.from_numpy(arrays[name])[: len(given["g"])] for name in arrays if name not in given}

    return run


def wanted(row, g, arguments):
    """The same from torch; nothing for an argument that gets none of the gradient."""
    if row.name in BARE:
        values, slopes = torch.empty_like(g), torch.empty_like(g)
        for bare in itertools.product(*BARE[row.name]):
            here = torch.stack([a == torch.tensor(b, dtype=g.dtype) for a, b in zip(arguments[1:], bare)]).all(dim=0)
            a = arguments[0][here].requires_grad_()
            values[here] = value = row.torch(a, *bare)
            slopes[here] = torch.autograd.grad(value, a, g[here])[0]
        return {"y": values.detach(), "d0": slopes}
    leaves = [a.clone().requires_grad_(slope is not None) for a, slope in zip(arguments, row.slopes)]
    value = row.torch(leaves[0] != 0, *leaves[1:]) if row.name == "where" else row.torch(*leaves)
    result = {"y": value.detach().to(g.dtype)}
    needed = {f"d{k}": leaf for k, leaf in enumerate(leaves) if leaf.requires_grad}
    if value.requires_grad:
        result |= dict(zip(needed, torch.autograd.grad(value, list(needed.values()), g, allow_unused=True)))
    return result


@every_kind
@every_row
def test_a_row_gives_the_value_and_the_gradients_of_torch_also_at_the_edges(row, dtype):
    run, axes = compiled(row, dtype), [edges(dtype)] * len(row.slopes)
    axes[1:] = BARE.get(row.name, axes[1:])
    arguments = [torch.tensor(a, dtype=dtype) for a in zip(*itertools.product(*axes))]
    for gradient in (1.0, 0.0, -2.5):
        g = torch.full_like(arguments[0], gradient)
        got = run(g=g, **dict(zip(LETTERS, arguments)))
        least = 4 * torch.finfo(dtype).tiny * max(1.0, abs(gradient))  # below it numbers count as 0
        for name, value in wanted(row, g, arguments).items():
            if row.name == "pow" and name == "d1":
                least = max(least, 1e-33 if dtype == torch.float32 else 1e-304)  # y is below it, log(a) is not
            if row.name in ("tanh", "sigmoid") and name == "d0":
                least = max(
                    least, 4 * torch.finfo(dtype).eps * max(1.0, abs(gradient))
                )  # 1 - y² has lost its digits, torch's too
            if row.name in ("elu", "hardtanh"):  # of NaN torch gives one gradient or another, by its place in memory
                value = torch.where(arguments[0].isnan(), got[name], value)
            assert got[name].shape == value.shape
            close = torch.isclose(got[name], value, rtol=TOLERANCE[dtype], atol=least, equal_nan=True)
            at = (~close).nonzero()[:, 0][:3]
            assert close.all(), f"{name} at {[a[at] for a in arguments]}: {got[name][at]}, torch has {value[at]}"


@every_kind
@every_row
def test_a_row_is_exact_on_many_numbers(row, dtype):
    """From the least normal number to the greatest, and thick around 1."""
    generator = torch.Generator().manual_seed(0)
    limits, n = torch.finfo(dtype), 4000

    def draw():
        sign = torch.randint(2, (n,), generator=generator, dtype=dtype) * 2 - 1
        low, high = torch.tensor([limits.tiny, limits.max], dtype=dtype).log()
        wide = (low + (high - low) * torch.rand(n, generator=generator, dtype=dtype)).exp()
        near = 3 * torch.randn(n, generator=generator, dtype=dtype)
        return torch.where(torch.rand(n, generator=generator) < 0.5, sign * wide, near).clamp(limits.min, limits.max)

    arguments = [draw() for _ in row.slopes]
    for k, choices in enumerate(BARE.get(row.name, [])):
        arguments[1 + k] = torch.tensor(choices, dtype=dtype)[torch.randint(len(choices), (n,), generator=generator)]
    got = compiled(row, dtype)(g=torch.ones(n, dtype=dtype), **dict(zip(LETTERS, arguments)))
    value = wanted(row, torch.ones(n, dtype=dtype), arguments)["y"]
    torch.testing.assert_close(got["y"], value, rtol=TOLERANCE[dtype], atol=4 * limits.tiny, equal_nan=True)


def test_every_comparison_is_known_as_one():
    for row in ROWS:
        arguments = [torch.ones(1)] * len(row.slopes)
        if row.name not in (*BARE, "where"):
            assert (row.torch(*arguments).dtype == torch.bool) == (row.name in YES_NO)
