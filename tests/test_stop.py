"""The stop button, at any moment: nothing crashes, nothing hangs, and nothing that was done is lost."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from course_lib.cells import LSTMCell
from course_lib.fuse import fuse, run

ROOT = Path(__file__).parents[1]
signals = pytest.mark.skipif(os.name == "nt", reason="Windows cannot send a Ctrl-C to one process")


def in_a_process_of_its_own(code, *, threads=2):
    """What code printed; AssertionError with all it said if it failed. A hang would end after ten minutes."""
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, text=True, capture_output=True,
                          timeout=600)  # fmt: skip
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
    return done.stdout


OWN_LOOP = """
import os, random, signal, sys, threading, time
import torch
from course_lib.cells import LSTMCell
from course_lib.fuse import fuse

cell, x = LSTMCell(2, 64), torch.randn({batch}, 400, 2)

def work():
    hidden, _ = fuse(cell)(x)
    return torch.autograd.grad(hidden.square().mean(), list(cell.parameters()))

def stop(*_):
    if wanted:
        raise KeyboardInterrupt

def press():
    while True:
        began.wait(), began.clear()
        time.sleep(1.2 * random.random() * seconds)
        os.kill(os.getpid(), signal.SIGINT), os.kill(os.getpid(), signal.SIGINT)

right, start, wanted, began = work(), time.perf_counter(), [], threading.Event()
work()
seconds = time.perf_counter() - start
signal.signal(signal.SIGINT, stop)
threading.Thread(target=press, daemon=True).start()
for _ in range({times}):
    try:
        wanted.append(True), began.set()
        while True:
            work()
    except KeyboardInterrupt:
        wanted.clear()
    if random.random() < 0.1:
        assert all(map(torch.equal, work(), right))
assert all(map(torch.equal, work(), right))
print("survived"), sys.stdout.flush(), os._exit(0)
"""


@signals
@pytest.mark.parametrize(("batch", "times", "threads"), [(16, 100, 1), (16, 100, 2), (256, 10, 2)])
def test_a_loop_of_ones_own_can_be_stopped_anywhere(batch, times, threads):
    assert in_a_process_of_its_own(OWN_LOOP.format(batch=batch, times=times), threads=threads) == "survived\n"


def test_memory_that_runs_out_half_way_leaves_the_run_as_it_was(monkeypatch):
    cell, x, weights = LSTMCell(2, 4), torch.randn(130, 7, 2), lambda: list(cell.parameters())
    loss = fuse(cell)(x)[0].square().mean()
    right = torch.autograd.grad(loss, weights(), retain_graph=True)
    array, calls = run.array, []

    def scarce(*shape, dtype):
        calls.append(shape)
        if len(calls) == 5:
            raise MemoryError
        return array(*shape, dtype=dtype)

    monkeypatch.setattr(run, "array", scarce)
    run.SPARE.clear()
    with pytest.raises(MemoryError):
        torch.autograd.grad(loss, weights(), retain_graph=True)
    again = torch.autograd.grad(loss, weights())
    assert len(calls) > 5 and all(map(torch.equal, again, right))


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
