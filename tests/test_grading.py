"""A class of honest, careless and hostile learners is graded in one run, and every one of them ends in a row."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import nbformat
import pytest
import torch
from nbgrader.api import Gradebook

from course_lib.checks import PROBLEMS
from solutions import function, message, solutions, wrong_answers
from tools import grade, sandbox, submissions

ROOT = Path(__file__).parents[1]
SET = "05_mixing_old_and_new"
OTHERS = ["check_gate_for_half_life", "check_written_weights", "check_three_memories"]  # worth 7 points of 8
boxed = pytest.mark.skipif(
    shutil.which("bwrap") is None, reason="there is no bubblewrap (Debian: apt-get install bubblewrap)"
)


def right():
    return nbformat.read(ROOT / "solutions" / SET / f"{SET}.ipynb", as_version=4)


def stub():
    return nbformat.read(ROOT / "exercises" / SET / f"{SET}.ipynb", as_version=4)


def cell(notebook, key):
    return next(one for one in notebook.cells if submissions.graded(one, "grade_id") == key)


def with_first(source):
    """All answers right but the first, which is source."""
    notebook = right()
    cell(notebook, "cell_update").source = source
    return notebook


def body(*lines):
    """The first answer, doing this before it returns the right thing."""
    return with_first(
        "\n".join(["def cell_update(c, g, f, i):", *(f"    {line}" for line in lines), "    return f * c + i * g"])
    )


def changed(change):
    notebook = right()
    change(notebook)
    return notebook


def duplicated(notebook):
    """A stub pasted after the answer, with all its metadata."""
    k = notebook.cells.index(cell(notebook, "cell_update"))
    notebook.cells.insert(k + 1, cell(stub(), "cell_update"))


def unmarked(notebook):
    for one in notebook.cells:
        one.metadata.pop("nbgrader", None)


def no_checks(notebook):
    notebook.cells = [one for one in notebook.cells if not submissions.is_check(one)]


def soft_checks(notebook):
    for one in filter(submissions.is_check, notebook.cells):
        one.source = "pass"
        one.metadata.nbgrader.points = 1000
    cell(notebook, "cell_update").source = "def cell_update(c, g, f, i):\n    return 0 * c"


def no_answer(notebook):
    notebook.cells.remove(cell(notebook, "cell_update"))


def other_kernel(notebook):
    notebook.metadata.kernelspec = {"name": "julia-1.10", "display_name": "Julia"}


def helpers(notebook):
    notebook.cells.insert(2, nbformat.v4.new_code_cell("%matplotlib inline\ndef product(a, b):\n    return a * b"))
    cell(notebook, "cell_update").source = "def cell_update(c, g, f, i):\n    return product(f, c) + product(i, g)"


def own_trial(notebook):
    notebook.cells.append(nbformat.v4.new_code_cell("print(cell_update(1, 2, 3, 4))"))


def endless_own_cell(notebook):
    notebook.cells.insert(2, nbformat.v4.new_code_cell("while True:\n    pass"))


def old_format(notebook):
    return nbformat.writes(nbformat.convert(notebook, 3), version=3)


EQUAL = "class Equal:\n    __array_priority__ = 1000\n    def __eq__(self, other):\n        return True\n    def __getattr__(self, name):\n        return lambda *a, **k: True\n"  # noqa: E501
CHECKS = str(ROOT / "course_lib" / "checks" / "mixing_old_and_new.py")
WROTE = "/tmp/a-learner-was-here"
LEARNERS = {  # name: (what is handed in, points, status, a word of the explanation)
    "right": (right(), 8, "graded", ""),
    "blank": (stub(), 0, "graded", ""),
    "in place": (with_first("def cell_update(c, g, f, i):\n    g *= i\n    g += c * f\n    return g"), 8, "graded", ""),
    "helper cell": (changed(helpers), 8, "graded", ""),
    "wrong": (with_first("def cell_update(c, g, f, i):\n    return i * c + f * g"), 7, "graded", ""),
    "loop": (body("while True: pass"), 7, "partly graded", "no answer within"),
    "stubborn loop": (body("while True:", "    try:", "        while True: pass", "    except BaseException: pass"),
                      7, "partly graded", "no answer"),
    "sleep": (body("import time; time.sleep(1e6)"), 7, "partly graded", "no answer within"),
    "exit": (body("import os; os._exit(0)"), 7, "partly graded", "its process ended"),
    "sys.exit": (body("raise SystemExit"), 7, "graded", ""),
    "kill": (body("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"), 7, "partly graded", "its process ended"),
    "memory": (body("held = bytearray(10**11)"), 7, "graded", ""),
    "flood": (body("print('x' * 10**7)"), 8, "graded", ""),
    "big result": (with_first("import torch\ndef cell_update(c, g, f, i):\n    return torch.zeros(10**7)"),
                   7, "partly graded", "far too much"),
    "syntax": (with_first("def cell_update(c, g, f, i)\n    return c"), 7, "graded", ""),
    "input": (body("input('now what?')"), 7, "graded", ""),
    "own trial": (changed(own_trial), 8, "graded", ""),
    "endless own cell": (changed(endless_own_cell), 8, "graded", "own cell 1: The cell gave no answer"),
    "empty": ("", None, "not gradable", "the file is empty"),
    "web page": ("<html><body>Not found</body></html>", None, "not gradable", "not a notebook"),
    "cut off": (nbformat.writes(right())[:2000], None, "not gradable", "cut off"),
    "no cells": ('{"cells": [], "metadata": {}}', None, "not gradable", "has no cells"),
    "old format": (old_format(right()), 8, "graded", ""),
    "no answer cell": (changed(no_answer), 7, "partly graded", "its cell is missing"),
    "duplicate": (changed(duplicated), 8, "graded", ""),
    "unmarked": (changed(unmarked), 8, "graded", "name of its function"),
    "no checks": (changed(no_checks), 8, "graded", ""),
    "soft checks": (changed(soft_checks), 7, "graded", ""),
    "other kernel": (changed(other_kernel), 8, "graded", ""),
    "always equal": (with_first(f"{EQUAL}def cell_update(c, g, f, i):\n    return Equal()"), 7, "graded", ""),
    "patches": (with_first("import torch, numpy\nfrom course_lib import checks\n"
                           "torch.allclose = numpy.allclose = lambda *a, **k: True\n"
                           "checks.cell_update = lambda *a, **k: None\n"
                           "def cell_update(c, g, f, i):\n    return 0 * c"), 7, "graded", ""),
    "fork": (body("import os", "if os.fork() == 0: os.setsid(); import time; time.sleep(1e6)"), 8, "graded", ""),
}  # fmt: skip
ONLY_BOXED = {
    "asks the reference": with_first("import course_lib.checks\ndef cell_update(c, g, f, i):\n"
                                     "    import importlib.util as u\n"
                                     f"    s = u.spec_from_file_location('k', {CHECKS!r})\n"
                                     "    k = u.module_from_spec(s); s.loader.exec_module(k)\n"
                                     "    return k.cell_update.reference(c, g, f, i)"),
    "reads what was compiled": body("import glob", f"open(glob.glob({str(ROOT / 'course_lib')!r} "
                                    "+ '/**/mixing_old_and_new.*.pyc', recursive=True)[0])"),
    "reads solutions": with_first("def cell_update(c, g, f, i):\n"
                                  f"    open({str(ROOT / 'solutions' / SET / f'{SET}.ipynb')!r}).read()\n"
                                  "    return f * c + i * g"),
    "network": body("import socket", "socket.create_connection(('127.0.0.1', PORT), timeout=1)"),
    "other processes": body("import os", "if len([p for p in os.listdir('/proc') if p.isdigit()]) < 5: raise OSError"),
    "writes outside": body(f"open({WROTE!r}, 'w').write('x')", f"open({str(ROOT / 'README.md')!r}, 'a').write('x')"),
    "deletes outside": body("import os", f"os.remove({str(ROOT / 'README.md')!r})"),
    "fills the disk": body("for k in range(9): open(f'/box/{k}', 'wb').write(b'0' * 10**7)"),
}  # fmt: skip


def hand_in(folder, student, notebook, name=f"{SET}.ipynb"):
    place = folder / "submitted" / student / SET
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_text(notebook if isinstance(notebook, str) else json.dumps(notebook), encoding="utf-8")


def rows(folder):
    with (folder / f"{SET}.csv").open(encoding="utf-8") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The folder of the class, graded."""
    folder = tmp_path_factory.mktemp("class")
    for student, (notebook, *_) in LEARNERS.items():
        hand_in(folder, student, notebook)
    for student, notebook in ONLY_BOXED.items():
        hand_in(folder, student, notebook)
    hand_in(folder, "renamed", right(), "homework (1).ipynb")
    hand_in(folder, "two files", right(), "a.ipynb")
    hand_in(folder, "two files", right(), "b.ipynb")
    (folder / "submitted" / "no file" / SET).mkdir(parents=True)
    (folder / "students.csv").write_text("id,name\nabsent,Ada\nright,Bo\n", encoding="utf-8")
    grade.main(["--folder", str(folder), "--seconds", "2", "--jobs", "2"])
    return folder


@pytest.mark.parametrize("student", LEARNERS)
def test_every_learner_ends_in_a_row_with_the_points_that_were_earned(graded, student):
    _, points, status, why = LEARNERS[student]
    row = rows(graded)[student]
    assert row["status"] == status and why in row["why"]
    assert row["score"] == ("" if points is None else str(float(points))) and row["max_score"] == "8"
    if points == 7:  # what one answer does is no harm to the others
        assert [float(row[key]) for key in OTHERS] == [1, 3, 3]


def test_a_cell_of_ones_own_that_fails_is_no_news_where_all_answers_are_right(graded):
    assert rows(graded)["own trial"]["why"] == ""


@boxed
@pytest.mark.parametrize("student", ONLY_BOXED)
def test_what_reaches_out_of_the_box_fails_and_the_rest_is_graded(graded, student):
    assert rows(graded)[student]["score"] == "7.0"


@boxed
def test_nothing_outside_the_box_was_touched(graded):
    assert not Path(WROTE).exists()
    assert (ROOT / "README.md").read_text(encoding="utf-8").startswith("# Why") and "CC BY" in (
        ROOT / "README.md"
    ).read_text()


def test_a_missing_file_and_a_missing_student_are_rows_too(graded):
    found = rows(graded)
    assert found["no file"]["status"] == "not gradable" and "there is no notebook" in found["no file"]["why"]
    assert found["two files"]["status"] == "not gradable" and "2 notebooks" in found["two files"]["why"]
    assert found["absent"]["status"] == "not gradable" and "nothing was handed in" in found["absent"]["why"]
    assert found["renamed"]["score"] == "8.0" and "homework (1).ipynb" in found["renamed"]["why"]
    assert len(found) == len(LEARNERS) + len(ONLY_BOXED) + 4


def test_the_list_for_a_learning_management_system_and_the_report_hold_every_student(graded):
    with (graded / "grades.csv").open(encoding="utf-8") as file:
        totals = {row["student"]: row[SET] for row in csv.DictReader(file)}
    assert totals == {student: row["score"] for student, row in rows(graded).items()}
    report = (graded / "report.md").read_text(encoding="utf-8")
    assert "bubblewrap" in report and "**cut off**: not gradable" in report


def test_feedback_says_which_mistake_it_is_and_hides_the_hidden_tests(graded):
    page = (graded / "feedback" / "wrong" / SET / f"{SET}.html").read_text(encoding="utf-8")
    assert "This is what comes out when" in page
    assert "HIDDEN" not in page and "hidden=True" not in page


def test_a_second_run_judges_nothing_again_and_says_the_same(graded, monkeypatch):
    before = rows(graded)
    monkeypatch.setattr(grade, "judge", None)
    grade.main(["--folder", str(graded), "--jobs", "1"])
    assert rows(graded) == before


def small_class(folder, count=3):
    for k in range(count):
        hand_in(folder, f"s{k}", right() if k % 2 else body("return 0 * c"))


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
def test_a_run_that_was_killed_goes_on_where_it_was(tmp_path):
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    small_class(killed), small_class(whole)
    command = [sys.executable, "-m", "tools.grade", "--jobs", "1", "--folder"]
    run = subprocess.Popen([*command, str(killed)], cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True)
    until = time.monotonic() + 120
    while not list(killed.glob("judged/*/*.json")) and time.monotonic() < until:
        time.sleep(0.02)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    kept = [path for path in killed.glob("judged/*/*.json") if json.loads(path.read_text())]
    stamps = {path: path.stat().st_mtime_ns for path in kept}
    for folder in (killed, whole):
        grade.main(["--folder", str(folder), "--jobs", "1"])
    assert rows(killed) == rows(whole)
    assert kept and all(path.stat().st_mtime_ns == stamps[path] for path in kept)


def test_damaged_files_of_an_earlier_run_are_made_anew(graded, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(graded, folder, ignore=shutil.ignore_patterns("feedback"))
    for student in list(LEARNERS)[2:] + list(ONLY_BOXED):
        shutil.rmtree(folder / "submitted" / student)
    (folder / "judged" / SET / "right.json").write_text('{"half', encoding="utf-8")
    grade.main(["--folder", str(folder), "--jobs", "1"])
    assert rows(folder)["right"]["score"] == "8.0"


def test_every_student_has_an_instance_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_SECRET", "not told")
    hand_in(tmp_path, "copies the public solution", right())
    grade.main(["--folder", str(tmp_path), "--jobs", "1"])
    row = rows(tmp_path)["copies the public solution"]
    assert [float(row[key]) for key in OTHERS] == [1, 3, 0] and row["status"] == "graded"


def test_without_bubblewrap_the_limits_hold_and_the_report_says_what_is_not_protected(tmp_path, capsys):
    hand_in(tmp_path, "right", right())
    hand_in(tmp_path, "loop", body("while True: pass"))
    grade.main(["--folder", str(tmp_path), "--plain", "--seconds", "2", "--jobs", "1"])
    assert rows(tmp_path)["right"]["score"] == "8.0" and rows(tmp_path)["loop"]["score"] == "7.0"
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


def test_values_cross_into_the_box_and_back_unchanged_and_gradients_follow():
    values = [
        1,
        2.5,
        "word",
        None,
        True,
        (1, [2.0]),
        {"a": torch.tensor([1.0, float("nan")])},
        torch.ones(2, 2).double(),
    ]
    with sandbox.Box() as box:
        box.run("def same(value):\n    return value\ndef squares(u):\n    return (u ** 2).sum()")
        for value in values:
            torch.testing.assert_close(box.call("same", value), value, equal_nan=True) if isinstance(
                value, torch.Tensor
            ) else repr(box.call("same", value)) == repr(value)
        u = torch.tensor([1.0, 2.0], requires_grad=True)
        assert torch.autograd.grad(box.call("squares", u), u)[0].tolist() == [2, 4]


def test_an_essay_whose_cell_is_gone_is_not_replaced_by_the_teachers_own(tmp_path):
    name = "11_which_gate_matters"
    notebook = nbformat.read(ROOT / "solutions" / name / f"{name}.ipynb", as_version=4)
    notebook.cells.remove(cell(notebook, "ablation_experiment"))
    (tmp_path / "submitted" / "s" / name).mkdir(parents=True)
    nbformat.write(notebook, tmp_path / "submitted" / "s" / name / f"{name}.ipynb")
    grade.main(["--folder", str(tmp_path), "--jobs", "1"])
    with (tmp_path / f"{name}.csv").open(encoding="utf-8") as file:
        row = next(csv.DictReader(file))
    assert row["ablation_experiment"] == "0.0" and row["by_hand"] == "0" and "cell is missing" in row["why"]
    page = (tmp_path / "feedback" / "s" / name / f"{name}.html").read_text(encoding="utf-8")
    assert "Your answer." in page and "One possible answer" not in page


def test_a_box_that_does_not_start_is_told_before_anything_is_graded(tmp_path, monkeypatch):
    small_class(tmp_path, 1)
    monkeypatch.setattr(grade, "BWRAP", shutil.which("false"))
    with pytest.raises(SystemExit, match="does not start: its process ended"):
        grade.main(["--folder", str(tmp_path), "--jobs", "1"])
    assert not (tmp_path / "judged").exists()


def test_a_process_that_answers_ahead_and_listens_no_more_cannot_hold_up_the_class():
    early = """import os, signal
def answer(x):
    for channel in range(3, 9):
        try: os.write(channel, b'{"value": [1, null]}\\n' * 50)
        except OSError: pass
    signal.setitimer(signal.ITIMER_REAL, 0)
    while True: pass"""
    with sandbox.Box(seconds=30) as box:
        box.run(early)
        box.seconds = 1
        assert box.call("answer", 0) == 1
        with pytest.raises(sandbox.Broken, match="stopped listening"):
            for _ in range(49):
                box.call("answer", torch.zeros(2000))


def test_cells_that_take_too_long_together_are_left_out(monkeypatch):
    monkeypatch.setattr(grade, "LOAD_SECONDS", 2)
    cells = {f"own cell {k}": "while True: pass" for k in range(20)} | {"cell_update": "def cell_update(): return 1"}
    with sandbox.Box(seconds=1) as box:
        learner = grade.Learner(box, cells)
        learner.load()
    assert learner.cells == {} and "the cells before it took too long" in learner.failed["cell_update"][1]


def test_the_box_judges_every_solution_and_every_planted_mistake_as_the_notebook_does():
    with sandbox.Box() as box:
        for name in PROBLEMS:
            box.run("import torch\nsigmoid, tanh = torch.sigmoid, torch.tanh")
            learner = grade.Learner(box, {})
            box.given(learner.constants)
            box.run(solutions()[name])
            PROBLEMS[name](partial(box.call, name), hidden=True)
            for _, source in wrong_answers(name):
                box.run(source)
                assert message(name, partial(box.call, name)) == message(name, function(name, source))


def test_an_object_of_a_learners_own_does_not_cross():
    with sandbox.Box() as box:
        box.run(f"{EQUAL}def answer():\n    return Equal()")
        with pytest.raises(RuntimeError, match="NotPlain: an object of type Equal"):
            box.call("answer")
