"""Write exercises/ anew from solutions/: answers and hidden tests taken out, `NotImplementedError` put in.

    make exercises

Before that, what follows from the rest is filled in in solutions/: the numbers of the problems, the check under every
answer, nbgrader's metadata with the points that the heading states, and the totals at the top.

The commands beneath it, one for each set: nbgrader generate_assignment 07_the_lstm --no-db --force
"""

import ast
import re
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from traitlets.config import PyFileConfigLoader

from course_lib.files import write

ROOT = Path(__file__).resolve().parents[2]
HEADING = re.compile(r"## (?:\d+ · )?(.+)\n\n\*(\d+) points? · (warm-up|core|stretch) · (\d+) minutes\*\n")
TOTALS = re.compile(r"\d+ problems, \d+ points, about \d+ minutes\.")
CHECK = """checks.{0}({0})
### BEGIN HIDDEN TESTS
checks.{0}({0}, hidden=True)
### END HIDDEN TESTS"""


def fill(notebook):
    """Write into a notebook of solutions/ what follows from its headings and its answers; see the top of this file."""
    cells, problems, minutes, total = [], 0, 0, 0
    checks = {cell.source: cell for cell in notebook.cells if "### BEGIN HIDDEN TESTS" in cell.source}
    for cell in notebook.cells:
        if cell.source in checks:
            continue
        cells.append(cell)
        if found := HEADING.match(cell.source):
            problems, points, total = problems + 1, int(found[2]), total + int(found[2])
            minutes += int(found[4])
            cell.source = f"## {problems} · {found[1]}" + cell.source[found.end(1) :]
        elif cell.cell_type == "code" and "### BEGIN SOLUTION" in cell.source:
            name = next(node.name for node in ast.parse(cell.source).body if isinstance(node, ast.FunctionDef))
            words = name.replace("_", "-")
            cell.id, cell.metadata["nbgrader"] = f"answer-{words}", marks(name, solution=True)
            text = CHECK.format(name)
            check = checks.get(text) or nbformat.v4.new_code_cell(text)  # which has no output until it is run
            check.id = f"check-{words}"
            check.metadata["nbgrader"] = marks(f"check_{name}", grade=True, locked=True, points=points)
            cells.append(check)
        elif cell.metadata.get("nbgrader"):  # an answer in words
            cell.metadata["nbgrader"] = marks(cell.metadata.nbgrader.grade_id, grade=True, solution=True, points=points)
    notebook.cells = cells
    cells[0].source = TOTALS.sub(f"{problems} problems, {total} points, about {minutes} minutes.", cells[0].source)
    return notebook


def marks(name, *, grade=False, solution=False, locked=False, **points):
    """nbgrader's metadata of a cell."""
    return {"grade": grade, "grade_id": name, "locked": locked, "schema_version": 3, "solution": solution,
            "task": False} | points  # fmt: skip


def generate(target):
    """Write the exercise of every set in solutions/ into the folder target."""
    config = PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config()
    config.CourseDirectory.root = str(ROOT)
    config.CourseDirectory.release_directory = str(target)
    config.GenerateAssignment.no_database, config.SaveCells.enabled = True, False  # what --no-db sets
    for folder in sorted((ROOT / "solutions").iterdir()):
        config.CourseDirectory.assignment_id = folder.name
        GenerateAssignment(coursedir=CourseDirectory(config=config), config=config).start()


def main():
    """Generate beside exercises/, then put the new folder in its place, so that a crash leaves the old one."""
    for path in sorted((ROOT / "solutions").glob("*/*.ipynb")):
        write(path, nbformat.writes(fill(nbformat.read(path, as_version=4))) + "\n")
    with TemporaryDirectory(dir=ROOT) as scratch:
        fresh, old = Path(scratch, "exercises"), Path(scratch, "old")
        generate(fresh)
        if (ROOT / "exercises").exists():
            (ROOT / "exercises").rename(old)
        shutil.move(fresh, ROOT / "exercises")
    print(f"exercises: {len(list((ROOT / 'exercises').glob('*/*.ipynb')))} sets")


if __name__ == "__main__":
    sys.exit(main())
