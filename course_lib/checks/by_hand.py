"""Answers that are weights set by hand: what a cell of one unit does with them."""

import numpy as np
import torch
from numpy import sign, where

from course_lib.checks.compare import Unreadable, plain
from course_lib.initialise import by_hand, named_weights
from course_lib.unroll import unroll


def set_by_hand(cell_class, input_size, *, read, state="h"):
    """act for a problem whose answer is {"W_f": ..., "U_f": ..., "b_f": ...}: run the cell, one unit, over x."""

    def act(answer, case):
        x = case["x"] if case["x"].dim() == 3 else case["x"][..., None]
        cell = cell_class(input_size, 1)
        known, found = named_weights(cell), plain(answer())
        for name in known.keys() & found.keys():
            if found[name].size == known[name].numel():  # one unit: a row may be given flat
                found[name] = found[name].reshape(known[name].shape)
        try:
            by_hand(cell, **found)
        except ValueError as error:
            raise Unreadable(f"cannot use these weights: {error}") from None
        with torch.no_grad():
            return read(unroll(cell, x)[state][..., 0].numpy().astype(float))

    return act


def level(h):
    """1 above 0.5, -1 below -0.5, 0 within ±0.05; anything between is left as it is, and so is wrong."""
    return where(abs(h) > 0.5, sign(h), where(abs(h) < 0.05, 0, h))


def nearest(c):
    """The nearest whole number where c is within 0.1 of it; anything else is left as it is."""
    return where(abs(c - np.round(c)) < 0.1, np.round(c), c)
