"""The benchmark measures what it says, keeps what it has, and runs nothing twice."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib import bench
from course_lib.cells import GRUCell, LSTMCell
from course_lib.tasks import Adding1997
from course_lib.training import History, train

STORED = Path(__file__).parents[1] / "results" / "bench.json"


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(bench, "SIZES", ((3, 2, 4), (5, 2, 4)))
    monkeypatch.setattr(bench, "LENGTHS", (3, 30))


def test_every_size_has_a_row_for_torch_and_for_every_cell(small, tmp_path, capsys):
    file = tmp_path / "bench.json"
    bench.main(["--cells", "LSTMCell", "GRUCell", "--rounds", "3", "--out", str(file)])
    speed = json.loads(file.read_text())["speed"]
    names = ["nn.LSTM", "nn.GRU", "nn.RNN", "LSTMCell", "GRUCell"]
    assert [(row["time"], row["name"]) for row in speed["rows"]] == [(n, name) for n in (3, 5) for name in names]
    assert all(0 < row["low"] <= row["seconds"] <= row["high"] for row in speed["rows"])
    assert all(row["literal"] > 0 and row["limit"] > 0 for row in speed["rows"] if row["name"].endswith("Cell"))
    assert {"processor", "threads", "versions", "seeds"} <= speed["environment"].keys()
    printed = capsys.readouterr().out
    assert printed.count("GRUCell") == 2 and "LSTMCell / nn.LSTM: median" in printed


def test_ratios_are_taken_within_a_round(monkeypatch):
    """All slow down together from round to round; the ratio does not."""
    seconds = {"nn.LSTM": [1.0, 2.0, 30.0], "nn.GRU": [1.0, 2.0, 30.0], "nn.RNN": [1.0, 2.0, 30.0],
               "GRUCell": [2.0, 4.0, 60.0], "GRUCell literal": [np.nan, 20.0, np.nan],
               "GRUCell limit": [1.0, 2.0, 30.0]}  # fmt: skip
    monkeypatch.setattr(bench, "interleaved", lambda work, rounds: seconds)
    *_, row = bench.compare([GRUCell], [(3, 2, 4)], 3)
    assert (row["to_lstm"], row["literal"], row["limit"]) == (2.0, 5.0, 0.5)


def test_every_contestant_works_in_every_round_and_the_literal_one_in_every_third():
    calls = []
    work = {name: lambda name=name: calls.append(name) for name in ("a", "a literal")}
    seconds = bench.interleaved(work, 6)
    assert len(seconds["a"]) == 6 and np.isnan(seconds["a literal"]).sum() == 4
    assert calls.count("a") >= 2 * 6 and calls.count("a literal") >= 2 * 2


def test_a_training_step_reaches_every_weight():
    for run, weights in (bench.of_torch(torch.nn.LSTM, 4), bench.of_torch(torch.nn.RNN, 4)):
        gradients = torch.autograd.grad(run(torch.randn(2, 3, bench.INPUTS)).square().mean(), weights)
        assert all(gradient.abs().sum() > 0 for gradient in gradients)


def test_the_exponent_is_that_of_a_power_law():
    rows = [{"time": n, "seconds": 3 * n**1.5} for n in (10, 100, 1000)]
    assert bench.exponent(rows, "seconds") == pytest.approx(1.5)


def test_cost_and_memory_are_measured_against_the_number_of_steps(small, tmp_path):
    file = tmp_path / "bench.json"
    bench.main(["--length", "--out", str(file)])
    rows = json.loads(file.read_text())["length"]["rows"]
    assert [row["time"] for row in rows] == [3, 30]
    # x, h, c, four gates and tanh(c) in vectors of at most 16 numbers: 240 numbers a step and sequence, at most 256.
    assert 30 * 8 * 240 * 4 < rows[1]["bytes"] < 2 * 31 * 8 * 256 * 4


class Interrupted(Exception):
    pass


def test_headline_runs_that_are_in_the_file_are_not_run_again(tmp_path, monkeypatch, capsys):
    file, ran = tmp_path / "bench.json", []

    def trained(Cell, task, *, seed, until, progress, **settings):
        if len(ran) == 4:
            raise Interrupted
        ran.append((type(task).__name__, task.lag, seed))
        return History(network=None, settings=settings, losses=[0.0] * (10 + seed), ended="solved")

    monkeypatch.setattr(bench, "train", trained)
    with pytest.raises(Interrupted):
        bench.main(["--headline", "--out", str(file)])
    assert len(json.loads(file.read_text())["headline"]["rows"]) == 4
    ran.append("interrupted")
    bench.main(["--headline", "--out", str(file)])
    assert len(ran) == len(set(ran)) == 32
    table = [line.split() for line in capsys.readouterr().out.splitlines() if "of 1997" in line]
    assert [row[3:7] for row in table] == [[lag, "5", "768", "640"] for lag in ("100", "500", "1,000")]
    assert [row[-1] for row in table] == ["74,000", "209,000", "853,000"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--rounds", "0"], "bench needs rounds as a whole number, 1 or more; got 0"),
        (["--out", "."], "bench needs out as a file"),
        (["--out", __file__], "read needs path as a file that course_lib.bench wrote"),
    ],
)
def test_what_cannot_be_measured_or_kept_is_said_before_the_measuring(words, said, monkeypatch, capsys):
    monkeypatch.setattr(bench, "compare", lambda *arguments: pytest.fail("measures"))
    with pytest.raises(SystemExit):
        bench.main(words)
    assert said in capsys.readouterr().err


# ---- The stored results ----


def test_the_stored_headline_runs_are_all_there_and_all_solved():
    rows = bench.read(STORED)["headline"]["rows"]
    assert list(bench.headline(rows)) == []  # nothing is left to run
    assert {row["ended"] for row in rows} == {"solved"}


def test_a_fresh_headline_run_agrees_with_the_stored_ones():
    name, task, seed, until = bench.headline_runs()[4]
    rows = bench.read(STORED)["headline"]["rows"]
    stored = [row["sequences"] for row in rows if (row["task"], row["lag"]) == (name, task.lag)]
    fresh = train(LSTMCell, task, seed=seed, until=until, progress=False, **bench.HEADLINE)
    assert fresh.ended == "solved" and min(stored) / 1.5 < fresh.sequences < 1.5 * max(stored)


def test_the_stored_runs_of_patience_are_all_there_and_used_all_their_sequences():
    rows = bench.read(STORED)["patience"]["rows"]
    assert list(bench.patience(rows)) == [] and len(rows) == 2 * len(bench.PATIENCE)
    assert {(row["ended"], row["sequences"]) for row in rows} == {("budget", 256_000)}


@pytest.mark.arithmetic
@pytest.mark.parametrize("which", [0, -1])
def test_a_fresh_run_of_patience_starts_as_the_stored_one_and_another_rate_would_not(which):
    row = bench.read(STORED)["patience"]["rows"][which]
    settings = bench.HEADLINE | {name: row[name] for name in bench.HEADLINE} | {"updates": 20}
    task = Adding1997(lag=row["lag"])
    for change, same in (({}, True), ({"learning_rate": 1.5 * row["learning_rate"]}, False)):
        fresh = train(LSTMCell, task, seed=row["seed"], progress=False, **settings | change)
        assert bool(np.mean(fresh.losses) == pytest.approx(row["early_loss"], rel=1e-3)) is same
