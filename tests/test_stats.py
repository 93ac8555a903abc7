"""Intervals and curves are the textbook's, and hold as often as they say."""

import numpy as np
import pytest

from course_lib.stats import kaplan_meier, student, t_interval, wilson


def test_the_interval_of_a_success_rate_is_wilsons():
    low, high = wilson(5, 10)
    assert (low, high) == (pytest.approx(0.2366, abs=1e-4), pytest.approx(0.7634, abs=1e-4))
    assert wilson(0, 5)[0] == 0 and wilson(5, 5)[1] == 1
    with pytest.raises(ValueError, match="0 <= wins <= tries"):
        wilson(6, 5)
    low, high = wilson(5, 10, z=100)
    assert 0 <= low < 0.001 and 0.999 < high <= 1
    with pytest.raises(ValueError, match="wilson needs z as a number above 0 and up to 100; got 100.1"):
        wilson(5, 10, z=100.1)


def test_kaplan_meier_gives_the_textbook_curve():
    updates, unsolved = kaplan_meier(
        [6, 6, 6, 6, 7, 9, 10, 10], [1, 1, 1, 0, 1, 0, 1, 0]
    )  # Freireich et al. 1963, in part
    assert updates.tolist() == [0, 6, 7, 10]
    assert unsolved == pytest.approx([1, 5 / 8, 5 / 8 * 3 / 4, 5 / 8 * 3 / 4 / 2])
    assert [a.tolist() for a in kaplan_meier([5, 5], [0, 0])] == [[0], [1]]
    with pytest.raises(ValueError, match="a time and a solved for each run"):
        kaplan_meier([5, 5], [True])
    with pytest.raises(ValueError, match="kaplan_meier needs times as plain numbers along 1 axes"):
        kaplan_meier([[5, 5]], [True])


@pytest.mark.parametrize(
    ("probability", "freedom", "value"),
    [(0.975, 1, 12.70620), (0.975, 4, 2.77645), (0.975, 14, 2.14479), (0.995, 9, 3.24984), (0.95, 100, 1.66023)],
)
def test_a_quantile_of_students_distribution_is_the_tables(probability, freedom, value):
    assert student(probability, freedom) == pytest.approx(value, abs=1e-5)


def test_students_interval_of_five_values_holds_the_true_mean_as_often_as_it_says():
    draws = np.random.default_rng(1).normal(7, 1, (1000, 5))
    held = [low <= 7 <= high for _, low, high in map(t_interval, draws)]
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)


def test_students_interval_is_the_textbooks_and_needs_two_values():
    mean, low, high = t_interval([1.0, 2.0, 3.0])
    assert (mean, low, high) == (2.0, pytest.approx(2 - 2.4841, abs=1e-4), pytest.approx(2 + 2.4841, abs=1e-4))
    with pytest.raises(ValueError, match="t_interval needs 2 values or more"):
        t_interval([1.0])


def test_one_try_is_enough_for_an_interval_and_none_is_not():
    low, high = wilson(1, 1)
    assert (low, high) == (pytest.approx(1 / (1 + 1.96**2)), 1)
    for wins, tries in ((0, 0), ([0, 1], [0, 1])):
        with pytest.raises(ValueError, match="wilson needs 0 <= wins <= tries and tries > 0"):
            wilson(wins, tries)
    with pytest.raises(ValueError, match="wilson needs whole numbers of wins and tries; got 0.5 of 1.0"):
        wilson(0.5, 1)
