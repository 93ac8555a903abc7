"""The playground's numbers, run in node, are the course's: its random numbers, tasks, starts, and training."""

import json

import numpy as np
import pytest
import torch
from node import run

from course_lib.cells import CELLS, AddedGateCell, GRUCell, LSTMCell, MinLSTMCell, OneNetworkCell, RNNCell
from course_lib.gradients import gradient_per_step
from course_lib.initialise import named_weights
from course_lib.page import worker
from course_lib.page.about import about
from course_lib.tasks import (
    Adding,
    Adding1997,
    Batch,
    Copying,
    Counting,
    KeepOrReplace,
    Latching,
    SelectiveCopying,
    TemporalOrder,
)
from course_lib.training import build, train

TASKS = (Adding, Adding1997, KeepOrReplace, Counting, Latching, TemporalOrder, Copying, SelectiveCopying)
SIZES = {"batch": 16, "units": 16, "changes": [], "rate": 0.01, "bias": 1.0, "start": "default", "seed": 7}


def ask(folder, text, given):
    """What text, the body of a function of `given` inside the worker's script, returns."""
    inside = f"new Function('given', {json.dumps(worker())} + {json.dumps(text)})(given)"
    return run(folder, f"globalThis.postMessage = () => {{}};\nreturn {inside};", given)


@pytest.mark.parametrize("Task", TASKS, ids=lambda Task: Task.__name__)
def test_a_task_draws_the_sequences_of_the_course(Task, tmp_path):
    """Three batches one after the other, at two lags; noise is rounded in its last digits."""
    text = """return given.map(([name, lag, seed]) => {
        const task = TASKS[name](lag), generator = new Generator(seed);
        return { ...task, batches: [1, 2, 3].map(() => task.draw(16, generator)) }; });"""
    lags = (max(Task.least, 25), 60)
    for lag, got in zip(lags, ask(tmp_path, text, [[Task.__name__, lag, 11 + lag] for lag in lags])):
        task, generator = Task(lag=lag), torch.Generator().manual_seed(11 + lag)
        assert (got["inputs"], got["outputs"], got["least"]) == (task.input_size, task.output_size, task.least)
        assert got["baseline"] == pytest.approx(task.baseline) and got["solvedAt"] == pytest.approx(task.solved_at)
        rounding = 1e-6 if Task is Latching else 0
        for batch in got["batches"]:
            wanted = task.batch(16, generator=generator)
            assert got["classes"] is (wanted.y.dtype == torch.int64) and got["steps"] == wanted.x.shape[1]
            assert batch["x"] == pytest.approx(wanted.x.double().flatten().tolist(), abs=rounding)
            assert batch["y"] == pytest.approx(wanted.y.double().flatten().tolist(), abs=0)
            assert batch["at"] == (wanted.at.tolist() if torch.is_tensor(wanted.at) else wanted.at)


def runs(tmp_path, setups):
    """For each setup, (what the page's race gave: start, losses and scores; the network that Python starts from)."""
    text = """return given.map(({ updates, ...setup }) => {
        const race = new Race(setup), copy = (w) => Object.fromEntries(Object.entries(w).map(([k, v]) => [k, [...v]]));
        const start = copy(race.runners[0].weights);
        for (let k = 0; k < updates; k++) race.update();
        const { losses, scores } = race.runners[0];
        return { start, losses, scores, gradient: updates ? race.news().runners[0].gradient : null }; });"""
    asked = [{**SIZES, **one, "cells": [{"name": Cell.__name__, "about": about(Cell)} for Cell in one["cells"]]}
             for one in setups]  # fmt: skip
    return ask(tmp_path, text, asked)


def test_every_cell_starts_from_the_weights_of_the_course(tmp_path):
    setups = [{"cells": [Cell], "task": task.__name__, "lag": 30, "updates": 0, "start": start}
              for Cell in CELLS
              for task, start in [(TemporalOrder, "default"), (Adding, "chrono"), (Counting, "forget_bias")]
              if start == "default" or Cell.memory and Cell.memory[0]]  # fmt: skip
    setups += [{"cells": [Cell], "task": "Adding", "lag": 30, "updates": 0, "start": "identity"}
               for Cell in CELLS if Cell.identity]  # fmt: skip
    task = {Task.__name__: Task for Task in TASKS}
    for one, got in zip(setups, runs(tmp_path, setups)):
        network = build(one["cells"][0], task[one["task"]](lag=30), hidden_size=16, init=one["start"], seed=7)
        wanted = {name: weight.double().flatten().tolist() for name, weight in named_weights(network).items()}
        assert got["start"].keys() == wanted.keys()
        for name, values in wanted.items():
            assert got["start"][name] == pytest.approx(values, abs=1e-6), (one["cells"][0].__name__, one["start"], name)


@pytest.mark.arithmetic
def test_the_first_losses_and_scores_are_those_of_the_course(tmp_path):
    cases = [(LSTMCell, Adding, 40, "chrono"), (GRUCell, TemporalOrder, 20, "forget_bias"),
             (RNNCell, Latching, 10, "default"), (MinLSTMCell, KeepOrReplace, 10, "chrono"),
             (OneNetworkCell, Counting, 20, "default"), (AddedGateCell, Adding1997, 22, "default"),
             (LSTMCell, Copying, 5, "default"), (LSTMCell, SelectiveCopying, 12, "default")]  # fmt: skip
    setups = [{"cells": [Cell], "task": Task.__name__, "lag": lag, "start": start, "updates": 20}
              for Cell, Task, lag, start in cases]  # fmt: skip
    for (Cell, Task, lag, start), got in zip(cases, runs(tmp_path, setups)):
        history = train(Cell, Task(lag=lag), hidden_size=16, init=start, seed=7, updates=20, batch_size=16,
                        learning_rate=0.01, progress=False, until=lambda history: False)  # fmt: skip
        assert history.losses[0] != history.losses[-1]
        assert got["losses"] == pytest.approx(history.losses, abs=1e-6), (Cell.__name__, Task.__name__)
        assert got["scores"] == pytest.approx(history.scores, abs=1e-6)


def test_the_gradient_by_lag_is_that_of_the_course(tmp_path):
    (got,) = runs(tmp_path, [{"cells": [RNNCell], "task": "Adding1997", "lag": 30, "updates": 1}])
    task = Adding1997(lag=30)
    batch = task.batch(16, generator=torch.Generator().manual_seed(7))
    network = build(RNNCell, task, hidden_size=16, seed=7)
    one = [Batch(batch.x[b : b + 1, : end + 1], batch.y[b : b + 1]) for b, end in enumerate(batch.at.tolist())]
    wanted = [gradient_per_step(network, task, batch)["h"][::-1] for batch in one]
    shared = min(map(len, wanted))
    assert got["gradient"][:shared] == pytest.approx(np.mean([row[:shared] for row in wanted], axis=0), rel=1e-4)
