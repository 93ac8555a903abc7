"""What holds for every problem: its solution is right, planted mistakes are named, and every instance can be solved."""

import re

import nbformat
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from strangers import MGUCell

from course_lib import checks, lesson
from course_lib.checks import PROBLEMS, judge
from course_lib.checks.compare import numbers, same
from course_lib.checks.draw import drawn_for
from course_lib.checks.how_much_and_what import gate_reading
from course_lib.checks.judge import token
from course_lib.checks.which_gate_matters import CLAMPS
from course_lib.unroll import unroll
from solutions import ROOT, answer, as_it_stands, function, message, solutions, wrong_answers

every_problem = pytest.mark.parametrize("name", PROBLEMS)
every_instance = pytest.mark.parametrize("name", [name for name, one in PROBLEMS.items() if one.given("")])
OWN = ["a", "b", token("student 7", "secret")]


def test_every_problem_has_its_solution():
    assert not (without := PROBLEMS.keys() - solutions().keys()), f"{without} need an answer in solutions/"
    assert not (unknown := solutions().keys() - PROBLEMS.keys()), f"{unknown} need a problem in course_lib/checks"


@every_problem
def test_the_solution_is_right_on_shown_and_on_hidden_cases(name, capsys):
    PROBLEMS[name](answer(name))
    assert f"{name}: right" in capsys.readouterr().out
    PROBLEMS[name](answer(name), hidden=True)
    assert capsys.readouterr().out == ""


@every_problem
def test_planted_wrong_answers_are_rejected_and_most_are_named(name):
    found = wrong_answers(name)
    for words, source in found:
        said = message(name, function(name, source))
        assert said.startswith(f"{name} ")
        assert (f"when {words}." if words in PROBLEMS[name].mistakes else words or "yours") in said
    message(name, lambda *case: None)
    named = len([words for words, _ in found if words])
    assert len(found) >= 9 and named >= 7, (
        f"{name} has {len(found)} wrong answers, {named} of them named; 9 and 7 are needed: "
        "add mistakes that are edits of its solution as it stands, or planted answers"
    )


@every_problem
def test_nothing_is_planted_that_a_mistake_plants_itself(name):
    for words, *_ in PROBLEMS[name].planted:
        if words in PROBLEMS[name].mistakes and (source := as_it_stands(name, words)):
            try:
                said = message(name, function(name, source))
            except (SyntaxError, NameError, AttributeError, TypeError):  # it is written for NumPy
                continue
            assert f"when {words}." not in said


@every_problem
def test_every_known_mistake_differs_from_the_right_answer_and_from_every_other(name):
    one = PROBLEMS[name]
    for own in ("", "a", "b"):
        given = one.given(own)
        drawn = one.cases(drawn_for(name, own, "shown"), **given)
        cases = [{key: numbers(value) for key, value in case.items()} for case in drawn]
        right = one.run(one.reference, cases, given)
        results = {clause: one.run(version, cases, given) for clause, version in one.wrong_versions.items()}
        agreeing = [clause for clause, found in results.items() if all(map(same, found, right))]
        assert len(agreeing) == (name == "which_clamp")  # one of all possible clamps is the right one
        found = list(results.values()) if own == "" else []  # on some instances two mistakes are one
        assert not any(all(map(same, a, b)) for k, a in enumerate(found) for b in found[k + 1 :])


@every_problem
def test_every_problem_has_three_hints_and_at_least_eight_known_mistakes(name):
    hints, mistakes = len(PROBLEMS[name].hints), len(PROBLEMS[name].mistakes)
    assert hints == 3, f"{name} needs three hints, from a nudge to nearly the answer; it has {hints}"
    assert mistakes >= 8, f"{name} needs eight known mistakes or more; it has {mistakes}"


# ---- Instances of one's own ----


@pytest.mark.parametrize("own", OWN)
@every_instance
def test_the_public_solution_does_not_answer_another_instance(name, own, monkeypatch):
    monkeypatch.setattr(judge, "TOKEN", own)
    said = message(name, answer(name))
    assert f"{name} is not right yet" in said or f"{name} cannot use these weights" in said


@pytest.mark.parametrize("own", ["", *OWN])
@every_instance
def test_every_instance_can_be_solved(name, own, monkeypatch):
    monkeypatch.setattr(judge, "TOKEN", own)
    PROBLEMS[name](PROBLEMS[name].solve(**PROBLEMS[name].given(own)))


def test_a_mystery_is_settled_by_experiment():
    cell, x, h = checks.given("which_clamp").values()
    found = [(gate, value) for gate, value in CLAMPS
             if torch.allclose(unroll(cell, x, override={gate: value})["h"], h, atol=1e-4)]  # fmt: skip
    assert found == [("forget", 0.0)]


def words_of(name, own, monkeypatch):
    """What a figure says to who cannot see it, {curve: numbers}."""
    shown = []
    monkeypatch.setattr(lesson, "display", lambda data, raw: shown.append(data["text/html"]))
    monkeypatch.setattr(lesson, "smaller", lambda picture: b"")
    monkeypatch.setattr(Figure, "savefig", lambda *given, **more: None)  # its words are read alone
    monkeypatch.setattr(judge, "TOKEN", own)
    checks.figure(name)
    [alt] = re.findall(r'<img alt="([^"]+)"', shown[0])
    assert "figcaption" not in shown[0]
    return {curve.strip(): np.array(read.split(", "), float)
            for curve, read in re.findall(r"([A-Za-z][\w ]*): ((?:[-\d.e+]+(?:, )?)+)(?=[;.])", alt)}  # fmt: skip


@pytest.mark.parametrize("own", ["", *OWN])
def test_a_figure_can_also_be_read_by_ear(own, monkeypatch):
    lives = words_of("read_half_lives", own, monkeypatch)
    read = {curve: 5 * (k := (said >= 0.1).sum() - 1) * np.log(0.5) / np.log(said[k]) for curve, said in lives.items()}
    PROBLEMS["read_half_lives"](lambda: read)
    slopes = {
        curve: np.log(2) / np.log(said[1]) for curve, said in words_of("read_gradients", own, monkeypatch).items()
    }
    PROBLEMS["read_gradients"](lambda: {"halved": -20 * slopes["cell A"], "doubled": 20 * slopes["cell B"]})
    PROBLEMS["read_gates"](lambda: gate_reading(*words_of("read_gates", own, monkeypatch).values()))


def test_every_problem_with_a_figure_shows_one_and_the_others_none(monkeypatch):
    shown = []
    monkeypatch.setattr(lesson, "display", lambda data, raw: shown.append(data))
    for name, one in PROBLEMS.items():
        checks.figure(name)
        assert len(shown) == (1 if one.draw else 0), name
        shown.clear()


@every_instance
def test_no_token_draws_the_default_instance(name):
    default = PROBLEMS[name].given("")
    assert all(PROBLEMS[name].given(f"token {k}") != default for k in range(20))


def test_the_recipe_of_rank_my_cell_ranks_a_cell_of_ones_own_among_the_stored_ones(monkeypatch):
    [text] = [cell.source for path in ROOT.glob("solutions/11*/*.ipynb")
              for cell in nbformat.read(path, as_version=4).cells if "## 6 · Your own cell" in cell.source]  # fmt: skip
    recipe = text.partition("```python\n")[2].partition("```")[0]
    assert recipe.count('"budget": 1500, "rates": [3e-3, 1e-2, 3e-2]') == 1
    short = recipe.replace('"budget": 1500, "rates": [3e-3, 1e-2, 3e-2]', '"budget": 2, "rates": [1e-2], "jobs": 1')
    monkeypatch.chdir(ROOT / "solutions" / "11_which_gate_matters")
    space = {"torch": torch, "MyCell": MGUCell, "rank_my_cell": answer("rank_my_cell")}
    *lines, last = short.strip().splitlines()
    exec("\n".join(lines), space)
    found = eval(last, space)
    assert len(space["losses"]) == 23 and {len(one) for one in space["losses"].values()} == {5}
    assert found["of"] == 24 and found["place"] > 12  # it has hardly been trained
