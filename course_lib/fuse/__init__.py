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

from course_lib import doors
from course_lib.cells import Cell, check_cell
from course_lib.fuse.compile import available
from course_lib.fuse.program import Program
from course_lib.fuse.run import run_program
from course_lib.fuse.trace import Unfused
from course_lib.unroll import State, check_input, check_start, unroll


def fuse(cell: Cell) -> "Fused":
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

    def __init__(self, cell: Cell) -> None:
        self.cell = check_cell("fuse", cell)

    @property
    def why_not(self):
        """None, or a sentence: why this cell runs through `unroll`."""
        try:
            self.program(self.cell.start(1), next(self.cell.parameters()).dtype)
        except Unfused as reason:
            return f"{type(self.cell).__name__} runs step by step: {reason}"
        return None

    def __call__(
        self, x: torch.Tensor, *, start: State | None = None, every: bool = False
    ) -> tuple[torch.Tensor, State]:
        check_input(self.cell, x)
        doors.flag("fuse", "every", every)
        start = self.cell.start(len(x)) if start is None else check_start(self.cell, x, start)
        try:
            program = self.program(start, x.dtype)
            program.check(x, *start.values())
        except Unfused:
            trace = unroll(self.cell, x, start=start)
            return (trace["h"] if every else trace.steps["h"][-1]), trace.final
        return run_program(program, x, start, every)

    def program(self, start, dtype):
        """The Program of the cell's step; raises Unfused."""
        if not available():
            tell_once("llvmlite is not installed: cells run step by step, slowly. Run `pip install llvmlite`.")
            raise Unfused("llvmlite is not installed")
        return Program(self.cell, start, dtype)


@cache
def tell_once(sentence):
    print(sentence, file=sys.stderr)
