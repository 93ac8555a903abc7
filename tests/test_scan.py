"""The parallel scan gives the numbers of the literal one, and both are what their equation says."""

import pytest
import torch

from course_lib.cells import MinGRUCell, MinLSTMCell
from course_lib.scan import scan_parallel, scan_steps
from course_lib.unroll import unroll

both = pytest.mark.parametrize("scan", [scan_steps, scan_parallel])


def some(steps, dtype=torch.float64):
    """a in (0, 1), b, and a start."""
    torch.manual_seed(0)
    a, b = torch.rand(2, steps, 3, dtype=dtype), torch.randn(2, steps, 3, dtype=dtype)
    return a.requires_grad_(), b.requires_grad_(), torch.randn(2, 3, dtype=dtype, requires_grad=True)


@both
def test_every_step_is_a_times_the_last_plus_b(scan):
    a, b, start = some(9)
    x = scan(a, b, start=start)
    before = torch.cat([start[:, None], x[:, :-1]], dim=1)
    torch.testing.assert_close(x, a * before + b, rtol=1e-12, atol=1e-12)


@both
def test_the_start_is_zero_unless_given(scan):
    a, b, start = some(5)
    torch.testing.assert_close(scan(a, b), scan(a, b, start=torch.zeros_like(start)), rtol=0, atol=0)
    torch.testing.assert_close(scan(a, b)[:, 0], b[:, 0], rtol=0, atol=0)


@both
def test_one_step_from_zero_is_b(scan):
    a, b, _ = some(1)
    assert torch.equal(scan(a, b), b)


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 7, 8, 64, 100])
def test_numbers_and_gradients_agree(steps):
    a, b, start = some(steps)
    mixture = torch.randn(2, steps, 3, dtype=torch.float64)
    results = []
    for scan in (scan_steps, scan_parallel):
        x = scan(a, b, start=start)
        results.append((x, *torch.autograd.grad((x * mixture).sum(), (a, b, start))))
    for got, wanted in zip(*results):
        torch.testing.assert_close(got, wanted, rtol=1e-11, atol=1e-12)


@both
@pytest.mark.parametrize("value", [0.0, 1e-30, 1.0, -1.0])
def test_a_may_be_zero_tiny_or_one_for_a_thousand_steps(scan, value):
    a, b = torch.full((1, 1000, 2), value), torch.ones(1, 1000, 2)
    last = {0.0: 1.0, 1e-30: 1.0, 1.0: 1000.0, -1.0: 0.0}[value]
    assert scan(a, b)[0, -1].tolist() == [last, last]


@both
def test_it_is_what_is_left_of_cells_whose_gates_do_not_see_the_state(scan):
    torch.manual_seed(0)
    x, start = torch.randn(2, 20, 3, dtype=torch.float64), {"h": torch.randn(2, 4, dtype=torch.float64)}
    for Cls, keep, write in ((MinGRUCell, "update", None), (MinLSTMCell, "forget", "input")):
        cell = Cls(3, 4).double()
        trace = unroll(cell, x, start=start)
        a = trace[keep]
        b = (trace[write] if write else 1 - a) * cell.n(x)
        torch.testing.assert_close(scan(a, b, start=start["h"]), trace["h"], rtol=1e-11, atol=1e-12)


@both
def test_shapes_that_do_not_fit_are_refused(scan):
    ones = torch.ones(2, 5, 3)
    for a, b in ((ones, ones[:, :4]), (ones[0], ones[0]), (ones[:, :0], ones[:, :0])):
        with pytest.raises(ValueError, match=r"a scan needs [ab] as a tensor \(batch.*, time.*, hidden.*\)"):
            scan(a, b)
    with pytest.raises(ValueError, match=r"a scan needs start as a tensor \(batch 2, hidden 3\)"):
        scan(ones, ones, start=torch.ones(3))
    for name, given in (("a", (ones / 0, ones)), ("b", (ones, ones / 0))):
        with pytest.raises(ValueError, match=f"a scan needs finite {name}; got 30 NaN or infinite"):
            scan(*given)


@both
def test_a_scan_keeps_to_one_kind_of_number_in_one_place(scan):
    a, b, start = torch.full((2, 3, 4), 0.5), torch.ones(2, 3, 4), torch.ones(2, 4)
    for wrong in ({"b": b.double()}, {"start": start.double()}, {"b": b.to("meta")}, {"start": start.to("meta")}):
        given = {"b": b, "start": start} | wrong
        with pytest.raises(ValueError, match=f"a scan needs {next(iter(wrong))}"):
            scan(a, **given)
