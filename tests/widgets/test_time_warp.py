"""A warp passes the same own time, and the gate that sees it follows better."""

import numpy as np
import pytest
from inside import inside

from course_lib.widgets import time_warp


@pytest.mark.parametrize("stretch, unevenness", [(0.25, 0), (1, 0), (4, 0), (1, 1), (4, 0.5)])
def test_a_warp_passes_the_same_own_time_and_the_trace_is_the_same_curve(stretch, unevenness):
    pace = time_warp.warp(stretch, unevenness, seed=3)
    assert pace.sum() == pytest.approx(time_warp.EVENTS)
    ends = np.flatnonzero(np.isclose(np.cumsum(pace) % 1, 0) | np.isclose(np.cumsum(pace) % 1, 1))
    _, target = time_warp.warped(pace, seed=3)
    _, unwarped = time_warp.warped(time_warp.warp(1, 0, seed=3), seed=3)
    np.testing.assert_allclose(target[ends], unwarped[time_warp.TEMPO - 1 :: time_warp.TEMPO], rtol=1e-6)
    assert unevenness or len(pace) == time_warp.EVENTS * time_warp.TEMPO * stretch


@pytest.mark.parametrize("stretch, unevenness", [(0.5, 0), (1, 0), (2, 0), (1, 1)])
def test_a_gate_that_sees_x_follows_a_warp_better_than_a_constant_one(stretch, unevenness):
    runs = [time_warp.follow(stretch, unevenness, seed=100 + k)[2] for k in range(1, 10)]
    constant, seeing = (np.mean([run[name].error for run in runs]) for name in ("constant gate", "gate that sees x"))
    assert seeing < 0.6 * constant
    assert np.ptp(runs[0]["constant gate"].gate) == 0


def test_the_page_follows_as_python_does(tmp_path):
    given = [[stretch, uneven, k] for stretch in (0.25, 0.3, 1, 4) for uneven in (0, 0.1, 1) for k in (0, 8)]
    text = "return given.map(([stretch, uneven, sequence]) => follow(stretch, uneven, sequence));"
    for (stretch, uneven, k), got in zip(given, inside(tmp_path, time_warp.TimeWarp(), text, given)):
        level, target, units = time_warp.follow(stretch, uneven, seed=101 + k)
        np.testing.assert_allclose(got["level"], level)
        np.testing.assert_allclose(got["target"], target)
        for name, unit in units.items():
            np.testing.assert_allclose(got["units"][name]["h"], unit.h, atol=1e-5)
            np.testing.assert_allclose(got["units"][name]["gate"], unit.gate, atol=1e-5)
            assert got["units"][name]["error"] == pytest.approx(unit.error, abs=1e-5)
