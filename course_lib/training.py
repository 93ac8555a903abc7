"""Train a cell on a memory task: one function, seeded, interruptible without losing what it has.

>>> history = train(LSTMCell, Adding(lag=10), hidden_size=8, updates=3, progress=False)
>>> history.ended, history.sequences
('budget', 96)
"""

import io
import math
import os
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn
from torch.linalg import vector_norm

from course_lib import doors
from course_lib.adam import Adam
from course_lib.bar import line
from course_lib.cells import Cell as AnyCell
from course_lib.cells import check_cell, check_class, check_network
from course_lib.files import write
from course_lib.fuse import fuse
from course_lib.initialise import initialise
from course_lib.stop import Deferred, check, end_cell
from course_lib.tasks import Task, check_at
from course_lib.unroll import Override, unroll

SMOOTHING = 20  # updates over which the loss is averaged before it is compared with a threshold
SAVE_EVERY = 20  # seconds between checkpoints


class Network(nn.Module):
    """A cell and what reads it: y = W_y h + b_y.

    forward(x, at=...) runs the cell over x (batch, time, input) and reads h after the last step (at="last"), after
    every step (at="every"), or after step at[b] of sequence b (a tensor (batch,)). Returns (batch, output), or
    (batch, time, output) for "every". W_y and b_y are drawn from torch's global generator.
    Raises ValueError for another `at`, and as `unroll` does.
    """

    def __init__(self, cell, output_size):
        super().__init__()
        self.cell = check_cell("Network", cell)
        self.readout = nn.Linear(cell.hidden_size, doors.whole("Network", "output_size", output_size))
        self.fused = fuse(cell)  # kept, for it knows what the step reads

    def forward(self, x, *, at="last"):
        every = not (doors.is_a(str, at) and at == "last")
        self.fused = self.fused if self.fused.cell is self.cell else fuse(self.cell)
        hidden, _ = self.fused(x, every=every)
        return self.readout(hidden) if not every else self.read(hidden, at=at)

    def read(self, hidden, *, at="last"):
        """The outputs from the hidden states (batch, time, hidden); at as in forward."""
        sizes = {"batch": None, "time": None, "hidden": self.cell.hidden_size}
        check_at("Network", at, doors.tensor("Network", "hidden", hidden, sizes, dtype=self.cell.dtype, finite=False))
        if doors.is_tensor(at):
            return self.readout(hidden[torch.arange(len(hidden)), at])
        return self.readout(hidden if at == "every" else hidden[:, -1])


def check_task(who, task):
    """task, or a ValueError unless it is a Task, and not a class of them."""
    return doors.instance(who, "task", task, Task, such_as="Adding(lag=10)")


@contextmanager
def drawn_from(seed):
    """Inside, torch's global generator starts from seed; afterwards it is where it was."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


def build(
    Cell: type[AnyCell], task: Task, *, hidden_size: int = 32, init: str = "default", bias: float | None = None,
    lag: int | None = None, seed: int = 0,
) -> Network:  # fmt: skip
    """A new Network for task, its weights drawn from seed. init, bias: see `initialise`; lag: the task's by default.

    Raises ValueError for what is no class of cells or no task, and as `initialise` does.
    """
    check_class("build", Cell), check_task("build", task)
    with drawn_from(doors.seed("build", seed)):
        cell = Cell(task.input_size, hidden_size)
        initialise(cell, init, bias=bias, lag=task.lag if lag is None else lag)
        return Network(cell, task.output_size)


def count_parameters(Cell, input_size, hidden_size):
    """How many weights a cell has."""
    with drawn_from(0):
        cell = check_class("count_parameters", Cell)(input_size, hidden_size)
    return sum(weight.numel() for weight in cell.parameters())


def hidden_size_for(Cell, input_size, parameters):
    """The hidden size at which Cell comes closest to a number of weights, so that cells compare at equal counts.

    Raises ValueError for fewer weights than a cell of one unit has.
    """
    least = count_parameters(check_class("hidden_size_for", Cell), input_size, 1)
    doors.whole(Cell.__name__, "parameters", parameters, least=least)
    if count_parameters(Cell, input_size, 2) <= least:
        doors.refuse("hidden_size_for", "Cell with more weights for more units", Cell)
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
    note        what to try, where it diverged; that its checkpoint could not be written
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
        last = self.losses[-SMOOTHING:]
        return math.fsum(last) / len(last) if last else math.nan

    def finished(self):
        """This History; KeyboardInterrupt if the run was interrupted. For a loop, which would train the next one."""
        if self.ended == "interrupted":
            raise KeyboardInterrupt
        return self


def below(threshold):
    """Solved when the mean loss of the last 20 updates is below threshold, a number; 0 is never reached."""
    threshold = doors.number("below", "threshold", threshold)
    return lambda history: len(history.losses) >= SMOOTHING and history.loss < threshold


def streak(sequences):
    """Solved when so many sequences in a row were all right (Hochreiter & Schmidhuber 1997 used 2,000)."""
    sequences = doors.whole("streak", "sequences", sequences)

    def solved(history):
        batches = -(-sequences // history.settings["batch_size"])
        return len(history.scores) >= batches and min(history.scores[-batches:]) == 1.0

    return solved


def train(
    Cell: type[AnyCell] | Network, task: Task, *, hidden_size: int | None = None, init: str | None = None,
    bias: float | None = None, updates: int = 2000, batch_size: int = 32, learning_rate: float = 2e-3,
    clip: float | None = 1.0, seed: int = 0, until: Callable[[History], bool] | None = None,
    checkpoint: str | Path | None = None, progress: bool = True,
) -> History:  # fmt: skip
    """Train a cell on task with Adam, every batch fresh from the generator, and return the History.

    Cell            a Cell class, from which `build` makes a network with hidden_size (32 when omitted), init, bias and
                    seed; or a Network to train on, to which these three do not apply
    learning_rate   Adam's step size; clip: the largest norm of the gradient, None for no limit
    until           a rule History -> bool that ends the run as solved; below(task.solved_at) when omitted
    checkpoint      a file to which the run is saved now and then and when it ends; the same call continues from it

    The same seed gives the same numbers, on one machine and with one number of threads: others round otherwise, and
    training amplifies that. A loss that is not finite ends the run as "diverged", with the update and what to try in
    History.note.
    Ctrl-C, or the stop button of a notebook, returns the History so far: after the update that is being done, or, the
    second time, at once and as it was before it. In a notebook it then ends the cell; elsewhere, what trains in a loop
    asks for History.ended.
    Raises ValueError for sizes and rates that cannot be used, a start asked of a Network, a checkpoint of another run.
    """
    check()
    check_task("train", task)
    updates, batch_size = doors.whole("train", "updates", updates), doors.whole("train", "batch_size", batch_size)
    learning_rate, seed = doors.number("train", "learning_rate", learning_rate, above=0), doors.seed("train", seed)
    clip = None if clip is None else doors.number("train", "clip, when it is not None,", clip, above=0)
    until = below(task.solved_at) if until is None else doors.function("train", "until", until, "history")
    doors.flag("train", "progress", progress)
    network = Cell
    if not doors.is_a(Network, Cell):
        check_class("train", Cell)
        asked = {"hidden_size": hidden_size, "init": init, "bias": bias}
        network = build(Cell, task, seed=seed, **{name: value for name, value in asked.items() if value is not None})
        init, bias = "default" if init is None else init, None if bias is None else float(bias)
    elif (hidden_size, init, bias) != (None, None, None):
        raise ValueError(
            f"train needs hidden_size, init and bias for a class of cells alone; got {hidden_size!r}, {init!r} and "
            f"{bias!r} for a Network, which has its size and weights"
        )
    settings = dict(cell=type(network.cell).__name__, task=repr(task), hidden_size=network.cell.hidden_size, init=init,
                    bias=bias, batch_size=batch_size, learning_rate=learning_rate, clip=clip, seed=seed)  # fmt: skip
    history = History(network, settings)
    optimiser = Adam(network.parameters(), learning_rate)
    generator = torch.Generator().manual_seed(seed)
    if checkpoint is not None:
        load(doors.target("train", "checkpoint", checkpoint), history, optimiser, generator)
        if len(history.losses) > updates:
            doors.refuse("train", f"updates of at least the {len(history.losses)} that {checkpoint} holds", updates)
    if history.ended in ("solved", "diverged"):
        return history
    with Deferred() as interrupts, line(history, updates, quiet=not progress or "COURSE_QUIET" in os.environ) as bar:
        proceed(history, task, optimiser, generator, updates, until, checkpoint, bar, interrupts)
    try:
        interrupts.deliver()
    except KeyboardInterrupt:
        history.ended = "interrupted"
    if history.ended == "interrupted":
        end_cell()
    return history


def proceed(history, task, optimiser, generator, updates, until, checkpoint, bar, interrupts):
    """Go on with a run until it ends; between any two updates, history and the others are what a checkpoint holds."""
    network, batch_size, clip = history.network, history.settings["batch_size"], history.settings["clip"]
    history.ended = "budget"
    saved = time.perf_counter()
    began = saved - history.seconds
    done, unseen = len(history.losses), generator.get_state()
    try:
        interrupts.open()
        while history.ended == "budget":
            if done and until(history):
                history.ended, history.solved_at = "solved", done
            elif done >= updates:
                break
            else:
                interrupts.deliver()
                batch = task.batch(batch_size, generator=generator)
                update(network, task, batch, optimiser, clip, history, interrupts)
                history.seconds = time.perf_counter() - began
                bar.update(history)
                if checkpoint is not None and time.perf_counter() - saved > SAVE_EVERY:
                    with interrupts.held():
                        save(checkpoint, history, optimiser, generator)
                    saved = time.perf_counter()
                done, unseen = len(history.losses), generator.get_state()
        interrupts.close()
    except KeyboardInterrupt:
        history.ended = "interrupted"
        if len(history.losses) == done:  # the batch of an update that was not finished is drawn again
            generator.set_state(unseen)
    if checkpoint is not None:
        save(checkpoint, history, optimiser, generator)


def update(network, task, batch, optimiser, clip, history, interrupts):
    """One step of Adam on batch; appends its loss and score to history, or marks it diverged."""
    weights = optimiser.weights
    output = network(batch.x, at=batch.at)
    error = task.loss(output, batch)
    for weight in weights:
        weight.grad = None
    error.backward()
    norm = vector_norm(torch.stack([vector_norm(weight.grad) for weight in weights if weight.grad is not None]))
    loss, size = error.item(), norm.item()
    if not (math.isfinite(loss) and math.isfinite(size)):
        history.ended = "diverged"
        rate, limit = history.settings["learning_rate"], "none" if clip is None else f"{clip:g}"
        history.note = (
            f"{history.settings['cell']}: loss {loss:.3g}, gradient norm {size:.3g} at update "
            f"{len(history.losses) + 1}. Try a smaller learning_rate (now {rate:g}) or a smaller clip (now {limit})."
        )
        return
    if clip is not None and size > clip:
        nn.utils.clip_grads_with_norm_(weights, clip, norm)
    score = float(task.score(output.detach(), batch))
    with interrupts.held():
        optimiser.step()
        history.losses.append(loss)
        history.scores.append(score)


def evaluate(
    network: Network, task: Task, *, sequences: int = 1000, seed: int = 1, override: Override | None = None
) -> tuple[float, float]:
    """(loss, score) of network on fresh sequences, with gates overridden as in `unroll` if asked."""
    doors.instance("evaluate", "network", check_network("evaluate", network), Network, such_as="build(LSTMCell, task)")
    check_task("evaluate", task)
    generator = torch.Generator().manual_seed(doors.seed("evaluate", seed))
    batch = task.batch(doors.whole("evaluate", "sequences", sequences), generator=generator)
    with torch.no_grad():
        if override is not None:
            output = network.read(unroll(network.cell, batch.x, override=override)["h"], at=batch.at)
        else:
            output = network(batch.x, at=batch.at)
        return task.loss(output, batch).item(), float(task.score(output, batch))


def save(path, history, optimiser, generator):
    """Write the run to path, whole or not at all; where that cannot be, say so once, and in its note."""
    kept = vars(history) | {"network": history.network.state_dict()}
    kept |= {"optimiser": optimiser.state, "generator": generator.get_state()}
    content = io.BytesIO()
    torch.save(kept, content)
    try:
        write(path, content.getvalue())
    except OSError as error:
        said = f"The checkpoint cannot be written: {error}. The run goes on without it."
        if said not in history.note:
            history.note = f"{history.note} {said}".strip()
            print(said, file=sys.stderr)


def load(path, history, optimiser, generator):
    """Fill history, optimiser and generator from path, if it exists; ValueError for one of another run, or none."""
    if not Path(path).exists():
        return
    with doors.using("train", "checkpoint as a new file, or one that it wrote", path), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the format of what is no checkpoint
        kept = torch.load(path, weights_only=True)
        if missing := {*vars(history), "optimiser", "generator"} - kept.keys():
            raise KeyError(*missing)
    if kept["settings"] != history.settings:
        changed = {k: (v, history.settings.get(k)) for k, v in kept["settings"].items() if history.settings.get(k) != v}
        raise ValueError(f"checkpoint {path} is of another run (saved, asked): {changed}; delete it or name another")
    with doors.using("train", "checkpoint as a new file, or one that it wrote", path):  # not with torch's optimiser
        optimiser.load(kept.pop("optimiser"))
    history.network.load_state_dict(kept.pop("network"))
    generator.set_state(kept.pop("generator"))
    for name, value in kept.items():
        setattr(history, name, value)
