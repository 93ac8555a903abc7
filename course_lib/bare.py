"""What a value holds, in Python's own types and tensors: whatever container or type of number it came in."""

from array import array
from collections import deque
from collections.abc import Iterator
from dataclasses import is_dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from types import MappingProxyType, SimpleNamespace

import numpy as np
import torch

# Kept at import, so that a value whose class replaces them changes nothing here.
TENSORS = (torch.Tensor, torch.nn.Parameter)
ROWS = (list, deque, range, array, set, frozenset, type({}.keys()), type({}.values()))
NAMED = (dict, MappingProxyType)
PLAIN = {type(None), bool, int, float, str}
MOST = 10**6 + 2  # members that are taken of anything, more than any answer has: an iterator may have no end


def bare(value):
    """value as None, numbers, words, tensors, arrays of numbers, and lists, tuples and dicts of these.

    Read is what a class of Python, NumPy or torch stores, also where value is of a subclass of it: no method of an
    object's own is asked, so none can claim to be what it is not. A named tuple, a dataclass and a SimpleNamespace are
    dicts. TypeError for anything else.
    """
    kind = type(value)
    if kind in PLAIN or kind in TENSORS:
        return value
    if isinstance(value, np.generic) and value.dtype.kind in "biuf":
        return float(value) if value.dtype.kind == "f" else value.item()
    for plain in (str, int, float):
        if isinstance(value, plain):
            return {str: str.__str__, int: int.__int__, float: float.__float__}[plain](value)
    if kind in (Fraction, Decimal):
        return float(value)
    if isinstance(value, np.ndarray):
        own = np.ndarray.view(value, np.ndarray)
        return own if own.dtype.kind in "biuf" else bare(own.tolist())
    for named in NAMED:
        if isinstance(value, named):
            return {bare(key): bare(one) for key, one in named.items(value)}
    if isinstance(value, SimpleNamespace) or is_dataclass(value) and not isinstance(value, type):
        return bare(dict(object.__getattribute__(value, "__dict__")))
    if isinstance(value, tuple):
        rows, names = tuple(map(bare, tuple.__iter__(value))), getattr(kind, "_fields", None)
        return dict(zip(names, rows)) if names else rows
    for rows in ROWS:
        if isinstance(value, rows):
            return members(rows.__iter__(value))
    if isinstance(value, Iterator):
        return members(value)
    raise TypeError(f"an object of type {kind.__name__}")


def members(iterator):
    """What an iterator gives, MOST at most, as a list of what each holds."""
    found = list(islice(iterator, MOST))
    return found if PLAIN.issuperset(map(type, found)) else list(map(bare, found))
