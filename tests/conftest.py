"""What every test shares: no figure left open, and JupyterLab in a real browser."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import hypothesis
import matplotlib
import matplotlib.pyplot as plt
import pytest
import torch

from tools.authoring import browser

ROOT = Path(__file__).parents[1]
matplotlib.use("Agg")
torch.manual_seed = torch.default_generator.manual_seed  # torch's own also writes the stack down, for cards, each time
LOADED = [hypothesis.HealthCheck.too_slow]  # as is whatever runs beside other things
hypothesis.settings.register_profile(  # the same cases on every machine
    "course", deadline=None, derandomize=True, suppress_health_check=LOADED
)
hypothesis.settings.load_profile("course")

# In a container, and by some systems' rules, bubblewrap is there and may not make a box: then it counts as missing.
which = shutil.which
if which("bwrap") and subprocess.run("bwrap --unshare-all --ro-bind / / true".split(), capture_output=True).returncode:
    shutil.which = lambda command, *words, **more: None if command == "bwrap" else which(command, *words, **more)


@pytest.fixture(autouse=True)
def no_figure_left_open():
    yield
    plt.close("all")


@pytest.fixture
def start():
    """A function that starts Python with these words; the process, and all that it started, ends with the test."""
    processes = []

    def start(*words, **options):
        command = [sys.executable, *map(str, words)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        processes.append(subprocess.Popen(command, cwd=ROOT, start_new_session=True, **pipes | options))
        return processes[-1]

    yield start
    for process in processes:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL) if hasattr(os, "killpg") else process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A browser.Lab, started once for the tests of one file; skips where the machine has no browser."""
    if reason := browser.missing():
        pytest.skip(reason)
    with browser.start(tmp_path_factory.mktemp("browser")) as started:
        yield started


@pytest.fixture(scope="module")
def chromium():
    """Playwright's Chromium, started once for the tests of one file; skips where the machine has none."""
    if reason := browser.missing():
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=browser.CHROMIUM, args=browser.FLAGS)
        yield started
        started.close()
