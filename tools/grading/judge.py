"""Judge one submission: its answers run in a box, the checks outside it, and what they say comes back as plain data."""

import ast
import builtins
import hashlib
import io
import json
import os
import platform
from contextlib import redirect_stdout, suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

import torch

from course_lib import checks
from course_lib.files import write
from tools.grading import elsewhere, files, submissions, undone
from tools.grading.harmless import lines
from tools.grading.sandbox import Box, Broken, Slow
from tools.grading.submissions import HIDDEN

ROOT = Path(__file__).resolve().parents[2]
LOAD_SECONDS = 60  # of processor time for all cells of one submission
PROBLEM_SECONDS = 60  # for all cases of one problem
ALL_SECONDS = 240  # and for a submission; what sleeps is counted as if it worked
NOT_JUDGED = ("no time", "ended", "missing", "unclear")  # why a problem is not judged; every other one is


class Learner:
    """The cells of one submission in a box; they are loaded again where the process had to be stopped.

    cells    [(key, source)] in the order in which they run; a key may stand there twice
    failed   {key: what went wrong when it ran}
    slow     whether anything was stopped by the clock, which a busy machine does too
    raised   "Kind: words" of what a function last raised, None
    """

    def __init__(self, box, cells):
        self.box, self.cells, self.failed, self.slow, self.until = box, list(cells), {}, False, None
        self.raised = None
        self.constants = {name: checks.given(name) for name in checks.PROBLEMS}
        self.reduced = set()  # cells that ended the process: of those only the definitions run

    def load(self):
        """Run all cells. Of one that ends the process only the definitions run from then on, if those do not end it."""
        until = self.box.clock() + LOAD_SECONDS
        while not self.loaded(until):
            pass

    def loaded(self, until):
        """Run all cells in a new process; False where one has ended it."""
        self.box.stop()
        self.box.given(self.constants)
        left = [(cell, cell in self.reduced) for cell in self.cells]
        while left:
            cell, reduced = left.pop(0)
            key, source = cell
            try:
                if self.box.clock() > until:
                    raise TimeoutError("no answer: the cells before it took too long")
                self.box.run(source, only_definitions=reduced)
                if not reduced:
                    self.failed.pop(key, None)
            except Broken as error:
                self.slow |= isinstance(error, Slow)
                self.failed[key] = ("ended", f"When the cell ran, {error}.")
                if cell in self.reduced:
                    self.cells.remove(cell)
                self.reduced.add(cell)
                return False
            except TimeoutError as error:
                self.failed[key] = ("no time", f"The cell gave {error}.")
                self.reduced.add(cell)
            except Exception as error:
                if not reduced:
                    said = f"{type(error).__name__}: {error}"
                    self.failed[key] = ("wrong", said)
                    if elsewhere.failed(said):  # what it defines below that may need nothing of it
                        left.insert(0, (cell, True))
        return True

    def has(self, name):
        """Whether the cells have left a function of that name; asked again where an earlier call left no process."""
        for _ in range(2):
            with suppress(Broken, TimeoutError):
                if self.box.process is None:
                    self.load()
                return self.box.has(name)
        return False

    def function(self, name):
        """A function that asks the box."""

        def ask(*args, **kwargs):
            if self.box.process is None:
                self.load()
            if self.box.clock() > self.until:
                raise TimeoutError("no answer to all cases within the time for them")
            try:
                return self.box.call(name, *args, **kwargs)
            except Exception as error:
                self.raised = f"{type(error).__name__}: {error}"
                raise

        return ask


def judge(folder, name, token, settings):
    """What can be said about the submission in a folder, as plain data.

    {set, status, notes, problems: {grade_id: {points, kind, said}}, answers, essays, texts, extra, slow}; why and todo
    if it is not gradable
    """
    found = nothing(name)
    source = submissions.solution(name)
    try:
        handed_in = submissions.collect(folder, source, name)
    except files.NotGradable as error:
        return found | {"status": "not gradable", "why": error.why, "todo": error.todo}
    checks.judge.TOKEN = token
    code = [cell for cell in source.cells if cell.cell_type == "code" and not submissions.is_check(cell)]
    given = [(f"given {k}", cell.source) for k, cell in enumerate(code) if not submissions.is_answer(cell)]
    with Box(**settings) as box:
        learner = Learner(box, given + handed_in.cells)
        learner.load()
        for cell in filter(submissions.is_check, source.cells):
            found["problems"][submissions.graded(cell, "grade_id")] = problem(cell, source, learner, handed_in)
    # A cell of a learner's own that fails matters where it may be why an answer is wrong, or where it was stopped.
    wrong = any(one["kind"] != "right" for one in found["problems"].values())
    failed = {key: said for key, (kind, said) in learner.failed.items() if wrong or kind in NOT_JUDGED}
    notes = handed_in.notes + [f"{key}: {said}" for key, said in failed.items() if key.startswith("own")]
    partly = any(one["kind"] in NOT_JUDGED for one in found["problems"].values())
    extra = [source for key, source in handed_in.cells if key not in handed_in.answers]
    return found | {"status": "partly graded" if partly else "graded", "notes": submissions.short(notes),
                    "answers": handed_in.answers, "essays": handed_in.essays, "texts": handed_in.texts, "extra": extra,
                    "slow": learner.slow}  # fmt: skip


def nothing(name):
    """What is said about a submission of which nothing is known yet."""
    return {"set": name, "status": "graded", "notes": [], "problems": {}, "answers": {}, "essays": {}, "texts": [],
            "extra": [], "slow": False}  # fmt: skip


class Unsound(Exception):
    """A set of solutions/ cannot be used for grading; the message says why."""


def check(name):
    """Unsound where a set cannot be read, or where one of its checks is none that can be made."""
    try:
        cells = submissions.solution(name).cells
    except Exception as error:  # whatever an odd file makes nbformat raise
        raise Unsound(f"solutions/{name} cannot be read: {type(error).__name__}: {error}") from None
    answers = {submissions.graded(cell, "grade_id") for cell in cells if submissions.is_answer(cell)}
    for cell in filter(submissions.is_check, cells):
        key, points = submissions.graded(cell, "grade_id"), submissions.graded(cell, "points")
        own = str(key).removeprefix("check_")
        if own not in checks.PROBLEMS or own not in answers or f"checks.{own}(" not in cell.source:
            raise Unsound(f"solutions/{name}: {key} checks no problem that has an answer there; run `make exercises`.")
        if not isinstance(points, (int, float)) or not 0 < points < 1000:
            raise Unsound(f"solutions/{name}: {key} has {points!r} points.")


def problem(cell, source, learner, handed_in):
    """{points, kind, said} of one check: kind is right, wrong, not attempted, no time, ended, missing or unclear."""
    kind, said = verdict(cell, source, learner, handed_in)
    return {"points": submissions.graded(cell, "points"), "kind": kind, "said": lines(said)}


def verdict(cell, source, learner, handed_in):
    """(kind, said) of one check; right too where only a cell below took away what the answer uses."""
    kind, said = ran(cell, source, learner, handed_in)
    if kind not in ("wrong", "unclear") or learner.box.clock() > ALL_SECONDS / 2:
        return doubted(kind, said, learner, handed_in)
    names = {node.id for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Name)}
    names &= {submissions.graded(own, "grade_id") for own in source.cells if submissions.is_answer(own)}
    for place in undone.places(learner.cells, names, kind == "wrong"):
        earlier = Learner(learner.box, learner.cells[:place])
        earlier.load()
        again = ran(cell, source, earlier, handed_in)
        learner.box.stop()  # all cells are loaded again when they are needed
        if again[0] == "right":
            own = learner.cells[place][0]
            own = "a later cell" if own.partition(",")[0] in names else own
            handed_in.notes.append(f"{', '.join(sorted(names))}: judged as it was before {own} changed what it uses")
            return again
        if again[0] == "wrong":
            if kind == "unclear":
                (kind, said), learner.raised = again, earlier.raised
            break
    return doubted(kind, said, learner, handed_in)


def doubted(kind, said, learner, handed_in):
    """The verdict, for the teacher's hand where a learner's machine may have had what this one has not."""
    if kind != "wrong":
        return kind, said
    failed = {key: elsewhere.doubt(words, handed_in.python) for key, (_, words) in learner.failed.items()}
    why = elsewhere.doubt(learner.raised or "", handed_in.python)
    if learner.raised and learner.raised.startswith("NameError"):  # a cell above may not have got as far
        why = why or next((f"{learner.raised}. {key}: {words}" for key, words in failed.items() if words), None)
    return ("unclear", why) if why else (kind, said)


def ran(cell, source, learner, handed_in):
    """(kind, said) of one check, with all the cells of a Learner."""
    learner.raised = None
    hidden = "\n".join(HIDDEN.findall(cell.source))
    used = {node.id for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Name)}
    space = {"torch": torch, "checks": checks}
    for own in filter(submissions.is_answer, source.cells):
        key, names = submissions.graded(own, "grade_id"), submissions.defined(own.source) & used
        if not names:
            continue
        if not all(map(learner.has, names)):  # by whatever cell: then it counts
            return undefined(key, names, learner, handed_in)
        space |= {name: learner.function(name) for name in names}
    missing = used - set(space) - set(dir(builtins))
    if missing:
        raise ValueError(f"the check uses {', '.join(sorted(missing))}, which no answer defines")
    learner.until = min(learner.box.clock() + PROBLEM_SECONDS, ALL_SECONDS)
    for part in (HIDDEN.sub("", cell.source), hidden):
        try:
            with redirect_stdout(io.StringIO()):
                exec(compile(part, "<check>", "exec"), dict(space))
        except NotImplementedError:
            return "not attempted", "Nothing was written."
        except TimeoutError as error:
            return "no time", f"It gave {error}."
        except Broken as error:
            learner.slow |= isinstance(error, Slow)
            return "ended", f"While it was judged, {error}."
        except checks.judge.NotRight as error:
            return "wrong", str(error)
        except Exception as error:
            return "wrong", f"{type(error).__name__}: {error}"
    return "right", "right"


def undefined(key, names, learner, handed_in):
    """(kind, said) where the cells leave no function of that name."""
    if key not in handed_in.answers:
        return "missing", "The cell of the answer is missing."
    if submissions.is_stub(handed_in.answers[key], names) or not handed_in.answers[key].strip():
        return "not attempted", "Nothing was written."
    kind, said = learner.failed.get(key) or (
        "unclear", f"Something was written, but it defines no function {' and '.join(sorted(names))}.")  # fmt: skip
    why = elsewhere.doubt(said, handed_in.python) if kind == "wrong" else None
    return ("unclear", why) if why else (kind, said)


@cache
def course():
    """A digest of all that a judgement depends on beside the set and the submission: library, grader, packages."""
    held = [path for part in ("course_lib", "tools/grading") for path in sorted((ROOT / part).rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts]  # fmt: skip
    packages = [platform.python_version(), *map(version, ("torch", "numpy", "nbformat", "ipython"))]
    return hashlib.sha256(b"\0".join([*contents(held), *(word.encode() for word in packages)])).hexdigest()


def contents(held):
    """Names and contents of files, each for the digest."""
    return [part for path in held for part in (path.name.encode(), path.read_bytes())]


def digest(folder, name, token, settings):
    """What decides how a submission is judged: its files, the set, the token, the limits, and the course itself.

    Of a file that is too large to be read, size and time; of one that cannot be read, why.
    """
    parts = [token.encode(), json.dumps(settings, sort_keys=True).encode(), course().encode()]
    parts += contents([ROOT / "solutions" / name / f"{name}.ipynb"])
    try:
        for one in files.candidates(folder, name):
            parts += [os.fsencode(one.path.name), f"{one.size} {one.size > files.LARGEST and one.time}".encode()]
            try:
                parts.append(files.content(one.path))
            except files.NotGradable as error:
                parts.append(error.why.encode())
    except files.NotGradable as error:
        parts.append(f"{error}".encode("utf-8", "replace"))
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def one(folder, student, name, token, settings):
    """judge, with the student and the digest; a fault of the grader is a row too, and is tried again next time."""
    about = {"student": student, "set": name, "digest": ""}
    try:
        return about | {"digest": digest(folder, name, token, settings)} | judge(folder, name, token, settings)
    except Exception as error:
        return about | fault(name, f"{type(error).__name__}: {error}")


def fault(name, why):
    """What is said where the grader itself failed."""
    return nothing(name) | {"status": "not gradable", "why": f"the grader failed: {lines(why, 500)}",
                            "todo": "Grade it by hand, and report the fault."}  # fmt: skip


def job(folder, student, key, name, token, settings, time, result):
    """Judge one submission, and leave what is said in the file result."""
    found = one(Path(folder), student, name, token, settings) | {"key": key, "time": time}
    write(result, json.dumps(found, indent=1))
