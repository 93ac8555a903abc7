"""Turn a constant forget gate, and see how long a memory lasts and stands out from noise."""

import ipywidgets as widgets
import numpy as np

from course_lib import doors, plots
from course_lib.gradients import half_life, time_constant
from course_lib.widgets.common import WIDE, StandIn, keep, kept
from course_lib.widgets.panel import Panel

LAGS = (1, 1e5)  # the range of the half-life dial, in steps


def longest_lag(gate, noise, *, clear=2.0):
    """The largest lag at which a stored 1 stands out from noise, in steps (not rounded).

    c' = gate c + e, with e of standard deviation noise at every step. After L steps the stored 1 is gate^L, and the
    noise has the standard deviation noise sqrt((1 - gate^2L) / (1 - gate²)), or noise sqrt(L) for gate = 1. It stands
    out while it is at least clear standard deviations. gate in [0, 1], noise and clear above 0; ValueError otherwise.
    """
    gate = doors.number("longest_lag", "gate", gate, least=0, most=1)
    noise, clear = (
        doors.number("longest_lag", "noise", noise, above=0),
        doors.number("longest_lag", "clear", clear, above=0),
    )
    if gate == 1:
        return 1 / (clear * noise) ** 2
    if gate == 0:
        return 0.0
    ratio = (clear * noise) ** 2 / (1 - gate**2)
    return float(np.log(ratio / (1 + ratio)) / (2 * np.log(gate)))


def fading(gate, noise, lags):
    """(kept, spread): what is left of a stored 1 after lags (array of steps), and the noise's standard deviation.

    ValueError for a gate outside [0, 1], a noise below 0, and lags below 0.
    """
    lags = doors.array("fading", "lags", lags, least=0)
    gate, noise = doors.number("fading", "gate", gate, least=0, most=1), doors.number("fading", "noise", noise, least=0)
    return gate**lags, noise * np.sqrt(lags if gate == 1 else (1 - gate ** (2 * lags)) / (1 - gate**2))


def gate_of_half_life(steps):
    """The constant gate value that halves a memory in so many steps, 2^(-1/steps); steps > 0."""
    return float(0.5 ** (1 / doors.number("gate_of_half_life", "steps", steps, above=0)))


def gate_of_bias(bias):
    """The gate value σ(bias): what a gate is when its input and state weights add nothing; bias: a finite number."""
    return float(1 / (1 + np.exp(-doors.number("gate_of_bias", "bias", bias, least=-700))))  # e^709 is the largest


def bias_of_gate(gate):
    """The bias whose sigmoid is gate, above 0 and below 1: log(gate / (1 - gate))."""
    if doors.number("bias_of_gate", "gate", gate, above=0, most=1) == 1:
        doors.refuse("bias_of_gate", "gate as a number below 1, as no bias opens a gate entirely", gate)
    return float(np.log(gate) - np.log1p(-gate))


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
        ends = "; ".join(f"f = {gate:g}: {half_life(gate):.0f} steps, {longest_lag(gate, 0.05):.0f}" for gate in gates)
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
        self.gate = gate_of_bias(self.bias.value)
        self.half.value = self.stops()[self.half]
        super().__init__(self.bias, self.half, self.noise)

    def stops(self):
        """Where both sliders stand for this gate: at a stop, because the browser rounds to stops and reports that."""
        bias = np.clip(bias_of_gate(self.gate), self.bias.min, self.bias.max)
        power = np.clip(np.log10(half_life(self.gate)), self.half.min, self.half.max)
        step = self.half.step
        return {self.bias: round(bias / self.bias.step) * self.bias.step, self.half: 10 ** (round(power / step) * step)}

    def refresh(self, change=None):
        turned = change and change["owner"]
        if turned in (self.bias, self.half):
            if np.isclose(turned.value, self.stops()[turned], rtol=1e-3, atol=1e-3):
                return  # it was turned along with the other
            half = turned is self.half
            self.gate = gate_of_half_life(turned.value) if half else gate_of_bias(turned.value)
            other = self.bias if half else self.half
            other.value = self.stops()[other]
        super().refresh()

    def picture(self):
        figure, ax = plots.canvas()
        draw_fading(ax, self.gate, self.noise.value)
        longest = longest_lag(self.gate, self.noise.value)
        return figure, (
            f"f = {self.gate:.4f}: half is gone after {half_life(self.gate):.1f} steps; time constant 1 / (1 - f) = "
            f"{time_constant(self.gate):.1f} steps. Against noise of {self.noise.value:.3f} per step a stored 1 stands "
            f"out for {longest:.1f} steps."
        )


def draw_fading(ax, gate, noise, *, title=None, legend="above"):
    """What is left of a stored 1 under a constant gate, beside twice the noise, by lag."""
    lags = np.geomspace(*LAGS, 200)
    left, spread = fading(gate, noise, lags)
    plots.line(ax, lags, left, of="c", name="what is left of a stored 1")
    plots.line(ax, lags, 2 * spread, of="baseline", name="2 standard deviations of the noise")
    half, longest = float(half_life(gate)), longest_lag(gate, noise)
    plots.point(ax, half, 0.5, f"half-life {half:.3g}", of="forget", side="left")
    plots.point(ax, longest, float(fading(gate, noise, longest)[0]), f"longest lag {longest:.3g}", of="target")
    ax.set(xscale="log", ylim=(-0.02, 1.15), xlim=LAGS)
    ax.minorticks_off()
    return plots.label(ax, "lag (steps, log)", "value", title=title, legend=legend)
