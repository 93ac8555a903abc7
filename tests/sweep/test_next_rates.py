"""The rates beside the chosen one were tried at lag 80 where the table asks for it; where they helped, tuned there."""

from pathlib import Path

import pytest
from little import reported

from course_lib import cells, tasks
from course_lib.sweep.one import run
from tools.authoring.next_rates import asked, kept

ROOT = Path(__file__).parents[2]


def test_what_is_asked_was_run_and_nothing_else():
    settings, chosen = asked()
    assert {name: result["chosen"] for name, result in kept()["runs"].items()} == chosen
    assert all(setting["lag"] == 80 and setting["learning_rate"] != chosen[name] for name, setting in settings.items())


def test_where_a_rate_beside_the_chosen_one_solved_the_choice_is_tuned_at_that_lag():
    won = {tuple(name.split()[:3]) for name, result in kept()["runs"].items() if result["ended"] == "solved"}
    assert {(row["cell"], row["init"], row["task"]) for row in reported(ROOT / "results" / "far_rates.sqlite")} == won


@pytest.mark.arithmetic
def test_the_quickest_of_these_runs_solves_again():
    runs = {name: result for name, result in kept()["runs"].items() if result["ended"] == "solved"}
    name = min(runs, key=lambda name: runs[name]["solved_at"])
    setting = asked()[0][name]
    again = run(getattr(cells, setting["cell"]), getattr(tasks, setting["task"]), setting)
    assert again["ended"] == "solved" and 0.5 < again["solved_at"] / runs[name]["solved_at"] < 2
