"""What a sweep is asked for on the command line, and what it says before it runs and while it does."""

import inspect
import runpy
import shlex
import sys
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from little import TINY, result

import course_lib.sweep as sweeping
from course_lib.cells import GRUCell, LSTMCell, RNNCell
from course_lib.sweep import __main__ as command
from course_lib.sweep import estimate
from course_lib.sweep.grid import Grid
from course_lib.sweep.store import create
from course_lib.tasks import Adding, Latching

GRID = dict(cells=[LSTMCell, RNNCell], tasks=[Adding, Latching], lags=[8, 20], inits=["default", "orthogonal"],
            seeds=[3, 1], rates=[0.001, 0.01], tune=[7], tune_lag=9, parameters=200, budget=50,
            batch_size=4)  # fmt: skip

TOLD = {"cells": "cells.CELLS", "tasks": "tasks.TASKS", "inits": "default, ", "rates": "learning rates",
        "tune": "chooses its rate", "tune-lag": "first of --lags", "parameters": "weights", "budget": "not solved",
        "out": "rows are kept", "jobs": "one per core", "scheduler": "Dask", "plan-only": "run nothing"}  # fmt: skip


@pytest.fixture
def asked(monkeypatch):
    """What the command asked the sweep for, which is not run; its rows are the first entry when set."""
    seen = {"rows": []}

    def sweep(cells, **options):
        seen.update({"cells": cells} | options)
        return seen.pop("rows")

    monkeypatch.setattr(command, "sweep", sweep)
    return seen


def test_a_command_asks_for_what_a_call_does_that_leaves_the_rest_out(asked):
    command.main(["--out", "a.sqlite"])
    left_out = {"inits": ["default"], "tune_lag": None, "jobs": None, "scheduler": None, "plan_only": False}
    assert asked == left_out | {"cells": ["all"], "tasks": ["Adding"], "lags": [100], "seeds": [0, 1, 2, 3, 4],
                                "rates": [3e-3], "tune": [], "parameters": 4300, "budget": 3000, "batch_size": 32,
                                "out": "a.sqlite"}  # fmt: skip
    call = {name: one.default for name, one in inspect.signature(sweeping.sweep).parameters.items()}
    call = {name: list(value) if isinstance(value, (tuple, range)) else value for name, value in call.items()}
    assert call.pop("progress") is True and asked == call | {"cells": ["all"], "out": "a.sqlite"}


def test_the_command_tells_what_it_takes(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["sweep", "--help"])
    monkeypatch.setenv("COLUMNS", "200")  # no line is broken
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(command.__file__, run_name="__main__")
    assert not ended.value.code
    usage, _, told = capsys.readouterr().out.partition("\n\n")
    assert (
        usage.split("course_lib.sweep ")[1].split()
        == """
        [-h] [--cells CELL [CELL ...]] [--tasks TASK [TASK ...]] [--lags N [N ...]] [--inits INIT [INIT ...]]
        [--seeds N [N ...]] [--rates RATE [RATE ...]] [--tune SEED [SEED ...]] [--tune-lag N] [--parameters N]
        [--budget N] [--batch-size N] --out FILE [--jobs N] [--scheduler ADDRESS] [--plan-only]""".split()
    )
    about, *options = told.split("\n  --")
    assert about.startswith(inspect.getdoc(sweeping))
    said = {words.split()[0]: " ".join(words.split()) for words in options}
    for option, word in TOLD.items():
        assert word in said[option], f"--{option} needs a word of what it is; got {said[option]!r}"


def test_the_command_that_a_row_keeps_asks_for_the_same_grid(asked):
    grid = Grid(**GRID)
    program, flag, module, *words = shlex.split(grid.command("my rows.sqlite"))
    assert (program, flag, module) == ("python", "-m", "course_lib.sweep")
    command.main([*words, "--jobs", "3", "--scheduler", "tcp://a:1", "--plan-only"])
    rest = {"out": "my rows.sqlite", "jobs": 3, "scheduler": "tcp://a:1", "plan_only": True}
    assert {name: asked.pop(name) for name in rest} == rest
    assert Grid(**asked) == grid
    assert "--out" not in Grid(**GRID | {"tune": []}).command(None) and "--tune " not in Grid(
        **GRID | {"tune": []}
    ).command(None)


def test_a_command_prints_a_line_for_each_group(asked, capsys):
    asked["rows"] = [result(0.01, seed, solved_at=at, lag=8) for seed, at in enumerate((10, 30, None))]
    command.main(["--out", "a.sqlite"])
    said = "rate 0.01    solved 2 of 3, 95 % 0.21 to 0.94, median 30, errors 0\n"
    assert capsys.readouterr().out == f"T 8      A                    default      {said}"


def test_a_command_that_cannot_be_done_or_is_stopped_says_so(monkeypatch, capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(["--out", "a.sqlite", "--cells", "LTSM"])
    assert ended.value.code == 2 and "sweep needs a Cell by class or name; got ['LTSM']" in capsys.readouterr().err

    def stopped(**options):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "sweep", stopped)
    with pytest.raises(SystemExit) as ended:
        command.main(["--out", "a.sqlite"])
    assert ended.value.code == 130 and "Every finished run is in the file" in capsys.readouterr().err


def timed(function, calls, jobs, client):
    """Runs that are not timed: an update takes as many hundredths of a second as the lag has steps; one cell fails."""
    assert (jobs, client) == (2, "a cluster")
    for Cell, _, setting in calls:
        seconds = None if Cell is GRUCell else setting["lag"] / 100
        yield setting | {"seconds": seconds, "hidden_size": 6, "weights": 216}


def test_a_plan_says_what_is_to_be_done_and_how_long_it_may_take(tmp_path, monkeypatch, capsys):
    bars = []
    monkeypatch.setattr(estimate, "everywhere", timed)
    monkeypatch.setattr(estimate, "tqdm", lambda runs, **look: bars.append(look) or runs)
    grid = Grid(**GRID | {"cells": [LSTMCell, RNNCell, GRUCell], "tasks": [Adding], "inits": ["chrono"], "tune": []})
    create(tmp_path / "a.sqlite")
    cost, total = estimate.plan(grid, tmp_path / "a.sqlite", 2, "a cluster", False)
    assert capsys.readouterr().out.splitlines() == [
        "16 runs of at most 50 updates: 0 in the file, 16 to do.",
        "  left out: RNNCell chrono (RNNCell has no gate on its memory; got memory = None, so no bias to set there)",
        "  Adding           LSTMCell             6 units, 216 weights: 80.0 ms an update at lag 8, "
        "200.0 ms an update at lag 20",
        "At most 28 s on 2 processes; a run that solves its task ends sooner.",
    ]
    assert {lag: seconds for (_, _, lag), seconds in cost.items()} == {8: pytest.approx(2), 20: pytest.approx(5)}
    assert bars == [{"total": 4, "leave": False, "desc": "timing"}]  # which goes when all is timed
    assert total == pytest.approx(2 * 2 * 2 + 2 * 2 * 5)  # seeds times rates; what cannot be timed costs nothing
    assert estimate.plan(grid, tmp_path / "a.sqlite", 2, None, True) == ({}, 0)
    assert capsys.readouterr().out == ""


def test_seconds_are_said_as_people_say_them():
    said = {0.4: "0 s", 89.4: "89 s", 90: "2 min", 600: "10 min", 5399: "90 min", 5400: "1.5 h", 36000: "10.0 h"}
    assert {seconds: estimate.clock(seconds) for seconds in said} == said


def test_the_bar_moves_by_what_a_run_was_expected_to_take_on_as_many_processes_as_there_are_cores(monkeypatch):
    moved, jobs, places = [], [], []

    class Bar:
        def __init__(self, *, total, disable, desc, bar_format):
            moved.append((total, disable, desc, bar_format))
            self.total, self.n = total, 0

        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

        def set_postfix_str(self, text, *, refresh):
            moved.append((text, refresh))

        def update(self, by):
            self.n += by
            moved.append(by)

    def everywhere(function, calls, processes, client):
        jobs.append(processes)
        places.append(client)
        return (function(*call) for call in calls)

    monkeypatch.setattr(sweeping, "cpu_count", lambda *, only_physical_cores: 7 if only_physical_cores else 14)
    monkeypatch.setattr(sweeping, "cores", lambda: 5)
    monkeypatch.setattr(sweeping, "everywhere", everywhere)
    monkeypatch.setattr(sweeping, "tqdm", Bar)
    monkeypatch.setattr(
        sweeping, "plan", lambda grid, *rest: ({estimate.timed_as(row): 4.0 for row in settings(grid)}, 6)
    )
    rows = sweeping.sweep([LSTMCell], seeds=[0, 1], budget=1, **TINY)
    assert len(rows) == 2 and jobs == [5]
    assert moved == [(6, False, "runs", sweeping.BAR), ("LSTMCell default 8: budget", False), 4.0,
                     ("LSTMCell default 8: budget", False), 2.0]  # fmt: skip
    monkeypatch.setattr(sweeping, "cores", lambda: 9)
    assert len(sweeping.sweep([LSTMCell], seeds=[0], budget=1, **TINY)) == 1 and jobs[1:] == [7]
    monkeypatch.setattr(sweeping, "plan", lambda grid, *rest: ({}, 0))
    sweeping.sweep([LSTMCell], seeds=[0], budget=1, **TINY)
    dask = SimpleNamespace(nthreads=lambda: {"tcp://a:1": 2, "tcp://b:1": 4})
    monkeypatch.setattr(sweeping, "cluster", nullcontext)
    monkeypatch.setattr(sweeping, "plan", lambda grid, path, *rest: places.append(rest) or ({}, 0))
    sweeping.sweep([LSTMCell], seeds=[0], budget=1, scheduler=dask, **TINY)
    assert jobs[-1] == 6 and places[-2:] == [(6, dask, True), dask]
    assert [row for row in moved[5:] if isinstance(row, tuple) and len(row) == 4][1] == (0, True, "runs", sweeping.BAR)


def settings(grid):
    return [setting for _, _, setting in grid.reported([]).values()]
