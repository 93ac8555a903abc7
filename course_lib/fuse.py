"""Compile a cell's step for training: the same numbers as `unroll`, faster.

>>> fused = fuse(cell)
>>> hidden, final = fused(x)                # h after the last step, and the state there
>>> hidden.shape, fused.why_not
(torch.Size([2, 4]), None)

How: `step` is run once on symbols instead of tensors. What it does to them is a sequence of affine maps and arithmetic
component by component. From it two loops over time are written, one forward and one backward, and compiled (`kernel`).
Every thread takes its own sequences of the batch from the first step to the last.

    frame     what is kept of one step: x, the new state, and for every affine map its value, later what is computed
              from it in place, at last its gradient. A row per sequence, a frame per step.
    product   all matrices on one operand are stacked: one matrix product per operand and step
    pass      the arithmetic between two products, one loop over units and sequences
    chunk     so many steps that their frames fit the cache; weight gradients are one product per chunk. A long run
              keeps only the state before each chunk, and the backward loop computes the chunk's frames again.
"""

import math
import os
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch.autograd.function import once_differentiable
from torch.nn import functional

from course_lib.kernel import Function, Kernel, Target, available, product
from course_lib.unroll import check_input, check_start, unroll

CHUNK = 2**18  # bytes of frames in a chunk: a part of a core's own cache
KEEP = 2**26  # bytes of frames up to which all are kept
BLOCK = 64  # sequences that go through time together
SMALL = 2e6  # multiplications below which one thread is faster
KEPT = ("sigmoid", "tanh", "exp")  # their derivative follows from their value
REAL = {torch.float32: "float", torch.float64: "double"}
SPARE, LOCK = [], threading.Lock()  # frames that no run uses now
TORCH = str(Path(torch.__file__).parent)


def fuse(cell):
    """A Fused for cell, which may be any Cell, also your own. Cheap: it compiles when first called."""
    return Fused(cell)


class Fused:
    """Runs a cell through time: (hidden, final) = fused(x, start=None, every=False).

    x        (batch, time, input)
    start    the state before the first step, {name: (batch, hidden)}; zeros when omitted
    every    False for hidden (batch, hidden) after the last step; True for (batch, time, hidden), after every step
    final    the state after the last step, {name: (batch, hidden)}

    Differentiable once, to the cell's parameters, to start, and to x where it requires a gradient. float32 or float64,
    as the cell's parameters and x are. The step is read anew at every call, so a cell that was changed is never stale.
    A step with an operation that is not known here runs through `unroll`; why_not says which.
    Raises ValueError as `unroll` does.
    """

    def __init__(self, cell):
        self.cell = cell

    @property
    def why_not(self):
        """None, or a sentence: why this cell runs through `unroll`."""
        try:
            Program(self.cell)
        except Unfused as reason:
            return f"{type(self.cell).__name__} runs step by step: {reason}"
        return None

    def __call__(self, x, *, start=None, every=False):
        check_input(self.cell, x)
        if start is not None:
            check_start(self.cell, x, start)
        try:
            program = Program(self.cell)
            program.check(x, *(start or {}).values())
        except Unfused:
            trace = unroll(self.cell, x, start=start)
            return (trace["h"] if every else trace.steps["h"][-1]), trace.final
        return program.run(x, start, every)


class Unfused(Exception):
    """Why a step is not compiled."""


# ---- Read a step ----


class Symbol:
    """What a step gets in place of a tensor (batch, width): it remembers the operation that made it.

    op       "x", "state", "vector" (one number per unit), "linear", "cat", "copy", "detach" or arithmetic
    args     Symbols and numbers
    tensor   of a vector, itself; of a linear map, its matrix (out, in)
    """

    def __init__(self, op, args=(), *, width, tensor=None):
        self.op, self.args, self.width, self.tensor = op, args, width, tensor

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        name = func.__name__.strip("_")
        if name not in OPERATIONS:
            raise Unfused(f"{name} is not among {', '.join(OPERATIONS)}")
        return OPERATIONS[name](*args, **(kwargs or {}))

    def __getattr__(self, name):
        if name not in OPERATIONS:
            raise Unfused(f".{name} is not among {', '.join(OPERATIONS)}")
        return lambda *args, **kwargs: OPERATIONS[name](self, *args, **kwargs)

    def __getitem__(self, index):
        rows, columns = index if isinstance(index, tuple) and len(index) == 2 else (None, None)
        if rows not in (slice(None), Ellipsis) or not isinstance(columns, slice) or columns.step not in (None, 1):
            raise Unfused("only columns can be taken, as in a[:, 2:4]")
        first, last, _ = columns.indices(self.width)
        return part(self, first, last)

    def __bool__(self):
        raise Unfused("what it does depends on the data")

    def __add__(self, other):
        return arithmetic("add", self, other)

    def __sub__(self, other):
        return arithmetic("sub", self, other)

    def __rsub__(self, other):
        return arithmetic("sub", other, self)

    def __mul__(self, other):
        return arithmetic("mul", self, other)

    def __truediv__(self, other):
        return arithmetic("div", self, other)

    def __rtruediv__(self, other):
        return arithmetic("div", other, self)

    def __neg__(self):
        return arithmetic("mul", self, -1.0)

    def __pow__(self, power):
        return whole_power(self, power)

    def __matmul__(self, matrix):
        return linear(self, matrix.T)

    __radd__, __rmul__ = __add__, __mul__
    __iter__ = __len__ = __float__ = __int__ = __bool__


def as_symbol(value, width):
    """value as a Symbol of this width: a tensor with one number, or with one per unit, becomes a vector."""
    if isinstance(value, Symbol):
        if value.width != width:
            raise Unfused(f"{value.width} and {width} units in one operation")
        return value
    if value.numel() not in (1, width) or value.dim() > 2 or value.dim() == 2 and value.shape[0] != 1:
        raise Unfused(f"a tensor {tuple(value.shape)} together with {width} units")
    whole = value.dim() == 1 and len(value) == width
    return Symbol("vector", width=width, tensor=value if whole else value.reshape(-1).expand(width))


def arithmetic(op, *args):
    width = next(value.width for value in args if isinstance(value, Symbol))
    tensors = (Symbol, torch.Tensor)
    return Symbol(op, tuple(as_symbol(a, width) if isinstance(a, tensors) else float(a) for a in args), width=width)


def whole_power(a, power):
    if power != 2:
        raise Unfused(f"the power {power}; only 2 is known")
    return arithmetic("mul", a, a)


def expand_as(a, other):
    return as_symbol(a, other.width) if isinstance(other, Symbol) else a


def linear(a, matrix, bias=None):
    """a matrix' + bias, for matrix (out, in)."""
    if not isinstance(a, Symbol) or isinstance(matrix, Symbol) or matrix.dim() != 2 or matrix.shape[1] != a.width:
        raise Unfused("a matrix product that is not (batch, in) times a weight (in, out)")
    if a.op == "cat":
        ends = np.cumsum([0, *(value.width for value in a.args)])
        terms = [linear(value, matrix[:, i:j]) for value, i, j in zip(a.args, ends, ends[1:])]
        result = terms[0]
        for term in terms[1:]:
            result = arithmetic("add", result, term)
    else:
        result = Symbol("linear", (operand(a),), width=len(matrix), tensor=matrix)
    return result if bias is None else arithmetic("add", result, bias)


def operand(a):
    """a where it has its own place in the frame, else a copy that has one; the same copy every time."""
    if a.op in ("linear", "add", "vector"):
        if "copied" not in vars(a):
            a.copied = arithmetic("copy", a)
        return a.copied
    return a


def cat(values, dim=0):
    if dim not in (1, -1) or not all(isinstance(value, Symbol) for value in values):
        raise Unfused("cat of anything but values (batch, units) along their units")
    return Symbol("cat", tuple(values), width=sum(value.width for value in values))


def part(a, first, last):
    """Units first to last of what is computed unit by unit from linear maps: each map loses the other rows."""
    if not isinstance(a, Symbol):
        return a
    if a.op in ("x", "state", "cat"):
        raise Unfused(f"a part of {a.op}")
    if a.op in ("linear", "vector"):
        return Symbol(a.op, a.args, width=last - first, tensor=a.tensor[first:last])
    return Symbol(a.op, tuple(part(value, first, last) for value in a.args), width=last - first)


def split(a, size, dim=0):
    if dim not in (1, -1) or not isinstance(size, int):
        raise Unfused("a split that is not into equal groups of units")
    return tuple(part(a, i, min(i + size, a.width)) for i in range(0, a.width, size))


def chunk(a, chunks, dim=0):
    return split(a, -(-a.width // chunks), dim)


OPERATIONS = {
    "add": lambda a, b: arithmetic("add", a, b),
    "sub": lambda a, b: arithmetic("sub", a, b),
    "rsub": lambda a, b: arithmetic("sub", b, a),
    "mul": lambda a, b: arithmetic("mul", a, b),
    "div": lambda a, b: arithmetic("div", a, b),
    "truediv": lambda a, b: arithmetic("div", a, b),
    "neg": lambda a: arithmetic("mul", a, -1.0),
    "pow": whole_power,
    "square": lambda a: arithmetic("mul", a, a),
    "sigmoid": lambda a: arithmetic("sigmoid", a),
    "tanh": lambda a: arithmetic("tanh", a),
    "relu": lambda a: arithmetic("relu", a),
    "exp": lambda a: arithmetic("exp", a),
    "detach": lambda a: arithmetic("detach", a),
    "expand_as": expand_as,
    "linear": linear,
    "matmul": lambda a, b: linear(a, b.T),
    "cat": cat,
    "concat": cat,
    "chunk": chunk,
    "split": split,
}


def read_step(cell, x, state):
    """{state name: Symbol} after one step of cell. Raises Unfused with the line that cannot be compiled."""
    before, drawn = dict(vars(cell)), torch.get_rng_state()
    try:
        new = cell.step(lambda name, value: value, x, **state)
    except Exception as error:
        kind = "" if isinstance(error, Unfused) else f"{type(error).__name__} "
        raise Unfused(f"{place(error)}: {kind}{error}") from None
    if {name: id(value) for name, value in vars(cell).items()} != {name: id(value) for name, value in before.items()}:
        vars(cell).clear()
        vars(cell).update(before)
        raise Unfused("its step changes the cell itself")
    if not torch.equal(torch.get_rng_state(), drawn):
        torch.set_rng_state(drawn)
        raise Unfused("its step draws random numbers")
    if not isinstance(new, dict) or set(new) != set(state) or not all(isinstance(v, Symbol) for v in new.values()):
        raise Unfused(f"its step does not return the new {', '.join(state)} by name")
    return new


def place(error):
    """The line of the step that raised error."""
    lines = [line for line in traceback.extract_tb(error.__traceback__)
             if not line.filename.startswith(TORCH) and line.filename != __file__]  # fmt: skip
    return f"line {lines[-1].lineno}, {lines[-1].line}" if lines else "its step"


class Program:
    """A step as nodes, and the tensors it uses. The same nodes share one kernel, whatever the sizes and the tensors.

    nodes      ((op, args, width class, tensor index or None), ...), each after its arguments; an arg is the number of
               a node (int) or a number (float); node 0 is x, the next ones are the states
    new        the node of every new state; tensors: those that the nodes name; widths: of every width class
    """

    def __init__(self, cell):
        if not available():
            tell_once("numba is not installed: cells run step by step and slower. `pip install numba` compiles them.")
            raise Unfused("numba is not installed")
        x = Symbol("x", width=cell.input_size)
        state = {name: Symbol("state", width=cell.hidden_size) for name in cell.state}
        new = read_step(cell, x, state)
        self.names, self.widths, self.tensors = list(cell.state), [], []
        numbers, places, nodes, ends = {}, {}, [], []

        def number(symbol):
            if symbol not in numbers:
                args = tuple(number(a) if isinstance(a, Symbol) else a for a in symbol.args)
                if symbol.width not in self.widths:
                    self.widths.append(symbol.width)
                index = None
                if symbol.tensor is not None:
                    index = places.setdefault(id(symbol.tensor), len(self.tensors))
                    self.tensors[index : index + 1] = [symbol.tensor]
                nodes.append((symbol.op, args, self.widths.index(symbol.width), index))
                numbers[symbol] = len(nodes) - 1
            return numbers[symbol]

        for leaf in (x, *state.values()):
            number(leaf)
        for name in cell.state:
            end = as_symbol(new[name], cell.hidden_size)
            if end.op in ("x", "state", "vector", "linear", "add", "cat") or number(end) in ends:
                end = arithmetic("copy", end)  # a state has its own place in the frame
            ends.append(number(end))
        self.nodes, self.new = tuple(nodes), tuple(ends)

    def check(self, *tensors):
        for tensor in (*tensors, *self.tensors):
            if tensor.dtype not in REAL or tensor.dtype != tensors[0].dtype or tensor.device.type != "cpu":
                raise Unfused("its numbers are not all float32, or all float64, on the CPU")

    def run(self, x, start, every):
        """What Fused returns."""
        compiled = loops(self.nodes, self.new, REAL[x.dtype], x.requires_grad)
        hidden = self.widths[self.nodes[1][2]]
        pad = compiled.padded(hidden) - hidden
        if start is None:
            first = x.new_zeros(len(x), len(self.names), hidden + pad)
        else:
            first = functional.pad(torch.stack([start[name] for name in self.names], dim=1), (0, pad))
        out, last = Through.apply(compiled, self.widths, every, torch.is_grad_enabled(), x, first, *self.tensors)
        final = {name: last[:, k, :hidden] for k, name in enumerate(self.names)}
        return (out[:, :, :hidden] if every else final["h"]), final


# ---- Plan the loops ----


class Node:
    """One value of a step, and where and when it is computed.

    terms    of an affine map, [(operand, tensor index of the matrix)], and biases: [tensor index]
    users    the nodes that use it component by component
    at       the pass that computes it; of an affine map, the first pass that may use it
    slot     the node in whose place of the frame it is kept; None where it is computed again when needed
    """

    def __init__(self, op, args, width, tensor):
        self.op, self.args, self.width, self.tensor = op, args, width, tensor
        self.terms, self.biases, self.users, self.at, self.slot = [], [], [], 0, None
        self.ready = 0  # the first pass that could compute it


class Plan:
    """The order of a step: products and passes by turns.

    nodes     by number, None where a node is not needed
    slots     the nodes with a place of their own in the frame, in order: x, the new states, affine maps, others
    runs      {operand: [[affine nodes that lie side by side and are computed together], ...]}
    passes    how many; product number p comes before pass p
    """

    def __init__(self, nodes, new):
        self.new, self.nodes = new, [Node(*node) for node in nodes]
        self.leaves = [i for i, node in enumerate(self.nodes) if node.op in ("x", "state")]
        self.merge()
        self.schedule()
        self.place()

    def merge(self):
        """W x + U h + b, a sum of products of which nothing else is used, becomes one affine map."""
        count = [0] * len(self.nodes)
        for node in self.nodes:
            for a in node.args:
                if isinstance(a, int):
                    count[a] += 1
        for node in self.nodes:
            if node.op == "linear":
                node.op, node.terms, node.args = "affine", [(node.args[0], node.tensor)], ()
            elif node.op == "add" and all(isinstance(a, int) for a in node.args):
                parts = [self.nodes[a] for a in node.args]
                sums = [p.op == "affine" and count[a] == 1 for a, p in zip(node.args, parts)]
                if any(sums) and all(s or p.op == "vector" for s, p in zip(sums, parts)):
                    node.op, node.args = "affine", ()
                    node.terms = [term for p in parts for term in p.terms]
                    node.biases = [b for p in parts for b in (p.biases if p.op == "affine" else [p.tensor])]
        needed, waiting = set(self.leaves), list(self.new)
        while waiting:
            i = waiting.pop()
            if i not in needed:
                needed.add(i)
                waiting += [a for a in self.nodes[i].args if isinstance(a, int)]
                waiting += [operand for operand, _ in self.nodes[i].terms]
        self.order = sorted(needed)

    def schedule(self):
        """What a product needs is computed as early as possible, all else as late as possible, near its use."""
        self.operands = {operand for i in self.order for operand, _ in self.nodes[i].terms}
        for i in self.order:
            node = self.nodes[i]
            before = [self.nodes[a].ready for a in node.args if isinstance(a, int)]
            node.ready = max([*before, *(1 + self.nodes[operand].ready for operand, _ in node.terms)], default=0)
            for a in set(node.args):
                if isinstance(a, int):
                    self.nodes[a].users.append(i)
        self.passes = 1 + max(self.nodes[i].ready for i in self.order)
        for i in reversed(self.order):
            node = self.nodes[i]
            uses = [self.nodes[user].at for user in node.users]
            node.at = node.ready if i in self.operands else min(uses, default=self.passes - 1)

    def place(self):
        """Slots and runs."""
        affine = [i for i in self.order if self.nodes[i].op == "affine"]
        affine.sort(key=lambda i: (self.nodes[i].width, sorted(operand for operand, _ in self.nodes[i].terms)))
        self.slots = [0, *self.new, *affine]
        for i in self.slots:
            self.nodes[i].slot = i
        for i in self.order:
            node = self.nodes[i]
            if node.slot is None and node.op in KEPT and i not in self.operands:
                source = self.nodes[node.args[0]]
                if source.op == "affine" and source.users == [i]:
                    node.slot = node.args[0]
            own = node.op in KEPT or i in self.operands and node.op not in ("x", "state")
            if node.slot is None and own:
                node.slot = i
                self.slots.append(i)
        self.runs, started = {}, set()
        for operand in sorted(self.operands, key=lambda i: self.nodes[i].ready):
            runs = self.runs[operand] = []
            for i in affine:
                for term, matrix in self.nodes[i].terms:
                    if term == operand:
                        last = runs[-1].nodes[-1] if runs else None
                        joins = (last is not None and affine.index(last) + 1 == affine.index(i)
                                 and self.nodes[last].width == self.nodes[i].width
                                 and runs[-1].first == (i not in started))  # fmt: skip
                        if not joins:
                            runs.append(Run(operand, i not in started))
                        runs[-1].nodes.append(i)
                        runs[-1].matrices.append(matrix)
                        started.add(i)


class Run:
    """Matrices on one operand whose results lie side by side in the frame: one product.

    first   whether these results begin here, from the bias, or are added to what is there
    """

    def __init__(self, operand, first):
        self.operand, self.first, self.nodes, self.matrices = operand, first, [], []


# ---- Write the loops ----


FRAME = ", ptr %frame, i64 %t0, i64 %n"  # the frame before the first of n steps, and the number of that step


class Writer:
    """The text of a kernel's loops, and the names of its table's entries.

    grad_x   whether the gradient of x is wanted
    """

    def __init__(self, plan, target, grad_x):
        self.plan, self.target, self.grad_x, self.entries = plan, target, grad_x, {}
        self.through = {}  # nodes whose gradient passes from one pass to another: {node: place in the gradient frame}
        self.text = "".join(write().text() for write in (self.steps, self.adjoint, self.forward, self.backward))

    def function(self, name, *, extra=""):
        self.f = Function(name, self.target, self.entries, extra=extra, internal=bool(extra))
        return self.f

    # Places.

    def frames(self, step):
        """The addresses of the frame before a step and of its own."""
        f = self.f
        size = f.mul(f.entry("rows"), f.entry("frame"))
        before = f.at("%frame", f.mul(step, size))
        return before, f.at(before, size)

    def value_at(self, i, frames):
        """(address, entry of the row stride) of the value of node i."""
        node, (before, now) = self.plan.nodes[i], frames
        slot = self.plan.new[i - 1] if node.op == "state" else 0 if node.op == "x" else node.slot
        return self.f.at(before if node.op == "state" else now, self.f.entry(f"slot{slot}")), "frame"

    def gradient_at(self, i, step):
        """(address, entry of the row stride) of the gradient of node i, for what is not complete within a pass."""
        f, node = self.f, self.plan.nodes[i]
        if node.op == "x":
            return f.at(f.entry("dx", "ptr"), f.mul(step, f.entry("dx_step"))), "dx_row"
        if node.op == "state":
            return f.at(f.get(self.old, "ptr"), f.mul(str(i - 1), f.entry(f"pad{node.width}"))), "state"
        self.through.setdefault(i, len(self.through))
        return f.at(f.entry("gradients", "ptr"), f.entry(f"through{self.through[i]}")), "gradient"

    def product(self, a, am, al, ak, b, bp, bk, c, cm, init, im, M, N, L, K):  # noqa: N803
        call = self.f.entry("product", "ptr")
        self.f.do(f"call void {call}(ptr %table, ptr {a}, i64 {am}, i64 {al}, i64 {ak}, ptr {b}, i64 {bp}, i64 {bk}, "
                  f"ptr {c}, i64 {cm}, ptr {init}, i64 {im}, i64 {M}, i64 {N}, i64 {L}, i64 {K})")  # fmt: skip

    def units(self, width):
        """A loop over the units of a width class, a vector at a time."""
        return self.f.loop("0", self.f.entry(f"pad{width}"), self.target.lanes)

    def rows(self):
        return self.f.loop("0", self.f.entry("rows"))

    def number_of(self, run):
        """How many numbers wide a run is."""
        return self.f.mul(str(len(run.nodes)), self.f.entry(f"pad{self.plan.nodes[run.nodes[0]].width}"))

    def hidden(self):
        """The entry with the padded size of a state."""
        return f"pad{self.plan.nodes[self.plan.new[0]].width}"

    def all_runs(self):
        return [run for runs in self.plan.runs.values() for run in runs]

    # Forward.

    def steps(self):
        """n steps, each from the state in the frame before it."""
        f, plan = self.function("steps", extra=FRAME), self.plan
        with f.loop("0", "%n") as step:
            frames, t = self.frames(step), f.add("%t0", step)
            source, goal = f.at(f.entry("x", "ptr"), f.mul(t, f.entry("x_step"))), self.value_at(0, frames)[0]
            real = self.target.real
            with self.rows() as row, f.loop("0", f.entry(f"width{plan.nodes[0].width}")) as unit:
                number = f.let(f"load {real}, ptr {f.at(source, f.mul(row, f.entry('x_row')), unit)}")
                f.do(f"store {real} {number}, ptr {f.at(goal, f.mul(row, f.entry('frame')), unit)}")
            for number in range(plan.passes):
                for operand, runs in plan.runs.items():
                    if plan.nodes[operand].ready + 1 == number:
                        for run in runs:
                            self.run_forward(run, frames)
                for width in sorted({plan.nodes[i].width for i in plan.order}):
                    self.forward_pass(number, width, frames)
            with f.when(f.let(f"icmp ne ptr {f.entry('out', 'ptr')}, null")):
                goal = f.at(f.entry("out", "ptr"), f.mul(t, f.entry("out_step")))
                self.copy(self.value_at(plan.new[0], frames), (goal, "out_row"), self.hidden())
        return f

    def run_forward(self, run, frames):
        f = self.f
        a, am = self.value_at(run.operand, frames)
        c, cm = self.value_at(run.nodes[0], frames)
        inputs = f.entry(f"width{self.plan.nodes[run.operand].width}")
        wide = 2 * self.target.lanes
        bias = f.at(f.entry("bias", "ptr"), f.entry(f"slot{run.nodes[0]}")) if run.first else c
        self.product(a, f.entry(am), "0", "1", f.entry(f"matrix{self.all_runs().index(run)}", "ptr"),
                     f.mul(inputs, str(wide)), str(wide), c, f.entry(cm), bias, "0" if run.first else f.entry(cm),
                     f.entry("rows"), self.number_of(run), "1", inputs)  # fmt: skip

    def copy(self, source, goal, count, *, add=False):
        """goal = source, or goal += source, for all rows and count numbers; both are (address, entry of row stride)."""
        f = self.f
        with self.rows() as row, f.loop("0", f.entry(count), self.target.lanes) as unit:
            value = f.load(f.at(source[0], f.mul(row, f.entry(source[1])), unit))
            place = f.at(goal[0], f.mul(row, f.entry(goal[1])), unit)
            f.store(f.op("fadd", value, f.load(place)) if add else value, place)

    def forward_pass(self, number, width, frames):
        plan, f = self.plan, self.f
        kept = [i for i in plan.order if plan.nodes[i].slot is not None and plan.nodes[i].op not in ("x", "affine")
                and (plan.nodes[i].at, plan.nodes[i].width) == (number, width)]  # fmt: skip
        if kept:
            with self.units(width) as unit:
                vectors = self.vectors(kept, unit)
                with self.rows() as row:
                    values = Values(self, frames, vectors, unit, row, set(kept))
                    for i in kept:
                        f.store(values[i], values.place(i))

    def vectors(self, nodes, unit):
        """{node: value} of the vectors that nodes are computed from."""
        found, waiting = {}, list(nodes)
        while waiting:
            i = waiting.pop()
            node = self.plan.nodes[i]
            if node.op == "vector" and i not in found:
                place = self.f.entry("vectors", "ptr"), self.f.entry(f"vector{node.tensor}"), unit
                found[i] = self.f.load(self.f.at(*place))
            waiting += [a for a in node.args if isinstance(a, int)]
        return found

    # Backward.

    def adjoint(self):
        """The gradients of n steps, the last one first, and of the matrices, from the frames of these steps."""
        f, plan = self.function("adjoint", extra=FRAME), self.plan
        self.old, self.young = f.variable("ptr"), f.variable("ptr")
        tables = [f.let(f"getelementptr i64, ptr %table, i64 {self.entries.setdefault(name, len(self.entries))}")
                  for name in ("old", "young")]  # fmt: skip
        for variable, table in zip((self.old, self.young), tables):
            f.set(variable, "ptr", f.let(f"load ptr, ptr {table}"))
        with f.loop("0", "%n") as back:
            step = f.let(f"sub i64 %n, {f.add(back, '1')}")
            frames, t = self.frames(step), f.add("%t0", step)
            with f.when(f.let(f"icmp ne ptr {f.entry('dout', 'ptr')}, null")):
                source = f.at(f.entry("dout", "ptr"), f.mul(t, f.entry("out_step")))
                self.copy((source, "out_row"), (f.get(self.young, "ptr"), "state"), self.hidden(), add=True)
            self.started = set()
            for number in reversed(range(plan.passes)):
                for operand, runs in plan.runs.items():
                    if plan.nodes[operand].at == number and operand not in plan.leaves:
                        self.runs_backward(operand, runs, frames, t)
                for width in sorted({plan.nodes[i].width for i in plan.order}):
                    self.backward_pass(number, width, frames, t)
            for leaf in plan.leaves if self.grad_x else plan.leaves[1:]:
                self.runs_backward(leaf, plan.runs.get(leaf, []), frames, t)
                if leaf not in self.started:
                    place, stride = self.gradient_at(leaf, t)
                    with self.rows() as row, self.units(plan.nodes[leaf].width) as unit:
                        f.store(f.number(0.0), f.at(place, f.mul(row, f.entry(stride)), unit))
            swapped = f.get(self.old, "ptr")
            f.set(self.old, "ptr", f.get(self.young, "ptr"))
            f.set(self.young, "ptr", swapped)
        for variable, table in zip((self.old, self.young), tables):
            f.do(f"store ptr {f.get(variable, 'ptr')}, ptr {table}")
        for run in self.all_runs():
            self.matrix_gradient(run)
        return f

    def runs_backward(self, operand, runs, frames, t):
        """The gradient of an operand: the gradients of the runs times their matrices."""
        f, plan = self.f, self.plan
        for run in runs:
            c, cm = self.gradient_at(operand, t)
            a, am = self.value_at(run.nodes[0], frames)
            width, inputs = plan.nodes[run.nodes[0]].width, plan.nodes[operand].width
            wide, count = 2 * self.target.lanes, len(run.nodes)
            panel = f.mul(f.mul(str(count), f.entry(f"width{width}")), str(wide))
            init, im = (c, f.entry(cm)) if operand in self.started else (f.entry("zeros", "ptr"), "0")
            self.product(a, f.entry(am), f.entry(f"pad{width}"), "1",
                         f.entry(f"transposed{self.all_runs().index(run)}", "ptr"), panel, str(wide), c, f.entry(cm),
                         init, im, f.entry("rows"), f.entry(f"pad{inputs}"), str(count),
                         f.entry(f"width{width}"))  # fmt: skip
            self.started.add(operand)

    def matrix_gradient(self, run):
        """The gradient of a run's matrices, summed over the rows of all n frames."""
        f = self.f
        a, am = self.value_at(run.operand, frames := self.frames("0"))
        b, _ = self.value_at(run.nodes[0], frames)
        c, n = f.entry(f"dmatrix{self.all_runs().index(run)}", "ptr"), self.number_of(run)
        self.product(a, "1", "0", f.entry(am), b, str(2 * self.target.lanes), f.entry("frame"), c, n, c, n,
                     f.entry(f"width{self.plan.nodes[run.operand].width}"), n, "1",
                     f.mul("%n", f.entry("rows")))  # fmt: skip

    def backward_pass(self, number, width, frames, t):
        """The arithmetic of a pass backwards: from the gradients of its values to those of what it read."""
        plan, f, v = self.plan, self.f, self.target.vector
        here = [i for i in plan.order if plan.nodes[i].op not in ("x", "state", "vector")
                and (plan.nodes[i].at, plan.nodes[i].width) == (number, width)]  # fmt: skip
        if not here:
            return
        crossing = set()
        with self.units(width) as unit:
            vectors = self.vectors(here, unit)
            tensors = {plan.nodes[i].tensor for i in vectors} | {b for i in here for b in plan.nodes[i].biases}
            sums = {tensor: f.variable(v) for tensor in sorted(tensors)}
            for total in sums.values():
                f.set(total, v, f.number(0.0))
            with self.rows() as row:
                values, gradients, onward = Values(self, frames, vectors, unit, row, set()), {}, {}

                def give(i, gradient):
                    node = plan.nodes[i]
                    if node.op == "vector":
                        add_to_sum(node.tensor, gradient)
                    else:
                        goal = gradients if i in here else onward
                        goal[i] = f.op("fadd", goal[i], gradient) if i in goal else gradient

                def add_to_sum(tensor, gradient):
                    f.set(sums[tensor], v, f.op("fadd", f.get(sums[tensor], v), gradient))

                def place_of(i):
                    address, stride = self.gradient_at(i, t)
                    return f.at(address, f.mul(row, f.entry(stride)), unit)

                for i in reversed(here):
                    node = plan.nodes[i]
                    if i in plan.new:
                        offset = f.mul(str(plan.new.index(i)), f.entry(f"pad{width}"))
                        give(i, f.load(f.at(f.get(self.young, "ptr"), f.mul(row, f.entry("state")), offset, unit)))
                    if i in self.started:
                        give(i, f.load(place_of(i)))
                    gradient = gradients.get(i)
                    if node.op == "affine":
                        gradient = gradient or f.number(0.0)
                        f.store(gradient, values.place(i))
                        for tensor in node.biases:
                            add_to_sum(tensor, gradient)
                    elif gradient is not None:
                        adjoint_of(f, node, i, values, gradient, give)
                if self.grad_x is False:
                    onward.pop(0, None)
                for i, gradient in onward.items():
                    place = place_of(i)
                    f.store(f.op("fadd", gradient, f.load(place)) if i in self.started else gradient, place)
                    crossing.add(i)
            for tensor, total in sums.items():
                place = f.at(f.entry("dvectors", "ptr"), f.entry(f"vector{tensor}"), unit)
                f.store(f.op("fadd", f.load(place), f.get(total, v)), place)
        self.started |= crossing

    # All steps.

    @contextmanager
    def chunks(self, *, backwards=False):
        """A loop over chunks: (first step, steps, the frame before them, the place of the state before them)."""
        f = self.f
        with f.loop("0", f.entry("chunks")) as index:
            if backwards:
                index = f.let(f"sub i64 {f.entry('chunks')}, {f.add(index, '1')}")
            start = f.mul(index, f.entry("chunk"))
            left = f.let(f"sub i64 {f.entry('time')}, {start}")
            short = f.let(f"icmp slt i64 {left}, {f.entry('chunk')}")
            n = f.let(f"select i1 {short}, i64 {left}, i64 {f.entry('chunk')}")
            frame = f.at(f.entry("frames", "ptr"), f.mul(index, f.entry("frames_chunk")))
            yield start, n, frame, f.at(f.entry("saved", "ptr"), f.mul(index, f.entry("saved_chunk")))

    def states(self, frame):
        """The place of all states in a frame."""
        return self.f.at(frame, self.f.entry(f"slot{self.plan.new[0]}")), "frame"

    def forward(self):
        """All steps, chunk after chunk. `saved` has the state before each chunk; the state after it is put there."""
        f = self.function("forward")
        with self.chunks() as (start, n, frame, saved):
            self.copy((saved, "state"), self.states(frame), "state")
            f.do(f"call void @steps(ptr %table, ptr {frame}, i64 {start}, i64 {n})")
            last = f.at(frame, f.mul(n, f.mul(f.entry("rows"), f.entry("frame"))))
            self.copy(self.states(last), (f.at(saved, f.entry("saved_chunk")), "state"), "state")
        return f

    def backward(self):
        """The gradients of all steps, last chunk first; with `again`, the frames of a chunk are computed again."""
        f = self.function("backward")
        with self.chunks(backwards=True) as (start, n, frame, saved):
            with f.when(f.let(f"icmp ne i64 {f.entry('again')}, 0")):
                self.copy((saved, "state"), self.states(frame), "state")
                f.do(f"call void @steps(ptr %table, ptr {frame}, i64 {start}, i64 {n})")
            f.do(f"call void @adjoint(ptr %table, ptr {frame}, i64 {start}, i64 {n})")
        return f


class Values:
    """The values of nodes for one vector of units of one row; a value is read, or computed, once.

    fresh    the nodes that are computed here although they have a place, which is written afterwards
    """

    def __init__(self, writer, frames, vectors, unit, row, fresh):
        self.writer, self.frames, self.unit, self.row, self.fresh = writer, frames, unit, row, fresh
        self.known = dict(vectors)

    def place(self, i):
        f = self.writer.f
        address, stride = self.writer.value_at(i, self.frames)
        return f.at(address, f.mul(self.row, f.entry(stride)), self.unit)

    def __getitem__(self, i):
        f = self.writer.f
        if isinstance(i, float):
            return f.number(i)
        if i not in self.known:
            node = self.writer.plan.nodes[i]
            kept = node.slot is not None and i not in self.fresh or node.op in ("x", "state")
            self.known[i] = f.load(self.place(i)) if kept else value_of(f, node.op, *(self[a] for a in node.args))
        return self.known[i]


def value_of(f, op, a, b=None):
    """The result of an operation."""
    if op in ("copy", "detach"):
        return a
    if op in ("add", "sub", "mul", "div"):
        return f.op("f" + op, a, b)
    if op == "relu":
        return f.choose("ogt", a, f.number(0.0), a, f.choose("uno", a, a, a, f.number(0.0)))
    return getattr(f, op)(a)


def adjoint_of(f, node, i, values, g, give):
    """Give each argument of node i its share of the gradient g: give(argument, gradient)."""
    a, b = (*node.args, None)[:2]

    def share(argument, gradient):
        if isinstance(argument, int):
            give(argument, gradient())

    if node.op in ("add", "sub", "copy"):
        share(a, lambda: g)
        share(b, lambda: g if node.op == "add" else f.op("fmul", g, f.number(-1.0)))
    elif node.op == "mul":
        share(a, lambda: f.op("fmul", g, values[b]))
        share(b, lambda: f.op("fmul", g, values[a]))
    elif node.op == "div":
        share(a, lambda: f.op("fdiv", g, values[b]))
        share(b, lambda: f.op("fmul", f.op("fdiv", g, values[b]), f.op("fmul", values[i], f.number(-1.0))))
    elif node.op == "sigmoid":
        y = values[i]
        share(a, lambda: f.op("fmul", g, f.op("fmul", y, f.op("fsub", f.number(1.0), y))))
    elif node.op == "tanh":
        y = values[i]
        share(a, lambda: f.op("fmul", g, f.op("fsub", f.number(1.0), f.op("fmul", y, y))))
    elif node.op == "relu":
        share(a, lambda: f.choose("ogt", values[i], f.number(0.0), g, f.number(0.0)))
    elif node.op == "exp":
        share(a, lambda: f.op("fmul", g, values[i]))


# ---- Run them ----


REAL = {torch.float32: "float", torch.float64: "double"}


class Loops:
    """The compiled loops of a plan, and what they must be told of sizes and places."""

    def __init__(self, nodes, new, real, grad_x):
        self.plan, self.target = Plan(nodes, new), Target(real)
        writer = Writer(self.plan, self.target, grad_x)
        self.entries, self.through, self.runs = writer.entries, list(writer.through), writer.all_runs()
        self.product, self.kernel = products(real).address("product"), Kernel(writer.text)
        self.forward, self.backward = self.kernel.function("forward"), self.kernel.function("backward")

    def padded(self, size):
        """size, rounded up to whole vectors."""
        return -(-size // self.target.lanes) * self.target.lanes


@cache
def products(real):
    return Kernel(product(Target(real)))


@cache
def loops(nodes, new, real, grad_x):
    """The Loops of a program, compiled once."""
    return Loops(nodes, new, real, grad_x)


def array(*shape, dtype):
    """An array that begins where a cache line begins, its numbers undefined."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    room = np.empty(size + 64, np.uint8)
    first = -room.ctypes.data % 64
    return room[first : first + size].view(dtype).reshape(shape)


def leave(frames):
    """Keep frames for the next run of the same sizes: memory that was used before is faster than new memory."""
    with LOCK:
        if sum(spare.nbytes for spare in SPARE) + frames.nbytes > 2 * KEEP:
            SPARE.clear()
        SPARE.append(frames)


class Call:
    """One run through time: its sizes, its arrays, and the tables that the kernel reads.

    blocks    [(first sequence, sequences)]
    saved     for each block, the state before every chunk and at the end (chunks + 1, sequences, state); without a
              gradient, only the last of them
    frames    for each block, the frames of all steps; None where they are not kept
    """

    def __init__(self, loops, widths, x, tensors, *, grad):
        plan, target = loops.plan, loops.target
        self.loops, self.widths, self.x, self.tensors, self.grad = loops, widths, x, tensors, grad
        self.dtype = np.float32 if target.bytes == 4 else np.float64
        self.pads = [loops.padded(width) for width in widths]
        self.slots, self.frame = {}, 0
        for i in plan.slots:
            self.slots[i] = self.frame
            self.frame += self.pads[plan.nodes[i].width]
        if self.frame // target.lanes % 2 == 0:
            self.frame += target.lanes  # rows an odd number of vectors apart do not compete for one place in the cache
        self.hidden = self.pads[plan.nodes[plan.new[0]].width]
        self.state = len(plan.new) * self.hidden
        self.batch, self.time = x.shape[:2]
        self.blocks, self.threads = self.split()
        rows = max(rows for _, rows in self.blocks)
        row_bytes = self.frame * target.bytes
        self.chunk = min(self.time, max(1, -(-64 // rows), CHUNK // (rows * row_bytes)))
        self.chunks = -(-self.time // self.chunk)
        self.keep = grad and (self.time + 1) * self.batch * row_bytes <= KEEP
        self.common = self.sizes() | self.weights()
        self.saved, self.frames = [], [None] * len(self.blocks)

    def split(self):
        """([(first sequence, sequences)], threads): every thread has the same number of blocks."""
        work = self.batch * self.time * sum(
            len(run.nodes) * self.widths[self.loops.plan.nodes[run.nodes[0]].width]
            * self.widths[self.loops.plan.nodes[run.operand].width] for run in self.loops.runs)  # fmt: skip
        threads = min(torch.get_num_threads(), self.batch) if work > SMALL else 1
        blocks = min(threads * -(-self.batch // (threads * BLOCK)), self.batch)
        ends = [self.batch * k // blocks for k in range(blocks + 1)]
        return [(first, end - first) for first, end in zip(ends, ends[1:])], threads

    def sizes(self):
        """The entries of the table that are the same for all blocks."""
        plan = self.loops.plan
        entries = {"frame": self.frame, "state": self.state, "time": self.time, "chunk": self.chunk,
                   "chunks": self.chunks, "product": self.loops.product}  # fmt: skip
        for width, (size, pad) in enumerate(zip(self.widths, self.pads)):
            entries |= {f"width{width}": size, f"pad{width}": pad}
        entries |= {f"slot{i}": offset for i, offset in self.slots.items()}
        entries |= {"x_row": self.time * self.x.shape[2], "x_step": self.x.shape[2]}
        entries |= {"out_row": self.time * self.hidden, "out_step": self.hidden}
        entries |= {"dx_row": self.time * self.pads[plan.nodes[0].width], "dx_step": self.pads[plan.nodes[0].width]}
        self.gradient = 0
        for place, i in enumerate(self.loops.through):
            entries[f"through{place}"] = self.gradient
            self.gradient += self.pads[plan.nodes[i].width]
        self.vector, self.vectors = {}, 0
        for k, tensor in enumerate(self.tensors):
            if tensor.dim() == 1:
                self.vector[k] = entries[f"vector{k}"] = self.vectors
                self.vectors += self.loops.padded(len(tensor))
        return entries | {"gradient": self.gradient}

    def weights(self):
        """The entries for the numbers of the cell: vectors and biases padded, matrices stacked in panels."""
        plan, wide = self.loops.plan, 2 * self.loops.target.lanes
        vectors, bias = self.zeros(self.vectors), self.zeros(self.frame)
        for k, offset in self.vector.items():
            vectors[offset : offset + len(self.tensors[k])] = self.tensors[k].numpy()
        for i in plan.order:
            for k in plan.nodes[i].biases:
                bias[self.slots[i] : self.slots[i] + len(self.tensors[k])] += self.tensors[k].numpy()
        arrays = {"vectors": vectors, "bias": bias, "zeros": self.zeros(max(self.pads))}
        for number, run in enumerate(self.loops.runs):
            stack = torch.cat([self.tensors[k] for k in run.matrices]).numpy()  # (results, operand)
            count, width = len(run.nodes), plan.nodes[run.nodes[0]].width
            size, pad = self.widths[width], self.pads[width]
            matrix = np.zeros((stack.shape[1], -(-count * pad // wide) * wide), self.dtype)
            matrix[:, : count * pad].reshape(-1, count, pad)[:, :, :size] = stack.T.reshape(-1, count, size)
            arrays[f"matrix{number}"] = self.panels(matrix)
            if self.grad and f"transposed{number}" in self.loops.entries:
                matrix = np.zeros((len(stack), -(-stack.shape[1] // wide) * wide), self.dtype)
                matrix[:, : stack.shape[1]] = stack
                arrays[f"transposed{number}"] = self.panels(matrix)
        self.kept = arrays
        return {name: values.ctypes.data for name, values in arrays.items()}

    def zeros(self, *shape):
        values = array(*shape, dtype=self.dtype)
        values[...] = 0
        return values

    def panels(self, matrix):
        """matrix (rows, columns) as (panels, rows, two vectors)."""
        rows, columns = matrix.shape
        wide = 2 * self.loops.target.lanes
        result = array(columns // wide, rows, wide, dtype=self.dtype)
        result[...] = matrix.reshape(rows, -1, wide).transpose(1, 0, 2)
        return result

    def table(self, entries):
        """The table of these entries and the common ones, as the kernel reads it."""
        table = np.zeros(len(self.loops.entries), np.int64)
        for name, value in (self.common | entries).items():
            if name in self.loops.entries:
                table[self.loops.entries[name]] = value
        return table

    def call(self, function, tables):
        """Call a function of the kernel with each table, a table per block, dealt to the threads."""

        def share(thread):
            for table in tables[thread :: self.threads]:
                function(table.ctypes.data)

        others = [pool().submit(share, thread) for thread in range(1, self.threads)]
        share(0)
        for other in others:
            other.result()

    def place(self, block):
        """The entries of a block, for x and for its own arrays."""
        (first, rows), frames, saved = self.blocks[block], self.frames[block], self.saved[block]
        step = rows * self.frame
        keeps = len(saved) > 1
        return {
            "rows": rows,
            "x": self.x.data_ptr() + first * self.common["x_row"] * self.x.element_size(),
            "frames": frames.ctypes.data,
            "frames_chunk": self.chunk * step if self.keep else 0,
            "saved": saved.ctypes.data,
            "saved_chunk": rows * self.state if keeps else 0,
        }

    def room(self, block):
        """Frames for a block, of all steps or of a chunk: those that a run of the same sizes has left, if any."""
        shape = (self.time if self.keep else self.chunk) + 1, self.blocks[block][1], self.frame
        with LOCK:
            for place, spare in enumerate(SPARE):
                if spare.shape == shape and spare.dtype == self.dtype:
                    return SPARE.pop(place)
        return array(*shape, dtype=self.dtype)

    def forward(self, start, out):
        """The last state (batch, states, hidden); out (batch, time, hidden) is filled if it is not None."""
        self.saved, tables = [], []
        for block, (first, rows) in enumerate(self.blocks):
            saved = array(self.chunks + 1 if self.grad else 1, rows, self.state, dtype=self.dtype)
            saved[0] = start[first : first + rows].reshape(rows, -1).detach().numpy()
            self.saved.append(saved)
            self.frames[block] = self.room(block)
            entries = self.place(block)
            if out is not None:
                entries["out"] = out[first].data_ptr()
            tables.append(self.table(entries))
        self.call(self.loops.forward, tables)
        if not self.keep:
            self.leave_frames()
        last = np.concatenate([saved[-1] for saved in self.saved])
        return torch.from_numpy(last).reshape(start.shape)

    def backward(self, dout, dlast):
        """The gradients of x (None unless wanted), of the start, and of every tensor."""
        nodes, dx, done, tables = self.loops.plan.nodes, None, [], []
        if "dx" in self.loops.entries:
            dx = torch.empty(self.batch, self.time, self.common["dx_step"], dtype=self.x.dtype)
        again = self.frames[0] is None  # frames can be used once
        for block, (first, rows) in enumerate(self.blocks):
            if again:
                self.frames[block] = self.room(block)
            young = dlast[first : first + rows].reshape(rows, -1).detach().numpy().copy()
            arrays = {"young": young, "old": np.empty_like(young), "dvectors": self.zeros(self.vectors),
                      "gradients": array(rows, self.gradient, dtype=self.dtype)}  # fmt: skip
            for number, run in enumerate(self.loops.runs):
                inputs, pad = self.widths[nodes[run.operand].width], self.pads[nodes[run.nodes[0]].width]
                arrays[f"dmatrix{number}"] = self.zeros(inputs, len(run.nodes) * pad)
            entries = self.place(block) | {"again": again}
            entries |= {name: values.ctypes.data for name, values in arrays.items()}
            if dout is not None:
                entries["dout"] = dout[first].data_ptr()
            if dx is not None:
                entries["dx"] = dx[first].data_ptr()
            done.append(arrays)
            tables.append(self.table(entries))
        self.call(self.loops.backward, tables)
        self.leave_frames()
        young = "young" if self.time % 2 == 0 else "old"
        dstart = torch.from_numpy(np.concatenate([arrays[young] for arrays in done])).reshape(dlast.shape)
        dvectors = torch.from_numpy(sum(arrays["dvectors"] for arrays in done))
        gradients = {k: dvectors[offset : offset + len(self.tensors[k])] for k, offset in self.vector.items()}
        for number, run in enumerate(self.loops.runs):
            total = torch.from_numpy(sum(arrays[f"dmatrix{number}"] for arrays in done))
            pad = self.pads[nodes[run.nodes[0]].width]
            for place, k in enumerate(run.matrices):
                gradient = total[:, place * pad : place * pad + len(self.tensors[k])].T
                gradients[k] = gradients[k] + gradient if k in gradients else gradient
        return dx, dstart, [gradients[k] for k in range(len(self.tensors))]

    def leave_frames(self):
        for block, frames in enumerate(self.frames):
            leave(frames)
            self.frames[block] = None


class Through(torch.autograd.Function):
    """A run through time as torch's autograd sees it: (hidden of every step or None, last state), all padded."""

    @staticmethod
    def forward(ctx, loops, widths, every, grad, x, start, *tensors):
        x, start = x.contiguous(), start.contiguous()
        call = Call(loops, widths, x, tensors, grad=grad and any(ctx.needs_input_grad))
        out = x.new_empty(*x.shape[:2], call.hidden) if every else None
        last = call.forward(start, out)
        ctx.call = call
        ctx.save_for_backward(x, *tensors)  # so that torch notices if one is changed before backward
        ctx.set_materialize_grads(False)
        return out, last

    @staticmethod
    @once_differentiable
    def backward(ctx, dout, dlast):
        call = ctx.call
        ctx.saved_tensors  # noqa: B018
        if dlast is None:
            dlast = torch.zeros(call.batch, len(call.loops.plan.new), call.hidden, dtype=call.x.dtype)
        dx, dstart, gradients = call.backward(None if dout is None else dout.contiguous(), dlast.contiguous())
        dx = None if dx is None else dx[:, :, : call.x.shape[2]]
        return None, None, None, None, dx, dstart, *gradients


@cache
def pool():
    """Threads of Python, which run the kernels side by side."""
    return ThreadPoolExecutor(max_workers=os.cpu_count(), thread_name_prefix="fuse")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=pool.cache_clear)  # a copy of this process has none of its threads


@cache
def tell_once(sentence):
    print(sentence, file=sys.stderr)
