"""What notebooks are made of: seeds move together, predictions answer and are kept, verdicts can fail."""

import json

import matplotlib.pyplot as plt
import pytest

from course_lib import lesson
from course_lib.cells import RNNCell

QUESTION = dict(question="Which?", choices=["one", "two"], answer=1, because="Two is more.")


@pytest.fixture
def answers(tmp_path, monkeypatch):
    """A place of its own for the learner's answers, as in a notebook that a person runs."""
    monkeypatch.setattr(lesson, "ANSWERS", tmp_path / "answers.json")
    monkeypatch.delenv("COURSE_QUIET", raising=False)
    return tmp_path / "answers.json"


@pytest.fixture
def shown(monkeypatch):
    """What was displayed, in order: (object, metadata)."""
    seen = []
    monkeypatch.setattr(lesson, "display", lambda thing, metadata=None: seen.append((thing, metadata)))
    return seen


def test_one_variable_moves_every_seed(monkeypatch):
    monkeypatch.delenv("COURSE_SEED", raising=False)
    assert lesson.seeds(3) == [0, 1, 2]
    monkeypatch.setenv("COURSE_SEED", "7")
    assert lesson.seeds(3) == [7000, 7001, 7002]
    assert lesson.seeds(2, skip=500) == [7500, 7501]
    monkeypatch.setenv("COURSE_SEED", "seven")
    with pytest.raises(ValueError, match="COURSE_SEED needs a whole number, 0 or more; got 'seven'"):
        lesson.seeds(3)


def test_a_prediction_answers_right_and_wrong_choices(answers):
    prediction = lesson.Prediction(**QUESTION)
    assert prediction.feedback.value == ""
    prediction.radio.value = "one"
    assert "Not what happens." in prediction.feedback.value and "Two is more." in prediction.feedback.value
    prediction.radio.value = "two"
    assert "Yes." in prediction.feedback.value


def test_a_prediction_comes_back_on_the_next_run(answers):
    lesson.Prediction(**QUESTION).radio.value = "one"
    assert lesson.Prediction(**QUESTION).radio.value == "one"
    assert json.loads(answers.read_text()) == {"Which?": "one"}
    assert [f.name for f in answers.parent.iterdir()] == ["answers.json"]


def test_a_damaged_file_of_answers_is_no_obstacle(answers):
    answers.write_text('{"Which?": "on')
    prediction = lesson.Prediction(**QUESTION)
    assert prediction.radio.value is None
    prediction.radio.value = "two"
    assert json.loads(answers.read_text()) == {"Which?": "two"}


def test_a_prediction_under_test_keeps_nothing_and_prints_the_same_text(answers, monkeypatch):
    monkeypatch.setenv("COURSE_QUIET", "1")
    prediction = lesson.Prediction(**QUESTION)
    prediction.radio.value = "one"
    assert not answers.exists() and repr(prediction) == "Predict: Which? one / two"


def test_a_prediction_without_a_right_answer_is_refused():
    with pytest.raises(ValueError, match="the index of the right choice, as a whole number from 0 to 1; got 2"):
        lesson.Prediction(**QUESTION | {"answer": 2})


def test_a_verdict_that_does_not_hold_stops_the_notebook(shown):
    lesson.verdict("A1", True, "It is 3.")
    assert shown[0][0].data == "**Verdict A1.** It is 3."
    with pytest.raises(AssertionError, match="A1: this run does not support the verdict. Measured: It is 3."):
        lesson.verdict("A1", False, "It is 3.")


def test_a_figure_is_shown_with_its_text_and_closed(shown):
    figure, _ = plt.subplots()
    lesson.show(figure, "A line that rises.")
    assert shown[0] == (figure, {"image/png": {"alt": "A line that rises."}})
    assert shown[1][0].data == "*Figure: A line that rises.*"
    assert not plt.fignum_exists(figure.number)


def test_the_source_shown_is_the_source_that_runs(shown):
    lesson.source(RNNCell.step)
    assert shown[0][0].data.startswith("```python\ndef step(self, gate, x, h):\n    h = tanh(self.h(x, h))")


def test_the_doctor_names_versions_and_what_is_missing(capsys, monkeypatch):
    monkeypatch.setattr(lesson, "step_seconds", lambda: 0.012)
    real = lesson.version

    def version(package):
        if package == "llvmlite":
            raise lesson.PackageNotFoundError
        return real(package)

    monkeypatch.setattr(lesson, "version", version)
    lesson.doctor()
    told = capsys.readouterr().out
    assert "llvmlite is missing: run `pip install -r requirements.txt`" in told
    assert "torch 2." in told and "12 ms" in told


def test_the_doctor_can_time_a_step():
    assert 0 < lesson.step_seconds() < 5
