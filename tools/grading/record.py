"""Bring what was judged into nbgrader's gradebook, and get points and pages of feedback back."""

import csv
import json
import logging
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import CheckCellMetadata, DeduplicateIds, GetGrades, OverwriteCells, SaveAutoGrades
from nbgrader.preprocessors.base import NbGraderPreprocessor

from course_lib.files import write
from tools.grading import submissions
from tools.grading.judge import HIDDEN, NOT_JUDGED, ROOT, solution


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
        config = submissions.config()
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
            cell.source = found["answers"].get(key) or submissions.stub(cell)
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
