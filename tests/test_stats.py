"""Intervals and curves are the textbook's, and hold as often as they say."""

import numpy as np
import pytest

from course_lib.stats import bootstrap, kaplan_meier, wilson


def test_the_interval_of_a_success_rate_is_wilsons():
    low, high = wilson(5, 10)
    assert (low, high) == (pytest.approx(0.2366, abs=1e-4), pytest.approx(0.7634, abs=1e-4))
    assert wilson(0, 5)[0] == 0 and wilson(5, 5)[1] == 1
    with pytest.raises(ValueError, match="0 <= wins <= tries"):
        wilson(6, 5)


def test_kaplan_meier_gives_the_textbook_curve():
    updates, unsolved = kaplan_meier(
        [6, 6, 6, 6, 7, 9, 10, 10], [1, 1, 1, 0, 1, 0, 1, 0]
    )  # Freireich et al. 1963, in part
    assert updates.tolist() == [0, 6, 7, 10]
    assert unsolved == pytest.approx([1, 5 / 8, 5 / 8 * 3 / 4, 5 / 8 * 3 / 4 / 2])
    assert [a.tolist() for a in kaplan_meier([5, 5], [0, 0])] == [[0], [1]]
    with pytest.raises(ValueError, match="a time and a solved for each run"):
        kaplan_meier([5, 5], [True])


@pytest.mark.parametrize(("seeds", "share"), [(5, 0.83), (30, 0.94)])
def test_the_interval_of_a_mean_holds_the_true_mean_as_often_as_it_says(seeds, share):
    draws = np.random.default_rng(1).normal(7, 1, (1000, seeds))
    held = [low <= 7 <= high for _, low, high in (bootstrap([values], draws=400) for values in draws)]
    assert np.mean(held) == pytest.approx(share, abs=0.03)


def test_places_have_equal_weight_in_a_mean():
    assert bootstrap([[3, 3, 3], [5, 5, 5]]) == (4, 4, 4)
