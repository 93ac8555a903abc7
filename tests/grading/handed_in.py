"""What learners hand in, for the tests: the right notebook, and changes of it."""

import csv
import json
import shutil
from pathlib import Path

import nbformat

from tools.grading import submissions

ROOT = Path(__file__).parents[2]
SET = "05_mixing_old_and_new"
POINTS = submissions.most(SET)
ALL = sum(POINTS.values())
REST = ALL - POINTS["check_cell_update"]  # what all other answers are worth
EQUAL = "class Equal:\n    __array_priority__ = 1000\n    def __eq__(self, other):\n        return True\n    def __getattr__(self, name):\n        return lambda *a, **k: True\n"  # noqa: E501


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


PLAIN = [] if shutil.which("bwrap") else ["--plain"]  # for a command that is started


def hand_in(folder, student, notebook, name=f"{SET}.ipynb"):
    place = folder / "submitted" / student / SET
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_text(notebook if isinstance(notebook, str) else json.dumps(notebook), encoding="utf-8")


def rows(folder, name=SET):
    with (folder / f"{name}.csv").open(encoding="utf-8") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def small_class(folder, count=3):
    for k in range(count):
        hand_in(folder, f"s{k}", right() if k % 2 else body("return 0 * c"))


CHECKS = str(ROOT / "course_lib" / "checks" / "mixing_old_and_new.py")
WROTE = "/tmp/a-learner-was-here"
LEARNERS = {  # name: (what is handed in, points, status, a word of the explanation)
    "right": (right(), ALL, "graded", ""),
    "blank": (stub(), 0, "graded", ""),
    "in place": (with_first("def cell_update(c, g, f, i):\n    g *= i\n    g += c * f\n    return g"),
                 ALL, "graded", ""),
    "helper cell": (changed(helpers), ALL, "graded", ""),
    "wrong": (with_first("def cell_update(c, g, f, i):\n    return i * c + f * g"), REST, "graded", ""),
    "loop": (body("while True: pass"), REST, "partly graded", "no answer within"),
    "stubborn loop": (body("while True:", "    try:", "        while True: pass", "    except BaseException: pass"),
                      REST, "partly graded", "no answer"),
    "sleep": (body("import time; time.sleep(1e6)"), REST, "partly graded", "no answer in time"),
    "exit": (body("import os; os._exit(0)"), REST, "partly graded", "its process ended"),
    "sys.exit": (body("raise SystemExit"), REST, "graded", ""),
    "kill": (body("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"),
             REST, "partly graded", "its process ended"),
    "memory": (body("held = bytearray(10**11)"), REST, "graded", ""),
    "flood": (body("print('x' * 10**7)"), ALL, "graded", ""),
    "big result": (with_first("import torch\ndef cell_update(c, g, f, i):\n    return torch.zeros(10**7)"),
                   REST, "partly graded", "far too much"),
    "syntax": (with_first("def cell_update(c, g, f, i)\n    return c"), REST, "graded", ""),
    "input": (body("input('now what?')"), REST, "partly graded", "EOFError"),
    "own trial": (changed(own_trial), ALL, "graded", ""),
    "endless own cell": (changed(endless_own_cell), ALL, "graded", "own cell 3: The cell gave no answer"),
    "empty": ("", None, "not gradable", "the file is empty"),
    "web page": ("<html><body>Not found</body></html>", None, "not gradable", "not a notebook"),
    "cut off": (nbformat.writes(right())[:2000], None, "not gradable", "cut off"),
    "no cells": ('{"cells": [], "metadata": {}}', None, "not gradable", "has no cells"),
    "old format": (old_format(right()), ALL, "graded", ""),
    "no answer cell": (changed(no_answer), REST, "partly graded", "its cell is missing"),
    "duplicate": (changed(duplicated), ALL, "graded", ""),
    "unmarked": (changed(unmarked), ALL, "graded", "name of its function"),
    "no checks": (changed(no_checks), ALL, "graded", ""),
    "soft checks": (changed(soft_checks), REST, "graded", ""),
    "other kernel": (changed(other_kernel), ALL, "graded", ""),
    "always equal": (with_first(f"{EQUAL}def cell_update(c, g, f, i):\n    return Equal()"), REST, "graded", ""),
    "patches": (with_first("import torch, numpy\nfrom course_lib import checks\n"
                           "torch.allclose = numpy.allclose = lambda *a, **k: True\n"
                           "checks.cell_update = lambda *a, **k: None\n"
                           "def cell_update(c, g, f, i):\n    return 0 * c"), REST, "graded", ""),
    "fork": (body("import os", "if os.fork() == 0: os.setsid(); import time; time.sleep(1e6)"), ALL, "graded", ""),
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
