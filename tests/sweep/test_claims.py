"""What the course says of the stored results is what they show, in each task by itself, for a mean would hide signs."""

import re
from pathlib import Path

import numpy as np
import pytest
from little import reported

from course_lib.stats import t_interval
from course_lib.sweep.outcomes import removal

ROOT = Path(__file__).parents[2]
TASKS = ("Adding", "KeepOrReplace", "TemporalOrder", "Counting")
LAGS = (10, 20, 40, 80)
LITTLE = ("NoOutputGateCell", "NoSquashCell", "CoupledLSTMCell")  # what costs little to take out from chrono


@pytest.fixture(scope="module")
def costs():
    """What a removal costs in the stored tables, means over the lags, {task: (seeds,)}; with more, fifteen seeds."""
    five = reported(ROOT / "results" / "gates.sqlite")
    fifteen = five + reported(ROOT / "results" / "more_seeds.sqlite")

    def costs(whole, without, *, more=False):
        rows = fifteen if more else five
        found = removal(rows, whole, without)
        return {task: np.mean([found[task, lag] for lag in LAGS], axis=0) for task in TASKS}

    return costs


def signs(costs):
    """Task by task "+" or "-" where the interval lies above or below 0, "0" where it holds 0."""
    intervals = [t_interval(costs[task]) for task in TASKS]
    return "".join("+" if low > 0 else "-" if high < 0 else "0" for _, low, high in intervals)


def test_from_chrono_the_input_gate_costs_most_in_each_task_and_fifteen_seeds_tell_by_how_much(costs):
    entry = costs(("LSTMCell", "chrono"), ("NoInputGateCell", "chrono"), more=True)
    keep = costs(("LSTMCell", "chrono"), ("LSTM1997Cell", "default"), more=True)
    assert all(len(entry[task]) == len(keep[task]) == 15 for task in TASKS)
    assert signs(entry) == signs(keep) == signs({task: entry[task] - keep[task] for task in TASKS}) == "++++"


@pytest.mark.parametrize(("part", "wanted"), [*zip(LITTLE, ("0000", "-0+0", "0000"), strict=True)])
def test_from_chrono_no_other_part_is_missed_beyond_chance_but_the_tanh_at_a_rate_too_large_for_one_task(
    costs, part, wanted
):
    more = costs(("LSTMCell", "chrono"), (part, "chrono"))
    keep = costs(("LSTMCell", "chrono"), ("LSTM1997Cell", "default"))
    assert signs(more) == wanted
    assert all(keep[task].mean() > more[task].mean() + 100 for k, task in enumerate(TASKS) if wanted[k] != "+")


@pytest.mark.parametrize(
    ("part", "wanted", "more"),
    [("NoInputGateCell", "++0+", False), ("LSTM1997Cell", "+---", True), ("NoOutputGateCell", "++00", False)],
)
def test_as_pytorch_starts_it_each_gate_is_missed_in_some_tasks_only(costs, part, wanted, more):
    assert signs(costs(("LSTMCell", "default"), (part, "default"), more=more)) == wanted


@pytest.mark.parametrize("cell", ["LeakyCell", "AddedGateCell"])
def test_a_gate_that_sees_and_multiplies_saves_hundreds_of_updates_among_numbers_and_few_among_symbols(costs, cell):
    more = costs(("JANETCell", "chrono"), (cell, "chrono"))
    assert all(t_interval(more[task])[1] > 600 for task in TASKS[:2])
    assert all(more[task].mean() < 100 for task in TASKS[2:])


@pytest.mark.parametrize("init", ["default", "chrono"])
def test_what_it_costs_that_nothing_sees_the_state_has_one_sign_in_two_tasks_and_the_other_in_two(costs, init):
    assert signs(costs(("JANETCell", init), ("MinGRUCell", init))) == "+--+"


def test_the_units_that_14_names_are_those_of_the_table():
    text = (ROOT / "notebooks" / "14_what_is_true.ipynb").read_text(encoding="utf-8")
    least, most = re.search(r"about 1,200 weights, (\d+) to (\d+) units", text).groups()
    sizes = [row["hidden_size"] for row in reported(ROOT / "results" / "gates.sqlite")]
    assert (int(least), int(most)) == (min(sizes), max(sizes))


@pytest.mark.parametrize(
    ("cell", "init", "task", "rate"),
    [("NoInputGateCell", "chrono", "TemporalOrder", 0.01), ("RNNCell", "default", "TemporalOrder", 0.01),
     ("RNNCell", "identity", "TemporalOrder", 0.003), ("LeakyCell", "chrono", "KeepOrReplace", 0.03),
     ("NetworkReadoutCell", "default", "KeepOrReplace", 1e-3), ("AffineReadoutCell", "default", "KeepOrReplace", 1e-3),
     ("NoSquashCell", "chrono", "TemporalOrder", 0.3), ("LSTMCell", "chrono", "TemporalOrder", 0.1),
     ("NoInputGateCell", "chrono", "KeepOrReplace", 0.01), ("LSTMCell", "chrono", "KeepOrReplace", 0.1)],
)  # fmt: skip
def test_a_rate_that_04b_06_09_11_or_11b_writes_out_is_that_of_the_table(cell, init, task, rate):
    rows = reported(ROOT / "results" / "gates.sqlite")
    asked = {"cell": cell, "init": init, "task": task}
    assert {row["learning_rate"] for row in rows if row.items() >= asked.items()} == {rate}


def test_from_pytorchs_start_a_gate_that_sees_keeps_or_replaces_up_to_lag_20_as_06_says_and_from_chrono_at_all():
    found = {(init, lag): 0 for init in ("default", "chrono") for lag in LAGS}
    for row in reported(ROOT / "results" / "gates.sqlite"):
        if row["cell"] == "JANETCell" and row["task"] == "KeepOrReplace":
            found[row["init"], row["lag"]] += row["ended"] == "solved"
    assert [[found[init, lag] for lag in LAGS] for init in ("default", "chrono")] == [[5, 5, 0, 0], [5, 5, 5, 5]]
