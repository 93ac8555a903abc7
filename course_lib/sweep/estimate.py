"""What is still to be done, and how long it may take."""

from collections import defaultdict

from tqdm.auto import tqdm

from course_lib.sweep.many import everywhere
from course_lib.sweep.one import speed
from course_lib.sweep.store import holds, read


def missing(asked, path):
    """The calls of asked that path does not hold, each looked up at its turn: another sweep may have done it."""
    return (call for name, call in asked.items() if not holds(path, name))


def timed_as(row):
    """What decides how long an update takes."""
    return row["code"], row["task"], row["lag"]


def plan(grid, path, jobs, client, quiet):
    """Time every cell, print what will be done; return {what decides: seconds of a run} and the seconds of all runs.

    A run is counted with its whole budget, which is what it takes when it does not solve its task.
    """
    if quiet:
        return {}, 0
    rows = read(path)
    asked = grid.tuning(rows) | grid.reported(rows)
    todo = list(missing(asked, path))
    print(
        f"{len(asked)} runs of at most {grid.budget} updates: {len(asked) - len(todo)} in the file, {len(todo)} to do."
    )
    if grid.tune:
        print("  More follow where the best rate of a cell is the lowest or the highest that was tried.")
    for (cell, init), why_not in grid.left_out.items():
        print(f"  left out: {cell} {init} ({why_not})")
    timed = {timed_as(setting): (Cell, Task, setting) for Cell, Task, setting in todo}
    speeds = tqdm(everywhere(speed, timed.values(), jobs, client), total=len(timed), leave=False, desc="timing")
    speeds = [row for row in speeds if row["seconds"] is not None]
    cells = defaultdict(list)
    for row in sorted(speeds, key=timed_as):
        cells["{task:<16} {cell:<20} {hidden_size} units, {weights} weights".format(**row)].append(row)
    for cell, rows in cells.items():
        print(
            f"  {cell}: " + ", ".join(f"{1000 * row['seconds']:.1f} ms an update at lag {row['lag']}" for row in rows)
        )
    seconds = {timed_as(row): row["seconds"] * grid.budget / jobs for row in speeds}
    total = sum(seconds.get(timed_as(setting), 0) for _, _, setting in todo)
    print(f"At most {clock(total)} on {jobs} processes; a run that solves its task ends sooner.")
    return seconds, total


def clock(seconds):
    """Seconds as people say them."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
