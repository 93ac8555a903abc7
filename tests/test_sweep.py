"""A sweep can be killed, repeated, shared and extended, and no row is lost, doubled or wrong."""

import json
import os
import socket
import sqlite3
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from statistics import mean, stdev

import pytest
import torch
from patience import finished, until

from course_lib import cells, tasks
from course_lib import sweep as module
from course_lib.cells import CELLS, Affine, Cell, GRUCell, LSTMCell, RNNCell
from course_lib.stats import bootstrap, wilson
from course_lib.sweep import KEY, RESULT, best_rates, fingerprint, key, read, removal, summary, sweep
from course_lib.tasks import Adding, Latching
from course_lib.training import build, count_parameters, hidden_size_for, train

ROOT = Path(__file__).parents[1]
TINY = {"lags": [8], "parameters": 200, "batch_size": 4, "progress": False}
ELSEWHERE = ("seconds", "versions", "command")  # what may differ where the same run is done again


def numbers(rows):
    """The rows without what may differ where the same run is done again."""
    return [{name: value for name, value in row.items() if name not in ELSEWHERE} for row in rows]


THEN = """
import os, signal, sys
from course_lib import sweep
real = sweep.add

def add(*row):
    real(*row)
    {}

sweep.add = add
sweep.main(sys.argv[1:])
"""


@pytest.fixture
def started(start):
    """A function that starts a sweep in a process of its own.

    then   what that process does when it has written a row, a line of Python
    """
    loud = {name: value for name, value in os.environ.items() if name != "COURSE_QUIET"}
    return lambda out, *words, then="pass": start("-c", THEN.format(then), "--out", out, *words, env=loud)


def undisturbed(*, seeds):
    """The rows of the grid that other tests disturb."""
    return sweep([LSTMCell, GRUCell], lags=[20], seeds=seeds, budget=60, parameters=200, jobs=1, progress=False)


# ---- Rows ----


def test_a_row_says_what_was_asked_and_what_came_of_it():
    (row,) = sweep([LSTMCell], tasks=[Latching], seeds=[3], rates=[1e-2], budget=30, jobs=1, **TINY)
    size = hidden_size_for(LSTMCell, 1, 200)
    history = train(LSTMCell, Latching(lag=8), hidden_size=size, updates=30, batch_size=4, learning_rate=1e-2, seed=3)
    assert (row["cell"], row["task"], row["lag"], row["init"], row["seed"]) == ("LSTMCell", "Latching", 8, "default", 3)
    assert (row["hidden_size"], row["weights"]) == (size, count_parameters(LSTMCell, 1, size))
    assert row["loss"] == pytest.approx(history.loss) and row["score"] == pytest.approx(sum(history.scores[-20:]) / 20)
    assert row["early_loss"] == pytest.approx(sum(history.losses[:20]) / 20)
    assert (row["ended"], row["solved_at"], row["error"]) == ("budget", None, None)
    assert row["threshold"] == Latching(lag=8).solved_at and row["seconds"] > 0
    assert json.loads(row["versions"])["torch"] == torch.__version__


def test_a_run_that_solves_its_task_says_when():
    (row,) = sweep([GRUCell], tasks=[Latching], lags=[3], seeds=[0], rates=[3e-2], parameters=400, budget=400, jobs=1,
                   progress=False)  # fmt: skip
    assert row["ended"] == "solved" and 20 <= row["solved_at"] < 400 and row["loss"] < row["threshold"]


def test_the_grid_is_every_cell_task_lag_seed_and_rate_once():
    rows = sweep(["LSTMCell", GRUCell], tasks=[Adding, "Latching"], lags=[8, 9], seeds=[0, 1, 1], rates=[1e-3, 1e-2],
                 parameters=60, batch_size=2, budget=1, jobs=1, progress=False)  # fmt: skip
    assert len(rows) == len({key(row) for row in rows}) == 2 * 2 * 2 * 2 * 2


def test_processes_give_the_same_numbers_as_this_one():
    threads = torch.get_num_threads()
    here, there = (sweep([LSTMCell, RNNCell], seeds=[0, 1], budget=5, jobs=jobs, **TINY) for jobs in (1, 2))
    assert numbers(here) == numbers(there)
    assert torch.get_num_threads() == threads


def test_an_initialisation_is_left_out_where_it_is_not_for_a_cell(capsys, monkeypatch):
    monkeypatch.delenv("COURSE_QUIET", raising=False)
    rows = sweep(
        [RNNCell, LSTMCell], inits=["identity", "chrono"], seeds=[0], budget=1, jobs=1, **TINY | {"progress": True}
    )
    assert {(row["cell"], row["init"]) for row in rows} == {("RNNCell", "identity"), ("LSTMCell", "chrono")}
    printed = capsys.readouterr().out
    assert "left out: RNNCell chrono (RNNCell has no gate on its memory" in printed
    assert "2 runs of at most 1 updates: 0 in the file, 2 to do" in printed and "At most" in printed


def test_a_plan_alone_runs_nothing(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("COURSE_QUIET", raising=False)
    assert (
        sweep([LSTMCell], seeds=[0], out=tmp_path / "a.sqlite", jobs=1, plan_only=True, **TINY | {"progress": True})
        == []
    )
    assert read(tmp_path / "a.sqlite") == []
    assert "6 units, 216 weights" in capsys.readouterr().out


# ---- A class of one's own ----


class Mine(Cell):
    """A leaky network with a constant of its own."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.h = Affine(input_size, hidden_size)

    def step(self, gate, x, h):
        return {"h": 0.9 * h + 0.1 * torch.tanh(self.h(x, h))}


class Broken(Mine):
    def step(self, gate, x, h):
        return {"h": h @ self.h(x, h)}


class Unbuilt(Mine):
    def __init__(self, input_size, hidden_size):
        raise TypeError("no such layer")


def test_a_class_of_ones_own_gets_its_row_and_a_broken_one_its_error():
    rows = sweep([Mine, Broken, Unbuilt, LSTMCell], seeds=[0], budget=2, jobs=2, **TINY)
    by_name = {row["cell"]: row for row in rows}
    assert by_name["Mine"]["ended"] == by_name["LSTMCell"]["ended"] == "budget"
    assert by_name["Broken"]["ended"] == by_name["Unbuilt"]["ended"] == "error"
    assert "in step" in by_name["Broken"]["error"] and "no such layer" in by_name["Unbuilt"]["error"]
    assert {group["cell"]: group["errors"] for group in summary(rows)}["Broken"] == 1


def test_an_edited_cell_is_run_again_under_its_old_name(tmp_path):
    class Edited(Mine):
        def step(self, gate, x, h):
            # Another comment is no edit; this layout is not either.
            return {
                "h": 0.9 * h + 0.1 * torch.tanh(self.h(x, h)),
            }

    class Changed(Mine):
        def step(self, gate, x, h):
            return {"h": 0.8 * h + 0.2 * torch.tanh(self.h(x, h))}

    assert fingerprint(Edited) == fingerprint(Mine) != fingerprint(Changed)
    Changed.__name__ = "Mine"
    out = tmp_path / "mine.sqlite"
    (first,), (second,) = (sweep([Any], seeds=[0], budget=2, jobs=1, out=out, **TINY) for Any in (Mine, Changed))
    assert len(read(out)) == 2 and first["loss"] != second["loss"]


def test_every_cell_has_a_fingerprint_of_its_own():
    assert len({fingerprint(Cell) for Cell in CELLS}) == len(CELLS)


# ---- Stopping, repeating, sharing ----


def test_a_second_call_does_only_what_is_missing(tmp_path, monkeypatch):
    out = tmp_path / "deep" / "a.sqlite"
    sweep([LSTMCell], seeds=[0], budget=2, jobs=1, out=out, **TINY)
    done = []
    monkeypatch.setattr(
        module, "run", lambda Cell, Task, setting, run=module.run: done.append(setting) or run(Cell, Task, setting)
    )
    rows = sweep([LSTMCell], seeds=[0, 1], budget=2, jobs=1, out=out, **TINY)
    assert [setting["seed"] for setting in done] == [1] and [row["seed"] for row in rows] == [0, 1]
    assert [f.name for f in out.parent.iterdir()] == ["a.sqlite"]


@pytest.mark.skipif(os.name == "nt", reason="there is no kill -9 on Windows")
def test_a_killed_sweep_goes_on_and_loses_and_doubles_nothing(tmp_path, started):
    out = tmp_path / "a.sqlite"
    grid = ("--cells", "LSTMCell", "GRUCell", "--lags", 20, "--seeds", 0, 1, 2, "--budget", 60, "--parameters", 200)
    first = started(out, *grid, "--jobs", 2, then="os.kill(os.getpid(), signal.SIGKILL)")
    first.wait()
    (kept,) = read(out)
    printed, complaints = finished(second := started(out, *grid, "--jobs", 1))
    assert second.returncode == 0, complaints
    assert "6 runs of at most 60 updates: 1 in the file, 5 to do." in printed
    rows = read(out)
    assert len(rows) == len({key(row) for row in rows}) == 6
    assert kept in rows
    assert numbers(rows) == numbers(undisturbed(seeds=[0, 1, 2]))


def test_two_sweeps_on_one_file_do_not_harm_each_other(tmp_path, started):
    out = tmp_path / "a.sqlite"
    grid = ("--cells", "RNNCell", "--lags", 8, "--budget", 3, "--parameters", 100, "--jobs", 1, "--seeds")
    both = [started(out, *grid, *range(12)), started(out, *grid, *range(4, 16))]
    for one in both:
        assert finished(one) and one.returncode == 0
    assert [row["seed"] for row in read(out)] == list(range(16))


def test_the_first_row_of_a_run_stays(tmp_path):
    out = tmp_path / "a.sqlite"
    (row,) = sweep([LSTMCell], seeds=[0], budget=1, jobs=1, out=out, **TINY)
    module.add(out, row | {"loss": 9.0})
    assert read(out) == [row]


def test_an_interrupted_sweep_keeps_its_rows(tmp_path, monkeypatch):
    real = module.run

    def stopped(Cell, Task, setting):
        if setting["seed"] == 2:
            raise KeyboardInterrupt
        return real(Cell, Task, setting)

    monkeypatch.setattr(module, "run", stopped)
    assert [row["seed"] for row in sweep([LSTMCell], seeds=[0, 1, 2, 3], budget=1, jobs=1, **TINY)] == [0, 1]
    with pytest.raises(KeyboardInterrupt):
        sweep([LSTMCell], seeds=[0, 1, 2, 3], budget=1, jobs=1, out=tmp_path / "a.sqlite", **TINY)
    assert [row["seed"] for row in read(tmp_path / "a.sqlite")] == [0, 1]


def test_a_run_that_was_interrupted_is_no_row(monkeypatch):
    class Stopped(Mine):
        def step(self, gate, x, h):
            raise KeyboardInterrupt

    assert sweep([Stopped], seeds=[0], budget=1, jobs=1, **TINY) == []


def test_a_cluster_that_loses_a_machine_loses_no_row(tmp_path, start, started):
    pytest.importorskip("distributed", reason="Dask is not installed")
    out, where = tmp_path / "a.sqlite", tmp_path / "scheduler.json"
    dask, here = ("-m", "dask"), ("--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", where)
    scheduler = start(*dask, "scheduler", *here, "--port", "0")
    until(lambda: where.exists() and where.read_text(), scheduler)
    lost, _ = (start(*dask, "worker", *here, "--nthreads", "1", "--no-nanny", "--local-directory", tmp_path)
               for _ in range(2))  # fmt: skip
    run = started(out, "--cells", "LSTMCell", "GRUCell", "--lags", 20, "--seeds", 0, 1, 2, 3, "--budget", 60,
                  "--parameters", 200, "--scheduler", json.loads(where.read_text())["address"],
                  then=f"os.kill({lost.pid}, signal.SIGKILL)")  # fmt: skip
    _, complaints = finished(run)
    assert run.returncode == 0, complaints
    assert numbers(read(out)) == numbers(undisturbed(seeds=[0, 1, 2, 3]))


# ---- Tuning ----


def result(rate, seed, *, solved_at=None, loss=0.1, ended=None, **other):
    """A row as far as choosing and counting need it."""
    row = dict.fromkeys(module.KEY + module.RESULT) | {"cell": "A", "init": "default", "task": "T", "budget": 100}
    ended = ended or ("solved" if solved_at else "budget")
    return row | {"learning_rate": rate, "seed": seed, "ended": ended, "solved_at": solved_at, "loss": loss} | other


def test_the_best_rate_solves_most_then_soonest_then_lowest():
    start = ("A", "default", "T")
    once, twice = [result(1, 0, solved_at=5), result(1, 1)], [result(2, 0, solved_at=60), result(2, 1, solved_at=70)]
    assert best_rates(once + twice) == {start: 2}
    assert best_rates(twice + [result(3, 0, solved_at=60), result(3, 1, solved_at=69)]) == {start: 3}
    assert best_rates([result(4, 0, loss=0.2), result(5, 0, loss=0.1)]) == {start: 5}
    assert best_rates([result(7, 0, loss=0.1), result(6, 0, loss=0.1)]) == {start: 6}
    assert best_rates([result(4, 0, loss=0.01, ended="diverged"), result(5, 0, loss=0.1)]) == {start: 5}
    assert best_rates([result(4, 0, loss=None, ended="error"), result(5, 0, loss=0.1)]) == {start: 5}


def test_each_cell_is_reported_at_the_rate_it_chose_on_other_seeds(tmp_path):
    out, rates = tmp_path / "a.sqlite", [1e-4, 3e-2]
    rows = sweep([LSTMCell, RNNCell], seeds=[0, 1], rates=rates, tune=[7, 8], lags=[10, 20], budget=40, parameters=200,
                 batch_size=8, out=out, jobs=1, progress=False)  # fmt: skip
    tuning = [row for row in read(out) if row["role"] == "tune"]
    assert {(r["seed"], r["lag"]) for r in tuning} == {(7, 10), (8, 10)} and len(tuning) == 2 * 2 * 2
    assert {(r["seed"], r["lag"]) for r in rows} == {(0, 10), (0, 20), (1, 10), (1, 20)} and len(rows) == 2 * 2 * 2
    best = best_rates(tuning)
    assert all(row["learning_rate"] == best[row["cell"], "default", "Adding"] for row in rows)


# ---- What the rows say ----


def test_success_counts_have_intervals_and_medians_are_censored():
    rows = [result(1, seed, solved_at=at) for seed, at in enumerate((10, None, 30, 20, None))]
    (group,) = summary([*rows, result(1, 5, ended="error"), result(1, 6, ended="diverged")])
    assert (group["runs"], group["solved"], group["errors"], group["median"]) == (6, 3, 1, 30)
    assert group["rate"] == 0.5 and (group["low"], group["high"]) == pytest.approx(wilson(3, 6))
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


# ---- The stored results ----

STORED = sorted((ROOT / "results").glob("*.sqlite"))
stored = pytest.mark.parametrize("path", STORED, ids=lambda path: path.name)


def again(row, **changes):
    """The run of a stored row, done anew."""
    setting = {name: row[name] for name in module.KEY} | changes
    return module.run(getattr(cells, setting["cell"]), getattr(tasks, setting["task"]), setting)


def reported(path):
    return [row for row in read(path) if row["role"] == "report"]


def test_there_are_stored_results():
    assert {path.name for path in STORED} >= {"one_network.sqlite", "gates.sqlite", "digits.sqlite"}


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
    for group in summary(reported(path)):
        near = [row for row in tuning if row["lag"] == group["lag"]]  # tuned at every lag, or at one for all
        best = best_rates(near or tuning)
        assert group["runs"] >= 5
        assert group["learning_rate"] == best[group["cell"], group["init"], group["task"]]


def sample(path):
    """Every third of the ways to start that are stored, each by its first row."""
    return list({(row["cell"], row["init"]): row for row in reversed(reported(path))}.values())[::3]


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


@pytest.fixture(scope="module")
def cost():
    """What a removal costs in the stored table, (mean, low, high) over the places where something was solved."""
    rows = reported(ROOT / "results" / "gates.sqlite")

    def cost(whole, without):
        found = removal(rows, whole, without)
        return bootstrap([updates for (task, _), updates in found.items() if task != "Copying"])

    return cost


@pytest.mark.parametrize("init", ["default", "chrono"])
def test_of_the_parts_of_the_lstm_the_input_gate_is_missed_most(cost, init):
    whole = "LSTMCell", init
    _, least, _ = cost(whole, ("NoInputGateCell", init))
    others = [(cell, init) for cell in ("NoOutputGateCell", "NoSquashCell", "CoupledLSTMCell")]
    for other in [("LSTM1997Cell", "default"), *others]:
        assert cost(whole, other)[2] < least


def test_the_forget_gate_comes_second_with_chrono_only(cost):
    parts = "NoOutputGateCell", "NoSquashCell", "CoupledLSTMCell"
    _, least, _ = cost(("LSTMCell", "chrono"), ("LSTM1997Cell", "default"))
    assert all(cost(("LSTMCell", "chrono"), (part, "chrono"))[2] < least for part in parts)
    missed, _, _ = cost(("LSTMCell", "default"), ("LSTM1997Cell", "default"))
    assert missed < cost(("LSTMCell", "default"), ("NoOutputGateCell", "default"))[0]


def test_a_gate_must_see_and_multiply_but_need_not_see_the_state(cost):
    seen, multiplied, blind = (
        cost(("JANETCell", "default"), (cell, "default")) for cell in ("LeakyCell", "AddedGateCell", "MinGRUCell")
    )
    assert min(seen[1], multiplied[1]) > 300 and blind[2] < 50


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cells": ["LTSM"]}, r"a Cell by class or name; got \['LTSM'\]; choices: all, RNNCell"),
        ({"cells": []}, r"a Cell by class or name; got \[\]"),
        ({"cells": torch.nn.LSTM}, "a Cell by class or name"),
        ({"tasks": "Adder"}, r"a Task by class or name; got \['Adder'\]; choices: all, Adding"),
        ({"inits": ["xavier"]}, "sweep has no init 'xavier'; choices: default"),
        ({"cells": [RNNCell], "inits": "chrono"}, "inits that suit a cell; got RNNCell has no gate"),
        ({"lags": [1]}, "Adding needs lag"),
        ({"lags": []}, r"sweep needs lags as a list of 1 or more; got \[\]"),
        ({"lags": [8.5]}, "each of lags as a whole number, 1 or more; got 8.5"),
        ({"seeds": [-1]}, "each of seeds as a whole number, 0 or more; got -1"),
        ({"tune": [0]}, r"other seeds to tune than to report; got \[0\] in both"),
        ({"rates": [0.0]}, "each of rates as a number above 0; got 0.0"),
        ({"budget": 0}, "budget as a whole number, 1 or more; got 0"),
    ],
)
def test_what_cannot_be_run_is_said(options, message):
    with pytest.raises(ValueError, match=message):
        sweep(**{"cells": [LSTMCell], "jobs": 1} | TINY | options)


def test_a_file_that_is_something_else_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("Do not lose this.\n" * 100)
    with pytest.raises(
        ValueError, match=r"a new file, or one that it wrote; got .*notes.txt' \(file is not a database\)"
    ):
        sweep([LSTMCell], seeds=[0], budget=1, jobs=1, out=tmp_path / "notes.txt", **TINY)
    assert (tmp_path / "notes.txt").read_text() == "Do not lose this.\n" * 100


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ValueError, match="needs a file that course_lib.sweep wrote"):
        read(tmp_path / "none.sqlite")


def test_a_database_of_somebody_else_is_left_alone(tmp_path):
    with closing(sqlite3.connect(tmp_path / "people.sqlite")) as file, file:
        file.execute("CREATE TABLE people (name)")
    before = (tmp_path / "people.sqlite").read_bytes()
    for call in (lambda path: sweep([LSTMCell], budget=1, jobs=1, out=path, **TINY), read):
        with pytest.raises(
            ValueError, match=r"wrote; got '.*people.sqlite' \(it (holds people|has no such table of runs)\)"
        ):
            call(tmp_path / "people.sqlite")
    assert (tmp_path / "people.sqlite").read_bytes() == before


def test_a_scheduler_that_is_not_there_is_named_at_once():
    with socket.socket() as taken:  # bound and not listening: nobody answers at this port
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ValueError, match=f"sweep needs a scheduler that answers; got '{address}'"):
            sweep([LSTMCell], budget=1, scheduler=address, **TINY)


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
