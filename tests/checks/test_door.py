"""The door of the checks: the problems by name, their hints one at a time, and what belongs to an instance."""

import pytest

from course_lib import checks
from solutions import answer


def test_a_problem_is_called_by_its_name_and_other_names_are_refused():
    checks.lstm_step(answer("lstm_step"))
    with pytest.raises(AttributeError):
        checks.lstm  # noqa: B018
    for door in (checks.hint, checks.given):
        with pytest.raises(ValueError, match="checks has no problem 'lstm'; choices: .*lstm_step, "):
            door("lstm")


def test_hints_come_one_at_a_time_and_start_again(capsys):
    checks.asked.clear()
    for k in (1, 2, 3, 1):
        checks.hint("lstm_step")
        assert capsys.readouterr().out.startswith(f"lstm_step, hint {k} of 3: ")


def test_what_is_given_belongs_to_the_instance(monkeypatch):
    monkeypatch.setattr(checks.judge, "TOKEN", "")
    assert checks.given("rnn_latch") == {"pulse": 2.0, "weak": 0.5} and checks.given("rnn_step") == {}
    monkeypatch.setattr(checks.judge, "TOKEN", "a")
    assert checks.given("rnn_latch") != {"pulse": 2.0, "weak": 0.5}
