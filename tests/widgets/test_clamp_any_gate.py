"""Any gate of any cell can be held."""

import numpy as np
import pytest
import torch

from course_lib.cells import CELLS, GRUCell
from course_lib.widgets.clamp_any_gate import ClampAnyGate, clamped


@pytest.mark.parametrize("Cls", CELLS, ids=lambda Cls: Cls.__name__)
def test_any_gate_of_any_cell_can_be_held(Cls):
    torch.manual_seed(0)
    cell, x = Cls(2, 3), torch.randn(2, 6, 2)
    for gate in Cls.gates:
        free, held = clamped(cell, x, {gate: 0.25})
        assert (held[gate] == 0.25).all() and not np.allclose(free[gate], 0.25)
        assert not np.allclose(free["h"], held["h"])


@pytest.mark.parametrize("Cls", CELLS, ids=lambda Cls: Cls.__name__)
def test_a_cell_gets_its_switches_from_its_gates(Cls):
    panel = ClampAnyGate.example(Cls)
    assert list(panel.switches) == list(Cls.gates)
    assert "No gate is held" in panel.text.value
    for gate in Cls.gates[:1]:
        panel.switches[gate].value = True
        assert f"{gate} held at 1" in panel.text.value


def test_an_x_that_the_cell_cannot_run_over_is_refused():
    with pytest.raises(ValueError, match="GRUCell needs x as a tensor"):
        ClampAnyGate(GRUCell(2, 3), torch.zeros(1, 5, 4))


def test_a_slider_with_one_stop_is_not_shown():
    alone = ClampAnyGate(GRUCell(2, 1), torch.randn(1, 8, 2))
    assert not {alone.unit, alone.sequence} & {*alone.controls}
    many = ClampAnyGate.example()
    assert {many.unit, many.sequence} < {*many.controls}
    alone.picture()
