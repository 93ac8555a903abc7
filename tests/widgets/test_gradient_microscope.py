"""The microscope shows the derivative and its parts."""

import numpy as np
import pytest

from course_lib.widgets import gradient_microscope


@pytest.mark.parametrize("name", gradient_microscope.LENSES)
def test_the_derivative_starts_at_one_and_its_parts_bound_the_whole(name):
    found = gradient_microscope.gradient_by_lag(name, lag=10)
    assert found["total"][0] == pytest.approx(1) and len(found["total"]) == 11
    if name != "RNN":
        assert (found["total"] <= (found["direct"] + found["rest"]) * (1 + 1e-9)).all()


@pytest.mark.parametrize("name", ["LSTM", "GRU", "JANET"])
def test_without_recurrent_weights_the_direct_path_is_all_and_a_bias_holds_it_open(name):
    found = gradient_microscope.gradient_by_lag(name, lag=10, scale=0)
    np.testing.assert_allclose(found["total"], found["direct"], rtol=1e-6)
    assert gradient_microscope.gradient_by_lag(name, lag=10, scale=0, bias=4)["direct"][-1] > 100 * found["direct"][-1]


def test_a_plain_recurrent_network_has_no_direct_path_and_no_derivative_without_weights():
    found = gradient_microscope.gradient_by_lag("RNN", lag=5, scale=0)
    assert set(found) == {"total"} and (found["total"][1:] == 0).all()
    with pytest.raises(ValueError, match="no cell 'Elman'; choices: RNN, LSTM"):
        gradient_microscope.gradient_by_lag("Elman")


@pytest.mark.parametrize(
    "trait, values",
    [
        ("cell", gradient_microscope.LENSES),
        ("bias", [-2, 3, 8, 1.5]),
        ("scale", [0.1, 2.0, 4.0, 0.7]),
        ("lag", [5, 22, 40, 13]),
    ],
)
def test_the_microscope_shows_the_derivative_for_every_setting(trait, values):
    microscope = gradient_microscope.GradientMicroscope()
    for value in values:
        setattr(microscope, trait, value)
        settings = {name: getattr(microscope, name) for name in ("bias", "scale", "lag")}
        found = gradient_microscope.gradient_by_lag(microscope.cell, **settings)
        assert set(microscope.view["paths"]) == set(found)
        np.testing.assert_allclose(microscope.view["paths"]["total"], found["total"], rtol=1e-6)
        assert f"{found['total'][-1]:.1e} is left" in microscope.view["text"]
        assert microscope.view["has_gate"] == (microscope.cell in ("LSTM", "GRU", "JANET"))
