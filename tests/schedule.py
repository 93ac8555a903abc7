"""How many files of the tests run at once, and in which order they begin.

The longest begin first, so that no worker is left with a long one at the end.

A notebook says itself how many seconds it takes; SECONDS has the other files that take long. What a whole run measured
is held against both, and what is far off is said at the end.
"""

import gc
import re
from collections import Counter
from functools import cache
from pathlib import Path

import psutil
import pytest

SECONDS = {"test_grading.py": 150, "test_books.py": 45, "test_judging.py": 30, "test_sets.py": 30, "test_doors.py": 30,
           "test_stop.py": 55, "test_plugins.py": 15, "test_stored.py": 20, "test_live.py": 55, "test_sampled.py": 30,
           "test_installing.py": 30, "test_stopping.py": 25, "test_lock.py": 25, "test_diagram.py": 25,
           "test_browser.py": 20, "test_fuse.py": 60, "test_fuse_published.py": 25,
           "test_playground_browser.py": 20}  # fmt: skip
STATED = re.compile(r"(\d+) seconds to run")
MANY = 20  # files that ran, at least, for a comparison: a file alone says nothing about its share
FAR = 25  # seconds
MEMORY = 1.5e9  # bytes that a worker and the kernel of its notebook may come to
MOST = 8  # workers: the longest file takes as long as an eighth of all
measured = Counter()


@pytest.hookimpl(tryfirst=True, optionalhook=True)
def pytest_xdist_auto_num_workers():
    """For -n auto: one for every core that is granted and one more, for some wait; as far as memory goes."""
    from course_lib import machine  # here, for it imports torch

    room = min(psutil.virtual_memory().available, machine.memory())
    return int(max(1, min(machine.cores() + 1, room // MEMORY, MOST)))


@cache
def expected(path):
    """The seconds that a file of tests or a notebook is expected to take; 0 where it does not matter."""
    if path.suffix == ".ipynb" and (stated := STATED.search(path.read_text(encoding="utf-8"))):
        return int(stated[1])
    return SECONDS.get(path.name, 0)


def stale(measured):
    """Sentences: which files of {path: seconds} take more, or less, than expected, as a share of all."""
    known = {path: expected(path) for path in measured}
    if len(known) < MANY or not any(known.values()):
        return []
    pace = sum(seconds for path, seconds in measured.items() if known[path]) / sum(known.values())
    return [f"{path.name} took {seconds / pace:.0f} s where {known[path]} were expected"
            for path, seconds in measured.items()
            if abs(seconds / pace - known[path]) > max(FAR, known[path] / 2)]  # fmt: skip


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: -expected(item.path))


def pytest_collection_finish():
    gc.freeze()  # what was collected stays: to look through it for garbage takes a tenth of the time of tests


def pytest_runtest_logreport(report):
    measured[Path(report.fspath)] += report.duration


def pytest_terminal_summary(terminalreporter, config):
    for sentence in stale({config.rootpath / path: seconds for path, seconds in measured.items()}):
        terminalreporter.write_line(f"{sentence}: correct SECONDS in tests/schedule.py, or the notebook's first cell.")
