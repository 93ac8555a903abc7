"""Numbers about repeated runs: success rates, times to a success, means, and how sure of each one may be."""

import numpy as np

from course_lib import doors


def wilson(wins, tries, *, z=1.96):
    """The Wilson (1927) interval of a success rate, (low, high); z = 1.96 for 95 %.

    wins, tries   numbers or arrays of one shape, 0 <= wins <= tries, tries > 0
    """
    wins, tries = doors.array("wilson", "wins", wins), doors.array("wilson", "tries", tries)
    z = doors.number("wilson", "z", z, above=0, most=100)
    if (wins % 1).any() or (tries % 1).any():
        raise ValueError(f"wilson needs whole numbers of wins and tries; got {wins} of {tries}")
    if wins.shape != tries.shape and wins.ndim and tries.ndim:
        raise ValueError(f"wilson needs as many wins as tries; got {wins.shape} and {tries.shape}")
    if not ((wins >= 0) & (wins <= tries) & (tries > 0)).all():
        raise ValueError(f"wilson needs 0 <= wins <= tries and tries > 0; got {wins} of {tries}")
    rate, spread = wins / tries, z**2 / tries
    centre = (rate + spread / 2) / (1 + spread)
    half = np.sqrt(spread * rate * (1 - rate) + spread**2 / 4) / (1 + spread)
    return np.maximum(centre - half, 0), np.minimum(centre + half, 1)


def kaplan_meier(times, solved):
    """The fraction of runs still unsolved after so many updates (Kaplan & Meier 1958): (updates, fraction).

    times     updates until a run was solved, or until it was stopped unsolved (censored); solved: which of the two

    The fraction starts at (0, 1). At each time t at which d runs were solved, of n neither solved nor stopped before t,
    it is multiplied by 1 - d / n. Raises ValueError unless times and solved are of one length of at least 1.
    """
    times = doors.array("kaplan_meier", "times", times, dims=(1,), least=0)
    solved = doors.flags("kaplan_meier", "solved", solved)
    if times.shape != solved.shape:
        raise ValueError(f"kaplan_meier needs a time and a solved for each run; got {times.shape} and {solved.shape}")
    at = np.unique(times[solved])
    left = [1 - np.sum(times[solved] == t) / np.sum(times >= t) for t in at]
    return np.append(0, at), np.append(1, np.cumprod(left))


def t_interval(values, *, level=0.95):
    """The mean of independent values and its interval by Student (1908): (mean, low, high).

    values (n,)   n >= 2; exact where they are normal, whatever n; level: the share of intervals that hold the true mean
    """
    values = doors.array("t_interval", "values", values, dims=(1,))
    if len(values) < 2:
        doors.refuse("t_interval", "2 values or more", values)
    level = doors.number("t_interval", "level", level, above=0, most=0.9999)
    mean, half = values.mean(), student((1 + level) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return float(mean), float(mean - half), float(mean + half)


def student(probability, freedom):
    """A quantile of Student's distribution. For t = √freedom tan(a), that of a goes with cos(a)^(freedom - 1)."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, 200_001)
    density = np.cos(angle) ** (freedom - 1)
    share = np.cumsum(density) - (density + density[0]) / 2  # by the trapezoid rule
    return np.sqrt(freedom) * np.tan(np.interp(probability, share / share[-1], angle))
