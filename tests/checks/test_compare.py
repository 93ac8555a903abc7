"""Only plain numbers of the right shape, size and name are equal; nothing can claim to be."""

from collections import deque
from decimal import Decimal
from fractions import Fraction

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
    assert not compare.equal(np.array([np.inf]), np.array([np.inf]))  # and nothing is warned of
    assert compare.same({"a": one}, {"a": one}) and not compare.same({"a": one}, {"b": one})


def test_a_case_is_described_by_shapes_and_single_values():
    case = {"x": torch.zeros(2, 3), "state": {"h": torch.zeros(2, 4), "c": torch.zeros(2, 4)}, "text": "abc", "n": 3,
            "rate": 0.123456789}  # fmt: skip
    assert compare.describe(case) == "x (2, 3), state {h, c} each (2, 4), text with 3 characters, n = 3, rate = 0.12346"
    assert compare.describe({}) == "it has no arguments"


LONG = [float(k) for k in range(12)]
DIFFERENCES = {  # yours, expected, the axes: what is said
    "a number": (
        {"": np.array([[1.0, 2.0], [3.0, 4.0]])}, {"": np.array([[1.0, 2.0], [3.0, 5.1234567]])}, ("batch", "unit"),
        ["  first difference at batch 1, unit 1", "  yours     4", "  expected  5.12346"],
    ),
    "the second of two names": (
        {"h": np.array([1.0]), "c": np.array([np.nan])}, {"h": np.array([1.0]), "c": np.array([2.0])}, ("unit",),
        ["  first difference of c at unit 0", "  yours     nan", "  expected  2"],
    ),
    "another shape": (
        {"h": np.array([1.0, 1.0])}, {"h": np.array(1.0)}, (),
        ["  yours     shape of h (2,)", "  expected  shape of h ()"],
    ),
    "another shape of known axes": (
        {"": np.array([1.0])}, {"": np.array([1.0, 2.0])}, ("unit",),
        ["  yours     shape (1,)", "  expected  shape (2,) ('unit',)"],
    ),
    "a word": ({"": np.array("a")}, {"": np.array("b")}, (), ["  first difference", "  yours     a", "  expected  b"]),
    "a word for a number": (
        {"": np.array("a")}, {"": np.array(2.0)}, (), ["  first difference", "  yours     a", "  expected  2"],
    ),
    "other names": (
        {"h": np.array(1.0), "d": np.array(1.0)}, {"h": np.array(1.0), "c": np.array(1.0)}, (),
        ["  yours     ['h', 'd']", "  expected  ['h', 'c']"],
    ),
    "a name too many": (
        {"h": np.array(1.0)}, {"": np.array(1.0)}, (),
        ["  yours     ['h']", "  expected  one result without a name"],
    ),
    "a short sequence": (
        {"": np.array([LONG])}, {"": np.array([[*LONG[:7], 7.5, *LONG[8:]]])}, ("sequence", "step"),
        ["  first difference at sequence 0, step 7", f"  where x = {LONG[:8]}", "  yours     7", "  expected  7.5"],
    ),
    "a long sequence": (
        {"": np.array([LONG])}, {"": np.array([[*LONG[:8], 8.5, *LONG[9:]]])}, ("sequence", "step"),
        ["  first difference at sequence 0, step 8", f"  where x ends with {LONG[3:9]}", "  yours     8",
         "  expected  8.5"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("got", "expected", "axes", "said"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_the_first_difference_is_told_with_its_place(got, expected, axes, said):
    if [*got] == [*expected]:
        assert not compare.same(got, expected)
    assert list(compare.first_difference(got, expected, {"x": np.array([LONG])}, axes)) == said


def test_what_differs_by_a_ten_thousandth_is_equal_and_what_differs_by_two_is_not():
    for value in (0.0, 1.0, -1.0, 1000.0, -1000.0):
        right = np.array([value])
        for sign in (1, -1):
            assert compare.equal(right + sign * 0.99e-4 * (1 + abs(value)), right)
            assert not compare.equal(right + sign * 1.01e-4 * (1 + abs(value)), right)


def test_any_container_of_any_numbers_is_read():
    rows = [[1, 0.5], [2, 0.25]]
    for same in (np.array(rows), torch.tensor(rows), tuple(map(tuple, rows)), map_to(Fraction, rows), deque(rows),
                 map_to(Decimal, rows), np.array(map_to(Fraction, rows), dtype=object), map_to(np.float64, rows),
                 torch.nn.Parameter(torch.tensor(rows)), [torch.tensor(row) for row in rows]):  # fmt: skip
        (found,) = compare.plain(same).values()
        assert found.tolist() == rows and found.dtype == float
    assert {name: one.tolist() for name, one in compare.plain({"a": range(3), 2: True, "c": "w"}).items()} == {
        "a": [0, 1, 2], "2": 1, "c": "w"}  # fmt: skip
    assert compare.plain(10**400)[""] == np.inf
    kept = compare.numbers({"a": {"b": torch.ones(2)}, "n": 3})
    assert kept["a"]["b"].dtype == float and kept["a"]["b"].tolist() == [1, 1] and kept["n"] == 3


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (None, "returns nothing. Is a return missing?"),
        (object(), "needs numbers or tensors to compare; got an object of type object"),
        ([Liar()], "needs numbers or tensors to compare; got an object of type Liar"),
        ([None], "needs numbers or tensors to compare; got None: is a value missing?"),
        ([[1], [1, 2]], "needs numbers or tensors to compare; got setting an array element with a sequence"),
    ],
)
def test_what_cannot_be_compared_is_said(result, said):
    with pytest.raises(compare.Unreadable) as caught:
        compare.plain(result)
    assert str(caught.value).startswith(said)


def map_to(kind, rows):
    return [[kind(value) for value in row] for row in rows]
