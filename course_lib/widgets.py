"""Controls wired to explore, gradients and plots: one line in a cell, and moving a control answers at once.

>>> GateDesk()
GateDesk()

Nothing is computed or drawn here: numbers come from `explore`, pictures from `plots` or, where a moved control must
answer within 50 ms, from the script of the same name in browser/. Each widget has static(): a figure over the range of
its controls, with a text; a saved notebook shows it where there is no kernel.

What the learner did (drawn gates, solved missions, guesses) is kept in answers.json beside the notebook.
"""

import gc
import os
from base64 import b64encode
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import anywidget
import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
import torch
import traitlets as traits

from course_lib import explore, plots
from course_lib.gradients import half_life, time_constant
from course_lib.lesson import store_answer, stored_answers

BROWSER = Path(__file__).with_name("browser")
PRESETS = {  # what all steps of (forget, input, output) are set to
    "all shut": (0.0, 0.0, 0.0), "all open": (1.0, 1.0, 1.0), "hold": (1.0, 0.0, 0.0), "leak 0.9": (0.9, 0.1, 1.0),
}  # fmt: skip
WIDE = {"description_width": "initial"}
READABLE = 100  # symbols along one axis
MAPPED = 20  # symbols that the map of the input has a row for; more are written along the axes alone
# Where a label stands whose axis has numbers of changing length, in widths and heights of the axes.
BESIDE = (-0.07, 0.5)
LAGS = (1, 1e5)  # the range of the half-life dial, in steps


def script(name):
    """The text of a browser script, after that of drawing.js, which all of them use."""
    return "".join((BROWSER / file).read_text(encoding="utf-8") for file in ("drawing.js", f"{name}.js"))


def kept(widget):
    """What the learner last did with a widget, a dict; empty under test, and where nothing usable is kept."""
    found = {} if "COURSE_QUIET" in os.environ else stored_answers().get(type(widget).__name__)
    return found if isinstance(found, dict) else {}


def keep(widget, done):
    """Keep what the learner did with a widget for the next run of its cell."""
    if "COURSE_QUIET" not in os.environ:
        store_answer(type(widget).__name__, done)


def listed(values):
    """An array as a list that JSON can hold: NaN becomes None."""
    return [None if np.isnan(value) else float(value) for value in values]


class StandIn:
    """Shows static() in the widget's place where there is no kernel: on a static page, on a code host, in print."""

    def _repr_mimebundle_(self, **options):
        shown = super()._repr_mimebundle_(**options)
        data, about = shown if isinstance(shown, tuple) else (shown, {})
        figure, text = self.static()
        png = BytesIO()
        figure.savefig(png, format="png")
        plt.close(figure)
        return data | {"image/png": b64encode(png.getvalue()).decode()}, about | {"image/png": {"alt": text}}


# ---- Drawn in the browser ----


class Browser(StandIn, anywidget.AnyWidget):
    """A widget that Python computes and the browser draws.

    view    what there is to see, computed anew by look() whenever one of `moved` changes
    looks   {thing: [colour, marker, line]} from plots.STYLES
    """

    _css = BROWSER / "widgets.css"
    moved = ()
    view = traits.Dict().tag(sync=True)
    looks = traits.Dict(plots.STYLES).tag(sync=True)

    def __init__(self, **settings):
        super().__init__(**settings)
        self.refresh()
        self.observe(self.refresh, names=list(self.moved))

    def refresh(self, change=None):
        self.view = self.look()

    def __repr__(self):
        return f"{type(self).__name__}()"


class GateDesk(Browser):
    """Draw the forget, input and output gate of one LSTM unit, step by step, and see its memory and output.

    mission    a name of explore.MISSIONS; sequence: which of its 8 sequences is shown, from 1
    gates      {gate: [a value in [0, 1] for each step]}

    A mission is solved when c and h reach their targets in all 8 sequences; its score is the number of moves.
    """

    _esm = script("gate_desk")
    moved = ("gates", "sequence")
    mission = traits.Unicode("carry").tag(sync=True)
    sequence = traits.Int(1).tag(sync=True)
    gates = traits.Dict().tag(sync=True)
    choices = traits.List([[mission.name, mission.wanted] for mission in explore.MISSIONS.values()]).tag(sync=True)
    presets = traits.Dict({name: dict(zip(explore.GATES, values)) for name, values in PRESETS.items()}).tag(sync=True)

    def __init__(self):
        done = kept(self)
        self.solved, self.drawn = restored(done.get("solved")), restored(done.get("gates"))
        self.solved = {name: gates for name, gates in self.solved.items() if attempt(name, gates).solved}
        name = done.get("mission") if done.get("mission") in explore.MISSIONS else "carry"
        super().__init__(mission=name, gates=self.drawn.get(name) or shut(name))
        self.observe(self.change_mission, names=["mission"])

    def change_mission(self, change):
        gates = self.drawn.get(self.mission) or shut(self.mission)
        if gates == self.gates:
            self.refresh()
        self.gates = gates

    def look(self):
        mission, made = explore.MISSIONS[self.mission], attempt(self.mission, self.gates)
        self.drawn[self.mission] = self.gates
        best = self.solved.get(self.mission)
        if made.solved and (best is None or made.moves < attempt(self.mission, best).moves):
            self.solved[self.mission] = self.gates
        keep(self, {"mission": self.mission, "gates": self.drawn, "solved": self.solved})
        shown = self.sequence - 1
        return {
            "x": listed(mission.x[shown]), "c": listed(made.c[shown]), "h": listed(made.h[shown]),
            "target": {state: listed(wanted[shown]) for state, wanted in mission.target.items()},
            "marks": mission.marks, "sequences": len(mission.x),
            "text": f"{self.told(mission, made)} Shown: sequence {self.sequence}.",
            "best": {name: attempt(name, gates).moves for name, gates in self.solved.items()},
        }  # fmt: skip

    def told(self, mission, made):
        fewest, _ = explore.fewest_moves(mission)
        right = f"Right in {made.right.sum()} of {len(made.right)} sequences. Moves: {made.moves}; fewest: {fewest}."
        if not made.solved:
            return f"{mission.name}: {right}"
        return f"{mission.name}: solved{', and nobody can do it in less' if made.moves == fewest else ''}. {right}"

    @staticmethod
    def static():
        """(figure, text): every mission, solved with the fewest moves."""
        figure, axes = plots.canvas(len(explore.MISSIONS), rows=2, width=11, height=4.2)
        for (top, bottom), mission in zip(axes.T, explore.MISSIONS.values()):
            moves, gates = explore.fewest_moves(mission)
            made, steps = explore.try_gates(mission, gates), range(mission.x.shape[1])
            plots.label(plots.bars(top, gates), "", "", title=f"{mission.name}: {moves} moves")
            for state in ("c", "h"):
                plots.line(bottom, steps, getattr(made, state)[0], of=state)
            plots.label(bottom, "step", "memory c, output h", legend=mission.name == "count")
        done = "; ".join(f"{name} in {explore.fewest_moves(m)[0]}" for name, m in explore.MISSIONS.items())
        return figure, f"The gates that do each job with the fewest moves, and the memory and output they give: {done}."


def shut(mission):
    """The gates of a mission before anything is drawn."""
    return {gate: [0.0] * explore.MISSIONS[mission].x.shape[1] for gate in explore.GATES}


def attempt(mission, gates):
    return explore.try_gates(explore.MISSIONS[mission], gates)


def restored(drawings):
    """Those of the kept drawings {mission: gates} that can still be used."""
    usable = {}
    for name in explore.MISSIONS:
        try:
            attempt(name, drawings[name])
            usable[name] = drawings[name]
        except (KeyError, TypeError, ValueError, AttributeError):  # not drawn yet, or a damaged file
            continue
    return usable


class GradientMicroscope(Browser):
    """How much of a memory's derivative is left after some steps, and by which path it came.

    cell    a name of explore.LENSES; bias, scale and lag as in explore.gradient_by_lag
    """

    _esm = script("gradient_microscope")
    moved = ("cell", "bias", "scale", "lag")
    cell = traits.Unicode("LSTM").tag(sync=True)
    bias = traits.Float(0.0).tag(sync=True)
    scale = traits.Float(1.0).tag(sync=True)
    lag = traits.Int(30).tag(sync=True)
    choices = traits.List(list(explore.LENSES)).tag(sync=True)

    def look(self):
        found = explore.gradient_by_lag(self.cell, bias=self.bias, scale=self.scale, lag=self.lag)
        memory = explore.LENSES[self.cell].memory
        text = f"{self.cell}, {self.lag} steps back: of a change of the memory, {found['total'][-1]:.1e} is left."
        if memory:
            direct, rest = found["direct"][-1], found["rest"][-1]
            larger = "the direct path" if direct > rest else "the path through h"
            text += f" Direct path {direct:.1e}, path through h {rest:.1e}: {larger} is the larger."
        return {"paths": {path: listed(values) for path, values in found.items()}, "text": text,
                "has_gate": bool(memory and memory[0])}  # fmt: skip

    @staticmethod
    def static():
        """(figure, text): the LSTM at three biases of the forget gate."""
        biases, ends = (0.0, 2.0, 5.0), []
        figure, axes = plots.canvas(len(biases), width=9, height=3)
        for ax, bias in zip(axes, biases):
            found = explore.gradient_by_lag("LSTM", bias=bias)
            for path, values in found.items():
                plots.line(ax, range(1, len(values)), values[1:], of=path)
            ax.set(yscale="log", ylim=(1e-10, 1e2))
            plots.label(ax, "steps back", "size of the derivative", title=f"forget bias + {bias:g}", legend=bias == 0)
            ends.append(f"bias + {bias:g}: direct {found['direct'][-1]:.1e}, through h {found['rest'][-1]:.1e}")
        return (
            figure,
            f"The derivative of an LSTM's memory by the memory up to 40 steps before. At 40: {'; '.join(ends)}.",
        )


class BuildTheLSTM(Browser):
    """Switch on the pieces of the LSTM one at a time: its equations, its flow and what it remembers.

    pieces    names of explore.PIECES
    """

    _esm = script("build_the_lstm")
    moved = ("pieces",)
    pieces = traits.List([]).tag(sync=True)
    choices = traits.List(list(explore.PIECES)).tag(sync=True)

    def look(self):
        found = explore.recall(self.pieces)
        missing = [why for piece, why in explore.PIECES.items() if piece not in self.pieces]
        text = (
            f"{missing[0] if missing else 'The LSTM.'} Recall (R²) of the marked number after 1 step: "
            f"{found.by_lag[0]:.2f}, after 40: {found.by_lag[-1]:.2f}. Mean |h| while it should be silent: "
            f"{found.leak:.2f}. Largest |h|: {found.largest:.1f}."
        )
        return {"equations": explore.equations(self.pieces), "by_lag": listed(found.by_lag), "text": text}

    @staticmethod
    def static():
        """(figure, text): recall by lag, with the pieces added one by one."""
        figure, axes = plots.canvas(3, rows=2, width=9, height=4.6)
        ends = []
        pieces = list(explore.PIECES)
        for count, ax in enumerate(axes.flat):
            found = explore.recall(pieces[:count])
            added = f"+ {pieces[count - 1]}" if count else "no piece"
            plots.line(ax, range(1, 1 + len(found.by_lag)), found.by_lag, of="h")
            ax.set_ylim(-0.05, 1.05)
            plots.label(ax, "lag (steps)", "R² of recall", title=added, legend=False)
            ends.append(f"{added}: {found.by_lag[-1]:.2f}")
        return figure, f"How well h tells a marked number, by lag, as pieces are added. At lag 40: {'; '.join(ends)}."


# ---- Drawn in Python ----


@contextmanager
def swept():
    """Collect no garbage inside, and what is new right after it.

    A figure is garbage in circles. While it is young, a collection takes 5 ms; once it counts as old, one that goes
    through all of PyTorch's objects as well takes 200 ms, in the middle of a moved slider.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
        gc.collect(0)


class Panel(StandIn, widgets.VBox):
    """Controls, a picture, and a line of text that says what it shows. picture() returns (figure, text)."""

    def __init__(self, *controls):
        self.image, self.text = widgets.Image(format="png"), widgets.HTML()
        self.controls, self.places = controls, []
        row = widgets.HBox(controls, layout={"flex_flow": "row wrap"})
        super().__init__([row, self.image, self.text])
        for control in controls:
            control.observe(self.refresh, names=["value"])
        self.refresh()

    def refresh(self, change=None):
        with swept():
            self.redraw()

    def redraw(self):
        figure, text = self.picture()
        if self.places:  # the first layout stays: finding one takes longer than drawing, and nothing jumps about
            figure.set_layout_engine("none")
            for ax, place in zip(figure.axes, self.places):
                ax.set_position(place)
        png = BytesIO()
        figure.canvas.print_png(png)  # savefig would draw twice
        plt.close(figure)
        self.places = [ax.get_position() for ax in figure.axes]
        self.image.value = png.getvalue()
        self.text.value = f'<p role="status" aria-live="polite">{text}</p>'

    def __repr__(self):
        return f"{type(self).__name__}()"


class HalfLifeDial(StandIn, widgets.VBox):
    """A constant forget gate, its half-life, and the longest lag at which a stored value stands out from noise.

    The learner guesses a half-life first; then bias and half-life turn together.
    """

    asked = 0.99

    def __init__(self):
        question = f"A forget gate stays at {self.asked:g}. After how many steps is half of the memory gone?"
        self.guess = widgets.BoundedIntText(
            value=10, min=1, max=100_000, description="My guess (steps)", style=WIDE, layout={"width": "14em"}
        )
        self.button, self.feedback = widgets.Button(description="Answer"), widgets.HTML()
        self.dial = Dial()
        super().__init__([widgets.HTML(question), widgets.HBox([self.guess, self.button]), self.feedback])
        self.button.on_click(self.answer)
        known = kept(self).get("guess")
        if isinstance(known, int):
            self.guess.value = known
            self.answer()

    def answer(self, button=None):
        right = float(half_life(self.asked))
        near = "Close." if abs(np.log(self.guess.value / right)) < np.log(1.25) else "Not so."
        self.feedback.value = f"<b>{near}</b> ln 2 / |ln {self.asked:g}| = {right:.0f} steps. Now turn the dial."
        self.children = [*self.children[:3], self.dial]
        keep(self, {"guess": self.guess.value})

    @staticmethod
    def static():
        """(figure, text): what is left of a stored value at three gate values."""
        gates = (0.9, 0.99, 0.999)
        figure, axes = plots.canvas(len(gates), width=9, height=2.8)
        for ax, gate in zip(axes, gates):
            draw_fading(ax, gate, 0.05, title=f"f = {gate:g}", legend=False)
        ends = "; ".join(
            f"f = {gate:g}: {half_life(gate):.0f} steps, {explore.longest_lag(gate, 0.05):.0f}" for gate in gates
        )
        return (
            figure,
            f"What is left of a stored 1, by lag. Half-life, and longest lag that stands out from noise: {ends}.",
        )

    def __repr__(self):
        return "HalfLifeDial()"


class Dial(Panel):
    """The bias of the forget gate and the half-life that follows from it; turning one turns the other."""

    def __init__(self):
        wide = {"style": WIDE, "layout": {"width": "30em"}}
        self.bias = widgets.FloatSlider(
            value=2, min=-2, max=12, step=0.05, description="forget bias b, f = σ(b)", **wide
        )
        self.half = widgets.FloatLogSlider(value=5, min=-0.5, max=5, step=0.01, description="half-life (steps)", **wide)
        self.noise = widgets.FloatLogSlider(value=0.05, min=-3, max=0, step=0.05, description="noise per step", **wide)
        self.gate = explore.gate_of_bias(self.bias.value)
        self.half.value = self.stops()[self.half]
        super().__init__(self.bias, self.half, self.noise)

    def stops(self):
        """Where both sliders stand for this gate: at a stop, because the browser rounds to stops and reports that."""
        bias = np.clip(explore.bias_of_gate(self.gate), self.bias.min, self.bias.max)
        power = np.clip(np.log10(half_life(self.gate)), self.half.min, self.half.max)
        step = self.half.step
        return {self.bias: round(bias / self.bias.step) * self.bias.step, self.half: 10 ** (round(power / step) * step)}

    def refresh(self, change=None):
        turned = change and change["owner"]
        if turned in (self.bias, self.half):
            if np.isclose(turned.value, self.stops()[turned], rtol=1e-3, atol=1e-3):
                return  # it was turned along with the other
            half = turned is self.half
            self.gate = explore.gate_of_half_life(turned.value) if half else explore.gate_of_bias(turned.value)
            other = self.bias if half else self.half
            other.value = self.stops()[other]
        super().refresh()

    def picture(self):
        figure, ax = plots.canvas()
        draw_fading(ax, self.gate, self.noise.value)
        longest = explore.longest_lag(self.gate, self.noise.value)
        return figure, (
            f"f = {self.gate:.4f}: half is gone after {half_life(self.gate):.1f} steps; time constant 1 / (1 - f) = "
            f"{time_constant(self.gate):.1f} steps. Against noise of {self.noise.value:.3f} per step a stored 1 stands "
            f"out for {longest:.1f} steps."
        )


def draw_fading(ax, gate, noise, *, title=None, legend="above"):
    """What is left of a stored 1 under a constant gate, beside twice the noise, by lag."""
    lags = np.geomspace(*LAGS, 200)
    left, spread = explore.fading(gate, noise, lags)
    plots.line(ax, lags, left, of="c", name="what is left of a stored 1")
    plots.line(ax, lags, 2 * spread, of="baseline", name="2 standard deviations of the noise")
    half, longest = float(half_life(gate)), explore.longest_lag(gate, noise)
    plots.point(ax, half, 0.5, f"half-life {half:.3g}", of="forget", side="left")
    plots.point(ax, longest, float(explore.fading(gate, noise, longest)[0]), f"longest lag {longest:.3g}", of="target")
    ax.set(xscale="log", ylim=(-0.02, 1.15), xlim=LAGS)
    ax.minorticks_off()
    return plots.label(ax, "lag (steps, log)", "value", title=title, legend=legend)


class TimeWarp(Panel):
    """Stretch and squeeze a sequence: a unit with a constant gate beside one whose gate sees how fast time goes.

    Both were trained on the same uneven sequences. The trace to follow is the same curve in the sequence's own time,
    however it is stretched (Tallec & Ollivier 2018).
    """

    looks = {"constant gate": "leaky", "gate that sees x": "JANET"}

    def __init__(self):
        self.stretch = widgets.FloatLogSlider(
            value=1, base=2, min=-2, max=2, step=0.25, description="stretch", style=WIDE
        )
        self.uneven = widgets.FloatSlider(value=0, min=0, max=1, step=0.1, description="unevenness", style=WIDE)
        self.sequence = widgets.IntSlider(value=1, min=1, max=9, description="sequence")
        super().__init__(self.stretch, self.uneven, self.sequence)

    def picture(self):
        figure, axes = plots.canvas(rows=2, width=7.5, height=4.2)
        errors = draw_warp(axes, self.stretch.value, self.uneven.value, seed=100 + self.sequence.value)
        told = ", ".join(f"{name} {error:.2f}" for name, error in errors.items())
        return figure, f"{axes[0].lines[0].get_xdata()[-1] + 1} steps. Typical error (root mean square): {told}."

    @classmethod
    def static(cls):
        """(figure, text): three stretches, even and uneven."""
        figure, axes = plots.canvas(3, rows=2, width=10, height=4.4)
        told = []
        for row, uneven in zip(axes, (0.0, 1.0)):
            for ax, stretch in zip(row, (0.5, 1.0, 4.0)):
                errors = draw_warp([ax], stretch, uneven, seed=101)
                ax.set_title(f"stretch {stretch:g}, {'uneven' if uneven else 'even'}")
                told.append(f"{ax.get_title()}: " + " and ".join(f"{error:.2f}" for error in errors.values()))
        return (
            figure,
            f"A trace followed with a constant gate and with a gate that sees x; their errors: {'; '.join(told)}.",
        )


def draw_warp(axes, stretch, uneven, *, seed):
    """The level, the trace to follow and both units on the first of axes, their gates on the second if there is one."""
    level, target, units = explore.follow(stretch, uneven, seed=seed)
    steps = range(len(target))
    plots.line(axes[0], steps, target, of="target", name="trace to follow")
    plots.line(axes[0], steps, level, of="baseline", name="level shown")
    for name, unit in units.items():
        plots.line(axes[0], steps, unit.h, of=TimeWarp.looks[name], name=name)
        for ax in axes[1:]:
            plots.line(ax, steps, unit.gate, of=TimeWarp.looks[name], name=name)
            ax.set_ylim(0, 1.05)
            plots.label(ax, "step", "gate (1 keeps)", legend=False)
    plots.label(axes[0], "step" if len(axes) == 1 else "", "h", legend="above" if len(axes) > 1 else False)
    return {name: unit.error for name, unit in units.items()}


class GateLens(Panel):
    """Look into a trained network: its gates and states over time, unit by unit, and what clamping a gate costs.

    network     a training.Network; task: what it was trained on, or anything with the same batch and score
    symbols     one text per input, where x is one of several symbols (one-hot): shown along the time axis
    sequences   how many sequences the score is taken over; seed: which ones

    ValueError for a network whose cell cannot run over the task.
    """

    def __init__(self, network, task, *, symbols=None, sequences=100, seed=1):
        self.network, self.task, self.symbols = network, task, symbols
        self.batch = task.batch(sequences, generator=torch.Generator().manual_seed(seed))
        cell = network.cell
        self.free = explore.look_inside(network, task, self.batch)
        self.seen = {None: self.free}
        self.shown = widgets.Dropdown(options=[*cell.gates, *cell.state], value=cell.state[-1], description="map of")
        self.unit = widgets.IntSlider(min=0, max=cell.hidden_size - 1, description="unit")
        self.sequence = widgets.IntSlider(min=0, max=min(sequences, 20) - 1, description="sequence")
        self.gate = widgets.Dropdown(options=["none", *cell.gates], description="interfere with", style=WIDE)
        self.how = widgets.Dropdown(options=["clamp", "shuffle"], description="how")
        self.value = widgets.FloatSlider(value=1, min=0, max=1, step=0.05, description="clamp to")
        super().__init__(self.shown, self.unit, self.sequence, self.gate, self.value, self.how)

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
                asked: explore.look_inside(self.network, self.task, self.batch, gate=gate, value=value),
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


class ClampAnyGate(Panel):
    """Hold any gate of any cell at a value, over x (batch, time, input), and see what its states become.

    There is one switch and one slider for each name in cell.gates, and a slider for the unit and for the sequence where
    there is more than one. ValueError for an x that cell cannot run over.
    """

    def __init__(self, cell, x):
        self.cell, self.x = cell, x
        explore.clamped(cell, x, {})
        self.switches = {gate: widgets.Checkbox(description=f"clamp {gate}", indent=False) for gate in cell.gates}
        self.sliders = {
            gate: widgets.FloatSlider(value=1, min=0, max=1, step=0.05, description=gate) for gate in cell.gates
        }
        self.unit = widgets.IntSlider(min=0, max=cell.hidden_size - 1, description="unit")
        self.sequence = widgets.IntSlider(min=0, max=len(x) - 1, description="sequence")
        pairs = [control for gate in cell.gates for control in (self.switches[gate], self.sliders[gate])]
        super().__init__(*pairs, *(slider for slider in (self.unit, self.sequence) if slider.max))

    def picture(self):
        clamps = {gate: self.sliders[gate].value for gate in self.cell.gates if self.switches[gate].value}
        return self.draw(clamps)

    def draw(self, clamps):
        unit, sequence, memory = self.unit.value, self.sequence.value, self.cell.state[-1]
        free, held = explore.clamped(self.cell, self.x, clamps)
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
                _, held = explore.clamped(self.cell, self.x, {gate: value})
                plots.line(ax, range(self.x.shape[1]), held[memory][0, :, 0], of=memory)
                plots.label(ax, "step", memory, title=f"{gate} at {value:g}", legend=False)
                ax.sharey(axes.flat[0])
                told.append(f"{ax.get_title()}: {held[memory][0, -1, 0]:.2f}")
        ends = "; ".join(told) or "it has no gate to hold"
        return figure, f"{memory} of unit 0 of {type(self.cell).__name__} with one gate held; at the last step {ends}."
