"""Training in JavaScript is training in Python: the same losses from the same start and the same batches."""

import pytest
import torch
from node import run

from course_lib.cells import GRUCell, LSTMCell
from course_lib.initialise import named_weights
from course_lib.script import TRAIN, script
from course_lib.tasks import Adding, Adding1997, Copying, TemporalOrder
from course_lib.training import build, train

UPDATES, BATCH, SEED = 20, 16, 3
RUN = """
const { network, Adam } = await import("./train.mjs");
const module = await import("./cell.mjs");
const net = network(module, given), adam = new Adam({ rate: given.rate, clip: given.clip });
const w = Object.fromEntries(Object.entries(given.weights).map(([k, v]) => [k, Float64Array.from(v)]));
const losses = [];
for (const { x, y, at } of given.batches) {
  losses.push(net.gradient(w, Float64Array.from(x), y, { at, classes: given.classes }));
  adam.step(w, net.d);
}
return losses;
"""


@pytest.mark.arithmetic
@pytest.mark.parametrize("clip", [1.0, 0.05, None])
@pytest.mark.parametrize(
    ("Cls", "task"), [(LSTMCell, Adding(lag=40)), (GRUCell, Adding1997(lag=30)), (LSTMCell, Copying(lag=10)),
                      (GRUCell, TemporalOrder(lag=20))], ids=lambda one: getattr(one, "__name__", None)
)  # fmt: skip
def test_the_first_losses_are_those_of_the_course(Cls, task, clip, tmp_path):
    settings = {"learning_rate": 0.01, "clip": clip, "batch_size": BATCH, "seed": SEED}
    network = build(Cls, task, hidden_size=16, seed=SEED)
    weights = {name: weight.double().flatten().tolist() for name, weight in named_weights(network).items()}
    text = script(network.cell).text
    generator = torch.Generator().manual_seed(SEED)
    batches = [task.batch(BATCH, generator=generator) for _ in range(UPDATES)]
    wanted = train(network, task, updates=UPDATES, progress=False, until=lambda history: False, **settings).losses
    given = {"outputs": task.output_size, "batch": BATCH, "steps": batches[0].x.shape[1], "weights": weights,
             "rate": 0.01, "clip": clip, "classes": batches[0].y.dtype == torch.int64,
             "batches": [{"x": b.x.double().flatten().tolist(), "y": b.y.flatten().tolist(),
                          "at": b.at.tolist() if torch.is_tensor(b.at) else b.at} for b in batches]}  # fmt: skip
    got = run(tmp_path, RUN, given, cell=text, train=TRAIN.read_text(encoding="utf-8"))
    assert len(got) == UPDATES and wanted[-1] != wanted[0]
    assert got == pytest.approx(wanted, abs=1e-6)
