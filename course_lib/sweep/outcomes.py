"""What the rows say: how many runs solved their task and when, the best rates, and what a part of a cell is worth."""

from collections import defaultdict
from numbers import Real

import numpy as np

from course_lib import doors
from course_lib.stats import kaplan_meier, wilson
from course_lib.sweep.store import KEY, RESULT


def spent(row):
    """Updates until solved, or the whole budget: a run that diverged would not have solved it with what was left."""
    (row,) = checked("spent", [row])
    return row["solved_at"] if row["ended"] == "solved" else row["budget"]


def summary(rows):
    """One dict for each group of rows that differ in their seeds alone.

    It has KEY but seed, and: runs, how many ended; errors, how many did not, which count neither way; solved, rate,
    low, high, the successes, their rate and its 95 % Wilson interval; median, the updates by which half of the runs had
    solved it, by `kaplan_meier`, None where fewer than half did within the budget.
    """
    groups = defaultdict(list)
    for row in checked("summary", rows):
        groups[tuple(row[name] for name in KEY[:-1])].append(row)
    return [dict(zip(KEY[:-1], group, strict=True)) | outcome(rows) for group, rows in groups.items()]


def outcome(rows):
    """The results of rows that differ in their seeds alone; see `summary`."""
    ended = [row for row in rows if row["ended"] != "error"]
    solved = [row["ended"] == "solved" for row in ended]
    found = {"runs": len(ended), "errors": len(rows) - len(ended), "solved": sum(solved)}
    if not ended:
        return found | {"rate": None, "low": 0.0, "high": 1.0, "median": None}
    low, high = wilson(sum(solved), len(ended))
    updates, unsolved = kaplan_meier([spent(row) for row in ended], solved)
    half = updates[unsolved <= 0.5]
    return found | {"rate": sum(solved) / len(ended), "low": float(low), "high": float(high),
                    "median": int(half[0]) if len(half) else None}  # fmt: skip


def removal(rows, whole, without):
    """What it costs to take a part out: the updates that `without` needs more than `whole`, {(task, lag): (seed,)}.

    whole, without   each (cell's name, initialisation), such as ("LSTMCell", "default") and ("LSTM1997Cell", "default")

    Runs are paired by their seed, for which the task shows both cells the same sequences. A run that did not solve its
    task counts with its budget: where `without` alone failed, the cost is at least so much; where both did, it is 0. A
    place is left out unless both ran there, on the same seeds. Raises ValueError where there is no place, and where one
    seed ran twice at a place, as at two learning rates.
    """
    for name, start in (("whole", whole), ("without", without)):
        if not doors.is_a(tuple, start) or list(map(type, start)) != [str, str]:
            doors.refuse("removal", f"{name} as (cell's name, initialisation)", start)
    times = {whole: defaultdict(dict), without: defaultdict(dict)}
    for row in checked("removal", rows):
        start, place, seed = (row["cell"], row["init"]), (row["task"], row["lag"]), row["seed"]
        if row["role"] == "report" and row["ended"] != "error" and start in times:
            if seed in times[start][place]:
                raise ValueError(
                    f"removal needs one run of each seed at a place; got two of {start}, {place}, seed {seed}"
                )
            times[start][place][seed] = spent(row)
    before, after = times[whole], times[without]
    places = [place for place in before if before[place].keys() == after.get(place, {}).keys()]
    if not places:
        raise ValueError(f"removal needs runs of both on the same task, lag and seeds; got {whole} and {without}")
    return {
        place: np.array([after[place][seed] - before[place][seed] for seed in sorted(before[place])])
        for place in places
    }


def best_rates(rows):
    """{(cell, init, task): learning rate}: most solved, then fewest updates, then least loss, then lowest rate."""
    tried = defaultdict(list)
    for row in checked("best_rates", rows):
        tried[row["cell"], row["init"], row["task"], row["learning_rate"]].append(row)
    best = {}
    for (*place, rate), runs in sorted(tried.items()):
        losses = [row["loss"] if row["ended"] in ("solved", "budget") else float("inf") for row in runs]
        badness = -sum(row["ended"] == "solved" for row in runs), sum(map(spent, runs)), sum(losses)
        best[tuple(place)] = min(best.get(tuple(place), (badness, rate)), (badness, rate))
    return {place: rate for place, (_, rate) in best.items()}


def checked(who, rows):
    """rows as a list, or a ValueError unless each is a row as `read` and `sweep` give it."""
    rows = doors.several(who, "rows", rows, least=0)
    for row in rows:
        if not doors.is_a(dict, row) or not row.keys() >= {*KEY, *RESULT}:
            doors.refuse(who, "rows as read and sweep give them", row)
        for name in KEY + RESULT:
            if not doors.is_a((str, Real, type(None)), row[name]):
                doors.refuse(who, f"rows whose {name} is a number or a text, as read and sweep give them", row[name])
    return rows
