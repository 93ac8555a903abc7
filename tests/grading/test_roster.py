"""Whose work it is: every folder becomes a student's, or a row or a sentence that says why not."""

import fcntl
import os

import pytest
from handed_in import SET, hand_in, right

from tools.grading import __main__ as grade
from tools.grading import roster, run

SETS = [SET, "01_recurrence"]


def put(folder, *paths):
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("x")


def test_a_folder_without_a_set_is_a_row_of_every_set_and_a_loose_file_is_named(tmp_path):
    put(
        tmp_path, f"a/{SET}/{SET}.ipynb", "b/essay.pdf", f"{SET}/c.ipynb", f"{SET}/d/x.ipynb", "e.ipynb", f"f/{SET}.zip"
    )
    (tmp_path / "g").mkdir()
    (tmp_path / "h").symlink_to(tmp_path / "a")
    found, notes = roster.places(tmp_path, SETS, [])
    why = {place.student: place.why for place in found}
    assert {student for student, said in why.items() if not said} == {"a", "d"}
    assert "essay.pdf" in why["b"] and f"{SET}.zip" in why["f"] and "nothing" in why["g"] and "link" in why["h"]
    assert [note.partition(" is a file")[0] for note in notes] == [f"{SET}/c.ipynb", "e.ipynb"]
    found, _ = roster.places(tmp_path, SETS, ["01_recurrence"])
    assert {place.student for place in found if place.name == "01_recurrence" and place.why} >= {"b", "f", "g", "h"}


@pytest.mark.parametrize("name", [SET.upper(), f"{SET} (1)", f"homework/{SET}"])
def test_a_set_is_found_by_a_name_that_is_nearly_its_own(tmp_path, name):
    put(tmp_path, f"a/{name}/answers.ipynb")
    found, _ = roster.places(tmp_path, SETS, [])
    assert [(place.student, place.name, place.why) for place in found] == [("a", SET, "")]


def test_a_folder_that_the_system_does_not_give_is_a_row(tmp_path, monkeypatch):
    put(tmp_path, f"a/{SET}/{SET}.ipynb", f"b/{SET}/{SET}.ipynb")
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("/b"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found, _ = roster.places(tmp_path, SETS, [])
    assert {place.student: "Permission denied" in place.why for place in found} == {"a": False, "b": True}
    monkeypatch.setattr(os, "scandir", lambda path: scandir("/nowhere"))
    with pytest.raises(roster.Unreadable, match="cannot be read"):
        roster.places(tmp_path, SETS, [])


def test_who_is_not_in_the_roster_is_named_and_a_table_that_is_none_is_told_with_its_line(tmp_path):
    hand_in(tmp_path, "anna", right())
    (tmp_path / "students.csv").write_text("id\nAnna\n")
    settings = {"jobs": 1, "seconds": 1, "bwrap": None, "show_hidden": False}
    assert run.Run(tmp_path, [], **settings).notes == ["not in students.csv: anna"]
    (tmp_path / "students.csv").write_text('id,name\na,"' + "x" * 200_000)
    with pytest.raises(roster.Unreadable, match=r"no table: .*\(line 2\)"):
        roster.roster(tmp_path / "students.csv")


def test_two_runs_in_one_folder_do_not_meet(tmp_path):
    hand_in(tmp_path, "a", right())
    held = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    with pytest.raises(SystemExit, match="Another run is at work"):
        grade.main(["--folder", str(tmp_path), "--plain"])
    os.close(held)
