"""The microscope shows the derivative and its parts, and the page computes them as Python does."""

import numpy as np
import pytest
from inside import inside

from course_lib.cells import CoupledLSTMCell, LSTMCell
from course_lib.widgets import gradient_microscope
from course_lib.widgets.gradient_microscope import LENSES, GradientMicroscope, gradient_by_lag


@pytest.mark.parametrize("name", LENSES)
def test_the_derivative_starts_at_one_and_its_parts_bound_the_whole(name):
    found = gradient_by_lag(name, lag=10)
    assert found["total"][0] == pytest.approx(1) and len(found["total"]) == 11
    if name != "RNN":
        assert (found["total"] <= (found["direct"] + found["rest"]) * (1 + 1e-9)).all()


@pytest.mark.parametrize("name", ["LSTM", "GRU", "JANET"])
def test_without_recurrent_weights_the_direct_path_is_all_and_a_bias_holds_it_open(name):
    found = gradient_by_lag(name, lag=10, scale=0)
    np.testing.assert_allclose(found["total"], found["direct"], rtol=1e-6)
    assert gradient_by_lag(name, lag=10, scale=0, bias=4)["direct"][-1] > 100 * found["direct"][-1]


def test_a_plain_recurrent_network_has_no_direct_path_and_no_derivative_without_weights():
    found = gradient_by_lag("RNN", lag=5, scale=0)
    assert set(found) == {"total"} and (found["total"][1:] == 0).all()
    with pytest.raises(ValueError, match="no cell 'Elman'; choices: RNN, LSTM"):
        gradient_by_lag("Elman")


def test_the_page_shows_the_derivative_of_every_cell_over_the_range_of_its_controls(tmp_path):
    settings = [(0.0, 1.0, 30), (-2.0, 4.0, 5), (8.0, 0.1, 40), (3.0, 2.5, 17)]
    shown = GradientMicroscope(CoupledLSTMCell)
    given = [
        [name, {"bias": bias, "scale": scale, "lag": lag}] for name in shown.lenses for bias, scale, lag in settings
    ]
    assert [name for name, _ in given[::4]] == ["CoupledLSTMCell", *LENSES]
    for (name, one), got in zip(given, inside(tmp_path, shown, "return given.map((one) => byLag(...one));", given)):
        wanted = gradient_by_lag(CoupledLSTMCell if name == "CoupledLSTMCell" else name, **one)
        assert got.keys() == wanted.keys()
        for path, values in wanted.items():
            np.testing.assert_allclose(got[path], values, rtol=1e-4, atol=1e-100)


def test_the_microscope_begins_as_it_is_asked_to_and_refuses_what_it_cannot_show():
    first = GradientMicroscope("GRU", bias=2, lag=12).data()["first"]
    assert first == {"cell": "GRU", "bias": 2.0, "scale": 1.0, "lag": 12}
    with pytest.raises(ValueError, match="GradientMicroscope needs lag as a whole number from 5 to 40; got 41"):
        GradientMicroscope(lag=41)
    with pytest.raises(ValueError, match="a class"):
        GradientMicroscope(int)
    assert gradient_microscope.lens("x", LSTMCell) == ("LSTMCell", LSTMCell)
