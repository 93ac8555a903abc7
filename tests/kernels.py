"""How nbval's kernels are waited for, and how much memory they may take.

The limit --nbval-cell-timeout is in seconds of the kernel's own processor time, and a kernel that does nothing for
minutes has hung: a cell fails for what it does, never because the machine is busy. After its last cell, the kernel of
every notebook is asked for the largest memory that it ever held, and how often each cell trained.
"""

import json
from pathlib import Path
from queue import Empty

import nbval.plugin
import pytest
import torch
from nbval.kernel import RunningKernel
from patience import Watch

from course_lib import bar
from tools.authoring.measure import PEAK
from tools.authoring.notebooks import MADE

CUDA = torch.version.cuda is not None
MOST = 850 if CUDA else 700  # megabytes: a hub or Binder gives a learner one or two gigabytes, and the small PyTorch
SMALL = 150  # of them are the libraries of the small PyTorch, mapped from the disk
# How much is mapped of the large build's, which all kernels share, depends on what the system has kept in memory.
MAPPED = """
import pathlib, re
print(int(re.search(r"RssFile:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1]) / 1e3)
"""
NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
GLANCE = 1  # seconds between two looks at a kernel


class Kernel(RunningKernel):
    """A kernel that is waited for as long as it works."""

    ready = False  # while it starts, nbval asks again after its own short limits

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.ready = True

    def get_message(self, stream, timeout=None):
        """The next message; queue.Empty after so many seconds of the kernel's time, or where it stands still."""
        if not self.ready:
            return super().get_message(stream, timeout=timeout)
        watch = Watch(self.km.provisioner.pid)
        while True:
            try:
                return super().get_message(stream, timeout=GLANCE)
            except Empty:
                if not self.is_alive():
                    raise RuntimeError("the kernel has died") from None
                if watch.stands_still() or timeout is not None and watch.used() > timeout:
                    raise

    def printed(self, source):
        """What a cell prints."""
        asked, text = self.execute_cell_input(source), ""
        while True:
            message = self.get_message("iopub")
            if message["parent_header"].get("msg_id") == asked:
                text += message["content"].get("text", "")
                if message["content"].get("execution_state") == "idle":
                    return text


nbval.plugin.RunningKernel = Kernel


class Runs(pytest.Item):
    """How often the cells of a notebook of the course trained: as the line above them, which says so, expects."""

    def runtest(self):
        made = json.loads(self.parent.kernel.printed(MADE))
        made = {cell: runs for cell, runs in made.items() if runs > 1}
        known = {cell: bar.known().get(cell) for cell in made}
        words = f"results/runs.json says {known}, and the cells trained {made} times: `make notebooks` writes it"
        assert made == known, words

    def reportinfo(self):
        return self.path, None, f"{self.path.name}: runs"

    def repr_failure(self, excinfo):
        return str(excinfo.value)


class PeakMemory(pytest.Item):
    """The largest memory that the kernel of a notebook held while nbval ran it."""

    def runtest(self):
        peak = float(self.parent.kernel.printed(PEAK))
        if CUDA:
            peak -= max(0, float(self.parent.kernel.printed(MAPPED)) - SMALL)
        assert peak <= MOST, f"the kernel of {self.path.name} took {peak:.0f} MB; at most {MOST} are allowed"

    def repr_failure(self, excinfo):
        return str(excinfo.value)

    def reportinfo(self):
        return self.path, None, f"{self.path.name}: peak memory"


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    report = yield
    if isinstance(collector, nbval.plugin.IPyNbFile) and report.passed:
        if collector.path.parent == NOTEBOOKS:
            report.result.append(Runs.from_parent(collector, name="runs"))
        report.result.append(PeakMemory.from_parent(collector, name="peak memory"))
    return report
