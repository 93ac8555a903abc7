"""Hold any gate of any cell at a value, and see what its states become."""

import numpy as np
import torch

from course_lib import plots
from course_lib.cells import GRUCell
from course_lib.training import drawn_from
from course_lib.unroll import unroll
from course_lib.widgets.live import Live, own


def clamped(cell, x, clamps):
    """(free, clamped): what cell does over x (batch, time, input) as it is, and with clamps {gate: value in [0, 1]}.

    Each is {state or gate: array (batch, time, hidden)}. ValueErrors as in `unroll`.
    """
    with torch.no_grad():
        runs = [unroll(cell, x, override=rules) for rules in ({}, clamps)]
    return [{name: trace[name].numpy() for name in trace.steps} for trace in runs]


class ClampAnyGate(Live):
    """Hold any gate of any cell at a value, over x (batch, time, input), and see what its states become.

    ValueError for an x that cell cannot run over, and for a cell that has no JavaScript.
    """

    title, script = "Hold a gate", own(__file__)

    def __init__(self, cell, x):
        self.cell, self.x = cell, x
        clamped(cell, x, {})

    @classmethod
    def example(cls, Cell=GRUCell):
        with drawn_from(0):
            return cls(Cell(2, 3), torch.randn(2, 8, 2))

    def cells(self):
        return {"cell": self.cell}

    def data(self):
        ranges = {gate: self.cell.ranges.get(gate, (0, 1)) for gate in self.cell.gates}
        return {"x": self.x.double().tolist(), "ranges": ranges}

    def static(self):
        """(figure, text): the memory of one unit with each gate held at 0, at one half and at 1."""
        figure, axes = plots.canvas(
            3, rows=max(1, len(self.cell.gates)), width=9, height=1 + 1.7 * len(self.cell.gates)
        )
        memory, told = self.cell.state[-1], []
        for row, gate in zip(np.atleast_2d(axes), self.cell.gates):
            for ax, value in zip(row, (0.0, 0.5, 1.0)):
                _, held = clamped(self.cell, self.x, {gate: value})
                plots.line(ax, range(self.x.shape[1]), held[memory][0, :, 0], of=memory)
                plots.label(ax, "step", memory, title=f"{gate} at {value:g}", legend=False)
                ax.sharey(axes.flat[0])
                told.append(f"{ax.get_title()}: {held[memory][0, -1, 0]:.2f}")
        ends = "; ".join(told) or "it has no gate to hold"
        return figure, f"{memory} of unit 0 of {type(self.cell).__name__} with one gate held; at the last step {ends}."
