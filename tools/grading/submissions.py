"""What learners hand in, as it comes: find the notebook, read it, and find their answers in it.

Nothing is run here. A check cell of a submission is never used: the checks come from solutions/. So it does not matter
whether it was edited, deleted or copied. An answer is found by its grade_id; where that is lost, by the name of the
function that it defines.
"""

import ast
import copy
import json
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbgrader.preprocessors import ClearSolutions
from traitlets.config import PyFileConfigLoader

ROOT = Path(__file__).resolve().parents[2]
LARGEST = 50 * 2**20  # bytes


class NotGradable(Exception):
    """Nothing in a submission can be graded. why: what is wrong; todo: what the teacher can do."""

    def __init__(self, why, todo):
        super().__init__(f"{why}. {todo}")
        self.why, self.todo = why, todo


@dataclass
class Submission:
    """answers: {grade_id: source}; extra: the learner's own other code cells, in order; notes: what was unusual."""

    answers: dict
    extra: list
    notes: list = field(default_factory=list)


def graded(cell, what):
    """A value of the nbgrader metadata of a cell, None where there is none."""
    metadata = cell.get("metadata") or {}
    own = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return own.get(what) if isinstance(own, dict) else None


def is_answer(cell):
    return bool(graded(cell, "solution"))


def is_check(cell):
    return bool(graded(cell, "grade")) and not is_answer(cell)


def text(cell):
    """The source of a cell; old notebooks hold it as a list of lines."""
    source = cell.get("source", cell.get("input", ""))
    return "".join(source) if isinstance(source, list) else str(source)


def defined(source):
    """The names of the functions and classes that a cell defines; none where it is not Python."""
    try:
        return {node.name for node in ast.parse(source).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    except (SyntaxError, ValueError):
        first = [line.split("(")[0].removeprefix("def ").strip() for line in source.splitlines() if line[:4] == "def "]
        return set(first)


def find(folder, name):
    """(path, notes) of the notebook in the folder of one submission; NotGradable where there is none or no one."""
    exact = folder / f"{name}.ipynb"
    if exact.is_file() and not exact.is_symlink():
        return exact, []
    others = [path for path in sorted(folder.rglob("*.ipynb"))
              if ".ipynb_checkpoints" not in path.parts and path.is_file() and not path.is_symlink()]  # fmt: skip
    if len(others) == 1:
        return others[0], [f"the file is called {others[0].name}"]
    if others:
        raise NotGradable(f"there are {len(others)} notebooks, and none is called {name}.ipynb",
                          "Keep the right one, or rename it.")  # fmt: skip
    raise NotGradable("there is no notebook", "Ask for the file.")


def read(path):
    """The notebook of a file in today's format; NotGradable where it is none."""
    size = path.stat().st_size
    again = "Ask for it again: save the notebook, close it, then hand in the .ipynb file."
    if size == 0:
        raise NotGradable("the file is empty", again)
    if size > LARGEST:
        raise NotGradable(f"the file has {size / 2**20:.0f} MB", "Ask for it again, with all outputs cleared.")
    try:
        content = json.loads(path.read_bytes().decode("utf-8"))
    except ValueError:
        head = path.read_bytes()[:1]
        why = "the file was cut off: it begins as a notebook and does not end" if head == b"{" else (
            "the file is not a notebook")  # fmt: skip
        raise NotGradable(why, again) from None
    if not isinstance(content, dict) or not (content.get("cells") or content.get("worksheets")):
        raise NotGradable("the file has no cells", again)
    try:
        notebook = nbformat.convert(nbformat.from_dict(content), 4)
        return [dict(cell) for cell in notebook.cells]
    except Exception as error:  # whatever an odd file makes nbformat raise
        raise NotGradable(f"the notebook cannot be read ({type(error).__name__})", again) from None


def collect(folder, source, name):
    """The Submission in a folder, for the solution's notebook source; NotGradable where there is nothing to grade."""
    path, notes = find(folder, name)
    cells = read(path)
    wanted = {graded(cell, "grade_id"): cell for cell in source.cells if is_answer(cell)}
    stubs = {key: stub(cell) for key, cell in wanted.items()}
    answers, used = {}, set()
    for key, cell in wanted.items():
        kind = cell.cell_type
        same = [k for k, own in enumerate(cells) if graded(own, "grade_id") == key and own.get("cell_type") == kind]
        if not same and kind == "code":
            names = defined(text(cell))
            same = [k for k, own in enumerate(cells) if own.get("cell_type") == "code" and names & defined(text(own))]
            if same:
                notes.append(f"{key}: its cell had lost its mark and was found by the name of its function")
        if not same:
            notes.append(f"{key}: its cell is missing")
            continue
        used.update(same)
        written = [k for k in same if text(cells[k]).strip() not in ("", stubs[key])]
        if len(written) > 1:
            notes.append(f"{key}: {len(written)} cells answer it; the last one counts")
        answers[key] = text(cells[(written or same)[-1]])
    if not answers:
        raise NotGradable("no answer to this set is in the notebook", f"Ask whether it is the notebook of {name}.")
    own = [k for k, cell in enumerate(cells) if cell.get("cell_type") == "code" and k not in used]
    given = {text(cell).strip() for cell in source.cells}
    extra = [text(cells[k]) for k in own if not is_check(cells[k]) and text(cells[k]).strip() not in given]
    return Submission(answers, extra, notes)


def config():
    """nbgrader's configuration for this course, of which nbgrader_config.py is the source."""
    return PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config()


def stub(cell):
    """The source of an answer cell before anything is written, as nbgrader makes it for exercises/."""
    cleared, _ = ClearSolutions(config=config()).preprocess_cell(copy.deepcopy(cell), {"language": "python"}, 0)
    return cleared.source.strip()
