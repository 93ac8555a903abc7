"""The comparison with what else trains a cell measures what it says, and keeps it."""

import json

import numpy as np
import pytest
import torch

from course_lib import bench, rivals
from course_lib.cells import GRUCell, LSTMCell

SMALL = (3, 2, 4, 2), (5, 2, 4, 3)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(rivals, "QUICK", SMALL)
    monkeypatch.setattr(bench, "SETTLE", 0.0)


def test_every_size_has_a_row_for_every_contestant_that_is_here(quick, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(rivals, "find_spec", lambda name: None)
    file = tmp_path / "bench.json"
    file.write_text('{"speed": "stays"}')
    monkeypatch.setattr(rivals, "vanished", lambda rounds: [])
    rivals.main(["--quick", "--rounds", "2", "--out", str(file)])
    kept = json.loads(file.read_text())
    rows = kept["rivals"]["rows"]
    assert [(row["time"], row["kind"], row["name"]) for row in rows] == [
        (size[0], kind, name) for size in SMALL for kind in ("LSTM", "GRU") for name in rivals.NAMES[:3]
    ]
    assert all(0 < row["low"] <= row["seconds"] <= row["high"] and row["ratio"] > 0 for row in rows)
    assert {"command", "processor", "threads", "versions"} <= kept["rivals"]["environment"].keys()
    assert kept["speed"] == "stays"
    printed = capsys.readouterr().out
    assert "jax is not installed" in printed and "GRU / nn, flushing: median" in printed


def test_a_ratio_is_that_of_the_fused_cell_to_the_other_within_a_round(monkeypatch):
    monkeypatch.setattr(bench, "interleaved", lambda work, rounds: {
        name: [k * (2.0 if name.endswith("fused") else 4.0) for k in (1, 10, 100)] for name in work
    })  # fmt: skip
    (rows,) = rivals.compare(SMALL[:1], 3, [])
    assert {row["name"]: row["ratio"] for row in rows} == {"nn": 0.5, "nn, flushing": 0.5, "fused": 1.0}


def test_the_loop_over_a_compiled_step_gives_h_of_the_cell(monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda **_: lambda f: f)
    for Cell in (LSTMCell, GRUCell):
        cell, x = Cell(2, 4), torch.randn(3, 5, 2)
        torch.testing.assert_close(rivals.compiled_step(cell)(x), rivals.fuse(cell)(x)[0])


def test_denormals_are_counted_as_asked_inside_and_as_before_afterwards():
    seen, tiny = [], torch.tensor([rivals.TINY])
    with rivals.as_before():
        for wanted in (True, False):
            rivals.flushing(wanted, lambda: seen.append((tiny * 1.0).item() == 0.0))()
        torch.set_flush_denormal(True)
    assert seen == [True, False] and (tiny * 1.0).item() > 0


def test_a_step_on_a_vanished_gradient_is_timed_beside_one_on_a_living_gradient(monkeypatch):
    monkeypatch.setattr(bench, "SETTLE", 0.0)
    found = []
    grad = torch.autograd.grad
    monkeypatch.setattr(torch.autograd, "grad", lambda h, w, g: found.append(grad(h, w, g)))
    rows = rivals.vanished(time=20, batch=2, hidden=4, rounds=1)
    assert [row["name"] for row in rows] == ["compiled", "torch.nn.LSTM", "torch.nn.LSTM, flushing"]
    assert all(row["living"] > 0 and np.isclose(row["ratio"], row["vanished"] / row["living"]) for row in rows)
    largest = [max(g.abs().max().item() for g in gradients) for gradients in found]
    smallest = torch.finfo(torch.float32).tiny
    assert sum(size > 1e-3 for size in largest) == 3  # the living ones
    assert sum(0 < size < 100 * smallest for size in largest) >= 1  # torch.nn's, without flushing


@pytest.mark.parametrize("wrong", [{"time": 0}, {"batch": 1.5}, {"hidden": "64"}, {"rounds": -1}])
def test_sizes_that_are_none_are_refused(wrong):
    with pytest.raises(ValueError, match=f"vanished needs {next(iter(wrong))} as a whole number"):
        rivals.vanished(**wrong)


def test_a_training_step_is_timed_on_gradients_of_all_sizes_and_what_it_shows_is_said(monkeypatch):
    monkeypatch.setattr(bench, "SETTLE", 0.0)
    found = rivals.by_size(time=5, batch=2, hidden=4, rounds=1)
    assert found.keys() == {"size", *rivals.TIMED} and all(len(ms) == len(found["size"]) for ms in found.values())
    assert all(ms > 0 for name in rivals.TIMED for ms in found[name]) and rivals.felt(found).startswith(
        "This processor"
    )
    assert min(found["size"]) > 0 and torch.tensor(min(found["size"])) > 0  # float32 holds it


def test_what_a_processor_feels_is_said_as_it_was_measured():
    small = [size < 1e-38 for size in rivals.GRADIENTS]
    found = {"size": list(rivals.GRADIENTS)} | {name: [2.0] * len(small) for name in rivals.TIMED}
    assert "does not mind" in rivals.felt(found) and "1.0 times" in rivals.felt(found)
    found["torch.nn.LSTM"] = [2.0 + 10.0 * gone for gone in small]
    sentence = rivals.felt(found)
    assert "feels it" in sentence and "6.0 times" in sentence and "counted as zero 1.0 times" in sentence


@pytest.mark.parametrize("wrong", [None, {}, {"size": [1.0]}, [1.0]])
def test_what_is_no_result_is_refused(wrong):
    with pytest.raises(ValueError, match="felt needs found as by_size returns it"):
        rivals.felt(wrong)
