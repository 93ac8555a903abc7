"""The teacher's handbook: every lesson has its notes, what they name is there, and what is planned fits its time."""

import re
from functools import cache
from math import exp

import nbformat
import pytest

from course_lib import ledger
from course_lib.predictions import question
from tools.handbook import page, plan
from tools.handbook.board import HIGH, WIDE, picture, read
from tools.handbook.facts import ROOT, lessons, measured, written

LESSONS = list(lessons().values())
CORE = ("Predict", "Experiment", "Verdict", "What you can now say")  # what no lesson is without


@cache
def text(path):
    """All that a notebook says and shows, on one line."""
    cells = nbformat.read(ROOT / path, as_version=4).cells
    shown = [
        str(output.get("text", "") or output.get("data", {})) for cell in cells for output in cell.get("outputs", ())
    ]
    return " ".join(" ".join([*(cell.source for cell in cells), *shown]).split())


def numbers(words):
    """The numbers of a text that could be wrong: those that are more than a count of a few."""
    found = re.findall(r"(?<![\w.])\d[\d,]*(?:\.\d+)?", words)
    return {one.rstrip(",") for one in found if float(one.replace(",", "")) > 12 or "." in one}


def test_every_notebook_has_its_notes_and_its_seconds():
    names = {path.stem.partition("_")[0] for path in (ROOT / "notebooks").glob("[0-9]*.ipynb")}
    assert set(written()["lessons"]) == set(measured()["seconds"]) == set(lessons()) == names
    assert all(0 < lesson.seconds < 300 and lesson.goals and lesson.predictions for lesson in LESSONS)
    assert measured()["environment"]["processor"]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.number)
def test_the_notes_are_complete_and_short_enough_to_be_read_while_a_class_waits(lesson):
    assert len(lesson.ask) == 3 and 1 <= len(lesson.skip) <= 3
    for asked, good in lesson.ask:
        assert asked[-1] in "?." and 40 <= len(asked) <= 260 and good[-1] == "." and 60 <= len(good) <= 320
    assert all(20 <= len(when) <= 160 and when[-1] != "." for _, when in lesson.skip)
    assert 40 <= len(lesson.board["shows"]) <= 260


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.number)
def test_what_may_be_skipped_is_a_section_that_can_be_missed(lesson):
    assert all(name in lesson.words and not name.startswith(CORE) for name, _ in lesson.skip)
    assert plan.reading(lesson, short=True) >= plan.reading(lesson) / 2


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.number)
def test_a_number_in_the_notes_is_one_of_the_notebook(lesson):
    computed = {"00": {str(2 * 69)}, "06b": {f"{1 / (1 + exp(-5)):.3f}"}}  # two half-lives; the gate of a bias of 5
    own = computed.get(lesson.number, set()) | {"1,000"}  # a round number to think about
    said = " ".join(
        [*(" ".join(pair) for pair in lesson.ask), *(when for _, when in lesson.skip), lesson.board["shows"]]
    )
    assert {one for one in numbers(said) - own if one not in text(lesson.path)} == set()


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.number)
def test_the_picture_for_the_board_can_be_copied_in_a_minute_and_stays_on_it(lesson):
    drawn = [read(word) for word in lesson.board["draws"]]
    assert len(drawn) <= 30
    for kind, at, _ in drawn:
        pairs = [(at[0] + at[2], at[1] + at[3])] if kind == "box" else list(zip(at[::2], at[1::2]))
        if kind in ("bar", "range"):
            pairs = [(x, 0) for x in (at[:1] if kind == "bar" else at[2:])]
        assert all(0 <= x <= WIDE and 0 <= y <= HIGH for x, y in pairs), (kind, at)
    assert (page.BOARDS / f"{lesson.number}.svg").read_text(encoding="utf-8") == picture(lesson.board), "make readme"


def test_no_picture_is_left_of_a_lesson_that_is_gone():
    assert {path.name for path in page.BOARDS.iterdir()} == {f"{number}.svg" for number in lessons()}


@pytest.mark.parametrize("word", ["circle 1 2", "box 1 2 3 text", "line 1 2 3", "arrow a b c d", "text 1"])
def test_a_word_that_draws_nothing_is_refused(word):
    with pytest.raises(ValueError, match="a board picture"):
        read(word)


def test_the_ranges_on_the_board_of_11_are_those_that_were_measured():
    said = next(
        sentence for kind, name, sentence in ledger.said()["11"] if sentence.startswith("More updates than the")
    )
    measured = re.findall(r"without the (input|forget|output) gate(?: \([^)]*\))? (-?\d+) to (-?\d+)", said)
    drawn = [at for kind, at, _ in map(read, lessons()["11"].board["draws"]) if kind == "range"]
    zero, thousand = 130, next(at[0] for _, at, words in map(read, lessons()["11"].board["draws"]) if words == "1,000")
    assert len(measured) == len(drawn) == 3
    for (_, low, high), (start, _, left, right) in zip(measured, drawn):
        assert start == zero
        for value, x in ((low, left), (high, right)):
            assert abs(zero + int(value) * (thousand - zero) / 1000 - x) <= 3


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.number)
def test_any_lesson_is_a_lab_that_fits_with_two_exercises(lesson):
    assert plan.lab(lesson)[0] <= plan.LAB
    assert plan.in_class(lesson, short=True) <= plan.in_class(lesson) == sum(plan.parts(lesson).values())


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.number)
def test_the_minutes_of_a_lab_follow_one_another_and_come_to_ninety(lesson):
    rows = plan.timetable(lesson)
    assert [start + taken for start, _, taken in rows] == [*(start for start, *_ in rows[1:]), plan.LAB]
    assert all(taken > 0 for *_, taken in rows) and rows[-1][2] >= plan.SPARE
    voted = sum(taken for _, what, taken in rows if what.startswith("prediction"))
    assert voted == plan.VOTE * len(lesson.predictions)


def test_the_day_ends_in_time_and_nobody_sits_for_more_than_an_hour_and_a_quarter():
    rows = plan.day()
    assert rows[0][0] == plan.BEGIN and rows[-1][0] <= plan.END
    sat = 0
    for start, what, taken in rows:
        sat = 0 if what is None else sat + taken
        assert sat <= 75, start
    assert [start + taken for start, _, taken in rows[:-1]] == [start for start, *_ in rows[1:]]


def test_the_semester_has_every_lesson_once_after_what_it_needs_and_fits_its_weeks():
    weeks = list(plan.semester())
    order = [lesson.number for ours, *_ in weeks for lesson in ours]
    assert len(weeks) == 12 and sorted(order) == sorted(lessons())
    for ours, taken, home, stretch, skipped in weeks:
        assert taken <= plan.CLASS and home + skipped <= plan.HOME and stretch >= 0
        for lesson in ours:
            needs = re.search(r"\*Needs: (.*?)\.", text(lesson.path))[1]
            before = set(re.findall(r"\b\d\db?\b", needs))
            assert before <= set(order[: order.index(lesson.number)]), (lesson.number, needs)


def test_the_learners_have_paths_that_exist_in_the_order_of_the_course():
    profiles = written()["profiles"]
    assert 3 <= len(profiles) <= 4
    for one in profiles:
        assert one["path"] == sorted(one["path"]) and set(one["path"]) <= set(lessons())
        assert all(40 <= len(one[part]) <= 400 for part in ("who", "skip", "stumbles"))


def test_every_prediction_is_told_with_its_answer_and_what_is_believed_instead():
    told = "\n".join(page.every())
    for asked in (question(name) for lesson in LESSONS for name in lesson.predictions):
        assert asked.question in told and f"Right: {asked.right}." in told
        for choice, who in asked.believed.items():
            assert f"Some will say: {asked.choices[int(choice)]}. *Behind it:* {who.rstrip('.')}." in told
