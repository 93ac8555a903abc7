"""What the rows say is what they hold: rates, successes with their intervals, and what a part is worth."""

import pytest
from little import result

from course_lib.cells import LSTMCell, RNNCell
from course_lib.stats import wilson
from course_lib.sweep import sweep
from course_lib.sweep.grid import Grid, beyond
from course_lib.sweep.outcomes import best_rates, removal, summary
from course_lib.sweep.store import KEY, RESULT, key, read
from course_lib.tasks import Adding


def test_the_best_rate_solves_most_then_soonest_then_lowest():
    start = ("A", "default", "T")
    once, twice = [result(1, 0, solved_at=5), result(1, 1)], [result(2, 0, solved_at=60), result(2, 1, solved_at=70)]
    assert best_rates(once + twice) == {start: 2}
    assert best_rates(twice + [result(3, 0, solved_at=60), result(3, 1, solved_at=69)]) == {start: 3}
    assert best_rates([result(4, 0, loss=0.2), result(5, 0, loss=0.1)]) == {start: 5}
    assert best_rates([result(7, 0, loss=0.1), result(6, 0, loss=0.1)]) == {start: 6}
    assert best_rates([result(4, 0, loss=0.01, ended="diverged"), result(5, 0, loss=0.1)]) == {start: 5}
    assert best_rates([result(4, 0, loss=None, ended="error"), result(5, 0, loss=0.1)]) == {start: 5}
    assert best_rates([]) == {} and summary([]) == []


def test_what_a_rate_solved_and_spent_is_counted_over_all_its_runs_however_many():
    start = ("A", "default", "T")
    two_of_three = [result(2, seed, solved_at=at) for seed, at in enumerate((60, 70, None))]
    assert best_rates([result(1, 0, solved_at=5), *two_of_three]) == {start: 2}
    assert best_rates([result(1, 0, solved_at=95), result(2, 0, solved_at=80), result(2, 1)]) == {start: 1}
    long, short = result(1, 0, loss=0.3, budget=200), [result(2, seed, loss=0.2) for seed in (0, 1)]
    assert best_rates([long, *short]) == {start: 1}


def test_each_cell_is_reported_at_the_rate_it_chose_on_other_seeds_and_none_chose_an_end(tmp_path):
    out, rates = tmp_path / "a.sqlite", [1e-3, 3e-3]
    options = dict(seeds=[0, 1], rates=rates, tune=[7, 8], lags=[10, 20], budget=40, parameters=200, batch_size=8,
                   out=out, jobs=1, progress=False)  # fmt: skip
    rows = sweep([LSTMCell, RNNCell], **options)
    tuning = [row for row in read(out) if row["role"] == "tune"]
    assert {(r["seed"], r["lag"]) for r in tuning} == {(7, 10), (8, 10)}
    assert {(r["seed"], r["lag"]) for r in rows} == {(0, 10), (0, 20), (1, 10), (1, 20)} and len(rows) == 2 * 2 * 2
    best = best_rates(tuning)
    assert all(row["learning_rate"] == best[row["cell"], "default", "Adding"] for row in rows)
    for cell in ("LSTMCell", "RNNCell"):
        tried = [row["learning_rate"] for row in tuning if row["cell"] == cell]
        assert {*rates} < {*tried} and all(tried.count(rate) == 2 for rate in tried)
        assert min(tried) < best[cell, "default", "Adding"] < max(tried)
    before = len(read(out))
    assert sweep([LSTMCell, RNNCell], **options) == rows and len(read(out)) == before


def test_a_grid_of_rates_is_widened_as_rows_come_in_until_the_best_lies_between_two():
    grid = Grid([LSTMCell], [Adding], [10], ["default"], [0], [0.003, 0.01], [7], None, 200, 40, 8)
    soonest, rows, asked = {0.03: 10, 0.01: 20, 0.003: 30, 0.1: 25}, [], []
    while new := [setting for name, (*_, setting) in grid.tuning(rows).items() if name not in map(key, rows)]:
        asked.append(sorted(setting["learning_rate"] for setting in new))
        assert {setting["learning_rate"] for *_, setting in grid.reported(rows).values()} <= {0.003, *soonest}
        rows += [result(None, None, solved_at=soonest[setting["learning_rate"]]) | setting for setting in new]
    assert asked == [[0.003, 0.01], [0.03], [0.1]]
    assert [setting["learning_rate"] for *_, setting in grid.reported(rows).values()] == [0.03]
    failed = [row | {"ended": "error", "solved_at": None} for row in rows]
    assert len(grid.tuning(failed)) == 2  # of a cell that cannot be run no further rate is tried
    assert beyond(1.0, {0.3, 1.0}) == beyond(1e-5, {1e-5, 3e-5}) == set() and beyond(0.05, {0.05}) == {0.03, 0.1}


def test_success_counts_have_intervals_and_medians_are_censored():
    rows = [result(1, seed, solved_at=at) for seed, at in enumerate((10, None, 30, 20, None))]
    (group,) = summary([*rows, result(1, 5, ended="error"), result(1, 6, ended="diverged")])
    assert (group["runs"], group["solved"], group["errors"], group["median"]) == (6, 3, 1, 30)
    assert group["rate"] == 0.5 and (group["low"], group["high"]) == pytest.approx(wilson(3, 6))
    (group,) = summary([result(1, 0, solved_at=10), result(1, 1, solved_at=20)])
    assert group["median"] == 10  # by then half had
    (group,) = summary([result(1, 0, solved_at=10), result(1, 1), result(1, 2)])
    assert group["median"] is None
    (group,) = summary([result(1, 0, ended="error")])
    assert (group["runs"], group["rate"], group["low"], group["high"]) == (0, None, 0, 1)


def test_groups_differ_in_more_than_their_seeds():
    rows = [
        result(rate, seed, lag=lag, code=code) for rate in (1, 2) for seed in (0, 1) for lag in (5, 6) for code in "ab"
    ]
    assert [group["runs"] for group in summary(rows)] == [2] * 8


def test_a_removal_costs_what_the_run_of_the_same_seed_needs_more():
    before = [result(1, seed, solved_at=10 + seed, role="report", lag=5) for seed in (0, 1)]
    after = [result(1, 1, cell="B", role="report", lag=5), result(1, 0, cell="B", solved_at=5, role="report", lag=5)]
    other = [result(1, 0, role="report", lag=6), result(1, 7, cell="B", role="tune", lag=5)]
    costs = removal(before + after + other, ("A", "default"), ("B", "default"))
    assert {place: list(cost) for place, cost in costs.items()} == {("T", 5): [-5, 89]}
    with pytest.raises(ValueError, match="runs of both on the same task, lag and seeds"):
        removal(before + after, ("A", "default"), ("B", "chrono"))


def test_a_removal_takes_one_run_of_each_seed_and_none_that_failed():
    row = dict.fromkeys(KEY + RESULT) | {"role": "report", "init": "default", "task": "Adding", "lag": 10, "budget": 50}
    rows = [row | {"cell": cell, "seed": seed, "ended": "solved", "solved_at": at + seed}
            for cell, at in (("LSTMCell", 10), ("GRUCell", 30)) for seed in (0, 1)]  # fmt: skip
    pair = ("LSTMCell", "default"), ("GRUCell", "default")
    assert removal(rows, *pair)["Adding", 10].tolist() == [20, 20]
    failed = [row | {"cell": cell, "seed": 2, "ended": "error"} for cell in ("LSTMCell", "GRUCell")]
    assert removal(rows + failed, *pair)["Adding", 10].tolist() == [20, 20]
    with pytest.raises(ValueError, match="removal needs one run of each seed at a place; got two of"):
        removal([*rows, rows[0] | {"learning_rate": 0.1}], *pair)
