"""A grid small enough to be run in a test, and what is compared of its rows."""

import torch

from course_lib.cells import Affine, Cell, GRUCell, LSTMCell
from course_lib.sweep import sweep
from course_lib.sweep.store import KEY, RESULT, read

TINY = {"lags": [8], "parameters": 200, "batch_size": 4, "progress": False}
ELSEWHERE = ("seconds", "versions", "command")  # what may differ where the same run is done again


def numbers(rows):
    """The rows without what may differ where the same run is done again."""
    return [{name: value for name, value in row.items() if name not in ELSEWHERE} for row in rows]


def reported(path):
    """The rows of a file that are reported, not those that chose a rate."""
    return [row for row in read(path) if row["role"] == "report"]


def undisturbed(*, seeds):
    """The rows of the grid that other tests disturb."""
    return sweep([LSTMCell, GRUCell], lags=[20], seeds=seeds, budget=60, parameters=200, jobs=1, progress=False)


def result(rate, seed, *, solved_at=None, loss=0.1, ended=None, **other):
    """A row as far as choosing and counting need it."""
    row = dict.fromkeys(KEY + RESULT) | {"cell": "A", "init": "default", "task": "T", "budget": 100}
    ended = ended or ("solved" if solved_at else "budget")
    return row | {"learning_rate": rate, "seed": seed, "ended": ended, "solved_at": solved_at, "loss": loss} | other


class Mine(Cell):
    """A leaky network with a constant of its own."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.h = Affine(input_size, hidden_size)

    def step(self, gate, x, h):
        return {"h": 0.9 * h + 0.1 * torch.tanh(self.h(x, h))}
