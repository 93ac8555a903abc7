"""The answers in solutions/, and what they become where a mistake is planted in them."""

import re
from functools import cache
from pathlib import Path

import nbformat
import pytest

from course_lib.checks import PROBLEMS
from course_lib.checks.judge import NotRight

ROOT = Path(__file__).resolve().parents[1]
SOLUTION = re.compile(r"(.*### BEGIN SOLUTION\n)(.*)(\n *### END SOLUTION.*)", re.DOTALL)
IMPORTED = "import math\nfrom math import comb\nimport torch\nfrom torch import sigmoid, tanh\n"  # what the sets import
COMMENT = re.compile(r"^ *#.*|  # .*", re.MULTILINE)


class Answers(dict):
    """{problem: source of the answer's cell}, which says of a problem without one what it needs."""

    def __missing__(self, name):
        raise LookupError(f"{name} needs a cell with its answer in solutions/, then `make exercises`; got none")


@cache
def solutions():
    """{problem: source of the answer's cell}."""
    cells = [cell for path in ROOT.glob("solutions/*/*.ipynb") for cell in nbformat.read(path, as_version=4).cells]
    graded = [cell for cell in cells if cell.cell_type == "code" and "nbgrader" in cell.metadata]
    return Answers({c.metadata.nbgrader.grade_id: c.source for c in graded if c.metadata.nbgrader.solution})


def edited(name, *edits):
    """The source of the solution of a problem, each old text in it replaced by its new one."""
    source = solutions()[name]
    for old, new in zip(edits[::2], edits[1::2]):
        assert old in source
        source = source.replace(old, new)
    return source


def as_it_stands(name, clause):
    """The solution with the own edits of a mistake in it; None unless each of them fits one place of its code."""
    head, body, tail = SOLUTION.fullmatch(solutions()[name]).groups()
    body, edits = COMMENT.sub("", body), PROBLEMS[name].mistakes[clause]
    for old, new in zip(edits[::2], edits[1::2]):
        if body.count(old) != 1:
            return None
        body = body.replace(old, new)
    return head + body + tail


def wrong_answers(name):
    """[(what the check must say, source)] for a problem: what its set plants, and every mistake that fits as it stands.

    Where the set plants an answer for a mistake, that one is taken.
    """
    planted = PROBLEMS[name].planted
    named = {words for words, *_ in planted}
    found = [(words, edited(name, *edits)) for words, *edits in planted]
    found += [(clause, as_it_stands(name, clause)) for clause in PROBLEMS[name].mistakes if clause not in named]
    return [(words, source) for words, source in found if source is not None]


def function(name, source):
    """The function of that name in a source, which finds what the notebooks import."""
    space = {}
    exec(IMPORTED + source, space)
    return space[name]


def answer(name, *edits):
    """The solution of a problem as a function, each old text in it replaced by its new one."""
    return function(name, edited(name, *edits))


def message(name, wrong, **options):
    """What the check of a problem says about a wrong answer."""
    with pytest.raises(NotRight) as caught:
        PROBLEMS[name](wrong, **options)
    return str(caught.value)
