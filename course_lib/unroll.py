"""Run any cell through time, recording what it did and overriding its gates.

>>> trace = unroll(cell, x, override={"forget": 1.0})     # never forget
>>> trace["c"].shape                                      # every cell state: (batch, time, hidden)
torch.Size([2, 5, 4])
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from course_lib import doors
from course_lib.cells import Cell, check_cell

State = dict[str, torch.Tensor]  # by name
Override = dict[str, float | Callable[[int, torch.Tensor], torch.Tensor]]  # gate: its replacement

ROUNDING = 1e-6  # by so much the mean of numbers in a range may leave it


@dataclass(frozen=True)
class Trace:
    """Everything one unroll computed.

    steps    {name: [value after step 0, after step 1, ...]} for every state and gate, each (batch, hidden) and still
             in the autograd graph, so torch.autograd.grad(loss, trace.steps["h"]) is the gradient at every step
    start    the state before the first step, {name: (batch, hidden)}

    trace["c"] stacks one name to (batch, time, hidden).
    """

    steps: dict
    start: dict

    def __getitem__(self, name):
        doors.choice("Trace", "state or gate", name, self.steps)
        return torch.stack(self.steps[name], dim=1)

    @property
    def final(self):
        """The state after the last step, {name: (batch, hidden)}."""
        return {name: self.steps[name][-1] for name in self.start}


class Steps(dict):
    """{state or gate: [its value at each step]}, filled step by step; ValueError for what the cell does not declare."""

    def __init__(self, cell):
        super().__init__({name: [] for name in (*cell.state, *cell.gates)})
        self.cell, self.who, self.names = cell, type(cell).__name__, {*cell.state}

    def __missing__(self, name):
        raise ValueError(f"{self.who} needs gate {name!r} among its gates; got gates = {self.cell.gates}")

    def check(self, state):
        """ValueError unless state, what a step returned, has the cell's states by name."""
        if not doors.is_a(dict, state) or state.keys() != self.names:
            returned = list(state) if doors.is_a(dict, state) else state
            doors.refuse(f"step of {self.who}", f"to return {{name: value}} for {', '.join(self.cell.state)}", returned)

    def whole(self, time, start):
        """self, or a ValueError unless each name has one value for every step, and a state the shape of its start."""
        for name, values in self.items():
            if len(values) != time:
                raise ValueError(f"{self.who} needs {name!r} once a step; got it {len(values)} times in {time} steps")
            if name in start and values[-1].shape != start[name].shape:
                doors.refuse(self.who, f"{name!r} with the shape of its start, {tuple(start[name].shape)}", values[-1])
        return self


def unroll(cell: Cell, x: torch.Tensor, *, override: Override | None = None, start: State | None = None) -> Trace:
    """Run cell over x (batch, time, input) and return its Trace.

    override   {gate name: replacement}; the replacement is a number in [0, 1], or a function of (t, value) that
               returns the value to use at step t, shaped (batch, hidden). It changes everything downstream.
    start      the state before the first step, {name: (batch, hidden)}; the cell's own, mostly zeros, when omitted

    Raises ValueError for an x of another shape or precision, without steps or with non-finite values, for a gate the
    cell does not have, for a clamp outside [0, 1] (or what the cell's ranges say), and for a start that is not the
    cell's state.
    """
    check_input(check_cell("unroll", cell), x)
    rules = check_override(cell, override)
    state = cell.start(len(x)) if start is None else check_start(cell, x, start)
    steps = Steps(cell)

    def gate(name, value):
        if name in rules:
            value = rules[name](len(steps[name]), value)
        steps[name].append(value)
        return value

    first = state
    for x_t in x.unbind(dim=1):
        state = cell.step(gate, x_t, **state)
        steps.check(state)
        for name in cell.state:
            steps[name].append(state[name])
    return Trace(steps.whole(x.shape[1], first), first)


def shuffled(seed: int) -> Callable[[int, torch.Tensor], torch.Tensor]:
    """An override that deals each sequence the gate values of another sequence, drawn anew at every step.

    The gate keeps its distribution and loses its connection to what it should control. ValueError for a seed that is
    not a whole number, 0 or more, and where there is one sequence alone.

    >>> unroll(cell, x, override={"input": shuffled(seed=0)}).final["h"].shape
    torch.Size([2, 4])
    """
    generator = torch.Generator().manual_seed(doors.seed("shuffled", seed))

    def deal(t, value):
        if len(value) < 2:
            doors.refuse("shuffled", "two sequences or more", f"{len(value)}")
        return value[torch.randperm(len(value), generator=generator)]

    return deal


# ---- What an unroll asks for ----


def check_input(cell, x):
    """x, or a ValueError unless it is what cell can run over: a finite tensor (batch, time, input)."""
    sizes = {"batch": None, "time": None, "input": cell.input_size}
    return doors.tensor(type(cell).__name__, "x", x, sizes, dtype=cell.dtype, device=cell.device)


def check_start(cell, x, start):
    """start as a plain dict, or a ValueError unless it is a state of cell for the batch x."""
    who, own = type(cell).__name__, cell.start(len(x))
    if not doors.is_a(dict, start) or start.keys() != set(cell.state):
        given = list(start.keys()) if doors.is_a(dict, start) else start
        doors.refuse(who, f"start as {{name: (batch, hidden)}} for {', '.join(cell.state)}", given)
    for name, zero in own.items():
        axes = dict(zip(("batch", "hidden", "third", "fourth"), zero.shape))
        doors.tensor(who, f"start[{name!r}]", start[name], axes, dtype=cell.dtype, device=cell.device)
    return dict(start)


def check_override(cell, override):
    """{gate: function (t, value) -> value}, what the replacements of gates stand for."""
    who = type(cell).__name__
    if override is not None and not doors.is_a(dict, override):
        doors.refuse(who, "override as {gate: a number or a function of (t, value)}", override)
    return {
        doors.choice(who, "gate", name, cell.gates): as_rule(cell, name, new) for name, new in (override or {}).items()
    }


def as_rule(cell, name, new):
    """The function (t, value) -> value that the replacement of one gate stands for."""
    who, (least, most) = type(cell).__name__, cell.ranges.get(name, (0, 1))
    if not callable(new):
        clamp = doors.number(who, f"override[{name!r}] as a function of (t, value) or", new, least=least, most=most)
        return lambda t, value: torch.full_like(value, clamp)

    doors.function(who, f"override[{name!r}]", new, "t", "value")

    def replaced(t, value):
        found = new(t, value)
        if not doors.is_tensor(found) or found.shape != value.shape or found.dtype != value.dtype:
            doors.refuse(who, f"override[{name!r}] to return a tensor {tuple(value.shape)} of {value.dtype}", found)
        low, high = torch.aminmax(found.detach())
        if not (low >= least - ROUNDING and high <= most + ROUNDING):  # NaN is neither
            doors.refuse(who, f"override[{name!r}] to return values from {least} to {most}", f"{low:.4g} to {high:.4g}")
        return found

    return replaced
