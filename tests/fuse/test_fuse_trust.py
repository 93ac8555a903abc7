"""When a compiled step is trusted: what counts as the same, as changed, and as no more than rounding."""

import math

import pytest
import torch
from literal import assert_same, case, literal, numbers
from torch import nan, nn, sin, tanh

from course_lib.cells import LSTMCell, RNNCell
from course_lib.fuse import check, fuse


def of(**values):
    return {name.replace("_", " "): torch.tensor(value) for name, value in values.items()}


NONE, INF = (None, 0.0), float("inf")
DISTANCES = {
    "nothing differs": (of(h=[1.0, 2.0]), of(h=[1.0, 2.0]), NONE),
    "relative to the largest": (of(h=[1.5, 2.0]), of(h=[1.0, -2.0]), ("h", 2.0)),
    "the furthest of two": (of(h=[1.0], c=[3.0]), of(h=[1.5], c=[1.0]), ("c", 2.0)),
    "of two alike the first": (of(h=[2.0], c=[2.0]), of(h=[1.0], c=[1.0]), ("h", 1.0)),
    "0 where 0 is wanted": (of(h=[0.0]), of(h=[0.0]), NONE),
    "a number where 0 is wanted": (of(h=[0.25]), of(h=[0.0]), ("h", 0.25)),
    "NaN where it is wanted": (of(h=[nan, 1.0]), of(h=[nan, 1.0]), NONE),
    "a number where NaN is wanted": (of(h=[5.0, 1.0]), of(h=[nan, 1.0]), NONE),
    "NaN where a number is wanted": (of(h=[nan, 1.0]), of(h=[1.0, 1.0]), ("h", INF)),
    "infinity where a number is wanted": (of(h=[INF, 1.0]), of(h=[1.0, 1.0]), ("h", INF)),
    "numbers alone where NaN alone is wanted": (of(h=[1.0, 1.0]), of(h=[nan, nan]), ("h", INF)),
    "NaN alone where it is wanted": (of(h=[nan, 1.0]), of(h=[nan, INF]), NONE),
    "a small gradient beside a large one": (
        of(gradient_of_a=[0.001], gradient_of_b=[10.0], h=[1e6]),
        of(gradient_of_a=[0.0], gradient_of_b=[10.0], h=[1e6]), ("gradient of a", 0.01),
    ),
    "a small value beside a large gradient": (
        of(gradient_of_b=[1e6], h=[0.003]), of(gradient_of_b=[1e6], h=[0.002]), ("h", 0.5),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("got", "wanted", "said"), DISTANCES.values(), ids=DISTANCES)
def test_how_far_results_are_from_what_is_wanted(got, wanted, said):
    name, error = check.furthest(got, wanted)
    assert (name, error) == (said[0], pytest.approx(said[1], rel=1e-5))


class Bag:
    def __init__(self, value):
        self.value = value


def deep(levels):
    bag = Bag(levels)
    for _ in range(levels):
        bag = Bag(bag)
    return bag


ALIKE = {
    "numbers": (3, 3), "NaN": (math.nan, math.nan), "texts": ("a", "a"), "tensors": (torch.ones(2), torch.ones(2)),
    "tensors with NaN": (torch.tensor([nan, 1.0]), torch.tensor([nan, 1.0])),
    "lists": ([1, (2.0, "a")], [1, (2.0, "a")]), "dicts": ({"a": [1]}, {"a": [1]}), "objects": (Bag([1]), Bag([1])),
    "generators": (torch.Generator().manual_seed(1), torch.Generator().manual_seed(1)),
    "modules, which are looked at as parts": (nn.Linear(1, 1), nn.Linear(1, 1)),
    "what is too deep": (deep(4), Bag(Bag(Bag(Bag(Bag(7)))))), "functions": (len, len),
}  # fmt: skip
UNLIKE = {
    "numbers": (3, 4), "kinds": (3, 3.0), "a flag": (True, False), "texts": ("a", "b"),
    "NaN and a number": (math.nan, 1.0), "a number and NaN": (1.0, math.nan),
    "complex": (1j, 2j), "bytes": (b"a", b"b"),
    "tensors": (torch.ones(2), torch.tensor([1.0, 2.0])), "shapes": (torch.ones(2), torch.ones(2, 1)),
    "nearly": (torch.ones(1), torch.ones(1) + 1e-6), "lengths": ([1], [1, 2]), "inside a list": ([1, [2]], [1, [3]]),
    "keys": ({"a": 1}, {"b": 1}), "inside a dict": ({"a": (1,)}, {"a": (2,)}), "objects": (Bag([1]), Bag([2])),
    "generators": (torch.Generator().manual_seed(1), torch.Generator().manual_seed(2)),
    "as deep as is looked": (deep(3), Bag(Bag(Bag(Bag(7))))),
}  # fmt: skip


@pytest.mark.parametrize(("a", "b"), ALIKE.values(), ids=ALIKE)
def test_what_has_not_changed_is_alike(a, b):
    assert not check.unlike(a, b)


@pytest.mark.parametrize(("a", "b"), UNLIKE.values(), ids=UNLIKE)
def test_what_has_changed_is_not(a, b):
    assert check.unlike(a, b) and check.unlike(b, a)


def test_what_a_step_changed_is_named():
    def changed(change):
        cell = nn.Sequential(nn.BatchNorm1d(2))
        twin = check.copied(cell)
        with torch.no_grad():
            change(twin)
        return check.difference(cell, twin)

    assert changed(lambda twin: None) is None
    assert changed(lambda twin: twin[0].weight.add_(1)) == "the parameter weight of its BatchNorm1d"
    assert changed(lambda twin: twin[0].running_mean.add_(1)) == "the buffer running_mean of its BatchNorm1d"
    assert changed(lambda twin: setattr(twin, "count", 1)) == "the attribute count of its Sequential"
    assert changed(lambda twin: delattr(twin[0], "eps")) == "the attribute eps of its BatchNorm1d"
    assert changed(lambda twin: twin.train(False)) is None  # every module has that


class SteepCell(RNNCell):
    """A step that makes much of the last digits, of which nothing comes back."""

    def step(self, gate, x, h):
        return {"h": 0.5 * tanh(h) + sin(3e4 * tanh(self.h.W(x)))}


def test_rounding_that_a_step_makes_much_of_is_no_mistake():
    cell, x, start = case(SteepCell, dtype=torch.float32)
    assert fuse(cell).why_not is None
    got, wanted = (numbers(make(cell), cell, x, start)["hidden"] for make in (fuse, literal))
    assert 1e-4 < (got - wanted).abs().max() < 0.1
    cell, x, start = case(SteepCell)
    assert_same(*({"hidden": numbers(make(cell), cell, x, start)["hidden"]} for make in (fuse, literal)))


def test_a_cell_is_examined_once(monkeypatch):
    cell, x, _ = case(LSTMCell)
    first, _ = fuse(cell)(x)
    monkeypatch.setattr(check, "examine", lambda *_: pytest.fail("examined anew"))
    assert torch.equal(fuse(cell)(x)[0], first) and fuse(cell).why_not is None


class SumOfNothingCell(RNNCell):
    """A sum over no axes, which torch takes for all of them."""

    axes = ()

    def step(self, gate, x, h):
        return {"h": tanh(self.h(x, h) * torch.sum(h, dim=self.axes))}


@pytest.mark.parametrize("axes", [(), []], ids=str)
def test_a_sum_over_no_axes_is_one_over_the_batch(axes):
    Cls = type("SumOfNothingCell", (SumOfNothingCell,), {"axes": axes})
    cell, x, start = case(Cls)
    assert "sum over the whole batch; over the units it is sum(dim=1)" in fuse(cell).why_not
    assert_same(*(numbers(make(cell), cell, x, start) for make in (fuse, literal)))
