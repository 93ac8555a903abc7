"""What the course says of the stored results is what they show."""

from pathlib import Path

import pytest
from little import reported

from course_lib.stats import bootstrap
from course_lib.sweep.outcomes import removal

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def cost():
    """What a removal costs in the stored table, (mean, low, high) over the places where something was solved."""
    rows = reported(ROOT / "results" / "gates.sqlite")

    def cost(whole, without):
        found = removal(rows, whole, without)
        return bootstrap([updates for (task, _), updates in found.items() if task != "Copying"])

    return cost


@pytest.mark.parametrize("init", ["default", "chrono"])
def test_of_the_parts_of_the_lstm_the_input_gate_is_missed_most(cost, init):
    whole = "LSTMCell", init
    _, least, _ = cost(whole, ("NoInputGateCell", init))
    others = [(cell, init) for cell in ("NoOutputGateCell", "NoSquashCell", "CoupledLSTMCell")]
    for other in [("LSTM1997Cell", "default"), *others]:
        assert cost(whole, other)[2] < least


def test_the_forget_gate_comes_second_with_chrono_only(cost):
    parts = "NoOutputGateCell", "NoSquashCell", "CoupledLSTMCell"
    _, least, _ = cost(("LSTMCell", "chrono"), ("LSTM1997Cell", "default"))
    assert all(cost(("LSTMCell", "chrono"), (part, "chrono"))[2] < least for part in parts)
    missed, _, _ = cost(("LSTMCell", "default"), ("LSTM1997Cell", "default"))
    assert missed < cost(("LSTMCell", "default"), ("NoOutputGateCell", "default"))[0]


def test_a_gate_must_see_and_multiply_but_need_not_see_the_state(cost):
    seen, multiplied, blind = (
        cost(("JANETCell", "default"), (cell, "default")) for cell in ("LeakyCell", "AddedGateCell", "MinGRUCell")
    )
    assert min(seen[1], multiplied[1]) > 300 and blind[2] < 50
