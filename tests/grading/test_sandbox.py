"""Plain data crosses into the box and back, and nothing in it can hold up the class."""

import pytest
import torch
from handed_in import EQUAL

from tools.grading import sandbox


def test_values_cross_into_the_box_and_back_unchanged_and_gradients_follow():
    values = [
        1,
        2.5,
        "word",
        None,
        True,
        (1, [2.0]),
        {"a": torch.tensor([1.0, float("nan")])},
        torch.ones(2, 2).double(),
    ]
    with sandbox.Box() as box:
        box.run("def same(value):\n    return value\ndef squares(u):\n    return (u ** 2).sum()")
        for value in values:
            torch.testing.assert_close(box.call("same", value), value, equal_nan=True) if isinstance(
                value, torch.Tensor
            ) else repr(box.call("same", value)) == repr(value)
        u = torch.tensor([1.0, 2.0], requires_grad=True)
        assert torch.autograd.grad(box.call("squares", u), u)[0].tolist() == [2, 4]


def test_a_process_that_answers_ahead_and_listens_no_more_cannot_hold_up_the_class():
    early = """import os, signal
def answer(x):
    for channel in range(3, 9):
        try: os.write(channel, b'{"value": [1, null]}\\n' * 50)
        except OSError: pass
    signal.setitimer(signal.ITIMER_REAL, 0)
    while True: pass"""
    with sandbox.Box(seconds=30) as box:
        box.run(early)
        box.seconds = 1
        assert box.call("answer", 0) == 1
        with pytest.raises(sandbox.Broken, match="stopped listening"):
            for _ in range(49):
                box.call("answer", torch.zeros(2000))


def test_an_object_of_a_learners_own_does_not_cross():
    with sandbox.Box() as box:
        box.run(f"{EQUAL}def answer():\n    return Equal()")
        with pytest.raises(RuntimeError, match="NotPlain: an object of type Equal"):
            box.call("answer")
