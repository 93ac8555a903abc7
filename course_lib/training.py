"""Train a cell on a memory task: one function, seeded, interruptible without losing what it has.

>>> history = train(LSTMCell, Adding(lag=10), hidden_size=8, updates=3, progress=False)
>>> history.ended, history.sequences
('budget', 96)
"""

import io
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import nn
from tqdm.auto import tqdm

from course_lib.files import write
from course_lib.fuse import fuse
from course_lib.initialise import initialise
from course_lib.unroll import unroll

SMOOTHING = 20  # updates over which the loss is averaged before it is compared with a threshold
SAVE_EVERY = 20  # seconds between checkpoints


class Network(nn.Module):
    """A cell and what reads it: y = W_y h + b_y.

    forward(x, at=...) runs the cell over x (batch, time, input) and reads h after the last step (at="last"), after
    every step (at="every"), or after step at[b] of sequence b (a tensor (batch,)). Returns (batch, output), or
    (batch, time, output) for "every".
    """

    def __init__(self, cell, output_size):
        super().__init__()
        self.cell = cell
        self.readout = nn.Linear(cell.hidden_size, output_size)

    def forward(self, x, *, at="last"):
        every = not (isinstance(at, str) and at == "last")
        hidden, _ = fuse(self.cell)(x, every=every)
        return self.readout(hidden) if not every else self.read(hidden, at=at)

    def read(self, hidden, *, at="last"):
        """The outputs from the hidden states (batch, time, hidden)."""
        if isinstance(at, torch.Tensor):
            return self.readout(hidden[torch.arange(len(hidden)), at])
        return self.readout(hidden if at == "every" else hidden[:, -1])


def build(Cell, task, *, hidden_size=32, init="default", bias=1.0, lag=None, seed=0):
    """A new Network for task, its weights drawn from seed. init, bias: see `initialise`; lag: the task's by default."""
    torch.manual_seed(seed)
    cell = Cell(task.input_size, hidden_size)
    initialise(cell, init, bias=bias, lag=task.lag if lag is None else lag)
    return Network(cell, task.output_size)


def count_parameters(Cell, input_size, hidden_size):
    """How many weights a cell has."""
    return sum(weight.numel() for weight in Cell(input_size, hidden_size).parameters())


def hidden_size_for(Cell, input_size, parameters):
    """The hidden size at which Cell comes closest to a number of weights, so that cells compare at equal counts."""
    if not parameters >= count_parameters(Cell, input_size, 1):
        least = count_parameters(Cell, input_size, 1)
        raise ValueError(f"{Cell.__name__} needs at least {least} parameters; got {parameters!r}")
    size = 1
    while count_parameters(Cell, input_size, size + 1) <= parameters:
        size += 1
    over = count_parameters(Cell, input_size, size + 1) - parameters
    return size + 1 if over < parameters - count_parameters(Cell, input_size, size) else size


@dataclass
class History:
    """What a training run did.

    losses      the loss of each update, taken before it; where a task draws new sequences for ever, a test loss
    scores      the fraction of that batch that was right, by the task's own criterion
    ended       "solved", "budget" (all updates done), "interrupted" or "diverged"
    solved_at   the update at which it was solved, or None
    sequences   training sequences seen; seconds: time spent
    note        what to try, where it diverged
    network     the trained Network
    """

    network: Network
    settings: dict
    losses: list = field(default_factory=list)
    scores: list = field(default_factory=list)
    ended: str = "budget"
    solved_at: int | None = None
    seconds: float = 0.0
    note: str = ""

    @property
    def sequences(self):
        return len(self.losses) * self.settings["batch_size"]

    @property
    def loss(self):
        """The mean loss of the last updates."""
        return float(np.mean(self.losses[-SMOOTHING:])) if self.losses else float("nan")


def below(threshold):
    """Solved when the mean loss of the last 20 updates is below threshold."""
    return lambda history: len(history.losses) >= SMOOTHING and history.loss < threshold


def streak(sequences):
    """Solved when so many sequences in a row were all right (Hochreiter & Schmidhuber 1997 used 2,000)."""

    def solved(history):
        batches = -(-sequences // history.settings["batch_size"])
        return len(history.scores) >= batches and min(history.scores[-batches:]) == 1.0

    return solved


def train(
    Cell, task, *, hidden_size=32, init="default", bias=1.0, updates=2000, batch_size=32, learning_rate=2e-3,
    clip=1.0, seed=0, until=None, checkpoint=None, progress=True,
):  # fmt: skip
    """Train a cell on task with Adam, every batch fresh from the generator, and return the History.

    Cell            a Cell class (a network is built from hidden_size, init, bias and seed), or a Network to train on
    learning_rate   Adam's step size; clip: the largest norm of the gradient, None for no limit
    until           a rule History -> bool that ends the run as solved; below(task.solved_at) when omitted
    checkpoint      a file to which the run is saved now and then and when it ends; the same call continues from it

    The same seed gives the same numbers. Ctrl-C, or the stop button of a notebook, returns the History so far. A loss
    that is not finite ends the run as "diverged", with the update and what to try in History.note.
    Raises ValueError for sizes and rates that cannot be used, and for a checkpoint of other settings.
    """
    for name, value, least in (("updates", updates, 1), ("batch_size", batch_size, 1)):
        if not isinstance(value, int) or value < least:
            raise ValueError(f"train needs {name} as a whole number, {least} or more; got {value!r}")
    if not 0 < learning_rate < float("inf") or not (clip is None or clip > 0):
        raise ValueError(f"train needs learning_rate > 0 and clip > 0 or None; got {learning_rate!r} and {clip!r}")
    network = Cell
    if not isinstance(Cell, Network):
        network = build(Cell, task, hidden_size=hidden_size, init=init, bias=bias, seed=seed)
    settings = dict(cell=type(network.cell).__name__, task=repr(task), hidden_size=network.cell.hidden_size, init=init,
                    bias=bias, batch_size=batch_size, learning_rate=learning_rate, clip=clip, seed=seed)  # fmt: skip
    until = until or below(task.solved_at)
    history = History(network, settings)
    optimiser = torch.optim.Adam(network.parameters(), lr=learning_rate, fused=True)
    generator = torch.Generator().manual_seed(seed)
    if checkpoint is not None:
        load(checkpoint, history, optimiser, generator)
    if history.ended in ("solved", "diverged"):
        return history
    history.ended = "budget"
    quiet = not progress or "COURSE_QUIET" in os.environ
    began = saved = time.perf_counter() - history.seconds
    bar = tqdm(total=updates, initial=len(history.losses), disable=quiet, leave=False, desc=settings["cell"])
    try:
        while len(history.losses) < updates and history.ended == "budget":
            done, unseen = len(history.losses), generator.get_state()
            update(network, task, task.batch(batch_size, generator=generator), optimiser, clip, history)
            if until(history):
                history.ended, history.solved_at = "solved", len(history.losses)
            history.seconds = time.perf_counter() - began
            bar.update()
            bar.set_postfix(loss=f"{history.loss:.4f}", sequences=history.sequences, refresh=False)
            if checkpoint is not None and time.perf_counter() - saved > SAVE_EVERY:
                save(checkpoint, history, optimiser, generator)
                saved = time.perf_counter()
    except KeyboardInterrupt:
        history.ended = "interrupted"
        if len(history.losses) == done:  # the batch of an update that was not finished is drawn again
            generator.set_state(unseen)
    finally:
        bar.close()
    if checkpoint is not None:
        save(checkpoint, history, optimiser, generator)
    return history


def update(network, task, batch, optimiser, clip, history):
    """One step of Adam on batch; appends its loss and score to history, or marks it diverged."""
    output = network(batch.x, at=batch.at)
    loss = task.loss(output, batch)
    optimiser.zero_grad()
    loss.backward()
    norm = nn.utils.clip_grad_norm_(network.parameters(), float("inf") if clip is None else clip)
    if not (torch.isfinite(loss) and torch.isfinite(norm)):
        history.ended = "diverged"
        rate, limit = history.settings["learning_rate"], "none" if clip is None else f"{clip:g}"
        history.note = (
            f"{history.settings['cell']}: loss {loss.item():.3g}, gradient norm {norm.item():.3g} at update "
            f"{len(history.losses) + 1}. Try a smaller learning_rate (now {rate:g}) or a smaller clip (now {limit})."
        )
        return
    optimiser.step()
    history.losses.append(loss.item())
    history.scores.append(float(task.score(output.detach(), batch)))


def evaluate(network, task, *, sequences=1000, seed=1, override=None):
    """(loss, score) of network on fresh sequences, with gates overridden as in `unroll` if asked."""
    batch = task.batch(sequences, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        if override:
            output = network.read(unroll(network.cell, batch.x, override=override)["h"], at=batch.at)
        else:
            output = network(batch.x, at=batch.at)
        return task.loss(output, batch).item(), float(task.score(output, batch))


def save(path, history, optimiser, generator):
    """Write the run to path, whole or not at all."""
    kept = vars(history) | {"network": history.network.state_dict()}
    kept |= {"optimiser": optimiser.state_dict(), "generator": generator.get_state()}
    content = io.BytesIO()
    torch.save(kept, content)
    write(path, content.getvalue())


def load(path, history, optimiser, generator):
    """Fill history, optimiser and generator from path, if it exists."""
    if not Path(path).exists():
        return
    kept = torch.load(path, weights_only=True)
    if kept["settings"] != history.settings:
        changed = {k: (v, history.settings.get(k)) for k, v in kept["settings"].items() if history.settings.get(k) != v}
        raise ValueError(f"checkpoint {path} is of another run (saved, asked): {changed}; delete it or name another")
    history.network.load_state_dict(kept.pop("network"))
    optimiser.load_state_dict(kept.pop("optimiser"))
    generator.set_state(kept.pop("generator"))
    for name, value in kept.items():
        setattr(history, name, value)
