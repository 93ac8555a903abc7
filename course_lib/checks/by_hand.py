"""Answers that are weights set by hand: what a cell of one unit does with them."""

import numpy as np
import torch
from numpy import sign, where

from course_lib.checks.compare import Unreadable, differs, plain
from course_lib.checks.symptoms import picture as draw_rows
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

    def picture(answer, case, got, expected):
        row, step = (int(k) for k in np.argwhere(differs(got[""], expected[""]))[0])
        x = case["x"][row : row + 1]
        found = trace(answer, x if x.dim() == 3 else x[..., None])
        columns = x.reshape(1, x.shape[1], -1)[0].T.tolist()
        rows = {f"x[{k}]" if len(columns) > 1 else "x": (one, min(one), max(one)) for k, one in enumerate(columns)}
        for name in found.steps:
            values = found[name][0, :, 0].numpy()
            high = 1 if name in cell_class.gates else max(1, float(abs(values).max()))
            rows[name] = (values, 0 if name in cell_class.gates else -high, high)
        if step >= 8:
            yield f"  It is right on short sequences and fails after {step} steps: something leaks or piles up."
        yield from draw_rows(rows, step)

    act.picture = picture
    act.form = "a dict of weights by name, such as " + '{"W_f": [...], "b_f": ...}'
    return act


def level(h):
    """1 above 0.5, -1 below -0.5, 0 within ±0.05; anything between is left as it is, and so is wrong."""
    return where(abs(h) > 0.5, sign(h), where(abs(h) < 0.05, 0, h))


def nearest(c):
    """The nearest whole number where c is within 0.1 of it; anything else is left as it is."""
    return where(abs(c - np.round(c)) < 0.1, np.round(c), c)
