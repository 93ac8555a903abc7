"""A sweep can be killed, repeated, shared and extended: no row is lost or doubled, no file of somebody else harmed."""

import json
import os
import shlex
import socket
import sqlite3
from contextlib import closing

import pytest
from little import TINY, Mine, numbers, undisturbed
from patience import finished, until

from course_lib import sweep as module
from course_lib.cells import LSTMCell
from course_lib.sweep import sweep
from course_lib.sweep.store import add, key, read

THEN = """
import os, signal, sys
from course_lib import sweep
from course_lib.sweep.__main__ import main
real = sweep.add

def add(*row):
    real(*row)
    {}

sweep.add = add
main(sys.argv[1:])
"""


@pytest.fixture
def started(start):
    """A function that starts a sweep in a process of its own.

    then   what that process does when it has written a row, a line of Python
    """
    loud = {name: value for name, value in os.environ.items() if name != "COURSE_QUIET"}
    return lambda out, *words, then="pass": start("-c", THEN.format(then), "--out", out, *words, env=loud)


def test_a_second_call_does_only_what_is_missing(tmp_path, monkeypatch):
    out = tmp_path / "deep" / "a.sqlite"
    sweep([LSTMCell], seeds=[0], budget=2, jobs=1, out=out, **TINY)
    done = []
    monkeypatch.setattr(
        module, "run", lambda Cell, Task, setting, run=module.run: done.append(setting) or run(Cell, Task, setting)
    )
    rows = sweep([LSTMCell], seeds=[0, 1], budget=2, jobs=1, out=out, **TINY)
    assert [setting["seed"] for setting in done] == [1] and [row["seed"] for row in rows] == [0, 1]
    assert all(shlex.split(row["command"])[-2:] == ["--out", str(out)] for row in rows)
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
    add(out, row | {"loss": 9.0})
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
