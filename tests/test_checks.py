"""The checks accept what is right in any form, reject what is wrong, and name the mistake."""

import io
from functools import cache
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import WRONG

from course_lib import checks
from course_lib.checks import PROBLEMS, judge
from course_lib.checks.compare import numbers, same
from course_lib.checks.draw import drawn_for, several
from course_lib.checks.judge import NotRight, problem, token
from course_lib.checks.which_gate_matters import CLAMPS
from course_lib.unroll import unroll
from tools import tokens

ROOT = Path(__file__).resolve().parents[1]
every_problem = pytest.mark.parametrize("name", PROBLEMS)
every_instance = pytest.mark.parametrize("name", [name for name, one in PROBLEMS.items() if one.given("")])


@cache
def solutions():
    """{problem: source of the answer's cell}."""
    cells = [cell for path in ROOT.glob("solutions/*/*.ipynb") for cell in nbformat.read(path, as_version=4).cells]
    graded = [cell for cell in cells if cell.cell_type == "code" and "nbgrader" in cell.metadata]
    return {cell.metadata.nbgrader.grade_id: cell.source for cell in graded if cell.metadata.nbgrader.solution}


def edited(name, *edits):
    """The source of the solution of a problem, each old text in it replaced by its new one."""
    source = solutions()[name]
    for old, new in zip(edits[::2], edits[1::2]):
        assert old in source
        source = source.replace(old, new)
    return source


def answer(name, *edits):
    """The solution of a problem as a function, each old text in it replaced by its new one."""
    space = {"torch": torch, "sigmoid": torch.sigmoid, "tanh": torch.tanh}
    exec(edited(name, *edits), space)
    return space[name]


def message(name, wrong, **options):
    with pytest.raises(NotRight) as caught:
        PROBLEMS[name](wrong, **options)
    return str(caught.value)


# ---- Right answers ----


@every_problem
def test_the_solution_is_right_on_shown_and_on_hidden_cases(name, capsys):
    PROBLEMS[name](answer(name))
    assert f"{name}: right" in capsys.readouterr().out
    PROBLEMS[name](answer(name), hidden=True)
    assert capsys.readouterr().out == ""


def lstm_einsum(x, h, c, W, U, b):
    a = {k: torch.einsum("hi,bi->bh", W[k], x) + torch.einsum("kj,bj->bk", U[k], h) + b[k] for k in W}
    c = torch.sigmoid(a["i"]) * torch.tanh(a["g"]) + c * torch.sigmoid(a["f"])
    return {"c": c, "h": torch.tanh(c) * torch.sigmoid(a["o"])}


def lstm_in_place(x, h, c, W, U, b):
    gates = torch.cat([W[k] @ x.T + U[k] @ h.T + b[k][:, None] for k in "fiog"]).T
    f, i, o, g = gates.chunk(4, dim=1)
    c.mul_(f.sigmoid_()).add_(i.sigmoid_() * g.tanh_())
    h.copy_(o.sigmoid_() * c.tanh())
    return {"h": h, "c": c}


def lstm_loops(x, h, c, W, U, b):
    new = {"h": torch.zeros_like(h), "c": torch.zeros_like(c)}
    for n in range(len(x)):
        for k in range(h.shape[1]):
            f, i, o, g = (W[q][k].dot(x[n]) + U[q][k].dot(h[n]) + b[q][k] for q in "fiog")
            new["c"][n, k] = c[n, k] / (1 + (-f).exp()) + g.tanh() / (1 + (-i).exp())
            new["h"][n, k] = new["c"][n, k].tanh() / (1 + (-o).exp())
    return new


def lstm_float64(x, h, c, W, U, b):
    double = [{k: v.double() for k, v in one.items()} for one in (W, U, b)]
    return answer("lstm_step")(x.double(), h.double(), c.double(), *double)


def lstm_numpy(x, h, c, W, U, b):
    f, i, o = (1 / (1 + np.exp(-(x @ W[k].T + h @ U[k].T + b[k]).numpy())) for k in "fio")
    c = f * c.numpy() + i * np.tanh((x @ W["g"].T + h @ U["g"].T + b["g"]).numpy())
    return {"h": o * np.tanh(c), "c": c}


def lstm_torch(x, h, c, W, U, b):
    cell = torch.nn.LSTMCell(x.shape[1], h.shape[1])
    with torch.no_grad():
        cell.weight_ih.copy_(torch.cat([W[k] for k in "ifgo"]))
        cell.weight_hh.copy_(torch.cat([U[k] for k in "ifgo"]))
        cell.bias_ih.copy_(torch.cat([b[k] for k in "ifgo"]))
        cell.bias_hh.zero_()
    h, c = cell(x, (h, c))
    return {"h": h, "c": c}


def jacobian_by_autograd(h_new, U):
    h = torch.zeros(U.shape[1])
    rows = [torch.autograd.functional.jacobian(lambda h, y=y: torch.tanh(U @ h + y.atanh()), h) for y in h_new]
    return torch.stack(rows)


def backward_by_autograd(dh, dc, c, g, f, i, o):
    c = c.clone().requires_grad_()
    a = [torch.logit(gate).requires_grad_() for gate in (f, i, o)] + [torch.atanh(g).requires_grad_()]
    f, i, o, g = *(one.sigmoid() for one in a[:3]), a[3].tanh()
    new = f * c + i * g
    slopes = torch.autograd.grad([o * new.tanh(), new], [*a, c], [dh, dc])
    return dict(zip(["f", "i", "o", "g", "c"], slopes))


def scan_loop(a, b):
    x, states = torch.zeros_like(b[:, 0]), []
    for a_t, b_t in zip(a.unbind(1), b.unbind(1)):
        x = b_t + x * a_t
        states += [x]
    return torch.stack(states, 1)


def written_loop(f, i):
    return torch.stack([i[:, t] * f[:, t + 1 :].prod(dim=1) for t in range(f.shape[1])], dim=1)


def toggle_without_forgetting():
    return {"b_f": 10, "W_i": [20, 0, 0], "b_i": -10, "U_g": -10, "b_g": 3, "b_o": 10}


RIGHT = [
    ("lstm_step", lstm_einsum),
    ("lstm_step", lstm_in_place),
    ("lstm_step", lstm_loops),
    ("lstm_step", lstm_float64),
    ("lstm_step", lstm_numpy),
    ("lstm_step", lstm_torch),
    ("rnn_step", lambda x, h, W, U, b: [[float(unit) for unit in row] for row in answer("rnn_step")(x, h, W, U, b)]),
    ("rnn_jacobian", jacobian_by_autograd),
    ("lstm_backward", backward_by_autograd),
    ("parallel_scan", scan_loop),
    ("written_weights", written_loop),
    ("direct_path", lambda f: written_loop(f, torch.ones_like(f))),
    ("toggle", toggle_without_forgetting),
    ("memory_noise", lambda a, s, T: s * s * T if a == 1 else s * s * (1 - a ** (2 * T)) / (1 - a * a)),
    ("clamped_memory", lambda f, i, g, steps: np.float32(sum(i * g * f**k for k in range(steps)))),
    ("persistence_loss", lambda x: torch.nn.functional.mse_loss(x[:-1], x[1:])),
    ("chrono_biases", lambda u, lag: {"input": (1 / (u * lag - 2 * u + 1)).log(), "forget": (u * (lag - 2)).log1p()}),
    ("which_clamp", lambda: ["forget", 0]),
]


@pytest.mark.parametrize("name, other", RIGHT, ids=[f"{name}-{k}" for k, (name, _) in enumerate(RIGHT)])
def test_a_right_answer_in_another_form_is_accepted(name, other):
    PROBLEMS[name](other)
    PROBLEMS[name](other, hidden=True)


@settings(max_examples=25, deadline=None)
@given(own=st.text(max_size=12))
def test_right_stays_right_and_swapped_stays_swapped_on_whatever_cases_a_token_draws(own):
    before, judge.TOKEN = judge.TOKEN, own
    try:
        checks.lstm_step(lstm_einsum)
        swapped = message("lstm_step", answer("lstm_step", "f * c + i * g", "i * c + f * g"))
    finally:
        judge.TOKEN = before
    assert "when i and f are swapped" in swapped


# ---- Wrong answers ----


def test_wrong_answers_are_planted_in_every_problem():
    assert PROBLEMS.keys() == WRONG.keys() == solutions().keys()


@every_problem
def test_planted_wrong_answers_are_rejected_and_most_are_named(name):
    found = [(why, message(name, answer(name, *edits))) for why, *edits in WRONG[name]]
    for why, text in found:
        assert text.startswith(f"{name} ")
        assert (why or "yours") in text
    found += [("returns nothing", message(name, lambda *case: None)), ("Liar", message(name, lambda *case: Liar()))]
    assert len(found) >= 10 and len([why for why, _ in found if why]) >= 8


class Liar:
    """An object that equals everything."""

    def __eq__(self, other):
        return True

    __hash__ = None
    shape = ()

    def __array__(self, *_, **__):
        return np.zeros(3)


class LyingTensor(torch.Tensor):
    """A tensor that equals everything."""

    def __eq__(self, other):
        return True

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return True


@every_problem
def test_objects_that_equal_everything_do_not_pass(name):
    for wrong in (Liar(), torch.zeros(3).as_subclass(LyingTensor), {"h": Liar(), "c": Liar()}, [Liar()]):
        message(name, lambda *case, wrong=wrong: wrong)


def test_replacing_what_compares_does_not_help(monkeypatch):
    for owner, attribute in (
        (torch, "allclose"), (torch, "equal"), (torch.testing, "assert_close"), (torch.Tensor, "__eq__"),
        (torch.Tensor, "tolist"), (np, "allclose"), (np, "array_equal"), (np, "all"),
    ):  # fmt: skip
        monkeypatch.setattr(owner, attribute, lambda *args, **kwargs: True)
    with pytest.raises(NotRight, match="when tanh is missing"):
        checks.rnn_step(lambda x, h, W, U, b: x @ W.T + h @ U.T + b)


def test_an_answer_that_knows_the_shown_cases_fails_on_the_hidden_ones():
    mine = checks.rnn_step
    known = mine.cases(drawn_for("rnn_step", judge.TOKEN, "shown"))

    def remember(x, h, W, U, b):
        seen = any(case["x"].shape == x.shape and torch.equal(case["x"], x) for case in known)
        return torch.tanh(x @ W.T + h @ U.T + b) if seen else torch.zeros_like(h)

    mine(remember)
    text = message("rnn_step", remember, hidden=True)
    assert "on cases that the visible check does not draw" in text
    assert "yours" not in text and "expected" not in text


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


def test_a_mistake_whose_text_is_not_in_the_reference_is_refused():
    @problem(cases=several(lambda generator: {"a": 1.0}), hints=("",), mistakes={"it is wrong": ("q", "c")})
    def same_number(a):
        """a."""
        return a

    with pytest.raises(ValueError, match="same_number: a mistake needs a text that occurs once; got 'q'"):
        same_number(lambda a: a + 1)


# ---- What a learner reads ----


def test_the_message_shows_yours_and_expected_at_the_first_difference():
    text = message("lstm_step", answer("lstm_step", "h = o * tanh(c)", "h = o * c"))
    assert text.splitlines()[0].startswith("lstm_step is not right yet (case 1 of 12: x (")
    assert "first difference of h at batch 0, unit 0\n  yours     " in text
    assert "This is what comes out when the memory is read without tanh." in text
    assert text.splitlines()[-1] == '  For a hint: checks.hint("lstm_step")'


def test_the_message_shows_the_sequence_on_which_weights_fail():
    text = message("toggle", answer("toggle", '"b_g": 3', '"b_g": -3'))
    assert "where x = [[1.0, 0.0, 0.0]]\n  yours     0\n  expected  1" in text


def test_a_number_that_is_none_is_wrong():
    for bad in (float("nan"), float("inf")):
        text = message("rnn_step", lambda x, h, W, U, b, bad=bad: torch.full_like(h, bad))
        assert f"yours     {bad}" in text


def test_wrong_shapes_and_names_are_said_in_words():
    text = message("rnn_step", lambda x, h, W, U, b: torch.zeros(7, 5))
    assert "yours     shape (7, 5)" in text and "expected  shape (" in text
    text = message("lstm_step", lambda x, h, c, W, U, b: {"h": h})
    assert "yours     ['h']" in text and "expected  ['h', 'c']" in text


def test_jupyter_shows_the_message_without_a_traceback():
    try:
        checks.rnn_step(lambda x, h, W, U, b: None)
    except NotRight as error:
        assert error._render_traceback_() == ["rnn_step returns nothing. Is a return missing?"]


def test_a_value_instead_of_a_function_is_refused():
    with pytest.raises(NotRight, match="rnn_step needs your function itself; got Tensor"):
        checks.rnn_step(torch.zeros(2))


def test_errors_in_the_learners_own_code_reach_the_learner():
    with pytest.raises(ZeroDivisionError):
        checks.rnn_step(lambda x, h, W, U, b: 1 / 0)
    with pytest.raises(NotImplementedError):
        checks.rnn_step(raises_your_turn)


def raises_your_turn(*case):
    raise NotImplementedError("your turn")


def test_weights_of_a_wrong_name_or_count_are_refused():
    assert "JANETCell has no weight 'W_z'; choices: W_f, " in message("keep_or_replace_gate", lambda: {"W_z": 1})
    assert message("toggle", lambda: {"W_f": [1, 2]}).endswith("needs W_f with the shape (1, 3); got (2,)")
    assert "needs the weights ['W_m'" in message("keep_or_replace_network", lambda: {"W_m": 1})
    assert "needs pairs (w1, w2)" in message("three_memories", lambda: {"count": 1})
    assert "needs a gate and a value" in message("which_clamp", lambda: "forget")


def test_hints_come_one_at_a_time_and_start_again(capsys):
    checks.asked.clear()
    for k in (1, 2, 3, 1):
        checks.hint("lstm_step")
        assert capsys.readouterr().out.startswith(f"lstm_step, hint {k} of 3: ")
    with pytest.raises(ValueError, match="checks has no problem 'lstm'; choices: .*lstm_step, "):
        checks.hint("lstm")


@every_problem
def test_every_problem_has_three_hints_and_at_least_eight_known_mistakes(name):
    assert len(PROBLEMS[name].hints) == 3
    assert len(PROBLEMS[name].mistakes) >= 8


# ---- Instances of one's own ----

GENERAL = {
    "rnn_latch": lambda pulse, weak: {"W": 4.5 / pulse, "U": 3},
    "keep_or_replace_network": lambda largest: {
        "W_m": [[0, -2 * largest], [1, 2 * largest]], "V_m": [[1], [0]], "b_m": [largest, -largest],
        "A_c": [[1, 1]], "b_c": [-largest],
    },
    "three_memories": lambda half_life: {
        "count": (1, 1), "last": (0, 1), "average": (0.5 ** (1 / half_life), 1 - 0.5 ** (1 / half_life)),
    },
    "keep_or_replace_gate": lambda mark, stores: {
        "W_f": [(-20 if stores else 20) * (k == mark) for k in (0, 1)], "b_f": 10 if stores else -10,
        "W_g": [5 * (k != mark) for k in (0, 1)],
    },
    "toggle": lambda symbol: {
        "W_f": [-20 * (k == symbol) for k in range(3)], "b_f": 10, "U_g": -10, "b_g": 3, "b_o": 10,
        "W_i": [20 * (k == symbol) for k in range(3)], "b_i": -10,
    },
    "silent_memory": lambda columns: {
        "W_f": [-20 * (name == "store") for name in columns], "b_f": 10, "b_i": -10, "b_o": -10,
        "W_i": [20 * (name == "store") for name in columns], "W_o": [20 * (name == "ask") for name in columns],
        "W_g": [5 * (name == "value") for name in columns],
    },
    "which_clamp": lambda seed, gate, value: (gate, value),
    "bracket_depth": lambda opens, closes: {
        "b_f": 10, "b_i": 10, "W_g": [10 * (k == opens) - 10 * (k == closes) for k in range(3)],
    },
}  # fmt: skip
OWN = ["a", "b", token("student 7", "secret")]


@pytest.mark.parametrize("own", OWN)
@every_instance
def test_the_public_solution_does_not_answer_another_instance(name, own, monkeypatch):
    monkeypatch.setattr(judge, "TOKEN", own)
    assert f"{name} is not right yet" in message(name, answer(name))


def test_an_answer_to_another_instance_is_recognised(monkeypatch):
    monkeypatch.setattr(judge, "TOKEN", "a")
    text = message("bracket_depth", lambda: GENERAL["bracket_depth"](opens=0, closes=1))
    assert "when the other symbol is counted instead of the closing one" in text
    text = message("your_cell", answer("your_cell"))
    assert "This is right for another instance, {\"c'\": 'f ⊙ c + (1 - i) ⊙ g'" in text


@pytest.mark.parametrize("own", ["", *OWN])
@pytest.mark.parametrize("name", GENERAL)
def test_an_instance_of_ones_own_can_be_solved(name, own, monkeypatch):
    monkeypatch.setattr(judge, "TOKEN", own)
    PROBLEMS[name](lambda: GENERAL[name](**PROBLEMS[name].given(own)))


def test_a_cell_of_ones_own_can_be_solved(monkeypatch):
    for own in ("", *OWN):
        monkeypatch.setattr(judge, "TOKEN", own)
        lines = [line.replace("⊙", "*").replace("c'", "new").replace("σ", "torch.sigmoid")
                 for line in checks.given("your_cell").values()]  # fmt: skip
        rest = ["c = f * c + (1 - i) * g", f"c, new = (lambda new: (new, new))({lines[0]})"]
        checks.your_cell(
            answer("your_cell", *rest, "h = o * sigmoid(c)", f"h = {lines[1].replace('tanh', 'torch.tanh')}")
        )


def test_a_mystery_is_settled_by_experiment():
    cell, x, h = checks.given("which_clamp").values()
    found = [(gate, value) for gate, value in CLAMPS
             if torch.allclose(unroll(cell, x, override={gate: value})["h"], h, atol=1e-4)]  # fmt: skip
    assert found == [("forget", 0.0)]


def test_tokens_depend_on_the_learner_and_on_the_secret():
    tokens = {token(learner, secret) for learner in ("anna", "ben") for secret in ("one", "two")}
    assert len(tokens) == 4 and all(len(one) == 16 for one in tokens)
    assert token("anna", "one") == token("anna", "one")


def test_a_token_comes_from_the_environment_or_else_from_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COURSE_TOKEN", raising=False)
    assert judge.own_token() == ""
    (tmp_path / "token.txt").write_text("0123\n")
    assert judge.own_token() == "0123"
    monkeypatch.setenv("COURSE_TOKEN", "4567")
    assert judge.own_token() == "4567"


@every_instance
def test_no_token_draws_the_default_instance(name):
    default = PROBLEMS[name].given("")
    assert all(PROBLEMS[name].given(f"token {k}") != default for k in range(20))


def test_a_teacher_gets_the_token_of_every_learner(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("anna\n\n ben \n"))
    monkeypatch.setenv("COURSE_SECRET", "one")
    assert tokens.main() is None
    assert capsys.readouterr().out == f"anna,{token('anna', 'one')}\nben,{token('ben', 'one')}\n"
    monkeypatch.delenv("COURSE_SECRET")
    assert tokens.main().startswith("Set COURSE_SECRET")
