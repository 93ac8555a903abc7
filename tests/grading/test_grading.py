"""A class of honest, careless and hostile learners is graded in one run, and every one of them ends in a row."""

import csv
import json
import os
import shutil
import signal
import subprocess
import unicodedata
from pathlib import Path

import nbformat
import odd
import pytest
from careless import CARELESS
from handed_in import (
    ALL,
    LEARNERS,
    ONLY_BOXED,
    PLAIN,
    POINTS,
    REST,
    ROOT,
    SET,
    WROTE,
    body,
    cell,
    hand_in,
    right,
    rows,
    small_class,
)
from nbgrader.api import Gradebook
from pages import active, formgrader
from patience import until

from tools.grading import __main__ as grade
from tools.grading.harmless import cell as cell_of_table
from tools.grading.roster import identity

OTHERS = {key: points for key, points in POINTS.items() if key != "check_cell_update"}
OWN = "check_three_memories"  # of which every student has an instance
boxed = pytest.mark.skipif(
    shutil.which("bwrap") is None, reason="there is no bubblewrap (Debian: apt-get install bubblewrap)"
)


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The folder of the class, graded."""
    folder = tmp_path_factory.mktemp("class [2026] of #3")
    submitted = folder / "submitted"
    harm = odd.HARM if shutil.which("bwrap") else {}  # some of it would end every process of this user
    for student, (notebook, *_) in (LEARNERS | odd.HONEST | CARELESS | harm).items():
        hand_in(folder, student, notebook)
    for student, notebook in ONLY_BOXED.items():
        hand_in(folder, student, notebook)
    for student, (put, *_) in odd.FILES.items():
        put(student, submitted)
    for student, (notebook, _) in odd.ESSAY.items():
        odd.placed(notebook, None, odd.ESSAYS, f"{odd.ESSAYS}.ipynb")(student, submitted)
    hand_in(folder, "renamed", right(), "homework (1).ipynb")
    hand_in(folder, "two files", right(), "a.ipynb")
    hand_in(folder, "two files", body("return 0 * c"), "b.ipynb")
    (submitted / "no file" / SET).mkdir(parents=True)
    (submitted / "loose.ipynb").write_text("{}")
    (folder / "students.csv").write_bytes("id;name\nabsent;Ada\nright;Bo\n;nobody\nZoë;Z\nGröße\n".encode("latin-1"))
    said = grade.main(["--folder", str(folder), "--seconds", "1", "--jobs", "2"])
    assert "could not be graded" in said
    return folder


@boxed
def test_the_class_is_large(graded):
    assert len(rows(graded)) >= 120


@pytest.mark.parametrize("student", LEARNERS)
def test_every_learner_ends_in_a_row_with_the_points_that_were_earned(graded, student):
    _, points, status, why = LEARNERS[student]
    row = rows(graded)[student]
    assert row["status"] == status and why in row["why"]
    assert row["score"] == ("" if points is None else str(float(points))) and row["max_score"] == str(ALL)
    if points == REST:  # what one answer does is no harm to the others
        assert {key: float(row[key]) for key in OTHERS} == OTHERS


@pytest.mark.parametrize("student", odd.CASES | CARELESS, ids=ascii)
def test_odd_work_gets_its_points_or_a_sentence(graded, student):
    _, points, status, why = (odd.CASES | CARELESS)[student]
    if student in odd.HARM and not shutil.which("bwrap"):
        pytest.skip("there is no bubblewrap")
    row = rows(graded)[cell_of_table(identity(student))]
    assert (row["status"], row["score"]) == (status, "" if points is None else str(float(points))), row["why"]
    assert why in row["why"]
    assert (int(row["by_hand"]) > 0) == (status == "partly graded")  # what was not judged waits for the teacher


@pytest.mark.parametrize("student", odd.ESSAY)
def test_an_essay_is_shown_wherever_it_stands_and_waits_for_the_teacher(graded, student):
    _, waits = odd.ESSAY[student]
    row = rows(graded, odd.ESSAYS)[student]
    assert row["status"] == "graded" and int(row["by_hand"]) == waits, row["why"]
    place = graded / "autograded" / student / odd.ESSAYS
    assert (odd.WORDS in (place / f"{odd.ESSAYS}.ipynb").read_text()) == bool(waits)
    if student == "essay with a picture":
        assert [path.suffix for path in place.iterdir() if path.suffix != ".ipynb"] == [".png"]


def test_no_page_holds_anything_of_a_students_that_runs(graded):
    """Every page of feedback, and every page that Formgrader would make of what it opens."""
    pages = {path: path.read_text(encoding="utf-8") for path in graded.glob("feedback/*/*/*.html")}
    exporter = formgrader(graded)
    attack = graded / "autograded" / "essay that attacks" / odd.ESSAYS / f"{odd.ESSAYS}.ipynb"
    plain = graded / "autograded" / "no essay" / odd.ESSAYS / f"{odd.ESSAYS}.ipynb"
    made = {path: exporter(path) for path in (attack, plain)}
    empty = active(made[plain])
    assert active(made[attack]) == empty
    own = {name: active(next(page for path, page in pages.items() if path.stem == name and "no essay" in str(path)))
           for name in (odd.ESSAYS,)}  # fmt: skip
    own[SET] = active((graded / "feedback" / "right" / SET / f"{SET}.html").read_text(encoding="utf-8"))
    assert {path: active(page) for path, page in pages.items() if active(page) != own[path.stem]} == {}


def test_a_report_and_a_table_hold_nothing_that_a_terminal_or_a_spreadsheet_obeys(graded):
    for path in [graded / "report.md", graded / "grades.csv", *graded.glob("0*.csv"), *graded.glob("1*.csv")]:
        text = path.read_text(encoding="utf-8")
        assert not [c for c in text if unicodedata.category(c) in ("Cc", "Cf") and c != "\n"], path
    assert "<" not in (graded / "report.md").read_text(encoding="utf-8")
    assert "\n'=1+1," in (graded / "grades.csv").read_text(encoding="utf-8")


def test_a_loose_file_and_a_short_row_of_the_roster_are_named(graded):
    report = (graded / "report.md").read_text(encoding="utf-8")
    assert "loose.ipynb is a file" in report and "row 4 has no id" in report and "Windows-1252" in report


def test_a_cell_of_ones_own_that_fails_is_no_news_where_all_answers_are_right(graded):
    assert rows(graded)["own trial"]["why"] == ""


@boxed
@pytest.mark.parametrize("student", ONLY_BOXED)
def test_what_reaches_out_of_the_box_fails_and_the_rest_is_graded(graded, student):
    assert rows(graded)[student]["score"] == str(float(REST))


@boxed
def test_nothing_outside_the_box_was_touched(graded):
    assert not Path(WROTE).exists()
    assert (ROOT / "README.md").read_text(encoding="utf-8").startswith("# Why") and "CC BY" in (
        ROOT / "README.md"
    ).read_text()


def test_a_missing_file_and_a_missing_student_are_rows_too(graded):
    found = rows(graded)
    assert found["no file"]["status"] == "not gradable" and "there is no notebook" in found["no file"]["why"]
    assert found["two files"]["status"] == "not gradable"
    assert "2 notebooks with different answers" in found["two files"]["why"]
    assert found["absent"]["status"] == "not gradable" and "nothing was handed in" in found["absent"]["why"]
    assert found["renamed"]["score"] == str(float(ALL)) and "homework (1).ipynb" in found["renamed"]["why"]


def test_the_list_for_a_learning_management_system_and_the_report_hold_every_student(graded):
    with (graded / "grades.csv").open(encoding="utf-8") as file:
        totals = {row["student"]: row for row in csv.DictReader(file)}
    for name in (SET, odd.ESSAYS):
        assert {student: row[name] for student, row in totals.items()} == {
            student: row["score"] for student, row in rows(graded, name).items()
        }
    report = (graded / "report.md").read_text(encoding="utf-8")
    assert "bubblewrap" in report and "**cut off**: not gradable" in report


def test_feedback_says_which_mistake_it_is_and_hides_the_hidden_tests(graded):
    page = (graded / "feedback" / "wrong" / SET / f"{SET}.html").read_text(encoding="utf-8")
    assert "This is what comes out when" in page
    assert "HIDDEN" not in page and "hidden=True" not in page


def test_a_second_run_judges_nothing_again_and_says_the_same(graded):
    before = rows(graded)
    stamps = {path: path.stat().st_mtime_ns for path in graded.glob("judged/*/*.json")}
    pages = {path: path.stat().st_mtime_ns for path in graded.glob("feedback/*/*/*.html")}
    grade.main(["--folder", str(graded), "--seconds", "1", "--jobs", "2"])
    assert rows(graded) == before
    assert {path: path.stat().st_mtime_ns for path in graded.glob("judged/*/*.json")} == stamps
    assert {path: path.stat().st_mtime_ns for path in graded.glob("feedback/*/*/*.html")} == pages


def test_points_given_by_hand_stay_when_the_submission_changes(tmp_path):
    small_class(tmp_path, 1)
    grade.main(["--folder", str(tmp_path), "--jobs", "1"])
    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}", "gating") as book:
        given = book.find_grade("check_cell_update", SET, SET, "s0")
        assert given.score == 0
        given.manual_score = 0.5
        book.db.commit()
    hand_in(tmp_path, "s0", body("return 1 * c"))
    grade.main(["--folder", str(tmp_path), "--jobs", "1"])
    assert rows(tmp_path)["s0"]["check_cell_update"] == "0.5"


@pytest.mark.skipif(os.name == "nt", reason="there is no kill -9 on Windows")
def test_a_run_that_was_killed_goes_on_where_it_was(tmp_path, start):
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    small_class(killed), small_class(whole)
    run = start(
        "-m", "tools.grading", *PLAIN, "--jobs", "1", "--folder", killed, stdout=subprocess.DEVNULL, stderr=None
    )
    until(lambda: list(killed.glob("judged/*/*.json")), run)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    kept = [path for path in killed.glob("judged/*/*.json") if json.loads(path.read_text())]
    stamps = {path: path.stat().st_mtime_ns for path in kept}
    for folder in (killed, whole):
        grade.main(["--folder", str(folder), "--jobs", "1"])
    assert rows(killed) == rows(whole)
    assert kept and all(path.stat().st_mtime_ns == stamps[path] for path in kept)


def test_damaged_files_of_an_earlier_run_are_made_anew(tmp_path):
    small_class(tmp_path, 2)
    grade.main(["--folder", str(tmp_path), "--jobs", "2"])
    (tmp_path / "judged" / SET / "s0.json").write_text('{"half', encoding="utf-8")
    (tmp_path / "judged" / SET / "s1.json").write_text('{"student": "s1"}', encoding="utf-8")
    (tmp_path / "judged" / "01_recurrence").mkdir()
    (tmp_path / "judged" / "01_recurrence" / "s1.json").write_text('{"student": "s1"}', encoding="utf-8")
    (tmp_path / "books.json").write_text("[]", encoding="utf-8")
    grade.main(["--folder", str(tmp_path), "--jobs", "2"])
    assert [row["score"] for row in rows(tmp_path).values()] == [str(float(REST)), str(float(ALL))]
    (tmp_path / "gradebook.db").write_bytes(b"no database" * 999)
    with pytest.raises(SystemExit, match="gradebook.db cannot be read"):
        grade.main(["--folder", str(tmp_path), "--jobs", "2"])


def test_every_student_has_an_instance_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_SECRET", "not told")
    hand_in(tmp_path, "copies the public solution", right())
    grade.main(["--folder", str(tmp_path), "--jobs", "1"])
    row = rows(tmp_path)["copies the public solution"]
    assert float(row[OWN]) == 0 < float(row["score"]) and row["status"] == "graded"


def test_without_bubblewrap_the_limits_hold_and_the_report_says_what_is_not_protected(tmp_path, capsys):
    hand_in(tmp_path, "right", right())
    hand_in(tmp_path, "loop", body("while True: pass"))
    grade.main(["--folder", str(tmp_path), "--plain", "--seconds", "2", "--jobs", "1"])
    assert rows(tmp_path)["right"]["score"] == str(float(ALL)) and rows(tmp_path)["loop"]["score"] == str(float(REST))
    assert "nothing kept it from reading files" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["99_none"], "There is no set 99_none. Sets: 01_recurrence"), ([], "Nothing to grade")],
)
def test_a_wrong_name_and_an_empty_folder_are_told_at_the_door(tmp_path, arguments, said):
    with pytest.raises(SystemExit, match=said):
        grade.main(["--folder", str(tmp_path), *arguments])


def test_a_list_of_students_without_ids_is_told_at_the_door(tmp_path):
    small_class(tmp_path, 1)
    (tmp_path / "students.csv").write_text("name\nAda\n")
    with pytest.raises(SystemExit, match="a column called id"):
        grade.main(["--folder", str(tmp_path), "--jobs", "1"])


def test_an_essay_whose_cell_is_gone_is_not_replaced_by_the_teachers_own(tmp_path):
    name = "11_which_gate_matters"
    notebook = nbformat.read(ROOT / "solutions" / name / f"{name}.ipynb", as_version=4)
    notebook.cells.remove(cell(notebook, "ablation_experiment"))
    (tmp_path / "submitted" / "s" / name).mkdir(parents=True)
    nbformat.write(notebook, tmp_path / "submitted" / "s" / name / f"{name}.ipynb")
    grade.main(["--folder", str(tmp_path), "--jobs", "1"])
    with (tmp_path / f"{name}.csv").open(encoding="utf-8") as file:
        row = next(csv.DictReader(file))
    others = sum(found.metadata.get("nbgrader", {}).get("solution", False) and found.metadata.nbgrader.grade
                 for found in notebook.cells)  # fmt: skip
    assert row["ablation_experiment"] == "0.0" and row["by_hand"] == str(others) and "cell is missing" in row["why"]
    page = (tmp_path / "feedback" / "s" / name / f"{name}.html").read_text(encoding="utf-8")
    assert "Your answer." in page and "One possible answer" not in page


def test_without_bubblewrap_nothing_runs_unless_that_is_meant(tmp_path, monkeypatch):
    small_class(tmp_path, 1)
    monkeypatch.setattr(grade, "BWRAP", None)
    with pytest.raises(SystemExit, match="would run with your rights"):
        grade.main(["--folder", str(tmp_path), "--jobs", "1"])
    assert not (tmp_path / "judged").exists()


def test_a_box_that_does_not_start_is_told_before_anything_is_graded(tmp_path, monkeypatch):
    small_class(tmp_path, 1)
    monkeypatch.setattr(grade, "BWRAP", shutil.which("false"))
    with pytest.raises(SystemExit, match="does not start: its process ended"):
        grade.main(["--folder", str(tmp_path), "--jobs", "1"])
    assert not (tmp_path / "judged").exists()
