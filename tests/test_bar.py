"""The line that says how far a training has got: one for a cell of a notebook, however many trainings it makes."""

import json
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

from course_lib import bar
from course_lib.tasks import Adding
from course_lib.training import train

RUN = """from course_lib.cells import LSTMCell
from course_lib.tasks import Adding
from course_lib.training import train"""
NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
SHORT = "hidden_size=4, batch_size=8, updates=2"
THREE = f"a = [train(LSTMCell, Adding(lag=10), {SHORT}, seed=k, until=lambda h: k == 1) for k in range(3)]"


class Shown:
    """Stands in for tqdm: keeps what it was told."""

    told = []

    def __init__(self, **options):
        self.__dict__["colour"] = None
        self.tell("new", **options)

    def tell(self, *words, **options):
        Shown.told.append((*words, options) if options else words)

    def __getattr__(self, name):
        return lambda *words, **options: self.tell(name, *words, **options)

    def __setattr__(self, name, value):
        self.tell(name, value)


@pytest.fixture
def told(monkeypatch):
    monkeypatch.delenv("COURSE_QUIET", raising=False)
    monkeypatch.setattr(bar, "tqdm", Shown)
    monkeypatch.setattr(bar, "made", {})
    monkeypatch.setattr(Shown, "told", [])
    return Shown.told


@pytest.fixture
def shell():
    yield (shell := InteractiveShell.instance())
    shell.reset()
    InteractiveShell.clear_instance()


def run(shell, source):
    result = shell.run_cell(source, store_history=True)
    result.raise_error()


def test_a_training_has_a_line_unless_that_is_declined(told, monkeypatch):
    from course_lib.cells import LSTMCell

    options = dict(hidden_size=8, batch_size=8, updates=2)
    history = train(LSTMCell, Adding(lag=10), **options)
    assert told[0] == ("new", {"total": 2, "initial": 0, "leave": False, "desc": "LSTMCell"})
    assert [one[0] for one in told[1:5]] == 2 * ["update", "set_postfix"]
    assert told[4][1] == {"loss": f"{history.loss:.4f}", "sequences": 16, "refresh": False}
    assert told[5:] == [("close",)] and bar.made == {}
    train(LSTMCell, Adding(lag=10), progress=False, **options)
    monkeypatch.setenv("COURSE_QUIET", "1")
    train(LSTMCell, Adding(lag=10), **options)
    assert len(told) == 6


@pytest.mark.parametrize("total, words", [
    (None, ["LSTMCell", "run 2: LSTMCell", "run 3: LSTMCell"]),
    (3, ["run 1 of 3: LSTMCell", "run 2 of 3: LSTMCell", "run 3 of 3: LSTMCell"]),
    (2, ["run 1 of 2: LSTMCell", "run 2 of 2: LSTMCell", "run 3: LSTMCell"]),
])  # fmt: skip
def test_the_trainings_of_a_cell_share_one_line_which_is_green_where_one_was_solved(
    told, shell, tmp_path, monkeypatch, total, words
):
    monkeypatch.setattr(bar, "RUNS", tmp_path / "runs.json")
    if total:
        bar.RUNS.write_text(json.dumps({bar.key(THREE): total}))
    run(shell, RUN)
    run(shell, THREE)
    assert [one[0] for one in told].count("new") == 1 and told[0][1]["desc"] == words[0]
    assert [one[1] for one in told if one[0] == "set_description"] == words[1:]
    assert [one[1] for one in told if one[0] == "colour"] == [None, "green", None]  # the second of three is solved
    assert told[-1] == ("close",) and bar.shared is None
    assert bar.made == {bar.key(THREE): 3}
    run(shell, THREE)
    assert [one[0] for one in told].count("new") == 2 and bar.made == {bar.key(THREE): 3}


def test_a_cell_that_fails_or_is_stopped_leaves_no_line(told, shell):
    run(shell, RUN)
    with pytest.raises(ZeroDivisionError):
        run(shell, f"{THREE}\n1 / 0")
    assert told[-1] == ("close",) and bar.shared is None


def test_a_training_within_a_training_has_a_line_of_its_own(told, shell):
    run(shell, RUN)
    inner = f"train(LSTMCell, Adding(lag=10), {SHORT})"
    run(shell, f"train(LSTMCell, Adding(lag=10), {SHORT}, until=lambda h: {inner} is None)")
    assert [one[0] for one in told].count("new") == 3 == [one[0] for one in told].count("close")


def test_what_is_known_is_of_cells_that_are_there():
    cells = {bar.key("".join(cell["source"]))
             for path in NOTEBOOKS for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]}  # fmt: skip
    assert bar.known() and bar.known().keys() <= cells


def test_a_file_that_is_not_there_or_is_broken_costs_the_total_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(bar, "RUNS", tmp_path / "runs.json")
    assert bar.known() == {}
    bar.RUNS.write_text("{")
    assert bar.known() == {}
