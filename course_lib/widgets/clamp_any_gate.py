"""Hold any gate of any cell at a value, and see what its states become."""

import ipywidgets as widgets
import numpy as np
import torch

from course_lib import plots
from course_lib.cells import GRUCell
from course_lib.training import drawn_from
from course_lib.unroll import unroll
from course_lib.widgets.panel import BESIDE, Panel


def clamped(cell, x, clamps):
    """(free, clamped): what cell does over x (batch, time, input) as it is, and with clamps {gate: value in [0, 1]}.

    Each is {state or gate: array (batch, time, hidden)}. ValueErrors as in `unroll`.
    """
    with torch.no_grad():
        runs = [unroll(cell, x, override=rules) for rules in ({}, clamps)]
    return [{name: trace[name].numpy() for name in trace.steps} for trace in runs]


class ClampAnyGate(Panel):
    """Hold any gate of any cell at a value, over x (batch, time, input), and see what its states become.

    There is one switch and one slider for each name in cell.gates, and a slider for the unit and for the sequence where
    there is more than one. ValueError for an x that cell cannot run over.
    """

    def __init__(self, cell, x):
        self.cell, self.x = cell, x
        clamped(cell, x, {})
        self.switches = {gate: widgets.Checkbox(description=f"clamp {gate}", indent=False) for gate in cell.gates}
        self.sliders = {
            gate: widgets.FloatSlider(value=most, min=least, max=most, step=0.05, description=gate)
            for gate, (least, most) in ((gate, cell.ranges.get(gate, (0, 1))) for gate in cell.gates)
        }
        self.unit = widgets.IntSlider(min=0, max=cell.hidden_size - 1, description="unit")
        self.sequence = widgets.IntSlider(min=0, max=len(x) - 1, description="sequence")
        pairs = [control for gate in cell.gates for control in (self.switches[gate], self.sliders[gate])]
        super().__init__(*pairs, *(slider for slider in (self.unit, self.sequence) if slider.max))

    @classmethod
    def example(cls, Cell=GRUCell):
        with drawn_from(0):
            return cls(Cell(2, 3), torch.randn(2, 8, 2))

    def picture(self):
        clamps = {gate: self.sliders[gate].value for gate in self.cell.gates if self.switches[gate].value}
        return self.draw(clamps)

    def draw(self, clamps):
        unit, sequence, memory = self.unit.value, self.sequence.value, self.cell.state[-1]
        free, held = clamped(self.cell, self.x, clamps)
        figure, (top, bottom) = plots.canvas(rows=2, width=7.5, height=4.2)
        plots.bars(top, {gate: held[gate][sequence, :, unit] for gate in self.cell.gates})
        plots.label(top, "", "gates of the unit")
        steps = range(self.x.shape[1])
        for state in self.cell.state:
            plots.line(bottom, steps, held[state][sequence, :, unit], of=state)
        plots.line(bottom, steps, free[memory][sequence, :, unit], of="baseline", name=f"{memory} without clamps")
        plots.label(bottom, "step", f"unit {unit}")
        bottom.yaxis.set_label_coords(*BESIDE)
        now, before = held[memory][sequence, -1, unit], free[memory][sequence, -1, unit]
        done = ", ".join(f"{gate} held at {value:g}" for gate, value in clamps.items()) or "No gate is held"
        return figure, f"{done}: {memory} of unit {unit} ends at {now:.2f}; without clamps at {before:.2f}."

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
