"""The checks of the exercises: `checks.lstm_step(lstm_step)` says what is right, what is not, and which mistake it is.

Each set of exercises is one file of this folder. A file is found by being here, and its problems are names of this
module. How an answer is judged is in `judge`.
"""

from importlib import import_module
from pkgutil import iter_modules

from course_lib import doors
from course_lib.checks import judge

SETS = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]
PROBLEMS = {name: one for part in SETS for name, one in vars(part).items() if isinstance(one, judge.Problem)}
globals().update(PROBLEMS)

asked = {}  # how many hints of each problem have been shown


def hint(name):
    """Print the next hint of a problem; after the last one it starts again. ValueError for an unknown name."""
    hints = find(name).hints
    k = asked.get(name, 0) % len(hints)
    asked[name] = k + 1
    print(f"{name}, hint {k + 1} of {len(hints)}: {hints[k]}")


def given(name):
    """What belongs to your own instance of a problem, {name: value}. ValueError for an unknown name."""
    return find(name).shown(judge.TOKEN)


def find(name):
    """The Problem of that name; ValueError with the choices for another."""
    return PROBLEMS[doors.choice("checks", "problem", name, PROBLEMS)]
