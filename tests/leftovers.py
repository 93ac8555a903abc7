"""No test leaves a process behind: after the last test of a file, whatever it started must have ended.

On Linux a process whose parent has died comes back to the test process, so that it is seen too.
"""

import ctypes
import sys

import psutil
import pytest
from joblib.externals.loky import get_reusable_executor

ADOPT = 36  # prctl's PR_SET_CHILD_SUBREAPER
SERVANTS = "resource_tracker"  # Python's and joblib's: they end with the process that they serve
GRACE = 15  # seconds in which what is ending may end


def pytest_configure():
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(ADOPT, 1, 0, 0, 0)


def running(process):
    """Whether a process still does something of its own."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE and SERVANTS not in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False


def told(process):
    """A sentence: what a process is, and which test started it."""
    try:
        test = process.environ().get("PYTEST_CURRENT_TEST", "a test").rpartition(" (")[0]
        return f"{test} left process {process.pid} behind: {' '.join(process.cmdline())[:200]}"
    except psutil.Error:
        return f"a test left process {process.pid} behind"


def left_behind():
    """Sentences about the processes below this one that do not end; they are killed."""
    get_reusable_executor(reuse=True).shutdown(wait=True)  # joblib keeps its processes for the next call
    children = filter(running, psutil.Process().children(recursive=True))
    _, stayed = psutil.wait_procs(list(children), timeout=GRACE)
    sentences = [told(process) for process in stayed if running(process)]
    for process in stayed:
        process.kill()
    psutil.wait_procs(stayed)
    return sentences


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item, nextitem):
    yield
    if nextitem is None or nextitem.path != item.path:
        assert not (sentences := left_behind()), "\n".join(sentences)
