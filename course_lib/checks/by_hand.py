"""Answers that are weights set by hand: what a cell of one unit does with them, and a picture of where it fails."""

import numpy as np
import torch
from numpy import sign, where

from course_lib.checks.compare import Unreadable, differs, equal, numbers, plain, shown
from course_lib.initialise import by_hand, named_weights
from course_lib.unroll import unroll


def set_by_hand(cell_class, input_size, *, read, state="h"):
    """act for a problem whose answer is {"W_f": ..., "U_f": ..., "b_f": ...}: run the cell, one unit, over x.

    input_size   how many numbers a step reads, or a function of x
    """

    def trace(answer, x):
        cell = cell_class(x.shape[2], 1)
        known, found = named_weights(cell), plain(answer())
        for name in known.keys() & found.keys():
            if found[name].size == known[name].numel():  # one unit: a row may be given flat
                found[name] = found[name].reshape(known[name].shape)
        try:
            by_hand(cell, **found)
        except ValueError as error:
            raise Unreadable(f"cannot use these weights: {error}") from None
        with torch.no_grad():
            return unroll(cell, x)

    def act(answer, case):
        x = case["x"] if case["x"].dim() == 3 else case["x"][..., None]
        return read(trace(answer, x)[state][..., 0].numpy().astype(float))

    def rows(answer, x, output):
        found = trace(answer, x)
        return {name: found[name][0, :, 0].numpy() for name in found.steps}

    act.picture = picture_of(rows)
    act.form = "a dict of weights by name, such as " + '{"W_f": [...], "b_f": ...}'
    return act


def picture_of(rows):
    """act.picture, function(answer, case, got, expected): lines that draw the first sequence that fails, until it does.

    rows   function(answer, x, output) -> {name: values (time,)}: what the answer makes of x (1, time, inputs);
           output is the name of the result that fails
    """

    def picture(answer, case, got, expected):
        if got.keys() != expected.keys():
            return
        output = next(name for name in expected if not equal(got[name], expected[name]))
        row, step = (int(k) for k in np.argwhere(differs(got[output], expected[output]))[0])
        x = case["x"][row : row + 1]
        x = x if x.dim() == 3 else x[..., None]
        columns = {f"x[{k}]" if x.shape[2] > 1 else "x": one for k, one in enumerate(numbers(x)[0].T)}
        if step >= 8:
            yield f"  It is right on short sequences and fails after {step} steps: something leaks or piles up."
        yield from drawn(columns | rows(answer, x, output) | {"expected": expected[output][row]}, step)

    return picture


BLOCKS = "▁▂▃▄▅▆▇█"


def drawn(rows, upto, *, width=60):
    """Lines that draw {name: values (time,)} up to the step `upto`, at most width steps of it, each on its own scale.

    A scale begins at 0, or is as deep as it is high where a value is negative; it reaches 1 or more.
    """
    start = max(0, upto + 1 - width)
    wide = max(map(len, rows))
    yield f"  steps {start} to {upto}; it fails at the last one"
    for name, values in rows.items():
        part = values[start : upto + 1]
        high = max(1, abs(part[np.isfinite(part)]).max(initial=0))
        low = -high if (part < 0).any() else 0
        part = np.nan_to_num(np.clip((part - low) / (high - low), 0, 1))
        line = "".join(BLOCKS[int(round(one * (len(BLOCKS) - 1)))] for one in part)
        yield f"    {name:<{wide}}  {line}  {shown(np.array(values[upto]))}"


def level(h):
    """1 above 0.5, -1 below -0.5, 0 within ±0.05; anything between is left as it is, and so is wrong."""
    return where(abs(h) > 0.5, sign(h), where(abs(h) < 0.05, 0, h))


def nearest(c):
    """The nearest whole number where c is within 0.1 of it; anything else is left as it is."""
    return where(abs(c - np.round(c)) < 0.1, np.round(c), c)
