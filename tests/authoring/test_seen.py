"""A notebook hides no experiment: what a folded cell does is to draw, to print or to judge."""

import ast

import nbformat
import pytest

from tools.authoring.fold import HIDE, statements
from tools.authoring.notebooks import TEMPLATE, all_notebooks

WORK = {"train", "unroll", "jacobians", "grad", "backward"}  # what an experiment calls
PLANTED = {  # code of a notebook, its last cell folded: what is hidden there
    ('verdict("A1", True, "It is so.")',): [],
    ("run = train(LSTMCell, task)", "errors(run.loss)"): [],
    ('run = train(LSTMCell, task)\nverdict("A1", run.ended, "It is so.")',): ["train"],
    ("slopes(torch.autograd.grad(y, x))",): ["grad"],
    ("def learn(seed):\n    return train(LSTMCell, task, seed=seed)", "curves([learn(1), learn(2)])"): ["learn"],
    ("class A(Cell):\n    pass\n\n\nequations(A)",): ["A"],
}


def called(node):
    """The names of the functions and methods that are called within a piece of code."""
    functions = [part.func for part in ast.walk(node) if isinstance(part, ast.Call)]
    return {getattr(function, "id", getattr(function, "attr", None)) for function in functions}


def hidden(cells):
    """[(a folded cell's id, what of it must be seen)]: WORK, what calls it in this notebook, and classes."""
    trees = [(cell, ast.Module(statements(cell), [])) for cell in cells if cell.cell_type == "code"]
    work = {*WORK}
    for node in (node for _, tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)):
        work |= {node.name} if called(node) & work else set()
    found = []
    for cell, tree in trees:
        if HIDE in cell.metadata.get("tags", []):
            seen = called(tree) & work | {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
            found += [(cell.id, name) for name in sorted(seen)]
    return found


@pytest.mark.parametrize("path", [*all_notebooks(), TEMPLATE], ids=lambda path: path.stem)
def test_no_folded_cell_trains_differentiates_or_defines_a_cell(path):
    assert hidden(nbformat.read(path, as_version=4).cells) == []


@pytest.mark.parametrize("sources", PLANTED, ids=lambda sources: sources[-1][:20])
def test_a_hidden_experiment_is_found(sources):
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    cells[-1].metadata.tags = [HIDE]
    assert [name for _, name in hidden(cells)] == PLANTED[sources]
