"""Only plain numbers of the right shape, size and name are equal; nothing can claim to be."""

import numpy as np
import pytest
import torch

from course_lib.checks import PROBLEMS, compare
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


def test_what_is_equal_is_said_of_numbers_texts_and_single_values():
    one = np.array([1.0, 2.0])
    assert compare.equal(one, one + 5e-5) and not compare.equal(one, one + 5e-4)
    assert compare.equal(np.array([[3.0]]), np.array(3.0)) and not compare.equal(one, np.array(1.0))
    assert not compare.equal(np.array(3.0), np.array([3.0])) and not compare.equal(one, np.array(["1", "2"]))
    assert compare.equal(np.array(["a", "b"]), np.array(["a", "b"]))
    assert not compare.equal(np.array(["a", "b"]), np.array(["a", "c"]))
    assert not compare.equal(np.array([np.nan]), np.array([np.nan]))
    assert compare.same({"a": one}, {"a": one}) and not compare.same({"a": one}, {"b": one})


def test_a_case_is_described_by_shapes_and_single_values():
    case = {"x": torch.zeros(2, 3), "state": {"h": torch.zeros(2, 4), "c": torch.zeros(2, 4)}, "text": "abc", "n": 3,
            "rate": 0.123456789}  # fmt: skip
    assert compare.describe(case) == "x (2, 3), state {h, c} each (2, 4), text with 3 characters, n = 3, rate = 0.12346"
    assert compare.describe({}) == "it has no arguments"
