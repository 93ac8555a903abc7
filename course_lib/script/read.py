"""A cell's step as nodes, for JavaScript: as `fuse` reads it, with its gates, its weights and its authors' names."""

import re
import sys
from contextlib import contextmanager

import torch

from course_lib.fuse.move import MOVES
from course_lib.fuse.plan import Plan
from course_lib.fuse.read import parts, read_step
from course_lib.fuse.trace import Symbol, Tape, Unfused, size
from course_lib.initialise import named_weights

COPIED = ("x", "state", "vector", "linear", "add", *MOVES)  # a new state has its own place


class View:
    """Where the numbers of a tensor lie: number (i, j) is weight[first + i steps[0] + j steps[1]].

    weight    its name, or None for numbers that are constant
    learns    whether the weight gets a gradient through it
    """

    def __init__(self, weight, first, steps, values=None, learns=False):
        self.weight, self.first, self.steps, self.values, self.learns = weight, first, steps, values, learns


class Step:
    """What a cell's step does.

    plan      a Plan of `fuse`, whose new nodes are those of `states`, then those of `gates`
    states    {name: node of the new value}; gates: {name: node}; names: {node: what the step calls it}
    weights   {name: parameter}, by the letters of the equations where they have one; views: a View of each tensor
    sizes     {state or gate: its units}; start: {state: its numbers before the first step, where they are not all 0}

    Raises Unfused for a step that is not compiled, and for one that computes matrices from weights at every step.
    """

    def __init__(self, cell):
        for name in {*cell.state, *cell.gates} & {"__proto__"} or {*cell.state} & {"x", "weights"}:
            raise Unfused(f"in the page {name} means something else; another name would do")
        self.cell, self.weights = cell, names_of(cell)
        with torch.enable_grad():
            start = cell.start(1)
            read = self.read(start, ())
            if computed := self.computed():  # such as σ(b): there b itself goes into the step
                read = self.read(start, computed)
                if again := self.computed():
                    names = ", ".join(name for name, weight in self.weights.items() if any(weight is a for a in again))
                    raise Unfused(f"it makes a matrix, or what stands with one, from the weight {names} at every step")
        tape, new = self.tape, read
        ends = []
        for number in new.values():
            while tape.nodes[number][0] in (*COPIED, "gate") or number in ends:
                number = tape.node("clone", (number,), tape.nodes[number][2])
            ends.append(number)
        self.states = dict(zip(new, ends))
        self.plan = Plan(tape.nodes, (*ends, *self.gates.values()))
        self.widths, self.moves, self.constants = tape.widths, tape.moves, tape.constants
        self.views = [self.view(tensor) for tensor in tape.tensors]
        self.sizes = {name: self.widths[tape.nodes[i][2]] for name, i in (self.states | self.gates).items()}
        self.start = {name: value.detach().flatten().tolist() for name, value in start.items() if value.any()}

    def read(self, start, symbolic):
        """{state: node of its new value}; the parameters in symbolic are Symbols for as long as it takes."""
        self.tape, self.gates, self.names = Tape(self.cell.dtype), {}, {}
        tape, gates, bare = self.tape, self.gates, []

        def gate(name, value):
            if not isinstance(value, Symbol):
                bare.append(name)
                return value
            number = tape.node("gate", (value.number,), tape.nodes[value.number][2], name)
            value.fixed, gates[name] = True, number
            return Symbol(tape, number, value.units, fixed=True)

        with as_symbols(self.cell, tape, symbolic), watched(self.cell, self.names):
            new = read_step(self.cell, tape, start, gate)
        if bare or set(gates) - set(self.cell.gates):
            raise Unfused(f"gate {bare[0]!r} has no batch; value.expand_as(h) would do" if bare else
                          f"its gates are {', '.join(gates)}; it declares {self.cell.gates}")  # fmt: skip
        order = sorted(range(len(tape.nodes)), key=lambda i: tape.nodes[i][0] not in ("x", "state"))  # they come first
        place = {old: i for i, old in enumerate(order)}
        moved = [tape.nodes[old] for old in order]
        tape.nodes = [(op, tuple(place.get(a, a) if isinstance(a, int) else a for a in args), *rest)
                      for op, args, *rest in moved]  # fmt: skip
        tape.numbers = {node: i for i, node in enumerate(tape.nodes) if node[0] not in ("x", "state")}
        self.gates = {name: place[i] for name, i in gates.items()}
        self.names = {place[i]: name for i, name in self.names.items()}
        return {name: place[i] for name, i in new.items()}

    def computed(self):
        """The parameters from which tensors of the tape are computed, rather than being parts of them."""
        found = []
        for tensor in self.tape.tensors:
            if tensor.requires_grad and self.view(tensor) is None:
                found += sources(tensor.grad_fn)
        return found

    def view(self, tensor):
        """The View of a tensor; None for one that is computed from weights."""
        for name, weight in self.weights.items():
            if weight.untyped_storage().data_ptr() == tensor.untyped_storage().data_ptr() and weight.is_contiguous():
                first = tensor.storage_offset() - weight.storage_offset()
                if 0 <= first < weight.numel() and tensor.dtype == weight.dtype:
                    return View(name, first, tensor.stride(), learns=tensor.requires_grad or not weight.requires_grad)
        if tensor.requires_grad:
            return None
        return View(None, 0, tensor.contiguous().stride(), tensor.flatten().tolist())


def names_of(cell):
    """{name: parameter} of a cell."""
    letters = {id(weight): name for name, weight in named_weights(cell).items() if name not in ("weight", "bias")}
    found = {}
    for path, weight in cell.named_parameters():
        name = letters.get(id(weight), re.sub(r"\W", "_", path))
        found[name if name not in found else re.sub(r"\W", "_", path) + "_"] = weight
    return found


def sources(function):
    """The parameters behind a function of autograd."""
    if function is None:
        return []
    if hasattr(function, "variable"):
        return [function.variable]
    return [leaf for below, _ in function.next_functions for leaf in sources(below)]


@contextmanager
def as_symbols(cell, tape, parameters):
    """Inside, these parameters of the cell are Symbols, as if every sequence of the batch had its own copy."""
    kept = []
    for part in parts(cell):
        for name, weight in part._parameters.items():
            if any(weight is one for one in parameters):
                kept.append((part, name, weight))
                shape = tuple(weight.shape) or (1,)
                whole = weight.reshape(-1)
                number = tape.node("vector", (), tape.wide((size(shape),)), tape.index_of(whole))
                part._parameters[name] = Symbol(tape, number, shape, fixed=True)
    try:
        yield
    finally:
        for part, name, weight in kept:
            part._parameters[name] = weight


@contextmanager
def watched(cell, names):
    """Inside, names is filled with {node: the variable of the step that holds it} when the step returns."""
    code, before = type(cell).step.__code__, sys.getprofile()

    def profile(frame, event, argument):
        if event == "return" and frame.f_code is code:
            names.update((value.number, name) for name, value in frame.f_locals.items() if isinstance(value, Symbol))

    sys.setprofile(profile)
    try:
        yield
    finally:
        if before is None or callable(before):
            sys.setprofile(before)
        else:  # cProfile's, which is no function
            before.enable()
