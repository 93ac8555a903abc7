"""The dial turns bias and half-life together, and its lags are those of a leaky sum of noise."""

import numpy as np
import pytest

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
    with pytest.raises(ValueError, match="longest_lag needs noise as a number above 0; got 0"):
        half_life_dial.longest_lag(0.9, 0)


def test_the_dial_comes_after_the_guess_and_the_guess_is_kept(answers):
    dial = half_life_dial.HalfLifeDial()
    assert dial.dial not in dial.children
    dial.guess.value = 70
    dial.button.click()
    assert dial.dial in dial.children and "Close." in dial.feedback.value and "= 69 steps" in dial.feedback.value
    again = half_life_dial.HalfLifeDial()
    assert again.guess.value == 70 and again.dial in again.children


def test_a_guess_far_off_is_told_so():
    dial = half_life_dial.HalfLifeDial()
    dial.guess.value = 10
    dial.button.click()
    assert "Not so." in dial.feedback.value


@pytest.mark.parametrize("bias", [-2, 3.0, 12, 5.55])
def test_bias_and_half_life_turn_together_and_the_picture_follows(bias):
    dial, gate = half_life_dial.Dial(), 1 / (1 + np.exp(-bias))
    dial.bias.value = bias
    assert dial.half.value == pytest.approx(min(1e5, np.log(2) / -np.log(gate)), rel=0.02)
    figure, text = dial.picture()
    lags, left = figure.axes[0].lines[0].get_data()
    np.testing.assert_allclose(left, gate**lags)
    assert f"f = {gate:.4f}" in text
    dial.half.value = dial.half.value * 1.0001  # the browser's rounding of the slider that was turned along
    assert dial.gate == gate
    dial.half.value = 100
    assert dial.gate**100 == pytest.approx(0.5) and dial.bias.value == pytest.approx(
        np.log(dial.gate / (1 - dial.gate)), abs=0.03
    )


def test_the_dial_refuses_what_no_gate_and_no_half_life_can_be():
    with pytest.raises(ValueError, match="gate_of_half_life needs steps as a number above 0; got -1"):
        half_life_dial.gate_of_half_life(-1)
    with pytest.raises(ValueError, match="bias_of_gate needs gate as a number above 0 and up to 1; got 2"):
        half_life_dial.bias_of_gate(2)
    with pytest.raises(ValueError, match="longest_lag needs clear as a number above 0; got -1"):
        half_life_dial.longest_lag(0.9, 0.1, clear=-1)
