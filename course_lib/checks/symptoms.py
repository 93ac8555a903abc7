"""What goes wrong in any problem, read off the numbers: a sign, a factor, an axis, a name, a number that is none."""

import numpy as np

from course_lib.checks.compare import equal, same

ELEMENTWISE = {  # what every number is, and how it comes from the right one
    "has the wrong sign": lambda a: -a,
    "is twice what it should be": lambda a: 2 * a,
    "is half of what it should be": lambda a: a / 2,
    "is 0": lambda a: 0 * a,
    "is 1 minus what it should be: upside down": lambda a: 1 - a,
    "is 1 over what it should be": lambda a: 1 / a,
    "is the square of what it should be": lambda a: a**2,
    "is the root of what it should be": lambda a: np.sqrt(a),
    "is the absolute value of what it should be": abs,
    "is e to the power of what it should be: a logarithm is missing": lambda a: np.exp(a),
    "is 10 to the power of what it should be: a logarithm is missing": lambda a: 10.0**a,
    "is the logarithm of what it should be": lambda a: np.log(a),
    "is the logarithm to base 10 of what it should be": lambda a: np.log10(a),
    "is σ of what it should be: squashed once more": lambda a: 1 / (1 + np.exp(-a)),
    "is what stands inside σ: σ is missing": lambda a: np.log(a / (1 - a)),
    "is tanh of what it should be: squashed once more": lambda a: np.tanh(a),
    "is what stands inside tanh: tanh is missing": lambda a: np.arctanh(a),
    "is rounded to a whole number": lambda a: np.round(a),
    "is 1 minus the square of what it should be": lambda a: 1 - a**2,
}


def by_axis(axes):
    """{sentence: change} for what can go wrong with the axes of a result."""
    found = {"the axes are in reverse order: transposed": lambda a: a.T}
    if axes[:1] in (("batch",), ("sequence",)):
        found["every sequence gets the answer of the first one"] = lambda a: 0 * a + a[:1]
    for k, axis in enumerate(axes):
        if axis in ("time", "step"):
            flipped = "time runs backwards: the last step comes first"
            found[flipped] = lambda a, k=k: np.flip(a, k)
            found["only the last step is returned"] = lambda a, k=k: np.take(a, -1, k)
            found["only the first step is returned"] = lambda a, k=k: np.take(a, 0, k)
            found["every step holds the last one"] = lambda a, k=k: 0 * a + np.take(a, [-1], k)
            found["it is one step late: each step holds the one before, and the first is 0"] = late
            found["it is one step early: each step holds the one after, and the last is 0"] = lambda a: early(a)
            found["it is one step late: each step holds the one before"] = lambda a, k=k: np.roll(a, 1, k)
            found["only the last step is returned: is a line outside the loop?"] = lambda a, k=k: np.take(a, [-1], k)
            found["only the first step is returned: is the return inside the loop?"] = lambda a, k=k: np.take(a, [0], k)
            found["the last step is missing"] = lambda a, k=k: np.delete(a, -1, k)
            found["the first step is missing"] = lambda a, k=k: np.delete(a, 0, k)
            found["the steps are added up (cumsum)"] = lambda a, k=k: np.cumsum(a, k)
        found[f"the mean over the axis {axis} is returned"] = lambda a, k=k: a.mean(k)
        found[f"the sum over the axis {axis} is returned"] = lambda a, k=k: a.sum(k)
        found[f"only the first entry of the axis {axis} is returned"] = lambda a, k=k: np.take(a, 0, k)
        found[f"only the last entry of the axis {axis} is returned"] = lambda a, k=k: np.take(a, -1, k)
        if k:
            joined = f"the axes {axes[k - 1]} and {axis} are run together in one: stack instead of cat"
            found[joined] = lambda a, k=k: a.reshape(*a.shape[: k - 1], -1, *a.shape[k + 1 :])
        for j in range(k):
            swapped = f"the axes {axes[j]} and {axis} are exchanged"
            found[swapped] = lambda a, j=j, k=k: np.swapaxes(a, j, k)
    found["the numbers are in one row: the axes are lost"] = lambda a: a.reshape(-1)
    return found


def late(a):
    """a, one step later, from 0."""
    return np.concatenate([0 * a[:, :1], a[:, :-1]], axis=1)


def early(a):
    """a, one step earlier, to 0."""
    return np.concatenate([a[:, 1:], 0 * a[:, :1]], axis=1)


def relation(got, right, inputs, axes):
    """How the arrays of one output differ from the right ones in every case, in words; None where it is not clear."""
    pairs = list(zip(got, right))
    if any(array.dtype.kind == "U" for pair in pairs for array in pair):
        return None
    with np.errstate(all="ignore"):
        if all(a.shape == b.shape for a, b in pairs):
            for words, change in ELEMENTWISE.items():
                if all(fits(a, change, b) for a, b in pairs):
                    return f"every number {words}"
        for words, change in by_axis(axes).items():
            if all(fits(a, change, b) for a, b in pairs):
                return words
        if all(a.shape != b.shape and equal(a.squeeze(), b.squeeze()) for a, b in pairs):
            few = pairs[0][0].ndim < pairs[0][1].ndim
            return f"the numbers are right, with an axis of length 1 too {'few' if few else 'many'}"
        if all(a.shape == b.shape for a, b in pairs):
            return constant(pairs, inputs) or none(pairs)
        for words, part in (("mean", np.mean), ("sum", np.sum)):
            if all(b.ndim == 0 < a.ndim and equal(part(a), b) for a, b in pairs):
                return f"the {words} of the numbers is right, and has still to be taken"
        if all(a.ndim == b.ndim + 1 for a, b in pairs):
            return "there is an axis too many: two axes were laid out against each other instead of side by side"
    return None


def fits(a, change, b):
    """Is a what change makes of b?"""
    try:
        made = change(b)
        return bool(np.isfinite(made).all()) and equal(a, made)
    except (ValueError, IndexError, np.exceptions.AxisError):  # it has no such axis
        return False


def constant(pairs, inputs):
    """A factor or an offset that is the same for all numbers, or in each case the length of an axis or an argument."""
    offsets = [a - b for a, b in pairs]
    first = offsets[0].flat[0]
    if 1e-3 < abs(first) < np.inf and all(np.allclose(one, first, rtol=1e-4, atol=1e-4) for one in offsets):
        return f"every number is too {'large' if first > 0 else 'small'} by {abs(first):.4g}"
    factors = []
    for a, b in pairs:
        large = abs(b) > 1e-3
        if not large.any():
            return None
        ratio = (a[large] / b[large]).flat
        if not np.isfinite(ratio[0]) or not equal(a, ratio[0] * b):
            return None
        factors.append(float(ratio[0]))
    factors = np.array(factors)
    if np.allclose(factors, factors[0], rtol=1e-3):
        return f"every number is {factors[0]:.4g} times what it should be"
    for words, sizes in lengths(inputs).items():
        forms = {
            "{} times too large": sizes,
            "divided by {}": 1 / sizes,
            "the square of {} times too large": sizes**2,
            "the root of {} times too large": sizes**0.5,
            "divided by the root of {}": sizes**-0.5,
            "minus {} times too large": -sizes,
        }
        for form, size in forms.items():
            if np.allclose(factors, size, rtol=1e-3):
                return f"every number is {form.format(words)}"
    return None


def lengths(inputs):
    """{words: its value in every case} for the length of every axis and for every argument that is a number."""
    found = {}
    for name, value in inputs[0].items():
        if isinstance(value, (int, float)):
            found[f"`{name}`"] = [case[name] for case in inputs]
        elif isinstance(value, np.ndarray):
            for k in range(value.ndim):
                found[f"the length of axis {k} of `{name}`"] = [case[name].shape[k] for case in inputs]
    found = {words: np.array(sizes, dtype=float) for words, sizes in found.items()}
    return {words: sizes for words, sizes in found.items() if (sizes > 0).all() and len(set(sizes)) > 1}


def none(pairs):
    """What is said of numbers that are none where they should be some."""
    for a, b in pairs:
        for bad, words in ((np.isnan(a), "NaN: 0/0, inf - inf, or the logarithm or root of a negative number"),
                           (np.isinf(a), "infinite: a division by 0, a logarithm of 0, or an overflow")):  # fmt: skip
            if (bad & np.isfinite(b)).any():
                share = "every number" if bad.all() else f"{bad.sum()} of {bad.size} numbers of a case"
                return f"{share} is {words}"
        if ((a == 0) & (abs(b) > 1e-3)).any() and equal(np.where(a == 0, b, a), b):
            return "some numbers are 0 that should not be: an underflow, or a product with 0"
    return None


def explained(got, expected, inputs, axes):
    """Sentences about what is wrong with the results {name: array} of every case, and which of them are right."""
    names = list(expected[0])
    if any(one.keys() != right.keys() for one, right in zip(got, expected)):
        return named(got, expected)
    wrong = [name for name in names if not all(equal(a[name], b[name]) for a, b in zip(got, expected))]
    for k, one in enumerate(names):
        for other in names[k + 1 :]:
            pair = {one: other, other: one}
            if all(same(a, {name: b[pair.get(name, name)] for name in b}) for a, b in zip(got, expected)):
                return [f"{one} and {other} are exchanged."]
    found = {name: relation([a[name] for a in got], [b[name] for b in expected], inputs, axes) for name in wrong}
    if len(set(found.values())) == 1 and len(wrong) == len(names) and found[wrong[0]]:
        return [f"{found[wrong[0]][0].upper()}{found[wrong[0]][1:]}."]
    right = [name for name in names if name not in wrong]
    told = [f"{listed(right)} {'is' if len(right) == 1 else 'are'} right; {listed(wrong)} "
            f"{'is' if len(wrong) == 1 else 'are'} not."] if right else []  # fmt: skip
    told += [f"In {name} {words}." for name, words in found.items() if words]
    for name in wrong:
        for other in names:
            if other != name and all(equal(a[name], b[other]) for a, b in zip(got, expected)):
                told.append(f"{name} holds what belongs in {other}.")
    return told


def named(got, expected):
    """Sentences about names that are not the ones asked for."""
    names = list(expected[0])
    have = list(got[0])
    if have == [""] and len(names) > 1:
        for name in names:
            if all(same(a, {"": b[name]}) for a, b in zip(got, expected)):
                return [f"Only {name} is returned, without its name."]
        stacked = all(equal(a[""], np.stack(list(b.values())) if len({v.shape for v in b.values()}) == 1 else a[""] + 1)
                      for a, b in zip(got, expected))  # fmt: skip
        words = ", ".join(f'"{name}": ...' for name in names)
        if stacked:
            return [f"The numbers are right, but without names: return {{{words}}}, not a tuple or a list."]
        return [f"A dict with names is asked for: {{{words}}}."]
    if names == [""]:
        if len(have) == 1 and all(equal(next(iter(a.values())), b[""]) for a, b in zip(got, expected)):
            return ["The numbers are right; return them themselves, without a dict around them."]
        return ["One result is asked for, without names."]
    lower = {name.lower().strip("'_ "): name for name in names}
    told = [f"The name {name!r} should be {lower[name.lower().strip(chr(39) + '_ ')]!r}." for name in have
            if name not in names and name.lower().strip("'_ ") in lower]  # fmt: skip
    missing, extra = [n for n in names if n not in have], [n for n in have if n not in names]
    both = [n for n in names if n in have]
    right = [n for n in both if all(n in a and equal(a[n], b[n]) for a, b in zip(got, expected))]
    told += [f"{listed(missing)} {'is' if len(missing) == 1 else 'are'} missing."] if missing and not told else []
    told += [f"{listed(extra)} {'was' if len(extra) == 1 else 'were'} not asked for."] if extra and not told else []
    return told + ([f"{listed(right)} {'is' if len(right) == 1 else 'are'} right."] if right else [])


def listed(names):
    """Names in a sentence: a, b and c."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
