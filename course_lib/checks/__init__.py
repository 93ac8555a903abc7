"""The checks of the exercises: `checks.lstm_step(lstm_step)` says what is right, what is not, and which mistake it is.

Each set of exercises is one file of this folder. A file is found by being here, and its problems are names of this
module. How an answer is judged is in `judge`.
"""

import os
from importlib import import_module
from pkgutil import iter_modules

from course_lib import doors
from course_lib.checks import judge, record
from course_lib.lesson import show

SETS = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]
PROBLEMS = {name: one for part in SETS for name, one in vars(part).items() if isinstance(one, judge.Problem)}
ESSAYS = {name: one for part in SETS for name, one in vars(part).items() if isinstance(one, judge.Essay)}
globals().update(PROBLEMS)

asked = {}  # how many hints of each problem have been shown


def hint(name):
    """Print the next hint of a problem or essay; after the last one it starts again. ValueError for an unknown name."""
    hints = (PROBLEMS | ESSAYS)[doors.choice("checks", "problem", name, [*PROBLEMS, *ESSAYS])].hints
    k = asked.get(name, 0)
    asked[name] = k + 1
    print(f"{name}, hint {k % len(hints) + 1} of {len(hints)}: {hints[k % len(hints)]}")
    if (k + 1) % len(hints) == 0:
        print(f'That was the last one. A solution: checks.solution("{name}")')


def solution(name):
    """Print a solution of a problem or essay, of the instance that those without a token have.

    After its last hint; COURSE_SOLUTIONS=always shows it at once, COURSE_SOLUTIONS=never not at all. ValueError for an
    unknown name.
    """
    found = {one: text for part in record.sets().values() for one, (_, text) in part.items()}
    doors.choice("checks", "problem", name, [*PROBLEMS, *ESSAYS])
    allowed, needed = os.environ.get("COURSE_SOLUTIONS", ""), len((PROBLEMS | ESSAYS)[name].hints)
    if allowed == "never" or name not in found:
        print(f"{name}: solutions are not shown here.")
    elif allowed != "always" and asked.get(name, 0) < needed:
        print(f'{name}: {needed - asked.get(name, 0)} hints are left before the solution: checks.hint("{name}")')
    else:
        lines = [line for line in found[name].splitlines() if not line.strip().startswith("### ")]
        print("\n".join(lines))
        if name in PROBLEMS and PROBLEMS[name].given("") and judge.TOKEN:
            print("It answers the instance of those without a token; yours has other constants.")


def progress():
    """Print what was solved so far, set by set, with points; essays are read by a person and not counted."""
    done, total, reached = set(record.read()), 0, 0
    for part, problems in record.sets().items():
        coded = {name: points for name, (points, _) in problems.items() if name in PROBLEMS}
        have = sum(points for name, points in coded.items() if name in done)
        left = [name for name in coded if name not in done]
        total, reached = total + sum(coded.values()), reached + have
        rest = f"   next: {left[0]}" if left else "   all solved"
        print(
            f"{part:24} {len(coded) - len(left)} of {len(coded)} problems, {have} of {sum(coded.values())} points{rest}"
        )
    print(f"{'together':24} {reached} of {total} points")


def instance():
    """Print whose instance of the exercises this is: that of a token, and where it was found, or the default one."""
    if judge.TOKEN:
        print(f"Your instance: token {judge.TOKEN[:4]}...{judge.TOKEN[-2:]}, from {judge.WHERE or 'the grader'}.")
    else:
        print("Instance: the default one (there is no token.txt).")


def given(name):
    """What belongs to your own instance of a problem, {name: value}. ValueError for an unknown name."""
    return find(name).shown(judge.TOKEN)


def figure(name):
    """Show the figure of your own instance of a problem, where it has one. ValueError for an unknown name."""
    one = find(name)
    if one.draw:
        show(*one.draw(**one.given(judge.TOKEN)), below=False)


def find(name):
    """The Problem of that name; ValueError with the choices for another."""
    return PROBLEMS[doors.choice("checks", "problem", name, PROBLEMS)]
