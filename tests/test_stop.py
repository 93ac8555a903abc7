"""The stop button, at any moment: nothing crashes, nothing hangs, and nothing that was done is lost."""

import os
import subprocess
import sys
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
import torch
from patience import finished

from course_lib.cells import LSTMCell
from course_lib.fuse import fuse, memory

ROOT = Path(__file__).parents[1]
signals = pytest.mark.skipif(os.name == "nt", reason="Windows cannot send a Ctrl-C to one process")


def in_a_process_of_its_own(code, *words, threads=2):
    """What code printed; AssertionError with all it said if it failed, or if it stands still."""
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    command = [sys.executable, "-c", code, *map(str, words)]
    with subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:  # fmt: skip
        try:
            printed, said = finished(process)
        finally:
            process.kill()
    assert process.returncode == 0, (process.returncode, printed, said)
    return printed


BUSY = """
import os, sys

while os.getppid() == int(sys.argv[1]):
    sum(range(100_000))
"""


@contextmanager
def at_load():
    """Beside what is within, a process that never rests. It ends also when this one is killed."""
    with subprocess.Popen([sys.executable, "-c", BUSY, str(os.getpid())]) as process:
        try:
            yield
            assert process.poll() is None, "nothing was busy beside it"
        finally:
            process.kill()


PRESSED = """
import os, random, signal, sys, threading, time
import torch
from course_lib.cells import LSTMCell
from course_lib.fuse import fuse
from course_lib.tasks import Adding
from course_lib.training import train

def press():
    \"\"\"Ctrl-C at some moment of what takes `seconds`, or longer at load, and then perhaps again.\"\"\"
    while True:
        idle.set(), began.wait(), idle.clear(), began.clear()
        time.sleep(random.expovariate(1 / seconds))
        for _ in range(random.randint(1, 3)):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(random.choice([0, 0.1 * seconds]))

def rest():
    \"\"\"Until no press is on its way any more: not before idle is cleared, began is.\"\"\"
    while began.is_set() or not idle.is_set():
        time.sleep(0.001)

def timed(work):
    \"\"\"What work() returns, and the seconds that it takes where nothing delays it.\"\"\"
    clock = [time.perf_counter()]
    results = [(work(), clock.append(time.perf_counter())) for _ in range(3)]
    return results[-1][0], min(after - before for before, after in zip(clock, clock[1:]))

def passed(frame):
    \"\"\"The files of the library that a Ctrl-C in this frame falls into.\"\"\"
    while frame is not None:
        found.add(os.path.basename(frame.f_code.co_filename))
        frame = frame.f_back

began, idle, found = threading.Event(), threading.Event(), set()
batch, freely, trained, updates = map(int, sys.argv[1:5])
folder = sys.argv[5]
threading.Thread(target=press, daemon=True).start()
"""

OWN_LOOP = """
cell, x, wanted = LSTMCell(2, 64), torch.randn(batch, 400, 2), []

def gradients():
    hidden, _ = fuse(cell)(x)
    return torch.autograd.grad(hidden.square().mean(), list(cell.parameters()))

def stop(number, frame):
    if wanted:
        passed(frame)
        raise KeyboardInterrupt

signal.signal(signal.SIGINT, stop)
right, seconds = timed(gradients)
for _ in range(freely):
    try:
        wanted.append(True), began.set()
        while True:
            gradients()
    except KeyboardInterrupt:
        wanted.clear()
    if random.random() < 0.1:
        assert all(map(torch.equal, gradients(), right))
assert all(map(torch.equal, gradients(), right))
"""

TRAINING = """
def work(updates=1, file=None):
    settings = {"hidden_size": 64, "batch_size": batch, "updates": updates, "checkpoint": file, "progress": False}
    return train(LSTMCell, Adding(lag=400), **settings)

def stop(*_):
    if sys._getframe(1).f_code.co_name == "deliver":  # else it came when no training was going on
        raise KeyboardInterrupt

def weights(history):
    return [weight for weight in history.network.parameters()]

rest()  # what is still pressed for the loop above would stop the run that the others are compared with
signal.signal(signal.SIGINT, stop)
work()
seconds = time.perf_counter()
whole = work(updates)
seconds = (time.perf_counter() - seconds) / updates
stopped, file = 0, os.path.join(folder, "run.pt")
while stopped < trained or history.ended == "interrupted":
    began.set()
    history = work(updates, file)
    stopped += history.ended == "interrupted"
    assert history.losses == whole.losses[: len(history.losses)] and all(w.isfinite().all() for w in weights(history))
    if history.ended == "budget":
        assert history.losses == whole.losses and all(map(torch.equal, weights(history), weights(whole)))
        os.remove(file)
assert os.listdir(folder) == []
"""
END = "print(freely + stopped, *sorted(found)), sys.stdout.flush(), os._exit(0)"
# threads, sequences in a batch; stops of gradients and of trainings, and the updates of one; what else is going on
STOPS = [(1, 16, 100, 50, 9, nullcontext), (2, 16, 40, 12, 5, at_load), (2, 512, 8, 2, 2, nullcontext)]


@signals
@pytest.mark.parametrize(("threads", "batch", "freely", "trained", "updates", "beside"), STOPS)
def test_what_was_stopped_anywhere_goes_on_as_if_it_had_not_been(
    threads, batch, freely, trained, updates, beside, tmp_path
):
    with beside():
        said = in_a_process_of_its_own(
            PRESSED + OWN_LOOP + TRAINING + END, batch, freely, trained, updates, tmp_path, threads=threads
        )
    stops, *files = said.split()
    assert int(stops) >= freely + trained and "threads.py" in files, said


@pytest.mark.parametrize("fails", [1, 2])
def test_memory_that_runs_out_half_way_leaves_the_run_as_it_was(fails, monkeypatch):
    cell, x, weights = LSTMCell(2, 4), torch.randn(130, 7, 2), lambda: list(cell.parameters())
    loss = fuse(cell)(x)[0].square().mean()
    right = torch.autograd.grad(loss, weights(), retain_graph=True)
    empty, calls = memory.empty, []

    def scarce(size):
        calls.append(size)
        if len(calls) == fails:
            raise MemoryError
        return empty(size)

    monkeypatch.setattr(memory, "empty", scarce)
    memory.SPARE.clear()
    with pytest.raises(MemoryError):
        torch.autograd.grad(loss, weights(), retain_graph=True)
    again = torch.autograd.grad(loss, weights())
    assert len(calls) > fails and all(map(torch.equal, again, right))


FORK = """
import os, sys
import torch
from course_lib.cells import LSTMCell
from course_lib.tasks import Adding
from course_lib.training import train

def work():
    return train(LSTMCell, Adding(lag=100), hidden_size=64, updates=3, batch_size=64, progress=False).losses

losses = work()
child = os.fork()
if not child:
    os._exit(work()[0] != losses[0])
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows starts processes anew")
def test_a_copy_of_a_process_that_has_trained_can_train():
    in_a_process_of_its_own(FORK)
