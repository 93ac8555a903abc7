"""Cells from the literature, as their authors write them, are compiled and give the numbers of `unroll`."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from literal import TOLERANCE, assert_compiled, assert_same, exactly, literal, numbers
from published import PUBLISHED, SLSTMCell

from course_lib.fuse import fuse
from course_lib.unroll import unroll

every_cell = pytest.mark.parametrize("Cls", PUBLISHED, ids=lambda Cls: Cls.__name__)


def case(Cls, *, batch, time, inputs, hidden, dtype):
    """(cell, x, start); the start is the cell's own and a little more, since a normaliser must not be negative."""
    torch.manual_seed(0)
    cell = Cls(inputs, hidden).to(dtype)
    x = torch.randn(batch, time, inputs, dtype=dtype)
    return cell, x, {name: value + 0.1 * torch.rand_like(value) for name, value in cell.start(batch).items()}


@every_cell
def test_a_published_cell_is_compiled(Cls):
    assert fuse(Cls(2, 4)).why_not is None


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@every_cell
@settings(max_examples=6)
@given(sizes=st.tuples(st.integers(1, 9), st.integers(1, 12), st.integers(1, 5), st.sampled_from([5, 7, 16, 33])))
def test_a_published_cell_gives_the_numbers_and_gradients_of_unroll(Cls, dtype, sizes):
    batch, time, inputs, hidden = sizes
    cell, x, start = case(Cls, batch=batch, time=time, inputs=inputs, hidden=hidden, dtype=dtype)
    got, wanted = (numbers(make(cell), cell, x, start) for make in (fuse, literal))
    assert_same(got, wanted, exactly(cell, x, start))


@pytest.mark.parametrize("heads", [1, 2, 4])
def test_recurrent_matrices_may_be_blocks_a_block_per_head(heads):
    cell, x, start = case(lambda *sizes: SLSTMCell(*sizes, heads=heads), batch=3, time=5, inputs=2, hidden=32,
                          dtype=torch.float64)  # fmt: skip
    assert_compiled(cell, x, start)
    assert_same(*(numbers(make(cell), cell, x, start) for make in (fuse, literal)))


def test_a_state_may_be_a_matrix(Cls=PUBLISHED[-2]):
    cell = Cls(3, 4)
    x = torch.randn(2, 5, 3)
    hidden, final = fuse(cell)(x)
    assert {name: tuple(value.shape) for name, value in final.items()} == {
        "h": (2, 4), "C": (2, 4, 4), "n": (2, 4), "m": (2, 1)}  # fmt: skip
    again, _ = fuse(cell)(x, start=final)
    torch.testing.assert_close(again, unroll(cell, x, start=final)["h"][:, -1], rtol=1e-5, atol=1e-6)
    x, seconds = x.double().requires_grad_(), []
    for make in (fuse, literal):
        (slope,) = torch.autograd.grad(make(cell.double())(x)[0].sum(), x, create_graph=True)
        seconds.append(torch.autograd.grad(slope.square().sum(), x)[0])
    torch.testing.assert_close(*seconds, rtol=1e-10, atol=1e-14)
    x, cell = x.detach().float(), cell.float()
    with pytest.raises(ValueError, match=r"MLSTMCell needs start\['C'\] as a tensor \(batch 2, hidden 4, third 4\)"):
        fuse(cell)(x, start=final | {"C": torch.zeros(2, 4)})
