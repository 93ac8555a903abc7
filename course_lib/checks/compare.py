"""Compare what an answer returned with what was expected, and say where they differ."""

import numpy as np
import torch

# Kept at import, so that an answer that replaces them in torch changes nothing here.
TENSORS = (torch.Tensor, torch.nn.Parameter)
tolist = torch.Tensor.tolist


class Unreadable(ValueError):
    """What an answer returned holds nothing that could be compared; the message says why."""


def numbers(value):
    """value with every tensor as a NumPy array in float64, also inside a dict."""
    if isinstance(value, dict):
        return {name: numbers(one) for name, one in value.items()}
    return np.array(tolist(value), dtype=float) if isinstance(value, torch.Tensor) else value


def plain(result):
    """result as {name: array}, the name "" for a lone one. Unreadable for anything but numbers, words and tensors.

    Only exact types are taken and everything is copied, so no object can bring an == of its own.
    """
    if result is None:
        raise Unreadable("returns nothing. Is a return missing?")
    if type(result) is dict:
        return {str(name): leaf(value) for name, value in result.items()}
    return {"": leaf(result)}


def leaf(value):
    """value, a number, a word, a tensor or nested lists of numbers, as an array of its own."""
    if type(value) is str:
        return np.array(value)
    try:
        return value.astype(float) if type(value) is np.ndarray else np.array(unpacked(value), dtype=float)
    except (TypeError, ValueError) as error:
        raise Unreadable(f"needs numbers or tensors to compare; got {error}") from None


def unpacked(value):
    """value as numbers and lists of numbers."""
    kind = type(value)
    if kind in TENSORS:
        return tolist(value)
    if kind is np.ndarray or (issubclass(kind, np.generic) and kind.__module__ == "numpy"):
        return value.tolist()
    if kind in (list, tuple):
        return [unpacked(one) for one in value]
    if kind in (int, float, bool):
        return value
    raise TypeError(f"an object of type {kind.__name__}")


def same(one, other):
    """Are two {name: array} equal, to 1e-4 of their size? float32 and float64 are not told apart."""
    return one.keys() == other.keys() and all(equal(one[name], other[name]) for name in one)


def equal(one, other):
    """Are two arrays equal, to 1e-4 of their size, in the same shape?"""
    if one.shape != other.shape or one.dtype.kind != other.dtype.kind:
        return False
    return bool((differs(one, other) == 0).all())


def differs(one, other):
    """An array that is True where the two, of one shape, differ."""
    if one.dtype.kind == "U":
        return one != other
    with np.errstate(invalid="ignore"):  # NaN differs from everything
        return ~(abs(one - other) <= 1e-4 + 1e-4 * abs(other))


def symptoms(expected, axes):
    """(sentence, change) for what goes wrong in any problem; change turns the right result into the wrong one."""
    if any(array.dtype.kind == "U" for result in expected for array in result.values()):
        return

    def each(change):
        return lambda result: {name: change(array) for name, array in result.items()}

    yield "Every number has the wrong sign.", each(lambda array: -array)
    yield "Every number is twice what it should be.", each(lambda array: 2 * array)
    yield "Every number is half of what it should be.", each(lambda array: array / 2)
    yield "Every number is 0.", each(lambda array: 0 * array)
    yield "The axes are in reverse order: transposed.", each(lambda array: array.T)
    if axes[:1] in (("batch",), ("sequence",)):
        yield "Every sequence gets the answer of the first one.", each(lambda array: 0 * array + array[:1])
    if axes[1:2] in (("time",), ("step",)):
        yield "Time runs backwards: the last step comes first.", each(lambda array: array[:, ::-1])
        yield "Only the last step is returned.", each(lambda array: array[:, -1])
    names = list(expected[0])
    for k, one in enumerate(names):
        for other in names[k + 1 :]:
            pair = {one: other, other: one}
            yield (
                f"{one} and {other} are exchanged.",
                lambda result, pair=pair: {name: result[pair.get(name, name)] for name in result},
            )
    if len(names) > 1:
        for name in names:
            yield f"Only {name} is returned, without its name.", lambda result, name=name: {"": result[name]}


def describe(case):
    """The arguments of a case: their shapes, or their value where it is one number."""
    words = []
    for name, value in case.items():
        if isinstance(value, torch.Tensor):
            words.append(f"{name} {tuple(value.shape)}")
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
        yield f"  where x = {case['x'][where[0]].tolist()}"
    yield f"  yours     {shown(mine[where])}"
    yield f"  expected  {shown(right[where])}"


def shown(value):
    """One entry of an array as a learner reads it."""
    return str(value) if value.dtype.kind == "U" else f"{float(value):.6g}"
