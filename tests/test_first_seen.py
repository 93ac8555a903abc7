"""Before the first question of a notebook its cell is seen whole, and a small case is worked with real numbers."""

import copy
import re
from math import exp, tanh
from pathlib import Path

import nbformat
import pytest
import torch

from course_lib.cells import LSTMCell
from course_lib.initialise import by_hand
from course_lib.unroll import unroll

ROOT = Path(__file__).parents[1]
NO_CELL = {"00": "looks at the screen, not at a cell", "14": "weighs what the others found"}
LATER = {"05": "mixes by hand first: its gates get their names, and the cell its picture, after the first verdict"}
LESSONS = [path for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")) if path.stem[:2] not in NO_CELL]
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w.])")


def missing(notebook):
    """What does not stand before the first question of a notebook."""
    asked = next(k for k, cell in enumerate(notebook.cells) if cell.cell_type == "code" and "predict(" in cell.source)
    before = notebook.cells[:asked]
    code = "\n".join(cell.source for cell in before if cell.cell_type == "code")
    tables = [[line for line in part.splitlines() if line.startswith("|")] for cell in before
              if cell.cell_type == "markdown" for part in cell.source.split("\n\n")]  # fmt: skip
    heads = " ".join(table[0] for table in tables if table)
    worked = [table[2:] for table in tables if table and "shape" not in table[0]]
    numbers = max((sum(len(NUMBER.findall(row)) for row in rows) for rows in worked), default=0)
    found = {"picture": "diagram(" in code, "equations": "equations(" in code, "shapes": "shape" in heads}
    return {name for name, there in (found | {"case in numbers": numbers >= 4}).items() if not there}


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_cell_is_seen_whole_and_a_case_is_worked_before_the_first_question(path):
    later = {"picture", "equations", "shapes"} if path.stem[:2] in LATER else set()
    assert missing(nbformat.read(path, as_version=4)) == later


@pytest.mark.parametrize(
    ("word", "lost"),
    [
        ("diagram(", {"picture"}),
        ("equations(", {"equations"}),
        ("shape", {"shapes"}),
        ("|", {"shapes", "case in numbers"}),
    ],
)
def test_what_is_taken_away_is_missed(word, lost):
    notebook = copy.deepcopy(nbformat.read(ROOT / "notebooks" / "03_keep_everything.ipynb", as_version=4))
    for cell in notebook.cells:
        cell.source = cell.source.replace(word, "")
    assert missing(notebook) == lost


def rows(stem, cell, head):
    """The numbers, row by row, of the table whose head begins with these columns."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{stem}.ipynb", as_version=4)
    text = next(one.source for one in notebook.cells if one.id == cell)
    table = text[text.index(f"| {head} |") :].split("\n\n")[0].splitlines()[2:]
    return [[float(part) for part in re.findall(r"(?<== )[-.\d]+(?=\$)|(?<=\| )[-.\d]+(?= \|)", row)] for row in table]


def test_the_steps_of_the_gru_by_hand_follow_from_one_another():
    state = 0.8
    for k, (step, h, z, n, kept, written, new) in enumerate(rows("12_gru_and_after", "12-05", "step"), 1):
        assert (step, h) == (k, state)
        assert [kept, written, new] == pytest.approx([z * h, (1 - z) * n, z * h + (1 - z) * n], abs=1e-9)
        state = new
    assert k == 3


def test_the_clock_by_hand_leaves_what_the_table_says():
    table = rows("13b_where_the_gates_are", "13b-05", "$s$ | $f = e^{-0.7 s}$")
    assert [s for s, *_ in table] == [0, 1, 10]
    for s, f, left in table:
        assert f == pytest.approx(exp(-0.7 * s), rel=0.02) and left == pytest.approx(0.8 * exp(-0.7 * s), rel=0.05)


def test_the_steps_of_the_lstm_by_hand_are_those_of_the_library():
    unit, c = by_hand(LSTMCell(1, 1).double(), U_f=0.5, U_i=0.5, U_g=0.5), torch.tensor([[0.5]]).double()
    c.requires_grad_()
    trace = unroll(unit, torch.zeros(1, 3, 1).double(), start={"h": 0.5 * torch.tanh(c), "c": c})
    memory, slope = [0.5, *trace["c"].flatten().tolist()], 1
    for k, (step, before, h, f, g, *ways, m, whole) in enumerate(rows("08_constant_error_flow", "08-04", "step")):
        assert step == k + 1
        assert [before, h] == pytest.approx([memory[k], 0.5 * tanh(memory[k])], abs=6e-5)
        assert f == pytest.approx(trace["forget"][0, k, 0].item(), abs=6e-5)
        assert g == pytest.approx((memory[k + 1] - f * memory[k]) / f, abs=5e-4)
        slope *= whole
        exact = torch.autograd.grad(trace["c"][0, k, 0], c, retain_graph=True)[0].item()
        assert [sum(ways), m + f, slope] == pytest.approx([m, whole, exact], abs=2e-4)
    assert k == 2
