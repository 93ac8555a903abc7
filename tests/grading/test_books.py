"""What is known of a class survives what happens to its files, and what changed is said."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import odd
import pytest
from handed_in import ALL, REST, ROOT, SET, body, hand_in, right, rows
from nbgrader.api import Gradebook

from tools.grading import __main__ as grade
from tools.grading import lateness, report, roster, submissions
from tools.grading.books import Books, Changed
from tools.grading.record import handed_in_at


def run(folder, *arguments):
    grade.main(["--folder", str(folder), "--jobs", "1", *arguments])
    return (folder / "report.md").read_text(encoding="utf-8")


def give(folder, student, points):
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}", "gating") as book:
        grade = book.find_grade("check_cell_update", SET, SET, student)
        grade.manual_score = points
        book.find_comment("cell_update", SET, SET, student).manual_comment = "Well tried."
        book.db.commit()


def totals(folder):
    with (folder / "grades.csv").open(encoding="utf-8") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def test_one_set_leaves_the_others_and_what_was_given_by_hand_outlives_the_gradebook_and_an_id(tmp_path):
    hand_in(tmp_path, "old", body("return 0 * c"))
    (tmp_path / "submitted" / "old" / SET / "timestamp.txt").write_text("2026-03-01 10:00:00 UTC")
    run(tmp_path)
    assert rows(tmp_path)["old"]["handed_in"] == "2026-03-01 10:00:00 UTC"
    shutil.copy(tmp_path / "gradebook.db", tmp_path / "backup.db")
    give(tmp_path, "old", 0.5)
    odd.placed(odd.ESSAY["essay"][0], None, odd.ESSAYS, f"{odd.ESSAYS}.ipynb")("old", tmp_path / "submitted")
    assert "gradebook" not in run(tmp_path, odd.ESSAYS)
    assert totals(tmp_path)["old"][SET] == str(REST + 0.5) and totals(tmp_path)["old"][odd.ESSAYS] != ""
    shutil.copy(tmp_path / "backup.db", tmp_path / "gradebook.db")
    assert "that of run 1, and the last run was number 2" in run(tmp_path)
    assert totals(tmp_path)["old"][SET] == str(REST + 0.5)
    (tmp_path / "gradebook.db").unlink()
    (tmp_path / "submitted" / "old").rename(tmp_path / "submitted" / "new")
    (tmp_path / "students.csv").write_text("id,was\nnew,old\n", encoding="utf-8")
    assert "The gradebook is gone" in run(tmp_path)
    assert totals(tmp_path)["new"][SET] == str(REST + 0.5) and list(totals(tmp_path)) == ["new"]
    assert "Well tried." in (tmp_path / "feedback" / "new" / SET / f"{SET}.html").read_text(encoding="utf-8")


def test_another_secret_is_refused_unless_it_is_meant(tmp_path):
    for secret, told in [("one", None), ("one", None), ("", "now there is none"), ("two", "another COURSE_SECRET")]:
        books = Books(tmp_path)
        if told:
            with pytest.raises(Changed, match=told):
                books.check_secret(secret, new=False)
            books.check_secret(secret, new=True)
        else:
            books.check_secret(secret, new=False)
            books.close({})
    assert "one" not in (tmp_path / "books.json").read_text().replace("null", "")


@pytest.fixture
def course(tmp_path):
    """A course of which anything may be changed."""
    for part in ("course_lib", "tools", f"solutions/{SET}"):
        shutil.copytree(ROOT / part, tmp_path / part)  # with what Python has compiled of it
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    return tmp_path


def test_a_set_that_changes_in_the_middle_of_the_term_is_recorded_anew_and_points_above_its_maximum_are_lowered(course):
    def graded():
        command = [sys.executable, "-m", "tools.grading", "--jobs", "1", "--plain"]
        done = subprocess.run(command, cwd=course, env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(course)},
                              capture_output=True, text=True)  # fmt: skip
        assert done.returncode == 0, done.stderr
        return (course / "grading" / "report.md").read_text(encoding="utf-8")

    hand_in(course / "grading", "s", right())
    graded()
    give(course / "grading", "s", 6)
    path = course / "solutions" / SET / f"{SET}.ipynb"
    source = nbformat.read(path, as_version=4)
    gone = next(k for k, cell in enumerate(source.cells) if "checks.gate_for_half_life" in cell.source)
    del source.cells[gone]
    check = next(cell for cell in source.cells if "checks.cell_update" in cell.source)
    check.metadata.nbgrader.points = 2
    nbformat.write(source, path)
    report = graded()
    assert "gone: check&#95;gate" in report or "gone: check_gate_for_half_life" in report
    assert "6 points given by hand for check_cell_update are now 2" in report
    row = rows(course / "grading")["s"]
    assert (row["score"], row["max_score"]) == (str(float(ALL)), str(ALL))


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ("id,name\na,A\n".encode("utf-16"), ["a"]),
        (b"\xef\xbb\xbfID;Name\r\n a ;A\r\nb\r\n;;\r\n\r\n", ["a", "b"]),
        ("name\tid\nA\tZoë\n".encode("latin-1"), ["Zoë"]),
        (b"id\n=1\n=1\n", ["=1"]),
        (b'id,name\na,"A\nB"\n', ["a"]),
    ],
)
def test_a_roster_is_read_as_it_was_saved(tmp_path, data, found):
    (tmp_path / "students.csv").write_bytes(data)
    assert list(roster.roster(tmp_path / "students.csv").rows) == found


@pytest.mark.parametrize("data", [b"", b"name\nA\n", b"\0\1\2", b"\n\n"])
def test_a_roster_without_ids_is_refused_before_anything_is_judged(tmp_path, data):
    hand_in(tmp_path, "s", right())
    (tmp_path / "students.csv").write_bytes(data)
    with pytest.raises(SystemExit, match="column called id"):
        grade.main(["--folder", str(tmp_path)])
    assert not Path(tmp_path / "judged").exists()


def test_every_id_has_files_of_its_own():
    ids = [
        "a",
        "A b",
        "a/b",
        "..",
        ".",
        "",
        "=1",
        "a" * 300,
        "ö",
        "-x",
        "a.",
        "a ",
        "[x]",
        "{student_id}",
        "a\nb",
        "CON",
        "é",
    ]
    keys = [roster.key(one) for one in ids]
    assert len(set(keys)) == len(ids) and all(len(one.encode()) < 200 and "/" not in one for one in keys)
    assert not any(c in one for c in "[]*?{}#%=\n" for one in keys) and not any(one[0] in "-. " for one in keys)


@pytest.mark.parametrize(
    ("time", "row", "late", "left"),
    [
        ("2026-03-01 10:00:00 UTC", {"deadline": "2026-03-01 10:00"}, 0, 8),
        ("2026-03-01 11:00:00 UTC", {"deadline": "2026-03-01 10:00"}, 1, 7.2),
        ("2026-03-02 11:00:00 UTC", {"deadline": "2026-03-01 10:00"}, 25, 6.4),
        ("2026-03-02 11:00:00 UTC", {"deadline": "2026-03-01 10:00", "extension": "2026-03-02 11:00"}, 0, 8),
        ("2026-03-01 11:00:00 +0100", {"deadline": "2026-03-01 10:00"}, 0, 8),
        ("2026-05-01 11:00:00 UTC", {"deadline": "2026-03-01 10:00"}, 1465, 0),
        (None, {"deadline": "2026-03-01 10:00"}, 0, 8),
        ("2026-03-01T23:30Z", {"deadline": "2026-03-01"}, 0, 8),
        ("2026-03-01 11:00:00 UTC", {}, 0, 8),
    ],
)
def test_each_day_after_the_deadline_or_the_extension_costs_its_part(time, row, late, left):
    found = {"status": "graded", "problems": {}, "notes": [], "time": time}
    made = report.row("s", SET, found, {"check_cell_update": (8, 8, False)}, row, percent=10)
    assert (made["hours_late"], made["score"]) == (late, pytest.approx(left))
    assert lateness.hours(time, row) == late


@pytest.mark.parametrize(
    "said",
    ["soon", "1.3.2026 23:59", "03/01/2026", "23:59", "3", "2026-03-01 10:00 CET", "2026-13-01", "2026-03-01 24:30"],
)
def test_a_deadline_that_is_no_time_is_told_before_anything_is_judged(tmp_path, said):
    """Nor one that could be another: with a late rule it would cost everybody's points."""
    (tmp_path / "students.csv").write_text(f"id,deadline\na,{said}\n")
    with pytest.raises(roster.Unreadable, match="row 2: a time is written as"):
        roster.roster(tmp_path / "students.csv")


def test_a_time_of_handing_in_that_cannot_be_read_is_named(tmp_path):
    file = tmp_path / "timestamp.txt"
    assert handed_in_at(tmp_path) == (None, "")
    for said, told in [
        ("2026-03-01 10:00:00.5 UTC", ""),
        ("\ufeff2026-03-01 10:00\r\n", ""),
        ("2026-03-01 10:00 CET", "CET"),
    ]:
        file.write_text(said, encoding="utf-8")
        when, why = handed_in_at(tmp_path)
        assert told in why and bool(when) == (not told) == (not why)


@pytest.mark.parametrize("change", ["points", "problem", "json"])
def test_a_set_that_cannot_be_used_is_told_before_anything_is_judged(tmp_path, monkeypatch, change):
    source = right()
    check = next(cell for cell in source.cells if submissions.is_check(cell))
    if change == "points":
        check.metadata.nbgrader.points = "8"
    elif change == "problem":
        check.metadata.nbgrader.grade_id = "check_nothing"
    monkeypatch.setattr(submissions, "solution", lambda name: json.loads("") if change == "json" else source)
    hand_in(tmp_path, "s", right())
    with pytest.raises(SystemExit, match=f"solutions/{SET}"):
        grade.main(["--folder", str(tmp_path)])
    assert not (tmp_path / "judged").exists()


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="there is no bubblewrap")
def test_a_full_disk_is_the_disks_fault_and_no_students(tmp_path):
    hand_in(tmp_path / "from", "s", right())
    small = tmp_path / "small"
    small.mkdir()
    fill = f"cp -r {tmp_path}/from/submitted {small}; head -c 9000000 /dev/zero > {small}/filled 2> /dev/null; "
    command = ["bwrap", "--dev-bind", "/", "/", "--size", "400000", "--tmpfs", str(small), "sh", "-c",
               f"{fill}{sys.executable} -m tools.grading --plain --folder {small}"]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and "The disk is full" in done.stderr and "not gradable" not in done.stdout
