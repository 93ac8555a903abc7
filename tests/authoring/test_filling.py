"""What follows from the headings and the answers of solutions/ is filled in there, and nobody has to write it."""

import copy
import re
from pathlib import Path

import nbformat
import pytest

from tools.authoring.exercises import fill

ROOT = Path(__file__).resolve().parents[2]
SETS = sorted((ROOT / "solutions").glob("*/*.ipynb"))
every_set = pytest.mark.parametrize("path", SETS, ids=lambda path: path.stem)


def contents(notebook):
    return [(cell.source, cell.id, cell.metadata) for cell in notebook.cells]


@every_set
def test_solutions_are_filled_in(path):
    """If this fails, run `make exercises`."""
    text = path.read_text(encoding="utf-8")
    assert nbformat.writes(fill(nbformat.reads(text, as_version=4))) + "\n" == text


@every_set
def test_numbers_checks_marks_and_totals_need_not_be_written(path):
    whole = nbformat.read(path, as_version=4)
    bare = copy.deepcopy(whole)
    bare.cells = [cell for cell in bare.cells if "HIDDEN TESTS" not in cell.source]
    for cell in bare.cells:
        cell.source = re.sub(r"^## \d+ · ", "## ", cell.source)
        cell.source = re.sub(
            r"\d+ problems, \d+ points, about \d+ minutes", "0 problems, 0 points, about 0 minutes", cell.source
        )
        if cell.cell_type == "code":
            cell.metadata.pop("nbgrader", None)
            cell.id = cell.id if "SOLUTION" not in cell.source else "drawn-by-jupyter"
        elif cell.metadata.get("nbgrader"):
            cell.metadata.nbgrader = {"grade_id": cell.metadata.nbgrader.grade_id}
    assert contents(fill(bare)) == contents(whole)


def test_points_follow_the_heading_and_a_check_goes_with_its_answer():
    notebook = nbformat.read(SETS[0], as_version=4)
    heading = next(cell for cell in notebook.cells if cell.source.startswith("## 1 · "))
    heading.source = re.sub(r"\*\d+ points?", "*9 points", heading.source)
    answer = next(cell for cell in notebook.cells if "SOLUTION" in cell.source and cell is not heading)
    checks = [cell for cell in fill(notebook).cells if "HIDDEN TESTS" in cell.source]
    assert checks[0].metadata.nbgrader.points == 9
    notebook.cells.remove(answer)
    assert [cell for cell in fill(notebook).cells if "HIDDEN TESTS" in cell.source] == checks[1:]
