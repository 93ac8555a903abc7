"""Judge one submission: its answers run in a box, the checks outside it, and what they say comes back as plain data."""

import ast
import builtins
import hashlib
import io
import json
import platform
import re
import time
from contextlib import redirect_stdout
from functools import cache
from importlib.metadata import version
from pathlib import Path

import nbformat
import torch

from course_lib import checks
from tools.grading import submissions
from tools.grading.sandbox import Box, Broken

ROOT = Path(__file__).resolve().parents[2]
HIDDEN = re.compile(r"### BEGIN HIDDEN TESTS\n(.*?)### END HIDDEN TESTS\n?", re.DOTALL)
LOAD_SECONDS = 60  # for all cells of one submission
PROBLEM_SECONDS = 60  # for all cases of one problem
NOT_JUDGED = ("no time", "ended", "missing")  # why a problem is not judged; every other one is


def solution(name):
    """The source notebook of a set."""
    return nbformat.read(ROOT / "solutions" / name / f"{name}.ipynb", as_version=4)


class Learner:
    """The cells of one submission in a box; they are loaded again where the process had to be stopped.

    cells    {key: source} in the order in which they run
    failed   {key: what went wrong when it ran}
    """

    def __init__(self, box, cells):
        self.box, self.cells, self.failed, self.until = box, dict(cells), {}, None
        self.constants = {name: checks.given(name) for name in checks.PROBLEMS}

    def load(self, until=None):
        """Run all cells; one that takes too long, or ends the process, is left out from then on."""
        until = until or time.monotonic() + LOAD_SECONDS
        self.box.stop()
        self.box.given(self.constants)
        for key, source in list(self.cells.items()):
            try:
                if time.monotonic() > until:
                    raise TimeoutError("no answer: the cells before it took too long")
                self.box.run(source)
                self.failed.pop(key, None)
            except Broken as error:
                self.failed[key] = ("ended", f"When the cell ran, {error}.")
                del self.cells[key]
                return self.load(until)
            except TimeoutError as error:
                self.failed[key] = ("no time", f"The cell gave {error}.")
                del self.cells[key]
            except Exception as error:
                self.failed[key] = ("wrong", f"{type(error).__name__}: {error}")

    def function(self, name):
        """A function that asks the box."""

        def ask(*args, **kwargs):
            if self.box.process is None:
                self.load()
            if time.monotonic() > self.until:
                raise TimeoutError(f"no answer to all cases within {PROBLEM_SECONDS} seconds")
            return self.box.call(name, *args, **kwargs)

        return ask


def judge(folder, name, token, settings):
    """What can be said about the submission in a folder, as plain data.

    {set, status, notes, problems: {grade_id: {points, kind, said}}, answers, extra}; why and todo if it is not gradable
    """
    found = {"set": name, "status": "graded", "notes": [], "problems": {}, "answers": {}, "extra": []}
    source = solution(name)
    try:
        handed_in = submissions.collect(folder, source, name)
    except submissions.NotGradable as error:
        return found | {"status": "not gradable", "why": error.why, "todo": error.todo}
    checks.judge.TOKEN = token
    code = [cell for cell in source.cells if cell.cell_type == "code" and not submissions.is_check(cell)]
    given = [cell.source for cell in code if not submissions.is_answer(cell)]
    keys = [submissions.graded(cell, "grade_id") for cell in code if submissions.is_answer(cell)]
    cells = {f"given {k}": text for k, text in enumerate(given)}
    cells |= {f"own cell {k + 1}": text for k, text in enumerate(handed_in.extra)}
    cells |= {key: handed_in.answers[key] for key in keys if key in handed_in.answers}
    with Box(**settings) as box:
        learner = Learner(box, cells)
        learner.load()
        for cell in filter(submissions.is_check, source.cells):
            found["problems"][submissions.graded(cell, "grade_id")] = problem(cell, source, learner, handed_in)
    # A cell of a learner's own that fails matters where it may be why an answer is wrong, or where it was stopped.
    wrong = any(one["kind"] != "right" for one in found["problems"].values())
    failed = {key: said for key, (kind, said) in learner.failed.items() if wrong or kind in NOT_JUDGED}
    notes = handed_in.notes + [f"{key}: {said}" for key, said in failed.items() if key.startswith("own")]
    partly = any(one["kind"] in NOT_JUDGED for one in found["problems"].values())
    return found | {"status": "partly graded" if partly else "graded", "notes": notes,
                    "answers": handed_in.answers, "extra": handed_in.extra}  # fmt: skip


def problem(cell, source, learner, handed_in):
    """{points, kind, said} of one check: kind is right, wrong, not attempted, no time, ended or missing."""
    points = submissions.graded(cell, "points")
    hidden = "\n".join(HIDDEN.findall(cell.source))
    used = {node.id for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Name)}
    space = {"torch": torch, "checks": checks}
    for own in filter(submissions.is_answer, source.cells):
        key, names = submissions.graded(own, "grade_id"), submissions.defined(own.source) & used
        if names and key not in handed_in.answers:
            return {"points": points, "kind": "missing", "said": "The cell of the answer is missing."}
        if names and key in learner.failed:
            kind, said = learner.failed[key]
            return {"points": points, "kind": kind, "said": said}
        space |= {name: learner.function(name) for name in names}
    missing = used - set(space) - set(dir(builtins))
    if missing:
        raise ValueError(f"the check uses {', '.join(sorted(missing))}, which no answer defines")
    learner.until = time.monotonic() + PROBLEM_SECONDS
    for part in (HIDDEN.sub("", cell.source), hidden):
        try:
            with redirect_stdout(io.StringIO()):
                exec(compile(part, "<check>", "exec"), dict(space))
        except NotImplementedError:
            return {"points": points, "kind": "not attempted", "said": "Nothing was written."}
        except TimeoutError as error:
            return {"points": points, "kind": "no time", "said": f"It gave {error}."}
        except Broken as error:
            return {"points": points, "kind": "ended", "said": f"While it was judged, {error}."}
        except checks.judge.NotRight as error:
            return {"points": points, "kind": "wrong", "said": str(error)}
        except Exception as error:
            return {"points": points, "kind": "wrong", "said": f"{type(error).__name__}: {error}"}
    return {"points": points, "kind": "right", "said": "right"}


@cache
def course():
    """A digest of all that a judgement depends on beside the set and the submission: library, grader, packages."""
    files = [path for part in ("course_lib", "tools/grading") for path in sorted((ROOT / part).rglob("*"))
             if path.is_file() and "__pycache__" not in path.parts]  # fmt: skip
    packages = [platform.python_version(), *map(version, ("torch", "numpy", "nbformat"))]
    return hashlib.sha256(b"\0".join([*contents(files), *(word.encode() for word in packages)])).hexdigest()


def contents(files):
    """Names and contents of files, each for the digest."""
    return [part for path in files for part in (path.name.encode(), path.read_bytes())]


def digest(folder, name, token, settings):
    """What decides how a submission is judged: its files, the set, the token, the limits, and the course itself."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    files += [ROOT / "solutions" / name / f"{name}.ipynb"]
    words = [token, json.dumps(settings, sort_keys=True), course()]
    return hashlib.sha256(b"\0".join([*(word.encode() for word in words), *contents(files)])).hexdigest()


def one(folder, student, name, token, settings):
    """judge, with the student and the digest; a fault of the grader is a row too, and is tried again next time."""
    about = {"student": student, "digest": digest(folder, name, token, settings)}
    try:
        return about | judge(folder, name, token, settings)
    except Exception as error:
        return about | {"set": name, "digest": "", "status": "not gradable", "notes": [], "problems": {}, "answers": {},
                        "extra": [], "why": f"the grader failed: {type(error).__name__}: {error}",
                        "todo": "Grade it by hand, and report the fault."}  # fmt: skip
