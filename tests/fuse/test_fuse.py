"""A fused cell gives the numbers of `unroll`, forward and backward, whatever the cell and the sizes."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from literal import TOLERANCE, assert_compiled, assert_same, case, exactly, literal, numbers
from strangers import STRANGERS

from course_lib.cells import CELLS, LSTMCell, RNNCell
from course_lib.fuse import compile as compile_module
from course_lib.fuse import fuse, tell_once
from course_lib.fuse import layout as layout_module

every_cell = pytest.mark.parametrize("Cls", CELLS, ids=lambda Cls: Cls.__name__)


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
    assert_compiled(cell, x, start)
    got, wanted = (numbers(make(cell), cell, x, start, every=every) for make in (fuse, literal))
    assert_same(got, wanted, exactly(cell, x, start, every=every))


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("Cls", CELLS + STRANGERS, ids=lambda Cls: Cls.__name__)
def test_saturated_gates_agree_too(Cls, dtype):
    """1 - y² has no exact digits left where y is nearly 1, so the error is measured against the largest gradient.

    A step may overflow where gates saturate; then it does in both.
    """
    cell, x, start = case(Cls, dtype=dtype, time=2, scale=20.0)
    assert_compiled(cell, 5 * x, start)
    got, wanted = (numbers(make(cell), cell, 5 * x, start) for make in (fuse, literal))
    assert all(torch.equal(got[name].isfinite(), value.isfinite()) for name, value in wanted.items())
    got, wanted = ({name: value.nan_to_num(0, 0, 0) for name, value in found.items()} for found in (got, wanted))
    largest = max(value.abs().max() for value in wanted.values())
    assert all((got[name] - value).abs().max() <= TOLERANCE[dtype] * largest for name, value in wanted.items())


@every_cell
def test_frames_that_were_not_kept_are_computed_again(Cls, monkeypatch):
    cell, x, start = case(Cls, time=23)
    kept = numbers(fuse(cell), cell, x, start)
    monkeypatch.setattr(layout_module, "LIMITS", layout_module.Limits(keep=0, chunk=0))
    assert_compiled(cell, x, start)
    assert_same(numbers(fuse(cell), cell, x, start), kept)


def test_the_way_back_does_not_touch_h_of_every_step_which_is_the_users_by_then(monkeypatch):
    monkeypatch.setattr(layout_module, "LIMITS", layout_module.Limits(keep=0, chunk=0))
    cell, x, start = case(LSTMCell, time=23)
    assert_compiled(cell, x, start)
    hidden, _ = fuse(cell)(x, every=True)
    loss = hidden.sum()
    hidden.detach().fill_(7.0)
    torch.autograd.grad(loss, list(cell.parameters()))
    assert (hidden == 7.0).all()


@pytest.mark.parametrize("batch", [1, 2, 7, 150])
def test_the_batch_is_dealt_to_threads_and_nothing_is_lost(batch, monkeypatch):
    monkeypatch.setattr(layout_module, "LIMITS", layout_module.Limits(small=0))
    cell, x, start = case(LSTMCell, batch=batch)
    wanted, threads = numbers(literal(cell), cell, x, start), torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        assert_compiled(cell, x, start)
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


def test_numbers_of_another_kind_than_the_weights_are_refused():
    cell, x, _ = case(LSTMCell)
    with pytest.raises(ValueError, match="of float64, with no empty axis; got Tensor .* of float32"):
        fuse(cell)(x.float())


def test_without_llvmlite_cells_run_step_by_step_and_say_so_once(monkeypatch, capsys):
    monkeypatch.setattr(compile_module, "llvm", None)
    tell_once.cache_clear()
    cell, x, start = case(LSTMCell)
    assert "llvmlite" in fuse(cell).why_not
    assert_same(*(numbers(make(cell), cell, x, start) for make in (fuse, literal)))
    assert capsys.readouterr().err.count("llvmlite is not installed") == 1


def test_a_state_taken_for_the_pair_of_pytorch_is_refused_with_what_would_do():
    cell, x, _ = case(LSTMCell)
    with pytest.raises(ValueError, match=r"Write h, c = final.values\(\)"):
        _, (h, c) = fuse(cell)(x)
    _, final = fuse(cell)(x)
    h, c = final.values()
    assert torch.equal(h, final["h"]) and dict(final).keys() == (final | {}).keys() == {"h", "c"}
