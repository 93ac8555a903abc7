"""Run any cell through time, recording what it did and overriding its gates.

>>> trace = unroll(cell, x, override={"forget": 1.0})     # never forget
>>> trace["c"].shape                                      # every cell state: (batch, time, hidden)
torch.Size([2, 5, 4])
"""

from dataclasses import dataclass
from math import isfinite

import torch


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
        if name not in self.steps:
            raise ValueError(f"Trace has no {name!r}; it recorded {list(self.steps)}")
        return torch.stack(self.steps[name], dim=1)

    @property
    def final(self):
        """The state after the last step, {name: (batch, hidden)}."""
        return {name: self.steps[name][-1] for name in self.start}


def unroll(cell, x, *, override=None, start=None):
    """Run cell over x (batch, time, input) and return its Trace.

    override   {gate name: replacement}; the replacement is a number in [0, 1], or a function of (t, value) that
               returns the value to use at step t, shaped (batch, hidden). It changes everything downstream.
    start      the state before the first step, {name: (batch, hidden)}; the cell's own, mostly zeros, when omitted

    Raises ValueError for an x of another shape, without steps or with non-finite values, for a gate the cell does
    not have, for a clamp outside [0, 1], and for a start that is not the cell's state.
    """
    check_input(cell, x)
    rules = {name: as_rule(cell, name, value) for name, value in (override or {}).items()}
    state = cell.start(len(x)) if start is None else check_start(cell, x, start)
    steps = {name: [] for name in (*cell.state, *cell.gates)}

    def gate(name, value):
        if name in rules:
            value = rules[name](len(steps[name]), value)
        steps[name].append(value)
        return value

    first = state
    for x_t in x.unbind(dim=1):
        state = cell.step(gate, x_t, **state)
        for name in cell.state:
            steps[name].append(state[name])
    return Trace(steps, first)


def shuffled(seed):
    """An override that deals each sequence the gate values of another sequence, drawn anew at every step.

    The gate keeps its distribution and loses its connection to what it should control.

    >>> unroll(cell, x, override={"input": shuffled(seed=0)}).final["h"].shape
    torch.Size([2, 4])
    """
    generator = torch.Generator().manual_seed(seed)
    return lambda t, value: value[torch.randperm(len(value), generator=generator)]


def check_input(cell, x):
    """Raise a ValueError unless x is what cell can run over: a finite tensor (batch, time, input)."""
    who = type(cell).__name__
    if not isinstance(x, torch.Tensor) or x.dim() != 3 or x.shape[1] < 1 or x.shape[2] != cell.input_size:
        got = tuple(x.shape) if hasattr(x, "shape") else type(x).__name__
        raise ValueError(f"{who} needs x as a tensor (batch, time of at least 1, input {cell.input_size}); got {got}")
    if not torch.isfinite(x).all():
        raise ValueError(f"{who} needs finite observations; got {int((~torch.isfinite(x)).sum())} NaN or infinite")


def check_start(cell, x, start):
    """start, or a ValueError unless it is a state of cell for the batch x."""
    shapes = {name: tuple(value.shape) for name, value in start.items()}
    wanted = {name: tuple(value.shape) for name, value in cell.start(len(x)).items()}
    if shapes != wanted:
        raise ValueError(f"{type(cell).__name__} needs start = {wanted} (name: shape); got {shapes}")
    return start


def as_rule(cell, name, value):
    """The function (t, value) -> value that an override stands for."""
    who = type(cell).__name__
    if name not in cell.gates:
        raise ValueError(f"{who} has no gate {name!r}; its gates are {list(cell.gates)}")
    if callable(value):
        return value
    if not isinstance(value, (int, float)) or not isfinite(value) or not 0 <= value <= 1:
        raise ValueError(f"{who} can clamp {name!r} to a number in [0, 1] or a function of (t, value); got {value!r}")
    return lambda t, old: torch.full_like(old, value)
