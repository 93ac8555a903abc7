"""Right and wrong cells, tasks and tensors, and what is done to them."""

import weakref
from dataclasses import replace
from math import inf, nan

import numpy as np
import torch
from torch import nn
from values import FRACTION, Claims, Kind, Own

from course_lib.cells import Cell, LSTMCell
from course_lib.tasks import Adding, Task
from course_lib.text import SYMBOLS
from course_lib.training import History, Network

INPUTS, HIDDEN, BATCH, STEPS = 2, 4, 3, 5
TASK = Adding(lag=STEPS)


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def cell():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return LSTMCell(INPUTS, HIDDEN)


def network():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Network(LSTMCell(INPUTS, HIDDEN), 1)


def stripped():
    """A network that nothing reads any more."""
    new = network()
    del new.readout
    return new


def batch_of(task, size=BATCH):
    return task.batch(size, generator=torch.Generator().manual_seed(0))


def leaf(x):
    """The same numbers, but their gradient is wanted."""
    return x.detach().clone().requires_grad_()


def tensors(*shape):
    """A float32 tensor of this shape, (batch, time, ...) or (batch, ...)."""
    good = drawn(*shape)
    bad = (None, 1.0, "a", [], object(), dict, torch.Tensor, torch.tensor(1.0), good.tolist(), good.numpy(), good[0])
    bad += (good[None], good[..., None], good[:0], good[:, :0], torch.cat([good, good], dim=-1), good * nan, good / 0)
    return Kind(good.clone, bad + tuple(good.to(kind) for kind in OTHER), (leaf,))


def unread(x):
    """The same numbers where they cannot be read one by one."""
    return x.to_sparse(), x.to("meta")


OTHER = (torch.float64, torch.float16, torch.int32, torch.int64, torch.bool, torch.complex64)


def unlooked(kind):
    """The same kind of tensor where no number is looked at: NaN in, NaN out."""
    seen = (v for v in kind.bad if not torch.is_tensor(v) or not v.is_meta)
    finite = (v for v in seen if not torch.is_tensor(v) or v.dtype != torch.float32 or torch.isfinite(v).all())
    return replace(kind, bad=tuple(finite))


def start(*names):
    """A state {name: (batch, hidden)}."""
    good = {name: 0.1 * drawn(BATCH, HIDDEN, seed=k) for k, name in enumerate(names)}
    some = good[names[0]]
    no_state = (
        some[0],
        some[:1],
        some[None],
        some * nan,
        some / 0,
        some.numpy(),
        some.tolist(),
        None,
        0.0,
        "a",
        some.T,
        some.to("meta"),
        some.to_sparse(),
    )
    no_state += tuple(some.to(kind) for kind in OTHER)
    bad = ({}, [some], [some, some], some, "h", 1.0, True, {**good, "z": some}, {names[0]: some, "z": some}, dict, ())
    return Kind(
        lambda: {name: value.clone() for name, value in good.items()},
        (*bad, *({**good, names[0]: other} for other in no_state)),
        (lambda state: {name: leaf(value) for name, value in state.items()},),
    )


def rule(new):
    """An override of the forget gate."""
    return {"forget": new}


def raises(*given, **named):
    """What the learner wrote, and what is wrong in it."""
    raise Own


class Raising(LSTMCell):
    """A cell whose step is wrong."""

    def step(self, gate, x, h, c):
        raise Own


NO_RULES = (1.0, "forget", ["forget"], [("forget", 0.5)], True, nan, object(), dict, {"forget"})
NO_GATES = ({"reset": 0.5}, {"": 0.5}, {0: 0.5}, {None: 0.5}, {"Forget": 0.5}, {("forget",): 0.5})
NO_FUNCTIONS = (lambda: 0.5, lambda t: 0.5, lambda t, old, more: old, int, *FRACTION.bad)
NO_GATE = (
    lambda t, old: None,
    lambda t, old: "a",
    lambda t, old: 0.5,
    lambda t, old: old.numpy(force=True),
    lambda t, old: old.tolist(),
    lambda t, old: old[0],
    lambda t, old: old[:1],
    lambda t, old: old[..., None],
    lambda t, old: old.T,
    lambda t, old: old[:, :1],
    lambda t, old: old + 1,
    lambda t, old: old - 1,
    lambda t, old: old * nan,
    lambda t, old: old / 0,
    lambda t, old: old.double(),
    lambda t, old: old > 0.5,
    lambda t, old: (10 * old).int(),
    lambda t, old: torch.tensor(0.5),
    lambda t, old: old if t < STEPS - 1 else old + 1,
)
OVERRIDE = Kind(
    lambda: rule(0.5),
    (*NO_RULES, *NO_GATES, *(rule(new) for new in NO_FUNCTIONS if new is not print), *map(rule, NO_GATE)),
    (lambda _: rule(np.float64(0.5)), lambda _: rule(np.float32(0.5)), lambda _: rule(torch.tensor(0.5))),
    (rule(lambda t, old: raises()), rule(raises)),
)
NO_THING = (None, "LSTMCell", 3, [], {}, object(), print, torch.zeros(2, 2))
NO_CELL = (*NO_THING, LSTMCell, Cell, nn.LSTM(INPUTS, HIDDEN), nn.Linear(INPUTS, HIDDEN), TASK)


def damaged(change):
    """A cell to which something was done afterwards."""
    new = cell()
    change(new)
    return new


DAMAGED = (
    damaged(lambda cell: setattr(cell, "hidden_size", "a")),
    damaged(lambda cell: setattr(cell, "hidden_size", 0)),
    damaged(lambda cell: setattr(cell, "input_size", 2.0)),
    weakref.proxy(LSTMCell),
    Claims(LSTMCell),
    Claims(Network),
)
SPOILED = (  # which the step notices
    damaged(lambda cell: delattr(cell, "f")),
    damaged(lambda cell: setattr(cell, "hidden_size", HIDDEN + 1)),
    damaged(lambda cell: setattr(cell.f, "U", nn.Linear(3, 3))),
    Raising(INPUTS, HIDDEN),
)
CELL = Kind(cell, (*NO_CELL, network(), *DAMAGED), own=SPOILED)


class Deep(LSTMCell):
    """A cell that is not made from two sizes."""

    def __init__(self, input_size, hidden_size, layers):
        super().__init__(input_size, hidden_size)


class Bare(LSTMCell):
    """A cell whose weights are all gone."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self._modules.clear()


CLASS = Kind(
    lambda: LSTMCell,
    (*NO_THING, LSTMCell(INPUTS, HIDDEN), Cell, nn.LSTM, nn.Module, int, [LSTMCell], Adding, Deep),
)
CELL_OR_CLASS = Kind(lambda: LSTMCell, (*NO_THING, Cell, nn.LSTM, Adding, TASK), (lambda Cls: Cls(2, 3),))
NETWORK = Kind(
    network,
    (*NO_CELL, cell(), Network(LSTMCell(INPUTS + 1, HIDDEN), 1), Network, *DAMAGED, stripped()),
    own=(Network(Raising(INPUTS, HIDDEN), 1),),
)
A_TASK = Kind(lambda: TASK, (*NO_THING, Adding, Task, cell(), [TASK], "Adding"))
X = tensors(BATCH, STEPS, INPUTS).but(wrong=(torch.empty(BATCH, STEPS, INPUTS, device="meta"),))
A_BATCH = Kind(lambda: batch_of(TASK), (*NO_THING, X.good(), (X.good(), None), Adding, TASK, TASK.batch))
GENERATOR = Kind(lambda: torch.Generator().manual_seed(0), (*NO_THING, torch.Generator, np.random.default_rng(0)))
AT = Kind(
    lambda: "last",
    ("frist", "", "LAST", None, 0, -1, True, nan, [], [0, 1, 2], {}, object(), str, np.zeros(BATCH, dtype=int))
    + (torch.zeros(BATCH), torch.zeros(BATCH + 1).long(), torch.tensor(0), torch.zeros(BATCH, 1).long())
    + unread(torch.zeros(BATCH).long())
    + (torch.full((BATCH,), STEPS), torch.full((BATCH,), -1), torch.zeros(BATCH).int()),
)
SQUARE = [[0.5] * HIDDEN] * HIDDEN
WEIGHTS = Kind(
    lambda: SQUARE,
    (
        None,
        "a",
        "1.5",
        [],
        [[]],
        {},
        object(),
        print,
        True,
        nan,
        inf,
        1j,
        10**400,
        1e308,
        [[0.5]],
        SQUARE[:1],
        SQUARE[0],
    )
    + ([*SQUARE, SQUARE[0]], [[0.5], [0.5, 0.5]], [["a"] * HIDDEN] * HIDDEN, [[None] * HIDDEN] * HIDDEN)
    + ([[nan] * HIDDEN] * HIDDEN, torch.zeros(HIDDEN, HIDDEN, dtype=torch.complex64)),
    (np.array, torch.tensor, lambda rows: 0.5, lambda rows: np.float64(0.5), lambda rows: leaf(torch.tensor(rows))),
)


def output(task):
    """What a network says about a batch of a task."""
    y = batch_of(task).y
    good = y.nan_to_num(0.0) if y.is_floating_point() else torch.eye(task.output_size)[y]
    bad = (
        None,
        1.0,
        "a",
        [],
        object(),
        torch.Tensor,
        torch.tensor(1.0),
        good.tolist(),
        good.numpy(),
        good[0],
        good[None],
    )
    bad += (good[..., None], good[:1], torch.cat([good, good], dim=-1), good.flatten(), y.int(), good.mT, *unread(good))
    return Kind(good.clone, bad + tuple(good.to(kind) for kind in OTHER[2:]), (leaf, lambda x: x.double()))


def batch(task):
    right = batch_of(task)
    number = right.y.is_floating_point()
    others = [right.y[..., 0].nan_to_num(0.0).long(), right.y.repeat_interleave(2, dim=-1)] if number else [
        torch.zeros(*right.y.shape, task.output_size), right.y + task.output_size]  # fmt: skip
    foreign = [replace(right, y=y) for y in others]
    return Kind(lambda: batch_of(task), (*A_BATCH.bad, batch_of(task, BATCH + 1), *foreign))


UNTIL = Kind(
    lambda: lambda history: False,
    (*NO_THING[1:5], True, nan, lambda: False, lambda a, b: False, History),
    own=(lambda history: raises(), raises),
)
Y = Kind(
    lambda: torch.zeros(BATCH, 1),
    (*NO_THING, torch.zeros(BATCH), torch.zeros(1, 1), torch.zeros(BATCH, 1).long(), torch.zeros(BATCH).int())
    + unread(torch.zeros(BATCH, 1))
    + (np.zeros((BATCH, 1)), torch.zeros(BATCH, STEPS).long(), torch.zeros(BATCH, 1, 1), torch.tensor(1.0)),
)
CODES = Kind(
    lambda: torch.tensor([1, 2]),
    (*NO_THING, torch.tensor([-1]), torch.tensor([len(SYMBOLS) + 1]), torch.tensor([1.0]), torch.tensor(3), [1])
    + (torch.tensor([]).long(), torch.tensor([1]).int(), torch.tensor([True]), np.array([1]))
    + unread(torch.tensor([1, 2])),
)
