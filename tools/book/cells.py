"""The gallery of cells: each with its picture, its equations, its step, and what it came to in the sweep."""

import inspect
from collections import defaultdict
from functools import cache
from math import inf
from pathlib import Path
from statistics import median
from textwrap import dedent

from course_lib import bench
from course_lib.cells import CELLS
from course_lib.diagram import diagram
from course_lib.latex import equations
from course_lib.sweep.store import read
from tools.book.notebooks import legible

ROOT = Path(__file__).resolve().parents[2]
SIZE = bench.SIZES[0]  # steps, batch, units
LAG = 80  # the longest of the stored sweep, where cells differ most


def entry(cell, rows, ranked):
    """A cell as Markdown. rows: of the sweep, those that are reported; ranked: what best() says of them."""
    first = inspect.getdoc(cell).partition("\n\n")[0]
    step = dedent(inspect.getsource(cell.step)).strip()
    picture, latex = legible(diagram(cell)._repr_mimebundle_()["text/html"]), equations(cell).latex
    parts = [
        f"## {cell.__name__}",
        first.replace("\n", " "),
        f"<figure>{picture}</figure>",
        f"$$\n{latex}\n$$",
    ]
    parts.append(f'<details class="fold code"><summary>Its step</summary>\n\n```python\n{step}\n```\n\n</details>')
    told = [speed(cell.__name__), standing(cell.__name__, ranked), outcomes(cell.__name__, rows)]
    return "\n\n".join([*parts, *(text for text in told if text)])


def outcomes(name, rows):
    """How many runs of a cell solved each task at LAG, by how it was started, as a table."""
    own = [row for row in rows if row["cell"] == name and row["lag"] == LAG]
    tasks, starts = sorted({row["task"] for row in own}), sorted({row["init"] for row in own})
    if not own:
        return "*Not in the stored sweep.*"
    lines = [f"| solved at lag {LAG}, by start | " + " | ".join(tasks) + " |", "|---|" + "---|" * len(tasks)]
    for start in starts:
        counts = []
        for task in tasks:
            runs = [row for row in own if (row["task"], row["init"]) == (task, start)]
            counts.append(f"{sum(row['solved_at'] is not None for row in runs)} of {len(runs)}" if runs else "–")
        lines.append(f"| {start} | " + " | ".join(counts) + " |")
    return "\n".join(lines)


@cache
def timed():
    """The stored times of one training step at SIZE: {cell: row}, and on which machine."""
    part = bench.read(ROOT / "results" / "bench.json")["speed"]
    rows = [row for row in part["rows"] if (row["time"], row["batch"], row["hidden"]) == SIZE]
    return {row["name"]: row for row in rows}, part["environment"]


def speed(name):
    """What a training step of the cell takes, as a sentence."""
    row = timed()[0].get(name)
    if row is None:
        return "**Speed**: not in the stored times."
    literal = f", {row['literal']:.0f} times faster than step by step" if "literal" in row else ""
    return (
        f"**Speed**: {1000 * row['seconds']:.1f} ms a training step, {row['to_lstm']:.2f} of torch.nn.LSTM's{literal}."
    )


def best(rows):
    """{task: {cell: (runs that solved it at LAG, runs, their median updates)}}, each cell from its best start."""
    runs, found = defaultdict(list), defaultdict(dict)
    for row in rows:
        if row["lag"] == LAG:
            runs[row["task"], row["cell"], row["init"]].append(row["solved_at"])
    for (task, name, _), ended in sorted(runs.items()):
        solved = [updates for updates in ended if updates is not None]
        one = (len(solved), len(ended), median(solved) if solved else inf)
        old = found[task].get(name, (-1, 0, inf))
        found[task][name] = max(one, old, key=lambda result: (result[0], -result[2]))
    return found


def standing(name, ranked):
    """Where the cell is among the first three, and which tasks less than half of its runs solve, as a sentence."""
    wins, loses = [], []
    for task, cells in ranked.items():
        if name not in cells:
            continue
        solved, runs, updates = cells[name]
        place = 1 + sum((-other[0], other[2]) < (-solved, updates) for other in cells.values())
        if place <= 3 and 2 * solved > runs:
            wins.append(f"{task} (place {place} of {len(cells)}; {updates:,.0f} updates)")
        elif 2 * solved < runs:
            loses.append(f"{task} ({solved} of {runs})")
    parts = [f"**Wins**: {', '.join(wins)}." if wins else "", f"**Loses**: {', '.join(loses)}." if loses else ""]
    return " ".join(part for part in parts if part)


def machine():
    """On which machine the times were taken, as a sentence."""
    steps, batch, units = SIZE
    about = timed()[1]
    return (f"Times are of {steps} steps, {batch} sequences and {units} units, on {about['processor']} with "
            f"{about['cores']} cores and {about['threads']} threads; other sizes and versions are under "
            "[speed](../docs/speed.md).")  # fmt: skip


def gallery(results):
    """All cells, as Markdown. results: the file of the sweep."""
    rows = [row for row in read(results) if row["role"] == "report"]
    ranked = best(rows)
    return "\n\n".join(entry(cell, rows, ranked) for cell in CELLS)
