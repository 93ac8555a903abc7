"""The gallery of cells: each with its picture, its equations, its step, and what it came to in the sweep."""

import inspect
from textwrap import dedent

from course_lib.cells import CELLS
from course_lib.diagram import diagram
from course_lib.latex import equations
from course_lib.sweep.store import read
from tools.book.notebooks import legible

LAG = 80  # the longest of the stored sweep, where cells differ most


def entry(cell, rows):
    """A cell as Markdown. rows: of the sweep, those that are reported."""
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
    return "\n\n".join([*parts, outcomes(cell.__name__, rows)])


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


def gallery(results):
    """All cells, as Markdown. results: the file of the sweep."""
    rows = [row for row in read(results) if row["role"] == "report"]
    return "\n\n".join(entry(cell, rows) for cell in CELLS)
