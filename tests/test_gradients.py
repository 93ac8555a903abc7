"""The derivatives of the library against autograd's own, in double precision."""

import numpy as np
import pytest
import torch

from course_lib import gradients
from course_lib.cells import CELLS, LSTM1997Cell, LSTMCell, MinGRUCell, RNNCell
from course_lib.initialise import initialise
from course_lib.tasks import Batch, Task
from course_lib.training import Network
from course_lib.unroll import unroll

every_cell = pytest.mark.parametrize("Cell", CELLS, ids=lambda Cell: Cell.__name__)


class Mean(Task):
    """A task whose loss is the mean square of the output at the last step."""

    def loss(self, output, batch):
        return (output**2).mean()


@pytest.fixture
def double():
    """Sequences (2, 6, 3) in double precision, and a seed."""
    torch.manual_seed(0)
    return torch.randn(2, 6, 3, dtype=torch.float64)


@every_cell
def test_jacobians_are_those_of_autograd(Cell, double):
    cell = Cell(3, 4).double()
    for of in cell.state:
        for wrt in cell.state:
            got = gradients.jacobians(cell, double, of=of, wrt=wrt)

            def last(start, of=of, wrt=wrt):
                return unroll(cell, double[:1], start=cell.start(1) | {wrt: start}).final[of]

            wanted = torch.autograd.functional.jacobian(last, cell.start(1)[wrt])[0, :, 0]
            np.testing.assert_allclose(got[0, 0], wanted, atol=1e-12)


def test_a_jacobian_within_the_sequence_is_that_of_the_rest_of_the_sequence(double):
    cell = RNNCell(3, 4).double()
    whole, tail = gradients.jacobians(cell, double, of="h"), unroll(cell, double[:, :2]).final
    start = {name: value.detach() for name, value in tail.items()}
    wanted = torch.autograd.functional.jacobian(
        lambda h: unroll(cell, double[:, 2:], start={"h": h}).final["h"].sum(0), start["h"]
    )
    np.testing.assert_allclose(whole[2, 1], wanted[:, 1], atol=1e-12)
    np.testing.assert_allclose(whole[-1, 0], np.eye(4), atol=0)


def test_the_direct_path_is_all_there_is_when_gates_do_not_see_the_state(double):
    split = gradients.paths(MinGRUCell(3, 4).double(), double)
    np.testing.assert_allclose(split.rest, 0, atol=1e-15)
    assert (split.direct[0] > 0).all()


def test_the_direct_path_is_the_whole_when_the_rest_is_cut(double):
    cell = LSTMCell(3, 4).double()
    with torch.no_grad():
        for gate in (cell.f, cell.i, cell.o, cell.g):
            gate.U.weight.zero_()
    split = gradients.paths(cell, double)
    np.testing.assert_allclose(split.rest[0], 0, atol=1e-15)
    cell = LSTMCell(3, 4).double()
    assert abs(gradients.paths(cell, double).rest[0]).max() > 1e-6


def test_the_direct_path_of_the_cell_of_1997_is_exactly_one(double):
    split = gradients.paths(LSTM1997Cell(3, 4).double(), double)
    assert (split.direct == 1).all()
    assert set(split.sizes()) == {"total", "direct", "rest"}
    np.testing.assert_allclose(split.sizes()["direct"], 1)


def test_a_cell_without_a_direct_path_says_so(double):
    with pytest.raises(ValueError, match="RNNCell has no direct path"):
        gradients.paths(RNNCell(3, 4).double(), double)
    with pytest.raises(ValueError, match=r"RNNCell has no state 'c'; choices: h"):
        gradients.jacobians(RNNCell(3, 4).double(), double, of="c")


@every_cell
def test_contributions_of_the_steps_add_up_to_the_whole_gradient(Cell, double):
    network = Network(Cell(3, 4), 1).double()
    batch = Batch(double, torch.zeros(2, 1))
    rows = gradients.weight_gradient_per_step(network, Mean(lag=6), batch)
    loss = Mean(lag=6).loss(network.read(unroll(network.cell, double)["h"]), batch)
    whole = torch.autograd.grad(loss, list(network.cell.parameters()), materialize_grads=True)
    np.testing.assert_allclose(rows.sum(0), torch.cat([w.flatten() for w in whole]).numpy(), atol=1e-12)
    assert len(rows) == 6 and abs(rows[-1]).max() > 0


def test_gradient_per_step_is_the_derivative_by_a_nudge(double):
    network = Network(LSTMCell(3, 4), 1).double()
    batch = Batch(double[:1], torch.zeros(1, 1))
    got = gradients.gradient_per_step(network, Mean(lag=6), batch)
    start = {k: v.detach().requires_grad_() for k, v in unroll(network.cell, double[:1, :4]).final.items()}
    loss = Mean(lag=6).loss(network.read(unroll(network.cell, double[:1, 4:], start=start)["h"]), batch)
    slope = torch.autograd.grad(loss, list(start.values()))[0]  # by h alone: c is a separate leaf here
    assert got["h"][3] == pytest.approx(slope.norm().item(), rel=1e-10)
    assert got["c"].shape == (6,) and (got["c"] > 0).all()


def test_gradient_per_step_is_the_mean_over_sequences_each_taken_by_its_own_loss(double):
    network = Network(LSTMCell(3, 4), 1).double()
    whole, *alone = (
        gradients.gradient_per_step(network, Mean(lag=6), Batch(x, torch.zeros(len(x), 1)), override={"input": 0.5})
        for x in (double, *double.split(1))
    )
    for name in ("h", "c"):
        np.testing.assert_allclose(whole[name], np.mean([one[name] for one in alone], axis=0), rtol=1e-12)


@pytest.mark.parametrize("Cell", [LSTMCell, LSTM1997Cell], ids=lambda Cell: Cell.__name__)
def test_detours_add_up_to_the_gradient_and_without_one_it_is_the_product_of_the_gates(Cell, double):
    network = Network(Cell(3, 4), 1).double()
    batch = Batch(double, torch.zeros(2, 1))
    rows = gradients.gradient_by_detours(network, Mean(lag=6), batch)
    trace = unroll(network.cell, double)
    loss = Mean(lag=6).loss(network.read(trace["h"]), batch) * 2
    first, last = torch.autograd.grad(loss, [trace.steps["c"][0], trace.steps["c"][-1]])
    np.testing.assert_allclose(rows.sum(0), first.numpy(), atol=1e-14)
    kept = trace["forget"][:, 1:].prod(dim=1) if "forget" in network.cell.gates else 1
    np.testing.assert_allclose(rows[0], (last * kept).detach().numpy(), atol=1e-14)
    assert rows.shape == (6, 2, 4) and (abs(rows[:5]).max(axis=(1, 2)) > 0).all()


def test_detours_scale_with_the_weights_that_bring_them_back(double):
    network = Network(LSTMCell(3, 4), 1).double()
    batch = Batch(double[:, :2], torch.zeros(2, 1))  # one step back: there is one detour at most
    rows = gradients.gradient_by_detours(network, Mean(lag=2), batch)
    assert (rows[1] != 0).any()
    with torch.no_grad():
        for part in (network.cell.f, network.cell.i, network.cell.o, network.cell.g):
            part.U.weight.zero_()
    rows = gradients.gradient_by_detours(network, Mean(lag=2), batch)
    assert (rows[0] != 0).any() and (rows[1] == 0).all()


def test_detours_are_refused_where_there_is_no_memory_to_leave(double):
    batch = Batch(double, torch.zeros(2, 1))
    with pytest.raises(ValueError, match="needs a cell with a memory beside h, such as LSTMCell; got"):
        gradients.gradient_by_detours(Network(MinGRUCell(3, 4), 1).double(), Mean(lag=6), batch)
    with pytest.raises(ValueError, match="judged at its last step"):
        wanted = Batch(double, torch.zeros(2, 1), torch.tensor([2, 3]))
        gradients.gradient_by_detours(Network(LSTMCell(3, 4), 1).double(), Mean(lag=6), wanted)


def test_half_life_halves_and_time_constant_is_one_over_what_is_lost():
    assert 0.9 ** gradients.half_life(0.9) == pytest.approx(0.5)
    assert gradients.half_life(1.0) == np.inf and gradients.half_life(0.0) == 0
    np.testing.assert_allclose(gradients.time_constant([0.0, 0.5, 0.99]), [1, 2, 100])
    with pytest.raises(ValueError, match=r"half_life needs gate, every one, as a number from 0 to 1; got 1.5"):
        gradients.half_life(1.5)


def test_the_size_of_a_part_is_its_largest_stretch_and_that_of_a_batch_the_geometric_mean():
    total = np.zeros((1, 2, 2, 2))
    total[0] = [[3.0, 0.0], [0.0, 4.0]], [[0.0, 1.0], [-1.0, 0.0]]  # stretches by 4 and by 1; the entries' norm is more
    sizes = gradients.Paths(total, np.array([[[3.0, -4.0], [9.0, 0.0]]])).sizes()
    assert sizes["total"] == pytest.approx([2.0]) and sizes["direct"] == pytest.approx([6.0])
    assert sizes["rest"] == pytest.approx([np.sqrt(8.0 * np.linalg.norm([[-9.0, 1.0], [-1.0, 0.0]], 2))])


def test_a_gate_clamped_to_one_keeps_the_direct_path_at_one(double):
    cell = initialise(LSTMCell(3, 4), "forget_bias", bias=-3.0).double()
    assert gradients.paths(cell, double).direct[0].max() < 1e-4
    assert (gradients.paths(cell, double, override={"forget": 1.0}).direct[0] == 1).all()
