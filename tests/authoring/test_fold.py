"""What a notebook folds away: plumbing and stored results, and never the experiment."""

import copy

import nbformat
import pytest

from tools.authoring.fold import fold

PRINTED = nbformat.v4.new_output("stream", name="stdout", text="3")
CELLS = {  # code: (folded, its outputs folded)
    "import torch\nfrom course_lib.cells import LSTMCell": (True, False),
    "from course_lib.figures.recurrence import errors": (True, False),
    'predict("template-half")': (True, False),
    'from course_lib.predictions import predict\n\npredict("template-half")': (True, False),
    "equations(LSTMCell)": (True, False),
    "errors(loss)": (True, True),
    "argument()": (True, False),
    'errors(loss)\nshow(figure, "A curve.")': (True, True),
    'verdict("A1", True,\n    "It is so.")': (True, True),
    "loss = train(LSTMCell, task)": (False, False),
    "loss = errors.mean()": (False, False),
    'show = "a name"\nloss = 3': (False, False),
    "import torch\n\nloss = 3": (False, False),
    "half a (": (True, False),
}


def folds(*sources, outputs=()):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s, outputs=list(outputs)) for s in sources])
    fold(notebook)
    return [cell.metadata for cell in notebook.cells]


@pytest.mark.parametrize("code", CELLS)
def test_a_cell_is_folded_by_what_its_last_line_does(code):
    about = folds("from course_lib.figures.recurrence import errors", code)[1]
    hidden = about.get("jupyter", {})
    assert (hidden.get("source_hidden", False), hidden.get("outputs_hidden", False)) == CELLS[code]
    assert about.get("tags", []) == ["hide-input"] * CELLS[code][0]


def test_what_is_printed_is_folded_and_its_code_is_not():
    assert folds("print(3)", outputs=[PRINTED]) == [{"jupyter": {"outputs_hidden": True}}]


def test_what_a_cell_displays_is_folded_once_a_prediction_was_asked_and_its_code_is_not():
    shown = 'entries = ledger.pages()\ndisplay(Markdown("\\n".join(entries)))'
    before, _, after, other = folds(shown, 'predict("template-half")', shown, "loss = display.mean()\nloss")
    assert before == other == {} and after == {"jupyter": {"outputs_hidden": True}}


def test_folding_again_changes_nothing_and_unfolds_what_became_an_experiment():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import torch", metadata={"tags": ["kept"]})])
    fold(notebook)
    assert notebook.cells[0].metadata.tags == ["hide-input", "kept"]
    before = copy.deepcopy(notebook)
    fold(notebook)
    assert notebook == before
    notebook.cells[0].source = "loss = 3"
    fold(notebook)
    assert notebook.cells[0].metadata == {"tags": ["kept"]}
