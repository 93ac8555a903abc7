"""What notebooks are made of: seeds move together, predictions answer and are kept, verdicts can fail."""

import os
import re
import sys
from base64 import b64decode
from io import BytesIO
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from course_lib import lesson, predictions
from course_lib.cells import RNNCell


@pytest.fixture
def shown(monkeypatch):
    """What was displayed, in order."""
    seen = []

    def display(thing, raw=False):
        assert raw == isinstance(thing, dict)  # a dict is a text for each kind of page only where that is said
        seen.append(thing)

    monkeypatch.setattr(lesson, "display", display)
    return seen


def test_one_variable_moves_every_seed(monkeypatch):
    monkeypatch.delenv("COURSE_SEED", raising=False)
    assert lesson.seeds(3) == [0, 1, 2]
    monkeypatch.setenv("COURSE_SEED", "7")
    assert lesson.seeds(3) == [7000, 7001, 7002]
    assert lesson.seeds(2, skip=500) == [7500, 7501]
    monkeypatch.setenv("COURSE_SEED", "seven")
    with pytest.raises(ValueError, match="COURSE_SEED needs a whole number, 0 or more; got 'seven'"):
        lesson.seeds(3)


def test_an_attack_says_whether_the_claim_stood_and_stops_the_notebook_where_it_came_out_otherwise(shown):
    lesson.attack("A1", True, "More of it: 3.")
    lesson.attack("A1", True, "Another start: 4.", narrows=True)
    assert [thing.data for thing in shown] == [
        "**Attack withstood, A1.** More of it: 3.",
        "**Attack that narrows, A1.** Another start: 4.",
    ]
    with pytest.raises(AssertionError, match="A1: this run does not support the attack. Measured: It is 3."):
        lesson.attack("A1", False, "It is 3.")


def test_a_verdict_that_does_not_hold_stops_the_notebook(shown):
    lesson.verdict("A1", True, "It is 3.")
    assert shown[0].data == "**Verdict A1.** It is 3."
    with pytest.raises(AssertionError, match="A1: this run does not support the verdict. Measured: It is 3."):
        lesson.verdict("A1", False, "It is 3.")


def test_a_figure_is_shown_with_its_text_whatever_matplotlib_draws_for_and_closed(shown):
    assert plt.get_backend().lower() == "agg"  # which shows nothing by itself
    figure, _ = plt.subplots(figsize=(5, 3), dpi=100)
    lesson.show(figure, 'A line that rises "in" a < b.')
    drawn = shown[0]
    found = re.search(r'<img alt="([^"]*)" width="500" src="data:image/png;base64,([^"]+)">', drawn["text/html"])
    assert found[1] == "A line that rises &quot;in&quot; a &lt; b."
    with Image.open(BytesIO(b64decode(found[2]))) as picture:
        assert picture.size == (1000, 600) and picture.mode == "P"  # twice as many pixels as it is wide, in a palette
    assert drawn["text/html"].startswith("<figure><img") and drawn["text/html"].endswith(
        f'"><figcaption aria-hidden="true"><em>Figure: {found[1]}</em></figcaption></figure>'
    )
    assert drawn["text/plain"] == 'Figure: A line that rises "in" a < b.'
    assert not plt.fignum_exists(figure.number)


def test_the_text_of_a_figure_that_is_to_be_read_is_heard_and_not_seen(shown):
    lesson.show(plt.figure(), "It falls from 1 to 0.5.", below=False)
    assert '<img alt="It falls from 1 to 0.5."' in shown[0]["text/html"] and "figcaption" not in shown[0]["text/html"]


def test_a_verdict_tells_what_the_prediction_was_about(shown):
    lesson.verdict("A1", True, "It is 3.", predicted="template-half")
    assert [thing.data for thing in shown] == ["**Verdict A1.** It is 3.", predictions.told("template-half")]
    with pytest.raises(ValueError, match="predict has no name '02-nrom'"):
        lesson.verdict("A1", True, "It is 3.", predicted="02-nrom")


def test_the_source_shown_is_the_source_that_runs(shown):
    for nothing in (lesson, 3, print):
        with pytest.raises(ValueError, match="source needs a class or function that is written in Python, in a file"):
            lesson.source(nothing)
    lesson.source(RNNCell.step)
    assert shown[0].data.startswith("```python\ndef step(self, gate, x, h):\n    h = tanh(self.h(x, h))")


def test_the_doctor_names_versions_and_what_is_missing(capsys, monkeypatch):
    monkeypatch.setattr(lesson, "step_seconds", lambda: 0.012)
    real = lesson.version

    def version(package):
        if package == "llvmlite":
            raise lesson.PackageNotFoundError
        return real(package)

    monkeypatch.setattr(lesson, "version", version)
    monkeypatch.setattr(lesson, "troubles", lambda: ["Something is in the way."])
    lesson.doctor()
    first, *told = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"Python 3\.\d+\.\d+\S* on \w+, \d+ (of \d+ )?cores, torch uses \d+", first)
    assert told == [
        *(f"  {package} {real(package)}" for package in ("torch", "numpy", "matplotlib", "ipywidgets")),
        "  llvmlite is missing: run `pip install -r requirements.txt`",
        "  one training step of an LSTM, 100 time steps, 32 units, batch 32: 12 ms",
        "  Something is in the way.",
    ]


@pytest.fixture
def surroundings(monkeypatch, tmp_path):
    """Surroundings with nothing in the way, to put something there."""
    monkeypatch.setattr(lesson, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(sys, "prefix", "/opt/course/.venv")
    for name in ("MPLBACKEND", "PYTHONPATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    assert lesson.troubles() == []
    return tmp_path


def test_the_doctor_says_so_when_the_kernel_is_not_the_course_s(surroundings, monkeypatch):
    (surroundings / ".venv").mkdir()
    (surroundings / ".venv" / "pyvenv.cfg").write_text("")
    monkeypatch.setattr(sys, "prefix", str(surroundings))
    (sentence,) = lesson.troubles()
    assert sentence.startswith(f"This kernel is not the course's, but {sys.executable}: choose the Python in")
    monkeypatch.setattr(sys, "prefix", str(surroundings / ".venv"))
    assert lesson.troubles() == []


@pytest.mark.parametrize(
    "variables, prefix, words",
    [
        ({"MPLBACKEND": "agg"}, "/opt", "those that you draw do not"),
        ({"PYTHONPATH": str(Path(np.__file__).parents[1])}, "/opt", "PYTHONPATH puts another numpy first"),
        ({}, "/home/me/Kurs [2]/.venv", "finds no widgets there: use `make lab`"),
    ],
)
def test_the_doctor_names_what_is_in_the_way(surroundings, monkeypatch, variables, prefix, words):
    monkeypatch.setattr(sys, "prefix", prefix)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert any(words in sentence for sentence in lesson.troubles())


def test_the_course_s_own_torch_is_no_other_though_a_path_above_it_is_named(surroundings, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(Path(np.__file__).parents[1]))
    monkeypatch.setenv("PYTHONPATH", str(Path(np.__file__).parents[2]))
    assert lesson.troubles() == []


def test_the_doctor_prints_what_is_in_the_way_and_that_a_folder_is_read_only(surroundings, monkeypatch, capsys):
    monkeypatch.setattr(lesson, "step_seconds", lambda: 0.012)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    lesson.doctor()
    assert f"{surroundings} cannot be written: neither notebooks nor answers are kept" in capsys.readouterr().out


@pytest.mark.parametrize("backend", ["module://matplotlib_inline.backend_inline", "module://ipympl.backend_nbagg"])
def test_the_backends_of_notebooks_are_no_trouble(surroundings, monkeypatch, backend):
    monkeypatch.setenv("MPLBACKEND", backend)
    assert lesson.troubles() == []


def test_the_doctor_tells_the_cores_that_may_be_used_from_those_that_are_there(monkeypatch, capsys):
    monkeypatch.setattr(lesson, "step_seconds", lambda: 0.012)
    monkeypatch.setattr(lesson, "cores", lambda: 2)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    lesson.doctor()
    assert "2 of 64 cores" in capsys.readouterr().out


def test_the_doctor_times_single_steps_of_the_network_it_names_and_tells_the_middle_one(monkeypatch):
    clock, asked, real = [0.0], [], lesson.train

    def train(Cell, task, **options):
        asked.append((repr(task), options))
        clock[0] += 7 * len(asked) % 21  # 7, 14, 0, 7, ...: the first is made before the time is taken
        return real(Cell, task, **options)

    monkeypatch.setattr(lesson, "train", train)
    monkeypatch.setattr(lesson.time, "perf_counter", lambda: clock[0])
    assert lesson.step_seconds() == 7
    assert asked[1:] == [("Adding(lag=100)", {"updates": 1, "progress": False})] * 20
