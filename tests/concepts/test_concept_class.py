"""In a made class the analysis finds what was planted in it, and nothing where there is nothing."""

import math

import numpy as np
import pytest

from tools.concepts import analysis
from tools.concepts.answers import Sheet
from tools.concepts.bank import FORMS, LETTERS, items
from tools.concepts.report import report

N = len(items())
MISKEYED, BELIEVED = 6, 14  # places of the questions in which something is planted


def made_class(students, *, when="before", form="A", seed=0, plant=True, better=0.0):
    """Sheets of students of different ability, who answer as in a Rasch (1960) model; wrong choices by chance.

    plant   the key of one question is not what the able choose, and in another all that is wrong is one choice
    """
    drawn = np.random.default_rng(seed)
    ability, hardness = drawn.normal(better, 1.2, students), drawn.uniform(-1, 1, N)
    made = []
    for k in range(students):
        chosen = []
        for place, item in enumerate(items()):
            behind = item.forms[form].behind
            right, wrong = behind.index(""), [j for j, belief in enumerate(behind) if belief]
            if plant and place == MISKEYED:
                right, wrong = wrong[0], [right, wrong[1]]
            knows = drawn.random() < 1 / (1 + math.exp(hardness[place] - ability[k]))
            other = wrong[0] if plant and place == BELIEVED else wrong[drawn.integers(2)]
            chosen.append(right if knows else other)
        made.append(Sheet(f"s{k}", when, form, tuple(chosen)))
    return made


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", range(3))
def test_a_wrong_key_and_a_belief_that_were_planted_are_found_and_no_other(seed, form):
    sheets = made_class(120, seed=seed, form=form)
    found = analysis.findings(sheets)
    behind = items()[MISKEYED].forms[form].behind
    wanted = LETTERS[next(k for k, belief in enumerate(behind) if belief)]
    assert {place: one.suspect for place, one in enumerate(found) if one.suspect} == {MISKEYED: wanted}
    clear = {place for place, one in enumerate(found) if one.wrong and one.wrong[2]}
    assert BELIEVED in clear and clear <= {BELIEVED, MISKEYED}
    text = "\n".join(report(sheets, []))
    assert f"**Look at question {MISKEYED + 1}**" in text and f"question {BELIEVED + 1}: *" in text


def test_where_nothing_is_planted_nothing_is_found_in_nearly_all_classes():
    alarms = 0
    for seed in range(10):
        found = analysis.findings(made_class(60, seed=seed, plant=False))
        alarms += sum(bool(one.suspect) or bool(one.wrong and one.wrong[2]) for one in found)
    assert alarms <= 2  # of 200 questions


@pytest.mark.parametrize("students", [1, 2, analysis.FEW - 1])
def test_of_a_small_class_no_coefficient_is_told(students):
    sheets = made_class(students) + made_class(students, when="after", form="B", seed=1)
    text = "\n".join(report(sheets, ["the file was no UTF-8"]))
    assert "too few to say" in text and "no coefficient is told" in text and "Look at question" not in text
    assert "nan" not in text and "Note: the file was no UTF-8." in text


def test_classes_without_any_spread_are_borne():
    same = [Sheet(f"s{k}", "before", "A", (None,) * N) for k in range(30)]
    right = [
        Sheet(f"s{k}", "after", "B", tuple(LETTERS.index(item.forms["B"].right) for item in items())) for k in range(30)
    ]
    text = "\n".join(report(same + right, []))
    assert "nan" not in text and "600 blanks" in text and "1.00 (1.00 to 1.00)" in text  # all that could be gained
    assert "too few to say" in text


def test_the_formulas_are_those_of_the_literature():
    solved = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0], [0, 0, 0.0]])
    assert math.isclose(analysis.kr20(solved), 0.75)  # 3/2 (1 - (3/16 + 1/4 + 3/16) / (5/4))
    assert math.isclose(analysis.gain(np.full((4, 2), 0.4), np.full((4, 2), 0.7)), 0.5)
    assert math.isnan(analysis.gain(np.ones((2, 2)), np.ones((2, 2))))
    r, low, high = analysis.correlation(0.5, 28)
    assert math.isclose(math.atanh(high) - math.atanh(r), 1.96 / 5) and low < r < high


def test_the_interval_of_the_gain_holds_the_gain_of_a_large_class_as_often_as_it_says():
    def shares(students, seed, better):
        return analysis.points(made_class(students, seed=seed, plant=False, better=better))

    one, two = shares(600, 5, 0.0), shares(600, 5, 1.0)
    many, held = analysis.gain(one, two), 0
    for k in range(20):
        rows = slice(30 * k, 30 * k + 30)
        _, low, high = analysis.resampled(analysis.gain, one[rows], two[rows])
        held += low <= many <= high
    assert held >= 16


def test_the_gain_is_that_of_those_who_took_both_tests_and_says_who_had_which_form_first():
    before = made_class(30) + [Sheet("only before", "before", "A", (None,) * N)]
    after = made_class(30, when="after", form="B", better=1.5)
    one, two = analysis.pairs(before + after)
    assert [sheet.student for sheet in one] == [sheet.student for sheet in two] and len(one) == 30
    text = "\n".join(report(before + after, []))
    assert "30 students who took both tests" in text and "All of them began with form A" in text
    crossed = [Sheet(s.student, "before", "B", s.chosen) if k % 2 else s for k, s in enumerate(before[:30])]
    swapped = [Sheet(s.student, "after", "A", s.chosen) if k % 2 else s for k, s in enumerate(after)]
    text = "\n".join(report(crossed + swapped, []))
    assert "Before the course form A was" in text and "All of them began" not in text
    again = [Sheet(s.student, "after", "A", s.chosen) for s in before[:30]]
    assert "30 students had the same form twice" in "\n".join(report(before + again, []))
