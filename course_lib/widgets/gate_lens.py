"""Look into a trained network: its gates and states, and what interfering with a gate costs."""

import ipywidgets as widgets
import numpy as np
import torch

from course_lib import doors, plots
from course_lib.cells import LSTMCell
from course_lib.gradients import check
from course_lib.tasks import TemporalOrder
from course_lib.training import build, check_task
from course_lib.unroll import shuffled, unroll
from course_lib.widgets.common import WIDE
from course_lib.widgets.panel import BESIDE, Panel

READABLE = 100  # symbols along one axis
MAPPED = 20  # symbols that the map of the input has a row for; more are written along the axes alone


def look_inside(network, task, batch, *, gate=None, value=None):
    """(trace, score) of a network on batch, {state or gate: array (batch, time, hidden)} and task's own score.

    gate    a gate to interfere with, or None
    value   a number in [0, 1] to clamp it to, or None to deal each sequence the gate values of another (`shuffled`)
    """
    check("look_inside", network, task, batch)
    if gate is None and value is not None:
        doors.refuse("look_inside", "a gate to set to a value", gate)
    if gate is not None:
        doors.choice("look_inside", "gate", gate, network.cell.gates)
    override = None if gate is None else {gate: shuffled(0) if value is None else value}
    with torch.no_grad():
        trace = unroll(network.cell, batch.x, override=override)
        score = float(task.score(network.read(trace["h"], at=batch.at), batch))
    return {name: trace[name].numpy() for name in trace.steps}, score


class GateLens(Panel):
    """Look into a trained network: its gates and states over time, unit by unit, and what clamping a gate costs.

    network     a training.Network; task: what it was trained on, or another with the same input and output
    symbols     one text per input, where x is one of several symbols (one-hot): shown along the time axis
    sequences   how many sequences the score is taken over; seed: which ones

    ValueError for a network whose cell cannot run over the task.
    """

    def __init__(self, network, task, *, symbols=None, sequences=100, seed=1):
        check_task("GateLens", task)
        self.network, self.task = network, task
        self.symbols = None if symbols is None else doors.texts("GateLens", "symbols", symbols, least=task.input_size)
        generator = torch.Generator().manual_seed(doors.seed("GateLens", seed))
        self.batch = task.batch(doors.whole("GateLens", "sequences", sequences, least=2), generator=generator)
        self.free = look_inside(network, task, self.batch)
        cell = network.cell
        self.seen = {None: self.free}
        self.shown = widgets.Dropdown(options=[*cell.gates, *cell.state], value=cell.state[-1], description="map of")
        self.unit = widgets.IntSlider(min=0, max=cell.hidden_size - 1, description="unit")
        self.sequence = widgets.IntSlider(min=0, max=min(sequences, 20) - 1, description="sequence")
        self.gate = widgets.Dropdown(options=["none", *cell.gates], description="interfere with", style=WIDE)
        self.how = widgets.Dropdown(options=["clamp", "shuffle"], description="how")
        self.value = widgets.FloatSlider(value=1, min=0, max=1, step=0.05, description="clamp to")
        super().__init__(self.shown, self.unit, self.sequence, self.gate, self.value, self.how)

    @classmethod
    def example(cls):
        task = TemporalOrder(lag=20)
        return cls(build(LSTMCell, task, hidden_size=4), task, symbols="abcdXYEB", sequences=30)

    def picture(self):
        gate = None if self.gate.value == "none" else self.gate.value
        value = self.value.value if self.how.value == "clamp" else None
        self.value.disabled = gate is None or value is None
        trace, score = self.run(gate, value)
        text = f"Right, of {len(self.batch.x)} sequences: {self.free[1]:.2f}."
        if gate:
            text += f" With the {gate} gate {'shuffled' if value is None else f'at {value:g}'}: {score:.2f}."
        shown = f"Map: {self.shown.value}; curves: unit {self.unit.value}; sequence {self.sequence.value}."
        return self.draw(trace), f"{text} {shown}"

    def run(self, gate, value):
        """(trace, score) under an interference; the last one is kept, so that looking around costs nothing."""
        asked = (gate, value) if gate else None
        if asked not in self.seen:
            self.seen = {
                None: self.free,
                asked: look_inside(self.network, self.task, self.batch, gate=gate, value=value),
            }
        return self.seen[asked]

    def draw(self, trace):
        x, at = self.batch.x[self.sequence.value].numpy(), self.sequence.value
        letters = self.symbols is not None and len(self.symbols) > MAPPED
        figure, (*top, middle, bottom) = plots.canvas(rows=2 if letters else 3, width=9, height=5 if letters else 6)
        for ax in top:
            plots.heat(ax, x.T, colours="Greys", name="x")
            plots.label(ax, "", "input")
            if self.symbols is not None:
                ax.set_yticks(range(len(self.symbols)), self.symbols)
        shown = trace[self.shown.value][at].T
        most = max(1.0, np.percentile(abs(shown), 98))  # a few units may grow far beyond the others
        plots.heat(middle, shown, colours="RdBu", low=-most, high=most, name=self.shown.value)
        middle.axhline(self.unit.value, color="black", linewidth=0.8)
        plots.label(middle, "", "unit")
        for name in (*self.network.cell.gates, *self.network.cell.state):
            plots.line(bottom, range(len(x)), trace[name][at, :, self.unit.value], of=name)
        bottom.set_xlim(-0.5, len(x) - 0.5)
        plots.label(bottom, "step", f"unit {self.unit.value}", legend="above")
        bottom.yaxis.set_label_coords(*BESIDE)
        if self.symbols is not None and len(x) <= READABLE:
            plots.symbols(bottom, [self.symbols[k] for k in x.argmax(axis=1)])
        return figure

    def static(self):
        """(figure, text): what is left of the score when each gate is clamped shut, clamped open, or shuffled."""
        gates = self.network.cell.gates
        figure, ax = plots.canvas()
        plots.level(ax, self.free[1], "as it is")
        told = []
        for k, gate in enumerate(gates):
            scores = [self.run(gate, value)[1] for value in (0.0, 1.0, None)]
            for group, score in enumerate(scores):
                plots.dots(ax, [score], at=4 * group + 0.6 * k, of=gate, name=None if group else gate)
            told.append(f"{gate} " + ", ".join(f"{score:.2f}" for score in scores))
        ax.set(xticks=[0.6, 4.6, 8.6], xticklabels=["clamped to 0", "clamped to 1", "shuffled"], ylim=(-0.05, 1.05))
        plots.label(ax, "", "right", legend="above")
        return figure, f"Right as it is: {self.free[1]:.2f}. With a gate at 0, at 1, shuffled: {'; '.join(told)}."
