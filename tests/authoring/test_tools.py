"""The tools run notebooks without losing what is there."""

import sys

import nbformat
import pytest

from tools.authoring import measure, notebooks, seeds


@pytest.fixture
def make(tmp_path):
    """A function (name, *sources) that writes a notebook with these code cells."""

    def write(name, *sources):
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        path = tmp_path / f"{name}.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
        return path

    return write


@pytest.fixture
def command(monkeypatch):
    """A function (tool, *words) that runs a tool with these words on its command line."""

    def run(tool, *words):
        monkeypatch.setattr(sys, "argv", [tool.__name__, *map(str, words)])
        tool.main()

    return run


def test_outputs_are_stored_and_a_notebook_that_fails_keeps_its_own(make, command, capsys):
    good, bad = make("good", "print(6 * 7)"), make("bad", "print('old')", "1 / 0")
    before = bad.read_bytes()
    with pytest.raises(SystemExit, match="Not stored: bad.ipynb"):
        command(notebooks, bad, good)
    (cell,) = nbformat.read(good, as_version=4).cells
    assert (cell.outputs[0].text, cell.execution_count) == ("42\n", 1)
    assert cell.metadata == {"jupyter": {"outputs_hidden": True}}  # folded until it is run
    assert bad.read_bytes() == before
    assert "ZeroDivisionError: division by zero" in capsys.readouterr().out


def test_running_again_changes_nothing(make, command):
    path = make("same", "print(1)")
    command(notebooks, path)
    first = path.read_bytes()
    command(notebooks, path)
    assert path.read_bytes() == first


def test_memory_is_that_of_the_notebook(make, command, capsys):
    command(measure, make("small", "x = 1"), make("large", "x = bytearray(300_000_000)"))
    small, large = (float(line.split()[2]) for line in capsys.readouterr().out.splitlines()[1:3])
    assert 250 < large - small < 350


def test_every_seed_is_counted_and_none_is_run_twice(make, command, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(seeds, "KEPT", tmp_path / "build" / "seeds.jsonl")
    monkeypatch.setattr(seeds, "digest", lambda path: "one version")
    path = make("one_in_three", "import os", "assert os.environ['COURSE_SEED'] != '2', 'seed 2 disagrees'")
    for _ in range(2):
        with pytest.raises(SystemExit, match="too seldom: one_in_three.ipynb"):
            command(seeds, "--count", 3, "--jobs", 1, path)
        out = capsys.readouterr().out
        assert "2 of 3" in out and "seed 2 disagrees" in out
    assert len(seeds.kept()) == 3


def test_a_run_counts_again_once_the_code_changes_but_not_the_text(make, monkeypatch, tmp_path):
    monkeypatch.setattr(seeds, "ROOT", tmp_path)
    path = make("any", "x = 1")
    before = seeds.digest(path)
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_markdown_cell("A text."))
    nbformat.write(notebook, path)
    assert seeds.digest(path) == before
    (tmp_path / "course_lib").mkdir()
    (tmp_path / "course_lib" / "cells.py").write_text("x = 2")
    assert seeds.digest(path) != before


def test_a_line_that_was_cut_off_does_not_count(monkeypatch, tmp_path):
    monkeypatch.setattr(seeds, "KEPT", tmp_path / "seeds.jsonl")
    seeds.KEPT.write_text('{"seed": 1}\n{"se\n{"seed": 2}')
    assert [row["seed"] for row in seeds.kept()] == [1, 2]
