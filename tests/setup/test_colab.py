"""Colab: a notebook for it is that of the course behind one cell, and what the cell installs leaves Colab its own."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

from tools import colab

REPOSITORY = "https://github.com/owner/gates"


def colabs(name):
    """The versions that Colab might have of its own, and none of the rest."""
    return "2.11.0+cu126" if name == "torch" else "1.0" if name in colab.COLABS else None


def test_what_colab_has_stays_as_it_is():
    assert "torch==2.11.0+cu126" in colab.kept(colabs)
    names = [one.split("~")[0].split(">")[0] for one in colab.needed(colabs)]
    assert "llvmlite" in names and "anywidget" in names and not {*names} & (colab.COLABS | colab.UNNEEDED)


def test_pip_gets_what_is_needed_in_its_range_and_what_must_stay(monkeypatch, tmp_path):
    (tmp_path / "pyproject.toml").write_text((colab.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    monkeypatch.setattr(colab, "ROOT", tmp_path)
    asked = []
    monkeypatch.setattr(subprocess, "run", lambda command, check: asked.append([str(word) for word in command]))
    colab.install()
    (command,) = asked
    fixed = Path(command[command.index("--constraint") + 1]).read_text()
    assert any(word.startswith("llvmlite~=") for word in command)
    assert any(line.startswith("torch==") for line in fixed.splitlines())


def test_a_notebook_for_colab_is_that_of_the_course_behind_one_cell(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_REPOSITORY", REPOSITORY)
    colab.write(tmp_path)
    paths = sorted((colab.ROOT / "notebooks").glob("[0-9]*.ipynb"))
    assert [path.name for path in sorted((tmp_path / "notebooks").iterdir())] == [path.name for path in paths]
    for path in paths:
        made = nbformat.read(tmp_path / "notebooks" / path.name, as_version=4)
        nbformat.validate(made)
        assert REPOSITORY in made.cells[0].source
        assert made.cells[1:] == nbformat.read(path, as_version=4).cells


def test_who_did_not_say_where_the_course_is_gets_told(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_REPOSITORY", "")
    with pytest.raises(ValueError, match="tools/address.py"):
        colab.write(tmp_path)


def test_the_cell_does_nothing_elsewhere_and_in_colab_all_that_it_says(monkeypatch, tmp_path):
    """Colab is played: its module is there, its folder is another, and what would be fetched is a copy."""
    text = colab.CELL.format(repository=colab.ROOT.as_uri()).replace("/content", tmp_path.as_posix())
    monkeypatch.chdir(tmp_path)
    exec(text, {})
    assert not (tmp_path / "course").exists()
    asked = []

    def played(command, check, cwd=None):
        asked.append(command)
        (tmp_path / "course" / "notebooks").mkdir(parents=True, exist_ok=True)

    managed = []
    output = SimpleNamespace(enable_custom_widget_manager=lambda: managed.append(True))
    monkeypatch.setitem(sys.modules, "google.colab", SimpleNamespace(output=output))
    monkeypatch.setattr(subprocess, "run", played)
    monkeypatch.setattr(sys, "path", [*sys.path])
    exec(text, {})
    exec(text, {})
    assert [command[0] for command in asked] == ["git", sys.executable] and managed == [True, True]
    assert (tmp_path / "course").as_posix() == sys.path[0]
    assert Path.cwd() == tmp_path / "course" / "notebooks"
