"""Run the compiled loops: their tables, and what torch's autograd sees."""

from functools import cache

import numpy as np
import torch

from course_lib.fuse import layout
from course_lib.fuse.backward import adjoint, backward
from course_lib.fuse.compile import Kernel
from course_lib.fuse.flush import flushed
from course_lib.fuse.forward import forward, steps
from course_lib.fuse.ir import Target
from course_lib.fuse.memory import take
from course_lib.fuse.move import MOVES, move
from course_lib.fuse.pack import finish, prepare
from course_lib.fuse.plan import Plan
from course_lib.fuse.product import product, product_over_rows
from course_lib.fuse.program import REAL
from course_lib.fuse.replay import again, under_transform
from course_lib.fuse.threads import call
from course_lib.fuse.write import Writer

BITS = {torch.float32: (np.float32, np.int32), torch.float64: (np.float64, np.int64)}


def run_program(program, x, start, every):
    """(hidden, final) of a program, as Fused returns them."""
    compiled = loops(program.nodes, program.new, REAL[x.dtype], x.requires_grad)
    first = [start[name] for name in program.names]
    flat = [value if value.dim() == 2 else value.reshape(len(x), -1) for value in first]
    out, *last = Through.apply(compiled, program, every, torch.is_grad_enabled(), x, *flat, *program.tensors)
    ends = {name: value if value.shape == old.shape else value.reshape(old.shape)
            for name, value, old in zip(program.names, last, first)}  # fmt: skip
    return (out if every else ends["h"]), {name: ends[name] for name in start}  # in the order of `unroll`


class Loops:
    """The compiled loops of a plan, and what they must be told of sizes and places."""

    def __init__(self, nodes, new, real, grad_x):
        self.plan, self.target = Plan(nodes, new), Target(real)
        writer = Writer(self.plan, self.target, grad_x)
        written = [write(writer) for write in (steps, adjoint, forward, backward, prepare, finish)]
        exported = {f.name.removesuffix("_all"): f.name for f in written if f.name.endswith("_all")}
        self.text = "".join(f.text() for f in written) + flushed(exported)
        self.kernel = Kernel(self.text)
        self.entries, self.through, self.runs = writer.entries, list(writer.through), writer.all_runs()
        self.shared = {name: shared(real).address(name) for name in (*SHARED, *MOVES)}
        self.forward, self.backward, self.prepare, self.finish = map(self.kernel.function, exported)

    def padded(self, size):
        """size, rounded up to whole vectors."""
        return -(-size // self.target.lanes) * self.target.lanes


SHARED = {"product": product, "product_over_rows": product_over_rows}


@cache
def shared(real):
    """The functions that the loops of all cells call."""
    target = Target(real)
    texts = [write(target) for write in SHARED.values()] + [move(name, target) for name in MOVES]
    return Kernel("".join(texts))


@cache
def loops(nodes, new, real, grad_x):
    """The Loops of a program, compiled once."""
    return Loops(nodes, new, real, grad_x)


class Run:
    """One run through time.

    frames    the Room with the frames that were kept; None where there are none, or they are used up
    """

    def __init__(self, compiled, program, x, tensors, *, grad):
        self.compiled, self.x, self.tensors, self.frames = compiled, x, tensors, None
        batch, time, _ = x.shape
        lay = self.layout = layout.lay_out(compiled, tuple(program.widths), tuple(program.moves), batch, time, grad,
                                           torch.get_num_threads(), layout.LIMITS)  # fmt: skip
        self.sizes, self.addresses = lay.table, [0] * (1 + len(lay.addresses))
        strided = [pair for pair in zip(lay.strides, tensors) if not pair[1].is_contiguous()]
        if strided or program.constants:
            self.sizes = lay.table.copy()
            for (row, column), tensor in strided:
                self.sizes[:, [row, column]] = (0, *tensor.stride())[-2:]
            real, whole = BITS[x.dtype]
            self.sizes[:, lay.constants] = np.array(program.constants, real).view(whole)
        self.tell("tensor0", tensors)
        self.work = self.room("work")

    def tell(self, first, tensors):
        """Where tensors lie that follow each other in the list of addresses."""
        begin = self.layout.addresses.get(first, 0)
        self.addresses[begin : begin + len(tensors)] = [tensor.data_ptr() for tensor in tensors]

    def room(self, name):
        """A Room, and its address in the list."""
        room = take(self.layout.rooms[name])
        self.addresses[self.layout.addresses[name]] = room.address
        return room

    def table(self, outside):
        """A table for the loops, with tensors from outside, {name: tensor}, where None is no tensor."""
        lay, missing = self.layout, []
        for name, tensor in outside.items():
            if name in lay.outside:
                if tensor is None:
                    missing.append(lay.outside[name])
                else:
                    self.addresses[lay.addresses[name]] = tensor.data_ptr()
        table = self.sizes + np.array(self.addresses, np.int64)[lay.of]
        if missing:
            table[:, missing] = 0
        return table

    def forward(self, start, every):
        """(h of every step or None, [the last value of each state])."""
        lay, x = self.layout, self.x
        out = x.new_empty(lay.batch, lay.time, lay.hidden) if every else None
        last = [torch.empty_like(value) for value in start]
        frames = self.room("frames")
        table = self.table({"x": x, "out": out} | numbered("start", start) | numbered("last", last))
        rows = rows_of(table)
        call(self.compiled.prepare, rows[: lay.parts], lay.parts, self, table)
        call(self.compiled.forward, rows, lay.threads, self, table, frames, out, start, last)
        if lay.grad:
            self.frames = frames
        else:
            frames.leave(), self.work.leave()
        return out, last

    def backward(self, start, dout, dlast, wanted):
        """(gradient of x or None, [of each starting state that is wanted or None], [of each tensor])."""
        lay, x = self.layout, self.x
        dx = x.new_empty(lay.batch, lay.time, lay.pad(0)) if "dx" in lay.outside else None
        dstart = [torch.empty_like(value) if want else None for value, want in zip(start, wanted)]
        gradients = [torch.empty_like(tensor, memory_format=torch.contiguous_format) for tensor in self.tensors]
        self.tell("grad0", gradients)
        slopes, frames, self.frames = self.room("slopes"), self.frames, None  # frames can be used once
        kept = frames is not None
        frames = frames or self.room("frames")
        states = numbered("dlast", dlast) | numbered("dstart", dstart)
        table = self.table({"out": None, "dout": dout, "dx": dx} | states)
        table[:, lay.again] = lay.first if kept else lay.chunks
        rows = rows_of(table)
        call(self.compiled.backward, rows, lay.threads, self, table, slopes, frames, dout, dlast, dx, dstart)
        call(self.compiled.finish, rows[: lay.parts], lay.parts, self, table, slopes, gradients)
        slopes.leave(), frames.leave()
        return dx, dstart, gradients


def numbered(name, tensors):
    """{name and number: tensor}."""
    return {f"{name}{k}": tensor for k, tensor in enumerate(tensors)}


def rows_of(table):
    """The address of every row."""
    first, step = table.ctypes.data, table.strides[0]
    return range(first, first + len(table) * step, step)


class Through(torch.autograd.Function):
    """A run through time as torch's autograd sees it: (hidden of every step or None, the last value of each state)."""

    @staticmethod
    def forward(ctx, compiled, program, every, grad, x, *others):
        states = len(program.new)
        start, tensors = [value.contiguous() for value in others[:states]], others[states:]
        run = Run(compiled, program, x.contiguous(), tensors, grad=grad and any(ctx.needs_input_grad))
        out, last = run.forward(start, every)
        ctx.run, ctx.program, ctx.states = run, program, states
        ctx.save_for_backward(x, *others)  # so that torch notices if one is changed before backward
        ctx.set_materialize_grads(False)
        return out, *last

    @staticmethod
    def backward(ctx, dout, *dlast):
        x, *others = ctx.saved_tensors
        start, tensors = others[: ctx.states], others[ctx.states :]
        if torch.is_grad_enabled() or under_transform(dout, *dlast):
            dx, dstart, gradients = again(ctx.program, x, start, tensors, dout, dlast)
        else:
            dout, *dlast = (None if value is None else value.contiguous() for value in (dout, *dlast))
            wanted = ctx.needs_input_grad[5 : 5 + ctx.states]
            dx, dstart, gradients = ctx.run.backward(start, dout, dlast, wanted)
            dx = None if dx is None else dx[:, :, : x.shape[2]]
        return None, None, None, None, dx, *dstart, *gradients
