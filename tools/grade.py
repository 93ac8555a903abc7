"""Grade what a class handed in: a row for every student, a page of feedback, and a report.

    make grade                                     every set in grading/submitted/STUDENT/SET/
    make grade ARGS="07_the_lstm --jobs 4"
    COURSE_SECRET=... make grade                   every student has an instance of their own (tools/tokens.py)

1 collect   the answers are found in the notebook, whatever state it is in (tools/submissions.py); nothing is run
2 judge     the answers run in a box (tools/sandbox.py). The checks of solutions/ run outside it, in this process: they
            ask the box for the value of a function, and plain data comes back. So an answer cannot reach the checks,
            their references, other answers or the gradebook, whatever it does to the process that it runs in.
3 record    a clean notebook, with what the checks said, goes through nbgrader's autograder into its gradebook: points,
            manual grading in formgrader and feedback are nbgrader's

Everything is under grading/ (--folder): gradebook.db, judged/ (one file per submission), autograded/, feedback/,
grades.csv (a line per student, for a learning-management system), SET.csv (a line per student, points per problem) and
report.md. A file is written whole or not at all, and a submission that was judged is not judged again until it or the
set changes: a run that was killed goes on where it was. Points given by hand stay.
"""

import argparse
import ast
import builtins
import csv
import hashlib
import io
import json
import logging
import os
import re
import sys
import time
import warnings
from contextlib import redirect_stdout
from pathlib import Path
from subprocess import SubprocessError

import nbformat
import torch
from joblib import Parallel, delayed
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import CheckCellMetadata, DeduplicateIds, GetGrades, OverwriteCells, SaveAutoGrades
from nbgrader.preprocessors.base import NbGraderPreprocessor
from sqlalchemy.exc import SAWarning
from tqdm import tqdm
from traitlets.config import PyFileConfigLoader

from course_lib import checks
from course_lib.checks import judge as judging
from course_lib.files import write
from tools import submissions
from tools.sandbox import BWRAP, Box, Broken, protection

ROOT = Path(__file__).resolve().parents[1]
HIDDEN = re.compile(r"### BEGIN HIDDEN TESTS\n(.*?)### END HIDDEN TESTS\n?", re.DOTALL)
LOAD_SECONDS = 60  # for all cells of one submission
PROBLEM_SECONDS = 60  # for all cases of one problem
STATUSES = ("graded", "partly graded", "not gradable")
NOTHING = {"status": "not gradable", "why": "nothing was handed in", "todo": "Ask for the file."}
TRY = "bwrap --unshare-all --ro-bind / / true"
NOT_JUDGED = ("no time", "ended", "missing")  # why a problem is not judged; every other one is


def solution(name):
    """The source notebook of a set."""
    return nbformat.read(ROOT / "solutions" / name / f"{name}.ipynb", as_version=4)


# ---- Judge ----


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
    judging.TOKEN = token
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
        except judging.NotRight as error:
            return {"points": points, "kind": "wrong", "said": str(error)}
        except Exception as error:
            return {"points": points, "kind": "wrong", "said": f"{type(error).__name__}: {error}"}
    return {"points": points, "kind": "right", "said": "right"}


def digest(folder, name, token):
    """What decides how a submission is judged: its files, the set, the checks and the token."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    files += [ROOT / "solutions" / name / f"{name}.ipynb", *sorted(Path(checks.__file__).parent.glob("*.py"))]
    parts = [part for path in files for part in (path.name.encode(), path.read_bytes())]
    return hashlib.sha256(b"\0".join([token.encode(), *parts])).hexdigest()


def one(folder, student, name, token, settings):
    """judge, with the student and the digest; a fault of the grader is a row too, and is tried again next time."""
    about = {"student": student, "digest": digest(folder, name, token)}
    try:
        return about | judge(folder, name, token, settings)
    except Exception as error:
        return about | {"set": name, "digest": "", "status": "not gradable", "notes": [], "problems": {}, "answers": {},
                        "extra": [], "why": f"the grader failed: {type(error).__name__}: {error}",
                        "todo": "Grade it by hand, and report the fault."}  # fmt: skip


# ---- Record, through nbgrader ----


class HideTests(NbGraderPreprocessor):
    """Take the hidden tests out of a page of feedback."""

    def preprocess_cell(self, cell, resources, index):
        cell.source = HIDDEN.sub("", cell.source)
        return cell, resources


class Class:
    """The folder of a class, and nbgrader on it."""

    def __init__(self, folder):
        self.folder = Path(folder).resolve()
        self.url = f"sqlite:///{self.folder / 'gradebook.db'}"
        config = PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config()
        course = config.CourseDirectory
        course.root, course.db_url = str(ROOT), self.url
        course.source_directory, course.release_directory = str(ROOT / "solutions"), str(self.folder / "release")
        course.submitted_directory = str(self.folder / "clean")
        course.autograded_directory = str(self.folder / "autograded")
        course.feedback_directory = str(self.folder / "feedback")
        config.Autograde.sanitize_preprocessors = [DeduplicateIds, OverwriteCells, CheckCellMetadata]
        config.Autograde.autograde_preprocessors = [SaveAutoGrades, CheckCellMetadata]
        self.config = config

    def convert(self, Converter, name, student=None, **options):
        """Run one of nbgrader's converters on one set, or on the set of one student."""
        config = self.config.copy()
        config.CourseDirectory.assignment_id = name
        if student is not None:
            config.CourseDirectory.student_id = student
        for option, value in ({"force": True} | options).items():
            setattr(config[Converter.__name__], option, value)
        converter = Converter(coursedir=CourseDirectory(config=config), config=config)
        converter.log.setLevel(logging.CRITICAL)
        converter.start()

    def submitted(self, chosen):
        """[(student, set, folder)] of what was handed in, for the chosen sets or for all."""
        places = sorted((self.folder / "submitted").glob("*/*/"))
        known = {path.name for path in (ROOT / "solutions").iterdir()}
        found = [(path.parent.name, path.name, path) for path in places if path.name in (chosen or known)]
        return [place for place in found if place[1] in known]

    def students(self, found):
        """Every student: those in students.csv (a column `id`), if there is one, and those who handed something in."""
        listed = self.folder / "students.csv"
        ids = []
        if listed.exists():
            with listed.open(encoding="utf-8-sig", newline="") as file:
                rows = list(csv.DictReader(file))
            if not rows or "id" not in rows[0]:
                raise SystemExit(f"{listed} needs a first line with a column called id.")
            ids = [row["id"].strip() for row in rows]
        return sorted({*ids, *(student for student, _, _ in found)} - {""})

    def judged(self, student, name):
        """What was kept about a submission, None where nothing was, or where its file is damaged."""
        try:
            return json.loads((self.folder / "judged" / name / f"{student}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def record(self, found, *, show_hidden):
        """Bring a judged submission into the gradebook, unless it is there, and write its page of feedback."""
        student, name = found["student"], found["set"]
        done = self.folder / "recorded" / name / f"{student}.txt"
        if not done.exists() or done.read_text(encoding="utf-8") != found["digest"]:
            write(self.folder / "clean" / student / name / f"{name}.ipynb", nbformat.writes(annotated(found)))
            self.convert(Autograde, name, student)
            write(done, found["digest"])
        pages = [GetGrades] if show_hidden else [GetGrades, HideTests]
        self.convert(GenerateFeedback, name, student, preprocessors=pages)

    def scores(self, name):
        """{student: {problem: (points, waits to be graded by hand)}} from the gradebook."""
        with Gradebook(self.url, self.config.CourseDirectory.course_id) as book:
            return {
                handed_in.student_id: {
                    grade.name: (grade.score, grade.needs_manual_grade)
                    for notebook in handed_in.notebooks
                    for grade in notebook.grades
                }
                for handed_in in book.assignment_submissions(name)
            }


def annotated(found):
    """The notebook of a set with a student's answers, and under each check what it said."""
    notebook = solution(found["set"])
    for cell in notebook.cells:
        key = submissions.graded(cell, "grade_id")
        if submissions.is_answer(cell):
            cell.source = found["answers"].get(key) or submissions.graded_stub(cell)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        if key in found["problems"]:
            cell.outputs = [output(found["problems"][key])]
    notebook.cells += [nbformat.v4.new_code_cell(text) for text in found["extra"]]
    return notebook


def output(said):
    """What a check said, as the output that nbgrader takes its points from: an error is no points."""
    if said["kind"] == "right":
        return nbformat.v4.new_output("stream", text="right\n")
    lines = [said["said"], *(["Not judged: no points, until the teacher decides."] * (said["kind"] in NOT_JUDGED))]
    return nbformat.v4.new_output("error", ename=said["kind"], evalue=said["said"], traceback=lines)


# ---- What the teacher reads ----


def table(rows):
    """rows, dicts with the same keys, as CSV. A cell that a spreadsheet would take for a formula gets an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(rows[0])
    for row in rows:
        writer.writerow([f"'{cell}" if str(cell)[:1] in ("=", "+", "@") else cell for cell in row.values()])
    return out.getvalue()


def row(student, name, found, scores):
    """The line of one student in SET.csv; a submission that is not gradable has no points."""
    cells = [cell for cell in solution(name).cells if submissions.graded(cell, "grade")]
    most = {submissions.graded(cell, "grade_id"): submissions.graded(cell, "points") for cell in cells}
    own = {} if "why" in found else scores[student]
    if "why" in found:
        why = [f"{found['why']}. {found['todo']}"]
    else:
        skipped = {key: one["said"] for key, one in found["problems"].items() if one["kind"] in NOT_JUDGED}
        why = [f"{key}: {said.splitlines()[0]}" for key, said in skipped.items()] + found["notes"]
    return {
        "student": student,
        "status": found["status"],
        "score": sum(points for points, _ in own.values()) if own else "",
        "max_score": sum(most.values()),
        "by_hand": sum(waits for _, waits in own.values()),
        **{key: own[key][0] if own else "" for key in most},
        "why": "; ".join(why),
    }


def counts(rows):
    """How many students are graded, partly graded, not gradable, in words."""
    return ", ".join(f"{sum(one['status'] == status for one in rows)} {status}" for status in STATUSES)


def report(tables, bwrap, seconds):
    """report.md, line by line."""
    yield "# Report\n"
    yield f"{protection(bwrap)} {seconds:.0f} seconds.\n"
    for name, rows in tables.items():
        yield f"## {name}\n"
        yield f"{counts(rows)}, of {len(rows)} students.\n"
        waiting = sum(one["by_hand"] for one in rows)
        if waiting:
            yield f"{waiting} answers wait to be graded by hand: `nbgrader formgrader`, see docs/teaching.md.\n"
        yield from (f"- **{one['student']}**: {one['status']}. {one['why']}" for one in rows if one["why"])
        yield ""


def grade(course, sets, *, jobs, seconds, bwrap, show_hidden):
    """Judge what is new, record it, and write what the teacher reads. {set: rows}"""
    began = time.monotonic()
    secret, work, done = os.environ.get("COURSE_SECRET", ""), [], {}
    handed_in = course.submitted(sets)
    for student, name, folder in handed_in:
        token = judging.token(student, secret) if secret else ""
        kept = course.judged(student, name)
        if kept and kept["digest"] == digest(folder, name, token):
            done[student, name] = kept
        else:
            work.append((folder, student, name, token, {"bwrap": bwrap, "seconds": seconds}))
    results = Parallel(n_jobs=jobs, return_as="generator_unordered")(delayed(one)(*job) for job in work)
    for found in tqdm(results, total=len(work), desc="judged", disable=None):
        write(course.folder / "judged" / found["set"] / f"{found['student']}.json", json.dumps(found, indent=1))
        done[found["student"], found["set"]] = found
    names, students, tables = sorted({name for _, name in done}), course.students(handed_in), {}
    for name in names:
        course.convert(GenerateAssignment, name)
    for found in tqdm([found for found in done.values() if "why" not in found], desc="recorded", disable=None):
        try:
            course.record(found, show_hidden=show_hidden)
        except Exception as error:  # one student's notebook does not stop the others
            found |= {"status": "not gradable", "why": f"nbgrader failed: {type(error).__name__}: {error}",
                      "todo": "Grade it by hand, and report the fault."}  # fmt: skip
    for name in names:
        scores = course.scores(name)
        tables[name] = [row(student, name, done.get((student, name), NOTHING), scores) for student in students]
        write(course.folder / f"{name}.csv", table(tables[name]))
    scores = {name: {one["student"]: one["score"] for one in rows} for name, rows in tables.items()}
    totals = [{"student": student} | {name: scores[name][student] for name in names} for student in students]
    write(course.folder / "grades.csv", table(totals))
    write(course.folder / "report.md", "\n".join(report(tables, bwrap, time.monotonic() - began)))
    return tables


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("sets", nargs="*", metavar="SET", help="all sets that were handed in, when omitted")
    add("--folder", type=Path, default=ROOT / "grading", help="where submitted/ is, and where all results go")
    add("--jobs", type=int, default=os.cpu_count(), help="submissions judged at the same time")
    add("--seconds", type=float, default=10, help="for one cell or one call of a function")
    add("--plain", action="store_true", help="do without bubblewrap, also where it is there")
    add("--show-hidden-tests", action="store_true", help="in the feedback: once the deadline is over")
    asked = parser.parse_args(arguments)
    if os.name == "nt":
        sys.exit("Grading needs Linux or macOS. On Windows, run it in WSL.")
    known = sorted(path.name for path in (ROOT / "solutions").iterdir())
    unknown = [name for name in asked.sets if name not in known]
    if unknown:
        sys.exit(f"There is no set {unknown[0]}. Sets: {', '.join(known)}")
    course, bwrap = Class(asked.folder), None if asked.plain else BWRAP
    if not course.submitted(asked.sets):
        sys.exit(f"Nothing to grade: put submissions into {asked.folder}/submitted/STUDENT/SET/SET.ipynb.")
    # nbgrader runs alembic, which is beside Python.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    warnings.filterwarnings("ignore", category=SAWarning)  # nbgrader's own, in every run
    try:
        with Box(bwrap=bwrap) as box:
            box.run("")
    except (Broken, OSError, SubprocessError) as error:
        sys.exit(f"The box for learners' code does not start: {error}. See what this says:\n  {TRY}\n"
                 "`make grade ARGS=--plain` does without bubblewrap.")  # fmt: skip
    print(protection(bwrap))
    tables = grade(course, asked.sets, jobs=asked.jobs, seconds=asked.seconds, bwrap=bwrap,
                   show_hidden=asked.show_hidden_tests)  # fmt: skip
    for name, rows in tables.items():
        print(f"{name}: {counts(rows)}")
    print(f"See {course.folder / 'report.md'}")


if __name__ == "__main__":
    main()
