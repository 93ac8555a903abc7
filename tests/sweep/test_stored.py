"""The stored results say how they were made, and a fresh sample of them comes out the same."""

import json
from collections import defaultdict
from pathlib import Path
from statistics import mean, stdev

import pytest
import torch
from little import reported

from course_lib import cells, tasks
from course_lib.sweep.grid import LADDER
from course_lib.sweep.one import run
from course_lib.sweep.outcomes import best_rates, summary
from course_lib.sweep.store import KEY, read
from course_lib.training import build, train

ROOT = Path(__file__).parents[2]
STORED = sorted((ROOT / "results").glob("*.sqlite"))
stored = pytest.mark.parametrize("path", STORED, ids=lambda path: path.name)


def again(row, **changes):
    """The run of a stored row, done anew."""
    setting = {name: row[name] for name in KEY} | changes
    return run(getattr(cells, setting["cell"]), getattr(tasks, setting["task"]), setting)


def test_there_are_stored_results():
    assert {path.stem for path in STORED} == {"gates", "more_seeds", "equal_units", "far_rates", "digits"}


@stored
def test_a_stored_row_says_how_it_was_made_and_has_no_error(path):
    for row in read(path):
        assert row["command"].startswith("python -m course_lib.sweep --cells ") and path.name in row["command"]
        assert json.loads(row["versions"]).keys() >= {"python", "torch", "numpy", "machine"}
        assert row["error"] is None and row["ended"] in ("solved", "budget", "diverged")
        assert abs(row["weights"] / row["parameters"] - 1) < 0.1


@stored
def test_a_stored_cell_is_reported_on_five_seeds_at_the_rate_it_chose_on_others(path):
    tuning = [row for row in read(path) if row["role"] == "tune"]
    assert not {row["seed"] for row in tuning} & {row["seed"] for row in reported(path)}
    near = defaultdict(list)
    for row in tuning:
        near[row["lag"]].append(row)
    best = {lag: best_rates(rows) for lag, rows in near.items()}
    for group in summary(reported(path)):
        (only, *more) = best.values()
        chosen = best[group["lag"]] if more else only  # tuned at every lag, or at one for all
        assert group["runs"] >= 5
        assert group["learning_rate"] == chosen[group["cell"], group["init"], group["task"]]


@stored
def test_no_stored_cell_chose_a_rate_at_the_edge_of_those_it_tried(path):
    places = defaultdict(list)
    for row in read(path):
        if row["role"] == "tune":
            places[row["cell"], row["init"], row["task"], row["lag"]].append(row)
    for place, rows in places.items():
        (best,), tried = best_rates(rows).values(), [row["learning_rate"] for row in rows]
        stands_still = best == LADDER[0] and not any(row["ended"] == "solved" for row in rows)  # learning only harms
        assert min(tried) < best < max(tried) or stands_still, f"{place} chose {best} of {sorted({*tried})}"


def sample(path):
    """Every sixth of the ways to start that are stored, each by its first row."""
    return list({(row["cell"], row["init"]): row for row in reversed(reported(path))}.values())[::6]


def margin(row):
    """How far the early loss of a row may lie from that of the same run on another processor.

    Another processor rounds otherwise, and training amplifies that: in most runs to parts in a million, in some, such
    as one network from the identity, to parts in a hundred. How much, twelve runs say whose first weights were moved by
    hundreds of roundings. If they spread as normal numbers do, and a processor moves a run as far as they are moved,
    then a run that is right lies outside once in 50,000 (t = 10 / √2 with 11 degrees of freedom).
    """
    Cell, task = getattr(cells, row["cell"]), getattr(tasks, row["task"])(lag=row["lag"])
    losses = []
    for number in range(12):
        network = build(Cell, task, hidden_size=row["hidden_size"], init=row["init"], seed=row["seed"])
        generator = torch.Generator().manual_seed(number)
        with torch.no_grad():
            for weight in network.parameters():
                weight += 1e-5 * weight.abs().max() * torch.randn(weight.shape, generator=generator)
        history = train(network, task, updates=20, batch_size=row["batch_size"], learning_rate=row["learning_rate"],
                        seed=row["seed"], progress=False)  # fmt: skip
        losses.append(mean(history.losses))
    return 10 * stdev(losses) + 1e-6 * abs(row["early_loss"])


@pytest.mark.arithmetic
@stored
def test_a_fresh_sample_of_stored_rows_starts_with_the_same_losses_and_another_run_would_not(path):
    told, rows = [], sample(path)
    for row, other in zip(rows, rows[1:] + rows[:1]):
        most, stored = margin(row), row["early_loss"]
        assert again(row, budget=20)["early_loss"] == pytest.approx(stored, rel=0, abs=most)
        for change in ({"learning_rate": 1.5 * row["learning_rate"]}, {"cell": other["cell"], "init": "default"}):
            told.append(abs(again(row, budget=20, **change)["early_loss"] - stored) > most)
    assert sum(told) >= len(told) - 2  # not at a start that amplifies rounding to parts in a hundred


@pytest.mark.arithmetic
@stored
def test_the_quickest_stored_success_is_a_success_again(path):
    """Within twice the range of its seeds: where training amplifies rounding, a seed says no more than another one."""
    groups = defaultdict(list)
    for row in reported(path):
        groups[row["cell"], row["init"], row["task"], row["lag"]].append(row)
    sure = [rows for rows in groups.values() if all(row["ended"] == "solved" for row in rows)]
    rows = min(sure, key=lambda rows: sum(row["solved_at"] * row["lag"] for row in rows))
    fresh, stored = again(rows[0]), [row["solved_at"] for row in rows]
    assert fresh["ended"] == "solved" and min(stored) / 2 < fresh["solved_at"] < 2 * max(stored)
