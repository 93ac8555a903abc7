"""Run the compiled loops: their sizes, arrays and tables, the threads, and what torch's autograd sees."""

import math
import os
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache

import numpy as np
import torch
from torch.nn import functional

from course_lib.fuse.backward import adjoint, backward
from course_lib.fuse.compile import Kernel
from course_lib.fuse.flush import flushed
from course_lib.fuse.forward import forward, steps
from course_lib.fuse.ir import Target
from course_lib.fuse.move import MOVES, move
from course_lib.fuse.plan import Plan
from course_lib.fuse.product import product
from course_lib.fuse.program import REAL
from course_lib.fuse.replay import again, under_transform
from course_lib.fuse.write import Writer
from course_lib.machine import cores

CHUNK = 2**18  # bytes of frames in a chunk: a part of a core's own cache
KEEP = 2**26  # bytes of frames up to which all are kept
BLOCK = 64  # sequences that go through time together
SMALL = 2e6  # multiplications below which one thread is faster
SPARE, LOCK = [], threading.Lock()  # frames that no run uses now


def run_program(program, x, start, every):
    """(hidden, final) of a program, as Fused returns them."""
    compiled = loops(program.nodes, program.new, REAL[x.dtype], x.requires_grad)
    flat = [start[name].reshape(len(x), -1) for name in program.names]
    first = torch.cat([functional.pad(value, (0, compiled.padding(value.shape[1]))) for value in flat], dim=1)
    out, last = Through.apply(compiled, program, every, torch.is_grad_enabled(), x, first, *program.tensors)
    final, begin = {}, 0
    for name, value in zip(program.names, flat):
        width = value.shape[1]
        final[name] = last[:, begin : begin + width].reshape(start[name].shape)
        begin += width + compiled.padding(width)
    return (out[:, :, : flat[0].shape[1]] if every else final["h"]), final


class Loops:
    """The compiled loops of a plan, and what they must be told of sizes and places."""

    def __init__(self, nodes, new, real, grad_x):
        self.plan, self.target = Plan(nodes, new), Target(real)
        writer = Writer(self.plan, self.target, grad_x)
        text = "".join(write(writer).text() for write in (steps, adjoint, forward, backward))
        text += flushed({"forward": "forward_loop", "backward": "backward_loop"})
        self.entries, self.through, self.runs = writer.entries, list(writer.through), writer.all_runs()
        self.kernel = Kernel(text)
        self.shared = {name: shared(real).address(name) for name in ("product", *MOVES)}
        self.forward, self.backward = self.kernel.function("forward"), self.kernel.function("backward")

    def padded(self, size):
        """size, rounded up to whole vectors."""
        return -(-size // self.target.lanes) * self.target.lanes

    def padding(self, size):
        return self.padded(size) - size


@cache
def shared(real):
    """The functions that the loops of all cells call."""
    target = Target(real)
    return Kernel(product(target) + "".join(move(name, target) for name in MOVES))


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
    """Keep frames, of every block, for the next run of the same sizes: used memory is faster than new memory."""
    with LOCK:
        for room in frames:
            if sum(spare.nbytes for spare in SPARE) + room.nbytes > 2 * KEEP:
                SPARE.clear()
            SPARE.append(room)


class Call:
    """One run through time: its sizes, its arrays, and the tables that the kernel reads.

    blocks    [(first sequence, sequences)]
    saved     for each block, the state before every chunk and at the end (chunks + 1, sequences, state); without a
              gradient, only the last of them
    frames    for each block, the frames of all steps; None where they are not kept, or used up
    """

    def __init__(self, loops, program, x, tensors, *, grad):
        plan, target, widths = loops.plan, loops.target, program.widths
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
        self.states = [self.pads[plan.nodes[i].width] for i in plan.new]
        self.state = sum(self.states)
        self.batch, self.time = x.shape[:2]
        self.blocks, self.threads = self.split()
        rows = max(rows for _, rows in self.blocks)
        row_bytes = self.frame * target.bytes
        self.chunk = min(self.time, max(1, -(-64 // rows), CHUNK // (rows * row_bytes)))
        self.chunks = -(-self.time // self.chunk)
        self.keep = grad and (self.time + 1) * self.batch * row_bytes <= KEEP
        self.common = self.sizes() | self.numbers(program) | self.weights()
        self.saved, self.frames = [], None

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
                   "chunks": self.chunks} | self.loops.shared  # fmt: skip
        entries |= {f"state{k}": sum(self.states[:k]) for k in range(len(self.states))}
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

    def numbers(self, program):
        """The entries for the numbers of the step itself, and for what moves: as they are read forward, and back."""
        bits = np.int32 if self.dtype is np.float32 else np.int64
        entries = {f"constant{k}": int(self.dtype(value).view(bits)) for k, value in enumerate(program.constants)}
        moves = [(k, j, move) for k, group in enumerate(program.moves) for j, move in enumerate(group)]
        self.moves = np.array([[[a, c, *sum(loops, ())], [c, a, *(n for m, f, t in loops for n in (m, t, f))]]
                               for _, _, (a, c, loops) in moves], np.int64)  # fmt: skip
        for row, (k, j, _) in enumerate(moves):
            for name, how in zip(("move", "back"), self.moves[row]):
                entries[f"{name}{k}_{j}"] = how.ctypes.data
        return entries

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

    def call(self, function, tables, *held):
        """Call a function of the kernel with each table, a table per block; every thread takes the next one.

        held    what the tables point to beside the arrays of this Call

        It ends, in whatever way, when no thread works any more: after Ctrl-C the others finish their blocks, and more
        of it while they do is raised after that. Should one slip through, a thread holds what it writes to.
        """
        left, began, ended = deque(tables), [], []

        def share():
            with suppress(IndexError):
                while True:
                    table = left.popleft()
                    function(table.ctypes.data)

        def help(held=(self, tables, held)):
            began.append(None)
            try:
                share()
            finally:
                ended.append(None)

        again = None
        try:
            others = [pool().submit(help) for _ in range(1, self.threads)]
            share()
            for other in others:
                other.result()
        finally:
            while True:
                try:
                    left.clear()  # a thread that begins only now finds nothing to do
                    while len(ended) < len(began):
                        time.sleep(0.001)
                    break
                except BaseException as error:
                    again = error
        if again is not None:
            raise again

    def place(self, block, frames):
        """The entries of a block, for x and for its own arrays."""
        (first, rows), saved = self.blocks[block], self.saved[block]
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
        self.saved, frames, tables = [], [], []
        for block, (first, rows) in enumerate(self.blocks):
            saved = array(self.chunks + 1 if self.grad else 1, rows, self.state, dtype=self.dtype)
            saved[0] = start[first : first + rows].reshape(rows, -1).detach().numpy()
            self.saved.append(saved)
            frames.append(self.room(block))
            entries = self.place(block, frames[block])
            if out is not None:
                entries["out"] = out[first].data_ptr()
            tables.append(self.table(entries))
        self.call(self.loops.forward, tables, frames, out)
        if self.keep:
            self.frames = frames
        else:
            leave(frames)
        last = np.concatenate([saved[-1] for saved in self.saved])
        return torch.from_numpy(last).reshape(start.shape)

    def backward(self, dout, dlast):
        """The gradients of x (None unless wanted), of the start, and of every tensor."""
        nodes, dx, done, tables = self.loops.plan.nodes, None, [], []
        if "dx" in self.loops.entries:
            dx = torch.empty(self.batch, self.time, self.common["dx_step"], dtype=self.x.dtype)
        frames, self.frames = self.frames, None  # frames can be used once
        again = frames is None
        if again:
            frames = [self.room(block) for block in range(len(self.blocks))]
        for block, (first, rows) in enumerate(self.blocks):
            young = dlast[first : first + rows].reshape(rows, -1).detach().numpy().copy()
            arrays = {"young": young, "old": np.empty_like(young), "dvectors": self.zeros(self.vectors),
                      "gradients": array(rows, self.gradient, dtype=self.dtype)}  # fmt: skip
            for number, run in enumerate(self.loops.runs):
                inputs, pad = self.widths[nodes[run.operand].width], self.pads[nodes[run.nodes[0]].width]
                arrays[f"dmatrix{number}"] = self.zeros(inputs, len(run.nodes) * pad)
            entries = self.place(block, frames[block]) | {"again": again}
            entries |= {name: values.ctypes.data for name, values in arrays.items()}
            if dout is not None:
                entries["dout"] = dout[first].data_ptr()
            if dx is not None:
                entries["dx"] = dx[first].data_ptr()
            done.append(arrays)
            tables.append(self.table(entries))
        self.call(self.loops.backward, tables, frames, done, dx, dout)
        leave(frames)
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


class Through(torch.autograd.Function):
    """A run through time as torch's autograd sees it: (hidden of every step or None, last state), all padded."""

    @staticmethod
    def forward(ctx, loops, program, every, grad, x, start, *tensors):
        x, start = x.contiguous(), start.contiguous()
        call = Call(loops, program, x, tensors, grad=grad and any(ctx.needs_input_grad))
        out = x.new_empty(*x.shape[:2], call.hidden) if every else None
        last = call.forward(start, out)
        ctx.call = call
        ctx.program = program
        ctx.save_for_backward(x, start, *tensors)  # so that torch notices if one is changed before backward
        ctx.set_materialize_grads(False)
        return out, last

    @staticmethod
    def backward(ctx, dout, dlast):
        call = ctx.call
        x, start, *tensors = ctx.saved_tensors
        if torch.is_grad_enabled() or under_transform(dout, dlast):
            ends = np.cumsum([0, *call.states])
            old, new = ([None if v is None else v[:, a:b] for a, b in zip(ends, ends[1:])] for v in (start, dlast))
            dx, dold, gradients = again(ctx.program, x, old, tensors, dout, new)
            return None, None, None, None, dx, torch.cat(dold, dim=1), *gradients
        if dlast is None:
            dlast = torch.zeros(call.batch, call.state, dtype=call.x.dtype)
        dx, dstart, gradients = call.backward(None if dout is None else dout.contiguous(), dlast.contiguous())
        dx = None if dx is None else dx[:, :, : call.x.shape[2]]
        return None, None, None, None, dx, dstart, *gradients


@cache
def pool():
    """Threads of Python, which run the kernels side by side."""
    return ThreadPoolExecutor(max_workers=cores(), thread_name_prefix="fuse")


def after_fork():
    """A copy of this process has none of its threads, and would wait for them, and for locks that they held."""
    global LOCK
    LOCK = threading.Lock()
    SPARE.clear()
    pool.cache_clear()
    torch.set_num_threads(1)  # OpenMP's cannot be started again


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=after_fork)
