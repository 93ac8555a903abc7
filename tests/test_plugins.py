"""What watches over the tests is watched: order, patience, the memory of kernels, and processes left behind."""

import os
import sys
from pathlib import Path
from subprocess import PIPE, Popen
from types import SimpleNamespace

import nbformat
import pytest
from patience import Watch, finished, until
from schedule import SECONDS, expected, pytest_collection_modifyitems, stale

TESTS = Path(__file__).parent
NOTEBOOKS = sorted((TESTS.parent / "notebooks").glob("[0-9]*.ipynb"))


@pytest.fixture
def judged(start):
    """A function (path, *words) that runs pytest on a file of its own, and returns what it said."""

    def judged(path, *words):
        plugins = [
            word for name in ("tools", "kernels", "leftovers", "no:cacheprovider", "no:xdist") for word in ("-p", name)
        ]
        options = ("-c", TESTS.parent / "pyproject.toml", "-o", "addopts=", "--nbval", *words)
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (TESTS, TESTS.parent)))}
        return finished(start("-m", "pytest", *plugins, *options, path, env=environment))[0]

    return judged


@pytest.fixture
def notebook(tmp_path):
    """A function (*sources) that writes a notebook with these code cells."""

    def write(*sources):
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        cells = [nbformat.v4.new_code_cell(source, execution_count=1) for source in sources]
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), tmp_path / "a.ipynb")
        return tmp_path / "a.ipynb"

    return write


# ---- Order ----


def test_the_longest_begin_first_and_the_cells_of_a_notebook_stay_in_order():
    short, long = sorted(NOTEBOOKS, key=expected)[:: len(NOTEBOOKS) - 1]
    items = [SimpleNamespace(path=path, name=name) for path in (TESTS / "test_any.py", short, long) for name in "ab"]
    pytest_collection_modifyitems(items)
    assert [(item.path, item.name) for item in items] == [
        (path, name) for path in (long, short, TESTS / "test_any.py") for name in "ab"
    ]


def test_what_is_known_to_take_long_exists():
    assert all(any(TESTS.rglob(name)) for name in SECONDS)
    assert all(expected(path) > 0 for path in NOTEBOOKS)


def test_a_stale_expectation_is_told():
    files = {path: 2.0 * expected(path) for path in [*NOTEBOOKS, *(TESTS / name for name in SECONDS)]}
    rest = {TESTS / f"test_{k}.py": 1.0 for k in range(20)}
    assert stale(files | rest) == []
    first = NOTEBOOKS[2]
    (sentence,) = stale(files | rest | {first: 6.0 * expected(first)})
    assert sentence.startswith(f"{first.name} took ") and f"where {expected(first)} were expected" in sentence
    (sentence,) = stale(files | rest | {TESTS / "test_new.py": 200.0})
    assert sentence == "test_new.py took 100 s where 0 were expected"
    assert stale({first: 900.0, TESTS / "test_new.py": 200.0}) == []


# ---- Patience ----


def child(code):
    return Popen([sys.executable, "-c", code], stdin=PIPE, stdout=PIPE, stderr=PIPE)


def test_a_process_that_waits_stands_still_and_one_that_works_does_not():
    with child("import sys; sys.stdin.read()") as waiting, child("while True: pass") as busy:
        try:
            still, works = (Watch(process.pid, minutes=1 / 60, little=0.05) for process in (waiting, busy))
            until(lambda: still.stands_still(), busy)
            until(lambda: works.used() > 0.5, busy)
            assert not works.stands_still() and works.used() > still.used()
        finally:
            busy.kill(), waiting.kill()


def test_waiting_ends_when_the_process_ends():
    with child("raise SystemExit(3)") as process, pytest.raises(AssertionError, match="ended first, with 3"):
        until(lambda: False, process)


# ---- Kernels ----


def test_a_kernel_that_takes_too_much_memory_fails_its_notebook(judged, notebook):
    said = judged(notebook("large = bytearray(800_000_000)", "del large"))
    assert "2 passed" in said and "1 failed" in said
    assert "the kernel of a.ipynb took 8" in said and "MB; at most 700 are allowed" in said


def test_a_cell_without_an_end_fails_and_so_does_a_kernel_that_dies(judged, notebook):
    said = judged(notebook("x = 1", "while True: pass"), "--nbval-cell-timeout", "2")
    assert "2 passed" in said and "Timeout of 2 seconds exceeded" in said
    said = judged(notebook("x = 1", "import os; os._exit(1)"))
    assert "1 passed" in said and "the kernel has died" in said


# ---- Processes left behind ----

LEAVES = """
import subprocess, sys
import leftovers

leftovers.GRACE = 1  # what sleeps for ever does not end any sooner
SLEEPS = "import time; time.sleep(1e6)"

def test_one():
    child = subprocess.Popen([sys.executable, "-c", SLEEPS])
    child.kill(), child.wait()

def test_other():
    {}

def test_last():
    pass
"""


@pytest.mark.parametrize(
    "how",
    [
        "subprocess.Popen([sys.executable, '-c', SLEEPS]).returncode = 0  # so that nothing warns",
        pytest.param(
            "subprocess.run([sys.executable, '-c', f'import os; os.fork() or exec({SLEEPS!r})'])",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives orphans back"),
        ),
    ],
    ids=["a child", "an orphan"],
)
def test_a_process_left_behind_fails_the_file_and_names_the_test(judged, tmp_path, how):
    path = tmp_path / "test_leaves.py"
    path.write_text(LEAVES.format(how))
    said = judged(path)
    assert "3 passed, 1 error" in said
    assert "::test_other left process" in said and "time.sleep(1e6)" in said
