"""What the tests of the grader share: the process that boxes are copied from, and the one that does the jobs."""

import pytest

from tools.grading import __main__, run, walls
from tools.grading.foreman import Foreman


class Lasting(Foreman):
    """A foreman that outlives a run: without it, every run of a test would load PyTorch and nbgrader anew."""

    def __exit__(self, *_):
        pass


@pytest.fixture(scope="module", autouse=True)
def one_foreman_and_one_server():
    lasting = Lasting(1)

    def foreman(jobs):
        lasting.jobs = jobs
        return lasting

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "Foreman", foreman)
        patch.setattr(__main__, "BWRAP", walls.BWRAP or "")  # which is not refused, and does without as --plain does
        yield
    lasting.stop()
    walls.stop()
