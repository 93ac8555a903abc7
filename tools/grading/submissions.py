"""Find a learner's answers in the cells of a notebook, in whatever state it is.

Nothing is run here. A check cell of a submission is never used: the checks come from solutions/. So it does not matter
whether it was edited, deleted or copied. An answer is the last cell that defines the function, wherever it stands; an
essay is all that was written at its place. What is written and belongs nowhere is shown to the teacher.
"""

import ast
import copy
import re
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path

import nbformat
from nbgrader.preprocessors import ClearSolutions
from traitlets.config import PyFileConfigLoader

from tools.grading.files import LONGEST, NotGradable, candidates, read
from tools.grading.harmless import line

ROOT = Path(__file__).resolve().parents[2]
CODE = ("def ", "(", "=", "import ", "%", "!")  # in a cell that Python cannot read: it was meant as code
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
PROSE = 5  # words from which a learner's own text counts as an answer in words
HIDDEN = re.compile(r"### BEGIN HIDDEN TESTS\n(.*?)### END HIDDEN TESTS\n?", re.DOTALL)
FENCED = re.compile(r"^(```+|~~~+)[^\n]*\n(.*?)^\1[ \t]*$", re.DOTALL | re.MULTILINE)


@dataclass
class Submission:
    """What one notebook holds.

    cells     [(key, source)] of the code to run, in the order of the notebook: the grade_id of the answer that a cell
              holds, or "own cell 3"
    answers   {grade_id: source} of the answers in code; a stub is the stub
    essays    {grade_id: [{source, attachments}]} of the answers in words; [] where nothing was written
    texts     [{source, attachments}]: the learner's own text that belongs to no answer
    written   how many answers are more than what was handed out
    notes     what was unusual
    python    the version of Python that the notebook says it ran in, "" where it says none
    """

    cells: list = field(default_factory=list)
    answers: dict = field(default_factory=dict)
    essays: dict = field(default_factory=dict)
    texts: list = field(default_factory=list)
    written: int = 0
    notes: list = field(default_factory=list)
    python: str = ""


def graded(cell, what):
    """A value of the nbgrader metadata of a cell, None where there is none."""
    metadata = cell.get("metadata") or {}
    own = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return own.get(what) if isinstance(own, dict) else None


def is_answer(cell):
    return bool(graded(cell, "solution"))


def is_check(cell):
    return bool(graded(cell, "grade")) and not is_answer(cell)


def is_essay(cell):
    return is_answer(cell) and cell.cell_type == "markdown"


def text(cell):
    """The source of a cell; old notebooks hold it as a list of lines."""
    source = cell.get("source", cell.get("input", ""))
    whole = "".join(map(str, source)) if isinstance(source, list) else str(source)
    return whole.encode("utf-8", "replace").decode()  # half a character is none that could be written anywhere


def code(cell):
    """What of a cell may be run: its text; of Markdown, what stands between fences, if there are any."""
    blocks = [] if cell.get("cell_type") == "code" else FENCED.findall(text(cell))
    return "".join(block for _, block in blocks) or text(cell)


def tree(source):
    """The statements of a cell, None where it is not Python."""
    try:
        return ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


@lru_cache(maxsize=10_000)
def defined(source):
    """The names that a cell binds at its top: functions, classes, variables; of one that is not Python, functions."""
    body = tree(source)
    if body is None:
        heads = [row.removeprefix("async ").removeprefix("def ") for row in source.splitlines()
                 if row.startswith(("def ", "async def "))]  # fmt: skip
        return {head.split("(")[0].strip() for head in heads}
    names = {node.name for node in body if isinstance(node, FUNCTIONS)}
    for node in body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        names |= {leaf.id for target in targets if target for leaf in ast.walk(target) if isinstance(leaf, ast.Name)}
    return names


def is_stub(source, names):
    """Whether a cell defines functions of these names that only say that nothing is written yet."""
    own = [node for node in tree(source) or [] if isinstance(node, FUNCTIONS) and node.name in names]
    return bool(own) and all(raises(node.body[-1]) == "NotImplementedError"
                             and len([part for part in node.body if not isinstance(part, ast.Expr)]) == 1
                             for node in own)  # fmt: skip


def raises(node):
    """The name of the exception that a statement raises, None for any other statement."""
    raised = node.exc if isinstance(node, ast.Raise) else None
    return getattr(raised.func if isinstance(raised, ast.Call) else raised, "id", None)


def collect(folder, source, name):
    """The Submission in a folder, for the solution's notebook source; NotGradable where there is nothing to grade.

    Of several notebooks the one with the most answers counts; where two have as many, that of the right name.
    """
    found, refused = [], []
    for file in candidates(folder, name):
        try:
            cells, notes, python = read(file.path)
            if (long := sum(len(text(cell)) for cell in cells)) > LONGEST:
                raise NotGradable(f"its cells hold {long / 10**6:.1f} million characters", "Ask for the answers alone.")
            found.append((file, answers(cells, source)))
            found[-1][1].notes[:0], found[-1][1].python = notes, python
        except NotGradable as error:
            refused.append((file, error))
    found = [(file, one) for file, one in found if one.answers or one.essays]
    if not found:
        if refused:
            raise refused[0][1]
        raise NotGradable("no answer to this set is in the notebook", f"Ask whether it is the notebook of {name}.")
    best = [pair for pair in found if pair[1].written == max(one.written for _, one in found)]
    file, chosen = best[0]
    differ = [other for other, one in best[1:] if (one.answers, one.essays) != (chosen.answers, chosen.essays)]
    if differ and file.name != f"{name}.ipynb":
        raise NotGradable(f"there are {len(best)} notebooks with different answers, and none is called {name}.ipynb",
                          "Keep the right one, or rename it.")  # fmt: skip
    if file.name != f"{name}.ipynb":
        chosen.notes.insert(0, f"the file is called {file.name}")
    others = [other.name for other, _ in found if other is not file] + [other.name for other, _ in refused]
    if others:
        chosen.notes.append(f"beside it there is {', '.join(others[:3])}{' and more' * (len(others) > 3)}")
    return chosen


def answers(cells, source):
    """The Submission in the cells of a notebook."""
    made, known, taken = Submission(), handed_out(source), {}
    for cell in filter(is_answer, source.cells):
        if not is_essay(cell):
            answer(cell, cells, known, made, taken)
    for k, own in enumerate(cells):
        if own.get("cell_type") == "code" or taken.get(k):
            if k in taken or not (text(own).strip() in known or not text(own).strip() or prose(own)):
                made.cells.append((taken.get(k) or f"own cell {k + 1}", code(own)))
    made.cells = [(key, words) for key, words in made.cells if key != "stub"]
    essays(cells, source, known, taken, made)
    made.written += sum(bool(pieces) for pieces in made.essays.values())
    return made


def answer(cell, cells, known, made, taken):
    """Find one answer in code; taken says which cells are answers or stubs, {number: grade_id or "stub"}."""
    key = graded(cell, "grade_id")  # which is the name of the function
    names = {key}
    marked = [k for k, own in enumerate(cells) if graded(own, "grade_id") == key]
    # A task may show the function in its text; what a learner wrote there is more than was handed out.
    possible = {k: own for k, own in enumerate(cells)
                if own.get("cell_type") == "code" or text(own).strip() not in known}  # fmt: skip
    named = [k for k, own in possible.items() if names & defined(code(own))
             and not (is_check(own) and text(own).strip() in known)]  # fmt: skip
    real = [k for k in named if not is_stub(code(cells[k]), names)]
    real = [k for k in real if cells[k].get("cell_type") == "code"] or real  # a text may quote what was answered
    if not real:  # not a function by that name: what was written in its cell, if anything
        real = [k for k in marked if text(cells[k]).strip() and not is_stub(text(cells[k]), names)]
    taken |= {k: "stub" for k in {*named, *marked} - set(real) if cells[k].get("cell_type") == "code"}
    if not (real or named or marked):
        made.notes.append(f"{key}: its cell is missing")
        return
    made.answers[key] = code(cells[(real or named or marked)[-1]])
    made.written += bool(real)
    taken |= {k: key if k == real[-1] else f"{key}, an earlier cell" for k in real}
    if len(real) > 1:
        made.notes.append(f"{key}: {len(real)} cells answer it; the last one counts")
    if real and not marked:
        made.notes.append(f"{key}: its cell had lost its mark and was found by the name of its function")
    if real and cells[real[-1]].get("cell_type") != "code":
        made.notes.append(f"{key}: its cell was no code cell, and was run as one")


def handed_out(source):
    """All texts of cells that a learner was given, and the stubs; checks also as they are in solutions/."""
    given = [stub(cell) if is_answer(cell) else text(cell).strip() for cell in source.cells]
    return {*given, *(HIDDEN.sub("", words).strip() for words in given)}


def prose(cell):
    """Whether a cell is text: Markdown, raw, or a code cell that holds words and no Python."""
    if cell.get("cell_type") != "code":
        return True
    body, words = tree(text(cell)), text(cell)
    if body is None:
        return len(words.split()) >= PROSE and not any(mark in words for mark in CODE)
    strings = all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in body)
    return strings and len(words.split()) >= PROSE


def essays(cells, source, known, taken, made):
    """Find the answers in words: what stands in their cells, or below their places until the next cell of the set."""
    own = {k: beyond(text(cell), known) for k, cell in enumerate(cells)
           if k not in taken and prose(cell) and not is_check(cell)}  # fmt: skip
    own = {k: words for k, words in own.items() if words}
    before = None
    for cell in source.cells:
        if is_essay(cell):
            key, words = graded(cell, "grade_id"), text(before).strip() if before else None
            marked = [k for k, one in enumerate(cells) if graded(one, "grade_id") == key]
            at = marked or [k for k, one in enumerate(cells) if words and words in text(one)]
            pieces = [k for k in at if k in own]
            for k in range(at[-1] + 1, len(cells)) if at else ():
                if k not in own or graded(cells[k], "grade_id"):
                    break
                pieces.append(k)
            if at:
                made.essays[key] = [piece(cells[k], own.pop(k)) for k in dict.fromkeys(pieces)]
            if not (marked or pieces):
                made.notes.append(f"{key}: its cell is missing")
        before = cell
    left = [(k, words) for k, words in own.items() if len(words.split()) >= PROSE]
    lost = [graded(cell, "grade_id") for cell in filter(is_essay, source.cells)
            if not made.essays.get(graded(cell, "grade_id"))]  # fmt: skip
    if left and lost:  # it may be the answer that is missing: the teacher decides
        made.essays[lost[0]] = [piece(cells[k], words) for k, words in left]
        made.notes.append(f"{lost[0]}: what was written elsewhere in the notebook is shown in its place")
    else:
        made.texts = [piece(cells[k], words) for k, words in left]


def beyond(words, known):
    """What a cell says beyond a text that was handed out."""
    words = words.strip()
    for given in sorted((given for given in known if len(given) > PROSE), key=len, reverse=True):
        if given in words:
            return words.replace(given, "").strip()
    return "" if words in known else words


def piece(cell, words):
    fenced = words if cell.get("cell_type") == "markdown" else f"````\n{words}\n````"
    held = cell.get("attachments")
    return {"source": fenced, "attachments": held if isinstance(held, dict) else {}}


@cache
def config():
    """nbgrader's configuration for this course, of which nbgrader_config.py is the source."""
    return PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config()


@cache
def solution(name):
    """The source notebook of a set."""
    return nbformat.read(ROOT / "solutions" / name / f"{name}.ipynb", as_version=4)


def stub(cell):
    """The source of an answer cell before anything is written, as nbgrader makes it for exercises/."""
    cleared, _ = ClearSolutions(config=config()).preprocess_cell(copy.deepcopy(cell), {"language": "python"}, 0)
    return cleared.source.strip()


def short(notes):
    """Notes as lines that any screen can show."""
    return [line(note, 500) for note in notes]


def most(name):
    """{problem: its points} of a set."""
    cells = [one for one in solution(name).cells if graded(one, "grade")]
    return {graded(one, "grade_id"): graded(one, "points") for one in cells}
