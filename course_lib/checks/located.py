"""Where a wrong answer goes wrong: in which cases, and along which axis, when nobody knows why."""

import numpy as np

from course_lib.checks.compare import differs, equal, same, shown
from course_lib.checks.symptoms import listed


def located(got, expected, inputs, axes):
    """Sentences about the cases, and about the places in each result, that are right."""
    if any(one.keys() != right.keys() for one, right in zip(got, expected)):
        return []
    told = of_cases([same(a, b) for a, b in zip(got, expected)], inputs)
    for name in expected[0]:
        pairs = [(a[name], b[name]) for a, b in zip(got, expected) if not equal(a[name], b[name])]
        words = along(pairs, axes) if pairs else ""
        told += [f"{f'In {name} ' if name else ''}{words}."] if words else []
    return [f"{one[0].upper()}{one[1:]}" for one in told]


def of_cases(right, inputs):
    """What the cases that are right have in common, in words, if some are."""
    if not any(right) or len(right) < 3:
        return []
    good = [case for case, fine in zip(inputs, right) if fine]
    bad = [case for case, fine in zip(inputs, right) if not fine]
    count = f"{len(good)} of {len(right)} cases are right"
    found = []
    for words, size in sizes(inputs[0]).items():
        ours, theirs = {size(case) for case in good}, {size(case) for case in bad}
        if ours & theirs:
            continue
        if max(ours) < min(theirs):
            return [f"{count}: those in which {words} is at most {number(max(ours))}."]
        if min(ours) > max(theirs):
            return [f"{count}: those in which {words} is at least {number(min(ours))}."]
        for which, values, cases in (("those", ours, good), ("wrong are those", theirs, bad)):
            if len(values) <= 2 and len(values) < len(cases):
                found += [f"{count}: {which} in which {words} is {' or '.join(map(number, sorted(values)))}."]
    if found:
        return found[:1]
    return [f"{count}, so it is nearly right: look at case {right.index(False) + 1}."] if len(good) >= len(bad) else []


def sizes(case):
    """{words: function(case)} for every number among the arguments and for the length of every axis."""
    found = {}
    for name, value in case.items():
        if isinstance(value, (int, float)):
            found[f"`{name}`"] = lambda case, name=name: case[name]
        elif isinstance(value, str):
            found[f"the length of `{name}`"] = lambda case, name=name: len(case[name])
        elif isinstance(value, np.ndarray):
            for k in range(value.ndim):
                found[f"the length of axis {k} of `{name}`"] = lambda case, name=name, k=k: case[name].shape[k]
            found[f"the number of zeros in `{name}`"] = lambda case, name=name: int((case[name] == 0).sum())
    return found


def number(value):
    """A number in a sentence."""
    return shown(np.array(value))


def along(pairs, axes):
    """Which entries along an axis are right in every wrong case, in words; "" where it is not clear."""
    if any(a.shape != b.shape for a, b in pairs):
        return lengths(pairs, axes)
    if any(a.dtype.kind == "U" or b.dtype.kind == "U" or a.ndim != len(axes) for a, b in pairs):
        return ""
    wrong = [differs(a, b) for a, b in pairs]
    for k, axis in enumerate(axes):
        rows = [np.moveaxis(one, k, 0).reshape(one.shape[k], -1).any(1) for one in wrong]
        rows = [one for one in rows if len(one) > 1]
        if axis == "sequence" or not rows:
            continue
        if all(not one[0] and one[1:].all() for one in rows):
            return f"{axis} 0 is right, and all that follows is not"
        if all(not one[-1] and one[:-1].all() for one in rows):
            return f"the last {axis} is right, and all before it are not"
        if all(one[0] and not one[1:].any() for one in rows):
            return f"{axis} 0 alone is wrong"
        if all(one[-1] and not one[:-1].any() for one in rows):
            return f"the last {axis} alone is wrong"
        if axis in ("time", "step") and all(not one[0] and (np.diff(one.astype(int)) >= 0).all() for one in rows):
            first = int(rows[0].argmax())
            return f"it is right at first and goes wrong from some {axis} on, in the first wrong case from {first} on"
        if axis in ("time", "step") and all(not one[-1] and (np.diff(one.astype(int)) <= 0).all() for one in rows):
            return "it is right at the end and wrong before"
    if all(one.ndim == 3 and one.shape[1] == one.shape[2] > 1 for one in wrong):
        off = [one & ~np.eye(one.shape[1], dtype=bool) for one in wrong]
        if all((one == rest).all() for one, rest in zip(wrong, off)):
            return "the diagonal is right, and nothing else"
    share = sum(int((~one).sum()) for one in wrong) / sum(one.size for one in wrong)
    return f"{share:.0%} of the numbers are right" if share > 0.2 else ""


def lengths(pairs, axes):
    """Which axes have another length than they should, in words."""
    if any(a.ndim != b.ndim or b.ndim != len(axes) for a, b in pairs):
        return ""
    off = [k for k in range(len(axes)) if all(a.shape[k] != b.shape[k] for a, b in pairs)]
    a, b = pairs[0]
    words = [f"{axes[k]} is {a.shape[k]} long instead of {b.shape[k]}" for k in off]
    return listed(words) if off else ""
