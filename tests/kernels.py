"""How nbval's kernels are waited for, and how much memory they may take.

The limit --nbval-cell-timeout is in seconds of the kernel's own processor time, and a kernel that does nothing for
minutes has hung: a cell fails for what it does, never because the machine is busy. After its last cell, the kernel of
every notebook is asked for the largest memory that it ever held.
"""

from queue import Empty

import nbval.plugin
import pytest
import torch
from nbval.kernel import RunningKernel
from patience import Watch

from tools.authoring.measure import PEAK

MOST = 700  # megabytes: a hub or Binder gives a learner one or two gigabytes
CUDA = 400  # that the build of PyTorch for graphics cards takes more, before anything is computed
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


class PeakMemory(pytest.Item):
    """The largest memory that the kernel of a notebook held while nbval ran it."""

    def runtest(self):
        peak = float(self.parent.kernel.printed(PEAK))
        most = MOST + CUDA * (torch.version.cuda is not None)
        assert peak <= most, f"the kernel of {self.path.name} took {peak:.0f} MB; at most {most} are allowed"

    def repr_failure(self, excinfo):
        return str(excinfo.value)

    def reportinfo(self):
        return self.path, None, f"{self.path.name}: peak memory"


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    report = yield
    if isinstance(collector, nbval.plugin.IPyNbFile) and report.passed:
        report.result.append(PeakMemory.from_parent(collector, name="peak memory"))
    return report
