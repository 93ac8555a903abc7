"""The judge accepts what is right in any form, names what is wrong, and knows whose answer it is."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import checks
from course_lib.checks import PROBLEMS, judge
from course_lib.checks.draw import drawn_for, several
from course_lib.checks.instances import others
from course_lib.checks.judge import NotRight, problem, token
from solutions import answer, message

# ---- Right answers ----


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


def test_a_mistake_whose_text_is_not_in_the_reference_is_refused():
    @problem(cases=several(lambda generator: {"a": 1.0}), hints=("",), mistakes={"it is wrong": ("q", "c")})
    def same_number(a):
        """a."""
        return a

    with pytest.raises(ValueError, match="same_number: an edit needs a text that occurs once; got 'q'"):
        same_number(lambda a: a + 1)


def test_the_message_shows_yours_and_expected_at_the_first_difference():
    text = message("lstm_step", answer("lstm_step", "h = o * tanh(c)", "h = o * c"))
    assert text.splitlines()[0].startswith("lstm_step is not right yet (case 1 of 12: x (")
    assert "first difference of h at batch 0, unit 0\n  yours     " in text
    assert "This is what comes out when the memory is read without tanh." in text
    assert text.splitlines()[-1] == '  For a hint: checks.hint("lstm_step")'


def test_jupyter_shows_the_message_without_a_traceback():
    try:
        checks.rnn_step(lambda x, h, W, U, b: None)
    except NotRight as error:
        assert error._render_traceback_() == ["rnn_step returns nothing. Is a return missing?"]


def test_a_value_instead_of_a_function_is_refused():
    with pytest.raises(NotRight, match="rnn_step needs your function itself; got Tensor"):
        checks.rnn_step(torch.zeros(2))


def test_an_exception_of_the_learners_own_is_met_at_its_line_with_the_case():
    text = message("rnn_step", lambda x, h, W, U, b: 1 / 0)  # this line
    assert text.startswith("rnn_step stopped with ZeroDivisionError: division by zero\n  in case 1 of 12: x (")
    assert "# this line" in text and "in line " in text and "/" not in text.replace("1 / 0", "")
    text = message("rnn_step", lambda x, h, W, U, b: W @ x)
    assert "The batch comes first" in text
    hidden = message("rnn_step", lambda x, h, W, U, b: 1 / 0, hidden=True)
    assert "in case 1" not in hidden


def test_an_answer_that_is_not_written_yet_is_met_in_one_line():
    with pytest.raises(judge.NotAnswered, match="^rnn_step: not answered yet. Write your answer in the cell above"):
        checks.rnn_step(raises_your_turn)


def test_what_ends_the_check_from_outside_is_not_taken_for_the_learners_mistake():
    class Broken(Exception):
        __module__ = "tools.grading.sandbox"

    def stop(error):
        raise error

    for error in (TimeoutError("no answer"), Broken("gone")):
        with pytest.raises(type(error)):
            checks.rnn_step(lambda *case, error=error: stop(error))


def raises_your_turn(*case):
    raise NotImplementedError("your turn")


# ---- Instances of one's own ----


VARYING = [name for name, one in PROBLEMS.items() if one.given("")]
BEYOND = {  # where what is said of the default instance's answer is something else
    "fair_plan": "This is what comes out when the plan fails in ",
    "which_clamp": "This is what comes out when the forget gate is clamped to ",
    "toggle": "toggle cannot use these weights",
}


@pytest.mark.parametrize("name", VARYING)
def test_an_answer_to_the_default_instance_is_recognised_before_any_mistake(name, monkeypatch):
    monkeypatch.setattr(judge, "TOKEN", "a")
    assert BEYOND.get(name, "This is right for another instance, {") in message(name, answer(name))


@pytest.mark.parametrize(
    "name",  # an answer of keep_or_replace_network that is right for a large range is right for a small one
    [name for name in VARYING if others(PROBLEMS[name]) and name not in (*BEYOND, "keep_or_replace_network")],
)
def test_an_answer_to_an_instance_of_somebody_else_is_recognised(name):
    own, *rest = others(PROBLEMS[name])
    other = next((one for one in rest if all(one[key] != own[key] for key in own)), rest[0])
    assert re.search("right for another instance|what comes out when", message(name, PROBLEMS[name].solve(**other)))


def test_tokens_depend_on_the_learner_and_on_the_secret():
    tokens = {token(learner, secret) for learner in ("anna", "ben") for secret in ("one", "two")}
    assert len(tokens) == 4 and all(len(one) == 16 for one in tokens)
    assert token("anna", "one") == token("anna", "one")
