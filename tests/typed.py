"""A user of the library, for mypy: every line is right, but for those that say which error they are."""

import torch

from course_lib.cells import LSTMCell
from course_lib.fuse import fuse
from course_lib.gradients import gradient_per_step, half_life, paths
from course_lib.lesson import seeds, verdict
from course_lib.sweep import sweep
from course_lib.tasks import Adding, Batch
from course_lib.training import History, Network, build, evaluate, train
from course_lib.unroll import Trace, shuffled, unroll

task = Adding(lag=10)
batch: Batch = task.batch(4)
network: Network = build(LSTMCell, task, hidden_size=8, init="chrono")
history: History = train(LSTMCell, task, updates=3, until=lambda history: history.loss < 0.1, checkpoint="run.pt")
more: History = train(network, task, clip=None)
loss, score = evaluate(network, task, override={"forget": 0.5, "input": shuffled(0)})
percent: float = 100 * score + history.loss
trace: Trace = unroll(network.cell, batch.x, override={"forget": lambda t, value: value})
hidden, final = fuse(LSTMCell(2, 4))(torch.ones(1, 3, 2), every=True)
memory: torch.Tensor = final["c"]
slopes = gradient_per_step(network, task, batch)["h"].mean()
split = paths(network.cell, batch.x)
steps = half_life(0.99)
rows: list[dict[str, object]] = [
    dict(row) for row in sweep(["LSTMCell"], lags=[5, 10], seeds=seeds(3), out="runs.sqlite")
]
verdict("A1", True, "It is 3.")

task.batch("4")  # type: ignore[arg-type]
train(LSTMCell, task, updates="3")  # type: ignore[arg-type]
train(LSTMCell, task, update=3)  # type: ignore[call-arg]
evaluate(network, task, override=["forget"])  # type: ignore[arg-type]
unroll(network.cell, batch.x, start=[1.0])  # type: ignore[arg-type]
fuse(LSTMCell(2, 4))(torch.ones(1, 3, 2), True)  # type: ignore[arg-type, call-arg]
sweep(["LSTMCell"], lags=10)  # type: ignore[arg-type]
verdict("A1", True)  # type: ignore[call-arg]
wrong: str = seeds(3)  # type: ignore[assignment]
