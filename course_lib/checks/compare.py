"""Compare what an answer returned with what was expected, and say where they differ."""

import numpy as np
import torch

from course_lib.bare import TENSORS, bare

tolist = torch.Tensor.tolist  # kept at import, so that an answer that replaces it in torch changes nothing here


class Unreadable(ValueError):
    """What an answer returned holds nothing that could be compared; the message says why."""


def numbers(value):
    """value with every tensor as a NumPy array in float64, also inside a dict."""
    if isinstance(value, dict):
        return {name: numbers(one) for name, one in value.items()}
    return np.array(tolist(value), dtype=float) if isinstance(value, torch.Tensor) else value


def plain(result):
    """result as {name: array}, the name "" for a lone one. Unreadable for anything but numbers, words and tensors.

    Any container and any type of number will do, as `bare` reads them. They are copied, so no object can bring an ==
    of its own.
    """
    if result is None:
        raise Unreadable("returns nothing. Is a return missing?")
    try:
        result = bare(result)
    except TypeError as error:
        raise Unreadable(f"needs numbers or tensors to compare; got {error}") from None
    if isinstance(result, dict):
        return {str(key): leaf(value) for key, value in result.items()}
    return {"": leaf(result)}


def leaf(value):
    """value, a number, a word, a tensor or nested lists of numbers, as an array of its own."""
    if isinstance(value, str):
        return np.array(value)
    try:
        return np.array(unpacked(value), dtype=float)
    except OverflowError:
        return np.array(np.inf)
    except (TypeError, ValueError) as error:
        raise Unreadable(f"needs numbers or tensors to compare; got {error}") from None


def unpacked(value):
    """value as arrays, numbers and lists of them."""
    if isinstance(value, TENSORS):
        return tolist(value)
    if isinstance(value, dict):
        raise TypeError("a dict inside a dict or a list")
    if value is None:
        raise TypeError("None: is a value missing?")
    return [unpacked(one) for one in value] if isinstance(value, (list, tuple)) else value


def same(one, other):
    """Are two {name: array} equal, to 1e-4 of their size? float32 and float64 are not told apart."""
    return one.keys() == other.keys() and all(equal(one[name], other[name]) for name in one)


def equal(one, other):
    """Are two arrays equal, to 1e-4 of their size, in the same shape?"""
    if other.ndim == 0 and one.size == 1:  # a number is a number, also in a list or a tensor of its own
        one = one.reshape(())
    if one.shape != other.shape or one.dtype.kind != other.dtype.kind:
        return False
    return bool((differs(one, other) == 0).all())


def differs(one, other):
    """An array that is True where the two, of one shape, differ."""
    if one.dtype.kind == "U":
        return one != other
    with np.errstate(invalid="ignore"):  # NaN differs from everything
        return ~(abs(one - other) <= 1e-4 + 1e-4 * abs(other))


def describe(case):
    """The arguments of a case: their shapes, or their value where it is one number."""
    words = []
    for name, value in case.items():
        if isinstance(value, torch.Tensor):
            words.append(f"{name} {tuple(value.shape)}")
        elif isinstance(value, dict):
            first = next(iter(value.values()))
            words.append(f"{name} {{{', '.join(value)}}} each {tuple(first.shape)}")
        elif isinstance(value, str):
            words.append(f"{name} with {len(value)} characters")
        elif isinstance(value, (int, float)):
            words.append(f"{name} = {value:.5g}")
    return ", ".join(words) or "it has no arguments"


def first_difference(got, expected, case, axes):
    """Lines with what the answer gives, what was expected, and where."""
    if got.keys() != expected.keys():
        names = {"": "one result without a name"}
        yield f"  yours     {names.get(''.join(got), list(got))}"
        yield f"  expected  {names.get(''.join(expected), list(expected))}"
        return
    name = next(name for name in expected if not equal(got[name], expected[name]))
    label = f" of {name}" if name else ""
    mine, right = got[name], expected[name]
    if mine.shape != right.shape:
        yield f"  yours     shape{label} {mine.shape}"
        yield f"  expected  shape{label} {right.shape} {axes or ''}".rstrip()
        return
    if mine.dtype.kind != right.dtype.kind:
        where = ()
    else:
        where = tuple(int(k) for k in np.argwhere(differs(mine, right))[0])
    place = ", ".join(f"{axis} {k}" for axis, k in zip(axes, where))
    yield f"  first difference{label}{' at ' if place else ''}{place}"
    if axes[:1] == ("sequence",) and where:
        seen = case["x"][where[0]][: where[1] + 1].tolist()
        yield f"  where x = {seen}" if len(seen) <= 8 else f"  where x ends with {seen[-6:]}"
    yield f"  yours     {shown(mine[where])}"
    yield f"  expected  {shown(right[where])}"


def shown(value):
    """One entry of an array as a learner reads it."""
    return str(value) if value.dtype.kind == "U" else f"{float(value):.6g}"
