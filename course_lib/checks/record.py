"""What a learner has solved, kept between sessions, and the points and solutions that the notebooks state."""

import json
import os
import sys
from functools import cache
from pathlib import Path

from course_lib.files import write

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "progress.json"  # the problems solved so far; not under version control


def read():
    """The names of the problems that were solved in this and in earlier sessions."""
    try:
        found = json.loads(KEPT.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []


def solved(name):
    """Keep that a problem was solved, where a learner works in a notebook: not in a test, nor where it is graded."""
    working = "IPython" in sys.modules and sys.modules["IPython"].get_ipython() is not None
    if working and "COURSE_QUIET" not in os.environ and name not in (before := read()):
        try:
            write(KEPT, json.dumps([*before, name], indent=1))
        except OSError:  # a course that may not be written to: only the tally is lost
            pass


@cache
def sets():
    """{set: {problem or essay: (points, source of the answer)}} of all sets, as solutions/ states them."""
    found = {}
    for path in sorted(ROOT.glob("solutions/*/*.ipynb")):
        cells, points, answers = json.loads(path.read_text(encoding="utf-8"))["cells"], {}, {}
        for cell in cells:
            marks = cell["metadata"].get("nbgrader", {})
            name = marks.get("grade_id", "").removeprefix("check_")
            if marks.get("solution"):
                answers[name] = "".join(cell["source"])
            if marks.get("grade"):
                points[name] = marks["points"]
        found[path.stem] = {name: (points[name], text) for name, text in answers.items()}
    return found
