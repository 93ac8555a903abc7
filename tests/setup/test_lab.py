"""JupyterLab opens also where a folder that Jupyter writes into cannot be written."""

import os
import sys
from pathlib import Path

import pytest
from jupyter_core import paths

from tools import lab


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home, an environment without a word about Jupyter, and a .venv that can be written."""
    for name in [name for name in os.environ if name.startswith("JUPYTER_")]:
        monkeypatch.delenv(name)
    for kind in lab.FOLDERS:  # also undone are those that `settle` sets
        monkeypatch.setenv(f"JUPYTER_{kind.upper()}_DIR", str(tmp_path / kind))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    return tmp_path


def folders():
    """Where Jupyter writes now."""
    return {kind: Path(getattr(paths, f"jupyter_{kind}_dir")()) for kind in lab.FOLDERS}


def test_folders_that_can_be_written_stay(home):
    assert list(lab.settle()) == []
    assert folders() == {kind: home / kind for kind in lab.FOLDERS}
    assert all(folder.is_dir() and not list(folder.glob("*.tmp*")) for folder in folders().values())


@pytest.mark.parametrize("kind", lab.FOLDERS)
def test_a_folder_that_cannot_be_written_is_named_and_replaced_alone(home, kind):
    (home / kind).write_text("a file, under which no user, not even root, makes a folder")
    other = home / ".venv" / "jupyter" / kind
    assert list(lab.settle()) == [f"{home / kind} cannot be written: Jupyter uses {other} in its place."]
    assert folders() == {one: home / one for one in lab.FOLDERS} | {kind: other} and other.is_dir()


def test_what_lies_under_the_data_goes_with_them(home, monkeypatch):
    monkeypatch.delenv("JUPYTER_RUNTIME_DIR")
    (home / "data").write_text("")
    assert len(list(lab.settle())) == 1
    assert folders()["runtime"] == home / ".venv" / "jupyter" / "data" / "runtime"


def test_a_part_that_another_user_made_counts(home):
    (home / "config" / "lab").mkdir(parents=True)
    (home / "config" / "lab" / "workspaces").write_text("")
    assert [sentence.split(" ")[0] for sentence in lab.settle()] == [str(home / "config")]


def test_without_a_place_in_the_environment_one_for_this_time_is_taken_and_goes_with_it(home, monkeypatch):
    last = []
    monkeypatch.setattr(lab.atexit, "register", lambda function, *words, **how: last.append((function, words, how)))
    (home / "runtime").write_text("")
    (home / ".venv").write_text("")
    [sentence] = lab.settle()
    assert folders()["runtime"].is_dir() and str(folders()["runtime"]) in sentence
    [(function, words, how)] = last
    function(*words, **how)
    assert not folders()["runtime"].exists()


def test_jupyterlab_is_started_with_what_it_is_asked(home, monkeypatch, capsys):
    started = []
    monkeypatch.setattr(lab.runpy, "run_module", lambda name, **how: started.append((name, how["run_name"])))
    monkeypatch.setattr(lab.update, "hook", lambda: started.append("git"))
    (home / "data").write_text("")
    lab.main()
    assert started == ["git", ("jupyterlab", "__main__")]
    assert "cannot be written" in capsys.readouterr().out
