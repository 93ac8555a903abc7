"""Figures to be read in exercises, and how exactly a reading is compared."""

import numpy as np


def new_figure(rows=1, *, width=6.0, height=3.2):
    """(figure, its axes) that no notebook shows by itself."""
    import matplotlib.pyplot as plt  # only where a figure is drawn

    figure, axes = plt.subplots(rows, 1, figsize=(width, height), layout="constrained")
    plt.close(figure)
    return figure, axes


def snap(value, ratio=1.2):
    """The power of ratio that is nearest to a reading, within 9 % of it; NaN for a negative one."""
    value = np.asarray(value, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return ratio ** np.round(np.log(value) / np.log(ratio))


def choices(answer, kinds, runs):
    """The answer {run: kind} in small letters and single blanks; or None and what is not understood."""
    found = {str(run): " ".join(str(kind).lower().split()) for run, kind in answer.items()}
    strange = [kind for kind in found.values() if kind not in kinds]
    if strange or sorted(found) != sorted(runs):
        return None, f"needs one of {', '.join(map(repr, kinds))} for each of {', '.join(runs)}; got {found}"
    return found, ""
