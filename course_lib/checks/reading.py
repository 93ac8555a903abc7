"""Figures to be read in exercises, and how exactly a reading is compared."""

import numpy as np

from course_lib.checks.compare import Unreadable, plain


def new_figure(rows=1, *, width=6.0, height=3.2):
    """(figure, its axes) that no notebook shows by itself."""
    import matplotlib.pyplot as plt  # only where a figure is drawn

    figure, axes = plt.subplots(rows, 1, figsize=(width, height), layout="constrained")
    plt.close(figure)
    return figure, axes


def in_words(curves, axis, *, every):
    """What can be read from curves, {name: its values at 0, 1, ...}, in words: each one's value at every so many."""
    said = (f"{name}: {', '.join(f'{float(value):.2g}' for value in curve[::every])}" for name, curve in curves.items())
    return f"At {axis} 0, {every}, {2 * every} and so on, {'; '.join(said)}."


def snap(value, ratio=1.2):
    """The power of ratio that is nearest to a reading, within 8 % of it; NaN for a negative one."""
    value = np.asarray(value, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return ratio ** np.round(np.log(value) / np.log(ratio))


def read_off(compared):
    """act for a figure to be read: the answer's {name: number}, each as `compared` makes it.

    compared   function of a number: what is compared
    """

    def act(answer, case):
        found = plain(answer())
        if words := [name for name, value in found.items() if value.dtype.kind == "U" or value.size != 1]:
            raise Unreadable(f"needs one number for each name; got something else for {', '.join(words) or 'all'}")
        return {name: compared(value) for name, value in found.items()}

    return act


def choices(answer, kinds, runs):
    """The answer {run: kind} in small letters and single blanks; Unreadable for what is not understood."""
    found = {str(run): " ".join(str(kind).lower().split()) for run, kind in answer.items()}
    if set(found.values()) - set(kinds) or sorted(found) != sorted(runs):
        raise Unreadable(f"needs one of {', '.join(map(repr, kinds))} for each of {', '.join(runs)}; got {found}")
    return found
