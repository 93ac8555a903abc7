"""How much of the loss reaches each earlier step, and by which path.

A gated cell has two kinds of path from an old memory to a new one. The direct path stays in the memory and is
multiplied by the gate at every step: its derivative is the product of the gates, with no weight in it. Every other
path leaves the memory through h and comes back through the weights. `paths` splits the exact derivative into the two,
`gradient_by_detours` the gradient of a loss by how often its way left the memory.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike

from course_lib import doors
from course_lib.cells import Cell, check_cell, check_network
from course_lib.tasks import Batch, Task
from course_lib.unroll import Override, check_input, unroll


def half_life(gate: ArrayLike) -> np.ndarray:
    """Steps until a memory held by a constant gate value is down to one half: ln(2) / |ln(gate)|.

    gate   a number or array in [0, 1]; 0 gives 0 steps, 1 gives infinity
    """
    gate = fraction(gate, "half_life")
    with np.errstate(divide="ignore"):
        return np.log(2) / abs(np.log(gate))


def time_constant(gate: ArrayLike) -> np.ndarray:
    """Steps over which a constant gate value forgets, 1 / (1 - gate) (Tallec & Ollivier 2018); gate in [0, 1]."""
    gate = fraction(gate, "time_constant")
    with np.errstate(divide="ignore"):
        return 1 / (1 - gate)


def fraction(gate, who):
    """gate, a number or numbers in [0, 1], as an array; ValueError otherwise."""
    return doors.array(who, "gate", gate, least=0, most=1)


def gradient_per_step(
    network: Any, task: Task, batch: Batch, *, override: Override | None = None
) -> dict[str, np.ndarray]:
    """|dL/ds_t| for every state s and step t: how strongly the loss depends on the state after step t.

    The norm is over units; the mean is over sequences, each taken by its own loss. Returns {state: array (time,)}.
    """
    check("gradient_per_step", network, task, batch)
    trace = unroll(network.cell, batch.x, override=override)
    loss = task.loss(network.read(trace["h"], at=batch.at), batch) * len(batch.x)
    found = {}
    for name in network.cell.state:
        slopes = torch.autograd.grad(loss, trace.steps[name], retain_graph=True, materialize_grads=True)
        found[name] = torch.stack(slopes).norm(dim=-1).mean(dim=-1).numpy()
    return found


def weight_gradient_per_step(network: Any, task: Task, batch: Batch) -> np.ndarray:
    """dL/dθ split by the step at which the cell's weights θ acted: the rows add up to the whole gradient.

    Returns an array (time, weights); row t is what step t contributed. L is the mean loss over the batch.
    """
    check("weight_gradient_per_step", network, task, batch)
    cell, weights = network.cell, list(network.cell.parameters())
    state, before, after = cell.start(len(batch.x)), [], []
    for x_t in batch.x.unbind(dim=1):  # each step on its own leaves, so that its own derivative can be asked for
        before.append({name: value.detach().requires_grad_() for name, value in state.items()})
        state = cell.step(lambda name, value: value, x_t, **before[-1])
        after.append(state)
    hidden = torch.stack([state["h"].detach() for state in after], dim=1).requires_grad_()
    (read,) = torch.autograd.grad(task.loss(network.read(hidden, at=batch.at), batch), hidden)
    carried = {name: torch.zeros_like(value) for name, value in state.items()}
    rows = []
    for t in reversed(range(len(after))):
        seeds = [carried[name] + read[:, t] if name == "h" else carried[name] for name in cell.state]
        outputs = [after[t][name] for name in cell.state]
        old = [before[t][name] for name in cell.state]
        slopes = torch.autograd.grad(outputs, weights + old, seeds, materialize_grads=True)
        rows.append(torch.cat([slope.flatten() for slope in slopes[: len(weights)]]))
        carried = dict(zip(cell.state, slopes[len(weights) :]))
    return torch.stack(rows[::-1]).numpy()


def gradient_by_detours(network: Any, task: Task, batch: Batch) -> np.ndarray:
    """dL/d memory after the first step, split by how often the way there left the memory: (time, batch, hidden).

    Row k is what came by all ways that pass from the h of one step into the next step k times. Row 0 is the direct
    path, the product of the gates; the rows add up to the whole. L is the sum of the losses of the sequences. Raises
    ValueError for a cell without a memory beside h, and a batch that is not judged at its last step.
    """
    check("gradient_by_detours", network, task, batch)
    cell, who = network.cell, "gradient_by_detours"
    if cell.memory is None or cell.memory[1] == "h":
        doors.refuse(who, "a cell with a memory beside h, such as LSTMCell", type(cell).__name__)
    if not isinstance(batch.at, str) or batch.at != "last":
        doors.refuse(who, "a batch that is judged at its last step", batch.at)
    trace, (size, time) = unroll(cell, batch.x), batch.x.shape[:2]
    loss = task.loss(network.read(trace["h"], at=batch.at), batch) * size
    (read,) = torch.autograd.grad(loss, trace.steps["h"][-1], retain_graph=True)
    carried = {name: read.new_zeros(time, *read.shape) for name in cell.state}
    carried["h"][0] = read
    for t in range(time - 1, 0, -1):  # with a copy of the batch for each number of detours
        old = {name: trace.steps[name][t - 1].detach().repeat(time, 1).requires_grad_() for name in cell.state}
        new = cell.step(lambda name, value: value, batch.x[:, t].repeat(time, 1), **old)
        seeds = [carried[name].flatten(end_dim=1) for name in cell.state]
        slopes = torch.autograd.grad(
            [new[name] for name in cell.state], list(old.values()), seeds, materialize_grads=True
        )
        carried = {name: slope.reshape(time, *read.shape) for name, slope in zip(cell.state, slopes)}
        carried["h"] = carried["h"].roll(1, dims=0)  # nothing comes round: the last row is empty until the end
    h, c = trace.steps["h"][0], trace.steps[cell.memory[1]][0]
    shown = torch.autograd.grad(h, c, carried["h"], is_grads_batched=True, materialize_grads=True)[0]
    return (carried[cell.memory[1]] + shown).numpy()


def jacobians(
    cell: Cell, x: torch.Tensor, *, of: str, wrt: str | None = None, override: Override | None = None
) -> np.ndarray:
    """The exact derivative d of_T / d wrt_t for every step t, as an array (time + 1, batch, hidden, hidden).

    of, wrt   names of states; wrt is `of` when omitted. Entry [t, b, k, j] is the derivative of unit k of `of` after
              the last step by unit j of `wrt` after t steps; t = 0 is the start, where every state is free.
              For t > 0 the way through states computed later in the same step (c' into h') is counted.

    One backward pass over hidden x batch sequences; costs hidden times a plain gradient. ValueError for unknown names.
    """
    check_input(check_cell("jacobians", cell), x)
    wrt = of if wrt is None else wrt
    for name in (of, wrt):
        doors.choice(type(cell).__name__, "state", name, cell.state)
    size, batch_size = cell.hidden_size, len(x)
    copies = x.repeat_interleave(size, dim=0)  # sequence b, once for each unit k that is differentiated
    start = {name: value.requires_grad_() for name, value in cell.start(len(copies)).items()}
    trace = unroll(cell, copies, start=start, override=override)
    units = torch.arange(size).repeat(batch_size)
    wanted = trace.steps[of][-1].gather(1, units[:, None]).sum()
    slopes = torch.autograd.grad(wanted, [start[wrt], *trace.steps[wrt]], materialize_grads=True)
    return torch.stack(slopes).reshape(len(slopes), batch_size, size, size).numpy()


@dataclass(frozen=True)
class Paths:
    """A memory's derivative over a whole sequence, split in two.

    total    (time + 1, batch, hidden, hidden): d c_T / d c_t
    direct   (time + 1, batch, hidden): the product of the gates after step t, the diagonal of the direct path
    rest     (time + 1, batch, hidden, hidden): what remains, through h and the weights
    """

    total: np.ndarray
    direct: np.ndarray

    @property
    def rest(self):
        return self.total - self.direct[..., None] * np.eye(self.direct.shape[-1])

    def sizes(self):
        """The spectral norm of each part, geometric mean over the batch: {"total", "direct", "rest"}: (time + 1,)."""
        norms = {
            "total": np.linalg.norm(self.total, 2, axis=(-2, -1)),
            "direct": abs(self.direct).max(axis=-1),
            "rest": np.linalg.norm(self.rest, 2, axis=(-2, -1)),
        }
        with np.errstate(divide="ignore"):
            return {name: np.exp(np.log(norm).mean(axis=-1)) for name, norm in norms.items()}


def paths(cell: Cell, x: torch.Tensor, *, override: Override | None = None) -> Paths:
    """Split d memory_T / d memory_t of cell over x (batch, time, input) into the direct path and the rest.

    The direct path is the product of the gate named in cell.memory, or 1 where the memory is kept with weight one.
    Raises ValueError for a cell without such a path.
    """
    if check_cell("paths", cell).memory is None:
        raise ValueError(f"{type(cell).__name__} has no direct path; all of its derivative goes through weights")
    gate, state = cell.memory
    total = jacobians(cell, x, of=state, override=override)
    with torch.no_grad():
        kept = unroll(cell, x, override=override)[gate] if gate else torch.ones(len(x), x.shape[1], cell.hidden_size)
    after = kept.flip(1).cumprod(1).flip(1).transpose(0, 1)  # [t] is the product of the gates of steps t, t+1, ..., T-1
    direct = torch.cat([after, torch.ones_like(after[:1])])
    return Paths(total, direct.to(kept.dtype).numpy())


def check(who, network, task, batch):
    """ValueError unless these are a network, a task and a batch that the network can run over."""
    check_network(who, network)
    doors.instance(who, "task", task, Task, such_as="Adding(lag=10)")
    check_input(network.cell, doors.instance(who, "batch", batch, Batch, such_as="task.batch(32)").x)
