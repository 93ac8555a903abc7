"""What goes wrong anywhere is recognised from the numbers: which outputs are right, and what became of the others."""

from collections import OrderedDict
from fractions import Fraction

import numpy as np
import pytest
import torch

from course_lib import checks
from course_lib.checks import record
from course_lib.checks.symptoms import explained, picture
from solutions import answer, message

AXES = ("batch", "time", "unit")
RIGHT = [np.random.default_rng(k).uniform(0.1, 0.9, (2 + k, 4, 3)) for k in range(3)]
INPUTS = [{"x": right, "steps": 4 + k} for k, right in enumerate(RIGHT)]
CHANGES = {
    "Every number has the wrong sign.": lambda a, case: -a,
    "Every number is 1 minus what it should be: upside down.": lambda a, case: 1 - a,
    "Every number is the square of what it should be.": lambda a, case: a**2,
    "Every number is too large by 2.": lambda a, case: a + 2,
    "Every number is 3 times what it should be.": lambda a, case: 3 * a,
    "Every number is divided by `steps`.": lambda a, case: a / case["steps"],
    "Every number is the length of axis 0 of `x` times too large.": lambda a, case: a * len(a),
    "The axes are in reverse order: transposed.": lambda a, case: a.T,
    "The axes batch and time are exchanged.": lambda a, case: a.swapaxes(0, 1),
    "Time runs backwards: the last step comes first.": lambda a, case: a[:, ::-1],
    "Only the last step is returned.": lambda a, case: a[:, -1],
    "It is one step late: each step holds the one before, and the first is 0.": lambda a, case: np.concatenate(
        [0 * a[:, :1], a[:, :-1]], axis=1
    ),
    "The numbers are right, with an axis of length 1 too many.": lambda a, case: a[:, None],
    "There is an axis too many: two axes were laid out against each other instead of side by side.": (
        lambda a, case: a[:, None] * a[None]
    ),
    "The mean over the axis batch is returned.": lambda a, case: a.mean(0),
    "Every number is NaN: 0/0, inf - inf, or the logarithm or root of a negative number.": lambda a, case: a * np.nan,
    "Every number is infinite: a division by 0, a logarithm of 0, or an overflow.": lambda a, case: a + np.inf,
}


@pytest.mark.parametrize("sentence", CHANGES)
def test_a_symptom_is_named(sentence):
    got = [{"": CHANGES[sentence](right, case)} for right, case in zip(RIGHT, INPUTS)]
    assert explained(got, [{"": right} for right in RIGHT], INPUTS, AXES) == [sentence]


def test_nothing_is_said_of_what_is_not_understood():
    got = [{"": right**3 - right} for right in RIGHT]
    assert explained(got, [{"": right} for right in RIGHT], INPUTS, AXES) == []


def test_right_outputs_are_named_and_wrong_ones_explained():
    text = message("lstm_step", answer("lstm_step", "return {", "c = c - 7\n    return {"))
    assert "  h is right; c is not.\n  In c every number is too small by 7." in text
    text = message("gates_and_candidate", answer("gates_and_candidate", '"f": sigmoid', '"f": 1 - sigmoid'))
    assert "  i, o and g are right; f is not.\n  In f every number is 1 minus what it should be: upside down." in text


def test_names_that_are_not_the_ones_asked_for_are_met():
    right = answer("two_readings")
    for change, words in (
        (lambda out: (out["LSTM"], out["page"]), "The numbers are right, but without names: return {"),
        (lambda out: {"lstm": out["LSTM"], "page": out["page"]}, "The name 'lstm' should be 'LSTM'. page is right."),
        (lambda out: {"LSTM": out["LSTM"]}, "page is missing. LSTM is right."),
        (lambda out: out | {"more": 1.0}, "more was not asked for. LSTM and page are right."),
    ):
        text = message("two_readings", lambda *case, change=change: change(right(*case)))
        assert words in " ".join(text.split())
    assert "without a dict around them" in message("cell_update", lambda *case: {"c": answer("cell_update")(*case)})


def test_two_known_mistakes_at_once_and_unlisted_ones_are_named():
    both = answer("lstm_step", "c = f * c + i * g", "c = f * c + g", "h = o * tanh(c)", "h = o * c")
    assert "when the memory is read without tanh, and the input gate is left out." in message("lstm_step", both)
    one = answer("lstm_step", ' + b["o"]', "")
    assert "b[k]` is left out" in message("lstm_step", one) and "for o alone" in message("lstm_step", one)


def test_weights_that_fail_late_are_met_with_a_picture_of_gates_and_state():
    text = message("toggle", answer("toggle", '[-20, 0, 0], "b_f": 10', '[-6, 0, 0], "b_f": 3'))
    assert "It is right on short sequences and fails after " in text
    assert all(f"\n    {row:<8}" in text for row in ("forget", "input", "output", "c", "h"))
    lines = list(picture({"f": (np.linspace(0, 1, 90), 0, 1)}, 80))
    assert lines[0].startswith("  steps 21 to 80;") and len(lines[1].split()[1]) == 60


def test_a_solution_follows_the_last_hint(capsys, monkeypatch):
    checks.asked.clear()
    checks.solution("cell_update")
    assert capsys.readouterr().out == 'cell_update: 3 hints are left before the solution: checks.hint("cell_update")\n'
    for _ in range(3):
        checks.hint("cell_update")
    capsys.readouterr()
    checks.solution("cell_update")
    assert "    return f * c + i * g" in capsys.readouterr().out
    monkeypatch.setenv("COURSE_SOLUTIONS", "never")
    checks.solution("cell_update")
    assert "not shown here" in capsys.readouterr().out
    monkeypatch.setenv("COURSE_SOLUTIONS", "always")
    checks.solution("ablation_experiment")
    assert "One possible answer" in capsys.readouterr().out


def test_what_is_solved_in_a_notebook_is_kept_and_counted(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(record, "KEPT", tmp_path / "progress.json")
    record.solved("cell_update")  # no notebook: nothing is kept
    assert record.read() == []
    monkeypatch.delenv("COURSE_QUIET", raising=False)
    monkeypatch.setattr("IPython.get_ipython", lambda: object())
    checks.cell_update(answer("cell_update"))
    checks.cell_update(answer("cell_update"))
    assert record.read() == ["cell_update"]
    capsys.readouterr()
    checks.progress()
    told = capsys.readouterr().out
    mine = next(line for line in told.splitlines() if line.startswith("05_mixing_old_and_new    1 of "))
    left = [name for name in record.sets()["05_mixing_old_and_new"] if name != "cell_update"]
    assert mine.endswith(f"next: {left[0]}") and told.count("\n") == len(record.sets()) + 1
    (tmp_path / "progress.json").write_text("{")
    assert record.read() == []


RIGHT_FORMS = {
    "a subclass of dict": lambda out: OrderedDict(out),
    "NumPy scalars in lists": lambda out: {
        np.str_(k): [[np.float32(v) for v in r] for r in a.tolist()] for k, a in out.items()
    },
    "0-d tensors in tuples": lambda out: {k: tuple(tuple(v for v in row) for row in a) for k, a in out.items()},
    "arrays of objects": lambda out: {k: np.array(a.tolist(), dtype=object) for k, a in out.items()},
    "parameters": lambda out: {k: torch.nn.Parameter(a) for k, a in out.items()},
    "fractions": lambda out: {k: [[Fraction(v) for v in row] for row in a.tolist()] for k, a in out.items()},
}


@pytest.mark.parametrize("form", RIGHT_FORMS)
def test_any_container_and_any_type_of_number_with_the_right_values_is_right(form):
    right = answer("lstm_step")
    checks.lstm_step(lambda *case: RIGHT_FORMS[form](right(*case)))


def test_a_number_may_stand_in_a_list_or_a_tensor_of_its_own():
    for wrap in (lambda v: [v], lambda v: torch.tensor([[float(v)]]), lambda v: np.array([float(v)]), np.float64):
        checks.adding_baseline(lambda *case, wrap=wrap: wrap(answer("adding_baseline")(*case)))
