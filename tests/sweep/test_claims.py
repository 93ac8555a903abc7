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
    """What a removal costs in the stored table, the means over the lags, {task: (seeds,)}."""
    rows = reported(ROOT / "results" / "gates.sqlite")

    def costs(whole, without):
        found = removal(rows, whole, without)
        return {task: np.mean([found[task, lag] for lag in LAGS], axis=0) for task in TASKS}

    return costs


def signs(costs):
    """Task by task "+" or "-" where the interval lies above or below 0, "0" where it holds 0."""
    intervals = [t_interval(costs[task]) for task in TASKS]
    return "".join("+" if low > 0 else "-" if high < 0 else "0" for _, low, high in intervals)


def test_from_chrono_the_input_gate_costs_most_in_each_task_and_its_lead_is_beyond_chance_in_two(costs):
    entry = costs(("LSTMCell", "chrono"), ("NoInputGateCell", "chrono"))
    keep = costs(("LSTMCell", "chrono"), ("LSTM1997Cell", "default"))
    assert signs(entry) == signs(keep) == "++++"
    assert all(entry[task].mean() > keep[task].mean() for task in TASKS)
    assert signs({task: entry[task] - keep[task] for task in TASKS}) == "+0+0"


@pytest.mark.parametrize("part", LITTLE)
def test_from_chrono_no_other_part_is_missed_beyond_chance_in_any_task(costs, part):
    more = costs(("LSTMCell", "chrono"), (part, "chrono"))
    keep = costs(("LSTMCell", "chrono"), ("LSTM1997Cell", "default"))
    assert "+" not in signs(more)
    assert all(keep[task].mean() > more[task].mean() + 100 for task in TASKS)


@pytest.mark.parametrize(
    ("part", "wanted"), [("NoInputGateCell", "++0+"), ("LSTM1997Cell", "+0--"), ("NoOutputGateCell", "++00")]
)
def test_as_pytorch_starts_it_each_gate_is_missed_in_some_tasks_only(costs, part, wanted):
    assert signs(costs(("LSTMCell", "default"), (part, "default"))) == wanted


@pytest.mark.parametrize("cell", ["LeakyCell", "AddedGateCell"])
def test_a_gate_that_sees_and_multiplies_saves_hundreds_of_updates_among_numbers_and_few_among_symbols(costs, cell):
    more = costs(("JANETCell", "chrono"), (cell, "chrono"))
    assert all(t_interval(more[task])[1] > 1000 for task in TASKS[:2])
    assert all(more[task].mean() < 100 for task in TASKS[2:])


@pytest.mark.parametrize("init", ["default", "chrono"])
def test_what_it_costs_that_nothing_sees_the_state_has_one_sign_in_two_tasks_and_the_other_in_two(costs, init):
    assert signs(costs(("JANETCell", init), ("MinGRUCell", init))) == "+--+"


def test_the_units_that_14_names_are_those_of_the_table():
    text = (ROOT / "notebooks" / "14_what_is_true.ipynb").read_text(encoding="utf-8")
    least, most = re.search(r"about 1,200 weights, (\d+) to (\d+) units", text).groups()
    sizes = [row["hidden_size"] for row in reported(ROOT / "results" / "gates.sqlite")]
    assert (int(least), int(most)) == (min(sizes), max(sizes))
