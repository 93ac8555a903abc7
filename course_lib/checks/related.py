"""How a wrong answer is related to what was given: an argument too many or left out, another scale, another spread."""

import numpy as np

from course_lib.checks.compare import equal


def related(got, expected, inputs):
    """Sentences about the results that differ from the right ones by an argument, or by a scale of their own."""
    if any(one.keys() != right.keys() for one, right in zip(got, expected)):
        return []
    told = []
    for name in expected[0]:
        pairs = [(one[name], right[name]) for one, right in zip(got, expected)]
        if any(a.dtype.kind == "U" or b.dtype.kind == "U" for a, b in pairs) or all(equal(a, b) for a, b in pairs):
            continue
        with np.errstate(all="ignore"):
            words = by_argument(pairs, inputs) or by_scale(pairs)
        told += [f"{f'In {name} ' if name else ''}{words}."] if words else []
    return [f"{one[0].upper()}{one[1:]}" for one in told]


def arguments(case):
    """{name: array} of all that a case gives, also inside its dicts."""
    found = {}
    for name, value in case.items():
        if isinstance(value, dict):
            found |= {f'{name}["{key}"]': one for key, one in value.items()}
        elif isinstance(value, (np.ndarray, int, float)):
            found[name] = np.asarray(value, dtype=float)
    return found


def by_argument(pairs, inputs):
    """The argument that makes the difference in every case, in words; "" if none does."""
    for name in arguments(inputs[0]):
        given = [arguments(case)[name] for case in inputs]
        for words, change in {
            "what is returned is `{}` itself": lambda b, v: v + 0 * b,
            "every number is too large by `{}`": lambda b, v: b + v,
            "every number is too small by `{}`": lambda b, v: b - v,
            "`{}` is a factor too many": lambda b, v: b * v,
            "`{}` should be a factor, and is none; or it is divided by once too often": lambda b, v: b / v,
            "1 - `{}` is a factor too many": lambda b, v: b * (1 - v),
            "1 - `{}` should be a factor, and is none": lambda b, v: b / (1 - v),
            "it is ({0} - 1) / {0} times what it should be": lambda b, v: b * (v - 1) / v,
            "it is ({0} + 1) / {0} times what it should be": lambda b, v: b * (v + 1) / v,
        }.items():
            if all(made(a, change, b, v) for (a, b), v in zip(pairs, given)):
                return words.format(name)
    return ""


def made(a, change, b, given):
    """Is a what change makes of b and an argument, of the same shape?"""
    try:
        new = change(b, given)
        return new.shape == b.shape == a.shape and bool(np.isfinite(new).all()) and equal(a, new)
    except ValueError:  # the two do not fit each other
        return False


def by_scale(pairs):
    """Is every case, or every column of it, right up to a factor or an offset of its own? In words."""
    large = [(a, b) for a, b in pairs if a.shape == b.shape and b.size > 3 and np.isfinite(a).all()]
    if len(large) < 3 or any(a.shape != b.shape or equal(a, b) for a, b in pairs):
        return ""
    ratios = [(a * b).sum() / (b * b).sum() for a, b in large]
    if all(abs(ratio) > 1e-3 and equal(a, ratio * b) for (a, b), ratio in zip(large, ratios)):
        few = ", ".join(f"{ratio:.4g}" for ratio in ratios[:3])
        return f"every case is right up to a factor, which differs from case to case: {few}, ..."
    if all(line(a.reshape(-1, 1), b.reshape(-1, 1)) for a, b in large):
        return "every case is right up to a factor and an offset of its own: another scale, or another zero"
    tall = [(a.reshape(len(a), -1), b.reshape(len(b), -1)) for a, b in large if len(a) > 3]
    if len(tall) >= 3 and all(line(a, b) for a, b in tall):
        return "every column is right up to a factor and an offset of its own: another scale, or another zero"
    return ""


def line(a, b):
    """Is every column of a a straight line over that of b?"""
    off = b - b.mean(0)
    slope = (off * a).sum(0) / np.maximum((off**2).sum(0), 1e-12)
    return bool((abs(slope) > 1e-3).all()) and equal(a, a.mean(0) + slope * off)
