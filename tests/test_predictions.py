"""Predictions: a bank whose answers are not known by their place or length, and widgets that keep what was chosen."""

import json
import re
from collections import Counter
from pathlib import Path

import nbformat
import pytest

from course_lib import answers as kept
from course_lib import predictions
from course_lib.predictions import bank, predict, told
from tools.authoring.notebooks import TEMPLATE, all_notebooks, number

ROOT = Path(__file__).parents[1]
MOST = 0.45  # of the questions: as many right answers may stand in one place, or be the longest or shortest of theirs
HALF = "template-half"
MARKUP = re.compile(r"[*`$~\\]|\b_|_\b|\]\(|<\w|</|&\w+;|\n")  # not U_z, nor f + i > 1
NOBODY = {  # questions of which no wrong answer is known to be believed: why
    "template-half": "the template's own example; it is in no lesson",
    "05-four-memories": "a sum of four events, made up here; who is wrong has miscounted",
    "10-swapped": "of gates taken from another sequence, of which nothing was found written",
    "14-true": "it counts the verdicts of this course, which nobody else has counted",
}
WHERE = re.compile(r"\b(18|19|20)\d\d\b|\b(page|comment|courses|notes|question \d+)\b")  # a year, or the kind of place


@pytest.fixture
def answers(tmp_path, monkeypatch):
    """A place of its own for the learner's answers, as in a notebook that a person runs."""
    monkeypatch.setattr(kept, "ANSWERS", tmp_path / "answers.json")
    monkeypatch.delenv("COURSE_QUIET", raising=False)
    return tmp_path / "answers.json"


def code(path):
    """The code of a notebook."""
    return "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code")


def test_no_notebook_holds_an_answer_and_each_asks_and_settles_the_questions_of_its_own_file():
    for path in [*all_notebooks(), TEMPLATE]:
        text, file = code(path), ROOT / "course_lib" / "predictions" / f"{number(path)}.json"
        names = list(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else []
        assert re.findall(r'^predict\("([\w-]+)"\)', text, flags=re.M) == names
        assert sorted(re.findall(r'predicted="([\w-]+)"', text)) == sorted(names)
        assert not any(predictions.question(name).because in text for name in names)


def sizes(question):
    """What a right answer is among the choices by its length; one of several that are the longest counts as that."""
    lengths = sorted(map(len, question.choices))
    named = {"longest": lengths[-1], "shortest": lengths[0]}
    return [name for name, length in named.items() if length == len(question.right)] or ["between"]


def test_a_right_answer_is_not_known_by_its_place_or_by_its_length():
    asked = list(bank().values())
    places = Counter(question.answer for question in asked if len(question.choices) == 3)
    lengths = Counter(size for question in asked for size in sizes(question))
    assert max(places.values()) <= MOST * sum(places.values())
    assert set(lengths) == {"longest", "shortest", "between"} and max(lengths.values()) <= MOST * len(asked)


def test_every_question_is_asked_once():
    assert len({question.question for question in bank().values()}) == len(bank())


def test_each_question_has_a_wrong_answer_that_somebody_is_known_to_believe_and_says_who():
    assert {name for name, question in bank().items() if not question.believed} == set(NOBODY)
    who = [(name, text) for name, question in bank().items() for text in question.believed.values()]
    assert [(name, text) for name, text in who if not WHERE.search(text)] == []


def test_no_text_of_the_bank_holds_markup_since_the_buttons_show_each_sign_as_it_stands():
    asked = bank().values()
    texts = [text for one in asked for text in (one.question, *one.choices, one.because, *one.believed.values())]
    assert [text for text in texts if MARKUP.search(text)] == []
    for text in ("the *last* one", "the _last_ one", "`train`", "$f = 1$", "see [08](08.ipynb)", "<b>one</b>"):
        assert MARKUP.search(text)


def test_a_prediction_says_nothing_of_what_happens_before_the_verdict(answers):
    prediction, asked = predict(HALF), predictions.question(HALF)
    for choice in range(len(asked.choices)):
        prediction.choice = choice
        assert prediction.said == predictions.THANKS
    assert asked.because not in str(prediction.get_state()) + str(prediction._repr_mimebundle_())


def test_what_is_told_depends_on_what_was_predicted(answers):
    asked = predictions.question(HALF)
    assert told(HALF) == f"**The prediction:** {asked.right}. {asked.because}"
    predict(HALF).choice = asked.answer
    assert told(HALF) == f"**You predicted it:** {asked.right}. {asked.because}"
    predict(HALF).choice = 1
    assert told(HALF) == f"**You predicted:** {asked.choices[1]}. **What happens:** {asked.right}. {asked.because}"


def test_a_prediction_comes_back_on_the_next_run(answers):
    predict(HALF).choice = 2
    assert predict(HALF).choice == 2 and predict(HALF).said == predictions.THANKS
    assert json.loads(answers.read_text()) == {HALF: predictions.question(HALF).choices[2]}
    assert [file.name for file in answers.parent.iterdir()] == ["answers.json"]


@pytest.mark.parametrize(
    "text", ['{"template-half": "on', "[]", "3", '{"template-half": 7}', '{"template-half": []}', "[" * 100_000]
)
def test_a_damaged_file_of_answers_is_no_obstacle(answers, text):
    answers.write_text(text)
    prediction = predict(HALF)
    assert prediction.choice == -1 and "The prediction" in told(HALF)
    prediction.choice = 1
    assert predict(HALF).choice == 1


def test_a_prediction_under_test_keeps_nothing_and_prints_the_same_text(answers, monkeypatch):
    monkeypatch.setenv("COURSE_QUIET", "1")
    prediction = predict(HALF)
    prediction.choice = 1
    assert (
        not answers.exists()
        and repr(prediction).startswith("Predict: The memory holds 1")
        and "A. " in repr(prediction)
    )
    assert "**The prediction:**" in told(HALF)


def test_an_answer_that_cannot_be_kept_is_noted_all_the_same_and_that_is_said(answers, monkeypatch):
    (answers.parent / "a file").write_text("")
    monkeypatch.setattr(kept, "ANSWERS", answers.parent / "a file" / "answers.json")
    prediction = predict(HALF)
    prediction.choice = 1
    assert prediction.said.startswith("Noted.") and "will not be there next time" in prediction.said


GOOD = {"question": "Which?", "choices": ["one", "two"], "answer": 1, "because": "So."}


@pytest.mark.parametrize(
    "content, sentence",
    [
        ([], "needs bad.json as {name: question}"),
        ({"a": 3}, "needs bad.json"),
        ({"a": GOOD | {"answer": 2}}, "from 0 to 1; got 2"),
        ({"a": GOOD | {"choices": ["one", "one"]}}, "each of them once"),
        ({"a": GOOD | {"believed": {"1": "A textbook."}}}, "a wrong choice"),
        ({"a": GOOD | {"hint": "two"}}, "unexpected keyword argument 'hint'"),
    ],
)
def test_a_file_that_is_no_bank_is_named_with_what_is_wrong(tmp_path, content, sentence):
    (tmp_path / "bad.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=re.escape(sentence)):
        bank(tmp_path)
