"""Bring what was judged into nbgrader's gradebook, and get points and pages of feedback back."""

import errno
import hashlib
import json
import logging
import os
import re
import time
import warnings
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import nbformat
import nbgrader.api
from jinja2 import BytecodeCache
from nbconvert.exporters import HTMLExporter, NotebookExporter
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.dbutil import ALEMBIC_DIR
from nbgrader.preprocessors import CheckCellMetadata, DeduplicateIds, GetGrades, OverwriteCells, SaveAutoGrades
from nbgrader.preprocessors.base import NbGraderPreprocessor
from sqlalchemy.exc import SAWarning

from course_lib.files import write
from tools.grading import files, gradebook, judge, lateness, submissions
from tools.grading.books import Books
from tools.grading.harmless import essay, line, lines
from tools.grading.judge import NOT_JUDGED, ROOT
from tools.grading.submissions import HIDDEN

SPECIAL = re.compile(r"[\[\]*?#%{}]")  # nbgrader takes a path as a pattern, and as an address of its database
FULL = ("No space left", "disk is full")  # what nbgrader and its database say of a full disk
TRIES = 6  # where another process writes to the gradebook


def version():
    """The version of the gradebook's tables, as alembic knows it."""
    from alembic.script import ScriptDirectory  # which only a new gradebook needs

    return ScriptDirectory(ALEMBIC_DIR).get_current_head()


nbgrader.api.get_alembic_version = version  # its own starts alembic in another process, for seconds


class HideTests(NbGraderPreprocessor):
    """Take the hidden tests out of a page of feedback."""

    def preprocess_cell(self, cell, resources, index):
        cell.source = HIDDEN.sub("", cell.source)
        return cell, resources


class Compiled(BytecodeCache):
    """Keeps compiled templates for the next page of this process, or of its copies."""

    held = {}

    def load_bytecode(self, bucket):
        if bucket.key in self.held:
            bucket.bytecode_from_string(self.held[bucket.key])

    def dump_bytecode(self, bucket):
        self.held[bucket.key] = bucket.bytecode_to_string()


class Page(HTMLExporter):
    """A page of feedback."""

    def _create_environment(self):
        environment = super()._create_environment()
        environment.bytecode_cache = Compiled()
        return environment


class Failed(Exception):
    """nbgrader could not do what it should; the message says why."""


class Kept(logging.Handler):
    """Keeps what is logged as an error."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.said = []

    def emit(self, record):
        self.said.append(record.getMessage())


def plain(folder):
    """A path without special characters to a folder: itself, or a link to it."""
    if not SPECIAL.search(str(folder)):
        return folder
    link = Path(mkdtemp(prefix=f"box-{os.getpid()}-")) / "class"
    link.symlink_to(folder, target_is_directory=True)
    return link


class Class:
    """The folder of a class, and nbgrader on it."""

    def __init__(self, folder):
        self.folder = Path(folder).resolve()
        warnings.filterwarnings("ignore", category=SAWarning)  # nbgrader's own, in every run
        root, here = plain(ROOT), plain(self.folder)
        self.url = f"sqlite:///{here / 'gradebook.db'}"
        config = submissions.config().copy()
        course = config.CourseDirectory
        course.root, course.db_url = str(root), self.url
        course.source_directory, course.release_directory = str(root / "solutions"), str(here / "release")
        course.submitted_directory = str(here / "clean")
        course.autograded_directory = str(here / "autograded")
        course.feedback_directory = str(here / "feedback")
        config.Autograde.exporter_class = NotebookExporter  # nothing is run here
        config.GenerateFeedback.exporter_class = Page
        config.Autograde.sanitize_preprocessors = [DeduplicateIds, OverwriteCells, CheckCellMetadata]
        config.Autograde.autograde_preprocessors = [SaveAutoGrades, CheckCellMetadata]
        self.config = config

    def convert(self, Converter, name, student=None, **options):
        """Run one of nbgrader's converters on one set, or on the set of one student. Failed, with the cause."""
        config = self.config.copy()
        config.CourseDirectory.assignment_id = name
        if student is not None:
            config.CourseDirectory.student_id = student
        for option, value in ({"force": True} | options).items():
            setattr(config[Converter.__name__], option, value)
        converter, kept = Converter(coursedir=CourseDirectory(config=config), config=config), Kept()
        log = logging.getLogger(f"grading.{os.getpid()}")
        log.handlers, log.propagate, converter.log = [kept], False, log
        try:
            converter.start()
        except (Exception, SystemExit) as error:
            traces = [said.strip().splitlines()[-1] for said in kept.said if said.startswith("Traceback")]
            raise Failed(line((traces or [f"{type(error).__name__}: {error}"])[0], 300)) from None

    def book(self):
        return Gradebook(self.url, self.config.CourseDirectory.course_id)

    def assign(self, name, books):
        """Bring a set into the gradebook, where it is new or has changed; say what became of it, or None.

        nbgrader adds no problem to a set that somebody handed in, and takes none away: then the set is made anew, and
        the submissions are recorded again.
        """
        now = hashlib.sha256((ROOT / "solutions" / name / f"{name}.ipynb").read_bytes()).hexdigest()
        if books.last() and books.set_digest(name) == now:
            return None
        wanted = {submissions.graded(cell, "grade_id") for cell in submissions.solution(name).cells} - {None}
        said = None
        with self.book() as book:
            try:
                held = {cell.name for one in book.find_assignment(name).notebooks for cell in one.source_cells}
                if held and held != wanted:
                    new, gone = sorted(wanted - held), sorted(held - wanted)
                    said = (f"{name} has other problems than before (new: {', '.join(new) or 'none'}; gone: "
                            f"{', '.join(gone) or 'none'}): everybody was recorded anew.")  # fmt: skip
                    book.remove_assignment(name)
            except MissingEntry:
                pass
        self.convert(GenerateAssignment, name)
        books.set_digest(name, now)
        return said

    def record(self, found, books, *, autograde, show_hidden):
        """Bring a judged submission into the gradebook, and write its page of feedback."""
        student, name = found["key"], found["set"]
        if autograde:
            place = self.folder / "clean" / student / name
            notebook, pictures = annotated(found)
            write(place / f"{name}.ipynb", nbformat.writes(notebook))
            for file, data in pictures.items():
                write(place / file, data)
            if found.get("time"):
                write(place / "timestamp.txt", f"{lateness.moment(found['time']):%Y-%m-%d %H:%M:%S} UTC")
            for k in range(TRIES):
                try:
                    self.convert(Autograde, name, student)
                    break
                except Failed as error:
                    if "locked" not in str(error) or k == TRIES - 1:
                        raise
                    time.sleep(0.2 * 2**k)
            keys = {key for key, one in found["problems"].items() if one["kind"] in NOT_JUDGED}
            with self.book() as book:
                gradebook.queue(book, name, student, keys)
            books.record(student, name, found["digest"])
        self.convert(GenerateFeedback, name, student, preprocessors=[GetGrades, *([] if show_hidden else [HideTests])])


def annotated(found):
    """(the notebook of a set with a student's answers, and under each check what it said; {file: picture})."""
    notebook, pictures = nbformat.from_dict(submissions.solution(found["set"])), {}
    shown, used = [], 0
    for cell in notebook.cells:
        key = submissions.graded(cell, "grade_id")
        if submissions.is_essay(cell):
            cell.source = words(found["essays"].get(key, []), key, pictures) or submissions.stub(cell)
        elif submissions.is_answer(cell):
            cell.source = found["answers"].get(key) or submissions.stub(cell)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        if key in found["problems"]:
            cell.outputs = [output(found["problems"][key])]
        shown.append(cell)
    shown += [nbformat.v4.new_code_cell(source) for source in found["extra"]]
    if found["texts"]:
        shown.append(nbformat.v4.new_markdown_cell(words(found["texts"], "own-text", pictures)))
    for cell in shown:
        cell.id, used = f"cell-{used}", used + 1
    notebook.cells = shown
    return notebook, pictures


def words(pieces, name, pictures):
    """What a student wrote, as HTML that cannot do anything."""
    made = [essay(one["source"], one["attachments"], f"{name}-{k + 1}") for k, one in enumerate(pieces)]
    for _, held in made:
        pictures |= held
    return "\n\n".join(html for html, _ in made)


def output(said):
    """What a check said, as the output that nbgrader takes its points from: an error is no points."""
    if said["kind"] == "right":
        return nbformat.v4.new_output("stream", text="right\n")
    told = lines(said["said"])
    waits = ["Not judged: no points, until the teacher decides."] * (said["kind"] in NOT_JUDGED)
    return nbformat.v4.new_output("error", ename=said["kind"], evalue=told, traceback=[told, *waits])


def handed_in_at(folder):
    """(the time in a folder's timestamp.txt, as it stands there, or None; why, where there is a file without one)."""
    file = Path(folder) / "timestamp.txt"
    if not os.path.lexists(file):
        return None, ""
    try:
        said, _ = files.text(files.content(file)[:100])
        return (said.strip(), "") if lateness.moment(said.strip()) else (None, "")
    except (files.NotGradable, ValueError) as error:
        return None, f"timestamp.txt: {getattr(error, 'why', error)}"


def rehearse():
    """Record nobody's submission in a folder that is thrown away: copies of this process then need half the time."""
    name = min(path.name for path in (ROOT / "solutions").iterdir() if path.is_dir())
    found = judge.nothing(name) | {"key": "nobody", "digest": ""}
    with suppress(Exception), TemporaryDirectory(prefix=f"box-{os.getpid()}-") as folder:  # the jobs say what is wrong
        course = Class(folder)
        course.convert(GenerateAssignment, name)
        course.record(found, Books(course.folder), autograde=True, show_hidden=False)


def job(folder, judged, autograde, show_hidden):
    """Record one judged submission; the file of the judgement says afterwards what failed, in "unrecorded"."""
    judged = Path(judged)
    found = json.loads(judged.read_text(encoding="utf-8"))
    before = found.pop("unrecorded", None)
    try:
        course = Class(folder)
        course.record(found, Books(course.folder), autograde=autograde, show_hidden=show_hidden)
    except Failed as error:
        if any(words in str(error) for words in FULL):
            raise OSError(errno.ENOSPC, str(error)) from None
        found["unrecorded"] = str(error)
    if found.get("unrecorded") != before:
        write(judged, json.dumps(found, indent=1))
