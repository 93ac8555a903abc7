"""What watches over the tests is watched: order, patience, the memory of kernels, and processes left behind."""

import math
import os
import sys
from pathlib import Path
from subprocess import PIPE, Popen
from types import SimpleNamespace

import nbformat
import psutil
import pytest
from kernels import MOST
from patience import Watch, finished, until
from schedule import SECONDS, expected, pytest_collection_modifyitems, pytest_xdist_auto_num_workers, stale

from course_lib import machine

TESTS = Path(__file__).parent
NOTEBOOKS = sorted((TESTS.parent / "notebooks").glob("[0-9]*.ipynb"))


@pytest.fixture
def judged(start):
    """A function (plugins, *words) that runs pytest with these plugins of the tests, and returns what it said."""

    def judged(plugins, *words):
        plugins = [word for name in (*plugins, "no:cacheprovider") for word in ("-p", name)]
        options = ("-c", TESTS.parent / "pyproject.toml", "-o", "addopts=", "-o", "filterwarnings=")
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (TESTS, TESTS.parent)))}
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        return finished(start("-m", "pytest", *plugins, *options, *words, env=environment))[0]

    return judged


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


@pytest.mark.parametrize(("cores", "gigabytes", "workers"),
                         [(2, 16, 3), (4, 16, 5), (64, 64, 8), (8, 4, 2), (2, 1, 1)])  # fmt: skip
def test_as_many_files_run_at_once_as_cores_and_memory_allow(monkeypatch, cores, gigabytes, workers):
    monkeypatch.setattr(machine, "cores", lambda: cores)
    for free, granted in ((gigabytes, math.inf), (64, gigabytes)):  # a container sees the machine's memory
        monkeypatch.setattr(psutil, "virtual_memory", lambda free=free: SimpleNamespace(available=free * 1e9))
        monkeypatch.setattr(machine, "memory", lambda granted=granted: granted * 1e9)
        assert pytest_xdist_auto_num_workers() == workers


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

FAILS = {  # name: the cells of a notebook, how they and the question for its memory end, and what is said
    "large": (("large = bytearray(950_000_000)", "del large"), "..F", "the kernel of large.ipynb took "),
    "endless": (("x = 1", "while True: pass"), ".F.", "Timeout of 2 seconds exceeded"),
    "dies": (("x = 1", "import os; os._exit(1)"), ".FF", "the kernel has died"),
}


def test_a_kernel_that_takes_too_much_memory_or_has_no_end_or_dies_fails_its_notebook(judged, tmp_path):
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    for name, (sources, *_) in FAILS.items():
        cells = [nbformat.v4.new_code_cell(source, execution_count=1) for source in sources]
        nbformat.write(
            nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), tmp_path / f"{name}.ipynb"
        )
    said = judged(("nbval.plugin", "kernels"), "--nbval", "--nbval-cell-timeout", "2", tmp_path)
    for name, (_, ends, why) in FAILS.items():
        assert f"{name}.ipynb {ends} " in said and why in said, said
    assert f"MB; at most {MOST} are allowed" in said


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


HOW = {
    "child": "subprocess.Popen([sys.executable, '-c', SLEEPS]).returncode = 0  # so that nothing warns",
    "orphan": "subprocess.run([sys.executable, '-c', f'import os; os.fork() or exec({SLEEPS!r})'])",
}


def test_a_process_left_behind_fails_the_file_and_names_the_test(judged, tmp_path):
    how = HOW if sys.platform == "linux" else {"child": HOW["child"]}  # only Linux gives orphans back
    for name, line in how.items():
        (tmp_path / f"test_{name}.py").write_text(LEAVES.format(line))
    said = judged(("leftovers",), tmp_path)
    assert f"{3 * len(how)} passed, {len(how)} error" in said
    assert all(f"test_{name}.py::test_other left process" in said for name in how)
    assert said.count("time.sleep(1e6)") >= len(how)
