"""Right and wrong values of any kind: numbers, words, files and folders."""

import atexit
import io
import os
import pickle
import weakref
from dataclasses import dataclass, replace
from fractions import Fraction
from math import inf, nan
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from unittest import mock

import numpy as np
import torch
from torch import nn


@dataclass(frozen=True)
class Kind:
    """good() makes a right value, same are functions of it that say the same otherwise, bad are wrong values.

    own    functions of the learner, and cells, that raise Own when they are called: it comes out as it is, or refused
    """

    good: object
    bad: tuple
    same: tuple = ()
    own: tuple = ()

    def but(self, *right, wrong=()):
        """The same kind, with some values that are right and some more that are wrong."""
        return replace(self, bad=(*(v for v in self.bad if not any(v is one for one in right)), *wrong))


class Own(Exception):
    """What a learner's own function raises."""


# ---- What is wrong everywhere ----


class Broken(float):
    """A number that cannot be read."""

    def __float__(self):
        raise ZeroDivisionError("a number that cannot be read")

    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __abs__ = __float__
    __hash__ = float.__hash__


class Touchy:
    """A thing that raises whatever is asked of it."""

    def __getattr__(self, name):
        raise ZeroDivisionError(f"a thing without {name}")


class Claims:
    """A thing that says it is of another class."""

    def __init__(self, kind):
        self.kind = kind

    __class__ = property(lambda self: self.kind)


class Stuck:
    """A thing that cannot be gone through."""

    def __iter__(self):
        raise ZeroDivisionError("a thing that cannot be gone through")


PLAIN = type("Plain", (), {})
STRANGE = (
    Broken(0.5),
    Touchy(),
    *(Claims(kind) for kind in (str, float, int, bool, dict, list, torch.Tensor, np.ndarray, Path)),
    mock.NonCallableMagicMock(spec=str),
    Stuck(),
    nn.UninitializedParameter(),
    weakref.proxy(PLAIN),
    weakref.proxy(type("Gone", (), {})),
)


# ---- Numbers ----

ODD = (
    "",
    "a",
    [],
    [1],
    {},
    (),
    object(),
    int,
    1j,
    b"1",
    print,
    np.array([1, 2]),
    torch.tensor([1.0, 2.0]),
    np.array([]),
    np.timedelta64(3, "s"),
)


LOOP = []
LOOP.append(LOOP)
NO_NUMBERS = (
    LOOP,
    (n for n in (0.5, 0.25)),
    torch.empty(2, device="meta"),
    torch.eye(2).to_sparse(),
    torch.zeros(2, dtype=torch.bfloat16),
)


def whole(good, least=1):
    bad = (least - 1, -1, -(10**9), 10**30, good + 0.5, float(good), nan, inf, -inf, True, np.bool_(True), None)
    return Kind(lambda: good, (*bad, np.float64(good), str(good), *ODD), (np.int64, np.int32))


def number(good, *bad):
    bad += (nan, inf, -inf, 10**400, True, np.bool_(True), None, str(good), *ODD)
    return Kind(lambda: good, bad, (np.float64, np.float32, Fraction))


def series(good, *bad):
    """Numbers along one axis."""
    bad += ([], np.array([]), "a", ["a"], [[1.0], [1.0, 2.0]], [None], None, {}, object(), [1j], print, "1.5", 1j)
    bad += (["0.5", "0.5"], torch.tensor([0.5, 0.5], requires_grad=True), [nan, 0.5], [inf, 0.5])
    bad += ([True, 0.5], [[0.5, True]], range(10**9), [range(10**9)])
    bad += (np.ma.array([0.5, 0.25], mask=[0, 1]), np.array([0.5, None], object), *NO_NUMBERS)
    return Kind(lambda: good, bad, (np.array, torch.tensor, tuple))


def with_gaps(kind):
    """The same kind where NaN is a gap and not a mistake."""
    return replace(kind, bad=tuple(v for v in kind.bad if not isinstance(v, list) or "nan" not in str(v)))


SEED = whole(3, 0).but(wrong=(2**64, -(2**63)))
FRACTION = number(0.5, -0.1, 1.1, 2, -1)
POSITIVE = number(0.5, 0, -1, -0.5)
GATES = series([0.5, 0.25], -0.1, 1.1, [0.5, 1.1], [-0.1, 0.5], True, [True, False])
FLAG = Kind(lambda: True, (None, 0, 1, "", "yes", [], nan, object(), bool, np.array([True, False])), (np.bool_,))
LINE = series([0.5, 0.25], [[0.5, 0.25]], 0.5, [0.5], [0.5, 0.25, 0.1])  # as long as LINE is elsewhere in the call
ROWS = series([[0.5, 0.25], [0.1, 0.2]], [0.5, 0.25], 0.5, [[0.5, 0.25], [0.1]], [[]], [[nan, 0.5], [0.1, 0.2]])

# ---- Words, files and folders ----

NO_TEXT = (None, 0, 1.5, nan, True, [], {}, object(), str, b"a", "\ud800")


def choice(good):
    return Kind(lambda: good, (*NO_TEXT, "nonsense", "", good[:-1], good + " ", [good], (good,), good.encode()))


def words(good="what it is", *bad):
    return Kind(lambda: good, (*NO_TEXT, [good], *bad))


FOLDER = Path(mkdtemp())
atexit.register(rmtree, FOLDER)


def file(name, content):
    (FOLDER / name).write_bytes(content)
    return FOLDER / name


def saved(thing):
    content = io.BytesIO()
    torch.save(thing, content)
    return content.getvalue()


GARBAGE = (
    file("empty", b""),
    file("text", b"not what it should be\n"),
    file("zip", b"PK\x03\x04" + bytes(60)),
    file("pickle", pickle.dumps({"a": 1})),
    file("code", pickle.dumps(print)),
    file("torch", saved([1, 2])),
    file("state", saved(nn.Linear(2, 2).state_dict())),
    file("short", saved(nn.Linear(9, 9).state_dict())[:500]),
    file("json", b'{"cells": 3}'),
    file("list", b"[1, 2"),
    file("sqlite", b"SQLite format 3\x00" + bytes(84)),
    file("latin", "Größe".encode("latin-1")),
    file("deep", b"[" * 100_000),
    file("digits", b"9" * 5000),
)
PATHS = (3, True, [], {}, object(), "", b"a", nan, print, " ", "a\0b", "a" * 5000, os.devnull)
PATHS += (FOLDER, FOLDER / "text" / "below")
NO_FILE = (None, "no such file", FOLDER / "none")
NO_PLACE = (FOLDER / ("a" * 255), FOLDER / "a" / ("b" * 300), Path("/proc/none/file"))  # where no file can be made
NO_NOTEBOOK = tuple(
    file(f"notebook{k}", b'{"cells": %s}' % cells)
    for k, cells in enumerate((b'"ab"', b"[null]", b'[{"outputs": "ab"}]', b'[{"outputs": [{"data": 3}]}]', b"3",
                               b'[{"outputs": [{"data": {"text/markdown": [1, 2]}}]}]'))
)  # fmt: skip
NOTEBOOK = file("01_a.ipynb", b'{"cells": [{"outputs": [{"data": {"text/markdown": "**Verdict A1.** It is so."}}]}]}')
