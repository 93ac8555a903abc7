"""A row says what was asked and what came of it, for every place of the grid and for a class of one's own."""

import hashlib
import json
import platform
import re

import pytest
import torch
from little import TINY, Mine, numbers

from course_lib.cells import CELLS, GRUCell, LSTMCell, RNNCell
from course_lib.machine import cores
from course_lib.sweep import one, store, sweep
from course_lib.sweep.grid import Grid, fingerprint
from course_lib.sweep.outcomes import summary
from course_lib.sweep.store import key, read
from course_lib.tasks import Adding, Latching
from course_lib.training import History, Network, count_parameters, hidden_size_for, train


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
    assert json.loads(row["versions"])["torch"] in (torch.__version__, torch.__version__.partition("+")[0])


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
    monkeypatch.chdir(tmp_path)
    assert (
        sweep([LSTMCell], seeds=[0], out=tmp_path / "a.sqlite", jobs=1, plan_only=True, **TINY | {"progress": True})
        == []
    )
    assert read(tmp_path / "a.sqlite") == []
    assert "6 units, 216 weights" in capsys.readouterr().out
    monkeypatch.setenv("COURSE_QUIET", "1")
    sweep([LSTMCell], seeds=[0], jobs=1, plan_only=True, **TINY | {"progress": True})
    assert capsys.readouterr().out == "" and [file.name for file in tmp_path.iterdir()] == ["a.sqlite"]


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
    assert by_name["Broken"]["error"].rpartition("Traceback")[2].count("File ") == 2  # the last two, where to look
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


def test_a_fingerprint_is_that_of_the_constructor_and_the_step_whatever_else_changes():
    class Little:
        def __init__(self):  # not this
            self.two = 2

        def step(self):
            return self.two

        other = 3

    text = "def __init__(self):\n    self.two = 2def step(self):\n    return self.two"
    assert fingerprint(Little) == hashlib.sha256(text.encode()).hexdigest()[:8]
    typed = {}
    text = "class Typed:\n    def __init__(self): pass\n    def step(self): pass"
    exec(compile(text, "a prompt", "exec"), typed)  # which keeps no source
    assert fingerprint(typed["Typed"]) == hashlib.sha256(b"").hexdigest()[:8]


def test_every_cell_has_a_fingerprint_of_its_own():
    found = {fingerprint(Cell) for Cell in CELLS}
    assert len(found) == len(CELLS) and all(re.fullmatch("[0-9a-f]{8}", code) for code in found)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cells": ["LTSM"]}, r"a Cell by class or name; got \['LTSM'\]; choices: all, RNNCell"),
        ({"cells": [LSTMCell, "LTSM"]}, "a Cell by class or name; got .*; choices: all, RNNCell"),
        ({"cells": []}, r"a Cell by class or name; got \[\]"),
        ({"cells": torch.nn.LSTM}, "a Cell by class or name"),
        ({"tasks": "Adder"}, r"a Task by class or name; got \['Adder'\]; choices: all, Adding"),
        ({"inits": ["xavier"]}, "sweep has no init 'xavier'; choices: default"),
        ({"cells": [RNNCell], "inits": "chrono"}, "inits that suit a cell; got RNNCell has no gate"),
        ({"lags": [1]}, "Adding needs lag"),
        (
            {"lags": [9, 2], "tasks": "Latching", "inits": "chrono"},
            "inits that suit a cell; got chrono needs lag.*got 2",
        ),
        ({"lags": []}, r"sweep needs lags as a list of 1 or more; got \[\]"),
        ({"lags": [8.5]}, "each of lags as a whole number, 1 or more; got 8.5"),
        ({"seeds": [-1]}, "each of seeds as a whole number, 0 or more; got -1"),
        ({"tune": [0]}, r"other seeds to tune than to report; got \[0\] in both"),
        ({"rates": [0.0]}, "each of rates as a number above 0; got 0.0"),
        ({"budget": 0}, "budget as a whole number, 1 or more; got 0"),
        ({"jobs": 1001, "plan_only": True}, "sweep needs jobs as a whole number from 1 to 1000; got 1001"),
    ],
)
def test_what_cannot_be_run_is_said(options, message):
    with pytest.raises(ValueError, match=message):
        sweep(**{"cells": [LSTMCell], "jobs": 1} | TINY | options)


# ---- One run, and the file ----


def grid_of(**changes):
    """A grid of one run, changed."""
    return Grid(**{"cells": [LSTMCell], "tasks": [Latching], "lags": [8], "inits": ["default"], "seeds": [3],
                   "tune": [], "rates": [0.02], "tune_lag": None, "parameters": 200, "budget": 7,
                   "batch_size": 4} | changes)  # fmt: skip


def setting_of(Cell, **changes):
    """The setting of the only run of a grid."""
    ((_, _, setting),) = grid_of(cells=[Cell], **changes).reported([]).values()
    return setting


def test_a_cell_that_has_not_been_tuned_is_planned_at_the_first_rate():
    planned = grid_of(rates=[0.1, 0.2], tune=[5]).reported([]).values()
    assert [setting["learning_rate"] for _, _, setting in planned] == [0.1]


def test_a_run_is_the_training_that_its_setting_asks_for(monkeypatch):
    asked, real, threads = [], one.train, torch.get_num_threads()

    def train(*what, **how):
        asked.append((torch.get_num_threads(), what, how))
        return real(*what, **how)

    monkeypatch.setattr(one, "train", train)
    try:
        torch.set_num_threads(3)
        row = one.run(LSTMCell, Latching, setting_of(LSTMCell, inits=["chrono"]))
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(threads)
    size = hidden_size_for(LSTMCell, 1, 200)
    how = {"hidden_size": size, "init": "chrono", "updates": 7, "batch_size": 4, "learning_rate": 0.02, "seed": 3}
    assert asked == [(1, (LSTMCell, Latching(lag=8)), how | {"progress": False})]
    assert (row["role"], row["learning_rate"], row["batch_size"], row["budget"]) == ("report", 0.02, 4, 7)
    empty = History(Network(LSTMCell(1, 2), 2), {"hidden_size": 2}, ended="diverged")  # at its first update
    monkeypatch.setattr(one, "start", lambda *what, **how: empty)
    row = one.run(LSTMCell, Latching, setting_of(LSTMCell))
    assert (row["ended"], row["early_loss"], row["score"], row["weights"]) == ("diverged", None, None, 32)


def test_an_update_is_timed_after_one_that_compiles(monkeypatch):
    asked, real = [], one.train
    monkeypatch.setattr(one, "train", lambda *what, **how: asked.append(how) or real(*what, **how))
    timed = one.speed(LSTMCell, Latching, setting_of(LSTMCell))
    assert [how["updates"] for how in asked] == [1, one.TIMED] and [how["batch_size"] for how in asked] == [4, 4]
    assert 0 < timed["seconds"] < 5 and not any(how["progress"] for how in asked)
    size = hidden_size_for(LSTMCell, 1, 200)
    assert (timed["hidden_size"], timed["weights"], timed["lag"]) == (size, count_parameters(LSTMCell, 1, size), 8)
    assert one.speed(Broken, Latching, setting_of(Broken)) == setting_of(Broken) | {"seconds": None}


def test_a_row_says_with_what_it_was_made():
    said = json.loads(one.versions())
    assert list(said) == ["python", "torch", "numpy", "llvmlite", "machine"]
    assert said["python"] == platform.python_version() and said["machine"].endswith(f", {cores()} cores")
    assert said["machine"].startswith(f"{platform.system()} {platform.machine()}")


def test_runs_are_in_the_file_once_and_are_read_in_the_order_of_their_keys(tmp_path):
    path = tmp_path / "new" / "below" / "a.sqlite"
    store.create(path)
    store.create(path)  # it is there, and stays
    rows = [dict.fromkeys(store.RESULT) | setting_of(LSTMCell, seeds=[seed]) | {"loss": 0.5} for seed in (2, 1)]
    for row in (*rows, rows[0] | {"loss": 0.7}):
        store.add(path, row)
    assert read(path) == rows[::-1]
    assert store.holds(path, key(rows[0])) and not store.holds(path, key(rows[0] | {"seed": 5}))


def test_a_file_of_somebody_else_is_no_file_of_rows(tmp_path):
    path = tmp_path / "b.sqlite"
    with store.connect(path) as file, file:
        file.execute("CREATE TABLE mine (a)")
        assert file.execute("PRAGMA busy_timeout").fetchone() == (60_000,)  # how long a writer waits for another one
    with pytest.raises(ValueError, match=r"sweep needs out as a new file, or one that it wrote; .*it holds mine"):
        store.create(path)
    with pytest.raises(ValueError, match="read needs a file that course_lib.sweep wrote; got .*no such table of runs"):
        read(path)
    with pytest.raises(ValueError, match="c.sqlite', which does not exist"):
        read(tmp_path / "c.sqlite")


def test_the_places_of_a_grid_are_run_seed_by_seed_and_in_no_order():
    grid = grid_of(cells="all", lags=[8, 20], seeds=[4, 2], rates=[0.1, 0.2])
    orders = [[(s["cell"], s["lag"], s["seed"], s["learning_rate"]) for _, _, s in grid.reported([]).values()]
              for _ in range(2)]  # fmt: skip
    half = 2 * 2 * len(CELLS)
    assert [{seed for _, _, seed, _ in part} for part in (orders[0][:half], orders[0][half:])] == [{4}, {2}]
    assert grid.cells == list(CELLS) == grid_of(cells=["LSTMCell", "all"]).cells
    assert sorted(orders[0]) == sorted(orders[1]) and orders[0] != orders[1] and len(set(orders[0])) == 2 * half
