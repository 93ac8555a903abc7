"""What goes wrong anywhere is recognised from the numbers: which outputs are right, and what became of the others."""

import math
from collections import OrderedDict
from fractions import Fraction

import numpy as np
import pytest
import torch

from course_lib import checks
from course_lib.checks import record
from course_lib.checks.symptoms import ELEMENTWISE, explained
from solutions import answer, message

AXES = ("batch", "time", "unit")
RIGHT = [np.random.default_rng(k).uniform(0.1, 0.9, (2 + k, 4, 3)) for k in range(3)]
SIGNED = [right - 0.5 for right in RIGHT]
INPUTS = [{"x": right, "steps": 4 + k} for k, right in enumerate(RIGHT)]


def each(change):
    """The change of an array whose numbers are changed one by one."""
    return lambda a, case: np.vectorize(change, otypes=[float])(a)


def zeros(like):
    return np.zeros(like.shape)


CHANGES = {
    "Every number has the wrong sign.": each(lambda v: -v),
    "Every number is twice what it should be.": each(lambda v: v + v),
    "Every number is half of what it should be.": each(lambda v: 0.5 * v),
    "Every number is 0.": each(lambda v: 0.0),
    "Every number is 1 minus what it should be: upside down.": each(lambda v: 1 - v),
    "Every number is 1 over what it should be.": each(lambda v: v**-1),
    "Every number is the square of what it should be.": each(lambda v: v * v),
    "Every number is the root of what it should be.": each(math.sqrt),
    "Every number is e to the power of what it should be: a logarithm is missing.": each(math.exp),
    "Every number is 10 to the power of what it should be: a logarithm is missing.": each(lambda v: math.pow(10, v)),
    "Every number is the logarithm of what it should be.": each(math.log),
    "Every number is the logarithm to base 10 of what it should be.": each(math.log10),
    "Every number is σ of what it should be: squashed once more.": each(lambda v: 0.5 + 0.5 * math.tanh(v / 2)),
    "Every number is what stands inside σ: σ is missing.": each(lambda v: 2 * math.atanh(2 * v - 1)),
    "Every number is tanh of what it should be: squashed once more.": each(math.tanh),
    "Every number is what stands inside tanh: tanh is missing.": each(math.atanh),
    "Every number is rounded to a whole number.": each(round),
    "Every number is 1 minus the square of what it should be.": each(lambda v: (1 - v) * (1 + v)),
    "Every number is the absolute value of what it should be.": each(math.fabs),
    "Every number is too large by 2.": lambda a, case: a + 2,
    "Every number is too small by 0.5.": lambda a, case: a - 0.5 + 9e-5 * (np.arange(a.size).reshape(a.shape) % 2),
    "Every number is 3 times what it should be.": lambda a, case: 3 * a,
    "Every number is divided by `steps`.": lambda a, case: a / case["steps"],
    "Every number is `steps` times too large.": lambda a, case: a * case["steps"],
    "Every number is the square of `steps` times too large.": lambda a, case: a * case["steps"] ** 2,
    "Every number is the root of `steps` times too large.": lambda a, case: a * math.sqrt(case["steps"]),
    "Every number is divided by the root of `steps`.": lambda a, case: a / math.sqrt(case["steps"]),
    "Every number is minus `steps` times too large.": lambda a, case: -a * case["steps"],
    "Every number is the length of axis 0 of `x` times too large.": lambda a, case: a * len(a),
    "The axes are in reverse order: transposed.": lambda a, case: a.T,
    "The axes batch and time are exchanged.": lambda a, case: a.swapaxes(0, 1),
    "The axes batch and unit are exchanged.": None,  # which is the reverse order
    "The axes time and unit are exchanged.": lambda a, case: a.swapaxes(1, 2),
    "Every sequence gets the answer of the first one.": lambda a, case: np.stack([a[0]] * len(a)),
    "Time runs backwards: the last step comes first.": lambda a, case: a[:, ::-1],
    "Only the last step is returned.": lambda a, case: a[:, -1],
    "Only the first step is returned.": lambda a, case: a[:, 0],
    "Every step holds the last one.": lambda a, case: np.stack([a[:, -1]] * 4, axis=1),
    "It is one step late: each step holds the one before, and the first is 0.": lambda a, case: np.concatenate(
        [zeros(a[:, :1]), a[:, :-1]], axis=1
    ),
    "It is one step early: each step holds the one after, and the last is 0.": lambda a, case: np.concatenate(
        [a[:, 1:], zeros(a[:, :1])], axis=1
    ),
    "It is one step late: each step holds the one before.": lambda a, case: a[:, [3, 0, 1, 2]],
    "The last step is missing.": lambda a, case: a[:, :3],
    "The first step is missing.": lambda a, case: a[:, 1:],
    "The steps are added up (cumsum).": lambda a, case: np.stack([a[:, : k + 1].sum(1) for k in range(4)], axis=1),
    "The mean over the axis batch is returned.": lambda a, case: sum(a) / len(a),
    "The sum over the axis batch is returned.": lambda a, case: sum(a),
    "Only the first entry of the axis batch is returned.": lambda a, case: a[0],
    "The mean over the axis time is returned.": lambda a, case: sum(a[:, t] for t in range(4)) / 4,
    "The sum over the axis time is returned.": lambda a, case: sum(a[:, t] for t in range(4)),
    "The mean over the axis unit is returned.": lambda a, case: sum(a[..., k] for k in range(3)) / 3,
    "The sum over the axis unit is returned.": lambda a, case: sum(a[..., k] for k in range(3)),
    "Only the first entry of the axis unit is returned.": lambda a, case: a[..., 0],
    "The numbers are in one row: the axes are lost.": lambda a, case: a.ravel(),
    "The numbers are right, with an axis of length 1 too many.": lambda a, case: a[:, None],
    "There is an axis too many: two axes were laid out against each other instead of side by side.": (
        lambda a, case: a[:, None] * a[None]
    ),
    "Every number is NaN: 0/0, inf - inf, or the logarithm or root of a negative number.": lambda a, case: a * np.nan,
    "Every number is infinite: a division by 0, a logarithm of 0, or an overflow.": lambda a, case: a + np.inf,
    "12 of 24 numbers of a case is NaN: 0/0, inf - inf, or the logarithm or root of a negative number.": (
        lambda a, case: np.where(np.arange(a.size).reshape(a.shape) < 12, np.nan, a)
    ),
    "Some numbers are 0 that should not be: an underflow, or a product with 0.": lambda a, case: np.where(
        a < 0.5, 0, a
    ),
}
CHANGES = {sentence: change for sentence, change in CHANGES.items() if change}


def told(got, right, inputs=INPUTS):
    return explained([{"": a} for a in got], [{"": a} for a in right], inputs, AXES)


@pytest.mark.parametrize("sentence", CHANGES)
def test_a_symptom_is_named(sentence):
    rights = SIGNED if "absolute" in sentence else RIGHT
    assert told([CHANGES[sentence](right, case) for right, case in zip(rights, INPUTS)], rights) == [sentence]


@pytest.mark.parametrize("sentence", CHANGES)
def test_a_symptom_of_one_case_alone_is_not_named(sentence):
    """But where some numbers are none, or 0: one case is enough for that."""
    if any(none in sentence for none in ("NaN", "infinite", "numbers are 0", "number is 0")):
        return
    rights = SIGNED if "absolute" in sentence else RIGHT
    for k in range(3):
        got = [CHANGES[sentence](right, INPUTS[k]) if j == k else right**3 for j, right in enumerate(rights)]
        assert told(got, rights) == []


def test_every_change_of_single_numbers_is_tried():
    assert {f"Every number {words}." for words in ELEMENTWISE} <= CHANGES.keys()


def test_an_axis_of_length_1_may_be_missing():
    rights = [right[:, :1] for right in RIGHT]
    said = explained([{"": right[:, 0]} for right in rights], [{"": right} for right in rights], INPUTS, ())
    assert said == ["The numbers are right, with an axis of length 1 too few."]


def test_a_factor_is_named_from_one_case():
    assert told([3 * RIGHT[0]], RIGHT[:1], INPUTS[:1]) == ["Every number is 3 times what it should be."]


def test_nothing_is_said_of_what_is_not_understood():
    assert told([right**3 - right for right in RIGHT], RIGHT) == []
    assert told([np.array("a")], [np.array("b")]) == []
    small = [np.array([[5e-4, 0.7]])]
    assert told([small[0] * [0, 1]], small, INPUTS[:1]) == []  # 0, where it is next to nothing


H, C, G = np.array([0.3, 0.9]), np.array([0.5, 0.2]), np.array([0.7, -0.4])
NAMES = {  # what is returned for {"h": H, "c": C, "g": G}: what is said
    "one alone": ({"": C}, ["Only c is returned, without its name."]),
    "a list": (
        {"": np.stack([H, C, G])},
        ['The numbers are right, but without names: return {"h": ..., "c": ..., "g": ...}, not a tuple or a list.'],
    ),
    "something": ({"": 5 * H}, ['A dict with names is asked for: {"h": ..., "c": ..., "g": ...}.']),
    "two exchanged": ({"h": C, "c": H, "g": G}, ["h and c are exchanged."]),
    "the last two exchanged": ({"h": H, "c": G, "g": C}, ["c and g are exchanged."]),
    "all in a circle": (
        {"h": C, "c": G, "g": H},
        ["h holds what belongs in c.", "c holds what belongs in g.", "g holds what belongs in h."],
    ),
    "one twice": ({"h": H, "c": H, "g": G}, ["h and g are right; c is not.", "c holds what belongs in h."]),
    "one wrong": ({"h": H, "c": -C, "g": G}, ["h and g are right; c is not.", "In c every number has the wrong sign."]),
    "two wrong": (
        {"h": H, "c": -C, "g": G + 1},
        ["h is right; c and g are not.", "In c every number has the wrong sign.",
         "In g every number is too large by 1."],
    ),
    "all wrong alike": ({"h": -H, "c": -C, "g": -G}, ["Every number has the wrong sign."]),
    "one missing": ({"h": H, "c": C}, ["g is missing.", "h and c are right."]),
    "two missing": ({"c": -C}, ["h and g are missing."]),
    "one too many": ({"h": H, "c": C, "g": G, "n": H}, ["n was not asked for.", "h, c and g are right."]),
    "two too many": (
        {"h": -H, "c": C, "g": G, "n": H, "m": H}, ["n and m were not asked for.", "c and g are right."],
    ),
    "another letter": ({"H_ ": H, "c": C, "g": G}, ["The name 'H_ ' should be 'h'.", "c and g are right."]),
}  # fmt: skip


@pytest.mark.parametrize(("got", "said"), NAMES.values(), ids=NAMES)
def test_what_is_right_exchanged_missing_or_without_its_name_is_said(got, said):
    right = {"h": H, "c": C, "g": G}
    assert explained([got], [right], [{}], ("unit",)) == said
    assert explained([got, got], [right, right], [{}, {}], ("unit",)) == said
    once = explained([got, {name: np.exp(5 * a) for name, a in got.items()}], [right, right], [{}, {}], ("unit",))
    assert not any("exchanged" in one or "is right" in one or "are right" in one or "Only" in one for one in once)


def test_one_result_without_a_name_is_asked_for():
    said = "The numbers are right; return them themselves, without a dict around them."
    for got, words in (({"a": H}, said), ({"a": C}, "One result is asked for, without names."),
                       ({"a": H, "b": H}, "One result is asked for, without names.")):  # fmt: skip
        assert explained([got], [{"": H}], [{}], ("unit",)) == [words]
    some = explained([{"a": H}, {"a": C}], [{"": H}, {"": H}], [{}, {}], ("unit",))
    assert some == ["One result is asked for, without names."]


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
    for damaged in ("{", "[" * 100_000, "3", "[3]"):
        (tmp_path / "progress.json").write_text(damaged)
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
