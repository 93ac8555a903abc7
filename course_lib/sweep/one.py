"""One run: a cell trained as a setting says, on one thread, as a row."""

import json
import platform
import threading
import traceback
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec

import numpy as np
import torch

from course_lib.machine import cores
from course_lib.sweep.store import RESULT
from course_lib.training import SMOOTHING, count_parameters, hidden_size_for, train

TIMED = 3  # updates timed for the estimate, after one that compiles
ONE_AT_A_TIME = threading.Lock()  # weights are drawn from torch's global generator: a process trains one cell at a time


def run(Cell, Task, setting):
    """Train once, as setting says, and return the row; what goes wrong is the row's error."""
    row = dict.fromkeys(RESULT) | setting | {"versions": versions()}
    with ONE_AT_A_TIME, one_thread():
        try:
            history = start(Cell, Task, setting, updates=setting["budget"])
        except Exception:
            return row | {"ended": "error", "error": traceback.format_exc(limit=-2)}
    return row | {
        "hidden_size": history.settings["hidden_size"],
        "weights": sum(weight.numel() for weight in history.network.cell.parameters()),
        "threshold": Task(lag=setting["lag"]).solved_at,
        "ended": history.ended,
        "solved_at": history.solved_at,
        "early_loss": float(np.mean(history.losses[:SMOOTHING])) if history.losses else None,
        "loss": history.loss,
        "score": float(np.mean(history.scores[-SMOOTHING:])) if history.scores else None,
        "seconds": history.seconds,
    }


def start(Cell, Task, setting, *, updates):
    """Train a new network of Cell for some updates."""
    task = Task(lag=setting["lag"])
    return train(
        Cell, task, hidden_size=hidden_size_for(Cell, task.input_size, setting["parameters"]), init=setting["init"],
        updates=updates, batch_size=setting["batch_size"], learning_rate=setting["learning_rate"], seed=setting["seed"],
        progress=False,
    ).finished()  # fmt: skip


def speed(Cell, Task, setting):
    """setting, with the seconds of one update, its hidden_size and weights; no seconds where the run will fail."""
    with ONE_AT_A_TIME, one_thread():
        try:
            network = start(Cell, Task, setting, updates=1).network
            task, size = Task(lag=setting["lag"]), network.cell.hidden_size
            history = train(network, task, updates=TIMED, batch_size=setting["batch_size"], progress=False)
            history.finished()
        except Exception:
            return setting | {"seconds": None}
    return setting | {"seconds": history.seconds / TIMED, "hidden_size": size,
                      "weights": count_parameters(Cell, task.input_size, size)}  # fmt: skip


@contextmanager
def one_thread():
    """Let torch, and the kernels that follow it, use one thread: the other cores have runs of their own."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def versions():
    """Of what a number can depend on, as JSON."""
    packages = {name: version(name) for name in ("torch", "numpy", "llvmlite") if find_spec(name)}
    machine = f"{platform.system()} {platform.machine()}, {cores()} cores"
    return json.dumps({"python": platform.python_version(), **packages, "machine": machine})
