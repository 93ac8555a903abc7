"""Answers are found in every set: none in what was handed out, all in what solves it."""

import nbformat
import pytest
from handed_in import ROOT

from tools.grading import judge, submissions

SETS = sorted(path.name for path in (ROOT / "solutions").iterdir() if path.is_dir())


def found(folder, name):
    notebook = nbformat.read(ROOT / folder / name / f"{name}.ipynb", as_version=4)
    return submissions.answers([dict(cell) for cell in notebook.cells], submissions.solution(name))


@pytest.mark.parametrize("name", SETS)
def test_a_set_as_it_was_handed_out_holds_no_answer_and_its_solution_all_of_them(name):
    judge.check(name)
    wanted = sum(map(submissions.is_answer, submissions.solution(name).cells))
    blank, full = found("exercises", name), found("solutions", name)
    assert (blank.written, blank.notes, blank.cells, blank.texts) == (0, [], [], [])
    assert (full.written, full.notes, full.texts) == (wanted, [], [])
    assert len(full.answers) + len(full.essays) == wanted == len(blank.answers) + len(blank.essays)
