"""What nobody has listed is located: in which cases, along which axis, without which argument it would be right."""

import numpy as np
import pytest
import torch

from course_lib.checks import PROBLEMS
from solutions import answer, message


def scan(a, b, rounds=None):
    x, states = torch.zeros_like(b[:, 0]), []
    for t in range(b.shape[1]):
        x = a[:, t] * x + b[:, t] if rounds is None or t < rounds else b[:, t]
        states.append(x)
    return torch.stack(states, 1)


UNKNOWN = {  # problem, a wrong answer: what is said of it
    "some cases": ("gate_under_warp", lambda z, k: z ** (1 / k) if k < 8 else z, "those in which `k` is at most "),
    "other cases": ("train_readout", lambda *case: answer("train_readout")(*case) + (case[4] < 1),
                    "those in which `clip` is at least 1."),
    "the first step": ("parallel_scan", lambda a, b: torch.cat([b[:, :1], 3 * b[:, 1:]], 1),
                       "Time 0 is right, and all that follows is not."),
    "from some step on": ("parallel_scan", lambda a, b: scan(a, b, 2), "goes wrong from some time on"),
    "a bias in the wrong place": ("independent_gates", lambda x, h, W, U, b: {
        k: torch.sigmoid(x @ W[k].T + h @ U[k].T) + b[k] for k in "fio"}, "It is right when `b` is 0"),
    "one step": ("last_state", lambda x, h, W, U, b: torch.tanh(
        sum(x[:, t] @ W.T for t in range(x.shape[1])) + h @ U.T + b), "It is right where there is a single step"),
    "a factor of its own": ("split_and_scale", lambda x, share: {
        k: v * ((n := int(share * len(x))) - 1) ** 0.5 / n**0.5
        for k, v in answer("split_and_scale")(x, share).items()}, "right up to a factor"),
    "another zero": ("cell_update", lambda c, g, f, i: f * c + i * g + c, "Every number is too large by `c`."),
    "a factor too many": ("cell_update", lambda c, g, f, i: (f * c + i * g) * f, "`f` is a factor too many."),
    "a number less": ("adding_baseline", lambda low, high, count: (count - 1) / 3 * (high - low) ** 2,
                      "It is (count - 1) / count times what it should be."),
    "two arguments": ("rnn_step", lambda x, h, W, U, b: torch.tanh(x @ W.T) + h @ U.T + b, "`h` and `b` are both 0"),
    "no mean": ("persistence_loss", lambda x: (x[1:] - x[:-1]) ** 2, "The mean of the numbers is right"),
    "one length": ("read_series", lambda text: answer("read_series")(text)[::2], "Time is "),
}  # fmt: skip


@pytest.mark.parametrize("kind", UNKNOWN)
def test_a_mistake_that_nobody_knows_is_located(kind):
    name, wrong, said = UNKNOWN[kind]
    assert said in message(name, wrong)
    assert said not in message(name, wrong, hidden=True) or "right w" not in said


UNREADABLE = {
    "fair_plan": [lambda: 3, lambda: "LSTM against GRU", lambda: answer("fair_plan")() | {"seeds": 5},
                  lambda: answer("fair_plan")() | {"a": 7}],
    "diagnose_runs": [lambda: ["rate too low"] * 5, lambda: 3, lambda: None],
    "what_would_refute": [lambda: "DEACB", lambda: 5],
    "read_gates": [lambda: {"step": "6", "c": "-1.3"}, lambda: {"step": [1, 2], "c": 1}],
    "read_half_lives": [lambda: {"A": "6.2", "B": "12.8", "C": "8.9"}],
    "which_clamp": [lambda: 3, lambda: ("forget", 0, 1), lambda: ("forget", "zero")],
    "toggle": [lambda: 3, lambda: [1, 2], lambda: {"W_f": "a"}, lambda: {"W_f": [[1], [2, 3]]}],
    "keep_or_replace_network": [lambda: answer("keep_or_replace_network")() | {"W_m": [1, 2, 3]}, lambda: 3],
    "three_memories": [lambda: {"count": 1}, lambda: [(1, 1)] * 3, lambda: 3],
}  # fmt: skip


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_answer_of_another_form_is_told_which_form_is_asked_for(name):
    for wrong in UNREADABLE[name]:
        said = message(name, wrong)
        assert "stopped with" not in said and ("needs " in said or "expected" in said or "cannot use" in said), said


def test_a_mistake_of_the_learner_stays_theirs_where_the_answer_is_read_in_another_form():
    def wrong():
        return {"W_f": torch.zeros(2) @ torch.zeros(3)}

    assert "toggle stopped with RuntimeError" in message("toggle", wrong)


def test_rates_of_a_plan_are_counted_by_their_value():
    def plan(rates):
        found = answer("fair_plan")()
        return found | {side: found[side] | {"rates": rates} for side in "ab"}

    PROBLEMS["fair_plan"](lambda: plan([np.array(0.1), np.float32(0.2), torch.tensor(0.3)]))
    assert "is not right yet" in message("fair_plan", lambda: plan([torch.tensor(0.1) for _ in range(3)]))
