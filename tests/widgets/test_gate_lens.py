"""The lens shows the unit asked for, and what an interference costs."""

import numpy as np
import pytest
import torch

from course_lib.cells import LSTMCell
from course_lib.tasks import TemporalOrder
from course_lib.training import build, evaluate
from course_lib.widgets import gate_lens


@pytest.mark.parametrize("gate, value", [(None, None), ("forget", 0.0), ("output", 0.5)])
def test_the_score_of_a_network_looked_into_is_its_score(gate, value):
    task = TemporalOrder(lag=20)
    network = build(LSTMCell, task, hidden_size=6)
    batch = task.batch(50, generator=torch.Generator().manual_seed(1))
    trace, score = gate_lens.look_inside(network, task, batch, gate=gate, value=value)
    assert score == evaluate(network, task, sequences=50, seed=1, override={gate: value} if gate else None)[1]
    assert trace["c"].shape == (*batch.x.shape[:2], 6)


def test_shuffling_deals_out_the_values_that_were_there():
    task = TemporalOrder(lag=20)
    network = build(LSTMCell, task, hidden_size=4)
    batch = task.batch(10, generator=torch.Generator().manual_seed(1))
    free, _ = gate_lens.look_inside(network, task, batch)
    shuffled, _ = gate_lens.look_inside(network, task, batch, gate="input")
    np.testing.assert_array_equal(np.sort(shuffled["input"][:, 1], axis=0), np.sort(free["input"][:, 1], axis=0))
    assert not np.array_equal(shuffled["input"][:, 1], free["input"][:, 1])


def test_the_lens_shows_the_unit_asked_for_and_what_an_interference_costs():
    panel = gate_lens.GateLens.example()
    free = panel.free[0]
    ends = {}
    for control in panel.controls:
        found = control.options if hasattr(control, "options") else (control.min, control.max)
        ends[control.description] = (*found, control.value)
    assert list(ends.items()) == [
        ("map of", ("forget", "input", "output", "h", "c", "c")), ("unit", (0, 3, 0)), ("sequence", (0, 19, 0)),
        ("interfere with", ("none", "forget", "input", "output", "none")), ("clamp to", (0, 1, 1)),
        ("how", ("clamp", "shuffle", "clamp")),
    ]  # fmt: skip
    panel.shown.value, panel.unit.value, panel.sequence.value = "input", 2, 5
    figure, text = panel.picture()
    np.testing.assert_allclose(figure.axes[1].images[0].get_array(), free["input"][5].T)
    np.testing.assert_allclose(figure.axes[2].lines[0].get_ydata(), free["forget"][5, :, 2])
    panel.gate.value, panel.value.value = "forget", 0.25
    figure, text = panel.picture()
    assert (figure.axes[2].lines[0].get_ydata() == 0.25).all() and "forget gate at 0.25" in text
    panel.how.value = "shuffle"
    assert "forget gate shuffled" in panel.text.value and panel.value.disabled
