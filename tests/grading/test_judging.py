"""A submission is judged as the notebook would, within its time, and again whenever anything it depends on changes."""

import re
import shutil
from functools import partial

import pytest
from handed_in import ROOT, SET, hand_in, right

from course_lib.checks import PROBLEMS
from solutions import IMPORTED, function, message, solutions, wrong_answers
from tools.grading import judge, sandbox

NUMBER = re.compile(r"-?\d+\.?\d*(?:e[+-]?\d+)?")


def test_cells_that_take_too_long_together_are_left_out(monkeypatch):
    monkeypatch.setattr(judge, "LOAD_SECONDS", 3)
    endless = [(f"own cell {k}", "while True: pass") for k in range(20)]
    cells = [*endless, ("cell_update", "def cell_update(): return 1")]
    with sandbox.Box(seconds=1) as box:
        learner = judge.Learner(box, cells)
        learner.load()
        assert not learner.has("cell_update")
    assert "the cells before it took too long" in learner.failed["cell_update"][1]


def test_the_box_judges_every_solution_and_some_wrong_answers_to_it_as_the_notebook_does():
    """All wrong answers are judged in the notebook's way by test_sets; what crosses into the box is alike in each."""
    with sandbox.Box() as box:
        for name in PROBLEMS:
            box.run(IMPORTED)
            learner = judge.Learner(box, [])
            box.given(learner.constants)
            box.run(solutions()[name])
            PROBLEMS[name](partial(box.call, name), hidden=True)
            wrong = wrong_answers(name)
            for _, source in wrong[:: max(1, len(wrong) // 4)]:
                box.run(source)
                boxed, here = message(name, partial(box.call, name)), message(name, function(name, source))
                words, digits = zip(*((NUMBER.split(text), NUMBER.findall(text)) for text in (boxed, here)))
                assert words[0] == words[1], (boxed, here)
                # How a product is rounded depends on where in memory its factors happen to lie.
                assert [float(one) for one in digits[0]] == pytest.approx([float(one) for one in digits[1]], rel=1e-4)


BUSY = """import os, sys
def first():
    number = sys._getframe(3).f_locals["asked"]["number"]
    for file in range(3, 9):
        try: os.write(file, b'{"number": %d, "error": ["KeyError", "x"]}\\n' % number)
        except OSError: pass
    while True: pass
def second(): return 2
"""


def test_a_process_that_an_earlier_call_left_busy_is_no_harm_to_a_later_answer():
    with sandbox.Box(seconds=1) as box:
        learner = judge.Learner(box, [("first", BUSY)])
        learner.load()
        with pytest.raises(KeyError):
            box.call("first")
        assert learner.has("second")


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A copy of all that a judgement depends on, and a submission: (the copy, its digest now)."""
    for part in ("course_lib", "tools/grading", f"solutions/{SET}"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    hand_in(tmp_path, "s", right())
    monkeypatch.setattr(judge, "ROOT", tmp_path)

    def now(token="", **settings):
        judge.course.cache_clear()
        return judge.digest(tmp_path / "submitted" / "s" / SET, SET, token, {"bwrap": None, "seconds": 10} | settings)

    yield tmp_path, now
    judge.course.cache_clear()


@pytest.mark.parametrize(
    "file",
    [
        "course_lib/cells.py", "course_lib/unroll.py", "course_lib/initialise.py", "course_lib/checks/judge.py",
        "course_lib/checks/mixing_old_and_new.py", "course_lib/datasets/digits_8x8.csv", "tools/grading/judge.py",
        "tools/grading/sandbox.py", "tools/grading/inside.py", f"solutions/{SET}/{SET}.ipynb",
        f"submitted/s/{SET}/{SET}.ipynb",
    ],
)  # fmt: skip
def test_an_edit_of_anything_that_judges_makes_a_judgement_stale(elsewhere, file):
    folder, now = elsewhere
    before = now()
    assert now() == before
    with (folder / file).open("a", encoding="utf-8") as written:
        written.write("\n")
    assert now() != before


def test_another_token_or_limit_makes_a_judgement_stale(elsewhere):
    _, now = elsewhere
    assert len({now(), now(token="a"), now(seconds=20), now(bwrap="/usr/bin/bwrap")}) == 4
