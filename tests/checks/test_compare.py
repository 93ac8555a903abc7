"""Only plain numbers of the right shape, size and name are equal; nothing can claim to be."""

import numpy as np
import pytest
import torch

from course_lib.checks import PROBLEMS
from solutions import message


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


@pytest.mark.parametrize("name", PROBLEMS)
def test_objects_that_equal_everything_do_not_pass(name):
    for wrong in (Liar(), torch.zeros(3).as_subclass(LyingTensor), {"h": Liar(), "c": Liar()}, [Liar()]):
        message(name, lambda *case, wrong=wrong: wrong)


def test_a_number_that_is_none_is_wrong():
    for bad in (float("nan"), float("inf")):
        text = message("rnn_step", lambda x, h, W, U, b, bad=bad: torch.full_like(h, bad))
        assert f"yours     {bad}" in text


def test_wrong_shapes_and_names_are_said_in_words():
    text = message("rnn_step", lambda x, h, W, U, b: torch.zeros(7, 5))
    assert "yours     shape (7, 5)" in text and "expected  shape (" in text
    text = message("lstm_step", lambda x, h, c, W, U, b: {"h": h})
    assert "yours     ['h']" in text and "expected  ['h', 'c']" in text
