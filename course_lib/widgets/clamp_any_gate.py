"""Hold any gate of any cell at a value, and see what its states become."""

import numpy as np
import torch

from course_lib import plots
from course_lib.cells import GRUCell
from course_lib.training import drawn_from
from course_lib.unroll import unroll
from course_lib.widgets.live import Live, own

HELD = {0.0: "narrow", 0.5: "middle", 1.0: "wide"}  # a value at which a gate is held: how it is drawn


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
        """(figure, text): the memory of the unit that moves most, as it is and with each gate held at 0, a half, 1."""
        memory, (free, _) = self.cell.state[-1], clamped(self.cell, self.x, {})
        unit, told, gates = int(free[memory][0].std(axis=0).argmax()), [], self.cell.gates or ("no gate",)
        columns = len(gates) if len(gates) < 4 else 2
        rows = -(-len(gates) // columns)
        figure, axes = plots.canvas(columns, rows=rows, width=9, height=1 + 1.9 * rows)
        for ax, gate in zip(np.atleast_1d(axes).flat, gates):
            runs = {"as it is": ("baseline", free)}
            if gate in self.cell.gates:
                runs |= {f"at {v:g}": (of, clamped(self.cell, self.x, {gate: v})[1]) for v, of in HELD.items()}
            for name, (of, trace) in runs.items():
                plots.line(ax, range(self.x.shape[1]), trace[memory][0, :, unit], of=of, name=name)
            plots.label(ax, "step", memory, title=f"{gate} held", legend=gate == gates[0])
            low, high = ax.get_ylim()
            if high - low < 0.01:  # what a shut gate lets through is not to look like a rise
                ax.set_ylim(low - 0.5, high + 0.5)
            told.append(
                f"{gate} " + ", ".join(f"{name} {run[memory][0, -1, unit]:.2f}" for name, (_, run) in runs.items())
            )
        for ax in np.atleast_1d(axes).flat[len(gates) :]:
            ax.remove()
        return figure, (f"{memory} of unit {unit} of {type(self.cell).__name__}, the one that moves most, with "
                        f"one gate held; at the last step: {'; '.join(told)}.")  # fmt: skip
