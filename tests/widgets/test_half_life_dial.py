"""The dial turns bias and half-life together, and its lags are those of a leaky sum of noise."""

import numpy as np
import pytest
from inside import inside

from course_lib.gradients import half_life
from course_lib.widgets import half_life_dial


@pytest.mark.parametrize("gate", [0.2, 0.9, 0.9999, 1.0])
@pytest.mark.parametrize("noise", [0.001, 0.05, 1.0])
def test_at_the_longest_lag_the_stored_value_is_two_standard_deviations(gate, noise):
    lag = half_life_dial.longest_lag(gate, noise)
    left, spread = half_life_dial.fading(gate, noise, lag)
    assert left == pytest.approx(2 * spread)


def test_the_noise_is_that_of_a_leaky_sum_of_noise():
    draw, value = np.random.default_rng(0), np.zeros(50_000)
    for _ in range(20):
        value = 0.9 * value + 0.05 * draw.standard_normal(len(value))
    assert half_life_dial.fading(0.9, 0.05, 20)[1] == pytest.approx(value.std(), rel=0.02)


def test_gate_bias_and_half_life_turn_into_each_other():
    for steps in (0.5, 5.0, 1e4):
        gate = half_life_dial.gate_of_half_life(steps)
        assert float(half_life(gate)) == pytest.approx(steps)
        assert half_life_dial.gate_of_bias(half_life_dial.bias_of_gate(gate)) == pytest.approx(gate)


def test_a_lag_without_noise_is_refused():
    with pytest.raises(ValueError, match="longest_lag needs noise as a number from 1e-70 to 1e\\+70; got 0"):
        half_life_dial.longest_lag(0.9, 0)


def test_the_page_computes_what_python_does(tmp_path):
    given = [[gate, noise] for gate in (0.0, 0.2, 0.9, 0.9999, 1.0) for noise in (0.001, 0.05, 1.0)]
    text = """return given.map(([gate, noise]) => [longestLag(gate, noise), spread(gate, noise, 7), halfLife(gate),
        gateOfBias(biasOfGate(gate)), gateOfHalfLife(12.5)]);"""
    for (gate, noise), got in zip(given, inside(tmp_path, half_life_dial.HalfLifeDial(), text, given)):
        assert got[0] == pytest.approx(half_life_dial.longest_lag(gate, noise), rel=1e-12)
        assert got[1] == pytest.approx(half_life_dial.fading(gate, noise, [7])[1][0], rel=1e-12)
        if 0 < gate < 1:
            assert got[2] == pytest.approx(float(half_life(gate)), rel=1e-12) and got[3] == pytest.approx(gate)
        assert got[4] == pytest.approx(half_life_dial.gate_of_half_life(12.5), rel=1e-12)


def test_a_gate_is_written_with_as_many_digits_as_tell_it_and_steps_with_three(tmp_path):
    text = "return [0.5, 0.99, 0.9999909, 0.12345].map(gateText).concat([75857.8, 6.58, 0.5].map(stepsText));"
    said = inside(tmp_path, half_life_dial.HalfLifeDial(), text)
    assert said == ["0.500", "0.990", "0.9999909", "0.123", "75,900", "6.6", "0.5"]


def test_the_dial_refuses_what_no_gate_and_no_half_life_can_be():
    with pytest.raises(ValueError, match="gate_of_half_life needs steps as a number above 0; got -1"):
        half_life_dial.gate_of_half_life(-1)
    with pytest.raises(ValueError, match="bias_of_gate needs gate as a number above 0 and up to 1; got 2"):
        half_life_dial.bias_of_gate(2)
    with pytest.raises(ValueError, match="longest_lag needs clear as a number from 1e-70 to 1e\\+70; got -1"):
        half_life_dial.longest_lag(0.9, 0.1, clear=-1)


def test_no_name_in_the_still_stands_on_a_curve():
    figure, _ = half_life_dial.HalfLifeDial.static()
    figure.draw_without_rendering()
    for ax in figure.axes:
        boxes = [text.get_window_extent() for text in ax.texts]
        lines = [line for line in ax.lines if line.get_linestyle() != "None"]
        curves = [line.get_transform().transform_path(line.get_path()) for line in lines]
        assert len(boxes) == len(curves) == 2
        assert not any(curve.intersects_bbox(box, filled=False) for box in boxes for curve in curves)
