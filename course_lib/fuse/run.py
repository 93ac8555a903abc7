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
from course_lib.fuse.memory import Room
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
    final = {name: value if value.shape == old.shape else value.reshape(old.shape)
             for name, value, old in zip(program.names, last, first)}  # fmt: skip
    return (out if every else final["h"]), final


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
        self.compiled, self.x, self.frames = compiled, x, None
        batch, time, _ = x.shape
        self.layout = layout.lay_out(compiled, tuple(program.widths), tuple(program.moves), batch, time, grad,
                                     torch.get_num_threads(), layout.LIMITS)  # fmt: skip
        self.table = self.layout.table.copy()
        self.work = self.room("work")
        for (row, column), tensor in zip(self.layout.strides, tensors):
            if not tensor.is_contiguous():
                self.table[:, [row, column]] = (0, *tensor.stride())[-2:]
        if program.constants:
            real, whole = BITS[x.dtype]
            self.table[:, self.layout.constants] = np.array(program.constants, real).view(whole)
        self.table[:, self.layout.tensors] = [tensor.data_ptr() for tensor in tensors]
        self.outside({"x": x})

    def room(self, name):
        """A new Room, and its places in the table."""
        columns, size = self.layout.rooms[name]
        room = Room(size)
        self.table[:, columns] = self.layout.table[:, columns] + room.address
        return room

    def outside(self, tensors):
        """Tell the table where tensors from outside lie; None is no tensor."""
        for name, tensor in tensors.items():
            column = self.layout.outside.get(name)
            if column is not None:
                self.table[:, column] = 0 if tensor is None else self.layout.table[:, column] + tensor.data_ptr()

    def forward(self, start, every):
        """(h of every step or None, [the last value of each state])."""
        lay, x = self.layout, self.x
        out = x.new_empty(lay.batch, lay.time, lay.hidden) if every else None
        last = [torch.empty_like(value) for value in start]
        given = {f"start{k}": value for k, value in enumerate(start)} | {f"last{k}": v for k, v in enumerate(last)}
        self.outside({"out": out} | given)
        frames = self.room("frames")
        call(self.compiled.prepare, self.table[: lay.parts], lay.parts)
        call(self.compiled.forward, self.table, lay.threads, self, frames, out, start, last)
        if lay.grad:
            self.frames = frames
        else:
            frames.leave(), self.work.leave()
        return out, last

    def backward(self, dout, dlast, wanted):
        """(gradient of x or None, [of each starting state that is wanted or None], [of each tensor])."""
        lay, x = self.layout, self.x
        sizes = [tensor.numel() for tensor in wanted[1]]
        dx = x.new_empty(lay.batch, lay.time, lay.pad(0)) if "dx" in lay.outside else None
        dstart = [x.new_empty(len(x), lay.width(i)) if want else None for i, want in zip(lay.plan.new, wanted[0])]
        flat = x.new_empty(sum(sizes))
        gradients = [g.view(tensor.shape) for g, tensor in zip(flat.split(sizes), wanted[1])]
        given = {f"dlast{k}": value for k, value in enumerate(dlast)} | {f"dstart{k}": v for k, v in enumerate(dstart)}
        self.outside({"dout": dout, "dx": dx} | given)
        ends = np.cumsum([0, *sizes[:-1]]) * lay.bytes
        self.table[:, lay.gradients] = flat.data_ptr() + ends
        slopes, frames, self.frames = self.room("slopes"), self.frames, None  # frames can be used once
        self.table[:, lay.again] = lay.chunks if frames is None else lay.first
        frames = frames or self.room("frames")
        call(self.compiled.backward, self.table, lay.threads, self, slopes, frames, dout, dlast, dx, dstart)
        call(self.compiled.finish, self.table[: lay.parts], lay.parts, self, slopes, flat)
        slopes.leave(), frames.leave()
        return dx, dstart, gradients


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
            wanted = ctx.needs_input_grad[5 : 5 + ctx.states], tensors
            dx, dstart, gradients = ctx.run.backward(dout, dlast, wanted)
            dx = None if dx is None else dx[:, :, : x.shape[2]]
        return None, None, None, None, dx, *dstart, *gradients
