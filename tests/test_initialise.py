"""Initialisations do what their names say, and say so where they cannot."""

import re

import pytest
import torch
from strangers import STRANGERS

from course_lib.cells import (
    CELLS,
    LeakyCell,
    LSTM1997Cell,
    LSTMCell,
    MinLSTMCell,
    ReLURNNCell,
    RNNCell,
)  # fmt: skip
from course_lib.initialise import (
    INITIALISATIONS,
    by_hand,
    gate_bias,
    initialise,
    memory_biases,
    named_weights,
)
from course_lib.tasks import Counting
from course_lib.training import build
from course_lib.unroll import unroll

gated = [Cell for Cell in CELLS + STRANGERS if Cell.memory and Cell.memory[0]]
every_gated_cell = pytest.mark.parametrize("Cell", gated, ids=lambda Cell: Cell.__name__)


def logistic(Cell):
    """Whether the equations say that the gate on the memory is a σ; minLSTM's is one as its two biases are opposite."""
    return Cell is MinLSTMCell or re.search(rf"^ *{Cell.letters[Cell.memory[0]]} +=  ?σ\(", Cell.__doc__, re.MULTILINE)


def test_there_are_gated_cells_to_test():
    assert len(gated) >= 10 and sum(map(bool, map(logistic, gated))) >= 10


def at_rest(cell, bias):
    """The gate on the memory (hidden,) of a cell that sees and remembers nothing, with forget_bias at bias."""
    return unroll(initialise(cell, "forget_bias", bias=bias), torch.zeros(1, 1, 3))[cell.memory[0]][0, 0]


@every_gated_cell
def test_the_memory_is_kept_the_more_the_higher_its_bias(Cell):
    cell = Cell(3, 4)
    low, middle, high = (at_rest(cell, bias) for bias in (-4.0, 0.0, 4.0))
    assert (low < middle).all() and (middle < high).all(), (
        f"{Cell.__name__} needs kept_by = {{bias: sign}}, the biases that open its gate {Cell.memory[0]!r}, each with "
        f"the sign with which it does; got {memory_biases(cell)} with gates {low}, {middle}, {high} at -4, 0 and 4"
    )


@pytest.mark.parametrize("Cell", [Cell for Cell in gated if logistic(Cell)], ids=lambda Cell: Cell.__name__)
@pytest.mark.parametrize("bias", [-1.0, 2.0])
def test_forget_bias_is_the_gate_that_is_seen_when_nothing_else_speaks(Cell, bias):
    kept = at_rest(Cell(3, 4), bias)
    torch.testing.assert_close(kept, torch.sigmoid(torch.tensor(bias)).expand_as(kept))


@every_gated_cell
def test_chrono_spreads_the_time_constants_between_two_steps_and_the_lag(Cell):
    torch.manual_seed(0)
    cell = initialise(Cell(3, 500), "chrono", lag=10)
    bias, sign = memory_biases(cell)[0]
    constants = 1 / (1 - torch.sigmoid(sign * bias))
    assert 2 <= constants.min() < 2.2 and 9.8 < constants.max() <= 10.001


def test_chrono_gives_the_input_gate_the_opposite_bias():
    cell = initialise(LSTMCell(3, 4), "chrono", lag=50)
    torch.testing.assert_close(cell.i.U.bias, -cell.f.U.bias)


@pytest.mark.parametrize("Cell", [Cell for Cell in CELLS if Cell.identity], ids=lambda Cell: Cell.__name__)
def test_identity_keeps_a_small_state_without_input(Cell):
    cell = initialise(Cell(3, 4), "identity")
    kept = cell.state[-1]
    start = cell.start(1) | {kept: torch.full((1, 4), 0.01)}
    final = unroll(cell, torch.zeros(1, 3, 3), start=start).final[kept]
    torch.testing.assert_close(final, start[kept], rtol=1e-3, atol=0)


@pytest.mark.parametrize("Cell", CELLS + STRANGERS, ids=lambda Cell: Cell.__name__)
def test_orthogonal_makes_every_U_orthogonal_and_leaves_the_rest(Cell):
    cell = Cell(3, 4)
    before = {name: weight.clone() for name, weight in named_weights(cell).items()}
    matrices = {name for name in before if name.startswith("U")}
    if not matrices:
        with pytest.raises(ValueError, match=f"orthogonal needs a cell with recurrent matrices U; {Cell.__name__} has"):
            initialise(cell, "orthogonal")
        return
    for name, weight in named_weights(initialise(cell, "orthogonal")).items():
        if name in matrices:
            torch.testing.assert_close(weight @ weight.T, torch.eye(4))
        else:
            assert torch.equal(weight, before[name])


def test_the_default_leaves_the_cell_as_it_was():
    cell = LSTMCell(3, 4)
    before = [w.clone() for w in cell.parameters()]
    initialise(cell)
    assert all(torch.equal(a, b) for a, b in zip(before, cell.parameters()))
    assert "default" in INITIALISATIONS


@pytest.mark.parametrize(
    ("cell", "how", "options", "message"),
    [
        (RNNCell, "xavier", {}, "initialise has no start 'xavier'; choices: default"),
        (RNNCell, "forget_bias", {}, "RNNCell has no gate on its memory"),
        (LSTM1997Cell, "chrono", {"lag": 9}, "LSTM1997Cell has no gate on its memory"),
        (
            LSTMCell,
            "chrono",
            {},
            "chrono needs lag, the longest time to bridge, as a whole number, 3 or more; got None",
        ),
        (LSTMCell, "forget_bias", {"bias": float("nan")}, "forget_bias needs bias as a finite number; got nan"),
        (LSTMCell, "identity", {}, "LSTMCell has no start from the identity; choices: RNNCell, ReLU"),
        (MinLSTMCell, "orthogonal", {}, "MinLSTMCell has none"),
        (
            LSTMCell,
            "chrono",
            {"lag": 9, "bias": 2.0},
            "initialise needs a bias for 'forget_bias' alone; got bias = 2.0 for 'ch",
        ),
    ],
)
def test_what_cannot_be_done_is_said(cell, how, options, message):
    with pytest.raises(ValueError, match=message):
        initialise(cell(3, 4), how, **options)


def test_leaky_cells_have_a_bias_too():
    assert torch.equal(initialise(LeakyCell(3, 4), "forget_bias", bias=5.0).b_z, torch.full((4,), 5.0))


@pytest.mark.parametrize("Cell", CELLS + STRANGERS, ids=lambda Cell: Cell.__name__)
def test_every_weight_has_a_name_that_the_equations_use(Cell):
    cell = Cell(3, 4)
    named = named_weights(cell)
    assert {id(weight) for weight in named.values()} == {id(weight) for weight in cell.parameters()}
    assert all(re.search(rf"\b{name}\b", Cell.__doc__) for name in named)


def test_weights_set_by_hand_do_what_they_say():
    network = by_hand(build(ReLURNNCell, Counting(lag=20), hidden_size=1), W=1.0, U=[[1.0]], W_y=0.1)
    batch = Counting(lag=20).batch(50)
    torch.testing.assert_close(network(batch.x), batch.y)


def test_weights_may_be_those_of_another_cell_and_as_large_as_a_number_can_be():
    most = torch.finfo(torch.float32).max
    one = by_hand(RNNCell(1, 2), U=[[1.0, -2.0], [3.0, most]], b=-most)
    two = by_hand(RNNCell(1, 2), **named_weights(one))
    assert all(map(torch.equal, one.parameters(), two.parameters())) and two.h.U.weight[1, 1] == most
    with pytest.raises(ValueError, match=r"RNNCell needs b in numbers up to 3.4e\+38; got \[0.0, -1e\+39\]"):
        by_hand(RNNCell(1, 2), b=[0.0, -1e39])
    assert (initialise(LSTMCell(1, 2), "forget_bias", bias=most).f.U.bias == most).all()
    with pytest.raises(ValueError, match=r"forget_bias needs bias as a number up to 3.4e\+38; got -1e\+39"):
        initialise(LSTMCell(1, 2), "forget_bias", bias=-1e39)


def test_a_gate_without_a_letter_or_a_bias_is_named():
    Nameless = type("Nameless", (LSTMCell,), {"letters": {"forget": "f", "output": "q"}})
    with pytest.raises(ValueError, match="Nameless needs the letter of gate 'input' in its letters; got {'forget': 'f"):
        gate_bias(Nameless(3, 4), "input")
    with pytest.raises(ValueError, match="Nameless has no bias 'b_q' for gate 'output'; its weights are W_f, U_f, b_f"):
        gate_bias(Nameless(3, 4), "output")


def test_weights_not_named_by_hand_become_zero():
    cell = by_hand(LSTMCell(1, 2), b_f=3.0)
    assert sum(weight.abs().sum().item() for weight in cell.parameters()) == 6.0


def test_a_weight_that_is_not_there_or_of_another_shape_is_named_and_none_is_set():
    cell = RNNCell(1, 2)
    before = [weight.clone() for weight in cell.parameters()]
    with pytest.raises(ValueError, match=r"RNNCell has no weight 'W_f'; choices: W, U, b"):
        by_hand(cell, W=2.0, W_f=1.0)
    with pytest.raises(ValueError, match=r"RNNCell needs U with the shape \(2, 2\); got \(2,\)"):
        by_hand(cell, W=2.0, U=[1.0, 0.0])
    assert all(torch.equal(old, new) for old, new in zip(before, cell.parameters(), strict=True))


def test_a_cell_whose_gate_has_no_bias_is_asked_what_opens_it():
    Bare = type("Bare", (LSTMCell,), {"letters": {**LSTMCell.letters, "forget": "z"}})
    with pytest.raises(ValueError, match=r"Bare needs kept_by = {bias: sign}, what opens gate 'forget': .*'b_z'"):
        memory_biases(Bare(2, 3))
