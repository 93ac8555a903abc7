"""Any gate of any cell can be held."""

import numpy as np
import pytest
import torch
from inside import inside

from course_lib.cells import CELLS, GRUCell, LSTM1997Cell
from course_lib.initialise import by_hand
from course_lib.widgets.clamp_any_gate import ClampAnyGate, clamped


@pytest.mark.parametrize("Cls", CELLS, ids=lambda Cls: Cls.__name__)
def test_any_gate_of_any_cell_can_be_held(Cls):
    torch.manual_seed(0)
    cell, x = Cls(2, 3), torch.randn(2, 6, 2)
    for gate in Cls.gates:
        free, held = clamped(cell, x, {gate: 0.25})
        assert (held[gate] == 0.25).all() and not np.allclose(free[gate], 0.25)
        assert not np.allclose(free["h"], held["h"])


def test_the_page_holds_the_gates_of_any_cell_as_python_does(tmp_path):
    for Cls in CELLS[::5]:
        shown = ClampAnyGate.example(Cls)
        given = [{}, *({gate: 0.25} for gate in Cls.gates)]
        for clamps, got in zip(given, inside(tmp_path, shown, "return given.map(clamped);", given)):
            wanted = clamped(shown.cell, shown.x, clamps)[1]
            assert got.keys() == wanted.keys()
            for name, values in wanted.items():
                np.testing.assert_allclose(got[name], values, atol=1e-5)


def test_an_x_that_the_cell_cannot_run_over_is_refused():
    with pytest.raises(ValueError, match="GRUCell needs x as a tensor"):
        ClampAnyGate(GRUCell(2, 3), torch.zeros(1, 5, 4))


def test_what_a_shut_gate_lets_through_does_not_look_like_a_rise():
    shut = by_hand(LSTM1997Cell(1, 1), W_g=1.0, b_i=-10.0)
    figure, _ = ClampAnyGate(shut, torch.ones(1, 6, 1)).static()
    spans = [(np.ptp([line.get_ydata() for line in ax.lines]), np.ptp(ax.get_ylim())) for ax in figure.axes]
    (wide, seen), (narrow, still) = spans  # the input gate is held, then the output gate
    assert wide > 0.5 * seen and 0 < narrow < 0.001 * still
