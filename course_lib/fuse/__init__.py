"""Compile a cell's step for training: the same numbers as `unroll`, faster.

>>> fused = fuse(cell)
>>> hidden, final = fused(x)                # h after the last step, and the state there
>>> hidden.shape, fused.why_not
(torch.Size([2, 4]), None)

How: `step` is run once on symbols instead of tensors. What it does to them is a sequence of affine maps and arithmetic
component by component. From it two loops over time are written, one forward and one backward, and compiled.
Every thread takes its own sequences of the batch from the first step to the last.

    frame     what is kept of one step: x, the new state, and for every affine map its value, later what is computed
              from it in place, at last its gradient. A row per sequence, a frame per step.
    product   all matrices on one operand are stacked: one matrix product per operand and step
    pass      the arithmetic between two products, one loop over units and sequences
    chunk     so many steps that their frames fit the cache; weight gradients are one product per chunk. A long run
              keeps only the state before each chunk, and the backward loop computes the chunk's frames again.
"""

import sys
from functools import cache

import torch
from torch.autograd import forward_ad

from course_lib import doors
from course_lib.cells import Cell, check_cell
from course_lib.fuse.check import checked
from course_lib.fuse.compile import available
from course_lib.fuse.program import REAL
from course_lib.fuse.reads import plain_reads
from course_lib.fuse.replay import under_transform
from course_lib.fuse.run import run_program
from course_lib.fuse.trace import Unfused
from course_lib.unroll import State, check_input, check_start, unroll

SCANS = 50  # of a step's code, after which what it reads changes too often for that to save time


def fuse(cell: Cell) -> "Fused":
    """A Fused for cell, which may be any Cell, also your own. Cheap: it compiles when first called."""
    return Fused(cell)


class Fused:
    """Runs a cell through time: (hidden, final) = fused(x, start=None, every=False).

    x        (batch, time, input)
    start    the state before the first step, {name: (batch, hidden)}; the cell's own, mostly zeros, when omitted
    every    False for hidden (batch, hidden) after the last step; True for (batch, time, hidden), after every step
    final    the state after the last step, {name: (batch, hidden)}, in the order of the cell's `state`. Where
             torch.nn.LSTM gives a pair, write h, c = final.values(); `hidden, (h, c) = fused(x)` is a ValueError

    Differentiable to the cell's parameters, to start, and to x where it requires a gradient; a second derivative runs
    step by step. float32 or float64, as the cell's parameters and x are. The step is read anew at every call, unless
    its code shows what it reads and all of that is the same: a cell that was changed is never stale. The first time,
    it is compared with `unroll`. A step that is not compiled runs through `unroll`, and says so once; why_not says why.
    For all this the step is called on symbols, and on copies of the cell: what it counts outside of the cell, in a
    global or a file, has gone on by a dozen steps when the cell is refused for it.
    Raises ValueError as `unroll` does.
    """

    def __init__(self, cell: Cell) -> None:
        self.cell = check_cell("fuse", cell)
        self.plain = {}  # {what else decides the Program: the Reads, or None where the code does not show them}
        self.scans = 0

    def __reduce__(self):  # a copy knows nothing yet of the copied cell
        return fuse, (self.cell,)

    @property
    def why_not(self):
        """None, or a sentence: why this cell runs through `unroll`."""
        try:
            start = self.cell.start(1)
            self.program(start["h"].detach().new_zeros(1, 1, self.cell.input_size), start)
        except Unfused as reason:
            return f"{type(self.cell).__name__} runs step by step: {reason}"
        return None

    def __call__(
        self, x: torch.Tensor, *, start: State | None = None, every: bool = False
    ) -> tuple[torch.Tensor, State]:
        if torch.compiler.is_compiling():  # torch.compile goes round the loops, which are compiled already
            return torch.compiler.disable(self.run)(x, start=start, every=every)
        return self.run(x, start=start, every=every)

    def run(self, x, *, start, every):
        """What a call does."""
        check_input(self.cell, x)
        doors.flag("fuse", "every", every)
        start = self.cell.start(len(x)) if start is None else check_start(self.cell, x, start)
        try:
            program = self.program(x, start)
        except Unfused as reason:
            if str(reason) and available():
                tell_once(f"{type(self.cell).__name__} runs step by step: {reason}")
            trace = unroll(self.cell, x, start=start)
            hidden, final = (trace["h"] if every else trace.steps["h"][-1]), trace.final
            return hidden, Final(final) if str(reason) else final  # which transforms of torch take apart
        hidden, final = run_program(program, x, start, every)
        return hidden, Final(final)

    def program(self, x, start):
        """The Program of the cell's step for x; raises Unfused, without a reason where there is nothing to tell."""
        if under_transform(x, *start.values()):
            raise Unfused("")
        if not available():
            tell_once("llvmlite is not installed: cells run step by step, slowly. Run `pip install llvmlite`.")
            raise Unfused("llvmlite is not installed")
        if x.dtype not in REAL or x.device.type != "cpu":
            raise Unfused(f"its numbers are {x.dtype} on {x.device.type}; float32 and float64 on the CPU are compiled")
        if torch.is_autocast_enabled("cpu"):
            raise Unfused("torch.autocast is on")
        if torch.jit.is_tracing():
            raise Unfused("torch.jit.trace is on")
        if forward_ad._current_level >= 0:
            raise Unfused("derivatives are taken forwards, with torch.autograd.forward_ad")
        return self.read(x, start)

    def read(self, x, start):
        """The Program of the cell's step, which is read anew unless all that it reads is known, and is the same."""
        kind = (self.cell, self.cell.input_size, x.dtype, x.requires_grad, torch.is_grad_enabled(),
                torch.get_default_dtype(), *[(name, value.shape[1:]) for name, value in start.items()])  # fmt: skip
        plain = self.plain.get(kind)
        watched = torch._C._len_torch_function_stack() > 0  # every function of torch may mean something else
        if plain is not None and not watched and plain.hold():
            plain.program.check(x, *start.values())
            return plain.program
        program = checked(self.cell, x, start)
        if not watched and self.scans < SCANS and (plain is not None or kind not in self.plain):
            self.scans += 1
            self.plain[kind] = plain_reads(self.cell, program)
        return program


class Final(dict):
    """A state by name, that is not taken for torch.nn.LSTM's pair of tensors: h, c = final would be two names."""

    def __iter__(self):
        names = list(self.keys())
        raise ValueError(
            f"fuse returns the state by name; got its names {', '.join(names)} where tensors were meant? "
            f"Write {', '.join(names)}{',' if len(names) == 1 else ''} = final.values(), or final[{names[0]!r}]"
        )


@cache
def tell_once(sentence):
    print(sentence, file=sys.stderr)
