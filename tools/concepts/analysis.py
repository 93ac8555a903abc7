"""Item analysis: how hard a question is, whether it goes with the rest, what is believed instead, what was gained.

A class is small and a coefficient of few students is mostly chance. So everything comes with its interval, and what
lies within chance is called too few to say.
"""

import math
from dataclasses import dataclass

import numpy as np

from course_lib.stats import wilson
from tools.concepts.bank import LETTERS, items
from tools.grading.analysis import discrimination

FEW = 10  # students from which a coefficient is told at all
SURE = 3.0  # standard errors from which a belief is said to be that of the class
# Standard errors from which the key of a question is doubted. In made classes a wrong key was found in 99 of 100 cases
# with 120 students, in 83 with 60, in 40 with 30. A class that only guesses has a false one in three tests.
SUSPECT = 2.6
DRAWS = 1000


@dataclass(frozen=True)
class Finding:
    """What a group answered to one question.

    right, of       how many chose the right answer, and how many took the test; blank: how many left it out
    agrees          how the points go with those for the other questions, with its 95 % interval; None where too few
    wrong           of the commonest wrong choice, if any: (letter, how many, whether clearly more than of the other)
    suspect         the letter of a wrong choice that those choose who do well elsewhere, or ""
    """

    right: int
    of: int
    blank: int
    agrees: tuple | None
    wrong: tuple | None
    suspect: str


def points(sheets):
    """Which answers are right, as an array (students, questions) of 0 and 1; a blank is not right."""
    return np.array([[float(chosen == LETTERS.index(item.forms[one.form].right))
                      for chosen, item in zip(one.chosen, items())] for one in sheets])  # fmt: skip


def correlation(r, n, z=1.96):
    """r with the interval that Fisher's transformation gives for n students: (r, low, high); None where too few."""
    if n < FEW or math.isnan(r):
        return None
    centre, half = math.atanh(max(-0.9999, min(0.9999, r))), z / math.sqrt(n - 3)
    return r, math.tanh(centre - half), math.tanh(centre + half)


def findings(sheets):
    """[Finding] of a group of sheets of one form."""
    solved = points(sheets)
    agree = discrimination(solved)
    return [finding(sheets, solved, place, agree[place]) for place in range(len(items()))]


def finding(sheets, solved, place, agrees):
    """The Finding on the question at a place."""
    n, form = len(sheets), items()[place].forms[sheets[0].form]
    chosen = [one.chosen[place] for one in sheets]
    wrong = [k for k, belief in enumerate(form.behind) if belief]
    counts = {k: chosen.count(k) for k in wrong}
    most = max(wrong, key=lambda k: counts[k])
    clear = sum(counts.values()) >= FEW and wilson(counts[most], sum(counts.values()), z=SURE)[0] > 1 / len(wrong)
    rest = np.delete(solved, place, axis=1).sum(axis=1)
    suspect = ""
    for k in wrong:
        picked = np.array([one == k for one in chosen], dtype=float)
        if picked.std() and rest.std():
            r = float(np.corrcoef(picked, rest)[0, 1])
            sure = correlation(r, n, SUSPECT)
            if sure and sure[1] > 0 and not agrees >= r:
                suspect = LETTERS[k]
    return Finding(
        right=int(solved[:, place].sum()),
        of=n,
        blank=chosen.count(None),
        agrees=correlation(agrees, n),
        wrong=(LETTERS[most], counts[most], bool(clear)) if counts[most] else None,
        suspect=suspect,
    )


def kr20(solved):
    """Kuder & Richardson's formula 20 (1937), of points (students, questions): how far the questions measure one thing.

    nan where all students have the same sum.
    """
    questions, whole = solved.shape[1], solved.sum(axis=1).var()
    share = solved.mean(axis=0)
    return questions / (questions - 1) * (1 - (share * (1 - share)).sum() / whole) if whole else math.nan


def gain(before, after):
    """Hake's normalised gain (1998): what was gained, as a share of what could be. Shares of right answers."""
    return (after.mean() - before.mean()) / (1 - before.mean()) if before.mean() < 1 else math.nan


def resampled(statistic, *arrays):
    """A statistic of the students with its 95 % interval by the bootstrap: (value, low, high); None where too few.

    The students, rows of all arrays, are drawn again with replacement.
    """
    n, value = len(arrays[0]), statistic(*arrays)
    if n < FEW or math.isnan(value):
        return None
    draws = np.random.default_rng(0).integers(n, size=(DRAWS, n))
    values = [statistic(*(one[rows] for one in arrays)) for rows in draws]
    low, high = np.nanquantile(values, [0.025, 0.975])
    return float(value), float(low), float(high)


def pairs(sheets):
    """(sheets before, sheets after) of the students who took both tests, in one order."""
    taken = {(one.student, one.when): one for one in sheets}
    both = sorted({one.student for one in sheets if {(one.student, "before"), (one.student, "after")} <= taken.keys()})
    return [taken[student, "before"] for student in both], [taken[student, "after"] for student in both]
