"""What every test shares: a quiet course, no figure left open, and JupyterLab in a real browser."""

import os

# Before torch is imported: two test processes with two threads each are slower than with one. Kernels inherit both.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("COURSE_QUIET", "1")

import hypothesis
import matplotlib
import matplotlib.pyplot as plt
import pytest

from tools import browser

matplotlib.use("Agg")
hypothesis.settings.register_profile("course", deadline=None, derandomize=True)  # the same cases on every machine
hypothesis.settings.load_profile("course")


@pytest.fixture(autouse=True)
def no_figure_left_open():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A browser.Lab, started once for the tests of one file; skips where the machine has no browser."""
    if reason := browser.missing():
        pytest.skip(reason)
    with browser.start(tmp_path_factory.mktemp("browser")) as started:
        yield started
